package mdxsim

import (
	"net/http"
	"slices"
	"strconv"
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
	names := expand(body.Name, c.cfg.Quirks.Ranges == "misread")
	for _, check := range []struct {
		field string
		wrong bool
		text  string
	}{
		{"catalog", body.Catalog == "", required},
		{"catalog", k == nil, wrongValue},
		{"vm_name", body.Name == "", required},
		{"vm_name", names == nil || c.cfg.Quirks.DigitRange == "refused" && digitRange.MatchString(body.Name), "仮想マシン名の範囲指定が正しくありません。"},
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
	refuse, no, ok := c.quotaFits(p, wanted, len(names))
	if !ok {
		return no
	}
	if c.half { // of a range the first half; of those that ask for one VM, every other one
		names = names[:(len(names)+c.halves%2)/2]
	}
	var ids []string
	for i, name := range names {
		v := &vm{VM: wanted, project: p, catalog: k, mute: c.fault == NoAddress}
		v.Name, v.Disks = name, slices.Clone(wanted.Disks)
		doomed := c.fault == TaskFails && i < len(names)-1 // of several, the last fails
		if doomed {
			c.failing--
		}
		t := c.make(v, body.Adapters, operation{
			kind: "デプロイ", takes: c.cfg.Durations.Deploy, refuse: always(refuse),
			finish: func() {
				c.off(v)
				if body.PowerOn {
					c.powerUp(v)
				}
			},
		})
		if doomed {
			c.failing++
		}
		ids = append(ids, t.id)
	}
	status := http.StatusAccepted
	if c.cfg.Quirks.DeployStatus == "200" {
		status = http.StatusOK
	}
	return answer{status, map[string]any{"task_id": c.taskIDs(ids...)}}
}

// make brings a machine into the world; it holds its name and its addresses at
// once, and shows a little later (PORTAL.md §8). If its task fails it goes, or
// stays behind powered off.
func (c *call) make(v *vm, adapters []adapterRequest, op operation) *task {
	v.UUID = c.newID()
	for _, a := range adapters {
		v.Adapters = append(v.Adapters, Adapter{Number: a.Number, SegmentID: a.Segment})
	}
	for i := range v.Adapters {
		c.assign(v, i)
	}
	v.visible = c.at.Add(max(0, c.cfg.Durations.VMVisible))
	if other := v.project.named(v.Name); other != nil {
		c.stats.note(func(st *Stats) { st.Duplicates = append(st.Duplicates, v.Name) })
	}
	c.vms[v.UUID] = v
	v.project.machines = append(v.project.machines, v)
	c.machineCame(v)
	c.stats.note(func(st *Stats) { st.Deployed++ })
	op.failed = func() {
		if c.cfg.Quirks.FailedDeploy == "left" {
			c.off(v)
			return
		}
		c.remove(v)
	}
	return c.begin(v, op)
}

// always is a refusal for a reason that is known beforehand; none for "".
func always(why string) func() string { return func() string { return why } }

func (c *call) adaptersFit(p *project, adapters []adapterRequest) bool {
	for _, a := range adapters {
		seg := c.segments[a.Segment]
		if a.Number < 1 || seg == nil || seg.project != p {
			return false
		}
	}
	return len(adapters) > 0
}

const (
	nameTaken = "この仮想マシン名はすでに使用されています。"
	noQuota   = "プロジェクトのリソースが不足しています。"
)

// namesFree says whether nobody in the project has one of the names, and counts
// a name that was asked for again.
func (c *call) namesFree(p *project, names []string) (answer, bool) {
	for _, name := range names {
		other := p.named(name)
		if other == nil {
			continue
		}
		c.stats.note(func(st *Stats) { st.DuplicateNames = append(st.DuplicateNames, name) })
		if c.cfg.Quirks.Names == "late" && other.visible.After(c.at) {
			continue
		}
		no := invalid("vm_name", nameTaken)
		if c.cfg.Quirks.TakenName == "409" {
			no.status = http.StatusConflict
		}
		return no, false
	}
	return answer{}, true
}

// taskIDs is several ids as a list, and one as text or as a list
// (PORTAL.md §5).
func (c *call) taskIDs(ids ...string) any {
	form := c.cfg.Quirks.TaskIDs
	if len(ids) == 1 && (form == "text" || (form == "mixed" && alternates(ids[0], 2) == 0)) {
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
