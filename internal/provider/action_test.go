package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// invoke plans and invokes an action over the protocol, and answers the progress that it told and its diagnostics.
func (p *plugin) invoke(action string, config attributes) (progress []string, diagnostics string) {
	p.t.Helper()
	server, ok := p.server.(tfprotov6.ActionServer)
	if !ok {
		p.t.Fatal("the provider has no actions")
	}
	schemas, err := p.server.GetProviderSchema(p.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	block := p.dynamic(schemas.ActionSchemas[action].Schema.ValueType(), config)
	validated, err := server.ValidateActionConfig(p.t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: action, Config: block})
	if err != nil {
		p.t.Fatal(err)
	}
	planned, err := server.PlanAction(p.t.Context(), &tfprotov6.PlanActionRequest{ActionType: action, Config: block})
	if err != nil {
		p.t.Fatal(err)
	}
	if refused := said(validated.Diagnostics) + said(planned.Diagnostics); refused != "" {
		return nil, refused
	}
	stream, err := server.InvokeAction(p.t.Context(), &tfprotov6.InvokeActionRequest{ActionType: action, Config: block})
	if err != nil {
		p.t.Fatal(err)
	}
	completed := false
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			completed, diagnostics = true, said(event.Diagnostics)
		}
	}
	if !completed {
		p.t.Error("the action did not say that it is done")
	}
	return progress, diagnostics
}

func TestActionsRestartAVM(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"reboot", "reset"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			state := p.make(smallVM(nil))
			route := "POST /api/vm/{vm}/" + verb + "/"
			progress, said := p.invoke("mdx_vm_"+verb, attributes{"vm_id": state["id"]})
			if said != "" || w.asked(route) != 1 {
				t.Errorf("%d requests: %s", w.asked(route), said)
			}
			if len(progress) != 2 || progress[1] != `VM "web" runs again` {
				t.Errorf("told %q", progress)
			}

			w.FailNextTasks(1)
			if _, said := p.invoke("mdx_vm_"+verb, attributes{"vm_id": state["id"]}); !strings.Contains(said, "Could not "+verb+` VM "web"`) {
				t.Errorf("a task that failed: %s", said)
			}

			// Whether the portal did it is told by its history, not by asking again.
			before := w.asked(route)
			if err := w.SetFaults([]mdxsim.Fault{{Route: route, Nth: 1, Kind: mdxsim.ResetAfter}}); err != nil {
				t.Fatal(err)
			}
			if _, said := p.invoke("mdx_vm_"+verb, attributes{"vm_id": state["id"]}); said != "" || w.asked(route) != before+1 {
				t.Errorf("an answer that was lost: %d requests, %s", w.asked(route)-before, said)
			}
		})
	}
}

func TestActionsRefuse(t *testing.T) {
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Deallocate: -1}}) // off stays PowerOFF
	p := w.plugin(t)
	stopped := p.make(smallVM(attributes{"power_state": "stopped"}))
	for name, test := range map[string]struct {
		action string
		config attributes
		want   string
	}{
		"a VM that is off":      {"mdx_vm_reboot", attributes{"vm_id": stopped["id"]}, `VM "web" is PowerOFF, so there is nothing to reboot.`},
		"a VM that is not":      {"mdx_vm_reset", attributes{"vm_id": "nothing"}, `no VM with the id "nothing"`},
		"an empty id":           {"mdx_vm_reset", attributes{"vm_id": ""}, `string length must be at least 1`},
		"a project that is not": {"mdx_synchronize", attributes{"project_id": "nothing"}, "Could not synchronize the project"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, said := p.invoke(test.action, test.config); !strings.Contains(said, test.want) {
				t.Errorf("said %q, want %q", said, test.want)
			}
		})
	}
	for _, verb := range []string{"reboot", "reset"} {
		if w.asked("POST /api/vm/{vm}/"+verb+"/") > 0 {
			t.Errorf("%s was asked for all the same", verb)
		}
	}
}

func TestActionSynchronizes(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	progress, said := w.plugin(t).invoke("mdx_synchronize", attributes{})
	if said != "" || len(progress) != 1 || w.asked("POST /api/vm/synchronize/project/{project}/") != 1 {
		t.Errorf("told %q, said %s", progress, said)
	}
}
