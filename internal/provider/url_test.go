package provider

import (
	"errors"
	"net/url"
	"testing"
)

func TestWhyNotURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://example.com:port/":       ": its port is not a number",
		"https://exa\x01mple.com":         ": invalid control character in URL",
		"https://user:p#ss@example.com":   ": its port is not a number",
		"https://joe:hunter2%zz@host:p/x": "",
	} {
		_, err := url.Parse(text)
		if err == nil {
			t.Errorf("%q is a URL", text)
			continue
		}
		if got := WhyNotURL(err); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := WhyNotURL(errors.New("other")); got != "" {
		t.Errorf("another error: %q", got)
	}
}
