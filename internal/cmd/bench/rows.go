//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// benchmark is one run of all rows.
type benchmark struct {
	options
	work string

	idle map[int]idleness // by the number of resources
}

// idleness is what Terraform takes for so many resources that ask nothing of the portal.
type idleness struct{ apply, plan, destroy time.Duration }

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

// row is something to measure. An apply is followed by the destroy of what it made, as a row of its own.
type row struct {
	name      string
	lane      lane
	resources int // in the plan
	measure   func(ctx context.Context, dir string) ([]result, error)
}

// lane is what a row is measured beside: rows of different lanes at the same time, since they mostly wait; those of one
// lane after each other.
type lane int

const (
	near    lane = iota // to the floor
	light               // of few VMs
	lengthy             // ten waves
	alone               // when all others are done: these keep the processors busy
)

// paces are how much faster than the real portal's the simulator's time runs, by lane. What is close to the floor runs
// slowest, since the round trip and the machine's own work weigh as many times more.
var paces = [...]float64{near: 4, light: 8, lengthy: 8, alone: 1}

func (b *benchmark) rows() []row {
	makes := func(name string, l lane, config string, vms, resources, parallelism int, bound string) row {
		return row{name, l, resources, func(ctx context.Context, dir string) ([]result, error) {
			return b.makes(ctx, dir, result{name: name, bound: bound, speed: paces[l]}, config, vms, resources, parallelism)
		}}
	}
	group := func(l lane, n int) row {
		return makes(fmt.Sprintf("`mdx_vm_group` of %d", n), l, group(n), n, 1, 10, boundByDeploys)
	}
	vms := func(l lane, n, parallelism int, bound string) row {
		return makes(fmt.Sprintf("`mdx_vm`, count %d, parallelism %d", n, parallelism), l, count(n, true), n, n, parallelism, bound)
	}
	return []row{
		group(light, 1), group(near, 10), group(light, 30), group(near, 100),
		vms(light, 1, 10, boundByDeploys), vms(near, 10, 10, boundByDeploys), vms(lengthy, 100, 10, boundByWaves),
		vms(light, 1, 100, boundByDeploys), vms(near, 10, 100, boundByDeploys), vms(near, 100, 100, boundByDeploys),
		makes("`mdx_vm`, count 10, `batch_deploys = false`", light, count(10, false), 10, 10, 10, boundBySingleDeploys),
		b.naively(1), b.naively(10), b.naively(30),
		b.plans(100), b.plans(1000),
	}
}

// run measures all rows, and answers them in their order.
func (b *benchmark) run(ctx context.Context) ([]result, error) {
	rows := slices.DeleteFunc(b.rows(), func(r row) bool { return !strings.Contains(r.name, b.only) })
	b.idle = map[int]idleness{}
	for _, r := range rows {
		if _, measured := b.idle[r.resources]; measured {
			continue
		}
		took, err := b.measureIdle(ctx, r.resources)
		if err != nil {
			return nil, err
		}
		b.idle[r.resources] = took
	}
	results := make([][]result, len(rows))
	measure := func(ctx context.Context, l lane) error {
		for i, r := range rows {
			if r.lane != l {
				continue
			}
			var err error
			if results[i], err = r.measure(ctx, filepath.Join(b.work, fmt.Sprint("row", i))); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			fmt.Fprintln(os.Stderr, "measured", r.name)
		}
		return nil
	}
	beside, under := errgroup.WithContext(ctx)
	for l := range alone {
		beside.Go(func() error { return measure(under, l) })
	}
	err := beside.Wait()
	if err == nil {
		err = measure(ctx, alone)
	}
	return slices.Concat(results...), err
}

// measureIdle measures Terraform alone. Of few resources the better of two runs counts: the floor is what nobody beats.
func (b *benchmark) measureIdle(ctx context.Context, n int) (best idleness, err error) {
	runs := 2
	if n > 100 {
		runs = 1
	}
	for i := range runs {
		s, err := b.newSite(filepath.Join(b.work, fmt.Sprint("idle", n, "-", i)), 1, roundTrip, nil)
		if err != nil {
			return best, err
		}
		took, err := s.idle(ctx, n)
		s.close()
		if err != nil {
			return best, err
		}
		if i == 0 {
			best = took
		}
		best = idleness{min(best.apply, took.apply), min(best.plan, took.plan), min(best.destroy, took.destroy)}
	}
	return best, nil
}

func (s *site) idle(ctx context.Context, n int) (took idleness, err error) {
	for _, step := range []struct {
		took *time.Duration
		args []string
	}{
		{&took.apply, []string{"apply", "-auto-approve"}},
		{&took.plan, []string{"plan", "-detailed-exitcode"}},
		{&took.destroy, []string{"destroy", "-auto-approve"}},
	} {
		u, err := s.terraform(ctx, idle(n), step.args...)
		if err != nil {
			return took, err
		}
		*step.took = u.wall
	}
	return took, nil
}

// floorOf is the least that so many VMs take to come up: the time of one, and a deploy request for every ten.
func (b *benchmark) floorOf(vms, resources int, speed float64) time.Duration {
	posts := (vms + 9) / 10
	return atSpeed(speed, deployAndAddress) + time.Duration(posts)*(atSpeed(speed, deployAnswer)+roundTrip) + b.idle[resources].apply
}

// makes measures an apply that makes VMs, and the destroy of them.
func (b *benchmark) makes(
	ctx context.Context, dir string, r result, config string, vms, resources, parallelism int,
) ([]result, error) {
	s, err := b.newSite(dir, r.speed, roundTrip, nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r.floor = b.floorOf(vms, resources, r.speed)
	if r.usage, err = s.apply(ctx, config, parallelism); err != nil {
		return nil, err
	}
	gone := result{
		name: "destroy: " + r.name, speed: r.speed, bound: boundByPower,
		floor: atSpeed(r.speed, stopAndDestroy) + b.idle[resources].destroy,
	}
	if resources > parallelism {
		gone.bound = boundByWaves
	}
	gone.usage, err = s.terraform(ctx, config, "destroy", "-auto-approve", fmt.Sprint("-parallelism=", parallelism))
	return []result{r, gone}, err
}

func atSpeed(speed float64, d time.Duration) time.Duration { return time.Duration(float64(d) / speed) }

// naively measures a client as one would first write it. Terraform's own part is added to it.
func (b *benchmark) naively(n int) row {
	name := fmt.Sprintf("naive client, count %d", n)
	return row{name, light, n, func(ctx context.Context, dir string) ([]result, error) {
		s, err := b.newSite(dir, paces[light], roundTrip, nil)
		if err != nil {
			return nil, err
		}
		defer s.close()
		client := s.naive()
		start := time.Now()
		if err := all(n, func(i int) error { return client.create(ctx, i) }); err != nil {
			return nil, err
		}
		r := result{name: name, speed: s.speed, floor: b.floorOf(n, n, s.speed), bound: boundByLoops}
		r.wall, r.stats = time.Since(start)+b.idle[n].apply, s.sim.Stats()
		return []result{r}, nil
	}}
}

// plans measures the plan of VMs that are there, at the portal's real pace. The floor is a detail of each, thirty at a
// time, which is what the portal bears; beside it stand what the plan costs without them, and reading them ten at a time.
func (b *benchmark) plans(n int) row {
	name := fmt.Sprintf("plan: `mdx_vm`, count %d", n)
	return row{name, alone, n, func(ctx context.Context, dir string) ([]result, error) {
		if err := b.makeState(ctx, dir, n); err != nil {
			return nil, err
		}
		s, err := b.newSite(dir, paces[alone], roundTrip, crowd(n))
		if err != nil {
			return nil, err
		}
		defer s.close()
		plan := func(what, bound string, floor time.Duration, args ...string) (result, error) {
			r := result{name: name + ", " + what, speed: s.speed, floor: floor, bound: bound}
			var err error
			r.usage, err = s.terraform(ctx, count(n, true), append([]string{"plan", "-detailed-exitcode"}, args...)...)
			return r, err
		}
		floor := time.Duration(n)*(detailAnswer+roundTrip)/30 + b.idle[n].plan
		ten, err := plan("parallelism 10", boundByDetails, floor)
		if err != nil {
			return nil, err
		}
		thirty, err := plan("parallelism 30", boundByDetails, floor, "-parallelism=30")
		if err != nil {
			return nil, err
		}
		still, err := plan("`-refresh=false`", boundByCore, b.idle[n].plan, "-refresh=false")
		if err != nil {
			return nil, err
		}
		before, start := s.sim.Stats(), time.Now()
		if err := s.naive().read(ctx); err != nil {
			return nil, err
		}
		each := result{name: fmt.Sprintf("naive plan, count %d", n), speed: s.speed, floor: floor, bound: boundByTen}
		each.wall, each.stats = time.Since(start)+b.idle[n].plan, difference(s.sim.Stats(), before)
		return []result{ten, thirty, still, each}, nil
	}}
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
