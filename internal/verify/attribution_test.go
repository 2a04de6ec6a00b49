package verify

import (
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// An older secret of a webhook is as valid as its present one, and named.
func TestOlderSecret(t *testing.T) {
	o := options()
	older := lead
	older.Secret, older.Older = secret.New("the-one-before"), true
	o.Candidates = []Candidate{lead, older}
	all, _, err := run(t, o, record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, "the-one-before", wunderBody)))
	want := Result{Source: "-:1", Valid: true, Format: "ndjson", Provider: "wundertreos", WebhookID: lead.ID, Webhook: lead.Name, EventID: "ev1", EventType: "contact.created",
		Reason: signature.OK, Notes: []string{"signed with an older secret of this webhook (" + older.Secret.Fingerprint() + "), not with its current one"}}
	if err != nil {
		t.Fatal(err)
	}
	diff(t, "result", []Result{want}, all)

	// Where it was not to be tried, it is the cause.
	o.Candidates, o.Others = []Candidate{{Secret: secret.New("given")}}, func() []Candidate { return []Candidate{lead, older} }
	all, _, err = run(t, o, record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, "the-one-before", wunderBody)))
	if err != nil || all[0].Valid || len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != "older-secret" ||
		!strings.Contains(all[0].Diagnosis[0].Explanation, "Lead sync") || !strings.Contains(all[0].Diagnosis[0].Explanation, older.Secret.Fingerprint()) {
		t.Errorf("%+v, %v", all, err)
	}
	all, _, err = run(t, o, record(t, wunderBody+"\n", "X-Wunder-Signature", sign(t, wunder, "the-one-before", wunderBody)))
	if err != nil || len(all[0].Diagnosis) != 2 || all[0].Diagnosis[0].Cause != "older-secret" || all[0].Diagnosis[1].Cause != "trailing-newline" {
		t.Errorf("%+v, %v", all, err)
	}
}

// A bare signature names no provider: the secrets of all explain it, and the
// one that would match says whose it is.
func TestBareSignatureIsDiagnosedForAll(t *testing.T) {
	for _, c := range []struct {
		provider   Provider
		key, body  string
		event, typ string
	}{
		{zyntro, zyntroKey, `{"event_id":"e1","event_type":"trigger.captured","created_at":"2026-03-30T10:22:00Z"}`, "e1", "trigger.captured"},
		{wunder, wunderKey, wunderBody, "ev1", "contact.created"},
	} {
		o := options()
		o.Signature = sign(t, c.provider, c.key, c.body)
		all, summary, err := run(t, o, c.body+"\n")
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		r := all[0]
		if r.Valid || r.Provider != c.provider.Name || r.EventID != c.event || r.EventType != c.typ || len(r.Diagnosis) != 1 || r.Diagnosis[0].Cause != "trailing-newline" {
			t.Errorf("%s: %+v", c.provider.Name, r)
		}
		if assumed := len(summary.Assumed) > 0; assumed != (len(c.provider.Scheme.Assumed) > 0) || (len(r.Assumed) > 0) != assumed {
			t.Errorf("%s: assumed %v, %v", c.provider.Name, summary.Assumed, r.Assumed)
		}
	}
	// Nothing explains it: nobody is named, the event is the body's own.
	o := options()
	o.Signature = strings.Repeat("ab", 32)
	all, _, err := run(t, o, wunderBody)
	if err != nil || all[0].Provider != "" || all[0].EventID != "ev1" || all[0].Diagnosis[0].Cause != "unknown" ||
		!strings.Contains(all[0].Diagnosis[0].Fix, "The signature scheme of zyntro is not documented") {
		t.Errorf("%+v, %v", all, err)
	}
}

// An unusable scheme concerns the deliveries of its provider only.
func TestUnusableSchemeOfOne(t *testing.T) {
	o := options()
	o.Providers = []Provider{zyntro, wunder}
	o.Providers[0].Scheme.Template = "{timestamp}.{body}" // from no header
	good := record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody))
	bad := record(t, "{}", "X-Zyntro-Signature", strings.Repeat("ab", 32))
	all, summary, err := run(t, o, good+bad)
	if err != nil || !all[0].Valid || all[1].Reason != signature.Unreadable || all[1].Provider != "zyntro" ||
		len(all[1].Notes) != 1 || !strings.Contains(all[1].Notes[0], "timestamp") {
		t.Errorf("%+v, %+v, %v", all, summary, err)
	}
	// Where there is nothing else, the mistake is the outcome.
	_, _, err = run(t, o, bad)
	if fault.KindOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err).String(), "--timestamp-header") {
		t.Errorf("%v (%s)", err, fault.HintOf(err).String())
	}
}
