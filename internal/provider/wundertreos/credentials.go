package wundertreos

import (
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosapi"
	"github.com/hookctl/hookctl/internal/secret"
)

// The names of the credential fields.
const (
	fieldAPIKey = "api_key"
	fieldToken  = "token"
)

// login is the hint for missing or refused credentials.
func login() fault.Hint {
	return fault.Hint{
		Text:    "hookctl login wundertreos, or set HOOKCTL_WUNDERTREOS_API_KEY",
		Command: "hookctl login wundertreos",
	}
}

const scopeHint = "use a credential with both scopes: every request needs webhooks:read, and create and delete also need webhooks:write"

func fields() []provider.Field {
	return []provider.Field{
		{
			Name:   fieldAPIKey,
			Env:    []string{"HOOKCTL_WUNDERTREOS_API_KEY", "WUNDERTREOS_API_KEY"},
			Label:  "API key (leave empty to use an access token)",
			Secret: true,

			Account: true, // whose it is can only be asked for
		},
		{
			Name:   fieldToken,
			Env:    []string{"HOOKCTL_WUNDERTREOS_TOKEN", "WUNDERTREOS_TOKEN"},
			Label:  "OAuth access token",
			Secret: true,

			Account: true,
		},
	}
}

// checkCredentials wants exactly one of the two: which one the API would
// prefer is not documented.
func checkCredentials(given map[string]secret.Value) error {
	key, token := given[fieldAPIKey], given[fieldToken]
	switch {
	case key.IsZero() && token.IsZero():
		return fault.Errorf(fault.Auth, "no credential for %s: it needs an API key or an access token", title).
			WithCode("no-credentials").With(login())
	case !key.IsZero() && !token.IsZero():
		return fault.Usagef("both an API key and an access token are set for %s", title).
			WithHint("unset one of HOOKCTL_WUNDERTREOS_API_KEY and HOOKCTL_WUNDERTREOS_TOKEN; WUNDERTREOS_API_KEY and WUNDERTREOS_TOKEN count too")
	case !sendable(key):
		return fault.Errorf(fault.Auth, "the %s API key contains a line break or another control character, so it cannot be sent", title).
			With(login())
	case !sendable(token):
		return fault.Errorf(fault.Auth, "the %s access token contains a line break or another control character, so it cannot be sent", title).
			With(login())
	}
	return nil
}

// sendable reports whether v can stand in a header.
func sendable(v secret.Value) bool {
	return !strings.ContainsFunc(v.Reveal(), func(r rune) bool { return r < ' ' || r == 0x7f })
}

// auth is the credential of an access that checkCredentials accepts.
func auth(given map[string]secret.Value) wundertreosapi.Auth {
	if key := given[fieldAPIKey]; !key.IsZero() {
		return wundertreosapi.APIKey(key)
	}
	return wundertreosapi.Token(given[fieldToken])
}
