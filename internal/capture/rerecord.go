package capture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// Place is where a record stands in a file: which line of it, or which item of its
// JSON, counted from 1.
type Place struct {
	Path string
	Line bool
	N    int
}

// PlaceOf is where the record stands that a source names; false where the source is
// no record that stands for itself.
func PlaceOf(source string) (Place, bool) {
	s, err := ParseSelection(source)
	if err != nil {
		return Place{}, false
	}
	p := Place{Path: s.Path, N: 1}
	rest := strings.TrimPrefix(source, s.Path)
	if rest == "" {
		return p, true
	}
	p.Line = rest[0] == ':'
	p.N, err = strconv.Atoi(rest[1:])
	return p, err == nil && p.N > 0 && (p.Line || rest[0] == '#')
}

// Rerecorded is a new answer for the record of a delivery.
type Rerecorded struct {
	Place
	sum    [sha256.Size]byte
	answer []byte
}

// Rerecord is the new answer to a delivery that was read from place; none yet, where
// a is nil.
func Rerecord(place Place, body []byte, a *Answer) Rerecorded {
	r := Rerecorded{Place: place, sum: sha256.Sum256(body)}
	if a == nil {
		return r
	}
	cut := *a
	if len(a.Body) > MostAnswered {
		cut.Body, cut.Cut = a.Body[:MostAnswered], true
	}
	r.answer = cut.AppendJSON(nil)
	return r
}

// ApplyAnswers puts answers into the records of a file that they are for, and leaves
// every other byte as it is. It fails where the file is no capture of records, or no
// longer has these deliveries at their places.
func ApplyAnswers(file []byte, list []Rerecorded) ([]byte, error) {
	if bytes.HasPrefix(file, []byte("\x1f\x8b")) {
		return nil, errors.New("it is compressed: decompress it first, with gunzip")
	}
	lines, items := linesOf(file), itemsOf(file)
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Rerecorded) int { return a.N - b.N })
	var out []byte
	done := 0
	for i, r := range list {
		if i+1 < len(list) && list[i+1].Place == r.Place {
			continue // it was sent once more
		}
		among := items
		if r.Line {
			among = lines
		}
		if r.N < 1 || r.N > len(among) {
			return nil, errNotAtItsPlace(r.N)
		}
		at := among[r.N-1]
		if at.from < done {
			return nil, errNotAtItsPlace(r.N)
		}
		edited, err := r.into(file[at.from:at.to])
		if err != nil {
			return nil, err
		}
		out = append(append(out, file[done:at.from]...), edited...)
		done = at.to
	}
	return append(out, file[done:]...), nil
}

func errNotAtItsPlace(n int) error {
	return fmt.Errorf("record %d is not the delivery that was read there: the file has changed", n)
}

var errNoRecord = errors.New(`it is not a capture of records, which "listen --save" writes: only such captures can hold answers`)

// into is the record with the new answer.
func (r Rerecorded) into(record []byte) ([]byte, error) {
	if !walk.IsRecord(record, false) || !json.Valid(record) {
		return nil, errNoRecord
	}
	was, err := decodedRecord(record)
	if err != nil || sha256.Sum256(was) != r.sum {
		return nil, errNotAtItsPlace(r.N)
	}
	if r.answer == nil {
		return record, nil
	}
	set, err := jsontext.ParseAssignment("answer=" + string(r.answer))
	if err != nil {
		return nil, err
	}
	edited, _, err := set.Apply(record)
	return edited, err
}

// decodedRecord is the body of a record.
func decodedRecord(record []byte) ([]byte, error) {
	batches, err := Read(context.Background(), []string{"-"}, Options{Format: recorded.JSON, Stdin: bytes.NewReader(record)})
	if err != nil {
		return nil, err
	}
	for batch := range batches {
		for r, err := range batch.Each() {
			if err != nil {
				return nil, err
			}
			body, err := r.Whole()
			return bytes.Clone(body), err
		}
	}
	return nil, errNoRecord
}

// part is a part of a file.
type part struct{ from, to int }

// linesOf is what stands on each line, without the white space around it.
func linesOf(file []byte) (parts []part) {
	from := 0
	for line := range bytes.Lines(file) {
		p := part{from, from + len(line)}
		if from == 0 {
			p.from = len(line) - len(message.TrimBOM(line))
		}
		from += len(line)
		p.from = min(jsontext.SkipSpace(file[:p.to], p.from), p.to)
		p.to = p.from + len(bytes.TrimRight(file[p.from:p.to], " \t\r\n"))
		parts = append(parts, p)
	}
	return parts
}

// itemsOf is the JSON documents of a file one after the other, or the elements of
// those that are lists.
func itemsOf(file []byte) (parts []part) {
	i := len(file) - len(message.TrimBOM(file))
	for {
		if i = jsontext.SkipSpace(file, i); i >= len(file) {
			return parts
		}
		end := jsontext.SkipValue(file, i)
		if end == -1 {
			return parts
		}
		if file[i] != '[' {
			parts = append(parts, part{i, end})
		} else {
			jsontext.Each(file[i:end], func(_ []byte, from, to int) bool {
				if to >= 0 {
					parts = append(parts, part{i + from, i + to})
				}
				return true
			})
		}
		i = end
	}
}
