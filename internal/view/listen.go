package view

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/verify"
)

// Received is the JSON of a delivery that was received. What is not known, or
// was not asked for, is null. As for a verdict, diagnosis is absent where the
// delivery is valid, and notes where there are none.
type Received struct {
	ReceivedAt    string  `json:"received_at"` // RFC 3339, UTC, milliseconds
	Method        string  `json:"method"`
	URL           string  `json:"url"`   // the request's target
	Bytes         int     `json:"bytes"` // of the body
	Valid         *bool   `json:"valid"` // null: not verified
	Reason        string  `json:"reason"`
	Provider      *string `json:"provider"`
	WebhookID     *string `json:"webhook_id"`
	Webhook       *string `json:"webhook"`
	EventID       *string `json:"event_id"`
	EventType     *string `json:"event_type"`
	Duplicate     bool    `json:"duplicate"` // the same event was received before
	Saved         bool    `json:"saved"`     // durably
	ForwardStatus *int    `json:"forward_status"`
	ForwardError  *string `json:"forward_error"`
	Status        int     `json:"status"` // of the answer
	LatencyMS     float64 `json:"latency_ms"`

	Diagnosis []Cause  `json:"diagnosis,omitzero"`
	Notes     []string `json:"notes,omitempty"`

	at time.Time
}

// Cause is the JSON of one probable cause of a failure, as in a verdict.
type Cause struct {
	Cause       string `json:"cause"`
	Fix         string `json:"fix"`
	Explanation string `json:"explanation"`
}

// NewReceived describes a delivery.
func NewReceived(d listen.Delivery) Received {
	r := Received{
		ReceivedAt: d.ReceivedAt.UTC().Format("2006-01-02T15:04:05.000Z"), Method: d.Method, URL: d.URL, Bytes: d.Size, Reason: string(d.Reason),
		Provider: orNull(d.Provider), WebhookID: orNull(d.WebhookID), Webhook: orNull(d.Webhook),
		EventID: orNull(d.EventID), EventType: orNull(d.EventType), Duplicate: d.Duplicate, Saved: d.Saved,
		Status: d.Status, LatencyMS: float64(d.Latency.Microseconds()) / 1000, Notes: d.Notes, at: d.ReceivedAt,
	}
	if d.Reason != listen.Unverified {
		valid := d.Taken()
		r.Valid = &valid
	}
	if !d.Taken() {
		r.Diagnosis = causes(d.Diagnosis)
	}
	if f := d.Forward; f != nil {
		if f.Err != nil {
			r.ForwardError = orNull(f.Err.Error())
		} else {
			r.ForwardStatus = &f.Status
		}
	}
	return r
}

// causes is never nil: a failure has a list, if an empty one.
func causes(findings []verify.Finding) []Cause {
	list := make([]Cause, len(findings))
	for i, f := range findings {
		list[i] = Cause(f)
	}
	return list
}

// ReceivedColumns are those of deliveries as they come, and their widths.
func ReceivedColumns() ([]render.Column, []int) {
	return []render.Column{
		{Title: "TIME"},
		{Title: "PROVIDER"},
		{Title: "EVENT"},
		{Title: "VERDICT"},
		{Title: "FORWARD"},
		{Title: "ANSWER"},
		{Title: "LATENCY"},
		{Title: "NOTE", Flexible: true},
	}, []int{12, 11, 20, 12, 7, 6, 9, 40}
}

// Row is the row of [ReceivedColumns]. The time is that of the clock on the wall.
func (r Received) Row() []string {
	return []string{
		r.at.Format("15:04:05.000"), orDash(word(r.Provider)), orDash(word(r.EventType)), r.verdict(), r.forward(),
		strconv.Itoa(r.Status), strconv.FormatFloat(r.LatencyMS, 'f', 1, 64) + " ms", orDash(r.note()),
	}
}

// Name is the event's id.
func (r Received) Name() string {
	if r.EventID == nil {
		return ""
	}
	return *r.EventID
}

func (r Received) verdict() string {
	switch {
	case r.Valid == nil:
		return "NOT VERIFIED"
	case *r.Valid:
		return "valid"
	}
	return "INVALID"
}

func (r Received) forward() string {
	switch {
	case r.ForwardError != nil:
		return "failed"
	case r.ForwardStatus != nil:
		return strconv.Itoa(*r.ForwardStatus)
	}
	return "-"
}

// note is what else there is to say, in the order of its weight.
func (r Received) note() string {
	var parts []string
	if r.Valid != nil && !*r.Valid {
		reason := r.Reason
		var names []string
		for _, c := range r.Diagnosis {
			names = append(names, c.Cause)
		}
		if len(names) > 0 {
			reason += " (" + strings.Join(names, ", ") + ")"
		}
		parts = append(parts, reason)
	}
	if r.Duplicate {
		parts = append(parts, "duplicate")
	}
	if r.ForwardError != nil {
		parts = append(parts, *r.ForwardError)
	}
	return strings.Join(append(parts, r.Notes...), ": ")
}

// Reception says in a few lines how a run went. Kept is the file of the
// deliveries, "" for none.
func Reception(s listen.Summary, kept, forward string) []string {
	head := fmt.Sprintf("%d %s", s.Total, plural(s.Total, "delivery", "deliveries"))
	switch n := s.Total - s.Taken; {
	case s.Total == 0:
		return []string{"No delivery came."}
	case n == 0:
		head += fmt.Sprintf(": %d taken", s.Taken)
	default:
		var parts []string
		for _, reason := range slices.Sorted(maps.Keys(s.Invalid)) {
			parts = append(parts, fmt.Sprintf("%d %s", s.Invalid[reason], reason))
		}
		head += fmt.Sprintf(": %d taken, %d invalid (%s)", s.Taken, n, strings.Join(parts, ", "))
	}
	if s.Duplicates > 0 {
		head += fmt.Sprintf(", %d %s", s.Duplicates, plural(s.Duplicates, "duplicate", "duplicates"))
	}
	lines := []string{head}
	if line := eventLine(s.Events); line != "" {
		lines = append(lines, line)
	}
	if kept != "" {
		line := fmt.Sprintf("%d kept in %s", s.Saved, kept)
		if s.NotSaved > 0 {
			line += fmt.Sprintf("; %d could not be kept and were answered %d", s.NotSaved, http.StatusServiceUnavailable)
		}
		lines = append(lines, line)
	}
	if forward != "" {
		line := fmt.Sprintf("%d forwarded to %s", s.Forwarded, forward)
		if s.Refused > 0 {
			line += fmt.Sprintf("; %d not taken there", s.Refused)
		}
		lines = append(lines, line)
	}
	return lines
}
