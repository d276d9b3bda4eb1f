package containerhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// keyPatience is how long a host may refuse every key before that is believed: while it boots, sshd answers before
	// the deployed key is in place.
	keyPatience = time.Minute
	// attemptPause is the pause after a first failed attempt; it grows to slowestPause.
	attemptPause = time.Second
	slowestPause = 5 * time.Second
)

// session is the work on one host: the connection, and what the last look told.
type session struct {
	spec   Spec // with defaults
	dialer dialer
	hide   redactor
	report Report

	conn  transport
	facts facts
	api   *dockerAPI
	pin   string
	// spent counts the round trips of connections that were closed.
	spent int
	// base is the Base container as last seen; nil: none.
	base *container
	// imageReference is where the Base container's image was pulled from, by digest.
	imageReference string
	// asking is true while nothing may be changed.
	asking bool
}

func newSession(spec Spec, d dialer, report Report) *session {
	if report == nil {
		report = func(Event) {}
	}
	return &session{spec: spec, dialer: d, hide: newRedactor(spec), report: report, pin: spec.HostKeyFingerprint}
}

// close ends the connection.
func (s *session) close() {
	if s.api != nil {
		s.api.close()
		s.api = nil
	}
	if s.conn != nil {
		s.spent += s.conn.roundTrips()
		s.conn.close()
		s.conn = nil
	}
}

// use goes on over another connection.
func (s *session) use(t transport) {
	s.close()
	s.conn, s.api = t, newDockerAPI(t.docker)
	s.pin = t.peer().fingerprint
}

func (s *session) roundTrips() int {
	if s.conn == nil {
		return s.spent
	}
	return s.spent + s.conn.roundTrips()
}

// run executes a command for its output.
func (s *session) run(ctx context.Context, c command) (string, error) { return s.conn.exec(ctx, c) }

// targets are where the host may answer, the likeliest first. A host that is known is looked for where it was, then at its
// fixed address. On first contact the given address comes first, so that a machine which happens to have the fixed one
// is not taken for this one.
func (s *session) targets() []target {
	addresses := []string{s.spec.Host}
	if fixed := s.spec.StaticAddress; fixed.IsValid() && fixed.String() != s.spec.Host {
		addresses = append(addresses, fixed.String())
		if s.pin != "" {
			slices.Reverse(addresses)
		}
	}
	candidates := []int{s.spec.SSHPort, basePort}
	if s.pin != "" {
		addresses = slices.Insert(addresses, 0, s.spec.FormerAddress)
		candidates = slices.Insert(candidates, 0, s.spec.FormerPort)
	}
	var targets []target
	for _, address := range addresses {
		for _, port := range candidates {
			if t := (target{address, port, s.pin}); address != "" && port != 0 && !slices.Contains(targets, t) {
				targets = append(targets, t)
			}
		}
	}
	return targets
}

// connect tries the targets in turn until one lets it in, the patience ends, or a host key is wrong.
func (s *session) connect(ctx context.Context, patience time.Duration, targets ...target) error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	var refusedSince time.Time // every key is refused, or the only host key seen is a wrong one
	for pause := attemptPause; ; pause = min(2*pause, slowestPause) {
		denied := false
		var errs []error
		for _, t := range targets {
			conn, err := s.dialer.dial(ctx, t)
			if err == nil {
				s.use(conn)
				return nil
			}
			if s.fatal(t, err) {
				return s.unreachable(err)
			}
			denied = denied || errors.Is(err, errAuthentication) || errors.Is(err, ErrHostKey)
			errs = append(errs, err)
		}
		if ctx.Err() == nil || last == nil {
			last = errors.Join(errs...)
		}
		switch {
		case !denied:
			refusedSince = time.Time{}
		case refusedSince.IsZero():
			refusedSince = time.Now()
		case time.Since(refusedSince) >= keyPatience:
			return s.unreachable(fmt.Errorf("%w (tried for %s)", last, keyPatience))
		}
		if !wait(ctx, pause) {
			if errors.Is(context.Cause(ctx), context.Canceled) {
				return fmt.Errorf("%s: %w", s.spec.Host, context.Canceled)
			}
			return s.unreachable(fmt.Errorf("no login within %s: %w", time.Since(start).Round(time.Second), last))
		}
		s.progress("connect", "still waiting: "+oneLine(last))
	}
}

// fatal tells whether another attempt is pointless. A wrong key is the host's only where the host should be: on port 22
// its Base container may answer while the host itself is restarting, a place that it has left may be another machine's
// by now, and one that it is to move to may be another's still.
func (s *session) fatal(t target, err error) bool {
	if errors.Is(err, ErrHostKey) {
		here := t.address == s.spec.Host || t.address == s.spec.StaticAddress.String()
		stays := or(s.spec.FormerAddress, t.address) == t.address && or(s.spec.FormerPort, t.port) == t.port
		return here && stays && t.port == s.spec.SSHPort || errors.Is(err, errBastion)
	}
	var again transient
	return !errors.As(err, &again)
}

// unreachable gives an error its kind and, where a key was wrong, the way out.
func (s *session) unreachable(err error) error {
	switch {
	case errors.Is(err, errBastion) && errors.Is(err, ErrHostKey):
		return fmt.Errorf("%s: %w", s.spec.Host, err)
	case errors.Is(err, ErrHostKey):
		return fmt.Errorf("%s: %w. Nothing was sent to it. If the VM was replaced, this node has to be replaced too, "+
			"which pins the new key; if it was not, somebody may be in between", s.spec.Host, err)
	}
	return fmt.Errorf("%s: %w: %w", s.spec.Host, ErrUnreachable, err)
}

// refresh looks at the host again.
func (s *session) refresh(ctx context.Context) error {
	found, err := look(ctx, s.conn, s.spec.User)
	if err == nil {
		s.facts = found
	}
	return err
}

// progress reports news from inside a step.
func (s *session) progress(stepName, message string) {
	s.report(Event{Host: s.spec.Host, Step: stepName, Phase: Progress, Message: s.hide.hide(message)})
}

// wait pauses; false: the context ended first.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// oneLine makes an error fit a line of progress.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
