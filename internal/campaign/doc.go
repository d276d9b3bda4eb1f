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
// There are two ways of running a seed. In process, the provider is spoken to as Terraform's core does, by the small
// [Core] of this package, so that a kill can strike between any two requests. With the real binary, terraform itself is
// killed, or its provider.
//
// Which configurations, faults and strikes a seed brings is the same at every run; how the requests of resources that are
// worked on at once follow each other is not.
package campaign
