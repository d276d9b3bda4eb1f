// Package mdx is a client library for the portal of the mdx cloud (https://mdx.jp).
//
// A [Client] speaks for one user to one portal:
//
//	client, err := mdx.New(mdx.Config{Token: os.Getenv("MDX_API_TOKEN")})
//	if err != nil {
//		return err
//	}
//	projects, err := client.Projects(ctx)
//
// Every method takes a context and the ids of what it works on, and returns typed values: addresses
// are [net/netip] values, sizes are in GB, and enumerations such as [VMStatus] keep a value that this
// package does not know instead of losing it.
//
// # Changes
//
// Most changes are accepted at once and carried out later. Methods that start such work return a
// [TaskID]; [Client.WaitTask] and its sisters wait for the end. All waits of one project share one
// poller, so that waiting for a hundred machines costs a few pages and not a hundred polls.
//
// # Errors
//
// What the portal refuses, or fails to answer, is an [*Error]; ask it with [IsNotFound], [IsConflict],
// [IsUnauthorized], [IsOverloaded] and [IsAmbiguous]. The last one matters most: a change whose answer
// was lost may have been carried out, and is never sent again by this package. Look first, with
// [Client.VMByName] for instance. A task that ends badly is a [*TaskError], a wait that is cut short a
// [*WaitError].
//
// # Where the facts come from
//
// The portal has no published reference. PORTAL.md beside this file collects what is known and from
// whom; the comments cite it as "PORTAL.md §5".
package mdx
