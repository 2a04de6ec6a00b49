package capture

import (
	"encoding/base64"
	"maps"
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/term"
)

// Record is a delivery to be kept: the delivery record of the command-line
// contract, section 4.
type Record struct {
	ReceivedAt time.Time // the zero time leaves the member out
	Method     string    // "" leaves the member out
	URL        string    // "" leaves the member out
	// Header holds all values of each name, as http.Header does.
	Header map[string][]string
	Body   []byte
}

// timeLayout is RFC 3339 in UTC with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

// AppendRecord appends r to b as one JSON object on one line, without a line
// end. What [Read] makes of it has the same body, byte for byte, the same
// headers, ordered by name, and the same texts; bytes outside the body that are
// not UTF-8 become U+FFFD, since JSON cannot hold them.
func AppendRecord(b []byte, r Record) []byte {
	b = append(b, '{')
	if !r.ReceivedAt.IsZero() {
		b = append(b, `"received_at":"`...)
		b = append(r.ReceivedAt.UTC().AppendFormat(b, timeLayout), `",`...)
	}
	if r.Method != "" {
		b = append(term.AppendJSON(append(b, `"method":`...), r.Method), ',')
	}
	if r.URL != "" {
		b = append(term.AppendJSON(append(b, `"url":`...), r.URL), ',')
	}
	b = appendHeader(append(b, `"headers":`...), r.Header)
	b = append(b, `,"body_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(b, r.Body), `"}`...)
}

func appendHeader(b []byte, h map[string][]string) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(h)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(term.AppendJSON(b, name), ":["...)
		for j, value := range h[name] {
			if j > 0 {
				b = append(b, ',')
			}
			b = term.AppendJSON(b, value)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}
