package mdx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// retryPolicy decides which attempts are worth another one, by what went wrong and whether the request
// may already have done something.
type retryPolicy struct {
	log  *masker
	unit time.Duration // see [Config.PollInterval]
}

// check is go-retryablehttp's question after each attempt.
func (p retryPolicy) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	f := flightOf(ctx)
	retry, why := f.worthRetrying(p.log, resp, err)
	if ctx.Err() != nil && (retry || err != nil) { // an answer that came in time counts
		return false, ctx.Err()
	}
	if retry {
		p.log.write(ctx, LogWarn, "attempt failed", map[string]any{
			"operation": f.op, "object": f.object, "attempt": f.attempts, "reason": why,
		})
	}
	return retry, nil
}

// worthRetrying tells whether the last attempt failed in a way that may pass, and why.
func (f *flight) worthRetrying(log *masker, resp *http.Response, err error) (retry bool, why string) {
	if errors.Is(err, errTooLong) {
		return false, ""
	}
	if err != nil {
		// A change that may have arrived is never sent again.
		return f.safe() || !f.sent, err.Error()
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		f.sent = false // refused at the door
		return true, resp.Status
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return f.safe(), resp.Status
	}
	if f.method != http.MethodGet || resp.StatusCode/100 != 2 {
		return false, ""
	}
	// The body is in memory already, and is read again by the caller.
	data, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(data))
	switch {
	case looksLikeHTML(data):
		return true, "a web page in place of data: " + log.title(data)
	case !json.Valid(data):
		return true, "the answer is not whole"
	default:
		return false, ""
	}
}

// The longest pauses between attempts: ours, and one the portal asks for.
const (
	maxBackoff    = 30 * time.Second
	maxRetryAfter = 5 * time.Minute
)

// backoff is the pause before the next attempt: what the portal asks for, else doubling, and spread so
// that those who failed together don't come back together.
func (p retryPolicy) backoff(_, _ time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if delay, ok := retryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
			return min(delay, maxRetryAfter)
		}
	}
	delay := min(p.unit/5<<min(attempt, 10), maxBackoff)
	return delay/2 + rand.N(delay+1) //nolint:gosec // spreads load, guards nothing
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
