package kit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// nearNames is how many names an error about an unknown one lists.
const nearNames = 5

// Near tells, for an error message, which of the names that exist resemble the one that does not, nearest first.
func Near(wanted string, names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) == 0 {
		return "There is none at all that you may see."
	}
	likeness := func(name string) float64 {
		a, b := strings.ToLower(wanted), strings.ToLower(name)
		score := levenshtein.Similarity(a, b, nil)
		if strings.Contains(a, b) || strings.Contains(b, a) {
			score++
		}
		return score
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch x, y := likeness(a), likeness(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	rest := ""
	if len(names) > nearNames {
		rest = fmt.Sprintf(" and %d more", len(names)-nearNames)
		names = names[:nearNames]
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("The nearest: %s%s.", strings.Join(names, ", "), rest)
}
