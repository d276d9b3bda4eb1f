package containerhost

import (
	"bytes"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSpecFaultsAreNamed(t *testing.T) {
	if err := nodeSpec().Validate(); err != nil {
		t.Fatalf("the good Spec: %v", err)
	}
	tests := map[string]struct {
		spoil func(s *Spec)
		want  string
	}{
		"no host":                {func(s *Spec) { s.Host = "" }, "host:"},
		"host name with a space": {func(s *Spec) { s.Hostname = "a b" }, "hostname:"},
		"host name of a shell":   {func(s *Spec) { s.Hostname = "$(reboot)" }, "hostname:"},
		"not a key":              {func(s *Spec) { s.AuthorizedKeys = []string{"hello"} }, "authorized_keys[0]"},
		"two keys in one":        {func(s *Spec) { s.AuthorizedKeys = []string{testKey(0) + "\n" + testKey(1)} }, "more than one line"},
		"a private key":          {func(s *Spec) { s.AuthorizedKeys = []string{"-----BEGIN PRIVATE KEY-----"} }, "this is a private key"},
		"port of the container":  {func(s *Spec) { s.SSHPort = 22 }, "ssh_port: 22"},
		"port out of range":      {func(s *Spec) { s.SSHPort = 70000 }, "ssh_port:"},
		"IPv6":                   {func(s *Spec) { s.StaticAddress = netip.MustParseAddr("::1") }, "static_ipv4_address:"},
		"name server in no form": {func(s *Spec) { s.DNSServers = []netip.Addr{{}} }, "dns_servers[0]:"},
		"time server of a shell": {func(s *Spec) { s.NTPServers = []string{"ntp.jp", "a b"} }, "ntp_servers[1]:"},
		"time server, misspelt":  {func(s *Spec) { s.NTPServers = []string{"10.0.0.300"} }, "ntp_servers[0]:"},
		"cgroup 3":               {func(s *Spec) { s.CgroupVersion = 3 }, "cgroup_version:"},
		"bastion without a host": {func(s *Spec) { s.SSH.Bastion = &Bastion{} }, "bastion:"},
		"insecure registry, URL": {func(s *Spec) { s.Docker.InsecureRegistries = []string{"a:5000", "http://a:5000"} }, "docker.insecure_registries[1]:"},
		"insecure registry, bad": {func(s *Spec) { s.Docker.InsecureRegistries = []string{"a:b"} }, "docker.insecure_registries[0]:"},
		"insecure registry, no":  {func(s *Spec) { s.Docker.InsecureRegistries = []string{""} }, "docker.insecure_registries[0]:"},
		"registry with a path":   {func(s *Spec) { s.Docker.InsecureRegistries = []string{"a:5000/vcp"} }, "docker.insecure_registries[0]:"},
		"registry, underscore":   {func(s *Spec) { s.Docker.InsecureRegistries = []string{"my_registry:5000"} }, "docker.insecure_registries[0]:"},
		"registry with a hyphen": {func(s *Spec) { s.Docker.InsecureRegistries = []string{"-foo:5000"} }, "docker.insecure_registries[0]:"},
		"registry, port too big": {func(s *Spec) { s.Docker.InsecureRegistries = []string{"10.0.0.5:99999"} }, "docker.insecure_registries[0]:"},
		"registry without port":  {func(s *Spec) { s.Docker.InsecureRegistries = []string{"registry:"} }, "docker.insecure_registries[0]:"},
		"mirror, no URL":         {func(s *Spec) { s.Docker.RegistryMirrors = []string{"10.0.0.5:5000"} }, "docker.registry_mirrors[0]:"},
		"mirror with a user":     {func(s *Spec) { s.Docker.RegistryMirrors = []string{"http://u:p@a"} }, "docker.registry_mirrors[0]:"},
		"repository, no URL":     {func(s *Spec) { s.Docker.RepositoryURL = "mirror.example" }, "docker.repository_url:"},
		"repository with a user": {func(s *Spec) { s.Docker.RepositoryURL = "https://u:p@a" }, "docker.repository_url:"},
		"no image":               {func(s *Spec) { s.Base.Image = "" }, "image:"},
		"container name":         {func(s *Spec) { s.Base.Name = "a/b" }, "name:"},
		"variable name":          {func(s *Spec) { s.Base.Environment = map[string]string{"A=B": "x"} }, "environment:"},
		"volume":                 {func(s *Spec) { s.Base.Volumes = []string{"/data"} }, "volumes[0]"},
		"container key":          {func(s *Spec) { s.Base.AuthorizedKeys = []string{"x"} }, "base_container.authorized_keys[0]"},
		"script too long":        {func(s *Spec) { s.Base.UserInitCommand = "#!" + strings.Repeat("x", MaxUserInitCommand) }, "at most 95232"},
		"script without shebang": {func(s *Spec) { s.Base.UserInitCommand = "echo" }, "interpreter"},
		"pull":                   {func(s *Spec) { s.Base.Pull = "sometimes" }, "pull:"},
		"restart":                {func(s *Spec) { s.Base.Restart = "maybe" }, "restart:"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := nodeSpec()
			s.HostKeyFingerprint = "SHA256:host"
			test.spoil(&s)
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			status, err := Converge(t.Context(), s, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) || status.HostKeyFingerprint != s.HostKeyFingerprint {
				t.Errorf("Converge: %v, pinned is %q", err, status.HostKeyFingerprint)
			}
		})
	}
}

func TestRegistriesThatDockerTakesAreTaken(t *testing.T) {
	s := nodeSpec()
	s.Docker.InsecureRegistries = []string{"10.0.0.5:5000", "10.0.0.0/21", "registry", "registry.example.ac.jp:443", "[2001:db8::5]:5000", "2001:db8::/64"}
	s.Docker.RegistryMirrors = []string{"http://10.0.0.5:5000", "https://mirror.example.ac.jp/"}
	s.Docker.RepositoryURL = "http://mirror.example.ac.jp/docker/linux/"
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestLargestUserInitCommandIsTaken(t *testing.T) {
	s := nodeSpec()
	s.Base.UserInitCommand = "#!/bin/sh\n" + strings.Repeat("#", MaxUserInitCommand-10)
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

// TestWireKeepsEveryByte sends arbitrary arguments and input through a real shell.
func TestWireKeepsEveryByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOfN(rapid.StringMatching(`[^\x00]*[^\x00\n]|`), 1, 4).Draw(t, "args")
		input := rapid.SliceOf(rapid.Byte()).Draw(t, "input")
		c := command{script: `printf '%s\0' "$@"; cat`, args: args, input: input}
		shell := exec.Command("/bin/sh", "-s")
		shell.Stdin = strings.NewReader(string(c.wire()))
		out, err := shell.CombinedOutput()
		if want := strings.Join(args, "\x00") + "\x00" + string(input); string(out) != want || err != nil {
			t.Fatalf("%q, %v; want %q", out, err, want)
		}
	})
}

// TestWireCutOffDoesNothing is a connection that breaks while the text is on its way.
func TestWireCutOffDoesNothing(t *testing.T) {
	text := command{script: "echo harm", args: []string{"an argument"}, input: []byte("some input")}.wire()
	for n := range len(text) - 1 {
		shell := exec.Command("/bin/sh", "-s")
		shell.Stdin = strings.NewReader(string(text[:n]))
		if out, _ := shell.Output(); strings.Contains(string(out), "harm") {
			t.Errorf("cut after %q it ran", text[:n])
		}
	}
}

// TestAFileThatOnlyRootReadsStaysSo rewrites files of the host's own through a real shell.
func TestAFileThatOnlyRootReadsStaysSo(t *testing.T) {
	for name, test := range map[string]struct {
		had, want os.FileMode // had is 0 where there is no file
	}{
		"closed": {0o600, 0o600}, "open": {0o644, 0o644}, "new": {0, 0o644},
	} {
		file := filepath.Join(t.TempDir(), "daemon.json")
		if test.had != 0 {
			if err := os.WriteFile(file, []byte("{}"), test.had); err != nil {
				t.Fatal(err)
			}
		}
		shell := exec.Command("/bin/sh", "-s")
		shell.Stdin = bytes.NewReader(rewriteFile(file, []byte(`{"proxies":{}}`)).wire())
		if out, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != test.want {
			t.Errorf("%s: %v, want %v; %v", name, info.Mode(), test.want, err)
		}
	}
}

// TestTwoWhoWriteAFileAtOnceLeaveOneWhole has a slow writer begin before a quick one, and end after it.
func TestTwoWhoWriteAFileAtOnceLeaveOneWhole(t *testing.T) {
	owner := strconv.Itoa(os.Getuid()) + ":" + strconv.Itoa(os.Getgid())
	for name, write := range map[string]func(path string) []string{
		"of our own": func(path string) []string { return []string{"-c", writeFileScript, "sh", path, "0644", owner} },
		"of others as well": func(path string) []string {
			return []string{"-c", writeFileScript, "sh", path, "0644", owner, "as it is"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			slow := exec.Command("/bin/sh", write(file)...)
			text, input := io.Pipe()
			slow.Stdin = text
			if err := slow.Start(); err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(input, "slow, first half\n")
			awaitText(t, file+".*")
			quick := exec.Command("/bin/sh", write(file)...)
			quick.Stdin = strings.NewReader("quick\n")
			out, err := quick.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			_, _ = io.WriteString(input, "slow, second half\n")
			_ = input.Close()
			if err := slow.Wait(); err != nil {
				t.Error(err)
			}
			left, _ := filepath.Glob(file + "*")
			if is, err := os.ReadFile(file); err != nil || string(is) != "slow, first half\nslow, second half\n" || len(left) != 1 {
				t.Errorf("%q, %v; there are %v", is, err, left)
			}
		})
	}
}

// awaitText waits until there is a file of a pattern with something in it.
func awaitText(t *testing.T, pattern string) {
	t.Helper()
	tick, late := time.NewTicker(time.Millisecond), time.After(5*time.Second)
	defer tick.Stop()
	for {
		if begun, _ := filepath.Glob(pattern); len(begun) > 0 {
			if info, err := os.Stat(begun[0]); err == nil && info.Size() > 0 {
				return
			}
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("nobody has begun to write")
		}
	}
}
