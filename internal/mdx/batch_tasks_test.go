package mdx_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// inProcess is a portal without a network, whose time is that of the test.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

// taskPortal answers a deploy with tasks, and knows them and some machines.
func taskPortal(t *testing.T, answered string, tasks map[string]string, listed string) *mdx.Client {
	t.Helper()
	var history []string
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/vm/deploy/", answer(202, answered))
	mux.HandleFunc("GET /api/vm/project/p/", answer(200, listed))
	mux.HandleFunc("GET /api/task/{unknown}", answer(404, `{}`))
	for id, task := range tasks {
		mux.HandleFunc("GET /api/task/"+id+"/", answer(200, task))
		history = append(history, task)
	}
	mux.HandleFunc("GET /api/history/project/p/", answer(200, "["+strings.Join(history, ",")+"]"))
	client, err := mdx.New(mdx.Config{
		Endpoint: "https://portal.example", Token: "secret", Transport: inProcess{mux}, LockDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func task(id, object, name, status string) string {
	return fmt.Sprintf(`{"uuid":%q,"type":"デプロイ","object_uuid":%q,"object_name":%q,"status":%q,"error_message":%q}`,
		id, object, name, status, map[string]string{"Failed": "容量不足"}[status])
}

func TestResultsOfABatchAreToldApart(t *testing.T) {
	const inList = `[{"uuid":"v1","name":"n-1"},{"uuid":"v2","name":"n-2"},{"uuid":"v3","name":"n-3"}]`
	for name, tc := range map[string]struct {
		answered string
		tasks    map[string]string
		listed   string
		want     map[string]string // id, or the text of the error
	}{
		"by the names of the tasks' objects, whatever their order": {
			`{"task_id":["t3","t1","t2"]}`,
			map[string]string{
				"t1": task("t1", "v1", "n-1", "Running"), "t2": task("t2", "v2", "n-2", "Running"),
				"t3": task("t3", "v3", "n-3", "Completed"),
			},
			`[]`,
			map[string]string{"n-1": "v1", "n-2": "v2", "n-3": "v3"},
		},
		"one that fails fails alone": {
			`{"task_id":["t1","t2","t3"]}`,
			map[string]string{
				"t1": task("t1", "v1", "n-1", "Running"), "t2": task("t2", "v2", "n-2", "Failed"),
				"t3": task("t3", "v3", "n-3", "Running"),
			},
			`[]`,
			map[string]string{"n-1": "v1", "n-2": "容量不足", "n-3": "v3"},
		},
		"by the list, when a task does not say whose it is": {
			`{"task_id":["t1","t2","t3"]}`,
			map[string]string{
				"t1": task("t1", "v1", "n-1", "Running"), "t2": task("t2", "v2", "", "Running"),
				"t3": task("t3", "v3", "", "Running"),
			},
			inList,
			map[string]string{"n-1": "v1", "n-2": "v2", "n-3": "v3"},
		},
		"by the list, when tasks are missing": {
			`{"task_id":"t2"}`,
			map[string]string{"t2": task("t2", "v2", "n-2", "Running")},
			inList,
			map[string]string{"n-1": "v1", "n-2": "v2", "n-3": "v3"},
		},
		"by the list, when there are none": {
			``, nil, inList,
			map[string]string{"n-1": "v1", "n-2": "v2", "n-3": "v3"},
		},
		"a failure that does not say whose it is concerns those who do not show": {
			`{"task_id":["t1","t2"]}`,
			map[string]string{"t1": task("t1", "v1", "n-1", "Running"), "t2": task("t2", "", "", "Failed")},
			`[{"uuid":"v2","name":"n-2"}]`,
			map[string]string{"n-1": "v1", "n-2": "v2", "n-3": "容量不足"},
		},
		"one that never shows is ambiguous": {
			``, nil, `[{"uuid":"v1","name":"n-1"},{"uuid":"v2","name":"n-2"}]`,
			map[string]string{"n-1": "v1", "n-2": "v2", "n-3": "does not show"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := mdx.NewBatcher(taskPortal(t, tc.answered, tc.tasks, tc.listed), 10*time.Millisecond)
				var wg sync.WaitGroup
				for vm, want := range tc.want {
					wg.Go(func() {
						got, err := b.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: vm})
						switch {
						case strings.HasPrefix(want, "v"):
							if err != nil || string(got.VM) != want {
								t.Errorf("%s = %q, %v; want %q", vm, got.VM, err, want)
							}
						case err == nil || !strings.Contains(err.Error(), want):
							t.Errorf("%s = %q, %v; want an error with %q", vm, got.VM, err, want)
						default:
							_, isTask := errors.AsType[*mdx.TaskError](err)
							if isTask == mdx.IsAmbiguous(err) {
								t.Errorf("%s: %#v", vm, err)
							}
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

func TestOneMachineTakesItsOnlyTaskWhateverThatSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := taskPortal(t, `"t1"`, map[string]string{"t1": task("t1", "v1", "", "Running")}, `[]`)
		got, err := mdx.NewBatcher(client, 0).Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "n"})
		if err != nil || got != (mdx.Deployment{VM: "v1", Task: "t1"}) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestARefusalThatIsNotAboutTheMachinesIsNotRepeatedForEach(t *testing.T) {
	for _, status := range []int{401, 403} {
		requests := 0
		client := portal(t, map[string]http.HandlerFunc{
			"POST /api/vm/deploy/": func(w http.ResponseWriter, r *http.Request) {
				requests++
				answer(status, `{"detail":"認証情報が含まれていません。"}`)(w, r)
			},
			"POST /api/refresh/": answer(401, `{}`),
		})
		b := mdx.NewBatcher(client, 10*time.Millisecond)
		var wg sync.WaitGroup
		for _, name := range numbered(1, 3) {
			wg.Go(func() {
				if _, err := b.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: name}); !mdx.IsUnauthorized(err) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if requests > 1 {
			t.Errorf("%d: %d requests", status, requests)
		}
	}
}
