package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
)

// The endpoint of a sandbox answers these, to who has its token:
//
//	GET  /state   an [Identity]
//	POST /stop    200 at once; the connection ends when the process has ended
const (
	StatePath = "/state"
	StopPath  = "/stop"
)

// Identity is how a sandbox shows that it is the one of a state.
type Identity struct {
	ID string `json:"id"`
}

// Endpoint is where a sandbox is told something.
type Endpoint struct{ URL, Token string }

const (
	askTimeout  = 10 * time.Second // for a process of this machine that lives
	stopTimeout = 30 * time.Second // deliveries under way are given up, not waited for
)

// local asks this machine only: no proxy, no redirect.
func local(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       timeout,
	}
}

func (e Endpoint) do(ctx context.Context, timeout time.Duration, method, path string) (*http.Response, error) {
	if u, err := url.Parse(e.URL); err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, errors.New("the state names no endpoint")
	}
	r, err := http.NewRequestWithContext(ctx, method, e.URL+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+e.Token)
	return local(timeout).Do(r)
}

// Alive reports whether the sandbox of that id answers. The port of one that is
// gone may be another program's.
func (e Endpoint) Alive(ctx context.Context, id string) bool {
	res, err := e.do(ctx, askTimeout, http.MethodGet, StatePath)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var got Identity
	err = json.NewDecoder(io.LimitReader(res.Body, 4<<10)).Decode(&got)
	return err == nil && res.StatusCode == http.StatusOK && got.ID == id && id != ""
}

// Stop ends the sandbox and waits until its process has ended.
func (e Endpoint) Stop(ctx context.Context) error {
	res, err := e.do(ctx, stopTimeout, http.MethodPost, StopPath)
	if err == nil {
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fault.Errorf(fault.Unavailable, "the sandbox refuses to stop: it answers %d", res.StatusCode)
		}
		// A connection that breaks is the end, too: the process had it open.
		if _, err = io.Copy(io.Discard, res.Body); errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return fault.Errorf(fault.Interrupted, "interrupted")
	case err != nil && timedOut(err):
		return fault.Errorf(fault.Unavailable, "the sandbox has not stopped within %s", stopTimeout).WithHint("try again: hookctl sandbox stop")
	}
	return nil
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// Answers finds out whether an API answers, whatever it says.
func Answers(ctx context.Context, baseURL string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(baseURL, "/")+"/", nil)
	if err != nil {
		return err
	}
	res, err := local(askTimeout).Do(r)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
