//go:build unix

package lifecycle

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestMain lets the test binary play Terraform, and its plugin.
func TestMain(m *testing.M) {
	switch os.Getenv("LIFECYCLE_TEST_PROCESS") {
	case "":
		os.Exit(m.Run())
	case "plugin":
		err := Serve("registry.terraform.io/test/stub", func() tfprotov6.ProviderServer { return stub{} })
		_, _ = fmt.Fprint(os.NewFile(3, "life"), "orphaned: ", Orphaned()) // whoever does not hear it fails
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "terraform":
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "LIFECYCLE_TEST_PROCESS=plugin",
			"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
		cmd.ExtraFiles = []*os.File{os.NewFile(3, "life")}
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		handshake, _ := bufio.NewReader(out).ReadString('\n')
		fmt.Println(cmd.Process.Pid, handshake)
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	}
}

// pluginOf starts a Terraform with a plugin. The pipe ends when both are gone.
func pluginOf(t *testing.T) (terraform *exec.Cmd, plugin int, lives *os.File) {
	t.Helper()
	lives, life, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	terraform = exec.CommandContext(t.Context(), os.Args[0])
	terraform.Env = append(os.Environ(), "LIFECYCLE_TEST_PROCESS=terraform")
	terraform.ExtraFiles = []*os.File{life}
	if _, err := terraform.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := terraform.StdoutPipe()
	if err == nil {
		err = terraform.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := life.Close(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scan := fmt.Sscan(line, &plugin); err != nil || scan != nil || !strings.Contains(line, "|tcp|") && !strings.Contains(line, "|unix|") {
		t.Fatalf("no handshake: %q, %v", line, err)
	}
	t.Cleanup(func() { _ = syscall.Kill(plugin, syscall.SIGKILL) }) // gone, if all went well
	return terraform, plugin, lives
}

// gone waits until the pipe's writers are, and answers the plugin's last word.
func gone(t *testing.T, lives *os.File) string {
	t.Helper()
	if err := lives.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	last, err := io.ReadAll(lives)
	if err != nil {
		t.Errorf("it lives on: %v", err)
	}
	return string(last)
}

func TestThePluginEndsWhenTerraformIsKilled(t *testing.T) {
	terraform, _, lives := pluginOf(t)
	if err := terraform.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = terraform.Wait() // it was killed
	if last := gone(t, lives); last != "orphaned: true" {
		t.Errorf("%q", last)
	}
}

func TestSignalsDoNotEndThePluginWhileTerraformLives(t *testing.T) {
	terraform, plugin, lives := pluginOf(t)
	for _, signal := range []syscall.Signal{syscall.SIGPIPE, syscall.SIGTERM, syscall.SIGINT} {
		if err := syscall.Kill(plugin, signal); err != nil {
			t.Fatal(err)
		}
	}
	if err := lives.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(plugin, 0); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(lives); !os.IsTimeout(err) {
		t.Errorf("it ended: %v", err)
	}
	if err := terraform.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = terraform.Wait() // it was killed
	gone(t, lives)
}
