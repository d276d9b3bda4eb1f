package mdxsim_test

import (
	"testing"
	"time"
)

// What each power operation makes of a machine in each state. One that does not
// fit is accepted all the same, and fails a little later (PORTAL.md §5).
func TestPowerOperations(t *testing.T) {
	const deallocated = "Deallocated"
	for _, c := range []struct {
		state, operation, want string
	}{
		{"PowerON", "power_on", "PowerON!"},
		{"PowerON", "power_off", "PowerOFF"},
		{"PowerON", "shutdown", "PowerOFF"},
		{"PowerON", "reboot", "PowerON"},
		{"PowerON", "reset", "PowerON"},
		{"PowerON", "destroy", "PowerON!"},
		{"booting", "shutdown", "PowerON!"},
		{"booting", "reboot", "PowerON!"},
		{"booting", "reset", "PowerON"},
		{"booting", "power_off", "PowerOFF"},
		{"PowerOFF", "power_on", "PowerON"},
		{"PowerOFF", "power_off", "PowerOFF!"},
		{"PowerOFF", "shutdown", "PowerOFF!"},
		{"PowerOFF", "reboot", "PowerOFF!"},
		{"PowerOFF", "destroy", "gone"},
		{deallocated, "power_on", "PowerON"},
		{deallocated, "power_off", "Deallocated!"},
		{deallocated, "destroy", "gone"},
		{"Deploying", "power_on", "PowerON!"},
		{"Deploying", "destroy", "PowerON!"},
	} {
		t.Run(c.operation+" when "+c.state, func(t *testing.T) {
			cfg := fast()
			cfg.Quirks.PowerAnswer = "task"
			p := frozen(t, cfg)
			p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
			p.Advance(time.Minute)
			id := p.vmNamed("a")["uuid"].(string)
			switch c.state {
			case "booting":
				p.Advance(time.Minute)
			case "PowerON":
				p.Advance(10 * time.Minute)
			case "PowerOFF", deallocated:
				p.Advance(time.Minute)
				p.post("/api/vm/"+id+"/power_off/", nil).must(202)
				p.Advance(time.Minute)
			}
			if c.state == deallocated {
				p.Advance(time.Hour)
			}
			task := p.post("/api/vm/"+id+"/"+c.operation+"/", map[string]any{"service_level": "spot"}).must(202).task()
			ended := p.ended(task)
			got := p.status(id)
			if ended["status"] == "Failed" {
				got += "!"
			}
			if got != c.want {
				t.Errorf("%s, want %s: %v", got, c.want, ended)
			}
		})
	}
}

// power_on wants the service level and takes it over.
func TestPowerOnSetsServiceLevel(t *testing.T) {
	p := frozen(t, fast())
	id := p.stopped("a")
	p.post("/api/vm/"+id+"/power_on/", map[string]any{}).must(400)
	if text := p.post("/api/vm/"+id+"/power_on/", map[string]any{"service_level": "guarantee"}).must(202).text; text != "" {
		t.Errorf("answer: %s", text)
	}
	p.Advance(time.Minute)
	if got := p.vmNamed("a")["service_level"]; got != "起動保証仮想マシン" {
		t.Errorf("service level: %v", got)
	}
}

// A machine that was off, or was rebooted, tells its address later again, and it
// is the same one.
func TestAddressComesBack(t *testing.T) {
	p := frozen(t, fast())
	id := p.deployed("a")
	first := p.addresses(id)[0]
	for operation, wait := range map[string]time.Duration{"reset": 2 * time.Minute, "power_off": 10 * time.Minute} {
		p.post("/api/vm/"+id+"/"+operation+"/", nil).must(202)
		p.Advance(time.Minute / 2)
		if got := p.addresses(id); len(got) > 0 && got[0] == first {
			t.Errorf("%s: the address shows at once: %v", operation, got)
		}
		if operation == "power_off" {
			p.post("/api/vm/"+id+"/power_on/", map[string]any{"service_level": "spot"}).must(202)
		}
		p.Advance(wait)
		if got := p.addresses(id); len(got) != 1 || got[0] != first {
			t.Errorf("%s: %v, want %v", operation, got, first)
		}
	}
}

// A machine deployed with power_on false ends powered off.
func TestDeployPoweredOff(t *testing.T) {
	p := frozen(t, fast())
	p.post("/api/vm/deploy/", deployBody("a", func(b map[string]any) { b["power_on"] = false })).must(202)
	p.Advance(2 * time.Minute)
	if got := p.vmNamed("a")["status"]; got != "PowerOFF" {
		t.Errorf("status: %v", got)
	}
}
