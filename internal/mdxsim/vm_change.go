package mdxsim

import (
	"context"
	"net/http"
	"slices"
)

// reconfigureRequest is the body of POST /api/vm/{vm}/reconfigure/
// (PORTAL.md §5). What it leaves out stays.
type reconfigureRequest struct {
	Disks []struct {
		Number    int `json:"disk_number"`
		DeviceKey int `json:"device_key"`
		Capacity  int `json:"capacity"`
	} `json:"hard_disks"`
	Adapters []adapterRequest `json:"network_adapters"`
	PackNum  int              `json:"pack_num"`
	CPU      int              `json:"cpu"`
	Memory   int              `json:"memory"`
}

// reconfigure changes a machine that is off; of one that runs, the task fails.
func reconfigure(c *call, v *vm) answer {
	var body reconfigureRequest
	if no, ok := c.read(&body); !ok {
		return no
	}
	if len(body.Adapters) > 0 && !c.adaptersFit(v.project, body.Adapters) {
		return invalid("network_adapters", wrongValue)
	}
	wanted := v.VM
	wanted.Disks = slices.Clone(v.Disks)
	orKeep(&wanted.PackNum, body.PackNum)
	orKeep(&wanted.CPU, body.CPU)
	orKeep(&wanted.MemoryGB, body.Memory)
	shrinks := false
	for _, d := range body.Disks {
		i := slices.IndexFunc(wanted.Disks, func(has Disk) bool { return has.Number == d.Number })
		switch {
		case d.Capacity < 1:
			return invalid("hard_disks", wrongValue)
		case i < 0:
			wanted.Disks = append(wanted.Disks, Disk{Number: d.Number, DeviceKey: 1999 + d.Number, CapacityGB: d.Capacity})
		default:
			shrinks = shrinks || d.Capacity < wanted.Disks[i].CapacityGB
			wanted.Disks[i].CapacityGB = d.Capacity
		}
	}
	if no, ok := sizeFits(v.project, v.catalog, wanted); !ok {
		return no
	}
	t := c.begin(v, operation{
		kind: "構成変更", takes: c.cfg.Durations.Reconfigure, from: stopped,
		refuse: func() string {
			if shrinks {
				return "ディスクサイズを縮小することはできません。"
			}
			if !v.project.used().plus(usageOf(v.VM), -1).plus(usageOf(wanted), 1).within(v.project.Quota) {
				return noQuota
			}
			return ""
		},
		finish: func() {
			v.Disks, v.PackNum, v.CPU, v.MemoryGB = wanted.Disks, wanted.PackNum, wanted.CPU, wanted.MemoryGB
			if len(body.Adapters) > 0 && c.adaptersFit(v.project, body.Adapters) { // a segment may have gone meanwhile
				c.readapt(v, body.Adapters)
			}
		},
	})
	return accepted(map[string]any{"task_id": c.taskIDs(t.id)})
}

func orKeep(field *int, wanted int) {
	if wanted != 0 {
		*field = wanted
	}
}

// readapt moves a machine's adapters; one that stays on its segment keeps its
// addresses.
func (s *Sim) readapt(v *vm, wanted []adapterRequest) {
	before := v.Adapters
	s.release(v)
	v.Adapters = nil
	for _, w := range wanted {
		a := Adapter{Number: w.Number, SegmentID: w.Segment}
		for _, old := range before {
			if old.Number == a.Number && old.SegmentID == a.SegmentID {
				a = old
			}
		}
		v.Adapters = append(v.Adapters, a)
	}
	for i := range v.Adapters {
		s.assign(v, i)
	}
}

// rename gives a machine another name, which must be free.
func rename(c *call, v *vm) answer {
	var body struct {
		Name string `json:"vm_name"`
	}
	if no, ok := c.read(&body); !ok {
		return no
	}
	if body.Name == "" || nameRange.MatchString(body.Name) {
		return invalid("vm_name", required)
	}
	if other := v.project.named(body.Name); other != nil && other != v {
		return invalid("vm_name", nameTaken)
	}
	from := []Status{PowerOn, PowerOff, Deallocated}
	if c.cfg.Quirks.Rename == "stopped" {
		from = stopped
	}
	t := c.begin(v, operation{
		kind: "仮想マシン名の変更", takes: c.cfg.Durations.Rename, from: from,
		finish: func() {
			if other := v.project.named(body.Name); other == nil {
				v.Name = body.Name
			}
		},
	})
	return accepted(map[string]any{"task_id": c.taskIDs(t.id)})
}

// cloneRequest is the body of POST /api/vm/{vm}/clone/ (PORTAL.md §5).
type cloneRequest struct {
	Project        string           `json:"project"`
	Name           string           `json:"vm_name"`
	PackType       string           `json:"pack_type"`
	PackNum        int              `json:"pack_num"`
	CPU            int              `json:"cpu"`
	Memory         int              `json:"memory"`
	GPU            any              `json:"gpu"`
	ServiceLevel   string           `json:"service_level"`
	StorageNetwork string           `json:"storage_network"`
	Adapters       []adapterRequest `json:"network_adapters"`
	OSType         string           `json:"os_type"`
}

// clone copies a machine; the copy ends powered off.
func clone(c *call, source *vm) answer {
	var body cloneRequest
	if no, ok := c.read(&body); !ok {
		return no
	}
	p := source.project
	for _, check := range []struct {
		field string
		wrong bool
		text  string
	}{
		{"project", body.Project != p.UUID, wrongValue},
		{"vm_name", body.Name == "" || nameRange.MatchString(body.Name), required},
		{"service_level", serviceLevels[body.ServiceLevel] == "", required},
		{"network_adapters", !c.adaptersFit(p, body.Adapters), wrongValue},
	} {
		if check.wrong {
			return invalid(check.field, check.text)
		}
	}
	wanted := VM{
		Name: body.Name, Status: Deploying, CatalogID: source.CatalogID, PackType: body.PackType, PackNum: body.PackNum,
		CPU: body.CPU, MemoryGB: body.Memory, GPU: number(body.GPU), ServiceLevel: body.ServiceLevel,
		StorageNetwork: body.StorageNetwork, SharedKey: source.SharedKey, Disks: slices.Clone(source.Disks),
	}
	if no, ok := sizeFits(p, source.catalog, wanted); !ok {
		return no
	}
	if no, ok := c.namesFree(p, []string{body.Name}); !ok {
		return no
	}
	refuse, no, ok := c.quotaFits(p, wanted, 1)
	if !ok {
		return no
	}
	if c.cfg.Quirks.CloneSource == "stopped" && !slices.Contains(stopped, source.Status) {
		refuse = "仮想マシンの状態(" + string(source.Status) + ")では、クローンできません。"
	}
	if c.half && c.halves%2 == 0 {
		return answer{}
	}
	copied := &vm{VM: wanted, project: p, catalog: source.catalog, cloneOf: source.UUID}
	t := c.make(copied, body.Adapters, operation{
		kind: "クローン", takes: c.cfg.Durations.Clone, refuse: always(refuse), finish: func() { c.off(copied) },
	})
	return accepted(map[string]any{"task_id": c.taskIDs(t.id)})
}

// reboot asks the guest, which must be able to hear it; reset does not ask.
func reboot(c *call, v *vm) answer { return c.restart(v, "再起動", true) }
func reset(c *call, v *vm) answer  { return c.restart(v, "リセット", false) }

func (c *call) restart(v *vm, kind string, graceful bool) answer {
	return c.power(v, operation{
		kind: kind, takes: c.cfg.Durations.Reboot, from: []Status{PowerOn},
		refuse: func() string {
			if graceful && !c.reports(v) {
				return noTools
			}
			return ""
		},
		finish: func() {
			v.powered++
			if !v.mute {
				v.tools = c.at.Add(max(0, c.cfg.Durations.AddressAgain))
			}
			if c.hosts != nil {
				id := v.UUID
				c.hosts.do(id, func(ctx context.Context) { _ = c.cfg.Backend.Reboot(ctx, id, graceful) }) // the host shows what became of it
			}
		},
	})
}

// synchronize re-reads the hypervisor, which changes nothing here.
func synchronize(c *call, p *project) answer {
	t := c.note(p, "同期", p.UUID)
	if c.cfg.Quirks.PowerAnswer == "task" {
		return accepted(map[string]any{"task_id": c.taskIDs(t.id)})
	}
	return accepted(nil)
}

// vmCSV answers GET /api/vm/{vm}/csv/, which is JSON all the same.
func vmCSV(c *call, v *vm) answer {
	return answer{http.StatusOK, map[string]any{
		"name": v.Name, "service_networks": c.serviceNetworks(v), "storage_networks": c.storageNetworks(v),
	}}
}
