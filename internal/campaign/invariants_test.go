package campaign

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

// ofOthers tells all that is there of others.
func (c *trial) ofOthers() string {
	var things []string
	keep := func(foreign bool, thing any) {
		if text, err := json.Marshal(thing); foreign && err == nil {
			things = append(things, string(text))
		}
	}
	for _, p := range c.sim.World().Organisations[0].Projects {
		for _, vm := range p.VMs {
			keep(vm.Foreign, vm)
		}
		for _, d := range p.DNATs {
			keep(d.Foreign, d)
		}
		for _, s := range p.Segments {
			for _, r := range slices.Concat(s.ACL, s.ACLv6) {
				keep(r.Foreign, r)
			}
		}
	}
	return strings.Join(things, "\n")
}

// known is what a state has, or the world, of ours.
type known struct {
	vms, rules []string
	containers map[string][]string // by the VM's id
}

func newKnown() *known { return &known{containers: map[string][]string{}} }

// check compares state, journal and world.
func (c *trial) check(step int) {
	c.t.Helper()
	c.checkAgainst(step, c.inState())
}

// checkAgainst compares what a state has with journal and world.
func (c *trial) checkAgainst(step int, state *known) {
	c.t.Helper()
	fail := func(format string, args ...any) {
		c.t.Errorf("step %d: %s\nsaid:\n%s", step, fmt.Sprintf(format, args...), strings.Join(c.said, "\n"))
	}
	world := c.inWorld()
	for _, k := range []*known{state, world} {
		slices.Sort(k.vms)
		slices.Sort(k.rules)
	}
	if !slices.Equal(world.vms, state.vms) {
		fail("the world's VMs are %q, the state's %q", world.vms, state.vms)
	}
	if !slices.Equal(world.rules, state.rules) {
		fail("the world's rules are %q, the state's %q", world.rules, state.rules)
	}
	if !maps.EqualFunc(world.containers, state.containers, slices.Equal) {
		fail("the world's containers are %v, the state's %v", world.containers, state.containers)
	}
	total.add("compared: states", 1)
	total.add("compared: VMs", len(world.vms))
	total.add("compared: rules", len(world.rules))
	total.add("compared: containers", len(world.containers))
	stats := c.sim.Stats()
	if len(stats.Duplicates) > 0 || len(stats.Touched) > 0 || len(stats.Violations) > 0 {
		fail("duplicates %q, touched %q, violations %+v", stats.Duplicates, stats.Touched, stats.Violations)
	}
	if others := c.ofOthers(); others != c.others {
		fail("others have now\n%s\nand had\n%s", others, c.others)
	}
	entries, err := journal.At(c.journal).Entries()
	if err != nil || len(entries) > 0 {
		fail("the journal still has %+v, %v", entries, err)
	}
	for _, line := range c.said {
		if hasSecret(line) {
			fail("a secret was said: %s", line)
		}
	}
}

// jwt is any token of the portal's, and no other text in Base64 that stands for an object.
var jwt = regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+`)

// hasSecret tells whether a text holds a token or the private key.
func hasSecret(text string) bool {
	return strings.Contains(text, token) || jwt.MatchString(text) || strings.Contains(text, strings.Split(privateKey, "\n")[2])
}

// inWorld is what there is of ours.
func (c *trial) inWorld() *known {
	k, p := newKnown(), c.sim.World().Organisations[0].Projects[0]
	for _, vm := range p.VMs {
		if vm.Foreign {
			continue
		}
		k.vms = append(k.vms, vm.UUID)
		if c.hosts == nil {
			continue
		}
		if containers := c.hosts.Containers(vm.UUID); len(containers) > 0 {
			k.containers[vm.UUID] = containers
		}
	}
	for _, d := range p.DNATs {
		if !d.Foreign {
			k.rules = append(k.rules, d.UUID)
		}
	}
	for _, s := range p.Segments {
		for _, r := range slices.Concat(s.ACL, s.ACLv6) {
			if !r.Foreign {
				k.rules = append(k.rules, r.UUID)
			}
		}
	}
	return k
}

// inState is what the state has.
func (c *trial) inState() *known {
	k := newKnown()
	for address, i := range c.state {
		switch typeOf(address) {
		case "mdx_vm":
			k.vms = append(k.vms, fmt.Sprint(attribute(i.value, "id")))
		case "mdx_vm_group":
			for _, m := range elements(i.value, "members") {
				k.vms = append(k.vms, fmt.Sprint(attribute(m, "id")))
			}
		case "mdx_network":
			k.rules = append(k.rules, texts(i.value, "rule_ids")...)
		case "mdx_container_host":
			triggers := map[string]tftypes.Value{}
			vm := ""
			if err := attribute(i.value, "triggers").(tftypes.Value).As(&triggers); err != nil {
				c.t.Error(err)
			}
			if err := triggers["vm"].As(&vm); err != nil {
				c.t.Error(err)
			}
			k.containers[vm] = []string{fmt.Sprint(attribute(i.value, "container_id"))}
		default:
			k.rules = append(k.rules, fmt.Sprint(attribute(i.value, "id")))
		}
	}
	return k
}
