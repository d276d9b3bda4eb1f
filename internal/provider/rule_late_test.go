package provider_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// entering and publishing are a rule of each kind that leads to a machine of the segment backend.
func entering(port string) attributes {
	return attributes{
		"segment_id": backendSegment, "protocol": "TCP", "source_cidr": "192.0.2.0/24", "destination_cidr": "10.0.8.1/32",
		"destination_port": port,
	}
}

func publishing(pool any) attributes {
	return attributes{"segment_id": backendSegment, "destination_address": "10.0.8.1", "pool_address": pool}
}

// rulePlugin is a run of Terraform about one resource of that type.
func (w *world) rulePlugin(t *testing.T, resource string) *plugin {
	t.Helper()
	p := w.plugin(t)
	p.resource = resource
	return p
}

// begins tells what is said when a run begins.
func (w *world) begins(t *testing.T) string {
	t.Helper()
	server := provider.NewServer("test")()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	p := &plugin{t: t}
	response, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.14.0", Config: p.dynamic(schemas.Provider.ValueType(), attributes{"endpoint": w.endpoint, "token": "demo"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return said(response.Diagnostics)
}

// ours tells how many rules of ours the segment backend and the project have.
func (w *world) ours() int {
	ours := len(w.rules(backendSegment))
	for _, rule := range w.project().DNATs {
		if !rule.Foreign {
			ours++
		}
	}
	return ours
}

func TestARuleThatDoesNotShowYetIsNeitherForgottenNorLeftBehind(t *testing.T) {
	for name, test := range map[string]struct {
		resource string
		config   attributes
		makes    string
		lost     bool // the answer that has its id
	}{
		"an access rule":                      {"mdx_acl_rule", entering("443"), makesRules, false},
		"an access rule that nobody answered": {"mdx_acl_rule", entering("443"), makesRules, true},
		"a DNAT rule":                         {"mdx_dnat", publishing(nil), "POST /api/dnat/", false},
		"a DNAT rule that nobody answered":    {"mdx_dnat", publishing(nil), "POST /api/dnat/", true},
	} {
		for _, then := range []string{"refresh", "destroy"} {
			t.Run(name+", "+then, func(t *testing.T) {
				t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
				w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: 10 * time.Minute}})
				if test.lost {
					if err := w.SetFaults([]mdxsim.Fault{{Route: test.makes, Nth: 1, Kind: mdxsim.ResetAfter}}); err != nil {
						t.Fatal(err)
					}
				}
				p := w.rulePlugin(t, test.resource)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					until(t, func() bool { return w.ours() > 0 })
					cancel()
				}()
				state, _ := p.apply(ctx, p.plan(nil, test.config))
				if state == nil || w.ours() != 1 {
					t.Fatalf("interrupted: the state has %v, and there are %d", state, w.ours())
				}
				next := w.rulePlugin(t, test.resource)
				if then == "refresh" {
					if state, said := next.refresh(state); state == nil || state["id"] == nil {
						t.Errorf("the state has %v: %s", state, said)
					}
					return
				}
				if _, said := next.destroy(state); said != "" {
					t.Error(said)
				}
				w.Advance(time.Hour)
				if ours := w.ours(); ours > 0 {
					t.Errorf("%d are left behind", ours)
				}
			})
		}
	}
}

func TestASecondPublicAddressOfAKilledRunIsTakenUp(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	first := w.rulePlugin(t, "mdx_dnat")
	state, _ := first.refresh(first.make(publishing("203.0.113.10")))
	killed := w.rulePlugin(t, "mdx_dnat")
	killed.make(publishing("203.0.113.11")) // and Terraform did not write it down
	next := w.rulePlugin(t, "mdx_dnat")
	next.refresh(state)
	second, said := next.apply(t.Context(), next.plan(nil, publishing("203.0.113.11")))
	if second["id"] == nil || !strings.Contains(said, "taken up") || w.ours() != 2 {
		t.Errorf("the state has %v, and there are %d: %s", second, w.ours(), said)
	}
}

func TestAPublicAddressThatAnotherOfAKilledRunHasChosenIsNotTakenUp(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	killed := w.rulePlugin(t, "mdx_dnat")
	if err := w.SetFaults([]mdxsim.Fault{{Route: "POST /api/dnat/", Nth: 1, Times: 3, Kind: mdxsim.Error503}}); err != nil {
		t.Fatal(err)
	}
	killed.apply(t.Context(), killed.plan(nil, publishing(nil))) // nobody knows what became of it
	killed.make(publishing("203.0.113.11"))
	next := w.rulePlugin(t, "mdx_dnat")
	if state, said := next.apply(t.Context(), next.plan(nil, publishing(nil))); !strings.Contains(said, "Public address exists already") {
		t.Errorf("the state has %v: %s", state, said)
	}
}

func TestAPublicAddressOfAKilledRunIsTakenUpBesideOneThatTheStateHas(t *testing.T) {
	for name, test := range map[string]struct {
		first func(*plugin, attributes) (attributes, string)
		made  bool
	}{
		"refreshed":           {(*plugin).refresh, true},
		"destroyed":           {(*plugin).destroy, true},
		"refreshed, not made": {(*plugin).refresh, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{})
			killed := w.rulePlugin(t, "mdx_dnat")
			if !test.made {
				if err := w.SetFaults([]mdxsim.Fault{{Route: "POST /api/dnat/", Nth: 1, Times: 3, Kind: mdxsim.Error503}}); err != nil {
					t.Fatal(err)
				}
			}
			made, _ := killed.apply(t.Context(), killed.plan(nil, publishing(nil))) // and Terraform did not write it down
			other := killed.make(publishing("203.0.113.11"))
			if _, said := test.first(w.rulePlugin(t, "mdx_dnat"), other); said != "" {
				t.Fatal(said)
			}
			next := w.rulePlugin(t, "mdx_dnat")
			state, said := next.apply(t.Context(), next.plan(nil, publishing(nil)))
			if test.made && (state["id"] != made["id"] || !strings.Contains(said, "taken up")) {
				t.Errorf("the state has %v, want %v: %s", state, made, said)
			}
			if !test.made && !strings.Contains(said, "Public address exists already") {
				t.Errorf("the state has %v: %s", state, said)
			}
			next = w.rulePlugin(t, "mdx_dnat")
			if test.made {
				next.refresh(state)
			}
			next.refresh(other)
			if left := journaled(t); len(left) > 0 {
				t.Errorf("the journal still has %v", left)
			}
		})
	}
}

func TestARuleIsNotForgottenForAnotherThatShowsSooner(t *testing.T) {
	for resource, config := range map[string]attributes{"mdx_acl_rule": entering("22"), "mdx_dnat": publishing(nil)} {
		t.Run(resource, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: 10 * time.Minute}})
			p := w.rulePlugin(t, resource)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				until(t, func() bool { return w.ours() > 0 })
				cancel()
			}()
			state, _ := p.apply(ctx, p.plan(nil, config))
			ours := w.ours()
			theirs := byHand(22)
			theirs.DstAddress, theirs.DstMask = "10.0.8.1", "32"
			w.put(t, theirs)
			if _, err := w.TakeGlobalAddress(backendSegment, "203.0.113.12", "10.0.8.1"); err != nil {
				t.Fatal(err)
			}
			others := w.ours() - ours
			if _, said := w.rulePlugin(t, resource).destroy(state); said != "" {
				t.Error(said)
			}
			w.Advance(time.Hour)
			if left := w.ours() - others; left > 0 {
				t.Errorf("%d are left behind", left)
			}
		})
	}
}

func TestARuleIsNotGivenUpWhenItIsRefusedAfterAnAnswerWasLost(t *testing.T) {
	for name, test := range map[string]struct {
		resource string
		config   attributes
		makes    string
	}{
		"an access rule":             {"mdx_acl_rule", entering("443"), makesRules},
		"a network's rule":           {"mdx_network", opening(443), makesRules},
		"a DNAT rule":                {"mdx_dnat", publishing("203.0.113.10"), "POST /api/dnat/"},
		"a DNAT rule to any address": {"mdx_dnat", publishing(nil), "POST /api/dnat/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{
				Durations: mdxsim.Durations{RuleVisible: 3 * time.Hour}, Quirks: mdxsim.Quirks{ACLTwins: "refused"},
			})
			if err := w.SetFaults([]mdxsim.Fault{{Route: test.makes, Nth: 1, Kind: mdxsim.ResetAfter}}); err != nil {
				t.Fatal(err)
			}
			private := []byte{}
			before := w.ours()
			p := w.networkPlugin(t, &private)
			p.resource = test.resource
			state, told := p.apply(t.Context(), p.plan(nil, test.config))
			if made := w.ours() - before; made != 1 {
				t.Errorf("%d are made, want one: %s", made, told)
			}
			w.Advance(4 * time.Hour)
			next := w.networkPlugin(t, &private)
			next.resource = test.resource
			if state != nil {
				state, _ = next.refresh(state)
			}
			if state == nil {
				state, told = next.apply(t.Context(), next.plan(nil, test.config))
			}
			if _, said := next.destroy(state); said != "" {
				t.Error(said)
			}
			w.Advance(4 * time.Hour)
			if left := w.ours() - before; left > 0 {
				t.Errorf("%d are left behind: %s", left, told)
			}
		})
	}
}

func TestARuleThatWasTakenUpIsNotSaidToBeLeftBehind(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: 10 * time.Minute}})
	p := w.rulePlugin(t, "mdx_acl_rule")
	p.interrupted(p.plan(nil, entering("22")), func() bool { return w.ours() > 0 }) // and killed before the state was written
	next := w.rulePlugin(t, "mdx_acl_rule")
	if _, said := next.apply(t.Context(), next.plan(nil, entering("22"))); !strings.Contains(said, "taken up") {
		t.Fatal(said)
	}
	if said := w.begins(t); said != "" {
		t.Errorf("the run after that begins with %s", said)
	}
}

func TestARuleOfOthersIsNotTakenForOneThatWasChangedSince(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	first := w.rulePlugin(t, "mdx_acl_rule")
	state := first.make(entering("22"))
	change := w.rulePlugin(t, "mdx_acl_rule") // without a refresh
	if _, said := change.apply(t.Context(), change.plan(state, entering("80"))); said != "" {
		t.Fatal(said)
	}
	theirs := byHand(22)
	theirs.DstAddress, theirs.DstMask = "10.0.8.1", "32"
	w.put(t, theirs)
	next := w.rulePlugin(t, "mdx_acl_rule")
	if state, said := next.apply(t.Context(), next.plan(nil, entering("22"))); !strings.Contains(said, "Rule exists already") {
		t.Errorf("the state has %v: %s", state, said)
	}
}

func TestARemovalLeavesTheJournalWhatAnotherIsAboutToMake(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: -1}})
	before := w.rulePlugin(t, "mdx_acl_rule")
	state, _ := before.refresh(before.make(entering("22")))
	seen := make(chan struct{})
	w.answersLate(t, func(method string) {
		switch method {
		case http.MethodDelete: // the other rule is made before the removal goes on
			until(t, func() bool { return w.ours() == 1 })
		case http.MethodPost:
			<-seen
		}
	})
	goes, comes := w.rulePlugin(t, "mdx_acl_rule"), w.rulePlugin(t, "mdx_acl_rule")
	var all sync.WaitGroup
	all.Go(func() {
		until(t, func() bool { return w.ours() == 0 })
		comes.make(entering("22"))
	})
	if _, said := goes.destroy(state); said != "" {
		t.Error(said)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("MDX_JOURNAL_DIR"), "*.json")); len(left) != 1 || w.ours() != 1 {
		t.Errorf("the journal has %v of the %d that are made", left, w.ours())
	}
	close(seen)
	all.Wait()
}

func TestADNATRuleThatIsGoneBeforeARefreshSawItIsForgotten(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	state := w.rulePlugin(t, "mdx_dnat").make(publishing(nil))
	if err := w.DeleteDNAT(state["id"].(string)); err != nil {
		t.Fatal(err)
	}
	if state, said := w.rulePlugin(t, "mdx_dnat").refresh(state); state != nil || said != "" {
		t.Errorf("the state has %v: %s", state, said)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("MDX_JOURNAL_DIR"), "*.json")); len(left) > 0 {
		t.Errorf("the journal still has %v", left)
	}
}

func TestARuleThatAKilledRunMadeInPlaceOfOneThatIsGoneIsTakenUp(t *testing.T) {
	for resource, config := range map[string]attributes{"mdx_acl_rule": entering("22"), "mdx_dnat": publishing(nil)} {
		t.Run(resource, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{})
			state := w.rulePlugin(t, resource).make(config)
			id := state["id"].(string)
			if w.DeleteACL(id) != nil && w.DeleteDNAT(id) != nil {
				t.Fatal("it is not there")
			}
			killed := w.rulePlugin(t, resource).make(config) // before the state was written
			next := w.rulePlugin(t, resource)
			if _, said := next.destroy(state); said != "" { // as without a refresh
				t.Error(said)
			}
			if state, said := next.refresh(state); state != nil || said != "" {
				t.Errorf("the state has %v: %s", state, said)
			}
			state, said := next.apply(t.Context(), next.plan(nil, config))
			if !strings.Contains(said, "taken up") || state["id"] != killed["id"] || w.ours() != 1 {
				t.Errorf("there are %d, the state has %v: %s", w.ours(), state["id"], said)
			}
		})
	}
}

func TestADNATRuleOfAKilledRunIsNotForgottenWhileNobodyTellsTheSegments(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	state := w.rulePlugin(t, "mdx_dnat").make(publishing(nil))
	if err := w.DeleteDNAT(state["id"].(string)); err != nil {
		t.Fatal(err)
	}
	killed := w.rulePlugin(t, "mdx_dnat").make(publishing(nil)) // before the state was written
	if err := w.SetFaults([]mdxsim.Fault{{Route: listsSegments, Kind: mdxsim.Error503, Nth: 1, Times: 100}}); err != nil {
		t.Fatal(err)
	}
	w.rulePlugin(t, "mdx_dnat").refresh(state)
	if err := w.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	next := w.rulePlugin(t, "mdx_dnat")
	state, _ = next.refresh(state)
	if state != nil {
		t.Fatalf("the state has %v", state)
	}
	state, said := next.apply(t.Context(), next.plan(nil, publishing(nil)))
	if !strings.Contains(said, "taken up") || state["id"] != killed["id"] {
		t.Errorf("the state has %v: %s", state, said)
	}
}

func TestARuleThatIsAsWantedIsNotRefusedForAnotherThatSaysTheSame(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	twin := byHand(22)
	twin.DstAddress, twin.DstMask = "10.0.8.1", "32"
	w.put(t, twin)
	second, err := w.PutACL(backendSegment, twin)
	if err != nil {
		t.Fatal(err)
	}
	p := w.networkPlugin(t, &[]byte{})
	p.resource = "mdx_acl_rule"
	state, said := p.imported("backend/" + second)
	if said != "" {
		t.Fatal(said)
	}
	config := entering("22")
	config["timeouts"] = attributes{"create": "5m"}
	p.converge(state, config)
}

// answersLate puts somebody between the portal and its users who holds each answer back for a while.
func (w *world) answersLate(t *testing.T, hold func(method string)) {
	t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		w.Handler().ServeHTTP(answer, r)
		hold(r.Method)
		maps.Copy(rw.Header(), answer.Header())
		rw.WriteHeader(answer.Code)
		_, _ = rw.Write(answer.Body.Bytes())
	}))
	t.Cleanup(front.Close)
	w.endpoint = front.URL
}
