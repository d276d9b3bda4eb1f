package mdx

import (
	"testing"
	"time"
)

func TestAMachineThatWasJustAskedInVainIsLeftAlone(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for misses := 1; misses <= 100; misses++ {
		machine := &candidate{id: "a", onSince: now.Add(-time.Hour), asked: now.Add(-DefaultPollInterval / 2), misses: misses}
		scouts := scouting{candidates: map[VMID]*candidate{"a": machine}}
		if ripe := scouts.ripe(now, DefaultPollInterval); len(ripe) > 0 {
			t.Errorf("asked in vain %d times, and again half a poll interval later", misses)
		}
	}
}
