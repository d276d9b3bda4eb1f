package mdxsim

import (
	"regexp"
	"strconv"
)

var (
	nameRange  = regexp.MustCompile(`\[([^\[\]]*)\]`)
	digitRange = regexp.MustCompile(`[0-9]\[`)
	digits     = regexp.MustCompile(`^([0-9])-([0-9])$`)
)

// expand is the names that a vm_name stands for: itself, or those of its one
// range of single digits (PORTAL.md §5). It is nil when the range is not of
// that kind, unless ranges are misread: as the characters between the brackets,
// of which two around a dash are a span.
func expand(name string, misread bool) []string {
	ranges := nameRange.FindAllStringSubmatchIndex(name, -1)
	if len(ranges) == 0 {
		return []string{name}
	}
	at := ranges[0]
	bounds := digits.FindStringSubmatch(name[at[2]:at[3]])
	if len(ranges) > 1 || bounds == nil || bounds[1] > bounds[2] {
		if misread {
			return expandCharacters(name, at)
		}
		return nil
	}
	var names []string
	for n := int(bounds[1][0] - '0'); n <= int(bounds[2][0]-'0'); n++ {
		names = append(names, name[:at[0]]+strconv.Itoa(n)+name[at[1]:])
	}
	return names
}

// expandCharacters makes a name for each character of a class: of "n-[1-12]"
// it makes n-1 and n-2.
func expandCharacters(name string, at []int) []string {
	var names []string
	seen := map[byte]bool{}
	add := func(char byte) {
		if !seen[char] {
			seen[char] = true
			names = append(names, name[:at[0]]+string(rune(char))+name[at[1]:])
		}
	}
	class := name[at[2]:at[3]]
	for i := 0; i < len(class); i++ {
		if i+2 < len(class) && class[i+1] == '-' {
			for char := class[i]; char < class[i+2]; char++ {
				add(char)
			}
			add(class[i+2])
			i += 2
			continue
		}
		add(class[i])
	}
	return names
}
