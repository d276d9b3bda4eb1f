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
	Count   int
	More    bool
	Results []T
}

// UnmarshalJSON takes a page or a bare array.
func (p *wirePage[T]) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '[' {
		*p = wirePage[T]{}
		if err := json.Unmarshal(data, &p.Results); err != nil {
			return err
		}
		p.Count = len(p.Results)
		return nil
	}
	var page struct {
		Count   wireInt         `json:"count"`
		Next    wireText        `json:"next"`
		Results json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(data, &page); err != nil {
		return err
	}
	if page.Results == nil { // what is missing from a list counts as gone
		return errors.New("a list expected, got something else")
	}
	*p = wirePage[T]{Count: int(page.Count), More: page.Next != ""}
	return json.Unmarshal(page.Results, &p.Results)
}

// pages iterates over a list page by page. The error, if any, is the last thing it yields.
func pages[T any](ctx context.Context, c *Client, r call) iter.Seq2[wirePage[T], error] {
	return func(yield func(wirePage[T], error) bool) {
		r.method = http.MethodGet
		base := r.query
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
			if err := c.do(ctx, r, &page); err != nil {
				yield(page, err)
				return
			}
			if !yield(page, nil) || !page.More || len(page.Results) == 0 {
				return
			}
		}
	}
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

// list reads a whole list, converted by conv.
//
// Pages are cut from the list as it is when each is asked for (PORTAL.md §3). When something is added
// or removed between two of them, an item may show on neither, and would look deleted, and a page that
// was promised may be none any more. So the list is read again until its length stays the same from the
// first page to the last.
func list[W, T any](ctx context.Context, c *Client, r call, conv func(W) T) ([]T, error) {
	const attempts = 4
	r.method = http.MethodGet
	for attempt := 1; ; attempt++ {
		var out []T
		first, steady := -1, true
		for page, err := range pages[W](ctx, c, r) {
			if first >= 0 && IsNotFound(err) {
				steady = false
				break
			}
			if err != nil {
				return nil, err
			}
			if first < 0 {
				first = page.Count
			}
			steady = steady && page.Count == first
			for _, item := range page.Results {
				out = append(out, conv(item))
			}
		}
		switch {
		case steady && (first == len(out) || first == 0 || attempt == attempts): // a wrong count is no reason to fail
			return out, nil
		case attempt == attempts:
			return nil, r.failed(fmt.Errorf("%w: the list changes while it is read", errUnreadable))
		}
	}
}
