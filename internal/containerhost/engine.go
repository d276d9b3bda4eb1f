package containerhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// lookPatience is how long Inspect tries to reach a host.
	lookPatience = 20 * time.Second
	// removePatience is how long Remove tries to reach a host, and removeLimit how long it takes at most.
	removePatience = 30 * time.Second
	removeLimit    = 2 * time.Minute
)

// step is one thing a host should be.
type step struct {
	name string
	// check gives the reason why the step doesn't hold; empty: it holds.
	check func(ctx context.Context, s *session) (string, error)
	apply func(ctx context.Context, s *session) error
	// limit is how long apply may take.
	limit time.Duration
}

// steps are what a Spec asks for, in order.
func steps(spec Spec) []step {
	all := []step{aptTimers}
	if spec.Hostname != "" {
		all = append(all, hostname)
	}
	if len(spec.AuthorizedKeys) > 0 {
		all = append(all, authorizedKeys)
	}
	if spec.StaticAddress.IsValid() {
		all = append(all, staticAddress)
	}
	if len(spec.DNSServers) > 0 {
		all = append(all, dnsServers)
	}
	if len(spec.NTPServers) > 0 {
		all = append(all, ntpServers)
	}
	all = append(all, sshPort)
	if spec.CgroupVersion != 0 {
		all = append(all, cgroup)
	}
	all = append(all, dockerEngine)
	if len(spec.Docker.InsecureRegistries)+len(spec.Docker.RegistryMirrors) > 0 {
		all = append(all, dockerConfig)
	}
	if spec.Base == nil {
		return append(all, noBaseContainer)
	}
	return append(all, baseImage, baseContainer, nodeReady)
}

// Converge makes the host what the Spec says, and tells report (which may be nil) about each step. It may be repeated
// from any point.
//
// On an error the Status holds what is known, so that a pinned host key is kept: a [StepError] when a step failed,
// which wraps a [CommandError] if a command on the host did; [ErrUnreachable] when the host could not be logged in to;
// [ErrHostKey] when it is not the host it was; the Spec's own faults, before anything is connected.
func Converge(ctx context.Context, spec Spec, report Report) (Status, error) {
	if err := spec.Validate(); err != nil {
		return Status{HostKeyFingerprint: spec.HostKeyFingerprint}, err
	}
	spec = spec.withDefaults()
	return newSession(spec, sshDialer{spec, newRedactor(spec)}, report).converge(ctx)
}

// Inspect tells what the host is, and which steps do not hold, without changing anything. It gives up after 20
// seconds on a host that doesn't answer: the Status then says [HostError] and the error wraps [ErrUnreachable].
func Inspect(ctx context.Context, spec Spec) (Status, error) {
	if err := spec.Validate(); err != nil {
		return Status{}, err
	}
	spec = spec.withDefaults()
	return newSession(spec, sshDialer{spec, newRedactor(spec)}, nil).inspect(ctx)
}

// Remove takes the Base container away, and the user_init_command with it. Everything else stays. On a host that
// doesn't answer it gives up after 30 seconds with an error that wraps [ErrUnreachable].
func Remove(ctx context.Context, spec Spec) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	spec = spec.withDefaults()
	return newSession(spec, sshDialer{spec, newRedactor(spec)}, nil).remove(ctx)
}

func (s *session) converge(ctx context.Context) (Status, error) {
	defer s.close()
	err := s.do(ctx, "connect", func(ctx context.Context) error { return s.connect(ctx, s.spec.SSH.Timeout, s.targets()...) })
	if err != nil {
		return Status{State: HostError, HostKeyFingerprint: s.pin}, err
	}
	if err := s.enter(ctx); err != nil {
		status := s.status(nil)
		status.State = HostError
		return status, err
	}
	for _, st := range steps(s.spec) {
		if err := s.hold(ctx, st); err != nil {
			status := s.status(nil)
			status.State = stateOf(st.name)
			return status, err
		}
	}
	return s.status(nil), nil
}

// enter takes the first look, through the first login if the host has not had one.
func (s *session) enter(ctx context.Context) error {
	err := s.refresh(ctx)
	if passwordExpired(err) {
		if s.asking {
			return err
		}
		if err := s.do(ctx, "first-login", s.firstLogin); err != nil {
			return err
		}
		err = nil
	} else if err == nil {
		s.report(Event{Host: s.spec.Host, Step: "first-login", Phase: Skipped})
	}
	if err != nil {
		return s.failed("connect", err)
	}
	if _, err := s.facts.distribution.traits(); err != nil {
		return s.failed("connect", err)
	}
	return nil
}

// firstLogin changes the password, and comes back: the host ends the session in which it was changed.
func (s *session) firstLogin(ctx context.Context) error {
	if err := s.conn.changePassword(ctx, or(s.spec.InitialPassword, randomPassword())); err != nil {
		return err
	}
	if err := s.reconnect(ctx, s.spec.SSH.Timeout); err != nil {
		return err
	}
	return s.refresh(ctx)
}

// reconnect makes a new connection to where the host was last seen.
func (s *session) reconnect(ctx context.Context, patience time.Duration) error {
	who := s.conn.peer()
	return s.connect(ctx, patience, target{who.address, who.port, who.fingerprint})
}

// do reports one piece of work that is no step: it has no check.
func (s *session) do(ctx context.Context, name string, work func(context.Context) error) error {
	start, trips := time.Now(), s.roundTrips()
	err := work(ctx)
	return s.finish(name, start, trips, err)
}

// hold makes a step hold.
func (s *session) hold(ctx context.Context, st step) error {
	start, trips := time.Now(), s.roundTrips()
	reason, err := st.check(ctx, s)
	if err == nil && reason == "" {
		s.report(Event{
			Host: s.spec.Host, Step: st.name, Phase: Skipped,
			Elapsed: time.Since(start), RoundTrips: s.roundTrips() - trips,
		})
		return nil
	}
	if err == nil {
		s.report(Event{Host: s.spec.Host, Step: st.name, Phase: Applying, Message: s.hide.hide(reason)})
		err = s.applyAndVerify(ctx, st)
	}
	return s.finish(st.name, start, trips, err)
}

// applyAndVerify believes a step only when its check does.
func (s *session) applyAndVerify(ctx context.Context, st step) error {
	ctx, cancel := context.WithTimeoutCause(ctx, st.limit, fmt.Errorf("not done within %s", st.limit))
	defer cancel()
	if err := st.apply(ctx, s); err != nil {
		return err
	}
	if err := s.refresh(ctx); err != nil {
		return err
	}
	switch reason, err := st.check(ctx, s); {
	case err != nil:
		return err
	case reason != "":
		return fmt.Errorf("applied without an error, and still: %s", reason)
	}
	return nil
}

// finish reports how a piece of work ended and gives its error the step's name.
func (s *session) finish(name string, start time.Time, trips int, err error) error {
	e := Event{Host: s.spec.Host, Step: name, Phase: Applied, Elapsed: time.Since(start), RoundTrips: s.roundTrips() - trips}
	if err != nil {
		e.Phase, e.Message = Failed, s.hide.hide(err.Error())
	}
	s.report(e)
	if err == nil || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrHostKey) {
		return err
	}
	return s.failed(name, err)
}

// failed is the error of a step, without secrets.
func (s *session) failed(name string, err error) error {
	return &StepError{s.spec.Host, name, redacted{err, s.hide}}
}

func (s *session) inspect(ctx context.Context) (Status, error) {
	defer s.close()
	s.asking = true
	if err := s.connect(ctx, min(lookPatience, s.spec.SSH.Timeout), s.targets()...); err != nil {
		return Status{State: HostError, HostKeyFingerprint: s.pin}, err
	}
	if err := s.enter(ctx); err != nil {
		status := s.status(nil)
		status.State = HostError
		if passwordExpired(err) {
			status.Drift = []Drift{{"first-login", "the login user's password has expired"}}
			return status, nil
		}
		return status, err
	}
	var drift []Drift
	for _, st := range steps(s.spec) {
		reason, err := st.check(ctx, s)
		if err != nil {
			return s.status(drift), s.failed(st.name, err)
		}
		if reason != "" {
			drift = append(drift, Drift{st.name, s.hide.hide(reason)})
			if s.facts.dockerVersion == "" && st.name == dockerEngine.name {
				break // the rest can't be asked
			}
		}
	}
	return s.status(drift), nil
}

// status puts together what is known.
func (s *session) status(drift []Drift) Status {
	st := Status{State: Running, HostKeyFingerprint: s.pin, Drift: drift}
	if s.conn != nil {
		st.Address, st.Port = s.conn.peer().address, s.conn.peer().port
	}
	st.Distribution, st.DockerVersion = s.facts.distribution.String(), s.facts.dockerVersion
	if s.base != nil {
		st.ContainerID, st.ImageID = s.base.ID, s.base.Image
		st.ImageReference = s.imageReference
	}
	switch {
	case s.facts.dockerVersion == "":
		st.State = HostError
	case slices.ContainsFunc(drift, func(d Drift) bool { return d.Step == nodeReady.name }):
		st.State = ContainerError
	}
	return st
}

// stateOf is the state of a node on which a step could not be applied.
func stateOf(stepName string) State {
	switch stepName {
	case baseImage.name, baseContainer.name, nodeReady.name:
		return ContainerError
	}
	return HostError
}

func (s *session) remove(ctx context.Context) error {
	defer s.close()
	ctx, cancel := context.WithTimeoutCause(ctx, removeLimit, fmt.Errorf("not removed within %s", removeLimit))
	defer cancel()
	if err := s.connect(ctx, min(removePatience, s.spec.SSH.Timeout), s.targets()...); err != nil {
		return err
	}
	if err := s.refresh(ctx); err != nil {
		if passwordExpired(err) {
			return nil // nobody ever got in, so there is nothing to remove
		}
		return s.failed("remove", err)
	}
	if s.facts.dockerVersion == "" {
		if s.facts.dockerd {
			return s.failed("remove", errors.New("its Docker daemon does not answer, so the Base container can't be removed"))
		}
		return nil
	}
	if err := removeBase(ctx, s); err != nil {
		return s.failed("remove", err)
	}
	return nil
}
