package mdx

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-retryablehttp"
)

// Client talks to one portal as one user. It is safe for concurrent use; make one with [New]. It holds
// nothing that needs closing: goroutines live as long as the calls that need them.
type Client struct {
	cfg    Config
	base   *url.URL
	http   *retryablehttp.Client
	tokens *tokenSource
	limits *limits
	log    *masker
	clock  *portalClock
	vms    Cache[ProjectID, look[VMSummary]]
	homes  homes

	changes atomic.Uint64 // how many were sent

	mu       sync.Mutex
	watchers map[ProjectID]*watcher // one for each project that was waited in
}

// New makes a client. It checks the configuration and reads the token file, but sends nothing: the
// first request is the caller's.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	base, err := parseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg: cfg, base: base, limits: newLimits(cfg.LockDir, base), log: &masker{log: cfg.Logger},
		watchers: map[ProjectID]*watcher{}, clock: newPortalClock(),
	}
	c.tokens, err = newTokenSource(cfg, c.refresh, c.limits.lockToken, c.log)
	if err != nil {
		return nil, err
	}
	c.http = newHTTP(c, cfg)
	return c, nil
}

// newHTTP chains what every request passes: retry, redirect, token, limit, log, and at the bottom the
// network.
func newHTTP(c *Client, cfg Config) *retryablehttp.Client {
	network := cfg.Transport
	if network == nil {
		network = newTransport(cfg.IPVersion)
	}
	_, tells := network.(*http.Transport)
	var chain http.RoundTripper = &exchange{next: network, timeout: cfg.RequestTimeout, tellsConnection: tells, clock: c.clock}
	chain = &logging{next: chain, log: c.log}
	chain = &naming{next: chain}
	chain = &limiting{next: chain, limits: c.limits}
	chain = &authorizing{next: chain, tokens: c.tokens}
	chain = &redirecting{next: chain}
	retry := retryablehttp.NewClient()
	retry.Logger = nil
	retry.HTTPClient = &http.Client{
		Transport:     chain,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	policy := retryPolicy{log: c.log, unit: cfg.PollInterval}
	retry.RetryMax = cfg.MaxRetries
	retry.CheckRetry = policy.check
	retry.Backoff = policy.backoff
	retry.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return retry
}
