package campaign

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
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
	if botched := keptInVain(c.sim.Tasks(c.project().UUID), world.vms, c.taken); len(botched) > 0 {
		fail("the deploys of %q failed, and they are kept", botched)
	}
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

// judge looks at what was destroyed since it was asked last, while one configuration was applied: nothing in a course has a
// sound VM replaced.
func (c *trial) judge(step int) {
	c.t.Helper()
	tasks := c.sim.Tasks(c.sim.World().Organisations[0].Projects[0].UUID)
	for i, task := range tasks {
		if name := c.called[task.Object]; strings.HasPrefix(task.ObjectName, stray) { // whatever somebody has called it meanwhile
			tasks[i].ObjectName = name
		}
		if c.ended[task.Object] && task.Kind == "削除" { // by somebody, who may
			tasks[i].Kind = "削除 by hand"
		}
	}
	for _, name := range destroyedInVain(tasks, c.done, names(c.wanted())) {
		c.t.Errorf("step %d: %s was made, is wanted, and was destroyed\nsaid:\n%s", step, name, strings.Join(c.said, "\n"))
	}
	c.done = len(tasks)
}

// destroyedInVain are the VMs that were made well, and that one of the tasks from a certain one on was to destroy although
// their name is wanted.
func destroyedInVain(tasks []mdxsim.Task, from int, wanted map[string]bool) (vms []string) {
	made := map[string]bool{}
	for i, task := range tasks {
		switch task.Kind {
		case "デプロイ", "クローン":
			made[task.Object] = task.Status == "Completed"
		case "削除":
			if i >= from && made[task.Object] && wanted[task.ObjectName] {
				vms = append(vms, task.ObjectName+" ("+task.Object+")")
			}
		}
	}
	return vms
}

// keptInVain are the VMs that were not made well, and that nobody has taken for all that.
func keptInVain(tasks []mdxsim.Task, there []string, taken map[string]bool) (vms []string) {
	for _, task := range tasks {
		made := task.Kind == "デプロイ" || task.Kind == "クローン"
		if made && task.Status == "Failed" && slices.Contains(there, task.Object) && !taken[task.Object] {
			vms = append(vms, task.ObjectName+" ("+task.Object+")")
		}
	}
	return vms
}

func TestAVMIsDestroyedInVain(t *testing.T) {
	t.Parallel()
	deploy := mdxsim.Task{Kind: "デプロイ", Object: "1", ObjectName: "a", Status: "Completed"}
	clone := mdxsim.Task{Kind: "クローン", Object: "2", ObjectName: "b", Status: "Completed"}
	failed := mdxsim.Task{Kind: "デプロイ", Object: "1", ObjectName: "a", Status: "Failed"}
	again := mdxsim.Task{Kind: "デプロイ", Object: "3", ObjectName: "a", Status: "Completed"}
	end := func(of mdxsim.Task) mdxsim.Task {
		return mdxsim.Task{Kind: "削除", Object: of.Object, ObjectName: of.ObjectName}
	}
	for name, c := range map[string]struct {
		tasks  []mdxsim.Task
		from   int
		wanted []string
		want   int
	}{
		"when it is wanted":                                {[]mdxsim.Task{deploy, end(deploy)}, 0, []string{"a"}, 1},
		"when it is a clone that is wanted":                {[]mdxsim.Task{clone, end(clone)}, 0, []string{"b"}, 1},
		"when it is of an earlier step":                    {[]mdxsim.Task{deploy, end(deploy)}, 1, []string{"a"}, 1},
		"but not when another is wanted":                   {[]mdxsim.Task{deploy, end(deploy)}, 0, []string{"b"}, 0},
		"but not when its deploy failed":                   {[]mdxsim.Task{failed, end(failed)}, 0, []string{"a"}, 0},
		"but not when that was in an earlier step":         {[]mdxsim.Task{deploy, end(deploy), clone}, 2, []string{"a"}, 0},
		"but not when only the next of its name was sound": {[]mdxsim.Task{failed, end(failed), again}, 0, []string{"a"}, 0},
	} {
		wanted := map[string]bool{}
		for _, vm := range c.wanted {
			wanted[vm] = true
		}
		if got := destroyedInVain(c.tasks, c.from, wanted); len(got) != c.want {
			t.Errorf("a VM is destroyed in vain %s: got %q, want %d", name, got, c.want)
		}
	}
}

func TestAVMIsKeptInVain(t *testing.T) {
	t.Parallel()
	failed := mdxsim.Task{Kind: "クローン", Object: "1", ObjectName: "a", Status: "Failed"}
	start := mdxsim.Task{Kind: "起動", Object: "1", ObjectName: "a", Status: "Failed"}
	for name, c := range map[string]struct {
		tasks []mdxsim.Task
		there []string
		taken map[string]bool
		want  int
	}{
		"when it was not made":                   {[]mdxsim.Task{failed}, []string{"1"}, nil, 1},
		"but not when it is gone":                {[]mdxsim.Task{failed}, []string{"2"}, nil, 0},
		"but not when somebody has taken it":     {[]mdxsim.Task{failed}, []string{"1"}, map[string]bool{"1": true}, 0},
		"but not when something else has failed": {[]mdxsim.Task{start}, []string{"1"}, nil, 0},
	} {
		if got := keptInVain(c.tasks, c.there, c.taken); len(got) != c.want {
			t.Errorf("a VM is kept in vain %s: got %q, want %d", name, got, c.want)
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
