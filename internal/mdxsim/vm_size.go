package mdxsim

import "net/http"

// The most packs that a machine may have (PORTAL.md §5).
const (
	maxCPUPacks = 152
	maxGPUPacks = 8
)

// size is what packs amount to (PORTAL.md §5), or what a dedicated project gave.
func (v *vm) size() (cpu int, memoryGB float64, gpu int) {
	switch v.PackType {
	case "cpu":
		return v.PackNum, 1.51 * float64(v.PackNum), 0
	case "gpu":
		return 18 * v.PackNum, 57.6 * float64(v.PackNum), v.PackNum
	}
	return v.CPU, float64(v.MemoryGB), v.GPU
}

// sizeFits checks packs, or cores and memory, against what a machine of a
// catalog may have; nobody may know the catalog any more.
func sizeFits(p *project, k *Catalog, v VM) (answer, bool) {
	if k == nil {
		k = new(Catalog)
	}
	if p.Dedicated {
		switch {
		case v.CPU < 1:
			return invalid("cpu", required), false
		case v.MemoryGB < max(1, k.MinMemoryGB):
			return invalid("memory", wrongValue), false
		}
		return answer{}, true
	}
	most := map[string]int{"cpu": maxCPUPacks, "gpu": maxGPUPacks}[v.PackType]
	_, memory, _ := (&vm{VM: v}).size()
	switch {
	case most == 0:
		return invalid("pack_type", wrongValue), false
	case v.PackNum < 1 || v.PackNum > most:
		return invalid("pack_num", "パック数が範囲外です。"), false
	case k.GPURequired && v.PackType != "gpu":
		return invalid("pack_type", "このテンプレートにはGPUパックが必要です。"), false
	case memory < float64(k.MinMemoryGB):
		return invalid("pack_num", "メモリがテンプレートの下限を下回っています。"), false
	}
	return answer{}, true
}

// quotaFits says whether n more such machines fit into the project, or why
// their tasks will fail.
func (c *call) quotaFits(p *project, v VM, n int) (refuse string, no answer, ok bool) {
	switch {
	case p.used().plus(usageOf(v), n).within(p.Quota):
		return "", answer{}, true
	case c.cfg.Quirks.Quota == "fails":
		return noQuota, answer{}, true
	}
	return "", detail(http.StatusBadRequest, noQuota), false
}

// within says whether usage stays within a quota.
func (q Quota) within(quota Quota) bool {
	fits := func(want, most int) bool { return most == 0 || want <= most }
	return fits(q.CPUPacks, quota.CPUPacks) && fits(q.GPUPacks, quota.GPUPacks) && fits(q.DiskGB, quota.DiskGB) &&
		fits(q.CPUs, quota.CPUs) && fits(q.MemoryGB, quota.MemoryGB) && fits(q.GPUs, quota.GPUs)
}

// used is what the project's machines hold together.
func (p *project) used() Quota {
	var sum Quota
	for _, v := range p.machines {
		sum = sum.plus(usageOf(v.VM), 1)
	}
	return sum
}

// usageOf is what one machine holds; a deallocated one holds its disk only.
func usageOf(v VM) Quota {
	var q Quota
	for _, d := range v.Disks {
		q.DiskGB += d.CapacityGB
	}
	if v.Status == Deallocated {
		return q
	}
	switch v.PackType {
	case "cpu":
		q.CPUPacks = v.PackNum
	case "gpu":
		q.GPUPacks = v.PackNum
	default:
		q.CPUs, q.MemoryGB, q.GPUs = v.CPU, v.MemoryGB, v.GPU
	}
	return q
}

func (q Quota) plus(more Quota, times int) Quota {
	return Quota{
		CPUPacks: q.CPUPacks + times*more.CPUPacks, GPUPacks: q.GPUPacks + times*more.GPUPacks,
		DiskGB: q.DiskGB + times*more.DiskGB, CPUs: q.CPUs + times*more.CPUs,
		MemoryGB: q.MemoryGB + times*more.MemoryGB, GPUs: q.GPUs + times*more.GPUs,
	}
}
