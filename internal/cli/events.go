package cli

import (
	"path"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
)

// expandEvents turns --event values into slugs: comma lists are split, globs
// and "all" expanded from the catalogue, doubles removed, the order kept. The
// second answer lists each expansion, for the user to see. Slugs that the
// catalogue lacks are an error, unless unknown is set.
func expandEvents(d *provider.Driver, values []string, unknown bool) (slugs, shown []string, err error) {
	var bad []string
	add := func(s string) {
		if !slices.Contains(slugs, s) {
			slugs = append(slugs, s)
		}
	}
	for _, v := range values {
		for word := range strings.SplitSeq(v, ",") {
			switch {
			case word == "":
				return nil, nil, fault.Usagef("--event: an empty event in %q", v)
			case word == "all" || strings.ContainsAny(word, "*?["):
				found, err := matching(d.Catalogue, word)
				if err != nil {
					return nil, nil, err
				}
				if len(found) == 0 {
					bad = append(bad, word)
					continue
				}
				for _, s := range found {
					add(s)
				}
				shown = append(shown, word+" = "+strings.Join(found, ", "))
			default:
				if !unknown && !inCatalogue(d.Catalogue, word) {
					bad = append(bad, word)
					continue
				}
				add(word)
			}
		}
	}
	if len(bad) > 0 {
		return nil, nil, unknownEvents(d, bad)
	}
	return slugs, shown, nil
}

func matching(catalogue []provider.EventType, pattern string) ([]string, error) {
	var out []string
	for _, e := range catalogue {
		ok := pattern == "all"
		if !ok {
			var err error
			if ok, err = path.Match(pattern, e.Slug); err != nil {
				return nil, fault.Usagef("--event: %q is not a valid pattern", pattern)
			}
		}
		if ok {
			out = append(out, e.Slug)
		}
	}
	return out, nil
}

func inCatalogue(catalogue []provider.EventType, slug string) bool {
	return slices.ContainsFunc(catalogue, func(e provider.EventType) bool { return e.Slug == slug })
}

func unknownEvents(d *provider.Driver, bad []string) error {
	var hints []string
	for _, b := range bad {
		line := term.Clean(b) + ": no event matches"
		if near := nearest(d.Catalogue, b, 3); len(near) > 0 {
			line = term.Clean(b) + ": did you mean " + strings.Join(near, ", ") + "?"
		}
		hints = append(hints, line)
	}
	hints = append(hints, "all of them: hookctl list-events "+d.Name, "to send it all the same: --allow-unknown-events")
	return fault.Usagef("%s does not know the event(s) %s", d.Title, strings.Join(quoteAll(bad), ", ")).
		WithCode("unknown-event").WithHint("%s", strings.Join(hints, "\n"))
}

func quoteAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = provider.ShellQuote(s)
	}
	return out
}

// nearest are the slugs closest to word: those that contain it or share its
// parts, then by edit distance.
func nearest(catalogue []provider.EventType, word string, most int) []string {
	if len(word) > 100 {
		return nil
	}
	type scored struct {
		slug string
		cost int
	}
	var all []scored
	w := strings.ToLower(word) // for comparison only
	for _, e := range catalogue {
		cost := distance(w, e.Slug)
		if w != "" && (strings.Contains(e.Slug, w) || strings.Contains(w, e.Slug)) {
			cost = min(cost, 2)
		}
		if normal(w) == normal(e.Slug) {
			cost = 0
		}
		if cost <= max(3, len(w)/2) {
			all = append(all, scored{e.Slug, cost})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return a.cost - b.cost })
	var out []string
	for _, s := range all[:min(most, len(all))] {
		out = append(out, s.slug)
	}
	return out
}

// normal orders the words of a slug, so that "created.contact" finds
// "contact.created".
func normal(slug string) string {
	parts := strings.FieldsFunc(slug, func(r rune) bool { return r == '.' || r == '_' || r == '-' || r == ' ' })
	slices.Sort(parts)
	return strings.Join(parts, "_")
}

// distance is the Levenshtein distance of two short texts, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
