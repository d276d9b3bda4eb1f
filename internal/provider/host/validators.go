package host

import (
	"fmt"
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

func isNameServer() validator.String {
	return kit.CheckString("the address of a name server", func(text string) error {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" || addr.IsUnspecified() {
			return fmt.Errorf("%q is not the address of a name server, such as 10.0.0.53: a name can't be looked up before there is one", text)
		}
		return nil
	})
}

func isTimeServer() validator.String {
	return kit.CheckString("an address or a name of a time server", containerhost.CheckNTPServer)
}
