package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

// lab is hosts that this process plays, and a portal that nobody asks anything.
type lab struct {
	*process.Backend
	t               *testing.T
	portal          *world
	private, public string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{Backend: process.New(), t: t, portal: startWorld(t, mdxsim.Config{})}
	l.private, l.public = keyPair(t)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// host boots a fresh VM.
func (l *lab) host(id string) netip.Addr {
	l.t.Helper()
	address, err := l.Start(l.t.Context(), mdxsim.Host{
		ID: id, Name: id, LoginUser: "mdxuser", AuthorizedKey: l.public, OSName: "Ubuntu", OSVersion: "22.04", TemplateHost: "template",
	})
	if err != nil && strings.Contains(err.Error(), "port 22") && os.Getenv("MDX_TEST_NOSKIP") == "" {
		l.t.Skip(err)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return address
}

// in runs a script on a host.
func (l *lab) in(id, script string) string {
	l.t.Helper()
	out, err := l.Exec(l.t.Context(), id, script)
	if err != nil {
		l.t.Fatalf("%s: %v", script, err)
	}
	return out
}

// breaks is a step's PreConfig that runs a script on a host.
func (l *lab) breaks(id, script string) func() { return func() { l.in(id, script) } }

// node is the configuration of one mdx_container_host, and the provider's way to log in to it.
func (l *lab) node(host netip.Addr, arguments string) string {
	return fmt.Sprintf(`
provider "mdx" {
  endpoint     = %q
  token        = "demo"
  project_name = "demo"
  ssh = {
    timeout     = "10s"
    private_key = <<-EOT
%s    EOT
  }
}
resource "mdx_container_host" "node" {
  host = %q
%s
}
`, l.portal.endpoint, l.private, host, arguments)
}

// finds checks that a script on a host says what is wanted, at the latest in a moment.
func (l *lab) finds(id, script, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Second)
		defer cancel()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			got, err := l.Exec(ctx, id, script)
			if err == nil && got == want {
				return nil
			}
			select {
			case <-ctx.Done():
				return errors.Join(fmt.Errorf("%s: %q, want %q", script, got, want), err)
			case <-tick.C:
			}
		}
	}
}
