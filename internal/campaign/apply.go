package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// change is what a plan does to one resource.
type change struct {
	address         string
	config, planned tftypes.Value
	private         []byte
	id              *tfprotov6.ResourceIdentityData
	after           []string
	replace, none   bool
}

// plan plans one resource of the configuration against the state.
func (c *Core) plan(ctx context.Context, address string) (change, error) {
	was := c.was(address)
	filled, after := c.resolve(c.config[address].attributes)
	config := encode(c.typ(address), filled)
	p, err := c.planned(ctx, address, was, config)
	p.after = after
	if err != nil {
		return p, err
	}
	if !was.value.IsNull() && (was.tainted || p.replace) {
		p, err = c.planned(ctx, address, instance{value: tftypes.NewValue(c.typ(address), nil)}, config)
		p.after, p.replace = after, true
		return p, err
	}
	p.none = p.planned.Equal(was.value)
	return p, nil
}

func (c *Core) planned(ctx context.Context, address string, was instance, config tftypes.Value) (change, error) {
	prior := was.value
	p := change{address: address, config: config}
	computed := map[string]bool{}
	for _, a := range c.schema[typeOf(address)].Block.Attributes {
		computed[a.Name] = a.Computed
	}
	proposal, err := proposed(prior, config, func(name string) bool { return computed[name] })
	if err != nil {
		return p, err
	}
	request := &tfprotov6.PlanResourceChangeRequest{TypeName: typeOf(address), PriorPrivate: was.private, PriorIdentity: was.id}
	for to, value := range map[**tfprotov6.DynamicValue]tftypes.Value{
		&request.PriorState: prior, &request.ProposedNewState: proposal, &request.Config: config,
	} {
		if *to, err = dynamic(value); err != nil {
			return p, err
		}
	}
	valid, err := c.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: typeOf(address), Config: request.Config})
	if err != nil {
		return p, err
	}
	if err := c.hear("validate "+address, valid.Diagnostics); err != nil {
		return p, err
	}
	response, err := c.server.PlanResourceChange(ctx, request)
	if err != nil {
		return p, err
	}
	if err := c.hear("plan "+address, response.Diagnostics); err != nil {
		return p, err
	}
	p.planned, err = response.PlannedState.Unmarshal(c.typ(address))
	p.id = response.PlannedIdentity
	p.private, p.replace = response.PlannedPrivate, len(response.RequiresReplace) > 0
	return p, err
}

// run applies a change: config and planned null destroy.
func (c *Core) run(ctx context.Context, p change) error {
	if c.isGone() { // a dead run asks for nothing more
		return context.Canceled
	}
	was := c.was(p.address)
	request := &tfprotov6.ApplyResourceChangeRequest{TypeName: typeOf(p.address), PlannedPrivate: p.private, PlannedIdentity: p.id}
	var err error
	for to, value := range map[**tfprotov6.DynamicValue]tftypes.Value{
		&request.PriorState: was.value, &request.PlannedState: p.planned, &request.Config: p.config,
	} {
		if *to, err = dynamic(value); err != nil {
			return err
		}
	}
	response, err := c.server.ApplyResourceChange(ctx, request)
	if err != nil {
		return err
	}
	c.answers.pass()
	failed := c.hear("apply "+p.address, response.Diagnostics)
	after, err := response.NewState.Unmarshal(c.typ(p.address))
	if err != nil {
		return err
	}
	tainted := was.tainted && !p.planned.IsNull()
	if failed != nil && was.value.IsNull() {
		tainted = true // a create that failed with something in its hands
	}
	c.write(p.address, instance{after, response.Private, response.NewIdentity, tainted, p.after})
	if failed == nil && !p.planned.IsNull() {
		return c.keptPromise(p, after)
	}
	return failed
}

// keptPromise checks what Terraform checks after each apply: what was planned is what came.
func (c *Core) keptPromise(p change, after tftypes.Value) error {
	var planned, got map[string]tftypes.Value
	if err := p.planned.As(&planned); err != nil {
		return err
	}
	if after.IsNull() {
		return c.broken(p.address, "it is not there")
	}
	if err := after.As(&got); err != nil {
		return err
	}
	for name, value := range planned {
		if value.IsFullyKnown() && !value.Equal(got[name]) {
			return c.broken(p.address, fmt.Sprintf("%s was planned to be %s and is %s", name, value, got[name]))
		}
		if !got[name].IsFullyKnown() {
			return c.broken(p.address, name+" is unknown")
		}
	}
	return nil
}

// inconsistent is how a broken promise begins: what Terraform calls a bug of the provider.
const inconsistent = "inconsistent result after apply: "

func (c *Core) broken(address, what string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fails = append(c.fails, inconsistent+address+": "+what)
	return fmt.Errorf("%w: %s%s: %s", errSaid, inconsistent, address, what)
}

func (c *Core) destroy(ctx context.Context, address string) error {
	null := tftypes.NewValue(c.typ(address), nil)
	was := c.was(address)
	return c.run(ctx, change{address: address, config: null, planned: null, private: was.private, id: was.id})
}

// level is how far a type is from those that refer to nothing.
func level(address string) int {
	switch typeOf(address) {
	case "mdx_vm", "mdx_vm_group":
		return 0
	}
	return 1
}

// Apply is a terraform apply: what is not wanted any more, or is to be replaced, goes first, those that refer to others
// before these; then come the others, level by level.
func (c *Core) Apply(ctx context.Context) error {
	if err := c.takeIn(ctx); err != nil {
		return err
	}
	if !c.blind {
		if err := c.refresh(ctx); err != nil {
			return err
		}
	}
	doomed, still := map[string]bool{}, map[string]bool{}
	for _, address := range c.addresses() {
		if _, wanted := c.config[address]; !wanted {
			doomed[address] = true
		}
	}
	wanted := slices.Sorted(maps.Keys(c.config))
	for _, address := range wanted {
		if c.was(address).value.IsNull() || level(address) > 0 {
			continue
		}
		p, err := c.plan(ctx, address)
		if err != nil {
			return err
		}
		if p.replace {
			doomed[address] = true
		}
		still[address] = p.none
	}
	for _, address := range c.addresses() { // those that refer to what goes, go with it and come again
		if typeOf(address) == "mdx_network" && !doomed[address] {
			continue // changes in place, after the VM
		}
		if slices.ContainsFunc(c.was(address).after, func(on string) bool { return doomed[on] }) {
			doomed[address] = true
		}
	}
	parting := c.parting(doomed, still)
	for _, lvl := range []int{1, 0} {
		if err := all(at(lvl, slices.Sorted(maps.Keys(doomed))), func(a string) error { return c.destroy(ctx, a) }); err != nil {
			return err
		}
	}
	if err := all(at(0, wanted), func(a string) error { return c.settle(ctx, a) }); err != nil {
		return err
	}
	return all(append(at(1, wanted), parting...), func(a string) error {
		if _, stays := c.config[a]; !stays {
			return c.destroy(ctx, a)
		}
		return c.settle(ctx, a)
	})
}

func at(lvl int, addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return level(a) != lvl })
}

// settle makes one resource what the configuration says.
func (c *Core) settle(ctx context.Context, address string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p, err := c.plan(ctx, address)
	if err != nil || p.none {
		return err
	}
	if p.replace && !c.was(address).value.IsNull() {
		if err := c.destroy(ctx, address); err != nil {
			return err
		}
	}
	c.changes.pass()
	return c.run(ctx, p)
}

// Changes tells what a plan would do; empty for nothing.
func (c *Core) Changes(ctx context.Context) (string, error) {
	if err := c.refresh(ctx); err != nil {
		return "", err
	}
	var text strings.Builder
	for _, address := range c.addresses() {
		if _, wanted := c.config[address]; !wanted {
			text.WriteString(address + " would be destroyed\n")
		}
	}
	for address := range c.config {
		p, err := c.plan(ctx, address)
		if err != nil {
			return text.String(), err
		}
		if !p.none {
			fmt.Fprintf(&text, "%s (tainted %v, replaced %v):\n%s", address, c.was(address).tainted, p.replace, differs(c.was(address).value, p.planned))
		}
	}
	return text.String(), nil
}
