package mdxsim

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"
)

// recipe is all that the images are made from, but for Debian's packages.
//
//go:embed images
var recipe embed.FS

// images are the names of what was built.
type images struct {
	host, base string
	// key is the recipe's digest: another recipe makes other images.
	key string
}

// buildImages finds the images in Docker, or loads them from the cache, or builds them. One process does it; others
// that start meanwhile wait for it.
func buildImages(ctx context.Context, d docker, cache string, log *slog.Logger) (images, error) {
	key, err := recipeKey()
	if err != nil {
		return images{}, err
	}
	made := images{host: namePrefix + "host:" + key, base: namePrefix + "base:" + key, key: key}
	lock := flock.New(filepath.Join(cache, "images.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return images{}, fmt.Errorf("waiting for another process that builds the images: %w", err)
	}
	defer func() { _ = lock.Unlock() }()

	_, baseMissing := d.run(ctx, "image", "inspect", made.base)
	_, hostMissing := d.run(ctx, "image", "inspect", made.host)
	if baseMissing == nil && hostMissing == nil {
		return made, nil
	}
	base, host := filepath.Join(cache, "base-"+key+".tar"), filepath.Join(cache, "host-"+key+".tar")
	if _, err := os.Stat(host); errors.Is(err, fs.ErrNotExist) {
		start := time.Now()
		log.Info("building the images of simulated hosts from Debian packages, once")
		if err := runRecipe(ctx, cache, base, host); err != nil {
			return images{}, err
		}
		log.Info("built", "seconds", int(time.Since(start).Seconds()))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return importImage(ctx, d, base, made.base, "/sbin/entrypoint") })
	group.Go(func() error { return importImage(ctx, d, host, made.host, "/sbin/boot") })
	return made, group.Wait()
}

// recipeKey is short, and differs when any file of the recipe does.
func recipeKey() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(recipe, "images", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := recipe.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(data), data)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:12], err
}

// importImage makes an image of an archive.
func importImage(ctx context.Context, d docker, archive, tag, entry string) error {
	_, err := d.run(ctx, "import", "--change", `ENTRYPOINT ["`+entry+`"]`, "--change", "VOLUME /var/lib/docker", archive, tag)
	return err
}

// runRecipe unpacks the recipe and runs it.
func runRecipe(ctx context.Context, cache, base, host string) error {
	folder, err := os.MkdirTemp(cache, "recipe-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := os.CopyFS(folder, recipe); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(folder, "images", "*"))
	if err != nil {
		return err
	}
	for _, file := range files { // an embedded file has lost its mode
		if err := os.Chmod(file, 0o755); err != nil { //nolint:gosec // scripts that go into an image
			return err
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "images", "build"), base, host)
	cmd.WaitDelay = 10 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the images of simulated hosts (it takes root, mmdebstrap, and Debian's packages): %w\n%s", err, lastPart(out))
	}
	return nil
}

// lastPart is the end of a long output.
func lastPart(out []byte) string {
	const enough = 2000
	return strings.TrimSpace(string(out[max(0, len(out)-enough):]))
}
