package cli

import "fmt"

// plural is the number n with the noun for it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// count is plural for a noun that takes an s: "1 event", "2 events".
func count(n int, noun string) string { return plural(n, noun, noun+"s") }

// outOf counts some of all, as the subject of a sentence.
func outOf(some, all int, one, many, is, are string) string {
	verb := are
	if some == 1 {
		verb = is
	}
	return fmt.Sprintf("%d of %s %s", some, plural(all, one, many), verb)
}

// text is what p points to, "" for nothing.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// optional is nil for an empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
