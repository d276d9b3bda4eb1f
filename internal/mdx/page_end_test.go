package mdx_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// endless is a portal whose lists never end.
type endless struct {
	page  func(number int) any
	asked []*http.Request
}

func (e *endless) RoundTrip(r *http.Request) (*http.Response, error) {
	e.asked = append(e.asked, r)
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	return answerOf(e.page(max(number, 1)))
}

func TestAListThatNeverEndsIsAnError(t *testing.T) {
	entries := func(number, n int) []any {
		var all []any
		for i := range n {
			all = append(all, map[string]any{"uuid": fmt.Sprint(number, "-", i), "name": "x"})
		}
		return all
	}
	for name, test := range map[string]struct {
		page  func(number int) any
		asked int // requests at most
		says  string
	}{
		"more than the count": {func(n int) any {
			return map[string]any{"count": 240, "next": "?page=9", "results": entries(n, 100)}
		}, 10, "is to have 240"},
		"the same page": {func(int) any {
			return map[string]any{"count": 100000, "next": "?page=2", "results": entries(1, 100)}
		}, 3, "the same"},
		"no count": {func(n int) any {
			return map[string]any{"next": "?page=9", "results": entries(n, 1)}
		}, 1000, "1000 pages"},
		"a count that grows along": {func(n int) any {
			return map[string]any{"count": 100 * (n + 1), "next": "?page=9", "results": entries(n, 1)}
		}, 1000, "1000 pages"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &endless{page: test.page}
				client, err := mdx.New(mdx.Config{Token: "t", Transport: e, LockDir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				_, err = client.VMs(t.Context(), "p")
				if err == nil || len(e.asked) > test.asked {
					t.Fatalf("after %d requests: %v", len(e.asked), err)
				}
				for _, want := range []string{"list VMs of project", `"p"`, "further pages", test.says} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q is missing: %v", want, err)
					}
				}
			})
		})
	}
}

func TestAHistoryThatNeverEndsIsAnError(t *testing.T) {
	e := &endless{page: func(int) any {
		return map[string]any{"count": 100000, "next": "?page=2", "results": []any{map[string]any{"uuid": "t"}}}
	}}
	client, err := mdx.New(mdx.Config{Token: "t", Transport: e, LockDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, err = range client.History(t.Context(), "p", mdx.HistoryFilter{}) {
		if err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "read history of project") || len(e.asked) != 3 {
		t.Errorf("after %d requests: %v", len(e.asked), err)
	}
}

// A count that is a little wrong is no reason to fail.
func TestAListMayBeLongerThanItsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endless{page: func(n int) any {
			next := any("?page=9")
			if n == 4 {
				next = nil
			}
			return map[string]any{"count": 1, "next": next, "results": []any{map[string]any{"uuid": strconv.Itoa(n)}}}
		}}
		client, err := mdx.New(mdx.Config{Token: "t", Transport: e, LockDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if vms, err := client.VMs(t.Context(), "p"); err != nil || len(vms) != 4 {
			t.Errorf("%v, %v", vms, err)
		}
	})
}

// The token goes to the portal only, wherever a page says that the next one is.
func TestANextPageElsewhereIsNotFollowed(t *testing.T) {
	s, client := scripted(t,
		says(200, page(2, `"https://evil.example/api/vm/project/p/?page=2"`, "a")), says(200, page(2, "null", "b")))
	vms, err := client.VMs(t.Context(), "p")
	if err != nil || len(vms) != 2 {
		t.Errorf("%v, %v", vms, err)
	}
	for _, r := range s.asked {
		if r.URL.Host != "portal.example" {
			t.Errorf("the token went to %s", r.URL.Host)
		}
	}
}

// An answer without an end is not read for ever, and not again.
func TestAnAnswerThatIsTooLongIsAnError(t *testing.T) {
	asked := 0
	client, err := mdx.New(mdx.Config{Token: "t", LockDir: t.TempDir(), Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		asked++
		body := io.MultiReader(strings.NewReader(`["`), io.LimitReader(zeros{}, 1<<40))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.VMs(t.Context(), "p"); err == nil || !strings.Contains(err.Error(), "32 MB") || asked != 1 {
		t.Errorf("after %d requests: %v", asked, err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
