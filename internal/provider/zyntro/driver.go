// Package zyntro is the provider Zyntro: the driver that describes it, and the
// adapter between the neutral words of package provider and the API's own in
// zyntroapi. What Zyntro does not document is assumed, and says so.
package zyntro

import (
	"maps"
	"slices"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/zyntro/zyntrofake"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// The names of the credential fields, as the API calls them.
const (
	fieldAPIKey          = "api_key"
	fieldOrgID           = "org_id"
	fieldDeveloperSecret = "developer_secret"
)

// login is the hint for missing or refused credentials, with what leads to it.
func login(lead string) fault.Hint {
	return fault.Hint{
		Text:    lead + "run `hookctl login zyntro`, or set HOOKCTL_ZYNTRO_API_KEY and HOOKCTL_ZYNTRO_ORG_ID",
		Command: "hookctl login zyntro",
	}
}

// Driver describes Zyntro.
func Driver() *provider.Driver {
	return provider.NewDriver(provider.Driver{
		Name:       "zyntro",
		Title:      title,
		BaseURL:    "https://app.zyntrohq.com",
		PathPrefix: "/public/account",

		Credentials: []provider.Field{
			{Name: fieldAPIKey, Env: []string{"HOOKCTL_ZYNTRO_API_KEY", "ZYNTRO_API_KEY"}, Label: "API key (dashboard: Me or Account > API & Webhooks)", Secret: true, Required: true},
			{Name: fieldOrgID, Env: []string{"HOOKCTL_ZYNTRO_ORG_ID", "ZYNTRO_ORG_ID"}, Label: "Organization id (a UUID; Zyntro's documentation does not say where it is shown)", Required: true, Account: true},
			{Name: fieldDeveloperSecret, Env: []string{"HOOKCTL_ZYNTRO_DEVELOPER_SECRET"}, Label: "Developer secret (zdk_..., only for the /apis/v2 paths; may be empty)", Secret: true},
		},
		CheckCredentials: checkCredentials,

		CreateOptions: []provider.Option{provider.OptTimeout, provider.OptAuth},
		NameRequired:  true,
		AuthTypes:     slices.Clone(authTypes),
		AuthMembers:   maps.Clone(authMembers),
		Validate:      validate,

		// Zyntro documents HMAC-SHA256 with the webhook's secret, and nothing else.
		Scheme: signature.Scheme{
			Provider:       "zyntro",
			Headers:        []string{"X-Zyntro-Signature"},
			KeyEncoding:    signature.UTF8,
			DigestEncoding: signature.Hex,
			Prefix:         "sha256=",
			Template:       "{body}",
			Assumed:        []string{"signature-header", "key-encoding", "digest-encoding", "signed-template"},
		},
		Envelope:  capture.Envelope{ID: "event_id", Type: "event_type", Time: "created_at", Org: "org_id"},
		Catalogue: catalogue(),

		OfflineHelp:  offlineHelp,
		LiveHelp:     true,
		Deletes:      false,
		Updates:      true,
		SecretMember: "secret_key",
		IDMember:     "wh_id",
		SecretDigits: 64,

		NewSandbox: func(o provider.SandboxOptions) provider.Sandbox {
			return zyntrofake.New(zyntrofake.Options{Now: o.Now, Seed: o.Seed, Deliver: o.Deliver})
		},
		// Typed for the eight events whose data Zyntro documents, made up for all others.
		Sample: zyntrofake.Sample,
		Shapes: zyntrofake.Shapes,
		Retries: provider.Retries{
			Waits:   zyntrofake.Waits(),
			Assumed: "everything but their number and the delay of 60: that the delay is in seconds and constant, and that each attempt has the same bytes",
		},
		Request: request,
		Judge:   judge,
		Probe:   provider.CallRequest{Path: "fetchWebhooks"},
	}, open)
}

// checkCredentials names everything that is missing at once.
func checkCredentials(given map[string]secret.Value) error {
	var missing []string
	for _, name := range []string{fieldAPIKey, fieldOrgID} {
		if given[name].IsZero() {
			missing = append(missing, name)
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return fault.Errorf(fault.Auth, "zyntro needs the credential %s", missing[0]).With(login(""))
	default:
		return fault.Errorf(fault.Auth, "zyntro needs the credentials %s and %s", missing[0], missing[1]).With(login(""))
	}
}
