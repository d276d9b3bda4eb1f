package mdxsim

import (
	"regexp"
	"strconv"
)

var (
	nameRange = regexp.MustCompile(`\[([^\[\]]*)\]`)
	digits    = regexp.MustCompile(`^([0-9])-([0-9])$`)
)

// expand is the names that a vm_name stands for: itself, or those of its one
// range of single digits (PORTAL.md §5). It is nil when the range is not of
// that kind.
func expand(name string) []string {
	ranges := nameRange.FindAllStringSubmatchIndex(name, -1)
	if len(ranges) == 0 {
		return []string{name}
	}
	at := ranges[0]
	bounds := digits.FindStringSubmatch(name[at[2]:at[3]])
	if len(ranges) > 1 || bounds == nil || bounds[1] > bounds[2] {
		return nil
	}
	var names []string
	for n := int(bounds[1][0] - '0'); n <= int(bounds[2][0]-'0'); n++ {
		names = append(names, name[:at[0]]+strconv.Itoa(n)+name[at[1]:])
	}
	return names
}
