package host

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// containerHostSchema is the schema of mdx_container_host: how to get in, what the host should be, what runs on it,
// and what was found.
func containerHostSchema(ctx context.Context) schema.Schema {
	known := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		MarkdownDescription: "Turns a fresh VM into a node of a Virtual Cloud over SSH: first login, host name, keys, Docker Engine, the " +
			"host's SSH server away from port 22, and the Base container. Every step is skipped where it holds already, so an apply " +
			"that failed or was interrupted is continued by the next.\n\n" +
			"**How to log in** is said in the provider block, under `ssh`, since what is there is never stored in state.\n\n" +
			"**Drift.** A refresh asks the host. What does not hold any more is listed in `drift`, and the next apply puts it right. A " +
			"host that does not answer is a warning, and its state is kept; with `power_state` given, the next apply waits for it.\n\n" +
			"**Host key.** The key that answers first is pinned in `host_key_fingerprint`, and any other is refused afterwards. When " +
			"the VM was replaced under the same address, forget the key with `terraform apply -replace=<address of this resource>`, " +
			"or refer to the VM in `triggers`, which does it by itself.\n\n" +
			"**Destroying** removes the Base container and nothing else. It never hangs on a host that is gone: it gives up after half " +
			"a minute, with a warning.\n\n" +
			"Systems: Ubuntu 20.04, 22.04, 24.04 and Debian 12.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The address that the host was first reached at.", PlanModifiers: known,
			},
			"host": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Address or name of the VM, such as `mdx_vm.node.ipv4_address`. Changing it makes this a new node, unless " +
					"it changes to the host's own `static_ipv4_address`.",
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(movesElsewhere, movesElsewhereDoc, movesElsewhereDoc)},
			},
			"user": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(containerhost.DefaultUser),
				MarkdownDescription: "Login user of the VM's template, such as `mdx_vm.node.login_username`; root, or one with sudo without a " +
					"password. Defaults to `" + containerhost.DefaultUser + "`.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"hostname": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Name that the host should have. Left out: the name it has.",
				Validators: []validator.String{kit.CheckString("a host name", containerhost.CheckHostname)},
			},
			"authorized_keys": schema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Public keys that may log in to the host besides the one it was deployed with, such as the VC controller's. " +
					"They are added once; taking one out of this list does not remove it from the host.",
				Validators: []validator.List{listvalidator.ValueStringsAre(kit.IsPublicKey())},
			},
			"ssh_port": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(containerhost.DefaultSSHPort),
				MarkdownDescription: "Port of the host's own SSH server; 22 is the Base container's. The server is moved here, and the old port " +
					"stays open until the new one has answered: let both through your access rules. Defaults to 20022.",
				Validators: []validator.Int64{int64validator.Between(1, 65535)},
			},
			"static_ipv4_address": schema.StringAttribute{
				Optional: true, CustomType: iptypes.IPv4AddressType{},
				MarkdownDescription: "Fixed address, within the segment, that replaces the one from DHCP. Name servers, default route and mask " +
					"are kept. The portal shows it some minutes later. Leaving it out later does not bring DHCP back.",
			},
			"dns_servers": schema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Addresses of the name servers that the host asks, in order (`cloud_instance_dns_servers` in a VPN " +
					"catalog). They go to systemd-resolved, before the servers that DHCP gave, and into `/etc/resolv.conf` on a host " +
					"without it. Leaving it out later keeps what was set.",
				Validators: []validator.List{listvalidator.ValueStringsAre(isNameServer())},
			},
			"ntp_servers": schema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Addresses or names of the servers that the host takes its time from (`ntp_servers` in a VPN catalog). " +
					"They go to systemd-timesyncd, or to chrony where the host has that. Leaving it out later keeps what was set.",
				Validators: []validator.List{listvalidator.ValueStringsAre(isTimeServer())},
			},
			"cgroup_version": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "Version of Linux control groups, 1 or 2; some Base images need 1. A change reboots the host. Left out: " +
					"the version it has.",
				Validators: []validator.Int64{int64validator.OneOf(1, 2)},
			},
			"initial_password_wo": schema.StringAttribute{
				Optional: true, WriteOnly: true,
				MarkdownDescription: "Password that the first login sets for `user`, whose password in mdx's templates is blank and expired. It " +
					"is never stored. Left out: a random one that nobody knows; keys still let you in.",
			},
			"docker":         dockerSchema(),
			"vc_controller":  controllerSchema(),
			"base_container": baseSchema(),
			"triggers": schema.MapAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Any values that, when one changes, make this a new node: its host key is pinned anew and its Base " +
					"container made again. `{ vm = mdx_vm.node.id }` follows a VM that is replaced. Values where there were none replace nothing.",
				PlanModifiers: []planmodifier.Map{mapplanmodifier.RequiresReplaceIf(changedTriggers, changedTriggersDoc, changedTriggersDoc)},
			},
			"power_state": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Whether the VM is `running` or `stopped`, such as `mdx_vm.node.power_state`. A stopped VM's host is left " +
					"alone: `state` is `POWER_OFF`, and what changes meanwhile is done when the VM runs again. A running VM's host that " +
					"does not answer is waited for and put right by the next apply, as after a spot VM was put to sleep. Left out: a " +
					"host that does not answer is a warning only.",
				Validators: []validator.String{stringvalidator.OneOf(kit.PowerRunning, kit.PowerStopped)},
			},
			"timeouts": kit.TimeLimits(ctx, timeouts.Opts{
				Create: true, Read: true, Update: true, Delete: true,
				CreateDescription: "How long all steps may take together, as in `45m`. Defaults to `30m`.",
				ReadDescription:   "How long a refresh may take. Defaults to `2m`.",
				UpdateDescription: "How long all steps may take together. Defaults to `30m`.",
				DeleteDescription: "How long removing the Base container may take. Defaults to `3m`.",
			}),
			"state": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "The node's state as the VC controller knows it: `RUNNING`, `CONTAINER_ERROR` (the host answers, its " +
					"Base container does not), `HOST_ERROR`, or `POWER_OFF` (`power_state` is `stopped`). Without `base_container`, `RUNNING` " +
					"means that Docker runs.",
				PlanModifiers: known,
			},
			"drift": schema.ListAttribute{
				ElementType: types.StringType, Computed: true,
				MarkdownDescription: "What the last refresh found that does not hold any more; the next apply puts it right.",
				PlanModifiers:       []planmodifier.List{listplanmodifier.UseStateForUnknown()},
			},
			"host_key_fingerprint": schema.StringAttribute{
				Computed: true, PlanModifiers: known,
				MarkdownDescription: "Fingerprint of the host's SSH key, pinned on first contact; another key is refused.",
			},
			"docker_version": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Version of the host's Docker Engine.", PlanModifiers: known,
			},
			"container_id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Id of the Base container; null without one.", PlanModifiers: known,
			},
			"image_id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Digest of the image that the Base container runs; null without one.", PlanModifiers: known,
			},
		},
	}
}

func dockerSchema() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "The host's Docker Engine. Left out: the newest is installed unless there is one.",
		Attributes: map[string]schema.Attribute{
			"install": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Whether Docker is installed where it is missing. Defaults to true.",
			},
			"version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Version of docker-ce that the host must have, such as `27.5.1`, or apt's full version. Left out: whatever is " +
					"there, and the newest where there is none.",
			},
			"repository_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Docker's apt repository or a mirror of it, without the distribution's name. Defaults to `" +
					containerhost.DefaultRepositoryURL + "`.",
				Validators: []validator.String{kit.CheckString("a URL", containerhost.CheckRepository)},
			},
			"insecure_registries": schema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Registries spoken to without TLS, such as `10.0.0.5:5000`. Added to those in the host's daemon.json.",
				Validators:          []validator.List{listvalidator.ValueStringsAre(kit.CheckString("a registry", containerhost.CheckRegistry))},
			},
			"registry_mirrors": schema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Mirrors of Docker Hub to pull through, such as `http://10.0.0.5:5000`. Added to those in the host's daemon.json.",
				Validators:          []validator.List{listvalidator.ValueStringsAre(kit.CheckString("a mirror's URL", containerhost.CheckMirror))},
			},
		},
	}
}

func controllerSchema() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "The VC controller that the node belongs to, as the Base container's environment tells it.",
		Attributes: map[string]schema.Attribute{
			"address": schema.StringAttribute{Required: true, MarkdownDescription: "Its address (`VCCCTR_IPADDR`)."},
			"id":      schema.StringAttribute{Required: true, MarkdownDescription: "Its id (`VCCC_ID`)."},
			"node_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of this node, unique in the Virtual Cloud (`SERF_NODE_ID`). Defaults to `hostname`.",
			},
		},
	}
}

func baseSchema() schema.SingleNestedAttribute {
	word := func(description string, values ...string) schema.StringAttribute {
		a := schema.StringAttribute{Optional: true, MarkdownDescription: description}
		if len(values) > 0 {
			a.Validators = []validator.String{stringvalidator.OneOf(values...)}
		}
		return a
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "The Base container. It is replaced only when its image, environment, volumes, keys or command change. Left " +
			"out: the host has Docker and no Base container.",
		Attributes: map[string]schema.Attribute{
			"image": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Image with its tag or digest, such as `harbor.vcloud.nii.ac.jp/vcp/base:2.1.0-alpine3.21-x86_64`.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"name": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Name of the container. Defaults to `" + containerhost.DefaultContainerName + "`.",
				Validators: []validator.String{kit.CheckString("a container's name", containerhost.CheckContainerName)},
			},
			"environment": schema.MapAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Variables for the container, such as `TZ`. They win over those that this resource sets itself " +
					"(`AUTHORIZED_KEYS`, `MY_PRIVATE_IP`, `PRIVATE_IP`, `VCCCTR_IPADDR`, `VCCC_ID`, `SERF_NODE_ID`). They are kept in state.",
				Validators: []validator.Map{mapvalidator.KeysAre(kit.CheckString("a variable's name", containerhost.CheckVariable))},
			},
			"volumes": schema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Folders of the host to mount, such as `/sys/fs/cgroup:/sys/fs/cgroup:rw`; `/dev` always is.",
				Validators:          []validator.List{listvalidator.ValueStringsAre(kit.CheckString("source:target", containerhost.CheckVolume))},
			},
			"authorized_keys": schema.ListAttribute{
				ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Public keys that may log in to the Base container on port 22.",
				Validators:          []validator.List{listvalidator.ValueStringsAre(kit.IsPublicKey())},
			},
			"user_init_command": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Script that runs inside at every start, its first line naming the interpreter (`#!/bin/sh`). At most 93 KB.",
				Validators: []validator.String{
					stringvalidator.LengthAtMost(containerhost.MaxUserInitCommand),
					kit.CheckString("a script that begins with #!", func(text string) error {
						if strings.HasPrefix(text, "#!") {
							return nil
						}
						return errNoShebang
					}),
				},
			},
			"privileged": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether it runs with all privileges, which Docker inside it needs. Defaults to true.",
			},
			"network": word("Docker's network mode. Defaults to `host`."),
			"restart": word("Docker's restart policy. Defaults to `"+containerhost.DefaultRestart+"`, which brings it back after a power cycle.",
				"always", "unless-stopped", "on-failure", "no"),
			"pull": word("When the image is pulled: `missing` (the default), `always` (a tag that moved on replaces the container), or `never`.",
				"missing", "always", "never"),
		},
	}
}
