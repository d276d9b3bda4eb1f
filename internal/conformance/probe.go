package conformance

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// probeSource is where the probe's ACL rule lets traffic in from: an address
// reserved for documentation, from which nothing ever comes.
const probeSource = "192.0.2.77"

// probe is what the writing facts made, and what they learnt of it.
type probe struct {
	fresh    string // a refreshed token
	name     string
	task     string
	vm       string // id; empty until known
	segment  string
	address  string
	rule     string
	deployed *reply // the answer to the deploy, if it was asked for already
	body     object // what was deployed
}

// Plan tells what [Writings] will make, for somebody to agree to.
func (s *Session) Plan(ctx context.Context) (string, error) {
	if err := s.prepare(ctx); err != nil {
		return "", err
	}
	size := fmt.Sprintf("%v CPU pack(s)", s.probe.body["pack_num"])
	if s.probe.body["pack_num"] == nil {
		size = fmt.Sprintf("%v core(s), %v GB of memory", s.probe.body["cpu"], s.probe.body["memory"])
	}
	return fmt.Sprintf(`In project %s this will
  - deploy one spot VM, %s (or the same with 10 at the end): %s, %v GB of
    disk. It lives for about a quarter of an hour, and points are charged for it as
    for any VM of that size.
  - rename it, try to reconfigure it while it runs, stop it and destroy it
  - ask for a second VM of the same name, which should be refused
  - add one ACL rule to its segment, from %s, where nothing ever comes from, to
    the VM's port 9, change it, and delete it
and remove all of it at the end, and when it is interrupted. No other VM, rule or
address is touched.`, s.project.text("name"), s.probe.name, size, s.probe.body["disk_size"], probeSource), nil
}

// prepare chooses catalog, size and segment for the probe's VM.
func (s *Session) prepare(ctx context.Context) error {
	catalogs, err := s.get(ctx, "/api/catalog/project/"+s.projectID()+"/?page_size=100")
	if err != nil {
		return err
	}
	var smallest object
	for _, k := range catalogs.rows() {
		fits := k.text("os_type") != "Windows" && k["gpu_required"] != true
		if fits && (smallest == nil || limit(k, "lower_limit_disk") < limit(smallest, "lower_limit_disk")) {
			smallest = k
		}
	}
	segment, ok := s.anySegment(ctx)
	if smallest == nil || !ok {
		return errors.New("the project has no Linux catalog, or no segment, to deploy from")
	}
	suffix := make([]byte, 3)
	if _, err := rand.Read(suffix); err != nil {
		return err
	}
	key, err := throwawayKey()
	if err != nil {
		return err
	}
	memory := limit(smallest, "lower_limit_memory")
	s.probe.name = s.cfg.Prefix + hex.EncodeToString(suffix)
	s.probe.segment, s.probe.deployed = segment.text("uuid"), nil
	s.learn(s.probe.name)
	s.probe.body = object{
		"catalog": smallest.text("uuid"), "project": s.projectID(), "vm_name": s.probe.name,
		"template_name": smallest.text("template_name"), "os_type": smallest.text("os_type"),
		"disk_size": max(1, limit(smallest, "lower_limit_disk")), "pack_type": "cpu", "pack_num": max(1, math.Ceil(memory/1.51)),
		"gpu": "0", "service_level": "spot", "storage_network": "portgroup", "shared_key": key, "power_on": true, "nvlink": false,
		"network_adapters": []object{{"adapter_number": 1, "segment": s.probe.segment}},
	}
	if s.dedicated(ctx) {
		delete(s.probe.body, "pack_type")
		delete(s.probe.body, "pack_num")
		s.probe.body["cpu"], s.probe.body["memory"] = 1, max(2, memory)
	}
	return nil
}

// dedicated guesses whether machines are sized without packs: where no packs
// were granted.
func (s *Session) dedicated(ctx context.Context) bool {
	r, err := s.get(ctx, "/api/project/"+s.projectID()+"/resources/")
	return err == nil && r.object()["cpu_pack_max"] == 0.0 && r.object()["gpu_pack_max"] == 0.0
}

func limit(o object, field string) float64 {
	n, _ := o[field].(float64)
	return n
}

// throwawayKey is a public key whose private half is nowhere.
func throwawayKey() (string, error) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " mdxprobe", nil
}

// CleanUp removes every VM whose name begins with the prefix and every ACL rule
// of the probe's, and waits until they are gone.
func (s *Session) CleanUp(ctx context.Context) error {
	var failed []error
	segments, err := s.get(ctx, "/api/segment/project/"+s.projectID()+"/all/")
	if err != nil {
		return err
	}
	for _, segment := range segments.rows() {
		rules, err := s.get(ctx, "/api/acl/segment/"+segment.text("uuid")+"/?page_size=100")
		if err != nil {
			failed = append(failed, err)
			continue
		}
		for _, rule := range rules.rows() {
			if rule.text("src_address") == probeSource {
				r, err := s.send(ctx, http.MethodDelete, "/api/acl/"+rule.text("uuid")+"/", nil)
				if err != nil || (r.status >= 400 && r.status != http.StatusNotFound) {
					failed = append(failed, errors.New("an ACL rule from "+probeSource+" is left"))
				}
			}
		}
	}
	mine, err := s.mine(ctx)
	if err != nil {
		return errors.Join(append(failed, err)...)
	}
	for _, vm := range mine {
		if !s.removeVM(ctx, vm.text("uuid")) {
			failed = append(failed, fmt.Errorf("the VM %s is left: stop and delete it on the portal's page", vm.text("name")))
		}
	}
	return errors.Join(failed...)
}

// mine is the VMs whose names begin with the prefix.
func (s *Session) mine(ctx context.Context) ([]object, error) {
	var all []object
	for page := 1; ; page++ {
		r, err := s.get(ctx, "/api/vm/project/"+s.projectID()+"/?page_size=100&page="+strconv.Itoa(page))
		if err != nil {
			return nil, err
		}
		for _, row := range r.rows() {
			if strings.HasPrefix(row.text("name"), s.cfg.Prefix) {
				s.learn(row.text("name"))
				all = append(all, row)
			}
		}
		if r.object()["next"] == nil {
			return all, nil
		}
	}
}

// removeVM stops and destroys a VM, whatever it is doing, and says whether it is
// gone.
func (s *Session) removeVM(ctx context.Context, id string) bool {
	asked := ""
	return s.until(ctx, func() bool {
		row, found, err := s.vm(ctx, id)
		if err != nil {
			return false
		}
		status := row.text("status")
		if found && status != asked {
			switch status {
			case "PowerON":
				asked = s.act(ctx, id, "power_off", status)
			case "PowerOFF", "Deallocated":
				asked = s.act(ctx, id, "destroy", status)
			}
		}
		return !found
	})
}

// act asks for an operation and returns the state that it was asked in, or
// nothing if it was not accepted.
func (s *Session) act(ctx context.Context, id, operation, status string) string {
	r, err := s.send(ctx, http.MethodPost, "/api/vm/"+id+"/"+operation+"/", nil)
	if err != nil || r.status >= 400 {
		return ""
	}
	return status
}

// vm is a VM's row in the project's list.
func (s *Session) vm(ctx context.Context, id string) (row object, found bool, err error) {
	for page := 1; ; page++ {
		r, err := s.get(ctx, "/api/vm/project/"+s.projectID()+"/?page_size=100&page="+strconv.Itoa(page))
		if err != nil || r.status != http.StatusOK {
			return nil, false, errors.Join(err, errors.New("no list"))
		}
		for _, row := range r.rows() {
			if row.text("uuid") == id || row.text("name") == id {
				return row, true, nil
			}
		}
		if r.object()["next"] == nil {
			return nil, false, nil
		}
	}
}

// firstAddress is what stands in the place of a VM's address, and whether it is
// one.
func (s *Session) firstAddress(ctx context.Context) (text string, is bool) {
	r, err := s.get(ctx, "/api/vm/"+s.probe.vm+"/")
	if err != nil {
		return "", false
	}
	networks := r.object().objects("service_networks")
	if len(networks) == 0 {
		return "no network", false
	}
	list, _ := networks[0]["ipv4_address"].([]any)
	if len(list) == 0 {
		return "nothing", false
	}
	text, _ = list[0].(string)
	_, err = netip.ParseAddr(text)
	return text, err == nil
}
