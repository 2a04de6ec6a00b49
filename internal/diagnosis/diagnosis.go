// Package diagnosis says why the signature of a delivery does not match. It looks
// for the transformation of body, key or signature under which it would have
// matched. It has no way to a verdict: it is given a failure and returns findings.
// It never lets out the digest that would have been right, since a failing verifier
// must not become one that signs.
package diagnosis

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// Explainer says why deliveries fail. It is safe for concurrent use.
type Explainer struct {
	Providers  []Provider
	Candidates []Candidate // the secrets that the deliveries were verified with
	// Others are secrets that were not tried, and may explain a failure. It is called
	// often, and by several goroutines; nil is for none.
	Others    func() []Candidate
	Signature string // a bare signature for every delivery: headers are not asked
}

// Explain returns the proven causes of a failure, or signs of one, or "unknown"
// for a mismatch; nothing for a missing signature of which there is no trace. The
// delivery may come from the possible ones of the providers, or from any where
// there are none, and provider is the one for which it would match; else -1.
func (e *Explainer) Explain(ctx context.Context, r *capture.Request, possible []int) (provider int, found []Finding) {
	var all []*diagnosis
	for i := range e.Providers {
		if (len(possible) == 0 || slices.Contains(possible, i)) && e.Providers[i].Scheme.Check() == nil {
			all = append(all, e.newDiagnosis(r, i))
		}
	}
	for _, d := range all {
		prove := d.prove
		if r.Stream != nil {
			prove = d.proveStream
		}
		if found := prove(ctx); found != nil {
			if d.hit {
				found = append(d.prior, found...)
			}
			return d.index, found
		}
	}
	if provider, found := e.elsewhere(r, possible); found != nil {
		return provider, found
	}
	if r.Stream == nil {
		if found := signs(all); len(found) > 0 {
			return -1, found
		}
	}
	return -1, unknown(all)
}

func (e *Explainer) others() []Candidate {
	if e.Others == nil {
		return nil
	}
	return e.Others()
}

// elsewhere looks for a signature of a provider that the headers do not speak of: it
// stands in a header of another one. Where the body is of that one, the secret is the
// other's. Of the body only the ends are changed.
func (e *Explainer) elsewhere(r *capture.Request, possible []int) (provider int, found []Finding) {
	for i := range e.Providers {
		if r.Stream != nil || len(possible) == 0 || slices.Contains(possible, i) || e.Providers[i].Scheme.Check() != nil {
			continue
		}
		d := e.newDiagnosis(r, i)
		if d.reason != signature.NoSignature {
			continue
		}
		swapped := slices.ContainsFunc(possible, func(p int) bool {
			event := e.Providers[p].Envelope.Event(r.Body)
			return event.ID != "" && event.Time != ""
		})
		var keys []form
		for n, key := range d.keys {
			keys = append(keys, form{text: key})
			if swapped {
				keys[n].finding = d.candidates[n].swapped()
			}
		}
		for c, key := range d.provider.fitting(e.others()) {
			switch {
			case !swapped:
				keys = append(keys, form{c.finding(), key})
			case c.Provider != "": // else it does not match, or is not of another provider
				keys = append(keys, form{c.swapped(), key})
			}
		}
		for _, body := range slices.Insert(ends(r.Body), 0, form{text: r.Body}) {
			for _, key := range keys {
				if found := d.matchForms(key, body); found != nil && swapped {
					return -1, found
				} else if found != nil {
					return i, append(d.prior, found...)
				}
			}
		}
	}
	return -1, nil
}

// mostQuoted bounds, in bytes, what a finding repeats of a delivery.
const mostQuoted = 100

// Provider is what must be known of one: how it signs, and where its bodies say
// what they are.
type Provider struct {
	Name     string
	Scheme   signature.Scheme
	Envelope capture.Envelope
	// Sample, where not nil, is a body of the event type with its members in the
	// order in which the provider writes them; a diagnosis looks at that alone.
	Sample func(eventType string) []byte
	// Shapes, where not nil, are bodies of the event type with the members that the
	// provider documents: all, null where one may be null, and the fewest. None, where
	// the event's data is not documented, and the sample is a guess.
	Shapes func(eventType string) [][]byte
	// Events are the types of the events that there are, for Sample.
	Events []string
	// SecretDigits is how many lower-case hexadecimal digits a secret has, as the
	// provider shows it; 0 where that is not known. It is a sign, and no rule.
	SecretDigits int
}

// Candidate is one webhook's secret.
type Candidate struct {
	Provider string // "": the secret of an unnamed webhook, tried for every provider
	ID       string // of the webhook; may be empty
	Name     string // for results; may be empty
	URL      string // of the webhook, and its events: say in which order to try many; may be empty
	Events   []string
	Secret   secret.Value
	// Older says that this is not the webhook's present secret but one that it
	// had before. It is as valid; a match is noted.
	Older bool
	// Retired says that the webhook is deleted, disabled or replaced: a match
	// among Explainer.Others is then an older secret.
	Retired bool
}

// fitting are those of the candidates that may be secrets of the provider, with their
// keys.
func (p *Provider) fitting(all []Candidate) iter.Seq2[*Candidate, []byte] {
	return func(yield func(*Candidate, []byte) bool) {
		for i := range all {
			if c := &all[i]; c.Fits(p.Name) {
				if key, err := p.Scheme.Key(c.Secret); err == nil && !yield(c, key) {
					return
				}
			}
		}
	}
}

// Fits reports whether c is a secret of the provider, or may be.
func (c *Candidate) Fits(provider string) bool { return c.Provider == "" || c.Provider == provider }

// outdated reports whether a match with c is one with an older secret.
func (c *Candidate) outdated() bool { return c.Retired || c.Older }

// whose says which secret it is, where it was not the one that was asked for.
func (c *Candidate) whose() string {
	switch {
	case c.Older:
		return fmt.Sprintf("The delivery is signed with an older secret (%s) of %s.", c.Secret.Fingerprint(), c.title())
	case c.Retired:
		return fmt.Sprintf("The delivery is signed with an older secret, of %s, which was replaced or deleted.", c.title())
	}
	return fmt.Sprintf("The delivery is signed with the secret of another webhook: %s.", c.title())
}

// finding is the cause where another secret than the one asked for matches.
func (c *Candidate) finding() Finding {
	if c.outdated() {
		return byCause("older-secret").finding(c.whose())
	}
	f := byCause("other-webhook").finding(c.whose())
	if c.Provider != "" && c.ID != "" {
		f.Fix = strings.Replace(f.Fix, "--webhook", "--webhook "+secret.Ref{Provider: c.Provider, ID: c.ID}.Word(), 1)
	}
	return f
}

// swapped is the cause where the secret is of another provider's webhook.
func (c *Candidate) swapped() Finding {
	return Finding{
		Cause:       "other-webhook",
		Explanation: fmt.Sprintf("The delivery is signed with the secret of a webhook of another provider: %s, of %s.", c.title(), c.Provider),
		Fix:         "Compare both secrets with what the providers showed: they may be swapped. Store each again with `hookctl secrets set`.",
	}
}

func (c *Candidate) title() string {
	switch {
	case c.Name != "" && c.ID != "":
		return fmt.Sprintf("%q (%s)", c.Name, c.ID)
	case c.Name != "":
		return fmt.Sprintf("%q", c.Name)
	}
	return c.ID
}

// Finding is one probable cause of a failure.
type Finding struct {
	Cause       string // public name, see the command-line contract
	Fix         string // what to do, in one sentence
	Explanation string // what was found, in one sentence
}
