package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// Compared is the JSON of an answer beside the recorded one, which is on the left.
type Compared struct {
	Result  string           `json:"result"` // a deliver.Outcome
	Status  *statuses        `json:"status"` // null where it is the same
	Body    []bodyDifference `json:"body"`
	Cut     bool             `json:"cut"`     // the recorded body was: it was compared up to there
	Ignored int              `json:"ignored"` // differences that --ignore left out
	Error   *string          `json:"error"`   // why the recorded answer cannot be read

	c *deliver.Comparison
}

type statuses struct {
	Left  int `json:"left"`
	Right int `json:"right"`
}

// NewCompared describes a comparison.
func NewCompared(c *deliver.Comparison) *Compared {
	v := &Compared{Result: string(c.Outcome), Body: bodyDifferences(c.Body), Cut: c.Cut(), Ignored: c.Ignored, Error: errorText(c.Err), c: c}
	if c.StatusChanged() {
		v.Status = &statuses{c.Was.Status, c.Now.Status}
	}
	return v
}

func bodyDifferences(list []capture.BodyDifference) []bodyDifference {
	var out []bodyDifference
	for _, b := range list {
		out = append(out, bodyDifference{b.Path, b.Left, b.Right})
	}
	return out
}

// Changed reports whether the answer is not as recorded.
func (v *Compared) Changed() bool { return v.c.Outcome == deliver.Changed }

// summary is the comparison in a few words; response is what came.
func (v *Compared) summary(response string) string {
	switch v.c.Outcome {
	case deliver.Same:
		if v.Cut {
			return "as recorded (only a part was recorded)"
		}
		return "as recorded"
	case deliver.Changed:
		return "changed: " + v.changes()
	case deliver.Unreadable:
		return "cannot read the recorded answer: " + word(v.Error)
	case deliver.NotRecorded:
		return "not recorded: " + response
	default:
		return response
	}
}

func (v *Compared) changes() string {
	var parts []string
	if v.Status != nil {
		parts = append(parts, fmt.Sprintf("status %d -> %d", v.Status.Left, v.Status.Right))
	}
	switch n := len(v.Body); {
	case n == 0:
	case v.c.Kind == capture.KindJSON && v.Body[0].Path == ".", v.c.Kind != capture.KindJSON:
		parts = append(parts, "different body")
	case n == 1:
		parts = append(parts, visible(v.Body[0].Path))
	default:
		parts = append(parts, fmt.Sprintf("%s and %d more", visible(v.Body[0].Path), n-1))
	}
	return strings.Join(parts, ", ")
}

// mostDetails is how many differences of an answer are shown to people.
const mostDetails = 50

// Details are the differences of an answer that has changed, for people.
func (s Sent) Details() string {
	v := s.Expect
	if v == nil || !v.Changed() {
		return ""
	}
	var w partWriter
	w.say("--- %s: the answer as recorded", visible(s.name()))
	w.say("+++ %s: the answer now", visible(s.name()))
	if v.Status != nil {
		w.say("- status: %d", v.Status.Left)
		w.say("+ status: %d", v.Status.Right)
	}
	if n := len(v.Body); n > 0 {
		d := Difference{left: &capture.Request{Body: v.c.Left}, right: &capture.Request{Body: v.c.Right}, kind: v.c.Kind, Body: v.Body[:min(n, mostDetails)]}
		d.body(&w)
		if n > mostDetails {
			w.say("... and %s; -o json shows all", term.Plural(n-mostDetails, "more difference", "more differences"))
		}
	}
	return string(w.buf)
}

// ExpectColumns are those of a stream of captures that were sent again and whose
// answers were compared, and their widths.
func ExpectColumns() ([]render.Column, []int) {
	return []render.Column{{Title: "CAPTURE"}, {Title: "EVENT", Spare: 2}, {Title: "STATUS", Tone: statusTone}, {Title: "TIME", Spare: 1}, {Title: "ANSWER", Flexible: true, Tone: toneOf}},
		[]int{24, 24, 6, 7, 40}
}

// ExpectRow is the row of [ExpectColumns].
func ExpectRow(s Sent) (row []string, name string) {
	row, name = ReplayRow(s)
	if s.Expect != nil {
		row[len(row)-1] = s.Expect.summary(s.outcome())
	}
	return row, name
}

// AddSent adds a delivery that was sent again. Where the new answers are recorded, that one is another is no
// failure.
func (r *Report) AddSent(s Sent, update bool) error {
	c := testCase{class: classOf("replay", provider.Text(s.Provider)), name: strings.TrimSpace(provider.Text(s.Source) + " " + provider.Text(s.Event)), source: provider.Text(s.Source)}
	switch x := s.Expect; {
	case s.unusable:
		c.ended, c.kind, c.message = errored, "unreadable", word(s.Error)
	case s.Status == nil:
		c.ended, c.kind, c.message = errored, "unanswered", word(s.Error)
	case s.Error != nil:
		c.ended, c.kind, c.message = errored, "broken-answer", *s.Error
	case x == nil || x.c.Outcome == deliver.NotRecorded:
		if !s.OK {
			c.ended, c.kind, c.message = failed, "not-accepted", "the endpoint answered "+s.status()
		} else if x != nil && !update {
			c.ended, c.message = skipped, "no answer is recorded"
		}
	case update || x.c.Outcome == deliver.Same:
	case x.c.Outcome == deliver.Unreadable:
		c.ended, c.kind, c.message = errored, "unreadable", x.summary("")
	default:
		c.ended, c.kind, c.message = failed, "changed", x.summary("")
		c.lines = strings.Split(strings.TrimSuffix(s.Details(), "\n"), "\n")
	}
	if c.lines == nil {
		c.lines = []string{c.message}
	}
	return r.add(c)
}
