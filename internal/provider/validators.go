package provider

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// stringCheck is a validator that is a sentence and a function: the error it returns is shown beside the attribute.
type stringCheck struct {
	want  string
	check func(value string) error
}

// checkString is a validator that wants what a sentence says, and a function checks.
func checkString(want string, check func(value string) error) validator.String {
	return stringCheck{want: want, check: check}
}

func (v stringCheck) Description(context.Context) string         { return v.want }
func (v stringCheck) MarkdownDescription(context.Context) string { return v.want }

func (v stringCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), err.Error())
	}
}

func isEndpoint() validator.String {
	return checkString("an https URL, or http on loopback", mdx.CheckEndpoint)
}

func isDuration() validator.String {
	return checkString("a duration such as 90s or 2m", func(text string) error {
		_, err := parseDuration(text)
		return err
	})

}

// isVMName refuses what the portal would take for something else: it expands a range in brackets into several VMs,
// and a slash separates project and VM in an import id.
func isVMName() validator.String {
	return checkString("a name without blanks, brackets and slashes", checkVMName)
}

func checkVMName(name string) error {
	switch {
	case name == "":
		return errors.New("a VM's name must not be empty")
	case strings.ContainsAny(name, "[]"):
		return fmt.Errorf("%q holds a bracket, which the portal expands into several VMs; use mdx_vm_group, count or for_each for many VMs", name)
	case strings.ContainsAny(name, "/\\ \t\r\n"):
		return fmt.Errorf("%q holds a blank or a slash; a VM's name is its host name too, so use letters, digits and hyphens", name)
	}
	return nil
}

// isPublicKey accepts one line of an authorized_keys file, and tells a private key without repeating it.
func isPublicKey() validator.String {
	return checkString("one OpenSSH public key", func(text string) error {
		if strings.Contains(text, "PRIVATE KEY") {
			return errors.New("this is a private key; give the public one, the file that ends in .pub")
		}
		_, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(text))
		switch {
		case err != nil:
			return errors.New("not an OpenSSH public key such as \"ssh-ed25519 AAAA... you@host\": give the text of the .pub file, not its path")
		case strings.TrimSpace(string(rest)) != "":
			return errors.New("more than one public key; a VM is deployed with one, further ones go to mdx_container_host.authorized_keys")
		}
		return nil
	})

}

func isNameServer() validator.String {
	return checkString("the address of a name server", func(text string) error {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" || addr.IsUnspecified() {
			return fmt.Errorf("%q is not the address of a name server, such as 10.0.0.53: a name can't be looked up before there is one", text)
		}
		return nil
	})

}

func isTimeServer() validator.String {
	return checkString("an address or a name of a time server", containerhost.CheckNTPServer)
}
