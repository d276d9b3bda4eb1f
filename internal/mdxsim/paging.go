package mdxsim

import (
	"net/http"
	"net/url"
	"strconv"
)

// defaultPageSize is used when a request does not ask for one.
const defaultPageSize = 20

// paged answers with one page of a list (PORTAL.md §3); entry writes an element.
func paged[T any](c *call, all []T, entry func(T) any) answer {
	written := func(part []T) []any {
		entries := make([]any, 0, len(part))
		for _, one := range part {
			entries = append(entries, entry(one))
		}
		return entries
	}
	if form := c.cfg.Quirks.Lists; form == "bare" || (form == "mixed" && c.random.Uint64()%2 == 0) {
		return fine(written(all))
	}
	query := c.r.URL.Query()
	size, which := defaultPageSize, 1
	if n, err := strconv.Atoi(query.Get("page_size")); err == nil && n > 0 {
		size = min(n, c.cfg.Limits.PageSize)
	}
	if text := query.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || (n > 1 && (n-1)*size >= len(all)) {
			return detail(http.StatusNotFound, "不正なページです。")
		}
		which = n
	}
	from, to := min((which-1)*size, len(all)), min(which*size, len(all))
	body := map[string]any{"count": len(all), "next": nil, "previous": nil, "results": written(all[from:to])}
	if to < len(all) {
		body["next"] = c.pageURL(query, which+1)
	}
	if which > 1 {
		body["previous"] = c.pageURL(query, which-1)
	}
	return fine(body)
}

func (c *call) pageURL(query url.Values, which int) string {
	query.Set("page", strconv.Itoa(which))
	at := url.URL{Scheme: "http", Host: c.r.Host, Path: c.r.URL.Path, RawQuery: query.Encode()}
	return at.String()
}
