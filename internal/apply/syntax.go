package apply

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A search for the place of an error reads beginnings of the text again: this
// often, and this many bytes in all.
const (
	maxLooks     = 1000
	maxLookBytes = 2 << 20
)

// syntax reports an error of the library.
func (p *parser) syntax(data []byte, err error) {
	what, line := problem(err)
	at := Position{Line: line}
	if offset, found := stumble(data, what); found {
		at = position(data, offset)
	}
	at.File = p.name
	p.faults.add(at, "not valid YAML: %s", what)
}

var libraryPlace = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// problem is what an error of the library says, and its line, 0 if it has none:
// often that in which the list or mapping around the error begins.
func problem(err error) (what string, line int) {
	text := err.Error()
	m := libraryPlace.FindStringSubmatch(text)
	line, _ = strconv.Atoi(m[1])
	return text[len(m[0]):], line
}

// stumble is the offset of the character at which the problem shows, unless that
// takes too long to find: the last one of the shortest beginning of data that has
// the problem.
func stumble(data []byte, what string) (offset int, found bool) {
	r := &byRune{data: data}
	_ = decode(r) // its error is known
	looks, left := maxLooks, maxLookBytes
	shows := func(end int) bool {
		looks, left = looks-1, left-end
		err := decode(bytes.NewReader(data[:end]))
		if err == nil {
			return false
		}
		again, _ := problem(err)
		return again == what
	}
	end := r.read
	// Line by line first: what is not ended shows from where it begins.
	for {
		before := bytes.LastIndexByte(data[:max(end-1, 0)], '\n') + 1
		if looks == 0 || left <= 0 || !shows(before) {
			break
		}
		end = before
	}
	for looks > 0 && left > 0 {
		_, size := utf8.DecodeLastRune(data[:end])
		if !shows(end - size) {
			return end - size, true
		}
		end -= size
	}
	return 0, false
}

// decode reads documents up to the first error, which is nil at the end.
func decode(r io.Reader) error {
	d := yaml.NewDecoder(r)
	for {
		var doc yaml.Node
		switch err := d.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
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
var jsonEscape = regexp.MustCompile(`\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)`)

// asYAML is JSON without the escapes that YAML has not, or not in this library: the
// pairs that stand for one character, and \/. What is no JSON stays as it is.
func asYAML(data []byte) []byte {
	if !bytes.Contains(data, []byte(`\`)) || !json.Valid(data) {
		return data
	}
	return jsonEscape.ReplaceAllFunc(data, func(escape []byte) []byte {
		halves := jsonEscape.FindSubmatch(escape)
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
