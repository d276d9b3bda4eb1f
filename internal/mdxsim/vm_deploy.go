package mdxsim

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// adapterRequest is an element of network_adapters.
type adapterRequest struct {
	Number  int    `json:"adapter_number"`
	Segment string `json:"segment"`
}

// deployRequest is the body of POST /api/vm/deploy/ (PORTAL.md §5).
type deployRequest struct {
	Catalog        string           `json:"catalog"`
	Project        string           `json:"project"`
	Name           string           `json:"vm_name"`
	TemplateName   string           `json:"template_name"`
	OSType         string           `json:"os_type"`
	DiskSize       int              `json:"disk_size"`
	PackType       string           `json:"pack_type"`
	PackNum        int              `json:"pack_num"`
	CPU            int              `json:"cpu"`
	Memory         int              `json:"memory"`
	GPU            any              `json:"gpu"`
	ServiceLevel   string           `json:"service_level"`
	StorageNetwork string           `json:"storage_network"`
	Adapters       []adapterRequest `json:"network_adapters"`
	SharedKey      string           `json:"shared_key"`
	PowerOn        bool             `json:"power_on"`
	NVLink         bool             `json:"nvlink"`
}

const (
	maxCPUPacks = 152
	maxGPUPacks = 8
)

// deploy answers POST /api/vm/deploy/.
func deploy(c *call) answer {
	var body deployRequest
	if no, ok := c.read(&body); !ok {
		return no
	}
	p := c.projectByID(body.Project)
	if p == nil {
		return invalid("project", wrongValue)
	}
	if p.Expired || p.Suspended {
		return forbidden()
	}
	k := p.catalogByID(body.Catalog)
	names := expand(body.Name)
	for _, check := range []struct {
		field string
		wrong bool
		text  string
	}{
		{"catalog", body.Catalog == "", required},
		{"catalog", k == nil, wrongValue},
		{"vm_name", body.Name == "", required},
		{"vm_name", names == nil, "仮想マシン名の範囲指定が正しくありません。"},
		{"service_level", serviceLevels[body.ServiceLevel] == "", required},
		{"storage_network", !slices.Contains([]string{"portgroup", "sr-iov", "pvrdma"}, body.StorageNetwork), wrongValue},
		{"os_type", body.OSType != "Linux" && body.OSType != "Windows", wrongValue},
		{"network_adapters", !c.adaptersFit(p, body.Adapters), wrongValue},
		{"disk_size", k != nil && body.DiskSize < k.MinDiskGB, "ディスクサイズがテンプレートの下限を下回っています。"},
	} {
		if check.wrong {
			return invalid(check.field, check.text)
		}
	}
	wanted := VM{
		Status: Deploying, CatalogID: k.UUID, PackType: body.PackType, PackNum: body.PackNum, CPU: body.CPU,
		MemoryGB: body.Memory, GPU: number(body.GPU), NVLink: body.NVLink, ServiceLevel: body.ServiceLevel,
		StorageNetwork: body.StorageNetwork, SharedKey: body.SharedKey,
		Disks: []Disk{{Number: 1, DeviceKey: 2000, CapacityGB: body.DiskSize}},
	}
	if no, ok := sizeFits(p, k, wanted); !ok {
		return no
	}
	if no, ok := c.namesFree(p, names); !ok {
		return no
	}
	if no, ok := p.withinQuota(wanted, len(names)); !ok {
		return no
	}
	var ids []string
	for _, name := range names {
		v := &vm{VM: wanted, project: p, catalog: k}
		v.Name, v.Disks = name, slices.Clone(wanted.Disks)
		ids = append(ids, c.make(v, body.Adapters, "デプロイ", c.cfg.Durations.Deploy, func() {
			if body.PowerOn {
				c.powerUp(v)
				return
			}
			c.off(v)
		}).id)
	}
	return accepted(map[string]any{"task_id": taskIDs(ids)})
}

// make brings a machine into the world; it holds its name and its addresses at
// once, and shows a little later (PORTAL.md §8).
func (c *call) make(v *vm, adapters []adapterRequest, kind string, takes time.Duration, finish func()) *task {
	v.UUID, v.deployed = c.newID(), true
	for _, a := range adapters {
		v.Adapters = append(v.Adapters, Adapter{Number: a.Number, SegmentID: a.Segment})
	}
	for i := range v.Adapters {
		c.assign(v, i)
	}
	v.visible = c.at.Add(c.cfg.Durations.VMVisible)
	c.vms[v.UUID] = v
	v.project.machines = append(v.project.machines, v)
	c.stats.note(func(st *Stats) { st.Deployed++ })
	return c.begin(v, operation{kind: kind, takes: takes, finish: finish})
}

func (c *call) adaptersFit(p *project, adapters []adapterRequest) bool {
	for _, a := range adapters {
		seg := c.segments[a.Segment]
		if a.Number < 1 || seg == nil || seg.project != p {
			return false
		}
	}
	return len(adapters) > 0
}

// sizeFits checks packs, or cores and memory, against what a machine may have.
func sizeFits(p *project, k *Catalog, v VM) (answer, bool) {
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

// namesFree says whether nobody in the project has one of the names, and counts
// a name that was asked for again.
func (c *call) namesFree(p *project, names []string) (answer, bool) {
	for _, name := range names {
		if p.named(name) != nil {
			c.stats.note(func(st *Stats) { st.DuplicateNames = append(st.DuplicateNames, name) })
			return invalid("vm_name", "この仮想マシン名はすでに使用されています。"), false
		}
	}
	return answer{}, true
}

// withinQuota says whether n more such machines fit into the project.
func (p *project) withinQuota(v VM, n int) (answer, bool) {
	used := p.used()
	more := used.plus(usageOf(v), n)
	exceeds := func(want, quota int) bool { return quota > 0 && want > quota }
	if exceeds(more.CPUPacks, p.Quota.CPUPacks) || exceeds(more.GPUPacks, p.Quota.GPUPacks) ||
		exceeds(more.DiskGB, p.Quota.DiskGB) || exceeds(more.CPUs, p.Quota.CPUs) ||
		exceeds(more.MemoryGB, p.Quota.MemoryGB) || exceeds(more.GPUs, p.Quota.GPUs) {
		return detail(http.StatusBadRequest, "プロジェクトのリソースが不足しています。"), false
	}
	return answer{}, true
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

// taskIDs is one id as bare text or several as a list (PORTAL.md §5).
func taskIDs(ids []string) any {
	if len(ids) == 1 {
		return ids[0]
	}
	return ids
}

// number reads a count that may come as text.
func number(v any) int {
	switch v := v.(type) {
	case float64:
		return int(v)
	case string:
		n, err := strconv.Atoi(v)
		if err == nil {
			return n
		}
	}
	return 0
}
