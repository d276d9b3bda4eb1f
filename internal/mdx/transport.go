package mdx

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// newTransport verifies TLS, takes proxies from the environment as it is now, and dials as told.
func newTransport(version IPVersion) *http.Transport {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, version.dialNetwork(network, address), address)
		},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: maxGets + maxPosts,
		IdleConnTimeout:     30 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second,
	}
}

// maxAnswer bounds how much of an answer is read; a page of a hundred machines is far below it.
const maxAnswer = 32 << 20

// errTooLong is the cause when an answer goes on beyond that. Asking again would bring as much.
var errTooLong = fmt.Errorf("it has more than %d MB", maxAnswer>>20)

// exchange is the lowest layer: one attempt, bounded in time, its answer read to the end. What is cut
// off on the way thus shows as an error of the attempt, and a place in the limits is free again when
// RoundTrip returns.
type exchange struct {
	next            http.RoundTripper
	timeout         time.Duration
	tellsConnection bool // next reports through httptrace when it has a connection
	clock           *portalClock
}

// RoundTrip sends the request once and reads the answer to its end.
func (t *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	f := flightOf(req.Context())
	f.attempts++
	parent := req.Context()
	if f.kind == kindRule {
		if err := parent.Err(); err != nil {
			return nil, err
		}
		parent = context.WithoutCancel(parent) // cut off, it would be carried out all the same
	}
	f.sent = !t.tellsConnection
	ctx, cancel := context.WithTimeoutCause(parent, t.timeout, timeoutError{t.timeout})
	defer cancel()
	// Without a connection nothing was sent, whatever went wrong.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { f.sent = true }})
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, timeoutCause(ctx, err)
	}
	t.clock.hear(resp.Header)
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if len(data) > maxAnswer {
		err = errTooLong
	}
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(data), timeoutCause(ctx, err))
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

// timeoutError says that one attempt took longer than it may.
type timeoutError struct{ after time.Duration }

// Error tells how long was waited.
func (e timeoutError) Error() string { return fmt.Sprintf("no answer within %s", e.after) }

// timeoutCause puts the reason for a cut in place of "context deadline exceeded".
func timeoutCause(ctx context.Context, err error) error {
	if cause, ok := errors.AsType[timeoutError](context.Cause(ctx)); ok {
		return cause
	}
	return err
}

// redirecting follows the portal's redirects, which add a missing slash (PORTAL.md §1), with the same
// method and body. It never leaves the portal, since the token goes along.
type redirecting struct{ next http.RoundTripper }

// RoundTrip follows redirects on the same host.
func (t *redirecting) RoundTrip(req *http.Request) (*http.Response, error) {
	const most = 5
	for range most {
		resp, err := t.next.RoundTrip(req)
		if err != nil || resp.StatusCode/100 != 3 || resp.Header.Get("Location") == "" {
			return resp, err
		}
		target, err := req.URL.Parse(resp.Header.Get("Location"))
		if err != nil {
			return nil, fmt.Errorf("the portal redirects to an address that is none: %w", err)
		}
		if target.Scheme != req.URL.Scheme || target.Host != req.URL.Host {
			return nil, fmt.Errorf("the portal redirects to %s://%s, where the token must not go: is the endpoint right?",
				target.Scheme, target.Host)
		}
		if req, err = again(req); err != nil {
			return nil, err
		}
		req.URL = target
	}
	return nil, fmt.Errorf("the portal redirected %d times in a row", most)
}

// again is a copy of a request that can be sent, its body at the beginning.
func again(req *http.Request) (*http.Request, error) {
	next := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		next.Body = body
	}
	return next, nil
}

// authorizing puts the token on a request, and a new one when the portal refuses it.
type authorizing struct {
	next   http.RoundTripper
	tokens *tokenSource
}

// RoundTrip sends the request with a token, and once more with another one if that was refused.
func (t *authorizing) RoundTrip(req *http.Request) (*http.Response, error) {
	f := flightOf(req.Context())
	if f.kind == kindToken {
		return t.send(req, t.tokens.peek())
	}
	token, err := t.tokens.get(req.Context())
	if err != nil {
		return nil, err
	}
	resp, err := t.send(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	if f.tokenErr = t.tokens.replace(req.Context(), token); f.tokenErr != nil {
		return resp, nil //nolint:nilerr // the refusal is the answer; the call reports tokenErr with it
	}
	second, err := again(req)
	if err != nil {
		return nil, err
	}
	return t.send(second, t.tokens.peek())
}

func (t *authorizing) send(req *http.Request, token string) (*http.Response, error) {
	if token != "" {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "JWT "+token)
	}
	return t.next.RoundTrip(req)
}

// limiting keeps to what the portal bears (PORTAL.md §8).
type limiting struct {
	next   http.RoundTripper
	limits *limits
}

// RoundTrip waits for a place.
func (t *limiting) RoundTrip(req *http.Request) (*http.Response, error) {
	f := flightOf(req.Context())
	f.sent = false // not before it is its turn
	release, err := t.limits.enter(req.Context(), f.call)
	if err != nil {
		return nil, err
	}
	defer release()
	return t.next.RoundTrip(req)
}

// requestIDHeader is where proxies and web frameworks look for a request's id by convention; who does not know it passes it
// over.
const requestIDHeader = "X-Request-Id"

// naming gives every attempt an id, which is in the log here and may be in those of the portal.
type naming struct{ next http.RoundTripper }

// RoundTrip sends a copy with an id that no other attempt has.
func (t *naming) RoundTrip(req *http.Request) (*http.Response, error) {
	f := flightOf(req.Context())
	f.requestID = rand.Text()
	req = req.Clone(req.Context())
	req.Header.Set(requestIDHeader, f.requestID)
	return t.next.RoundTrip(req)
}

// reachability adds what to do to an error of the connection itself.
func reachability(err error) error {
	_, isDial := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	if !isDial && !isDNS {
		return err
	}
	return fmt.Errorf("%w (the portal answers only inside mdx, through its VPN, or from an mdx VM: check endpoint and network)", err)
}
