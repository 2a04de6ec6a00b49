package printed

import (
	"bytes"
	"regexp"
	"testing"
)

// The rule as an expression, which costs more to compile than most captures to read.
var jsonCell = regexp.MustCompile(`(?:^|[,;\t|])"[{\[][^"]{0,256}""`)

func FuzzJSONCell(f *testing.F) {
	for _, text := range []string{`"{""a"": 1}"`, `1,"[{""a"": 1}]"`, `a|"{""`, `x"{""`, `"{"a`, "a\n\"{\"\"", `"{` + string(bytes.Repeat([]byte("x"), 256)) + `""`, `"{` + string(bytes.Repeat([]byte("x"), 257)) + `""`, "\"{\n\"\"", `"{`, `,"{"",`, `"{","{""`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, c := range text {
			if c >= 0x80 {
				t.Skip("an expression counts runes")
			}
		}
		at := jsonCell.FindIndex(text)
		want := at != nil && bytes.IndexByte(text[:at[0]+1], '\n') < 0
		if got := hasJSONCell(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	})
}
