package portal

import "context"

// Await is the client's Poll in the words that tests ask in.
func (p *Portal) Await(ctx context.Context, what string, check func() (bool, error)) error {
	return p.Poll(ctx, what, "", func(context.Context) (bool, error) { return check() })
}
