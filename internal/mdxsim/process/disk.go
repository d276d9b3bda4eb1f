package process

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// codenames of the distributions that mdx's templates come with.
var codenames = map[string]string{
	"ubuntu 20.04": "focal", "ubuntu 22.04": "jammy", "ubuntu 24.04": "noble", "debian 12": "bookworm",
}

// freshDisk fills a folder with what a template's disk holds, as far as
// bootstrap looks at it.
func freshDisk(root string, described mdxsim.Host, user string) error {
	id := strings.ToLower(cmp.Or(described.OSName, "Ubuntu"))
	version := cmp.Or(described.OSVersion, "22.04")
	name := cmp.Or(described.TemplateHost, "template")
	home := "/home/" + user
	for path, text := range map[string]string{
		"/etc/os-release": "NAME=\"" + described.OSName + "\"\nID=" + id + "\nVERSION_ID=\"" + version + "\"\nVERSION_CODENAME=" +
			codenames[id+" "+version] + "\n",
		"/etc/hostname":                         name + "\n",
		"/etc/hosts":                            "127.0.0.1 localhost\n127.0.1.1 " + name + "\n",
		resolvedAnswers:                         leased,
		"/run/systemd/resolve/stub-resolv.conf": "nameserver 127.0.0.53\nsearch example.jp\n",
		"/etc/ssh/sshd_config":                  "Include /etc/ssh/sshd_config.d/*.conf\n#Port 22\nUsePAM yes\n",
		"/etc/ssh/sshd_config.d/.keep":          "",
		"/etc/netplan/mdx.yaml":                 "network:\n  version: 2\n  ethernets:\n    ens160: {dhcp4: true}\n",
		"/etc/default/grub.d/.keep":             "",
		"/etc/apt/sources.list.d/.keep":         "",
		"/etc/ssl/certs/ca-certificates.crt":    "",
		"/proc/sys/kernel/random/boot_id":       "",
		"/var/log/.keep":                        "",
		"/tmp/.keep":                            "",
		"/srv/.keep":                            "",
		"/root/.keep":                           "",
		"/dev/null":                             "",
		home + "/.ssh/authorized_keys":          strings.TrimSpace(described.AuthorizedKey) + "\n",
		home + "/.bashrc":                       "",
	} {
		if err := write(root, path, text); err != nil {
			return err
		}
	}
	return os.Symlink("../run/systemd/resolve/stub-resolv.conf", inside(root, "/etc/resolv.conf"))
}

// inside is where a path of the host is on this machine.
func inside(root, path string) string { return filepath.Join(root, filepath.Clean("/"+path)) }

func write(root, path, text string) error {
	file := inside(root, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // a throw-away folder
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // a throw-away file
}

// read is a file of the host's; empty if there is none.
func read(root, path string) string {
	text, err := os.ReadFile(inside(root, path))
	if err != nil {
		return ""
	}
	return string(text)
}
