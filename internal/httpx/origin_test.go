package httpx

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
)

func TestLocalURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"3000":                   "http://localhost:3000",
		":3000":                  "http://localhost:3000",
		":3000/hook?a=b":         "http://localhost:3000/hook?a=b",
		"3000/hook":              "http://localhost:3000/hook",
		"localhost":              "http://localhost",
		"LOCALHOST:3000/hook":    "http://LOCALHOST:3000/hook",
		"localhost/hook":         "http://localhost/hook",
		"127.0.0.1:3000":         "http://127.0.0.1:3000",
		"[::1]:3000/x":           "http://[::1]:3000/x",
		"app:3000/hook":          "http://app:3000/hook",
		"my_app.internal:80":     "http://my_app.internal:80",
		"http://127.0.0.1:3000/": "http://127.0.0.1:3000/",
		"https://h.test":         "https://h.test",
		"example.com/hook":       "example.com/hook", // which scheme?
		"u:pw@h:3000":            "u:pw@h:3000",
		"300000":                 "300000",
		"":                       "",
		" 3000":                  " 3000",
		"/hook":                  "/hook",
		"ftp://h":                "ftp://h",
	} {
		if got := LocalURL(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://api.example.com":               "https://api.example.com",
		"HTTPS://API.Example.COM:443/functions": "https://api.example.com",
		"https://api.example.com:0443/?a=b#c":   "https://api.example.com",
		"https://api.example.com:8443":          "https://api.example.com:8443",
		"https://api.example.com:":              "https://api.example.com",
		"http://127.0.0.1:80/x":                 "http://127.0.0.1",
		"http://127.0.0.1:443":                  "http://127.0.0.1:443",
		"http://[::1]:8080":                     "http://[::1]:8080",
		"http://[0:0:0:0:0:0:0:1]":              "http://[::1]",
		"https://u:p@h.test/":                   "https://h.test",
		"https://BÜCHER.test":                   "https://xn--bcher-kva.test",
		"https://xn--bcher-kva.test":            "https://xn--bcher-kva.test",
		"https://my_service:9000":               "https://my_service:9000",
	} {
		if got, err := Origin(raw); got != want || err != nil {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{"", "api.example.com", "//h", "ftp://h", "https://", "https://:443", "https://h:0", "https://h:70000", "https://h:x", "https://a b", "https://u:canary@h:x", "\x00", "https://a..b\u2028"} {
		got, err := Origin(raw)
		if got != "" || fault.KindOf(err) != fault.Usage || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
}

func TestCheckBaseURL(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://api.example.com", "https://api.example.com/functions/v1", "HTTPS://API.EXAMPLE.COM", "https://10.0.0.1",
		"http://127.0.0.1:8080", "http://127.0.0.2", "http://[::1]:1/x", "http://localhost:8080", "http://LOCALHOST", "HTTP://127.0.0.1",
	} {
		if err := CheckBaseURL(raw); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{
		"http://127.1", "http://[::ffff:127.0.0.1]", "http://localhost.evil.test", "http://10.0.0.1", "http://example.com", "http://0.0.0.0",
		"http://[::1%25lo]", "http://2130706433", "http://0x7f000001", "http://127.0.0.1.evil.test", "http://localhost.",
		"https://u:canary@h.test", "https://u@h.test", "https://h.test?", "https://h.test?a=canary", "https://h.test#canary", "https://h.test#",
		"", "h.test", "ftp://127.0.0.1", "https:///x", "file:///etc/passwd",
	} {
		err := CheckBaseURL(raw)
		if fault.KindOf(err) != fault.Usage || fault.HintOf(err).String() == "" {
			t.Errorf("%q: %v", raw, err)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: the error quotes it: %v", raw, err)
		}
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                                  "",
		"  <html>\r\n\t<p>Bad\n\n gateway ": "<html> <p>Bad gateway",
		"a\x1b[31mb\x00\xff":                "a\ufffd[31mb\ufffd\ufffd",
		strings.Repeat("ü", 200):            strings.Repeat("ü", 200),
		strings.Repeat("ü", 201):            strings.Repeat("ü", 199) + "…",
	} {
		if got := Excerpt([]byte(body)); got != want {
			t.Errorf("%.30q: %q", body, got)
		}
	}
	if n := utf8.RuneCountInString(Excerpt([]byte(strings.Repeat("x ", 1<<20)))); n != 200 {
		t.Errorf("%d characters", n)
	}
}
