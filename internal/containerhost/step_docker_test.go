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

// TestWhatDockersUnitSaysIsNotSaidAgain has a unit that names insecure registries by a flag: with the same list in its file
// too, the daemon would not start at the next boot.
func TestWhatDockersUnitSaysIsNotSaidAgain(t *testing.T) {
	tests := map[string]struct {
		flags []string
		want  string // in the error; empty: none
	}{
		"all of it":     {[]string{"--insecure-registry=10.9.0.5:5000", "--insecure-registry=10.9.0.5:5001"}, ""},
		"part of it":    {[]string{"--insecure-registry=10.9.0.5:5000"}, "add 10.9.0.5:5001 there"},
		"another file":  {[]string{"--config-file=/etc/own.json"}, "/etc/own.json"},
		"the same file": {[]string{"--config-file", daemonFile}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, distributions["debian 12"])
				h.docker.installed, h.docker.enabled, h.docker.flags = true, true, test.flags
				h.docker.start()
				spec := nodeSpec()
				_, _, err := h.converge(t.Context(), spec)
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("error %v, want %q", err, test.want)
				}
				if h.docker.saidTwice() || h.docker.restarts > 2 {
					t.Errorf("%d starts; %s holds %q", h.docker.restarts, daemonFile, h.files[daemonFile])
				}
				if looked, err := h.inspect(t.Context(), spec); test.want == "" && (err != nil || len(looked.Drift) > 0) {
					t.Errorf("drift %v, %v", looked.Drift, err)
				}
			})
		})
	}
}
