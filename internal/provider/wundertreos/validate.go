package wundertreos

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/provider"
)

// validate finds what the API is documented to refuse, and what it has no
// field for. Plain http targets are allowed, as by the API.
func validate(s provider.Spec) []provider.Violation {
	var faults []provider.Violation
	add := func(field, format string, args ...any) {
		faults = append(faults, provider.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if problem := urlProblem(s.URL); problem != "" {
		add("url", "%s", problem)
	}
	if !utf8.ValidString(s.Name) {
		add("name", "is not valid UTF-8 text")
	} else if strings.ContainsFunc(s.Name, unicode.IsControl) {
		add("name", "contains control characters")
	}
	if len(s.Events) == 0 {
		add("events", "at least one event is required")
	}
	for _, e := range s.Events {
		switch {
		case e == "":
			add("events", "an event is empty")
		case !utf8.ValidString(e):
			add("events", "%q is not valid UTF-8 text", e)
		}
	}
	if s.Timeout != nil {
		add("timeout", "%s has no timeout setting: leave out --timeout", title)
	}
	if s.AuthType != "" {
		add("auth-type", "%s does not authenticate its deliveries this way: leave out --auth-type (deliveries are signed)", title)
	}
	if !s.AuthData.IsZero() {
		add("auth-data", "%s does not authenticate its deliveries this way: leave out --auth-data (deliveries are signed)", title)
	}
	return faults
}

// urlProblem says why text is no target for deliveries, or "".
func urlProblem(text string) string {
	if text == "" {
		return "a URL is required, such as https://example.com/hook"
	}
	if !utf8.ValidString(text) {
		return "is not valid UTF-8 text"
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "is not a valid URL" + provider.WhyNotURL(err)
	case u.Scheme != "https" && u.Scheme != "http":
		return "must be an absolute URL that begins with https:// or http://"
	case u.Hostname() == "":
		return "has no host"
	}
	return ""
}
