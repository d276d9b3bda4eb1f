//go:build e2e

package containerhost

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Versions of docker-ce in the mirror. What is in the packages is Debian's docker.io, whatever they call themselves.
const olderDocker, newerDocker = "20.10.24", "20.10.25"

// mirror makes a host serve an apt repository laid out and signed as Docker's is, and gives its URL. The packages are
// made of the files of Debian's docker.io, containerd and runc, which the host's image holds.
func (b *testbed) mirror(tb testing.TB) string {
	tb.Helper()
	id, address := b.host(tb)
	in := func(script string) string {
		tb.Helper()
		out, err := b.backend.Exec(tb.Context(), id, script)
		if err != nil {
			tb.Fatalf("the mirror: %v\n%s", err, out)
		}
		return out
	}
	release := in(fmt.Sprintf(mirrorScript, olderDocker, newerDocker))
	signed, key := sign(tb, release)
	in("cat >/srv/linux/debian/dists/bookworm/InRelease <<'END'\n" + signed + "\nEND\ncat >/srv/linux/debian/gpg <<'END'\n" + key + "\nEND\n" +
		"systemd-run --quiet --working-directory=/srv python3 -m http.server 80\n" +
		"timeout 20 sh -c 'until curl -fsSo /dev/null http://127.0.0.1/linux/debian/gpg; do sleep 0.1; done'")
	return fmt.Sprintf("http://%s/linux", address)
}

// mirrorScript prints the Release file, unsigned.
const mirrorScript = `set -e
root=/srv/linux/debian pool=/srv/linux/debian/dists/bookworm/pool
mkdir -p $pool $root/dists/bookworm/stable/binary-$(dpkg --print-architecture)
# pack NAME VERSION DEPENDS FILES...: what is diverted travels under the name that it is found by.
pack() {
  name=$1 version=$2 depends=$3
  shift 3
  stage=/srv/stage/$name
  mkdir -p $stage/DEBIAN
  for file; do
    [ -f "$file" ] || continue
    mkdir -p "$stage$(dirname "$file")"
    if [ "$file" = /usr/sbin/runc ]; then cp -a /usr/sbin/runc.real "$stage$file"; else cp -a "$file" "$stage$file"; fi
  done
  printf 'Package: %%s\nVersion: %%s\nArchitecture: %%s\nMaintainer: nobody <nobody@example.org>\nDepends: %%s\nDescription: for a test\n' \
    $name "$version" $(dpkg --print-architecture) "$depends" >$stage/DEBIAN/control
  if [ "$name" = docker-ce ]; then # a file that its owner may change, and that differs between versions
    mkdir -p $stage/etc/default
    echo "# docker-ce $version" >$stage/etc/default/docker
    echo /etc/default/docker >$stage/DEBIAN/conffiles
  fi
  unit=
  case $name in docker-ce) unit='docker.socket docker.service' ;; containerd.io) unit=containerd.service ;; esac
  if [ -n "$unit" ]; then
    printf '#!/bin/sh\nset -e\ngetent group docker >/dev/null || groupadd --system docker\nsystemctl daemon-reload\nsystemctl enable %%s\nsystemctl restart %%s\n' \
      "$unit" "$unit" >$stage/DEBIAN/postinst
    chmod 0755 $stage/DEBIAN/postinst
  fi
  dpkg-deb -Znone --root-owner-group --build $stage $pool/${name}_${version#*:}.deb >/dev/null
  rm -rf $stage
}
files() { dpkg -L "$@" | grep -E '^/(usr/s?bin|lib/systemd)/' | sort -u; }
for version in %s %s; do
  full=5:$version-1~debian.12~bookworm
  pack docker-ce $full "docker-ce-cli, containerd.io, iptables" $(files docker.io | grep -v '^/usr/bin/docker$')
  pack docker-ce-cli $full libc6 /usr/bin/docker
done
pack containerd.io 1.6.20-1 libc6 $(files containerd runc)
cd $root
packages=dists/bookworm/stable/binary-$(dpkg --print-architecture)/Packages
for deb in dists/bookworm/pool/*.deb; do
  dpkg-deb -f $deb
  printf 'Filename: %%s\nSize: %%s\nSHA256: %%s\n\n' $deb $(stat -c %%s $deb) $(sha256sum $deb | cut -d ' ' -f 1)
done >$packages
printf 'Origin: Docker\nSuite: bookworm\nCodename: bookworm\nArchitectures: %%s\nComponents: stable\nDate: %%s\nSHA256:\n %%s %%s %%s' \
  $(dpkg --print-architecture) "$(date -Ru)" $(sha256sum $packages | cut -d ' ' -f 1) $(stat -c %%s $packages) ${packages#dists/bookworm/}`

// sign gives a text signed by a key made for it, and the key's public half.
func sign(tb testing.TB, text string) (signed, key string) {
	tb.Helper()
	home := tb.TempDir()
	gpg := func(ctx context.Context, input string, args ...string) string {
		cmd := exec.CommandContext(ctx, "gpg", append([]string{"--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.Output()
		if err != nil {
			tb.Errorf("gpg %s: %v", args[0], err)
		}
		return strings.TrimSpace(string(out))
	}
	tb.Cleanup(func() {
		_ = exec.CommandContext(context.WithoutCancel(tb.Context()), "gpgconf", "--homedir", home, "--kill", "gpg-agent").Run()
	})
	gpg(tb.Context(), "", "--quick-generate-key", "mirror@example.org", "ed25519", "sign", "1d")
	return gpg(tb.Context(), text+"\n", "--clearsign"), gpg(tb.Context(), "", "--armor", "--export")
}
