package mdx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// DefaultEndpoint is the portal's address (PORTAL.md §1).
const DefaultEndpoint = "https://oprpl.mdx.jp"

// Defaults of [Config], used where a field is zero.
const (
	DefaultRequestTimeout = 120 * time.Second
	DefaultPollInterval   = 5 * time.Second
	DefaultMaxRetries     = 4
	DefaultUserAgent      = "terraform-provider-mdx"
)

// IPVersion says over which IP versions the portal may be reached.
type IPVersion string

// The IP versions [Config] knows.
const (
	// IPv4 connects over IPv4 only: the default, since the portal's name may resolve to an IPv6
	// address that can't be reached (PORTAL.md §1).
	IPv4 IPVersion = "ipv4"
	// IPAny takes whatever the resolver answers.
	IPAny IPVersion = "any"
)

// Config says which portal to talk to, as whom, and how patiently. Only a token is needed.
type Config struct {
	// Endpoint is the portal's base URL; [DefaultEndpoint] if empty. Plain http is taken for loopback
	// addresses only, since the token travels with every request.
	Endpoint string
	// Token is the portal's API token. It wins over TokenFile.
	Token string
	// TokenFile holds the token, as bare text or as {"token": "..."}. A refreshed token is written
	// back to it.
	TokenFile string
	// IPVersion limits the IP version of connections; [IPv4] if empty.
	IPVersion IPVersion
	// RequestTimeout bounds one attempt of one request; [DefaultRequestTimeout] if zero.
	RequestTimeout time.Duration
	// PollInterval is the unit of all waiting: every wait's pace is a multiple of it.
	// [DefaultPollInterval] if zero.
	PollInterval time.Duration
	// MaxRetries is how often a request that may safely be repeated is repeated;
	// [DefaultMaxRetries] if zero, never if negative.
	MaxRetries int
	// UserAgent is sent with every request; [DefaultUserAgent] if empty.
	UserAgent string
	// LockDir is where processes of one user agree on who may ask the portal next. It is made when
	// first needed. A folder below [os.UserCacheDir] if empty.
	LockDir string
	// Logger is told about every request, answer and retry, with secrets masked. Nil is silence.
	Logger Logger
	// Recorder is told of deploys and clones before they are sent. Nil keeps no record.
	Recorder Recorder
	// Transport sends the requests; nil builds one that verifies TLS, heeds IPVersion and takes
	// proxies from the environment.
	Transport http.RoundTripper
}

// Logger receives what the client does, in the shape of terraform-plugin-log: a level, a sentence, and
// fields. Implementations must be safe for concurrent use. Tokens, keys and passwords are masked
// before they get here.
type Logger func(ctx context.Context, level LogLevel, msg string, fields map[string]any)

// LogLevel ranks what a [Logger] is told.
type LogLevel int

// The levels a [Logger] is told.
const (
	LogTrace LogLevel = iota // bodies of requests and answers
	LogDebug                 // one line per request and answer
	LogInfo                  // progress of waits
	LogWarn                  // retries, refreshes that failed
)

func (cfg Config) withDefaults() Config {
	cfg.Endpoint = strings.TrimRight(cmp.Or(cfg.Endpoint, DefaultEndpoint), "/")
	cfg.IPVersion = cmp.Or(cfg.IPVersion, IPv4)
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, DefaultRequestTimeout)
	cfg.PollInterval = cmp.Or(cfg.PollInterval, DefaultPollInterval)
	cfg.MaxRetries = max(cmp.Or(cfg.MaxRetries, DefaultMaxRetries), 0)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, DefaultUserAgent)
	return cfg
}

// units is a multiple of the unit of all waiting.
func (cfg Config) units(n float64) time.Duration { return time.Duration(n * float64(cfg.PollInterval)) }

// validate collects everything that is wrong with a configuration whose defaults are filled in.
func (cfg Config) validate() error {
	var errs []error
	if err := CheckEndpoint(cfg.Endpoint); err != nil {
		errs = append(errs, err)
	}
	if cfg.IPVersion != IPv4 && cfg.IPVersion != IPAny {
		errs = append(errs, fmt.Errorf("IP version %q is neither %q nor %q", cfg.IPVersion, IPv4, IPAny))
	}
	if cfg.RequestTimeout < 0 {
		errs = append(errs, fmt.Errorf("request timeout %s is negative", cfg.RequestTimeout))
	}
	if cfg.PollInterval < 0 {
		errs = append(errs, fmt.Errorf("poll interval %s is negative", cfg.PollInterval))
	}
	return errors.Join(errs...)
}

// CheckEndpoint tells what is wrong with an endpoint, nil if nothing: it must be an https URL, or http on
// loopback, since the token travels with every request.
func CheckEndpoint(endpoint string) error {
	_, err := parseEndpoint(endpoint)
	return err
}

func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint %q is not a URL: %w", endpoint, err)
	}
	switch {
	case u.Host == "" || u.Hostname() == "":
		return nil, fmt.Errorf("endpoint %q names no host; write it like %s", endpoint, DefaultEndpoint)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("endpoint of host %q must be scheme, host and path only", u.Host)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("endpoint %q would send the token unencrypted; use https (plain http is for loopback addresses)", endpoint)
	default:
		return nil, fmt.Errorf("endpoint %q is neither https nor http", endpoint)
	}
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// dialNetwork is the network to dial for a host: IPv4 only as configured, unless the address is
// written out and leaves no choice.
func (v IPVersion) dialNetwork(network, address string) string {
	if v != IPv4 || network != "tcp" {
		return network
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "tcp4"
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		return network
	}
	return "tcp4"
}
