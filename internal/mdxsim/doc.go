// Package mdxsim is a simulator of the mdx portal: an [net/http.Handler] that
// answers like the portal's REST API, with a world of projects, machines and
// rules behind it, and with the portal's unkindness on by default.
//
//	sim, err := mdxsim.New(mdxsim.Config{Token: "demo", Speed: 6000})
//	if err != nil { ... }
//	defer sim.Close()
//	server := httptest.NewServer(sim.Handler())
//	defer server.Close()
//
// # Time
//
// The portal thinks in minutes. [Config.Speed] makes its minutes shorter: at a
// speed of 600 a minute takes a tenth of a second. Nothing runs in between
// requests. What should have happened by now is worked out when somebody asks,
// in the order in which it was due, so a simulator with a thousand machines
// costs no goroutine and leaves none behind. [Sim.Freeze], [Sim.Thaw] and
// [Sim.Advance] take time into one's own hands.
//
// # Independence
//
// The simulator shares no type and no function with the client it is there to
// test: what it knows about the wire it knows from the project's reference of
// the portal, internal/mdx/PORTAL.md, whose sections the comments cite.
//
// # What is not known
//
// Where nobody outside knows how the portal answers, [Quirks] switches between
// the plausible answers.
package mdxsim
