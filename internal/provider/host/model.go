package host

import (
	"context"
	"errors"
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var errNoShebang = errors.New(`the first line must name the interpreter, such as "#!/bin/sh"`)

// containerHostModel is mdx_container_host in configuration, plan and state.
type containerHostModel struct {
	ID                types.String        `tfsdk:"id"`
	Host              types.String        `tfsdk:"host"`
	User              types.String        `tfsdk:"user"`
	Hostname          types.String        `tfsdk:"hostname"`
	AuthorizedKeys    types.List          `tfsdk:"authorized_keys"`
	SSHPort           types.Int64         `tfsdk:"ssh_port"`
	StaticIPv4Address iptypes.IPv4Address `tfsdk:"static_ipv4_address"`
	DNSServers        types.List          `tfsdk:"dns_servers"`
	NTPServers        types.List          `tfsdk:"ntp_servers"`
	CgroupVersion     types.Int64         `tfsdk:"cgroup_version"`
	InitialPassword   types.String        `tfsdk:"initial_password_wo"`
	Docker            types.Object        `tfsdk:"docker"`
	VCController      types.Object        `tfsdk:"vc_controller"`
	BaseContainer     types.Object        `tfsdk:"base_container"`
	Triggers          types.Map           `tfsdk:"triggers"`
	PowerState        types.String        `tfsdk:"power_state"`
	Timeouts          timeouts.Value      `tfsdk:"timeouts"`

	State              types.String `tfsdk:"state"`
	Drift              types.List   `tfsdk:"drift"`
	HostKeyFingerprint types.String `tfsdk:"host_key_fingerprint"`
	DockerVersion      types.String `tfsdk:"docker_version"`
	ContainerID        types.String `tfsdk:"container_id"`
	ImageID            types.String `tfsdk:"image_id"`
}

type dockerModel struct {
	Install            types.Bool   `tfsdk:"install"`
	Version            types.String `tfsdk:"version"`
	RepositoryURL      types.String `tfsdk:"repository_url"`
	InsecureRegistries []string     `tfsdk:"insecure_registries"`
	RegistryMirrors    []string     `tfsdk:"registry_mirrors"`
}

type controllerModel struct {
	Address types.String `tfsdk:"address"`
	ID      types.String `tfsdk:"id"`
	NodeID  types.String `tfsdk:"node_id"`
}

type baseModel struct {
	Image           types.String      `tfsdk:"image"`
	Name            types.String      `tfsdk:"name"`
	Environment     map[string]string `tfsdk:"environment"`
	Volumes         []string          `tfsdk:"volumes"`
	AuthorizedKeys  []string          `tfsdk:"authorized_keys"`
	UserInitCommand types.String      `tfsdk:"user_init_command"`
	Privileged      types.Bool        `tfsdk:"privileged"`
	Network         types.String      `tfsdk:"network"`
	Restart         types.String      `tfsdk:"restart"`
	Pull            types.String      `tfsdk:"pull"`
}

// spec is what the model asks for. All of it must be known.
func (m *containerHostModel) spec(ctx context.Context, diags *diag.Diagnostics) containerhost.Spec {
	s := containerhost.Spec{
		Host: m.Host.ValueString(), User: m.User.ValueString(), Hostname: m.Hostname.ValueString(),
		HostKeyFingerprint: m.HostKeyFingerprint.ValueString(),
		SSHPort:            int(m.SSHPort.ValueInt64()), CgroupVersion: int(m.CgroupVersion.ValueInt64()),
	}
	diags.Append(m.AuthorizedKeys.ElementsAs(ctx, &s.AuthorizedKeys, false)...)
	diags.Append(m.NTPServers.ElementsAs(ctx, &s.NTPServers, false)...)
	var servers []string
	diags.Append(m.DNSServers.ElementsAs(ctx, &servers, false)...)
	for _, text := range servers {
		server, _ := netip.ParseAddr(text) // a validator has checked it
		s.DNSServers = append(s.DNSServers, server)
	}
	if text := m.StaticIPv4Address.ValueString(); text != "" {
		s.StaticAddress, _ = netip.ParseAddr(text) // the type has checked it
	}
	if !m.Docker.IsNull() {
		var d dockerModel
		diags.Append(m.Docker.As(ctx, &d, basetypes.ObjectAsOptions{})...)
		s.Docker = containerhost.Docker{
			SkipInstall: !d.Install.IsNull() && !d.Install.ValueBool(), Version: d.Version.ValueString(),
			RepositoryURL: d.RepositoryURL.ValueString(), InsecureRegistries: d.InsecureRegistries, RegistryMirrors: d.RegistryMirrors,
		}
	}
	if !m.VCController.IsNull() {
		var c controllerModel
		diags.Append(m.VCController.As(ctx, &c, basetypes.ObjectAsOptions{})...)
		s.Controller = containerhost.Controller{Address: c.Address.ValueString(), ID: c.ID.ValueString(), NodeID: c.NodeID.ValueString()}
	}
	if !m.BaseContainer.IsNull() {
		var b baseModel
		diags.Append(m.BaseContainer.As(ctx, &b, basetypes.ObjectAsOptions{})...)
		s.Base = &containerhost.Base{
			Image: b.Image.ValueString(), Name: b.Name.ValueString(), Environment: b.Environment, Volumes: b.Volumes,
			AuthorizedKeys: b.AuthorizedKeys, UserInitCommand: b.UserInitCommand.ValueString(),
			Unprivileged: !b.Privileged.IsNull() && !b.Privileged.ValueBool(),
			Network:      b.Network.ValueString(), Restart: b.Restart.ValueString(), Pull: b.Pull.ValueString(),
		}
	}
	return s
}

// found takes over what a host was found to be.
func (m *containerHostModel) found(status containerhost.Status) {
	m.State = types.StringValue(kit.FirstOf(string(status.State), string(containerhost.HostError)))
	m.HostKeyFingerprint = kit.Text(status.HostKeyFingerprint)
	m.DockerVersion, m.ContainerID, m.ImageID = kit.Text(status.DockerVersion), kit.Text(status.ContainerID), kit.Text(status.ImageID)
	reasons := make([]string, 0, len(status.Drift))
	for _, d := range status.Drift {
		reasons = append(reasons, d.String())
	}
	m.differs(reasons...)
}

// statePowerOff is the state of a host whose VM is off by intent, beside those that a host is found in.
const statePowerOff = "POWER_OFF"

// off tells whether the host's VM is off by intent, so that nothing can be asked of it.
func (m *containerHostModel) off() bool { return m.PowerState.ValueString() == kit.PowerStopped }

// awaited tells whether the host is wanted and did not answer: it is put right like any other drift.
func (m *containerHostModel) awaited() bool {
	return m.PowerState.ValueString() == kit.PowerRunning && m.State.ValueString() == string(containerhost.HostError)
}

// stayed keeps the former address and port of a host that an update did not get to move, so that the state says no
// other.
func (m *containerHostModel) stayed(former containerHostModel, status containerhost.Status) {
	if int64(status.Port) != m.SSHPort.ValueInt64() {
		m.SSHPort = former.SSHPort
	}
	if fixed := m.StaticIPv4Address.ValueString(); status.Address != fixed {
		m.StaticIPv4Address = former.StaticIPv4Address
	}
}

// differs says what does not hold.
func (m *containerHostModel) differs(reasons ...string) {
	m.Drift, _ = types.ListValueFrom(context.Background(), types.StringType, append([]string{}, reasons...))
}
