package containerhost

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// domainPattern is what the Docker daemon takes for a registry's host, where that is no address.
var domainPattern = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$`)

// CheckRegistry accepts an insecure registry. With any other in its file the Docker daemon does not start, or takes it
// for another one.
func CheckRegistry(registry string) error {
	if _, err := netip.ParsePrefix(registry); err == nil {
		return nil
	}
	if u, err := url.Parse("//" + registry); err != nil || u.Host != registry || !isHost(u.Hostname()) ||
		!isPort(or(u.Port(), "0")) || strings.HasSuffix(registry, ":") {
		return fmt.Errorf("%q is not a registry such as 10.0.0.5:5000, without http:// and without a path", registry)
	}
	return nil
}

func isHost(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil || domainPattern.MatchString(text)
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// CheckMirror accepts a registry's mirror. With any other in its file the Docker daemon does not start. Its error does not
// repeat the text, which may hold a password.
func CheckMirror(mirror string) error {
	if u, err := url.Parse(mirror); err != nil || !isWeb(u) || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("not a mirror's URL such as http://10.0.0.5:5000, without user and query")
	}
	return nil
}

// CheckRepository accepts the URL of an apt repository. One with a password would be for all to read in the host's list of
// sources, in state, and in what apt says. Its error does not repeat the text.
func CheckRepository(repository string) error {
	if u, err := url.Parse(repository); err != nil || !isWeb(u) || u.User != nil || strings.ContainsAny(repository, " \t\n") {
		return fmt.Errorf("not a repository's URL such as %s, without a user", DefaultRepositoryURL)
	}
	return nil
}

func isWeb(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" }
