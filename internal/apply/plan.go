package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// Action is what a change does.
type Action string

// The actions.
const (
	Create  Action = "create"
	Update  Action = "update"  // in place: the secret stays
	Replace Action = "replace" // a new webhook with a NEW SECRET, then the old one is deleted
	Delete  Action = "delete"  // where the provider has no delete: disable
	Adopt   Action = "adopt"   // nothing changes at the provider; from now on prune may delete it
)

// Actions lists them in the order of summaries.
var Actions = []Action{Create, Update, Replace, Delete, Adopt}

// Change is one step of a plan. Nothing in it is secret.
type Change struct {
	Action   Action
	Driver   *provider.Driver
	Origin   string // of the account, where that is not the provider's own; "" as Compare leaves it
	Name     string // as it shall be; of a delete: as it is
	ID       string // "" for a create
	URL      string // as it shall be; of a delete: as it is
	At       Position
	Fields   []Field
	SecretTo []string // where a new secret goes beside the store
	Kept     bool     // the present secret is kept here

	entry *Webhook         // nil for a delete
	live  provider.Webhook // as planned for; zero for a create
	rec   *secret.Record   // without the secret; nil where nothing is kept
	known map[string]bool  // of a create: the ids there were
}

// NewSecret reports whether the change makes one.
func (c *Change) NewSecret() bool { return c.Action == Create || c.Action == Replace }

// Ref names the webhook: provider/id, or provider and name where there is none.
func (c *Change) Ref() string {
	if c.ID == "" {
		return c.Driver.Name + "/" + c.Name
	}
	return c.Driver.Name + "/" + c.ID
}

// Field is the JSON of one difference. From and To are nil, a string, an int or a list of
// strings; From is nil for a create.
type Field struct {
	Name string `json:"name"` // "name", "url", "events", "timeout", "auth"
	From any    `json:"from"`
	To   any    `json:"to"`
	Note string `json:"note,omitempty"` // what From and To cannot say
}

// Plan is what makes the accounts what the manifest says.
type Plan struct {
	Profile   string
	Changes   []*Change // in the order of the manifest, deletions last
	Unchanged int       // webhooks of the manifest that need nothing
	Warnings  []string
	Reach     []Reach // what the changes do beyond the manifest, and what apply would refuse

	unkept []*Change // of webhooks whose secret is not kept
}

// Differs reports whether anything is to be done at a provider.
func (p *Plan) Differs() bool {
	return slices.ContainsFunc(p.Changes, func(c *Change) bool { return c.Action != Adopt })
}

// Count is how many changes have this action.
func (p *Plan) Count(a Action) int {
	n := 0
	for _, c := range p.Changes {
		if c.Action == a {
			n++
		}
	}
	return n
}

// CheckSinks finds, before anything is sent, what would keep a new secret from
// its sinks.
func (p *Plan) CheckSinks(ctx context.Context) error {
	var failed []error
	for _, c := range p.Changes {
		if !c.NewSecret() {
			continue
		}
		for _, to := range c.entry.Sinks {
			if err := to.Check(ctx, c.entry.item()); err != nil {
				failed = append(failed, custody.SinkNotReady(to.For(c.entry.item()), fmt.Errorf("%s: %w", c.At, err)))
			}
		}
	}
	return errors.Join(failed...)
}

// Account is what a provider says now.
type Account struct {
	Driver *provider.Driver
	Origin string
	Rows   []provider.Webhook
}

// State is what a manifest is compared with.
type State struct {
	Profile  string
	Accounts []Account       // of every provider that the manifest names
	Records  []secret.Record // of all profiles, without their secrets
	Prune    bool            // plan to delete what hookctl manages and the manifest no longer names
}

// Compare finds what is to be done. It asks nobody and changes nothing. An
// error of kind Usage says that it cannot be told which webhook an entry means.
func Compare(m *Manifest, s State) (*Plan, error) {
	kept := make(map[secret.Ref]*secret.Record, len(s.Records))
	for i := range s.Records {
		kept[s.Records[i].Ref()] = &s.Records[i]
	}
	plan := &Plan{Profile: s.Profile}
	var faults faults
	var accounts []*account
	found := map[*Webhook]*hook{}
	for _, acc := range s.Accounts {
		a := newAccount(acc, kept)
		accounts = append(accounts, a)
		plan.warn(a.warnings...)
		a.match(m, found, &faults)
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	for _, w := range m.Webhooks {
		for _, a := range accounts {
			if a.Driver == w.Driver {
				plan.add(a, w, found[w], &faults)
			}
		}
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	plan.warnUnkept()
	for _, a := range accounts {
		plan.leftovers(a, s)
	}
	return plan, nil
}

func (p *Plan) warn(lines ...string) { p.Warnings = append(p.Warnings, lines...) }

// add plans one entry, whose webhook is h or does not exist.
func (p *Plan) add(a *account, w *Webhook, h *hook, faults *faults) {
	c := &Change{Driver: w.Driver, Name: w.Name, URL: w.URL, At: w.At, entry: w}
	if h == nil {
		c.Action = Create
		c.Fields = creation(w)
		c.SecretTo = sinkWords(w)
		c.known = a.ids
		p.Changes = append(p.Changes, c)
		p.reaches(w, c)
		p.uncompared(w, false)
		if len(a.unreadable) > 0 {
			p.warn(fmt.Sprintf("%s may already exist: %d row(s) of %s's list cannot be read", w.title(), len(a.unreadable), a.Driver.Title))
		}
		return
	}
	c.ID, c.live, c.rec, c.Kept = h.ID, h.Webhook, h.rec, h.rec != nil
	c.Name = cmp.Or(w.Name, h.name)
	note := ""
	c.Fields, note = differences(w, h)
	switch {
	case len(c.Fields) > 0 && a.Driver.Updates:
		c.Action = Update
	case len(c.Fields) > 0 && h.rec == nil && provider.OfZapier(h.url):
		faults.add(w.At, "%s matches %s, which belongs to a Zap: the Zap would stop working without it. Give this entry another name and URL, or switch the Zap off at Zapier", w.title(), c.Ref())
	case len(c.Fields) > 0:
		c.Action = Replace
		c.SecretTo = sinkWords(w)
	case h.rec != nil && !h.rec.Managed:
		c.Action = Adopt
	default:
		p.Unchanged++
	}
	if c.Action != "" {
		p.Changes = append(p.Changes, c)
	}
	p.reaches(w, c)
	p.uncompared(w, true)
	if note != "" {
		p.warn(fmt.Sprintf("%s (%s): %s", w.title(), c.Ref(), note))
	}
	if h.rec == nil && c.Action != Replace {
		p.unkept = append(p.unkept, c)
	}
}

// warnUnkept warns of the secrets that are not kept, and says once what to do.
func (p *Plan) warnUnkept() {
	var refs []string
	for _, c := range p.unkept {
		refs = append(refs, term.ShellWord(c.Ref()))
		p.warn(fmt.Sprintf("%s (%s): its secret is not kept here", c.entry.title(), c.Ref()))
	}
	if len(refs) > 0 {
		p.warn("for a secret that is not kept: " + strings.ReplaceAll(custody.WaysOut(refs...).Text, "\n", "; "))
	}
}

func sinkWords(w *Webhook) []string {
	words := make([]string, len(w.Sinks))
	for i, s := range w.Sinks {
		words[i] = s.For(w.item())
	}
	return words
}

// creation is all that a new webhook has.
func creation(w *Webhook) []Field {
	var out []Field
	add := func(name string, to any) { out = append(out, Field{Name: name, To: to}) }
	if w.Name != "" {
		add("name", w.Name)
	}
	add("url", w.URL)
	add("events", w.Events)
	if w.Timeout != nil {
		add("timeout", *w.Timeout)
	}
	if w.Auth != nil {
		add("auth", w.Auth.Type)
	}
	return out
}

// differences are what of the entry the webhook does not have. What the provider
// does not tell is taken from the record, and else does not differ. The note
// says what could not be compared.
func differences(w *Webhook, h *hook) (out []Field, note string) {
	if w.Name != "" && w.Name != h.name {
		out = append(out, Field{Name: "name", From: h.name, To: w.Name})
	}
	if h.url != "" && !w.unread["url"] && !provider.SameURL(w.URL, h.url) {
		out = append(out, Field{Name: "url", From: h.url, To: w.URL})
	}
	if h.events != nil && !provider.SameEvents(w.Events, h.events) {
		out = append(out, Field{Name: "events", From: h.events, To: w.Events})
	}
	if w.Timeout != nil && h.TimeoutSeconds != nil && *w.Timeout != *h.TimeoutSeconds {
		out = append(out, Field{Name: "timeout", From: *h.TimeoutSeconds, To: *w.Timeout})
	}
	if w.Auth == nil {
		return out, ""
	}
	f := Field{Name: "auth", To: w.Auth.Type}
	if h.AuthType != nil {
		f.From = *h.AuthType
	}
	switch {
	case h.AuthType != nil && *h.AuthType != w.Auth.Type:
		out = append(out, f)
	case w.Auth.Data.IsZero(), w.unread["auth"]:
	case h.rec == nil:
		note = "its authentication data cannot be compared: there is no record of it here"
	case h.rec.Auth == nil:
		f.Note = "unknown here, so it is sent again"
		out = append(out, f)
	case !h.rec.Auth.Fits(w.Auth.Type, w.Auth.Data):
		f.Note = "value changed"
		out = append(out, f)
	}
	return out, note
}

// leftovers plans deletions, and names what a replacement left behind.
func (p *Plan) leftovers(a *account, s State) {
	for _, h := range a.hooks {
		if h.claimed {
			continue
		}
		mine := h.rec != nil && h.rec.Managed && h.rec.Profile == s.Profile && (h.rec.Origin == "" || h.rec.Origin == a.Origin)
		switch {
		case h.successor != nil && h.successor.claimed: // it may be wanted for a while: rotate --overlap
			ref := term.ShellWord(a.Driver.Name + "/" + h.ID)
			p.warn(fmt.Sprintf("%s (%s/%s) was replaced and still exists; if nothing needs it: hookctl delete %s", title(a.Driver.Name, h.name), a.Driver.Name, h.ID, ref))
		case mine && s.Prune:
			p.Changes = append(p.Changes, &Change{
				Action: Delete, Driver: a.Driver, Name: h.name, URL: h.url, ID: h.ID, Kept: true, live: h.Webhook, rec: h.rec,
			})
		}
	}
}
