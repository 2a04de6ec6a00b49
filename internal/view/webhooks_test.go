package view

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// full is a webhook of which everything is known, and its record.
func full() (provider.Webhook, secret.Record) {
	status := provider.Active
	return provider.Webhook{
			ID: "w-1", Name: new("CRM Sync"), URL: new("https://example.com/hook"), Events: []string{"a", "b"},
			Status: &status, ProviderStatus: new("on"), CreatedAt: new("2026-01-01 00:00:00"), UpdatedAt: new("2026-01-02 00:00:00"),
			TimeoutSeconds: new(30), AuthType: new("bearer"), RetryCount: new(3), RetryDelay: new(60),
			Health: &provider.Health{LastStatus: new("failed"), Failures: new(2), LastTriggered: new("2026-01-03 00:00:00")},
		}, secret.Record{
			Provider: "zyntro", ID: "w-1", Secret: secret.New("canary"), Store: "file", Fingerprint: "sha256:12345678", CreatedAt: time.Now(),
		}
}

func TestNewWebhook(t *testing.T) {
	t.Parallel()
	w, rec := full()
	want := Webhook{
		Provider: "zyntro", ID: "w-1", Name: w.Name, URL: w.URL, Events: w.Events,
		Status: new("active"), ProviderStatus: w.ProviderStatus, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
		Timeout: w.TimeoutSeconds, AuthType: w.AuthType, RetryCount: w.RetryCount, RetryDelay: w.RetryDelay,
		Health: &Health{LastStatus: new("failed"), Failures: new(2), LastTriggered: new("2026-01-03 00:00:00")},
		Secret: Secret{Kept: true, Store: new("file"), Fingerprint: new("sha256:12345678")},
	}
	if diff := cmp.Diff(want, NewWebhook("zyntro", w, &rec)); diff != "" {
		t.Error(diff)
	}
	bare := Webhook{Provider: "zyntro", Error: new("torn")}
	if diff := cmp.Diff(bare, NewWebhook("zyntro", provider.Webhook{Unreadable: "torn"}, nil)); diff != "" {
		t.Error(diff)
	}
}

// TestWebhookJSON pins the members: they are only ever added.
func TestWebhookJSON(t *testing.T) {
	t.Parallel()
	w, rec := full()
	for _, tt := range []struct {
		name string
		v    Webhook
		want string
	}{
		{"full", NewWebhook("zyntro", w, &rec), `{"provider":"zyntro","id":"w-1","name":"CRM Sync","url":"https://example.com/hook","events":["a","b"],` +
			`"status":"active","provider_status":"on","created_at":"2026-01-01 00:00:00","updated_at":"2026-01-02 00:00:00","timeout":30,"auth_type":"bearer",` +
			`"retry_count":3,"retry_delay":60,"health":{"last_status":"failed","failures":2,"last_triggered":"2026-01-03 00:00:00"},` +
			`"secret":{"kept":true,"store":"file","fingerprint":"sha256:12345678"}}`},
		{"nothing known", NewWebhook("zyntro", provider.Webhook{ID: "x"}, nil), `{"provider":"zyntro","id":"x","name":null,"url":null,"events":null,` +
			`"status":null,"provider_status":null,"created_at":null,"updated_at":null,"timeout":null,"auth_type":null,` +
			`"retry_count":null,"retry_delay":null,"health":null,"secret":{"kept":false,"store":null,"fingerprint":null}}`},
	} {
		got, err := json.Marshal(tt.v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestWebhookFacts(t *testing.T) {
	t.Parallel()
	w, rec := full()
	v := NewWebhook("zyntro", w, &rec)
	v.Sinks = NewSinks([]sink.Result{{Sink: "file:x"}, {Sink: "exec:false", Err: errors.New("exit status 1")}})
	v.Secret.Value = new("shown")
	want := []render.Fact{
		{Label: "Provider", Value: "zyntro"}, {Label: "ID", Value: "w-1"}, {Label: "Name", Value: "CRM Sync"},
		{Label: "URL", Value: "https://example.com/hook"}, {Label: "Events", List: []string{"a", "b"}}, {Label: "Status", Value: "active"},
		{Label: "Timeout", Value: "30 s"}, {Label: "Auth type", Value: "bearer"}, {Label: "Retries", Value: "3"}, {Label: "Retry delay", Value: "60 s (assumed)"},
		{Label: "Created", Value: "2026-01-01 00:00:00"}, {Label: "Updated", Value: "2026-01-02 00:00:00"},
		{Label: "Last status", Value: "failed", Tone: render.Bad}, {Label: "Failures", Value: "2", Tone: render.Bad}, {Label: "Last triggered", Value: "2026-01-03 00:00:00"},
		{Label: "Secret", Value: "kept (file store, sha256:12345678)", Tone: render.Good}, {Label: "Secret value", Value: "shown"},
		{Label: "Sink", Value: "file:x: done", Tone: render.Good}, {Label: "Sink", Value: "exec:false: failed: exit status 1", Tone: render.Bad},
	}
	if diff := cmp.Diff(want, v.Facts()); diff != "" {
		t.Error(diff)
	}
	bare := NewWebhook("zyntro", provider.Webhook{ID: "x", ProviderStatus: new("odd"), Name: new("")}, nil)
	want = []render.Fact{{Label: "Provider", Value: "zyntro"}, {Label: "ID", Value: "x"}, {Label: "Status", Value: "odd"}, {Label: "Secret", Value: "not kept here", Tone: render.Bad}}
	if diff := cmp.Diff(want, bare.Facts()); diff != "" {
		t.Error(diff)
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	w, rec := full()
	list := []Webhook{
		NewWebhook("zyntro", w, &rec),
		NewWebhook("wundertreos", provider.Webhook{ID: "w-2", Name: new(""), ProviderStatus: new("odd"), Health: &provider.Health{LastStatus: new("success"), Failures: new(0)}}, nil),
		NewWebhook("wundertreos", provider.Webhook{ID: "w-3", Health: &provider.Health{Failures: new(1)}}, nil),
		NewWebhook("wundertreos", provider.Webhook{Unreadable: "torn"}, nil),
	}
	v := Webhooks(list)
	want := [][]string{
		{"zyntro", "w-1", "CRM Sync", "https://example.com/hook", "a,b", "active", "failed, 2 failures", "kept"},
		{"wundertreos", "w-2", "-", "-", "-", "odd", "success", "not kept"},
		{"wundertreos", "w-3", "-", "-", "-", "-", "1 failure", "not kept"},
		{"wundertreos", "-", "-", "-", "-", "unreadable", "-", "-"},
	}
	if diff := cmp.Diff(want, v.Grid.Rows); diff != "" {
		t.Error(diff)
	}
	var titles []string
	for _, c := range v.Grid.Columns {
		titles = append(titles, c.Title)
	}
	if diff := cmp.Diff([]string{"PROVIDER", "ID", "NAME", "URL", "EVENTS", "STATUS", "HEALTH", "SECRET"}, titles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"zyntro/w-1", "wundertreos/w-2", "wundertreos/w-3"}, v.Names); diff != "" {
		t.Error(diff)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	list := []Event{{"zyntro", "Call Events", "call_ended", ""}, {"wundertreos", "Deal", "deal.created", "a deal is created"}}
	got := Events(list)
	if diff := cmp.Diff([][]string{{"zyntro", "Call Events", "call_ended", ""}, {"wundertreos", "Deal", "deal.created", "a deal is created"}}, got.Grid.Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"call_ended", "deal.created"}, got.Names); diff != "" {
		t.Error(diff)
	}
	changes := EventChanges([]EventChange{{"zyntro", "a", "added"}, {"zyntro", "b", "missing"}})
	if diff := cmp.Diff([][]string{{"zyntro", "a", "added"}, {"zyntro", "b", "missing"}}, changes.Grid.Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"+a", "-b"}, changes.Names); diff != "" {
		t.Error(diff)
	}
}
