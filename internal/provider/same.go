package provider

import (
	"slices"
	"strings"
)

// URLKey is the same text for two URLs of webhooks that are the same. URLs are
// compared as they are written: /a and /a/ may be two endpoints. Only the slash
// that some servers add to an empty path makes no difference.
func URLKey(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return u
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return u + "/"
	}
	return scheme + "://" + rest[:end] + "/" + strings.TrimPrefix(rest[end:], "/")
}

// SameURL reports whether two URLs of webhooks are the same, see [URLKey].
func SameURL(a, b string) bool { return URLKey(a) == URLKey(b) }

// SameEvents reports whether two lists name the same events, in whatever order.
func SameEvents(a, b []string) bool { return slices.Equal(eventSet(a), eventSet(b)) }

func eventSet(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// SamePlace reports whether two webhooks have the same name and URL, as far as
// the provider says.
func (w Webhook) SamePlace(other Webhook) bool {
	return same(w.Name, other.Name) && sameURLs(w.URL, other.URL)
}

// Changed names what differs between two looks at a webhook's settings, for people.
func (w Webhook) Changed(now Webhook) []string {
	if now.Unreadable != "" {
		return []string{"it is unreadable"}
	}
	var what []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"the name", same(w.Name, now.Name)},
		{"the URL", sameURLs(w.URL, now.URL)},
		{"the events", SameEvents(w.Events, now.Events)},
		{"the status", same(w.Status, now.Status)},
		{"the timeout", same(w.TimeoutSeconds, now.TimeoutSeconds)},
		{"the authentication", same(w.AuthType, now.AuthType)},
	} {
		if !f.same {
			what = append(what, f.name)
		}
	}
	return what
}

// Missed names what the provider returns in another form than c asked for. What
// it does not return counts as done.
func (c Change) Missed(got Webhook) []string {
	want := got
	ask(&want.Name, c.Name)
	ask(&want.URL, c.URL)
	ask(&want.Status, c.Status)
	ask(&want.TimeoutSeconds, c.Timeout)
	ask(&want.AuthType, c.AuthType)
	if c.Events != nil && got.Events != nil {
		want.Events = c.Events
	}
	return want.Changed(got)
}

func ask[T any](has **T, want *T) {
	if want != nil && *has != nil {
		*has = want
	}
}

func sameURLs(a, b *string) bool { return a == b || a != nil && b != nil && SameURL(*a, *b) }

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
