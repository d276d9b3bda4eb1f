package containerhost

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// fakeDocker is a Docker daemon in memory, reached over the API like a real one.
type fakeDocker struct {
	host       *fakeHost
	installed  bool
	unpacked   bool // its package was never configured
	running    bool
	enabled    bool
	version    string
	ignoreHUP  bool                // the daemon doesn't read its file again until it is restarted
	flags      []string            // that the daemon's unit gives it
	refuses    string              // what the daemon does not start with in its file
	config     map[string][]string // the daemon.json in use
	images     map[string]string   // reference -> id
	registry   map[string]string
	containers map[string]*fakeContainer
	made       int
	pulls      int
	pullError  string
	mute       bool // the Base container's sshd never answers
	slow       int  // how often the Base container's sshd doesn't answer yet
	crash      bool // the Base container ends at once
	restarts   int
}

type fakeContainer struct {
	container
	request createRequest
}

func newFakeDocker(h *fakeHost) *fakeDocker {
	return &fakeDocker{
		host: h, version: "27.5.1", images: map[string]string{}, containers: map[string]*fakeContainer{},
		registry: map[string]string{registryImage: "sha256:one"}, config: map[string][]string{},
	}
}

func (d *fakeDocker) install(version string) {
	d.installed, d.unpacked = true, false
	if version != "" {
		d.version = version
	}
	d.start()
}

func (d *fakeDocker) start() {
	if d.running || d.unpacked {
		return
	}
	d.running = d.installed
	d.reload(true)
	for _, c := range d.containers {
		if p := c.HostConfig.RestartPolicy.Name; p == "always" || p == "unless-stopped" {
			c.State.Running, c.State.Status = true, "running"
		}
	}
}

func (d *fakeDocker) reload(restart bool) {
	bad := d.refuses != "" && strings.Contains(d.host.files[daemonFile], d.refuses) || d.saidTwice()
	if restart {
		d.restarts++
		d.running = d.installed && !bad
	} else if d.ignoreHUP {
		return
	}
	if bad {
		return
	}
	d.config = map[string][]string{}
	for _, flag := range d.flags {
		if registry, ok := strings.CutPrefix(flag, "--insecure-registry="); ok {
			d.config["insecure-registries"] = append(d.config["insecure-registries"], registry)
		}
	}
	if text := d.host.files[daemonFile]; text != "" {
		raw := map[string]json.RawMessage{}
		d.host.mustJSON(text, &raw)
		for _, name := range []string{"insecure-registries", "registry-mirrors"} {
			var list []string
			if raw[name] != nil {
				d.host.mustJSON(string(raw[name]), &list)
			}
			d.config[name] = append(d.config[name], list...)
		}
	}
}

// saidTwice tells whether a list is in the file and given by a flag, with which the daemon neither starts nor reads its file.
func (d *fakeDocker) saidTwice() bool {
	return strings.Contains(strings.Join(d.flags, " "), "--insecure-registry") &&
		strings.Contains(d.host.files[daemonFile], "insecure-registries")
}

func (d *fakeDocker) facts(fact func(name, value string)) {
	if !d.installed {
		return
	}
	fact("dockerd", "/usr/bin/dockerd\n")
	fact("docker-package", "5:"+d.version+"-1~x")
	fact("docker-status", map[bool]string{false: "installed", true: "unpacked"}[d.unpacked])
	if d.running {
		fact("docker", d.version+"\n")
		fact("docker-flags", "/usr/bin/dockerd\n-H\nfd://\n"+strings.Join(d.flags, "\n"))
	}
	if d.enabled {
		fact("docker-enabled", "enabled\n")
	} else {
		fact("docker-enabled", "disabled\n")
	}
}

// nodeAnswers tells whether something answers SSH on port 22 from inside a container.
func (d *fakeDocker) nodeAnswers() bool {
	if !d.running || d.mute || slices.Contains(d.host.listening, basePort) {
		return false
	}
	for _, c := range d.containers {
		if c.State.Running && c.request.HostConfig.NetworkMode == "host" {
			return true
		}
	}
	return false
}

// serve answers one connection.
func (d *fakeDocker) serve(conn net.Conn) {
	listener := &oneConn{conn: conn, closed: make(chan struct{})}
	server := &http.Server{Handler: d, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			_ = listener.Close()
		}
	}}
	go func() { _ = server.Serve(listener) }()
}

// oneConn is a listener that accepts one connection.
type oneConn struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.UnixAddr{} }

// ServeHTTP is the part of the Docker API that the steps use.
func (d *fakeDocker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.host.mu.Lock()
	defer d.host.mu.Unlock()
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 0))
	if !d.running {
		d.refuse(w, http.StatusInternalServerError, errOff.Error())
		return
	}
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	last := path[len(path)-1]
	middle := strings.Join(path[1:max(1, len(path)-1)], "/")
	if path[0] != "info" && r.Method != http.MethodGet {
		if err := d.host.before(command{about: "docker " + r.Method + " " + r.URL.Path}); err != nil {
			d.refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
	}
	switch {
	case path[0] == "info":
		d.answer(w, d.info())
	case path[0] == "distribution":
		d.answer(w, map[string]any{"Descriptor": map[string]string{"digest": d.registry[middle]}})
	case path[0] == "images" && last == "create":
		d.pull(w, r.URL.Query().Get("fromImage"))
	case path[0] == "images":
		id, ok := d.images[middle]
		if !ok {
			d.refuse(w, http.StatusNotFound, "No such image: "+middle)
			return
		}
		d.answer(w, image{ID: id, RepoDigests: []string{"10.9.0.5:5000/vcp/base@" + id}})
	case last == "create":
		d.create(w, r)
	case path[1] == "json":
		var list []map[string]string
		for _, c := range d.containers {
			if c.Config.Labels[labelRecipe] != "" {
				list = append(list, map[string]string{"Id": c.ID})
			}
		}
		d.answer(w, list)
	default:
		d.one(w, r, path[1], last)
	}
}

// one answers what is asked of one container.
func (d *fakeDocker) one(w http.ResponseWriter, r *http.Request, name, verb string) {
	c := d.find(name)
	switch {
	case c == nil:
		d.refuse(w, http.StatusNotFound, "No such container: "+name)
	case r.Method == http.MethodDelete:
		maps.DeleteFunc(d.containers, func(_ string, o *fakeContainer) bool { return o == c })
		w.WriteHeader(http.StatusNoContent)
	case verb == "rename":
		c.Name = "/" + r.URL.Query().Get("name")
		w.WriteHeader(http.StatusNoContent)
	case verb == "start":
		c.State.Running, c.State.Status = true, "running"
		if d.crash {
			c.State.Running, c.State.Status, c.State.ExitCode = false, "exited", 3
		}
		w.WriteHeader(http.StatusNoContent)
	case verb == "logs":
		_, _ = w.Write([]byte("\x01\x00\x00\x00\x00\x00\x00\x0fno host key: x\n"))
	default:
		d.answer(w, c.container)
	}
}

func (d *fakeDocker) find(name string) *fakeContainer {
	for _, c := range d.containers {
		if c.ID == name || c.Name == "/"+name {
			return c
		}
	}
	return nil
}

func (d *fakeDocker) create(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	var request createRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		d.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if d.find(name) != nil {
		d.refuse(w, http.StatusConflict, "name in use")
		return
	}
	d.made++
	c := &fakeContainer{request: request}
	c.ID, c.Name, c.Image = fmt.Sprintf("container-%d", d.made), "/"+name, d.images[request.Image]
	c.State.Status = "created"
	c.Config.Labels, c.Config.Image = request.Labels, request.Image
	c.HostConfig.RestartPolicy = request.HostConfig.RestartPolicy
	d.containers[c.ID] = c
	w.WriteHeader(http.StatusCreated)
	d.answer(w, map[string]string{"Id": c.ID})
}

func (d *fakeDocker) pull(w http.ResponseWriter, reference string) {
	d.pulls++
	say := func(line map[string]string) { d.answer(w, line) }
	if d.pullError != "" {
		say(map[string]string{"error": d.pullError})
		return
	}
	id, ok := d.registry[reference]
	if !ok {
		d.refuse(w, http.StatusNotFound, "manifest for "+reference+" not found")
		return
	}
	say(map[string]string{"id": "a", "status": "Pulling fs layer"})
	say(map[string]string{"id": "b", "status": "Pulling fs layer"})
	say(map[string]string{"id": "a", "status": "Pull complete"})
	say(map[string]string{"id": "b", "status": "Pull complete"})
	d.images[reference] = id
}

func (d *fakeDocker) info() map[string]any {
	index := map[string]any{}
	var networks []string
	for _, name := range d.config["insecure-registries"] {
		if network, err := netip.ParsePrefix(name); err == nil {
			networks = append(networks, network.Masked().String())
		} else {
			index[name] = map[string]any{"Secure": false}
		}
	}
	var mirrors []string
	for _, m := range d.config["registry-mirrors"] {
		mirrors = append(mirrors, strings.TrimSuffix(m, "/")+"/")
	}
	return map[string]any{"RegistryConfig": map[string]any{
		"IndexConfigs": index, "InsecureRegistryCIDRs": networks, "Mirrors": mirrors,
	}}
}

func (d *fakeDocker) answer(w io.Writer, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		d.host.tb.Log(err)
	}
}

func (d *fakeDocker) refuse(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(code)
	d.answer(w, map[string]string{"message": message})
}
