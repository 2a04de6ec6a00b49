package jsontext

import "strings"

// Slab makes strings that share memory, so that many cost one allocation. Each
// stays as it is for as long as somebody holds it, and keeps slabSize bytes in
// memory that long. A nil slab makes strings that stand alone.
type Slab struct{ b strings.Builder }

const slabSize = 16 << 10

// NewSlab has room for so many bytes, and no more, before it takes more memory.
func NewSlab(size int) *Slab {
	s := &Slab{}
	s.b.Grow(size)
	return s
}

// String is [String], in the memory of s.
func (s *Slab) String(quoted []byte) (string, bool) {
	if end := len(quoted) - 1; end > 0 && quoted[0] == '"' && SkipPlain(quoted, 1) == end && quoted[end] == '"' {
		return s.Copy(quoted[1:end]), true
	}
	text, ok := Unquote(nil, quoted)
	return string(text), ok
}

// Copy is text as a string.
func (s *Slab) Copy(text []byte) string {
	if s == nil || len(text) > slabSize/4 {
		return string(text)
	}
	if s.b.Cap()-s.b.Len() < len(text) {
		s.b = strings.Builder{} // the memory of the last one belongs to its strings
		s.b.Grow(slabSize)
	}
	from := s.b.Len()
	s.b.Write(text)
	return s.b.String()[from:]
}
