package host

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// IdentitySchema is how a host was first reached, which tells it from all others and is enough to import it.
func (r *containerHostResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"host":     identityschema.StringAttribute{RequiredForImport: true, Description: "Address or name of the host."},
		"user":     identityschema.StringAttribute{OptionalForImport: true, Description: "Login user. Defaults to " + containerhost.DefaultUser + "."},
		"ssh_port": identityschema.Int64Attribute{OptionalForImport: true, Description: "Port of the host's SSH server. Defaults to 20022, then 22."},
	}}
}

// containerHostIdentity tells a host from all others.
type containerHostIdentity struct {
	Host    types.String `tfsdk:"host"`
	User    types.String `tfsdk:"user"`
	SSHPort types.Int64  `tfsdk:"ssh_port"`
}

// identify gives a resource its identity once: address, user and port may change in place afterwards, and an identity
// may not.
func (m *containerHostModel) identify(ctx context.Context, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
	if identity == nil || !identity.Raw.IsFullyNull() {
		return nil
	}
	return identity.Set(ctx, containerHostIdentity{m.Host, m.User, m.SSHPort})
}

// ImportState takes user@host:port, of which user and port may be left out. The host must answer: what is on it
// stays, and the next apply brings it to what the configuration says.
func (r *containerHostResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var state containerHostModel
	resp.Diagnostics.Append(kit.EmptyState(ctx, &resp.State, &state)...)
	var from containerHostIdentity
	var err error
	if req.ID == "" && req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &from)...)
	} else if from, err = parseHostID(req.ID); err != nil {
		resp.Diagnostics.AddError("Invalid id of a host", err.Error())
	}
	if resp.Diagnostics.HasError() {
		return
	}
	state.ID, state.Host, state.User, state.SSHPort = from.Host, from.Host, from.User, from.SSHPort
	if state.User.ValueString() == "" {
		state.User = types.StringValue(containerhost.DefaultUser)
	}
	if state.SSHPort.ValueInt64() == 0 {
		state.SSHPort = types.Int64Value(containerhost.DefaultSSHPort)
	}
	spec, ok := r.spec(ctx, &state, &resp.Diagnostics)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, hostReadTimeout)
	defer cancel()
	status, err := containerhost.Inspect(ctx, spec)
	if err != nil {
		resp.Diagnostics.Append(hostError("import", spec.Host, err))
		return
	}
	state.found(status)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, containerHostIdentity{state.Host, state.User, state.SSHPort})...)
}

// parseHostID reads user@host:port. An IPv6 address with a port is in brackets.
func parseHostID(id string) (containerHostIdentity, error) {
	user, host, named := kit.CutLast(id, "@")
	if !named {
		user, host = "", id
	}
	var port int64
	if name, text, err := net.SplitHostPort(host); err == nil {
		host = name
		if port, err = strconv.ParseInt(text, 10, 32); err != nil || port < 1 || port > 65535 {
			return containerHostIdentity{}, fmt.Errorf("%q in %q is not a port. Give user@host:port, such as mdxuser@10.0.0.20:20022", text, id)
		}
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "" || named && user == "" || strings.ContainsAny(host, " /@") {
		return containerHostIdentity{}, fmt.Errorf("%q is not a host. Give user@host:port, such as mdxuser@10.0.0.20:20022; "+
			"user and port may be left out", id)
	}
	return containerHostIdentity{types.StringValue(host), types.StringValue(user), types.Int64Value(port)}, nil
}
