package capture

import (
	"cmp"
	"slices"
	"strings"
)

// beginsRequest reports whether a line of text that a format has left over begins a
// request that is a delivery, or may be one: it is a request line, or looks like one
// and a header follows, or it is the block of a curl trace in which the head was
// sent. A line of an access log is none, nor is one that a program prints above the
// JSON in which the request is.
func beginsRequest(line string, rest []byte) bool {
	line = strings.TrimRight(string(withoutColours([]byte(line))), " \t\r")
	if m := traceBlock.FindStringSubmatch(line); m != nil {
		return m[1] == "=>" && m[3] == "header"
	}
	if _, field := ParseField(line); field || !likeRequestLine(line) {
		return false
	}
	next, _, _ := cutLine(rest[:min(len(rest), maxLine)])
	next = strings.TrimLeft(next, " \t>|")
	if method, _, ok := requestLine(bare(strings.TrimLeft(line, " \t"))); ok {
		return !mayBeProbe(method) && !strings.HasPrefix(next, "{") && !strings.HasPrefix(next, "[")
	}
	f, ok := ParseField(next)
	return ok && httpOnly(f.Name) && !slices.ContainsFunc(strings.Fields(line), mayBeProbe)
}

// requestsIn adds the places of the requests that begin in text which is left over,
// and in which more follows behind it.
func requestsIn(found []seen, text, behind []byte, at int) []seen {
	for i := 0; i < len(text); {
		line := firstLine(text[i:])
		next := min(len(text), i+len(line)+1)
		rest := text[next:]
		if len(rest) == 0 {
			rest = behind
		}
		if len(line) < maxLine && beginsRequest(string(line), rest) {
			found = append(found, seen{at: at + i})
		}
		i = next
	}
	return found
}

// unread are the places, in order, at which deliveries stand that were left over:
// those of signatures that nothing has carried, and of requests without one. A
// request and the first signature behind it are one delivery.
func unread(left []seen, carried map[string]bool) (places []seen) {
	slices.SortStableFunc(left, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
	request := -1 // that has no signature so far
	for i, s := range left {
		switch {
		case s.digest == "":
			if request >= 0 {
				places = append(places, left[request])
			}
			request = i
		case !carried[s.digest]:
			carried[s.digest] = true
			places, request = append(places, s), -1
		}
	}
	if request >= 0 {
		places = append(places, left[request])
	}
	return places
}

// headLines are the header lines at the start of b.
func headLines(b []byte) []byte {
	n := 0
	for n < len(b) && n < maxHead {
		line := firstLine(b[n:])
		if _, ok := ParseField(string(line[:min(len(line), maxLine)])); !ok {
			break
		}
		n = min(len(b), n+len(line)+1)
	}
	return b[:n]
}
