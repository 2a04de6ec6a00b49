package apply

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
)

// Exported is a webhook as a manifest says it. encoding/json writes the same
// manifest as JSON, which is YAML too.
type Exported struct {
	Provider string            `json:"provider"`
	Name     string            `json:"name,omitempty"`
	ID       string            `json:"id,omitempty"` // only where name and URL fit several
	URL      string            `json:"url"`
	Events   []string          `json:"events"`
	Timeout  *int              `json:"timeout,omitempty"`
	Auth     map[string]string `json:"auth,omitempty"`
	Unknown  bool              `json:"allow_unknown_events,omitempty"`

	paused bool
}

// Export is a manifest of the webhooks of an account.
type Export struct {
	Version  int        `json:"version"`
	Webhooks []Exported `json:"webhooks"`
	// Omitted are the webhooks that a manifest cannot say.
	Omitted []Omission `json:"-"`
}

// Omission is a webhook that a manifest cannot say.
type Omission struct{ Provider, ID, Name, Why string }

// String names the webhook with its id.
func (o Omission) String() string {
	return fmt.Sprintf("%s/%s %q: %s", o.Provider, o.ID, o.Name, o.Why)
}

// NewExport describes the webhooks of the accounts that are not disabled. The
// same accounts give the same manifest, in whatever order their lists come.
func NewExport(accounts []Account) Export {
	out := Export{Version: formatVersion, Webhooks: []Exported{}}
	for _, acc := range accounts {
		var list []Exported
		var ids []string // beside list
		rows := slices.Clone(acc.Rows)
		slices.SortStableFunc(rows, func(a, b provider.Webhook) int {
			return cmp.Or(strings.Compare(provider.Text(a.Name), provider.Text(b.Name)), strings.Compare(provider.Text(a.URL), provider.Text(b.URL)), strings.Compare(a.ID, b.ID))
		})
		for _, w := range rows {
			if w.Unreadable == "" && w.Is(provider.Disabled) {
				continue
			}
			if why := inexpressible(acc.Driver, w); why != "" {
				out.Omitted = append(out.Omitted, Omission{acc.Driver.Name, w.ID, provider.Text(w.Name), why})
				continue
			}
			list, ids = append(list, exported(acc.Driver, w, len(out.Webhooks)+len(list)+1)), append(ids, w.ID)
		}
		key := func(e Exported) string { return (&Webhook{Driver: acc.Driver, Name: e.Name, URL: e.URL}).key() }
		count := map[string]int{}
		for _, e := range list {
			count[key(e)]++
		}
		for i := range list {
			if count[key(list[i])] > 1 {
				list[i].ID = escape(ids[i])
			}
		}
		out.Webhooks = append(out.Webhooks, list...)
	}
	return out
}

// inexpressible says why a manifest cannot describe w, or "".
func inexpressible(d *provider.Driver, w provider.Webhook) string {
	switch {
	case w.Unreadable != "" || w.ID == "":
		return "hookctl cannot read it"
	case w.URL == nil || len(w.Events) == 0:
		return d.Title + " does not return its URL and events"
	}
	for _, e := range w.Events {
		if provider.IsEventPattern(e) || strings.Contains(e, ",") {
			return fmt.Sprintf("its event %q looks like a pattern", e)
		}
	}
	s := provider.Spec{Name: provider.Text(w.Name), URL: *w.URL, Events: w.Events}
	if takes(d, "timeout") {
		s.Timeout = w.TimeoutSeconds
	}
	for _, f := range d.Validate(s) {
		return f.Field + ": " + f.Message
	}
	if t := provider.Text(w.AuthType); t != "" && takes(d, "auth") && !slices.Contains(d.AuthTypes, t) {
		return fmt.Sprintf("its auth type %q is unknown", t)
	}
	return ""
}

// exported describes w, the nth of its manifest. Literal text in which a
// variable would be filled in is escaped.
func exported(d *provider.Driver, w provider.Webhook, n int) Exported {
	e := Exported{Provider: d.Name, Name: escape(provider.Text(w.Name)), URL: escape(*w.URL)}
	e.paused = w.Is(provider.Paused)
	for _, slug := range w.Events {
		e.Events = append(e.Events, escape(slug))
		e.Unknown = e.Unknown || !d.KnowsEvent(slug)
	}
	if takes(d, "timeout") {
		e.Timeout = w.TimeoutSeconds
	}
	if t := provider.Text(w.AuthType); t != "" && takes(d, "auth") {
		e.Auth = map[string]string{"type": t}
		for _, member := range d.AuthMembers[t] {
			e.Auth[member] = "${" + placeholder(provider.Text(w.Name), n) + "_AUTH_" + strings.ToUpper(member) + "}"
		}
	}
	return e
}

func escape(s string) string { return strings.ReplaceAll(s, "${", "$${") }

// placeholder makes the beginning of a variable's name of a webhook's name, or
// of its place in the manifest.
func placeholder(name string, n int) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('_')
		}
		gap = false
		b.WriteRune(unicode.ToUpper(r))
	}
	if s := b.String(); s != "" && !unicode.IsDigit(rune(s[0])) {
		return s
	}
	return "WEBHOOK_" + strconv.Itoa(n)
}

// YAML writes the manifest with comments.
func (x Export) YAML() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Webhooks as the providers listed them. Check with: hookctl plan -f FILE")
	for _, o := range x.Omitted {
		line("# Left out: %s: %s", title(o.Provider, o.Name), term.Clean(o.Why)) // without the id: it holds for one account
	}
	line("version: %d", x.Version)
	if len(x.Webhooks) == 0 {
		line("webhooks: []")
		return b.String()
	}
	line("webhooks:")
	for _, e := range x.Webhooks {
		line("  - provider: %s", scalar(e.Provider))
		if e.Name != "" {
			line("    name: %s", scalar(e.Name))
		}
		if e.ID != "" {
			line("    # Another webhook has the same name or URL. This id is valid in this account only.")
			line("    id: %s", scalar(e.ID))
		}
		if e.paused {
			line("    # Paused at the provider. A manifest cannot express that, and apply does not change it.")
		}
		line("    url: %s", scalar(e.URL))
		line("    events:")
		for _, slug := range e.Events {
			line("      - %s", scalar(slug))
		}
		if e.Unknown {
			line("    allow_unknown_events: true")
		}
		if e.Timeout != nil {
			line("    timeout: %d", *e.Timeout)
		}
		if len(e.Auth) > 0 {
			if len(e.Auth) > 1 {
				line("    # The provider never returns these: set the variables before plan and apply.")
			}
			line("    auth:")
			line("      type: %s", scalar(e.Auth["type"]))
			for _, member := range slices.Sorted(maps.Keys(e.Auth)) {
				if member != "type" {
					line("      %s: %s", member, scalar(e.Auth[member]))
				}
			}
		}
	}
	return b.String()
}
