package host

import (
	"testing"
)

func TestHostIDs(t *testing.T) {
	type parts struct {
		host, user string
		port       int64
	}
	for id, want := range map[string]parts{
		"10.0.0.20":                 {"10.0.0.20", "", 0},
		"10.0.0.20:2222":            {"10.0.0.20", "", 2222},
		"node.example.jp":           {"node.example.jp", "", 0},
		"ubuntu@node.example.jp":    {"node.example.jp", "ubuntu", 0},
		"ubuntu@10.0.0.20:20022":    {"10.0.0.20", "ubuntu", 20022},
		"ubuntu@[2001:db8::7]:2222": {"2001:db8::7", "ubuntu", 2222},
		"2001:db8::7":               {"2001:db8::7", "", 0},
		"[2001:db8::7]":             {"2001:db8::7", "", 0},
		"":                          {},
		"@10.0.0.20":                {},
		"ubuntu@":                   {},
		"10.0.0.20:":                {},
		"10.0.0.20:0":               {},
		"10.0.0.20:99999":           {},
		"10.0.0.20/24":              {},
	} {
		got, err := parseHostID(id)
		if (err != nil) != (want == parts{}) || (parts{got.Host.ValueString(), got.User.ValueString(), got.SSHPort.ValueInt64()}) != want {
			t.Errorf("%q: %v, %v", id, got, err)
		}
	}
}
