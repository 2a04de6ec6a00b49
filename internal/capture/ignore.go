package capture

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
)

// CompareAnswers is [CompareBodies] for what two answers mean: of JSON neither the
// layout and the order of members nor escapes and how a number is written make a
// difference. What ignore names is left out; ignored is how many differences were.
func CompareAnswers(left, right []byte, ignore Ignored) (kind BodyKind, differences []BodyDifference, ignored int) {
	kind = bodyKind(left, right)
	switch {
	case kind == KindJSON:
	case ignore.All() && !bytes.Equal(left, right):
		return kind, nil, 1
	default:
		kind, differences = CompareBodies(left, right)
		return kind, differences, 0
	}
	c := comparison{numbers: true, ignore: ignore}
	differences = c.values(trimSpace(left), trimSpace(right), nil)
	return kind, differences, c.ignored
}

func isNumber(v []byte) bool { return len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') }

// sameNumber reports whether two JSON numbers have the same value, exactly.
func sameNumber(left, right []byte) bool {
	l, ok := decimalOf(left)
	r, okToo := decimalOf(right)
	return ok && okToo && l == r
}

// decimal is the number 0.DIGITS times ten to the power; digits has no zero at
// either end.
type decimal struct {
	minus  bool
	digits string
	power  int64
}

// decimalOf reads a JSON number. It is false where the exponent is beyond all that
// numbers are for.
func decimalOf(number []byte) (decimal, bool) {
	var d decimal
	text := strings.ToLower(string(number))
	text, d.minus = strings.CutPrefix(text, "-")
	text, exponent, _ := strings.Cut(text, "e")
	whole, fraction, _ := strings.Cut(text, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	d.power = int64(len(digits) - len(fraction))
	if d.digits = strings.TrimRight(digits, "0"); d.digits == "" {
		return decimal{}, true // zero has no sign and no size
	}
	if exponent == "" {
		return d, true
	}
	power, err := strconv.ParseInt(exponent, 10, 32)
	d.power += power
	return d, err == nil
}

// Ignored is the places in JSON whose differences make none. Nil is none.
type Ignored []ignoredPath

// ignoredPath leads to a place: from the top, or, where it floats, from any place.
type ignoredPath struct {
	floats bool
	steps  []ignoredStep
}

// ignoredStep is a member's name, an index, or anything.
type ignoredStep struct {
	name  string
	index int // -1: a name
	any   bool
}

// ParseIgnored reads paths as jq writes them. ".data.id" begins at the top of the
// body, "." is all of it, JSON or not; "[0]" is an element of a list and "[]" each one, or each
// member of an object; a name that has more than letters, digits, "_" and "-" in it
// is written as a JSON text: .["a.b"] or ."a.b". A path that does not begin with a
// dot begins anywhere: "id" is every member of that name.
func ParseIgnored(paths []string) (Ignored, error) {
	var ignored Ignored
	for _, text := range paths {
		p, err := parseIgnored(text)
		if err != nil {
			return nil, fault.Usagef("--ignore %q is not a path: %w", text, err).
				WithHint("for instance .data.id, .items[].at, .[\"a b\"]; id without a dot means every member with that name")
		}
		ignored = append(ignored, p)
	}
	return ignored, nil
}

func parseIgnored(text string) (p ignoredPath, err error) {
	rest, top := strings.CutPrefix(text, ".")
	p.floats = !top
	if rest == "" && top {
		return p, nil
	}
	for {
		var s ignoredStep
		if s, rest, err = nextStep(rest); err != nil {
			return p, err
		}
		p.steps = append(p.steps, s)
		switch {
		case rest == "":
			return p, nil
		case rest[0] == '[':
		case rest[0] != '.':
			return p, fmt.Errorf("a dot or a bracket is missing before %q", rest)
		default:
			rest = rest[1:]
		}
	}
}

// nextStep reads a name or what is in brackets.
func nextStep(text string) (s ignoredStep, rest string, err error) {
	if inside, ok := strings.CutPrefix(text, "["); ok {
		if strings.HasPrefix(inside, `"`) {
			if s, rest, err = quotedStep(inside); err == nil && !strings.HasPrefix(rest, "]") {
				err = errBracket
			}
			return s, strings.TrimPrefix(rest, "]"), err
		}
		number, rest, closed := strings.Cut(inside, "]")
		switch n, err := strconv.ParseUint(number, 10, 31); {
		case !closed:
			return s, "", errBracket
		case number == "":
			return ignoredStep{any: true}, rest, nil
		case err != nil:
			return s, "", fmt.Errorf("%q is not the number of an element, counted from 0", number)
		default:
			return ignoredStep{index: int(n)}, rest, nil
		}
	}
	if strings.HasPrefix(text, `"`) {
		return quotedStep(text)
	}
	end := strings.IndexFunc(text, func(r rune) bool { return !inName(r) })
	if end == -1 {
		end = len(text)
	}
	if end == 0 {
		return s, "", errName
	}
	return ignoredStep{name: text[:end], index: -1}, text[end:], nil
}

var (
	errBracket = errors.New("a bracket is not closed")
	errName    = errors.New("a name is missing")
)

// quotedStep reads a name that is written as a JSON text.
func quotedStep(text string) (s ignoredStep, rest string, err error) {
	end := jsontext.SkipString([]byte(text), 0)
	if end == -1 {
		return s, "", fmt.Errorf("%s is not closed", text)
	}
	name, ok := jsontext.Unquote(nil, []byte(text[:end]))
	if !ok {
		return s, "", fmt.Errorf("%s is not JSON text", text[:end])
	}
	return ignoredStep{name: string(name), index: -1}, text[end:], nil
}

// inName reports whether a name that is not in quotes may have r in it.
func inName(r rune) bool {
	return !strings.ContainsRune("[].\"'`$*?|(){}\\,/", r) && r > ' ' && r != 0x7f
}

// has reports whether a place is one of those.
func (list Ignored) has(at *way) bool {
	for _, p := range list {
		if p.leadsTo(at) {
			return true
		}
	}
	return false
}

// All reports whether nothing in a body makes a difference, whatever it is.
func (list Ignored) All() bool { return list.has(nil) }

// leadsTo follows the path from its end.
func (p ignoredPath) leadsTo(at *way) bool {
	for i := len(p.steps) - 1; i >= 0; i-- {
		if at == nil || !p.steps[i].is(at.last) {
			return false
		}
		at = at.up
	}
	return at == nil || p.floats
}

func (s ignoredStep) is(step walk.Step) bool {
	switch {
	case s.any:
		return true
	case step.Name == nil:
		return s.index == step.Index
	case s.index >= 0:
		return false
	case bytes.IndexByte(step.Name, '\\') < 0:
		return string(step.Name[1:len(step.Name)-1]) == s.name
	}
	name, _ := jsontext.Unquote(nil, step.Name)
	return string(name) == s.name
}
