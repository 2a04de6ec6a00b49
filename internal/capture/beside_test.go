package capture

import (
	"fmt"
	"strings"
	"testing"
)

// A signature that stands beside what a delivery consists of is a row, or a note where
// it is in an answer; one that the delivery carries itself is neither.
func TestBesideADelivery(t *testing.T) {
	t.Parallel()
	other := "sha256=" + strings.Repeat("ab", 32)
	signed := func(sig, body string) string {
		return fmt.Sprintf(`{"headers":{"X-Wunder-Signature":%q},"body":%q}`, sig, body)
	}
	entry := func(rest string) string {
		return fmt.Sprintf(`{"request":{"method":"POST","url":"http://x/","headers":[{"name":"X-Wunder-Signature","value":%q}],"postData":{"text":"A"}},"response":{"status":200,"headers":[],"content":{"text":%q}}}`, aSignature, rest)
	}
	for name, layout := range map[string]string{
		"record":       `{"headers":{"X-Wunder-Signature":"` + aSignature + `"},"body":"A","more":%s}`,
		"in a list":    `[{"req":{"headers":{"X-Wunder-Signature":"` + aSignature + `"},"body":"A","more":%s}}]`,
		"exact":        `{"headers":{"X-Wunder-Signature":"` + aSignature + `"},"body_base64":"QQ==","more":%s}`,
		"in a line":    `web | {"headers":{"X-Wunder-Signature":"` + aSignature + `"},"body":"A","more":%s}`,
		"lambda":       `{"version":"2.0","headers":{"X-Wunder-Signature":"` + aSignature + `"},"body":"A","isBase64Encoded":false,"requestContext":{"http":{"method":"POST"}},"more":%s}`,
		"webhook.site": `{"data":[{"uuid":"u","token_id":"t","method":"POST","headers":{"x-wunder-signature":["` + aSignature + `"]},"content":"A","url":"https://webhook.site/t","more":%s}]}`,
	} {
		for what, c := range map[string]struct {
			beside string
			rows   int
		}{
			"nothing":            {`"x"`, 1},
			"its own":            {`"` + aSignature + `"`, 1},
			"its own, repeated":  {`{"sig":"` + strings.ToUpper(aSignature[7:]) + `","of":"X-Wunder-Signature"}`, 1},
			"another":            {`"` + other + `"`, 2},
			"another in a text":  {`"retry: X-Wunder-Signature: ` + other + ` {\"a\":1}"`, 2},
			"another deep":       {`{"a":[{"b":"` + other + `"}]}`, 2},
			"a delivery":         {signed(other, "B"), 2},
			"deliveries":         {"[" + signed(other, "B") + "," + signed(aSignature[:len(aSignature)-2]+"00", "C") + "]", 3},
			"a delivery as text": {fmt.Sprintf("%q", signed(other, "B")), 2},
		} {
			all, notes := readAll(t, Options{Stdin: strings.NewReader(fmt.Sprintf(layout, c.beside)), SignatureHeaders: signedNames}, "-")
			// Exports do not look for deliveries in what is beside one: it is one row.
			if want := min(c.rows, 2); len(all) < want || len(all) > c.rows || all[0].Body != "A" || all[0].Err != "" {
				t.Errorf("%s, %s: %+v %v", name, what, all, notes)
			}
		}
	}
	for what, c := range map[string]struct {
		entries string
		notes   int
	}{
		"its own":  {entry("got " + aSignature), 0},
		"another":  {entry(signed(other, "B")), 1},
		"of a GET": {entry("ok") + `,{"request":{"method":"GET","url":"http://x/","headers":[]},"response":{"content":{"text":"` + other + `"}}}`, 1},
	} {
		all, notes := readAll(t, Options{Stdin: strings.NewReader(`{"log":{"version":"1.2","creator":{"name":"x"},"entries":[` + c.entries + `]}}`), SignatureHeaders: signedNames}, "-")
		if len(all) != 1 || all[0].Body != "A" || strings.Count(strings.Join(notes, "\n"), "a signature in an answer") != c.notes {
			t.Errorf("%s: %+v %v", what, all, notes)
		}
	}
}
