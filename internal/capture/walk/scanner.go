package walk

import (
	"bytes"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// Scanner finds where a JSON value ends, and checks its syntax. It can be given the
// text line by line, or with ScanPart in pieces that end anywhere.
type Scanner struct {
	open   []byte // the brackets that are open
	state  scanState
	quoted bool // inside a string
}

// scanState says what comes next in an object or a list.
type scanState byte

const (
	wantValue      scanState = iota
	wantValueOrEnd           // behind the bracket of a list
	wantNameOrEnd            // behind the bracket of an object
	wantName                 // behind a comma in an object
	wantColon
	wantCommaOrEnd
)

type ScanResult byte

const (
	ScanOpen ScanResult = iota // the text ends between two tokens, inside the value
	ScanDone                   // the value ends
	ScanTorn                   // the text ends inside a token
	ScanBad                    // no JSON
)

// deepestValue is how many brackets may be open, as in encoding/json.
const deepestValue = 10000

// Begin forgets what was scanned.
func (s *Scanner) Begin() { s.open, s.state, s.quoted = s.open[:0], wantValue, false }

// Scan goes on with b. It returns the index after the value where it is done, and
// where it is bad that of the first byte that cannot be there.
func (s *Scanner) Scan(b []byte) (int, ScanResult) {
	end, result := s.scan(b, true)
	if result == ScanTorn {
		end = len(b)
	}
	return end, result
}

// ScanPart is Scan for text that may end anywhere. The next text has to begin at the
// index that is returned: where it is torn, that is where a number or a word begins.
func (s *Scanner) ScanPart(b []byte) (int, ScanResult) {
	end, result := s.scan(b, false)
	if result == ScanTorn && s.quoted {
		result = ScanOpen
	}
	return end, result
}

func (s *Scanner) scan(b []byte, last bool) (int, ScanResult) {
	for i := 0; i < len(b); {
		if s.quoted {
			end, result := scanString(b, i)
			if result != ScanDone {
				return end, result
			}
			i, s.quoted = end, false
			if s.state == wantNameOrEnd || s.state == wantName {
				s.state = wantColon
			} else if s.state = wantCommaOrEnd; len(s.open) == 0 {
				return i, ScanDone
			}
			continue
		}
		c := b[i]
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			i++
			continue
		}
		switch s.state {
		case wantColon:
			if c != ':' {
				return i, ScanBad
			}
			s.state = wantValue
			i++
			continue
		case wantCommaOrEnd:
			top := s.open[len(s.open)-1]
			switch {
			case c == ',' && top == '{':
				s.state = wantName
			case c == ',':
				s.state = wantValue
			case c == top+2:
				if s.open = s.open[:len(s.open)-1]; len(s.open) == 0 {
					return i + 1, ScanDone
				}
			default:
				return i, ScanBad
			}
			i++
			continue
		case wantNameOrEnd, wantValueOrEnd:
			if c == s.open[len(s.open)-1]+2 {
				s.state = wantCommaOrEnd
				continue
			}
		}
		name := s.state == wantNameOrEnd || s.state == wantName
		switch {
		case c == '"':
			i, s.quoted = i+1, true
		case name:
			return i, ScanBad
		case c == '{' || c == '[':
			if len(s.open) == deepestValue {
				return i, ScanBad
			}
			s.open = append(s.open, c)
			s.state = wantNameOrEnd
			if c == '[' {
				s.state = wantValueOrEnd
			}
			i++
		default:
			end, result := scanPlain(b, i)
			if result == ScanDone && end == len(b) && !last && b[end-1] <= '9' {
				result = ScanTorn // there may be more digits
			}
			switch result {
			case ScanBad:
				return end, result
			case ScanTorn:
				return i, result
			}
			if i, s.state = end, wantCommaOrEnd; len(s.open) == 0 {
				return i, ScanDone
			}
		}
	}
	if s.quoted {
		return len(b), ScanTorn
	}
	return len(b), ScanOpen
}

// scanString takes an index inside a string.
func scanString(b []byte, i int) (int, ScanResult) {
	for i = jsontext.SkipPlain(b, i); i < len(b); i = jsontext.SkipPlain(b, i+1) {
		switch {
		case b[i] == '"':
			return i + 1, ScanDone
		case b[i] < 0x20:
			return i, ScanBad
		case i+1 == len(b):
			return i, ScanTorn
		case b[i+1] == 'u':
			for k := i + 2; k < i+6; k++ {
				if k == len(b) {
					return i, ScanTorn
				}
				if !recorded.IsHex(b[k]) {
					return i, ScanBad
				}
			}
			i += 5
		case bytes.IndexByte([]byte(`"\/bfnrt`), b[i+1]) < 0:
			return i, ScanBad
		default:
			i++
		}
	}
	return len(b), ScanTorn
}

// scanPlain takes the index of a number, or of one of three words.
func scanPlain(b []byte, i int) (int, ScanResult) {
	rest := b[i:]
	for _, word := range []string{"true", "false", "null"} {
		if rest[0] != word[0] {
			continue
		}
		n := min(len(word), len(rest))
		switch {
		case string(rest[:n]) != word[:n]:
			return i, ScanBad
		case n < len(word):
			return len(b), ScanTorn
		}
		return i + n, ScanDone
	}
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	result := func() (int, ScanResult) {
		if i == len(b) {
			return i, ScanTorn
		}
		return i, ScanBad
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return result()
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return result()
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return result()
		}
	}
	return i, ScanDone
}
