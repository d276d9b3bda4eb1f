package mdx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// notebook records what it is told, and what the portal was sent, in one sequence.
type notebook struct {
	mu     sync.Mutex
	lines  []string
	orders []mdx.Order
	full   bool
}

func (n *notebook) write(line string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
	return nil
}

func (n *notebook) Begin(o mdx.Order) (mdx.Record, error) {
	if n.full {
		return nil, errors.New("the notebook is full")
	}
	n.orders = append(n.orders, o)
	err := n.write("begin")
	return n, err
}

func (n *notebook) Accepted(tasks []mdx.TaskID) error {
	return n.write(fmt.Sprint("accepted ", tasks))
}

func (n *notebook) Withdraw() error { return n.write("withdraw") }
func (n *notebook) Lost() error     { return n.write("lost") }

// recorded is a client of a portal that answers every POST like answer, and keeps the notebook.
func recorded(t *testing.T, n *notebook, answer http.HandlerFunc) *mdx.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = n.write("sent")
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	client, err := mdx.New(mdx.Config{
		Endpoint: server.URL, Token: "secret", PollInterval: time.Millisecond, LockDir: t.TempDir(), Recorder: n, MaxRetries: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// cut breaks the answer off before it begins.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// told is what was written down so far.
func (n *notebook) told() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}

func TestADeployIsRecordedBeforeItIsSentAndAfterItIsAnswered(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		full   bool
		want   []string
	}{
		{"accepted", status(202, `{"task_id": ["t-1", "t-2"]}`), false, []string{"begin", "sent", "accepted [t-1 t-2]"}},
		{"refused", status(400, `{"vm_name": ["no"]}`), false, []string{"begin", "sent", "withdraw"}},
		{"perhaps carried out", status(500, ""), false, []string{"begin", "sent", "lost"}},
		{"denied under load", status(404, ""), false, []string{"begin", "sent", "lost"}},
		{"answered with a page", status(200, "<html></html>"), false, []string{"begin", "sent", "lost"}},
		{"cut off", cut, false, []string{"begin", "sent", "lost"}},
		{"not to be recorded", status(202, `{"task_id": "t-1"}`), true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for op, send := range map[string]func(*mdx.Client) ([]mdx.TaskID, error){
				"deploy VM": func(client *mdx.Client) ([]mdx.TaskID, error) {
					return client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "web-[1-2]"})
				},
				"clone VM": func(client *mdx.Client) ([]mdx.TaskID, error) {
					return client.Clone(t.Context(), "v-1", mdx.CloneRequest{Project: "p", VMName: "web-[1-2]"})
				},
			} {
				n := &notebook{full: c.full}
				_, err := send(recorded(t, n, c.answer))
				if (c.name == "accepted") != (err == nil) {
					t.Errorf("%s: %v", op, err)
				}
				if diff := cmp.Diff(c.want, n.told()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", op, diff)
				}
				if c.full {
					continue
				}
				o := n.orders[0]
				if o.Operation != op || o.Project != "p" || o.Digest == "" {
					t.Errorf("order %+v", o)
				}
			}
		})
	}
}

func TestAnOrderNamesEveryMachineOfARange(t *testing.T) {
	n := &notebook{}
	client := recorded(t, n, status(202, `{"task_id": "t"}`))
	for _, name := range []string{"web-[8-9]", "web", "a-[1-"} {
		if _, err := client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: name}); err != nil {
			t.Fatal(err)
		}
	}
	var names [][]string
	for _, o := range n.orders {
		names = append(names, o.Names)
	}
	if diff := cmp.Diff([][]string{{"web-8", "web-9"}, {"web"}, {"a-[1-"}}, names); diff != "" {
		t.Error(diff)
	}
}

func TestWhatWasSentIsRecordedThoughItsCallerIsGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := &notebook{}
	client := recorded(t, n, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		status(202, `{"task_id": "t-1"}`)(w, nil)
	})
	if tasks, err := client.Deploy(ctx, mdx.DeployRequest{Project: "p", VMName: "web"}); err != nil || len(tasks) != 1 {
		t.Errorf("%v %v", tasks, err)
	}
	if diff := cmp.Diff([]string{"begin", "sent", "accepted [t-1]"}, n.told()); diff != "" {
		t.Error(diff)
	}
	if _, err := client.Deploy(ctx, mdx.DeployRequest{Project: "p", VMName: "web"}); !errors.Is(err, context.Canceled) {
		t.Errorf("sent after the end: %v", err)
	}
	if got := slices.Index(n.told()[3:], "sent"); got >= 0 {
		t.Error("sent after the end")
	}
}

func TestAnOrderIsDatedByThePortalsClock(t *testing.T) {
	portals := time.Date(2031, 4, 1, 9, 0, 0, 0, time.UTC)
	n := &notebook{}
	client := recorded(t, n, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", portals.Format(http.TimeFormat))
		status(202, `{"task_id": "t"}`)(w, nil)
	})
	for range 2 {
		if _, err := client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "web"}); err != nil {
			t.Fatal(err)
		}
	}
	if off := time.Since(n.orders[0].Asked).Abs(); off > time.Minute {
		t.Errorf("before anything was heard: off by %s", off)
	}
	if off := n.orders[1].Asked.Sub(portals); off < 0 || off > time.Minute {
		t.Errorf("then: off by %s", off)
	}
}

func TestADigestTellsRequestsApartThatDifferInMoreThanTheName(t *testing.T) {
	deploy := mdx.DeployRequest{Project: "p", VMName: "a", Catalog: "c", SharedKey: "k"}
	clone := mdx.CloneRequest{Project: "p", VMName: "a", PackNum: 1}
	named, other := deploy, deploy
	named.VMName, other.SharedKey = "b", "l"
	namedClone := clone
	namedClone.VMName = "b"
	for what, same := range map[string]bool{
		"deploys of other names":   deploy.Digest() == named.Digest(),
		"deploys with other keys":  deploy.Digest() != other.Digest(),
		"clones of other names":    clone.Digest("v") == namedClone.Digest("v"),
		"clones of other machines": clone.Digest("v") != clone.Digest("w"),
	} {
		if !same {
			t.Error(what)
		}
	}
}
