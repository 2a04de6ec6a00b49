// Package wundertreos is the WundertreOS adapter: it translates between the
// neutral words of package provider and the API's own.
package wundertreos

import (
	_ "embed"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/wundertreos/wundertreosfake"
	"github.com/hookctl/hookctl/internal/signature"
)

const (
	name    = "wundertreos"
	title   = "WundertreOS"
	baseURL = "https://api.wundertreos.com/functions/v1"
)

//go:embed help.md
var offlineHelp string

// Driver describes WundertreOS. Each call returns a new value.
func Driver() *provider.Driver {
	return provider.NewDriver(provider.Driver{
		Name:             name,
		Title:            title,
		Aliases:          []string{"wundertre"},
		BaseURL:          baseURL,
		Credentials:      fields(),
		CheckCredentials: checkCredentials,
		CreateOptions:    []provider.Option{provider.OptDescription},
		Validate:         validate,
		Scheme: signature.Scheme{
			Provider:       name,
			Headers:        []string{"X-Wunder-Signature", "X-Hook-Signature"},
			KeyEncoding:    signature.UTF8, // the secret looks like hex but is used as text
			DigestEncoding: signature.Hex,
			Prefix:         "sha256=",
			Template:       "{body}",
		},
		Envelope: capture.Envelope{
			ID:         "id",
			Type:       "event_type",
			Time:       "delivered_at",
			Org:        "org_id",
			HeaderID:   "X-Wunder-Delivery",
			HeaderType: "X-Wunder-Event",
			// Documented is that the companion is about the same contact; that it
			// happened at the same time is assumed.
			Companion:   "contact.updated",
			CompanionOf: []string{"contact.tag_added", "contact.enriched"},
			Data:        "data",
			Subject:     []string{"id", "occurred_at"},
		},
		Catalogue:    catalogue(),
		OfflineHelp:  func() string { return offlineHelp },
		Deletes:      true,
		SecretMember: "secret",
		IDMember:     "id",
		SecretDigits: 64,
		NewSandbox: func(o provider.SandboxOptions) provider.Sandbox {
			return wundertreosfake.New(wundertreosfake.Options{Now: o.Now, Seed: o.Seed, Deliver: o.Deliver})
		},
		Sample: wundertreosfake.Sample, // with every column of the row
		Shapes: wundertreosfake.Shapes,
		Retries: provider.Retries{
			Waits: wundertreosfake.Waits(), Renewed: true,
			Assumed: "that each wait starts at the previous attempt, and that each attempt has a new delivered_at and a new signature",
		},
		Request:     request,
		Judge:       judge,
		Probe:       provider.CallRequest{Path: "/api-webhook-subscriptions"}, // needs webhooks:read, which oauth-me does not
		ProbeLeaves: "the credential has the scope webhooks:read; only a create or a delete can show whether it has webhooks:write",
		Scoped:      true,
	}, open)
}
