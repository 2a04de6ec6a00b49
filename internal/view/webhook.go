// Package view says what results look like: the columns of their tables and
// the members of their JSON, one file per noun. Members are only ever added.
package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// Webhook is the JSON of one webhook. What the provider did not say is null.
type Webhook struct {
	Provider       string    `json:"provider"`
	ID             string    `json:"id"`
	Name           *string   `json:"name"`
	URL            *string   `json:"url"`
	Origin         *string   `json:"origin,omitempty"` // of the base URL, where that is not the provider's own
	Events         []string  `json:"events"`
	Status         *string   `json:"status"`
	ProviderStatus *string   `json:"provider_status"`
	Created        *bool     `json:"created,omitempty"` // create only
	Differs        []string  `json:"differs,omitempty"` // create --if-absent only: the members that are not as they were asked for
	CreatedAt      *string   `json:"created_at"`
	UpdatedAt      *string   `json:"updated_at"`
	Timeout        *int      `json:"timeout"`
	AuthType       *string   `json:"auth_type"`
	RetryCount     *int      `json:"retry_count"`
	RetryDelay     *int      `json:"retry_delay"`
	Health         *Health   `json:"health"`
	Secret         Secret    `json:"secret"`
	Sinks          []Sink    `json:"sinks,omitzero"`     // create only
	Replaces       *Replaced `json:"replaces,omitempty"` // rotate and update --replace only
	Error          *string   `json:"error,omitempty"`    // a row of a list that could not be read
	Gone           *bool     `json:"gone,omitempty"`     // list --watch only: it is not listed any more
}

// Replaced is the JSON of the webhook that another one took the place of. Its
// state is "deleted", "disabled" (where the provider has no delete), or "kept":
// with --overlap, and after a failure.
type Replaced struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// Health is the JSON of a webhook's delivery health.
type Health struct {
	LastStatus    *string `json:"last_status"`
	Failures      *int    `json:"failures"`
	LastTriggered *string `json:"last_triggered"`
}

// Secret is the JSON of what is kept of a webhook's secret.
type Secret struct {
	Kept        bool    `json:"kept"`
	Store       *string `json:"store"`
	Fingerprint *string `json:"fingerprint"`
	// Elsewhere is set where it need not be kept: create --secret-elsewhere.
	Elsewhere bool `json:"elsewhere,omitempty"`
	// Value is the secret itself, only ever set for --show-secret and `secrets show`.
	Value *string `json:"value,omitempty"`
}

// Sink is the JSON of what became of one sink.
type Sink struct {
	Sink  string  `json:"sink"`
	OK    bool    `json:"ok"`
	Error *string `json:"error,omitempty"`
}

// at is the provider's name, and where it is if not at its own origin.
func at(providerName, origin string) string {
	if origin == "" {
		return providerName
	}
	if _, host, ok := strings.Cut(origin, "://"); ok {
		origin = host
	}
	return providerName + " (" + origin + ")"
}

// NewWebhook joins what the provider says with what is kept; rec is nil where
// nothing is.
func NewWebhook(providerName string, w provider.Webhook, rec *secret.Record) Webhook {
	out := Webhook{
		Provider: providerName, ID: w.ID, Name: w.Name, URL: w.URL, Events: w.Events,
		ProviderStatus: w.ProviderStatus, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
		Timeout: w.TimeoutSeconds, AuthType: w.AuthType, RetryCount: w.RetryCount, RetryDelay: w.RetryDelay,
		Status: (*string)(w.Status), Error: OrNull(w.Unreadable),
	}
	if rec != nil {
		out.Secret = Secret{Kept: true, Store: &rec.Store, Fingerprint: &rec.Fingerprint}
	}
	if w.Health != nil {
		out.Health = &Health{w.Health.LastStatus, w.Health.Failures, w.Health.LastTriggered}
	}
	return out
}

// NewSinks describes what became of the sinks.
func NewSinks(results []sink.Result) []Sink {
	out := make([]Sink, len(results))
	for i, r := range results {
		out[i] = Sink{Sink: r.Sink, OK: r.Err == nil, Error: errorText(r.Err)}
	}
	return out
}

// errorText is nil for no error.
func errorText(err error) *string {
	if err == nil {
		return nil
	}
	return new(err.Error())
}

// Facts is the description of one webhook for people.
func (w Webhook) Facts() []render.Fact {
	f := facts{{Label: "Provider", Value: at(w.Provider, provider.Text(w.Origin))}, {Label: "ID", Value: w.ID}}
	number := func(label, unit string, value *int) {
		if value != nil {
			f.add(label, fmt.Sprint(*value)+unit)
		}
	}
	f.add("Name", provider.Text(w.Name))
	f.add("URL", provider.Text(w.URL))
	if w.Events != nil {
		f = append(f, render.Fact{Label: "Events", List: w.Events})
	}
	f.add("Status", provider.Text(cmp.Or(w.Status, w.ProviderStatus)))
	number("Timeout", " s", w.Timeout)
	f.add("Auth type", provider.Text(w.AuthType))
	number("Retries", "", w.RetryCount)
	number("Retry delay", " s (assumed)", w.RetryDelay)
	f.add("Created", provider.Text(dated(w.CreatedAt)))
	f.add("Updated", provider.Text(dated(w.UpdatedAt)))
	if h := w.Health; h != nil {
		if s := provider.Text(h.LastStatus); s != "" {
			f = append(f, render.Fact{Label: "Last status", Value: s, Tone: healthTone(s)})
		}
		number("Failures", "", h.Failures)
		if h.Failures != nil && *h.Failures > 0 {
			f[len(f)-1].Tone = render.Bad
		}
		f.add("Last triggered", provider.Text(dated(h.LastTriggered)))
	}
	if r := w.Replaces; r != nil {
		f.add("Replaces", r.ID+" ("+r.State+")")
	}
	f = append(f, render.Fact{Label: "Secret", Value: w.Secret.sentence(), Tone: toneOf(w.kept())})
	if w.Secret.Value != nil {
		f = append(f, render.Fact{Label: "Secret value", Value: *w.Secret.Value})
	}
	return append(f, sinkFacts(w.Sinks)...)
}

// facts describe a single thing to people.
type facts []render.Fact

// add adds one, unless there is nothing to say.
func (f *facts) add(label, value string) {
	if value != "" {
		*f = append(*f, render.Fact{Label: label, Value: value})
	}
}

func (s Secret) sentence() string {
	switch {
	case s.Elsewhere:
		return "not kept here (--secret-elsewhere)"
	case !s.Kept:
		return "not kept here"
	}
	return fmt.Sprintf("kept (%s store, %s)", *s.Store, *s.Fingerprint)
}
