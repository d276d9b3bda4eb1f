package mdx

import (
	"errors"
	"fmt"
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
// "text[a-b]text" with single digits a < b. Any other use of brackets is an error, since the portal
// is known to do something else with it (PORTAL.md §5).
func ExpandNames(name string) ([]string, error) {
	open := strings.IndexAny(name, "[]")
	if open < 0 {
		if name == "" {
			return nil, errors.New("the VM name is empty")
		}
		return []string{name}, nil
	}
	head, rest := name[:open], name[open:]
	const form = "[0-9]"
	if len(rest) < len(form) || rest[0] != '[' || rest[2] != '-' || rest[4] != ']' ||
		!isDigit(rest[1]) || !isDigit(rest[3]) || strings.ContainsAny(rest[len(form):], "[]") {
		return nil, fmt.Errorf("VM name %q: a range is written like name-[1-3], one of it, with single digits", name)
	}
	low, high, tail := rest[1], rest[3], rest[len(form):]
	if low >= high {
		return nil, fmt.Errorf("VM name %q: the range runs backwards or is one machine only", name)
	}
	if head != "" && isDigit(head[len(head)-1]) || tail != "" && isDigit(tail[0]) {
		return nil, fmt.Errorf("VM name %q: a digit beside the range would make numbers of several digits", name)
	}
	var out []string
	for digit := low; digit <= high; digit++ {
		out = append(out, head+string(digit)+tail)
	}
	return out, nil
}

// PlanNames finds the fewest deploy names that make exactly the given machines, each once. Names that
// differ in one single-digit number, and follow each other in it, share a range.
func PlanNames(names []string) []NamePlan {
	type slot struct{ head, tail string }
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	digits := map[slot][]byte{}
	var plan []NamePlan
	for _, name := range names {
		head, digit, tail, ok := lastSingleDigit(name)
		if !ok {
			plan = append(plan, NamePlan{VMName: name, Names: []string{name}})
			continue
		}
		key := slot{head, tail}
		digits[key] = append(digits[key], digit)
	}
	for key, run := range digits {
		slices.Sort(run)
		for len(run) > 0 {
			n := 1
			for n < len(run) && run[n] == run[n-1]+1 {
				n++
			}
			p := NamePlan{VMName: key.head + string(run[0]) + key.tail}
			if n > 1 {
				p.VMName = fmt.Sprintf("%s[%c-%c]%s", key.head, run[0], run[n-1], key.tail)
			}
			for _, digit := range run[:n] {
				p.Names = append(p.Names, key.head+string(digit)+key.tail)
			}
			plan = append(plan, p)
			run = run[n:]
		}
	}
	slices.SortFunc(plan, func(a, b NamePlan) int { return strings.Compare(a.Names[0], b.Names[0]) })
	return plan
}

// lastSingleDigit splits a name at its last number of exactly one digit.
func lastSingleDigit(name string) (head string, digit byte, tail string, ok bool) {
	if strings.ContainsAny(name, "[]") {
		return "", 0, "", false
	}
	for i := len(name) - 1; i >= 0; i-- {
		if isDigit(name[i]) && (i == 0 || !isDigit(name[i-1])) && (i == len(name)-1 || !isDigit(name[i+1])) {
			return name[:i], name[i], name[i+1:], true
		}
	}
	return "", 0, "", false
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
