package mdxsim_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// TestSoak sends ten thousand random requests, good and bad, from four clients
// at once, pulls levers meanwhile, and checks again and again that the world
// makes sense.
func TestSoak(t *testing.T) {
	const clients, requests, rounds = 4, 250, 10
	cfg := fast()
	cfg.FaultSeed, cfg.Quirks.SegmentAPI = 3, "present"
	sim, err := mdxsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sim.Freeze()
	for round := range rounds {
		var group sync.WaitGroup
		for client := range clients {
			soaker := &soaker{Sim: sim, handler: sim.Handler(), random: rand.New(rand.NewPCG(uint64(round), uint64(client)))}
			group.Go(func() {
				for range requests {
					soaker.step(t)
				}
			})
		}
		group.Wait()
		makesSense(t, sim.World())
	}
	sim.Advance(time.Hour)
	makesSense(t, sim.World())
	stats := sim.Stats()
	if stats.Requests != clients*requests*rounds || stats.Deployed < 50 || stats.Destroyed < 5 || len(stats.Duplicates) > 0 {
		t.Errorf("%d requests, %d deployed, %d destroyed, duplicates %q", stats.Requests, stats.Deployed, stats.Destroyed, stats.Duplicates)
	}
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
}

// soaker is a client without a plan.
type soaker struct {
	*mdxsim.Sim
	handler http.Handler
	random  *rand.Rand
}

// step sends one request. What it may ask for is taken from what exists, so
// that much of it makes sense.
func (s *soaker) step(t *testing.T) {
	t.Helper()
	s.Advance(time.Duration(s.random.IntN(30)) * time.Second)
	if s.random.IntN(50) == 0 {
		_ = s.Sleep(fmt.Sprint("soak-", s.random.IntN(30)))    // it may not exist
		_ = s.DeleteVM(fmt.Sprint("soak-", s.random.IntN(30))) // nor this
	}
	method, path, body := s.request()
	text, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
		return
	}
	if s.random.IntN(20) == 0 {
		text = text[:s.random.IntN(len(text))] // torn
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(string(text)))
	r.Header.Set("Authorization", "JWT "+s.token())
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code == http.StatusInternalServerError && !strings.Contains(w.Body.String(), "Server Error (500)") {
		t.Errorf("%s %s: %s", method, path, w.Body)
	}
}

// token is a good one, mostly.
func (s *soaker) token() string {
	if s.random.IntN(30) == 0 {
		return "nonsense"
	}
	return s.IssueToken()
}

func pick[T any](s *soaker, from ...T) T { return from[s.random.IntN(len(from))] }

func (s *soaker) request() (method, path string, body any) {
	project := s.World().Organisations[0].Projects[0]
	vm, rule, nat := "nothing", "nothing", "nothing"
	if len(project.VMs) > 0 {
		vm = pick(s, project.VMs...).UUID
	}
	if acl := project.Segments[0].ACL; len(acl) > 0 {
		rule = pick(s, acl...).UUID
	}
	if len(project.DNATs) > 0 {
		nat = pick(s, project.DNATs...).UUID
	}
	name := pick(s, fmt.Sprint("soak-", s.random.IntN(30)), fmt.Sprintf("soak-%d[0-%d]", s.random.IntN(3), s.random.IntN(12)))
	address := fmt.Sprint("10.0.0.", s.random.IntN(40))
	deploy := deployBody(name, func(b map[string]any) {
		b["pack_num"], b["disk_size"] = s.random.IntN(160), s.random.IntN(4000)
		b["power_on"] = s.random.IntN(2) == 0
	})
	acl := aclRule(func(r map[string]any) { r["dst_address"], r["dst_mask"] = address, pick[any](s, 32, "24", "x", nil) })
	dnat := dnatTo(address, fmt.Sprint("203.0.113.", 10+s.random.IntN(5)))
	power := map[string]any{"service_level": pick(s, "spot", "guarantee", "")}
	type request struct {
		method, path string
		body         any
	}
	chosen := pick(s,
		request{"GET", "/api/project/assigned/", nil},
		request{"GET", "/api/vm/project/" + project.UUID + "/?page_size=" + strconv.Itoa(s.random.IntN(120)), nil},
		request{"GET", "/api/vm/" + vm + "/", nil},
		request{"GET", "/api/vm/" + vm + "/csv/", nil},
		request{"GET", "/api/history/project/" + project.UUID + "/?page=" + strconv.Itoa(s.random.IntN(4)), nil},
		request{"GET", "/api/history/vm/" + vm + "/", nil},
		request{"GET", "/api/project/" + project.UUID + "/resources/", nil},
		request{"GET", "/api/nothing/" + vm, nil},
		request{"POST", "/api/vm/deploy/", deploy},
		request{"POST", "/api/vm/deploy/", deploy},
		request{"POST", "/api/vm/" + vm + "/clone/", deploy},
		request{"POST", "/api/vm/" + vm + "/" + pick(s, "power_on", "power_off", "shutdown", "reboot", "reset") + "/", power},
		request{"POST", "/api/vm/" + vm + "/destroy/", nil},
		request{"POST", "/api/vm/" + vm + "/rename/", map[string]any{"vm_name": name}},
		request{"POST", "/api/vm/" + vm + "/reconfigure/", map[string]any{
			"pack_num": s.random.IntN(30), "network_adapters": []any{map[string]any{"adapter_number": 1, "segment": pick(s, project.Segments...).UUID}},
		}},
		request{"GET", "/api/acl/segment/" + demoSegment + "/", nil},
		request{"POST", "/api/acl/", acl},
		request{"PUT", "/api/acl/" + rule + "/", acl},
		request{"DELETE", "/api/acl/" + rule + "/", nil},
		request{"POST", "/api/dnat/", dnat},
		request{"PUT", "/api/dnat/" + nat + "/", dnat},
		request{"DELETE", "/api/dnat/" + nat + "/", nil},
		request{"GET", "/api/global_ip/project/" + project.UUID + "/assignable/", nil},
		request{"POST", "/api/segment/", map[string]any{"project": project.UUID, "name": fmt.Sprint("s", s.random.IntN(5))}},
		request{"DELETE", "/api/segment/" + pick(s, project.Segments...).UUID + "/", nil},
	)
	return chosen.method, chosen.path, chosen.body
}

// makesSense checks what must hold at any moment: names and addresses are one
// machine's, a global address leads to one place, quotas are kept.
func makesSense(t *testing.T, world mdxsim.World) {
	t.Helper()
	for _, organisation := range world.Organisations {
		for _, project := range organisation.Projects {
			taken := map[string]string{}
			take := func(what, who string) {
				if other := taken[what]; other != "" {
					t.Errorf("%s: both %s and %s have it", what, other, who)
				}
				taken[what] = who
			}
			packs, disk := 0, 0
			for _, vm := range project.VMs {
				take("name "+vm.Name, vm.UUID)
				for _, a := range vm.Adapters {
					take("address "+a.SegmentID+" "+a.IPv4, vm.Name)
					if a.IPv6 != "" {
						take("address "+a.SegmentID+" "+a.IPv6, vm.Name)
					}
				}
				if vm.Status != mdxsim.Deallocated {
					packs += vm.PackNum
				}
				for _, d := range vm.Disks {
					disk += d.CapacityGB
				}
			}
			for _, d := range project.DNATs {
				take("global address "+d.PoolAddress, d.UUID)
			}
			if q := project.Quota; packs > q.CPUPacks+q.GPUPacks && q.CPUPacks > 0 || disk > q.DiskGB {
				t.Errorf("%s: %d packs and %d GB of %+v", project.Name, packs, disk, q)
			}
		}
	}
}
