//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// naive is a client as one would first write it: a deploy request and a loop of polls for each VM, ten VMs at a time as
// Terraform has it, and nothing shared. That deploys must not overlap is all that it knows of the portal.
type naive struct {
	*site
	project, segment string
	deploying        sync.Mutex
}

func (s *site) naive() *naive {
	p := s.sim.World().Organisations[0].Projects[0]
	return &naive{site: s, project: p.UUID, segment: p.Segments[0].UUID}
}

// all does one thing for each of so many, ten at a time.
func all(n int, one func(i int) error) error {
	var wg sync.WaitGroup
	turns, failed := make(chan struct{}, 10), make(chan error, n)
	for i := range n {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			failed <- one(i)
		})
	}
	wg.Wait()
	for range n {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

func (c *naive) ask(ctx context.Context, method, path string, body, out any) (status int, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.server.URL+path, bytes.NewReader(data))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "JWT demo")
	resp, err := c.server.Client().Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 || out == nil {
		return resp.StatusCode, err
	}
	return resp.StatusCode, json.Unmarshal(answer, out)
}

// poll asks every five seconds of the portal's until done says so.
func (c *naive) poll(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(time.Duration(float64(5*time.Second) / c.speed))
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// create deploys one VM and waits for its address.
func (c *naive) create(ctx context.Context, i int) error {
	var answer struct {
		Tasks any `json:"task_id"` // a text, or a list of one
	}
	c.deploying.Lock()
	status, err := c.ask(ctx, http.MethodPost, "/api/vm/deploy/", map[string]any{
		"project": c.project, "catalog": "ca7a1060-0000-4000-8000-000000002204", "vm_name": "n-" + strconv.Itoa(i),
		"os_type": "Linux", "disk_size": 40, "pack_type": "cpu", "pack_num": 2, "gpu": "0", "service_level": "spot",
		"storage_network": "portgroup", "power_on": true,
		"network_adapters": []any{map[string]any{"adapter_number": 1, "segment": c.segment}},
	}, &answer)
	c.deploying.Unlock()
	if err != nil || status/100 != 2 {
		return fmt.Errorf("deploy: %d %w", status, err)
	}
	task := strings.Trim(fmt.Sprint(answer.Tasks), "[]")
	id := ""
	err = c.poll(ctx, func() (bool, error) {
		var state struct {
			Status string `json:"status"`
			Object string `json:"object_uuid"`
		}
		_, err := c.ask(ctx, http.MethodGet, "/api/task/"+task+"/", nil, &state)
		id = state.Object
		return state.Status == "Completed", err
	})
	if err != nil {
		return err
	}
	return c.poll(ctx, func() (bool, error) {
		var vm struct {
			Tools    any `json:"vmware_tools"`
			Networks []struct {
				IPv4 []string `json:"ipv4_address"`
			} `json:"service_networks"`
		}
		_, err := c.ask(ctx, http.MethodGet, "/api/vm/"+id+"/", nil, &vm)
		if err != nil || len(vm.Networks) == 0 || len(vm.Networks[0].IPv4) == 0 {
			return false, err
		}
		_, notYet := netip.ParseAddr(vm.Networks[0].IPv4[0])
		return notYet == nil, nil
	})
}

// read reads all machines of the benchmark, ten at a time.
func (c *naive) read(ctx context.Context) error {
	vms := c.sim.World().Organisations[0].Projects[0].VMs
	return all(len(vms), func(i int) error {
		var vm map[string]any
		status, err := c.ask(ctx, http.MethodGet, "/api/vm/"+vms[i].UUID+"/", nil, &vm)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("read: %d", status)
		}
		return err
	})
}
