package view

import (
	"errors"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/verify"
)

// inTones is what a view looks like with colour, or without.
func inTones(t *testing.T, v render.View, colour bool) string {
	t.Helper()
	return output(t, render.Options{Color: colour, Width: 200}, func(p *render.Printer) error { return p.Print(v) })
}

func rowOf(columns []render.Column, row []string) render.View {
	return render.View{Grid: &render.Grid{Columns: columns, Rows: [][]string{row}}}
}

var ansi = strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "", "\x1b[31m", "<red>", "\x1b[32m", "<green>", "\x1b[33m", "<yellow>")

// TestTones: green is valid, kept and added, red what is not, and yellow a warning
// or a change, in every view; without colour the same words stand there.
func TestTones(t *testing.T) {
	t.Parallel()
	active := provider.Active
	kept := &secret.Record{Store: "file", Fingerprint: "sha256:12345678"}
	hook := func(rec *secret.Record, h *provider.Health) Webhook {
		return NewWebhook("zyntro", provider.Webhook{ID: "1", Name: new("N"), Status: &active, Health: h}, rec)
	}
	verdicts, _ := VerdictColumns()
	received, _ := ReceivedColumns()
	sent, _ := SentColumns()
	expect, _ := ExpectColumns()
	valid, invalid := &verify.Result{Valid: true, Reason: signature.OK}, &verify.Result{Reason: signature.Mismatch}
	took := NewReceived(listen.Delivery{Reason: signature.OK, Status: 200, Forward: &listen.Forwarded{Status: 204}}, false)
	refused := NewReceived(listen.Delivery{Reason: signature.Mismatch, Status: 401, Forward: &listen.Forwarded{Status: 500}}, false)
	unverified := NewReceived(listen.Delivery{Reason: listen.Unverified, Status: 200}, false)
	withSinks := hook(kept, nil)
	withSinks.Sinks = NewSinks([]sink.Result{{Sink: "file:x"}, {Sink: "file:y", Err: errors.New("no sink")}})
	zyntro := &provider.Driver{Name: "zyntro", Updates: true}
	plan := &apply.Plan{Warnings: []string{"careful"}, Changes: []*apply.Change{
		{Action: apply.Create, Driver: zyntro, Name: "A"},
		{Action: apply.Update, Driver: zyntro, Name: "B", Fields: []apply.Field{{Name: "events", From: []string{"old"}, To: []string{"fresh"}}}},
		{Action: apply.Delete, Driver: zyntro, Name: "C"},
	}}
	for name, tt := range map[string]struct {
		v    render.View
		want []string
	}{
		"list":             {Webhooks([]Webhook{hook(kept, nil), hook(nil, &provider.Health{Failures: new(3)})}), []string{"<green>kept", "<red>not kept", "<red>3 failures"}},
		"get":              {render.View{Facts: hook(kept, &provider.Health{LastStatus: new("failed"), Failures: new(3)}).Facts()}, []string{"<green>kept (file", "<red>failed", "<red>3"}},
		"get without":      {render.View{Facts: hook(nil, nil).Facts()}, []string{"<red>not kept here"}},
		"create":           {render.View{Facts: withSinks.Facts()}, []string{"<green>file:x: done", "<red>file:y: failed"}},
		"verify":           {rowOf(verdicts, VerdictRow(valid)), []string{"<green>valid"}},
		"verify a failure": {rowOf(verdicts, VerdictRow(invalid)), []string{"<red>INVALID"}},
		"verdict":          {render.View{Facts: VerdictReport(valid)}, []string{"<green>VALID"}},
		"verdict invalid":  {render.View{Facts: VerdictReport(invalid)}, []string{"<red>INVALID"}},
		"listen":           {rowOf(received, took.Row()), []string{"<green>valid", "<green>204", "<green>200"}},
		"listen invalid":   {rowOf(received, refused.Row()), []string{"<red>INVALID", "<red>500", "<red>401"}},
		"listen anything":  {rowOf(received, unverified.Row()), []string{"<yellow>NOT VERIFIED"}},
		"send":             {rowOf(sent, firstOf(SentRow(NewSent(deliver.Sent{Status: 500})))), []string{"<red>500"}},
		"replay --expect":  {rowOf(expect, []string{"a", "b", "200", "1 ms", "changed: .id"}), []string{"<green>200", "<yellow>changed: .id"}},
		"doctor": {Checks([]health.Check{{Check: "a", Status: health.Fault}, {Check: "b", Status: health.Warning}, {Check: "c", Status: "ok"}}),
			[]string{"<red>fault", "<yellow>warning", "<green>ok"}},
		"recover":            {Recovery([]Recovered{{State: "kept"}, {State: "orphan"}, {State: "unknown"}}), []string{"<green>kept", "<red>orphan", "<yellow>unknown"}},
		"delete":             {Deletions([]Deleted{{Provider: "p", ID: "1"}, {Provider: "p", ID: "2", Disabled: true}}), []string{"<red>deleted", "<yellow>disabled"}},
		"list-events --live": {EventChanges([]EventChange{{"p", "a", "added"}, {"p", "b", "missing"}}), []string{"<green>added", "<red>missing"}},
		"plan":               {Plan(plan), []string{"<green>+", "<yellow>~", "<red>-", "<green>+fresh", "<red>-old", "<yellow>warning:"}},
		"apply":              {Applied(plan, []apply.Outcome{{Change: plan.Changes[0], Result: apply.Done}, {Change: plan.Changes[2], Result: apply.Failed}}), []string{"<green>+", "<red>zyntro \"C\": failed"}},
	} {
		plain, coloured := inTones(t, tt.v, false), ansi.Replace(inTones(t, tt.v, true))
		for _, want := range tt.want {
			if !strings.Contains(coloured, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, coloured)
			}
		}
		if got := strings.NewReplacer("<red>", "", "<green>", "", "<yellow>", "").Replace(coloured); got != plain || strings.Contains(plain, "\x1b") {
			t.Errorf("%s with colour has other words:\n%s\nthan without:\n%s", name, got, plain)
		}
	}
	left := &capture.Request{Source: "l", Header: capture.Header{{Name: "A", Value: "1"}}, Body: []byte(`{"a":1}`)}
	right := &capture.Request{Source: "r", Header: capture.Header{{Name: "A", Value: "2"}}, Body: []byte(`{"a":2}`)}
	diff := ansi.Replace(output(t, render.Options{Color: true}, NewDifference(left, right).Print))
	for _, want := range []string{"<red>- A: 1", "<green>+ A: 2", "<red>- .a: 1", "<green>+ .a: 2", "--- l\n+++ r\n"} {
		if !strings.Contains(diff, want) {
			t.Errorf("diff lacks %q:\n%s", want, diff)
		}
	}
}

func firstOf(row []string, _ string) []string { return row }
