package mdx_test

import (
	"fmt"
	"net/http"
	"testing"
)

func TestAListThatEndsBeforeAPageThatItPromisedIsReadAgain(t *testing.T) {
	page := func(results, next string) reply {
		return says(http.StatusOK, fmt.Sprintf(`{"count":2,"next":%s,"results":[%s]}`, next, results))
	}
	one, two := `{"uuid":"a","name":"w-1"}`, `{"uuid":"b","name":"w-2"}`
	for name, test := range map[string]struct {
		answers []reply
		want    int
	}{
		"and is whole then": {[]reply{
			page(one, `"/?page=2"`), says(http.StatusNotFound, `{"detail":"不正なページです。"}`), // the second is gone
			says(http.StatusOK, `{"count":1,"next":null,"results":[`+one+`]}`),
		}, 1},
		"and has grown again": {[]reply{
			page(one, `"/?page=2"`), says(http.StatusNotFound, ``), page(one, `"/?page=2"`), page(two, `null`),
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := scripted(t, test.answers...)
			vms, err := client.VMs(t.Context(), "p")
			if err != nil || len(vms) != test.want {
				t.Errorf("%v, %v", vms, err)
			}
		})
	}
}
