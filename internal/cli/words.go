package cli

import (
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// count is the number n with a noun that takes an s: "1 event", "2 events".
func count(n int, noun string) string { return term.Plural(n, noun, noun+"s") }

// mostSuggestions is how many names an error suggests.
const mostSuggestions = 3

// each is what of says of every element.
func each[T, R any](list []T, of func(T) R) []R {
	out := make([]R, len(list))
	for i, e := range list {
		out[i] = of(e)
	}
	return out
}

// those are the elements that fit.
func those[T any](list []T, fits func(T) bool) (some []T) {
	for _, e := range list {
		if fits(e) {
			some = append(some, e)
		}
	}
	return some
}

func prefixed(prefix string, words []string) []string {
	return each(words, func(w string) string { return prefix + w })
}

// didYouMean is the line of a hint with suggestions, "" without any.
func didYouMean(suggestions []string) string {
	if len(suggestions) == 0 {
		return ""
	}
	return "did you mean: " + strings.Join(suggestions, ", ") + "\n"
}

// near is didYouMean for the names that word may be a slip for.
func near(word string, names []string) string {
	return didYouMean(term.Nearest(word, names, mostSuggestions))
}
