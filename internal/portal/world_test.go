package portal

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Ids of the simulator's world.
const (
	demoProject mdx.ProjectID = "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d01"
	backendNet  mdx.SegmentID = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a002"
	defaultNet  mdx.SegmentID = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
)

// tripper is a way to the portal that a test looks at, or steps into.
type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// simulated is a portal of the provider in front of a simulator of its own. on, if any, hears of each request before
// it is sent.
func simulated(tb testing.TB, cfg mdxsim.Config, on func(*http.Request)) (*Portal, *mdxsim.Sim) {
	tb.Helper()
	if cfg.Speed == 0 {
		cfg.Speed = 20000
	}
	sim, err := mdxsim.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	transport := &http.Transport{}
	client, err := mdx.New(mdx.Config{
		Endpoint: server.URL, Token: "demo", PollInterval: time.Millisecond, LockDir: tb.TempDir(), MaxRetries: 4,
		Transport: tripper(func(r *http.Request) (*http.Response, error) {
			if on != nil {
				on(r)
			}
			return transport.RoundTrip(r)
		}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		if err := sim.Close(); err != nil {
			tb.Error(err)
		}
	})
	notes := recorder{journal.At(tb.TempDir()), server.URL, "default", time.Now()}
	tb.Cleanup(func() {
		if err := notes.Close(); err != nil {
			tb.Error(err)
		}
	})
	return of(client, time.Millisecond, notes), sim
}

// rulesIn are a segment's rules as the simulator has them, hidden ones included.
func rulesIn(sim *mdxsim.Sim, segment mdx.SegmentID) []mdxsim.ACLRule {
	for _, organisation := range sim.World().Organisations {
		for _, project := range organisation.Projects {
			for _, s := range project.Segments {
				if s.UUID == string(segment) {
					return slices.Concat(s.ACL, s.ACLv6)
				}
			}
		}
	}
	return nil
}

// texts describes rules, sorted.
func texts(rules []mdx.ACLRule) []string {
	all := []string{}
	for _, rule := range rules {
		if text := DescribeRule(rule); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}

// textsIn describes the rules of the segment backend that are ours, or others'.
func textsIn(sim *mdxsim.Sim, foreign bool) []string {
	all := []string{}
	for _, r := range rulesIn(sim, backendNet) {
		if r.Foreign != foreign {
			continue
		}
		all = append(all, DescribeRule(mdx.ACLRule{
			Protocol: mdx.Protocol(r.Protocol), SrcPort: mdx.Port(r.SrcPort), DstPort: mdx.Port(r.DstPort),
			Src: netip.MustParsePrefix(r.SrcAddress + "/" + r.SrcMask), Dst: netip.MustParsePrefix(r.DstAddress + "/" + r.DstMask),
		}))
	}
	slices.Sort(all)
	return all
}

// putForeign adds rules to the segment backend by somebody else's hand.
func putForeign(t interface{ Fatal(...any) }, sim *mdxsim.Sim, rules []mdx.ACLRule) {
	for _, r := range rules {
		_, err := sim.PutACL(string(backendNet), mdxsim.ACLRule{
			Protocol: string(r.Protocol), SrcPort: string(r.SrcPort), DstPort: string(r.DstPort),
			SrcAddress: r.Src.Addr().String(), SrcMask: prefixLength(r.Src), DstAddress: r.Dst.Addr().String(), DstMask: prefixLength(r.Dst),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func prefixLength(p netip.Prefix) string { return p.String()[strings.IndexByte(p.String(), '/')+1:] }

func sortedTexts(rules []mdx.ACLRule) []string {
	all := []string{}
	for _, rule := range rules {
		all = append(all, DescribeRule(rule))
	}
	slices.Sort(all)
	return all
}

// backendSet is a set on the segment backend, of an owner whose state has the rules own.
func backendSet(own []mdx.ACLRuleID, want ...mdx.ACLRule) RuleSet {
	return RuleSet{Project: demoProject, Segment: backendNet, Owner: RuleOwner{Own: own}, Want: want}
}

// campus are rules to change from and to.
func campus(ports ...mdx.Port) []mdx.ACLRule {
	var rules []mdx.ACLRule
	for _, port := range ports {
		rules = append(rules, mdx.ACLRule{
			Protocol: mdx.TCP, SrcPort: mdx.AnyPort, DstPort: port,
			Src: netip.MustParsePrefix("192.0.2.0/24"), Dst: netip.MustParsePrefix("10.0.8.0/24"),
		})
	}
	return rules
}
