package mdx_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// reply answers one request, or fails in place of the connection.
type reply func(http.ResponseWriter, *http.Request) error

// script answers one request after the other; the last answer is repeated.
type script struct {
	answers []reply
	asked   []*http.Request
	mu      sync.Mutex
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	w := httptest.NewRecorder()
	err := s.answers[min(len(s.asked), len(s.answers))-1](w, r)
	resp := w.Result()
	if errors.Is(err, errCutOff) {
		resp.Body, err = io.NopCloser(io.MultiReader(resp.Body, brokenReader{})), nil
	}
	return resp, err
}

// says is an answer; more are pairs of header names and values.
func says(status int, body string, header ...string) reply {
	return func(w http.ResponseWriter, _ *http.Request) error {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		if body == "" {
			return nil
		}
		_, err := io.WriteString(w, body)
		return err
	}
}

// breaks is a connection that fails.
func breaks(err error) reply {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

var errCutOff = errors.New("the body ends too early")

// cutsOff is an answer whose body ends too early.
func cutsOff(w http.ResponseWriter, _ *http.Request) error {
	_, err := io.WriteString(w, `{"name":`)
	return errors.Join(err, errCutOff)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func scripted(t *testing.T, answers ...reply) (*script, *mdx.Client) {
	t.Helper()
	s := &script{answers: answers}
	client, err := mdx.New(mdx.Config{
		Endpoint: "https://portal.example", Token: "secret", Transport: s, LockDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

// answerOf is an answer with a body in JSON.
func answerOf(body any) (*http.Response, error) {
	w := httptest.NewRecorder()
	err := json.NewEncoder(w).Encode(body)
	return w.Result(), err
}
