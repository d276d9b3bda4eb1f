package mdxsim

import (
	"io"
	"time"
)

// Config describes a simulator. Its zero value is a portal with the default
// world that runs at the real portal's pace, with every hazard on.
type Config struct {
	// Token is what a client first authenticates with, as if its user had
	// issued it on the portal. Empty: "demo".
	Token string
	// Username and Password are what POST /api/login/ takes. Empty: "demo".
	Username, Password string
	// TokenLifetime is how long a token is good for, on the wall's clock, since
	// that is what a client compares the claim "exp" with. Zero: an hour.
	TokenLifetime time.Duration
	// Speed is how many times faster than the wall the portal's time runs.
	// Zero: 1.
	Speed float64
	// Latency is added to every answer, on the wall's clock: the way to the
	// portal and back.
	Latency time.Duration
	// Durations are the portal's own times. Zero fields take their default.
	Durations Durations
	// Limits are what the portal bears at once. Zero fields take their default.
	Limits Limits
	// Quirks choose among the answers that nobody outside is sure of.
	Quirks Quirks
	// Faults are what goes wrong besides, and when.
	Faults []Fault
	// FaultSeed, if not zero, adds the faults of [SeededFaults].
	FaultSeed int64
	// World is what exists at the start. Nil: [DefaultWorld].
	World *World
	// Backend gives powered-on machines real hosts. Nil: they exist on paper.
	Backend Backend
	// Seed makes the ids that the portal hands out. One seed and one order of
	// requests give the same ids.
	Seed int64
	// Log takes one line per request. Nil: nothing is logged.
	Log io.Writer
}

// Limits are what the portal bears at once (PORTAL.md §8).
type Limits struct {
	Reads    int // GETs at once; 30
	Writes   int // other requests at once; 5
	PageSize int // the most that a page holds, whatever is asked; 100
}

func (c Config) withDefaults() Config {
	orDefault(&c.Token, "demo")
	orDefault(&c.Username, "demo")
	orDefault(&c.Password, "demo")
	orDefault(&c.TokenLifetime, time.Hour)
	orDefault(&c.Speed, 1)
	orDefault(&c.Limits.Reads, 30)
	orDefault(&c.Limits.Writes, 5)
	orDefault(&c.Limits.PageSize, 100)
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
