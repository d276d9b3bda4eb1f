package mdx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// What the portal bears at once (PORTAL.md §8).
const (
	maxGets    = 30
	maxPosts   = 5 // and other changes
	maxDetails = 8
)

// limits keeps this process, and all others of the same user on this machine, to what the portal bears.
// Within the process channels do it; between processes, files that are locked.
type limits struct {
	gets, changes, details *lockedPlaces
	dir                    string // of this portal
	root                   string // of all portals
	deploys                keyedMutex
}

// newLimits sets up the limits for a portal. The folder is made when a lock is first needed.
func newLimits(dir string, portal *url.URL) *limits {
	if dir == "" {
		dir = defaultLockDir()
	}
	l := &limits{root: dir, dir: filepath.Join(dir, fileName(portal.Host))}
	l.gets = newPool(l.dir, "get", maxGets)
	l.changes = newPool(l.dir, "change", maxPosts)
	l.details = newPool(l.dir, "detail", maxDetails)
	return l
}

// defaultLockDir is a folder of the user's that all processes find: without a home, one in the
// folder for temporary files.
func defaultLockDir() string {
	if cache, err := os.UserCacheDir(); err == nil {
		return filepath.Join(cache, "terraform-provider-mdx", "locks")
	}
	return filepath.Join(os.TempDir(), "terraform-provider-mdx-"+strconv.Itoa(os.Getuid()))
}

// enter waits until one more call of r's kind is bearable.
func (l *limits) enter(ctx context.Context, r call) (release func(), err error) {
	if r.method != http.MethodGet {
		return l.changes.enter(ctx)
	}
	if r.kind != kindDetail {
		return l.gets.enter(ctx)
	}
	leave, err := l.details.enter(ctx)
	if err != nil {
		return nil, err
	}
	leaveGets, err := l.gets.enter(ctx)
	if err != nil {
		leave()
		return nil, err
	}
	return func() { leaveGets(); leave() }, nil
}

// lockDeploy waits until nobody else deploys or clones in a project.
func (l *limits) lockDeploy(ctx context.Context, project ProjectID) (release func(), err error) {
	unlock, err := l.deploys.lock(ctx, string(project))
	if err != nil {
		return nil, err
	}
	unlockFile, err := lockFile(ctx, filepath.Join(l.dir, "deploy-"+digest(string(project))+".lock"))
	if err != nil {
		unlock()
		return nil, err
	}
	return func() { unlockFile(); unlock() }, nil
}

// lockToken waits until nobody else refreshes the token of a file.
func (l *limits) lockToken(ctx context.Context, tokenFile string) (release func(), err error) {
	if abs, err := filepath.Abs(tokenFile); err == nil {
		tokenFile = abs
	}
	return lockFile(ctx, filepath.Join(l.root, "token-"+digest(tokenFile)+".lock"))
}

// lockPause is how often a lock that another process holds is tried again.
const lockPause = 20 * time.Millisecond

func lockFile(ctx context.Context, path string) (release func(), err error) {
	if err := makeLockDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return nil, lockError(path, err)
	}
	return func() { _ = lock.Unlock() }, nil
}

func makeLockDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return lockError(dir, err)
	}
	return nil
}

func lockError(path string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("can't take turns with other processes, set another lock folder: %s: %w", path, err)
}

// lockedPlaces is a number of places: channels keep the process in line, one locked file for each place keeps
// the machine in line.
type lockedPlaces struct {
	places chan struct{}
	search chan struct{} // held by the one that looks for a file no other process holds
	dir    string
	name   string
}

func newPool(dir, name string, size int) *lockedPlaces {
	return &lockedPlaces{places: make(chan struct{}, size), search: make(chan struct{}, 1), dir: dir, name: name}
}

func (p *lockedPlaces) enter(ctx context.Context) (release func(), err error) {
	leave, err := acquire(ctx, p.places)
	if err != nil {
		return nil, err
	}
	unlock, err := p.lockAny(ctx)
	if err != nil {
		leave()
		return nil, err
	}
	return func() { unlock(); leave() }, nil
}

// lockAny locks any one of the pool's files, and waits while all are taken.
func (p *lockedPlaces) lockAny(ctx context.Context) (unlock func(), err error) {
	if err := makeLockDir(p.dir); err != nil {
		return nil, err
	}
	done, err := acquire(ctx, p.search)
	if err != nil {
		return nil, err
	}
	defer done()
	for {
		start := rand.N(cap(p.places)) //nolint:gosec // spreads load, guards nothing
		for i := range cap(p.places) {
			path := filepath.Join(p.dir, fmt.Sprintf("%s-%d.lock", p.name, (start+i)%cap(p.places)))
			lock := flock.New(path, flock.SetPermissions(0o600))
			locked, err := lock.TryLock()
			if err != nil {
				return nil, lockError(path, err)
			}
			if locked {
				return func() { _ = lock.Unlock() }, nil
			}
		}
		if err := pause(ctx, lockPause); err != nil {
			return nil, err
		}
	}
}

// keyedMutex is a mutex for each key, which can be given up on.
type keyedMutex struct {
	mu    sync.Mutex
	locks map[string]chan struct{}
}

func (m *keyedMutex) lock(ctx context.Context, key string) (unlock func(), err error) {
	m.mu.Lock()
	lock, ok := m.locks[key]
	if !ok {
		if m.locks == nil {
			m.locks = map[string]chan struct{}{}
		}
		lock = make(chan struct{}, 1)
		m.locks[key] = lock
	}
	m.mu.Unlock()
	return acquire(ctx, lock)
}

// acquire waits for a place in a channel; release gives it back.
func acquire(ctx context.Context, places chan struct{}) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pause waits for a while, or until ctx is done, which is an error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fileName makes a file's name of a host and port.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, s)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
