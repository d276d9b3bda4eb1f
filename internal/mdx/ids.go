package mdx

// Ids are opaque texts that the portal hands out, UUIDs in practice. Each kind has a type of its own,
// so that a segment's id can't be passed where a VM's is meant.
type (
	// ProjectID identifies a project (PORTAL.md §4).
	ProjectID string
	// CatalogID identifies a VM template of a project's catalog (PORTAL.md §4).
	CatalogID string
	// VMID identifies a virtual machine (PORTAL.md §5).
	VMID string
	// TaskID identifies an asynchronous operation; it is the history entry's id too (PORTAL.md §6).
	TaskID string
	// SegmentID identifies a network segment (PORTAL.md §7).
	SegmentID string
	// ACLRuleID identifies an access rule of a segment, IPv4 or IPv6 (PORTAL.md §7).
	ACLRuleID string
	// DNATID identifies a destination NAT rule (PORTAL.md §7).
	DNATID string
)
