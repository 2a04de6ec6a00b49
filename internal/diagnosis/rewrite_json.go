package diagnosis

import (
	"bytes"
	"iter"
	"slices"
)

// The forms that JSON takes when it is parsed and written again. Texts are
// taken apart into tokens and put together in other ways; numbers keep their
// digits unless changing them is the point.

// pieces is what stands for each token of a document, by its place; nil for the
// tokens' own texts.
type pieces [][]byte

// changed is the pieces of a document with the tokens of one kind changed; nil
// where that changes none.
func changed(list []token, kind byte, change func(token) []byte) pieces {
	var all pieces
	for i, t := range list {
		if t.kind != kind {
			continue
		}
		text := change(t)
		if all == nil && !bytes.Equal(text, t.text) {
			all = make(pieces, len(list))
			for j := range list {
				all[j] = list[j].text
			}
		}
		if all != nil {
			all[i] = text
		}
	}
	return all
}

// appendNew adds pieces that change something, and are not there yet.
func appendNew(all []pieces, p pieces) []pieces {
	same := func(other pieces) bool { return other != nil && slices.EqualFunc(p, other, bytes.Equal) }
	if p == nil || slices.ContainsFunc(all, same) {
		return all
	}
	return append(all, p)
}

// The forms below are written into one buffer: each is gone when the next one
// is asked for.

// writtenWith is a document in each of the layouts, with each of the pieces.
func writtenWith(doc *document, all []pieces, layouts ...layout) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf []byte
		for _, l := range layouts {
			for _, p := range all {
				if buf = write(buf[:0], doc.list, doc.tail, l, p); !yield(buf) {
					return
				}
			}
		}
	}
}

// jsonUnpretty: captured with line breaks between its tokens, signed without.
func jsonUnpretty(doc *document) iter.Seq[[]byte] {
	if !hasLines(doc.list) {
		return none
	}
	return writtenWith(doc, slices.Concat([]pieces{nil}, doc.numbers(), doc.texts()), compact, spaced)
}

func jsonReserialised(doc *document) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, tail := doc.list, doc.tail
		if list == nil {
			return
		}
		var buf []byte
		try := func(list []token, l layout, p pieces) bool {
			buf = write(buf[:0], list, tail, l, p)
			return bytes.Equal(buf, doc.raw) || yield(buf) && yield(append(buf, '\n'))
		}
		for _, l := range slices.Concat([]layout{spaced, compact}, indented, oddly) {
			if !try(list, l, nil) {
				return
			}
		}
		for _, l := range []layout{asWas, compact, spaced} {
			for _, p := range doc.numbers() {
				if !try(list, l, p) {
					return
				}
			}
		}
		for _, l := range []layout{compact, spaced} {
			if !try(doc.sorted(), l, nil) {
				return
			}
		}
	}
}

// jsonEscaping: other escapes, the layout as it is.
func jsonEscaping(doc *document) iter.Seq[[]byte] { return writtenWith(doc, doc.texts(), asWas) }

// jsonEscapingSpaced: other escapes and another layout.
func jsonEscapingSpaced(doc *document) iter.Seq[[]byte] {
	return writtenWith(doc, doc.texts(), compact, spaced)
}

// jsonUnescaped is the commonest forms only: compact as it is and as plain text,
// and with Python's spacing.
func jsonUnescaped(doc *document) iter.Seq[[]byte] {
	b, list, tail := doc.raw, doc.list, doc.tail
	if list == nil {
		return none
	}
	plain := changed(list, '"', func(t token) []byte { return stringForms[0](t.text) })
	form := func(l layout, p pieces) func() []byte {
		return func() []byte { return write(nil, list, tail, l, p) }
	}
	return made(b, form(compact, nil), form(compact, plain), form(spaced, nil))
}

// jsonRewritten is what a parser and a writer of another language make of the
// body: layout, numbers and escapes changed at the same time.
func jsonRewritten(doc *document) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list := doc.list
		if list == nil {
			return
		}
		var buf []byte
		layouts := slices.Concat([]layout{compact, spaced}, indented, oddly)
		texts := slices.Concat([]pieces{nil}, doc.texts())
		numbers := slices.Concat([]pieces{nil}, doc.numbers())
		for _, order := range [][]token{list, doc.sorted()} {
			for _, l := range layouts {
				for _, text := range texts {
					for _, number := range numbers {
						if buf = writeBoth(buf[:0], order, nil, l, text, number); !yield(buf) || l.indent != "" && !yield(append(buf, '\n')) {
							return
						}
					}
				}
			}
		}
	}
}
