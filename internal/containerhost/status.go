package containerhost

import (
	"fmt"
	"strings"
	"time"
)

// State is a node's state as the VC controller knows it.
type State string

const (
	// Running means the host answers and so does its Base container's sshd; without a Base container, that Docker runs.
	Running State = "RUNNING"
	// ContainerError means the host answers and its Base container does not.
	ContainerError State = "CONTAINER_ERROR"
	// HostError means the host itself does not answer, or its Docker doesn't run.
	HostError State = "HOST_ERROR"
)

// Status is what a host was found to be.
type Status struct {
	// State is the node's state.
	State State
	// HostKeyFingerprint is the key the host presented: the pin for every later contact.
	HostKeyFingerprint string
	// Address and Port are where the host answered.
	Address string
	Port    int
	// Distribution is the host's system, such as "ubuntu 22.04".
	Distribution string
	// DockerVersion is the Docker Engine's, empty when there is none.
	DockerVersion string
	// ContainerID is the Base container's, empty when there is none.
	ContainerID string
	// ImageID is the digest of the image that the Base container runs, and ImageReference where it was pulled from,
	// by digest; the latter is empty for an image that no registry knows.
	ImageID        string
	ImageReference string
	// Drift lists the steps that don't hold, in the order they would be applied. Empty after a Converge.
	Drift []Drift
}

// Drift is one step that does not hold on a host.
type Drift struct {
	// Step is the step's name.
	Step string
	// Reason says what was found.
	Reason string
}

// String gives the step and the reason.
func (d Drift) String() string { return d.Step + ": " + d.Reason }

// Phase says what an [Event] tells about its step.
type Phase string

const (
	// Skipped means the step held already.
	Skipped Phase = "skipped"
	// Applying means the step does not hold and is being applied.
	Applying Phase = "applying"
	// Progress is news from inside a step.
	Progress Phase = "progress"
	// Applied means the step was applied and now holds.
	Applied Phase = "applied"
	// Failed means the step could not be applied; Converge returns the error.
	Failed Phase = "failed"
)

// Event is one line of news from [Converge]. It never holds a secret.
type Event struct {
	// Host is the Spec's.
	Host string
	// Step is the step's name.
	Step string
	// Phase is what happened.
	Phase Phase
	// Message says more: why a step is applied, how far a pull is.
	Message string
	// Elapsed is the time since the step began.
	Elapsed time.Duration
	// RoundTrips counts the requests sent over SSH since the step began.
	RoundTrips int
}

// String is a line for a log.
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s", e.Host, e.Step, e.Phase)
	if e.Phase == Applied || e.Phase == Failed {
		fmt.Fprintf(&b, " in %s, %d round trips", e.Elapsed.Round(time.Millisecond), e.RoundTrips)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

// A Report receives events, one at a time and in order. It must not block.
type Report func(Event)
