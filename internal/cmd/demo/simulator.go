//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"syscall"
)

// simulator is a running mdxsim; the exported fields are its ready line.
type simulator struct {
	Endpoint    string `json:"endpoint"`
	Token       string `json:"token"`
	ProjectID   string `json:"project_id"`
	ProjectName string `json:"project_name"`

	cmd *exec.Cmd
}

func startSimulator(ctx context.Context, binary string) (*simulator, error) {
	// Not the demo's context: an interrupt must leave the simulator up until the VMs are destroyed.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), binary, "-listen", "127.0.0.1:0", "-token", "demo", "-speed", strconv.Itoa(speed))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	sim := &simulator{cmd: cmd}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, sim)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("the simulator did not get ready: %w", err)
	}
	return sim, nil
}

// stop asks the simulator to end and waits for it.
func (s *simulator) stop() error {
	return errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
}

// world lists "name status" of every VM in the simulated project, through the portal's own API.
func (s *simulator) world(ctx context.Context) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+"/api/vm/project/"+s.ProjectID+"/", http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "JWT "+s.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var page struct {
		Results []struct{ Name, Status string } `json:"results"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("the simulator's VM list: %w", err)
	}
	vms := make([]string, 0, len(page.Results))
	for _, vm := range page.Results {
		vms = append(vms, vm.Name+" "+vm.Status)
	}
	sort.Strings(vms)
	return vms, nil
}
