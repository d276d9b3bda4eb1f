package portal

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// runs is a portal and a folder, for one run of Terraform after the other.
type runs struct {
	*mdxsim.Sim
	t        *testing.T
	endpoint string
}

const leftProject = mdx.ProjectID("7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d01")

func newRuns(t *testing.T, cfg mdxsim.Config) *runs {
	t.Helper()
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	cfg.Speed = 1000
	sim, err := mdxsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return &runs{sim, t, server.URL}
}

// run begins a run; killed ends it.
func (r *runs) run() *Portal {
	r.t.Helper()
	p, err := New(Config{Config: mdx.Config{
		Endpoint: r.endpoint, Token: "demo", PollInterval: 20 * time.Millisecond, RequestTimeout: 2 * time.Minute, MaxRetries: 4,
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// killed leaves behind what it has written, as the end of a process does.
func (r *runs) killed(p *Portal) {
	r.t.Helper()
	if err := p.journal.Close(); err != nil {
		r.t.Error(err)
	}
}

// ordered is an order that the portal accepts.
func (r *runs) ordered(p *Portal, name string) VMOrder {
	r.t.Helper()
	catalogs, err := p.Catalogs(r.t.Context(), leftProject)
	if err != nil {
		r.t.Fatal(err)
	}
	segments, err := p.Segments(r.t.Context(), leftProject)
	if err != nil {
		r.t.Fatal(err)
	}
	return VMOrder{Project: leftProject, Name: name, Deploy: mdx.DeployRequest{
		Project: leftProject, VMName: name, Catalog: catalogs[0].ID, TemplateName: catalogs[0].TemplateName,
		OSType: catalogs[0].OSType, DiskGB: 40, PackType: mdx.PackCPU, PackNum: 1, ServiceLevel: mdx.Spot,
		StorageNetwork: mdx.PortGroup, NetworkAdapters: []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: segments[0].ID}},
		SharedKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W me", PowerOn: true,
	}}
}

// note writes what a run writes before it sends, and answers what to note the outcome with.
func (r *runs) note(p *Portal, o VMOrder) mdx.Record {
	r.t.Helper()
	record, err := p.journal.Begin(mdx.Order{
		Operation: "deploy VM", Project: o.Project, Names: []string{o.Name}, Digest: o.digest(), Asked: p.Now(),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return record
}

// client is one that tells no journal.
func (r *runs) client() *mdx.Client {
	r.t.Helper()
	client, err := mdx.New(mdx.Config{Endpoint: r.endpoint, Token: "demo", PollInterval: 20 * time.Millisecond, LockDir: r.t.TempDir()})
	if err != nil {
		r.t.Fatal(err)
	}
	return client
}

// accepted deploys, and notes the portal's answer.
func (r *runs) accepted(record mdx.Record, o VMOrder) {
	r.t.Helper()
	tasks, err := r.client().Deploy(r.t.Context(), o.Deploy)
	if err == nil {
		err = record.Accepted(tasks)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// send deploys without a word to the journal, and waits until the VM is listed.
func (r *runs) send(o VMOrder) mdx.VMID {
	r.t.Helper()
	client := r.client()
	if _, err := client.Deploy(r.t.Context(), o.Deploy); err != nil {
		r.t.Fatal(err)
	}
	vm, err := client.WaitVMNamed(r.t.Context(), o.Project, o.Name)
	if err != nil {
		r.t.Fatal(err)
	}
	return vm.ID
}

// vms are the VMs of a name that the world has.
func (r *runs) vms(name string) (ids []mdx.VMID) {
	for _, vm := range r.World().Organisations[0].Projects[0].VMs {
		if vm.Name == name {
			ids = append(ids, mdx.VMID(vm.UUID))
		}
	}
	return ids
}

// journaled tells how many entries there are about a VM.
func (r *runs) journaled(p *Portal, name string) int {
	r.t.Helper()
	entries, err := p.journal.About(p.journal.key(leftProject, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return len(entries)
}

// takesUp checks that the next run takes up one VM, and makes none.
func (r *runs) takesUp(name string, want mdx.VMID, change func(*VMOrder)) VMCreation {
	r.t.Helper()
	next := r.run()
	o := r.ordered(next, name)
	if change != nil {
		change(&o)
	}
	before := r.Stats().Deployed
	made, err := next.CreateVM(r.t.Context(), o)
	if err != nil || made.ID == "" || want != "" && made.ID != want {
		r.t.Fatalf("%+v, want %s; %v", made, want, err)
	}
	if made.Continued == "" {
		r.t.Error("it is not said that the VM was adopted")
	}
	if now := r.Stats().Deployed; now != before || len(r.vms(name)) != 1 {
		r.t.Errorf("%d more were deployed; there are %v", now-before, r.vms(name))
	}
	return made
}

// makesAnew checks that the next run makes the VM "web".
func (r *runs) makesAnew() {
	r.t.Helper()
	const name = "web"
	next := r.run()
	made, err := next.CreateVM(r.t.Context(), r.ordered(next, name))
	if err != nil || made.Continued != "" {
		r.t.Fatalf("%+v; %v", made, err)
	}
	if vms := r.vms(name); !slices.Equal(vms, []mdx.VMID{made.ID}) {
		r.t.Errorf("there are %v, and %s was made", vms, made.ID)
	}
	if n := r.journaled(next, name); n != 1 {
		r.t.Errorf("%d entries, want the new one only", n)
	}
}

// refuses checks that the next run neither makes nor takes up the VM "web", and says why and how to go on.
func (r *runs) refuses(want ...string) {
	r.t.Helper()
	const name = "web"
	next := r.run()
	before := r.Stats().Deployed
	made, err := next.CreateVM(r.t.Context(), r.ordered(next, name))
	taken, ok := errors.AsType[*NameTakenError](err)
	if !ok || made.ID != "" {
		r.t.Fatalf("%+v; %v", made, err)
	}
	for _, want := range append(want, name, "terraform import", string(r.vms(name)[0])) {
		if !strings.Contains(taken.Error(), want) {
			r.t.Errorf("%q lacks %q", taken, want)
		}
	}
	if now := r.Stats().Deployed; now != before {
		r.t.Error("another was deployed")
	}
}
