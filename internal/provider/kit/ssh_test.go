package kit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/crypto/ssh"
)

// privateKey makes a key as users have it in a file.
func privateKey(t *testing.T, passphrase string) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// sshBlock is the ssh attribute with some of its attributes given.
func sshBlock(given map[string]attr.Value) types.Object {
	kinds := SSHSchema().GetType().(types.ObjectType).AttrTypes
	values := map[string]attr.Value{
		"private_key": types.StringNull(), "private_key_path": types.StringNull(), "use_agent": types.BoolNull(),
		"timeout": types.StringNull(), "bastion": types.ObjectNull(kinds["bastion"].(types.ObjectType).AttrTypes),
	}
	maps.Copy(values, given)
	return types.ObjectValueMust(kinds, values)
}

func TestSSHKeysAreFoundWhereUsersKeepThem(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := func(name, content string) string {
		t.Helper()
		path := filepath.Join(home, ".ssh", name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own, other := privateKey(t, ""), privateKey(t, "")
	file("other", other)
	none := types.ObjectNull(SSHSchema().GetType().(types.ObjectType).AttrTypes)
	for name, test := range map[string]struct {
		usual   string // ~/.ssh/id_ed25519; empty: there is none
		block   types.Object
		env     map[string]string
		key     string // that is offered; empty: none
		agent   string
		refused string // part of the error
	}{
		"the usual file": {usual: own, block: none, key: own},
		"the usual file and the agent": {
			usual: own, block: none, env: map[string]string{"SSH_AUTH_SOCK": "/agent"}, key: own, agent: "/agent",
		},
		"an encrypted usual file is the agent's business": {
			usual: privateKey(t, "secret"), block: none, env: map[string]string{"SSH_AUTH_SOCK": "/agent"}, agent: "/agent",
		},
		"an encrypted usual file and no agent": {usual: privateKey(t, "secret"), block: none, refused: "ssh-add"},
		"nothing":                              {block: none, refused: "no private key to log in with"},
		"a key in the block, and no agent": {
			usual: own, block: sshBlock(map[string]attr.Value{"private_key": types.StringValue(other)}),
			env: map[string]string{"SSH_AUTH_SOCK": "/agent"}, key: other,
		},
		"a key in the block, and the agent asked for": {
			block: sshBlock(map[string]attr.Value{"private_key": types.StringValue(other), "use_agent": types.BoolValue(true)}),
			env:   map[string]string{"SSH_AUTH_SOCK": "/agent"}, key: other, agent: "/agent",
		},
		"a file in the block": {block: sshBlock(map[string]attr.Value{"private_key_path": types.StringValue("~/.ssh/other")}), key: other},
		"a file that is not there": {
			block: sshBlock(map[string]attr.Value{"private_key_path": types.StringValue("~/.ssh/gone")}), refused: "gone",
		},
		"an encrypted key in the block": {
			block: sshBlock(map[string]attr.Value{"private_key": types.StringValue(privateKey(t, "secret"))}), refused: "encrypted",
		},
		"a key in the environment": {usual: own, block: none, env: map[string]string{"MDX_SSH_PRIVATE_KEY": other}, key: other},
		"the block wins over the environment": {
			block: sshBlock(map[string]attr.Value{"private_key": types.StringValue(own)}),
			env:   map[string]string{"MDX_SSH_PRIVATE_KEY": other}, key: own,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(filepath.Join(home, ".ssh", "id_ed25519"))
			if test.usual != "" {
				file("id_ed25519", test.usual)
			}
			var diags diag.Diagnostics
			settings := resolveSSH(t.Context(), test.block, func(variable string) string {
				if variable == "HOME" {
					return home
				}
				return test.env[variable]
			}, &diags)
			if diags.HasError() {
				t.Fatal(diags)
			}
			conn, err := settings.Connection()
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Errorf("error %v, want %q", err, test.refused)
				}
				return
			}
			var key string
			if len(conn.PrivateKeys) > 0 {
				key = string(conn.PrivateKeys[0])
			}
			if err != nil || key != test.key || conn.AgentSocket != test.agent {
				t.Errorf("error %v, the wanted key: %t, agent %q", err, key == test.key, conn.AgentSocket)
			}
		})
	}
}

func TestSSHSettings(t *testing.T) {
	key := privateKey(t, "")
	kinds := SSHSchema().GetType().(types.ObjectType).AttrTypes["bastion"].(types.ObjectType).AttrTypes
	bastion := types.ObjectValueMust(kinds, map[string]attr.Value{
		"host": types.StringValue("jump.example.ac.jp"), "port": types.Int64Value(2222), "user": types.StringNull(),
		"private_key": types.StringNull(), "private_key_path": types.StringNull(),
		"host_key_fingerprint": types.StringValue("SHA256:jump"),
	})
	block := sshBlock(map[string]attr.Value{
		"private_key": types.StringValue(key), "timeout": types.StringValue("90s"), "bastion": bastion,
	})
	var diags diag.Diagnostics
	settings := resolveSSH(t.Context(), block, func(string) string { return "" }, &diags)
	conn, err := settings.Connection()
	if err != nil || diags.HasError() {
		t.Fatal(err, diags)
	}
	b := conn.Bastion
	if conn.Timeout != 90*time.Second || b == nil || b.Host != "jump.example.ac.jp" || b.Port != 2222 || b.HostKeyFingerprint != "SHA256:jump" {
		t.Errorf("%+v, bastion %+v", conn.Timeout, b)
	}
	t.Run("a key that is made by the same apply", func(t *testing.T) {
		block := sshBlock(map[string]attr.Value{"private_key": types.StringUnknown()})
		if !resolveSSH(t.Context(), block, func(string) string { return "" }, &diags).Unknown {
			t.Error("taken for known")
		}
	})
	t.Run("an agent that is not there", func(t *testing.T) {
		var diags diag.Diagnostics
		resolveSSH(t.Context(), sshBlock(map[string]attr.Value{"use_agent": types.BoolValue(true)}), func(string) string { return "" }, &diags)
		if !diags.HasError() {
			t.Error("no error")
		}
	})
}
