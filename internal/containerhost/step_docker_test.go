package containerhost

import (
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
