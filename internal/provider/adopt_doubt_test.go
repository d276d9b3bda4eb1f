package provider

import (
	"errors"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestWhatARunBesideIsAskingForIsNotForgotten(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	next, _ := r.run()
	beside, _ := r.run()
	o := r.ordered(beside, "web")
	r.note(beside, o)
	if _, err := next.takeUp(t.Context(), o); !errors.Is(err, errNotLeft) {
		t.Fatal(err)
	}
	if n := r.journaled(next, "web"); n != 1 {
		t.Errorf("%d entries, want that of the run beside", n)
	}
}
