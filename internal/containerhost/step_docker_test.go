package containerhost

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestANetworkOfRegistriesMayBeSpelledInAnyWay gives one that the daemon tells without its host bits.
func TestANetworkOfRegistriesMayBeSpelledInAnyWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec()
		spec.Docker.InsecureRegistries = []string{"10.9.0.5/21", "2001:DB8::5/64"}
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		looked, err := h.inspect(t.Context(), spec)
		if err != nil || len(looked.Drift) > 0 || h.docker.restarts != 1 {
			t.Errorf("drift %v, %v; the daemon was started %d times", looked.Drift, err, h.docker.restarts)
		}
	})
}

// TestADockerThatDoesNotStartWithItsNewFileGetsTheFormerOne takes a mirror with a path, which Docker 20.10 refuses and later
// versions don't.
func TestADockerThatDoesNotStartWithItsNewFileGetsTheFormerOne(t *testing.T) {
	for name, former := range map[string]string{"a file": `{"mtu": 1400}`, "no file": ""} {
		synctest.Test(t, func(t *testing.T) {
			h := newFakeHost(t, distributions["debian 12"])
			h.docker.installed, h.docker.enabled, h.docker.running = true, true, true
			if former != "" {
				h.files[daemonFile] = former
			}
			h.docker.refuses = "/a-path"
			spec := nodeSpec()
			spec.Docker.RegistryMirrors = []string{"http://10.9.0.5:5000/a-path"}
			_, _, err := h.converge(t.Context(), spec)
			if err == nil || !strings.Contains(err.Error(), "step docker-config") || !strings.Contains(err.Error(), "Job for docker.service failed") {
				t.Errorf("%s: %v", name, err)
			}
			if is, there := h.files[daemonFile]; !h.docker.running || is != former || there != (former != "") {
				t.Errorf("%s: Docker runs: %t; %s holds %q", name, h.docker.running, daemonFile, is)
			}
		})
	}
}
