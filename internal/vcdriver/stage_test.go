package vcdriver

import (
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

// stage is where controllers play: a portal whose VMs are hosts, and the binary that they drive it with.
type stage struct {
	t        *testing.T
	sim      *mdxsim.Sim
	backend  mdxsim.Backend
	binary   string
	env      map[string]string
	settings map[string]any
	before   mdxsim.World
}

// newStage starts a portal whose minutes are tens of milliseconds.
func newStage(t *testing.T, cfg mdxsim.Config) *stage {
	t.Helper()
	binary := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if os.Getenv("TF_ACC") == "" || binary == "" {
		t.Skip("Acceptance tests skipped unless env 'TF_ACC' set")
	}
	cliConfig, err := buildProvider()
	if err != nil {
		t.Fatal(err)
	}
	sim, err := mdxsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		sim.Close()
	})
	return &stage{
		t: t, sim: sim, backend: cfg.Backend, binary: binary, before: sim.World(), settings: map[string]any{},
		env: map[string]string{
			"TF_CLI_CONFIG_FILE": cliConfig, "CHECKPOINT_DISABLE": "1",
			"MDX_ENDPOINT": server.URL, "MDX_API_TOKEN": "demo", "MDX_POLL_INTERVAL": "200ms",
		},
	}
}

// inProcess is a stage on which hosts are played in this process.
func inProcess(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, mdxsim.Config{Backend: players(t), Speed: 4000})
	s.env["MDX_SSH_TIMEOUT"] = "10s" // hosts of this kind boot at once
	return s
}

// players are the hosts of such a stage. They listen on port 22, which not every user may.
func players(t *testing.T) *process.Backend {
	t.Helper()
	backend := process.New()
	if _, err := backend.Start(t.Context(), mdxsim.Host{ID: "understudy", Name: "understudy"}); err != nil {
		if strings.Contains(err.Error(), "port 22") && os.Getenv("MDX_TEST_NOSKIP") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	if err := backend.Destroy(t.Context(), "understudy"); err != nil {
		t.Fatal(err)
	}
	return backend
}

func (s *stage) deploys() int { return s.sim.Stats().Routes["POST /api/vm/deploy/"] }

// clean expects the project to be as it was, and no rule to have led where it should not.
func (s *stage) clean() {
	s.t.Helper()
	project := func(w mdxsim.World) (names map[string]bool) {
		names = map[string]bool{}
		p := w.Organisations[0].Projects[0]
		for _, vm := range p.VMs {
			names["VM "+vm.Name] = true
		}
		for _, segment := range p.Segments {
			for _, rule := range slices.Concat(segment.ACL, segment.ACLv6) {
				names["rule to "+rule.DstAddress] = true
			}
		}
		for _, d := range p.DNATs {
			names["DNAT to "+d.DstAddress] = true
		}
		return names
	}
	if before, after := project(s.before), project(s.sim.World()); !maps.Equal(before, after) {
		s.t.Errorf("the project had %v and has %v", before, after)
	}
	if stats := s.sim.Stats(); len(stats.Violations) > 0 || len(stats.Touched) > 0 {
		s.t.Errorf("rules: %+v, things of others: %v", stats.Violations, stats.Touched)
	}
}
