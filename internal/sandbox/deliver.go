package sandbox

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
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
	const hint = "give the scheme, host and port of this machine, for instance: --deliver-to http://127.0.0.1:3000"
	if _, err := httpx.Origin(o.DeliverTo); err != nil {
		return nil, fault.Usagef("--deliver-to: %w", err).WithHint(hint)
	}
	u, err := url.Parse(o.DeliverTo)
	switch {
	case err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, fault.Usagef("--deliver-to takes only scheme, host and port; a delivery keeps the path of its webhook's URL").WithHint(hint)
	case !OnLoopback(u):
		return nil, fault.Usagef("--deliver-to: %s is not a loopback address of this machine, and the sandbox sends only there", u.Host).WithHint(hint)
	}
	out.to = u
	return out, nil
}

// OnLoopback reports whether a URL names this machine by its loopback.
func OnLoopback(u *url.URL) bool {
	return u.Host != "" && httpx.CheckBaseURL("http://"+u.Host) == nil
}

// allow says why nothing is sent to a webhook's URL.
func (d *delivering) allow(rawURL string) error {
	if d.to != nil {
		return nil
	}
	if u, err := url.Parse(rawURL); err != nil || !OnLoopback(u) {
		return httpx.ErrNotLoopback
	}
	return nil
}

// deliver makes an attempt as every delivery is posted, to the loopback and nowhere
// else. With another address it is as it would be without: path, query and Host
// header.
func (d *delivering) deliver(ctx context.Context, timeout time.Duration, a provider.Attempt) provider.Attempt {
	sent, err := d.post(ctx, timeout, a)
	if err == nil {
		err = sent.Err
	}
	if a.Status = sent.Status; err != nil && a.Status == 0 {
		a.Err = err.Error()
	}
	return a
}

func (d *delivering) post(ctx context.Context, timeout time.Duration, a provider.Attempt) (deliver.Sent, error) {
	p, err := deliver.NewPoster(deliver.PosterOptions{Client: httpx.New(httpx.Options{Timeout: timeout, OnlyLoopback: true}), Now: d.o.Now, Sleep: d.o.Sleep})
	if err != nil {
		return deliver.Sent{}, err
	}
	one := deliver.Delivery{URL: a.URL, Body: a.Body}
	head := http.Request{Header: http.Header{}}
	maps.Copy(head.Header, a.Header)
	if u, err := url.Parse(a.URL); err == nil {
		if password, _ := u.User.Password(); u.User != nil { // HTTP has a place for it, a posted URL has none
			head.SetBasicAuth(u.User.Username(), password)
			u.User = nil
		}
		if one.Host = u.Host; d.to != nil {
			u.Scheme, u.Host = d.to.Scheme, d.to.Host
		}
		one.URL = u.String()
	}
	one.Fields = recorded.HeaderOf(head.Header)
	return p.Post(ctx, one)
}

// now is the sandbox's clock: it has run at its own speed since the start.
func (d *delivering) now() time.Time {
	return d.start.Add(time.Duration(float64(d.o.Now().Sub(d.start)) * d.o.Speed))
}

// sleep waits for a time of that clock.
func (d *delivering) sleep(ctx context.Context, t time.Duration) error {
	return d.o.Sleep(ctx, time.Duration(float64(t)/d.o.Speed))
}
