package vm

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestPacksNeededAreTheLeastThatHoldAsMuch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"cpu", "gpu"}).Draw(t, "kind")
		size, most, err := packsOf(kind)
		if err != nil {
			t.Fatal(err)
		}
		given := rapid.Int64Range(1, most).Draw(t, "packs")
		cores, memory, gpus := size.resources(given)
		if got := size.needed(float64(cores), memory, gpus); got != float64(given) {
			t.Fatalf("%d %s packs hold %d cores, %v GB and %d GPUs, but %v packs are said to be needed for these", given, kind, cores, memory, gpus, got)
		}
		if got := size.needed(float64(cores), memory+0.01, gpus); got != float64(given)+1 {
			t.Fatalf("a hundredth of a GB more than %d %s packs hold: %v packs", given, kind, got)
		}
	})
}

func TestPacksOfAnUnknownKindAreRefused(t *testing.T) {
	for _, kind := range []string{"", "CPU", "tpu"} {
		if _, _, err := packsOf(kind); err == nil {
			t.Errorf("%q is taken for a kind of pack", kind)
		}
	}
}

func TestNoNumberOfCPUPacksHoldsAGPU(t *testing.T) {
	size, _, err := packsOf("cpu")
	if err != nil {
		t.Fatal(err)
	}
	if got := size.needed(1, 1, 1); !math.IsInf(got, 1) {
		t.Errorf("%v cpu packs are said to hold a GPU", got)
	}
}
