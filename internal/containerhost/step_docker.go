package containerhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const (
	// lockPause is the pause between tries while another program holds dpkg's lock.
	lockPause = 5 * time.Second
	// reloadPatience is how long the daemon may take to read its file again before it is restarted.
	reloadPatience = 10 * time.Second
)

// dockerEngine sees to it that Docker is installed, in the pinned version if one is pinned, and runs now and after
// the next boot. A Docker that is there is otherwise left alone.
var dockerEngine = step{
	name:  "docker-engine",
	limit: 20 * time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		switch f := s.facts; {
		case !f.dockerd:
			return "Docker is not installed", nil
		case f.dockerVersion == "" && f.dockerCutOff:
			return "Docker was not installed to the end", nil
		case !pinned(s.spec.Docker.Version, f):
			return fmt.Sprintf("Docker is %s, pinned is %s", or(f.dockerPackage, f.dockerVersion), s.spec.Docker.Version), nil
		case f.dockerVersion == "":
			return "the Docker daemon does not run", nil
		case !f.dockerEnabled:
			return "Docker would not start at the next boot", nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		if f := s.facts; !f.dockerd || f.dockerVersion == "" && f.dockerCutOff || !pinned(s.spec.Docker.Version, f) {
			if err := installDocker(ctx, s); err != nil {
				return err
			}
		}
		_, err := s.run(ctx, program("starting Docker", "systemctl", "enable", "--now", "docker.service"))
		return err
	},
}

// pinned tells whether a version, as "24.0.7" or as apt has it, is what the host has.
func pinned(want string, f facts) bool {
	return want == "" || want == f.dockerVersion || want == f.dockerPackage ||
		strings.Contains(":"+f.dockerPackage, ":"+want+"-")
}

func installDocker(ctx context.Context, s *session) error {
	if s.spec.Docker.SkipInstall {
		return errors.New("the host lacks the Docker that is asked for, and installing it is switched off")
	}
	os, err := s.facts.distribution.traits()
	if err != nil {
		return err
	}
	return aptGet(ctx, s, command{
		about: "installing Docker", script: dockerInstallScript,
		args: []string{
			s.spec.Docker.RepositoryURL + "/" + os.dockerFolder, s.facts.distribution.codename, s.facts.arch, s.spec.Docker.Version,
		},
	})
}

// aptGet runs a command that needs dpkg's lock, again and again while somebody else holds it.
func aptGet(ctx context.Context, s *session, c command) error {
	for {
		_, err := s.run(ctx, c)
		var failed *CommandError
		if !errors.As(err, &failed) || !lockHeld(failed.Output) {
			return err
		}
		s.progress("docker-engine", "another program holds dpkg's lock; waiting for it")
		if !wait(ctx, lockPause) {
			return fmt.Errorf("%w, while waiting for: %w", context.Cause(ctx), err)
		}
	}
}

// lockHeld knows the words of apt-get and dpkg.
func lockHeld(output string) bool {
	return strings.Contains(output, "Could not get lock") || strings.Contains(output, "is another process using it") ||
		strings.Contains(output, "locked by another process") || strings.Contains(output, "Unable to acquire the dpkg frontend lock")
}

// dockerInstallScript takes the repository's folder, the distribution's code name, the architecture, and a version or
// nothing. A file of the packages that somebody has changed stays as it is: dpkg would ask, and there is nobody to answer.
const dockerInstallScript = `set -eu
export DEBIAN_FRONTEND=noninteractive
apt() {
  apt-get -q -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
dpkg --force-confdef --force-confold --configure -a
if ! command -v curl >/dev/null || [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then
  apt update
  apt install -y --no-install-recommends ca-certificates curl
fi
install -d -m 0755 /etc/apt/keyrings
curl -fsSL --retry 3 -o /etc/apt/keyrings/docker.asc.new "$1/gpg"
chmod 0644 /etc/apt/keyrings/docker.asc.new
mv -f /etc/apt/keyrings/docker.asc.new /etc/apt/keyrings/docker.asc
printf 'deb [arch=%s signed-by=/etc/apt/keyrings/docker.asc] %s %s stable\n' "$3" "$1" "$2" >/etc/apt/sources.list.d/docker.list
apt update
pin=
if [ -n "${4-}" ]; then
  versions=$(apt-cache madison docker-ce | awk -F '|' '{ gsub(/ /, "", $2); print $2 }')
  for version in $versions; do
    case "$version" in "$4"|*:"$4"-*) pin="=$version"; break ;; esac
  done
  [ -n "$pin" ] || { echo "docker-ce $4 is not in $1 $2, which has:" $versions >&2; exit 3; }
fi
apt install -y --allow-downgrades "docker-ce$pin" "docker-ce-cli$pin" containerd.io`

// dockerConfig adds registries to the daemon's configuration. Everything else in it stays, and so does what runs: the
// daemon reads these two settings again without a restart.
var dockerConfig = step{
	name:  "docker-config",
	limit: 3 * time.Minute,
	check: func(ctx context.Context, s *session) (string, error) {
		_, changed, err := mergeDaemon(s.facts.daemon, s.facts.settable(s.spec.Docker))
		switch {
		case err != nil:
			return "", err
		case changed:
			return daemonFile + " lacks registries", nil
		}
		info, err := s.api.info(ctx)
		if err != nil {
			return "", err
		}
		if lacking := unknownRegistries(info, s.spec.Docker); len(lacking) > 0 {
			return "the running daemon does not know " + strings.Join(lacking, ", "), nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		if err := s.refuseFlags(ctx); err != nil {
			return err
		}
		text, changed, err := mergeDaemon(s.facts.daemon, s.facts.settable(s.spec.Docker))
		if err != nil {
			return err
		}
		if changed {
			if _, err := s.run(ctx, rewriteFile(daemonFile, text)); err != nil {
				return err
			}
		}
		if _, err := s.run(ctx, program("reloading Docker's configuration", "systemctl", "reload", "docker.service")); err != nil {
			return err
		}
		return awaitRegistries(ctx, s)
	},
}

// The flags of dockerd that say what its file says too.
const (
	insecureFlag = "--insecure-registry"
	mirrorFlag   = "--registry-mirror"
	fileFlag     = "--config-file"
)

// settable are the registries that may stand in the daemon's file: it does not start with a list that its unit gives as well.
func (f facts) settable(d Docker) Docker {
	if _, given := f.dockerFlags[insecureFlag]; given {
		d.InsecureRegistries = nil
	}
	if _, given := f.dockerFlags[mirrorFlag]; given {
		d.RegistryMirrors = nil
	}
	return d
}

// refuseFlags names what only the daemon's unit could say.
func (s *session) refuseFlags(ctx context.Context) error {
	if file, given := s.facts.dockerFlags[fileFlag]; given && file != daemonFile {
		return fmt.Errorf("the unit of Docker has it read %s in place of %s: take %s out of the unit, or add the registries there",
			file, daemonFile, fileFlag)
	}
	byFlag, byFile := s.spec.Docker, s.facts.settable(s.spec.Docker)
	if byFile.InsecureRegistries != nil {
		byFlag.InsecureRegistries = nil
	}
	if byFile.RegistryMirrors != nil {
		byFlag.RegistryMirrors = nil
	}
	info, err := s.api.info(ctx)
	if err != nil {
		return err
	}
	if lacking := unknownRegistries(info, byFlag); len(lacking) > 0 {
		return fmt.Errorf("the unit of Docker gives registries by %s or %s, and Docker does not start with the same list in %s: "+
			"add %s there, or move all of them into the file", insecureFlag, mirrorFlag, daemonFile, strings.Join(lacking, ", "))
	}
	return nil
}

// awaitRegistries waits for the daemon to have read its file, and restarts it if it doesn't.
func awaitRegistries(ctx context.Context, s *session) error {
	soon, cancel := context.WithTimeout(ctx, reloadPatience)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		if info, err := s.api.info(ctx); err != nil {
			return err
		} else if len(unknownRegistries(info, s.spec.Docker)) == 0 {
			return nil
		}
		if !wait(soon, pause) {
			break
		}
	}
	s.api.close() // the daemon goes away under it
	_, err := s.run(ctx, program("restarting Docker", "systemctl", "restart", "docker.service"))
	if _, failed := errors.AsType[*CommandError](err); failed {
		return s.restoreDaemon(ctx, err)
	}
	return err
}

// restoreDaemon gives a daemon that does not start its former file back, and the reason: what ran before is to run on.
func (s *session) restoreDaemon(ctx context.Context, reason error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	undo := program("removing "+daemonFile, "rm", "-f", daemonFile)
	if s.facts.daemon != "" {
		undo = rewriteFile(daemonFile, []byte(s.facts.daemon))
	}
	if _, err := s.run(ctx, undo); err != nil {
		return fmt.Errorf("%w (and %s could not be put back: %w)", reason, daemonFile, err)
	}
	if _, err := s.run(ctx, command{about: "starting Docker with its former file", script: dockerStartScript}); err != nil {
		return fmt.Errorf("%w (and it does not start with its former %s either: %w)", reason, daemonFile, err)
	}
	return fmt.Errorf("%w; it runs again with the former %s", reason, daemonFile)
}

// systemd starts nothing that has just failed too often, unless it is told to forget that.
const dockerStartScript = `systemctl reset-failed docker.service docker.socket 2>/dev/null
systemctl restart docker.service`

// mergeDaemon adds the registries to daemon.json, and tells whether that changed it.
func mergeDaemon(text string, d Docker) (merged []byte, changed bool, err error) {
	config := map[string]json.RawMessage{}
	if strings.TrimSpace(text) != "" {
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			return nil, false, fmt.Errorf("%s is there but is not JSON (%w): correct or remove it", daemonFile, err)
		}
	}
	for name, wanted := range map[string][]string{
		"insecure-registries": d.InsecureRegistries, "registry-mirrors": d.RegistryMirrors,
	} {
		var have []string
		if raw, ok := config[name]; ok {
			if err := json.Unmarshal(raw, &have); err != nil {
				return nil, false, fmt.Errorf("%s: %s is not a list of names: correct or remove it", daemonFile, name)
			}
		}
		all := have
		for _, one := range wanted {
			if !slices.ContainsFunc(all, func(o string) bool { return sameRegistry(o, one) }) {
				all = append(all, one)
			}
		}
		if len(all) == len(have) {
			continue
		}
		changed = true
		if config[name], err = json.Marshal(all); err != nil {
			return nil, false, err
		}
	}
	merged, err = json.MarshalIndent(config, "", "  ")
	return append(merged, '\n'), changed, err
}

// sameRegistry compares two addresses as the daemon does, which adds a slash at the end of mirrors.
func sameRegistry(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// asNetwork writes a network of registries as the daemon tells it, without host bits; anything else stays as it is.
func asNetwork(registry string) string {
	if network, err := netip.ParsePrefix(registry); err == nil {
		return network.Masked().String()
	}
	return registry
}

// unknownRegistries are those that the running daemon doesn't have in use.
func unknownRegistries(info daemonInfo, d Docker) []string {
	var unknown []string
	for _, registry := range d.InsecureRegistries {
		index, named := info.RegistryConfig.IndexConfigs[registry]
		if (!named || index.Secure) && !slices.Contains(info.RegistryConfig.InsecureRegistryCIDRs, asNetwork(registry)) {
			unknown = append(unknown, registry)
		}
	}
	for _, mirror := range d.RegistryMirrors {
		if !slices.ContainsFunc(info.RegistryConfig.Mirrors, func(m string) bool { return sameRegistry(m, mirror) }) {
			unknown = append(unknown, mirror)
		}
	}
	return unknown
}
