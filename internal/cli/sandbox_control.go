package cli

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

// The variables that lead `sandbox emit` and `sandbox log` to a sandbox.
const (
	envSandboxURL   = "HOOKCTL_SANDBOX_URL"
	envSandboxToken = "HOOKCTL_SANDBOX_TOKEN"
)

// sandboxControl is a sandbox's own endpoint. It is guarded by a token, and by
// the Host that it is asked under, so that no web page can reach it through a
// name that resolves to the loopback.
//
//	POST /emit  an emitRequest, answered with the attempts as a JSON array
//	GET  /log   every attempt so far, as a JSON array
type sandboxControl struct {
	addr   string // host:port
	token  secret.Value
	boxes  []servedBox
	outbox *provider.Outbox
}

type emitRequest struct {
	Provider string   `json:"provider"`
	Event    string   `json:"event"`
	Set      []string `json:"set"`
}

// controlError is the body of an answer that is not 200.
type controlError struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// maxControl bounds a request.
const maxControl = 1 << 20

func newSandboxControl(addr string, boxes []servedBox, outbox *provider.Outbox) *sandboxControl {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // documented never to fail
	return &sandboxControl{addr: addr, token: secret.New(hex.EncodeToString(raw[:])), boxes: boxes, outbox: outbox}
}

// ServeHTTP implements http.Handler.
func (c *sandboxControl) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := []byte("Bearer " + c.token.Reveal())
	switch {
	case r.Host != c.addr:
		answerControl(w, http.StatusForbidden, controlError{Message: "this is not the sandbox's address"})
	case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1:
		answerControl(w, http.StatusUnauthorized, controlError{Message: "the token is not the sandbox's"})
	case r.URL.Path == "/log" && r.Method == http.MethodGet:
		answerControl(w, http.StatusOK, attemptsOf(c.outbox.Log()))
	case r.URL.Path == "/emit" && r.Method == http.MethodPost:
		c.emit(w, r)
	default:
		answerControl(w, http.StatusNotFound, controlError{Message: "the sandbox has no such endpoint"})
	}
}

func (c *sandboxControl) emit(w http.ResponseWriter, r *http.Request) {
	var q emitRequest
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err == nil {
		err = json.Unmarshal(body, &q)
	}
	if err != nil {
		answerControl(w, http.StatusBadRequest, controlError{Message: "the request is not what `hookctl sandbox emit` sends"})
		return
	}
	entries, err := c.deliver(r.Context(), q)
	if err != nil {
		answerControl(w, http.StatusBadRequest, controlError{Message: err.Error(), Hint: fault.Hint(err)})
		return
	}
	answerControl(w, http.StatusOK, attemptsOf(entries))
}

func (c *sandboxControl) deliver(ctx context.Context, q emitRequest) ([]provider.LogEntry, error) {
	i := slices.IndexFunc(c.boxes, func(b servedBox) bool { return b.driver.Name == q.Provider })
	if i < 0 {
		return nil, fault.Usagef("the sandbox has no provider %q", q.Provider)
	}
	edits, err := parseEdits(q.Set)
	if err != nil {
		return nil, err
	}
	return c.outbox.Emit(ctx, c.boxes[i].driver, c.boxes[i].box, q.Event, func(body []byte) ([]byte, error) {
		for _, e := range edits {
			edited, _, err := e.Apply(body)
			if err != nil {
				return nil, err
			}
			body = edited
		}
		return body, nil
	})
}

// answerControl writes an answer. That the client has gone is its own matter.
func answerControl(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func attemptsOf(entries []provider.LogEntry) []view.Attempt {
	list := make([]view.Attempt, len(entries))
	for i, e := range entries {
		list[i] = view.NewAttempt(e)
	}
	return list
}

// controlTimeout bounds a request to a sandbox: an emit waits for as many
// receivers as there are webhooks, each for up to two minutes.
const controlTimeout = time.Hour

// askSandbox sends a request to the sandbox that the environment names, and
// returns the attempts that it answers with.
func (a *app) askSandbox(ctx context.Context, method, path string, request any) ([]view.Attempt, error) {
	const hint = "in another terminal: hookctl sandbox > sandbox.env\nthen here: . ./sandbox.env (in what `hookctl sandbox -- COMMAND` runs, it is set already)"
	base, token := a.env.Getenv(envSandboxURL), secret.New(a.env.Getenv(envSandboxToken))
	if base == "" || token.IsZero() {
		return nil, fault.Usagef("no sandbox is known: %s and %s are not set", envSandboxURL, envSandboxToken).WithHint(hint)
	}
	if err := httpx.CheckBaseURL(base); err != nil {
		return nil, fault.Usagef("%s: %w", envSandboxURL, err).WithHint(hint)
	}
	q := httpx.Request{Method: method, URL: strings.TrimRight(base, "/") + path, Header: http.Header{}, Cap: httpx.CapList}
	q.Header.Set("Authorization", "Bearer "+token.Reveal())
	if request != nil {
		var err error
		if q.Body, err = json.Marshal(request); err != nil {
			return nil, err
		}
		q.Header.Set("Content-Type", "application/json")
	}
	o := httpx.Options{UserAgent: "hookctl/" + a.env.Version, Timeout: controlTimeout, Secrets: []secret.Value{token}}
	if a.debug {
		o.Trace = a.env.Streams.Err
	}
	answer, err := httpx.New(o).Do(ctx, q)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fault.Errorf(fault.Interrupted, "interrupted")
		}
		return nil, fault.Errorf(fault.Unavailable, "the sandbox does not answer: %w", err).WithHint("is it still running? %s", hint)
	}
	return readAttempts(answer)
}

func readAttempts(answer *httpx.Response) ([]view.Attempt, error) {
	if answer.Status != http.StatusOK {
		var e controlError
		if json.Unmarshal(answer.Body, &e) != nil || e.Message == "" {
			return nil, fault.Errorf(fault.Unavailable, "%s is not a sandbox's address: it answers %d", envSandboxURL, answer.Status)
		}
		switch answer.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return nil, fault.Errorf(fault.Auth, "the sandbox refuses: %s", e.Message).
				WithHint("%s and %s are of another one: set those that the running `hookctl sandbox` printed", envSandboxURL, envSandboxToken)
		case http.StatusBadRequest:
			return nil, fault.Usagef("%s", e.Message).WithHint("%s", e.Hint)
		}
		return nil, errors.New(e.Message)
	}
	var list []view.Attempt
	if err := json.Unmarshal(answer.Body, &list); err != nil {
		return nil, fault.Errorf(fault.Unavailable, "%s is not a sandbox's address: its answer is none of a sandbox", envSandboxURL)
	}
	return list, nil
}
