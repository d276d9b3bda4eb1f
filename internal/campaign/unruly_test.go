package campaign

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// meddler is what was done to a course by others than its runs.
type meddler struct {
	whim    whim
	imports map[string]string // what was dropped from the state, until it is there again
	called  map[string]string // VMs that were renamed on the portal, by id: what they are to be called
	ended   map[string]bool   // VMs that were destroyed there
	taken   map[string]bool   // VMs that were imported, which may not have been made well
	firing  bool              // a run under fire begins
}

func newMeddler() meddler {
	return meddler{
		whim: whim{amid: -1}, imports: map[string]string{}, called: map[string]string{}, ended: map[string]bool{}, taken: map[string]bool{},
	}
}

// meddle draws what befalls a step, and does what comes before its first run.
func (c *trial) meddle() {
	for letter := range maps.Clone(c.heirs) { // only to a name that is free
		was := c.state["mdx_vm."+letter]
		if _, there := c.state["mdx_vm.heir_"+letter]; !there && attribute(was.value, "name") == "vm-"+letter {
			delete(c.heirs, letter)
		}
	}
	c.whim = c.befalls()
	c.befall(beforeFire)
}

// befall does what was drawn for a moment of the step. Who has imported something takes the import block out again: of what is
// gone later, it could only fail.
func (c *trial) befall(when moment) {
	maps.DeleteFunc(c.imports, func(address, _ string) bool { _, there := c.state[address]; return there })
	for _, d := range c.whim.deeds {
		if d.when != when {
			continue
		}
		if done := c.commit(d); done != "" {
			c.t.Logf("  somebody %s: %s", d.kind, done)
			total.add("somebody "+d.kind, 1)
		}
	}
}

// machineNow is a VM of the state, as it is called there.
type machineNow struct{ id, name string }

// machines are the VMs that the state has, but for those with a container host: what is in there is not looked after here.
func (c *trial) machines() (all []machineNow) {
	hosts := map[string]bool{}
	for _, vm := range slices.Collect(maps.Keys(c.inState().containers)) {
		hosts[vm] = true
	}
	for _, address := range slices.Sorted(maps.Keys(c.state)) {
		i := c.state[address]
		var of []tftypes.Value
		switch {
		case i.tainted:
			continue
		case typeOf(address) == "mdx_vm":
			of = append(of, i.value)
		case typeOf(address) == "mdx_vm_group":
			of = elements(i.value, "members")
		}
		for _, m := range of {
			if is := (machineNow{fmt.Sprint(attribute(m, "id")), fmt.Sprint(attribute(m, "name"))}); !hosts[is.id] {
				all = append(all, is)
			}
		}
	}
	return all
}

// commit does a deed, and tells what it was done to; nothing if it can't be done.
func (c *trial) commit(d deed) string {
	machines := c.machines()
	if len(machines) == 0 {
		return ""
	}
	vm := machines[d.nth%len(machines)]
	switch d.kind {
	case renames:
		return c.renameByHand(vm)
	case stops:
		if c.sim.Sleep(vm.id) != nil { // it is off
			return ""
		}
	case destroys:
		if c.whim.blind || !c.isSettled() {
			return ""
		}
		if c.sim.DeleteVM(vm.id) != nil {
			return ""
		}
		c.ended[vm.id] = true
	case removes:
		return c.removeByHand(d.nth)
	case forgets:
		return c.forget(d.nth)
	}
	return vm.name
}

// isSettled tells whether the journal is empty. A VM that is destroyed by hand while it is not, takes with it what a rule of
// a killed run, or the VM's own entry, was to be known by: the guide has a person look after these. The same goes for a rule
// that a run without a refresh asks for, to a VM that is gone.
func (c *trial) isSettled() bool {
	entries, err := journal.At(c.journal).Entries()
	return err == nil && len(entries) == 0
}

// byHand is a request of somebody who sits before the portal.
func (c *trial) byHand(method, path, body string) int {
	r, w := httptest.NewRequest(method, path, strings.NewReader(body)), httptest.NewRecorder()
	r.Header.Set("Authorization", "JWT "+c.token)
	r.Header.Set("Content-Type", "application/json")
	c.sim.Handler().ServeHTTP(w, r)
	return w.Code
}

func (c *trial) renameByHand(vm machineNow) string {
	name := stray + vm.id[:8]
	if c.byHand(http.MethodPost, "/api/vm/"+vm.id+"/rename/", fmt.Sprintf(`{"vm_name": %q}`, name)) >= http.StatusBadRequest {
		return ""
	}
	for range 100 { // the portal takes its time; where it takes more, the next run meets a VM at work
		if slices.ContainsFunc(c.project().VMs, func(is mdxsim.VM) bool { return is.UUID == vm.id && is.Name == name }) {
			break
		}
		<-time.After(time.Millisecond)
	}
	c.called[vm.id] = vm.name
	return vm.name
}

func (c *trial) project() mdxsim.Project { return c.sim.World().Organisations[0].Projects[0] }

// removeByHand removes one of the state's rules.
func (c *trial) removeByHand(nth int) string {
	rules := c.inState().rules
	if len(rules) == 0 {
		return ""
	}
	id := rules[nth%len(rules)]
	if c.sim.DeleteACL(id) != nil && c.sim.DeleteDNAT(id) != nil {
		return ""
	}
	return id
}

// amid removes a rule between the plan of a change and its apply. The run's own state is not looked at: it is being written.
func (c *trial) amid(nth int) {
	if done := c.removeByHand(nth); done != "" {
		total.add("somebody "+removes+" between plan and apply", 1)
	}
}

// forget drops something from the state, to be imported by the next run. What is to be replaced or is half made is left
// alone, and so is what the configuration does not have any more: nobody would import it.
func (c *trial) forget(nth int) string {
	config := c.wanted()
	var able []string
	there := map[string]string{} // what VMs are called by now
	for _, vm := range c.project().VMs {
		there[vm.UUID] = vm.Name
	}
	rules := c.inWorld().rules
	for _, address := range slices.Sorted(maps.Keys(c.state)) {
		i := c.state[address]
		if _, wanted := config[address]; !wanted || i.tainted {
			continue
		}
		id := fmt.Sprint(attribute(i.value, "id"))
		switch typeOf(address) {
		case "mdx_vm":
			// One that was renamed is in the journal under a name that nobody would know any more: the guide says what to do.
			if there[id] != "" && (c.isSettled() || there[id] == attribute(i.value, "name")) {
				able = append(able, address)
			}
		case "mdx_acl_rule", "mdx_dnat":
			if slices.Contains(rules, id) {
				able = append(able, address)
			}
		case "mdx_vm_group": // is found by its members' names
			members, prefix := elements(i.value, "members"), fmt.Sprint(attribute(i.value, "name_prefix"))
			if len(members) > 0 && !slices.ContainsFunc(members, func(m tftypes.Value) bool {
				name := fmt.Sprint(attribute(m, "name"))
				return there[fmt.Sprint(attribute(m, "id"))] != name || !strings.HasPrefix(name, prefix)
			}) {
				able = append(able, address)
			}
		}
	}
	if len(able) == 0 {
		return ""
	}
	address := able[nth%len(able)]
	i := c.state[address]
	for _, vm := range append(elements(i.value, "members"), i.value) {
		c.taken[fmt.Sprint(attribute(vm, "id"))] = true
	}
	c.imports[address] = fmt.Sprint(attribute(i.value, "id"))
	switch {
	case typeOf(address) == "mdx_vm_group":
		c.imports[address] = fmt.Sprint(attribute(i.value, "name_prefix"))
	case typeOf(address) == "mdx_vm" && nth%2 == 0 && there[c.imports[address]] == config[address].attributes["name"]:
		c.imports[address] = "demo/" + there[c.imports[address]] // any other name is what a killed run may just be changing
	}
	c.state = maps.Clone(c.state)
	delete(c.state, address)
	return address + " as " + c.imports[address]
}

// doubt plans the import of what a run has left and no state has, and does not apply it. What is imported as what is as
// good as chance: the plan is for looking at.
func (c *trial) doubt() {
	known, config := c.inState(), c.wanted()
	imports := map[string]string{}
	free := func(kind, name string) string {
		for _, address := range slices.Sorted(maps.Keys(config)) {
			_, there := c.state[address]
			_, chosen := imports[address]
			if typeOf(address) == kind && !there && !chosen && (name == "" || config[address].attributes["name"] == name) {
				return address
			}
		}
		return ""
	}
	plan := func(kind, name, id string) {
		if address := free(kind, name); address != "" {
			imports[address] = id
		}
	}
	p := c.project()
	for _, vm := range p.VMs {
		if !vm.Foreign && !slices.Contains(known.vms, vm.UUID) {
			plan("mdx_vm", vm.Name, vm.UUID)
			if strings.HasPrefix(vm.Name, "unit-") {
				plan("mdx_vm_group", "", "unit-")
			}
		}
	}
	for _, d := range p.DNATs {
		if !d.Foreign && !slices.Contains(known.rules, d.UUID) {
			plan("mdx_dnat", "", d.UUID)
		}
	}
	for _, r := range p.Segments[0].ACL {
		if !r.Foreign && !slices.Contains(known.rules, r.UUID) {
			plan("mdx_acl_rule", "", r.UUID)
		}
	}
	if len(imports) == 0 {
		return
	}
	core := c.core()
	core.imports = imports
	err := core.takeIn(c.t.Context())
	c.listen(core)
	c.t.Logf("  somebody plans to import %v and thinks better of it: %v", imports, err)
	total.add("imports planned and not applied", len(imports))
}

// stray begins the names that VMs are given on the portal.
const stray = "stray-"
