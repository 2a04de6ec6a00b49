package listen

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
)

// Forwarder sends deliveries on to one URL: the same body, byte for byte, and
// the same end-to-end headers with all their values. It follows no redirect,
// adds no credentials and uses no proxy.
type Forwarder struct {
	url       *url.URL
	timeout   time.Duration
	transport *http.Transport
}

// mostAnswer is how much of an answer's body is read, and reported.
const mostAnswer = capture.MostAnswered

// NewForwarder checks target, an http or https URL, or a short form of one
// ([httpx.LocalURL]). Errors are of kind Usage and do not repeat userinfo. A
// timeout of 0 is DefaultForwardTimeout.
func NewForwarder(target string, timeout time.Duration) (*Forwarder, error) {
	target = httpx.LocalURL(target)
	u, err := url.Parse(target)
	_, originErr := httpx.Origin(target)
	const example = "for instance: http://127.0.0.1:3000/hook, or 3000 for a port of this machine"
	switch {
	case err != nil:
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the URL
		}
		return nil, fault.Usagef("the URL to forward to is not valid: %w", err).WithHint(example)
	case u.User != nil:
		return nil, fault.Usagef("the URL to forward to contains a user name: hookctl forwards deliveries without credentials").WithHint(example)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, fault.Usagef("the URL to forward to must begin with http:// or https://").WithHint(example)
	case originErr != nil:
		return nil, fault.Usagef("the URL to forward to: %w", originErr).WithHint(example)
	case timeout < 0:
		return nil, fault.Usagef("the time to wait for an answer, %s, is negative", timeout)
	}
	if timeout == 0 {
		timeout = DefaultForwardTimeout
	}
	u.Fragment = ""
	return &Forwarder{url: u, timeout: timeout, transport: &http.Transport{
		DialContext:            (&net.Dialer{}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only
		DisableCompression:     true,                                                   // else a header would be added
		MaxIdleConnsPerHost:    maxConnections,
		MaxResponseHeaderBytes: maxHeader,
		// Short, since a server that is developed restarts often.
		IdleConnTimeout: 2 * time.Second,
	}}, nil
}

// URL is the target.
func (f *Forwarder) URL() string { return f.url.String() }

// errTimeout is the error of a target that did not answer in time.
var errTimeout = errors.New("no answer in time")

// send forwards one delivery. The transport is used without a client, which is
// what would follow redirects and add credentials.
func (f *Forwarder) send(ctx context.Context, header http.Header, body []byte) Forwarded {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	req := &http.Request{
		Method: http.MethodPost, URL: f.url, Host: f.url.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: httpx.EndToEnd(header), ContentLength: int64(len(body)), Body: http.NoBody,
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // else net/http adds its own
	}
	if len(body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(body)) // without GetBody: never sent twice
	}
	res, err := f.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("%w: more than %s", errTimeout, f.timeout)
		}
		return Forwarded{Err: err}
	}
	if res.StatusCode < 200 || res.StatusCode > 599 {
		_ = res.Body.Close() // unread: that of a 101 is the connection, which ctx does not end
		return Forwarded{Err: fmt.Errorf("the handler answered with the unknown status %d", res.StatusCode)}
	}
	answer, rerr := io.ReadAll(io.LimitReader(res.Body, mostAnswer+1))
	if err := res.Body.Close(); err != nil && rerr == nil {
		rerr = err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && rerr != nil {
		return Forwarded{Err: fmt.Errorf("%w: more than %s", errTimeout, f.timeout)}
	}
	return Forwarded{Status: res.StatusCode, Header: httpx.EndToEnd(res.Header), Body: answer[:min(len(answer), mostAnswer)],
		Cut: rerr != nil || len(answer) > mostAnswer}
}

// Reach connects to the target, and sends it nothing.
func (f *Forwarder) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	port := cmp.Or(f.url.Port(), map[string]string{"http": "80", "https": "443"}[f.url.Scheme])
	c, err := f.transport.DialContext(ctx, "tcp", net.JoinHostPort(f.url.Hostname(), port))
	if err != nil {
		return err
	}
	return c.Close()
}

// reachTime is how long Reach waits.
const reachTime = 2 * time.Second

// answer is the status with which the sender is told of it.
func (f Forwarded) answer() int {
	switch {
	case f.Err == nil:
		return f.Status
	case errors.Is(f.Err, errTimeout):
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}
