package provider_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// TestAccContainerHostThatCanNotBe is what validate and apply say without any host.
func TestAccContainerHostThatCanNotBe(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	private, _ := keyPair(t)
	const base = `base_container = { image = "registry/base:1" }`
	for name, test := range map[string]struct {
		arguments string
		apply     bool
		want      string
	}{
		"a private key for authorized_keys": {
			`host = "10.0.0.1"
			 authorized_keys = ["-----BEGIN OPENSSH PRIVATE KEY-----"]`, false, "this is a private key",
		},
		"the Base container's port": {
			`host = "10.0.0.1"
			 ssh_port = 22
			 ` + base, false, "22 belongs to the Base container",
		},
		"no address": {`host = ""`, false, "string length must be at least 1"},
		"an address that is none": {
			`host = "10.0.0.1"
			 static_ipv4_address = "10.0.0"`, false, "10.0.0",
		},
		"a name server's name": {
			`host = "10.0.0.1"
			 dns_servers = ["10.0.0.53", "ns.example.ac.jp"]`, false, "\"ns.example.ac.jp\" is not the address of a name server",
		},
		"a time server that is none": {
			`host = "10.0.0.1"
			 ntp_servers = ["10.0.0.300"]`, false, "\"10.0.0.300\" is neither an address nor a name",
		},
		"a script without an interpreter": {
			`host = "10.0.0.1"
			 base_container = { image = "x", user_init_command = "echo" }`, false, "must name the interpreter",
		},
		"cgroup 3": {
			`host = "10.0.0.1"
			 cgroup_version = 3`, false, "must be one of",
		},
		"a host name, while the address is not known": {
			`host = terraform_data.unknown.id
			 hostname = "node_1"`, false, "\"node_1\" is not a host name",
		},
		"a registry's URL, while the address is not known": {
			`host = terraform_data.unknown.id
			 docker = { insecure_registries = ["http://10.0.0.5:5000"] }`, false, "without http://",
		},
		"a mirror that is no URL": {
			`host = terraform_data.unknown.id
			 docker = { registry_mirrors = ["10.0.0.5:5000"] }`, false, "not a mirror's URL such as http://",
		},
		"a repository that is no URL": {
			`host = terraform_data.unknown.id
			 docker = { repository_url = "mirror.example" }`, false, "not a repository's URL",
		},
		"a variable's name": {
			`host = terraform_data.unknown.id
			 base_container = { image = "x", environment = { "A B" = "c" } }`, false, "\"A B\" is not a variable's name",
		},
		"a container's name": {
			`host = terraform_data.unknown.id
			 base_container = { image = "x", name = "a/b" }`, false, "\"a/b\" is not a container's name",
		},
		"the Base container's port, while the address is not known": {
			`host = terraform_data.unknown.id
			 ssh_port = 22
			 ` + base, false, "22 belongs to the Base container",
		},
		"a volume of Docker's": {
			`host = "10.0.0.1"
			 base_container = { image = "x", volumes = ["data"] }`, false, "is not source:target",
		},
		"nobody answers": {`host = "127.0.0.1"
			 ssh_port = 1
			 ` + base, true, "Check that the VM is running"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{{
					Config: `
provider "mdx" {
  endpoint     = "` + w.endpoint + `"
  token        = "demo"
  project_name = "demo"
  ssh          = { private_key = <<-EOT
` + private + `    EOT
    timeout = "1ms" }
}
resource "terraform_data" "unknown" {}
resource "mdx_container_host" "h" {
` + test.arguments + "\n}\n",
					PlanOnly:    !test.apply,
					ExpectError: says(test.want),
				}},
			})
		})
	}
}

// keyPair makes a key to log in with: its private half in OpenSSH's form, and its public half as a line.
func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}
