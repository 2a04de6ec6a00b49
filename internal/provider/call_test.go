package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

func TestCallURL(t *testing.T) {
	t.Parallel()
	const root = "https://api.example.com/functions/v1/"
	for path, want := range map[string]string{
		"hooks":                              "https://api.example.com/functions/v1/hooks",
		"/hooks?limit=1&a=b":                 "https://api.example.com/functions/v1/hooks?limit=1&a=b",
		"hooks/a%2Fb":                        "https://api.example.com/functions/v1/hooks/a%2Fb",
		"hooks?u=https://x":                  "https://api.example.com/functions/v1/hooks?u=https://x",
		"a..b/.c":                            "https://api.example.com/functions/v1/a..b/.c",
		"hooks/~!$&'()*+,;=@z":               "https://api.example.com/functions/v1/hooks/~!$&'()*+,;=@z",
		"https://api.example.com/other/path": "https://api.example.com/other/path",
		"https://API.example.com:443/x":      "https://API.example.com:443/x",

		"":                                   "",
		"//evil.example/x":                   "",
		"https://evil.example/x":             "",
		"http://api.example.com/x":           "",
		"https://api.example.com:8443/x":     "",
		"https://u:p@api.example.com/x":      "",
		"https://api.example.com@evil.com/x": "",
		"javascript://api.example.com/x":     "",
		"a b":                                "",
		"a\nb":                               "",
		"a\\b":                               "",
		"a#b":                                "",
		"ü":                                  "",
		"a/../b":                             "",
		"a/%2e%2e/b":                         "",
		"a/%252e/b":                          "",
		"a/%2f..%2fb":                        "",
		"%zz":                                "",
	} {
		u, err := CallURL(root, path)
		switch {
		case want == "" && (err == nil || fault.KindOf(err) != fault.Usage):
			t.Errorf("%q: %v, %v", path, u, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: %v, %v", path, u, err)
		}
	}
	if _, err := CallURL("not a URL", "x"); err == nil {
		t.Error("a root that is none")
	}
}

func TestLetters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"createWebhook", "CREATE%57ebhook", "create%2557ebhook%25zz", "create_web-hook/", "create%00Webhook", "%63%72%65%61%74%65Webhoo\u212a", "cre%zzateWebhook%"} {
		got := Letters(text)
		if got != "createwebhook" && got != "createwebhookzz" && got != "crezzatewebhook" {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestUnescaped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"%41": "A", "%2541": "A", "x%7A": "xz", "%4": "%4", "x%": "x%", "": "", "%zz%41": "%zzA",
		"%" + strings.Repeat("25", 7) + "41": "A", // as often as it was applied
	} {
		if got := Unescaped(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := Letters("A-Z, a-z, `{@[1"); got != "azaz" {
		t.Errorf("%q", got)
	}
}

func TestSafeMethod(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]bool{"GET": true, "HEAD": true, "OPTIONS": true, "POST": false, "PUT": false, "PATCH": false, "DELETE": false, "": false} {
		if SafeMethod(method) != want {
			t.Errorf("%q: %v", method, !want)
		}
	}
}

func TestCallMethod(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"": http.MethodPost, "get": http.MethodGet, "Delete": http.MethodDelete, "TRACE": "", "GET\r\nX: y": "", "CONNECT": ""} {
		got, err := CallMethod(given, http.MethodPost)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
}
