package cli

import "github.com/hookctl/hookctl/internal/term"

// count is the number n with a noun that takes an s: "1 event", "2 events".
func count(n int, noun string) string { return term.Plural(n, noun, noun+"s") }

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
