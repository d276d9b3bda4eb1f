package main

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// portal is a simulator to probe, and an environment that leads there.
func portal(t *testing.T) (sim *mdxsim.Sim, env func(string) string) {
	t.Helper()
	sim, err := mdxsim.New(mdxsim.Config{Token: "secret-token", Speed: 3000})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return sim, func(name string) string {
		return map[string]string{"MDX_ENDPOINT": server.URL, "MDX_API_TOKEN": "secret-token"}[name]
	}
}

// Looking changes nothing, and what is printed can be shown to anybody.
func TestLooking(t *testing.T) {
	sim, env := portal(t)
	var out strings.Builder
	if err := run(t.Context(), nil, env, strings.NewReader(""), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "differs") || !strings.Contains(out.String(), "0 differ") {
		t.Errorf("something differs:\n%s", out.String())
	}
	for _, secret := range []string{"secret-token", "sato", "10.0.0.", "203.0.113", "7d6f4c1e"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is shown:\n%s", secret, out.String())
		}
	}
	for route := range sim.Stats().Routes {
		if !strings.HasPrefix(route, "GET") && route != "POST /api/refresh/" && !strings.HasPrefix(route, "(") {
			t.Errorf("it asked for %s", route)
		}
	}
}

// Writing asks first, tells what it will make, and leaves nothing.
func TestWriting(t *testing.T) {
	sim, env := portal(t)
	var log strings.Builder
	if err := run(t.Context(), []string{"-write"}, env, strings.NewReader("no\n"), io.Discard, &log); err == nil {
		t.Error("it goes on though told not to")
	}
	if !strings.Contains(log.String(), "1 CPU pack(s), 20 GB") || sim.Stats().Deployed > 0 {
		t.Errorf("%d deployed after saying\n%s", sim.Stats().Deployed, log.String())
	}
	var out strings.Builder
	if err := run(t.Context(), []string{"-write", "-pace", "2ms"}, env, strings.NewReader("yes\n"), &out, &log); err != nil {
		t.Fatal(err)
	}
	project := sim.World().Organisations[0].Projects[0]
	if sim.Stats().Deployed != 1 || len(project.VMs) != 2 {
		t.Errorf("%d deployed, %d VMs left", sim.Stats().Deployed, len(project.VMs))
	}
	if strings.Contains(out.String(), "mdxprobe-") || strings.Contains(out.String(), "10.0.0.") {
		t.Errorf("a name or an address is shown:\n%s", out.String())
	}
	if err := run(t.Context(), []string{"-clean"}, env, strings.NewReader(""), io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestOptionsThatDoNotDo(t *testing.T) {
	_, env := portal(t)
	none := func(string) string { return "" }
	for name, c := range map[string]struct {
		args []string
		env  func(string) string
	}{
		"no token":     {nil, none},
		"an argument":  {[]string{"now"}, env},
		"no project":   {[]string{"-project", "x"}, env},
		"a plain host": {[]string{"-endpoint", "http://portal.example"}, env},
		"help":         {[]string{"-help"}, env},
	} {
		if err := run(t.Context(), c.args, c.env, strings.NewReader(""), io.Discard, io.Discard); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
