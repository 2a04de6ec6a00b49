// Package deliver posts webhook deliveries to an endpoint: samples that it makes
// and signs, captures, as they are or signed anew, and what a sandbox sends.
// Nothing else does, but for the listener, which passes on what comes.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/term"
)

// Delivery is one that can be posted.
type Delivery struct {
	Source      string // the capture; "": it is a sample
	Provider    string // whose it is; "": nothing says
	Event       capture.Event
	Method, URL string
	Host        string // for the header of that name; "": the URL's
	Fields      []capture.Field
	Body        []byte
}

// With is d with header lines in place of those of the same names.
func (d Delivery) With(fields []capture.Field) Delivery {
	d.Fields = replace(d.Fields, fields)
	return d
}

// Sent is a delivery and how it was answered.
type Sent struct {
	Delivery
	Status   int // 0: there was no answer, or nothing was sent
	Took     time.Duration
	Response string // the beginning of the answer
	// Answer is nil where there was none, or where it broke off.
	Answer *capture.Answer
	Err    error
}

// Accepted reports whether the answer is a 2xx.
func (s Sent) Accepted() bool { return s.Status/100 == 2 }

// Poster posts deliveries one after another and at a rate, and counts the
// answers.
type Poster struct {
	Posted, Accepted int // deliveries, and those of them that were answered 2xx

	o        PosterOptions
	next     time.Time   // when the next one may begin
	statuses map[int]int // of the answers that are not 2xx
	lost     int         // deliveries without an answer
	lastLost error
}

// PosterOptions configure a [Poster].
type PosterOptions struct {
	Client *httpx.Client
	Rate   float64 // at most so many a second; 0: as fast as they are answered
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
}

// NewPoster makes a poster.
func NewPoster(o PosterOptions) (*Poster, error) {
	if o.Rate < 0 || math.IsNaN(o.Rate) || math.IsInf(o.Rate, 0) {
		return nil, fault.Usagef("--rate %v is not a number of deliveries per second", o.Rate)
	}
	return &Poster{o: o, statuses: map[int]int{}}, nil
}

// CheckTarget refuses what is no URL to post to. readable is the origin of one
// that others on the way can read.
func CheckTarget(what, rawURL string) (readable string, err error) {
	origin, err := httpx.Origin(rawURL)
	if err != nil {
		hint := "use a URL such as http://127.0.0.1:3000/hook, or 3000 for a port of this machine"
		if !strings.Contains(rawURL, "://") {
			hint = "put http:// in front of it; " + hint
		}
		return "", fault.Usagef("%s: %w", what, err).WithHint("%s", hint)
	}
	if u, err := url.Parse(rawURL); err != nil || u.User != nil {
		return "", fault.Usagef("%s: the URL contains a user name or password, which hookctl does not send", what).
			WithHint("give credentials as a header: --header @FILE with a line 'Authorization: ...'")
	}
	if strings.HasPrefix(origin, "http://") && httpx.CheckBaseURL(origin) != nil {
		return origin, nil
	}
	return "", nil
}

// wait lets the rate pass: from the beginning of one delivery to that of the next.
func (p *Poster) wait(ctx context.Context) error {
	now := p.o.Now()
	if p.o.Rate > 0 {
		if wait := p.next.Sub(now); wait > 0 {
			if p.o.Sleep(ctx, wait) != nil {
				return fault.Interruption()
			}
			now = now.Add(wait)
		}
		p.next = now.Add(time.Duration(float64(time.Second) / max(p.o.Rate, 1e-6)))
	}
	if ctx.Err() != nil {
		return fault.Interruption()
	}
	return nil
}

// Post posts one delivery and counts how it was answered, or that it was not.
// The error is that of a ctx that ended, or [httpx.ErrUnsendable]: those are not
// counted.
func (p *Poster) Post(ctx context.Context, d Delivery) (Sent, error) {
	s := Sent{Delivery: d}
	if err := p.wait(ctx); err != nil {
		return s, err
	}
	start := p.o.Now()
	answer, err := p.o.Client.Deliver(ctx, d.request())
	switch {
	case err != nil && ctx.Err() != nil:
		return s, fault.Interruption()
	case errors.Is(err, httpx.ErrUnsendable):
		return s, fault.Wrap(fault.Usage, err)
	}
	p.Posted++
	s.Took, s.Err = p.o.Now().Sub(start), err
	var failed *httpx.Error
	switch {
	case err == nil:
		s.Status, s.Answer = answer.Status, answered(answer, s.Took)
		s.Response = httpx.Excerpt(plain(s.Answer))
	case errors.As(err, &failed) && failed.Stage == httpx.Answered:
		s.Status = failed.Status
	}
	switch {
	case s.Status == 0:
		p.lost++
		p.lastLost = err
	case s.Accepted():
		p.Accepted++
	default:
		p.statuses[s.Status]++
	}
	return s, nil
}

// Check finds why Post would not send d; it sends nothing.
func (d Delivery) Check() error { return fault.Wrap(fault.Usage, d.request().Check()) }

func (d Delivery) request() httpx.Delivery {
	return httpx.Delivery{Method: d.Method, URL: d.URL, Host: d.Host, Header: header(d.Fields), Body: d.Body, AsIs: true}
}

// answered is an answer as a capture has it.
func answered(r *httpx.Response, took time.Duration) *capture.Answer {
	return &capture.Answer{
		Status: r.Status, Header: recorded.HeaderOf(httpx.EndToEnd(r.Header)), Body: append([]byte{}, r.Body...), Cut: r.Cut,
		Milliseconds: strconv.FormatInt(took.Round(time.Millisecond).Milliseconds(), 10),
	}
}

// plain is the body of an answer, unpacked as far as that is possible.
func plain(a *capture.Answer) []byte {
	body, err := httpx.Unpack(header(a.Header), a.Body)
	if err != nil && len(body) == 0 {
		return a.Body
	}
	return body
}

func header(fields []capture.Field) http.Header {
	h := http.Header{}
	for _, f := range fields {
		h[f.Name] = append(h[f.Name], f.Value)
	}
	return h
}

// Summary says in a line what became of the deliveries.
func (p *Poster) Summary() string {
	parts := []string{fmt.Sprintf("%d answered 2xx", p.Accepted)}
	for _, status := range slices.Sorted(maps.Keys(p.statuses)) {
		parts = append(parts, fmt.Sprintf("%d answered %d", p.statuses[status], status))
	}
	if p.lost > 0 {
		parts = append(parts, fmt.Sprintf("%d not answered", p.lost))
	}
	return fmt.Sprintf("%d sent: %s.", p.Posted, strings.Join(parts, ", "))
}

// Err is nil where every delivery was answered with a 2xx. Where the
// signatures were bad, that they are refused is as it should be.
func (p *Poster) Err(bad bool) error {
	refused := p.Posted - p.Accepted - p.lost
	if err := p.Unanswered(); err != nil || refused == 0 {
		return err
	}
	status := slices.Min(slices.Collect(maps.Keys(p.statuses)))
	err := fault.Errorf(fault.Negative, "%s not answered with a 2xx", term.OutOf(refused, p.Posted, "delivery", "deliveries", "was", "were")).WithCode("not-accepted")
	if p.Posted == 1 {
		err = fault.Errorf(fault.Negative, "the endpoint answered %d", status).WithCode("not-accepted")
	}
	hint := statusHint(status)
	if bad && (status == http.StatusUnauthorized || status == http.StatusForbidden) {
		hint = "this is right: it refuses a bad signature"
	}
	if hint != "" {
		err = err.WithHint("%s", hint)
	}
	return err
}

// Unanswered is nil where every delivery was answered, however.
func (p *Poster) Unanswered() error {
	if p.lost == 0 {
		return nil
	}
	err := fault.Errorf(fault.Unavailable, "%w", p.lastLost).WithCode("unreachable")
	if p.Posted > 1 {
		err = fault.Errorf(fault.Unavailable, "%d of %d deliveries were not answered; the last: %w", p.lost, p.Posted, p.lastLost).WithCode("unreachable")
	}
	return err.WithHint("check that the endpoint runs, and that this is its address")
}

// statusHint is what may be behind a status.
func statusHint(status int) string {
	switch {
	case status >= 300 && status <= 399:
		return "like the providers, hookctl does not follow redirects: use the address that the endpoint redirects to"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "check that the endpoint has this webhook's secret; its fingerprint is in: hookctl secrets list"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return "check that this path accepts POST requests"
	}
	return ""
}
