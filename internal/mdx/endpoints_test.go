package mdx_test

import (
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// values compares what cmp can't look into.
var values = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b *big.Rat) bool { return (a == nil) == (b == nil) && (a == nil || a.Cmp(b) == 0) }),
}

var jst = time.FixedZone("JST", 9*60*60)

// TestEndpoints says for each method which request it makes, and what it makes of the answer.
func TestEndpoints(t *testing.T) {
	ctx := t.Context()
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	adapters := []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: "s"}}
	rule := mdx.ACLRule{Protocol: mdx.TCP, Src: prefix("0.0.0.0/0"), SrcPort: mdx.AnyPort, Dst: prefix("10.0.0.5/32"), DstPort: "22"}
	rule6 := mdx.ACLRule{Protocol: mdx.ICMP, Src: prefix("::/0"), SrcPort: mdx.AnyPort, Dst: prefix("2001:db8::/64"), DstPort: mdx.AnyPort}
	withID := func(r mdx.ACLRule, id mdx.ACLRuleID) mdx.ACLRule { r.ID = id; return r }
	const ruleJSON = `{"uuid":"r","protocol":"TCP","src_address":"0.0.0.0","src_mask":"0","src_port":"Any","dst_address":"10.0.0.5","dst_mask":32,"dst_port":22}`
	const ruleBody = `"protocol":"TCP","src_address":"0.0.0.0","src_mask":"0","src_port":"Any","dst_address":"10.0.0.5","dst_mask":"32","dst_port":"22"`
	const ruleBody6 = `"protocol":"ICMP","src_address":"::","src_mask":"0","src_port":"Any","dst_address":"2001:db8::","dst_mask":"64","dst_port":"Any"`
	dnat := mdx.DNATRequest{PoolAddress: addr("203.0.113.10"), Segment: "s", DstAddress: addr("10.0.0.5")}
	const dnatBody = `{"pool_address":"203.0.113.10","segment":"s","dst_address":"10.0.0.5"}`
	const historyJSON = `{"count":1,"next":null,"results":[{"uuid":"t","project":"p","user_name":"利用者","type":"デプロイ","object_uuid":"v","object_name":"web","start_datetime":"2026-04-01 10:00:00","end_datetime":null,"status":"Running","progress":40,"error_message":null}]}`
	entry := mdx.Task{
		ID: "t", Type: "デプロイ", ObjectID: "v", ObjectName: "web", UserName: "利用者",
		Start: time.Date(2026, 4, 1, 10, 0, 0, 0, jst), Status: mdx.TaskRunning, Percent: 40,
	}
	history := func(c *mdx.Client, vm bool) (any, error) {
		var out []mdx.Task
		seq := c.History(ctx, "p", mdx.HistoryFilter{Type: "デプロイ"})
		if vm {
			seq = c.VMHistory(ctx, "v", mdx.HistoryFilter{})
		}
		for task, err := range seq {
			if err != nil {
				return nil, err
			}
			out = append(out, task)
		}
		return out, nil
	}
	const pageQuery = "?page=1&page_size=100"

	for name, tc := range map[string]struct {
		do      func(*mdx.Client) (any, error)
		request string // method, path and query
		body    string // JSON, or nothing
		status  int
		answer  string
		want    any
	}{
		"ProjectSummary": {
			func(c *mdx.Client) (any, error) { return c.ProjectSummary(ctx, "p") },
			"GET /api/project/p/summary/", "", 200,
			`{"uuid":"p","name":"計画","description":null,"type":"normal","applicant":"申請者","begin":"2026-04-01","limit":"2027-03-31"}`,
			mdx.ProjectSummary{
				ID: "p", Name: "計画", Type: "normal", Applicant: "申請者",
				Begin: time.Date(2026, 4, 1, 0, 0, 0, 0, jst), End: time.Date(2027, 3, 31, 0, 0, 0, 0, jst),
			},
		},
		"ProjectResources": {
			func(c *mdx.Client) (any, error) { return c.ProjectResources(ctx, "p") },
			"GET /api/project/p/resources/", "", 200,
			`{"cpu_pack_max":100,"cpu_pack":"12","cpu_pack_max_current":40,"cpu_pack_future":30,"cpu_pack_rmin":5,"gpu_pack":0,"disk_size":"500 GB","global_ip":3}`,
			mdx.ProjectResources{
				CPUPacks: mdx.PackQuota{Requested: 100, Used: 12, Allocated: 40, NextMonth: 30, Minimum: 5}, DiskGB: 500, GlobalIPs: 3,
			},
		},
		"VMCounts": {
			func(c *mdx.Client) (any, error) { return c.VMCounts(ctx, "p", mdx.Spot) },
			"GET /api/project/p/overview/spot_vm/", "", 200,
			`{"power_on":159,"power_off":0,"detached":0,"deallocated":49,"total":208}`,
			mdx.VMCounts{PowerOn: 159, Deallocated: 49, Total: 208},
		},
		"ProjectUsage": {
			func(c *mdx.Client) (any, error) { return c.ProjectUsage(ctx, "p") },
			"GET /api/project/p/overview/resource/", "", 200,
			`{"type":"通常","disk_size":{"used":19010.0,"unused":5990.0},"cpu_pack":{"used":12,"unused":34},"gpu_pack":null}`,
			mdx.ProjectUsage{DiskGB: mdx.Usage{Used: 19010, Unused: 5990}, CPUPacks: mdx.Usage{Used: 12, Unused: 34}},
		},
		"ProjectPoints": {
			func(c *mdx.Client) (any, error) {
				points, last, err := c.ProjectPoints(ctx, "p")
				return []any{points, last}, err
			},
			"GET /api/project/p/point/", "", 200,
			`{"lastConsumed":"2026-09-12 14:00","results":[{"point_id":123,"purchase_points":"1000.0001","used_points":"0.0001","remaining_points":"unknown","expiration_date":"2027-03-31"}]}`,
			[]any{
				[]mdx.Points{{
					ID: "123", Purchased: big.NewRat(10000001, 10000), Used: big.NewRat(1, 10000),
					Expires: time.Date(2027, 3, 31, 0, 0, 0, 0, jst),
				}},
				time.Date(2026, 9, 12, 14, 0, 0, 0, jst),
			},
		},
		"ProjectStorage": {
			func(c *mdx.Client) (any, error) { return c.ProjectStorage(ctx, "p") },
			"GET /api/project/p/storage/", "", 200, `{"any":[1]}`, json.RawMessage(`{"any":[1]}`),
		},
		"AccessKeys": {
			func(c *mdx.Client) (any, error) { return c.AccessKeys(ctx, "p") },
			"GET /api/project/p/access_key/" + pageQuery, "", 200, `[{"uuid":"k","name":"鍵"}]`,
			[]mdx.AccessKey{{ID: "k", Name: "鍵"}},
		},
		"Catalogs": {
			func(c *mdx.Client) (any, error) { return c.Catalogs(ctx, "p") },
			"GET /api/catalog/project/p/" + pageQuery, "", 200,
			`{"count":1,"next":null,"previous":null,"results":[{"uuid":"c","name":"Ubuntu","type":"標準","template_name":"UT-2204","os_type":"Linux","os_name":"Ubuntu","os_version":"22.04","hw_version":null,"description":null,"login_username":"mdxuser","gpu_required":false,"lower_limit_disk":40,"lower_limit_memory":"1 GB","new":[]}]}`,
			[]mdx.Catalog{{
				ID: "c", Name: "Ubuntu", Type: "標準", TemplateName: "UT-2204", OSType: mdx.Linux, OSName: "Ubuntu", OSVersion: "22.04",
				LoginUsername: "mdxuser", MinDiskGB: 40, MinMemoryGB: 1,
			}},
		},
		"History": {
			func(c *mdx.Client) (any, error) { return history(c, false) },
			"GET /api/history/project/p/?ordering=-start_datetime&page=1&page_size=100&type=%E3%83%87%E3%83%97%E3%83%AD%E3%82%A4", "", 200,
			historyJSON,
			[]mdx.Task{entry},
		},
		"VMHistory": {
			func(c *mdx.Client) (any, error) { return history(c, true) },
			"GET /api/history/vm/v/?ordering=-start_datetime&page=1&page_size=100", "", 200, historyJSON,
			[]mdx.Task{entry},
		},
		"Task": {
			func(c *mdx.Client) (any, error) { return c.Task(ctx, "t") },
			"GET /api/task/t/", "", 200,
			`{"uuid":"t","type":"デプロイ","object_uuid":"v","object_name":"web","status":"failed","progress":"70","error_message":"失敗","error_detail":"詳細","start_datetime":"2026-04-01 10:00:00","end_datetime":"2026-04-01 10:05:00"}`,
			mdx.Task{
				ID: "t", Type: "デプロイ", ObjectID: "v", ObjectName: "web", Status: mdx.TaskFailed, Percent: 70, Message: "失敗", Detail: "詳細",
				Start: time.Date(2026, 4, 1, 10, 0, 0, 0, jst), End: time.Date(2026, 4, 1, 10, 5, 0, 0, jst),
			},
		},
		"VMs": {
			func(c *mdx.Client) (any, error) { return c.VMs(ctx, "p") },
			"GET /api/vm/project/p/" + pageQuery, "", 200,
			`[{"uuid":"v","name":"web","status":"PowerON","vcenter":"vc","running_tasks":[],"service_level":"起動保証仮想マシン","force_stop":false,"allocation":null},{"uuid":"w","name":"new","status":"何か"}]`,
			[]mdx.VMSummary{
				{ID: "v", Name: "web", Status: mdx.VMPowerOn, ServiceLevel: mdx.Guarantee, VCenter: "vc"},
				{ID: "w", Name: "new", Status: "何か"},
			},
		},
		"VMAddresses": {
			func(c *mdx.Client) (any, error) { return c.VMAddresses(ctx, "v") },
			"GET /api/vm/v/csv/", "", 200,
			`{"name":"web","service_networks":[{"adapter_number":1,"ipv4_address":["10.0.0.5"],"global_ip":"203.0.113.10"}],"storage_networks":[{"adapter_number":2,"ipv4_address":["10.128.0.5"],"type":"PVRDMA"}]}`,
			mdx.VMAddresses{
				Name:            "web",
				ServiceNetworks: []mdx.ServiceNetwork{{AdapterNumber: 1, IPv4: []netip.Addr{addr("10.0.0.5")}, GlobalIP: addr("203.0.113.10")}},
				StorageNetworks: []mdx.StorageNetworkAdapter{{AdapterNumber: 2, IPv4: []netip.Addr{addr("10.128.0.5")}, Type: mdx.PVRDMA}},
			},
		},
		"Deploy in a dedicated project": {
			func(c *mdx.Client) (any, error) {
				return c.Deploy(ctx, mdx.DeployRequest{
					Project: "p", Catalog: "c", VMName: "web", TemplateName: "T", OSType: mdx.Linux, DiskGB: 40, CPU: 4, MemoryGB: 16, GPU: 1,
					ServiceLevel: mdx.Guarantee, StorageNetwork: mdx.SRIOV, NetworkAdapters: adapters, SharedKey: "k", NVLink: true,
				})
			},
			"POST /api/vm/deploy/",
			`{"catalog":"c","project":"p","vm_name":"web","template_name":"T","os_type":"Linux","disk_size":40,"cpu":4,"memory":16,"gpu":"1","service_level":"guarantee","storage_network":"sr-iov","network_adapters":[{"adapter_number":1,"segment":"s"}],"shared_key":"k","power_on":false,"nvlink":true}`,
			202, `"t"`,
			[]mdx.TaskID{"t"},
		},
		"Clone": {
			func(c *mdx.Client) (any, error) {
				return c.Clone(ctx, "v", mdx.CloneRequest{
					Project: "p", VMName: "copy", OSType: mdx.Linux, PackType: mdx.PackCPU, PackNum: 3, ServiceLevel: mdx.Spot,
					StorageNetwork: mdx.PortGroup, NetworkAdapters: adapters,
				})
			},
			"POST /api/vm/v/clone/",
			`{"project":"p","vm_name":"copy","os_type":"Linux","pack_type":"cpu","pack_num":3,"gpu":"0","service_level":"spot","storage_network":"portgroup","network_adapters":[{"adapter_number":1,"segment":"s"}]}`,
			202, `{"task_id":"t"}`,
			[]mdx.TaskID{"t"},
		},
		"Reconfigure": {
			func(c *mdx.Client) (any, error) {
				return c.Reconfigure(ctx, "v", mdx.Reconfiguration{
					HardDisks:       []mdx.HardDisk{{DiskNumber: 1, DeviceKey: 2000, CapacityGB: 50, Datastore: "not sent"}},
					NetworkAdapters: adapters, PackNum: 5,
				})
			},
			"POST /api/vm/v/reconfigure/",
			`{"hard_disks":[{"disk_number":1,"device_key":2000,"capacity":50}],"network_adapters":[{"adapter_number":1,"segment":"s"}],"pack_num":5}`,
			202, `{"task_id":["t"]}`,
			[]mdx.TaskID{"t"},
		},
		"Rename": {
			func(c *mdx.Client) (any, error) { return c.Rename(ctx, "v", "new") },
			"POST /api/vm/v/rename/", `{"vm_name":"new"}`, 202, `{"task_id":"t"}`,
			[]mdx.TaskID{"t"},
		},
		"PowerOn": {
			func(c *mdx.Client) (any, error) { return c.PowerOn(ctx, "v", mdx.Guarantee) },
			"POST /api/vm/v/power_on/", `{"service_level":"guarantee"}`, 202, `{}`, []mdx.TaskID(nil),
		},
		"PowerOff": {
			func(c *mdx.Client) (any, error) { return c.PowerOff(ctx, "v") },
			"POST /api/vm/v/power_off/", "", 202, ``, []mdx.TaskID(nil),
		},
		"Shutdown": {
			func(c *mdx.Client) (any, error) { return c.Shutdown(ctx, "v") },
			"POST /api/vm/v/shutdown/", "", 202, `null`, []mdx.TaskID(nil),
		},
		"Reboot": {
			func(c *mdx.Client) (any, error) { return c.Reboot(ctx, "v") },
			"POST /api/vm/v/reboot/", "", 202, `{}`, []mdx.TaskID(nil),
		},
		"Reset": {
			func(c *mdx.Client) (any, error) { return c.Reset(ctx, "v") },
			"POST /api/vm/v/reset/", "", 202, `{}`, []mdx.TaskID(nil),
		},
		"Destroy": {
			func(c *mdx.Client) (any, error) { return c.Destroy(ctx, "v") },
			"POST /api/vm/v/destroy/", "", 202, `{"task_id":"t"}`,
			[]mdx.TaskID{"t"},
		},
		"Synchronize": {
			func(c *mdx.Client) (any, error) { return c.Synchronize(ctx, "p") },
			"POST /api/vm/synchronize/project/p/", "", 202, `{}`, []mdx.TaskID(nil),
		},
		"Segments": {
			func(c *mdx.Client) (any, error) { return c.Segments(ctx, "p") },
			"GET /api/segment/project/p/all/" + pageQuery, "", 200, `[{"uuid":"s","name":"既定","default":true}]`,
			[]mdx.Segment{{ID: "s", Name: "既定", Default: true}},
		},
		"Segment": {
			func(c *mdx.Client) (any, error) { return c.Segment(ctx, "s") },
			"GET /api/segment/s/summary/", "", 200, `{"vlan_id":583,"vni":"583","ip_range":"10.0.1.0/21"}`,
			mdx.SegmentSummary{VLANID: 583, VNI: 583, IPRange: prefix("10.0.0.0/21")},
		},
		"ACLRules": {
			func(c *mdx.Client) (any, error) { return c.ACLRules(ctx, "s", mdx.ACLv4) },
			"GET /api/acl/segment/s/" + pageQuery, "", 200, `[` + ruleJSON + `]`,
			[]mdx.ACLRule{withID(rule, "r")},
		},
		"ACLRules of IPv6": {
			func(c *mdx.Client) (any, error) { return c.ACLRules(ctx, "s", mdx.ACLv6) },
			"GET /api/acl_v6/segment/s/" + pageQuery, "", 200, `{"count":0,"next":null,"results":[]}`, []mdx.ACLRule(nil),
		},
		"CreateACLRule": {
			func(c *mdx.Client) (any, error) { return c.CreateACLRule(ctx, "s", rule) },
			"POST /api/acl/", `{"segment":"s",` + ruleBody + `}`, 201, ruleJSON, withID(rule, "r"),
		},
		"UpdateACLRule of IPv6": {
			func(c *mdx.Client) (any, error) { return nil, c.UpdateACLRule(ctx, withID(rule6, "r")) },
			"PUT /api/acl_v6/r/", `{` + ruleBody6 + `}`, 200, `{}`, nil,
		},
		"DeleteACLRule": {
			func(c *mdx.Client) (any, error) { return nil, c.DeleteACLRule(ctx, mdx.ACLv4, "r") },
			"DELETE /api/acl/r/", "", 204, ``, nil,
		},
		"DNATs": {
			func(c *mdx.Client) (any, error) { return c.DNATs(ctx, "p") },
			"GET /api/dnat/project/p/" + pageQuery, "", 200,
			`[{"uuid":"d","pool_address":"203.0.113.10","segment":"既定","dst_address":"10.0.0.5"},{"uuid":"e","pool_address":"203.0.113.11","segument":"別","dst_address":null}]`,
			[]mdx.DNAT{
				{ID: "d", PoolAddress: addr("203.0.113.10"), SegmentName: "既定", DstAddress: addr("10.0.0.5")},
				{ID: "e", PoolAddress: addr("203.0.113.11"), SegmentName: "別"},
			},
		},
		"CreateDNAT": {
			func(c *mdx.Client) (any, error) { return nil, c.CreateDNAT(ctx, dnat) },
			"POST /api/dnat/", dnatBody, 201, ``, nil,
		},
		"UpdateDNAT": {
			func(c *mdx.Client) (any, error) { return nil, c.UpdateDNAT(ctx, "d", dnat) },
			"PUT /api/dnat/d/", dnatBody, 200, ``, nil,
		},
		"DeleteDNAT": {
			func(c *mdx.Client) (any, error) { return nil, c.DeleteDNAT(ctx, "d") },
			"DELETE /api/dnat/d/", "", 204, ``, nil,
		},
		"AssignableAddresses": {
			func(c *mdx.Client) (any, error) { return c.AssignableAddresses(ctx, "p") },
			"GET /api/global_ip/project/p/assignable/", "", 200, `["203.0.113.10","203.0.113.11"]`,
			[]netip.Addr{addr("203.0.113.10"), addr("203.0.113.11")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, client := scripted(t, says(tc.status, tc.answer))
			got, err := tc.do(client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, values); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			want := 1
			if strings.HasPrefix(tc.request, "GET ") && strings.HasPrefix(tc.answer, "[") {
				want = 2 // a bare array has no count
			}
			if len(s.asked) != want {
				t.Fatalf("%d requests, want %d", len(s.asked), want)
			}
			r := s.asked[0]
			if got := r.Method + " " + r.URL.RequestURI(); got != tc.request {
				t.Errorf("request = %s\nwant      %s", got, tc.request)
			}
			if diff := cmp.Diff(parsed(t, tc.body), parsed(t, bodyOf(t, r))); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func bodyOf(t *testing.T, r *http.Request) string {
	t.Helper()
	if r.GetBody == nil {
		return ""
	}
	body, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestARuleThatIsAcceptedWithoutWordsIsLookedUp(t *testing.T) {
	rule := mdx.ACLRule{Protocol: mdx.UDP, Src: netip.MustParsePrefix("10.0.0.0/8"), SrcPort: mdx.AnyPort, Dst: netip.MustParsePrefix("10.0.0.5/32"), DstPort: "53"}
	const listed = `[{"uuid":"a","protocol":"TCP","src_address":"10.0.0.0","src_mask":"8","src_port":"Any","dst_address":"10.0.0.5","dst_mask":"32","dst_port":"53"},` +
		`{"uuid":"b","protocol":"UDP","src_address":"10.0.0.0","src_mask":"255.0.0.0","src_port":"any","dst_address":"10.0.0.5","dst_mask":"32","dst_port":53}]`
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(201, ``), says(200, `[]`), says(200, listed))
		got, err := client.CreateACLRule(t.Context(), "s", rule)
		if err != nil || got.ID != "b" {
			t.Errorf("CreateACLRule = %+v, %v", got, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(201, ``), says(200, `[]`))
		if _, err := client.CreateACLRule(t.Context(), "s", rule); !mdx.IsAmbiguous(err) {
			t.Errorf("CreateACLRule = %v", err)
		}
	})
}

func TestARuleThatCannotBeIsNotSent(t *testing.T) {
	s, client := scripted(t, says(201, ``))
	for name, rule := range map[string]mdx.ACLRule{
		"no networks":    {Protocol: mdx.TCP},
		"mixed versions": {Protocol: mdx.TCP, Src: netip.MustParsePrefix("::/0"), Dst: netip.MustParsePrefix("10.0.0.0/8")},
	} {
		if _, err := client.CreateACLRule(t.Context(), "s", rule); err == nil || mdx.IsAmbiguous(err) {
			t.Errorf("%s: CreateACLRule = %v", name, err)
		}
		if err := client.UpdateACLRule(t.Context(), rule); err == nil {
			t.Errorf("%s: UpdateACLRule succeeded", name)
		}
	}
	if len(s.asked) > 0 {
		t.Errorf("%d requests", len(s.asked))
	}
}

func TestDNATRulesAreWaitedFor(t *testing.T) {
	const rule = `[{"uuid":"d","pool_address":"203.0.113.10","segment":"n","dst_address":"10.0.0.5"}]`
	s := &script{answers: []reply{says(200, `[]`), says(200, rule), says(200, rule), says(200, `[]`)}}
	fast, err := mdx.New(mdx.Config{Token: "t", Transport: s, LockDir: t.TempDir(), PollInterval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	got, err := fast.WaitDNAT(t.Context(), "p", netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("10.0.0.5"))
	if err != nil || got.ID != "d" {
		t.Errorf("WaitDNAT = %+v, %v", got, err)
	}
	if err := fast.WaitDNATGone(t.Context(), "p", "d"); err != nil || len(s.asked) != 5 { // the last two agree
		t.Errorf("WaitDNATGone = %v after %d requests", err, len(s.asked))
	}
}

func TestAnswersThatMakeNoSenseAreErrors(t *testing.T) {
	ctx := t.Context()
	for name, tc := range map[string]struct {
		answer string
		do     func(*mdx.Client) error
	}{
		"an address range that is none": {`{"ip_range":"all"}`, func(c *mdx.Client) error { _, err := c.Segment(ctx, "s"); return err }},
		"a rule without a network": {
			`[{"uuid":"r","src_address":"x","src_mask":"1"}]`,
			func(c *mdx.Client) error { _, err := c.ACLRules(ctx, "s", mdx.ACLv4); return err },
		},
		"a list of lists":        {`[[1]]`, func(c *mdx.Client) error { _, err := c.VMs(ctx, "p"); return err }},
		"projects that are text": {`[{"name":"o","projects":"none"}]`, func(c *mdx.Client) error { _, err := c.Projects(ctx); return err }},
		"a size without a unit": {
			`{"name":"v","memory":"much"}`,
			func(c *mdx.Client) error { _, err := c.VM(ctx, "p", "v"); return err },
		},
		"a token that is missing": {`{}`, func(c *mdx.Client) error { return c.RefreshToken(ctx) }},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := scripted(t, says(200, tc.answer))
			if err := tc.do(client); err == nil || mdx.IsNotFound(err) {
				t.Errorf("error = %v", err)
			}
		})
	}
}
