package mdx

import (
	"bytes"
	"context"
	"encoding/json"
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
		Count   wireInt  `json:"count"`
		Next    wireText `json:"next"`
		Results []T      `json:"results"`
	}
	if err := json.Unmarshal(data, &page); err != nil {
		return err
	}
	*p = wirePage[T]{Count: int(page.Count), More: page.Next != "", Results: page.Results}
	return nil
}

// pages iterates over a list page by page. The error, if any, is the last thing it yields.
func pages[T any](ctx context.Context, c *Client, r call) iter.Seq2[wirePage[T], error] {
	return func(yield func(wirePage[T], error) bool) {
		r.method = http.MethodGet
		query := maps.Clone(r.query)
		if query == nil {
			query = url.Values{}
		}
		query.Set("page_size", strconv.Itoa(pageSize))
		for number := 1; ; number++ {
			query.Set("page", strconv.Itoa(number))
			r.query = query
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

// collect reads a whole list.
func collect[T any](items iter.Seq2[T, error]) ([]T, error) {
	var out []T
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}
