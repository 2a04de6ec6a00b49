package verify

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// Result is the verdict on one delivery. Its JSON is the public object of the
// command-line contract: member names and order are promises. What is not
// known is null; diagnosis is absent where the delivery is valid and a list,
// perhaps an empty one, where it is not; notes are absent where there are
// none.
type Result struct {
	Source    string
	Valid     bool
	Provider  string
	WebhookID string
	Webhook   string // its name
	// Format is the name of the format that the delivery was read in; empty where
	// its input could not be read.
	Format string
	// Size is how many bytes the payload has, where it is the whole input.
	Size      int64
	EventID   string
	EventType string
	// Assumed are the parts of the scheme that the provider does not document; the
	// JSON has them among the notes.
	Assumed []string
	Reason  signature.Reason
	// Chosen is Options.Chosen, of a mismatch: other secrets were not tried.
	Chosen string
	// Diagnosis names what would have made the delivery valid, the likeliest
	// cause first. It never changes the verdict.
	Diagnosis []Finding
	// Notes are remarks for people: why something is unreadable, headers that
	// contradict the signed body, a format that is not byte-exact.
	Notes []string
}

// MarshalJSON implements json.Marshaler through [Result.AppendJSON].
func (r Result) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// AppendJSON appends the result as one line of JSON, without a newline. It is
// what the batch engine writes by the hundred thousand, so it is made by hand.
func (r *Result) AppendJSON(b []byte) []byte {
	b = term.AppendJSON(append(b, `{"source":`...), r.Source)
	b = strconv.AppendBool(append(b, `,"valid":`...), r.Valid)
	b = appendNullable(append(b, `,"provider":`...), r.Provider)
	b = appendNullable(append(b, `,"webhook_id":`...), r.WebhookID)
	b = appendNullable(append(b, `,"webhook":`...), r.Webhook)
	b = appendNullable(append(b, `,"format":`...), r.Format)
	b = appendNullable(append(b, `,"event_id":`...), r.EventID)
	b = appendNullable(append(b, `,"event_type":`...), r.EventType)
	b = term.AppendJSON(append(b, `,"reason":`...), string(r.Reason))
	if !r.Valid {
		b = append(b, `,"diagnosis":[`...)
		for i, f := range r.Diagnosis {
			if i > 0 {
				b = append(b, ',')
			}
			b = term.AppendJSON(append(b, `{"cause":`...), f.Cause)
			b = term.AppendJSON(append(b, `,"fix":`...), f.Fix)
			b = term.AppendJSON(append(b, `,"explanation":`...), f.Explanation)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	if len(r.Notes) > 0 || len(r.Assumed) > 0 {
		b = append(b, `,"notes":[`...)
		for i, n := range r.Notes {
			if i > 0 {
				b = append(b, ',')
			}
			b = term.AppendJSON(b, n)
		}
		if len(r.Assumed) > 0 {
			if len(r.Notes) > 0 {
				b = append(b, ',')
			}
			b = term.AppendJSON(b, AssumedNote(r.Provider, r.Assumed))
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// AssumedNote says that a verdict rests on a guess about these parts of a scheme.
func AssumedNote(provider string, parts []string) string {
	if slices.Contains(parts, "signature-header") && slices.Contains(parts, "digest-encoding") {
		return "assumed: " + provider + " documents neither the header nor the encoding of its signature"
	}
	return "assumed: " + provider + " does not document the " + strings.Join(parts, ", ") + " of its signature"
}

// AssumedHint is AssumedNote with the flags that set the parts.
func AssumedHint(provider string, parts []string) string {
	note := AssumedNote(provider, parts)
	last := len(parts) - 1
	if last == 0 {
		return note + "; set it with --" + parts[0]
	}
	return note + "; set them with --" + strings.Join(parts[:last], ", --") + " and --" + parts[last]
}

func appendNullable(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return term.AppendJSON(b, s)
}
