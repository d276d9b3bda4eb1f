// Package portal is what a user wants of the mdx portal, as operations that end when what was wanted is there: make a VM,
// change, restart and destroy it, set the access rules of a segment, publish an address, look things up, and own what was
// made although a run may be killed at any moment. It knows nothing of Terraform: it returns values, and errors that tell
// what is in the way.
//
// A [Portal] is the client of package mdx with these operations on top.
//
//   - VMs: [Portal.CreateVM] asks for one and answers as soon as its id is known, [Portal.AwaitCreated] and
//     [Portal.BringUpVM] wait until it is up, [Portal.ChangeVM], [Portal.RestartVM] and [Portal.DestroyVM] do what they say.
//   - Access rules: [Portal.CreateRule], [Portal.FindRule], [Portal.ChangeRule] and [Portal.RemoveRule] are about one,
//     [Portal.SetRules] brings a segment to a set of them, and [Portal.Rules] lists what a segment has.
//   - Public addresses: [Portal.Publish] leads one to a machine, [Portal.FindDNAT] finds the rule that does,
//     [Portal.Unpublish] ends that.
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
	pollInterval   time.Duration
	requestTimeout time.Duration
	logger         mdx.Logger

	deploys *mdx.Batcher
	reads   *mdx.Reader
	journal recorder
	lookups lookups

	ruleLists *mdx.Cache[ruleList, []mdx.ACLRule]
	dnatLists *mdx.Cache[mdx.ProjectID, []mdx.DNAT]
	histories *mdx.Cache[mdx.ProjectID, []mdx.Task]
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
	p := of(client, cfg.PollInterval, journal)
	p.requestTimeout, p.logger, p.deploys = cfg.RequestTimeout, cfg.Logger, mdx.NewBatcher(client, window)
	return p, nil
}

// of is a portal that remembers nothing yet.
func of(client *mdx.Client, pollInterval time.Duration, journal recorder) *Portal {
	return &Portal{
		Client: client, pollInterval: pollInterval, reads: mdx.NewReader(client), journal: journal,
		lookups:   newLookups(pollInterval),
		ruleLists: mdx.NewCache[ruleList, []mdx.ACLRule](pollInterval),
		dnatLists: mdx.NewCache[mdx.ProjectID, []mdx.DNAT](pollInterval),
		histories: mdx.NewCache[mdx.ProjectID, []mdx.Task](pollInterval),
	}
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
	return context.WithTimeout(context.WithoutCancel(ctx), patience*p.pollInterval)
}

// pause waits for some poll intervals, or until ctx is done, which is an error.
func (p *Portal) pause(ctx context.Context, intervals float64) error {
	timer := time.NewTimer(time.Duration(intervals * float64(p.pollInterval)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
