package portal

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// IsRefused tells whether the portal said no to what was asked, as opposed to not having finished it, or not having been
// heard. A VM whose making was refused is none to wait for.
func IsRefused(err error) bool {
	if _, failed := errors.AsType[*mdx.TaskError](err); failed {
		return true
	}
	portal, answered := errors.AsType[*mdx.Error](err)
	if !answered {
		return false
	}
	switch portal.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// HideNotFound hides from an error that it may look like the absence of the VM that is spoken of.
func HideNotFound(err error) error {
	if mdx.IsNotFound(err) {
		return fmt.Errorf("the VM is there, but: %v; the portal seems overloaded", err) //nolint:errorlint // to be hidden
	}
	return err
}

// Errors of VMs that cannot be brought where they are wanted.
var (
	errKeepsStopping = errors.New("the platform stopped the VM again and again while it was being started; a spot VM runs only while " +
		"there is room, so try later, or use service_level = \"guarantee\"")
	errNotBegun = errors.New("the portal has not begun it")
	errUndone   = errors.New("the portal carried it out, and the VM is not in that state: somebody or the platform undid it at once")
)

// brokenError is a VM that neither starts nor stops.
type brokenError struct{ status mdx.VMStatus }

// Error tells the way out.
func (e *brokenError) Error() string {
	return fmt.Sprintf("the portal says that the VM is %s, in which it can be neither started nor stopped: repair it on the "+
		"portal, or replace it with terraform apply -replace", e.status)
}
