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

// Durations are how long the portal takes for things, in its own time. The
// defaults are what its users report (PORTAL.md §5 to §8).
type Durations struct {
	DeployAnswer time.Duration `json:"deploy_answer"` // until a deploy request is answered; 6 s
	DetailAnswer time.Duration `json:"detail_answer"` // until a VM's detail is answered; 300 ms
	TaskVisible  time.Duration `json:"task_visible"`  // until a new task id is known to the portal itself; 3 s
	VMVisible    time.Duration `json:"vm_visible"`    // until a new VM shows in the list; 10 s
	RuleVisible  time.Duration `json:"rule_visible"`  // until a change of a DNAT or ACL rule shows; 4 s
	Deploy       time.Duration `json:"deploy"`        // from accepted to powered on; 90 s
	Clone        time.Duration `json:"clone"`         // 120 s
	Address      time.Duration `json:"address"`       // from powered on to the first address; 300 s
	PowerOn      time.Duration `json:"power_on"`      // 20 s
	PowerOff     time.Duration `json:"power_off"`     // 10 s
	Shutdown     time.Duration `json:"shutdown"`      // 40 s
	Reboot       time.Duration `json:"reboot"`        // 30 s
	Reconfigure  time.Duration `json:"reconfigure"`   // 30 s
	Rename       time.Duration `json:"rename"`        // 5 s
	Destroy      time.Duration `json:"destroy"`       // 90 s
	Synchronize  time.Duration `json:"synchronize"`   // 10 s
	Fail         time.Duration `json:"fail"`          // until a task that cannot succeed fails; 5 s
	Deallocate   time.Duration `json:"deallocate"`    // from off to Deallocated; 10 min, negative: never
}

// Limits are what the portal bears at once (PORTAL.md §8).
type Limits struct {
	Reads    int `json:"reads"`     // GETs at once; 30
	Writes   int `json:"writes"`    // other requests at once; 5
	PageSize int `json:"page_size"` // the most that a page holds, whatever is asked; 100
}

func (c Config) withDefaults() Config {
	if c.Token == "" {
		c.Token = "demo"
	}
	orDefault(&c.TokenLifetime, time.Hour)
	orDefault(&c.Speed, 1)
	orDefault(&c.Limits.Reads, 30)
	orDefault(&c.Limits.Writes, 5)
	orDefault(&c.Limits.PageSize, 100)
	d := &c.Durations
	orDefault(&d.DeployAnswer, 6*time.Second)
	orDefault(&d.DetailAnswer, 300*time.Millisecond)
	orDefault(&d.TaskVisible, 3*time.Second)
	orDefault(&d.VMVisible, 10*time.Second)
	orDefault(&d.RuleVisible, 4*time.Second)
	orDefault(&d.Deploy, 90*time.Second)
	orDefault(&d.Clone, 120*time.Second)
	orDefault(&d.Address, 300*time.Second)
	orDefault(&d.PowerOn, 20*time.Second)
	orDefault(&d.PowerOff, 10*time.Second)
	orDefault(&d.Shutdown, 40*time.Second)
	orDefault(&d.Reboot, 30*time.Second)
	orDefault(&d.Reconfigure, 30*time.Second)
	orDefault(&d.Rename, 5*time.Second)
	orDefault(&d.Destroy, 90*time.Second)
	orDefault(&d.Synchronize, 10*time.Second)
	orDefault(&d.Fail, 5*time.Second)
	orDefault(&d.Deallocate, 10*time.Minute)
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
