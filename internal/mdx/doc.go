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
// # Lists and questions
//
// Every list of this package is one to act on: what it lacks is not there, since either the portal's own
// count or a second look says so, and what is there needs no proof. [Expecting] makes it one look for
// those whose entries are there. A 404 is asked again before it is believed. [Cache] has those who ask the
// same share one request and its failure, [Client.Poll] waits for what no other method waits for, and
// [Change] sends a change whose answer may get lost (PORTAL.md §8).
//
// # Errors
//
// What the portal refuses, or fails to answer, is an [*Error]; ask it with [IsNotFound], [IsConflict],
// [IsUnauthorized], [IsOverloaded] and [IsAmbiguous]. The last one matters most: a change whose answer
// was lost may have been carried out, and is not sent again before the portal was asked: [Client] leaves
// that to its caller, [Client.VMByName] for instance tells, and [Batcher] does it by itself. A task that
// ends badly is a [*TaskError], a wait that is cut short a [*WaitError].
//
// # Turns
//
// The portal breaks down under requests that come side by side, deploys above all (PORTAL.md §8). So a
// process sends at most thirty questions at once, eight of them for details, and five changes; deploys
// and clones go one at a time in a project. Locked files in [Config.LockDir] hold all processes of one
// user on a machine to the same limits together. Nothing else is kept there, and files may be deleted
// when nothing runs.
//
// # Tokens
//
// A token is refreshed before it expires, or when the portal refuses it, once for all who wait. If it
// came from a file it goes back there. One that has expired can't be refreshed: its owner must issue
// another on the portal (menu on the user name, トークン発行).
//
// # Where the facts come from
//
// The portal has no published reference. PORTAL.md beside this file collects what is known and from
// whom; the comments cite it as "PORTAL.md §5".
package mdx
