package mdxsim

import "net/http"

// endpoints is the portal's API.
func (s *Sim) endpoints() []route {
	get := func(path string, h handler) route { return route{method: http.MethodGet, path: path, handler: h} }
	post := func(path string, h handler) route { return route{method: http.MethodPost, path: path, handler: h} }
	d := s.cfg.Durations
	return []route{
		{method: http.MethodPost, path: "/api/refresh/", handler: refresh, open: true},
		get("/api/project/assigned/", assigned),
		get("/api/catalog/project/{project}/", inProject(catalogs)),
		get("/api/history/project/{project}/", inProject(projectHistory)),
		get("/api/history/vm/{vm}/", vmHistory),
		get("/api/task/{task}/", taskStatus),
		get("/api/segment/project/{project}/all/", inProject(segmentList)),
		{method: http.MethodGet, path: "/api/segment/{segment}/summary/", handler: segmentSummary, bare: true},
		get("/api/vm/project/{project}/", inProject(vmList)),
		{method: http.MethodGet, path: "/api/vm/{vm}/", handler: onVM(vmDetail), takes: d.DetailAnswer},
		{method: http.MethodPost, path: "/api/vm/deploy/", handler: deploy, makes: true, takes: d.DeployAnswer},
		post("/api/vm/{vm}/power_on/", onVM(powerOn)),
		post("/api/vm/{vm}/power_off/", onVM(powerOff)),
		post("/api/vm/{vm}/shutdown/", onVM(shutdown)),
		post("/api/vm/{vm}/destroy/", onVM(destroy)),
	}
}
