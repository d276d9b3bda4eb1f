// Command terraform-provider-mdx is the Terraform provider plugin for mdx, the cloud of Japan's universities for
// data science. Terraform and OpenTofu start it; run by hand it only takes -debug, which waits for a debugger and
// prints how to attach a terraform run to it.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/lifecycle"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// version is set by the release build.
var version = "dev"

const address = "registry.terraform.io/nii-gakunin-cloud/mdx"

// memoryAim is where garbage is collected sooner, so that a plan of a thousand VMs, most of which is what the framework
// leaves lying about, stays well below what a small machine has. It is no bound: what is needed is taken.
const memoryAim = 112 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryAim)
	}
	attach := flag.Bool("debug", false, "keep running for a debugger, and print the TF_REATTACH_PROVIDERS to use")
	flag.Parse()

	var err error
	if *attach {
		err = providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{Address: address, Debug: true})
	} else {
		err = lifecycle.Serve(address, providerserver.NewProtocol6(provider.New(version)()))
	}
	if err != nil {
		log.Fatal(err)
	}
}
