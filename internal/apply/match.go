package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// hook is a webhook that lives at its provider, joined with what is kept of it.
type hook struct {
	provider.Webhook
	rec       *secret.Record // nil: nothing is kept
	name, url string         // the provider's, else the record's
	events    []string       // likewise; nil: nobody knows
	successor *hook          // has taken its place; nil: none
	claimed   bool           // an entry means it
}

// latest is the end of the chain of successors.
func (h *hook) latest() *hook {
	for h.successor != nil {
		h = h.successor
	}
	return h
}

// account is the webhooks of one provider that are not disabled.
type account struct {
	Account
	hooks      []*hook
	ids        map[string]bool // of all rows
	unreadable []provider.Webhook
	warnings   []string
}

func newAccount(acc Account, kept map[secret.Ref]*secret.Record) *account {
	a := &account{Account: acc, ids: map[string]bool{}}
	byID := map[string]*hook{}
	for _, w := range acc.Rows {
		a.ids[w.ID] = true
		switch {
		case w.Unreadable != "" || w.ID == "":
			a.unreadable = append(a.unreadable, w)
			a.warnings = append(a.warnings, fmt.Sprintf("a row of %s's list was skipped because it cannot be read (id %q): %s", acc.Driver.Title, w.ID, w.Unreadable))
			continue
		case w.Is(provider.Disabled):
			continue
		}
		h := &hook{Webhook: w, rec: kept[secret.Ref{Provider: acc.Driver.Name, ID: w.ID}], events: w.Events}
		if h.rec != nil {
			h.name, h.url = h.rec.Name, h.rec.URL
			if h.events == nil && len(h.rec.Events) > 0 {
				h.events = h.rec.Events
			}
		}
		if w.Name != nil {
			h.name = *w.Name
		}
		if w.URL != nil {
			h.url = *w.URL
		}
		a.hooks = append(a.hooks, h)
		byID[w.ID] = h
	}
	for _, h := range a.hooks {
		// Along the chain: those in between may be gone. It may bite its tail if
		// files were edited.
		seen := map[secret.Ref]bool{}
		for rec := h.rec; rec != nil && rec.Replaces != nil && !seen[*rec.Replaces]; rec = kept[*rec.Replaces] {
			seen[*rec.Replaces] = true
			if old := byID[rec.Replaces.ID]; old != nil && rec.Replaces.Provider == acc.Driver.Name && old.successor == nil && h.latest() != old {
				old.successor = h
			}
		}
	}
	return a
}

// match finds the webhook of every entry: by id, then by name, and what is left
// by URL.
func (a *account) match(m *Manifest, found map[*Webhook]*hook, faults *faults) {
	named := map[string]bool{}
	for _, w := range m.Webhooks {
		if w.Driver == a.Driver && w.ID != "" {
			named[w.ID] = true
		}
	}
	var open []*Webhook
	for _, w := range m.Webhooks {
		switch {
		case w.Driver != a.Driver:
		case w.ID != "":
			a.byID(w, named, found, faults)
		default:
			open = append(open, w)
		}
	}
	var byURL []*Webhook
	names := a.index(func(h *hook) string { return h.name })
	for _, w := range open {
		fits := unclaimed(names[w.Name])
		if len(fits) == 0 {
			fits = slices.DeleteFunc(slices.Clone(names[w.Name]), func(h *hook) bool { return h.claimed })
		}
		switch {
		case w.unread["url"] && (w.Name == "" || len(fits) == 0): // nobody can say
		case w.Name == "" || len(fits) == 0:
			byURL = append(byURL, w)
		case len(fits) == 1:
			claim(w, fits[0], found)
		default:
			faults.add(w.At, "%s is the name of %d webhooks: %s; choose one with id: ID, or rename or delete the others", w.title(), len(fits), a.refs(fits))
		}
	}
	urls := a.index(func(h *hook) string { return provider.URLKey(h.url) })
	wanted := map[*hook]*Webhook{}
	for _, w := range byURL {
		fits := unclaimed(urls[provider.URLKey(w.URL)])
		switch {
		case len(fits) == 0:
		case len(fits) > 1:
			faults.add(w.At, "%s: no webhook has this name, and %d have this URL: %s; choose one with id: ID, or delete the others", w.title(), len(fits), a.refs(fits))
		case wanted[fits[0]] != nil:
			faults.add(w.At, "%s and %s both match %s by its URL: give one of them id: %s", wanted[fits[0]].title(), w.title(), a.refs(fits), fits[0].ID)
		default:
			wanted[fits[0]] = w
			found[w] = fits[0]
		}
	}
	for h := range wanted {
		h.claimed = true
	}
}

func (a *account) byID(w *Webhook, named map[string]bool, found map[*Webhook]*hook, faults *faults) {
	for _, h := range a.hooks {
		if h.ID != w.ID {
			continue
		}
		if last := h.latest(); !named[last.ID] {
			h = last // it has been replaced: the entry means the new one
		}
		if h.claimed {
			faults.add(w.At, "%s: another entry also matches the webhook %s", w.title(), a.refs([]*hook{h}))
			return
		}
		claim(w, h, found)
		return
	}
	// The one of that id may be gone, with another in its place.
	for _, h := range a.hooks {
		if h.rec != nil && h.rec.Replaces != nil && *h.rec.Replaces == (secret.Ref{Provider: a.Driver.Name, ID: w.ID}) && !h.claimed {
			claim(w, h, found)
			return
		}
	}
	if a.ids[w.ID] {
		faults.add(w.At, "%s: the webhook %s is disabled or cannot be read: remove id to create a new one", w.title(), w.ID)
		return
	}
	faults.add(w.At, "%s: %s has no webhook with the id %q: remove id to create a new one", w.title(), a.Driver.Title, w.ID)
}

func claim(w *Webhook, h *hook, found map[*Webhook]*hook) {
	h.claimed = true
	found[w] = h
}

func (a *account) index(key func(*hook) string) map[string][]*hook {
	out := map[string][]*hook{}
	for _, h := range a.hooks {
		out[key(h)] = append(out[key(h)], h)
	}
	return out
}

// unclaimed are the webhooks of list that no entry means yet and that no other
// one has replaced.
func unclaimed(list []*hook) []*hook {
	return slices.DeleteFunc(slices.Clone(list), func(h *hook) bool { return h.claimed || h.successor != nil })
}

func (a *account) refs(list []*hook) string {
	refs := make([]string, len(list))
	for i, h := range list {
		refs[i] = a.Driver.Name + "/" + h.ID
	}
	return strings.Join(refs, ", ")
}
