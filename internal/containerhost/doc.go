// Package containerhost turns a fresh virtual machine into a node of a Virtual Cloud (VC) over SSH: the work that
// people otherwise do by hand, or with expect scripts, between the VM's first boot and the moment a VC controller
// can use it.
//
// A [Spec] says what the host should be. [Converge] makes it so, [Inspect] tells how far the host is from it without
// changing anything, and [Remove] takes the Base container away:
//
//	status, err := containerhost.Converge(ctx, spec, func(e containerhost.Event) { log.Println(e) })
//
// # Steps
//
// The work is a list of steps, each with a check (does it hold already?) and an apply. A step that holds is skipped;
// one that was applied is checked again, so that a step is never reported done because its commands merely ended
// with 0. Every step may be repeated from any point: a run that was killed in the middle is continued by the next.
//
//	connect          SSH, directly or through a bastion, repeated while the VM boots; the host key is pinned
//	first-login      the template's blank, expired password is replaced (needs a terminal), then a new connection
//	apt-timers       the unattended apt jobs stop, since they hold dpkg's lock
//	hostname         the host's name and its line in /etc/hosts
//	authorized-keys  more public keys for the login user, once each
//	static-address   a fixed IPv4 address in place of DHCP's, surviving the cut in the middle
//	dns-servers      the name servers it asks, through systemd-resolved or /etc/resolv.conf
//	ntp-servers      where it takes its time from, through systemd-timesyncd or chrony
//	ssh-port         sshd moves away from port 22, which the Base container needs
//	cgroup           cgroup version on the kernel's command line, and a reboot
//	docker-engine    Docker from its own apt repository or a mirror, or the one that is there
//	docker-config    /etc/docker/daemon.json, merged
//	base-image       the Base container's image, pulled with progress
//	base-container   the Base container, replaced only when what it was made from changed
//	node-ready       the Base container's own sshd answers on port 22
//
// What a later connection needs to know is in the [Status] that Converge returns: above all the fingerprint of the
// host's key, which goes into the next Spec and is insisted on from then on.
//
// # How commands travel
//
// The command line that the host's process list shows is `/bin/sh -s`, with sudo where the login user is not root.
// Scripts, arguments and file contents follow on its standard input, base64-encoded, so nothing is ever quoted and no
// secret appears in a process list. The Base container is managed through Docker's API, over a stream that `docker
// system dial-stdio` opens on the same connection.
//
// Distributions known to work: Ubuntu 20.04, 22.04 and 24.04, Debian 12.
package containerhost
