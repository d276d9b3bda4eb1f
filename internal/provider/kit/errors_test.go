package kit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestTheEndOfAWaitIsToldInPlainWords(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cause error
		want  string
	}{
		"Ctrl-C":        {context.Canceled, "(nothing heard yet): the run was interrupted. "},
		"a time limit":  {context.DeadlineExceeded, "(nothing heard yet): the time for it is over. "},
		"in a request":  {fmt.Errorf("read VM: %w", context.Canceled), "read VM: the run was interrupted. "},
		"anything else": {errors.New("the portal no longer knows it"), "the portal no longer knows it. "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := &mdx.WaitError{Last: mdx.Progress{Operation: "task", Object: "web", Percent: -1}, Err: test.cause}
			said := PortalError("make VM \"web\"", err).Detail()
			if !strings.Contains(said, test.want) || strings.Contains(said, "context ") {
				t.Error(said)
			}
		})
	}
}
