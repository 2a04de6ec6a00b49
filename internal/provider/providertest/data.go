package providertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// dataTests look at what the driver says of itself.
var dataTests = map[string]func(*testing.T, Harness){
	"driver":      testDriver,
	"catalogue":   testCatalogue,
	"fields":      testFields,
	"credentials": testCheckCredentials,
	"validation":  testValidation,
}

func testDriver(t *testing.T, h Harness) {
	d := h.Driver
	for what, missing := range map[string]bool{
		"Name":              d.Name == "" || d.Name != strings.ToLower(d.Name),
		"Title":             d.Title == "",
		"OfflineHelp":       d.OfflineHelp == nil || d.OfflineHelp() == "",
		"Scheme.Provider":   d.Scheme.Provider != d.Name,
		"Scheme.Headers":    len(d.Scheme.Headers) == 0,
		"Scheme.Template":   !strings.Contains(d.Scheme.Template, "{body}"),
		"Envelope.ID":       d.Envelope.ID == "",
		"Envelope.Type":     d.Envelope.Type == "",
		"Envelope.Time":     d.Envelope.Time == "",
		"SecretMember":      d.SecretMember == "",
		"IDMember":          d.IDMember == "",
		"Aliases hold Name": slices.Contains(d.Aliases, d.Name),
	} {
		if missing {
			t.Errorf("%s is missing or odd", what)
		}
	}
	if err := httpx.CheckBaseURL(d.BaseURL); err != nil || !strings.HasPrefix(d.BaseURL, "https://") {
		t.Errorf("BaseURL %s: %v", d.BaseURL, err)
	}
}

func testCatalogue(t *testing.T, h Harness) {
	seen := map[string]bool{}
	for _, e := range h.Driver.Catalogue {
		if e.Slug == "" || e.Category == "" {
			t.Errorf("%+v lacks a slug or a category", e)
		}
		if seen[e.Slug] {
			t.Errorf("%s is there twice", e.Slug)
		}
		seen[e.Slug] = true
	}
	if len(seen) < 2 {
		t.Error("fewer than two events")
	}
}

func testFields(t *testing.T, h Harness) {
	names, envs := map[string]bool{}, map[string]bool{}
	for _, f := range h.Driver.Credentials {
		if f.Name == "" || f.Label == "" || names[f.Name] {
			t.Errorf("field %+v has no name, no label or the name of another", f)
		}
		names[f.Name] = true
		if len(f.Env) == 0 || !strings.HasPrefix(f.Env[0], "HOOKCTL_"+strings.ToUpper(h.Driver.Name)+"_") {
			t.Errorf("field %s: environment names %q", f.Name, f.Env)
		}
		for _, e := range f.Env {
			if envs[e] {
				t.Errorf("environment name %s is used twice", e)
			}
			envs[e] = true
		}
	}
	for name := range start(t, h, nil).sandbox.Credentials() {
		if !names[name] {
			t.Errorf("the sandbox has a credential %q that is no field", name)
		}
	}
}

func testCheckCredentials(t *testing.T, h Harness) {
	good := start(t, h, nil).sandbox.Credentials()
	if err := h.Driver.CheckCredentials(good); err != nil {
		t.Errorf("the sandbox's own: %v", err)
	}
	for what, given := range map[string]map[string]secret.Value{
		"nil":        nil,
		"none":       {},
		"empty ones": blank(h.Driver),
	} {
		err := h.Driver.CheckCredentials(given)
		wantKind(t, what, err, fault.Auth, "")
		if fault.HintOf(err).String() == "" {
			t.Errorf("%s: no hint", what)
		}
	}
	for _, f := range h.Driver.Credentials {
		if _, needed := good[f.Name]; !needed || !f.Secret {
			continue
		}
		given := blank(h.Driver)
		for name, v := range good {
			given[name] = v
		}
		given[f.Name] = secret.New("canary\nX-Evil: 1")
		err := h.Driver.CheckCredentials(given)
		if err == nil {
			continue // it travels in a body, where a line break does no harm
		}
		if strings.Contains(err.Error()+fault.HintOf(err).String(), "canary") {
			t.Errorf("%s: the error holds the credential: %v", f.Name, err)
		}
	}
}

func blank(d *provider.Driver) map[string]secret.Value {
	given := map[string]secret.Value{}
	for _, f := range d.Credentials {
		given[f.Name] = secret.Value{}
	}
	return given
}

func testValidation(t *testing.T, h Harness) {
	d := h.Driver
	f := start(t, h, nil)
	if faults := d.Validate(f.spec("Name")); len(faults) != 0 {
		t.Errorf("a good spec: %+v", faults)
	}
	found := map[string]bool{}
	for _, fault := range d.Validate(provider.Spec{}) {
		found[fault.Field] = true
		if fault.Message == "" {
			t.Errorf("%s: no message", fault.Field)
		}
	}
	if !found["url"] || !found["events"] || found["name"] != d.NameRequired {
		t.Errorf("faults of an empty spec: %v", found)
	}
	for _, target := range []string{"example.com", "/hook", "ftp://example.com/x", "https://", "https:///x", "http://[::1", "https://exa mple.com"} {
		s := f.spec("Name")
		s.URL = target
		if faults := d.Validate(s); len(faults) != 1 || faults[0].Field != "url" {
			t.Errorf("URL %q: %+v", target, faults)
		}
	}
	seconds := 30
	s := f.spec("Name")
	s.Timeout = &seconds
	if faults := d.Validate(s); (len(faults) == 0) != slices.Contains(d.CreateOptions, provider.OptTimeout) {
		t.Errorf("a time-out: %+v", faults)
	}
}
