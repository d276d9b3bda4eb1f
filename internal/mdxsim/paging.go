package mdxsim

import (
	"net/http"
	"net/url"
	"strconv"
)

// defaultPageSize is used when a request does not ask for one.
const defaultPageSize = 20

// page answers with one page of a list (PORTAL.md §3).
func (c *call) page(all []any) answer {
	query := c.r.URL.Query()
	size, number := defaultPageSize, 1
	if n, err := strconv.Atoi(query.Get("page_size")); err == nil && n > 0 {
		size = min(n, c.cfg.Limits.PageSize)
	}
	if text := query.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || (n > 1 && (n-1)*size >= len(all)) {
			return detail(http.StatusNotFound, "不正なページです。")
		}
		number = n
	}
	from, to := min((number-1)*size, len(all)), min(number*size, len(all))
	results := all[from:to]
	if results == nil {
		results = []any{}
	}
	body := map[string]any{"count": len(all), "next": nil, "previous": nil, "results": results}
	if to < len(all) {
		body["next"] = c.pageURL(query, number+1)
	}
	if number > 1 {
		body["previous"] = c.pageURL(query, number-1)
	}
	return ok(body)
}

func (c *call) pageURL(query url.Values, number int) string {
	query.Set("page", strconv.Itoa(number))
	at := url.URL{Scheme: "http", Host: c.r.Host, Path: c.r.URL.Path, RawQuery: query.Encode()}
	return at.String()
}
