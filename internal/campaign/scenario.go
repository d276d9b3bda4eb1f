package campaign

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// scenario is a random course of configurations, and what strikes while they are applied.
type scenario struct {
	random *rand.Rand
	vms    map[string]*machine
	group  *machine // nil for none; count is its size

	// The rest is drawn from numbers of its own, so that seeds of a time without it bring what they brought.
	more         *rand.Rand      // nil: a course of that time
	clones       map[string]bool // whether each is a bigger one than its source
	hosted       map[string]bool // VMs that are to be container hosts
	open, closed *network
	onHosts      bool // VMs can be logged in to

	haste *rand.Rand // numbers of their own again; nil: every run under fire is followed by peace

	unruled                 *rand.Rand // and again; nil: nobody does what is not to be expected
	renamed, moved, patient map[string]bool
	heirs, second           map[string]bool

	litter            *rand.Rand // and again; nil: deploys rarely fail, and leave nothing
	leaves, failsLate bool       // what a deploy that fails does
}

// network is what one mdx_network holds.
type network struct {
	ports     []int
	exclusive bool
	shared    bool   // holds the rule that somebody else has made
	follows   string // has a rule to this VM
}

// machine is a VM, or a group of them, as the configuration has it.
type machine struct {
	packs, count int
	stopped      bool
	acl, dnat    bool
}

// numbers are a seed's random ones of a kind, the same at every run.
func numbers(seed, kind uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, kind)) //nolint:gosec // to be replayed, not to be secret
}

func newScenario(seed uint64) *scenario {
	s := &scenario{random: numbers(seed, 0x6d6478)}
	s.clear()
	return s
}

// widened adds clones, networks and container hosts to the course.
func (s *scenario) widened(seed uint64) *scenario {
	s.more = numbers(seed, 0x6d6f7265)
	s.onHosts = s.more.IntN(4) == 0
	return s
}

// hastened has some runs under fire followed by the next one at once, and adds rows of faults. What the course wants, and
// what strikes it, stays what it is.
func (s *scenario) hastened(seed uint64) *scenario {
	s.haste = numbers(seed, 0x6861737465)
	return s
}

// littered has more deploys fail. In some courses they leave a VM then, and in some they take their time to fail.
func (s *scenario) littered(seed uint64) *scenario {
	s.litter = numbers(seed, 0x6c6974746572)
	s.leaves, s.failsLate = s.litter.IntN(2) == 0, s.litter.IntN(2) == 0
	return s
}

// doomed are the deploys and clones that fail in a run under fire.
func (s *scenario) doomed() (faults []mdxsim.Fault) {
	if s.litter == nil {
		return nil
	}
	for _, route := range []string{"POST /api/vm/deploy/", "POST /api/vm/{vm}/clone/"} {
		nth, happens := 1+s.litter.IntN(4), s.litter.IntN(3) == 0
		if happens {
			faults = append(faults, mdxsim.Fault{Route: route, Nth: nth, Times: 1, Kind: mdxsim.TaskFails})
		}
	}
	return faults
}

// clear wants nothing any more.
func (s *scenario) clear() {
	s.vms, s.group, s.clones, s.hosted, s.open, s.closed = map[string]*machine{}, nil, map[string]bool{}, map[string]bool{}, nil, nil
	s.renamed, s.moved, s.patient = map[string]bool{}, map[string]bool{}, map[string]bool{}
	s.heirs, s.second = map[string]bool{}, map[string]bool{}
}

// nextWide changes what is beside VMs and groups.
func (s *scenario) nextWide() {
	if s.more == nil {
		return
	}
	for range 1 + s.more.IntN(3) {
		switch s.more.IntN(6) {
		case 0, 1:
			s.open = s.network(s.open)
		case 2, 3:
			if s.closed = s.network(s.closed); s.closed != nil {
				s.closed.exclusive, s.closed.shared, s.closed.follows = s.more.IntN(2) == 0, false, ""
			}
		case 4:
			name := "xy"[s.more.IntN(2):][:1]
			if _, there := s.clones[name]; there {
				delete(s.clones, name)
			} else {
				s.clones[name] = s.more.IntN(2) == 0
			}
		case 5:
			name := "abcde"[s.more.IntN(5):][:1]
			s.hosted[name] = s.onHosts && !s.hosted[name]
		}
	}
	if s.onHosts { // what one comes for
		for _, name := range slices.Sorted(maps.Keys(s.vms)) { // the first, at every run
			s.hosted[name] = s.hosted[name] || len(s.hosted) == 0
		}
	}
}

func (s *scenario) network(was *network) *network {
	if was != nil && s.more.IntN(5) == 0 {
		return nil
	}
	n := &network{shared: s.more.IntN(3) == 0, follows: "abcde"[s.more.IntN(5):][:1]}
	for port := 7000; port < 7016; port++ {
		if s.more.IntN(2) == 0 {
			n.ports = append(n.ports, port)
		}
	}
	return n
}

// next changes the configuration in a few ways.
func (s *scenario) next() {
	defer s.nextUnruly()
	defer s.nextWide()
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

// place is where a configuration is to be applied.
type place struct{ catalog, segment, backend, source string }

var limits = object{"create": "90s", "read": "90s", "update": "90s", "delete": "90s"}

// config is the configuration.
func (s *scenario) config(at place) map[string]resource {
	hardware := func(m *machine) object {
		power := "running"
		if m.stopped {
			power = "stopped"
		}
		return object{
			"catalog_id": at.catalog, "pack_type": "cpu", "pack_num": m.packs, "disk_size": 40, "ssh_public_key": publicKey,
			"power_state": power, "allow_stopping_for_update": true, "timeouts": limits,
		}
	}
	config := map[string]resource{}
	for name, vm := range s.vms {
		attributes := hardware(vm)
		attributes["name"] = s.nameOf(name)
		config["mdx_vm."+name] = resource{attributes}
		if vm.acl {
			config["mdx_acl_rule."+s.keyOf(name)] = resource{rule("TCP", 22, at.segment, hostOf(name))}
		}
		if vm.dnat {
			maps.Copy(config, s.dnatsTo(name, at.segment))
		}
		if s.hosted[name] && !vm.stopped {
			config["mdx_container_host."+name] = resource{object{
				"host": addressOf(name), "triggers": object{"vm": reference{address: "mdx_vm." + name, attribute: "id"}},
				"hostname":       "node-" + name,
				"base_container": object{"image": "registry.test:5000/vcp/base:1.0"},
				"timeouts":       limits,
			}}
		}
	}
	for name, bigger := range s.clones {
		attributes := object{"name": "clone-" + name, "source_vm_id": at.source, "timeouts": limits, "allow_stopping_for_update": true}
		if bigger {
			attributes["pack_num"] = 9
		}
		config["mdx_vm.clone_"+name] = resource{attributes}
	}
	for name := range s.heirs {
		attributes := hardware(&machine{packs: 1})
		attributes["name"] = "vm-" + name
		config["mdx_vm.heir_"+name] = resource{attributes}
	}
	if s.group != nil {
		attributes := hardware(s.group)
		attributes["name_prefix"], attributes["size"] = "unit-", s.group.count
		config["mdx_vm_group.unit"] = resource{attributes}
	}
	if s.open != nil {
		config["mdx_network.open"] = resource{s.rules("open", s.open, at.segment)}
	}
	if s.closed != nil {
		config["mdx_network.closed"] = resource{s.rules("closed", s.closed, at.backend)}
	}
	return config
}

// rules is a network as it is written.
func (s *scenario) rules(name string, n *network, segment string) object {
	acl := list{}
	add := func(protocol string, port int, to any) {
		r := rule(protocol, port, "", to)
		delete(r, "segment_id")
		acl = append(acl, r)
	}
	for _, port := range n.ports {
		add("TCP", port, "10.0.9.0/24")
	}
	if n.shared {
		add("TCP", 22, "10.0.0.2/32")
	}
	if vm := s.vms[n.follows]; vm != nil && !vm.stopped {
		add("UDP", 53, hostOf(n.follows))
	}
	timeouts := limits
	if s.patient[name] {
		timeouts = object{"create": "91s", "read": "91s", "update": "91s", "delete": "91s"}
	}
	return object{"segment_id": segment, "exclusive": n.exclusive, "acl": acl, "timeouts": timeouts}
}

func rule(protocol string, port int, segment string, to any) object {
	return object{
		"segment_id": segment, "protocol": protocol, "source_cidr": "192.0.2.0/24", "source_port": "Any",
		"destination_cidr": to, "destination_port": strconv.Itoa(port),
	}
}

func addressOf(vm string) reference {
	return reference{address: "mdx_vm." + vm, attribute: "ipv4_address"}
}

// hostOf is the network of one VM alone.
func hostOf(vm string) reference {
	r := addressOf(vm)
	r.behind = "/32"
	return r
}

// strike is what happens to a run in the middle.
type strike struct {
	kind string
	nth  int  // at which write to the portal
	late bool // after the portal has carried it out

	faults int // how many may meet the same run
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
	revoked   = "token revoked"    // for good: the next run is given another
	jumped    = "kill, clock jump" // by hours, before the next run
	beside    = "run beside"       // another one works in the project, from another folder
	unheard   = "answer not heard" // SIGKILL of Terraform between the provider's answer and the state
)

func (s *scenario) strike() strike {
	kinds := []string{nothing, interrupt, interrupt, twice, killed, killed, killed, lostState, outage, fullDisk}
	is := strike{kind: kinds[s.random.IntN(len(kinds))], nth: s.random.IntN(8), late: s.random.IntN(2) == 0}
	if s.more == nil {
		return is
	}
	if others := []string{revoked, jumped, beside}; s.more.IntN(3) == 0 {
		is.kind = others[s.more.IntN(len(others))]
	}
	switch {
	case s.onHosts && s.more.IntN(2) == 0:
		is.nth = s.more.IntN(60)
	case s.more.IntN(2) == 0:
		is.nth = s.more.IntN(24)
	}
	return is
}

// String tells it in a log.
func (s strike) String() string {
	return fmt.Sprintf("%s at write %d (late %v)", s.kind, s.nth, s.late)
}

// hurry is how a course hurries at one of its steps.
type hurry struct {
	on   bool           // goes on without peace, unless the state lacks something
	last bool           // and if it was the last step, destroys everything in peace
	rows []mdxsim.Fault // what goes wrong many times in a row
}

// hurry draws the same number of numbers for all steps.
func (s *scenario) hurry() hurry {
	if s.haste == nil {
		return hurry{}
	}
	h := hurry{on: s.haste.IntN(2) == 0, last: s.haste.IntN(2) == 0}
	many, at, times, element := s.haste.IntN(6), 1+s.haste.IntN(20), s.haste.IntN(10), 2+s.haste.IntN(6)
	routes := []string{
		"GET /api/vm/project/{project}/", "GET /api/vm/{vm}/", "GET /api/task/{task}/", "GET /api/history/project/{project}/",
		"GET /api/history/vm/{vm}/",
	}
	route := routes[s.haste.IntN(len(routes))]
	nth := at
	if route != routes[0] {
		nth = 1 + at/4 // asked less often
	}
	switch many {
	case 0, 1: // more than the rounds in a row that a wait bears
		h.rows = []mdxsim.Fault{{Route: route, Nth: nth, Times: 6 + times, Kind: mdxsim.NotFound}}
	case 2: // the first two are others'
		h.rows = []mdxsim.Fault{{Route: routes[0], Nth: at, Times: 2 + times/4, Kind: mdxsim.ListOmits, Element: element}}
	}
	return h
}

// String tells it in a log.
func (h hurry) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "goes on at once %v, to the end %v", h.on, h.last)
	for _, f := range h.rows {
		fmt.Fprintf(&text, ", %s %d times from request %d of %s on", f.Kind, f.Times, f.Nth, f.Route)
	}
	return text.String()
}

// names are those of the VMs that a configuration wants.
func names(config map[string]resource) map[string]bool {
	wanted := map[string]bool{}
	for address, r := range config {
		switch typeOf(address) {
		case "mdx_vm":
			wanted[r.attributes["name"].(string)] = true
		case "mdx_vm_group":
			for i := range r.attributes["size"].(int) {
				wanted[fmt.Sprint(r.attributes["name_prefix"], i)] = true
			}
		}
	}
	return wanted
}
