package sandbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
)

// delivering is how a sandbox delivers: on which clock, and where to.
type delivering struct {
	o     Options
	start time.Time
	to    *url.URL // of --deliver-to; nil: to the webhooks' own URLs
}

// delivering checks the options that are about deliveries.
func (o Options) delivering() (*delivering, error) {
	if !(o.Speed >= 0.001 && o.Speed <= 1e6) { // not a number is neither
		return nil, fault.Usagef("--speed %v is not a number from 0.001 to 1000000", o.Speed)
	}
	out := &delivering{o: o, start: o.Now()}
	if o.DeliverTo == "" {
		return out, nil
	}
	const hint = "give scheme, host and port of this machine, for instance: --deliver-to http://127.0.0.1:3000"
	if _, err := httpx.Origin(o.DeliverTo); err != nil {
		return nil, fault.Usagef("--deliver-to: %w", err).WithHint(hint)
	}
	u, err := url.Parse(o.DeliverTo)
	switch {
	case err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, fault.Usagef("--deliver-to has more than scheme, host and port; a delivery keeps the path of its webhook's URL").WithHint(hint)
	case !OnLoopback(u):
		return nil, fault.Usagef("--deliver-to: %s is not this machine's loopback, and the sandbox sends nothing to any other", u.Host).WithHint(hint)
	}
	out.to = u
	return out, nil
}

// OnLoopback reports whether a URL names this machine by its loopback.
func OnLoopback(u *url.URL) bool {
	return u.Host != "" && httpx.CheckBaseURL("http://"+u.Host) == nil
}

var errNotLoopback = errors.New("not a loopback address")

// allow says why nothing is sent to a webhook's URL.
func (d *delivering) allow(rawURL string) error {
	if d.to != nil {
		return nil
	}
	if u, err := url.Parse(rawURL); err != nil || !OnLoopback(u) {
		return errNotLoopback
	}
	return nil
}

// client is what the fakes deliver with. It connects to the loopback and
// nowhere else, whatever a name resolves to.
func (d *delivering) client() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: loopbackOnly}
	return &http.Client{Transport: rerouted{
		to:   d.to,
		next: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true},
	}}
}

// loopbackOnly is a [net.Dialer]'s Control: it sees the address after the name
// was resolved.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return errNotLoopback
	}
	return nil
}

// rerouted sends requests to another address, and leaves them as they are: path,
// query and Host header.
type rerouted struct {
	to   *url.URL // nil: to their own
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t rerouted) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.to == nil {
		return t.next.RoundTrip(r)
	}
	c := r.Clone(r.Context())
	if c.Host == "" {
		c.Host = r.URL.Host
	}
	c.URL.Scheme, c.URL.Host = t.to.Scheme, t.to.Host
	return t.next.RoundTrip(c)
}

// now is the sandbox's clock: it has run at its own speed since the start.
func (d *delivering) now() time.Time {
	return d.start.Add(time.Duration(float64(d.o.Now().Sub(d.start)) * d.o.Speed))
}

// sleep waits for a time of that clock.
func (d *delivering) sleep(ctx context.Context, t time.Duration) error {
	return d.o.Sleep(ctx, time.Duration(float64(t)/d.o.Speed))
}
