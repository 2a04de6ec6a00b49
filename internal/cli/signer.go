package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// chosenKey is the secret that the flags name, and whose webhook it is of as
// far as they tell; zero where they name none.
func (o *keyFlags) chosenKey(ctx context.Context, a *app) (key secret.Value, d *provider.Driver, err error) {
	if o.provider != "" {
		if d, err = a.env.Drivers.Find(o.provider); err != nil {
			return key, nil, err
		}
	}
	if key, err = o.givenSecret(a); err != nil || o.webhook == "" {
		return key, d, err
	}
	rec, err := a.keptRecord(ctx, o.webhook, true)
	if err != nil {
		return key, d, err
	}
	owner, err := a.env.Drivers.Find(rec.Provider)
	if err != nil {
		return key, d, err
	}
	if d != nil && d != owner {
		return key, d, fault.Usagef("--webhook names a webhook of %s, but --provider says %s", owner.Name, d.Name)
	}
	rec, err = a.store.Get(ctx, rec.Ref())
	return rec.Secret, owner, err
}

// onlyKey is the secret to sign with where nobody named one: that of the one
// living webhook of d that is kept; where there are several, of those at the base
// URL in force, and of those the one for this URL.
func (a *app) onlyKey(ctx context.Context, d *provider.Driver, url string) (secret.Value, error) {
	listed, err := a.records(ctx, false)
	if err != nil {
		return secret.Value{}, err
	}
	living := slices.DeleteFunc(listed, func(r secret.Record) bool { return r.Provider != d.Name || !r.DeletedAt.IsZero() })
	living = narrow(living, a.atBaseURL)
	if url != "" {
		living = narrow(living, func(r secret.Record) bool { return provider.SameURL(r.URL, url) })
	}
	switch len(living) {
	case 0:
		return secret.Value{}, fault.Usagef("no secret of a %s webhook is kept in profile %s", d.Title, a.cfg.Profile()).WithCode("no-secret").
			With(a.whyNone(ctx, fault.Hint{Text: "give one with --secret-file or --secret-env\nfor an existing webhook: " + custody.WaysOut().Text + "\nor create one: hookctl create " + d.Name}))
	case 1:
		rec, err := a.store.Get(ctx, living[0].Ref())
		if err == nil {
			a.note("Signing with the secret of %s.", living[0].Described())
		}
		return rec.Secret, err
	}
	var lines string
	for _, r := range living {
		lines += "\n" + a.keptCandidate(r).line()
		if r.Name != "" {
			lines += fmt.Sprintf(", %q", r.Name)
		}
	}
	return secret.Value{}, fault.Usagef("the secrets of %d %s webhooks are kept:%s", len(living), d.Title, lines).WithCode("ambiguous").
		WithHint("choose one with --webhook")
}

// noteAssumed says what the provider does not document about its signature.
func (a *app) noteAssumed(s deliver.Signer) {
	if len(s.Scheme.Assumed) > 0 {
		a.note("%s", verify.AssumedHint(s.Driver.Title, s.Scheme.Assumed))
	}
}

// signer makes signatures of d under the settings and the flags.
func (o *keyFlags) signer(a *app, d *provider.Driver, key secret.Value) deliver.Signer {
	return deliver.Signer{Driver: d, Scheme: o.scheme(a, d), Key: key, Now: a.env.Now}
}

// driverOf finds whose delivery it is: by the signature headers, then by the
// event that the body states; nil where neither tells.
func (o *keyFlags) driverOf(a *app, h signature.Header, body []byte) *provider.Driver {
	for _, d := range a.env.Drivers {
		if o.scheme(a, d).Signed(h) {
			return d
		}
	}
	for _, d := range a.env.Drivers {
		if ev := d.Envelope.Event(body); ev.ID != "" && d.KnowsEvent(ev.Type) {
			return d
		}
	}
	return nil
}

// ownerOf is whose event a body states.
func (o *keyFlags) ownerOf(a *app, body []byte, what string) (*provider.Driver, error) {
	if d := o.driverOf(a, capture.Header(nil), body); d != nil {
		return d, nil
	}
	return nil, a.env.Drivers.NameOne(what + " does not show which provider sent it")
}

// signedBy names the headers in which the providers' signatures come.
func (o *keyFlags) signedBy(a *app) (names []string) {
	for _, d := range a.env.Drivers {
		names = append(names, o.scheme(a, d).Headers...)
	}
	return names
}

// headerFlags reads --header values: 'Name: value', or @FILE with one a line.
func (a *app) headerFlags(values []string) ([]capture.Field, error) {
	var fields []capture.Field
	for _, v := range values {
		lines := []string{v}
		if name, ok := strings.CutPrefix(v, "@"); ok {
			raw, err := a.readInput("--header", name, secretCap)
			if err != nil {
				return nil, err
			}
			lines = strings.Split(strings.TrimRight(string(raw), "\r\n"), "\n")
		}
		for _, line := range lines {
			f, ok := recorded.ParseField(line)
			if !ok && v == line {
				return nil, fault.Usagef("--header %q is not 'Name: value'", line).WithHint("for instance: --header 'X-Trace: 1', or --header @FILE with one a line")
			}
			if !ok { // not shown: files are for what must not be seen
				return nil, fault.Usagef("--header: a line of %s is not 'Name: value'", v[1:])
			}
			fields = append(fields, f)
		}
	}
	return fields, nil
}

// sentHeaders is headerFlags for what is sent: it says what of it is not.
func (a *app) sentHeaders(values []string) ([]capture.Field, error) {
	fields, err := a.headerFlags(values)
	kept := deliver.Delivery{Fields: fields}.EndToEnd()
	for _, f := range fields {
		if !slices.Contains(kept, f) {
			a.note("--header: %s is not sent, because it belongs to a single connection.", f.Name)
		}
	}
	return fields, err
}

// errSecretAndInput refuses two uses of standard input.
func errSecretAndInput(what string) error {
	return fault.Usagef("standard input cannot be both the secret and %s", what)
}

// target is the URL to post to that is meant by text. It refuses what is none, and
// warns of one that others on the way can read.
func (a *app) target(what, text string) (string, error) {
	text = httpx.LocalURL(text)
	readable, err := deliver.CheckTarget(what, text)
	if readable != "" {
		a.warn("warning: " + readable + " is another machine, and plain http: others can read the deliveries and their signatures on their way")
	}
	return text, err
}

// poster posts at a rate. The secrets are masked in its trace.
func (a *app) poster(rate float64, secrets ...secret.Value) (*deliver.Poster, error) {
	return deliver.NewPoster(deliver.PosterOptions{Client: a.http(secrets...), Rate: rate, Now: a.env.Now, Sleep: a.env.Sleep})
}
