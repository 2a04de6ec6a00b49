package view_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/view"
)

func onOneLine(t *testing.T, v any) string {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func TestSent(t *testing.T) {
	t.Parallel()
	answered := view.NewSent(deliver.Sent{
		Delivery: deliver.Delivery{Source: "a.http", URL: "http://h", Provider: "zyntro", Event: capture.Event{Type: "new_note", ID: "e-1"}},
		Status:   201, Took: 1499 * time.Microsecond, Response: "thanks",
	})
	refused := view.NewSent(deliver.Sent{Delivery: deliver.Delivery{URL: "http://h"}, Status: 499, Took: 2 * time.Millisecond})
	lost := view.NewSent(deliver.Sent{
		Delivery: deliver.Delivery{URL: "http://h", Event: capture.Event{ID: "e-2"}}, Took: time.Second, Err: errors.New("connection refused"),
	})

	tests := []struct {
		name         string
		s            view.Sent
		json         string
		facts        []render.Fact
		sent, replay []string
		as           string
	}{
		{
			"answered", answered,
			`{"source":"a.http","url":"http://h","provider":"zyntro","event":"new_note","event_id":"e-1","status":201,"ok":true,"time_ms":1,"response":"thanks","error":null}`,
			[]render.Fact{{Label: "Status", Value: "201 Created", Tone: render.Good}, {Label: "Time", Value: "1 ms"}, {Label: "Event", Value: "new_note (e-1)"}, {Label: "Response", Value: "thanks"}},
			[]string{"new_note", "e-1", "201", "1 ms", "thanks"}, []string{"a.http", "new_note", "201", "1 ms", "thanks"}, "a.http",
		},
		{
			"refused", refused,
			`{"source":null,"url":"http://h","provider":null,"event":null,"event_id":null,"status":499,"ok":false,"time_ms":2,"response":null,"error":null}`,
			[]render.Fact{{Label: "Status", Value: "499", Tone: render.Bad}, {Label: "Time", Value: "2 ms"}, {Label: "Event", Value: "-"}},
			[]string{"-", "-", "499", "2 ms", "-"}, []string{"-", "-", "499", "2 ms", "-"}, "-",
		},
		{
			"lost", lost,
			`{"source":null,"url":"http://h","provider":null,"event":null,"event_id":"e-2","status":null,"ok":false,"time_ms":null,"response":null,"error":"connection refused"}`,
			[]render.Fact{{Label: "Status", Value: "not answered", Tone: render.Bad}, {Label: "Time", Value: "-"}, {Label: "Event", Value: "- (e-2)"}},
			[]string{"-", "e-2", "-", "-", "connection refused"}, []string{"e-2", "-", "-", "-", "connection refused"}, "e-2",
		},
	}
	for _, tt := range tests {
		v := tt.s.Render()
		if diff := cmp.Diff(tt.facts, v.Facts); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.json, onOneLine(t, v.Data)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		sent, name := view.SentRow(tt.s)
		replay, _ := view.ReplayRow(tt.s)
		if diff := cmp.Diff([][]string{tt.sent, tt.replay, {tt.as}, v.Names}, [][]string{sent, replay, {name}, {tt.as}}); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		for _, columns := range []func() ([]render.Column, []int){view.SentColumns, view.ReplayColumns} {
			if c, w := columns(); len(c) != len(sent) || len(w) != len(sent) {
				t.Errorf("%d columns, %d widths for %d cells", len(c), len(w), len(sent))
			}
		}
	}
}

// What would be sent is shown without signatures and credentials.
func TestOutgoing(t *testing.T) {
	t.Parallel()
	fields := []capture.Field{
		{Name: "Content-Type", Value: "application/json"}, {Name: "X-Wunder-Signature", Value: "CANARY"}, {Name: "authorization", Value: "CANARY"},
		{Name: "Cookie", Value: "CANARY"}, {Name: "X-Api-Key", Value: "CANARY"}, {Name: "X-Odd", Value: "CANARY"}, {Name: "X-A", Value: "1"}, {Name: "X-A", Value: "2"},
	}
	o := view.NewOutgoing(deliver.Delivery{Method: "POST", URL: "http://h/x", Event: capture.Event{ID: "e-1"}, Fields: fields, Body: []byte("{}\n")}, []string{"x-odd"})
	const masked = `"headers":{"Content-Type":["application/json"],"Cookie":["***"],"X-A":["1","2"],"X-Api-Key":["***"],"X-Odd":["***"],"X-Wunder-Signature":["***"],"authorization":["***"]}`
	want := `{"source":null,"provider":null,"event":null,"event_id":"e-1","method":"POST","url":"http://h/x",` + masked + `,"body":"{}\n"}`
	v := o.Render()
	if diff := cmp.Diff(want, onOneLine(t, v.Data)); diff != "" {
		t.Error(diff)
	}
	text := "POST http://h/x\nContent-Type: application/json\nX-Wunder-Signature: ***\nauthorization: ***\nCookie: ***\nX-Api-Key: ***\nX-Odd: ***\nX-A: 1\nX-A: 2\n\n{}\n"
	if diff := cmp.Diff(text, v.Text); diff != "" || fields[1].Value != "CANARY" {
		t.Error(diff)
	}
	row, name := view.OutgoingRow(o)
	if diff := cmp.Diff([]string{"e-1", "-", "POST", "3", "http://h/x"}, row); diff != "" || name != "e-1" || v.Names[0] != "e-1" {
		t.Error(diff, name)
	}
	if c, w := view.OutgoingColumns(); len(c) != len(row) || len(w) != len(row) {
		t.Errorf("%d columns, %d widths", len(c), len(w))
	}

	o = view.NewOutgoing(deliver.Delivery{Source: "a.http", Method: "PUT", URL: "http://h", Body: []byte("\xff\x00")}, nil)
	want = `{"source":"a.http","provider":null,"event":null,"event_id":null,"method":"PUT","url":"http://h","headers":{},"body_base64":"/wA="}`
	if diff := cmp.Diff(want, onOneLine(t, o)); diff != "" {
		t.Error(diff)
	}
	if v := o.Render(); v.Text != "PUT http://h\n\n(2 bytes that are not text)\n" || v.Names[0] != "a.http" {
		t.Errorf("%q %q", v.Text, v.Names)
	}
	if v := view.NewOutgoing(deliver.Delivery{Method: "POST", URL: "http://h"}, nil).Render(); v.Text != "POST http://h\n\n" {
		t.Errorf("%q", v.Text)
	}
}

func TestSignatureHeaders(t *testing.T) {
	t.Parallel()
	v := view.SignatureHeaders([]capture.Field{{Name: "X-B", Value: "it's"}, {Name: "X-A", Value: "1"}}, "sha256=ab")
	if diff := cmp.Diff(render.View{
		Data: map[string]string{"X-B": "it's", "X-A": "1"}, Text: "-H 'X-B: it'\\''s'\n-H 'X-A: 1'\n", Names: []string{"sha256=ab"},
	}, v); diff != "" {
		t.Error(diff)
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 17, 16, 30, 0, 250_000_000, time.FixedZone("", 7200))
	var list []view.Attempt
	for _, e := range []sandbox.LogEntry{
		{Attempt: provider.Attempt{EventID: "e-1", Status: 500}, Number: 1, Next: at.Add(time.Minute)},
		{Attempt: provider.Attempt{Status: 200}, Number: 2},
		{Attempt: provider.Attempt{Err: "not delivered: because"}},
	} {
		e.Time, e.Provider, e.WebhookID, e.EventType, e.URL, e.Of = at, "zyntro", "w", "new_note", "http://h", 4
		list = append(list, view.NewAttempts([]sandbox.LogEntry{e})...)
	}
	v := view.Attempts(list)
	const when = "2026-05-17 14:30:00.250 UTC"
	wantRows := [][]string{
		{when, "zyntro", "w", "new_note", "1/4", "500", "2026-05-17 14:31:00.250 UTC"},
		{when, "zyntro", "w", "new_note", "2/4", "200", "-"},
		{when, "zyntro", "w", "new_note", "-", "not delivered: because", "-"},
	}
	if diff := cmp.Diff(wantRows, v.Grid.Rows); diff != "" || len(v.Grid.Columns) != len(wantRows[0]) {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"e-1", "-", "-"}, v.Names); diff != "" {
		t.Error(diff)
	}
	const head = `{"time":"2026-05-17T14:30:00.250Z","provider":"zyntro","webhook_id":"w","event":"new_note","event_id":`
	want := "[" + head + `"e-1","url":"http://h","attempt":1,"attempts":4,"status":500,"ok":false,"error":null,"next":"2026-05-17T14:31:00.250Z"},` +
		head + `null,"url":"http://h","attempt":2,"attempts":4,"status":200,"ok":true,"error":null,"next":null},` +
		head + `null,"url":"http://h","attempt":0,"attempts":4,"status":null,"ok":false,"error":"not delivered: because","next":null}]`
	if diff := cmp.Diff(want, onOneLine(t, v.Data)); diff != "" {
		t.Error(diff)
	}
}
