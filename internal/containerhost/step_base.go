package containerhost

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// labelRecipe marks a Base container and holds the digest of what it was made from.
const labelRecipe = "jp.mdx.container-host.recipe"

// nodePause is the pause between questions to a Base container that starts.
const nodePause = 500 * time.Millisecond

// baseImage fetches the Base container's image.
var baseImage = step{
	name:  "base-image",
	limit: 30 * time.Minute,
	check: func(ctx context.Context, s *session) (string, error) {
		found, err := s.api.image(ctx, s.spec.Base.Image)
		switch {
		case errors.Is(err, errAbsent):
			return s.spec.Base.Image + " is not on the host", nil
		case err != nil:
			return "", err
		}
		if s.spec.Base.Pull != "always" {
			return "", nil
		}
		digest, err := s.api.registryDigest(ctx, s.spec.Base.Image)
		if err != nil {
			if s.asking {
				return "", nil // a registry that is out of reach is no drift of the host
			}
			return "the registry does not tell its digest", nil
		}
		if !slices.ContainsFunc(found.RepoDigests, func(d string) bool { return strings.HasSuffix(d, "@"+digest) }) {
			return s.spec.Base.Image + " has moved on in the registry", nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		if s.spec.Base.Pull == "never" {
			return fmt.Errorf("%s is not on the host, and pulling is switched off", s.spec.Base.Image)
		}
		return s.api.pull(ctx, s.spec.Base.Image, func(text string) { s.progress("base-image", text) })
	},
}

// baseContainer sees to it that the Base container runs, and is the one that the Spec describes.
var baseContainer = step{
	name:  "base-container",
	limit: 5 * time.Minute,
	check: func(ctx context.Context, s *session) (string, error) {
		request, err := s.request()
		if err != nil {
			return "", err
		}
		others, err := s.otherBases(ctx)
		if err != nil {
			return "", err
		}
		s.base, err = s.api.container(ctx, s.spec.Base.Name)
		switch {
		case errors.Is(err, errAbsent):
			return "there is no Base container", nil
		case err != nil:
			return "", err
		case len(others) > 0:
			return "there is a Base container of another name", nil
		}
		wanted, err := s.api.image(ctx, s.spec.Base.Image)
		switch {
		case errors.Is(err, errAbsent): // the container keeps running without its image's name
			if s.asking {
				return "", nil
			}
			return s.spec.Base.Image + " is not on the host", nil
		case err != nil:
			return "", err
		}
		if s.imageReference = ""; s.base.Image == wanted.ID && len(wanted.RepoDigests) > 0 {
			s.imageReference = wanted.RepoDigests[0]
		}
		return differs(s.base, wanted, request), nil
	},
	apply: makeBase,
}

// differs tells what is not as it should be; empty: nothing.
func differs(c *container, wanted image, request createRequest) string {
	switch {
	case c.Image != wanted.ID:
		return "the Base container runs another image, " + c.Image
	case c.Config.Labels[labelRecipe] != request.Labels[labelRecipe]:
		return "the Base container was made from other settings"
	case c.HostConfig.RestartPolicy.Name != request.HostConfig.RestartPolicy.Name:
		return fmt.Sprintf("the Base container's restart policy is %q", c.HostConfig.RestartPolicy.Name)
	case !c.State.Running:
		return "the Base container is " + c.State.Status
	}
	return ""
}

func makeBase(ctx context.Context, s *session) error {
	request, err := s.request()
	if err != nil {
		return err
	}
	wanted, err := s.api.image(ctx, s.spec.Base.Image)
	if err != nil {
		return err
	}
	others, err := s.otherBases(ctx)
	if err != nil {
		return err
	}
	for _, id := range others {
		if err := s.api.remove(ctx, id); err != nil {
			return err
		}
	}
	if s.base != nil {
		stopped := *s.base
		stopped.State.Running = true
		if !s.base.State.Running && differs(&stopped, wanted, request) == "" {
			return s.api.start(ctx, s.base.ID) // nothing but stopped
		}
		if err := s.api.remove(ctx, s.base.ID); err != nil {
			return err
		}
	}
	if script := s.spec.Base.UserInitCommand; script != "" {
		if _, err := s.run(ctx, writeFile(initFile(s.spec.Base.Name), "0700", "root:root", []byte(script))); err != nil {
			return err
		}
	}
	id, err := s.api.create(ctx, s.spec.Base.Name, request)
	if err != nil {
		return err
	}
	return s.api.start(ctx, id)
}

// otherBases are Base containers under another name than the Spec's: it was renamed.
func (s *session) otherBases(ctx context.Context) ([]string, error) {
	ids, err := s.api.labelled(ctx, labelRecipe)
	if err != nil {
		return nil, err
	}
	own, err := s.api.container(ctx, s.spec.Base.Name)
	if errors.Is(err, errAbsent) {
		return ids, nil
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == own.ID }), nil
}

// noBaseContainer takes away the Base container of an earlier Spec.
var noBaseContainer = step{
	name:  "no-base-container",
	limit: 2 * time.Minute,
	check: func(ctx context.Context, s *session) (string, error) {
		ids, err := s.api.labelled(ctx, labelRecipe)
		if err != nil || len(ids) == 0 {
			return "", err
		}
		return "there is a Base container", nil
	},
	apply: removeBase,
}

// removeBase removes the Base container, whatever its name, and what belongs to it.
func removeBase(ctx context.Context, s *session) error {
	ids, err := s.api.labelled(ctx, labelRecipe)
	if err != nil {
		return err
	}
	if s.spec.Base != nil {
		ids = append(ids, s.spec.Base.Name)
	}
	for _, id := range ids {
		if err := s.api.remove(ctx, id); err != nil {
			return err
		}
	}
	s.base = nil
	_, err = s.run(ctx, program("removing "+initFolder, "rm", "-rf", initFolder))
	return err
}

// nodeReady waits for the Base container's own sshd, which is when the VC controller can use the node.
var nodeReady = step{name: "node-ready", limit: 3 * time.Minute, check: checkNode, apply: awaitNode}

func checkNode(ctx context.Context, s *session) (string, error) {
	c, err := s.api.container(ctx, s.spec.Base.Name)
	switch {
	case errors.Is(err, errAbsent):
		return "there is no Base container", nil
	case err != nil:
		return "", err
	}
	s.base = c
	if !c.State.Running {
		return "the Base container is " + c.State.Status, nil
	}
	if s.spec.Base.Network != "host" {
		return "", nil
	}
	answer, err := s.run(ctx, command{about: "asking the Base container's sshd", script: bannerScript})
	if err != nil {
		return "", err
	}
	if answer != "SSH-" {
		return silentNode, nil
	}
	return "", nil
}

const silentNode = "the Base container's sshd does not answer on port 22"

// The question is asked on the host, since an access rule may keep others away from port 22.
const bannerScript = `timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22 && head -c 4 <&3' 2>/dev/null || true`

// fallsOver is how many restarts, while it is waited for, say that a container will never stay up.
const fallsOver = 3

// awaitNode asks until the node is ready. What the container itself wrote is the reason when it isn't.
func awaitNode(ctx context.Context, s *session) error {
	before := 0
	if s.base != nil {
		before = s.base.RestartCount
	}
	for {
		reason, err := checkNode(ctx, s)
		if err == nil && reason == "" {
			return nil
		}
		broken := s.base == nil || s.base.State.Status == "exited" || s.base.RestartCount-before >= fallsOver
		if err == nil && !broken && wait(ctx, nodePause) {
			continue
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		return s.containerFailure(context.WithoutCancel(ctx), or(reason, silentNode))
	}
}

// containerFailure explains with the container's last words.
func (s *session) containerFailure(ctx context.Context, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if s.base == nil {
		return errors.New(reason)
	}
	said := or(s.hide.hide(s.api.logs(ctx, s.base.ID)), "(nothing)")
	return fmt.Errorf("%s (exit code %d, %d restarts); it last wrote:\n  %s",
		reason, s.base.State.ExitCode, s.base.RestartCount, strings.ReplaceAll(said, "\n", "\n  "))
}

// createRequest is what Docker makes a container from.
type createRequest struct {
	Image      string
	Env        []string
	Labels     map[string]string
	HostConfig hostConfig
}

type hostConfig struct {
	Privileged    bool
	NetworkMode   string
	Binds         []string
	RestartPolicy struct{ Name string }
}

// request describes the Base container, with the digest of the description as a label. The image is not part of the
// digest: its own is compared.
func (s *session) request() (createRequest, error) {
	b := s.spec.Base
	r := createRequest{Image: b.Image, Env: environment(s.spec, s.serviceAddress())}
	r.HostConfig.Privileged = !b.Unprivileged
	r.HostConfig.NetworkMode = b.Network
	r.HostConfig.Binds = append([]string{"/dev:/dev"}, b.Volumes...)
	r.HostConfig.RestartPolicy.Name = b.Restart
	if b.UserInitCommand != "" {
		r.HostConfig.Binds = append(r.HostConfig.Binds, initFile(b.Name)+":"+userInitMount+":ro")
	}
	recipe, err := json.Marshal([]any{r.Env, r.HostConfig, sha256.Sum256([]byte(b.UserInitCommand))})
	if err != nil {
		return createRequest{}, err
	}
	sum := sha256.Sum256(recipe)
	r.Labels = map[string]string{labelRecipe: hex.EncodeToString(sum[:])}
	return r, nil
}

// initFile is where the host keeps a container's user_init_command.
func initFile(name string) string { return initFolder + "/" + name + "/user_init_command" }

// serviceAddress is the node's address as others see it.
func (s *session) serviceAddress() netip.Addr {
	if s.spec.StaticAddress.IsValid() {
		return s.spec.StaticAddress
	}
	return s.facts.nic.address()
}

// environment gives the Base container's variables, sorted. The address has two names: VCP's documentation gives one,
// and images read the other.
func environment(spec Spec, address netip.Addr) []string {
	all := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			all[name] = value
		}
	}
	if address.IsValid() {
		set("MY_PRIVATE_IP", address.String())
		set("PRIVATE_IP", address.String())
	}
	if len(spec.Base.AuthorizedKeys) > 0 {
		var lines bytes.Buffer
		for _, key := range spec.Base.AuthorizedKeys {
			lines.WriteString(strings.TrimSpace(key) + "\n")
		}
		set("AUTHORIZED_KEYS", base64.StdEncoding.EncodeToString(lines.Bytes()))
	}
	set("VCCCTR_IPADDR", spec.Controller.Address)
	set("VCCC_ID", spec.Controller.ID)
	set("SERF_NODE_ID", spec.Controller.NodeID)
	maps.Copy(all, spec.Base.Environment)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}
