package capture

import (
	"encoding/base64"
	"slices"
	"time"
	"unicode/utf8"
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
		b = append(appendString(append(b, `"method":`...), r.Method), ',')
	}
	if r.URL != "" {
		b = append(appendString(append(b, `"url":`...), r.URL), ',')
	}
	b = appendHeader(append(b, `"headers":`...), r.Header)
	b = append(b, `,"body_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(b, r.Body), `"}`...)
}

func appendHeader(b []byte, h map[string][]string) []byte {
	var room [32]string
	names := room[:0]
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ":["...)
		for j, value := range h[name] {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendString(b, value)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// appendString quotes s. DEL and the controls of C1 are escaped beside those
// of C0, so that a record can be looked at on a terminal.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case r == utf8.RuneError && n == 1:
			b = append(b, "\uFFFD"...)
		case r < 0xa0:
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&0xf])
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
