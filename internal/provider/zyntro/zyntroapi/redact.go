package zyntroapi

import (
	"encoding/json"
	"strings"

	"github.com/hookctl/hookctl/internal/secret"
)

// shortest is the length in bytes below which a text is not taken out: the
// word "on" in an authentication value must not riddle every message.
const shortest = 4

// redactor returns a function that takes the client's credentials, and every
// text inside the private JSON objects, out of the API's words: an error page
// may echo the request.
func (c *Client) redactor(private []secret.Value) func(string) string {
	var texts []string
	for _, v := range []secret.Value{c.APIKey, c.DeveloperSecret} {
		texts = append(texts, v.Reveal())
	}
	for _, v := range private {
		var members map[string]any
		if json.Unmarshal([]byte(v.Reveal()), &members) == nil {
			texts = appendTexts(texts, members)
		}
	}
	var pairs []string
	for _, text := range texts {
		if len(text) < shortest {
			continue
		}
		for _, spelling := range []string{text, strings.ReplaceAll(text, "/", `\/`), quoted(text)} {
			pairs = append(pairs, spelling, "***")
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

func appendTexts(texts []string, v any) []string {
	switch v := v.(type) {
	case string:
		texts = append(texts, v)
	case []any:
		for _, item := range v {
			texts = appendTexts(texts, item)
		}
	case map[string]any:
		for _, item := range v {
			texts = appendTexts(texts, item)
		}
	}
	return texts
}

// quoted is text as it stands between the quotes of a JSON string.
func quoted(text string) string {
	raw, err := marshal(text)
	if err != nil {
		return text
	}
	return string(raw[1 : len(raw)-1])
}

// shorten cuts text after n code points and says so.
func shorten(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i] + "…"
		}
		n--
	}
	return text
}
