// Command terraform-provider-mdx is the Terraform provider plugin for mdx, the cloud of Japan's universities for
// data science. Terraform and OpenTofu start it; run by hand it only takes -debug, which waits for a debugger and
// prints how to attach a terraform run to it.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "keep running for a debugger, and print the TF_REATTACH_PROVIDERS to use")
	flag.Parse()

	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/nii-gakunin-cloud/mdx",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
