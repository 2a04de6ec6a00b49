package message

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// BeginsRequest reports whether a line of text that a format has left over begins a
// request that is a delivery, or may be one: it is a request line, or looks like one
// and a header follows, or it is the block of a curl trace in which the head was
// sent. A line of an access log is none, nor is one that a program prints above the
// JSON in which the request is.
func BeginsRequest(line string, rest []byte) bool {
	line = strings.TrimRight(string(WithoutColours([]byte(line))), " \t\r")
	if m := TraceBlock().FindStringSubmatch(line); m != nil {
		return m[1] == "=>" && m[3] == "header"
	}
	if _, field := recorded.ParseField(line); field || !LikeRequestLine(line) {
		return false
	}
	next, _, _ := CutLine(rest[:min(len(rest), MaxLine)])
	next = strings.TrimLeft(next, " \t>|")
	if method, _, ok := RequestLine(Bare(strings.TrimLeft(line, " \t"))); ok {
		return !recorded.MayBeProbe(method) && !strings.HasPrefix(next, "{") && !strings.HasPrefix(next, "[")
	}
	f, ok := recorded.ParseField(next)
	return ok && HttpOnly(f.Name) && !slices.ContainsFunc(strings.Fields(line), recorded.MayBeProbe)
}

// RequestsIn adds the places of the requests that begin in text which is left over,
// and in which more follows behind it.
func RequestsIn(found []recorded.Seen, text, behind []byte, at int) []recorded.Seen {
	for i := 0; i < len(text); {
		line := FirstLine(text[i:])
		next := min(len(text), i+len(line)+1)
		rest := text[next:]
		if len(rest) == 0 {
			rest = behind
		}
		if len(line) < MaxLine && BeginsRequest(string(line), rest) {
			found = append(found, recorded.Seen{At: at + i})
		}
		i = next
	}
	return found
}

// Unread are the places, in order, at which deliveries stand that were left over:
// those of signatures that nothing has carried, and of requests without one. A
// request and the first signature behind it are one delivery.
func Unread(left []recorded.Seen, carried map[string]bool) (places []recorded.Seen) {
	slices.SortStableFunc(left, func(a, b recorded.Seen) int { return cmp.Compare(a.At, b.At) })
	request := -1 // that has no signature so far
	for i, s := range left {
		switch {
		case s.Digest == "":
			if request >= 0 {
				places = append(places, left[request])
			}
			request = i
		case !carried[s.Digest]:
			carried[s.Digest] = true
			places, request = append(places, s), -1
		}
	}
	if request >= 0 {
		places = append(places, left[request])
	}
	return places
}

// HeadLines are the header lines at the start of b.
func HeadLines(b []byte) []byte {
	n := 0
	for n < len(b) && n < MaxHead {
		line := FirstLine(b[n:])
		if _, ok := recorded.ParseField(string(line[:min(len(line), MaxLine)])); !ok {
			break
		}
		n = min(len(b), n+len(line)+1)
	}
	return b[:n]
}
