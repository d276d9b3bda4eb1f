// Package process gives simulated machines hosts without containers or root: an
// SSH server in this process for each machine, on an address of its own in
// 127.0.0.0/8, in front of a throw-away folder that stands for its disk.
//
// A host plays the first login of an mdx template: the deployed key is taken,
// but the user's blank password has expired, so that commands are refused and a
// terminal is asked for a new password. From then on commands run. The shell is
// interpreted in this process; file tools work inside the folder; sudo, apt-get,
// systemctl, hostnamectl, netplan, docker and the like are stand-ins that change
// the host's state as the real ones would. Moving sshd's port really moves it,
// a fixed address is really answered at, a reboot cuts connections and changes
// the boot id, and a Base container's sshd answers on port 22.
//
// # What it cannot show
//
// Packages install nothing and containers run nothing; the kernel, the network
// between hosts, systemd's ordering and PAM beyond the first login are not
// there. It is a rehearsal for bootstrap, not a sandbox: run only scripts that
// one would run oneself.
//
// # What it needs
//
// Linux, where all of 127.0.0.0/8 is the machine's own, and leave to listen on
// port 22: root, or the setting net.ipv4.ip_unprivileged_port_start=0.
package process
