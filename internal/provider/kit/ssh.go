package kit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
)

// sshModel is the provider block's ssh attribute.
type sshModel struct {
	PrivateKey     types.String `tfsdk:"private_key"`
	PrivateKeyPath types.String `tfsdk:"private_key_path"`
	UseAgent       types.Bool   `tfsdk:"use_agent"`
	Bastion        types.Object `tfsdk:"bastion"`
	Timeout        types.String `tfsdk:"timeout"`
}

type bastionModel struct {
	Host               types.String `tfsdk:"host"`
	Port               types.Int64  `tfsdk:"port"`
	User               types.String `tfsdk:"user"`
	PrivateKey         types.String `tfsdk:"private_key"`
	PrivateKeyPath     types.String `tfsdk:"private_key_path"`
	HostKeyFingerprint types.String `tfsdk:"host_key_fingerprint"`
}

// SSHSchema is how VMs are logged in to. It belongs to the provider, whose configuration is never stored, so that no
// private key gets into state.
func SSHSchema() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "How `mdx_container_host` logs in to VMs. Nothing of it is stored in state. Left out: the SSH agent, " +
			"then `~/.ssh/id_ed25519` and `~/.ssh/id_rsa`.",
		Attributes: map[string]schema.Attribute{
			"private_key": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "Text of an unencrypted private key, whose public half the VMs were deployed with. Give it from a " +
					"variable or in the environment variable `MDX_SSH_PRIVATE_KEY`.",
				Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("private_key_path"))},
			},
			"private_key_path": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "File that holds the private key. Defaults to `MDX_SSH_PRIVATE_KEY_PATH`. An encrypted key " +
					"can't be used this way: add it to an SSH agent.",
			},
			"use_agent": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether keys of the SSH agent at `SSH_AUTH_SOCK` are offered. Defaults to true, and to false when " +
					"a private key is given.",
			},
			"timeout": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long a VM may take until its SSH server lets Terraform in, as in `10m`: a VM that was just " +
					"switched on needs minutes. Defaults to `MDX_SSH_TIMEOUT`, then `5m`.",
				Validators: []validator.String{IsDuration()},
			},
			"bastion": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "A host to go through, where the VMs can't be reached directly.",
				Attributes: map[string]schema.Attribute{
					"host": schema.StringAttribute{Required: true, MarkdownDescription: "Address or name of the bastion."},
					"port": schema.Int64Attribute{
						Optional: true, MarkdownDescription: "Its SSH port. Defaults to 22.",
						Validators: []validator.Int64{int64validator.Between(1, 65535)},
					},
					"user": schema.StringAttribute{Optional: true, MarkdownDescription: "Its login user. Defaults to the host's `user`."},
					"private_key": schema.StringAttribute{
						Optional: true, Sensitive: true,
						MarkdownDescription: "Its private key, where that is another than the VMs'.",
						Validators:          []validator.String{stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("private_key_path"))},
					},
					"private_key_path": schema.StringAttribute{Optional: true, MarkdownDescription: "File that holds the bastion's private key."},
					"host_key_fingerprint": schema.StringAttribute{
						Required: true,
						MarkdownDescription: "Fingerprint of its host key, such as `SHA256:...`; a bastion with another key is refused. Ask " +
							"its administrator, or look at `ssh-keyscan <host> | ssh-keygen -lf -`.",
					},
				},
			},
		},
	}
}

// sshSettings is the ssh attribute after environment and defaults have filled it. Keys are read when a host needs
// them, since most runs need none.
type sshSettings struct {
	// unknown is true while the configuration depends on something that is not created yet, such as a key made by the
	// same apply. Hosts can't be asked then.
	Unknown     bool
	privateKey  string
	keyPath     string
	agentSocket string // empty: no agent
	home        string
	timeout     time.Duration
	bastion     *bastionModel
}

// resolveSSH reads the ssh attribute.
func resolveSSH(ctx context.Context, block types.Object, env environment, diags *diag.Diagnostics) sshSettings {
	var model sshModel
	if block.IsUnknown() {
		return sshSettings{Unknown: true}
	}
	if !block.IsNull() {
		diags.Append(block.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	}
	s := sshSettings{privateKey: model.PrivateKey.ValueString(), keyPath: model.PrivateKeyPath.ValueString(), home: env("HOME")}
	for _, value := range []attr.Value{model.PrivateKey, model.PrivateKeyPath, model.UseAgent, model.Bastion, model.Timeout} {
		s.Unknown = s.Unknown || value.IsUnknown()
	}
	if s.privateKey == "" && s.keyPath == "" {
		s.privateKey, s.keyPath = env("MDX_SSH_PRIVATE_KEY"), env("MDX_SSH_PRIVATE_KEY_PATH")
	}
	if model.UseAgent.ValueBool() || model.UseAgent.IsNull() && s.privateKey == "" && s.keyPath == "" {
		s.agentSocket = env("SSH_AUTH_SOCK")
		if s.agentSocket == "" && model.UseAgent.ValueBool() {
			diags.AddAttributeError(path.Root("ssh").AtName("use_agent"), "No SSH agent",
				"The environment variable SSH_AUTH_SOCK names none. Start one (eval \"$(ssh-agent)\"; ssh-add), or give a private key.")
		}
	}
	if text := FirstOf(model.Timeout.ValueString(), env("MDX_SSH_TIMEOUT")); text != "" {
		d, err := ParseDuration(text)
		if err != nil {
			diags.AddAttributeError(path.Root("ssh").AtName("timeout"), "Bad duration", err.Error())
		}
		s.timeout = d
	}
	if !model.Bastion.IsNull() && !model.Bastion.IsUnknown() {
		s.bastion = &bastionModel{}
		diags.Append(model.Bastion.As(ctx, s.bastion, basetypes.ObjectAsOptions{})...)
		for _, value := range []attr.Value{s.bastion.Host, s.bastion.User, s.bastion.PrivateKey, s.bastion.PrivateKeyPath, s.bastion.HostKeyFingerprint} {
			s.Unknown = s.Unknown || value.IsUnknown()
		}
	}
	return s
}

// Connection reads the keys.
func (s sshSettings) Connection() (containerhost.SSH, error) {
	conn := containerhost.SSH{AgentSocket: s.agentSocket, Timeout: s.timeout}
	var err error
	if s.privateKey == "" && s.keyPath == "" {
		conn.PrivateKeys, err = s.usualKeys()
	} else {
		conn.PrivateKeys, err = s.key(s.privateKey, s.keyPath)
	}
	if err != nil {
		return conn, err
	}
	if len(conn.PrivateKeys) == 0 && conn.AgentSocket == "" {
		return conn, errors.New("no private key to log in with: start an SSH agent, or give private_key or private_key_path in the " +
			"provider's ssh, or MDX_SSH_PRIVATE_KEY in the environment")
	}
	if b := s.bastion; b != nil {
		conn.Bastion = &containerhost.Bastion{
			Host: b.Host.ValueString(), Port: int(b.Port.ValueInt64()), User: b.User.ValueString(),
			HostKeyFingerprint: b.HostKeyFingerprint.ValueString(),
		}
		if conn.Bastion.PrivateKeys, err = s.key(b.PrivateKey.ValueString(), b.PrivateKeyPath.ValueString()); err != nil {
			return conn, fmt.Errorf("bastion: %w", err)
		}
	}
	return conn, nil
}

// key gives a key by its text or its file, checked; neither: none.
func (s sshSettings) key(text, file string) ([][]byte, error) {
	data := []byte(text)
	if text == "" {
		if file == "" {
			return nil, nil
		}
		var err error
		if data, err = os.ReadFile(s.expand(file)); err != nil {
			return nil, err
		}
	}
	if _, err := containerhost.ParsePrivateKey(data); err != nil {
		if file != "" {
			err = fmt.Errorf("%s: %w", file, err)
		}
		return nil, err
	}
	return [][]byte{data}, nil
}

// usualKeys are the user's own, as ssh would take them. One that is encrypted is the agent's business.
func (s sshSettings) usualKeys() ([][]byte, error) {
	var keys [][]byte
	var errs []error
	for _, name := range []string{"id_ed25519", "id_rsa"} {
		key, err := s.key("", filepath.Join(s.home, ".ssh", name))
		switch {
		case err == nil:
			keys = append(keys, key...)
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	if len(keys) > 0 || s.agentSocket != "" {
		return keys, nil
	}
	return nil, errors.Join(errs...)
}

func (s sshSettings) expand(file string) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		return filepath.Join(s.home, rest)
	}
	return file
}
