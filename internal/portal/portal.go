// Package portal is what a user wants of the mdx portal, as operations that end when what was wanted is there: make a VM,
// change, restart and destroy it, set the access rules of a segment, publish an address, look things up, and own what was
// made although a run may be killed at any moment. It knows nothing of Terraform: it returns values, and errors that tell
// what is in the way.
//
// A [Portal] is the client of package mdx with these operations on top.
//
//   - VMs: [Portal.CreateVM] asks for one and answers as soon as its id is known, [Portal.AwaitCreated] and
//     [Portal.BringUpVM] wait until it is up, [Portal.ChangeVM], [Portal.RestartVM] and [Portal.DestroyVM] do what they say.
//   - Access rules: [Portal.SetRules] brings a segment to a set of rules, [Portal.Rules] lists them.
//   - Public addresses: [Portal.Publish] leads one to a machine, [Portal.Unpublish] ends that.
//   - What never changes within a run is asked once: [Portal.KnownProjects], [Portal.KnownCatalogs], [Portal.KnownSegments].
//   - What a killed run has left is told by [Portal.LeftBehind], and continued by whoever asks for the same again.
package portal

import (
	"context"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// Portal is the portal as its users want it: the client, and on top of it operations that end when what was wanted is
// there. It is safe for concurrent use, and one serves a whole run: what runs beside each other shares requests.
type Portal struct {
	*mdx.Client
	PollInterval   time.Duration
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

// Config is how to reach the portal, and how to use it.
type Config struct {
	mdx.Config
	// DeployAlone has every VM asked for in a request of its own.
	DeployAlone bool
	// Unheard, if set, tells whether nobody hears answers any more, so that what is made then is not handed over.
	Unheard func() bool
}

// New makes a portal. It sends no request.
func New(cfg Config) (*Portal, error) {
	journal := newRecorder(cfg.Endpoint, cfg.Unheard)
	cfg.Recorder = journal
	client, err := mdx.New(cfg.Config)
	if err != nil {
		return nil, err
	}
	window := mdx.DefaultBatchWindow
	if cfg.DeployAlone {
		window = 0
	}
	return &Portal{
		Client: client, PollInterval: cfg.PollInterval, requestTimeout: cfg.RequestTimeout, logger: cfg.Logger,
		deploys: mdx.NewBatcher(client, window), reads: mdx.NewReader(client), journal: journal,
	}, nil
}

// log writes to the log that the client writes to.
func (p *Portal) log(ctx context.Context, level mdx.LogLevel, msg string, fields map[string]any) {
	if p.logger != nil {
		p.logger(ctx, level, msg, fields)
	}
}

// warn logs what a user may want to know of afterwards.
func (p *Portal) warn(ctx context.Context, msg string, fields map[string]any) {
	p.log(ctx, mdx.LogWarn, msg, fields)
}

// progress tells the log what a wait has learned.
func (p *Portal) progress(ctx context.Context) mdx.WaitOption {
	return mdx.WithProgress(func(news mdx.Progress) {
		p.log(ctx, mdx.LogInfo, "waiting for the portal", map[string]any{
			"operation": news.Operation, "object": news.Object, "percent": news.Percent, "status": news.Status,
			"elapsed": news.Elapsed.Round(time.Second).String(),
		})
	})
}

// patience is how many poll intervals the portal gets for what takes it seconds: 100 s at the default of 5 s, which is
// how long the operator's own client looks for a new VM (PORTAL.md §8).
const patience = 20

// Aside is a context for what must be finished although ctx may be cancelled, with a limit of its own.
func (p *Portal) Aside(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience*p.PollInterval)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
