package term

import (
	"strings"
	"time"
)

// Date is a time as people read it: in UTC, to the second.
func Date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Dated is a time that somebody wrote, as [Date] writes it, with the milliseconds
// that it has. One without a zone stays without, since nobody knows which it is;
// what is no time stays as it is.
func Dated(text string) string {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		if strings.Contains(text, ".") {
			return t.UTC().Format("2006-01-02 15:04:05.000 UTC")
		}
		return Date(t)
	}
	if t, err := time.Parse("2006-01-02T15:04:05.999999999", text); err == nil {
		return t.Format("2006-01-02 15:04:05")
	}
	return text
}
