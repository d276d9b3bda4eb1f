package vm

import (
	"fmt"
	"math"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// packSize is what one pack of a kind holds (PORTAL.md §5). Memory is counted in hundredths of a GB, since the portal
// gives two decimals and a sum of them must come out as written.
type packSize struct {
	cores, memoryHundredths, gpus int64
}

var packSizes = map[mdx.PackType]packSize{
	mdx.PackCPU: {cores: 1, memoryHundredths: 151},
	mdx.PackGPU: {cores: 18, memoryHundredths: 5760, gpus: 1},
}

// packsOf knows a kind of pack by its name.
func packsOf(kind string) (packSize, int64, error) {
	size, ok := packSizes[mdx.PackType(kind)]
	if !ok {
		return packSize{}, 0, fmt.Errorf("%q is not a kind of pack: give \"cpu\" or \"gpu\"", kind)
	}
	return size, int64(mdx.PackType(kind).MaxPacks()), nil
}

// resources is what a number of packs hold together.
func (s packSize) resources(num int64) (cores int64, memoryGB float64, devices int64) {
	return s.cores * num, float64(s.memoryHundredths*num) / 100, s.gpus * num
}

// needed is the least number of packs that hold as much, at least one.
func (s packSize) needed(cores, memoryGB float64, devices int64) float64 {
	num := math.Max(1, math.Ceil(cores/float64(s.cores)))
	num = math.Max(num, math.Ceil(math.Round(memoryGB*100)/float64(s.memoryHundredths)))
	if devices == 0 {
		return num
	}
	if s.gpus == 0 {
		return math.Inf(1)
	}
	return math.Max(num, math.Ceil(float64(devices)/float64(s.gpus)))
}
