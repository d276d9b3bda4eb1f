package vcdriver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Units of one project, each in its folder, take turns at the portal without knowing of each other.
func TestAccTwoUnitsOfOneProjectAtOnce(t *testing.T) {
	t.Parallel()
	s := inProcess(t)
	t.Cleanup(func() { // after both
		if stats := s.sim.Stats(); stats.Overlapping > 0 || s.deploys() != 2 || stats.Deployed != 6 {
			t.Errorf("%d deploy requests met, of %d, which made %d VMs", stats.Overlapping, s.deploys(), stats.Deployed)
		}
		s.clean()
	})
	for _, name := range []string{"manager", "worker"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newController(t, s, sampleUnit(t, name, "default"))
			c.apply()
			c.expectStates(c.all("RUNNING"))
			c.settled()
			c.destroy()
		})
	}
}

// A host that does not answer although its VM is on ends the apply with an error, and a new VM takes its place when the
// controller says so. The other nodes are none the worse.
func TestAccAHostThatStaysSilent(t *testing.T) {
	t.Parallel()
	s := inProcess(t)
	c := newController(t, s, sampleUnit(t, "web", "default"))
	c.apply()
	made := c.nodes()
	if err := s.backend.Stop(t.Context(), made["2"].VMID, false); err != nil {
		t.Fatal(err)
	}
	c.unit.grow(1)
	r := c.run()
	if r.err == nil || !r.said("error", "Check that the VM is running") {
		t.Errorf("%v\n%s", r.err, r)
	}
	r.expect(both("create", "4")...)
	states := c.all("RUNNING")
	states["2"] = "HOST_ERROR"
	c.look()
	c.expectStates(states)

	c.apply(tfexec.Replace(address("vm", "2"))).expect(slices.Concat(both("delete", "2"), both("create", "2"))...)
	if now := c.expectStates(c.all("RUNNING")); now["2"].VMID == made["2"].VMID || now["1"] != made["1"] {
		t.Errorf("now %v, before %v", now, made)
	}
	c.ends(s)
}

// The portal fails to make one of the VMs. Terraform goes on to the hosts once all VMs are there, so the next apply makes
// the one and all hosts.
func TestAccADeployThatFails(t *testing.T) {
	t.Parallel()
	s := inProcess(t)
	c := newController(t, s, sampleUnit(t, "web", "default"))
	s.sim.FailNextTasks(1)
	r := c.run()
	if r.err == nil || !r.said("error", "web-1") {
		t.Errorf("%v\n%s", r.err, r)
	}
	r.expect(of("create", "vm", "2"), of("create", "vm", "3"))
	c.look()
	made := c.expectStates(c.all("HOST_ERROR"))
	c.apply()
	for id, now := range c.expectStates(c.all("RUNNING")) {
		if id != "1" && now.VMID != made[id].VMID {
			t.Errorf("now %+v, was %+v", now, made[id])
		}
	}
	c.ends(s)
}

// The controller is told to end while addresses are waited for: terraform ends, and the next apply goes on with the
// same VMs.
func TestAccAnApplyThatIsInterrupted(t *testing.T) {
	t.Parallel()
	const eternity = 1000 * time.Hour
	s := newStage(t, mdxsim.Config{Backend: players(t), Speed: 4000, Durations: mdxsim.Durations{Address: eternity}})
	c := newController(t, s, sampleUnit(t, "web", "default"))
	c.render()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		s.until(ctx, func(stats mdxsim.Stats) bool { return stats.Deployed == 3 && stats.Routes["GET /api/vm/{vm}/"] > 0 })
		interrupt()
	}()
	var out bytes.Buffer
	err := c.tf.ApplyJSON(ctx, &out, tfexec.Parallelism(100))
	r := newReport(t, out.Bytes(), err)
	if !errors.Is(err, context.Canceled) || !r.said("warning", "continues") {
		t.Fatalf("%v\n%s", err, r)
	}
	s.sim.Advance(2 * eternity)
	c.apply()
	c.expectStates(c.all("RUNNING"))
	if stats := s.sim.Stats(); stats.Deployed != 3 || s.deploys() != 1 {
		t.Errorf("%d VMs were made with %d requests", stats.Deployed, s.deploys())
	}
	c.ends(s)
}

// until waits for a condition of the portal.
func (s *stage) until(ctx context.Context, holds func(mdxsim.Stats) bool) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds(s.sim.Stats()) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Nodes move to the addresses that the Unit gives them. The portal shows those later: here after a power cycle.
func TestAccNodesWithFixedAddresses(t *testing.T) {
	t.Parallel()
	s := inProcess(t)
	neighbour, err := s.backend.Start(t.Context(), mdxsim.Host{ID: "neighbour", Name: "neighbour"})
	if err != nil {
		t.Fatal(err)
	}
	network := neighbour.As4()
	s.settings["private_network_ipmask"] = fmt.Sprintf("127.%d.0.0/16", network[1])
	c := newController(t, s, sampleUnit(t, "web", "default"))
	var wanted []string
	for i := range c.unit.ids { // the backend itself gives none of these
		wanted = append(wanted, fmt.Sprintf("127.%d.251.%d", network[1], network[2]%80*3+byte(i)))
	}
	c.unit.Spec["ip_addresses"] = wanted
	c.apply()
	made := c.expectStates(c.all("RUNNING"))
	for i, id := range c.unit.ids {
		if made[id].Address != wanted[i] {
			t.Errorf("node %s is at %s, not at %s", id, made[id].Address, wanted[i])
		}
	}
	c.onHost(made["2"], "true")
	c.settled()

	c.settings["power_state"] = "stopped"
	c.apply()
	c.settings["power_state"] = "running"
	c.apply()
	c.apply() // the portal shows the new addresses now
	for id, now := range c.expectStates(c.all("RUNNING")) {
		if now != made[id] {
			t.Errorf("now %+v, was %+v", now, made[id])
		}
	}
	c.ends(s)
}

// Nodes may be made while they are off; they become nodes when they are switched on.
func TestAccAUnitThatIsMadeWhileOff(t *testing.T) {
	t.Parallel()
	s := inProcess(t)
	c := newController(t, s, sampleUnit(t, "web", "default"))
	c.settings["power_state"] = "stopped"
	c.apply().expect(both("create", c.unit.ids...)...)
	made := c.expectStates(c.all("POWER_OFF"))
	c.settled()
	c.settings["power_state"] = "running"
	c.apply()
	for id, now := range c.expectStates(c.all("RUNNING")) {
		if now.VMID != made[id].VMID {
			t.Errorf("now %+v, was %+v", now, made[id])
		}
	}
	c.ends(s)
}

// VMs that are equal but for their names share deploy requests, ten at most in each: web-[1-9], web-1[0-9], web-2[0-9]
// and web-30, and more where a busy machine has Terraform ask for them little by little.
func TestAccFewDeploysForManyNodes(t *testing.T) {
	t.Parallel()
	s := newStage(t, mdxsim.Config{Speed: 4000, Durations: mdxsim.Durations{DeployAnswer: 4000 * time.Second}})
	c := newController(t, s, sampleUnit(t, "web", "default"))
	c.unit.grow(27)
	c.apply(tfexec.Target("mdx_vm.node"))
	stats := s.sim.Stats()
	t.Logf("%d requests", s.deploys())
	if stats.Deployed != 30 || s.deploys() > 15 {
		t.Errorf("%d VMs were made with %d requests", stats.Deployed, s.deploys())
	}
	c.destroy()
	s.clean()
}
