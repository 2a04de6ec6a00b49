package capture

import (
	"strings"
	"testing"
)

// TestPrintsThatAreNone are payloads and captures that no reader of prints may take.
func TestPrintsThatAreNone(t *testing.T) {
	t.Parallel()
	sig := wunderSignature("x")
	for _, text := range []string{
		`{"data":{"headers":{"x-wunder-signature":"` + sig + `"}}}`,
		`{"id":"evt_1","note":"X-Wunder-Signature: ` + sig + `"}`,
		`{'id': 'evt_1', 'note': 'the header X-Wunder-Signature'}`,
		"POST /hook HTTP/1.1\r\nHost: a\r\nX-Wunder-Signature: " + sig + "\r\n\r\n{}",
		`{"headers":{"X-Wunder-Signature":"` + sig + `"},"body":"{}"}` + "\n" + `{"headers":{"X-Wunder-Signature":"` + sig + `"},"body":"{}"}` + "\n",
		"plain text\n",
	} {
		if f := detect([]byte(text), false, printNames...); f.Variant {
			t.Errorf("taken for a print:\n%s", text)
		}
	}
}

// TestPrintsThatLack are prints that do not show the whole body.
func TestPrintsThatLack(t *testing.T) {
	t.Parallel()
	head := "{ 'x-wunder-signature': '" + wunderSignature("x") + "' }\n"
	for text, want := range map[string]string{
		head + "<Buffer 7b 22 69 64 ... 50 more bytes>\n": "4 bytes",
		head + "'{\"id\":'... 50 more characters\n":       "lacks the end",
		head: "no body",
		head + "2026-05-17 INFO done in 3 ms (Views: 0.1)\n":                                                                          "no body",
		head + "10.0.0.1 - - [17/May/2026] \"POST /hook HTTP/1.1\" 200 -\n":                                                           "no body",
		"10.0.0.1 \"POST /hook HTTP/1.1\" 200 \"" + wunderSignature("x") + "\" x_wunder_signature=\"" + wunderSignature("x") + "\"\n": "no body",
		"nginx: sig=" + wunderSignature("x") + " body={}\n":                                                                           "line 1",
		"{\n  headers: " + head + ",\n  body: '{\"id\":'... 50 more characters\n}\n":                                                  "lacks the end",
	} {
		_, errs := readPrinted(t, text)
		if len(errs) != 1 || errs[0] == nil || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%v, want %q, of:\n%s", errs, want, text)
		}
	}
}
