// Package filter decides which deliveries are shown, or sent again: the words of
// --filter and of the inspector's filter box.
package filter

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Delivery is what a filter looks at.
type Delivery struct {
	Provider, EventType, EventID string
	Status                       int  // 0: nobody has answered
	Valid, Invalid               bool // neither: its signature was not looked at
	// Texts are its other texts: each header with its values, the URL.
	Texts func() []string
	Body  []byte
}

// Filter is a set of conditions. The zero Filter lets everything through.
type Filter struct {
	events, providers, ids []string
	statuses               []string
	valid, invalid         bool
	texts                  []string
}

// Options say how words are read.
type Options struct {
	// Provider finds a provider's name by one of its names.
	Provider func(name string) (string, error)
	// Search takes what may be a slip for another word as a text to look for.
	Search bool
}

// Words are the words that mean more than a text, for instance for completions.
func Words() []string {
	return []string{"event=", "provider=", "id=", "status=", "text=", "valid", "invalid"}
}

// Parse reads words, separated by spaces: NAME=VALUE or NAME:VALUE, where VALUE may be
// a list with commas, valid, invalid, and texts to look for. Of several for one name,
// one must match; every text must stand there.
func Parse(words string, o Options) (Filter, error) {
	var f Filter
	for word := range strings.FieldsSeq(words) {
		if err := f.add(word, o); err != nil {
			return Filter{}, err
		}
	}
	return f, nil
}

func (f *Filter) add(word string, o Options) error {
	name, value := word, ""
	i := strings.IndexAny(word, ":=")
	if i >= 0 {
		name, value = word[:i], word[i+1:]
	}
	known := slices.Contains(Words(), name+"=") && i >= 0 || slices.Contains(Words(), word)
	switch {
	case known && i >= 0 && value == "":
		return fault.Usagef("%q is not a filter: it has no value", word).WithHint("for instance: %s", examples[name])
	case known:
		return f.condition(name, value, o)
	}
	near := term.Nearest(name, bare(Words()), 1)
	if o.Search || i < 0 && len(near) == 0 && !slices.Contains(bare(Words()), name) {
		f.texts = append(f.texts, strings.ToLower(word))
		return nil
	}
	hint := "words: " + strings.Join(Words(), ", ") + ", and any text"
	if len(near) > 0 {
		hint = "did you mean: " + near[0] + "\n" + hint
	}
	return fault.Usagef("%q is not a filter", word).WithHint("%s", hint)
}

func bare(words []string) []string {
	out := slices.Clone(words)
	for i := range out {
		out[i] = strings.TrimSuffix(out[i], "=")
	}
	return out
}

var examples = map[string]string{
	"event": "event=contact.*", "provider": "provider=zyntro", "id": "id=ev-123", "status": "status=5xx", "text": "text=zoe@example.com",
}

func (f *Filter) condition(name, value string, o Options) error {
	switch name {
	case "valid":
		f.valid = true
	case "invalid":
		f.invalid = true
	case "text":
		f.texts = append(f.texts, strings.ToLower(value))
	default:
		for one := range strings.SplitSeq(value, ",") {
			if err := f.one(name, one, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Filter) one(name, value string, o Options) error {
	switch name {
	case "event", "id":
		if _, err := path.Match(value, ""); err != nil || value == "" {
			return fault.Usagef("%q is not a valid pattern", value).WithHint("for instance: %s; * matches any text, ? one character, [a-z] one of several", examples[name])
		}
		if name == "id" {
			f.ids = append(f.ids, value)
		} else {
			f.events = append(f.events, value)
		}
	case "provider":
		found, err := o.Provider(value)
		if err != nil {
			return err
		}
		f.providers = append(f.providers, found)
	case "status":
		digits, class := strings.CutSuffix(strings.ToLower(value), "xx")
		n, err := strconv.Atoi(digits)
		if err != nil || strconv.Itoa(n) != digits || class && (n < 1 || n > 5) || !class && (n < 100 || n > 599) {
			return fault.Usagef("%q is not a status", value).WithHint("for instance: status=500 or status=5xx")
		}
		f.statuses = append(f.statuses, digits)
	}
	return nil
}

// Empty reports whether f lets everything through.
func (f *Filter) Empty() bool {
	return !f.valid && !f.invalid && len(f.events)+len(f.providers)+len(f.ids)+len(f.statuses)+len(f.texts) == 0
}

// Judged reports whether f asks for deliveries by their verdict.
func (f *Filter) Judged() bool { return f.valid || f.invalid }

// Texts reports whether f looks into headers and bodies.
func (f *Filter) Texts() bool { return len(f.texts) > 0 }

// Match reports whether f lets d through.
func (f *Filter) Match(d Delivery) bool {
	status := ""
	if d.Status > 0 {
		status = strconv.Itoa(d.Status)
	}
	for _, c := range []struct {
		wanted []string
		value  string
		match  func(pattern, value string) bool
	}{
		{f.providers, d.Provider, func(pattern, value string) bool { return pattern == value }},
		{f.events, d.EventType, glob},
		{f.ids, d.EventID, glob},
		{f.statuses, status, func(digits, value string) bool { return strings.HasPrefix(value, digits) }},
	} {
		if len(c.wanted) > 0 && (c.value == "" || !slices.ContainsFunc(c.wanted, func(w string) bool { return c.match(w, c.value) })) {
			return false
		}
	}
	if (f.valid || f.invalid) && !(f.valid && d.Valid || f.invalid && d.Invalid) {
		return false
	}
	return len(f.texts) == 0 || d.holds(f.texts)
}

// holds reports whether each of the texts, in lower case, stands in d somewhere.
func (d *Delivery) holds(texts []string) bool {
	parts := []string{d.EventType, d.EventID, string(d.Body)}
	if d.Texts != nil {
		parts = append(parts, d.Texts()...)
	}
	for i := range parts {
		parts[i] = strings.ToLower(parts[i])
	}
	return !slices.ContainsFunc(texts, func(text string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(part, text) })
	})
}

// glob matches a pattern in which * stands for any text: a slash is nothing special.
func glob(pattern, value string) bool {
	plain := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	ok, _ := path.Match(plain(pattern), plain(value)) // checked before
	return ok || pattern == value
}
