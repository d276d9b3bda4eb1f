// Package showcase holds tests only: it builds the example coursewarehub on real hosts with the real terraform, uses it as
// its users would, and takes it away again.
package showcase
