package mdx

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
)

// wireDecimal is a whole number that the portal wants as text.
type wireDecimal int

// MarshalJSON writes the number in quotes.
func (d wireDecimal) MarshalJSON() ([]byte, error) {
	return []byte(strconv.Quote(strconv.Itoa(int(d)))), nil
}

// wireTasks is what a change answers: {"task_id": ...}, a list or a bare text, with one id or several,
// or nothing about tasks at all (PORTAL.md §5).
type wireTasks []TaskID

// UnmarshalJSON takes every shape that tasks were seen in.
func (t *wireTasks) UnmarshalJSON(data []byte) error {
	*t = nil
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '{' {
		var object struct {
			TaskID json.RawMessage `json:"task_id"`
		}
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		if data = object.TaskID; data == nil {
			return nil
		}
	}
	var ids wireList[wireText]
	if err := json.Unmarshal(data, &ids); err != nil {
		return err
	}
	for _, id := range ids {
		if id != "" {
			*t = append(*t, TaskID(id))
		}
	}
	return nil
}

// post sends a change and answers the tasks it started.
func (c *Client) post(ctx context.Context, r call) ([]TaskID, error) {
	r.method = http.MethodPost
	var tasks wireTasks
	err := c.do(ctx, r, &tasks)
	return tasks, err
}

// action does something to a machine.
func (c *Client) action(ctx context.Context, op string, id VMID, verb string, body any) ([]TaskID, error) {
	return c.post(ctx, call{op: op, object: string(id), path: pathOf("/api/vm/%s/"+verb+"/", id), body: body})
}

// PowerOn starts a machine that is stopped, at a service level (PORTAL.md §5).
func (c *Client) PowerOn(ctx context.Context, id VMID, level ServiceLevel) ([]TaskID, error) {
	return c.action(ctx, "power on VM", id, "power_on", map[string]any{"service_level": level})
}

// PowerOff cuts a machine's power (PORTAL.md §5). Its status says so some seconds later.
func (c *Client) PowerOff(ctx context.Context, id VMID) ([]TaskID, error) {
	return c.action(ctx, "power off VM", id, "power_off", nil)
}

// Shutdown asks the guest to shut itself down (PORTAL.md §5). A guest that does not listen stays on.
func (c *Client) Shutdown(ctx context.Context, id VMID) ([]TaskID, error) {
	return c.action(ctx, "shut down VM", id, "shutdown", nil)
}

// Reboot asks the guest to restart itself (PORTAL.md §5).
func (c *Client) Reboot(ctx context.Context, id VMID) ([]TaskID, error) {
	return c.action(ctx, "reboot VM", id, "reboot", nil)
}

// Reset cuts a machine's power and gives it back (PORTAL.md §5).
func (c *Client) Reset(ctx context.Context, id VMID) ([]TaskID, error) {
	return c.action(ctx, "reset VM", id, "reset", nil)
}

// Destroy deletes a machine and its disks. It must be stopped, and its status must say so, else the
// task fails (PORTAL.md §5). Rules that lead to its address stay behind.
func (c *Client) Destroy(ctx context.Context, id VMID) ([]TaskID, error) {
	return c.action(ctx, "destroy VM", id, "destroy", nil)
}

// Rename gives a machine a name that is free in its project (PORTAL.md §5).
func (c *Client) Rename(ctx context.Context, id VMID, name string) ([]TaskID, error) {
	return c.action(ctx, "rename VM", id, "rename", map[string]any{"vm_name": name})
}

// Reconfiguration is what [Client.Reconfigure] changes. What is left zero stays as it is.
type Reconfiguration struct {
	// HardDisks are the disks with their new sizes. Disks only grow.
	HardDisks       []HardDisk
	NetworkAdapters []NetworkAdapter
	PackNum         int
}

// Reconfigure changes the hardware of a machine that is stopped; else the task fails (PORTAL.md §5).
func (c *Client) Reconfigure(ctx context.Context, id VMID, change Reconfiguration) ([]TaskID, error) {
	type disk struct {
		DiskNumber int `json:"disk_number"`
		DeviceKey  int `json:"device_key"`
		Capacity   int `json:"capacity"`
	}
	body := struct {
		HardDisks       []disk           `json:"hard_disks,omitempty"`
		NetworkAdapters []NetworkAdapter `json:"network_adapters,omitempty"`
		PackNum         int              `json:"pack_num,omitempty"`
	}{NetworkAdapters: change.NetworkAdapters, PackNum: change.PackNum}
	for _, d := range change.HardDisks {
		body.HardDisks = append(body.HardDisks, disk{d.DiskNumber, d.DeviceKey, d.CapacityGB})
	}
	return c.action(ctx, "reconfigure VM", id, "reconfigure", body)
}

// Synchronize has the portal read the state of a project's machines from the hypervisor again
// (PORTAL.md §5).
func (c *Client) Synchronize(ctx context.Context, project ProjectID) ([]TaskID, error) {
	return c.post(ctx, call{
		op: "synchronize project", object: string(project), path: pathOf("/api/vm/synchronize/project/%s/", project),
	})
}
