package mdxsim

// The answers under /api/project/{project}/ (PORTAL.md §4).

func projectSummary(c *call, p *project) answer {
	return fine(map[string]any{
		"uuid": p.UUID, "name": p.Name, "description": p.Description, "type": c.projectType(p),
		"applicant": "demo", "begin": "2026-04-01", "limit": 365,
	})
}

// projectType tells normal from dedicated projects, as text or as a number.
func (c *call) projectType(p *project) any {
	switch {
	case c.cfg.Quirks.ProjectType == "text":
		return p.Type
	case p.Dedicated:
		return 2
	}
	return 1
}

// projectStorage has a shape that nobody knows.
func projectStorage(_ *call, p *project) answer {
	return fine(map[string]any{"disk_size": p.used().DiskGB})
}

// projectAccessKey tells of the object storage's key, which is named, not shown.
func projectAccessKey(*call, *project) answer {
	return fine(map[string]any{"uuid": nil, "name": nil})
}

func projectResources(_ *call, p *project) answer {
	used := p.used()
	body := map[string]any{
		"disk_size": used.DiskGB, "high_speed_storage": 0, "large_capacity_storage": 0, "object_storage": 0,
		"global_ip": len(p.GlobalAddresses),
	}
	for kind, packs := range map[string][2]int{"cpu_pack": {p.Quota.CPUPacks, used.CPUPacks}, "gpu_pack": {p.Quota.GPUPacks, used.GPUPacks}} {
		body[kind+"_max"], body[kind+"_max_current"], body[kind+"_future"] = packs[0], packs[0], packs[0]
		body[kind], body[kind+"_rmin"] = packs[1], 0
	}
	return fine(body)
}

// projectPoint tells amounts as decimal text, and is never paged.
func projectPoint(*call, *project) answer {
	return fine(map[string]any{"lastConsumed": nil, "results": []any{map[string]any{
		"point_id": 1, "purchase_points": "1000000.00", "used_points": "0.00", "remaining_points": "1000000.00",
		"expiration_date": "2030-03-31",
	}}})
}

// overviewVMs counts the machines of a service level by what they do.
func overviewVMs(level string) func(*call, *project) answer {
	return func(c *call, p *project) answer {
		count := map[string]int{"power_on": 0, "power_off": 0, "detached": 0, "deallocated": 0, "total": 0}
		for _, v := range p.machines {
			if v.ServiceLevel != level || v.visible.After(c.at) {
				continue
			}
			count["total"]++
			switch v.Status {
			case PowerOn:
				count["power_on"]++
			case PowerOff:
				count["power_off"]++
			case Deallocated:
				count["deallocated"]++
			}
		}
		return fine(count)
	}
}

func overviewResource(_ *call, p *project) answer {
	used := p.used()
	share := func(used, quota int) map[string]any { return map[string]any{"used": used, "unused": left(quota, used)} }
	return fine(map[string]any{
		"disk_size": share(used.DiskGB, p.Quota.DiskGB),
		"cpu_pack":  share(used.CPUPacks, p.Quota.CPUPacks),
		"gpu_pack":  share(used.GPUPacks, p.Quota.GPUPacks),
	})
}

func left(quota, used int) int { return max(0, quota-used) }
