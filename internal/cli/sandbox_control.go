package cli

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	background "github.com/hookctl/hookctl/internal/sandbox"
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
//	POST /emit  an emitRequest, answered with a JSON array of emissions
//	GET  /log   every attempt so far, as a JSON array
//
// and, of one in the background, what package sandbox asks.
type sandboxControl struct {
	addr   string // host:port
	token  secret.Value
	boxes  []servedBox
	outbox *background.Retrier

	id    string   // of one in the background
	ended func()   // called by who stops it
	held  net.Conn // of who waits until it has ended
}

type emitRequest struct {
	Provider string   `json:"provider"`
	Event    string   `json:"event"`
	Set      []string `json:"set"`
	Dump     bool     `json:"dump"` // the answer is to hold what is sent
}

// controlError is the body of an answer that is not 200.
type controlError struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// maxControl bounds a request.
const maxControl = 1 << 20

func newSandboxControl(addr string, boxes []servedBox, outbox *background.Retrier) *sandboxControl {
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
	case r.URL.Path == background.StatePath && r.Method == http.MethodGet:
		answerControl(w, http.StatusOK, background.Identity{ID: c.id})
	case r.URL.Path == background.StopPath && r.Method == http.MethodPost && c.ended != nil:
		c.stop(w)
	default:
		answerControl(w, http.StatusNotFound, controlError{Message: "the sandbox has no such endpoint"})
	}
}

// stop answers, and leaves it to the end of the process to close the connection.
func (c *sandboxControl) stop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		answerControl(w, http.StatusInternalServerError, controlError{Message: err.Error()})
		return
	}
	c.held = conn
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") // it ends without a listener, too
	c.ended()
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
		answerControl(w, http.StatusBadRequest, controlError{Message: err.Error(), Hint: fault.HintOf(err).String()})
		return
	}
	made := make([]emission, len(entries))
	for i, e := range entries {
		if made[i], err = newEmission(e, q.Dump); err != nil {
			answerControl(w, http.StatusInternalServerError, controlError{Message: err.Error()})
			return
		}
	}
	answerControl(w, http.StatusOK, made)
}

func (c *sandboxControl) deliver(ctx context.Context, q emitRequest) ([]background.LogEntry, error) {
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

func attemptsOf(entries []background.LogEntry) []view.Attempt {
	list := make([]view.Attempt, len(entries))
	for i, e := range entries {
		list[i] = view.NewAttempt(e)
	}
	return list
}

// controlTimeout bounds a request to a sandbox: an emit waits for as many
// receivers as there are webhooks, each for up to two minutes.
const controlTimeout = time.Hour

// sandboxInForce is the endpoint of the sandbox that is meant: the one in the
// background that name names, or that of the environment, or the one in the
// background that is meant without a name.
func (a *app) sandboxInForce(name string) (background.Endpoint, error) {
	e := background.Endpoint{URL: a.env.Getenv(envSandboxURL), Token: a.env.Getenv(envSandboxToken)}
	if name == "" && e.URL != "" && e.Token != "" {
		if err := httpx.CheckBaseURL(e.URL); err != nil {
			return e, fault.Usagef("%s: %w", envSandboxURL, err).WithHint(startHint)
		}
		return e, nil
	}
	if name == "" {
		name = nameInForce(a.env)
	}
	place, err := a.sandboxPlace(name)
	if err != nil {
		return e, err
	}
	s, err := place.Load()
	if err != nil {
		return e, err
	}
	if s == nil {
		return e, fault.Usagef("no sandbox is known: %s and %s are not set, and none runs in the background as %q", envSandboxURL, envSandboxToken, name).WithHint(startHint)
	}
	return endpointOf(s), nil
}

const startHint = "start one: eval \"$(hookctl sandbox start)\" (in what `hookctl sandbox -- COMMAND` runs, there is one)"

// askSandbox sends a request to a sandbox, and reads its answer into to.
func (a *app) askSandbox(ctx context.Context, e background.Endpoint, method, path string, request, to any) error {
	base, token := e.URL, secret.New(e.Token)
	q := httpx.Request{Method: method, URL: strings.TrimRight(base, "/") + path, Header: http.Header{}, Cap: httpx.CapList}
	q.Header.Set("Authorization", "Bearer "+token.Reveal())
	if request != nil {
		var err error
		if q.Body, err = json.Marshal(request); err != nil {
			return err
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
			return fault.Errorf(fault.Interrupted, "interrupted")
		}
		return fault.Errorf(fault.Unavailable, "the sandbox does not answer: %w", err).WithHint("is it still running? %s", startHint)
	}
	return readControl(answer, to)
}

func readControl(answer *httpx.Response, to any) error {
	if answer.Status != http.StatusOK {
		var e controlError
		if json.Unmarshal(answer.Body, &e) != nil || e.Message == "" {
			return fault.Errorf(fault.Unavailable, "%s is not a sandbox's address: it answers %d", envSandboxURL, answer.Status)
		}
		switch answer.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return fault.Errorf(fault.Auth, "the sandbox refuses: %s", e.Message).
				WithHint("%s and %s are of another one: set those that the running `hookctl sandbox` printed", envSandboxURL, envSandboxToken)
		case http.StatusBadRequest:
			return fault.Usagef("%s", e.Message).WithHint("%s", e.Hint)
		}
		return errors.New(e.Message)
	}
	if err := json.Unmarshal(answer.Body, to); err != nil {
		return fault.Errorf(fault.Unavailable, "%s is not a sandbox's address: its answer is none of a sandbox", envSandboxURL)
	}
	return nil
}
