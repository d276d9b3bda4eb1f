// Command schema prints the provider's schema as `terraform providers schema -json` would, but asks the provider
// itself: what is printed, and so the documentation made from it, does not depend on which terraform is installed, and
// holds what only the newest ones know, such as actions and list resources.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	schemas, err := describe(ctx, providerserver.NewProtocol6(provider.New("docs")())())
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	return out.Encode(schemas)
}
