package mdxsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a deploy is refused for, before anything is made.
func TestDeployRefused(t *testing.T) {
	for name, c := range map[string]struct {
		field string
		value any
	}{
		"no name":              {"vm_name", ""},
		"a name that is taken": {"vm_name", "sato-notebook"},
		"two-digit range":      {"vm_name", "n-[1-12]"},
		"zero-padded range":    {"vm_name", "n-[01-03]"},
		"backward range":       {"vm_name", "n-[3-1]"},
		"two ranges":           {"vm_name", "n-[1-2]-[1-2]"},
		"unknown catalog":      {"catalog", "nothing"},
		"unknown project":      {"project", "nothing"},
		"no service level":     {"service_level", ""},
		"pack_num 0":           {"pack_num", 0},
		"too many packs":       {"pack_num", 153},
		"unknown pack":         {"pack_type", "tpu"},
		"disk too small":       {"disk_size", 39},
		"no adapter":           {"network_adapters", []any{}},
		"unknown storage":      {"storage_network", "nfs"},
	} {
		t.Run(name, func(t *testing.T) {
			p := frozen(t, fast())
			refused := p.post("/api/vm/deploy/", deployBody("x", func(b map[string]any) { b[c.field] = c.value })).must(400)
			if refused.object()[c.field] == nil {
				t.Errorf("the refusal does not name %s: %s", c.field, refused.text)
			}
			p.Advance(time.Hour)
			if n := p.Stats().Deployed; n != 0 {
				t.Errorf("%d machines made", n)
			}
		})
	}
}

// A name with a range of single digits makes a machine and a task for each.
func TestDeployRange(t *testing.T) {
	p := frozen(t, fast())
	ids := p.post("/api/vm/deploy/", deployBody("n-[1-3]", nil)).must(202).object()["task_id"].([]any)
	if len(ids) != 3 {
		t.Fatalf("tasks: %v", ids)
	}
	p.Advance(time.Hour)
	for _, name := range []string{"n-1", "n-2", "n-3"} {
		if p.vmNamed(name) == nil {
			t.Errorf("no %s", name)
		}
	}
}

// An address that was given back is the next one to be handed out.
func TestAddressReused(t *testing.T) {
	p := frozen(t, fast())
	first := p.deployed("first")
	p.post("/api/vm/"+first+"/shutdown/", nil).must(202)
	p.Advance(time.Minute)
	p.post("/api/vm/"+first+"/destroy/", nil).must(202)
	p.Advance(2 * time.Minute)
	second := p.deployed("second")
	if got := p.addresses(second); got[0] != "10.0.0.4" {
		t.Fatalf("address: %v", got)
	}
}

// meeting sends a deploy while another is under way, and answers the names of the machines that came of it, whatever it was
// answered.
func (p *portal) meeting(body map[string]any) (made []string) {
	p.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	unfinished, rest := io.Pipe()
	defer rest.Close()
	first, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/vm/deploy/", unfinished)
	if err != nil {
		p.t.Fatal(err)
	}
	first.Header.Set("Authorization", "JWT "+p.token)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if answer, err := p.http.Do(first); err == nil {
			_ = answer.Body.Close()
		}
	}()
	eventually(p.t, func() bool { // until the first is there, the other is an invalid one that is alone
		p.post("/api/vm/deploy/", "{}")
		return p.Stats().Overlapping > 0
	})
	p.post("/api/vm/deploy/", string(text))
	_ = rest.CloseWithError(io.ErrUnexpectedEOF)
	<-ended
	p.Advance(time.Hour)
	for _, project := range p.World().Organisations[0].Projects {
		for _, vm := range project.VMs {
			if strings.HasPrefix(vm.Name, "n-") {
				made = append(made, vm.Name)
			}
		}
	}
	return made
}

// The history says whose doing a thing was, and names the platform where it was nobody's.
func TestTheHistoryNamesWhoDidIt(t *testing.T) {
	p := frozen(t, fast())
	p.post("/api/vm/deploy/", deployBody("mine", nil)).must(202)
	p.token = p.IssueTokenFor("sato")
	p.post("/api/vm/deploy/", deployBody("another", nil)).must(202)
	p.token = p.post("/api/refresh/", map[string]any{"token": p.token}).must(200).object()["token"].(string)
	p.post("/api/vm/deploy/", deployBody("refreshed", nil)).must(202)
	p.Advance(time.Hour)
	users := map[any]any{}
	for _, entry := range p.get("/api/history/project/" + demoProject + "/").must(200).rows() {
		users[entry["object_name"]] = entry["user_name"]
	}
	for name, want := range map[string]string{"mine": "demo", "another": "sato", "refreshed": "sato"} {
		if users[name] != want {
			t.Errorf("%s is said to be %v's, want %s", name, users[name], want)
		}
	}
}
