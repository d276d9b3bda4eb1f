package mdxsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// The default world's demo project and what is in it.
const (
	demoProject = "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d01"
	demoSegment = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
	ubuntu      = "ca7a1060-0000-4000-8000-000000002204"
	sato        = "e7a10000-0000-4000-8000-000000000001"
)

// fast is a portal whose answers take no time worth mentioning.
func fast() mdxsim.Config { return mdxsim.Config{Token: "t0", Speed: 1e6} }

// portal is a simulator behind HTTP, with its time in the test's hands.
type portal struct {
	*mdxsim.Sim
	t     *testing.T
	url   string
	http  *http.Client // nil: requests go to the handler without a network
	token string
}

// frozen starts a portal whose time moves only when the test advances it.
func frozen(t *testing.T, cfg mdxsim.Config) *portal {
	t.Helper()
	p := serve(t, cfg)
	p.Freeze()
	return p
}

func serve(t *testing.T, cfg mdxsim.Config) *portal {
	t.Helper()
	sim, err := mdxsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return &portal{Sim: sim, t: t, url: server.URL, http: client, token: "t0"}
}

// reply is an answer, read.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	text   string
}

// ask sends a request; a body that is not nil goes as JSON.
func (p *portal) ask(method, path string, body any) reply {
	p.t.Helper()
	content := io.Reader(http.NoBody)
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, content)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "JWT "+p.token)
	if p.http == nil {
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, r)
		return reply{t: p.t, status: w.Code, header: w.Header(), text: w.Body.String()}
	}
	answer, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply{t: p.t, status: answer.StatusCode, header: answer.Header, text: string(text)}
}

func (p *portal) get(path string) reply { p.t.Helper(); return p.ask(http.MethodGet, path, nil) }

func (p *portal) put(path string, body any) reply {
	p.t.Helper()
	return p.ask(http.MethodPut, path, body)
}
func (p *portal) del(path string) reply { p.t.Helper(); return p.ask(http.MethodDelete, path, nil) }
func (p *portal) post(path string, body any) reply {
	p.t.Helper()
	return p.ask(http.MethodPost, path, body)
}

// must fails the test unless the status is as given.
func (r reply) must(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.text)
	}
	return r
}

// object is the answer as a JSON object.
func (r reply) object() map[string]any {
	r.t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.text), &v); err != nil {
		r.t.Fatalf("%v: %s", err, r.text)
	}
	return v
}

// rows is the answer as a list, paged or not.
func (r reply) rows() []map[string]any {
	r.t.Helper()
	var paged struct{ Results []map[string]any }
	if json.Unmarshal([]byte(r.text), &paged) == nil {
		return paged.Results
	}
	var bare []map[string]any
	if err := json.Unmarshal([]byte(r.text), &bare); err != nil {
		r.t.Fatalf("%v: %s", err, r.text)
	}
	return bare
}

// task is the id of the one task that an answer tells, as text or as a list.
func (r reply) task() string {
	r.t.Helper()
	switch id := r.object()["task_id"].(type) {
	case string:
		return id
	case []any:
		return id[0].(string)
	}
	r.t.Fatalf("no task: %s", r.text)
	return ""
}

// ended is how a task ended, given time.
func (p *portal) ended(task string) map[string]any {
	p.t.Helper()
	p.Advance(3 * time.Minute)
	return p.get("/api/task/" + task + "/").must(200).object()
}

// deployBody asks for a small machine; change may be nil.
func deployBody(name string, change func(map[string]any)) map[string]any {
	body := map[string]any{
		"catalog": ubuntu, "project": demoProject, "vm_name": name, "template_name": "x", "os_type": "Linux",
		"disk_size": 40, "pack_type": "cpu", "pack_num": 3, "gpu": "0", "service_level": "spot",
		"storage_network": "portgroup", "shared_key": "ssh-ed25519 AAAA test", "power_on": true, "nvlink": false,
		"network_adapters": []any{map[string]any{"adapter_number": 1, "segment": demoSegment}},
	}
	if change != nil {
		change(body)
	}
	return body
}

// vmNamed is a machine's row in the list; nil if it is not there.
func (p *portal) vmNamed(name string) map[string]any {
	p.t.Helper()
	for _, row := range p.get("/api/vm/project/" + demoProject + "/?page_size=100").must(200).rows() {
		if row["name"] == name {
			return row
		}
	}
	return nil
}

// deployed makes a machine and lets it come up; its id.
func (p *portal) deployed(name string) string {
	p.t.Helper()
	p.post("/api/vm/deploy/", deployBody(name, nil)).must(202)
	p.Advance(10 * time.Minute)
	row := p.vmNamed(name)
	if row == nil || row["status"] != "PowerON" {
		p.t.Fatalf("%s did not come up: %v", name, row)
	}
	return row["uuid"].(string)
}

// stopped makes a machine and switches it off.
func (p *portal) stopped(name string) string {
	p.t.Helper()
	id := p.deployed(name)
	p.post("/api/vm/"+id+"/power_off/", nil).must(202)
	p.Advance(time.Minute)
	return id
}

// status of a machine, as the list tells it; "gone" if it does not.
func (p *portal) status(id string) string {
	p.t.Helper()
	for _, row := range p.get("/api/vm/project/" + demoProject + "/?page_size=100").must(200).rows() {
		if row["uuid"] == id {
			return row["status"].(string)
		}
	}
	return "gone"
}

// addresses of a machine's first adapter, as the detail tells them.
func (p *portal) addresses(id string) []any {
	p.t.Helper()
	nets := p.get("/api/vm/" + id + "/").must(200).object()["service_networks"].([]any)
	return nets[0].(map[string]any)["ipv4_address"].([]any)
}

func contains(text, part string) bool { return strings.Contains(text, part) }

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("it does not come about")
		}
	}
}
