package mdxsim

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

var portForm = regexp.MustCompile(`^[0-9]{1,5}(-[0-9]{1,5})?$`)

// address takes an address of the family.
func (f aclFamily) address(given any) (string, bool) {
	text, _ := given.(string)
	addr, err := netip.ParseAddr(text)
	return addr.String(), err == nil && addr.Is6() == f.v6
}

// mask takes a prefix length as text or number, or a dotted mask, and keeps the
// length (PORTAL.md §7).
func (f aclFamily) mask(given any) (string, bool) {
	longest := 32
	if f.v6 {
		longest = 128
	}
	switch given := given.(type) {
	case float64:
		return strconv.Itoa(int(given)), given == float64(int(given)) && given >= 0 && int(given) <= longest
	case string:
		if dotted := net.ParseIP(given).To4(); dotted != nil && !f.v6 {
			ones, bits := net.IPMask(dotted).Size()
			return strconv.Itoa(ones), bits == 32
		}
		n, err := strconv.Atoi(given)
		return strconv.Itoa(n), err == nil && n >= 0 && n <= longest
	}
	return "", false
}

// parsePort takes a port or a range of ports as text or number, or any in
// whatever case; nothing is any.
func parsePort(given any) (string, bool) {
	switch given := given.(type) {
	case nil:
		return "Any", true
	case float64:
		return strconv.Itoa(int(given)), given == float64(int(given)) && given >= 0 && given <= 65535
	case string:
		if given == "" || strings.EqualFold(given, "any") {
			return "Any", true
		}
		low, high, isRange := strings.Cut(given, "-")
		from, _ := strconv.Atoi(low) // the form makes sure that it is a number
		to := from
		if isRange {
			to, _ = strconv.Atoi(high) // as above
		}
		return given, portForm.MatchString(given) && from <= to && to <= 65535
	}
	return "", false
}

// equals says whether two rules allow the same.
func (r *aclRule) equals(other ACLRule) bool {
	other.UUID, other.Foreign = r.UUID, r.Foreign
	return r.ACLRule == other
}

// target is the one address that a rule leads to; empty if it leads to more.
func (r *aclRule) target() string {
	if (r.v6 && r.DstMask == "128") || (!r.v6 && r.DstMask == "32") {
		return r.DstAddress
	}
	return ""
}

// aclEntry is a rule as the portal writes it: not always as it was given
// (PORTAL.md §7).
func (s *Sim) aclEntry(r *aclRule) any {
	style := alternates(r.UUID, 3)
	return map[string]any{
		"uuid": r.UUID, "protocol": r.Protocol,
		"src_address": r.SrcAddress, "src_mask": s.writtenMask(r.SrcMask, r.v6, style), "src_port": s.writtenPort(r.SrcPort, style),
		"dst_address": r.DstAddress, "dst_mask": s.writtenMask(r.DstMask, r.v6, style+1), "dst_port": s.writtenPort(r.DstPort, style+1),
	}
}

func (s *Sim) writtenMask(length string, v6 bool, style int) any {
	form := s.cfg.Quirks.Masks
	if form == "mixed" {
		form = []string{"text", "number", "dotted"}[style%3]
	}
	n, err := strconv.Atoi(length)
	switch {
	case err != nil || form == "text":
		return length
	case form == "dotted" && !v6:
		return net.IP(net.CIDRMask(n, 32)).String()
	}
	return n
}

func (s *Sim) writtenPort(port string, style int) any {
	form := s.cfg.Quirks.Ports
	if form == "mixed" {
		form = []string{"text", "number"}[style%2]
	}
	n, err := strconv.Atoi(port)
	switch {
	case err == nil && form == "number":
		return n
	case strings.EqualFold(port, "any") && style%2 == 1:
		return "any"
	}
	return port
}
