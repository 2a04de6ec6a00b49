package provider

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// Expansion is what [Driver.ExpandEvents] makes of words.
type Expansion struct {
	Slugs []string // each once, in the order of the words
	Shown []string // "invoice_* = invoice_paid, ...": what each pattern became
	Bad   []BadEvent
}

// BadEvent is a word that stands for no event.
type BadEvent struct {
	Word string
	Why  string   // "" where the word is well-formed, and no event matches
	Near []string // the slugs that may have been meant, the likeliest first
}

// String says what is wrong, without a hint at a flag.
func (b BadEvent) String() string {
	switch {
	case b.Why != "":
		return b.Why
	case len(b.Near) > 0:
		return fmt.Sprintf("%q is not a known event: did you mean %s?", b.Word, strings.Join(b.Near, ", "))
	}
	return fmt.Sprintf("no known event matches %q", b.Word)
}

// ExpandEvents turns words into slugs: comma lists are split, globs and "all"
// expanded from the catalogue, doubles removed, the order kept. Slugs that the
// catalogue lacks are bad, unless unknown is set.
func (d *Driver) ExpandEvents(words []string, unknown bool) Expansion {
	var out Expansion
	have, done := map[string]bool{}, map[string]bool{}
	add := func(slug string) {
		if !have[slug] {
			have[slug] = true
			out.Slugs = append(out.Slugs, slug)
		}
	}
	for _, list := range words {
		for word := range strings.SplitSeq(list, ",") {
			switch {
			case word == "":
				out.Bad = append(out.Bad, BadEvent{Word: list, Why: fmt.Sprintf("an empty event in %q", list)})
			case done[word]:
			case IsEventPattern(word):
				found, err := d.matching(word)
				switch {
				case err != nil:
					out.Bad = append(out.Bad, BadEvent{Word: word, Why: fmt.Sprintf("%q is not a valid pattern", word)})
				case len(found) == 0:
					out.Bad = append(out.Bad, d.badEvent(word))
				default:
					for _, slug := range found {
						add(slug)
					}
					out.Shown = append(out.Shown, word+" = "+strings.Join(found, ", "))
				}
			case !unknown && !d.KnowsEvent(word):
				out.Bad = append(out.Bad, d.badEvent(word))
			default:
				add(word)
			}
			done[word] = true
		}
	}
	return out
}

// IsEventPattern reports whether a word stands for events by a glob or "all".
func IsEventPattern(word string) bool { return word == "all" || strings.ContainsAny(word, "*?[") }

func (d *Driver) matching(pattern string) ([]string, error) {
	var out []string
	for _, e := range d.Catalogue {
		ok := pattern == "all"
		if !ok {
			var err error
			if ok, err = path.Match(pattern, e.Slug); err != nil {
				return nil, err
			}
		}
		if ok {
			out = append(out, e.Slug)
		}
	}
	return out, nil
}

// KnowsEvent reports whether the catalogue has the slug.
func (d *Driver) KnowsEvent(slug string) bool {
	return slices.ContainsFunc(d.Catalogue, func(e EventType) bool { return e.Slug == slug })
}

func (d *Driver) badEvent(word string) BadEvent {
	return BadEvent{Word: word, Near: nearest(d.Catalogue, word, 3)}
}

// nearest are the slugs closest to word: those of the same parts, those that it
// begins, those that contain it, then by edits.
func nearest(catalogue []EventType, word string, most int) []string {
	if len(word) > 100 {
		return nil
	}
	slugs := make([]string, len(catalogue))
	for i, e := range catalogue {
		slugs[i] = e.Slug
	}
	w := strings.ToLower(word) // for comparison only
	return term.Rank(slugs, most, func(slug string) (int, bool) {
		cost := term.Edits(w, slug)
		switch {
		case normal(w) == normal(slug):
			cost = 0
		case w == "":
		case strings.HasPrefix(slug, w):
			cost = min(cost, 1)
		case strings.Contains(slug, w), strings.Contains(w, slug):
			cost = min(cost, 2)
		}
		return cost, cost <= max(3, len(w)/2)
	})
}

// normal orders the words of a slug, so that "created.contact" finds
// "contact.created".
func normal(slug string) string {
	parts := strings.FieldsFunc(slug, func(r rune) bool { return r == '.' || r == '_' || r == '-' || r == ' ' })
	slices.Sort(parts)
	return strings.Join(parts, "_")
}
