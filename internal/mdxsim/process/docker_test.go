package process_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

const installDocker = `set -eu
install -d /etc/apt/keyrings
echo 'deb [signed-by=/x] https://download.docker.com/linux/ubuntu jammy stable' >/etc/apt/sources.list.d/docker.list
apt-get update
apt-get -q install -y docker-ce docker-ce-cli containerd.io`

// bridge is dockerd's API through `docker system dial-stdio`.
type bridge struct {
	t    *testing.T
	http *http.Client
}

func (m *machine) dockerOver(client *ssh.Client) *bridge {
	m.t.Helper()
	transport := &http.Transport{
		MaxConnsPerHost: 1,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			session, err := client.NewSession()
			if err != nil {
				return nil, err
			}
			in, err := session.StdinPipe()
			if err != nil {
				return nil, err
			}
			out, err := session.StdoutPipe()
			if err != nil {
				return nil, err
			}
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(in, theirs); _ = in.Close() }()
			go func() { _, _ = io.Copy(theirs, out); _ = theirs.Close() }()
			return ours, session.Start("sudo -n docker system dial-stdio")
		},
	}
	m.t.Cleanup(transport.CloseIdleConnections)
	return &bridge{m.t, &http.Client{Transport: transport}}
}

// call asks the API; the answer as JSON, or as it is.
func (b *bridge) call(method, path string, body any, status int) map[string]any {
	b.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, "http://docker"+path, bytes.NewReader(content))
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		b.t.Fatalf("%s %s: %d, want %d: %s %v", method, path, answer.StatusCode, status, text, err)
	}
	object := map[string]any{"text": string(text)}
	_ = json.Unmarshal(text, &object) // lists and streams are looked at as text
	return object
}

// dockerHost is a host with Docker on it, sshd on 20022, and its API.
func dockerHost(t *testing.T) (*machine, *ssh.Client, *bridge) {
	t.Helper()
	m := ready(t, nil)
	m.root(installDocker)
	m.root("echo 'Port 20022' >/etc/ssh/sshd_config.d/10.conf; systemctl restart ssh")
	client, err := m.login("mdxuser", 20022, m.key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	api := m.dockerOver(client)
	return m, client, api
}

const baseImage = "10.0.0.5:5000/vcp/base:1.0"

func baseContainer(keys string) map[string]any {
	return map[string]any{
		"Image": baseImage, "Env": []string{"AUTHORIZED_KEYS=" + base64.StdEncoding.EncodeToString([]byte(keys)), "VCCC_ID=7"},
		"Labels": map[string]string{"mine": "yes"},
		"HostConfig": map[string]any{
			"NetworkMode": "host", "Binds": []string{"/dev:/dev", "/srv/init:/var/vcp/user_init_command:ro"},
			"RestartPolicy": map[string]any{"Name": "always"},
		},
	}
}

// Docker comes with its repository, in the version that is asked for.
func TestInstallingDocker(t *testing.T) {
	m := ready(t, nil)
	if r := m.run("sudo apt-get install -y docker-ce"); r.code != 100 || !strings.Contains(r.complaints, "Unable to locate package docker-ce") {
		t.Errorf("without the repository: %+v", r)
	}
	if r := m.run("docker version"); r.code != 127 {
		t.Errorf("without Docker: %+v", r)
	}
	m.root(installDocker)
	version := m.root("apt-cache madison docker-ce | awk -F '|' '{ gsub(/ /, \"\", $2); print $2 }' | grep :24.0.7-")
	m.root("apt-get install -y docker-ce=" + version)
	for script, want := range map[string]string{
		"docker version --format '{{.Server.Version}}'": "24.0.7",
		"dpkg-query -W -f '${Version}' docker-ce":       version,
		"systemctl is-enabled docker.service":           "enabled",
		"command -v dockerd":                            "/usr/bin/dockerd",
	} {
		if got := m.root(script); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
	m.root("systemctl stop docker")
	if r := m.run("docker version"); r.code != 1 || !strings.Contains(r.complaints, "Cannot connect") {
		t.Errorf("with Docker stopped: %+v", r)
	}
}

// A Base container's life: its sshd answers on port 22 with the keys that it was
// given, and comes back after a power cycle.
func TestBaseContainer(t *testing.T) {
	m, client, api := dockerHost(t)
	key, line := newKey(t)
	m.rootOn(client, "printf '#!/bin/sh\necho id $VCCC_ID >/root/note; echo said\n' >/srv/init")
	api.call("POST", "/containers/create?name=base", baseContainer(line), 404)
	if text := api.call("POST", "/images/create?fromImage="+baseImage, nil, 200)["text"]; strings.Count(text.(string), "Pull complete") != 2 {
		t.Errorf("pull: %s", text)
	}
	if image := api.call("GET", "/images/"+baseImage+"/json", nil, 200); !strings.HasPrefix(image["RepoDigests"].([]any)[0].(string), "10.0.0.5:5000/vcp/base@sha256:") {
		t.Errorf("image: %v", image)
	}
	id := api.call("POST", "/containers/create?name=base", baseContainer(line), 201)["Id"].(string)
	api.call("POST", "/containers/create?name=base", baseContainer(line), 409)
	api.call("POST", "/containers/"+id+"/start", nil, 204)
	if state := api.call("GET", "/containers/base/json", nil, 200)["State"].(map[string]any); state["Running"] != true {
		t.Fatalf("state: %v", state)
	}
	if got := m.rootOn(client, "timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22 && head -c 4 <&3'"); got != "SSH-" {
		t.Errorf("greeting: %q", got)
	}
	inside := func(command, want string) {
		t.Helper()
		eventually(t, func() bool {
			base, err := m.login("root", 22, key)
			if err != nil {
				return false
			}
			defer func() { _ = base.Close() }()
			r, err := m.on(base, command, "")
			return err == nil && strings.TrimSpace(r.out) == want
		})
	}
	inside("cat /root/note /var/log/user_init_command_stdout.log", "id 7\nsaid")
	inside("docker info | head -n 1", "Server Version: stand-in")
	if client, err := m.login("root", 22, m.key); err == nil {
		_ = client.Close()
		t.Error("the host's key gets into the container")
	}
	if err := m.backend.Reboot(t.Context(), machineID, true); err != nil {
		t.Fatal(err)
	}
	inside("echo back", "back")

	again, err := m.login("mdxuser", 20022, m.key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	api = m.dockerOver(again)
	if text := api.call("GET", `/containers/json?all=1&filters={"label":["mine"]}`, nil, 200)["text"]; !strings.Contains(text.(string), id) {
		t.Errorf("list: %s", text)
	}
	api.call("DELETE", "/containers/base?force=1&v=1", nil, 204)
	api.call("GET", "/containers/base/json", nil, 404)
	if client, err := m.login("root", 22, key); err == nil {
		_ = client.Close()
		t.Error("a removed container answers")
	}
}

// A Base container that finds port 22 taken is restarted until it is free.
func TestPortTaken(t *testing.T) {
	m, client, api := dockerHost(t)
	_, line := newKey(t)
	m.rootOn(client, "printf 'Port 20022\nPort 22\n' >/etc/ssh/sshd_config.d/10.conf; systemctl restart ssh")
	api.call("POST", "/images/create?fromImage="+baseImage, nil, 200)
	api.call("POST", "/containers/create?name=base", baseContainer(line), 201)
	api.call("POST", "/containers/base/start", nil, 204)
	found := api.call("GET", "/containers/base/json", nil, 200)
	if state := found["State"].(map[string]any); state["Restarting"] != true || found["RestartCount"].(float64) < 1 {
		t.Fatalf("container: %v", found)
	}
	if text := api.call("GET", "/containers/base/logs", nil, 200)["text"]; !strings.Contains(text.(string), "Address already in use") {
		t.Errorf("log: %s", text)
	}
	m.rootOn(client, "echo 'Port 20022' >/etc/ssh/sshd_config.d/10.conf; systemctl restart ssh")
	if state := api.call("GET", "/containers/base/json", nil, 200)["State"].(map[string]any); state["Running"] != true {
		t.Errorf("state: %v", state)
	}
}

// dockerd has its configuration's registries in use once it read it.
func TestDaemonConfiguration(t *testing.T) {
	m, client, api := dockerHost(t)
	m.rootOn(client, `mkdir -p /etc/docker; echo '{"insecure-registries": ["10.0.0.5:5000"], "registry-mirrors": ["http://10.0.0.5:5001/"]}' >/etc/docker/daemon.json`)
	if info := api.call("GET", "/info", nil, 200)["text"]; strings.Contains(info.(string), "10.0.0.5") {
		t.Errorf("before it was read: %s", info)
	}
	m.rootOn(client, "systemctl reload docker.service")
	info := api.call("GET", "/info", nil, 200)["RegistryConfig"].(map[string]any)
	if info["IndexConfigs"].(map[string]any)["10.0.0.5:5000"] == nil || info["Mirrors"].([]any)[0] != "http://10.0.0.5:5001/" {
		t.Errorf("registries: %v", info)
	}
}

// A machine of the simulator has a host at the address that its detail tells.
func TestInTheSimulator(t *testing.T) {
	fresh(t, nil) // skips where hosts cannot be had
	world := mdxsim.DefaultWorld()
	sim, err := mdxsim.New(mdxsim.Config{World: world, Backend: process.New(), Token: "t0", Speed: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	}()
	url, err := sim.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key, line := newKey(t)
	project := world.Organisations[0].Projects[0]
	ask := func(method, path string, body any) string {
		t.Helper()
		content, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "JWT t0")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	ask("POST", "/api/vm/deploy/", map[string]any{
		"catalog": project.Catalogs[0].UUID, "project": project.UUID, "vm_name": "node1", "template_name": "x", "os_type": "Linux",
		"disk_size": 40, "pack_type": "cpu", "pack_num": 3, "service_level": "spot", "storage_network": "portgroup",
		"shared_key": line, "power_on": true,
		"network_adapters": []any{map[string]any{"adapter_number": 1, "segment": project.Segments[0].UUID}},
	})
	var address string
	eventually(t, func() bool {
		for _, vm := range sim.World().Organisations[0].Projects[0].VMs {
			if vm.Name != "node1" {
				continue
			}
			if _, rest, found := strings.Cut(ask("GET", "/api/vm/"+vm.UUID+"/", nil), `"ipv4_address":["127.`); found {
				address, _, _ = strings.Cut("127."+rest, `"`)
			}
		}
		return address != ""
	})
	client, err := ssh.Dial("tcp", address+":22", &ssh.ClientConfig{
		User: "mdxuser", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	http.DefaultClient.CloseIdleConnections()
}
