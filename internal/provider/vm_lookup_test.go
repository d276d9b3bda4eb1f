package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const lookups = `
data "mdx_vm" "sato" {
  name = "sato-notebook"
}

data "mdx_vm" "suzuki" {
  id = "e7a10000-0000-4000-8000-000000000002"
}

data "mdx_vms" "all" {
  read_addresses = true
}

data "mdx_vms" "running" {
  status = "PowerON"
}

data "mdx_vms" "sato" {
  name_regex = "^sato-"
  segment_id = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
}

data "mdx_vms" "none" {
  segment_id = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a002"
}

data "mdx_catalog" "named" {
  name = "Ubuntu 22.04 (推奨版)"
}

data "mdx_catalog" "by_id" {
  id = data.mdx_catalog.named.id
}

data "mdx_catalog" "newest_ubuntu" {
  os_name     = "ubuntu"
  most_recent = true
}

data "mdx_catalog" "recommended" {
  name_regex = "推奨"
}

data "mdx_catalog" "debian" {
  os_type    = "linux"
  os_name    = "Debian"
  os_version = "12"
}

data "mdx_catalogs" "all" {}

data "mdx_catalogs" "gpu" {
  gpu_required = true
}

data "mdx_catalogs" "none" {
  os_type = "Windows"
}

data "mdx_project" "mine" {}

data "mdx_project" "dedicated" {
  name = "demo-dedicated"
}

data "mdx_project" "by_id" {
  id = data.mdx_project.dedicated.id
}

data "mdx_projects" "all" {}

data "mdx_projects" "demos" {
  name_regex = "^demo"
}

data "mdx_project_usage" "mine" {}
`

func TestAccVMsCatalogsAndProjectsAreLookedUp(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	var checks []statecheck.StateCheck
	at := func(source string, path tfjsonpath.Path, want knownvalue.Check) {
		checks = append(checks, statecheck.ExpectKnownValue("data."+source, path, want))
	}
	key, text, count := tfjsonpath.New[string], knownvalue.StringExact, knownvalue.Int64Exact
	sato := "mdx_vm.sato"
	at(sato, key("id"), text(satoVM))
	at(sato, key("project_id"), text(demoProject))
	at(sato, key("status"), text("PowerON"))
	at(sato, key("power_state"), text("running"))
	at(sato, key("service_level"), text("guarantee"))
	at(sato, key("pack_type"), text("cpu"))
	at(sato, key("pack_num"), count(8))
	at(sato, key("cpu"), count(8))
	at(sato, key("memory"), knownvalue.Float64Exact(12.1))
	at(sato, key("disk_size"), count(40))
	at(sato, key("storage_network"), text("portgroup"))
	at(sato, key("ipv4_address"), text("10.0.0.2"))
	at(sato, key("global_ipv4_address"), text("203.0.113.13"))
	at(sato, key("login_username"), text("mdxuser"))
	at(sato, key("service_networks").AtSliceIndex(0).AtMapKey("segment_id"), text(defaultSegmentID))
	at(sato, key("service_networks").AtSliceIndex(0).AtMapKey("segment_name"), text("default"))
	at(sato, key("hard_disks").AtSliceIndex(0).AtMapKey("device_key"), count(2000))
	at("mdx_vm.suzuki", key("name"), text("suzuki-batch"))
	at("mdx_vm.suzuki", key("power_state"), text("stopped"))
	at("mdx_vm.suzuki", key("ipv4_address"), knownvalue.Null())

	at("mdx_vms.all", key("vms"), knownvalue.ListSizeExact(2))
	at("mdx_vms.all", key("vms").AtSliceIndex(0).AtMapKey("ipv4_address"), text("10.0.0.2"))
	at("mdx_vms.running", key("vms"), knownvalue.ListSizeExact(1))
	at("mdx_vms.running", key("vms").AtSliceIndex(0).AtMapKey("name"), text("sato-notebook"))
	at("mdx_vms.running", key("vms").AtSliceIndex(0).AtMapKey("ipv4_address"), knownvalue.Null())
	at("mdx_vms.sato", key("vms"), knownvalue.ListSizeExact(1))
	at("mdx_vms.none", key("vms"), knownvalue.ListSizeExact(0))

	at("mdx_catalog.by_id", key("name"), text("Ubuntu 22.04 (推奨版)"))
	at("mdx_catalog.newest_ubuntu", key("name"), text("Ubuntu 24.04"))
	at("mdx_catalog.recommended", key("id"), text(ubuntuCatalog))
	at("mdx_catalog.debian", key("lower_limit_disk"), count(20))
	at("mdx_catalogs.all", key("catalogs"), knownvalue.ListSizeExact(5))
	at("mdx_catalogs.all", key("catalogs").AtSliceIndex(0).AtMapKey("name"), text("Ubuntu 24.04"))
	at("mdx_catalogs.gpu", key("catalogs"), knownvalue.ListSizeExact(1))
	at("mdx_catalogs.gpu", key("catalogs").AtSliceIndex(0).AtMapKey("id"), text(gpuCatalog))
	at("mdx_catalogs.none", key("catalogs"), knownvalue.ListSizeExact(0))

	at("mdx_project.mine", key("id"), text(demoProject))
	at("mdx_project.mine", key("organization"), text("国立情報学研究所"))
	at("mdx_project.mine", key("dedicated"), knownvalue.Bool(false))
	at("mdx_project.mine", key("description"), text("A project to rehearse in"))
	at("mdx_project.by_id", key("id"), text(dedicatedProject))
	at("mdx_project.by_id", key("dedicated"), knownvalue.Bool(true))
	at("mdx_projects.all", key("projects"), knownvalue.ListSizeExact(3))
	at("mdx_projects.demos", key("projects"), knownvalue.ListSizeExact(2))

	usage := "mdx_project_usage.mine"
	at(usage, key("cpu_packs").AtMapKey("used"), knownvalue.Float64Exact(8))
	at(usage, key("cpu_packs").AtMapKey("unused"), knownvalue.Float64Exact(3992))
	at(usage, key("disk").AtMapKey("used"), knownvalue.Float64Exact(140))
	at(usage, key("spot_vms").AtMapKey("deallocated"), count(1))
	at(usage, key("guarantee_vms").AtMapKey("power_on"), count(1))
	at(usage, key("guarantee_vms").AtMapKey("total"), count(1))

	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps:                    []resource.TestStep{{Config: w.config(lookups), ConfigStateChecks: checks}},
	})
}

func TestAccLookupsThatFindNothingSayWhatThereIs(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	var steps []resource.TestStep
	for _, test := range []struct{ config, want string }{
		{`data "mdx_vm" "x" { name = "sato-notbook" }`, `(?s)no VM named "sato-notbook".*"sato-notebook"`},
		{`data "mdx_vm" "x" { id = "nobody" }`, `no VM with the id "nobody"`},
		{`data "mdx_vm" "x" {}`, `(?s)one \(and only one\) of`},
		{`data "mdx_vms" "x" { name_regex = "(" }`, `not a regular expression`},
		{`data "mdx_vms" "x" { segment_id = "nowhere" }`, `(?s)no segment with the id.*"nowhere"`},
		{`data "mdx_segment" "x" { name = "" }`, `(?s)at least\s+1`}, // not the default one
		{`data "mdx_catalog" "x" { name = "Ubuntu 2204" }`, `(?s)no entry named "Ubuntu 2204".*Ubuntu 22.04`},
		{`data "mdx_catalog" "x" { id = "nothing" }`, `no entry with the id "nothing"`},
		{`data "mdx_catalog" "x" { os_name = "Ubuntu" }`, `(?s)4 entries.*most_recent`},
		{`data "mdx_catalog" "x" { os_name = "Plan 9" }`, `(?s)No entry of the project's catalog is as wanted.*Debian 12`},
		{`data "mdx_catalog" "x" { most_recent = true }`, `(?s)[Aa]t least one`},
		{`data "mdx_catalog" "x" { name_regex = "[" }`, `not a regular expression`},
		{`data "mdx_catalogs" "x" { name_regex = "[" }`, `not a regular expression`},
		{`data "mdx_project" "x" { name = "deno" }`, `(?s)no project named "deno".*"demo"`},
		{`data "mdx_project" "x" { id = "nobody" }`, `(?s)no project with the id "nobody".*demo`},
		{`data "mdx_projects" "x" { name_regex = "*" }`, `not a regular expression`},
	} {
		steps = append(steps, resource.TestStep{Config: w.config(test.config), PlanOnly: true, ExpectError: regexp.MustCompile(test.want)})
	}
	resource.ParallelTest(t, resource.TestCase{ProtoV6ProviderFactories: providers(), Steps: steps})
}
