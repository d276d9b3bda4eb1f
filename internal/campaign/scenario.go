package campaign

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// scenario is a random course of configurations, and what strikes while they are applied.
type scenario struct {
	random *rand.Rand
	vms    map[string]*machine
	group  *machine // nil for none; count is its size
}

// machine is a VM, or a group of them, as the configuration has it.
type machine struct {
	packs, count int
	stopped      bool
	acl, dnat    bool
}

func newScenario(seed uint64) *scenario {
	return &scenario{random: rand.New(rand.NewPCG(seed, 0x6d6478)), vms: map[string]*machine{}} //nolint:gosec // to be replayed
}

// next changes the configuration in a few ways.
func (s *scenario) next() {
	for range 1 + s.random.IntN(3) {
		names := slices.Sorted(maps.Keys(s.vms))
		if len(names) == 0 {
			s.vms["a"] = s.machine()
			continue
		}
		name := names[s.random.IntN(len(names))]
		vm := s.vms[name]
		switch s.random.IntN(9) {
		case 0, 1:
			s.vms["abcde"[s.random.IntN(5):][:1]] = s.machine()
		case 2:
			delete(s.vms, name)
		case 3:
			vm.packs = 1 + s.random.IntN(3)
		case 4:
			vm.stopped = !vm.stopped && !vm.acl && !vm.dnat
		case 5:
			vm.acl = !vm.acl && !vm.stopped
		case 6:
			vm.dnat = !vm.dnat && !vm.stopped && s.dnats() < 3
		case 7, 8:
			switch {
			case s.group == nil:
				s.group = s.machine()
			case s.random.IntN(4) == 0:
				s.group = nil
			default:
				s.group.count = 1 + s.random.IntN(4)
			}
		}
	}
}

func (s *scenario) machine() *machine {
	return &machine{packs: 1 + s.random.IntN(2), count: 1 + s.random.IntN(4), acl: s.random.IntN(3) == 0}
}

func (s *scenario) dnats() (n int) {
	for _, vm := range s.vms {
		if vm.dnat {
			n++
		}
	}
	return n
}

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W me"

// config is the configuration, for a catalog entry and a segment of the portal.
func (s *scenario) config(catalog, segment string) map[string]resource {
	limits := object{"create": "15s", "read": "15s", "update": "15s", "delete": "15s"}
	hardware := func(m *machine) object {
		power := "running"
		if m.stopped {
			power = "stopped"
		}
		return object{
			"catalog_id": catalog, "pack_type": "cpu", "pack_num": m.packs, "disk_size": 40, "ssh_public_key": publicKey,
			"power_state": power, "allow_stopping_for_update": true, "timeouts": limits,
		}
	}
	config := map[string]resource{}
	for name, vm := range s.vms {
		attributes := hardware(vm)
		attributes["name"] = "vm-" + name
		config["mdx_vm."+name] = resource{attributes}
		address := ref{"mdx_vm." + name, "ipv4_address"}
		if vm.acl {
			config["mdx_acl_rule."+name] = resource{object{
				"segment_id": segment, "protocol": "TCP", "source_cidr": "192.0.2.0/24", "source_port": "Any",
				"destination_cidr": hostOf(address), "destination_port": "22",
			}}
		}
		if vm.dnat {
			config["mdx_dnat."+name] = resource{object{"segment_id": segment, "destination_address": address}}
		}
	}
	if s.group != nil {
		attributes := hardware(s.group)
		attributes["name_prefix"], attributes["size"] = "unit-", s.group.count
		config["mdx_vm_group.unit"] = resource{attributes}
	}
	return config
}

// hostRef is a reference to an address, written as the network of that one host.
type hostRef struct{ ref }

func hostOf(r ref) hostRef { return hostRef{r} }

// strike is what happens to a run in the middle.
type strike struct {
	kind string
	nth  int  // at which write to the portal
	late bool // after the portal has carried it out
}

// The kinds of strikes.
const (
	nothing   = "nothing"
	interrupt = "interrupt"        // Ctrl-C: calls are cancelled, their answers heard
	twice     = "interrupt twice"  // and then, a moment later, Terraform is gone
	killed    = "kill"             // SIGKILL of Terraform or of the provider
	lostState = "kill, state lost" // SIGKILL of OpenTofu before it has written the state
	outage    = "network lost"     // for a while
	fullDisk  = "full disk"        // under the journal
)

func (s *scenario) strike() strike {
	kinds := []string{nothing, interrupt, interrupt, twice, killed, killed, killed, lostState, outage, fullDisk}
	return strike{kinds[s.random.IntN(len(kinds))], s.random.IntN(8), s.random.IntN(2) == 0}
}

// String tells it in a log.
func (s strike) String() string {
	return fmt.Sprintf("%s at write %d (late %v)", s.kind, s.nth, s.late)
}
