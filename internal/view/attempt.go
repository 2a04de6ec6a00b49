package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
)

// Attempt is the JSON of one attempt of a sandbox to deliver an event, or of
// why it made none. Times are those of the sandbox's clock.
type Attempt struct {
	Time      string  `json:"time"` // RFC 3339, UTC
	Provider  string  `json:"provider"`
	WebhookID string  `json:"webhook_id"`
	Event     string  `json:"event"`
	EventID   *string `json:"event_id"`
	URL       string  `json:"url"`
	Attempt   int     `json:"attempt"` // 0: nothing was sent
	Attempts  int     `json:"attempts"`
	Status    *int    `json:"status"` // null where there was no answer
	OK        bool    `json:"ok"`     // a 2xx
	Error     *string `json:"error"`
	Next      *string `json:"next"` // time of the next attempt; null: there is none
}

// NewAttempts describes entries of a sandbox's log.
func NewAttempts(entries []sandbox.LogEntry) []Attempt {
	list := make([]Attempt, len(entries))
	for i, e := range entries {
		list[i] = Attempt{
			Time: stamp(e.Time), Provider: e.Provider, WebhookID: e.WebhookID, Event: e.EventType, EventID: OrNull(e.EventID), URL: e.URL,
			Attempt: e.Number, Attempts: e.Of, OK: e.Delivered(), Error: OrNull(e.Err),
		}
		if e.Status != 0 {
			list[i].Status = &e.Status
		}
		if !e.Next.IsZero() {
			list[i].Next = new(stamp(e.Next))
		}
	}
	return list
}

// stamp is a time to the millisecond: attempts of one second must be told apart.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// timeOfDay is such a time without its date.
func timeOfDay(_ int, cell string) string {
	_, clock, found := strings.Cut(cell, " ")
	if !found {
		return cell
	}
	return strings.TrimSuffix(clock, " UTC")
}

// innermost is the end of an error: what is wrong, without what was tried.
func innermost(_ int, cell string) string {
	return strings.TrimSpace(cell[strings.LastIndex(cell, ": ")+1:])
}

// Attempts is a list of attempts.
func Attempts(list []Attempt) render.View {
	columns := []render.Column{
		{Title: "TIME", Short: timeOfDay},
		{Title: "PROVIDER", Spare: 1},
		{Title: "WEBHOOK", Short: shortIDs(list, func(a Attempt) string { return a.WebhookID }), Spare: 2},
		{Title: "EVENT", Flexible: true},
		{Title: "ATTEMPT"},
		{Title: "STATUS", Flexible: true, Short: func(row int, cell string) string {
			if why := innermost(row, cell); list[row].Attempt > 0 || why == cell {
				return why
			}
			return "not delivered" // why stands behind it, and would look like a failure
		}, Tone: statusTone},
		{Title: "NEXT", Optional: true, Short: timeOfDay},
	}
	return grid(list, columns, func(a Attempt) (row []string, name string) {
		number, status := "-", word(a.Error)
		if a.Attempt > 0 {
			number = fmt.Sprintf("%d/%d", a.Attempt, a.Attempts)
		}
		if a.Status != nil {
			status = strconv.Itoa(*a.Status)
		}
		return []string{term.Dated(a.Time), a.Provider, orDash(a.WebhookID), orDash(a.Event), number, status, word(dated(a.Next))}, word(a.EventID)
	})
}
