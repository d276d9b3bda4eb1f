package mdx_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// bare is a list without a count, counted one with it.
func bare(ids ...string) reply  { return says(http.StatusOK, "["+rows(ids...)+"]") }
func whole(ids ...string) reply { return says(http.StatusOK, page(len(ids), "null", ids...)) }

func page(count int, next string, ids ...string) string {
	return fmt.Sprintf(`{"count":%d,"next":%s,"results":[%s]}`, count, next, rows(ids...))
}

// rows are entries of any list.
func rows(ids ...string) string {
	var all []string
	for _, id := range ids {
		all = append(all, fmt.Sprintf(`{"uuid":%q,"name":%q,"src_address":"10.0.0.1","src_mask":"32","dst_address":"10.0.0.2","dst_mask":"32"}`, id, id))
	}
	return strings.Join(all, ",")
}

// lists are all lists of the client, as ids.
var lists = map[string]func(context.Context, *mdx.Client, ...mdx.ListOption) ([]string, error){
	"VMs": func(ctx context.Context, c *mdx.Client, opts ...mdx.ListOption) ([]string, error) {
		vms, err := c.VMs(ctx, "p", opts...)
		return idsOf(vms, func(vm mdx.VMSummary) mdx.VMID { return vm.ID }), err
	},
	"access rules": func(ctx context.Context, c *mdx.Client, opts ...mdx.ListOption) ([]string, error) {
		rules, err := c.ACLRules(ctx, "s", mdx.ACLv4, opts...)
		return idsOf(rules, func(rule mdx.ACLRule) mdx.ACLRuleID { return rule.ID }), err
	},
	"DNAT rules": func(ctx context.Context, c *mdx.Client, opts ...mdx.ListOption) ([]string, error) {
		rules, err := c.DNATs(ctx, "p", opts...)
		return idsOf(rules, func(rule mdx.DNAT) mdx.DNATID { return rule.ID }), err
	},
	"segments": func(ctx context.Context, c *mdx.Client, _ ...mdx.ListOption) ([]string, error) {
		segments, err := c.Segments(ctx, "p")
		return idsOf(segments, func(s mdx.Segment) mdx.SegmentID { return s.ID }), err
	},
	"catalogs": func(ctx context.Context, c *mdx.Client, _ ...mdx.ListOption) ([]string, error) {
		catalogs, err := c.Catalogs(ctx, "p")
		return idsOf(catalogs, func(c mdx.Catalog) mdx.CatalogID { return c.ID }), err
	},
	"projects": func(ctx context.Context, c *mdx.Client, _ ...mdx.ListOption) ([]string, error) {
		projects, err := c.Projects(ctx)
		return idsOf(projects, func(p mdx.Project) mdx.ProjectID { return p.ID }), err
	},
	"access keys": func(ctx context.Context, c *mdx.Client, _ ...mdx.ListOption) ([]string, error) {
		keys, err := c.AccessKeys(ctx, "p")
		return idsOf(keys, func(k mdx.AccessKey) string { return k.ID }), err
	},
}

func idsOf[T any, ID ~string](all []T, id func(T) ID) []string {
	var ids []string
	for _, one := range all {
		ids = append(ids, string(id(one)))
	}
	return ids
}

func TestAbsenceNeedsProof(t *testing.T) {
	for name, test := range map[string]struct {
		answers []reply
		asked   int
	}{
		"a bare array that omits one once":           {[]reply{bare("a", "c"), bare("a", "b", "c")}, 2},
		"the second look omits it":                   {[]reply{bare("a", "b", "c"), bare("a", "c")}, 2},
		"a page that omits one once":                 {[]reply{says(200, page(3, "null", "a", "c")), whole("a", "b", "c")}, 2},
		"a page that omits one twice":                {[]reply{says(200, page(3, "null", "a", "c")), says(200, page(3, "null", "a", "c")), whole("a", "b", "c")}, 3},
		"the portal's count is proof":                {[]reply{whole("a", "b", "c")}, 1},
		"a count that is always wrong is none":       {[]reply{says(200, page(7, "null", "a", "b", "c"))}, 3},
		"no count at all":                            {[]reply{says(200, `{"next":null,"results":[`+rows("a", "b", "c")+`]}`)}, 2},
		"a page, and then an array that omits one":   {[]reply{says(200, page(4, "null", "a", "b", "c")), bare("a", "c")}, 2},
		"an entry that is on two pages at all times": {[]reply{says(200, page(4, "null", "a", "b", "b", "c"))}, 3},
	} {
		for what, read := range lists {
			t.Run(name+"/"+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, client := scripted(t, test.answers...)
					ids, err := read(t.Context(), client)
					if err != nil || !slices.Equal(ids, []string{"a", "b", "c"}) || len(s.asked) != test.asked {
						t.Errorf("%v after %d requests: %v", ids, len(s.asked), err)
					}
				})
			})
		}
	}
}

func TestAssignableAddressesAreReadTwice(t *testing.T) {
	s, client := scripted(t, says(200, `[]`), says(200, `["203.0.113.10"]`))
	free, err := client.AssignableAddresses(t.Context(), "p")
	if err != nil || len(free) != 1 || len(s.asked) != 2 {
		t.Errorf("%v after %d requests: %v", free, len(s.asked), err)
	}
}

// A project may be missing from its organisation, too.
func TestAProjectThatItsOrganisationOmitsOnceIsThere(t *testing.T) {
	_, client := scripted(t,
		says(200, `[{"name":"o","projects":[{"uuid":"a"}]}]`), says(200, `[{"name":"o","projects":[{"uuid":"b"},{"uuid":"a"}]}]`))
	projects, err := client.Projects(t.Context())
	if err != nil || len(projects) != 2 || projects[1].Organization != "o" {
		t.Errorf("%v, %v", projects, err)
	}
}

// Whoever looks for particular entries asks once where they are there, and once more where not.
func TestExpectedEntriesAreLookedForTwice(t *testing.T) {
	expecting := mdx.Expecting("a", "b")
	for name, test := range map[string]struct {
		option  mdx.ListOption
		answers []reply
		want    []string
		asked   int
	}{
		"all there":                          {expecting, []reply{bare("a", "b", "c")}, []string{"a", "b", "c"}, 1},
		"one omitted once":                   {expecting, []reply{bare("b"), bare("a", "b")}, []string{"a", "b"}, 2},
		"one omitted once, count and all":    {expecting, []reply{whole("b"), whole("a", "b")}, []string{"a", "b"}, 2},
		"each omitted by one of two looks":   {expecting, []reply{whole("a"), whole("b")}, []string{"b", "a"}, 2},
		"one gone":                           {expecting, []reply{whole("b"), whole("b")}, []string{"b"}, 2},
		"nothing in particular":              {mdx.Expecting[string](), []reply{bare("c")}, []string{"c"}, 1},
		"nothing, of a list that is amiss":   {mdx.Expecting[string](), []reply{says(200, page(3, "null", "c")), whole("c", "d")}, []string{"c", "d"}, 2},
		"all there, of a list that is amiss": {expecting, []reply{says(200, page(3, "null", "a", "b")), whole("a", "b", "c")}, []string{"a", "b", "c"}, 2},
	} {
		for _, what := range []string{"VMs", "access rules", "DNAT rules"} {
			t.Run(name+"/"+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, client := scripted(t, test.answers...)
					ids, err := lists[what](t.Context(), client, test.option)
					if err != nil || !slices.Equal(ids, test.want) || len(s.asked) != test.asked {
						t.Errorf("%v after %d requests: %v", ids, len(s.asked), err)
					}
				})
			})
		}
	}
}

func TestAVMOfANameIsMissingOnlyInTwoLooks(t *testing.T) {
	s, client := scripted(t, bare("a"), bare("a", "web"))
	if vm, err := client.VMByName(t.Context(), "p", "web"); err != nil || vm.ID != "web" || len(s.asked) != 2 {
		t.Errorf("%+v after %d requests: %v", vm, len(s.asked), err)
	}
	s, client = scripted(t, bare("a"))
	if _, err := client.VMByName(t.Context(), "p", "web"); !mdx.IsNotFound(err) || len(s.asked) != 2 {
		t.Errorf("after %d requests: %v", len(s.asked), err)
	}
}

func TestASegmentIsGoneWhenTwoLooksAgree(t *testing.T) {
	for name, test := range map[string]struct {
		answers []reply
		gone    bool
		asked   int
	}{
		"there":        {[]reply{bare("s")}, false, 1},
		"omitted once": {[]reply{bare("t"), bare("s", "t")}, false, 2},
		"gone":         {[]reply{bare("t")}, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, client := scripted(t, test.answers...)
			gone, err := client.SegmentGone(t.Context(), "p", "s")
			if err != nil || gone != test.gone || len(s.asked) != test.asked {
				t.Errorf("%t after %d requests: %v", gone, len(s.asked), err)
			}
		})
	}
	_, client := scripted(t, says(403, ``))
	if gone, err := client.SegmentGone(t.Context(), "p", "s"); gone || err == nil {
		t.Errorf("%t, %v", gone, err)
	}
}

func TestAVMIsGoneWhenTwoLooksAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there, gone := whole("v"), whole("w")
		answers := []reply{there, gone}
		s, client := scripted(t, append(answers, answers...)...)
		if err := client.WaitVMGone(t.Context(), "p", "v"); err != nil || len(s.asked) != 5 {
			t.Errorf("after %d requests: %v", len(s.asked), err)
		}
	})
}

// restless is a list in pages that changes with every request, as long as change has something to do.
type restless struct {
	mu     sync.Mutex
	asked  int
	rows   []string
	change func(l *restless)
}

func (l *restless) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	var entries []any
	for _, id := range l.rows {
		entries = append(entries, map[string]any{
			"uuid": id, "src_address": "10.0.0.1", "src_mask": 32, "dst_address": "10.0.0.2", "dst_mask": 32,
		})
	}
	resp, err := answerOf(pageOf(r, entries))
	l.change(l)
	return resp, err
}

func TestAListThatChangesAtEveryPageIsReadAllTheSame(t *testing.T) {
	numbered := func(from, to int) []string {
		var ids []string
		for i := from; i < to; i++ {
			ids = append(ids, fmt.Sprintf("r%04d", i))
		}
		return ids
	}
	grow := func(l *restless) { l.rows = append(l.rows, fmt.Sprintf("new%04d", l.asked)) }
	shrink := func(l *restless) { l.rows = l.rows[1:] }
	stir := func(l *restless) { grow(l); shrink(l) }
	push := func(l *restless) { l.rows = append([]string{fmt.Sprintf("new%04d", l.asked)}, l.rows...) }
	for name, test := range map[string]struct {
		change func(*restless)
		until  int      // the request after which it is quiet
		stays  []string // must be in the answer
		exact  bool     // the answer is the list
	}{
		"grows for a while":       {grow, 7, numbered(0, 240), true},
		"grows for ever":          {grow, 1 << 30, numbered(0, 240), false},
		"grows in front for ever": {push, 1 << 30, numbered(0, 240), false},
		"shrinks for a while":     {shrink, 7, numbered(7, 240), true},
		"shrinks for ever":        {shrink, 1 << 30, numbered(30, 240), false},
		"is stirred for a while":  {stir, 8, numbered(8, 240), false}, // no count tells
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &restless{rows: numbered(0, 240)}
				l.change = func(l *restless) {
					if l.asked <= test.until {
						test.change(l)
					}
				}
				client, err := mdx.New(mdx.Config{Token: "t", Transport: l, LockDir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				rules, err := client.ACLRules(t.Context(), "s", mdx.ACLv4, mdx.Expecting(test.stays...))
				if err != nil {
					t.Fatal(err)
				}
				ids := idsOf(rules, func(rule mdx.ACLRule) mdx.ACLRuleID { return rule.ID })
				for _, id := range test.stays {
					if !slices.Contains(ids, id) {
						t.Errorf("%s was there all the time", id)
					}
				}
				if test.exact && len(ids) != len(l.rows) {
					t.Errorf("%d rules, and the list has %d", len(ids), len(l.rows))
				}
				if l.asked > 5*4 || time.Since(start) > time.Minute {
					t.Errorf("%d requests in %s", l.asked, time.Since(start))
				}
			})
		})
	}
}

// Nobody is told of what two looks in a row lack.
func TestWhatLeavesAListThatChangesIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		amiss := func(ids ...string) reply { return says(200, page(9, "null", ids...)) }
		last := amiss("a", "b", "c")
		s, client := scripted(t, amiss("gone", "a"), amiss("a", "b"), last, amiss("a", "b", "c", "d"))
		s.answers = append(s.answers, last)
		vms, err := client.VMs(t.Context(), "p")
		ids := idsOf(vms, func(vm mdx.VMSummary) mdx.VMID { return vm.ID })
		if err != nil || !slices.Equal(ids, []string{"a", "b", "c", "d"}) {
			t.Errorf("%v, %v", ids, err)
		}
	})
}
