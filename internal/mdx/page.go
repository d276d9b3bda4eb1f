package mdx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// pageSize is the most that the portal puts on a page, whatever is asked for (PORTAL.md §3).
const pageSize = 100

// wirePage is a page of a list, or a whole list that came as a bare array (PORTAL.md §3).
type wirePage[T any] struct {
	Count   int // what the portal says that there are in all; -1 if it does not
	More    bool
	Results []T
	raw     []byte
}

// UnmarshalJSON takes a page or a bare array.
func (p *wirePage[T]) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '[' {
		*p = wirePage[T]{Count: -1, raw: data}
		return json.Unmarshal(data, &p.Results)
	}
	var page struct {
		Count   *wireInt        `json:"count"`
		Next    wireText        `json:"next"`
		Results json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(data, &page); err != nil {
		return err
	}
	if page.Results == nil { // what is missing from a list counts as gone
		return errors.New("a list expected, got something else")
	}
	*p = wirePage[T]{Count: -1, More: page.Next != "", raw: bytes.Clone(page.Results)}
	if page.Count != nil {
		p.Count = int(*page.Count)
	}
	return json.Unmarshal(page.Results, &p.Results)
}

// pages iterates over a list page by page. The error, if any, is the last thing it yields. A link to the
// next page is not followed, but counted: wherever it leads, the token goes to the portal only.
func pages[T any](ctx context.Context, c *Client, r call) iter.Seq2[wirePage[T], error] {
	return func(yield func(wirePage[T], error) bool) {
		r.method = http.MethodGet
		base := r.query
		var so pageChain
		for number := 1; ; number++ {
			r.query = maps.Clone(base)
			if number > 1 || !r.unpaged {
				if r.query == nil {
					r.query = url.Values{}
				}
				r.query.Set("page", strconv.Itoa(number))
				r.query.Set("page_size", strconv.Itoa(pageSize))
			}
			var page wirePage[T]
			send := c.do
			if number == 1 { // a later page may be none any more
				send = c.ask
			}
			err := send(ctx, r, &page)
			if err == nil && page.More {
				err = so.goOn(r, page.Count, len(page.Results), page.raw)
			}
			if err != nil {
				yield(page, err)
				return
			}
			if !yield(page, nil) || !page.More || len(page.Results) == 0 {
				return
			}
		}
	}
}

// Bounds of a list that is read page by page. A page of a hundred machines has some 50 kB.
const (
	maxPages     = 1000
	maxPageBytes = 64 << 20 // of all pages of a list
	maxBeyond    = 5        // pages after as many entries as the portal counts
	maxSamePages = 3        // in a row
)

// pageChain watches that a list's pages come to an end.
type pageChain struct {
	pages, entries, bytes int
	count, beyond         int
	last                  []byte
	same                  int
}

// goOn tells why there is to be no further page, nil if there may be one.
func (c *pageChain) goOn(r call, count, entries int, raw []byte) error {
	c.pages++
	c.entries += entries
	c.bytes += len(raw)
	c.count = max(c.count, count)
	if c.same++; !bytes.Equal(raw, c.last) {
		c.same = 1
	}
	c.last = raw
	if c.count > 0 && c.entries >= c.count {
		c.beyond++
	}
	var why string
	switch {
	case c.same >= maxSamePages:
		why = fmt.Sprintf("page %d is the same as the %d before it", c.pages, c.same-1)
	case c.beyond > maxBeyond:
		why = fmt.Sprintf("it had %d entries by page %d, and is to have %d", c.entries, c.pages, c.count)
	case c.pages >= maxPages:
		why = fmt.Sprintf("it has more than %d pages", maxPages)
	case c.bytes >= maxPageBytes:
		why = fmt.Sprintf("it has more than %d MB", maxPageBytes>>20)
	default:
		return nil
	}
	return r.failed(fmt.Errorf("%w: the portal goes on promising further pages of the list, although %s: tell its operator", errUnreadable, why))
}

// each iterates over a list's items, fetching pages as they are reached, converted by conv.
func each[W, T any](ctx context.Context, c *Client, r call, conv func(W) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page, err := range pages[W](ctx, c, r) {
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range page.Results {
				if !yield(conv(item), nil) {
					return
				}
			}
		}
	}
}
