package mdx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The portal is free with its JSON: numbers as text, text as numbers, null for anything. These wire
// types take every spelling seen and give one value (PORTAL.md §4 to §7).

// wireText is text, a number or a boolean, read as text; null is empty.
type wireText string

// UnmarshalJSON takes any scalar.
func (t *wireText) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case bytes.Equal(data, []byte("null")):
		*t = ""
		return nil
	case len(data) > 0 && data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*t = wireText(s)
		return nil
	case len(data) > 0 && (data[0] == '{' || data[0] == '['):
		return fmt.Errorf("text expected, got %s", shorten(string(data)))
	default:
		*t = wireText(data)
		return nil
	}
}

// wireInt is a whole number, or text that begins with one; null and empty text are 0.
type wireInt int

// UnmarshalJSON takes a number, also as text.
func (n *wireInt) UnmarshalJSON(data []byte) error {
	var t wireText
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	s := strings.TrimSpace(string(t))
	if s == "" {
		*n = 0
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) > 1<<53 || math.IsNaN(f) {
		return fmt.Errorf("number expected, got %q", s)
	}
	*n = wireInt(math.Round(f))
	return nil
}

// wireGB is a size in GB, as a number or as text with a unit such as "40 GB"; null is 0.
type wireGB float64

// UnmarshalJSON takes a number of GB, or text with a unit.
func (g *wireGB) UnmarshalJSON(data []byte) error {
	var t wireText
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	size, err := parseGB(string(t))
	if err != nil {
		return err
	}
	*g = wireGB(size)
	return nil
}

// parseGB reads a size such as "40 GB", "64.0 GB", "1.5TB" or "40" as GB. Empty text is 0.
func parseGB(s string) (float64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	end := strings.LastIndexAny(s, "0123456789.") + 1
	factor := 1.0
	switch strings.ToUpper(strings.TrimSpace(s[end:])) {
	case "", "GB", "GIB", "G":
	case "TB", "TIB", "T":
		factor = 1024
	case "MB", "MIB", "M":
		factor = 1.0 / 1024
	default:
		return 0, fmt.Errorf("size %q has no unit this client knows", s)
	}
	size, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s[:end]), ",", ""), 64)
	if err != nil || math.IsInf(size, 0) || math.IsNaN(size) || size < 0 || size > 1<<40 {
		return 0, fmt.Errorf("size %q is not a number of GB", s)
	}
	return size * factor, nil
}

// wireBool is a boolean, or its spelling as text or number; null is false.
type wireBool bool

// UnmarshalJSON takes a boolean, also as text or number.
func (b *wireBool) UnmarshalJSON(data []byte) error {
	var t wireText
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	switch strings.ToLower(string(t)) {
	case "", "0", "false", "no", "off":
		*b = false
	case "1", "true", "yes", "on":
		*b = true
	default:
		return fmt.Errorf("boolean expected, got %q", string(t))
	}
	return nil
}

// wireList is a list, a single item, or null.
type wireList[T any] []T

// UnmarshalJSON takes a list, or one item without brackets.
func (l *wireList[T]) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case bytes.Equal(data, []byte("null")):
		*l = nil
		return nil
	case len(data) > 0 && data[0] == '[':
		var items []T
		if err := json.Unmarshal(data, &items); err != nil {
			return err
		}
		*l = items
		return nil
	default:
		var item T
		if err := json.Unmarshal(data, &item); err != nil {
			return err
		}
		*l = wireList[T]{item}
		return nil
	}
}

// addrs keeps the texts that are addresses: until the guest's tools report, the portal puts other
// text, or nothing, in an address's place (PORTAL.md §5).
func addrs(texts []wireText) []netip.Addr {
	var out []netip.Addr
	for _, text := range texts {
		if addr := parseAddr(string(text)); addr.IsValid() {
			out = append(out, addr)
		}
	}
	return out
}

// parseAddr reads an address, or answers the zero Addr for what is none: an unspecified address, or
// any other text.
func parseAddr(s string) netip.Addr {
	addr, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil || addr.IsUnspecified() {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// portalZone is the zone of the portal's clock: its times carry none, and it runs in Japan
// (PORTAL.md §4).
var portalZone = time.FixedZone("JST", 9*60*60)

// parseTime reads the portal's "2006-01-02 15:04:05", with or without seconds or time of day, or
// RFC 3339; what is none of these is the zero time.
func parseTime(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, portalZone); err == nil {
			return t
		}
	}
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

// whole is the size in whole GB, rounded.
func (g wireGB) whole() int { return int(math.Round(float64(g))) }

// parseDecimal reads exact decimal text; nil if it is none.
func parseDecimal(s string) *big.Rat {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", "")
	if len(s) > 64 || strings.ContainsAny(s, "eE/_xX") { // an exponent can take all memory
		return nil
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil
	}
	return r
}
