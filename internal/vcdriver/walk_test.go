package vcdriver

import (
	"slices"
	"testing"
)

// TestAccAUnitsLife walks a Unit from create to delete as a controller would.
func TestAccAUnitsLife(t *testing.T) {
	t.Parallel()
	s := inProcess(t)
	c := newController(t, s, sampleUnit(t, "web", "spot"))
	u := c.unit

	c.apply().expect(both("create", "1", "2", "3")...)
	made := c.expectStates(c.all("RUNNING"))
	c.settled()
	if got := s.deploys(); got != 1 {
		t.Errorf("three equal nodes took %d deploy requests", got)
	}

	u.grow(2)
	c.apply().expect(both("create", "4", "5")...)
	c.settled()
	if got := s.deploys(); got != 2 {
		t.Errorf("with two more it took %d deploy requests", got)
	}

	// A Base container ends.
	c.onHost(made["2"], "sudo -n docker rm -f base")
	c.look()
	states := c.all("RUNNING")
	states["2"] = "CONTAINER_ERROR"
	c.expectStates(states)
	c.apply().expect(of("update", "container_host", "2"))
	healed := c.expectStates(c.all("RUNNING"))
	if healed["2"].ContainerID == made["2"].ContainerID || healed["2"].VMID != made["2"].VMID {
		t.Errorf("healed: %+v, was %+v", healed["2"], made["2"])
	}

	// The platform stops a spot VM.
	if err := s.sim.Sleep("web-3"); err != nil {
		t.Fatal(err)
	}
	if r := c.look(); !r.said("warning", "The platform stopped the spot VM") || !r.said("warning", "could not be asked") {
		t.Errorf("nobody is told:\n%s", r)
	}
	states = c.all("RUNNING")
	states["3"] = "HOST_ERROR"
	if asleep := c.expectStates(states); asleep["3"].PowerState != "stopped" {
		t.Errorf("asleep: %+v", asleep["3"])
	}
	c.apply().expect(both("update", "3")...)
	if awake := c.expectStates(c.all("RUNNING")); awake["3"].ContainerID != made["3"].ContainerID || awake["3"].VMID != made["3"].VMID {
		t.Errorf("awake: %+v, was %+v", awake["3"], made["3"])
	}
	c.settled()

	// A VM is deleted by somebody else's hand.
	if err := s.sim.DeleteVM("web-1"); err != nil {
		t.Fatal(err)
	}
	c.look()
	states = c.all("RUNNING")
	states["1"] = "HOST_ERROR"
	c.expectStates(states)
	c.apply().expect(of("create", "vm", "1"), of("delete", "container_host", "1"), of("create", "container_host", "1"))
	if back := c.expectStates(c.all("RUNNING")); back["1"].VMID == made["1"].VMID {
		t.Errorf("back: %+v, was %+v", back["1"], made["1"])
	}
	c.settled()

	// A chosen node goes, and the others don't move up.
	u.ids = slices.DeleteFunc(u.ids, func(id string) bool { return id == "2" })
	c.apply().expect(both("delete", "2")...)
	c.expectStates(c.all("RUNNING"))
	c.settled()

	// A node is switched off and on, and then all of them.
	before := c.nodes()
	c.settings["powered_off_nodes"] = []string{"4"}
	c.apply().expect(both("update", "4")...)
	states = c.all("RUNNING")
	states["4"] = "POWER_OFF"
	c.expectStates(states)
	c.settled()
	c.settings["powered_off_nodes"] = []string{}
	c.settings["power_state"] = "stopped"
	c.apply().expect(both("update", "1", "3", "5")...)
	c.expectStates(c.all("POWER_OFF"))
	c.settled()
	c.settings["power_state"] = "running"
	c.apply().expect(both("update", u.ids...)...)
	for id, now := range c.expectStates(c.all("RUNNING")) {
		if was := before[id]; now.VMID != was.VMID || now.ContainerID != was.ContainerID {
			t.Errorf("after a power cycle: %+v, was %+v", now, was)
		}
	}
	c.settled()

	// It is deleted while a node of it is off.
	c.settings["powered_off_nodes"] = []string{"5"}
	c.apply()
	c.destroy().expect(both("delete", u.ids...)...)
	s.clean()
}
