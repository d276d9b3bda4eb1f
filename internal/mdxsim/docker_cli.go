package mdxsim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	// namePrefix begins the name of every container and network, and of every image.
	namePrefix = "mdxsim-"
	// lockPrefix begins the name of the file that a living backend holds locked.
	lockPrefix = "run-"
)

// docker is the machine's Docker, through its command line.
type docker struct{}

// run gives what a command printed, in any case. Its error holds what Docker said, and of the command only its name: arguments
// hold keys.
func (docker) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return strings.TrimSpace(string(out)), fmt.Errorf("docker %s: %s", args[0], strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("docker %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// remove removes containers, running or not, with the volumes that nobody else has.
func (d docker) remove(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := d.run(ctx, append([]string{"rm", "--force", "--volumes"}, names...)...)
	if err != nil && strings.Contains(err.Error(), "No such container") {
		return nil
	}
	return err
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// removeAll removes what the backend with an id made.
func removeAll(ctx context.Context, d docker, id string) error {
	prefix := namePrefix + id + "-"
	containers, err := d.run(ctx, "ps", "--all", "--quiet", "--filter", "name=^"+prefix)
	if err != nil {
		return err
	}
	errs := []error{d.remove(ctx, strings.Fields(containers)...)}
	networks, err := d.run(ctx, "network", "ls", "--quiet", "--filter", "name=^"+prefix)
	errs = append(errs, err)
	if list := strings.Fields(networks); len(list) > 0 {
		_, err = d.run(ctx, append([]string{"network", "rm"}, list...)...)
		errs = append(errs, err)
	}
	disks, err := d.run(ctx, "images", "--quiet", prefix+"disk")
	errs = append(errs, err)
	if list := strings.Fields(disks); len(list) > 0 {
		_, err = d.run(ctx, append([]string{"rmi", "--force"}, list...)...)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// sweep removes what killed processes left: everything whose lock nobody holds any more.
func sweep(ctx context.Context, d docker, cache string) error {
	files, err := filepath.Glob(filepath.Join(cache, lockPrefix+"*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		lock := flock.New(file)
		free, err := lock.TryLock()
		if err != nil || !free {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, removeAll(ctx, d, strings.TrimPrefix(filepath.Base(file), lockPrefix)), release(lock))
	}
	return errors.Join(errs...)
}

// release gives a lock back and removes its file.
func release(lock *flock.Flock) error {
	if lock == nil {
		return nil
	}
	return errors.Join(os.Remove(lock.Path()), lock.Unlock())
}

// cacheFolder makes the folder.
func cacheFolder(asked string) (string, error) {
	if asked == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		asked = filepath.Join(user, "terraform-provider-mdx")
	}
	return asked, os.MkdirAll(asked, 0o755) //nolint:gosec // the Docker daemon reads the registry's folder in it
}
