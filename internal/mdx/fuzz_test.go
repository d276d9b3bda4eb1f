package mdx

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// decodes fuzzes the decoding of a whole answer: whatever the portal sends, decoding ends in a value
// whose parts are usable, or in an error. look is given what was read.
func decodes[W any](f *testing.F, look func(*testing.T, W), seeds ...string) {
	f.Helper()
	for _, seed := range append(seeds, `null`, `[]`, `{}`, `""`, `[null]`, `{"results":[null]}`, `[[]]`, `1e999`, `<html>`) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var w W
		if json.Unmarshal(data, &w) == nil {
			look(t, w)
		}
	})
}

func checkAddrs(t *testing.T, addrs []netip.Addr) {
	t.Helper()
	for _, addr := range addrs {
		if !addr.IsValid() || addr.IsUnspecified() {
			t.Errorf("%v passes for an address", addr)
		}
	}
}

func FuzzDecodeVM(f *testing.F) {
	decodes(f, func(t *testing.T, w wireVM) {
		t.Helper()
		vm := w.vm("v")
		for _, n := range vm.ServiceNetworks {
			checkAddrs(t, slices.Concat(n.IPv4, n.IPv6))
		}
		for _, d := range vm.HardDisks {
			if d.CapacityGB < 0 {
				t.Errorf("a disk of %d GB", d.CapacityGB)
			}
		}
		if vm.IPv4().IsValid() && len(vm.ServiceNetworks) == 0 || vm.MemoryGB < 0 {
			t.Errorf("%+v", vm)
		}
	}, `{"name":"web","status":"PowerON","service_level":"スポット仮想マシン","vmware_tools":[{"status":"ok","version":12}],"cpu":"3","memory":"4.53 GB","service_networks":[{"adapter_number":1,"segment":"net","ipv4_address":["","10.0.0.5"],"ipv6_address":"fe80::1%eth0","global_ip":null}],"storage_networks":[{"adapter_number":2,"ipv4_address":["10.1.0.5"],"storage_network_type":"PVRDMA"}],"hard_disks":[{"disk_number":1,"device_key":2000,"capacity":"40 GB"}],"pack_num":3}`,
		`{"vmware_tools":{"status":"ok"},"service_networks":null,"hard_disks":{"capacity":"1.5 TB"}}`)
}

func FuzzDecodeVMs(f *testing.F) {
	decodes(f, func(_ *testing.T, p wirePage[wireVMSummary]) {
		for _, w := range p.Results {
			w.summary()
		}
	}, `{"count":1,"next":"?page=2","previous":null,"results":[{"uuid":"v","name":"web","status":"PowerON","running_tasks":[],"service_level":"起動保証仮想マシン"}]}`)
}

func FuzzDecodeProjects(f *testing.F) {
	decodes(f, func(_ *testing.T, p wirePage[wireAssigned]) {
		for _, w := range p.Results {
			_, _ = w.flatten()
		}
	}, `[{"name":"org","projects":[{"uuid":"p","name":"one","type":0,"expired":false}]}]`, `{"results":[{"uuid":"p"}]}`)
}

func FuzzDecodeCatalogs(f *testing.F) {
	decodes(f, func(t *testing.T, p wirePage[wireCatalog]) {
		t.Helper()
		for _, w := range p.Results {
			if c := w.catalog(); c.MinDiskGB < 0 {
				t.Errorf("%+v", c)
			}
		}
	}, `[{"uuid":"c","name":"Ubuntu","os_type":"Linux","login_username":null,"gpu_required":false,"lower_limit_disk":40,"lower_limit_memory":"1 GB"}]`)
}

func FuzzDecodeHistory(f *testing.F) {
	c := &Client{log: &masker{}}
	decodes(f, func(t *testing.T, p wirePage[wireTask]) {
		t.Helper()
		for _, w := range p.Results {
			if task := c.task(w); task.Done() != (task.Status == TaskCompleted || task.Status == TaskFailed) {
				t.Errorf("%+v", task)
			}
		}
	}, `[{"uuid":"t","type":"デプロイ","object_uuid":"v","start_datetime":"2026-04-01 10:00:00","end_datetime":null,"status":"Running","progress":40}]`)
}

func FuzzDecodeTaskIDs(f *testing.F) {
	decodes(f, func(t *testing.T, ids wireTasks) {
		t.Helper()
		if slices.Contains(ids, "") {
			t.Error("an empty task id")
		}
	}, `{"task_id":["a","b"]}`, `{"task_id":"a"}`, `"a"`, `["a"]`)
}

func FuzzDecodeSegments(f *testing.F) {
	decodes(f, func(t *testing.T, p wirePage[wireSegment]) {
		t.Helper()
		for _, w := range p.Results {
			if got := w.segment(); got.Name != string(w.Name) {
				t.Errorf("%+v", got)
			}
		}
	}, `[{"uuid":"s","name":"既定","default":true}]`)
}

func FuzzDecodeACLRules(f *testing.F) {
	decodes(f, func(t *testing.T, p wirePage[wireACLRule]) {
		t.Helper()
		for _, w := range p.Results {
			rule, err := w.rule()
			if err != nil {
				t.Errorf("a rule that was read can't be: %v", err)
			}
			if rule == (ACLRule{}) {
				continue
			}
			if rule != rule.normal() || !rule.Same(rule) {
				t.Errorf("%+v is not in its normal form", rule)
			}
		}
	}, `[{"uuid":"r","protocol":"tcp","src_address":"0.0.0.0","src_mask":"0","src_port":"any","dst_address":"10.0.0.5","dst_mask":"255.255.255.255","dst_port":22}]`)
}

func FuzzDecodeDNATs(f *testing.F) {
	decodes(f, func(_ *testing.T, p wirePage[wireDNAT]) {
		for _, w := range p.Results {
			w.dnat()
		}
	}, `[{"uuid":"d","pool_address":"203.0.113.10","segument":"既定","dst_address":"10.0.0.5"}]`)
}

func FuzzParseMask(f *testing.F) {
	for _, seed := range []string{"21", "/21", "255.255.248.0", "255.0.255.0", "129", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if bits, err := parseMask(text); err == nil && (bits < 0 || bits > 128) {
			t.Errorf("mask %q = %d", text, bits)
		}
		if prefix, err := parseNetwork("10.1.2.3", text); err == nil && (!prefix.IsValid() || prefix != prefix.Masked()) {
			t.Errorf("network with mask %q = %v", text, prefix)
		}
	})
}

func FuzzParsePort(f *testing.F) {
	for _, seed := range []string{"22", "any", "0", "65536", "0022"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		port, err := ParsePort(text)
		if err != nil {
			return
		}
		if again, err := ParsePort(string(port)); err != nil || again != port || normalPort(text) != port {
			t.Errorf("port %q = %q, again %q, %v", text, port, again, err)
		}
	})
}

func FuzzParseGB(f *testing.F) {
	for _, seed := range []string{"40 GB", "64.0GB", "1,024", "1.5 TB", "-1", "GB", "1e9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if size, err := parseGB(text); err == nil && !(size >= 0 && size <= 1<<50) {
			t.Errorf("size %q = %v", text, size)
		}
	})
}

func FuzzExpandNames(f *testing.F) {
	for _, seed := range []string{"web", "web-[1-3]", "[0-9]", "a[1-2]b", "a[2-1]", "a[1-2][3-4]", "[", "é[1-2]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		names, err := ExpandNames(name)
		if err != nil {
			return
		}
		if len(names) == 0 || len(names) > 10 || len(names) > 1 && !strings.Contains(name, "[") {
			t.Errorf("%q = %q", name, names)
		}
		for _, n := range names {
			if strings.ContainsAny(n, "[]") || len(names) > 1 && len(n) != len(name)-4 {
				t.Errorf("%q = %q", name, names)
			}
		}
	})
}

func FuzzPlanNames(f *testing.F) {
	for _, seed := range []string{"a", "n-1 n-2 n-3", "1-1 1-2 2-1 2-2", "n-8 n-9 n-10 n-11 n-12", "a1 a1 b", "[1-2] 1 2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names := strings.Fields(text)
		var made []string
		for _, p := range PlanNames(names) {
			if !strings.ContainsAny(p.Names[0], "[]") {
				if expanded, err := ExpandNames(p.VMName); err != nil || !slices.Equal(expanded, p.Names) {
					t.Errorf("%q makes %q, %v; planned %q", p.VMName, expanded, err, p.Names)
				}
			}
			made = append(made, p.Names...)
		}
		slices.Sort(names)
		slices.Sort(made)
		if names = slices.Compact(names); !slices.Equal(names, made) {
			t.Errorf("planned %q for %q", made, names)
		}
	})
}

func FuzzPortalMessage(f *testing.F) {
	for _, seed := range []string{`{"detail":"no"}`, `{"a":["b",{"c":1}]}`, `<html><title>x</title>`, `text`, ``, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if message, _ := new(masker).message(body); utf8.RuneCountInString(message) > 501 {
			t.Errorf("a message of %d bytes", len(message))
		}
	})
}

func FuzzTokenFile(f *testing.F) {
	for _, seed := range []string{"token\n", `{"token":"t"}`, `"t"`, "\ufefft", "two words", "{"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if text := parseTokenFile(data); strings.ContainsAny(text, " \t\r\n\x00") {
			t.Errorf("token %q would break a header", text)
		}
	})
}

func FuzzReadToken(f *testing.F) {
	f.Add("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3NjAwMDAwMDB9.c2ln")
	f.Add("opaque")
	f.Add("..")
	now := time.Unix(1760000000, 0)
	f.Fuzz(func(t *testing.T, text string) {
		if token := readToken(text, now); token.text != text || token.due.IsZero() {
			t.Errorf("%+v", token)
		}
	})
}
