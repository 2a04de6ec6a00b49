package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// TestReceived: the members of the JSON and their order are promises.
func TestReceived(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 17, 16, 30, 1, 123_456_789, time.FixedZone("CEST", 2*3600))
	base := listen.Delivery{ReceivedAt: at, Method: "POST", URL: "/hook", Size: 12, Status: 200, Latency: 1_234_567, Reason: signature.OK,
		Provider: "wundertreos", WebhookID: "w-1", Webhook: "Lead sync", EventID: "ev-1", EventType: "contact.created"}
	forwarded, failed, invalid, unverified := base, base, base, base
	forwarded.Saved, forwarded.Forward, forwarded.Status = true, &listen.Forwarded{Status: 204, Took: 1_500_000, Body: []byte("x")}, 204
	failed.Duplicate, failed.Forward, failed.Status = true, &listen.Forwarded{Err: errors.New("connection refused")}, 502
	failed.Notes = []string{"a note"}
	invalid.Reason, invalid.Status, invalid.WebhookID, invalid.Webhook, invalid.EventID = signature.Mismatch, 401, "", "", ""
	invalid.Diagnosis = []verify.Finding{{Cause: "crlf", Fix: "Keep it.", Explanation: "It was changed."}, {Cause: "bom"}}
	unverified = listen.Delivery{ReceivedAt: at, Method: "POST", URL: "/", Status: 200, Reason: listen.Unverified}
	const head = `{"type":"delivery","received_at":"2026-05-17T14:30:01.123Z","method":"POST","url":"/hook","bytes":12,`
	for _, c := range []struct {
		name string
		d    listen.Delivery
		json string
		row  []string
		id   string
	}{
		{"valid", base, head + `"valid":true,"reason":"ok","provider":"wundertreos","webhook_id":"w-1","webhook":"Lead sync","event_id":"ev-1","event_type":"contact.created",` +
			`"duplicate":false,"saved":false,"forward_status":null,"forward_error":null,"status":200,"latency_ms":1.234,"answer":null}`,
			[]string{"16:30:01.123", "wundertreos", "contact.created", "valid", "-", "200", "1.2 ms", "-"}, "ev-1"},
		{"forwarded", forwarded, head + `"valid":true,"reason":"ok","provider":"wundertreos","webhook_id":"w-1","webhook":"Lead sync","event_id":"ev-1","event_type":"contact.created",` +
			`"duplicate":false,"saved":true,"forward_status":204,"forward_error":null,"status":204,"latency_ms":1.234,"answer":{"status":204,"ms":1.5}}`,
			[]string{"16:30:01.123", "wundertreos", "contact.created", "valid", "204", "204", "1.2 ms", "-"}, "ev-1"},
		{"failed", failed, head + `"valid":true,"reason":"ok","provider":"wundertreos","webhook_id":"w-1","webhook":"Lead sync","event_id":"ev-1","event_type":"contact.created",` +
			`"duplicate":true,"saved":false,"forward_status":null,"forward_error":"connection refused","status":502,"latency_ms":1.234,"answer":null,"notes":["a note"]}`,
			[]string{"16:30:01.123", "wundertreos", "contact.created", "valid", "failed", "502", "1.2 ms", "duplicate: connection refused: a note"}, "ev-1"},
		{"invalid", invalid, head + `"valid":false,"reason":"mismatch","provider":"wundertreos","webhook_id":null,"webhook":null,"event_id":null,"event_type":"contact.created",` +
			`"duplicate":false,"saved":false,"forward_status":null,"forward_error":null,"status":401,"latency_ms":1.234,"answer":null,` +
			`"diagnosis":[{"cause":"crlf","fix":"Keep it.","explanation":"It was changed."},{"cause":"bom","fix":"","explanation":""}]}`,
			[]string{"16:30:01.123", "wundertreos", "contact.created", "INVALID", "-", "401", "1.2 ms", "mismatch (crlf, bom)"}, ""},
		{"unverified", unverified, `{"type":"delivery","received_at":"2026-05-17T14:30:01.123Z","method":"POST","url":"/","bytes":0,"valid":null,"reason":"not-verified","provider":null,` +
			`"webhook_id":null,"webhook":null,"event_id":null,"event_type":null,"duplicate":false,"saved":false,"forward_status":null,"forward_error":null,"status":200,"latency_ms":0,"answer":null}`,
			[]string{"16:30:01.123", "-", "-", "NOT VERIFIED", "-", "200", "0.0 ms", "-"}, ""},
	} {
		r := NewReceived(c.d, false)
		got, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.json, string(got)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if diff := cmp.Diff(c.row, r.Row()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if r.Name() != c.id {
			t.Errorf("%s is called %q", c.name, r.Name())
		}
	}
	columns, widths := ReceivedColumns()
	if len(columns) != len(NewReceived(base, false).Row()) || len(columns) != len(widths) {
		t.Error("rows do not fit their columns")
	}
}

// TestReceivedBodies: headers and bodies are a part of the JSON, and are laid out for
// people, where they are asked for; nothing in them drives a terminal.
func TestReceivedBodies(t *testing.T) {
	t.Parallel()
	request := func(body string) *capture.Record {
		return &capture.Record{Header: map[string][]string{"X-A": {"1", "2"}}, Body: []byte(body)}
	}
	answer := func(body string, cut bool) *listen.Forwarded {
		return &listen.Forwarded{Status: 200, Took: 2_000_000, Header: map[string][]string{"X-B": {"\x1b"}}, Body: []byte(body), Cut: cut}
	}
	for name, c := range map[string]struct {
		d    listen.Delivery
		json string // from latency_ms on
		text string
	}{
		"JSON": {listen.Delivery{Reason: signature.OK, Request: request(`{"a":1.0}`), Forward: answer("", false)},
			`"answer":{"status":200,"headers":{"X-B":["\u001b"]},"body_base64":"","ms":2},"headers":{"X-A":["1","2"]},"body_base64":"eyJhIjoxLjB9","body":"{\"a\":1.0}"}`,
			"Body: 9 bytes, JSON\n{\n  \"a\": 1.0\n}\nAnswer: empty\n\n"},
		"control characters": {listen.Delivery{Reason: signature.Mismatch, Request: request("a\u009b2J\u202e\nb")},
			`"answer":null,"headers":{"X-A":["1","2"]},"body_base64":"YcKbMkrigK4KYg==","body":"a\u009b2J\u202e\nb","diagnosis":[]}`,
			"Body: 10 bytes, text\na\ufffd2J\ufffd\nb\n\n"},
		"binary": {listen.Delivery{Reason: signature.OK, Request: request("\xff\x00"), Forward: answer("ok", true)},
			`"answer":{"status":200,"headers":{"X-B":["\u001b"]},"body_base64":"b2s=","cut":true,"ms":2},"headers":{"X-A":["1","2"]},"body_base64":"/wA=","body":null}`,
			"Body: 2 bytes, binary\n00000000  ff 00                                             |..|\nAnswer: more than 2 bytes, text\nok\n... (only the beginning is shown)\n\n"},
		"no delivery": {listen.Delivery{Reason: signature.Unreadable, Request: &capture.Record{}},
			`"answer":null,"headers":{},"body_base64":null,"body":null,"diagnosis":[]}`, "\n"},
		"left out": {listen.Delivery{Reason: signature.OK},
			`"answer":null,"headers":null,"body_base64":null,"body":null,"notes":["its headers and body are not shown: deliveries arrive too fast"]}`, "\n"},
	} {
		raw := string(NewReceived(c.d, true).AppendJSON(nil))
		_, got, _ := strings.Cut(raw, `"latency_ms":0,`)
		if diff := cmp.Diff(c.json, got); diff != "" || !json.Valid([]byte(raw)) {
			t.Errorf("%s: %s", name, diff)
		}
		for _, format := range render.Formats {
			o := render.Options{Format: format, TTY: true, Width: 80}
			want := c.text
			if format != render.Table {
				want = ""
			}
			if diff := cmp.Diff(want, output(t, o, NewReceived(c.d, true).PrintBodies)); diff != "" {
				t.Errorf("%s, %s:\n%s", name, format, diff)
			}
			if got := output(t, o, NewReceived(c.d, false).PrintBodies); got != "" {
				t.Errorf("%s: not asked for: %q", name, got)
			}
		}
	}
}

// TestReceivedOnNarrowTerminals shows what is left of the rows at each width.
func TestReceivedOnNarrowTerminals(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 17, 16, 30, 1, 123_456_789, time.UTC)
	rows := []listen.Delivery{
		{ReceivedAt: at, Status: 200, Latency: 1_234_567, Reason: signature.OK, Provider: "wundertreos", EventType: "contact.created", Forward: &listen.Forwarded{Status: 200}},
		{ReceivedAt: at, Status: 502, Latency: 3_234_567_890, Reason: signature.OK, Provider: "zyntro", EventType: "new_contact", Forward: &listen.Forwarded{Err: errors.New("connection refused")}},
		{ReceivedAt: at, Status: 401, Reason: signature.Mismatch, Provider: "wundertreos", EventType: "漢字漢字漢字漢字漢字漢字", Diagnosis: []verify.Finding{{Cause: "json-reserialised"}}},
	}
	for width, want := range map[int]string{
		160: `
TIME           PROVIDER      EVENT                  VERDICT   FORWARD   ANSWER   LATENCY     NOTE
16:30:01.123   wundertreos   contact.created        valid     200       200      1.2 ms      -
16:30:01.123   zyntro        new_contact            valid     failed    502      3234.6 ms   connection refused
16:30:01.123   wundertreos   漢字漢字漢字漢字漢…    INVALID   -         401      0.0 ms      mismatch (json-reserialised)
`,
		80: `
TIME      EVENT                 VERDICT  FORWARD  ANSWER  NOTE
16:30:01  contact.created       valid    200      200     -
16:30:01  new_contact           valid    failed   502     connection refused
16:30:01  漢字漢字漢字漢字漢…   INVALID  -        401     mismatch (json-reseri…
`,
		60: `
TIME      EVENT            VERDICT  FORWARD  NOTE
16:30:01  contact.created  valid    200      -
16:30:01  new_contact      valid    failed   connection ref…
16:30:01  漢字漢字漢字漢…  INVALID  -        mismatch (json…
`,
		40: `
TIME      EVENT  VERDICT  FORWARD  NOTE
16:30:01  cont…  valid    200      -
16:30:01  new_…  valid    failed   conn…
16:30:01  漢字…  INVALID  -        mism…
`,
	} {
		got := output(t, render.Options{TTY: true, Width: width}, func(p *render.Printer) error {
			s := p.Stream(ReceivedColumns())
			s.Align(1)
			for _, d := range rows {
				r := NewReceived(d, false)
				_ = s.Item(r, r.Row(), "") // Close has its error
			}
			return s.Close()
		})
		if diff := cmp.Diff(want, "\n"+got); diff != "" {
			t.Errorf("%d: %s\n%s", width, diff, got)
		}
	}
}

// TestReceivedCause: the row says what is wrong with the handler, not where it is.
func TestReceivedCause(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, refused := net.Dial("tcp", addr)
	_, unknown := net.Dial("tcp", "no-such-host.invalid:80")
	for _, c := range []struct {
		err  error
		want string
	}{
		{refused, "refused"},
		{fmt.Errorf("forwarding: %w", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}), syscall.ECONNRESET.Error()},
		{unknown, "no-such-host.invalid"},
		{errors.New("no answer in time: more than 30s"), "no answer in time: more than 30s"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("odd")}, "odd"},
	} {
		row := NewReceived(listen.Delivery{Reason: signature.OK, Forward: &listen.Forwarded{Err: c.err}}, false).Row()
		if note := row[len(row)-1]; !strings.Contains(note, c.want) || strings.HasPrefix(note, "dial") {
			t.Errorf("%v: %q", c.err, note)
		}
	}
}

// TestReceivedText: every text survives, and none can drive a terminal.
func TestReceivedText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "plain", `q"\\`, "a\nb\tc\rd", "\x00\x1b[2J\x7f", "\u009b\u202e\u2066\u200b", "Zoë 漢字 👩‍👩‍👧", "\U000e0001\U0001f600", "\u2028<>&",
	} {
		d := listen.Delivery{Reason: signature.Mismatch, Provider: text, EventID: text, URL: text, Notes: []string{text, text},
			Diagnosis: []verify.Finding{{Cause: text}}}
		raw := NewReceived(d, false).AppendJSON([]byte("x"))[1:]
		for _, r := range string(raw) {
			if term.Hidden(r) {
				t.Errorf("%q is in %s", r, raw)
			}
		}
		var got struct {
			URL       string
			Provider  *string
			EventID   *string `json:"event_id"`
			Diagnosis []struct{ Cause string }
			Notes     []string
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		if got.URL != text || got.Notes[1] != text || got.Diagnosis[0].Cause != text || (got.EventID == nil) != (text == "") || text != "" && *got.Provider != text {
			t.Errorf("%q became %s", text, raw)
		}
	}
}

func TestReception(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s             listen.Summary
		kept, forward string
		want          []string
	}{
		{listen.Summary{}, "x", "y", []string{"No delivery arrived."}},
		{listen.Summary{Total: 1, Taken: 1, Events: map[string]int{"a": 1}}, "", "", []string{"1 delivery: 1 accepted", "events: a 1"}},
		{listen.Summary{Total: 9, Taken: 4, Duplicates: 2, Saved: 3, NotSaved: 1, Forwarded: 1, Refused: 2,
			Invalid: map[signature.Reason]int{signature.Mismatch: 3, signature.Malformed: 2}}, "f.ndjson", "http://x/",
			[]string{"9 deliveries: 4 accepted, 5 invalid (2 malformed-signature, 3 mismatch), 2 duplicates",
				"3 saved in f.ndjson; 1 could not be saved and were answered with 503", "3 forwarded to http://x/; 2 of them failed there"}},
	} {
		if diff := cmp.Diff(c.want, Reception(c.s, c.kept, c.forward)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]listen.Delivery{
		"Valid: signed with the secret of Lead sync wundertreos/w-1.":                  {Reason: signature.OK, Provider: "wundertreos", WebhookID: "w-1", Webhook: "Lead sync"},
		"Valid: signed with the secret of wundertreos/w-1.":                            {Reason: signature.OK, Provider: "wundertreos", WebhookID: "w-1"},
		"Valid: the signature is valid.":                                               {Reason: signature.OK, Provider: "wundertreos"},
		"Not verified: --no-verify accepts every delivery, from any sender.":           {Reason: listen.Unverified},
		"Not a delivery: the method is not POST: providers send deliveries with POST.": {Reason: signature.Unreadable, Notes: []string{"the method is not POST: providers send deliveries with POST"}},
		"Invalid: the JSON was written again. Verify the raw bytes.":                   {Reason: signature.Mismatch, Diagnosis: []verify.Finding{{Explanation: "The JSON was written again.", Fix: "Verify the raw bytes."}, {Explanation: "More."}}},
		"Invalid: the delivery has no signature in the expected header. Check that the provider sent it, and that no proxy on the way removes its headers.": {Reason: signature.NoSignature},
		"Invalid: CRLF became LF. Keep it.":                               {Reason: signature.Mismatch, Diagnosis: []verify.Finding{{Explanation: "CRLF became LF.", Fix: "Keep it."}}},
		"Invalid: no known secret produces this signature for this body.": {Reason: signature.Mismatch},
		"Invalid: no secret is kept for this delivery's provider. Store the webhook's secret with `hookctl secrets set`, or give it with --secret-file or --secret-env.": {Reason: signature.NoSecret},
	} {
		if got := Sentence(&d); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
