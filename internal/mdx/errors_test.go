package mdx_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestAChangeThatMayHaveBeenCarriedOutIsKnownWhereverItsErrorIs(t *testing.T) {
	t.Parallel()
	lost := &mdx.Error{Op: "create", Ambiguous: true}
	denied := &mdx.Error{Op: "list", Status: http.StatusUnauthorized}
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"alone":                    {lost, true},
		"within another":           {fmt.Errorf("web: %w", lost), true},
		"behind another":           {errors.Join(denied, fmt.Errorf("web: %w", lost)), true},
		"below the portal's error": {&mdx.Error{Op: "look", Err: lost}, true},
		"another one":              {errors.Join(denied, errors.New("no")), false},
		"none":                     {nil, false},
	} {
		if got := mdx.IsAmbiguous(test.err); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
