package mdx

import "context"

// Catalog is a template that machines are deployed from (PORTAL.md §4). Texts that the portal leaves
// null are empty.
type Catalog struct {
	ID           CatalogID
	Name         string
	Type         string
	TemplateName string
	OSType       OSType
	OSName       string
	OSVersion    string
	HWVersion    string
	Description  string
	// LoginUsername is the account the template's first login uses, such as mdxuser.
	LoginUsername string
	// GPURequired is set where the template needs a machine with GPU packs.
	GPURequired bool
	// MinDiskGB and MinMemoryGB are the least a machine of this template may have.
	MinDiskGB   int
	MinMemoryGB float64
}

type wireCatalog struct {
	UUID             wireText `json:"uuid"`
	Name             wireText `json:"name"`
	Type             wireText `json:"type"`
	TemplateName     wireText `json:"template_name"`
	OSType           wireText `json:"os_type"`
	OSName           wireText `json:"os_name"`
	OSVersion        wireText `json:"os_version"`
	HWVersion        wireText `json:"hw_version"`
	Description      wireText `json:"description"`
	LoginUsername    wireText `json:"login_username"`
	GPURequired      wireBool `json:"gpu_required"`
	LowerLimitDisk   wireGB   `json:"lower_limit_disk"`
	LowerLimitMemory wireGB   `json:"lower_limit_memory"`
}

func (w wireCatalog) catalog() Catalog {
	return Catalog{
		ID: CatalogID(w.UUID), Name: string(w.Name), Type: string(w.Type), TemplateName: string(w.TemplateName),
		OSType: OSType(w.OSType), OSName: string(w.OSName), OSVersion: string(w.OSVersion),
		HWVersion: string(w.HWVersion), Description: string(w.Description),
		LoginUsername: string(w.LoginUsername), GPURequired: bool(w.GPURequired),
		MinDiskGB: w.LowerLimitDisk.whole(), MinMemoryGB: float64(w.LowerLimitMemory),
	}
}

// Catalogs lists the templates of a project (PORTAL.md §4). An omission hurts: a plan would call an entry unknown that is
// there. So a bare array is read twice.
func (c *Client) Catalogs(ctx context.Context, project ProjectID) ([]Catalog, error) {
	return list(ctx, c, call{
		op: "list catalogs of project", object: string(project), path: pathOf("/api/catalog/project/%s/", project),
	}, wireCatalog.catalog, func(c Catalog) string { return string(c.ID) })
}
