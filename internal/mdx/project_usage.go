package mdx

import (
	"context"
	"encoding/json"
	"math/big"
	"net/http"
	"time"
)

// ProjectSummary describes a project (PORTAL.md §4). Texts that the portal leaves out are empty.
type ProjectSummary struct {
	ID          ProjectID
	Name        string
	Description string
	Type        string
	Applicant   string
	Begin, End  time.Time // the days it is approved for
}

// ProjectSummary asks what a project is (PORTAL.md §4).
func (c *Client) ProjectSummary(ctx context.Context, id ProjectID) (ProjectSummary, error) {
	w, err := projectInfo[struct {
		UUID        wireText `json:"uuid"`
		Name        wireText `json:"name"`
		Description wireText `json:"description"`
		Type        wireText `json:"type"`
		Applicant   wireText `json:"applicant"`
		Begin       wireText `json:"begin"`
		Limit       wireText `json:"limit"`
	}](ctx, c, id, "summary")
	return ProjectSummary{
		ID: ProjectID(w.UUID), Name: string(w.Name), Description: string(w.Description), Type: string(w.Type),
		Applicant: string(w.Applicant), Begin: parseTime(string(w.Begin)), End: parseTime(string(w.Limit)),
	}, err
}

// PackQuota counts packs of one type (PORTAL.md §4).
type PackQuota struct {
	Requested int // applied for
	Used      int // by machines that exist
	Allocated int // granted for this month
	NextMonth int // granted for the next one
	Minimum   int // always kept
}

// ProjectResources is what a project may use and does use (PORTAL.md §4). Sizes are in GB.
type ProjectResources struct {
	CPUPacks, GPUPacks     PackQuota
	DiskGB                 float64
	HighSpeedStorageGB     float64
	LargeCapacityStorageGB float64
	ObjectStorageGB        float64
	GlobalIPs              int
}

// ProjectResources asks for a project's quotas (PORTAL.md §4).
func (c *Client) ProjectResources(ctx context.Context, id ProjectID) (ProjectResources, error) {
	w, err := projectInfo[struct {
		CPUPackMax     wireInt `json:"cpu_pack_max"`
		CPUPack        wireInt `json:"cpu_pack"`
		CPUPackCurrent wireInt `json:"cpu_pack_max_current"`
		CPUPackFuture  wireInt `json:"cpu_pack_future"`
		CPUPackRmin    wireInt `json:"cpu_pack_rmin"`
		GPUPackMax     wireInt `json:"gpu_pack_max"`
		GPUPack        wireInt `json:"gpu_pack"`
		GPUPackCurrent wireInt `json:"gpu_pack_max_current"`
		GPUPackFuture  wireInt `json:"gpu_pack_future"`
		GPUPackRmin    wireInt `json:"gpu_pack_rmin"`
		Disk           wireGB  `json:"disk_size"`
		HighSpeed      wireGB  `json:"high_speed_storage"`
		LargeCapacity  wireGB  `json:"large_capacity_storage"`
		Object         wireGB  `json:"object_storage"`
		GlobalIP       wireInt `json:"global_ip"`
	}](ctx, c, id, "resources")
	return ProjectResources{
		CPUPacks: PackQuota{
			Requested: int(w.CPUPackMax), Used: int(w.CPUPack), Allocated: int(w.CPUPackCurrent),
			NextMonth: int(w.CPUPackFuture), Minimum: int(w.CPUPackRmin),
		},
		GPUPacks: PackQuota{
			Requested: int(w.GPUPackMax), Used: int(w.GPUPack), Allocated: int(w.GPUPackCurrent),
			NextMonth: int(w.GPUPackFuture), Minimum: int(w.GPUPackRmin),
		},
		DiskGB: float64(w.Disk), HighSpeedStorageGB: float64(w.HighSpeed),
		LargeCapacityStorageGB: float64(w.LargeCapacity), ObjectStorageGB: float64(w.Object),
		GlobalIPs: int(w.GlobalIP),
	}, err
}

// VMCounts counts a project's machines of one service level by state (PORTAL.md §4).
type VMCounts struct{ PowerOn, PowerOff, Detached, Deallocated, Total int }

// VMCounts asks for the counts of a service level, [Spot] or [Guarantee] (PORTAL.md §4).
func (c *Client) VMCounts(ctx context.Context, id ProjectID, level ServiceLevel) (VMCounts, error) {
	w, err := projectInfo[struct {
		PowerOn     wireInt `json:"power_on"`
		PowerOff    wireInt `json:"power_off"`
		Detached    wireInt `json:"detached"`
		Deallocated wireInt `json:"deallocated"`
		Total       wireInt `json:"total"`
	}](ctx, c, id, "overview/"+string(level)+"_vm")
	return VMCounts{
		PowerOn: int(w.PowerOn), PowerOff: int(w.PowerOff), Detached: int(w.Detached),
		Deallocated: int(w.Deallocated), Total: int(w.Total),
	}, err
}

// Usage is how much of something is in use, and how much is left.
type Usage struct{ Used, Unused float64 }

// ProjectUsage is a project's use of disk, in GB, and of packs (PORTAL.md §4).
type ProjectUsage struct{ DiskGB, CPUPacks, GPUPacks Usage }

// ProjectUsage asks how much of a project's quota is in use (PORTAL.md §4).
func (c *Client) ProjectUsage(ctx context.Context, id ProjectID) (ProjectUsage, error) {
	type usage struct {
		Used   wireGB `json:"used"`
		Unused wireGB `json:"unused"`
	}
	w, err := projectInfo[struct {
		Disk     usage `json:"disk_size"`
		CPUPacks usage `json:"cpu_pack"`
		GPUPacks usage `json:"gpu_pack"`
	}](ctx, c, id, "overview/resource")
	conv := func(u usage) Usage { return Usage{float64(u.Used), float64(u.Unused)} }
	return ProjectUsage{DiskGB: conv(w.Disk), CPUPacks: conv(w.CPUPacks), GPUPacks: conv(w.GPUPacks)}, err
}

// Points is a lot of points bought for a project (PORTAL.md §4). Amounts are exact: the portal gives
// them as decimal text. An amount that is no number is nil.
type Points struct {
	ID                         string
	Purchased, Used, Remaining *big.Rat
	Expires                    time.Time
}

// ProjectPoints lists a project's points (PORTAL.md §4). lastConsumed is the time up to which use has been charged.
func (c *Client) ProjectPoints(ctx context.Context, id ProjectID) (points []Points, lastConsumed time.Time, err error) {
	w, err := projectInfo[struct {
		LastConsumed wireText `json:"lastConsumed"`
		Results      []struct {
			ID        wireText `json:"point_id"`
			Purchased wireText `json:"purchase_points"`
			Used      wireText `json:"used_points"`
			Remaining wireText `json:"remaining_points"`
			Expires   wireText `json:"expiration_date"`
		} `json:"results"`
	}](ctx, c, id, "point")
	for _, p := range w.Results {
		points = append(points, Points{
			ID: string(p.ID), Purchased: parseDecimal(string(p.Purchased)), Used: parseDecimal(string(p.Used)),
			Remaining: parseDecimal(string(p.Remaining)), Expires: parseTime(string(p.Expires)),
		})
	}
	return points, parseTime(string(w.LastConsumed)), err
}

// AccessKey is a key to a project's object storage (PORTAL.md §4). Its secret half is not listed.
type AccessKey struct{ ID, Name string }

// AccessKeys lists a project's keys (PORTAL.md §4). A bare array is read twice, so that none is missing.
func (c *Client) AccessKeys(ctx context.Context, id ProjectID) ([]AccessKey, error) {
	type wire struct {
		UUID wireText `json:"uuid"`
		Name wireText `json:"name"`
	}
	return list(ctx, c, call{
		op: "list access keys of project", object: string(id), path: pathOf("/api/project/%s/access_key/", id),
	}, func(w wire) AccessKey { return AccessKey{string(w.UUID), string(w.Name)} },
		func(k AccessKey) string { return k.ID })
}

// ProjectStorage asks for a project's storage. Its shape is not known (PORTAL.md §4), so it is
// answered as it came.
func (c *Client) ProjectStorage(ctx context.Context, id ProjectID) (json.RawMessage, error) {
	return projectInfo[json.RawMessage](ctx, c, id, "storage")
}

// projectInfo asks for one of the pages about a project.
func projectInfo[W any](ctx context.Context, c *Client, id ProjectID, page string) (W, error) {
	var w W
	err := c.ask(ctx, call{
		op: "read " + page + " of project", object: string(id), method: http.MethodGet,
		path: pathOf("/api/project/%s/"+page+"/", id),
	}, &w)
	return w, err
}
