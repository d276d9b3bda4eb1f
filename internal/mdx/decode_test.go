package mdx

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// decoded is what JSON text reads as; ok tells whether it reads at all.
func decoded[T any](t *testing.T, text string) (value T, ok bool) {
	t.Helper()
	err := json.Unmarshal([]byte(text), &value)
	return value, err == nil
}

func TestScalarsAreReadInEverySpelling(t *testing.T) {
	for text, want := range map[string]wireText{`"a"`: "a", `12`: "12", `1.5`: "1.5", `true`: "true", `null`: "", `"デ"`: "デ"} {
		if got, ok := decoded[wireText](t, text); !ok || got != want {
			t.Errorf("text %s = %q, %t", text, got, ok)
		}
	}
	for text, want := range map[string]wireInt{`3`: 3, `"3"`: 3, `"3.0"`: 3, `null`: 0, `""`: 0, `-1`: -1, `1e2`: 100} {
		if got, ok := decoded[wireInt](t, text); !ok || got != want {
			t.Errorf("int %s = %d, %t", text, got, ok)
		}
	}
	for text, want := range map[string]wireBool{`true`: true, `"True"`: true, `1`: true, `0`: false, `null`: false, `"no"`: false} {
		if got, ok := decoded[wireBool](t, text); !ok || got != want {
			t.Errorf("bool %s = %t, %t", text, got, ok)
		}
	}
	for _, text := range []string{`{}`, `[]`, `[1]`} {
		if got, ok := decoded[wireText](t, text); ok {
			t.Errorf("text %s = %q", text, got)
		}
	}
	for _, text := range []string{`"x"`, `{}`, `"1e999"`, `"NaN"`, `1e30`} {
		if got, ok := decoded[wireInt](t, text); ok {
			t.Errorf("int %s = %d", text, got)
		}
	}
	if got, ok := decoded[wireBool](t, `"maybe"`); ok {
		t.Errorf("bool = %t", got)
	}
}

func TestSizesAreReadAsGB(t *testing.T) {
	for text, want := range map[string]wireGB{
		`"40 GB"`: 40, `"64.0 GB"`: 64, `"57.60GB"`: 57.6, `40`: 40, `"40"`: 40, `"1.5 TB"`: 1536, `"512 MB"`: 0.5,
		`null`: 0, `""`: 0, `"1,024 GB"`: 1024, `19010.0`: 19010, `" 8 gb "`: 8, `"2 GiB"`: 2,
	} {
		if got, ok := decoded[wireGB](t, text); !ok || got != want {
			t.Errorf("size %s = %v, %t; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{`"big"`, `"-1 GB"`, `"40 PB"`, `"GB"`, `"1e400"`, `"0x10"`, `[]`} {
		if got, ok := decoded[wireGB](t, text); ok {
			t.Errorf("size %s = %v", text, got)
		}
	}
}

func TestTaskIDsAreReadInEveryShape(t *testing.T) {
	for text, want := range map[string]wireTasks{
		`{"task_id":["a","b"]}`: {"a", "b"},
		`{"task_id":"a"}`:       {"a"},
		`["a","b"]`:             {"a", "b"},
		`"a"`:                   {"a"},
		`{"task_id":null}`:      nil,
		`{"task_id":[]}`:        nil,
		`{"task_id":[null,""]}`: nil,
		`{}`:                    nil,
		`null`:                  nil,
		`{"detail":"accepted"}`: nil,
		`{"task_id":7}`:         {"7"},
	} {
		got, ok := decoded[wireTasks](t, text)
		if !ok || !cmp.Equal(got, want) {
			t.Errorf("tasks %s = %q, %t; want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{`{"task_id":{}}`, `[[]]`, `[{}]`} {
		if got, ok := decoded[wireTasks](t, text); ok {
			t.Errorf("tasks %s = %q", text, got)
		}
	}
}

func TestListsComePagedOrBare(t *testing.T) {
	for text, want := range map[string]wirePage[int]{
		`[1,2]`: {Count: -1, Results: []int{1, 2}},
		`[]`:    {Count: -1, Results: []int{}},
		`{"count":3,"next":"?page=2","results":[1,2]}`: {Count: 3, More: true, Results: []int{1, 2}},
		`{"count":"2","next":null,"results":[1,2]}`:    {Count: 2, Results: []int{1, 2}},
		`{"results":[1]}`:  {Count: -1, Results: []int{1}},
		`{"results":null}`: {Count: -1},
	} {
		got, ok := decoded[wirePage[int]](t, text)
		got.raw = nil
		if !ok || !cmp.Equal(got, want, cmp.AllowUnexported(got)) {
			t.Errorf("page %s: %s", text, cmp.Diff(want, got, cmp.AllowUnexported(got)))
		}
	}
}

func TestMasksAreReadInEverySpelling(t *testing.T) {
	for text, want := range map[string]int{
		"21": 21, "/21": 21, "32\n": 32, "0": 0, "128": 128, "255.255.255.255": 32, "255.255.248.0": 21, "0.0.0.0": 0,
	} {
		if got, err := parseMask(text); err != nil || got != want {
			t.Errorf("mask %q = %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "129", "-1", "255.0.255.0", "0.255.0.0", "ffff::", "255.255.255"} {
		if got, err := parseMask(text); err == nil {
			t.Errorf("mask %q = %d", text, got)
		}
	}
}

func TestNetworksJoinAddressAndMask(t *testing.T) {
	for _, tc := range []struct{ address, mask, want string }{
		{"10.0.1.5", "21", "10.0.0.0/21"},
		{"10.0.1.5", "255.255.255.255", "10.0.1.5/32"},
		{"0.0.0.0", "0", "0.0.0.0/0"},
		{"2001:db8::1", "64", "2001:db8::/64"},
		{"::ffff:10.0.0.1", "32", "10.0.0.1/32"},
		{"10.0.0.1", "33", ""},
		{"ten", "8", ""},
	} {
		got, err := parseNetwork(tc.address, tc.mask)
		if (err == nil) != (tc.want != "") || err == nil && got.String() != tc.want {
			t.Errorf("network %s %s = %s, %v; want %s", tc.address, tc.mask, got, err, tc.want)
		}
	}
}

func TestPortsAreANumberOrAny(t *testing.T) {
	for text, want := range map[string]Port{"22": "22", "0022": "22", "Any": AnyPort, "any": AnyPort, "ANY": AnyPort, "65535": "65535"} {
		if got, err := ParsePort(text); err != nil || got != want {
			t.Errorf("port %q = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "65536", "-1", "80-90", "ssh", " 22"} {
		if got, err := ParsePort(text); err == nil {
			t.Errorf("port %q = %q", text, got)
		}
	}
}

func TestRulesAreTheSameWhateverTheirSpelling(t *testing.T) {
	parse := func(text string) ACLRule {
		w, ok := decoded[wireACLRule](t, text)
		if !ok {
			t.Fatalf("rule %s can't be read", text)
		}
		rule, err := w.rule()
		if err != nil {
			t.Fatal(err)
		}
		return rule
	}
	a := parse(`{"uuid":"1","protocol":"TCP","src_address":"10.0.1.5","src_mask":21,"src_port":"any","dst_address":"10.0.0.9","dst_mask":"255.255.255.255","dst_port":22}`)
	b := parse(`{"uuid":"2","protocol":"tcp","src_address":"10.0.0.0","src_mask":"21","src_port":"Any","dst_address":"10.0.0.9","dst_mask":"32","dst_port":"22"}`)
	c := parse(`{"uuid":"3","protocol":"tcp","src_address":"10.0.0.0","src_mask":"21","src_port":"Any","dst_address":"10.0.0.9","dst_mask":"32","dst_port":"80-90"}`)
	if !a.Same(b) || a.Same(c) || c.DstPort != "80-90" {
		t.Errorf("%+v\n%+v\n%+v", a, b, c)
	}
	if a.Family() != ACLv4 || (ACLRule{Dst: netip.MustParsePrefix("::/0")}).Family() != ACLv6 {
		t.Error("families are mixed up")
	}
}

func TestOnlyRealAddressesCount(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.5": "10.0.0.5", "10.0.0.5\n": "10.0.0.5", "2001:db8::5": "2001:db8::5", "": "", "-": "", "取得中": "",
		"0.0.0.0": "", "::": "", "10.0.0": "",
	} {
		got := parseAddr(text)
		if got.IsValid() != (want != "") || got.IsValid() && got.String() != want {
			t.Errorf("address %q = %v", text, got)
		}
	}
}

func TestTimesAreJapanese(t *testing.T) {
	want := time.Date(2026, 9, 12, 5, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-09-12 14:00:00", "2026-09-12 14:00", "2026-09-12T14:00:00+09:00", "2026-09-12T05:00:00Z"} {
		if got := parseTime(text); !got.Equal(want) {
			t.Errorf("time %q = %s", text, got)
		}
	}
	for _, text := range []string{"", "null", "soon"} {
		if got := parseTime(text); !got.IsZero() {
			t.Errorf("time %q = %s", text, got)
		}
	}
}

func TestServiceLevelsAreKnownInBothLanguages(t *testing.T) {
	for text, want := range map[string]ServiceLevel{
		"スポット仮想マシン": Spot, "起動保証仮想マシン": Guarantee, "spot": Spot, "Guarantee": Guarantee, "新しい": "新しい", "": "",
	} {
		if got := parseServiceLevel(text); got != want {
			t.Errorf("service level %q = %q", text, got)
		}
	}
}

func TestThePortalsWordsAreFoundInAnyShape(t *testing.T) {
	for body, want := range map[string]string{
		`{"detail":"見つかりませんでした。"}`:                           "見つかりませんでした。",
		`{"vm_name":["既に使われています。"],"disk_size":["小さすぎます。"]}`: "disk_size: 小さすぎます。; vm_name: 既に使われています。",
		`{"non_field_errors":["a","b"]}`:                     "a; b",
		`{"network_adapters":[{"segment":["missing"]}]}`:     "network_adapters: segment: missing",
		`["a","b"]`: "a; b",
		`"plain"`:   "plain",
		`just text`: "just text",
		`<html><head><title>502 Bad &amp; Gateway</title></head>`: "502 Bad & Gateway",
		`<!DOCTYPE html><title>` + "\n 保守 \n" + `中</title>`:       "保守 中",
		`<html></html>`: "",
		``:              "",
		`{}`:            "",
		`null`:          "",
	} {
		got, _ := new(masker).message([]byte(body))
		if got != want {
			t.Errorf("message of %s = %q, want %q", body, got, want)
		}
	}
	_, fields := new(masker).message([]byte(`{"vm_name":["taken","short"],"detail":"no"}`))
	if diff := cmp.Diff(map[string][]string{"vm_name": {"taken", "short"}}, fields); diff != "" {
		t.Error(diff)
	}
	if long, _ := new(masker).message([]byte(strings.Repeat("長", 2000))); len([]rune(long)) > 501 {
		t.Errorf("a message of %d characters", len([]rune(long)))
	}
}

func TestAmountsAreExact(t *testing.T) {
	for text, want := range map[string]string{"345302.24": "345302.24", "1,000.5": "1000.50", "0": "0.00"} {
		if got := parseDecimal(text); got == nil || got.FloatString(2) != want {
			t.Errorf("amount %q = %v", text, got)
		}
	}
	for _, text := range []string{"", "NaN", "Infinity", "1e999999999", "1/3", "unknown"} {
		if got := parseDecimal(text); got != nil {
			t.Errorf("amount %q = %v", text, got)
		}
	}
}
