//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is what the processes of a program took: the largest's memory, and the processors' time of all.
type process struct {
	rss int64 // bytes
	cpu time.Duration
}

// watch looks at the processes of an executable until ctx is done, and then answers what they took. What a process does
// in its last moments is missed.
func watch(ctx context.Context, executable string) <-chan process {
	out := make(chan process, 1)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		cpu := map[string]time.Duration{}
		var all process
		var known []string
		for i := 0; ; i++ {
			if i%searchEvery == 0 {
				known = processesOf(executable)
			}
			for _, dir := range known {
				if one, err := look(dir); err == nil {
					all.rss = max(all.rss, one.rss)
					cpu[dir] = one.cpu
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				for _, took := range cpu {
					all.cpu += took
				}
				out <- all
				return
			}
		}
	}()
	return out
}

// searchEvery is how many looks are taken between searches for processes, which cost more on a machine that has many.
const searchEvery = 4

// processesOf are the folders of /proc about an executable.
func processesOf(executable string) []string {
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is well formed
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == executable {
			found = append(found, filepath.Dir(link))
		}
	}
	return found
}

// look reads a process's peak of memory and its processors' time.
func look(dir string) (process, error) {
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return process{}, err
	}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, err
	}
	return parse(status, stat)
}

// parse takes the peak of memory from a process's status, and its time, in hundredths of a second, from its stat.
func parse(status, stat []byte) (process, error) {
	var p process
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return p, err
			}
			p.rss = kb << 10
		}
	}
	// The program's name, in parentheses, may hold blanks; the fields are counted after it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return p, fmt.Errorf("stat has %d fields", len(fields))
	}
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return p, err
		}
		p.cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	return p, nil
}
