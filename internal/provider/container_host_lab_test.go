package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// lab is a host that this process plays, and a portal that nobody asks anything.
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

// theHost is the id of its machine.
const theHost = "a"

// host boots a fresh VM.
func (l *lab) host() netip.Addr {
	l.t.Helper()
	address, err := l.Start(l.t.Context(), mdxsim.Host{
		ID: theHost, Name: "a", LoginUser: "mdxuser", AuthorizedKey: l.public, OSName: "Ubuntu", OSVersion: "22.04", TemplateHost: "template",
	})
	if err != nil && strings.Contains(err.Error(), "port 22") && os.Getenv("MDX_TEST_NOSKIP") == "" {
		l.t.Skip(err)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return address
}

// in runs a script on the host.
func (l *lab) in(script string) string {
	l.t.Helper()
	out, err := l.Exec(l.t.Context(), theHost, script)
	if err != nil {
		l.t.Fatalf("%s: %v", script, err)
	}
	return out
}

// breaks is a step's PreConfig that runs a script on the host.
func (l *lab) breaks(script string) func() { return func() { l.in(script) } }

// provider is the provider block, with the way to log in to hosts.
func (l *lab) provider() string {
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
`, l.portal.endpoint, l.private)
}

// node is the configuration of one mdx_container_host.
func (l *lab) node(host netip.Addr, arguments string) string {
	return l.provider() + fmt.Sprintf("resource \"mdx_container_host\" \"node\" {\n  host = %q\n%s\n}\n", host, arguments)
}

// finds checks that a script on the host says what is wanted, at the latest in a moment.
func (l *lab) finds(script, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Second)
		defer cancel()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			got, err := l.Exec(ctx, theHost, script)
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

// takes is another program on the host that listens on a port.
func (l *lab) takes(at netip.Addr, port uint16) net.Listener {
	l.t.Helper()
	listener, err := new(net.ListenConfig).Listen(l.t.Context(), "tcp", netip.AddrPortFrom(at, port).String())
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = listener.Close() })
	return listener
}
