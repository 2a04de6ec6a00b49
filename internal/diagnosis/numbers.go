package diagnosis

import (
	"bytes"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
)

// numberForms are what numbers may have been before they went through a
// parser: amounts with two decimals, which few parsers keep. Each takes a number
// as it was captured.
var numberForms = []func(token) []byte{
	twoDecimals,
	withoutPointZero,
	wholes(money, ".00", twoDecimals),
	wholes(money, ".0", asCaptured),
	shortest,
	pointZeroAsTwoDecimals,
	wholes(money, ".00", asCaptured),
	wholes(anyName, ".0", asCaptured),
	unscientific,
	wholes(anyName, ".00", twoDecimals), // for bodies of which all numbers are amounts
}

func numberPieces(list []token) []pieces {
	var all []pieces
	for _, n := range numberForms {
		all = appendNew(all, changed(list, 0, n))
	}
	return all
}

func asCaptured(t token) []byte { return t.text }

// twoDecimals fills a fraction of one digit.
func twoDecimals(t token) []byte {
	if _, fraction, _ := bytes.Cut(t.text, []byte(".")); len(fraction) == 1 {
		return append(bytes.Clone(t.text), '0')
	}
	return t.text
}

func withoutPointZero(t token) []byte { return bytes.TrimSuffix(t.text, []byte(".0")) }

func pointZeroAsTwoDecimals(t token) []byte {
	if bytes.HasSuffix(t.text, []byte(".0")) {
		return append(bytes.Clone(t.text), '0')
	}
	return t.text
}

// wholes gives whole numbers of members with such names these decimals, and has others
// write the other numbers.
func wholes(named func(name []byte) bool, decimals string, others func(token) []byte) func(token) []byte {
	return func(t token) []byte {
		if whole(t.text) && named(t.name) {
			return append(bytes.Clone(t.text), decimals...)
		}
		return others(t)
	}
}

func anyName([]byte) bool { return true }

// unscientific writes 1e+06 as 1000000 and 1.5E3 as 1500.
func unscientific(t token) []byte {
	n := t.text
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || !bytes.ContainsAny(n, "eE") || math.Abs(f) > 1e21 {
		return n
	}
	return strconv.AppendFloat(nil, f, 'f', -1, 64)
}

// shortest drops the zeros at the end of a fraction.
func shortest(t token) []byte {
	n := t.text
	if !bytes.Contains(n, []byte(".")) || bytes.ContainsAny(n, "eE") {
		return n
	}
	return bytes.TrimSuffix(bytes.TrimRight(n, "0"), []byte("."))
}

// whole reports whether a number has neither a fraction nor an exponent.
func whole(n []byte) bool { return len(bytes.Trim(n, "-0123456789")) == 0 }

// money reports whether a member with that name is an amount of money.
func money(name []byte) bool {
	low := strings.ToLower(string(name))
	return slices.ContainsFunc([]string{"amount", "total", "price", "value", "cost", "balance", "fee", "tax"},
		func(word string) bool { return strings.Contains(low, word) })
}

// jsonNumbers changes numbers independently of each other: one of them in all
// ways, then two, then three. A program that has written 1.0 as 1 has left
// alone what was 1 before.
func jsonNumbers(doc *document) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := doc.list, doc.tail
		var at []int // of the numbers
		var ways [][][]byte
		for i, t := range list {
			if t.kind != 0 {
				continue
			}
			if w := spelled(t.text); len(w) > 0 && len(at) < maxNumbers {
				at, ways = append(at, i), append(ways, w)
			}
		}
		if len(at) == 0 {
			return
		}
		layouts := []layout{compact, spaced}
		if raw := write(nil, list, nil, compact, nil); !hasLines(list) && !bytes.Equal(raw, bytes.TrimRight(doc.raw, "\r\n")) {
			layouts = []layout{asWas, compact, spaced}
		}
		asText := make(pieces, len(list))
		for i, t := range list {
			asText[i] = t.text
		}
		texts := []pieces{asText}
		if plain := changed(list, '"', func(t token) []byte { return stringForms[0](t.text) }); plain != nil {
			texts = append(texts, plain)
		}
		var now pieces
		var buf []byte
		var change func(from, left int, l layout) bool
		change = func(from, left int, l layout) bool {
			if left == 0 {
				buf = write(buf[:0], list, tail, l, now)
				return yield(buf)
			}
			for n := from; n < len(at); n++ {
				for _, way := range ways[n] {
					now[at[n]] = way
					if !change(n+1, left-1, l) {
						return false
					}
				}
				now[at[n]] = list[at[n]].text
			}
			return true
		}
		for changed := 1; changed <= min(len(at), maxChanged); changed++ {
			for _, l := range layouts {
				for _, now = range texts {
					if !change(0, changed, l) {
						return
					}
				}
			}
		}
	}
}

// Bounds of what jsonNumbers tries.
const (
	maxNumbers = 64
	maxChanged = 4
)

// spelled is the other ways in which programs write the same number.
func spelled(n []byte) [][]byte {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || len(n) > 32 {
		return nil
	}
	text := string(n)
	var all [][]byte
	add := func(form string) {
		if form != text && !slices.ContainsFunc(all, func(a []byte) bool { return string(a) == form }) {
			all = append(all, []byte(form))
		}
	}
	plain := strconv.FormatFloat(f, 'f', -1, 64)
	if whole(n) {
		plain = text // with digits that a float64 does not have
	}
	add(plain)
	if !strings.Contains(plain, ".") {
		add(plain + ".0")
		add(plain + ".00")
		add(plain + ".000")
	} else {
		add(plain + "0")
		add(plain + "00")
	}
	if f == 0 {
		add("-0")
		add("-0.0")
		add("0")
		return all
	}
	for _, digits := range []int{-1, 1} {
		short := strconv.FormatFloat(f, 'e', digits, 64) // 2.5e+02
		mantissa, power, _ := strings.Cut(short, "e")
		sign, power := strings.TrimPrefix(power[:1], "+"), strings.TrimLeft(power[1:], "0")
		if power == "" {
			continue
		}
		for _, e := range []string{"e", "E"} {
			add(mantissa + e + sign + power)
			if sign == "" {
				add(mantissa + e + "+" + power)
			}
		}
		add(short)
	}
	return all
}
