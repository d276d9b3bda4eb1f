package containerhost

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

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
