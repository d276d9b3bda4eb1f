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

// Garbage is collected when memory has grown by garbageShare percent, or sooner towards memoryAim. What is alive is a few
// megabytes even in a plan of a thousand VMs, and collecting it again and again would take a quarter of the time. The aim
// is no bound: what is needed is taken.
const (
	garbageShare = 400
	memoryAim    = 112 << 20
)

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryAim)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbageShare)
	}
	attach := flag.Bool("debug", false, "keep running for a debugger, and print the TF_REATTACH_PROVIDERS to use")
	flag.Parse()

	var err error
	if *attach {
		err = providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{Address: address, Debug: true})
	} else {
		err = lifecycle.Serve(address, provider.NewServer(version))
	}
	if err != nil {
		log.Fatal(err)
	}
}
