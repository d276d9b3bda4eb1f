package mdx_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// portal starts a portal of handlers and a client for it.
func portal(t *testing.T, routes map[string]http.HandlerFunc) *mdx.Client {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handler := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization"); got != "JWT secret" {
				t.Errorf("%s %s: Authorization = %q", r.Method, r.URL.Path, got)
			}
			handler(w, r)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client, err := mdx.New(mdx.Config{
		Endpoint: server.URL, Token: "secret", PollInterval: time.Millisecond, LockDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answer replies with a status and a body of JSON.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestProjectsComeInBothShapes(t *testing.T) {
	want := []mdx.Project{{ID: "p1", Name: "one", Type: "normal"}, {ID: "p2", Name: "two", Expired: true}}
	organized := []mdx.Project{want[0], want[1]}
	organized[0].Organization, organized[1].Organization = "org", "org"
	for name, tc := range map[string]struct {
		body string
		want []mdx.Project
	}{
		"organisations": {
			`[{"name":"org","projects":[{"uuid":"p1","name":"one","type":"normal","expired":false},{"uuid":"p2","name":"two","type":null,"expired":true}]}]`,
			organized,
		},
		"a page of projects": {
			`{"count":2,"next":null,"previous":null,"results":[{"uuid":"p1","name":"one","type":"normal"},{"uuid":"p2","name":"two","expired":true}]}`,
			want,
		},
		"none": {`[]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			client := portal(t, map[string]http.HandlerFunc{"GET /api/project/assigned/": answer(200, tc.body)})
			got, err := client.Projects(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDeploySendsWhatThePortalExpects(t *testing.T) {
	var got map[string]any
	client := portal(t, map[string]http.HandlerFunc{"POST /api/vm/deploy/": func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		answer(202, `{"task_id":["t1","t2"]}`)(w, r)
	}})
	tasks, err := client.Deploy(t.Context(), mdx.DeployRequest{
		Project: "p", Catalog: "c", VMName: "web-[1-2]", TemplateName: "UT-2204", OSType: mdx.Linux, DiskGB: 40,
		PackType: mdx.PackCPU, PackNum: 3, ServiceLevel: mdx.Spot, StorageNetwork: mdx.PortGroup,
		NetworkAdapters: []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: "s"}}, SharedKey: "ssh-ed25519 AAAA", PowerOn: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]mdx.TaskID{"t1", "t2"}, tasks); diff != "" {
		t.Error(diff)
	}
	want := map[string]any{
		"project": "p", "catalog": "c", "vm_name": "web-[1-2]", "template_name": "UT-2204", "os_type": "Linux",
		"disk_size": 40.0, "pack_type": "cpu", "pack_num": 3.0, "gpu": "0", "service_level": "spot",
		"storage_network": "portgroup", "network_adapters": []any{map[string]any{"adapter_number": 1.0, "segment": "s"}},
		"shared_key": "ssh-ed25519 AAAA", "power_on": true, "nvlink": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVMDetailIsReadInEveryShape(t *testing.T) {
	client := portal(t, map[string]http.HandlerFunc{"GET /api/vm/v1/": answer(200, `{
		"name":"web","status":"PowerON","os_type":"Linux","host_name":"ubuntu-2204","service_level":"スポット仮想マシン",
		"vmware_tools":{"status":"running","version":"12"},"cpu":"3","memory":"4.53 GB","gpu":null,"nvlink":false,
		"service_networks":[{"adapter_number":1,"segment":"net","ipv4_address":["","10.0.0.5"],"ipv6_address":["fe80::1"],"global_ip":null}],
		"storage_networks":[{"adapter_number":2,"ipv4_address":"10.128.0.7","ipv6_address":null,"storage_network_type":"portgroup"}],
		"hard_disks":[{"disk_number":1,"device_key":2000,"capacity":"40 GB","datastore":"ds"}],
		"pack_type":"cpu","pack_num":3,"surprise":{"a":1}}`)})
	got, err := client.VM(t.Context(), "p", "v1")
	if err != nil {
		t.Fatal(err)
	}
	want := &mdx.VM{
		ID: "v1", Name: "web", Status: mdx.VMPowerOn, ServiceLevel: mdx.Spot, OSType: mdx.Linux, HostName: "ubuntu-2204",
		Tools: []mdx.VMTools{{Status: "running", Version: "12"}}, CPU: 3, MemoryGB: 4.53, PackType: mdx.PackCPU, PackNum: 3,
		ServiceNetworks: []mdx.ServiceNetwork{{
			AdapterNumber: 1, SegmentName: "net", IPv4: []netip.Addr{netip.MustParseAddr("10.0.0.5")},
			IPv6: []netip.Addr{netip.MustParseAddr("fe80::1")},
		}},
		StorageNetworks: []mdx.StorageNetworkAdapter{{
			AdapterNumber: 2, IPv4: []netip.Addr{netip.MustParseAddr("10.128.0.7")}, Type: mdx.PortGroup,
		}},
		HardDisks: []mdx.HardDisk{{DiskNumber: 1, DeviceKey: 2000, CapacityGB: 40, Datastore: "ds"}},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestVMIsGoneOnlyIfTheListAgrees(t *testing.T) {
	for name, tc := range map[string]struct {
		list     string
		denials  int // of its detail, in a row
		notFound bool
	}{
		"listed":                    {`[{"uuid":"v1","name":"web","status":"PowerON"}]`, 1, false},
		"left out and denied once":  {`[]`, 1, false},
		"left out and denied twice": {`[]`, 2, true},
		"listed, and denied thrice": {`[{"uuid":"v1","name":"web","status":"PowerON"}]`, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			client := portal(t, map[string]http.HandlerFunc{
				"GET /api/vm/project/p/": answer(200, tc.list),
				"GET /api/vm/v1/": func(w http.ResponseWriter, r *http.Request) {
					if asked++; asked <= tc.denials {
						answer(404, `{"detail":"見つかりませんでした。"}`)(w, r)
						return
					}
					answer(200, `{"name":"web","status":"PowerON"}`)(w, r)
				},
			})
			vm, err := client.VM(t.Context(), "p", "v1")
			if mdx.IsNotFound(err) != tc.notFound {
				t.Fatalf("VM = %+v, %v", vm, err)
			}
		})
	}
}

func TestErrorsTellOperationObjectAndThePortalsWords(t *testing.T) {
	client := portal(t, map[string]http.HandlerFunc{
		"POST /api/vm/v1/power_on/": answer(409, `{"detail":"仮想マシンは起動中です。"}`),
	})
	_, err := client.PowerOn(t.Context(), "v1", mdx.Spot)
	if !mdx.IsConflict(err) || mdx.IsAmbiguous(err) {
		t.Fatalf("PowerOn = %v", err)
	}
	const want = `power on VM "v1": the portal answered 409 Conflict to POST /api/vm/v1/power_on/: 仮想マシンは起動中です。`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}
