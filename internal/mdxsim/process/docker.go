package process

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	gliderssh "github.com/gliderlabs/ssh"
	"golang.org/x/crypto/ssh"
	"mvdan.cc/sh/v3/expand"
)

// docker is what a host's dockerd knows. All of it is guarded by the host's
// lock.
type docker struct {
	running    bool
	config     daemonConfig
	images     map[string]bool // references
	containers []*container
}

// daemonConfig is the part of daemon.json that is looked at.
type daemonConfig struct {
	Insecure []string `json:"insecure-registries"`
	Mirrors  []string `json:"registry-mirrors"`
}

// container is a container. One on the host's network plays a Base container:
// its sshd answers on port 22.
type container struct {
	ID       string
	Name     string
	Image    string // the reference that it was made from
	Env      []string
	Labels   map[string]string
	Network  string
	Binds    []string
	Restart  string
	status   string // created, running, restarting, exited
	exitCode int
	restarts int
	wanted   bool // somebody started it and nobody stopped it
	log      strings.Builder
	sshd     *server
	key      ssh.Signer
}

// containerPort is where a Base container's sshd listens.
const containerPort = 22

func newDocker() *docker { return &docker{images: map[string]bool{}} }

// imageID is an image's id: its digest.
func imageID(reference string) string {
	sum := sha256.Sum256([]byte(reference))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// boot starts dockerd, and with it what is to be restarted, if it is enabled.
func (d *docker) boot(h *host) { d.follow(h, h.units["docker.service"].active, true) }

// halt is the power going.
func (d *docker) halt() {
	d.running = false
	for _, c := range d.containers {
		c.end(137)
	}
}

// follow does what systemd wants of dockerd: run, stop, start anew, read its
// configuration again.
func (d *docker) follow(h *host, run, anew bool) {
	if !run {
		d.halt()
		return
	}
	d.config = daemonConfig{}
	_ = json.Unmarshal([]byte(read(h.root, "/etc/docker/daemon.json")), &d.config) // a broken file is none
	if d.running && !anew {
		return
	}
	if d.running {
		d.halt()
	}
	d.running = true
	for _, c := range d.containers {
		if c.Restart == "always" || (c.wanted && c.Restart != "" && c.Restart != "no") {
			c.start(h)
		}
	}
}

func (d *docker) find(name string) *container {
	for _, c := range d.containers {
		if c.Name == name || c.ID == name || (len(name) >= 12 && strings.HasPrefix(c.ID, name)) {
			return c
		}
	}
	return nil
}

// create makes a container that does not run yet.
func (d *docker) create(c *container) error {
	if d.find(c.Name) != nil {
		return fmt.Errorf("conflict: the container name \"/%s\" is already in use", c.Name)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	if c.key, err = ssh.NewSignerFromKey(private); err != nil {
		return err
	}
	c.ID = strings.TrimPrefix(imageID(rand.Text()), "sha256:")
	c.status = "created"
	d.containers = append(d.containers, c)
	return nil
}

func (d *docker) remove(c *container) {
	c.end(0)
	var left []*container
	for _, other := range d.containers {
		if other != c {
			left = append(left, other)
		}
	}
	d.containers = left
}

// disk is a container's folder, on the host.
func (c *container) disk() string { return "/var/lib/docker/stand-in/" + c.ID }

// start runs a container. A Base container whose port is taken ends at once, and
// is restarted if it is to be.
func (c *container) start(h *host) {
	c.wanted = true
	if c.status == "running" {
		return
	}
	c.status, c.exitCode = "running", 0
	if c.Network != "host" || h.boot == nil {
		return
	}
	if err := c.prepare(h); err != nil {
		c.fails(err.Error())
		return
	}
	s, err := startServer(h.boot, h, containerPort, &gliderssh.Server{
		PublicKeyHandler: func(ctx gliderssh.Context, key gliderssh.PublicKey) bool {
			return (ctx.User() == "root" || ctx.User() == "vcp") && authorized(c.keys(), key)
		},
		Handler: func(s gliderssh.Session) { _ = s.Exit(c.run(h, s)) },
	}, c.key)
	if err != nil {
		c.fails("error: Bind to port 22 on 0.0.0.0 failed: Address already in use.\nCannot bind any address.")
		return
	}
	c.sshd = s
	c.log.WriteString("Server listening on 0.0.0.0 port 22.\n")
	c.userInit(h)
}

// fails ends a container that could not start.
func (c *container) fails(why string) {
	c.log.WriteString(why + "\n")
	c.end(255)
	if c.Restart == "always" || c.Restart == "unless-stopped" || c.Restart == "on-failure" {
		c.status = "restarting"
		c.restarts++
	}
}

// again tries what is restarting once more; dockerd does so whenever somebody
// looks.
func (c *container) again(h *host) {
	if c.status == "restarting" {
		c.start(h)
	}
}

// end stops a container.
func (c *container) end(code int) {
	if c.sshd != nil {
		c.sshd.close()
		c.sshd = nil
	}
	if c.status == "running" || c.status == "restarting" {
		c.status, c.exitCode = "exited", code
	}
}

func (c *container) variable(name string) string {
	for _, pair := range c.Env {
		if value, is := strings.CutPrefix(pair, name+"="); is {
			return value
		}
	}
	return ""
}

// keys are those that AUTHORIZED_KEYS lets in.
func (c *container) keys() string {
	text, err := base64.StdEncoding.DecodeString(c.variable("AUTHORIZED_KEYS"))
	if err != nil {
		return ""
	}
	return string(text)
}

// prepare makes the container's folder.
func (c *container) prepare(h *host) error {
	for name, text := range map[string]string{
		"/etc/hostname": read(h.root, "/etc/hostname"), "/root/.keep": "", "/tmp/.keep": "", "/var/log/.keep": "",
		"/etc/environment": strings.Join(c.Env, "\n") + "\n",
	} {
		if err := write(h.root, path.Join(c.disk(), name), text); err != nil {
			return err
		}
	}
	for _, bind := range c.Binds {
		parts := strings.Split(bind, ":")
		if text := read(h.root, parts[0]); text != "" && len(parts) > 1 {
			if err := write(h.root, path.Join(c.disk(), parts[1]), text); err != nil {
				return err
			}
		}
	}
	return nil
}

// shell is the one inside the container.
func (c *container) shell(h *host) *shell {
	return &shell{host: h, root: inside(h.root, c.disk()), user: "root", home: "/root", programs: map[string]program{
		"sh": runShell, "bash": runShell, "env": env, "timeout": timeout, "chown": quiet, "hostname": hostname, "id": id,
		"whoami": whoami, "docker": innerDocker,
	}}
}

func (c *container) environ(sh *shell) expand.Environ {
	return expand.ListEnviron(append(sh.environ(), c.Env...)...)
}

func (c *container) run(h *host, s gliderssh.Session) int {
	sh := c.shell(h)
	p := &process{dir: "/root", env: c.environ(sh), stdin: s, stdout: s, stderr: s.Stderr()}
	if s.RawCommand() == "" {
		return p.fail(1, "This container is a stand-in without a terminal: give a command.")
	}
	return sh.run(s.Context(), p, s.RawCommand())
}
