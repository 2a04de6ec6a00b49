package httpx

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// call is a Request that has been checked.
type call struct {
	method string
	url    *url.URL
	host   string // for messages
	// hostHeader is in place of the URL's host.
	hostHeader string
	header     http.Header
	body       []byte
	cap        int64
	asIs       bool
	trace      *tracer // nil: no trace
	onRetry    func() error
}

// unsent are the headers that no caller may send: the keys make net/http
// replay a POST, an encoding asked for hides the answer from the tap, and
// Expect delays a body that is small anyway.
var unsent = map[string]bool{
	"Idempotency-Key": true, "X-Idempotency-Key": true, "Accept-Encoding": true, "Expect": true,
}

// newCall checks r. The errors repeat neither the URL nor a header's value.
func (c *Client) newCall(r Request) (*call, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("the request's URL is not an absolute http or https URL")
	}
	if u.User != nil {
		return nil, errors.New("the request's URL contains a user name or password, which hookctl does not send")
	}
	u.Fragment = ""
	if !httpguts.ValidHeaderFieldName(r.Method) { // both are tokens
		return nil, errors.New("the request's method is not valid")
	}
	header := http.Header{}
	for name, values := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, errors.New("a header's name has characters that cannot be sent")
		}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if unsent[canonical] {
			continue
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return nil, fmt.Errorf("the value of the header %s has characters that cannot be sent", canonical)
			}
			header.Add(canonical, v)
		}
	}
	if _, ok := header["User-Agent"]; !ok {
		agent := c.o.UserAgent
		if !httpguts.ValidHeaderFieldValue(agent) {
			agent = "" // net/http sends no header then
		}
		header.Set("User-Agent", agent)
	}
	limit := r.Cap
	if limit <= 0 {
		limit = CapGet
	}
	return &call{
		method: r.Method, url: u, host: term.Clean(u.Host), header: header, body: r.Body, cap: limit,
		trace: c.trace.hiding(r.Private), onRetry: r.OnRetry,
	}, nil
}

// request makes the request of one try. There is no GetBody: net/http cannot
// send the body a second time by itself.
func (k *call) request(ctx context.Context) *http.Request {
	r := &http.Request{
		Method: k.method, URL: k.url, Header: k.header.Clone(), Host: cmp.Or(k.hostHeader, k.url.Host),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody, Close: true,
	}
	if len(k.body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(k.body))
		r.ContentLength = int64(len(k.body))
	}
	return r.WithContext(ctx)
}

// errIdle is why an exchange is given up whose answer has stopped coming.
var errIdle = errors.New("no data")

// once sends the request one time.
func (c *Client) once(ctx context.Context, k *call, limit time.Duration, try int) outcome {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	ex := &exchange{idle: c.idle, onIdle: func() { giveUp(errIdle) }}

	start := now()
	k.trace.request(k, try)
	resp, err := c.trip.RoundTrip(k.request(httptrace.WithClientTrace(ctx, ex.trace(k.trace))))
	var body []byte
	if err == nil {
		body, err = c.readAnswer(ctx, ex, resp, k)
	}
	if err == nil {
		ex.finish()
		k.trace.response(resp, body, now().Sub(start))
		cut := int64(len(body)) > k.cap // as it is, or it were an error
		return outcome{resp: &Response{
			Status: resp.StatusCode, Header: resp.Header, Body: body[:min(int64(len(body)), k.cap)], Cut: cut,
			RetryAfter: retryAfter(resp.StatusCode, resp.Header, body),
		}}
	}
	f := failing{host: k.host, limit: limit.Round(time.Millisecond), idle: c.idle, err: err, cause: context.Cause(ctx)}
	if used := ex.connection(); used != nil {
		if f.cause == nil {
			f.end = used.end()
			c.drain(ctx, used)
		}
		ex.abort()
	}
	f.wrote, f.status = ex.wrote.Load(), ex.status()
	out := f.outcome()
	k.trace.failure(out.err, now().Sub(start))
	return out
}

// readAnswer reads the body of a final answer. In a OneShot it then looks
// whether more comes than the head promised, where what came is of no use.
func (c *Client) readAnswer(ctx context.Context, ex *exchange, resp *http.Response, k *call) ([]byte, error) {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// Not asked for, and no answer: the provider speaks something else now.
		return nil, errors.Join(errNotHTTP, resp.Body.Close())
	}
	read := readBody
	if k.asIs {
		read = readAsIs
	}
	body, err := read(resp, k.cap)
	// A body that was read to its end closes without error, and one that was
	// not has failed already.
	closeErr := resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if closeErr != nil {
		return nil, closeErr
	}
	if used := ex.connection(); c.tap != nil && used != nil && resp.StatusCode/100 == 2 && !json.Valid(body) {
		c.drain(ctx, used)
	}
	return body, nil
}

const drainTime = 2 * time.Second

// drain hands the tap what the provider still sends of an answer that cannot
// be used.
func (c *Client) drain(ctx context.Context, used *conn) {
	if c.tap != nil {
		used.drain(ctx, CapCreate+CapHead, drainTime)
	}
}

// errNotHTTP is an answer that is not one.
var errNotHTTP = errors.New("not HTTP")

// failing is what is known of a try without a whole answer.
type failing struct {
	host   string
	limit  time.Duration // of the whole try
	idle   time.Duration
	err    error // from net/http or readBody; its text may quote the answer
	cause  error // why the context ended, nil if it did not
	end    error // how the connection ended, nil if the peer was still there
	wrote  bool  // a byte of the request went out
	status int   // 0: no status line
}

// outcome classifies the failure. Only texts made here are shown: those of
// net/http quote what they could not parse, which may be a secret.
func (f failing) outcome() outcome {
	e := &Error{Stage: f.stage(), Status: f.status}
	if e.Stage != Answered {
		e.Status = 0
	}
	var dial *dialError
	var unfit bodyError
	final := false
	switch {
	case f.cause != nil && !errors.Is(f.cause, context.Canceled):
		e.Timeout, e.Err = true, f.timeoutError()
	case f.cause != nil:
		final, e.Err = true, fmt.Errorf("%s: %w", f.where("the exchange with %s was interrupted"), f.cause)
	case errors.As(f.err, &dial):
		final, e.Timeout, e.Err, e.Hint = dial.final, dial.timeout, dial, dial.hint
	case errors.As(f.err, &unfit):
		final, e.Err = true, fmt.Errorf("the answer of %s %w", f.host, unfit)
	case isReset(f.end):
		e.Err = fault.Reword(f.where("%s reset the connection"), safeCause(f.end))
	case f.end != nil && !errors.Is(f.end, io.EOF) && !errors.Is(f.end, io.ErrUnexpectedEOF):
		e.Err = fault.Reword(f.where("the connection to %s failed")+": "+plainCause(f.end), safeCause(f.end))
	case f.end != nil:
		e.Err = fault.Reword(f.where("%s closed the connection"), io.ErrUnexpectedEOF)
	case !f.wrote:
		e.Err = fault.Reword(f.where("the connection to %s failed"), safeCause(f.err))
	case isReset(f.err): // while writing
		e.Err = fault.Reword(f.where("%s reset the connection"), safeCause(f.err))
	default:
		final, e.Err = true, fmt.Errorf("%s sent an answer that is not valid HTTP", f.host)
	}
	return outcome{err: e, final: final}
}

func (f failing) stage() Stage {
	switch {
	case !f.wrote:
		return NotSent
	case f.status == 0:
		return Sent
	default:
		return Answered
	}
}

func (f failing) timeoutError() error {
	wrap := func(format string, args ...any) error {
		return fault.Reword(fmt.Sprintf(format, args...), context.DeadlineExceeded)
	}
	switch stage := f.stage(); {
	case stage == NotSent:
		return wrap("cannot reach %s within %s", f.host, f.limit)
	case errors.Is(f.cause, errIdle):
		return wrap("%s stopped sending for %s in the middle of its answer", f.host, f.idle)
	case stage == Sent:
		return wrap("no answer from %s within %s", f.host, f.limit)
	default:
		return wrap("%s did not finish its answer within %s", f.host, f.limit)
	}
}

// where says what happened, and when in the exchange.
func (f failing) where(what string) string {
	what = strings.Replace(what, "%s", f.host, 1)
	switch f.stage() {
	case NotSent:
		return what + " before the request was sent"
	case Sent:
		return what + " after the request was sent, without an answer"
	default:
		return what + " in the middle of its answer"
	}
}
