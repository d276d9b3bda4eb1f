package portal

import (
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// VMOrder is a VM that is to be made: deployed, or cloned where Source is set.
type VMOrder struct {
	Project mdx.ProjectID
	Name    string // unique in the project
	Deploy  mdx.DeployRequest
	Source  mdx.VMID
	Clone   mdx.CloneRequest
}

// digest is the same for orders that are equal but for the name.
func (o VMOrder) digest() string {
	if o.Source != "" {
		return o.Clone.Digest(o.Source)
	}
	return o.Deploy.Digest()
}

// VMCreation is a VM that the portal has begun to make.
type VMCreation struct {
	ID mdx.VMID
	// Continued says so, after the VM's name, where an interrupted run had it made; empty if it was made now.
	Continued string

	task     mdx.TaskID      // empty where its answer was lost
	doubtful []journal.Entry // of interrupted runs, where nothing shows that came of them
}
