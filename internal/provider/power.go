package provider

// The values of power_state.
const (
	powerRunning = "running"
	powerStopped = "stopped"
)
