package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// The JSON of a verdict is that of [verify.Result] itself.

// VerdictColumns are the columns of many verdicts, with their usual widths: a
// batch is printed as it is judged, before its longest cell is known.
func VerdictColumns() ([]render.Column, []int) {
	return []render.Column{
		{Title: "VERDICT", Tone: toneOf},
		{Title: "SOURCE"},
		{Title: "PROVIDER", Spare: 3},
		{Title: "WEBHOOK", Spare: 2},
		{Title: "EVENT", Spare: 1},
		{Title: "WHY", Flexible: true, Room: 28}, // mismatch (json-reserialised)
	}, []int{7, 20, 11, 14, 18, 60}
}

// VerdictRow is one verdict as a row of these columns.
func VerdictRow(r *verify.Result) []string {
	return []string{
		verdictWord(r), r.Source, orDash(r.Provider), orDash(cmp.Or(r.Webhook, r.WebhookID)), orDash(r.EventType), why(r),
	}
}

// VerdictName is the source of a delivery that is not valid, for the name format:
// nothing for one that is.
func VerdictName(r *verify.Result) string {
	if r.Valid {
		return ""
	}
	return r.Source
}

func verdictWord(r *verify.Result) string {
	if r.Valid {
		return "valid"
	}
	return "INVALID"
}

// why is the reason of a failure with its causes, or what is odd about a valid
// delivery.
func why(r *verify.Result) string {
	var parts []string
	if !r.Valid {
		parts = append(parts, withCauses(r.Reason, r.Diagnosis))
	}
	if r.Valid || r.Reason == signature.Unreadable || r.Reason == signature.TooOld {
		parts = append(parts, r.Notes...)
	}
	return orDash(strings.Join(parts, ": "))
}

// withCauses is the reason of a failure, with those that were found.
func withCauses(reason signature.Reason, found []verify.Finding) string {
	if len(found) == 0 {
		return string(reason)
	}
	causes := make([]string, len(found))
	for i, f := range found {
		causes[i] = f.Cause
	}
	return string(reason) + " (" + strings.Join(causes, ", ") + ")"
}

// VerdictReport is one verdict in full, for people.
func VerdictReport(r *verify.Result) []render.Fact {
	facts := []render.Fact{{Label: "Verdict", Value: strings.ToUpper(verdictWord(r)), Tone: toneOf(verdictWord(r))}, {Label: "Delivery", Value: r.Source}}
	add := func(label, value string) {
		if value != "" {
			prose := slices.Contains([]string{"Reason", "Cause", "Fix", "Note"}, label)
			facts = append(facts, render.Fact{Label: label, Value: value, Prose: prose})
		}
	}
	add("Read as", readAs(r))
	if !r.Valid {
		add("Reason", fmt.Sprintf("%s: %s", r.Reason, meaningOf(r)))
	}
	switch {
	case r.Webhook != "" && r.WebhookID != "":
		add("Webhook", fmt.Sprintf("%s (%s/%s)", r.Webhook, r.Provider, r.WebhookID))
	case r.WebhookID != "":
		add("Webhook", r.Provider+"/"+r.WebhookID)
	default:
		add("Provider", r.Provider)
		add("Secret", r.Webhook)
	}
	add("Event", strings.TrimSpace(r.EventType+" "+r.EventID))
	for _, f := range r.Diagnosis {
		add("Cause", f.Cause+": "+f.Explanation)
		add("Fix", f.Fix)
		add("See", causePage(f.Cause))
	}
	if len(r.Diagnosis) == 0 {
		add("Fix", nextSteps[r.Reason])
	}
	for _, n := range r.Notes {
		if r.Reason != signature.Unreadable || len(r.Diagnosis) == 0 { // else the cause says it
			add("Note", n)
		}
	}
	if len(r.Assumed) > 0 {
		add("Note", verify.AssumedHint(r.Provider, r.Assumed))
	}
	return facts
}

// readAs is the format of a delivery: one that was read in another than its
// own has a verdict on something else than was meant.
func readAs(r *verify.Result) string {
	if r.Format == capture.Raw && r.Reason != signature.Unreadable {
		return fmt.Sprintf("%s (the whole file, %s)", r.Format, term.Plural(int(r.Size), "byte", "bytes"))
	}
	return r.Format
}

// causePage is where a cause is described at length.
func causePage(cause string) string {
	return "https://github.com/hookctl/hookctl/blob/main/docs/diagnosis.md#" + cause
}

// Reasons are those of a verdict, and what they mean.
var Reasons = []struct {
	Reason  signature.Reason
	Meaning string
}{
	{signature.OK, "the signature is valid"},
	{signature.Mismatch, "no known secret produces this signature for this body"},
	{signature.NoSignature, "the delivery has no signature in the expected header"},
	{signature.Malformed, "the signature has the wrong length or characters"},
	{signature.Conflicting, "the delivery has several signatures, and they differ"},
	{signature.NoSecret, "no secret is kept for this delivery's provider"},
	{signature.TooOld, "the signature is valid, but the delivery's time is outside --max-age"},
	{signature.Unreadable, "the delivery cannot be read"},
}

// meaning is r's, "" for one that is none of them.
func meaning(r signature.Reason) string {
	for _, known := range Reasons {
		if known.Reason == r {
			return known.Meaning
		}
	}
	return ""
}

// meaningOf is the meaning of r's reason: where a secret was chosen, no other was tried.
func meaningOf(r *verify.Result) string {
	if r.Reason == signature.Mismatch && r.Chosen != "" {
		return r.Chosen + " does not produce this signature for this body"
	}
	return meaning(r.Reason)
}

// nextSteps are for failures that no diagnosis explains.
var nextSteps = map[signature.Reason]string{
	signature.NoSignature: "Check that the capture holds the request's headers, or give the signature with --header or --signature.",
	signature.NoSecret:    "Store the webhook's secret with `hookctl secrets set`, or give it with --secret-file or --secret-env.",
}

// VerdictSummary says in a few lines how a batch went.
func VerdictSummary(s *verify.Summary) []string {
	head := fmt.Sprintf("%s: %d valid", term.Plural(s.Total, "delivery", "deliveries"), s.Valid)
	if s.Invalid() > 0 {
		var parts []string
		for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
			part := fmt.Sprintf("%d %s", s.Reasons[reason], reason)
			if causes := commonest(s.Leading[reason]); len(causes) > 0 {
				part += " (" + strings.Join(causes, ", ") + ")"
			}
			parts = append(parts, part)
		}
		head += fmt.Sprintf(", %d invalid: %s", s.Invalid(), strings.Join(parts, ", "))
	}
	lines := []string{head}
	if line := PassedOver(s); line != "" {
		lines = append(lines, line)
	}
	if s.Duplicates > 0 {
		atLeast := ""
		if s.AtLeast {
			atLeast = "at least "
		}
		lines = append(lines, atLeast+term.Plural(s.Duplicates, "duplicate", "duplicates")+": the same event was delivered before")
	}
	if s.Companions > 0 {
		lines = append(lines, term.Plural(s.Companions, "companion", "companions")+": the provider sent the same change as two events")
	}
	if s.Contradictions > 0 {
		lines = append(lines, fmt.Sprintf("%d have headers that contradict the signed body: trust the body", s.Contradictions))
	}
	if line := eventLine(s.Types); line != "" {
		lines = append(lines, line)
	}
	if !s.First.IsZero() && !s.First.Equal(s.Last) {
		lines = append(lines, fmt.Sprintf("from %s to %s", term.Date(s.First), term.Date(s.Last)))
	}
	if s.Undiagnosed > 0 {
		lines = append(lines, fmt.Sprintf("%d more failures were not diagnosed: only the first ones of a batch are", s.Undiagnosed))
	}
	for _, c := range s.Causes {
		lines = append(lines, fmt.Sprintf("%s (%d): %s", c.Cause, c.N, c.Fix))
	}
	return lines
}

// PassedOver says what a run has passed over beside deliveries; empty where
// that is nothing.
func PassedOver(s *verify.Summary) string {
	if what := s.PassedOver(); what != "" {
		return "passed over: " + what
	}
	return ""
}

// shownTypes is how many event types a summary lists.
const shownTypes = 8

// byCount are the keys of counts, the commonest first.
func byCount(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
}

// commonest says how many of each there are.
func commonest(counts map[string]int) []string {
	var parts []string
	for _, name := range byCount(counts) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[name], name))
	}
	return parts
}

// eventLine lists the commonest event types.
func eventLine(types map[string]int) string {
	var parts []string
	rest := 0
	for _, name := range byCount(types) {
		if name == "" || len(parts) == shownTypes {
			rest += types[name]
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, types[name]))
	}
	if len(parts) == 0 {
		return ""
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("others %d", rest))
	}
	return "events: " + strings.Join(parts, ", ")
}
