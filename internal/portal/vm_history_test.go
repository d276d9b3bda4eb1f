package portal

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestAMarkInTheHistoryTellsWhatCameLater(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	whole := historyMark{known: map[mdx.TaskID]bool{"t-1": true}}
	page := historyMark{known: map[mdx.TaskID]bool{"t-1": true}, since: noon}
	for name, test := range map[string]struct {
		mark historyMark
		task mdx.Task
		want bool
	}{
		"no task at all":               {whole, mdx.Task{}, false},
		"it was there":                 {page, mdx.Task{ID: "t-1", Start: noon.Add(time.Hour)}, false},
		"it was not":                   {whole, mdx.Task{ID: "t-2", Start: noon.Add(-time.Hour)}, true},
		"it came later":                {page, mdx.Task{ID: "t-2", Start: noon.Add(time.Second)}, true},
		"in the same second":           {page, mdx.Task{ID: "t-2", Start: noon}, true},
		"before what the mark goes to": {page, mdx.Task{ID: "t-0", Start: noon.Add(-time.Second)}, false},
	} {
		if got := test.mark.after(test.task); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestAMarkIsAPageOfTheHistoryHoweverLongThatIs(t *testing.T) {
	p, sim := simulated(t, mdxsim.Config{}, nil)
	vm := sim.World().Organisations[0].Projects[0].VMs[0]
	target := VMTarget{Project: demoProject, ID: mdx.VMID(vm.UUID)}
	if mark := p.historyMark(t.Context(), target); !mark.since.IsZero() {
		t.Errorf("the whole history begins at %s", mark.since)
	}
	var last []mdx.TaskID
	for i := range markLength + 1 {
		var err error
		if last, err = p.Rename(t.Context(), target.ID, "renamed-"+strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Await(t.Context(), "the history to show the last rename", func() (bool, error) {
		for task, err := range p.VMHistory(t.Context(), target.ID, mdx.HistoryFilter{}) {
			if err != nil || slices.Contains(last, task.ID) {
				return err == nil, err
			}
		}
		return false, nil
	}); err != nil {
		t.Fatal(err)
	}
	before := sim.Stats().Requests
	mark := p.historyMark(t.Context(), target)
	if len(mark.known) != markLength || mark.since.IsZero() || sim.Stats().Requests != before+1 {
		t.Errorf("%d tasks since %s, %d requests", len(mark.known), mark.since, sim.Stats().Requests-before)
	}
	if task, err := p.lastTask(t.Context(), target.ID); err != nil || mark.after(task) {
		t.Errorf("%s is no news", task.ID)
	}
}
