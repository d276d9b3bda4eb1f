package containerhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// dockerAPI speaks to a host's Docker daemon. Paths carry no API version: the daemon takes its own, and what is used
// here has not changed since 20.10.
type dockerAPI struct {
	http      *http.Client
	transport *http.Transport
}

func newDockerAPI(dial func(context.Context) (net.Conn, error)) *dockerAPI {
	way := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		MaxConnsPerHost: 2,
	}
	return &dockerAPI{&http.Client{Transport: way}, way}
}

func (d *dockerAPI) close() { d.transport.CloseIdleConnections() }

// errAbsent is what the daemon answers for an object it doesn't have.
var errAbsent = errors.New("not there")

// call sends body as JSON, and decodes the answer into result; either may be nil.
func (d *dockerAPI) call(ctx context.Context, method, path string, body, result any) error {
	answer, err := d.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	if result != nil {
		if err := json.NewDecoder(answer).Decode(result); err != nil {
			return fmt.Errorf("docker: %s %s: %w", method, path, err)
		}
	}
	_, err = io.Copy(io.Discard, answer)
	return err
}

// send gives the answer's body, which the caller closes.
func (d *dockerAPI) send(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	payload := io.Reader(http.NoBody)
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://docker"+path, payload)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("docker: %w", err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	var problem struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(said, &problem) != nil || problem.Message == "" {
		problem.Message = strings.TrimSpace(string(said))
	}
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("docker: %w: %s", errAbsent, problem.Message)
	}
	return nil, fmt.Errorf("docker: %s (%s)", problem.Message, resp.Status)
}

// daemonInfo is the part of the daemon's own description that steps look at.
type daemonInfo struct {
	RegistryConfig struct {
		IndexConfigs map[string]struct {
			Secure bool
		}
		InsecureRegistryCIDRs []string
		Mirrors               []string
	}
}

func (d *dockerAPI) info(ctx context.Context) (daemonInfo, error) {
	var info daemonInfo
	err := d.call(ctx, http.MethodGet, "/info", nil, &info)
	return info, err
}

// image is an image that the host has.
type image struct {
	ID          string `json:"Id"`
	RepoDigests []string
}

// image finds an image by reference or id; an error that wraps errAbsent: the host doesn't have it.
func (d *dockerAPI) image(ctx context.Context, reference string) (image, error) {
	var found image
	err := d.call(ctx, http.MethodGet, "/images/"+reference+"/json", nil, &found)
	return found, err
}

// registryDigest asks the registry, through the host, which digest a reference has today.
func (d *dockerAPI) registryDigest(ctx context.Context, reference string) (string, error) {
	var answer struct {
		Descriptor struct {
			Digest string `json:"digest"`
		}
	}
	err := d.call(ctx, http.MethodGet, "/distribution/"+reference+"/json", nil, &answer)
	return answer.Descriptor.Digest, err
}

// pull fetches an image, telling its progress in whole layers.
func (d *dockerAPI) pull(ctx context.Context, reference string, progress func(string)) error {
	answer, err := d.send(ctx, http.MethodPost, "/images/create?fromImage="+url.QueryEscape(tagged(reference)), nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	layers := map[string]bool{}
	done := 0
	for decoder := json.NewDecoder(answer); ; {
		var line struct {
			ID     string `json:"id"`
			Status string `json:"status"`
			Error  string `json:"error"`
		}
		switch err := decoder.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("docker: pulling %s: %w", reference, err)
		case line.Error != "":
			return fmt.Errorf("docker: pulling %s: %s", reference, line.Error)
		}
		switch line.Status {
		case "Pulling fs layer":
			layers[line.ID] = false
		case "Pull complete", "Already exists":
			layers[line.ID] = true
			done++
			progress("pulled layer " + strconv.Itoa(done) + " of " + strconv.Itoa(len(layers)))
		}
	}
}

// tagged adds the tag "latest" where a reference has neither tag nor digest; the daemon would pull all tags.
func tagged(reference string) string {
	if strings.Contains(reference, "@") || strings.Contains(reference[strings.LastIndexByte(reference, '/')+1:], ":") {
		return reference
	}
	return reference + ":latest"
}

// container is a container, as the daemon describes it.
type container struct {
	ID    string `json:"Id"`
	Name  string
	Image string // the image's id
	State struct {
		Running    bool
		Restarting bool
		Status     string
		ExitCode   int
		Error      string
	}
	RestartCount int
	Config       struct {
		Image  string // the reference it was made from
		Labels map[string]string
	}
	HostConfig struct {
		RestartPolicy struct{ Name string }
	}
}

// container finds one by name or id; an error that wraps errAbsent: there is none.
func (d *dockerAPI) container(ctx context.Context, name string) (*container, error) {
	var found container
	if err := d.call(ctx, http.MethodGet, "/containers/"+url.PathEscape(name)+"/json", nil, &found); err != nil {
		return nil, err
	}
	return &found, nil
}

// labelled lists the ids of containers with a label, running or not.
func (d *dockerAPI) labelled(ctx context.Context, label string) ([]string, error) {
	filter, err := json.Marshal(map[string][]string{"label": {label}})
	if err != nil {
		return nil, err
	}
	var found []struct {
		ID string `json:"Id"`
	}
	if err := d.call(ctx, http.MethodGet, "/containers/json?all=1&filters="+url.QueryEscape(string(filter)), nil, &found); err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = c.ID
	}
	return ids, nil
}

// create makes a container, which does not run yet.
func (d *dockerAPI) create(ctx context.Context, name string, request createRequest) (id string, err error) {
	var made struct {
		ID string `json:"Id"`
	}
	err = d.call(ctx, http.MethodPost, "/containers/create?name="+url.QueryEscape(name), request, &made)
	return made.ID, err
}

func (d *dockerAPI) rename(ctx context.Context, id, name string) error {
	return d.call(ctx, http.MethodPost, "/containers/"+id+"/rename?name="+url.QueryEscape(name), nil, nil)
}

func (d *dockerAPI) start(ctx context.Context, id string) error {
	return d.call(ctx, http.MethodPost, "/containers/"+id+"/start", nil, nil)
}

// remove ends and removes a container and its anonymous volumes. One that is gone already is no error.
func (d *dockerAPI) remove(ctx context.Context, id string) error {
	err := d.call(ctx, http.MethodDelete, "/containers/"+url.PathEscape(id)+"?force=1&v=1", nil, nil)
	if errors.Is(err, errAbsent) {
		return nil
	}
	return err
}

// logs gives a container's last lines.
func (d *dockerAPI) logs(ctx context.Context, id string) string {
	answer, err := d.send(ctx, http.MethodGet,
		"/containers/"+id+"/logs?stdout=1&stderr=1&tail="+strconv.Itoa(lastLines), nil)
	if err != nil {
		return ""
	}
	defer func() { _ = answer.Close() }()
	data, _ := io.ReadAll(io.LimitReader(answer, 64<<10))
	return tail(demultiplex(data))
}

// demultiplex takes the eight-byte headers out of a log that interleaves standard output and error.
func demultiplex(data []byte) string {
	var text strings.Builder
	for len(data) >= 8 && data[0] <= 2 && data[1] == 0 && data[2] == 0 && data[3] == 0 {
		size := min(int(binary.BigEndian.Uint32(data[4:8])), len(data)-8)
		text.Write(data[8 : 8+size])
		data = data[8+size:]
	}
	text.Write(data)
	return text.String()
}
