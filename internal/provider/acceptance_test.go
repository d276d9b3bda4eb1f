package provider_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// world is a portal of its own for one acceptance test.
type world struct {
	*mdxsim.Sim
	endpoint string
}

// startWorld starts a simulated portal that lives as long as the test, so fast that the portal's minutes are tens of
// milliseconds.
func startWorld(tb testing.TB, cfg mdxsim.Config) *world {
	tb.Helper()
	if cfg.Speed == 0 {
		cfg.Speed = 4000
	}
	sim, err := mdxsim.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	tb.Cleanup(func() {
		server.Close()
		sim.Close()
	})
	return &world{Sim: sim, endpoint: server.URL}
}

// config puts the provider block for this portal in front of a configuration.
func (w *world) config(body string) string {
	return fmt.Sprintf(`
provider "mdx" {
  endpoint      = %q
  token         = "demo"
  project_name  = "demo"
  poll_interval = "25ms"
}
`, w.endpoint) + body
}

// providers is the provider under test, in this process.
func providers() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"mdx": func() (tfprotov6.ProviderServer, error) { return provider.NewServer("test")(), nil },
	}
}

// vm writes attributes as the configuration of mdx_vm.test, with the provider block for this portal in front.
func (w *world) vm(a attributes) string {
	var b strings.Builder
	b.WriteString("resource \"mdx_vm\" \"test\" {\n")
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name] != nil {
			fmt.Fprintf(&b, "  %s = %s\n", name, inHCL(a[name]))
		}
	}
	b.WriteString("}\n")
	return w.config(b.String())
}

func inHCL(value any) string {
	switch value := value.(type) {
	case string:
		return strconv.Quote(value)
	case attributes:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, name+" = "+inHCL(value[name]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case []any:
		var parts []string
		for _, element := range value {
			parts = append(parts, inHCL(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// machine is the portal's own idea of a VM; nil if it has none of that name.
func (w *world) machine(name string) *mdxsim.VM {
	for _, organisation := range w.World().Organisations {
		for _, project := range organisation.Projects {
			for _, vm := range project.VMs {
				if vm.Name == name {
					return &vm
				}
			}
		}
	}
	return nil
}

// known expects the plan to tell an attribute of a resource.
func known(address, attribute string) plancheck.PlanCheck { return isKnown{address, attribute} }

type isKnown struct{ address, attribute string }

// CheckPlan looks for the attribute among those that are not known.
func (c isKnown) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != c.address {
			continue
		}
		if open, ok := change.Change.AfterUnknown.(map[string]any); ok && open[c.attribute] == true {
			resp.Error = fmt.Errorf("the plan leaves %s of %s open", c.attribute, c.address)
		}
		return
	}
	resp.Error = fmt.Errorf("the plan has no %s", c.address)
}

// asked is how many requests of a route the portal has had.
func (w *world) asked(route string) int { return w.Stats().Routes[route] }

// changesOnly expects the plan of an update to change just these attributes of a resource.
func changesOnly(address string, attributes ...string) plancheck.PlanCheck {
	return isChange{address, attributes}
}

type isChange struct {
	address    string
	attributes []string
}

// CheckPlan compares before and after.
func (c isChange) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != c.address {
			continue
		}
		before, _ := change.Change.Before.(map[string]any)
		after, _ := change.Change.After.(map[string]any)
		for name, value := range after {
			if !reflect.DeepEqual(before[name], value) != slices.Contains(c.attributes, name) {
				resp.Error = errors.Join(resp.Error, fmt.Errorf("%s goes from %v to %v", name, before[name], value))
			}
		}
	}
}
