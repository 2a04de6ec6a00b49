package walk

import (
	"encoding/json"
	"strings"
	"testing"
)

// The scanner takes what encoding/json takes, and says where it ends.
func FuzzValueScanner(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `{"a":1}`, `{"a":[1,-0.5e+7,true,false,null,"\u00e9\n"],"b":{"c":{}}}`, `[1,]`, `{"a"}`, `{,}`, `[01]`, `[1.]`, `["` + "\x01" + `"]`,
		`["\x22"]`, `["\u12g4"]`, `[tru]`, `[-]`, `[1e]`, `{"a":1,}`, `[[[[]]]]`, "[\"\xff\"]", `{"a":1]`, strings.Repeat("[", 10001) + strings.Repeat("]", 10001),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || data[0] != '{' && data[0] != '[' {
			return
		}
		var s Scanner
		s.Begin()
		end, result := s.Scan(data)
		if result == ScanDone && !json.Valid(data[:end]) {
			t.Fatalf("%q: done, and no JSON", data[:end])
		}
		if result != ScanDone && json.Valid(data) {
			t.Fatalf("%q: JSON, and %d at %d", data, result, end)
		}
		if end < 1 || end > len(data) || result == ScanBad && end == len(data) || (result == ScanOpen || result == ScanTorn) && end != len(data) {
			t.Fatalf("%q: %d at %d", data, result, end)
		}
		// Byte by byte it is the same.
		s.Begin()
		from, to, step := 0, 0, ScanOpen
		for to < len(data) && (step == ScanOpen || step == ScanTorn) {
			var n int
			to++
			n, step = s.ScanPart(data[from:to])
			from += n
		}
		if (step == ScanDone || step == ScanBad) && from != end || step != result && (step == ScanDone || result == ScanDone) {
			t.Fatalf("%q: %d at %d, byte by byte %d at %d", data, result, end, step, from)
		}
		// Line by line it is the same, where no line end is inside a token.
		s.Begin()
		at := 0
		for line := range strings.SplitAfterSeq(string(data), "\n") {
			if len(line) == 0 {
				break
			}
			n, step := s.Scan([]byte(line))
			if at += n; step == ScanOpen {
				continue
			}
			if step == ScanTorn { // the line end is in a token
				return
			}
			if step != result || at != end {
				t.Fatalf("%q: %d at %d, line by line %d at %d", data, result, end, step, at)
			}
			return
		}
		if result == ScanDone || result == ScanBad {
			t.Fatalf("%q: %d at %d, line by line it goes on", data, result, end)
		}
	})
}
