package view

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		result verify.Result
		row    []string
		name   string
		report []render.Fact
	}{
		"valid": {
			verify.Result{Source: "a.http", Valid: true, Provider: "wundertreos", WebhookID: "w1", Webhook: "Lead sync", EventID: "e1", EventType: "deal.created", Reason: signature.OK},
			[]string{"valid", "a.http", "wundertreos", "Lead sync", "deal.created", "-"},
			"",
			[]render.Fact{{Label: "Verdict", Value: "VALID"}, {Label: "Delivery", Value: "a.http"}, {Label: "Webhook", Value: "Lead sync (wundertreos/w1)"}, {Label: "Event", Value: "deal.created e1"}},
		},
		"valid, contradicted, no name": {
			verify.Result{Source: "-", Valid: true, Provider: "zyntro", WebhookID: "w1", Reason: signature.OK, Notes: []string{"X-Y says z"}},
			[]string{"valid", "-", "zyntro", "w1", "-", "X-Y says z"},
			"",
			[]render.Fact{{Label: "Verdict", Value: "VALID"}, {Label: "Delivery", Value: "-"}, {Label: "Webhook", Value: "zyntro/w1"}, {Label: "Note", Value: "X-Y says z"}},
		},
		"assumed": {
			verify.Result{Source: "-", Valid: true, Provider: "zyntro", WebhookID: "w1", Assumed: []string{"signature-header", "key-encoding", "digest-encoding", "signed-template"}, Reason: signature.OK},
			[]string{"valid", "-", "zyntro", "w1", "-", "-"},
			"",
			[]render.Fact{{Label: "Verdict", Value: "VALID"}, {Label: "Delivery", Value: "-"}, {Label: "Webhook", Value: "zyntro/w1"},
				{Label: "Note", Value: "assumed: zyntro documents neither the header nor the encoding of its signature; set them with --signature-header, --key-encoding, --digest-encoding and --signed-template"}},
		},
		"given secret": {
			verify.Result{Source: "-", Valid: true, Provider: "zyntro", Webhook: "--secret-env X", Reason: signature.OK},
			[]string{"valid", "-", "zyntro", "--secret-env X", "-", "-"},
			"",
			[]render.Fact{{Label: "Verdict", Value: "VALID"}, {Label: "Delivery", Value: "-"}, {Label: "Provider", Value: "zyntro"}, {Label: "Secret", Value: "--secret-env X"}},
		},
		"mismatch": {
			verify.Result{Source: "a:3", Provider: "zyntro", Reason: signature.Mismatch, Notes: []string{"n"},
				Diagnosis: []verify.Finding{{Cause: "trailing-newline", Fix: "Do.", Explanation: "It ends."}, {Cause: "bom", Fix: "Do it.", Explanation: "It begins."}}},
			[]string{"INVALID", "a:3", "zyntro", "-", "-", "mismatch (trailing-newline, bom)"},
			"a:3",
			[]render.Fact{
				{Label: "Verdict", Value: "INVALID"}, {Label: "Delivery", Value: "a:3"},
				{Label: "Reason", Value: "mismatch: no known secret produces this signature for this body"},
				{Label: "Provider", Value: "zyntro"},
				{Label: "Cause", Value: "trailing-newline: It ends."}, {Label: "Fix", Value: "Do."}, {Label: "See", Value: causePage("trailing-newline")},
				{Label: "Cause", Value: "bom: It begins."}, {Label: "Fix", Value: "Do it."}, {Label: "See", Value: causePage("bom")}, {Label: "Note", Value: "n"},
			},
		},
		"no secret": {
			verify.Result{Source: "a", Provider: "zyntro", Reason: signature.NoSecret},
			[]string{"INVALID", "a", "zyntro", "-", "-", "no-secret"},
			"a",
			[]render.Fact{{Label: "Verdict", Value: "INVALID"}, {Label: "Delivery", Value: "a"}, {Label: "Reason", Value: "no-secret: no secret is kept for this delivery's provider"},
				{Label: "Provider", Value: "zyntro"}, {Label: "Fix", Value: "Store the webhook's secret with `hookctl secrets set`, or give it with --secret-file or --secret-env."}},
		},
		"read as a payload": {
			verify.Result{Source: "a", Format: "raw", Size: 1, Reason: signature.NoSignature, Diagnosis: []verify.Finding{{Cause: "x"}}},
			[]string{"INVALID", "a", "-", "-", "-", "no-signature (x)"},
			"a",
			[]render.Fact{{Label: "Verdict", Value: "INVALID"}, {Label: "Delivery", Value: "a"}, {Label: "Read as", Value: "raw (the whole file, 1 byte)"},
				{Label: "Reason", Value: "no-signature: the delivery has no signature in the expected header"}, {Label: "Cause", Value: "x: "}, {Label: "See", Value: causePage("x")}},
		},
		"read in a format": {
			verify.Result{Source: "a#2", Format: "http", Valid: true, Provider: "zyntro", Reason: signature.OK},
			[]string{"valid", "a#2", "zyntro", "-", "-", "-"},
			"",
			[]render.Fact{{Label: "Verdict", Value: "VALID"}, {Label: "Delivery", Value: "a#2"}, {Label: "Read as", Value: "http"}, {Label: "Provider", Value: "zyntro"}},
		},
		"unreadable": {
			verify.Result{Source: "a", Reason: signature.Unreadable, Notes: []string{"no such file"}},
			[]string{"INVALID", "a", "-", "-", "-", "unreadable: no such file"},
			"a",
			[]render.Fact{{Label: "Verdict", Value: "INVALID"}, {Label: "Delivery", Value: "a"}, {Label: "Reason", Value: "unreadable: the delivery cannot be read"}, {Label: "Note", Value: "no such file"}},
		},
	} {
		if d := cmp.Diff(c.row, VerdictRow(&c.result)); d != "" {
			t.Errorf("%s: row (-want +got):\n%s", name, d)
		}
		if got := VerdictName(&c.result); got != c.name {
			t.Errorf("%s: name %q", name, got)
		}
		if d := cmp.Diff(c.report, VerdictReport(&c.result), cmpopts.IgnoreFields(render.Fact{}, "Tone", "Prose")); d != "" {
			t.Errorf("%s: report (-want +got):\n%s", name, d)
		}
	}
	columns, widths := VerdictColumns()
	if len(columns) != len(widths) || len(columns) != len(VerdictRow(&verify.Result{})) {
		t.Error("columns, widths and cells differ in number")
	}
	for _, r := range []signature.Reason{signature.Mismatch, signature.NoSignature, signature.Malformed, signature.Conflicting, signature.NoSecret, signature.TooOld, signature.Unreadable} {
		if meaning(r) == "" {
			t.Errorf("nothing is said of %s", r)
		}
	}
}

func TestVerdictSummary(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)
	types := map[string]int{"": 2}
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
		types[name] = 20 - i
	}
	for _, c := range []struct {
		s    verify.Summary
		want []string
	}{
		{verify.Summary{Total: 1, Valid: 1}, []string{"1 delivery: 1 valid"}},
		{
			verify.Summary{Total: 9, Valid: 6, Reasons: map[signature.Reason]int{signature.Unreadable: 1, signature.Mismatch: 2}, Duplicates: 1,
				Leading: map[signature.Reason]map[string]int{signature.Mismatch: {"bom": 1, "trailing-newline": 1}}, Companions: 2, Contradictions: 2, Types: map[string]int{"x": 1, "y": 5}, First: at, Last: at.Add(time.Hour), Undiagnosed: 4},
			[]string{
				"9 deliveries: 6 valid, 3 invalid: 2 mismatch (1 bom, 1 trailing-newline), 1 unreadable", "1 duplicate: the same event was delivered before",
				"2 companions: the provider sent the same change as two events",
				"2 have headers that contradict the signed body: trust the body", "events: y 5, x 1",
				"from 2026-05-17 14:30:00 UTC to 2026-05-17 15:30:00 UTC", "4 more failures were not diagnosed: only the first ones of a batch are",
			},
		},
		{
			verify.Summary{Total: 2, Valid: 2, Duplicates: 2, AtLeast: true, Types: types, First: at, Last: at},
			[]string{"2 deliveries: 2 valid", "at least 2 duplicates: the same event was delivered before",
				"events: a 20, b 19, c 18, d 17, e 16, f 15, g 14, h 13, others 14"},
		},
	} {
		if d := cmp.Diff(c.want, VerdictSummary(&c.s)); d != "" {
			t.Errorf("summary (-want +got):\n%s", d)
		}
	}
}
