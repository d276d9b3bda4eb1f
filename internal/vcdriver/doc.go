// Package vcdriver plays a VC controller that drives mdx through Terraform, and holds nothing but tests: it renders
// examples/vc-controller from a VPN catalog and a Unit, runs the real terraform or tofu through terraform-exec, watches
// its -json events, reads its outputs, and walks Units through their lives on the simulator.
package vcdriver
