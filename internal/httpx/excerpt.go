package httpx

import (
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/term"
)

// maxExcerpt is the longest excerpt, in characters.
const maxExcerpt = 200

// Excerpt is the beginning of an odd body for an error message: one line of
// at most 200 characters, white space run together, control characters
// replaced. It redacts nothing: what may hold a secret must not come here.
func Excerpt(body []byte) string {
	// Four bytes a character, and room for white space.
	text := string(body[:min(len(body), 16*maxExcerpt)])
	text = term.Clean(strings.Join(strings.Fields(text), " "))
	if utf8.RuneCountInString(text) <= maxExcerpt {
		return text
	}
	return string([]rune(text)[:maxExcerpt-1]) + "…"
}
