// Package httpx is the one http.Client policy for every provider: bounded in
// size and time, no redirects, no replay of what must not be repeated, and a
// trace that cannot show a secret.
//
// HTTP/1.1 only: the bytes of an answer can then be kept as they arrive, and
// how far a failed request got can be told for certain.
package httpx

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"time"

	"github.com/hookctl/hookctl/internal/secret"
)

// Options configure a Client.
type Options struct {
	UserAgent string
	// Timeout bounds one request from dial to the last byte; 0 means 30 s.
	// Repeats stop after the smaller of 60 s and four times Timeout.
	Timeout time.Duration
	Trace   io.Writer                                        // where --debug goes; nil: no trace
	Getenv  func(name string) string                         // for HTTPS_PROXY, HTTP_PROXY, NO_PROXY; nil: no proxy
	Secrets []secret.Value                                   // texts that the trace never shows, wherever they stand
	TLS     *tls.Config                                      // tests only; nil: the system's roots, TLS 1.2 or later
	Sleep   func(ctx context.Context, d time.Duration) error // nil: real time
	Notify  func(line string)                                // told before a wait of more than a second; nil: nobody
	// OnlyLoopback connects to the loopback and nowhere else, whatever a name resolves
	// to. What is refused wraps [ErrNotLoopback].
	OnlyLoopback bool
	Refused      string // the hint where nothing listens at the address; may be empty
}

// Repeat says when a request may be sent again.
type Repeat int

// The policies.
const (
	// RepeatRefused repeats only what certainly was not processed: a dial that
	// failed, or a 429.
	RepeatRefused Repeat = iota
	// RepeatSafe repeats on 429, 5xx and network errors too: for requests that change nothing twice.
	RepeatSafe
)

// Request is one call. URL must be absolute. Body is sent with a length.
// Idempotency keys and Accept-Encoding in Header are not sent.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
	Cap    int64 // bytes of (decoded) answer body accepted; 0 means CapGet
	Repeat Repeat
	// Private are texts of the body that the trace never shows, wherever they
	// stand; those shorter than 4 bytes it does.
	Private []string
	// OnRetry, if set, is called before the request is sent again. If it fails
	// the request is not sent again.
	OnRetry func() error
}

// Caps of an answer's body.
const (
	CapCreate = 256 << 10
	CapGet    = 1 << 20
	CapList   = 64 << 20
	// CapHead bounds the head of an answer.
	CapHead = 64 << 10
)

// Response is a complete answer, of any status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool // the body goes on
	// RetryAfter is how long the provider asks to wait (429 and 503); 0 if it
	// does not say.
	RetryAfter time.Duration
	// Tries is how often the request was sent.
	Tries int
}

// Stage is how far a failed request got.
type Stage int

// The stages.
const (
	// NotSent: certainly no byte of the request reached the provider, or it
	// was refused unprocessed (429) and not sent again.
	NotSent Stage = iota
	// Sent: the request may have been processed; no status line was seen.
	Sent
	// Answered: a status line was seen, the answer did not arrive whole.
	Answered
)

// Error is a request without a complete answer. Its text holds no secret, and
// nothing of the request's query and body or of the answer.
type Error struct {
	Stage   Stage
	Status  int // the status line's code when Stage is Answered
	Timeout bool
	Hint    string // what to do; "" where only the caller knows
	Err     error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Client sends requests. Safe for concurrent use.
type Client struct {
	o     Options
	tap   io.Writer       // of OneShot; else nil
	idle  time.Duration   // the longest silence within an answer
	trip  *http.Transport // one connection for each request
	trace *tracer         // nil: no trace

	canned func(Request) (*Response, error) // of Replay and Recorder; else nil
}

// The limits of time that Options do not set.
const (
	defaultTimeout = 30 * time.Second
	dialTimeout    = 10 * time.Second // a TCP connection; the same again for a proxy's CONNECT and TLS
	idleTimeout    = 15 * time.Second // silence within an answer
)

// New makes a client.
func New(o Options) *Client { return newClient(o, nil) }

func newClient(o Options, tap io.Writer) *Client {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	c := &Client{o: o, tap: tap, idle: idleTimeout}
	if o.Trace != nil {
		c.trace = newTracer(o.Trace, o.Secrets, tap != nil)
	}
	c.trip = c.transport()
	return c
}

// transport makes the lower half of the policy. Requests go to its RoundTrip
// directly and not through an http.Client, which would follow redirects.
//
// Each request has a connection of its own. A kept one may be gone when it is
// used again, so that a request that must not be repeated has an unknown
// outcome for nothing; and net/http logs, past all redaction, what a provider
// sends behind an answer on a kept connection.
func (c *Client) transport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	d := c.dialer()
	return &http.Transport{
		Proxy:                  d.plainProxy,
		DialContext:            d.dialPlain,
		DialTLSContext:         d.dialTLS,
		DisableCompression:     true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: CapHead,
		Protocols:              protocols,
	}
}

// OneShot returns a client for a single create: its own connection, HTTP/1.1,
// no keep-alive, no compression, and every decrypted byte that arrives is
// written to tap before anything parses it. A tap that fails does not stop the
// request.
//
// Where the answer cannot be used (it is not HTTP, its head is over CapHead,
// its body is malformed, or it is a 2xx whose body is not JSON), what the
// provider still sends within 2 s, at most CapCreate and CapHead bytes, goes
// to tap too. Before a request is repeated that had no effect (a failed dial, a
// 429), the Reset method of tap is called if it has one (Reset() error); if
// that fails the request is not sent again.
func (c *Client) OneShot(tap io.Writer) *Client {
	if c.canned != nil {
		return c // nothing arrives
	}
	one := newClient(c.o, tap)
	one.idle = c.idle
	if c.trace != nil {
		one.trace = c.trace.forCreate()
	}
	return one
}
