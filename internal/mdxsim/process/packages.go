package process

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// Versions of docker-ce that the stand-in repository has, the newest first.
var dockerVersions = []string{"27.3.1", "26.1.4", "24.0.7", "20.10.24"}

func (h *host) installed(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.packages[name] != "" || (name == "docker-ce" && h.packages["docker.io"] != "")
}

// release is the end of a package's version on this distribution.
func (h *host) release() string {
	os := map[string]string{}
	for line := range strings.Lines(read(h.root, "/etc/os-release")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		os[name] = strings.Trim(value, `"`)
	}
	return "-1~" + os["ID"] + "." + os["VERSION_ID"] + "~" + os["VERSION_CODENAME"]
}

// aptGet installs by writing down what is installed. Docker's own packages are
// to be had once Docker's repository is among the sources.
func aptGet(_ context.Context, sh *shell, p *process) int {
	var words []string
	for i := 1; i < len(p.args); i++ {
		if p.args[i] == "-o" {
			i++
		} else if !strings.HasPrefix(p.args[i], "-") {
			words = append(words, p.args[i])
		}
	}
	if len(words) == 0 || !slices.Contains([]string{"install", "update", "remove", "purge"}, words[0]) {
		return 0
	}
	if words[0] == "update" {
		return p.say("Reading package lists...")
	}
	h := sh.host
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, word := range words[1:] {
		name, version, pinned := strings.Cut(word, "=")
		if words[0] != "install" {
			delete(h.packages, name)
			continue
		}
		if strings.HasPrefix(name, "docker-ce") || name == "containerd.io" {
			if !h.hasDockerRepository() {
				return p.fail(100, "E: Unable to locate package %s", name)
			}
			if !pinned {
				version = "5:" + dockerVersions[0] + h.release()
			}
		}
		if version == "" {
			version = "1.0-1"
		}
		h.packages[name] = version
		p.say("Setting up %s (%s) ...", name, version)
		if name == "docker-ce" || name == "docker.io" {
			h.units["docker.service"] = unit{enabled: true, active: true}
			h.units["docker.socket"] = unit{enabled: true, active: true}
			h.docker.follow(h, true, true)
		}
	}
	return 0
}

var dockerSource = regexp.MustCompile(`(?m)^deb .*stable`)

func (h *host) hasDockerRepository() bool {
	return dockerSource.MatchString(read(h.root, "/etc/apt/sources.list.d/docker.list"))
}

// aptCache tells which versions of docker-ce there are.
func aptCache(_ context.Context, sh *shell, p *process) int {
	if len(p.args) < 3 || p.args[1] != "madison" || !sh.host.hasDockerRepository() {
		return 0
	}
	for _, version := range dockerVersions {
		p.say(" %s | 5:%s%s | stand-in stable amd64 Packages", p.args[2], version, sh.host.release())
	}
	return 0
}

func dpkg(_ context.Context, _ *shell, p *process) int {
	if slices.Contains(p.args, "--print-architecture") {
		return p.say("amd64")
	}
	return 0
}

// dpkgQuery tells an installed package's version.
func dpkgQuery(_ context.Context, sh *shell, p *process) int {
	name := p.args[len(p.args)-1]
	sh.host.mu.Lock()
	version := sh.host.packages[name]
	sh.host.mu.Unlock()
	if version == "" {
		return p.fail(1, "dpkg-query: no packages found matching %s", name)
	}
	_, _ = p.stdout.Write([]byte(version)) // nobody may be listening
	return 0
}

// dockerVersion is the installed engine's; empty if there is none. The caller
// holds the lock.
func (h *host) dockerVersion() string {
	version := h.packages["docker-ce"]
	if version == "" {
		return h.packages["docker.io"]
	}
	_, version, _ = strings.Cut(version, ":")
	version, _, _ = strings.Cut(version, "-")
	return version
}
