package httpx

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter keeps absurd answers within what a Duration and a reader can
// take.
const maxRetryAfter = 365 * 24 * time.Hour

// retryAfter is how long an answer asks to wait: the larger of the header
// Retry-After (seconds or a date) and the body's member retry_after. What is
// absent, nonsense, negative or past is 0, as is every answer but 429 and 503.
func retryAfter(status int, h http.Header, body []byte) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	return max(headerWait(h), bodyWait(body))
}

func headerWait(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	at, err := http.ParseTime(text)
	if err != nil {
		return secondsIn(text)
	}
	// By the provider's own clock where it tells: ours may be wrong.
	from, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		from = now()
	}
	return min(max(at.Sub(from), 0), maxRetryAfter)
}

func bodyWait(body []byte) time.Duration {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return 0
	}
	text := string(fields["retry_after"])
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	return secondsIn(text)
}

func secondsIn(text string) time.Duration {
	n, err := strconv.ParseFloat(text, 64)
	if math.IsNaN(n) || n <= 0 || err != nil && !math.IsInf(n, 1) {
		return 0
	}
	if n >= maxRetryAfter.Seconds() {
		return maxRetryAfter
	}
	return time.Duration(n * float64(time.Second))
}
