//go:build e2e

package showcase

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	manager = "coursewarehub-manager"
	worker1 = "coursewarehub-worker-1"
	worker2 = "coursewarehub-worker-2"
	worker3 = "coursewarehub-worker-3"
)

// TestE2ECoursewareHub walks the environment through its life. Its parts go on from one another.
func TestE2ECoursewareHub(t *testing.T) {
	s := newStage(t)
	before := s.world()
	began := time.Now()
	applied := s.apply("workers=2")
	s.waitForPage(began)
	t.Logf("from nothing to the page: %s\n%s", time.Since(began).Round(time.Second), applied.table(time.Since(began)))

	t.Run("the nodes run", func(t *testing.T) {
		for name, node := range s.nodes() {
			if node.State != "RUNNING" || node.ContainerID == "" {
				t.Errorf("%s: %+v", name, node)
			}
		}
	})
	t.Run("the swarm is ready", func(t *testing.T) { s.swarmIs(t, manager, worker1, worker2) })
	t.Run("a second plan is empty", func(t *testing.T) { s.must(t, "plan", "-detailed-exitcode", "-var", "workers=2") })
	t.Run("the public address leads to what the rules let in", func(t *testing.T) {
		// This machine comes from the world's network, which web_cidrs has and admin_cidrs has not.
		var dialer net.Dialer
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		conn, err := dialer.DialContext(ctx, "tcp", s.host(t)+":22")
		if err == nil {
			t.Error("port 22 is open to the world")
			_ = conn.Close()
		}
	})
	t.Run("what a worker writes is on the manager", func(t *testing.T) {
		t.Log("not shown: a mount by the kernel, which has no NFS client here; a client outside the kernel writes instead")
		s.inside(t, worker1, "echo 'from a worker' >/tmp/note && nfs-cp /tmp/note nfs://"+s.address(manager)+"/home/note?version=4")
		if got := s.inside(t, manager, "cat /exported/home/note"); got != "from a worker" {
			t.Errorf("the manager has %q", got)
		}
		s.inside(t, manager, "echo 'from the manager' >/exported/home/answer")
		if got := s.inside(t, worker2, "nfs-cat nfs://"+s.address(manager)+"/home/answer?version=4"); got != "from the manager" {
			t.Errorf("a worker reads %q", got)
		}
	})
	t.Run("what the page keeps outlives its database's container", func(t *testing.T) {
		s.keepNote(t, "kept")
		old := s.database(t)
		s.inside(t, manager, "docker service update --detach=false --quiet --force coursewarehub_database >/dev/null")
		if now := s.database(t); now == old || now == "" {
			t.Errorf("the database's container is %q still", now)
		}
		s.wantNotes(t, "kept")
	})
	t.Run("a power cycle heals by itself", func(t *testing.T) {
		start := time.Now()
		for _, name := range []string{manager, worker1} {
			if err := s.backend.Reboot(t.Context(), s.vm(name), false); err != nil {
				t.Fatal(err)
			}
		}
		s.wantNotes(t, "kept")
		s.swarmIs(t, manager, worker1, worker2)
		t.Logf("after %s", time.Since(start).Round(time.Second))
	})
	t.Run("a third worker joins", func(t *testing.T) {
		start, containers := time.Now(), s.nodes()
		s.apply("workers=3")
		s.swarmIs(t, manager, worker1, worker2, worker3)
		if now := s.nodes(); len(now) != 4 || now[worker1] != containers[worker1] || now[manager] != containers[manager] {
			t.Errorf("the others changed: %v, were %v", now, containers)
		}
		s.wantServers(t, worker1, worker2, worker3)
		t.Logf("in %s", time.Since(start).Round(time.Second))
	})
	t.Run("and leaves", func(t *testing.T) {
		start := time.Now()
		s.apply("workers=2")
		s.swarmIs(t, manager, worker1, worker2)
		s.wantNotes(t, "kept")
		t.Logf("in %s", time.Since(start).Round(time.Second))
	})
	t.Run("no secret is in what terraform wrote", func(t *testing.T) {
		s.lacksSecrets(t, map[string]string{
			"the join token":          s.inside(t, manager, "docker swarm join-token --quiet worker"),
			"the database's password": s.inside(t, manager, "docker exec "+s.database(t)+" cat /run/secrets/database-password"),
		})
	})
	t.Run("destroy leaves nothing, and lets a dead worker go", func(t *testing.T) {
		start := time.Now()
		ids := []string{s.vm(manager), s.vm(worker1), s.vm(worker2)}
		if found, err := s.containers(ids); err != nil || len(strings.Fields(found)) != len(ids) {
			t.Fatalf("the hosts are %q, %v", found, err)
		}
		if _, err := s.backend.Exec(t.Context(), s.vm(worker2), "docker stop base"); err != nil {
			t.Fatal(err)
		}
		said := s.must(t, "destroy", "-auto-approve", "-no-color", "-var", "workers=2")
		for _, name := range []string{worker1, worker2} {
			if !bytes.Contains(said, []byte(name+" has left the swarm")) {
				t.Errorf("%s did not leave:\n%s", name, said)
			}
		}
		t.Logf("in %s", time.Since(start).Round(time.Second))
		if after := s.world(); !bytes.Equal(before, after) {
			t.Errorf("the portal has\n%s\nand had\n%s", after, before)
		}
		s.eventually(t, "", func() (string, error) { return s.containers(ids) }) // the portal does not wait for them either
		if found := s.sim.Stats().Violations; len(found) > 0 {
			t.Errorf("%+v", found)
		}
	})
}

// swarmIs wants just these nodes in the swarm, all of them ready.
func (s *stage) swarmIs(t *testing.T, names ...string) {
	t.Helper()
	var want []string
	for _, name := range names {
		want = append(want, name+" Ready Active")
	}
	slices.Sort(want)
	s.eventually(t, strings.Join(want, "\n"), func() (string, error) {
		return s.tryInside(manager, "docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}' | sort")
	})
}

// wantServers wants the page to come from each of these workers in turn.
func (s *stage) wantServers(t *testing.T, names ...string) {
	t.Helper()
	s.eventually(t, strings.Join(names, "\n"), func() (string, error) {
		return s.tryInside(manager, "docker service ps coursewarehub_hub --filter desired-state=running --format '{{.Node}} {{.CurrentState}}' | "+
			"sed -n 's/ Running .*//p' | sort")
	})
}

// database is the id of the database's container.
func (s *stage) database(t *testing.T) string {
	t.Helper()
	return s.inside(t, manager, "docker ps --quiet --filter name=coursewarehub_database")
}

// host is the public address.
func (s *stage) host(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func (s *stage) keepNote(t *testing.T, text string) {
	t.Helper()
	resp, err := s.browser.PostForm(s.url()+"notes", url.Values{"text": {text}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("keeping a note: %s", resp.Status)
	}
}

// wantNotes wants the page to have just these notes, as soon as it is served.
func (s *stage) wantNotes(t *testing.T, notes ...string) {
	t.Helper()
	want, err := json.Marshal(notes)
	if err != nil {
		t.Fatal(err)
	}
	s.eventually(t, string(want), func() (string, error) { return s.get("notes") })
}

// lacksSecrets looks for secrets in the files of the working folder, state and log among them.
func (s *stage) lacksSecrets(t *testing.T, secrets map[string]string) {
	t.Helper()
	looked := 0
	err := filepath.WalkDir(s.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for what, secret := range secrets {
			if len(secret) < 20 {
				t.Errorf("%s is %q", what, secret)
			}
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %s", path, what)
			}
		}
		looked++
		return err
	})
	if err != nil || looked < 8 { // the module, the state and its backup, the log
		t.Errorf("looked at %d files: %v", looked, err)
	}
}

// world is what the portal has, but for what it remembers.
func (s *stage) world() []byte {
	var all []any
	for _, organisation := range s.sim.World().Organisations {
		for _, p := range organisation.Projects {
			all = append(all, p.VMs, p.DNATs, p.Segments)
		}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}
