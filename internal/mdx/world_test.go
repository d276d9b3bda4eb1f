package mdx_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// world is a portal in memory, without a network, so that tests can run in the virtual time of
// testing/synctest. It knows one project, "p", with machines whose lives are scripted.
type world struct {
	t *testing.T

	mu     sync.Mutex
	tasks  []*worldTask
	vms    []*worldVM
	counts map[string]int                                         // requests by route
	total  int                                                    // requests
	fault  func(r *http.Request, asked int) (status int, ok bool) // may answer in place of the world
}

// worldTask runs from born to done. The portal shows it from shown on.
type worldTask struct {
	id, object, name  string
	born, shown, done time.Time
	failure           string
	unlisted          bool // in the history
}

// worldVM is listed from shown on, on from started on, and has its address from addressed on.
type worldVM struct {
	id, name                       string
	shown, started, addressed, off time.Time
	gone                           time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, counts: map[string]int{}}
}

// client is a client of the world, at the default poll interval.
func (w *world) client() *mdx.Client {
	w.t.Helper()
	cfg := mdx.Config{Endpoint: "https://portal.example", Token: "secret", Transport: w, LockDir: w.t.TempDir()}
	client, err := mdx.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// after is a moment in the world's future.
func after(d time.Duration) time.Time { return time.Now().Add(d) }

func past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	w.mu.Lock()
	defer w.mu.Unlock()
	route := strings.Trim(strings.Split(r.URL.Path, "/")[2]+" "+strings.Split(r.URL.Path, "/")[3], " ")
	if !strings.HasPrefix(route, "history") && !strings.HasPrefix(route, "vm project") {
		route = strings.Fields(route)[0]
	}
	w.counts[route]++
	w.total++
	if w.fault != nil {
		if status, ok := w.fault(r, w.counts[route]); ok {
			recorder.WriteHeader(status)
			return recorder.Result(), nil
		}
	}
	w.serve(recorder, r, route)
	return recorder.Result(), nil
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request, route string) {
	id := strings.Split(r.URL.Path, "/")[3]
	var answer any
	switch route {
	case "history project":
		var entries []any
		for _, task := range slices.Backward(w.tasks) {
			if past(task.shown) && !task.unlisted {
				entries = append(entries, task.json())
			}
		}
		answer = pageOf(r, entries)
	case "vm project":
		var entries []any
		for _, vm := range w.vms {
			if past(vm.shown) && !past(vm.gone) {
				entries = append(entries, map[string]any{"uuid": vm.id, "name": vm.name, "status": vm.status()})
			}
		}
		answer = pageOf(r, entries)
	case "task":
		for _, task := range w.tasks {
			if task.id == id && past(task.shown) {
				answer = task.json()
			}
		}
	case "vm":
		for _, vm := range w.vms {
			if vm.id == id && past(vm.shown) && !past(vm.gone) {
				address := ""
				if past(vm.addressed) {
					address = "10.0.0.1"
				}
				answer = map[string]any{
					"name": vm.name, "status": vm.status(),
					"service_networks": []any{map[string]any{"ipv4_address": []any{address}}},
				}
			}
		}
	}
	if answer == nil {
		rw.WriteHeader(http.StatusNotFound)
		answer = map[string]any{"detail": "見つかりませんでした。"}
	}
	if err := json.NewEncoder(rw).Encode(answer); err != nil {
		w.t.Error(err)
	}
}

func (v *worldVM) status() string {
	switch {
	case past(v.off):
		return "PowerOFF"
	case past(v.started):
		return "PowerON"
	default:
		return "Deploying"
	}
}

func (k *worldTask) json() map[string]any {
	status, percent := "Running", 0
	if span := k.done.Sub(k.born); span > 0 {
		percent = int(100 * time.Since(k.born) / span)
	}
	if past(k.done) {
		status, percent = "Completed", 100
		if k.failure != "" {
			status = "Failed"
		}
	}
	return map[string]any{
		"uuid": k.id, "type": "デプロイ", "object_uuid": k.object, "object_name": k.name, "status": status,
		"progress": percent, "error_message": k.failure, "start_datetime": k.born.UTC().Add(9 * time.Hour).Format(time.DateTime),
	}
}

// pageOf cuts a page as the portal does: a hundred at most.
func pageOf(r *http.Request, entries []any) any {
	size, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
	size = min(cmp.Or(size, 10), 100)
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	first := min((max(number, 1)-1)*size, len(entries))
	last := min(first+size, len(entries))
	var next any
	if last < len(entries) {
		next = fmt.Sprintf("?page=%d", number+1)
	}
	return map[string]any{"count": len(entries), "next": next, "results": append([]any{}, entries[first:last]...)}
}

// requests is how many requests the world has answered.
func (w *world) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.total
}
