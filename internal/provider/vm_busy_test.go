package provider_test

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// A run that ended in the middle may leave the portal at work on a VM, and the portal bears one task on a VM at a time.
// What the next run asks for is refused then, and asked for again once the portal is through.
func TestWhatThePortalIsAtWorkOnIsWaitedForByTheNextRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		takes  mdxsim.Durations
		change attributes // nil: the VM is destroyed
	}{
		"rename":      {mdxsim.Durations{Rename: eternity}, attributes{"name": "web2"}},
		"shutdown":    {mdxsim.Durations{Shutdown: eternity}, attributes{"pack_num": 4}},
		"reconfigure": {mdxsim.Durations{Reconfigure: eternity}, attributes{"pack_num": 4}},
		"power_on":    {mdxsim.Durations{PowerOn: eternity}, attributes{"pack_num": 4}},
		"power_off":   {mdxsim.Durations{PowerOff: eternity}, nil},
		"destroy":     {mdxsim.Durations{Destroy: eternity}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Durations: test.takes})
			p := w.plugin(t)
			config := smallVM(attributes{"allow_stopping_for_update": true})
			made := p.make(config)
			plan := planned{prior: made}
			if test.change != nil {
				maps.Copy(config, test.change)
				plan = p.plan(made, config)
			}
			asked := func() int { return w.asked("POST /api/vm/{vm}/" + name + "/") }
			left, _ := p.interrupted(plan, func() bool { return asked() > 0 })
			var over atomic.Bool
			var portal sync.WaitGroup
			portal.Go(func() {
				for served := 1; !over.Load(); served = asked() {
					until(t, func() bool { return asked() > served || over.Load() })
					looks := w.Stats().Requests + 20 // what is refused is seen to be
					until(t, func() bool { return w.Stats().Requests > looks || over.Load() })
					w.Advance(2 * eternity)
				}
			})
			defer portal.Wait()
			defer over.Store(true)
			if test.change == nil {
				if after, said := p.destroy(left); after != nil || said != "" || w.machine("web") != nil {
					t.Errorf("%v is left: %s", after, said)
				}
				return
			}
			after := p.converge(left, config)
			if vm := w.machine(fmt.Sprint(config["name"])); after["id"] != made["id"] || vm.UUID != made["id"] || vm.Status != mdxsim.PowerOn {
				t.Errorf("the VM is %+v", vm)
			}
			if w.asked("POST /api/vm/{vm}/power_off/") > 0 {
				t.Error("the power was cut of a VM that was shutting down")
			}
			if stops := w.asked("POST /api/vm/{vm}/shutdown/"); name == "rename" && stops > 0 {
				t.Error("a VM was shut down for a name that it was being given")
			}
		})
	}
}
