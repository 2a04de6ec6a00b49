package wundertreosapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit is the organization's request budget as the X-RateLimit headers
// tell it. A nil field was absent or no number.
type RateLimit struct {
	Limit     *int
	Remaining *int
	Reset     *time.Time // UTC; the header is read as Unix seconds
}

func rateLimit(h http.Header) RateLimit {
	number := func(name string) *int {
		n, err := strconv.Atoi(strings.TrimSpace(h.Get(name)))
		if err != nil || n < 0 {
			return nil
		}
		return &n
	}
	l := RateLimit{Limit: number("X-RateLimit-Limit"), Remaining: number("X-RateLimit-Remaining")}
	if s := number("X-RateLimit-Reset"); s != nil {
		reset := time.Unix(int64(*s), 0).UTC()
		l.Reset = &reset
	}
	return l
}
