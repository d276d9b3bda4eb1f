package containerhost

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// nodePause is the pause between questions to a Base container that starts.
const nodePause = 500 * time.Millisecond

// nodeReady waits for the Base container's own sshd, which is when the VC controller can use the node.
var nodeReady = step{name: "node-ready", limit: 3 * time.Minute, check: checkNode, apply: awaitNode}

func checkNode(ctx context.Context, s *session) (string, error) {
	c, err := s.api.container(ctx, s.spec.Base.Name)
	switch {
	case errors.Is(err, errAbsent):
		return "there is no Base container", nil
	case err != nil:
		return "", err
	}
	s.base = c
	if !c.State.Running {
		return "the Base container is " + c.State.Status, nil
	}
	if s.spec.Base.Network != "host" {
		return "", nil
	}
	answer, err := s.run(ctx, command{about: "asking the Base container's sshd", script: bannerScript})
	if err != nil {
		return "", err
	}
	if answer != "SSH-" {
		return silentNode, nil
	}
	return "", nil
}

const silentNode = "the Base container's sshd does not answer on port 22"

// The question is asked on the host, since an access rule may keep others away from port 22.
const bannerScript = `timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/22 && head -c 4 <&3' 2>/dev/null || true`

// fallsOver is how many restarts, while it is waited for, say that a container will never stay up.
const fallsOver = 3

// awaitNode asks until the node is ready. What the container itself wrote is the reason when it isn't.
func awaitNode(ctx context.Context, s *session) error {
	before := 0
	if s.base != nil {
		before = s.base.RestartCount
	}
	for {
		reason, err := checkNode(ctx, s)
		if err == nil && reason == "" {
			return nil
		}
		broken := s.base == nil || s.base.State.Status == "exited" || s.base.RestartCount-before >= fallsOver
		if err == nil && !broken && wait(ctx, nodePause) {
			continue
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		return s.containerFailure(context.WithoutCancel(ctx), or(reason, silentNode))
	}
}

// containerFailure explains with the container's last words.
func (s *session) containerFailure(ctx context.Context, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if s.base == nil {
		return errors.New(reason)
	}
	said := or(s.hide.hide(s.api.logs(ctx, s.base.ID)), "(nothing)")
	return fmt.Errorf("%s (exit code %d, %d restarts); it last wrote:\n  %s",
		reason, s.base.State.ExitCode, s.base.RestartCount, strings.ReplaceAll(said, "\n", "\n  "))
}
