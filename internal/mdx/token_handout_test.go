package mdx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestAFreshTokenIsHandedOutWithItsExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expiry := time.Now().Add(time.Hour).Truncate(time.Second)
		p := &issuer{current: "old", issue: func() string { return jwt(1, expiry) }}
		client := p.client(t, func(c *mdx.Config) { c.Token = "old" })
		token, expires, err := client.FreshToken(t.Context())
		if err != nil || token != p.current || token == "old" || !expires.Equal(expiry) {
			t.Errorf("token %q expires %v, %v", token, expires, err)
		}
		if _, err := client.Projects(t.Context()); err != nil {
			t.Errorf("the client itself does not use it: %v", err)
		}
	})
}

func TestATokenThatDoesNotTellItsExpiryHasNone(t *testing.T) {
	p := &issuer{current: "old", issue: func() string { return "opaque" }}
	client := p.client(t, func(c *mdx.Config) { c.Token = "old" })
	if token, expires, err := client.FreshToken(t.Context()); err != nil || token != "opaque" || !expires.IsZero() {
		t.Errorf("token %q expires %v, %v", token, expires, err)
	}
}

func TestNoTokenIsHandedOutThatThePortalDidNotMake(t *testing.T) {
	p := &issuer{current: "other"}
	client := p.client(t, func(c *mdx.Config) { c.Token = "stale" })
	if token, _, err := client.FreshToken(t.Context()); !mdx.IsUnauthorized(err) || token != "" {
		t.Errorf("token %q, %v", token, err)
	}
}
