//go:build e2e

package vcdriver

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// TestE2EAUnitOnRealHosts walks a Unit whose nodes are real hosts from create to delete.
func TestE2EAUnitOnRealHosts(t *testing.T) {
	backend, err := mdxsim.NewDockerBackend(t.Context(), mdxsim.DockerConfig{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, mdxsim.Config{Backend: backend, Speed: 2000}) // closing the portal closes the backend
	image, err := backend.BaseImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	registry, _, _ := strings.Cut(image, ":")
	s.settings["image"], s.settings["vc_controller_address"] = image, registry // whose port 5000 is the registry's
	c := newController(t, s, sampleUnit(t, "web", "spot"))
	u := c.unit
	u.ids, u.last = u.ids[:2], 2
	began := time.Now()
	step := func(what string) { t.Logf("%4.0f s: %s", time.Since(began).Seconds(), what) }

	c.apply().expect(both("create", "1", "2")...)
	made := c.expectStates(c.all("RUNNING"))
	step("two nodes are made")
	u.grow(1)
	c.apply().expect(both("create", "3")...)
	step("and a third")

	c.onHost(made["1"], "sudo -n docker rm -f base")
	if err := s.sim.Sleep("web-2"); err != nil {
		t.Fatal(err)
	}
	s.until(t.Context(), func(mdxsim.Stats) bool { // its host is off
		_, err := backend.Exec(t.Context(), made["2"].VMID, "true")
		return err != nil
	})
	c.look()
	c.expectStates(map[string]string{"1": "CONTAINER_ERROR", "2": "HOST_ERROR", "3": "RUNNING"})
	step("one has lost its Base container, one was put to sleep")
	c.apply().expect(of("update", "container_host", "1"), of("update", "vm", "2"), of("update", "container_host", "2"))
	healed := c.expectStates(c.all("RUNNING"))
	if healed["1"].ContainerID == made["1"].ContainerID || healed["2"].ContainerID != made["2"].ContainerID {
		t.Errorf("healed: %v, made: %v", healed, made)
	}
	c.settled()
	step("both are healed")

	u.ids = slices.DeleteFunc(u.ids, func(id string) bool { return id == "1" })
	c.apply().expect(both("delete", "1")...)
	c.settings["powered_off_nodes"] = []string{"3"}
	c.apply().expect(both("update", "3")...)
	c.expectStates(map[string]string{"2": "RUNNING", "3": "POWER_OFF"})
	step("the first has gone, the third is off")
	delete(c.settings, "powered_off_nodes")
	c.apply().expect(both("update", "3")...)
	c.expectStates(c.all("RUNNING"))
	c.settled()
	step("the third is on")

	last := c.nodes()
	c.destroy().expect(both("delete", "2", "3")...)
	s.clean()
	for _, n := range last {
		if out, err := backend.Exec(t.Context(), n.VMID, "true"); err == nil {
			t.Errorf("the host of %s is left: %s", n.Name, out)
		}
	}
	step("all is deleted")
}
