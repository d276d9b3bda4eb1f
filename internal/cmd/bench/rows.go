//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// benchmark is one run of all rows.
type benchmark struct {
	options
	work string

	idle map[int]time.Duration // what a plan of so many resources costs Terraform by itself
}

// result is a row of the table.
type result struct {
	name  string
	floor time.Duration
	usage
	speed float64
	bound string // what bounds it
}

// The portal's own times, which are the simulator's (PORTAL.md §8).
const (
	deployAndAddress = 390 * time.Second
	deployAnswer     = 6 * time.Second
	detailAnswer     = 300 * time.Millisecond
	stopAndDestroy   = 100 * time.Second
)

// row is something to measure. Where destroy is set, what was made is destroyed as a row of its own.
type row struct {
	name    string
	measure func(context.Context, string) ([]result, error)
}

func (b *benchmark) rows() []row {
	makes := func(name, config string, n, parallelism int, bound string) row {
		return row{name, func(ctx context.Context, dir string) ([]result, error) {
			return b.makes(ctx, dir, result{name: name, bound: bound}, config, n, parallelism)
		}}
	}
	deploys := "the portal: deploys one after the other, then the address"
	return []row{
		makes("`mdx_vm`, count 100, parallelism 10", count(100, true), 100, 10,
			"Terraform: ten at a time, in no order, so ten waves, whose names make poor ranges; use a group"),
		{"naive, 30 VMs", b.naively(30)},
		makes("`mdx_vm`, count 100, parallelism 100", count(100, true), 100, 100, deploys),
		makes("`mdx_vm_group` of 100", group(100), 100, 10, deploys),
		makes("`mdx_vm`, count 10, `batch_deploys = false`", count(10, false), 10, 10, "the portal: ten deploys, one after the other"),
		{"naive, 10 VMs", b.naively(10)},
		makes("`mdx_vm_group` of 10", group(10), 10, 10, deploys),
		makes("`mdx_vm`, count 10", count(10, true), 10, 10, deploys),
		makes("`mdx_vm_group` of 1", group(1), 1, 10, deploys),
		makes("`mdx_vm`, count 1", count(1, true), 1, 10, deploys),
		{"naive, 1 VM", b.naively(1)},
		{"plan of 1000 VMs", b.plans(1000)},
		{"plan of 100 VMs", b.plans(100)},
	}
}

// run measures all rows, a few at a time, and answers them in their order.
func (b *benchmark) run(ctx context.Context) ([]result, error) {
	b.idle = map[int]time.Duration{}
	for _, n := range []int{1, 10, 30, 100, 1000} {
		took, err := b.measureIdle(ctx, n)
		if err != nil {
			return nil, err
		}
		b.idle[n] = took
	}
	rows := b.rows()
	results := make([][]result, len(rows))
	lanes, ctx := errgroup.WithContext(ctx)
	lanes.SetLimit(b.lanes)
	for i, r := range rows {
		if !strings.Contains(r.name, b.only) {
			continue
		}
		lanes.Go(func() error {
			var err error
			if results[i], err = r.measure(ctx, filepath.Join(b.work, fmt.Sprint("row", i))); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			fmt.Fprintln(os.Stderr, "measured", r.name)
			return nil
		})
	}
	err := lanes.Wait()
	var flat []result
	for _, some := range results {
		flat = append(flat, some...)
	}
	return flat, err
}

func (b *benchmark) measureIdle(ctx context.Context, n int) (time.Duration, error) {
	s, err := b.newSite(filepath.Join(b.work, fmt.Sprint("idle", n)), b.speed, roundTrip, nil)
	if err != nil {
		return 0, err
	}
	defer s.close()
	u, err := s.apply(ctx, idle(n), 10)
	return u.wall, err
}

// makes measures an apply that makes n VMs, and the destroy of them.
func (b *benchmark) makes(ctx context.Context, dir string, r result, config string, n, parallelism int) ([]result, error) {
	s, err := b.newSite(dir, b.speed, roundTrip, nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r.speed = b.speed
	if r.usage, err = s.apply(ctx, config, parallelism); err != nil {
		return nil, err
	}
	posts := (n + 9) / 10 // at the least
	r.floor = b.atSpeed(deployAndAddress) + time.Duration(posts)*(b.atSpeed(deployAnswer)+roundTrip) + b.idle[n]
	gone := result{
		name: "destroy of " + r.name, speed: b.speed, floor: b.atSpeed(stopAndDestroy) + b.idle[n],
		bound: "the portal: power off, then destroy, five requests at a time",
	}
	if n > parallelism && !strings.Contains(r.name, "group") {
		gone.bound = "Terraform: ten at a time"
	}
	gone.usage, err = s.terraform(ctx, config, "destroy", "-auto-approve", fmt.Sprint("-parallelism=", parallelism))
	return []result{r, gone}, err
}

func (b *benchmark) atSpeed(d time.Duration) time.Duration {
	return time.Duration(float64(d) / b.speed)
}

// naively measures a client as one would first write it. Terraform's own part is added to it.
func (b *benchmark) naively(n int) func(context.Context, string) ([]result, error) {
	return func(ctx context.Context, dir string) ([]result, error) {
		s, err := b.newSite(dir, b.speed, roundTrip, nil)
		if err != nil {
			return nil, err
		}
		defer s.close()
		client := s.naive()
		start := time.Now()
		if err := all(n, func(i int) error { return client.create(ctx, i) }); err != nil {
			return nil, err
		}
		r := result{name: fmt.Sprintf("naive client, %d VMs", n), speed: b.speed, bound: "its own ten at a time, and a loop for each VM"}
		r.wall, r.stats = time.Since(start)+b.idle[n], s.sim.Stats()
		posts := (n + 9) / 10
		r.floor = b.atSpeed(deployAndAddress) + time.Duration(posts)*(b.atSpeed(deployAnswer)+roundTrip) + b.idle[n]
		return []result{r}, nil
	}
}

// plans measures the plan of VMs that are there, at the portal's real pace. The floor is a detail of each, thirty at a
// time, which is what the portal bears; beside it stands reading them ten at a time.
func (b *benchmark) plans(n int) func(context.Context, string) ([]result, error) {
	return func(ctx context.Context, dir string) ([]result, error) {
		if err := b.makeState(ctx, dir, n); err != nil {
			return nil, err
		}
		s, err := b.newSite(dir, 1, roundTrip, crowd(n))
		if err != nil {
			return nil, err
		}
		defer s.close()
		r := result{
			name: fmt.Sprintf("plan of %d VMs", n), speed: 1, bound: "the portal: a detail of each VM, 28 at a time",
			floor: time.Duration(n)*(detailAnswer+roundTrip)/30 + b.idle[n],
		}
		if r.usage, err = s.terraform(ctx, count(n, true), "plan", "-detailed-exitcode"); err != nil {
			return nil, err
		}
		before, start := s.sim.Stats(), time.Now()
		if err := s.naive().read(ctx); err != nil {
			return nil, err
		}
		each := result{name: fmt.Sprintf("naive plan of %d VMs", n), speed: 1, floor: r.floor, bound: "Terraform's ten at a time"}
		each.wall, each.stats = time.Since(start)+b.idle[n], difference(s.sim.Stats(), before)
		return []result{r, each}, nil
	}
}

// makeState has terraform know so many VMs: it imports one, whose entry in the state is then repeated.
func (b *benchmark) makeState(ctx context.Context, dir string, n int) error {
	const fast = 100000
	s, err := b.newSite(dir, fast, 0, crowd(1))
	if err != nil {
		return err
	}
	defer s.close()
	imports := fmt.Sprintf("import {\n  to = mdx_vm.n[0]\n  id = %q\n}\n", idOf(fmt.Sprintf("%012d", 0)))
	if _, err = s.apply(ctx, count(1, true)+imports, 10); err != nil {
		return err
	}
	path := filepath.Join(dir, "terraform.tfstate")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if data, err = repeated(data, n); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// repeated is a state whose only VM is there n times, each with an id and a name of its own.
func repeated(state []byte, n int) ([]byte, error) {
	var whole map[string]any
	if err := json.Unmarshal(state, &whole); err != nil {
		return nil, err
	}
	resources, ok := whole["resources"].([]any)
	if !ok || len(resources) != 1 {
		return nil, fmt.Errorf("the state has not one resource: %s", state)
	}
	resource, _ := resources[0].(map[string]any)
	instances, _ := resource["instances"].([]any)
	if len(instances) != 1 {
		return nil, fmt.Errorf("the state has not one VM: %s", state)
	}
	one, err := json.Marshal(instances[0])
	if err != nil {
		return nil, err
	}
	instances = nil
	for i := range n {
		var next struct {
			Key        int            `json:"index_key"`
			Schema     int            `json:"schema_version"`
			Attributes map[string]any `json:"attributes"`
			Private    string         `json:"private,omitempty"`
		}
		if err := json.Unmarshal(one, &next); err != nil {
			return nil, err
		}
		next.Key = i
		next.Attributes["id"], next.Attributes["name"] = idOf(fmt.Sprintf("%012d", i)), fmt.Sprintf("n-%d", i)
		instances = append(instances, next)
	}
	resource["instances"] = instances
	return json.Marshal(whole)
}

func idOf(number string) string { return "c0000000-0000-4000-8000-" + number }

// crowd is a world with n VMs like those of the benchmark.
func crowd(n int) *mdxsim.World {
	world := mdxsim.DefaultWorld()
	p := &world.Organisations[0].Projects[0]
	p.Quota = room
	like := p.VMs[0]
	like.PackNum, like.ServiceLevel, like.Foreign = 2, "spot", false
	p.VMs = nil
	for i := range n {
		like.UUID, like.Name = idOf(fmt.Sprintf("%012d", i)), fmt.Sprintf("n-%d", i)
		like.Adapters = []mdxsim.Adapter{{Number: 1, SegmentID: p.Segments[0].UUID}}
		p.VMs = append(p.VMs, like)
	}
	return world
}
