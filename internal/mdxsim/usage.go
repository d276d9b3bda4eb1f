package mdxsim

// The answers under /api/project/{project}/ (PORTAL.md §4).

func projectSummary(_ *call, p *project) answer {
	return fine(map[string]any{
		"uuid": p.UUID, "name": p.Name, "description": p.Description, "type": p.Type,
		"expired": p.Expired, "suspended": p.Suspended,
	})
}

func projectStorage(_ *call, p *project) answer {
	used := p.used()
	return fine(map[string]any{"disk_size": map[string]any{"used": used.DiskGB, "unused": left(p.Quota.DiskGB, used.DiskGB)}})
}

// projectAccessKey tells the object storage's keys; here there is none.
func projectAccessKey(*call, *project) answer {
	return fine(map[string]any{"access_key": nil, "secret_key": nil})
}

func projectResources(_ *call, p *project) answer {
	used := p.used()
	return fine(map[string]any{
		"cpu_pack_max": p.Quota.CPUPacks, "cpu_pack": used.CPUPacks,
		"gpu_pack_max": p.Quota.GPUPacks, "gpu_pack": used.GPUPacks,
		"cpu_max": p.Quota.CPUs, "cpu": used.CPUs, "memory_max": p.Quota.MemoryGB, "memory": used.MemoryGB,
		"gpu_max": p.Quota.GPUs, "gpu": used.GPUs, "disk_size_max": p.Quota.DiskGB, "disk_size": used.DiskGB,
		"global_ip_max": len(p.GlobalAddresses), "global_ip": len(p.dnats),
	})
}

func projectPoint(*call, *project) answer {
	return fine(map[string]any{"point": 1000000, "used_point": 0})
}

// overviewVMs counts the machines of a service level by what they do.
func overviewVMs(level string) func(*call, *project) answer {
	return func(c *call, p *project) answer {
		count := map[string]int{"power_on": 0, "power_off": 0, "deallocated": 0, "total": 0}
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
