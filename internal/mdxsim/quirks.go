package mdxsim

// Quirks switch between the plausible answers where nobody outside knows how
// the portal behaves. The zero value is the answer thought most likely.
type Quirks struct{}
