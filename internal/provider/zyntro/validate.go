package zyntro

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// The documented limits of createWebhook. Whether the length of a name counts
// bytes or code points is not documented; code points are assumed.
const (
	maxName    = 100
	minTimeout = 5
	maxTimeout = 120
)

// authTypes are the values of wh_auth_type.
var authTypes = []string{"none", "bearer", "basic", "api_key", "custom_header"}

// authMembers are the members of wh_auth_data for each type that has data.
// Those of custom_header are assumed.
var authMembers = map[string][]string{
	"bearer":        {"value"},
	"basic":         {"username", "password"},
	"api_key":       {"header", "value"},
	"custom_header": {"header", "value"},
}

// validate finds all that is wrong with s. No message quotes authentication data.
func validate(s provider.Spec) []provider.Violation {
	var faults []provider.Violation
	for _, check := range []struct {
		field   string
		problem string
	}{
		{"name", checkName(s.Name)},
		{"url", checkURL(s.URL)},
		{"events", checkEvents(s.Events)},
		{"timeout", checkTimeout(s.Timeout)},
		{"auth-type", checkAuthType(s.AuthType, s.AuthData)},
		{"auth-data", checkAuthData(s.AuthType, s.AuthData)},
	} {
		if check.problem != "" {
			faults = append(faults, provider.Violation{Field: check.field, Message: check.problem})
		}
	}
	return faults
}

func checkName(name string) string {
	switch n := utf8.RuneCountInString(name); {
	case strings.TrimSpace(name) == "":
		return "a name is required"
	case !utf8.ValidString(name):
		return "the name is not valid UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "the name contains control characters"
	case n > maxName:
		return fmt.Sprintf("the name has %d characters; the limit is %d", n, maxName)
	}
	return ""
}

func checkURL(text string) string {
	if text == "" {
		return "a URL is required"
	}
	u, err := url.Parse(text)
	switch {
	case !utf8.ValidString(text):
		return "not a valid URL: it is not UTF-8"
	case strings.ContainsAny(text, " \t"):
		return "not a valid URL: it contains white space"
	case err != nil:
		return "not a valid URL" + provider.WhyNotURL(err)
	case u.Scheme != "https":
		return "must be an absolute URL that begins with https://"
	case u.Hostname() == "":
		return "the URL has no host"
	}
	return ""
}

func checkEvents(events []string) string {
	switch {
	case len(events) == 0:
		return "at least one event is required"
	case slices.Contains(events, ""):
		return "an event's name is empty"
	case slices.ContainsFunc(events, func(e string) bool { return !utf8.ValidString(e) }):
		return "an event's name is not valid UTF-8"
	}
	return ""
}

func checkTimeout(seconds *int) string {
	if seconds != nil && (*seconds < minTimeout || *seconds > maxTimeout) {
		return fmt.Sprintf("%d is not between %d and %d seconds", *seconds, minTimeout, maxTimeout)
	}
	return ""
}

func checkAuthType(kind string, data secret.Value) string {
	switch {
	case kind == "" && !data.IsZero():
		return "required with authentication data: one of " + strings.Join(authTypes, ", ")
	case kind != "" && !slices.Contains(authTypes, kind):
		return fmt.Sprintf("%q is not one of %s", kind, strings.Join(authTypes, ", "))
	}
	return ""
}

func checkAuthData(kind string, data secret.Value) string {
	names, takesData := authMembers[kind]
	switch {
	case kind == "none" && !data.IsZero():
		return "the type none takes no data"
	case !takesData: // no type, or a wrong one: checkAuthType says so
		if _, err := jsontext.Object([]byte(data.Reveal())); err != nil && !data.IsZero() {
			return "not a JSON object"
		}
		return ""
	case data.IsZero():
		return fmt.Sprintf("required for the type %s: a JSON object with %s", kind, strings.Join(names, " and "))
	}
	members, err := jsontext.Object([]byte(data.Reveal()))
	if err != nil {
		return fmt.Sprintf("not a JSON object; the type %s needs one with %s", kind, strings.Join(names, " and "))
	}
	var problems []string
	for _, name := range names {
		var text string
		if json.Unmarshal(members[name], &text) != nil || text == "" {
			problems = append(problems, name+" must be a string that is not empty")
		}
		delete(members, name)
	}
	if len(members) > 0 {
		problems = append(problems, fmt.Sprintf("the type %s takes only %s", kind, strings.Join(names, " and ")))
	}
	return strings.Join(problems, "; ")
}
