package kit

// The values of power_state.
const (
	PowerRunning = "running"
	PowerStopped = "stopped"
)
