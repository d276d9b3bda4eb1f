package mdx

import (
	"strings"
	"testing"
)

// Pages may be few and large.
func TestTheBytesOfAListAreBounded(t *testing.T) {
	t.Parallel()
	var so pageChain
	for number := byte(1); number <= 4; number++ {
		raw := make([]byte, maxAnswer/2)
		raw[0] = number
		err := so.goOn(call{op: "list VMs of project", object: "p"}, -1, 1, raw)
		if tooMany := number == 4; (err != nil) != tooMany || tooMany && !strings.Contains(err.Error(), "64 MB") {
			t.Errorf("page %d: %v", number, err)
		}
	}
}
