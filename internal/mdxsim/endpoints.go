package mdxsim

import "net/http"

// endpoints is the portal's API.
func (s *Sim) endpoints() []route {
	get := func(path string, h handler) route { return route{method: http.MethodGet, path: path, handler: h} }
	post := func(path string, h handler) route { return route{method: http.MethodPost, path: path, handler: h} }
	put := func(path string, h handler) route { return route{method: http.MethodPut, path: path, handler: h} }
	del := func(path string, h handler) route { return route{method: http.MethodDelete, path: path, handler: h} }
	bare := func(r route) route { r.bare = true; return r }
	d := s.cfg.Durations
	v4, v6 := aclFamily{}, aclFamily{v6: true}
	all := []route{
		{method: http.MethodPost, path: "/api/refresh/", handler: refresh, open: true, single: refreshing},
		{method: http.MethodPost, path: "/api/login/", handler: login, open: true},

		get("/api/project/assigned/", assigned),
		get("/api/project/{project}/summary/", inProject(projectSummary)),
		get("/api/project/{project}/storage/", inProject(projectStorage)),
		get("/api/project/{project}/access_key/", inProject(projectAccessKey)),
		get("/api/project/{project}/resources/", inProject(projectResources)),
		get("/api/project/{project}/point/", inProject(projectPoint)),
		get("/api/project/{project}/overview/spot_vm/", inProject(overviewVMs("spot"))),
		get("/api/project/{project}/overview/guarantee_vm/", inProject(overviewVMs("guarantee"))),
		get("/api/project/{project}/overview/resource/", inProject(overviewResource)),
		get("/api/catalog/project/{project}/", inProject(catalogs)),
		get("/api/history/project/{project}/", inProject(projectHistory)),
		get("/api/history/vm/{vm}/", vmHistory),
		get("/api/task/{task}/", taskStatus),

		get("/api/vm/project/{project}/", inProject(vmList)),
		{method: http.MethodGet, path: "/api/vm/{vm}/", handler: onVM(vmDetail), takes: d.DetailAnswer, shaky: true},
		get("/api/vm/{vm}/csv/", onVM(vmCSV)),
		{method: http.MethodPost, path: "/api/vm/deploy/", handler: deploy, single: making, takes: d.DeployAnswer},
		{method: http.MethodPost, path: "/api/vm/{vm}/clone/", handler: onVM(clone), single: making, takes: d.DeployAnswer},
		post("/api/vm/{vm}/reconfigure/", onVM(reconfigure)),
		post("/api/vm/{vm}/rename/", onVM(rename)),
		post("/api/vm/{vm}/power_on/", onVM(powerOn)),
		post("/api/vm/{vm}/power_off/", onVM(powerOff)),
		post("/api/vm/{vm}/shutdown/", onVM(shutdown)),
		post("/api/vm/{vm}/reboot/", onVM(reboot)),
		post("/api/vm/{vm}/reset/", onVM(reset)),
		post("/api/vm/{vm}/destroy/", onVM(destroy)),
		post("/api/vm/synchronize/project/{project}/", inProject(synchronize)),

		get("/api/segment/project/{project}/all/", inProject(segmentList)),
		bare(get("/api/segment/{segment}/summary/", segmentSummary)),
		get("/api/acl/segment/{segment}/", v4.list),
		post("/api/acl/", v4.create),
		put("/api/acl/{rule}/", v4.update),
		del("/api/acl/{rule}/", v4.remove),
		get("/api/acl_v6/segment/{segment}/", v6.list),
		post("/api/acl_v6/", v6.create),
		put("/api/acl_v6/{rule}/", v6.update),
		del("/api/acl_v6/{rule}/", v6.remove),
		bare(get("/api/dnat/project/{project}/", inProject(dnatList))),
		post("/api/dnat/", dnatCreate),
		put("/api/dnat/{dnat}/", dnatUpdate),
		del("/api/dnat/{dnat}/", dnatRemove),
		get("/api/global_ip/project/{project}/assignable/", inProject(assignable)),
	}
	if s.cfg.Quirks.SegmentAPI != "absent" {
		all = append(all, post("/api/segment/", segmentCreate), del("/api/segment/{segment}/", segmentDelete))
	}
	return all
}
