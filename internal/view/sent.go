package view

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
)

// Sent is the JSON of a delivery that was sent, and how it was answered. What
// is not known is null.
type Sent struct {
	Source   *string `json:"source"` // the capture; null for a sample
	URL      string  `json:"url"`
	Provider *string `json:"provider"`
	Event    *string `json:"event"`
	EventID  *string `json:"event_id"`
	Status   *int    `json:"status"` // null where there was no answer
	OK       bool    `json:"ok"`     // a 2xx
	TimeMS   *int64  `json:"time_ms"`
	Response *string `json:"response"` // the beginning of the answer, on one line
	Error    *string `json:"error"`
	// Case is what is special about it, in a trial.
	Case string `json:"case,omitempty"`
	// Expect is how the answer compares with the recorded one, where that was asked for.
	Expect *Compared `json:"expect,omitempty"`

	unusable bool // it cannot be sent at all
}

// NewSent describes a delivery that was sent, or could not be.
func NewSent(d deliver.Sent) Sent {
	s := Sent{
		Source: OrNull(d.Source), URL: d.URL, Provider: OrNull(d.Provider), Event: OrNull(d.Event.Type), EventID: OrNull(d.Event.ID),
		OK: d.Accepted(), Response: OrNull(d.Response), Error: errorText(d.Err),
	}
	s.unusable = errors.As(d.Err, &deliver.Unusable{})
	if d.Status != 0 {
		ms := d.Took.Round(time.Millisecond).Milliseconds()
		s.Status, s.TimeMS = &d.Status, &ms
	}
	return s
}

func (s Sent) time() string {
	if s.TimeMS == nil {
		return "-"
	}
	return strconv.FormatInt(*s.TimeMS, 10) + " ms"
}

// outcome is what came back, in a few words.
func (s Sent) outcome() string { return word(cmp.Or(s.Error, s.Response)) }

func (s Sent) status() string {
	if s.Status == nil {
		return "-"
	}
	return strconv.Itoa(*s.Status)
}

// name is what a name-only output shows: where the delivery came from.
func (s Sent) name() string { return word(cmp.Or(s.Source, s.EventID)) }

// Render shows a single delivery. Why one is not answered, the command's error
// says.
func (s Sent) Render() render.View {
	status := "not answered"
	if s.Status != nil {
		status = strings.TrimSpace(s.status() + " " + http.StatusText(*s.Status))
	}
	event := word(s.Event)
	if s.EventID != nil {
		event += " (" + *s.EventID + ")"
	}
	f := facts{{Label: "Status", Value: status, Tone: statusTone(status)}, {Label: "Time", Value: s.time()}, {Label: "Event", Value: event}}
	f.add("Response", provider.Text(s.Response))
	return render.View{Data: s, Facts: f, Names: []string{s.name()}}
}

// SentColumns are those of a stream of samples that were sent, and their widths.
func SentColumns() ([]render.Column, []int) {
	return []render.Column{{Title: "EVENT", Spare: 1}, {Title: "ID", Spare: 3}, {Title: "STATUS", Tone: statusTone}, {Title: "TIME", Spare: 2}, {Title: "RESPONSE", Flexible: true}},
		[]int{24, 36, 6, 7, 40}
}

// SentRow is the row of [SentColumns].
func SentRow(s Sent) (row []string, name string) {
	return []string{word(s.Event), word(s.EventID), s.status(), s.time(), s.outcome()}, s.name()
}

// TrialColumns are those of a stream of samples in a trial, and their widths.
func TrialColumns() ([]render.Column, []int) {
	columns, widths := SentColumns()
	return append([]render.Column{{Title: "CASE"}}, columns...), append([]int{26}, widths...)
}

// TrialRow is the row of [TrialColumns].
func TrialRow(s Sent) (row []string, name string) {
	row, name = SentRow(s)
	return append([]string{s.Case}, row...), name
}

// ReplayColumns are those of a stream of captures that were sent again, and
// their widths.
func ReplayColumns() ([]render.Column, []int) {
	return []render.Column{{Title: "CAPTURE"}, {Title: "EVENT", Spare: 2}, {Title: "STATUS", Tone: statusTone}, {Title: "TIME", Spare: 1}, {Title: "RESPONSE", Flexible: true}},
		[]int{24, 24, 6, 7, 40}
}

// ReplayRow is the row of [ReplayColumns].
func ReplayRow(s Sent) (row []string, name string) {
	return []string{s.name(), word(s.Event), s.status(), s.time(), s.outcome()}, s.name()
}
