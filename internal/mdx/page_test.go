package mdx_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
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

// Whoever is missing from a list counts as gone, and what a detail leaves empty as changed.
func TestAnAnswerThatIsNoneIsNoEmptyOne(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `{"detail":"メンテナンス中です。"}`, `{"status":"ok"}`} {
		_, client := scripted(t, says(http.StatusOK, body))
		if vms, err := client.VMs(t.Context(), "p"); err == nil {
			t.Errorf("%s is a list of %d", body, len(vms))
		}
	}
	for _, body := range []string{`{}`, `null`, `{"detail":"メンテナンス中です。"}`, `[]`} {
		_, client := scripted(t, says(http.StatusOK, body))
		if vm, err := client.VM(t.Context(), "p", "v"); err == nil || mdx.IsNotFound(err) {
			t.Errorf("%s is %+v, %v", body, vm, err)
		}
	}
	_, client := scripted(t, says(http.StatusOK, `{"count":0,"next":null,"results":null}`))
	if vms, err := client.VMs(t.Context(), "p"); err != nil || len(vms) != 0 {
		t.Errorf("%v, %v", vms, err)
	}
}
