package mdx_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// rehearsal is a simulated portal without a network, at its real pace in a bubble's time.
type rehearsal struct {
	sim     *mdxsim.Sim
	client  *mdx.Client
	project mdx.ProjectID
	deploy  mdx.DeployRequest // a machine that only lacks a name
	way     time.Duration     // how long an answer is on its way

	mu    sync.Mutex
	names []string       // vm_name of every deploy request, in their order
	lost  map[string]int // how often the answer for a vm_name is to get lost after it was carried out
	block map[string]int // how often the portal breaks before it carries a vm_name out
}

func rehearse(t *testing.T, change func(*mdxsim.World)) *rehearsal {
	t.Helper()
	world := mdxsim.DefaultWorld()
	if change != nil {
		change(world)
	}
	sim, err := mdxsim.New(mdxsim.Config{World: world})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	p := world.Organisations[0].Projects[0]
	r := &rehearsal{
		sim: sim, project: mdx.ProjectID(p.UUID), lost: map[string]int{}, block: map[string]int{},
		deploy: mdx.DeployRequest{
			Project: mdx.ProjectID(p.UUID), Catalog: mdx.CatalogID(p.Catalogs[0].UUID), OSType: mdx.Linux, DiskGB: 40,
			PackType: mdx.PackCPU, PackNum: 2, ServiceLevel: mdx.Spot, StorageNetwork: mdx.PortGroup,
			NetworkAdapters: []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: mdx.SegmentID(p.Segments[0].UUID)}},
			PowerOn:         true,
		},
	}
	r.client, err = mdx.New(mdx.Config{Endpoint: "http://127.0.0.1", Token: "demo", Transport: r, LockDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// RoundTrip has the simulator answer, unless the answer is to get lost.
func (r *rehearsal) RoundTrip(req *http.Request) (*http.Response, error) {
	<-time.After(r.way)
	name := ""
	req = req.Clone(req.Context())
	if req.Body == nil {
		req.Body = http.NoBody // as a server has it
	}
	if req.Method == http.MethodPost && req.URL.Path == "/api/vm/deploy/" {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(strings.NewReader(string(body)))
		var deploy struct {
			VMName string `json:"vm_name"`
		}
		if err := json.Unmarshal(body, &deploy); err != nil {
			return nil, err
		}
		name = deploy.VMName
		r.note(name)
		if r.spoils(r.block, name) {
			return nil, errors.New("connection reset before")
		}
	}
	w := httptest.NewRecorder()
	r.sim.Handler().ServeHTTP(w, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if r.spoils(r.lost, name) {
		return nil, errors.New("connection reset after")
	}
	return w.Result(), nil
}

func (r *rehearsal) note(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = append(r.names, name)
}

// spoils tells whether a deploy is to be spoilt once more.
func (r *rehearsal) spoils(names map[string]int, name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	names[name]--
	return names[name] >= 0
}

// asked are the names of all deploy requests, in their order.
func (r *rehearsal) asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.names)
}

// idOf is the id of the machine of a name, which is seen by the simulator alone; empty if there is none.
func (r *rehearsal) idOf(name string) mdx.VMID {
	for _, vm := range r.sim.World().Organisations[0].Projects[0].VMs {
		if vm.Name == name {
			return mdx.VMID(vm.UUID)
		}
	}
	return ""
}
