package mdxsim

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Sim is a simulated portal. All its methods may be called at any time from
// anywhere.
type Sim struct {
	cfg    Config
	clock  *clock
	routes []route
	log    *log.Logger // nil: nothing is logged
	stats  *statistics
	load   load

	mu       sync.Mutex // guards all below
	at       time.Time  // the portal's present while something happens
	agenda   agenda
	random   *rand.ChaCha8
	projects []*project
	orgs     []organisation
	vms      map[string]*vm
	tasks    map[string]*task
	tokens   map[string]session
	acting   string // whose call is carried out; empty: the platform acts
	halves   int    // how many calls were half carried out
	segments map[string]*segment
	alarm    *time.Timer // wakes the simulator when real hosts must change without a request
	hosts    *hostWorker // nil without a backend
	server   *http.Server
	closed   bool
	schedule *schedule
	failing  int       // how many of the next tasks fail
	admitted Admission // what the edge was told last
}

// New sets up a portal. It fails when the world contradicts itself. The caller
// closes it.
func New(cfg Config) (*Sim, error) {
	cfg = cfg.withDefaults()
	world := cfg.World
	if world == nil {
		world = DefaultWorld()
	}
	if err := world.options(&cfg); err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	cfg.Durations.setDefaults()
	if err := cfg.Quirks.check(); err != nil {
		return nil, err
	}
	faults := cfg.Faults
	if cfg.FaultSeed != 0 {
		faults = append(slices.Clone(faults), SeededFaults(cfg.FaultSeed)...)
	}
	calendar, err := newSchedule(faults)
	if err != nil {
		return nil, err
	}
	var seed [32]byte
	for i := range 8 {
		seed[i] = byte(cfg.Seed >> (8 * i)) //nolint:gosec // the seed's own bytes
	}
	s := &Sim{
		cfg: cfg, clock: newClock(cfg.Speed), stats: newStatistics(), random: rand.NewChaCha8(seed),
		vms: map[string]*vm{}, tasks: map[string]*task{}, segments: map[string]*segment{},
		tokens: map[string]session{}, schedule: calendar,
	}
	if cfg.Log != nil {
		s.log = log.New(cfg.Log, "", 0)
	}
	s.at = s.clock.now()
	s.tokens[cfg.Token] = session{cfg.Username, time.Now().Add(cfg.TokenLifetime)}
	if cfg.Backend != nil {
		s.hosts = newHostWorker(cfg.Backend)
	}
	if err := s.settleWorld(world); err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	s.routes = s.endpoints()
	return s, nil
}

// Start serves the portal at address, e.g. "127.0.0.1:0", until Close, and
// returns its base URL.
func (s *Sim) Start(ctx context.Context, address string) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.server = server
	s.mu.Unlock()
	go func() { _ = server.Serve(listener) }() // ends with Close
	return "http://" + listener.Addr().String(), nil
}

// Close stops serving, ends what is running and removes real hosts.
func (s *Sim) Close() error {
	s.mu.Lock()
	s.closed = true
	server, alarm := s.server, s.alarm
	s.mu.Unlock()
	var failed []error
	if alarm != nil {
		alarm.Stop()
	}
	if server != nil {
		failed = append(failed, server.Close())
	}
	if s.hosts != nil {
		failed = append(failed, s.hosts.close())
	}
	return errors.Join(failed...)
}

// do runs change in the portal's present: everything that was due before has
// happened, and nothing else happens meanwhile.
func (s *Sim) do(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp()
	change()
	s.tellEdge()
	s.setAlarm()
}

// catchUp lets everything happen that is due, each at its own moment.
func (s *Sim) catchUp() {
	now := s.clock.now()
	for {
		next, ok := s.agenda.due(now)
		if !ok {
			break
		}
		s.at = next.at
		next.do()
	}
	s.at = now
}

// setAlarm wakes the simulator at the next event, if real hosts depend on it.
func (s *Sim) setAlarm() {
	if s.hosts == nil || s.closed {
		return
	}
	next, ok := s.agenda.next()
	if !ok {
		return
	}
	pause := max(s.clock.onWall(next.Sub(s.at)), time.Millisecond)
	if s.alarm != nil {
		s.alarm.Stop()
	}
	s.alarm = time.AfterFunc(pause, func() { s.do(func() {}) })
}

// after plans something for later.
func (s *Sim) after(d time.Duration, do func()) { s.agenda.plan(s.at.Add(d), do) }

// newID makes a UUID.
func (s *Sim) newID() string {
	a, b := s.random.Uint64(), s.random.Uint64()
	a = a&^0xf000 | 0x4000
	b = b&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}
