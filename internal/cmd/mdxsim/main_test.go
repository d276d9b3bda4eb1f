package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The command prints one line when it is ready, serves, and ends without an
// error when it is told to.
func TestReadyLineAndEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-speed", "600"}, writer, io.Discard) }()
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Endpoint    string `json:"endpoint"`
		Token       string `json:"token"`
		ProjectID   string `json:"project_id"`
		ProjectName string `json:"project_name"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, ready.Endpoint+"/api/vm/project/"+ready.ProjectID+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "JWT "+ready.Token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK || ready.ProjectName == "" {
		t.Fatalf("status %d, ready line %s", answer.StatusCode, line)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// What the command line and the files that it names set.
func TestOptions(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	world := file("world.json", `{"organisations": [{"name": "o", "projects": [{"uuid": "p", "name": "mine", "type": "normal"}]}]}`)
	faults := file("faults.json", `[{"route": "*", "nth": 3, "kind": "slow", "delay": "1m"}]`)
	o, err := parse([]string{
		"-speed", "6000", "-latency", "50ms", "-quirk", "lists=bare", "-duration", "address=90s",
		"-world", world, "-faults", faults, "-fault-seed", "7", "-v",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.cfg.Speed != 6000 || o.cfg.Latency != 50*time.Millisecond || o.cfg.Quirks.Lists != "bare" || o.cfg.Log == nil ||
		o.cfg.Durations.Address != 90*time.Second || o.cfg.Faults[0].Nth != 3 || o.cfg.FaultSeed != 7 ||
		o.cfg.World.Organisations[0].Projects[0].Name != "mine" {
		t.Errorf("options: %+v", o.cfg)
	}
	for name, args := range map[string][]string{
		"an argument":      {"serve"},
		"no speed":         {"-speed", "0"},
		"unknown quirk":    {"-quirk", "x=y"},
		"unknown duration": {"-duration", "x=1s"},
		"no such file":     {"-world", filepath.Join(folder, "none.json")},
		"a broken world":   {"-world", file("broken.json", "{")},
		"broken faults":    {"-faults", file("faults2.json", "{")},
	} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The help tells every quirk, duration and fault.
func TestHelp(t *testing.T) {
	var text strings.Builder
	if err := run(t.Context(), []string{"-help"}, io.Discard, &text); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, word := range []string{"/_sim/", "MDX_ENDPOINT", "task-visible", "reset-after", "failed-deploy", "throw-away folder"} {
		if !strings.Contains(text.String(), word) {
			t.Errorf("it does not tell %s", word)
		}
	}
}

func TestUnusableOptions(t *testing.T) {
	for _, args := range [][]string{
		{"-listen", "nowhere:x"},
		{"-faults", os.DevNull},
		{"-vm-backend", "cloud"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
