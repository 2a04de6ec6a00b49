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

func TestOfZapier(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://hooks.zapier.com/hooks/catch/1/a": true, "https://ZAPIER.com": true, "https://zapier.com:443/x": true,
		"https://notzapier.com": false, "https://zapier.com.evil.example": false, "https://example.com/?u=hooks.zapier.com": false, "://": false,
	} {
		if OfZapier(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
