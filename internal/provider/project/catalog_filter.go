package project

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// catalogEntryModel is an entry of a catalog, as the data sources mdx_catalog and mdx_catalogs show it.
type catalogEntryModel struct {
	ID            types.String  `tfsdk:"id"`
	Name          types.String  `tfsdk:"name"`
	Type          types.String  `tfsdk:"type"`
	TemplateName  types.String  `tfsdk:"template_name"`
	OSType        types.String  `tfsdk:"os_type"`
	OSName        types.String  `tfsdk:"os_name"`
	OSVersion     types.String  `tfsdk:"os_version"`
	HWVersion     types.String  `tfsdk:"hw_version"`
	Description   types.String  `tfsdk:"description"`
	LoginUsername types.String  `tfsdk:"login_username"`
	GPURequired   types.Bool    `tfsdk:"gpu_required"`
	MinDisk       types.Int64   `tfsdk:"lower_limit_disk"`
	MinMemory     types.Float64 `tfsdk:"lower_limit_memory"`
}

func newCatalogEntryModel(c mdx.Catalog) catalogEntryModel {
	return catalogEntryModel{
		ID: types.StringValue(string(c.ID)), Name: types.StringValue(c.Name), Type: types.StringValue(c.Type),
		TemplateName: types.StringValue(c.TemplateName), OSType: types.StringValue(string(c.OSType)),
		OSName: types.StringValue(c.OSName), OSVersion: types.StringValue(c.OSVersion), HWVersion: types.StringValue(c.HWVersion),
		Description: types.StringValue(c.Description), LoginUsername: types.StringValue(c.LoginUsername),
		GPURequired: types.BoolValue(c.GPURequired), MinDisk: types.Int64Value(int64(c.MinDiskGB)),
		MinMemory: types.Float64Value(c.MinMemoryGB),
	}
}

// catalogEntrySchema describes an entry's attributes.
func catalogEntrySchema() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":             text("Id of the entry: what `mdx_vm` takes as `catalog_id`."),
		"name":           text("Name of the entry, as the portal shows it."),
		"type":           text("The portal's word for the kind of entry."),
		"template_name":  text("Name of the template behind the entry."),
		"os_type":        text("`Linux` or `Windows`."),
		"os_name":        text("Name of the operating system."),
		"os_version":     text("Version of the operating system."),
		"hw_version":     text("Virtual hardware version."),
		"description":    text("What the portal says about the entry."),
		"login_username": text("User to log in as, on VMs deployed from it."),
		"gpu_required":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether VMs need a GPU."},
		"lower_limit_disk": schema.Int64Attribute{
			Computed: true, MarkdownDescription: "Least disk size of a VM, in GB.",
		},
		"lower_limit_memory": schema.Float64Attribute{
			Computed: true, MarkdownDescription: "Least memory of a VM, in GB.",
		},
	}
}

// catalogFilter narrows a catalog; what is null does not matter.
type catalogFilter struct {
	NameRegex types.String
	OSType    types.String
	OSName    types.String
	OSVersion types.String
	GPU       types.Bool
}

// choose keeps the entries that fit. The expression was validated before.
func (f catalogFilter) choose(catalogs []mdx.Catalog) []mdx.Catalog {
	name, err := regexp.Compile(f.NameRegex.ValueString())
	if err != nil {
		return nil
	}
	same := func(wanted types.String, has string) bool {
		return wanted.IsNull() || strings.EqualFold(wanted.ValueString(), has)
	}
	var chosen []mdx.Catalog
	for _, c := range catalogs {
		if name.MatchString(c.Name) && same(f.OSType, string(c.OSType)) && same(f.OSName, c.OSName) && same(f.OSVersion, c.OSVersion) &&
			(f.GPU.IsNull() || f.GPU.ValueBool() == c.GPURequired) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

var templateDate = regexp.MustCompile(`\b(20\d{6})(?:-(\d{4}))?\b`)

// byAge compares entries by the date in their template's name, the newest first; the portal tells no other. Among
// those of one date, or none, the higher version of the system comes first.
func byAge(a, b mdx.Catalog) int {
	date := func(c mdx.Catalog) string {
		parts := templateDate.FindStringSubmatch(c.TemplateName)
		return strings.Join(parts, " ")
	}
	return cmp.Or(cmp.Compare(date(b), date(a)), compareVersions(b.OSVersion, a.OSVersion), cmp.Compare(a.Name, b.Name))
}

// compareVersions compares versions part by part, so that 9.10 comes after 9.9.
func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, errM := strconv.Atoi(x)
		n, errN := strconv.Atoi(y)
		if errM != nil || errN != nil {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(m, n)
	})
}

func catalogNames(catalogs []mdx.Catalog) []string {
	names := make([]string, 0, len(catalogs))
	for _, c := range catalogs {
		names = append(names, c.Name)
	}
	return names
}
