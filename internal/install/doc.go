// Package install tests what a stranger gets: the archives of a release, served the ways that Terraform and OpenTofu
// install providers from, and put to use.
//
// The tests take the release that `make release-snapshot` rehearsed, with its checksums and its signature, and serve it
// as a provider registry, as a network mirror and as a filesystem mirror. The real binaries run init, apply, plan and
// destroy on it, against the portal simulator of the same release. What was tampered with on the way must be refused.
//
// The binaries ask for registry.terraform.io and registry.opentofu.org by name, as a user's do: a proxy on loopback
// leads every connection to the test's own server, so that nothing leaves the machine.
//
//	make install-test
package install
