package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
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
