package provider_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const deployRoute = "POST /api/vm/deploy/"

// unit is a group of so many, with further attributes.
func (w *world) unit(size int, more string) string {
	return w.config(fmt.Sprintf(`
resource "mdx_vm_group" "unit" {
  name_prefix    = "node-"
  size           = %d
  catalog_id     = "ca7a1060-0000-4000-8000-000000002204"
  pack_num       = 2
  ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W me"
  %s
}
`, size, more))
}

// nodes are the machines of the group that the portal has, by name.
func (w *world) nodes() map[string]mdxsim.VM {
	nodes := map[string]mdxsim.VM{}
	for _, vm := range w.World().Organisations[0].Projects[0].VMs {
		if strings.HasPrefix(vm.Name, "node-") {
			nodes[vm.Name] = vm
		}
	}
	return nodes
}

func names(first, last int) []string {
	var names []string
	for i := first; i <= last; i++ {
		names = append(names, "node-"+strconv.Itoa(i))
	}
	return names
}

// wantNodes checks what the portal has.
func (w *world) wantNodes(want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var got []string
		for name := range w.nodes() {
			got = append(got, name)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			return fmt.Errorf("the portal has %q, want %q", got, want)
		}
		return nil
	}
}

// groupHas checks the members' names, in their order.
func groupHas(names ...string) statecheck.StateCheck {
	var members []knownvalue.Check
	for _, name := range names {
		members = append(members, knownvalue.ObjectPartial(map[string]knownvalue.Check{"name": knownvalue.StringExact(name)}))
	}
	return statecheck.ExpectKnownValue("mdx_vm_group.unit", tfjsonpath.New("members"), knownvalue.ListExact(members))
}

// inPlace expects the group to be updated.
func inPlace(more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: append(more, plancheck.ExpectResourceAction("mdx_vm_group.unit", plancheck.ResourceActionUpdate))}
}

func TestAccGroupScalesInPlaceAndReplacesWhatVanished(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	var before map[string]mdxsim.VM
	address := func(i int) tfjsonpath.Path {
		return tfjsonpath.New("members").AtSliceIndex(i).AtMapKey("ipv4_address")
	}
	isAddress := knownvalue.StringRegexp(regexp.MustCompile(`^10\.`))
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.unit(3, ""),
				Check:  w.wantNodes(names(0, 2)...),
				ConfigStateChecks: []statecheck.StateCheck{
					groupHas(names(0, 2)...),
					statecheck.ExpectKnownValue("mdx_vm_group.unit", address(2), isAddress),
					statecheck.ExpectKnownValue("mdx_vm_group.unit", tfjsonpath.New("ipv4_addresses"),
						knownvalue.ListExact([]knownvalue.Check{isAddress, isAddress, isAddress})),
					statecheck.ExpectKnownValue("mdx_vm_group.unit", tfjsonpath.New("login_username"), knownvalue.StringExact("mdxuser")),
				},
			},
			{ // out
				PreConfig: func() { before = w.nodes() },
				Config:    w.unit(5, ""),
				ConfigPlanChecks: inPlace(plancheck.ExpectKnownValue("mdx_vm_group.unit", address(2), isAddress), // those that stay stay known
					plancheck.ExpectUnknownValue("mdx_vm_group.unit", address(3))),
				Check: resource.ComposeTestCheckFunc(w.wantNodes(names(0, 4)...), w.wantSame(&before, names(0, 2)...)),
			},
			{ // in: the highest numbers go
				Config:            w.unit(2, ""),
				ConfigPlanChecks:  inPlace(),
				Check:             resource.ComposeTestCheckFunc(w.wantNodes(names(0, 1)...), w.wantSame(&before, names(0, 1)...)),
				ConfigStateChecks: []statecheck.StateCheck{groupHas(names(0, 1)...)},
			},
			{ // one vanishes and is replaced alone
				PreConfig:        func() { w.vanish(t, "node-0") },
				Config:           w.unit(2, ""),
				ConfigPlanChecks: inPlace(),
				Check: resource.ComposeTestCheckFunc(w.wantNodes(names(0, 1)...), w.wantSame(&before, "node-1"), func(*terraform.State) error {
					if w.nodes()["node-0"].UUID == before["node-0"].UUID {
						return errors.New("node-0 is the one that vanished")
					}
					return nil
				}),
			},
			{ // the numbers move on
				Config:           w.unit(2, "start_index = 1"),
				ConfigPlanChecks: inPlace(),
				Check:            resource.ComposeTestCheckFunc(w.wantNodes(names(1, 2)...), w.wantSame(&before, "node-1")),
			},
			{
				ResourceName: "mdx_vm_group.unit", ImportState: true, ImportStateId: "demo/node-", ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"catalog_id", "ssh_public_key", "template_name"},
			},
			{
				ResourceName: "mdx_vm_group.unit", ImportState: true, ImportStateId: "nodes-",
				ExpectError: regexp.MustCompile("No such group"),
			},
			{
				Config: w.unit(0, ""),
				Check:  w.wantNodes(),
			},
		},
		CheckDestroy: w.wantNodes(),
	})
	if n := w.Stats().Overlapping; n > 0 {
		t.Errorf("%d deploys overlapped", n)
	}
}

// wantSame checks that machines are those of before.
func (w *world) wantSame(before *map[string]mdxsim.VM, names ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		now := w.nodes()
		for _, name := range names {
			if now[name].UUID != (*before)[name].UUID {
				return fmt.Errorf("%s is another machine", name)
			}
		}
		return nil
	}
}

// vanish has somebody else destroy a machine.
func (w *world) vanish(t *testing.T, name string) {
	t.Helper()
	if err := w.DeleteVM(w.nodes()[name].UUID); err != nil {
		t.Fatal(err)
	}
}

func TestAccGroupTakesARequestForEveryTen(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps:                    []resource.TestStep{{Config: w.unit(25, ""), Check: w.wantNodes(names(0, 24)...)}},
	})
	if n := w.Stats().Routes[deployRoute]; n != 3 {
		t.Errorf("%d deploy requests", n)
	}
}

func TestAccGroupWithoutBatchingSendsARequestEach(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	config := strings.Replace(w.unit(4, ""), "poll_interval", "batch_deploys = false\n  poll_interval", 1)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps:                    []resource.TestStep{{Config: config, Check: w.wantNodes(names(0, 3)...)}},
	})
	if n := w.Stats().Routes[deployRoute]; n != 4 {
		t.Errorf("%d deploy requests", n)
	}
}

func TestAccGroupKeepsWhatCameUpAndTheNextApplyCompletesIt(t *testing.T) {
	for name, quirk := range map[string]string{"nothing is left": "", "a VM is left": "left"} {
		t.Run(name, func(t *testing.T) {
			w := startWorld(t, mdxsim.Config{
				Quirks: mdxsim.Quirks{FailedDeploy: quirk},
				Faults: []mdxsim.Fault{{Route: deployRoute, Nth: 1, Kind: mdxsim.TaskFails}}, // of three, the last
			})
			var before map[string]mdxsim.VM
			resource.ParallelTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{
					{
						Config:             w.unit(3, ""),
						Check:              w.wantNodes(names(0, 1)...),
						ConfigStateChecks:  []statecheck.StateCheck{groupHas(names(0, 1)...)},
						ExpectNonEmptyPlan: true,
					},
					{
						PreConfig:        func() { before = w.nodes() },
						Config:           w.unit(3, ""),
						ConfigPlanChecks: inPlace(),
						Check:            resource.ComposeTestCheckFunc(w.wantNodes(names(0, 2)...), w.wantSame(&before, names(0, 1)...)),
					},
				},
				CheckDestroy: w.wantNodes(),
			})
		})
	}
}

func TestAccGroupIsAnErrorWhenNothingOfItExists(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.unit(3, "disk_size = 40000"), ExpectError: regexp.MustCompile("More than the project has")},
			{Config: w.unit(3, "disk_size = 10"), ExpectError: regexp.MustCompile("Disk too small")},
			{
				Config:      strings.Replace(w.unit(3, ""), `"node-"`, `"node1"`, 1),
				ExpectError: regexp.MustCompile("ends with a digit"),
			},
		},
	})
	if n := w.Stats().Routes[deployRoute]; n > 0 {
		t.Errorf("%d deploy requests", n)
	}
}

func TestAccGroupTakesNobodysNames(t *testing.T) {
	world := mdxsim.DefaultWorld()
	vms := &world.Organisations[0].Projects[0].VMs
	theirs := (*vms)[1]
	theirs.UUID, theirs.Name, theirs.Adapters = "e7a10000-0000-4000-8000-00000000000a", "node-3", nil
	*vms = append(*vms, theirs)
	w := startWorld(t, mdxsim.Config{World: world})
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.unit(4, ""), ExpectError: regexp.MustCompile(`(?s)VM names taken.*node-3`)},
			{Config: w.unit(2, ""), Check: w.wantNodes("node-0", "node-1", "node-3")},
			{Config: w.unit(4, ""), ExpectError: regexp.MustCompile(`(?s)node-3:.*has\s+a\s+VM\s+named`)},
			{ // what could be made was made
				Config: w.unit(3, ""), Check: w.wantNodes(names(0, 3)...),
				ConfigPlanChecks: inPlace(),
			},
		},
		CheckDestroy: w.wantNodes("node-3"),
	})
	if touched := w.Stats().Touched; len(touched) > 0 {
		t.Errorf("touched: %q", touched)
	}
}

func TestAccGroupResizesMemberByMember(t *testing.T) {
	for _, unavailable := range []int{1, 2} {
		t.Run(strconv.Itoa(unavailable), func(t *testing.T) {
			up := &leastUp{}
			w := startWorld(t, mdxsim.Config{Log: up})
			more := "allow_stopping_for_update = true\n  max_unavailable = " + strconv.Itoa(unavailable)
			var before map[string]mdxsim.VM
			resource.ParallelTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{
					{Config: w.unit(4, more)},
					{
						Config:      strings.Replace(w.unit(4, ""), "pack_num       = 2", "pack_num = 3", 1),
						ExpectError: regexp.MustCompile("VM must be stopped"),
					},
					{
						PreConfig:        func() { before = w.nodes(); up.watch(w) },
						Config:           strings.Replace(w.unit(4, more), "pack_num       = 2", "pack_num = 3", 1),
						ConfigPlanChecks: inPlace(),
						Check: resource.ComposeTestCheckFunc(w.wantSame(&before, names(0, 3)...), func(*terraform.State) error {
							for name, node := range w.nodes() {
								if node.PackNum != 3 || node.Status != mdxsim.PowerOn {
									return fmt.Errorf("%s has %d packs and is %s", name, node.PackNum, node.Status)
								}
							}
							if got := up.least(); got != 4-unavailable {
								return fmt.Errorf("%d members were up at the least, want %d", got, 4-unavailable)
							}
							return nil
						}),
					},
				},
			})
		})
	}
}

// leastUp counts the nodes that are up after every request that the portal answers.
type leastUp struct {
	mu    sync.Mutex
	world *world
	count int
}

func (l *leastUp) watch(w *world) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.world, l.count = w, len(w.nodes())
}

func (l *leastUp) least() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Write is called with the portal's log.
func (l *leastUp) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.world != nil {
		up := 0
		for _, node := range l.world.nodes() {
			if node.Status == mdxsim.PowerOn {
				up++
			}
		}
		l.count = min(l.count, up)
	}
	return len(line), nil
}

func TestAccGroupStartsMembersThatThePlatformStopped(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	var before map[string]mdxsim.VM
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.unit(2, "")},
			{
				PreConfig: func() {
					before = w.nodes()
					if err := w.Sleep(before["node-1"].UUID); err != nil {
						t.Fatal(err)
					}
				},
				Config: w.unit(2, ""),
				ConfigPlanChecks: inPlace(plancheck.ExpectKnownValue("mdx_vm_group.unit",
					tfjsonpath.New("members").AtSliceIndex(1).AtMapKey("ipv4_address"), knownvalue.StringRegexp(regexp.MustCompile(`^10\.`)))),
				Check: w.wantSame(&before, names(0, 1)...),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("mdx_vm_group.unit",
					tfjsonpath.New("members").AtSliceIndex(1).AtMapKey("status"), knownvalue.StringExact("PowerON"))},
			},
			{
				Config:           w.unit(2, `power_state = "stopped"`),
				ConfigPlanChecks: inPlace(),
			},
		},
	})
}
