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
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
)

// The variables that lead `sandbox emit` and `sandbox log` to a sandbox.
const (
	EnvURL   = "HOOKCTL_SANDBOX_URL"
	EnvToken = "HOOKCTL_SANDBOX_TOKEN"
)

// StartHint is how to get a sandbox.
const StartHint = "start one: eval \"$(hookctl sandbox start)\" (a command of `hookctl sandbox -- COMMAND` already has one)"

// Endpoint is where a sandbox is told something.
type Endpoint struct{ URL, Token string }

const (
	// An emit waits for as many receivers as there are webhooks, each for up to two
	// minutes.
	emitTimeout = time.Hour
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
		return nil, errors.New("the state has no endpoint")
	}
	r, err := http.NewRequestWithContext(ctx, method, e.URL+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+e.Token)
	return local(timeout).Do(r)
}

// alive reports whether the sandbox of that id answers. The port of one that is
// gone may be another program's.
func (e Endpoint) alive(ctx context.Context, id string) bool {
	res, err := e.do(ctx, askTimeout, http.MethodGet, statePath)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var got identity
	err = json.NewDecoder(io.LimitReader(res.Body, 4<<10)).Decode(&got)
	return err == nil && res.StatusCode == http.StatusOK && got.ID == id && id != ""
}

// stop ends the sandbox and waits until its process has ended.
func (e Endpoint) stop(ctx context.Context) error {
	res, err := e.do(ctx, stopTimeout, http.MethodPost, stopPath)
	if err == nil {
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fault.Errorf(fault.Unavailable, "the sandbox refused to stop: it answered %d", res.StatusCode)
		}
		// A connection that breaks is the end, too: the process had it open.
		if _, err = io.Copy(io.Discard, res.Body); errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return fault.Interruption()
	case err != nil && timedOut(err):
		return fault.Errorf(fault.Unavailable, "the sandbox has not stopped within %s", stopTimeout).WithHint("try again: hookctl sandbox stop")
	}
	return nil
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// Emit has the sandbox deliver an event, and returns the first attempts. o are
// the options of the request.
func (e Endpoint) Emit(ctx context.Context, o httpx.Options, q EmitRequest) (made []LogEntry, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	err = e.ask(ctx, o, http.MethodPost, emitPath, body, &made)
	return made, err
}

// Log is every attempt so far.
func (e Endpoint) Log(ctx context.Context, o httpx.Options) (made []LogEntry, err error) {
	err = e.ask(ctx, o, http.MethodGet, logPath, nil, &made)
	return made, err
}

// ask sends a request and reads its answer into to.
func (e Endpoint) ask(ctx context.Context, o httpx.Options, method, path string, body []byte, to any) error {
	o.Timeout, o.Secrets = emitTimeout, []secret.Value{secret.New(e.Token)}
	answer, err := httpx.New(o).Do(ctx, httpx.Request{
		Method: method, URL: strings.TrimRight(e.URL, "/") + path, Body: body, Cap: httpx.CapList,
		Header: http.Header{"Authorization": {"Bearer " + e.Token}, "Content-Type": {"application/json"}},
	})
	if err != nil {
		if ctx.Err() != nil {
			return fault.Interruption()
		}
		return fault.Errorf(fault.Unavailable, "the sandbox does not answer: %w", err).WithHint("check that it is still running; %s", StartHint)
	}
	if answer.Status != http.StatusOK {
		var why refusal
		if json.Unmarshal(answer.Body, &why) != nil || why.Message == "" {
			return fault.Errorf(fault.Unavailable, "%s is not a sandbox's address: it answered %d", EnvURL, answer.Status)
		}
		switch answer.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return fault.Errorf(fault.Auth, "the sandbox refused the request: %s", why.Message).
				WithHint("%s and %s belong to another sandbox: set the values that the running `hookctl sandbox` printed", EnvURL, EnvToken)
		case http.StatusBadRequest:
			return fault.Usagef("%s", why.Message).WithHint("%s", why.Hint)
		}
		return errors.New(why.Message)
	}
	if err := json.Unmarshal(answer.Body, to); err != nil {
		return fault.Errorf(fault.Unavailable, "%s is not a sandbox's address: its answer is not one of a sandbox", EnvURL)
	}
	return nil
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
