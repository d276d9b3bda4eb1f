package provider

import (
	"context"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// portal is the portal as its users want it: the client, and on top of it operations that end when what was wanted is
// there. It is safe for concurrent use, and one serves a whole run: what runs beside each other shares requests.
type portal struct {
	*mdx.Client
	pollInterval   time.Duration
	requestTimeout time.Duration
	logger         mdx.Logger

	deploys *mdx.Batcher
	reads   *mdx.Reader
	journal recorder
	lookups lookups

	ruleLists sharedLists[mdx.ACLRule]
	dnatLists sharedLists[mdx.DNAT]
	histories sharedLists[mdx.Task]
	claims    claims
}

// portalConfig is how to reach the portal, and how to use it.
type portalConfig struct {
	mdx.Config
	// DeployAlone has every VM asked for in a request of its own.
	DeployAlone bool
}

// newPortal makes a portal. It sends no request.
func newPortal(cfg portalConfig) (*portal, error) {
	journal := newRecorder(cfg.Endpoint)
	cfg.Recorder = journal
	client, err := mdx.New(cfg.Config)
	if err != nil {
		return nil, err
	}
	window := mdx.DefaultBatchWindow
	if cfg.DeployAlone {
		window = 0
	}
	return &portal{
		Client: client, pollInterval: cfg.PollInterval, requestTimeout: cfg.RequestTimeout, logger: cfg.Logger,
		deploys: mdx.NewBatcher(client, window), reads: mdx.NewReader(client), journal: journal,
	}, nil
}

// log writes to the log that the client writes to.
func (p *portal) log(ctx context.Context, level mdx.LogLevel, msg string, fields map[string]any) {
	if p.logger != nil {
		p.logger(ctx, level, msg, fields)
	}
}

// warn logs what a user may want to know of afterwards.
func (p *portal) warn(ctx context.Context, msg string, fields map[string]any) {
	p.log(ctx, mdx.LogWarn, msg, fields)
}
