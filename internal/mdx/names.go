package mdx

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// NamePlan is a deploy name and the machines that it makes.
type NamePlan struct {
	// VMName is what to ask for: a name, or a range such as "web-[1-3]".
	VMName string
	// Names are the machines' names, in the order of their digits.
	Names []string
}

// ExpandNames tells which machines a deploy name makes: one, or one for each digit of a range
// "text[a-b]text" with single digits a < b. A digit may stand before the range, as in "n-1[0-9]", but
// not after it. Any other use of brackets is an error, since the portal is known to do something else
// with it (PORTAL.md §5).
func ExpandNames(name string) ([]string, error) {
	if name == "" {
		return nil, errors.New("the VM name is empty")
	}
	open := strings.IndexAny(name, "[]")
	if open < 0 {
		return []string{name}, nil
	}
	head, rest := name[:open], name[open:]
	const width = len("[0-9]")
	if len(rest) < width || rest[0] != '[' || rest[2] != '-' || rest[4] != ']' ||
		!isDigit(rest[1]) || !isDigit(rest[3]) || !isTail(rest[width:]) {
		return nil, fmt.Errorf("VM name %q: a range is written like name-[1-3], once, with single digits", name)
	}
	low, high, tail := rest[1], rest[3], rest[width:]
	if low >= high {
		return nil, fmt.Errorf("VM name %q: a range runs from a smaller digit to a larger one", name)
	}
	return siblings{head, tail}.names(low, high), nil
}

// PlanNames finds few deploy names that make exactly the given machines, each once. Names that differ
// in one digit only, and follow each other in it, share a range: w-1 to w-100 need eleven requests.
func PlanNames(names []string) []NamePlan {
	members := map[siblings]*digitSet{}
	left := map[string]bool{}
	for _, name := range names {
		if left[name] {
			continue
		}
		left[name] = true
		for f, digit := range families(name) {
			if members[f] == nil {
				members[f] = new(digitSet)
			}
			members[f].add(digit)
		}
	}
	var plan []NamePlan
	// The longest ranges go first, so that a name in two families joins the larger group.
	for length := 10; length > 1; length-- {
		for _, name := range slices.Sorted(maps.Keys(left)) {
			if !left[name] {
				continue
			}
			for f, digit := range families(name) {
				low, high := members[f].run(digit)
				if int(high-low)+1 != length {
					continue
				}
				p := NamePlan{VMName: f.head + string([]byte{'[', low, '-', high, ']'}) + f.tail, Names: f.names(low, high)}
				plan = append(plan, p)
				for _, taken := range p.Names {
					left[taken] = false
					for other, digit := range families(taken) {
						members[other].remove(digit)
					}
				}
				break
			}
		}
	}
	for name, still := range left {
		if still {
			plan = append(plan, NamePlan{VMName: name, Names: []string{name}})
		}
	}
	slices.SortFunc(plan, func(a, b NamePlan) int { return strings.Compare(a.Names[0], b.Names[0]) })
	return plan
}

// siblings is all the names that differ in one digit: what stands before it, and what after it.
type siblings struct{ head, tail string }

func (f siblings) names(low, high byte) []string {
	var out []string
	for digit := low; digit <= high; digit++ {
		out = append(out, f.head+string(rune(digit))+f.tail)
	}
	return out
}

// families yields every family that a name is in, with its digit there: the last digit of each of its
// numbers. The last number comes first, since that is where numbered names differ.
func families(name string) iter.Seq2[siblings, byte] {
	return func(yield func(siblings, byte) bool) {
		if strings.ContainsAny(name, "[]") {
			return // nothing to put a range into
		}
		for i := len(name) - 1; i >= 0; i-- {
			if isDigit(name[i]) && isTail(name[i+1:]) && !yield(siblings{name[:i], name[i+1:]}, name[i]) {
				return
			}
		}
	}
}

// isTail tells whether s may follow a range: a digit there would make the range's numbers longer than one.
func isTail(s string) bool {
	return !strings.ContainsAny(s, "[]") && (s == "" || !isDigit(s[0]))
}

// digitSet is a set of the digits '0' to '9'.
type digitSet uint16

func (s *digitSet) add(digit byte)      { *s |= 1 << (digit - '0') }
func (s *digitSet) remove(digit byte)   { *s &^= 1 << (digit - '0') }
func (s *digitSet) has(digit byte) bool { return *s>>(digit-'0')&1 == 1 }

// run is the longest run of digits of the set that digit is in.
func (s *digitSet) run(digit byte) (low, high byte) {
	low, high = digit, digit
	for low > '0' && s.has(low-1) {
		low--
	}
	for high < '9' && s.has(high+1) {
		high++
	}
	return low, high
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
