package zyntroapi

import (
	"encoding/json"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
)

// redactor returns a function that takes the client's credentials, and the
// private texts, out of the API's words: an error page may echo the request.
func (c *Client) redactor(private []string) func(string) string {
	return httpx.Mask(append([]string{c.APIKey.Reveal(), c.DeveloperSecret.Reveal()}, private...)...)
}

// textsIn are the texts in JSON objects.
func textsIn(objects []secret.Value) []string {
	var texts []string
	for _, v := range objects {
		var members map[string]any
		if json.Unmarshal([]byte(v.Reveal()), &members) == nil {
			texts = appendTexts(texts, members)
		}
	}
	return texts
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
