package mdx_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestPollAsksUntilCheckIsContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(200, `[]`))
		start, asked := time.Now(), 0
		told := 0
		err := client.Poll(t.Context(), "rule", "r", func(context.Context) (bool, error) {
			asked++
			return asked == 10, nil
		}, mdx.WithProgress(func(p mdx.Progress) {
			if told++; p.Operation != "rule" || p.Object != "r" {
				t.Errorf("told of %+v", p)
			}
		}))
		took := time.Since(start)
		if err != nil || asked != 10 || took < 9*2*time.Second || took > 9*4*time.Second || told == 0 {
			t.Errorf("%d checks in %s, told %d times: %v", asked, took, told, err)
		}
	})
}

func TestPollEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(200, `[]`))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := client.Poll(ctx, "rule", "r", func(context.Context) (bool, error) { return false, nil }, mdx.WithObject("my rule"))
		var cut *mdx.WaitError
		if !errors.As(err, &cut) || !errors.Is(err, context.DeadlineExceeded) || cut.Last.Elapsed != time.Minute ||
			!strings.Contains(err.Error(), `rule "my rule"`) {
			t.Errorf("err = %v", err)
		}
	})
}

// An outage is a pause. What the portal says is not.
func TestPollWaitsOutAnOutage(t *testing.T) {
	outage, taken := &mdx.Error{Status: http.StatusBadGateway}, errors.New("taken")
	for name, test := range map[string]struct {
		errs []error // one after the other, then content
		want error
	}{
		"short":                {[]error{outage, outage, outage, outage}, nil},
		"again and again":      {[]error{outage, outage, outage, nil, outage, outage, outage, nil, outage, outage}, nil},
		"long":                 {[]error{outage, outage, outage, outage, outage, nil}, outage},
		"an answer":            {[]error{taken}, taken},
		"an outage, an answer": {[]error{outage, taken}, taken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := scripted(t, says(200, `[]`))
				asked := 0
				err := client.Poll(t.Context(), "rule", "r", func(context.Context) (bool, error) {
					if asked++; asked <= len(test.errs) {
						return false, test.errs[asked-1]
					}
					return true, nil
				})
				if !errors.Is(err, test.want) {
					t.Errorf("after %d checks: %v", asked, err)
				}
			})
		})
	}
}

func TestPollSaysWhatTheLastOutageWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(200, `[]`))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := client.Poll(ctx, "rule", "r", func(context.Context) (bool, error) {
			return false, &mdx.Error{Op: "list rules", Status: http.StatusBadGateway}
		})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "list rules") {
			t.Errorf("err = %v", err)
		}
	})
}
