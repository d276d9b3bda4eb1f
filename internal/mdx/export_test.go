package mdx

// ReadNothingAhead has a reader read only what it is asked for.
func (r *Reader) ReadNothingAhead(project ProjectID) { r.kinOf(project).listed = true }
