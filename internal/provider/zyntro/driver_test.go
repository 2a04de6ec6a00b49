package zyntro

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/providertest"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

func TestDriver(t *testing.T) {
	t.Parallel()
	d := Driver()
	if d.Name != "zyntro" || d.Title != "Zyntro" || d.BaseURL != "https://app.zyntrohq.com" || d.PathPrefix != "/public/account" || len(d.Aliases) != 0 {
		t.Errorf("names: %q %q %q %q", d.Name, d.Title, d.BaseURL, d.PathPrefix)
	}
	if !d.NameRequired || !d.LiveHelp || d.Deletes || !d.Updates {
		t.Error("what the API can do")
	}
	wantScheme := signature.Scheme{Provider: "zyntro", Headers: []string{"X-Zyntro-Signature"}, KeyEncoding: "utf8", DigestEncoding: "hex", Prefix: "sha256=", Template: "{body}", Assumed: []string{"signature-header", "key-encoding", "digest-encoding", "signed-template"}}
	if diff := cmp.Diff(wantScheme, d.Scheme); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(capture.Envelope{ID: "event_id", Type: "event_type", Time: "created_at", Org: "org_id"}, d.Envelope); diff != "" {
		t.Error(diff)
	}
	var fields []string
	for _, f := range d.Credentials {
		fields = append(fields, f.Name+" "+strings.Join(f.Env, ","))
		if f.Secret != (f.Name != "org_id") || f.Required != (f.Name != "developer_secret") || f.Label == "" {
			t.Errorf("%+v", f)
		}
	}
	if diff := cmp.Diff([]string{"api_key HOOKCTL_ZYNTRO_API_KEY,ZYNTRO_API_KEY", "org_id HOOKCTL_ZYNTRO_ORG_ID,ZYNTRO_ORG_ID", "developer_secret HOOKCTL_ZYNTRO_DEVELOPER_SECRET"}, fields); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"secret_key", "wh_id"}, []string{d.SecretMember, d.IDMember}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"none", "bearer", "basic", "api_key", "custom_header"}, d.AuthTypes); diff != "" {
		t.Error(diff)
	}
}

func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	v := secret.New("x")
	for _, tt := range []struct {
		given map[string]secret.Value
		want  string
	}{
		{nil, "zyntro needs the credentials api_key and org_id"},
		{map[string]secret.Value{"api_key": v}, "zyntro needs the credential org_id"},
		{map[string]secret.Value{"org_id": v, "developer_secret": v}, "zyntro needs the credential api_key"},
		{map[string]secret.Value{"api_key": v, "org_id": v}, ""},
	} {
		err := Driver().CheckCredentials(tt.given)
		if tt.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || err.Error() != tt.want || fault.ExitCode(err) != 4 || !strings.Contains(fault.HintOf(err).String(), "hookctl login zyntro") {
			t.Errorf("%v, exit %d, hint %q", err, fault.ExitCode(err), fault.HintOf(err).String())
		}
	}
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	events := Driver().Catalogue
	seen := map[string]bool{}
	perCategory := map[string]int{}
	dotted, described := 0, 0
	for _, e := range events {
		seen[e.Slug] = true
		perCategory[e.Category]++
		if strings.Contains(e.Slug, ".") {
			dotted++
		}
		if e.Description != "" {
			described++
			if e.Category != "Trigger Billing" {
				t.Errorf("%s is described", e.Slug)
			}
		}
		if !slug().MatchString(e.Slug) {
			t.Errorf("%q", e.Slug)
		}
	}
	if len(events) != 77 || len(seen) != 77 || dotted != 17 || described != 8 {
		t.Errorf("%d events, %d different, %d dotted, %d described", len(events), len(seen), dotted, described)
	}
	want := map[string]int{"Contact Events": 9, "Notes & Profile": 2, "Call Events": 3, "Email Events": 8, "SMS Events": 5, "Appointment Events": 3,
		"Form & Analytics": 3, "Content Events": 5, "Pipeline Events": 4, "Invoice Events": 4, "Subscription Events": 9, "Billing Events": 4,
		"Trigger Billing": 8, "CMA Events": 3, "System Events": 2, "Webinar Events": 5}
	if diff := cmp.Diff(want, perCategory); diff != "" {
		t.Error(diff)
	}
}

func TestCatalogueIsTheCallers(t *testing.T) {
	t.Parallel()
	Driver().Catalogue[0].Slug = "changed"
	Driver().AuthTypes[0] = "changed"
	if d := Driver(); d.Catalogue[0].Slug != "new_contact" || d.AuthTypes[0] != "none" {
		t.Error("one caller changed what the next one gets")
	}
}

func TestOfflineHelp(t *testing.T) {
	t.Parallel()
	text := Driver().OfflineHelp()
	for _, e := range catalogue() {
		if !strings.Contains(text, "`"+e.Slug+"`") || !strings.Contains(text, e.Category) || !strings.Contains(text, e.Description) {
			t.Errorf("%s is missing", e.Slug)
		}
	}
	for _, want := range []string{"77 events in 16 categories", "*assumed*", "5 to 120", "at most 100", "X-Zyntro-Signature", "developer_secret", "shows once"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "%!") {
		t.Error("a verb without its argument")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	seconds := func(n int) *int { return &n }
	good := provider.Spec{Name: "CRM", URL: "https://example.com/h?a=b", Events: []string{"new_contact", "unknown_event"}}
	auth := func(kind, data string) func(*provider.Spec) {
		return func(s *provider.Spec) { s.AuthType, s.AuthData = kind, secret.New(data) }
	}
	for _, tt := range []struct {
		name   string
		change func(*provider.Spec)
		want   []string // field: message
	}{
		{"good", func(*provider.Spec) {}, nil},
		{"all at once", func(s *provider.Spec) {
			*s = provider.Spec{URL: "http://x", Timeout: seconds(4), AuthType: "digest", AuthData: secret.New("CANARY")}
		}, []string{
			"name: a name is required", "url: must be an absolute URL that begins with https://", "events: at least one event is required",
			"timeout: 4 is not between 5 and 120 seconds", `auth-type: "digest" is not one of none, bearer, basic, api_key, custom_header`, "auth-data: not a JSON object"}},
		{"blank name", func(s *provider.Spec) { s.Name = " \t" }, []string{"name: a name is required"}},
		{"100 characters", func(s *provider.Spec) { s.Name = strings.Repeat("é", 100) }, nil},
		{"101 characters", func(s *provider.Spec) { s.Name = strings.Repeat("é", 101) }, []string{"name: the name has 101 characters; the limit is 100"}},
		{"name not UTF-8", func(s *provider.Spec) { s.Name = "\xff" }, []string{"name: the name is not valid UTF-8"}},
		{"no URL", func(s *provider.Spec) { s.URL = "" }, []string{"url: a URL is required"}},
		{"upper-case scheme", func(s *provider.Spec) { s.URL = "HTTPS://EXAMPLE.com" }, nil},
		{"IPv6", func(s *provider.Spec) { s.URL = "https://[2001:db8::1]:8443/x" }, nil},
		{"no scheme", func(s *provider.Spec) { s.URL = "example.com/h" }, []string{"url: must be an absolute URL that begins with https://"}},
		{"no host", func(s *provider.Spec) { s.URL = "https://:443/h" }, []string{"url: the URL has no host"}},
		{"opaque", func(s *provider.Spec) { s.URL = "https:example.com" }, []string{"url: the URL has no host"}},
		{"space", func(s *provider.Spec) { s.URL = "https://example.com/a b" }, []string{"url: not a valid URL: it contains white space"}},
		{"control character", func(s *provider.Spec) { s.URL = "https://example.com/\x1b" }, []string{"url: not a valid URL: invalid control character in URL"}},
		{"name with a control character", func(s *provider.Spec) { s.Name = "a\nb" }, []string{"name: the name contains control characters"}},
		{"empty event", func(s *provider.Spec) { s.Events = []string{"a", ""} }, []string{"events: an event's name is empty"}},
		{"event not UTF-8", func(s *provider.Spec) { s.Events = []string{"\xff"} }, []string{"events: an event's name is not valid UTF-8"}},
		{"5 seconds", func(s *provider.Spec) { s.Timeout = seconds(5) }, nil},
		{"120 seconds", func(s *provider.Spec) { s.Timeout = seconds(120) }, nil},
		{"121 seconds", func(s *provider.Spec) { s.Timeout = seconds(121) }, []string{"timeout: 121 is not between 5 and 120 seconds"}},

		{"none", auth("none", ""), nil},
		{"none with data", auth("none", `{}`), []string{"auth-data: the type none takes no data"}},
		{"data alone", auth("", `{"value":"CANARY"}`), []string{"auth-type: required with authentication data: one of none, bearer, basic, api_key, custom_header"}},
		{"bearer", auth("bearer", `{"value":"CANARY"}`), nil},
		{"bearer without data", auth("bearer", ""), []string{"auth-data: required for the type bearer: a JSON object with value"}},
		{"bearer, no JSON", auth("bearer", "CANARY"), []string{"auth-data: not a JSON object; the type bearer needs one with value"}},
		{"bearer, twice", auth("bearer", `{"value":"CANARY","value":"x"}`), []string{"auth-data: not a JSON object; the type bearer needs one with value"}},
		{"bearer, empty", auth("bearer", `{"value":""}`), []string{"auth-data: value must be a string that is not empty"}},
		{"bearer, number", auth("bearer", `{"value":7}`), []string{"auth-data: value must be a string that is not empty"}},
		{"bearer, null", auth("bearer", `{"value":null}`), []string{"auth-data: value must be a string that is not empty"}},
		{"bearer, more", auth("bearer", `{"value":"x","CANARY":"CANARY"}`), []string{"auth-data: the type bearer takes only value"}},
		{"basic", auth("basic", `{"username":"u","password":"CANARY"}`), nil},
		{"basic, of another type", auth("basic", `{"value":"CANARY"}`), []string{"auth-data: username must be a string that is not empty; password must be a string that is not empty; the type basic takes only username and password"}},
		{"api_key", auth("api_key", `{"header":"X-Key","value":"CANARY"}`), nil},
		{"api_key, incomplete", auth("api_key", `{"value":"CANARY"}`), []string{"auth-data: header must be a string that is not empty"}},
		{"custom_header", auth("custom_header", `{"header":"X-Key","value":"CANARY"}`), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := good
			tt.change(&s)
			var got []string
			for _, f := range Driver().Validate(s) {
				got = append(got, f.Field+": "+f.Message)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(strings.Join(got, ""), "CANARY") {
				t.Error("a message quotes authentication data")
			}
		})
	}
}

func TestFindSlugs(t *testing.T) {
	t.Parallel()
	got := findSlugs(map[string]any{
		"status":   "success",
		"endpoint": "createWebhook",
		"base_url": "app.zyntrohq.com",
		"version":  []any{"v1.0", "2026-03-30"},
		"data": map[string]any{
			"supported_events": map[string]any{"Contact Events": []any{"new_contact", "brand_new"}, "Other": []any{"thing.made", "thing.made", 7.0, nil}},
			"billing_failed":   "when billing fails",
			"fields":           []any{"wh_name", "api_key", "org_id", "custom_header", "bearer", "none"},
			"sample":           map[string]any{"charge_id": "x", "created_at": "", "event_type": "trigger.captured"},
		},
	})
	if diff := cmp.Diff([]string{"billing_failed", "brand_new", "new_contact", "thing.made", "trigger.captured"}, got); diff != "" {
		t.Error(diff)
	}
	if got := findSlugs(nil); got == nil || len(got) != 0 {
		t.Errorf("%v", got)
	}
	for _, e := range catalogue() {
		if !plausible(e.Slug) {
			t.Errorf("%s would not be found if it were new", e.Slug)
		}
	}
}

func TestSandboxEvents(t *testing.T) {
	t.Parallel()
	box := Driver().NewSandbox(provider.SandboxOptions{Now: time.Now, Seed: 1})
	var slugs []string
	for _, e := range catalogue() {
		slugs = append(slugs, e.Slug)
		if attempts, err := providertest.Emit(t.Context(), box, e.Slug); err != nil || len(attempts) != 0 {
			t.Errorf("%s: %v, %v", e.Slug, attempts, err)
		}
	}
	if _, err := providertest.Emit(t.Context(), box, "no_such"); fault.ExitCode(err) != 2 {
		t.Errorf("an unknown event: %v", err)
	}
	slices.Sort(slugs)
	live, err := adapterFor(t, box, nil).LiveEvents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slugs, live); diff != "" {
		t.Error(diff)
	}
}
