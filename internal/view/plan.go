package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// planFormat is the version of the JSON documents of plan and apply. It rises
// when a member changes its meaning or goes; members may be added without.
const planFormat = 1

// plan is the JSON document of `plan`, and of `apply` with what became of it.
type plan struct {
	FormatVersion int            `json:"format_version"`
	Profile       string         `json:"profile"`
	Differences   bool           `json:"differences"` // something is to be done at a provider
	Summary       map[string]int `json:"summary"`
	Changes       []change       `json:"changes"`
	Warnings      []string       `json:"warnings"`
	Reach         []reach        `json:"reach,omitempty"`
}

// reach is something that the manifest does beyond the settings of webhooks.
type reach struct {
	Does     string  `json:"does"` // send, run, write
	At       string  `json:"at"`
	Field    *string `json:"field"`    // where a variable is sent
	Variable *string `json:"variable"` // null for a sink
	Sink     *string `json:"sink"`     // null for a variable
	Needs    *string `json:"needs"`    // the flag without which apply refuses it
}

type change struct {
	Action     string        `json:"action"`
	Provider   string        `json:"provider"`
	ID         *string       `json:"id"` // null for a create
	Name       string        `json:"name"`
	URL        string        `json:"url"`
	Origin     string        `json:"origin,omitempty"` // of the base URL, where that is not the provider's own
	At         *string       `json:"at"`               // the place in the manifest; null for a delete
	Fields     []apply.Field `json:"fields"`
	NewSecret  bool          `json:"new_secret"`
	SecretKept bool          `json:"secret_kept"` // the present one
	SecretTo   []string      `json:"secret_to"`

	*outcome // apply only
}

// outcome is what became of a change.
type outcome struct {
	Result string  `json:"result"`
	NewID  *string `json:"new_id"` // of a webhook that was made
	Sinks  []Sink  `json:"sinks"`
	Error  *string `json:"error"`
}

// Plan is the diff of `plan`.
func Plan(p *apply.Plan) render.View {
	v := render.View{Data: newPlan(p), Lines: PlanLines(p)}
	for _, c := range p.Changes {
		v.Names = append(v.Names, c.Ref())
	}
	return v
}

func newPlan(p *apply.Plan) plan {
	doc := plan{
		FormatVersion: planFormat, Profile: p.Profile, Differences: p.Differs(),
		Summary: map[string]int{"unchanged": p.Unchanged}, Changes: []change{}, Warnings: append([]string{}, p.Warnings...),
	}
	for _, a := range apply.Actions {
		doc.Summary[string(a)] = p.Count(a)
	}
	for _, c := range p.Changes {
		doc.Changes = append(doc.Changes, change{
			Action: string(c.Action), Provider: c.Driver.Name, ID: OrNull(c.ID), Origin: c.Origin, Name: c.Name, URL: c.URL, At: OrNull(c.At.String()),
			Fields: c.Fields, NewSecret: c.NewSecret(), SecretKept: c.Kept, SecretTo: c.SecretTo,
		})
	}
	for _, r := range p.Reach {
		doc.Reach = append(doc.Reach, reach{
			Does: r.Does, At: r.At.String(), Field: OrNull(r.Field), Variable: OrNull(r.Variable), Sink: OrNull(r.Sink), Needs: OrNull(r.Needs),
		})
	}
	return doc
}

// Applied is the result of `apply`.
func Applied(p *apply.Plan, outcomes []apply.Outcome) render.View {
	doc := newPlan(p)
	v := render.View{Names: []string{}}
	count := map[apply.Result]int{}
	for i, o := range outcomes {
		count[o.Result]++
		out := &outcome{Result: string(o.Result), Sinks: NewSinks(o.Sinks), Error: errorText(o.Err)}
		if o.ID != "" && o.ID != o.Change.ID {
			out.NewID = &o.ID
		}
		doc.Changes[i].outcome = out
		v.Names = append(v.Names, o.Change.Driver.Name+"/"+cmp.Or(o.ID, o.Change.Name))
		l := signed(o.Change.Action, outcomeText(o))
		if o.Result == apply.Failed || o.Result == apply.Conflict {
			l.Tone = render.Bad
		}
		v.Lines = append(v.Lines, l)
	}
	if len(outcomes) > 0 {
		v.Lines = append(v.Lines, render.Line{})
	}
	text := ""
	switch bad := count[apply.Failed] + count[apply.Conflict]; {
	case len(outcomes) == 0:
		text = fmt.Sprintf("Nothing to do: %d unchanged.", p.Unchanged)
	case bad == 0 && count[apply.Skipped] == 0:
		text = fmt.Sprintf("Done: %d; %d unchanged.", count[apply.Done], p.Unchanged)
	default:
		text = fmt.Sprintf("Done: %d; failed: %d; conflicts: %d; not started: %d; %d unchanged. Run apply again to continue.",
			count[apply.Done], count[apply.Failed], count[apply.Conflict], count[apply.Skipped], p.Unchanged)
	}
	v.Data, v.Lines = doc, append(v.Lines, render.Line{Text: text})
	return v
}

// outcomeText is one outcome in words.
func outcomeText(o apply.Outcome) string {
	c := o.Change
	who := c.Driver.Name + " " + quoted(c.Name)
	if o.ID != "" {
		who += " (" + term.Clean(o.ID) + ")"
	}
	switch {
	case o.Result == apply.Skipped:
		return who + ": not started"
	case o.Err != nil && o.Kept && o.ID != c.ID:
		return who + ": created, secret kept, but the steps after that were not all done"
	case o.Result == apply.Conflict:
		return who + ": conflict, not changed"
	case o.Result == apply.Failed:
		return who + ": failed"
	}
	handed := ""
	if len(o.Sinks) > 0 {
		handed = ", and sent to its sinks"
	}
	switch c.Action {
	case apply.Create:
		return who + ": created, secret kept" + handed
	case apply.Replace:
		return who + ": replaced, NEW SECRET kept" + handed
	case apply.Delete:
		if !c.Driver.Deletes {
			return who + ": disabled"
		}
		return who + ": deleted"
	case apply.Adopt:
		return who + ": adopted"
	}
	return who + ": updated"
}

func quoted(name string) string {
	if name == "" {
		return "(no name)"
	}
	return `"` + term.Clean(name) + `"`
}

// signed is a line about an action, with the sign that a diff begins it with.
func signed(a apply.Action, text string) render.Line {
	sign, tone := "=", render.Plain
	switch a {
	case apply.Create:
		sign, tone = "+", render.Good
	case apply.Update:
		sign, tone = "~", render.Change
	case apply.Replace:
		sign, tone = "-/+", render.Change
	case apply.Delete:
		sign, tone = "-", render.Bad
	}
	return render.Line{Lead: fmt.Sprintf("%-3s ", sign), LeadTone: tone, Text: text}
}

// PlanLines is a plan for people.
func PlanLines(p *apply.Plan) []render.Line {
	var lines []render.Line
	for _, c := range p.Changes {
		lines = append(lines, changeLines(c)...)
	}
	if len(p.Changes) > 0 {
		lines = append(lines, render.Line{})
	}
	lines = append(lines, reachLines(p.Reach)...)
	for _, w := range p.Warnings {
		lines = append(lines, render.Line{Lead: "warning: ", LeadTone: render.Change, Text: term.Clean(w)})
	}
	if len(p.Warnings) > 0 {
		lines = append(lines, render.Line{})
	}
	return append(lines, summary(p)...)
}

// reachLines name what the manifest does beyond the settings of webhooks.
func reachLines(list []apply.Reach) []render.Line {
	if len(list) == 0 {
		return nil
	}
	lines := []render.Line{{Text: "A manifest is code. This manifest:"}}
	for _, r := range list {
		verb := map[string]string{apply.Sends: "sends", apply.Runs: "runs", apply.Writes: "writes"}[r.Does]
		text := fmt.Sprintf("%s (%s)", term.Clean(r.What()), term.Clean(r.At.String()))
		if r.Needs != "" {
			text += ": apply REFUSES this without " + term.Clean(r.Needs)
		}
		lines = append(lines, field(verb, text))
	}
	return append(lines, render.Line{})
}

// field is a line below that of a change.
func field(name, text string) render.Line {
	return render.Line{Lead: fmt.Sprintf("      %-8s ", name), Text: text}
}

func changeLines(c *apply.Change) []render.Line {
	verb := string(c.Action)
	if c.Action == apply.Delete && !c.Driver.Deletes {
		verb = "disable"
	}
	text := fmt.Sprintf("%s %s %s", verb, c.Driver.Name, quoted(c.Name))
	if c.ID != "" {
		text += fmt.Sprintf(" (%s)", term.Clean(c.ID))
	}
	if c.Action == apply.Replace {
		text += ": NEW SECRET"
	}
	first := signed(c.Action, text)
	first.Tone = first.LeadTone
	lines := []render.Line{first}
	for _, f := range c.Fields {
		if f.From == nil && f.Name == "name" {
			continue // it stands in the line above
		}
		l := field(f.Name, fieldText(c, f))
		_, l.Signs = f.From.([]string)
		lines = append(lines, l)
	}
	if c.NewSecret() {
		to := "the store"
		for _, s := range c.SecretTo {
			to += ", " + term.Clean(s)
		}
		word := "new"
		if c.Action == apply.Replace {
			word = "NEW: " + c.Driver.Title + " cannot change a webhook in place, and the old secret stops working"
		}
		lines = append(lines, field("secret", word+"; to "+to))
	}
	return lines
}

// fieldText is a difference on one line.
func fieldText(c *apply.Change, f apply.Field) string {
	s := valueText(f.To)
	from, isList := f.From.([]string)
	to, _ := f.To.([]string)
	switch {
	case f.From == nil && c.Action == apply.Create:
	case isList:
		s = strings.Join(append(prefixed("+", to, from), prefixed("-", from, to)...), " ")
	case f.From != nil && f.Note == "":
		s = valueText(f.From) + " -> " + s
	}
	if f.Note != "" {
		s += " (" + f.Note + ")"
	}
	return s
}

func valueText(v any) string {
	switch v := v.(type) {
	case []string:
		return term.Clean(strings.Join(v, ", "))
	case string:
		return cmp.Or(term.Clean(v), "(none)")
	}
	return fmt.Sprint(v)
}

// prefixed are those of list that are not in other, each with a sign.
func prefixed(sign string, list, other []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(other, s) {
			out = append(out, sign+term.Clean(s))
		}
	}
	return out
}

func summary(p *apply.Plan) []render.Line {
	if len(p.Changes) == 0 {
		return []render.Line{{Text: fmt.Sprintf("No changes: %d unchanged.", p.Unchanged)}}
	}
	var parts []string
	for _, a := range apply.Actions {
		n := p.Count(a)
		switch {
		case n == 0:
		case a == apply.Replace:
			parts = append(parts, fmt.Sprintf("%d to replace (NEW SECRET)", n))
		case a == apply.Delete:
			parts = append(parts, fmt.Sprintf("%d to delete or disable", n))
		default:
			parts = append(parts, fmt.Sprintf("%d to %s", n, a))
		}
	}
	parts = append(parts, fmt.Sprintf("%d unchanged", p.Unchanged))
	lines := []render.Line{{Text: "Plan: " + strings.Join(parts, ", ") + "."}}
	if !p.Differs() {
		lines = append(lines, render.Line{Text: "Nothing will change at a provider."})
	}
	return lines
}
