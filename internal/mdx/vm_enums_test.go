package mdx

import "testing"

func TestStorageNetworksAreKnownByEveryNameTheyHave(t *testing.T) {
	for text, want := range map[string]StorageNetwork{
		"portgroup":     PortGroup,
		"Port Group":    PortGroup,
		"ポートグループ":       PortGroup,
		"sr-iov":        SRIOV,
		"SR-IOV":        SRIOV,
		" SR_IOV ":      SRIOV,
		"PVRDMA":        PVRDMA,
		"":              "",
		"Infiniband NG": "Infiniband NG",
	} {
		if got := parseStorageNetwork(text); got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}
