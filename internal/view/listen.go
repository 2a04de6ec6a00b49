package view

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// ListenState is a line that says how a listener is. Its JSON is an object:
//
//	type     ready, reconnecting, stopped
//	url      to give the provider; absent once it has stopped
//	addr     of ready: the address that the listener has on this machine
//	ui       of ready: the address of the inspector; absent where there is none or where
//	         it is not to be printed
//	why      of reconnecting: why the tunnel does not work
//	wait_ms  of reconnecting: after which it is started again
type ListenState struct {
	Type          string
	URL, Addr, UI string
	Why           string
	Wait          time.Duration
}

// The types of a ListenState.
const (
	ListenReady        = "ready"
	ListenReconnecting = "reconnecting"
	ListenStopped      = "stopped"
)

func (s ListenState) samples() []any {
	return []any{
		ListenState{Type: ListenReady, URL: "x", Addr: "x", UI: "x"}, ListenState{Type: ListenReconnecting, URL: "x", Why: "x"}, ListenState{Type: ListenStopped},
	}
}

// MarshalJSON implements json.Marshaler through [ListenState.AppendJSON].
func (s ListenState) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// AppendJSON appends it as one line of JSON, without a line end.
func (s ListenState) AppendJSON(b []byte) []byte {
	b = term.AppendJSON(append(b, `{"type":`...), s.Type)
	for _, m := range []struct{ name, value string }{{"url", s.URL}, {"addr", s.Addr}, {"ui", s.UI}, {"why", s.Why}} {
		if m.value != "" {
			b = term.AppendJSON(append(append(append(b, ',', '"'), m.name...), '"', ':'), m.value)
		}
	}
	if s.Type == ListenReconnecting {
		b = strconv.AppendInt(append(b, `,"wait_ms":`...), s.Wait.Milliseconds(), 10)
	}
	return append(b, '}')
}

// Received is a delivery that was received. Its JSON is an object whose members
// and their order are promises; what is not known, or was not asked for, is
// null:
//
//	type            delivery
//	received_at     RFC 3339, UTC, with milliseconds
//	method, url     the request's, the URL as it stands there
//	bytes           of the body
//	valid           null: not verified
//	reason          as a verdict's, or "not-verified"
//	provider, webhook_id, webhook, event_id, event_type
//	duplicate       the same event was received before
//	saved           durably
//	forward_status  the target's answer
//	forward_error   why there was none
//	status          of the answer to the sender
//	latency_ms      until then
//	answer          the target's: status and ms; headers, body_base64 and cut too where
//	                bodies are asked for
//	headers, body_base64, body
//	                of the delivery, as in [Shown]; absent where bodies are not asked for
//	diagnosis       as a verdict's; absent where the delivery is not invalid
//	notes           a list of texts; absent where there are none
type Received struct {
	d      listen.Delivery
	bodies bool
}

// NewReceived describes a delivery, with headers and bodies where they are asked for.
func NewReceived(d listen.Delivery, bodies bool) Received {
	if bodies && d.Request == nil {
		d.Notes = append(slices.Clip(d.Notes), "its headers and body are not shown: deliveries arrive too fast")
	}
	return Received{d, bodies}
}

func (r Received) samples() []any {
	full, _ := filled(reflect.TypeFor[listen.Delivery](), true).(*listen.Delivery)
	answered, forward := *full, *full.Forward
	forward.Err, answered.Forward = nil, &forward
	return []any{
		Received{d: *full, bodies: true}, Received{d: answered, bodies: true}, Received{d: answered},
		Received{d: listen.Delivery{Reason: listen.Unverified}, bodies: true},
	}
}

// MarshalJSON implements json.Marshaler through [Received.AppendJSON].
func (r Received) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// AppendJSON appends the delivery as one line of JSON, without a line end.
// Deliveries come by the thousand in a second, so it is made by hand.
func (r Received) AppendJSON(b []byte) []byte {
	d := &r.d
	b = append(b, `{"type":"delivery","received_at":"`...)
	b = append(d.ReceivedAt.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z"), '"')
	b = term.AppendJSON(append(b, `,"method":`...), d.Method)
	b = term.AppendJSON(append(b, `,"url":`...), d.URL)
	b = strconv.AppendInt(append(b, `,"bytes":`...), int64(d.Size), 10)
	b = append(b, `,"valid":`...)
	if d.Reason == listen.Unverified {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendBool(b, d.Taken())
	}
	b = term.AppendJSON(append(b, `,"reason":`...), string(d.Reason))
	b = appendNullable(append(b, `,"provider":`...), d.Provider)
	b = appendNullable(append(b, `,"webhook_id":`...), d.WebhookID)
	b = appendNullable(append(b, `,"webhook":`...), d.Webhook)
	b = appendNullable(append(b, `,"event_id":`...), d.EventID)
	b = appendNullable(append(b, `,"event_type":`...), d.EventType)
	b = strconv.AppendBool(append(b, `,"duplicate":`...), d.Duplicate)
	b = strconv.AppendBool(append(b, `,"saved":`...), d.Saved)
	b = append(b, `,"forward_status":`...)
	if d.Forward != nil && d.Forward.Err == nil {
		b = strconv.AppendInt(b, int64(d.Forward.Status), 10)
	} else {
		b = append(b, "null"...)
	}
	b = appendNullable(append(b, `,"forward_error":`...), r.forwardError())
	b = strconv.AppendInt(append(b, `,"status":`...), int64(d.Status), 10)
	b = strconv.AppendFloat(append(b, `,"latency_ms":`...), r.latency(), 'f', -1, 64)
	b = r.appendAnswer(append(b, `,"answer":`...))
	if r.bodies {
		b = r.appendMessage(append(b, ','))
	}
	if !d.Taken() {
		b = append(b, `,"diagnosis":[`...)
		for i, f := range d.Diagnosis {
			if i > 0 {
				b = append(b, ',')
			}
			b = term.AppendJSON(append(b, `{"cause":`...), f.Cause)
			b = term.AppendJSON(append(b, `,"fix":`...), f.Fix)
			b = append(term.AppendJSON(append(b, `,"explanation":`...), f.Explanation), '}')
		}
		b = append(b, ']')
	}
	if len(d.Notes) > 0 {
		b = append(b, `,"notes":[`...)
		for i, n := range d.Notes {
			if i > 0 {
				b = append(b, ',')
			}
			b = term.AppendJSON(b, n)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// answer is the target's; nil where there is none.
func (r Received) answer() *capture.Answer {
	if r.d.Forward == nil || r.d.Forward.Err != nil {
		return nil
	}
	return r.d.Forward.Answer()
}

func (r Received) appendAnswer(b []byte) []byte {
	a := r.answer()
	switch {
	case a == nil:
		return append(b, "null"...)
	case r.bodies:
		return a.AppendJSON(b)
	}
	b = strconv.AppendInt(append(b, `{"status":`...), int64(a.Status), 10)
	return append(append(append(b, `,"ms":`...), a.Milliseconds...), '}')
}

func (r Received) appendMessage(b []byte) []byte {
	switch q := r.d.Request; {
	case q == nil:
		return append(b, `"headers":null,"body_base64":null,"body":null`...)
	case r.d.Reason == signature.Unreadable: // no body was taken
		return append(capture.AppendHeader(append(b, `"headers":`...), recorded.HeaderOf(q.Header)), `,"body_base64":null,"body":null`...)
	default:
		return appendMessage(b, recorded.HeaderOf(q.Header), q.Body)
	}
}

// PrintBodies lays out, for people, the body of the delivery and that of the answer.
func (r Received) PrintBodies(p *render.Printer) error {
	if !r.bodies || p.Format() != render.Table {
		return nil
	}
	w := partWriter{p: p}
	if q := r.d.Request; q != nil && r.d.Reason != signature.Unreadable {
		w.body("Body", q.Body, int64(len(q.Body)))
	}
	if a := r.answer(); a != nil {
		w.body("Answer", a.Body, answerSize(a))
	}
	w.say("")
	w.flush()
	return w.err
}

func appendNullable(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return term.AppendJSON(b, s)
}

// latency is in milliseconds, to the microsecond.
func (r Received) latency() float64 { return float64(r.d.Latency.Microseconds()) / 1000 }

func (r Received) forwardError() string {
	if r.d.Forward == nil || r.d.Forward.Err == nil {
		return ""
	}
	return r.d.Forward.Err.Error()
}

// ReceivedColumns are those of deliveries as they come, and their widths.
func ReceivedColumns() ([]render.Column, []int) {
	return []render.Column{
		{Title: "TIME", Short: func(_ int, cell string) string { return cell[:min(len(cell), len("15:04:05"))] }},
		{Title: "PROVIDER", Optional: true},
		{Title: "EVENT", Flexible: true},
		{Title: "VERDICT", Tone: toneOf},
		{Title: "FORWARD", Tone: statusTone},
		{Title: "ANSWER", Spare: 1, Tone: statusTone},
		{Title: "LATENCY", Spare: 2},
		{Title: "NOTE", Flexible: true, Room: 20}, // connection refused
	}, []int{12, 11, 20, 7, 7, 6, 9, 40}
}

// Row is the row of [ReceivedColumns]. The time is that of the clock on the wall.
func (r Received) Row() []string {
	d := &r.d
	return []string{
		d.ReceivedAt.Format("15:04:05.000"), orDash(d.Provider), orDash(d.EventType), r.verdict(), r.forward(),
		strconv.Itoa(d.Status), strconv.FormatFloat(r.latency(), 'f', 1, 64) + " ms", orDash(r.note()),
	}
}

// Name is the event's id.
func (r Received) Name() string { return r.d.EventID }

func (r Received) verdict() string {
	switch {
	case r.d.Reason == listen.Unverified:
		return "NOT VERIFIED"
	case r.d.Taken():
		return "valid"
	}
	return "INVALID"
}

func (r Received) forward() string {
	switch f := r.d.Forward; {
	case f == nil:
		return "-"
	case f.Err != nil:
		return "failed"
	default:
		return strconv.Itoa(f.Status)
	}
}

// note is what else there is to say, in the order of its weight.
func (r Received) note() string {
	var parts []string
	if !r.d.Taken() {
		parts = append(parts, withCauses(r.d.Reason, r.d.Diagnosis))
	}
	if r.d.Duplicate {
		parts = append(parts, "duplicate")
	}
	if f := r.d.Forward; f != nil && f.Err != nil {
		parts = append(parts, cause(f.Err))
	}
	return strings.Join(append(parts, r.d.Notes...), ": ")
}

// cause is what is wrong with a connection, without its addresses, which are those of
// the target each time.
func cause(err error) string {
	var op *net.OpError
	var call *os.SyscallError
	switch {
	case errors.As(err, &op) && errors.As(op.Err, &call):
		return call.Err.Error()
	case op != nil && op.Err != nil:
		return op.Err.Error()
	}
	return err.Error()
}

// Reception says in a few lines how a run went. Kept is the file of the
// deliveries, "" for none.
func Reception(s listen.Summary, kept, forward string) []string {
	head := term.Plural(s.Total, "delivery", "deliveries")
	switch n := s.Total - s.Taken; {
	case s.Total == 0:
		return []string{"No delivery arrived."}
	case n == 0:
		head += fmt.Sprintf(": %d accepted", s.Taken)
	default:
		var parts []string
		for _, reason := range slices.Sorted(maps.Keys(s.Invalid)) {
			parts = append(parts, fmt.Sprintf("%d %s", s.Invalid[reason], reason))
		}
		head += fmt.Sprintf(": %d accepted, %d invalid (%s)", s.Taken, n, strings.Join(parts, ", "))
	}
	if s.Duplicates > 0 {
		head += ", " + term.Plural(s.Duplicates, "duplicate", "duplicates")
	}
	lines := []string{head}
	if line := eventLine(s.Events); line != "" {
		lines = append(lines, line)
	}
	if kept != "" {
		line := fmt.Sprintf("%d saved in %s", s.Saved, kept)
		if s.NotSaved > 0 {
			line += fmt.Sprintf("; %d could not be saved and were answered with %d", s.NotSaved, http.StatusServiceUnavailable)
		}
		lines = append(lines, line)
	}
	if forward != "" {
		line := fmt.Sprintf("%d forwarded to %s", s.Forwarded+s.Refused, forward)
		if s.Refused > 0 {
			line += fmt.Sprintf("; %d of them failed there", s.Refused)
		}
		lines = append(lines, line)
	}
	return lines
}

// Sentence says how a delivery was judged, and what to do.
func Sentence(d *listen.Delivery) string {
	switch {
	case d.Reason == listen.Unverified:
		return "Not verified: --no-verify accepts every delivery, from any sender."
	case d.Taken() && d.WebhookID != "":
		return fmt.Sprintf("Valid: signed with the secret of %s.", strings.TrimSpace(d.Webhook+" "+d.Provider+"/"+d.WebhookID))
	case d.Taken():
		return "Valid: " + meaning(d.Reason) + "."
	case d.Reason == signature.Unreadable && len(d.Notes) > 0:
		return "Not a delivery: " + strings.Join(d.Notes, "; ") + "."
	}
	said, fix := meaning(d.Reason)+".", nextSteps[d.Reason]
	if d.Reason == signature.NoSignature { // there is no capture to look at
		fix = "Check that the provider sent it, and that no proxy on the way removes its headers."
	}
	if len(d.Diagnosis) > 0 {
		said, fix = d.Diagnosis[0].Explanation, d.Diagnosis[0].Fix
	}
	return strings.TrimSpace("Invalid: " + continued(said) + " " + fix)
}

// continued is a sentence that goes on after a colon: its first letter is small,
// unless it begins an abbreviation.
func continued(sentence string) string {
	if len(sentence) < 2 || sentence[1] >= 'A' && sentence[1] <= 'Z' {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}
