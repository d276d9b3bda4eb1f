// Package campaign looks for ways to lose a VM, or anything else: seeded random configurations are applied to a
// simulated portal under seeded faults, interrupts and kills, and then again in peace. What state, journal and world have
// then must agree.
//
//	make campaign SEEDS=2000 BINARY_SEEDS=100
//
// A seed that fails is printed, and run again by its number:
//
//	go test ./internal/campaign -run TestCampaignInProcess -seed 4711 -v
//
// In process, some courses hurry: what comes after a run under fire is the next configuration under fire, or the destroy of
// everything. And some requests fail many times in a row, so that a wait gives up. What a run makes well and the
// configuration keeps, nobody may destroy meanwhile.
//
// Courses are unruly, too. People rename, stop and destroy VMs on the portal, remove rules there, drop things from the state and
// import them, think better of an import that they have planned, apply without a refresh, change keys of for_each and names,
// and spell the endpoint in two ways. A run may end between the provider's answer and the state, and another one under fire
// may follow before peace comes. Lists leave something out, and a removal is answered with 404 of a rule that stays. Deploys
// fail, at once or late, and leave a VM that nobody may keep.
//
// There are two ways of running a seed. In process, the provider is spoken to as Terraform's core does, by the small
// [Core] of this package, so that a kill can strike between any two requests. With the real binary, terraform or tofu
// itself is killed, or its provider. What is better shown by one course made for it than by chance is a test of its own,
// with the real binaries: TestReal...
//
// A course has VMs, clones, groups, networks that are exclusive or not, rules, and container hosts on the simulator's
// process backend, where a strike may come between two commands on a host.
//
// # Replaying
//
// Which configurations, faults and strikes a seed brings is the same at every run: all are drawn from its number before
// anything is asked. A fault meets the nth request of its route, and a strike the nth write, whichever that is. Resources
// that are worked on at once take turns as the machine's scheduler has it, so which of them is hit may differ between two
// runs of a seed: a failure that depends on it may need a few runs to come back. -talk prints what the portal was asked.
package campaign
