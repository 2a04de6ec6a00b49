package view

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
)

func table(t *testing.T, v render.View, width int) string {
	t.Helper()
	return output(t, render.Options{TTY: width > 0, Width: width}, func(p *render.Printer) error { return p.Print(v) })
}

// TestListsOnNarrowTerminals shows what is left of the lists at each width.
func TestListsOnNarrowTerminals(t *testing.T) {
	t.Parallel()
	active := provider.Active
	hooks := Webhooks([]Webhook{
		NewWebhook("zyntro", provider.Webhook{
			ID: "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", Name: new("CRM Sync"), URL: new("https://example.com/hooks/zyntro"), Status: &active,
			Events: []string{"new_contact", "invoice_paid", "invoice_sent"}, Health: &provider.Health{LastStatus: new("success"), Failures: new(3)},
		}, nil),
		NewWebhook("wundertreos", provider.Webhook{
			ID: "9f8e7d6c-4f50-6172-8394-a5b6c7d8e9f0", Name: new("Lead sync"), URL: new("http://example.com/leads"), Status: &active,
			Events: []string{"contact.created"},
		}, nil),
	})
	since := time.Date(2026, 5, 17, 14, 30, 0, 0, time.UTC)
	kept := KeptSecrets([]KeptSecret{
		NewKeptSecret(secret.Record{Provider: "zyntro", ID: "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", Name: "CRM Sync", URL: "https://example.com/hooks/zyntro", Fingerprint: "sha256:1f2e3d4c", Store: "file", CreatedAt: since}),
		NewKeptSecret(secret.Record{Provider: "wundertreos", ID: "0b1c2d3e-5f50-6172-8394-a5b6c7d8e9f0", Name: "Lead sync", URL: "https://example.com/leads", Fingerprint: "sha256:00000000", Store: "file", CreatedAt: since}),
	}, false)
	gone := KeptSecrets([]KeptSecret{
		NewKeptSecret(secret.Record{Provider: "zyntro", ID: "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", Name: "CRM Sync", URL: "https://example.com/hooks/zyntro", Fingerprint: "sha256:1f2e3d4c", Store: "file", CreatedAt: since, DeletedAt: since.AddDate(0, 1, 2)}),
		NewKeptSecret(secret.Record{Provider: "wundertreos", ID: "1b1c2d3e-5f50-6172-8394-a5b6c7d8e9f0", Name: "Lead sync", URL: "https://example.com/leads", Fingerprint: "sha256:00000000", Store: "file", CreatedAt: since}),
	}, false)
	deletions := Deletions([]Deleted{
		{Provider: "wundertreos", ID: "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", Name: new("Lead sync"), Origin: new("http://127.0.0.1:36681")},
		{Provider: "zyntro", ID: "42", Name: new("CRM Sync"), Origin: new("http://127.0.0.1:36681"), Disabled: true},
	})
	catalogue := []Event{
		{Provider: "zyntro", Category: "CRM and more", Event: "trigger_charge_requires_action", Description: "A charge needs the customer"},
		{Provider: "zyntro", Category: "CRM and more", Event: "new_contact", Description: "A contact was added"},
	}
	events, both := Events(catalogue), Events(append([]Event{{Provider: "wundertreos", Category: "contact", Event: "contact.created"}}, catalogue...))
	log := Attempts(NewAttempts([]sandbox.LogEntry{
		{Time: since, Provider: "wundertreos", Number: 1, Of: 3, Next: since.Add(time.Minute), Attempt: provider.Attempt{
			WebhookID: "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", EventType: "contact.created", Err: "dial tcp 127.0.0.1:3000: connect: connection refused"}},
		{Time: since, Provider: "zyntro", Number: 1, Of: 4, Attempt: provider.Attempt{
			WebhookID: "9f8e7d6c-4f50-6172-8394-a5b6c7d8e9f0", EventType: "new_contact", Status: 200}},
		{Time: since, Provider: "zyntro", Of: 4, Attempt: provider.Attempt{
			WebhookID: "9f8e7d6c-4f50-6172-8394-a5b6c7d8e9f0", EventType: "new_contact", Err: "not delivered: not a loopback address"}},
	}))
	for _, tt := range []struct {
		what  string
		v     render.View
		width int
		want  string
	}{
		{"attempts", log, 100, `
TIME          PROVIDER     WEBHOOK   EVENT            ATTEMPT  STATUS              NEXT
14:30:00.000  wundertreos  0b1c2d3e  contact.created  1/3      connection refused  14:31:00.000
14:30:00.000  zyntro       9f8e7d6c  new_contact      1/4      200                 -
14:30:00.000  zyntro       9f8e7d6c  new_contact      -        not delivered       -
`},
		{"webhooks", hooks, 80, `
PROVIDER     ID        NAME       URL            EVENTS         STATUS  SECRET
zyntro       0b1c2d3e  CRM Sync   example.com/…  3 events       active  not kept
wundertreos  9f8e7d6c  Lead sync  http://examp…  contact.crea…  active  not kept
`},
		{"webhooks", hooks, 60, `
ID        NAME       URL                    STATUS  SECRET
0b1c2d3e  CRM Sync   example.com/hooks/zy…  active  not kept
9f8e7d6c  Lead sync  http://example.com/l…  active  not kept
`},
		{"webhooks", hooks, 40, `
ID        NAME       STATUS  SECRET
0b1c2d3e  CRM Sync   active  not kept
9f8e7d6c  Lead sync  active  not kept
`},
		{"secrets", kept, 80, `
PROVIDER     ID          NAME       URL                   FINGERPRINT      STORE
zyntro       0b1c2d3e-4  CRM Sync   example.com/hooks/z…  sha256:1f2e3d4c  file
wundertreos  0b1c2d3e-5  Lead sync  example.com/leads     sha256:00000000  file
`},
		{"secrets", kept, 60, `
ID          NAME       URL                   FINGERPRINT
0b1c2d3e-4  CRM Sync   example.com/hooks/z…  sha256:1f2e3d4c
0b1c2d3e-5  Lead sync  example.com/leads     sha256:00000000
`},
		{"secrets", kept, 40, `
ID          NAME       URL
0b1c2d3e-4  CRM Sync   example.com/hook…
0b1c2d3e-5  Lead sync  example.com/leads
`},
		{"secrets of deleted webhooks", gone, 80, `
PROVIDER     ID        NAME       URL                FINGERPRINT      DELETED
zyntro       0b1c2d3e  CRM Sync   example.com/hook…  sha256:1f2e3d4c  2026-06-19
wundertreos  1b1c2d3e  Lead sync  example.com/leads  sha256:00000000  -
`},
		{"secrets of deleted webhooks", gone, 60, `
ID        NAME       URL                       DELETED
0b1c2d3e  CRM Sync   example.com/hooks/zyntro  2026-06-19
1b1c2d3e  Lead sync  example.com/leads         -
`},
		{"secrets of deleted webhooks", gone, 40, `
ID        NAME       DELETED
0b1c2d3e  CRM Sync   2026-06-19
1b1c2d3e  Lead sync  -
`},
		{"deletions", deletions, 80, `
PROVIDER                       ID        NAME       NOW
wundertreos (127.0.0.1:36681)  0b1c2d3e  Lead sync  deleted
zyntro (127.0.0.1:36681)       42        CRM Sync   disabled
`},
		{"deletions", deletions, 40, `
PROVIDER   ID        NAME       NOW
wundertr…  0b1c2d3e  Lead sync  deleted
zyntro (…  42        CRM Sync   disabled
`},
		{"events", events, 80, `
PROVIDER  CATEGORY      EVENT                           DESCRIPTION
zyntro    CRM and more  trigger_charge_requires_action  A charge needs the cust…
zyntro    CRM and more  new_contact                     A contact was added
`},
		{"events", events, 40, `
EVENT
trigger_charge_requires_action
new_contact
`},
		{"events of both", both, 60, `
PROVIDER     EVENT                           DESCRIPTION
wundertreos  contact.created
zyntro       trigger_charge_requires_action  A charge needs…
zyntro       new_contact                     A contact was …
`},
	} {
		got := table(t, tt.v, tt.width)
		if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), got); diff != "" {
			t.Errorf("%s at %d:\n%s\n%s", tt.what, tt.width, got, diff)
		}
	}
	elsewhere := NewWebhook("wundertreos", provider.Webhook{ID: "9f8e7d6c-4f50", Name: new("Lead sync"), URL: new("https://example.com/leads"), Status: &active}, nil)
	elsewhere.Origin = new("http://127.0.0.1:36681")
	for what, v := range map[string]render.View{"attempts": log, "webhooks of a sandbox": Webhooks([]Webhook{elsewhere})} {
		for line := range strings.Lines(table(t, v, 40)) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 40 {
				t.Errorf("%s at 40: a line of %d: %s", what, n, line)
			}
		}
	}
	for _, whole := range []string{"0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", "new_contact,invoice_paid,invoice_sent", "https://example.com/hooks/zyntro", "success, 3 failures"} {
		if got := table(t, hooks, 0); !strings.Contains(got, whole) {
			t.Errorf("%q is not whole in a pipe:\n%s", whole, got)
		}
	}
}

func TestShortIDs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ ids, want []string }{
		{[]string{"42", "7"}, []string{"42", "7"}},
		{[]string{"0123456789", "abcdefghij", ""}, []string{"01234567", "abcdefgh", ""}},
		{[]string{"0123456789", "0123456780"}, []string{"0123456789", "0123456780"}},
		{[]string{"012345678", "01234567"}, []string{"012345678", "01234567"}},
		{[]string{"same-same-same", "same-same-same"}, []string{"same-sam", "same-sam"}},
		{[]string{"éééééééééé"}, []string{"éééééééé"}},
	} {
		short := shortIDs(tt.ids, func(id string) string { return id })
		var got []string
		for i, id := range tt.ids {
			got = append(got, short(i, id))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%v: %s", tt.ids, diff)
		}
	}
}

// TestStreamsOnNarrowTerminals: no line of a stream of deliveries is wider than the
// terminal, and what says how it went is always there.
func TestStreamsOnNarrowTerminals(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]func() ([]render.Column, []int){
		"verify": VerdictColumns, "send": SentColumns, "trial": TrialColumns, "replay": ReplayColumns, "expect": ExpectColumns, "dry run": OutgoingColumns,
	} {
		for _, width := range []int{40, 60, 80, 100, 200} {
			columns, widths := stream()
			row := make([]string, len(columns))
			for i := range row {
				row[i] = strings.Repeat("x", min(widths[i], 24))
			}
			text := output(t, render.Options{TTY: true, Width: width}, func(p *render.Printer) error {
				s := p.Stream(columns, widths)
				return errors.Join(s.Item(nil, row, ""), s.Close())
			})
			for line := range strings.Lines(text) {
				if plain := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(strings.TrimSuffix(line, "\n")); len([]rune(plain)) > width {
					t.Errorf("%s, %d columns: %d: %s", name, width, len([]rune(plain)), plain)
				}
			}
			if last := columns[len(columns)-1].Title; !strings.Contains(text, last[:3]) { // at 40 columns the title is cut too
				t.Errorf("%s, %d columns: %s is left out", name, width, last)
			}
		}
	}
}
