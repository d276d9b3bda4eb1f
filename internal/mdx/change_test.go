package mdx_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

var (
	errLost    = &mdx.Error{Op: "create rule", Method: http.MethodPost, Ambiguous: true, Err: errors.New("connection reset")}
	errRefused = &mdx.Error{Op: "create rule", Method: http.MethodPost, Status: http.StatusBadRequest}
	errAbsent  = &mdx.Error{Op: "delete rule", Method: http.MethodDelete, Status: http.StatusNotFound}
	errOutage  = &mdx.Error{Op: "list rules", Method: http.MethodGet, Status: http.StatusBadGateway}
	errTaken   = errors.New("somebody else has it")
)

// fate is what becomes of a change.
type fate struct {
	answers []error       // of the requests; the last is repeated
	does    int           // the request that is carried out, from 1; 0: none
	after   time.Duration // until it shows
	looking error         // what every look ends in

	sent, looks int
	shows       time.Time
}

func (f *fate) send(context.Context) (string, error) {
	if f.sent++; f.sent == f.does {
		f.shows = time.Now().Add(f.after)
	}
	return "answered", f.answers[min(f.sent, len(f.answers))-1]
}

func (f *fate) look(context.Context) (string, bool, error) {
	f.looks++
	return "seen", past(f.shows), f.looking
}

func TestAChangeIsSentAgainOnlyWhereNothingCameOfIt(t *testing.T) {
	const late = mdx.DefaultRequestTimeout + 10*mdx.DefaultPollInterval
	for name, test := range map[string]struct {
		fate   fate
		change mdx.Change[string]
		made   string
		err    error
		sent   int
		looked bool
	}{
		"accepted":                          {fate: fate{answers: []error{nil}}, made: "answered", sent: 1},
		"accepted, and shown":               {fate: fate{answers: []error{nil}, does: 1, after: time.Hour}, change: mdx.Change[string]{Await: true}, made: "seen", sent: 1, looked: true},
		"refused":                           {fate: fate{answers: []error{errRefused}}, err: errRefused, sent: 1},
		"lost, and carried out":             {fate: fate{answers: []error{errLost}, does: 1}, made: "seen", sent: 1, looked: true},
		"lost, and carried out late":        {fate: fate{answers: []error{errLost}, does: 1, after: late - time.Second}, made: "seen", sent: 1, looked: true},
		"lost, and then accepted":           {fate: fate{answers: []error{errLost, nil}, does: 2}, made: "answered", sent: 2, looked: true},
		"lost twice":                        {fate: fate{answers: []error{errLost}, does: 2}, made: "seen", sent: 2, looked: true},
		"lost each time":                    {fate: fate{answers: []error{errLost}}, err: errLost, sent: 3, looked: true},
		"lost, not to be sent again":        {fate: fate{answers: []error{errLost}}, change: mdx.Change[string]{Sends: 1}, err: errLost, sent: 1, looked: true},
		"lost, and then refused for itself": {fate: fate{answers: []error{errLost, errRefused}, does: 1, after: late + time.Minute}, made: "seen", sent: 2, looked: true},
		"lost, and then refused":            {fate: fate{answers: []error{errLost, errRefused}}, err: errRefused, sent: 2, looked: true},
		"lost, and somebody else's":         {fate: fate{answers: []error{errLost}, looking: errTaken}, err: errTaken, sent: 1, looked: true},
		"lost in an outage":                 {fate: fate{answers: []error{errLost}, looking: errOutage}, err: errLost, sent: 1, looked: true},
		"removal, absent":                   {fate: fate{answers: []error{errAbsent}, does: 1}, change: removal, made: "seen", sent: 1, looked: true},
		"removal, denied and there":         {fate: fate{answers: []error{errAbsent, errAbsent, errAbsent, errAbsent, nil}, does: 5, after: time.Minute}, change: removal, made: "seen", sent: 5, looked: true},
		"removal, refused":                  {fate: fate{answers: []error{errRefused}}, change: removal, err: errRefused, sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := scripted(t, says(200, `[]`))
				f, change := test.fate, test.change
				change.What, change.Object, change.Send, change.Look = "rule", "r", f.send, f.look
				made, err := change.Do(t.Context(), client)
				if made != test.made || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
					t.Errorf("%q, %v", made, err)
				}
				if f.sent != test.sent || (f.looks > 0) != test.looked {
					t.Errorf("sent %d times, %d looks", f.sent, f.looks)
				}
				if unknown := errors.Is(err, errLost); unknown != mdx.IsAmbiguous(err) {
					t.Errorf("ambiguous = %t: %v", !unknown, err)
				}
			})
		})
	}
}

var removal = mdx.Change[string]{Repeatable: true, Await: true, Doubtful: mdx.IsNotFound}

func TestAChangeEndsWithItsContext(t *testing.T) {
	for name, test := range map[string]struct {
		change mdx.Change[string]
		answer error
	}{
		"lost":                         {answer: errLost},
		"accepted, and never shown":    {change: mdx.Change[string]{Await: true}},
		"a removal that is denied":     {change: removal, answer: errAbsent},
		"a removal that never happens": {change: removal},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := scripted(t, says(200, `[]`))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				f := fate{answers: []error{test.answer}}
				change := test.change
				change.What, change.Object, change.Send, change.Look = "rule", "r", f.send, f.look
				start := time.Now()
				_, err := change.Do(ctx, client)
				var cut *mdx.WaitError
				if !errors.As(err, &cut) || time.Since(start) != time.Minute || test.answer != nil && !errors.Is(err, test.answer) {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		})
	}
}

// A window of its own, as for changes of a VM, whose history shows what came of them.
func TestAChangeMayBeKnownToShowSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(200, `[]`))
		f := fate{answers: []error{errLost}}
		start := time.Now()
		change := mdx.Change[string]{Send: f.send, Look: f.look, Sends: 2, ShowsWithin: 20 * mdx.DefaultPollInterval}
		if _, err := change.Do(t.Context(), client); !mdx.IsAmbiguous(err) || f.sent != 2 {
			t.Errorf("sent %d times: %v", f.sent, err)
		}
		if took := time.Since(start); took < 200*time.Second || took > 210*time.Second {
			t.Errorf("looked for %s", took)
		}
	})
}
