package conformance

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

var (
	maskedUUID  = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	maskedToken = regexp.MustCompile(`[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`)
	maskedWord  = regexp.MustCompile(`[0-9a-fA-F.:]+[0-9a-fA-F]`)
)

// learn remembers a name that Mask takes out.
func (s *Session) learn(names ...string) {
	for _, name := range names {
		if len(name) > 1 {
			s.names[name] = true
		}
	}
}

// Mask takes tokens, ids, addresses and the names that the session met out of a
// text, so that it can be shown to others.
func (s *Session) Mask(text string) string {
	if s.cfg.Token != "" {
		text = strings.ReplaceAll(text, s.cfg.Token, "<token>")
	}
	text = maskedToken.ReplaceAllString(text, "<token>")
	text = maskedUUID.ReplaceAllString(text, "<id>")
	text = strings.ReplaceAll(text, s.base.Host, "<portal>")
	text = maskedWord.ReplaceAllStringFunc(text, func(word string) string {
		if _, err := netip.ParseAddr(word); err != nil {
			return word
		}
		return "<address>"
	})
	longest := make([]string, 0, len(s.names))
	for name := range s.names {
		longest = append(longest, name)
	}
	slices.SortFunc(longest, func(a, b string) int { return len(b) - len(a) })
	for _, name := range longest {
		text = strings.ReplaceAll(text, name, "<name>")
	}
	return text
}
