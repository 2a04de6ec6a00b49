package jsontext

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"
)

func TestUnquote(t *testing.T) {
	for _, text := range []string{"", `"`, `a"`, `"a`, `"a"b"`, `"""`, `"\"`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\u12:4"`, `"\u12@4"`, "\"\x1f\""} {
		if got, ok := Unquote(nil, []byte(text)); ok {
			t.Errorf("%s: %q", text, got)
		}
	}
	for text, want := range map[string]string{`""`: "", `"\u0aF9\u09fA"`: "\u0af9\u09fa", `"\ud83d\u0041"`: "\ufffdA", "\" \x7f\"": " \x7f"} {
		if got, ok := Unquote(nil, []byte(text)); !ok || string(got) != want {
			t.Errorf("%s: %q, %v", text, got, ok)
		}
	}
}

// Text takes what encoding/json takes, but for what it would replace.
func TestText(t *testing.T) {
	t.Parallel()
	for quoted, want := range map[string]string{
		`""`: "", `"a\u00e9\/\n"`: "aé/\n", `"\ud83d\ude00"`: "😀", `"\ufffd"`: "\ufffd", "\"\ufffd\"": "\ufffd", `"\\ud800"`: `\ud800`, `"\u0000"`: "\x00",
	} {
		if got, ok := Text([]byte(quoted)); !ok || got != want {
			t.Errorf("%s: %q, %v", quoted, got, ok)
		}
	}
	for _, quoted := range []string{
		``, `null`, `7`, `"`, `"a`, `a"`, `"a"b`, `"\ud800"`, `"a\uD800b"`, `"\udc00"`, `"\udc00\ud800"`, `"\ud800\ud800\udc00"`, `"\ud800\u0041"`, `"\ud83d\n"`, `"\ud83`,
		"\"\xff\"", "\"\xed\xa0\x80\"", "\"a\nb\"", `"\x41"`, `"\u12g4"`,
	} {
		if got, ok := Text([]byte(quoted)); ok {
			t.Errorf("%s: %q", quoted, got)
		}
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, want string
		closed     bool
	}{
		{` {"a": 1 , "b":{"c":[2]},"":"}" } x`, `"a"=1 "b"={"c":[2]} ""="}" `, true},
		{`[ 1,"]",[2, 3],null ]`, `=1 ="]" =[2, 3] =null `, true},
		{`{}`, ``, true}, {` [ ]`, ``, true}, {``, ``, false}, {`7`, ``, false}, {`{`, ``, false}, {`[1`, `=1 `, false}, {`[1 2]`, `=1 `, false},
		{`{"a":1,"b":[2`, `"a"=1 "b"...[2 `, false}, {`{"a":`, `"a"... `, false}, {`{"a"`, ``, false}, {`{a:1}`, ``, false}, {`{"a":1]`, `"a"=1 `, false},
		{`["a`, `..."a `, false}, {`[,]`, `...,] `, false},
	} {
		var got []byte
		closed := Each([]byte(tt.text), func(name []byte, from, to int) bool {
			if got = append(got, name...); to < 0 {
				got = append(got, "..."+tt.text[from:]...)
			} else {
				got = append(got, "="+tt.text[from:to]...)
			}
			got = append(got, ' ')
			return true
		})
		if string(got) != tt.want || closed != tt.closed {
			t.Errorf("%s: %s, closed %t", tt.text, got, closed)
		}
	}
	n := 0
	if Each([]byte(`[1,2,3]`), func([]byte, int, int) bool { n++; return n < 2 }) || n != 2 {
		t.Errorf("stopped after %d", n)
	}
}

// Of valid JSON, Each finds what encoding/json finds, and of anything else it makes
// no more than it can.
func FuzzEach(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\"}"}],"":null}`, `[[],[[]],"x",1.5e3]`, `{"a`, `[`, "\x00", `"\`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var values [][]byte
		named := false
		closed := Each(b, func(name []byte, from, to int) bool {
			if named = name != nil; to >= 0 {
				values = append(values, b[from:to])
			}
			return true
		})
		var list []json.RawMessage
		if json.Unmarshal(b, &list) != nil || list == nil {
			var object map[string]json.RawMessage
			if json.Unmarshal(b, &object) == nil && object != nil && (!closed || len(object) > len(values)) {
				t.Errorf("%q: %d members of %d", b, len(values), len(object))
			}
			return
		}
		if !closed || named || !slices.EqualFunc(values, list, func(x []byte, y json.RawMessage) bool { return bytes.Equal(x, y) }) {
			t.Errorf("%q: %q, not %q", b, values, list)
		}
	})
}

// FuzzStrings holds where a string ends, and what it says, against reading it byte by
// byte.
func FuzzStrings(f *testing.F) {
	for _, s := range []string{`"`, `""`, `"a\"b" "`, `"\\"`, `"\`, `"\"`, `"0123456\\" 789"`, "\"a\x01b\"", "\"\x80\xa2\xdc\xff\"", `"\u00e9\ud83d\ude00\ud800"`, `"\u12"`, `"a`, `"1234567\"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0] != '"' {
			return
		}
		end := 1
		for end < len(b) && b[end] != '"' {
			if b[end] == '\\' {
				end++
			}
			end++
		}
		if end++; end > len(b) {
			end = -1
		}
		if got := SkipString(b, 0); got != end {
			t.Fatalf("%q: ends at %d, not at %d", b, got, end)
		}
		for i := range len(b) + 1 {
			plain := i
			for plain < len(b) && b[plain] >= ' ' && b[plain] != '"' && b[plain] != '\\' {
				plain++
			}
			if got := SkipPlain(b, i); got != plain {
				t.Fatalf("%q: plain from %d to %d, not to %d", b, i, got, plain)
			}
		}
		want, ok := Unquote(nil, b)
		var text string
		if err := json.Unmarshal(b, &text); (err == nil && b[len(b)-1] == '"') != ok || ok && utf8.Valid(b) && string(want) != text {
			t.Fatalf("%q: %q, %t, not %q, %v", b, want, ok, text, err)
		}
		over := bytes.Clone(b)
		if got, _ := Unquote(over[:0], over); ok && !bytes.Equal(got, want) {
			t.Fatalf("%q: %q over itself, not %q", b, got, want)
		}
		if got, same := String(b); got != string(want) || same != ok {
			t.Fatalf("%q: %q, %t, not %q, %t", b, got, same, want, ok)
		}
	})
}
