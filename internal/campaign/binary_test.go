//go:build unix

package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

var binarySeeds = flag.Int("binary-seeds", 0, "how many seeds to run with the real terraform, which TF_ACC_TERRAFORM_PATH names")

// installed builds the provider, and tells Terraform where it is.
var installed = sync.OnceValues(func() (cliConfig string, err error) {
	dir, err := os.MkdirTemp(os.Getenv("XDG_CACHE_HOME"), "plugin-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "terraform-provider-mdx"), "../..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	cliConfig = filepath.Join(dir, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides { \"nii-gakunin-cloud/mdx\" = %q }\n  direct {}\n}\n", dir)
	return cliConfig, os.WriteFile(cliConfig, []byte(text), 0o600)
})

func TestCampaignWithTheRealBinary(t *testing.T) {
	t.Parallel()
	with := clis(t)
	from, n := *first, uint64(*binarySeeds)
	if *seed != 0 {
		from, n = *seed, 1
	}
	for s := from; s < from+n; s++ {
		cli := with[s%uint64(len(with))]
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			t.Parallel()
			total.add("binary: seeds with "+cli.name, 1)
			newBinaryTrial(t, s, cli.path).run()
		})
	}
}

// cli is a Terraform.
type cli struct{ name, path string }

// clis are those that are to be tried: TF_ACC_TERRAFORM_PATH and MDX_CAMPAIGN_TOFU name them.
func clis(t *testing.T) (all []cli) {
	t.Helper()
	for name, path := range map[string]string{"terraform": os.Getenv("TF_ACC_TERRAFORM_PATH"), "tofu": os.Getenv("MDX_CAMPAIGN_TOFU")} {
		if path != "" {
			all = append(all, cli{name, path})
		}
	}
	if *binarySeeds == 0 || len(all) == 0 {
		t.Skip("asked for by make campaign")
	}
	slices.SortFunc(all, func(a, b cli) int { return strings.Compare(a.name, b.name) })
	return all
}

// binaryTrial is a seed with the real Terraform in a folder of its own.
type binaryTrial struct {
	*trial
	binary string
	dir    string
	front  *front
}

// binaryCourses keeps the courses apart from those in process.
const binaryCourses = 1 << 32

func newBinaryTrial(t *testing.T, seed uint64, binary string) *binaryTrial {
	t.Helper()
	b := &binaryTrial{trial: newTrial(t, seed, newScenario(seed+binaryCourses).widened(seed+binaryCourses)), binary: binary, dir: t.TempDir()}
	b.front = &front{sim: b.sim, left: -1}
	server := httptest.NewServer(b.front)
	t.Cleanup(server.Close)
	b.front.url = server.URL
	b.journal = filepath.Join(b.dir, ".terraform", "mdx-journal")
	return b
}

func (b *binaryTrial) run() {
	for step := range 1 + b.random.IntN(2) {
		b.next()
		b.round(step)
	}
	b.clear()
	b.round(99)
	total.add("binary: seeds", 1)
	for kind, n := range b.sim.Stats().Faults {
		total.add("binary: fault "+string(kind), n)
	}
	total.add("binary: VMs deployed", b.sim.Stats().Deployed)
}

// round applies a configuration under fire, and then in peace.
func (b *binaryTrial) round(step int) {
	b.write(b.wanted())
	faults := slices.DeleteFunc(mdxsim.SeededFaults(int64(b.seed)*100+int64(step)), func(f mdxsim.Fault) bool {
		return f.Kind == mdxsim.NoAddress // it never heals, whatever anybody does
	})
	if err := b.sim.SetFaults(faults); err != nil {
		b.t.Fatal(err)
	}
	b.underFire(step)
	if err := b.sim.SetFaults(nil); err != nil {
		b.t.Fatal(err)
	}
	b.converge(step)
	b.compare(step)
	b.judge(step)
}

// converge applies until nothing is left to do.
func (b *binaryTrial) converge(step int) {
	b.t.Helper()
	const most = 4
	for n := 1; ; n++ {
		out, err := b.terraform("apply", "-auto-approve").run()
		if err == nil {
			out, err = b.terraform("plan", "-detailed-exitcode").run()
		}
		if err == nil {
			total.add("binary: applies to converge", n)
			return
		}
		if n == most {
			b.t.Fatalf("step %d: %d applies in peace did not suffice: %v\n%s", step, n, err, out)
		}
	}
}

// write is the configuration as JSON.
func (b *binaryTrial) write(wanted map[string]resource) {
	resources := map[string]map[string]any{}
	for address, r := range wanted {
		attributes := replaced(r.attributes, func(r reference) any {
			return fmt.Sprintf("%s${%s.%s}%s", r.before, r.address, r.attribute, r.behind)
		})
		kind, name, _ := strings.Cut(address, ".")
		if resources[kind] == nil {
			resources[kind] = map[string]any{}
		}
		resources[kind][name] = attributes
	}
	config := map[string]any{
		"terraform": object{"required_providers": object{"mdx": object{"source": "nii-gakunin-cloud/mdx"}}},
		"provider":  object{"mdx": object{"endpoint": b.front.url, "project_name": "demo", "poll_interval": "25ms", "request_timeout": "10s", "ssh": object{"timeout": "5s"}}},
	}
	if len(resources) > 0 {
		config["resource"] = resources
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(b.dir, "main.tf.json"), text, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// command is a terraform at work.
type command struct {
	*exec.Cmd
	t   *testing.T
	out bytes.Buffer
}

func (b *binaryTrial) terraform(args ...string) *command {
	b.t.Helper()
	cli, err := installed()
	if err != nil {
		b.t.Fatal(err)
	}
	c := &command{Cmd: exec.Command(b.binary, append(args, "-no-color", "-input=false")...), t: b.t}
	c.Dir = b.dir
	c.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MDX_") || strings.HasPrefix(v, "TF_") }),
		"TF_CLI_CONFIG_FILE="+cli, "CHECKPOINT_DISABLE=1", "MDX_API_TOKEN="+b.token, "MDX_JOURNAL_DIR="+b.journal, "MDX_SSH_PRIVATE_KEY="+privateKey)
	c.Stdout, c.Stderr = &c.out, &c.out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.WaitDelay = 100 * time.Millisecond // a provider that outlives its Terraform holds the output open
	return c
}

func (c *command) run() (string, error) {
	err := c.Run()
	out := c.out.String()
	if hasSecret(out) {
		c.t.Errorf("a secret was said:\n%s", out)
	}
	if strings.Contains(out, "panic:") || strings.Contains(out, "inconsistent result") || strings.Contains(out, "plugin crashed") {
		c.t.Errorf("a bug of the provider:\n%s", out)
	}
	return out, err
}

// underFire applies, and something strikes it.
func (b *binaryTrial) underFire(step int) {
	kinds := []string{
		"SIGINT", "SIGINT twice", "SIGTERM to all", "SIGKILL of Terraform", "SIGKILL of Terraform", "SIGKILL of the provider",
		"SIGKILL of both, clock jump", "network lost", "token revoked", "full disk",
	}
	kind, nth, late := kinds[b.random.IntN(len(kinds))], b.random.IntN(6), b.random.IntN(2) == 0
	if b.more.IntN(3) == 0 {
		nth = b.more.IntN(40)
	}
	b.t.Logf("step %d: %s at write %d (late %v)", step, kind, nth, late)
	home := b.journal
	if kind == "full disk" {
		b.journal = "/dev/null/full"
		total.add("binary: strike: "+kind, 1)
	}
	c := b.terraform("apply", "-auto-approve")
	send := func(signal syscall.Signal, to int) { _ = syscall.Kill(to, signal) } // perhaps it has ended
	b.heard.Store(b.front)
	b.front.at(nth, late, func() {
		if kind == "full disk" {
			return
		}
		total.add("binary: strike: "+kind, 1)
		pid := c.Process.Pid
		switch kind {
		case "SIGINT":
			send(syscall.SIGINT, -pid)
		case "SIGINT twice":
			send(syscall.SIGINT, -pid)
			time.AfterFunc(50*time.Millisecond, func() { send(syscall.SIGINT, -pid) })
		case "SIGTERM to all":
			send(syscall.SIGTERM, -pid)
		case "SIGKILL of Terraform":
			send(syscall.SIGKILL, pid)
		case "SIGKILL of the provider":
			for _, child := range childrenOf(pid) {
				send(syscall.SIGKILL, child)
			}
		case "SIGKILL of both, clock jump":
			killBoth(pid)
		case "token revoked":
			b.sim.ExpireTokens()
		case "network lost":
			b.front.cut()
			time.AfterFunc(200*time.Millisecond, b.front.mend)
		}
	})
	had := b.stateFile()
	out, err := c.run2(kind)
	if len(had) > 0 && !json.Valid(b.stateFile()) {
		b.restoreState(kind, had)
	}
	b.front.at(-1, false, nil)
	b.front.mend()
	b.journal = home
	switch kind {
	case "token revoked":
		b.token = b.sim.IssueToken()
	case "SIGKILL of both, clock jump":
		b.jump(time.Duration(nth-4) * time.Hour)
	}
	if err != nil && !strings.Contains(out, "Error") && !strings.Contains(kind, "SIG") {
		b.t.Errorf("%v without a word:\n%s", err, out)
	}
}

// stateFile is the state on the disk; empty if there is none.
func (b *binaryTrial) stateFile() []byte {
	text, err := os.ReadFile(filepath.Join(b.dir, "terraform.tfstate"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Error(err)
	}
	return text
}

// restoreState does what a person does whose Terraform was killed while it wrote its state file, which is then empty or
// cut off, and who has the file as it was: no provider can help that.
func (b *binaryTrial) restoreState(kind string, had []byte) {
	if err := os.WriteFile(filepath.Join(b.dir, "terraform.tfstate"), had, 0o600); err != nil {
		b.t.Fatal(err)
	}
	total.add("binary: state file cut off by Terraform itself at "+kind, 1)
	b.t.Log("  Terraform left a state file that is empty or cut off")
}

// run2 is run, but for a provider that was killed: Terraform says that its plugin crashed then.
func (c *command) run2(kind string) (string, error) {
	if kind != "SIGKILL of the provider" && kind != "SIGKILL of both, clock jump" {
		return c.run()
	}
	err := c.Run()
	return c.out.String(), err
}

// killBoth kills Terraform and its providers. Terraform goes first: one that sees its provider gone writes its state.
func killBoth(pid int) {
	for _, process := range append([]int{pid}, childrenOf(pid)...) {
		_ = syscall.Kill(process, syscall.SIGKILL) // perhaps it has ended
	}
}

// childrenOf lists the processes that a process has started.
func childrenOf(pid int) (children []int) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		for field := range strings.FieldsSeq(string(text)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// compare takes Terraform's state for the trial's check.
func (b *binaryTrial) compare(step int) {
	var state struct {
		Values struct {
			Root struct {
				Resources []struct {
					Address string `json:"address"`
					Values  struct {
						ID        string   `json:"id"`
						RuleIDs   []string `json:"rule_ids"`
						Container string   `json:"container_id"`
						Triggers  struct {
							VM string `json:"vm"`
						} `json:"triggers"`
						Members []struct {
							ID string `json:"id"`
						} `json:"members"`
					} `json:"values"`
				} `json:"resources"`
			} `json:"root_module"`
		} `json:"values"`
	}
	text, err := os.ReadFile(filepath.Join(b.dir, "terraform.tfstate"))
	if err != nil || hasSecret(string(text)) {
		b.t.Errorf("the state has a secret, or can't be read: %v", err)
	}
	show := b.terraform("show", "-json")
	show.WaitDelay = 0 // nobody kills this one, so its provider ends with it
	show.Args = slices.DeleteFunc(show.Args, func(a string) bool { return a == "-input=false" })
	var errs bytes.Buffer
	show.Stderr = &errs
	if err := show.Run(); err != nil {
		b.t.Fatal(err, errs.String())
	}
	if err := json.Unmarshal(show.out.Bytes(), &state); err != nil {
		b.t.Fatal(err)
	}
	k := newKnown()
	for _, r := range state.Values.Root.Resources {
		switch typeOf(r.Address) {
		case "mdx_vm":
			k.vms = append(k.vms, r.Values.ID)
		case "mdx_vm_group":
			for _, m := range r.Values.Members {
				k.vms = append(k.vms, m.ID)
			}
		case "mdx_network":
			k.rules = append(k.rules, r.Values.RuleIDs...)
		case "mdx_container_host":
			k.containers[r.Values.Triggers.VM] = []string{r.Values.Container}
		default:
			k.rules = append(k.rules, r.Values.ID)
		}
	}
	b.checkAgainst(step, k)
	if _, err := journal.At(b.journal).Entries(); err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Error(err)
	}
}
