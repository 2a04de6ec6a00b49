// Package jsontext reads JSON as text: where its values begin and end, to the byte,
// and what its strings say, without loss. It is for bytes that are signed, kept or
// secret, with which encoding/json is too free.
//
// The scanner finds its way without building anything. It works on one byte slice
// with indices; an answer of -1 means "not understood", never a panic. It counts
// nesting instead of recursing: ten thousand open brackets are a payload like any
// other.
package jsontext

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// SkipSpace returns the index of the first byte from i on that is no white space.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// SkipString takes the index of an opening quote and returns the index after
// the closing one.
func SkipString(b []byte, i int) int {
	i++
	quote := bytes.IndexByte(b[i:], '"')
	if quote < 0 {
		return -1
	}
	slash := bytes.IndexByte(b[i:i+quote], '\\')
	if slash < 0 {
		return i + quote + 1
	}
	for i += slash; i < len(b); i = SkipPlain(b, i) {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
		i++
	}
	return -1
}

// SkipPlain returns the index of the first byte from i on that cannot stand for itself
// in a string: a quote, a backslash or a control character.
func SkipPlain(b []byte, i int) int {
	const each = 0x0101010101010101
	for ; i <= len(b)-8; i += 8 {
		// The highest bit of each byte says whether it is one, exactly in the lowest that is.
		w := binary.LittleEndian.Uint64(b[i : i+8])
		if not := ((w - each*0x20) | (w ^ each*'"' - each) | (w ^ each*'\\' - each)) &^ w & (each << 7); not != 0 {
			return i + bits.TrailingZeros64(not)/8
		}
	}
	for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// SkipValue takes the index of the first byte of a value and returns the index
// after its last one. It does not check what is inside.
func SkipValue(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return SkipString(b, i)
	case '{', '[':
	default:
		start := i
		for i < len(b) && !isDelimiter(b[i]) {
			i++
		}
		if i == start {
			return -1
		}
		return i
	}
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = SkipString(b, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}

func isDelimiter(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ':', '{', '}', '[', ']', '"':
		return true
	}
	return false
}

// Each calls f with the place of each value in the object or list at the start of
// b, and with the raw name of a member, which is nil in a list. It stops where f
// returns false or the text is not understood, and reports whether the object or
// list was closed. A value that is cut off has its name and beginning still: its
// end is -1.
func Each(b []byte, f func(name []byte, from, to int) bool) bool {
	i := SkipSpace(b, 0)
	if i >= len(b) || b[i] != '{' && b[i] != '[' {
		return false
	}
	object, closing := b[i] == '{', b[i]+2
	if i = SkipSpace(b, i+1); i < len(b) && b[i] == closing {
		return true
	}
	for i < len(b) {
		var name []byte
		if object {
			if b[i] != '"' {
				return false
			}
			end := SkipString(b, i)
			if end < 0 {
				return false
			}
			name = b[i:end]
			if i = SkipSpace(b, end); i >= len(b) || b[i] != ':' {
				return false
			}
			i = SkipSpace(b, i+1)
		}
		end := SkipValue(b, i)
		if !f(name, i, end) || end < 0 {
			return false
		}
		if i = SkipSpace(b, end); i >= len(b) {
			return false
		}
		if b[i] == closing {
			return true
		}
		if b[i] != ',' {
			return false
		}
		i = SkipSpace(b, i+1)
	}
	return false
}

// Members is [Each] for an object, with the values themselves: nil for one that is
// cut off.
func Members(b []byte, f func(name, value []byte) bool) bool {
	if i := SkipSpace(b, 0); i >= len(b) || b[i] != '{' {
		return false
	}
	return Each(b, func(name []byte, from, to int) bool {
		if to < 0 {
			return f(name, nil)
		}
		return f(name, b[from:to])
	})
}
