package kit

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// stringCheck is a validator that is a sentence and a function: the error it returns is shown beside the attribute.
type stringCheck struct {
	want  string
	check func(value string) error
}

// CheckString is a validator that wants what a sentence says, and a function checks.
func CheckString(want string, check func(value string) error) validator.String {
	return stringCheck{want: want, check: check}
}

func (v stringCheck) Description(context.Context) string { return v.want }

func (v stringCheck) MarkdownDescription(context.Context) string { return v.want }

func (v stringCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), err.Error())
	}
}

// IsEndpoint wants an address that a token may be sent to.
func IsEndpoint() validator.String {
	return CheckString("an https URL, or http on loopback", mdx.CheckEndpoint)
}

// IsDuration wants a duration that [ParseDuration] reads.
func IsDuration() validator.String {
	return CheckString("a duration such as 90s or 2m", func(text string) error {
		_, err := ParseDuration(text)
		return err
	})
}

// IsPublicKey accepts one line of an authorized_keys file, and tells a private key without repeating it.
func IsPublicKey() validator.String {
	return CheckString("one OpenSSH public key", func(text string) error {
		if strings.Contains(text, "PRIVATE KEY") {
			return errors.New("this is a private key; give the public one, the file that ends in .pub")
		}
		_, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(text))
		switch {
		case err != nil:
			return errors.New("not an OpenSSH public key such as \"ssh-ed25519 AAAA... you@host\": give the text of the .pub file, not its path")
		case strings.TrimSpace(string(rest)) != "":
			return errors.New("more than one public key; a VM is deployed with one, further ones go to mdx_container_host.authorized_keys")
		}
		return nil
	})
}

// IsRegex accepts a regular expression in Go's syntax.
func IsRegex() validator.String {
	return CheckString("a regular expression", func(text string) error {
		if _, err := regexp.Compile(text); err != nil {
			return fmt.Errorf("%q is not a regular expression: %w", text, err)
		}
		return nil
	})
}
