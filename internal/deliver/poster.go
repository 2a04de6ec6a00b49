package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

// poster sends deliveries to an endpoint, one after another and at a rate, and
// counts the answers.
type poster struct {
	app    *app
	client *httpx.Client
	every  time.Duration // between the beginnings of two deliveries
	next   time.Time     // when the next one may begin

	sent, ok int
	statuses map[int]int // of the answers that are not 2xx
	lost     int         // deliveries without an answer
	lastLost error
}

// newPoster makes a poster that sends at most rate deliveries a second; 0: as
// fast as they are answered. The secrets are masked in its trace.
func (a *app) newPoster(rate float64, secrets ...secret.Value) (*poster, error) {
	p := &poster{app: a, client: a.http(secrets...), statuses: map[int]int{}}
	switch {
	case rate < 0 || math.IsNaN(rate) || math.IsInf(rate, 0):
		return nil, fault.Usagef("--rate %v is not a number of deliveries a second", rate)
	case rate > 0:
		p.every = time.Duration(float64(time.Second) / max(rate, 1e-6))
	}
	return p, nil
}

// checkTarget refuses what is no URL to post to, and warns of one that others
// on the way can read.
func (a *app) checkTarget(what, rawURL string) error {
	origin, err := httpx.Origin(rawURL)
	if err != nil {
		hint := "a URL looks like http://127.0.0.1:3000/hook"
		if !strings.Contains(rawURL, "://") {
			hint = "put http:// before it; " + hint
		}
		return fault.Usagef("%s: %w", what, err).WithHint("%s", hint)
	}
	if u, err := url.Parse(rawURL); err != nil || u.User != nil {
		return fault.Usagef("%s: the URL holds a user name or password, which is not sent", what).
			WithHint("give credentials as a header: --header @FILE with a line 'Authorization: ...'")
	}
	if strings.HasPrefix(origin, "http://") && httpx.CheckBaseURL(origin) != nil {
		a.warn("warning: " + origin + " is not this machine and plain http: the deliveries and their signatures can be read on their way")
	}
	return nil
}

// wait lets the rate pass.
func (p *poster) wait(ctx context.Context) error {
	now := p.app.env.Now()
	if wait := p.next.Sub(now); p.every > 0 && wait > 0 {
		if p.app.env.Sleep(ctx, wait) != nil {
			return interrupted()
		}
		now = now.Add(wait)
	}
	p.next = now.Add(p.every)
	if ctx.Err() != nil {
		return interrupted()
	}
	return nil
}

func interrupted() error { return fault.Errorf(fault.Interrupted, "interrupted") }

// post sends one delivery and writes down in s how it was answered, or why it
// was not, and counts it. The error is that of a ctx that ended, or
// [httpx.ErrUnsendable]: those are not counted.
func (p *poster) post(ctx context.Context, method string, fields []capture.Field, body []byte, s *view.Sent) error {
	header := http.Header{}
	for _, f := range fields {
		header[f.Name] = append(header[f.Name], f.Value)
	}
	start := p.app.env.Now()
	answer, err := p.client.Deliver(ctx, httpx.Delivery{Method: method, URL: s.URL, Header: header, Body: body})
	if err != nil && ctx.Err() != nil {
		return interrupted()
	}
	if errors.Is(err, httpx.ErrUnsendable) {
		return fault.Wrap(fault.Usage, err)
	}
	p.sent++
	s.Took(p.app.env.Now().Sub(start))
	var failed *httpx.Error
	switch {
	case err == nil:
		s.Answered(answer.Status)
		s.Response = view.Text(httpx.Excerpt(answer.Body))
	case errors.As(err, &failed) && failed.Stage == httpx.Answered && failed.Status != 0:
		s.Answered(failed.Status)
		s.Error = view.Text(err.Error())
	default:
		s.TimeMS, s.Error = nil, view.Text(err.Error())
		p.lost++
		p.lastLost = err
		return nil
	}
	if s.OK {
		p.ok++
	} else {
		p.statuses[*s.Status]++
	}
	return nil
}

// summary says in a line what became of the deliveries.
func (p *poster) summary() string {
	parts := []string{fmt.Sprintf("%d answered 2xx", p.ok)}
	for _, status := range sortedKeys(p.statuses) {
		parts = append(parts, fmt.Sprintf("%d answered %d", p.statuses[status], status))
	}
	if p.lost > 0 {
		parts = append(parts, fmt.Sprintf("%d not answered", p.lost))
	}
	return fmt.Sprintf("%d sent: %s.", p.sent, strings.Join(parts, ", "))
}

// err is nil where every delivery was answered with a 2xx. Where the
// signatures were bad, that they are refused is as it should be.
func (p *poster) err(bad bool) error {
	refused := p.sent - p.ok - p.lost
	switch {
	case p.lost > 0:
		err := fault.Errorf(fault.Unavailable, "%w", p.lastLost).WithCode("unreachable")
		if p.sent > 1 {
			err = fault.Errorf(fault.Unavailable, "%d of %d deliveries were not answered; the last: %w", p.lost, p.sent, p.lastLost).WithCode("unreachable")
		}
		return err.WithHint("is the endpoint running, and is this its address?")
	case refused == 0:
		return nil
	}
	status := sortedKeys(p.statuses)[0]
	err := fault.Errorf(fault.Negative, "%s not answered with a 2xx", outOf(refused, p.sent, "delivery", "deliveries", "was", "were")).WithCode("not-accepted")
	if p.sent == 1 {
		err = fault.Errorf(fault.Negative, "the endpoint answered %d", status).WithCode("not-accepted")
	}
	hint := statusHint(status)
	if bad && (status == http.StatusUnauthorized || status == http.StatusForbidden) {
		hint = "so it refuses a bad signature, as it should"
	}
	if hint != "" {
		err = err.WithHint("%s", hint)
	}
	return err
}

// statusHint is what may be behind a status.
func statusHint(status int) string {
	switch {
	case status >= 300 && status <= 399:
		return "redirects are not followed, as providers do not: use the address that the endpoint redirects to"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "does the endpoint have this webhook's secret? its fingerprint is in: hookctl secrets list"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return "is this the path that takes POST requests?"
	}
	return ""
}

func sortedKeys(m map[int]int) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
