package capture

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// HeaderDifference is a header whose values are not the same on both sides. A side
// without it is nil.
type HeaderDifference struct {
	Name        string // as the left side writes it, if it does
	Left, Right []string
}

// CompareHeaders returns in what two heads differ, in the order of the left one:
// names without regard to case, the values of each name as a list. The order of
// the names makes no difference.
func CompareHeaders(left, right Header) []HeaderDifference {
	var differences []HeaderDifference
	l, r := valuesByName(left), valuesByName(right)
	seen := map[string]bool{}
	for _, f := range slices.Concat(left, right) {
		name := recorded.FoldName(f.Name)
		if !seen[name] && !slices.Equal(l[name], r[name]) {
			differences = append(differences, HeaderDifference{f.Name, l[name], r[name]})
		}
		seen[name] = true
	}
	return differences
}

func valuesByName(h Header) map[string][]string {
	values := map[string][]string{}
	for _, f := range h {
		name := recorded.FoldName(f.Name)
		values[name] = append(values[name], f.Value)
	}
	return values
}

// BodyKind is as what two bodies were compared.
type BodyKind string

// The kinds. A body that is JSON on both sides is JSON; else one that is text on
// both sides is text.
const (
	KindJSON  BodyKind = "JSON"
	KindText  BodyKind = "text"
	KindBytes BodyKind = "bytes"
)

// BodyDifference is one thing in which two bodies differ. Left and Right are JSON
// values; nil where a side has nothing there.
type BodyDifference struct {
	// Path is that of a value in JSON, as jq writes it; "line N" of the left text,
	// or "byte N", from 1.
	Path        string
	Left, Right []byte
}

const (
	// mostCompared is up to which size a body is compared as more than bytes.
	mostCompared = 8 << 20
	// mostDifferences is how many differences inside of one value are told apart: one
	// with more is a difference as a whole.
	mostDifferences = 1000
	// deepestCompared is up to which depth JSON is walked. What is deeper is compared
	// as it is written.
	deepestCompared = 64
	// shownBytes is how much is shown of bodies that are compared as bytes.
	shownBytes = 16
)

// CompareBodies returns in what two bodies differ; nothing where they are the same
// bytes.
//
// JSON is compared value by value, lists by position: numbers as they are written,
// strings by what they say. Where nothing differs but the layout, the order of
// members or escapes, the difference is the first byte that does. Text is compared
// line by line. Of anything else, and of bodies over 8 MiB, the first byte that
// differs is the difference.
func CompareBodies(left, right []byte) (BodyKind, []BodyDifference) {
	kind := bodyKind(left, right)
	switch {
	case bytes.Equal(left, right):
		return kind, nil
	case kind == KindJSON:
		if differences := (&comparison{}).values(trimSpace(left), trimSpace(right), nil); len(differences) > 0 {
			return kind, differences
		}
	case kind == KindText:
		return kind, compareLines(left, right)
	}
	return kind, []BodyDifference{firstByteOf(left, right, kind)}
}

func bodyKind(left, right []byte) BodyKind {
	is := func(f func([]byte) bool) bool { return f(left) && f(right) }
	switch {
	case len(left) > mostCompared || len(right) > mostCompared:
		return KindBytes
	case is(json.Valid):
		return KindJSON
	case is(IsText):
		return KindText
	}
	return KindBytes
}

// IsText reports whether a body can be shown as text: UTF-8 without control
// characters but those of lines.
func IsText(body []byte) bool {
	return utf8.Valid(body) && !bytes.ContainsFunc(body, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f
	})
}

func trimSpace(value []byte) []byte { return bytes.Trim(value, " \t\r\n") }

// comparison compares JSON values; the zero value compares numbers as they are
// written and leaves nothing out.
type comparison struct {
	numbers bool    // by their values
	ignore  Ignored // differences there are none
	ignored int     // differences that were left out
}

// values compares two JSON values. A side that has nothing there is nil.
func (c *comparison) values(left, right []byte, at *way) []BodyDifference {
	var differences []BodyDifference
	switch {
	case left != nil && right != nil && bytes.Equal(left, right):
		return nil
	case c.ignore.has(at):
		c.ignored++
		return nil
	case at.walked() && walk.IsObject(left) && walk.IsObject(right):
		differences = c.objects(left, right, at)
	case at.walked() && walk.IsList(left) && walk.IsList(right):
		differences = c.lists(left, right, at)
	case walk.IsString(left) && walk.IsString(right) && sameString(left, right):
		return nil
	case c.numbers && isNumber(left) && isNumber(right) && sameNumber(left, right):
		return nil
	default:
		return []BodyDifference{{at.path(), left, right}}
	}
	if len(differences) > mostDifferences {
		return []BodyDifference{{at.path(), left, right}}
	}
	return differences
}

// sameString reports whether two strings say the same, whatever is escaped in them.
// Half a UTF-16 pair says nothing: it is as it is written.
func sameString(left, right []byte) bool {
	l, ok := jsontext.Text(left)
	if !ok {
		return false
	}
	r, ok := jsontext.Text(right)
	return ok && l == r
}

// objects compares member by member. Of members of one name the last counts, as
// receivers have it.
func (c *comparison) objects(left, right []byte, at *way) (differences []BodyDifference) {
	l, r := walk.ObjectOf(left), walk.ObjectOf(right)
	done := map[string]bool{}
	for _, side := range [][]byte{left, right} {
		jsontext.Members(side, func(quoted, _ []byte) bool {
			text, _ := jsontext.Unquote(nil, quoted)
			name := string(text)
			if done[name] {
				return true
			}
			done[name] = true
			differences = append(differences, c.values(l[name], r[name], at.to(walk.Step{Name: quoted}))...)
			return len(differences) <= mostDifferences
		})
	}
	return differences
}

// lists compares the elements at the same positions.
func (c *comparison) lists(left, right []byte, at *way) (differences []BodyDifference) {
	l, r := placesOf(left), placesOf(right)
	for i := 0; i < max(len(l), len(r)) && len(differences) <= mostDifferences; i++ {
		var lv, rv []byte
		if i < len(l) {
			lv = l[i].of(left)
		}
		if i < len(r) {
			rv = r[i].of(right)
		}
		differences = append(differences, c.values(lv, rv, at.to(walk.Step{Index: i}))...)
	}
	return differences
}

// place is where a value stands in a body that is compared. Lists may have millions.
type place struct{ from, to int32 }

func (p place) of(b []byte) []byte { return b[p.from:p.to:p.to] }

func placesOf(list []byte) (places []place) {
	jsontext.Each(list, func(_ []byte, from, to int) bool {
		places = append(places, place{int32(from), int32(to)}) // mostCompared fits
		return true
	})
	return places
}

// way is the way to a value in a body; nil is the way to the whole. It is written out
// only where a difference is at its end.
type way struct {
	up    *way
	depth int
	last  walk.Step
}

func (w *way) to(last walk.Step) *way {
	if w == nil {
		return &way{depth: 1, last: last}
	}
	return &way{w, w.depth + 1, last}
}

// walked reports whether what is here is looked into.
func (w *way) walked() bool { return w == nil || w.depth < deepestCompared }

// longestName is how much of a member's name a path repeats.
const longestName = 200

func (w *way) path() string {
	if w == nil {
		return "."
	}
	steps := make([]walk.Step, w.depth)
	for ; w != nil; w = w.up {
		s := w.last
		if s.Name != nil { // as one writes it that has no more escapes than it needs
			text, _ := jsontext.Unquote(nil, s.Name)
			if len(text) > longestName {
				text = append(bytes.ToValidUTF8(text[:longestName], nil), "..."...)
			}
			s.Name = jsontext.Quote(string(text))
		}
		steps[w.depth-1] = s
	}
	return walk.PathOf(steps)
}

// compareLines compares two texts: a difference is a run of lines that one side has
// in place of the other's. The lines have their ends.
func compareLines(left, right []byte) (differences []BodyDifference) {
	var l, r []byte
	line := 0 // of the left side
	from := 0
	end := func() {
		if l != nil || r != nil {
			differences = append(differences, BodyDifference{fmt.Sprintf("line %d", from), quoteLines(l), quoteLines(r)})
		}
		l, r = nil, nil
	}
	begin := func() {
		if l == nil && r == nil {
			from = line
		}
	}
	for text := range bytes.Lines(Unified(left, right)) {
		switch {
		case bytes.HasPrefix(text, []byte("@@ -")):
			end()
			_, _ = fmt.Sscanf(string(text), "@@ -%d", &line)
			line = max(line, 1)
		case text[0] == '-':
			begin()
			l = append(l, text[1:]...)
			line++
		case text[0] == '+':
			begin()
			r = append(r, text[1:]...)
		case text[0] == '\\': // no newline at the end of what came last
			if r != nil {
				r = bytes.TrimSuffix(r, []byte("\n"))
			} else {
				l = bytes.TrimSuffix(l, []byte("\n"))
			}
		default:
			end()
			line++
		}
	}
	end()
	return differences
}

func quoteLines(lines []byte) []byte {
	if lines == nil {
		return nil
	}
	return jsontext.Quote(string(lines))
}

// Unified is what differs between two texts as a unified diff, without the lines that
// name them.
func Unified(left, right []byte) []byte {
	text := diff.Diff("", left, "", right)
	for range 3 { // "diff", "---", "+++"
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text
}

// firstByteOf is the first byte that differs, with what comes after it: as text, or
// in hexadecimal.
func firstByteOf(left, right []byte, kind BodyKind) BodyDifference {
	at := 0
	for at < len(left) && at < len(right) && left[at] == right[at] {
		at++
	}
	show := func(b []byte) []byte {
		if b = b[at:]; len(b) == 0 {
			return nil
		}
		b = b[:min(len(b), shownBytes)]
		if kind == KindJSON {
			return jsontext.Quote(string(b))
		}
		return jsontext.Quote(hex.EncodeToString(b))
	}
	return BodyDifference{fmt.Sprintf("byte %d", at+1), show(left), show(right)}
}
