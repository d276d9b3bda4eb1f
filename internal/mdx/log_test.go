package mdx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// journal is everything a logger was told, as text.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) log(_ context.Context, level mdx.LogLevel, msg string, fields map[string]any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprint(level, " ", msg, " ", fields))
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, "\n")
}

const secretToken = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJlLW9mLWl0"

func TestNoSecretReachesLogOrError(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []reply
		do      func(context.Context, *mdx.Client) error
	}{
		"a refresh": {
			[]reply{says(200, `{"token":"new-secret"}`)},
			func(ctx context.Context, c *mdx.Client) error { return c.RefreshToken(ctx) },
		},
		"a refresh that echoes the token": {
			[]reply{says(400, `{"token":["`+secretToken+` is invalid"],"detail":"bad new-secret `+secretToken+`"}`)},
			func(ctx context.Context, c *mdx.Client) error { return c.RefreshToken(ctx) },
		},
		"a deploy with a key": {
			[]reply{says(400, `{"shared_key":["ssh-ed25519 AAAAkey: bad"]}`)},
			func(ctx context.Context, c *mdx.Client) error {
				_, err := c.Deploy(ctx, mdx.DeployRequest{Project: "p", VMName: "web", SharedKey: "ssh-ed25519 AAAAbody"})
				return err
			},
		},
		"access keys": {
			[]reply{says(200, `[{"uuid":"k","name":"n","secret_access_key":"AAAAbody"}]`)},
			func(ctx context.Context, c *mdx.Client) error { _, err := c.AccessKeys(ctx, "p"); return err },
		},
		"a connection error that names the token": {
			[]reply{breaks(errors.New("bad header JWT " + secretToken))},
			func(ctx context.Context, c *mdx.Client) error { _, err := c.Projects(ctx); return err },
		},
		"a web page with a token in it": {
			[]reply{says(502, `<html><title>`+secretToken+`</title></html>`)},
			func(ctx context.Context, c *mdx.Client) error { _, err := c.PowerOff(ctx, "v"); return err },
		},
		"a web page with a token in it in place of data": {
			[]reply{says(200, `<html><title>`+secretToken+`</title></html>`)},
			func(ctx context.Context, c *mdx.Client) error { _, err := c.PowerOff(ctx, "v"); return err },
		},
		"a long message that is cut off in the middle of the token": {
			[]reply{says(400, `{"detail":"`+strings.Repeat("x", 470)+` JWT `+secretToken+`"}`)},
			func(ctx context.Context, c *mdx.Client) error { _, err := c.PowerOff(ctx, "v"); return err },
		},
		"a task whose failure names the token": {
			[]reply{says(200, `{"uuid":"t","status":"Failed","error_message":"bad `+secretToken+`","error_detail":"JWT `+secretToken+`"}`)},
			func(ctx context.Context, c *mdx.Client) error { _, err := c.WaitTask(ctx, "p", "t"); return err },
		},
		"a refresh whose answer can't be read": {
			[]reply{says(200, `{"token":{"value":"`+secretToken+`"}}`)},
			func(ctx context.Context, c *mdx.Client) error { return c.RefreshToken(ctx) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j journal
				s := &script{answers: tc.answers}
				client, err := mdx.New(mdx.Config{Token: secretToken, Transport: s, LockDir: t.TempDir(), Logger: j.log})
				if err != nil {
					t.Fatal(err)
				}
				told := j.String() + fmt.Sprint(tc.do(t.Context(), client)) + j.String()
				for _, secret := range []string{secretToken, secretToken[:20], "AAAAbody"} {
					if strings.Contains(told, secret) {
						t.Errorf("%q shows in:\n%s", secret, told)
					}
				}
				if strings.Count(told, "new-secret") > 0 && name == "a refresh" {
					t.Errorf("the new token shows in:\n%s", told)
				}
			})
		})
	}
}

func TestTheLogTellsEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		s := &script{answers: []reply{
			breaks(errors.New("reset by peer")), says(503, `{"detail":"混雑"}`), says(200, `{"uuid":"t1","task_id":"shown"}`),
		}}
		client, err := mdx.New(mdx.Config{Token: "secret", Transport: s, LockDir: t.TempDir(), Logger: j.log})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Task(t.Context(), "t1"); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{
			"no answer", "reset by peer", "attempt failed", "503 Service Unavailable", "/api/task/t1/", "read task",
			"status:200", "shown", "混雑", "took:0s", s.asked[2].Header.Get("X-Request-Id"),
		} {
			if !strings.Contains(j.String(), part) {
				t.Errorf("%q is missing in:\n%s", part, j.String())
			}
		}
	})
}
