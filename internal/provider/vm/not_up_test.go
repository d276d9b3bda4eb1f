package vm

import (
	"context"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestAVMThatIsNotUpYetIsToldInPlainWords(t *testing.T) {
	t.Parallel()
	for cause, want := range map[error]string{
		context.Canceled:         "the run was interrupted. It is kept",
		context.DeadlineExceeded: "the time for it is over. It is kept",
	} {
		err := &mdx.WaitError{Last: mdx.Progress{Operation: "task", Object: "web", Percent: -1}, Err: cause}
		if said := notUp("web", err).Detail(); !strings.Contains(said, want) || strings.Contains(said, "context ") {
			t.Error(said)
		}
	}
}
