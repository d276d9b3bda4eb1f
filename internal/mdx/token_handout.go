package mdx

import (
	"context"
	"time"
)

// FreshToken replaces the token, as [Client.RefreshToken] does, and answers the new one with the time at which it
// expires, which is zero if the token does not say (PORTAL.md §2). It is for programs that hand the token on; the
// client itself sends it along without being asked.
func (c *Client) FreshToken(ctx context.Context) (text string, expires time.Time, err error) {
	if err := c.RefreshToken(ctx); err != nil {
		return "", time.Time{}, err
	}
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	return c.tokens.token.text, c.tokens.token.exp, nil
}
