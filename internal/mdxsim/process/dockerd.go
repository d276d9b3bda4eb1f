package process

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// dockerCommand is docker's command line: enough to look around, and the bridge
// to dockerd's API.
func dockerCommand(ctx context.Context, sh *shell, p *process) int {
	h := sh.host
	h.mu.Lock()
	version, running := h.dockerVersion(), h.docker.running
	h.mu.Unlock()
	line := strings.Join(p.args[1:], " ")
	switch {
	case version == "":
		return p.fail(127, "sh: docker: command not found")
	case !running:
		return p.fail(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
	case line == "system dial-stdio":
		h.bridge(ctx, p.stdin, p.stdout)
		return 0
	case strings.HasPrefix(line, "version"):
		return p.say("%s", version)
	case strings.HasPrefix(line, "ps"):
		h.mu.Lock()
		defer h.mu.Unlock()
		p.say("CONTAINER ID   IMAGE   STATUS   NAMES")
		for _, c := range h.docker.containers {
			p.say("%s   %s   %s   %s", c.ID[:12], c.Image, c.status, c.Name)
		}
		return 0
	case len(p.args) > 2 && slices.Contains([]string{"rm", "stop", "start"}, p.args[1]):
		h.mu.Lock()
		defer h.mu.Unlock()
		c := h.docker.find(p.args[len(p.args)-1])
		if c == nil {
			return p.fail(1, "Error: No such container: %s", p.args[len(p.args)-1])
		}
		switch p.args[1] {
		case "rm":
			h.docker.remove(c)
		case "stop":
			c.wanted = false
			c.end(0)
		case "start":
			c.start(h)
		}
		return p.say("%s", c.Name)
	}
	return p.fail(1, "docker: this stand-in knows version, ps, rm, stop, start and system dial-stdio, and the API behind it")
}

// innerDocker is the one in a Base container.
func innerDocker(_ context.Context, _ *shell, p *process) int {
	return p.say("Server Version: stand-in\n Containers: 0")
}

// bridge serves dockerd's API over a pair of streams until one ends.
func (h *host) bridge(ctx context.Context, in io.Reader, out io.Writer) {
	ours, theirs := net.Pipe()
	server := &http.Server{Handler: h.dockerAPI(), ReadHeaderTimeout: time.Minute}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(&single{conn: theirs, closed: make(chan struct{})}) }) // ends when it is closed
	running.Go(func() {
		_, _ = io.Copy(out, ours) // the other end is gone
	})
	stop := context.AfterFunc(ctx, func() { _ = ours.Close() })
	defer stop()
	_, _ = io.Copy(ours, in) // the other end is gone
	_ = ours.Close()
	_ = server.Close()
	running.Wait()
}

// single is a listener with one connection.
type single struct {
	conn   net.Conn
	taken  bool
	closed chan struct{}
	once   sync.Once
}

// Accept gives the connection, and then waits for the end.
func (s *single) Accept() (net.Conn, error) {
	if !s.taken {
		s.taken = true
		return s.conn, nil
	}
	<-s.closed
	return nil, net.ErrClosed
}

// Close ends it.
func (s *single) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// Addr is nobody's.
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }

// dockerAPI is the part of Docker's API that makes, finds and removes
// containers.
func (h *host) dockerAPI() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(*http.Request) (int, any)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			h.mu.Lock()
			status, body := answer(r)
			h.mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			if body != nil {
				_ = json.NewEncoder(w).Encode(body) // the client's loss
			}
		})
	}
	handle("GET /_ping", func(*http.Request) (int, any) { return 200, "OK" })
	handle("GET /version", func(*http.Request) (int, any) { return 200, map[string]any{"Version": h.dockerVersion()} })
	handle("GET /info", func(*http.Request) (int, any) { return 200, h.docker.info() })
	handle("GET /containers/json", func(r *http.Request) (int, any) { return 200, h.docker.list(r.FormValue("filters")) })
	handle("POST /containers/create", h.createContainer)
	handle("GET /containers/{name}/json", h.onContainer(func(c *container) (int, any) {
		c.again(h)
		return 200, c.describe()
	}))
	handle("POST /containers/{name}/start", h.onContainer(func(c *container) (int, any) { c.start(h); return 204, nil }))
	handle("POST /containers/{name}/stop", h.onContainer(func(c *container) (int, any) { c.wanted = false; c.end(0); return 204, nil }))
	handle("POST /containers/{name}/restart", h.onContainer(func(c *container) (int, any) { c.end(0); c.start(h); return 204, nil }))
	handle("POST /containers/{name}/rename", func(r *http.Request) (int, any) {
		if h.docker.find(r.FormValue("name")) != nil {
			return problem(409, "the container name is already in use: "+r.FormValue("name"))
		}
		return h.onContainer(func(c *container) (int, any) { c.Name = r.FormValue("name"); return 204, nil })(r)
	})
	handle("DELETE /containers/{name}", h.onContainer(func(c *container) (int, any) { h.docker.remove(c); return 204, nil }))
	mux.HandleFunc("GET /containers/{name}/logs", h.logs)
	mux.HandleFunc("POST /images/create", h.pull)
	mux.HandleFunc("/", h.images)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.backend.hear("dockerd: " + r.Method + " " + r.URL.Path)
		mux.ServeHTTP(w, r)
	})
}

func problem(status int, message string) (int, any) {
	return status, map[string]string{"message": message}
}

func (h *host) onContainer(answer func(*container) (int, any)) func(*http.Request) (int, any) {
	return func(r *http.Request) (int, any) {
		c := h.docker.find(r.PathValue("name"))
		if c == nil {
			return problem(404, "No such container: "+r.PathValue("name"))
		}
		return answer(c)
	}
}

func (d *docker) info() any {
	indexes := map[string]any{"docker.io": map[string]any{"Secure": true}}
	for _, registry := range d.config.Insecure {
		indexes[registry] = map[string]any{"Secure": false}
	}
	return map[string]any{"RegistryConfig": map[string]any{
		"IndexConfigs": indexes, "InsecureRegistryCIDRs": []string{"127.0.0.0/8"}, "Mirrors": d.config.Mirrors,
	}}
}

// list is the containers that have all labels of the filter.
func (d *docker) list(filters string) any {
	var wanted struct {
		Label []string `json:"label"`
	}
	if filters != "" {
		_ = json.Unmarshal([]byte(filters), &wanted) // no filter that is understood is none
	}
	found := []any{}
	for _, c := range d.containers {
		if !slices.ContainsFunc(wanted.Label, func(label string) bool {
			name, value, both := strings.Cut(label, "=")
			has, is := c.Labels[name]
			return !is || (both && has != value)
		}) {
			found = append(found, map[string]any{"Id": c.ID, "Names": []string{"/" + c.Name}, "Image": c.Image, "State": c.status, "Labels": c.Labels})
		}
	}
	return found
}

func (h *host) createContainer(r *http.Request) (int, any) {
	var body struct {
		Image      string
		Env        []string
		Labels     map[string]string
		HostConfig struct {
			NetworkMode   string
			Binds         []string
			RestartPolicy struct{ Name string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return problem(400, err.Error())
	}
	if !h.docker.images[body.Image] {
		return problem(404, "No such image: "+body.Image)
	}
	c := &container{
		Name: r.FormValue("name"), Image: body.Image, Env: body.Env, Labels: body.Labels,
		Network: body.HostConfig.NetworkMode, Binds: body.HostConfig.Binds, Restart: body.HostConfig.RestartPolicy.Name,
	}
	if err := h.docker.create(c); err != nil {
		return problem(409, err.Error())
	}
	return 201, map[string]any{"Id": c.ID, "Warnings": []string{}}
}

func (c *container) describe() any {
	return map[string]any{
		"Id": c.ID, "Name": "/" + c.Name, "Image": imageID(c.Image), "RestartCount": c.restarts,
		"State": map[string]any{
			"Status": c.status, "Running": c.status == "running", "Restarting": c.status == "restarting", "ExitCode": c.exitCode, "Error": "",
		},
		"Config":     map[string]any{"Image": c.Image, "Labels": c.Labels, "Env": c.Env},
		"HostConfig": map[string]any{"NetworkMode": c.Network, "Binds": c.Binds, "RestartPolicy": map[string]any{"Name": c.Restart}},
	}
}

// logs writes what a container wrote, as dockerd interleaves it.
func (h *host) logs(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.docker.find(r.PathValue("name"))
	if c == nil {
		http.NotFound(w, r)
		return
	}
	text := c.log.String()
	header := make([]byte, 8)
	header[0] = 1
	binary.BigEndian.PutUint32(header[4:], uint32(len(text))) //nolint:gosec // logs are short
	_, _ = w.Write(header)                                    // the client's loss
	_, _ = io.WriteString(w, text)                            // the same
}

// pull has every image, in two layers.
func (h *host) pull(w http.ResponseWriter, r *http.Request) {
	reference := r.FormValue("fromImage")
	if tag := r.FormValue("tag"); tag != "" {
		reference += ":" + tag
	}
	encoder := json.NewEncoder(w)
	for _, layer := range []string{"a1", "b2"} {
		_ = encoder.Encode(map[string]string{"id": layer, "status": "Pulling fs layer"}) // the client's loss
	}
	for _, layer := range []string{"a1", "b2"} {
		_ = encoder.Encode(map[string]string{"id": layer, "status": "Pull complete"}) // the client's loss
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.docker.images[reference] = true
}

// images answers for paths that hold an image's reference, slashes and all.
func (h *host) images(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	reference, is := strings.CutSuffix(r.URL.Path, "/json")
	repository, _, _ := strings.Cut(path.Base(reference), ":")
	repository = path.Join(path.Dir(reference), repository)
	switch {
	case is && strings.HasPrefix(reference, "/images/"):
		name := strings.TrimPrefix(reference, "/images/")
		if !h.docker.images[name] {
			break
		}
		digest := strings.TrimPrefix(repository, "/images/") + "@" + imageID(name)
		_ = json.NewEncoder(w).Encode(map[string]any{"Id": imageID(name), "RepoDigests": []string{digest}}) // the client's loss
		return
	case is && strings.HasPrefix(reference, "/distribution/"):
		name := strings.TrimPrefix(reference, "/distribution/")
		_ = json.NewEncoder(w).Encode(map[string]any{"Descriptor": map[string]string{"digest": imageID(name)}}) // the client's loss
		return
	}
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": "No such image: " + r.URL.Path}) // the client's loss
}

// initCommand is where a Base container finds the user's script.
const initCommand = "/var/vcp/user_init_command"

// userInit runs the user's script, as a Base container does at every start.
func (c *container) userInit(h *host) {
	text := read(h.root, path.Join(c.disk(), initCommand))
	if text == "" {
		return
	}
	sh := c.shell(h)
	h.boot.jobs.Go(func() {
		ctx := c.life(h)
		var out, complaints bytes.Buffer
		p := &process{dir: "/root", env: c.environ(sh), stdin: strings.NewReader(""), stdout: &out, stderr: &complaints}
		sh.run(ctx, p, text)
		err := errors.Join(
			write(sh.root, "/var/log/user_init_command_stdout.log", out.String()),
			write(sh.root, "/var/log/user_init_command_stderr.log", complaints.String()),
		)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			h.mu.Lock()
			defer h.mu.Unlock()
			c.log.WriteString(err.Error() + "\n")
		}
	})
}

// life is as long as the host's boot.
func (c *container) life(h *host) context.Context {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot != nil {
		return h.boot.ctx
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	return ended
}
