package mdxsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// serviceLevels is how the portal spells service levels (PORTAL.md §1).
var serviceLevels = map[string]string{"spot": "スポット仮想マシン", "guarantee": "起動保証仮想マシン"}

// vmList answers GET /api/vm/project/{project}/; it tells no addresses.
func vmList(c *call, p *project) answer {
	shown := only(p.machines, func(v *vm) bool { return !v.visible.After(c.at) })
	return paged(c, shown, func(v *vm) any {
		running := []string{}
		for _, t := range v.running {
			running = append(running, t.kind)
		}
		return map[string]any{
			"uuid": v.UUID, "name": v.Name, "status": v.Status, "vcenter": "vcenter01", "running_tasks": running,
			"service_level": serviceLevels[v.ServiceLevel], "force_stop": false, "allocation": v.Status != Deallocated,
		}
	})
}

// vmDetail answers GET /api/vm/{vm}/. It lacks the machine's own id and tells
// segments by name (PORTAL.md §5).
func vmDetail(c *call, v *vm) answer {
	body := map[string]any{
		"name": v.Name, "status": v.Status, "os_type": "Linux", "host_name": "localhost",
		"service_level": serviceLevels[v.ServiceLevel], "vmware_tools": c.tools(v),
		"nvlink": v.NVLink, "service_networks": c.serviceNetworks(v), "storage_networks": c.storageNetworks(v),
		"hard_disks": hardDisks(v), "dvd_media": "", "vcenter": "vcenter01", "esxi": nil,
		"pack_type": orNull(v.PackType), "pack_num": nil,
	}
	if v.catalog != nil {
		body["os_type"] = v.catalog.OSType
		body["host_name"] = hostName(v.catalog)
	}
	if v.Status == PowerOn {
		body["esxi"] = "esxi-0" + strconv.Itoa(1+int(v.UUID[len(v.UUID)-1])%8)
	}
	if v.PackNum > 0 {
		body["pack_num"] = v.PackNum
	}
	cpu, memory, gpu := v.size()
	body["cpu"], body["memory"], body["gpu"] = cpu, fmt.Sprintf("%.1f GB", memory), strconv.Itoa(gpu)
	if v.Status == Deploying && c.cfg.Quirks.Deploying == "bare" {
		body["service_networks"], body["storage_networks"], body["hard_disks"] = []any{}, []any{}, []any{}
		body["cpu"], body["memory"], body["gpu"], body["pack_type"], body["pack_num"] = nil, nil, nil, nil, nil
		body["nvlink"], body["host_name"], body["os_type"] = nil, nil, nil
	}
	return fine(body)
}

// hostName is the part of the template's name that its machines start with.
func hostName(k *Catalog) string {
	_, rest, _ := strings.Cut(k.TemplateName, "-")
	_, rest, _ = strings.Cut(rest, "-")
	return rest
}

// reports says whether the guest tools of a machine tell its addresses.
func (c *call) reports(v *vm) bool {
	return v.Status == PowerOn && !v.tools.IsZero() && !v.tools.After(c.at) && !v.booting
}

func (c *call) tools(v *vm) any {
	one := map[string]any{"status": "toolsNotRunning", "version": ""}
	if c.reports(v) {
		one = map[string]any{"status": "toolsOk", "version": "11333"}
	}
	form := c.cfg.Quirks.Tools
	if form == "list" || (form == "mixed" && alternates(v.UUID, 2) == 0) {
		return []any{one}
	}
	return one
}

// serviceNetworks tells addresses once the guest tools report. Until then the
// place of the address holds something else: nothing, an empty text, or words
// (PORTAL.md §5).
func (c *call) serviceNetworks(v *vm) []any {
	all := []any{}
	for _, a := range v.Adapters {
		v4, v6 := []string{}, []string{}
		switch {
		case c.reports(v), c.cfg.Quirks.OffAddress == "kept" && !v.tools.IsZero() && slices.Contains(stopped, v.Status):
			v4 = append(v4, v.shownIPv4(a))
			if a.IPv6 != "" {
				v6 = append(v6, a.IPv6)
			}
		case alternates(v.UUID, 3) == 1:
			v4 = append(v4, "")
		case alternates(v.UUID, 3) == 2:
			v4 = append(v4, "取得中")
		}
		all = append(all, map[string]any{
			"adapter_number": a.Number, "segment": c.segments[a.SegmentID].Name,
			"ipv4_address": v4, "ipv6_address": v6, "global_ip": c.globalIP(v, a),
		})
	}
	return all
}

// shownIPv4 is where the machine answers: where its real host is, if it has one.
func (v *vm) shownIPv4(a Adapter) string {
	if a.Number == 1 && v.host.IsValid() {
		return v.host.String()
	}
	return a.IPv4
}

// globalIP is the address that leads to an adapter from outside.
func (c *call) globalIP(v *vm, a Adapter) any {
	for _, d := range c.segments[a.SegmentID].project.dnats {
		if d.SegmentID == a.SegmentID && d.DstAddress == v.shownIPv4(a) && !d.visible.After(c.at) {
			return d.PoolAddress
		}
	}
	return ""
}

func (c *call) storageNetworks(v *vm) []any {
	if v.StorageNetwork == "" {
		return []any{}
	}
	kind := map[string]string{"portgroup": "ポートグループ", "sr-iov": "SR-IOV", "pvrdma": "PVRDMA"}[v.StorageNetwork]
	one := map[string]any{
		"adapter_number": len(v.Adapters) + 1, "ipv4_address": []string{}, "ipv6_address": []string{}, c.cfg.Quirks.StorageKey: kind,
	}
	if c.reports(v) && len(v.Adapters) > 0 {
		if _, tail, found := strings.Cut(v.Adapters[0].IPv4, "."); found {
			one["ipv4_address"] = []string{"172." + tail}
		}
	}
	return []any{one}
}

func hardDisks(v *vm) []any {
	all := []any{}
	for _, d := range v.Disks {
		all = append(all, map[string]any{
			"disk_number": d.Number, "device_key": d.DeviceKey,
			"capacity": strconv.Itoa(d.CapacityGB) + " GB", "datastore": "vsan-01",
		})
	}
	return all
}
