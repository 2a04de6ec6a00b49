package deliver

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// Replay makes deliveries of captures, and counts what became of them.
type Replay struct {
	Drivers provider.Registry
	To      string
	Extra   []capture.Field // in place of the captured headers of the same names, or added
	// OwnerOf finds whose delivery a capture is; nil: nothing says.
	OwnerOf func(signature.Header, []byte) *provider.Driver
	// KeyOwner is the provider that the named secret is of; nil: none is named.
	KeyOwner *provider.Driver
	// Resigner prepares to sign captures of a provider anew; nil: their signatures
	// stay. It is called once for each provider.
	Resigner func(context.Context, *provider.Driver) (*Resigner, error)

	Filter filter.Filter // of the captures
	// Valid judges a capture whose body is in memory, for a filter that asks for that.
	Valid func(*capture.Request) bool

	Note func(string) // told what a user should know

	resigners map[*provider.Driver]*Resigner
	inexact   bool // it was said that a format does not keep bodies as they are

	seen     int // deliveries, those that cannot be read among them
	filtered int
	unread   int
	unfit    int // those that HTTP cannot carry
}

// ErrFiltered is the error of a delivery that does not pass the filter.
var ErrFiltered = errors.New("the delivery does not match the filter")

// Unusable is a delivery that cannot be sent again.
type Unusable struct{ error }

func (u Unusable) Unwrap() error { return u.error }

// Delivery makes the delivery of a capture that was read with readErr. The error
// is [ErrFiltered] or an [Unusable], or it ends the run.
func (r *Replay) Delivery(ctx context.Context, q *capture.Request, readErr error) (Delivery, error) {
	d := Delivery{Source: q.Source, Method: cmp.Or(q.Method, http.MethodPost), URL: target(r.To, q.URL)}
	if ctx.Err() != nil {
		return d, fault.Interruption()
	}
	if r.seen++; readErr != nil {
		r.unread++
		return d, Unusable{readErr}
	}
	owner := r.OwnerOf(q.Header, q.Body)
	if owner == nil {
		owner = r.KeyOwner
	}
	if owner != nil {
		d.Provider, d.Event = owner.Name, owner.Envelope.Event(q.Body)
		d.Event.Type = cmp.Or(d.Event.Type, q.Header.Get(owner.Envelope.HeaderType))
		d.Event.ID = cmp.Or(d.Event.ID, q.Header.Get(owner.Envelope.HeaderID))
	}
	var err error
	if r.Filter.Texts() || r.Filter.Judged() {
		d.Body, err = q.Whole()
	}
	if err == nil && !r.wants(d, q) {
		r.filtered++
		return d, ErrFiltered
	}
	if err == nil && d.Body == nil {
		d.Body, err = q.Whole()
	}
	if err != nil {
		r.unread++
		return d, Unusable{err}
	}
	d.Fields = []capture.Field(q.Header)
	if r.Resigner != nil {
		if owner == nil {
			return d, r.Drivers.NameOne(q.Source + " does not show which provider sent it, so it cannot be signed")
		}
		if d.Fields, err = r.signed(ctx, owner, q, d.Body); err != nil {
			return d, err
		}
	} else if q.Inexact && !r.inexact {
		r.inexact = true
		r.Note(q.Source + " does not keep the exact bytes of bodies, so signatures may not match; --resign makes new ones.")
	}
	d.Fields = replace(d.Fields, r.Extra)
	return d, nil
}

// Unsendable counts a delivery that HTTP cannot carry.
func (r *Replay) Unsendable(err error) error {
	r.unfit++
	return Unusable{err}
}

// wants reports whether the filter lets a delivery through. Its status is that of the
// answer which the capture has.
func (r *Replay) wants(d Delivery, q *capture.Request) bool {
	if r.Filter.Empty() {
		return true
	}
	seen := filter.Delivery{Provider: d.Provider, EventType: d.Event.Type, EventID: d.Event.ID, Body: d.Body, Texts: func() []string {
		all := []string{q.URL}
		for _, f := range q.Header {
			all = append(all, f.Name+"\n"+f.Value)
		}
		return all
	}}
	if a, err := capture.AnswerOf(q); err == nil && a != nil {
		seen.Status = a.Status
	}
	if r.Filter.Judged() {
		whole := *q
		whole.Body, whole.Stream = d.Body, nil
		seen.Valid = r.Valid(&whole)
		seen.Invalid = !seen.Valid
	}
	return r.Filter.Match(seen)
}

// target is where a delivery goes: to, with the path and query of the captured
// URL where to has none.
func target(to, captured string) string {
	base, err := url.Parse(to)
	if err != nil || base.Path != "" || base.RawQuery != "" {
		return to
	}
	parse := url.Parse
	if strings.HasPrefix(captured, "//") {
		parse = url.ParseRequestURI // a path, not a host
	}
	u, err := parse(captured)
	if err != nil {
		return to
	}
	base.Path, base.RawPath, base.RawQuery = u.Path, u.RawPath, u.RawQuery
	return base.String()
}

// EndToEnd is the lines of d that are sent.
func (d Delivery) EndToEnd() []capture.Field {
	kept := httpx.EndToEnd(header(d.Fields))
	return slices.DeleteFunc(slices.Clone(d.Fields), func(f capture.Field) bool { return kept[f.Name] == nil })
}

// Summary says how many deliveries did not pass the filter; "" where all did.
func (r *Replay) Summary() string {
	if r.filtered == 0 {
		return ""
	}
	return term.Plural(r.filtered, "delivery", "deliveries") + " did not match the filter."
}

// Err is what is wrong with a run that came to its end; captures are what was read.
func (r *Replay) Err(captures []string) error {
	switch {
	case r.seen == r.unread:
		return fault.Usagef("no delivery could be read from %s", strings.Join(captures, ", ")).WithCode("no-delivery")
	case r.seen == r.unread+r.filtered:
		return fault.Usagef("no delivery matches the filter").WithCode("no-delivery").WithHint("list all deliveries: hookctl replay ... --dry-run, without --filter")
	case r.unread+r.unfit > 0:
		return fault.Errorf(fault.Negative, "%s could not be read or sent", term.Plural(r.unread+r.unfit, "delivery", "deliveries")).WithCode("unreadable")
	}
	return nil
}

// Resigner signs captures of one provider anew: with the signer's key, else the
// kept one that made the old signature, else that of the only webhook.
type Resigner struct {
	Signer
	Kept []secret.Value                              // of the provider's webhooks, deleted ones too
	Only func(context.Context) (secret.Value, error) // of the only webhook

	verifier *signature.Verifier
	only     secret.Value // zero until it is asked for
}

// resigner prepares to sign captures of d.
func (r *Replay) resigner(ctx context.Context, d *provider.Driver) (*Resigner, error) {
	if s := r.resigners[d]; s != nil {
		return s, nil
	}
	s, err := r.Resigner(ctx, d)
	if err != nil {
		return nil, err
	}
	s.Kept = slices.DeleteFunc(s.Kept, func(v secret.Value) bool { return s.Scheme.CheckKey(v) != nil })
	if len(s.Kept) > 0 {
		keys, err := signature.NewKeySet(s.Scheme, s.Kept)
		if err != nil {
			return nil, err
		}
		s.verifier = keys.Verifier()
	}
	if r.resigners == nil {
		r.resigners = map[*provider.Driver]*Resigner{}
	}
	r.resigners[d] = s
	return s, nil
}

// signed is the header of a capture with a new signature of body.
func (r *Replay) signed(ctx context.Context, d *provider.Driver, q *capture.Request, body []byte) ([]capture.Field, error) {
	if owner := r.KeyOwner; owner != nil && owner != d {
		return nil, fault.Usagef("%s is a delivery of %s, but the secret belongs to %s", q.Source, d.Title, owner.Title).
			WithHint("to skip it, use --filter provider=%s", owner.Name)
	}
	s, err := r.resigner(ctx, d)
	if err != nil {
		return nil, err
	}
	sign := s.Signer
	if sign.Key.IsZero() && s.verifier != nil {
		if v := s.verifier.Verify(q.Header, body); v.Reason == signature.OK {
			sign.Key = s.Kept[v.KeyIndex]
		}
	}
	if sign.Key.IsZero() {
		if s.only.IsZero() {
			if s.only, err = s.Only(ctx); err != nil {
				return nil, err
			}
		}
		sign.Key = s.only
	}
	fields, err := sign.Sign(body)
	return replace(q.Header, fields), err
}
