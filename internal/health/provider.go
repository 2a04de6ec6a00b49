package health

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
)

// clockSlack is how far the clock may be off before signatures with times, and
// certificates, begin to suffer.
const clockSlack = 5 * time.Minute

// provider checks the way to one provider, and reports whether there is
// anything to authenticate with.
func (d *Doctor) provider(ctx context.Context, drv *provider.Driver, offline bool) bool {
	d.baseURL(drv)
	client, ok := d.credentials(ctx, drv)
	if client == nil || offline {
		return ok
	}
	d.proxy(drv)
	before := d.Now()
	answer, err := client.Probe(ctx)
	if answer != nil {
		d.clock(drv, answer.Header, before, d.Now())
	}
	took := d.Now().Sub(before)
	if err == nil {
		_, err = client.List(ctx) // the answer may be anybody's
	}
	d.connection(ctx, drv, client, answer, err, took)
	return ok
}

// baseURL says where requests go, if not where they usually do.
func (d *Doctor) baseURL(drv *provider.Driver) {
	if s := d.Config.Get(drv.Name + ".base-url"); s.Value != drv.BaseURL {
		d.of(drv, Info, "base-url", fmt.Sprintf("%s instead of %s (%s)", s.Value, drv.BaseURL, s.Source), "")
	}
}

// credentials says whether there are any, and where they come from. The client
// is nil if they are of no use.
func (d *Doctor) credentials(ctx context.Context, drv *provider.Driver) (client *custody.Client, configured bool) {
	creds, source, err := d.Credentials(ctx, drv)
	switch {
	case err != nil && !d.Configured(ctx, drv):
		d.of(drv, Info, "credentials", "none in profile "+d.Profile, "hookctl login "+drv.Name)
		return nil, false
	case err != nil:
		d.of(drv, Fault, "credentials", err.Error(), fixOf(err, "hookctl login "+drv.Name))
		return nil, true
	}
	client, err = d.Open(drv, creds)
	if err != nil {
		d.of(drv, Fault, "base-url", err.Error(), fixOf(err, "hookctl config unset "+drv.Name+".base-url"))
		return nil, true
	}
	d.of(drv, OK, "credentials", "from the "+source, "")
	return client, true
}

// proxy says through which proxy requests go.
func (d *Doctor) proxy(drv *provider.Driver) {
	proxy, err := httpx.ProxyFor(d.Getenv, d.Config.String(drv.Name+".base-url"))
	switch {
	case err != nil:
		// The error may quote the proxy's password.
		d.of(drv, Fault, "proxy", "the proxy in the environment is not usable", "correct HTTPS_PROXY, HTTP_PROXY and NO_PROXY")
	case proxy != "":
		d.of(drv, Info, "proxy", "requests go through "+proxy, "")
	}
}

// clock compares this machine's clock with the provider's.
func (d *Doctor) clock(drv *provider.Driver, h http.Header, before, after time.Time) {
	theirs, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		d.of(drv, Info, "clock", "the provider's answer has no date", "")
		return
	}
	// Their time lies between the two, cut to the second.
	off := time.Duration(0)
	switch {
	case theirs.Before(before.Add(-time.Second)):
		off = before.Sub(theirs)
	case theirs.After(after):
		off = after.Sub(theirs)
	}
	if off.Abs() <= clockSlack {
		d.of(drv, OK, "clock", "agrees with the provider's", "")
		return
	}
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	d.of(drv, Fault, "clock", fmt.Sprintf("this machine's clock is %s %s the provider's", off.Abs().Round(time.Second), direction),
		"set the clock, for instance with: timedatectl set-ntp true")
}

// connection says what came of the request: whether the provider answered, and
// whether it accepts the credentials.
func (d *Doctor) connection(ctx context.Context, drv *provider.Driver, client *custody.Client, answer *httpx.Response, err error, took time.Duration) {
	switch {
	case err == nil:
		d.of(drv, OK, "connection", strings.Join(append([]string{
			fmt.Sprintf("%s answered in %s and accepts the credentials", client.Origin(), took.Round(time.Millisecond)),
		}, d.whose(ctx, client)...), "; "), "")
		if drv.ProbeLeaves != "" {
			d.of(drv, Info, "credentials", drv.ProbeLeaves, "")
		}
	case fault.KindOf(err) == fault.Auth:
		d.of(drv, Fault, "credentials", "not accepted: "+err.Error(), fixOf(err, "hookctl login "+drv.Name))
	case answer == nil:
		d.of(drv, Fault, "connection", err.Error(), fixOf(err, "check the network"))
	default:
		d.of(drv, Fault, "connection", err.Error(), fixOf(err, "check the base URL: hookctl config list"))
	}
}

// whose says whose credentials they are, as far as the provider tells.
func (d *Doctor) whose(ctx context.Context, client *custody.Client) []string {
	who, err := client.WhoAmI(ctx)
	switch {
	case err != nil:
		return nil // not worth a fault: the list was given
	case who.User != "":
		return []string{"account " + who.Account + ", user " + who.User}
	case who.Account != "":
		return []string{"account " + who.Account}
	}
	return nil
}
