package mdx

import (
	"slices"
	"strings"
)

// kin is a project's machines by what their names have in common: it tells, from those that were asked for,
// which others are likely to be.
type kin struct {
	listed bool
	asked  map[VMID]bool // before their names were known
	stems  map[VMID]string
	left   map[string][]VMID // machines of a stem, in the list's order, that were not told yet
	wanted []string          // stems that were asked for
}

func newKin() *kin {
	return &kin{asked: map[VMID]bool{}, stems: map[VMID]string{}, left: map[string][]VMID{}}
}

// ask notes that a machine was asked for.
func (k *kin) ask(id VMID) {
	stem, known := k.stems[id]
	switch {
	case !known:
		k.asked[id] = true
	case !slices.Contains(k.wanted, stem):
		k.wanted = append(k.wanted, stem)
	}
}

// know learns a machine's name.
func (k *kin) know(vm VMSummary) {
	if k.stems[vm.ID] != "" {
		return // on two pages, since one was added between them
	}
	s := stemOf(vm.Name)
	k.stems[vm.ID] = s
	k.left[s] = append(k.left[s], vm.ID)
	if k.asked[vm.ID] {
		delete(k.asked, vm.ID)
		k.ask(vm.ID)
	}
}

// likely yields machines that are likely to be asked for, each once.
func (k *kin) likely(yield func(VMID) bool) {
	for _, stem := range k.wanted {
		for len(k.left[stem]) > 0 {
			id := k.left[stem][0]
			k.left[stem] = k.left[stem][1:]
			if !yield(id) {
				return
			}
		}
	}
}

// stemOf is a name without its last number.
func stemOf(name string) string {
	end := strings.LastIndexFunc(name, func(r rune) bool { return r >= '0' && r <= '9' }) + 1
	begin := end
	for begin > 0 && isDigit(name[begin-1]) {
		begin--
	}
	return name[:begin] + "#" + name[end:]
}
