package apply

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/pattern"
)

var libraryPlace = pattern.Of(`^(?:yaml: )?(?:line (\d+): )?`)

// syntax reports an error of the library, which has read r. Its line is often that
// in which the list or mapping around the error begins; where it has none, it is
// that of the last character that was read.
func (p *parser) syntax(err error, r *byRune) {
	text := err.Error()
	m := libraryPlace().FindStringSubmatch(text)
	line, _ := strconv.Atoi(m[1])
	if line == 0 {
		line = position(r.data, max(r.read-1, 0)).Line
	}
	p.faults.add(Position{File: p.name, Line: line}, "not valid YAML: %s", text[len(m[0]):])
}

// byRune gives a character at a time, and so knows how far the library looked.
type byRune struct {
	data []byte
	read int
}

func (r *byRune) Read(p []byte) (int, error) {
	if r.read == len(r.data) {
		return 0, io.EOF
	}
	_, size := utf8.DecodeRune(r.data[r.read:])
	n := copy(p, r.data[r.read:r.read+size])
	r.read += n
	return n, nil
}

// position is the line and column of the character at an offset.
func position(data []byte, offset int) Position {
	before := data[:offset]
	line := bytes.LastIndexByte(before, '\n') + 1
	return Position{Line: bytes.Count(before, []byte("\n")) + 1, Column: utf8.RuneCount(before[line:]) + 1}
}

// notText is the offset of the first byte that is not UTF-8, or -1.
func notText(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// jsonEscape is an escape of JSON. If it is a surrogate pair, its halves are the
// groups.
var jsonEscape = pattern.Of(`\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)`)

// asYAML is JSON without the escapes that YAML has not, or not in this library: the
// pairs that stand for one character, and \/. What is no JSON stays as it is.
func asYAML(data []byte) []byte {
	if !bytes.Contains(data, []byte(`\`)) || !json.Valid(data) {
		return data
	}
	return jsonEscape().ReplaceAllFunc(data, func(escape []byte) []byte {
		halves := jsonEscape().FindSubmatch(escape)
		high, err1 := strconv.ParseUint(string(halves[1]), 16, 16)
		low, err2 := strconv.ParseUint(string(halves[2]), 16, 16)
		switch {
		case err1 == nil && err2 == nil:
			return utf8.AppendRune(nil, utf16.DecodeRune(rune(high), rune(low)))
		case string(escape) == `\/`:
			return []byte("/")
		}
		return escape
	})
}
