package diagnosis

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/pattern"
)

// Values that a parser and a writer have changed on the way: times, empty objects
// and nulls. Each is undone in the text of the document, whatever its layout, and
// what comes of it is tried in the commonest layouts.

// Bounds of what jsonValues tries: tokens of a document, and members that it lacks.
const (
	maxValues = 1 << 13
	maxNulls  = 1 << 8
)

// jsonValues is what the body was before a program changed values in it.
func jsonValues(doc *document) iter.Seq[[]byte] { return common(changedValues(doc)) }

// nullsLeftOut is the body before a program left out all of its nulls, in its own order
// or the provider's.
func nullsLeftOut(doc *document) iter.Seq[[]byte] {
	if len(doc.list) > maxValues || slices.ContainsFunc(doc.list, isNull) || doc.filled() == nil {
		return none
	}
	full := doc.filled()
	return func(yield func([]byte) bool) {
		all := func(yield func(variant) bool) {
			if yield(variant{of: full, list: full.list}) {
				changedValues(full)(yield)
			}
		}
		for _, forms := range []iter.Seq[[]byte]{common(all), jsonInOrder(full)} {
			for form := range forms {
				if !yield(form) {
					return
				}
			}
		}
	}
}

// common is variants as they are and compact, and then in all of the commonest forms.
func common(variants iter.Seq[variant]) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var as, buf []byte
		for v := range variants {
			as = write(as[:0], v.list, v.of.tail, asWas, v.texts)
			buf = write(buf[:0], v.list, nil, compact, v.texts)
			if !yield(as) || !bytes.Equal(buf, as) && !yield(buf) {
				return
			}
		}
		for v := range variants {
			for form := range v.common {
				if !yield(form) {
					return
				}
			}
		}
	}
}

// variant is a document with values changed: other tokens, and what stands for its
// strings.
type variant struct {
	of    *document
	list  []token
	texts pieces
}

// jsonCommon is what most writers make of a document: compact or spaced, texts as
// they are or plain, with the likeliest numbers.
func jsonCommon(doc *document) iter.Seq[[]byte] { return variant{of: doc, list: doc.list}.common }

func (v variant) common(yield func([]byte) bool) {
	texts := appendNew([]pieces{v.texts}, changed(v.of.list, '"', func(t token) []byte {
		if v.texts == nil {
			return stringForms[0](t.text)
		}
		return stringForms[0](v.texts[t.at])
	}))
	numbers := slices.Concat([]pieces{nil}, v.of.likely())
	var buf []byte
	for _, l := range []layout{compact, spaced} {
		for _, text := range texts {
			for _, number := range numbers {
				if buf = writeBoth(buf[:0], v.list, nil, l, text, number); len(v.list) > 0 && !yield(buf) {
					return
				}
			}
		}
	}
}

// nullsRemoved is the body before somebody took some of its nulls out.
func nullsRemoved(doc *document) iter.Seq[[]byte] {
	if len(doc.list) > maxValues || !slices.ContainsFunc(doc.list, isNull) || doc.filled() == nil {
		return none
	}
	return jsonCommon(doc.filled())
}

func isNull(t token) bool { return t.kind == 0 && string(t.text) == "null" }

// changedValues yields the document with values changed, its layout as it is.
func changedValues(doc *document) iter.Seq[variant] {
	return func(yield func(variant) bool) {
		list := doc.list
		if list == nil || len(list) > maxValues {
			return
		}
		timed := func(v variant) bool {
			for _, v.texts = range v.of.times() {
				if !yield(v) {
					return false
				}
			}
			return true
		}
		if !timed(variant{of: doc, list: list}) {
			return
		}
		for of := range emptied(list) {
			if v := (variant{of: doc, list: of}); !yield(v) || !timed(v) {
				return
			}
		}
		for p := range timesApart(list) {
			if !yield(variant{doc, list, p}) {
				return
			}
		}
	}
}

// aTime is a time as JSON has it: to the second, a fraction, a zone.
var aTime = pattern.Of(`^"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?"$`)

// timeForms are what times may have been before a program parsed and wrote them:
// fractions without their zeros, and another zone's name for UTC.
var timeForms = []func(second, fraction, zone string) string{
	func(s, f, z string) string { return s + thousandths(f) + z },
	func(s, f, z string) string { return s + f + utcAs(z, "Z") },
	func(s, f, z string) string { return s + f + utcAs(z, "+00:00") },
	func(s, f, z string) string { return s + shortened(f) + z },
	func(s, f, z string) string { return s + shortened(f) + utcAs(z, "+00:00") },
	func(s, f, z string) string { return strings.Replace(s, " ", "T", 1) + thousandths(f) + utcAs(z, "Z") },
}

// thousandths is a fraction with three digits or more.
func thousandths(fraction string) string {
	const digits = 3
	if fraction == "" {
		fraction = "."
	}
	return fraction + strings.Repeat("0", max(digits+1-len(fraction), 0))
}

// shortened is a fraction without the zeros at its end.
func shortened(fraction string) string {
	return strings.TrimRight(strings.TrimRight(fraction, "0"), ".")
}

// utcAs writes UTC in another way; of other zones nothing is known.
func utcAs(zone, name string) string {
	if zone == "Z" || zone == "+00:00" || zone == "" {
		return name
	}
	return zone
}

// timed changes a string that is a time, and leaves others.
func timed(text []byte, form func(second, fraction, zone string) string) []byte {
	if len(text) > 40 || len(text) < 21 {
		return text
	}
	m := aTime().FindSubmatch(text)
	if m == nil {
		return text
	}
	return []byte(`"` + form(string(m[1]), string(m[2]), string(m[3])) + `"`)
}

// timePieces are the times of a document in other forms: as the provider writes
// them at each place, all of them, and those of the envelope alone.
func (doc *document) timePieces() []pieces {
	var all []pieces
	if doc.sample != nil {
		shapes := doc.sample.timeShapes()
		all = appendNew(all, doc.changedAt('"', func(path int, t token) []byte {
			shape, known := shapes[path]
			if !known {
				return t.text
			}
			return timed(t.text, func(second, fraction, zone string) string {
				if len(shape.fraction) == 0 {
					fraction = shortened(fraction)
				} else {
					fraction = (thousandths(fraction) + "000000000")[:max(len(shape.fraction), len(strings.TrimRight(fraction, "0")))]
				}
				return second + fraction + utcAs(zone, shape.zone)
			})
		}))
	}
	for _, form := range timeForms {
		all = appendNew(all, changed(doc.list, '"', func(t token) []byte { return timed(t.text, form) }))
	}
	// Rows of a database have their own form of times, the envelope another one.
	envelope := doc.tree().paths.texts()
	return appendNew(all, doc.changedAt('"', func(path int, t token) []byte {
		if _, known := envelope[path]; !known {
			return t.text
		}
		return timed(t.text, timeForms[0])
	}))
}

// numbersAsInSample writes numbers with as many decimals as those of the sample have
// in the same place.
func (doc *document) numbersAsInSample() []pieces {
	sample := doc.sample
	if sample == nil {
		return nil
	}
	decimals := map[int]int{} // by path
	for i, t := range sample.list {
		if _, fraction, ok := bytes.Cut(t.text, []byte(".")); ok && t.kind == 0 {
			decimals[sample.tree().path[i]] = len(fraction)
		}
	}
	return appendNew(nil, doc.changedAt(0, func(path int, t token) []byte {
		whole, fraction, _ := bytes.Cut(t.text, []byte("."))
		n := decimals[path]
		if n == 0 || len(fraction) > n || bytes.ContainsAny(t.text, "eEnu") {
			return t.text
		}
		return slices.Concat(whole, []byte("."), fraction, bytes.Repeat([]byte("0"), n-len(fraction)))
	}))
}

// changedAt is the pieces of a document with the values of a kind changed, by their
// path.
func (doc *document) changedAt(kind byte, change func(path int, t token) []byte) pieces {
	return changed(doc.list, kind, func(t token) []byte {
		if path := doc.tree().path[t.at]; path >= 0 {
			return change(path, t)
		}
		return t.text
	})
}

// timesApart changes the times of a document independently of each other, where
// they are few.
func timesApart(list []token) iter.Seq[pieces] {
	const most = 6
	return func(yield func(pieces) bool) {
		var at []int
		for i, t := range list {
			if t.kind == '"' && !bytes.Equal(timed(t.text, timeForms[0]), t.text) {
				at = append(at, i)
			}
		}
		if len(at) < 2 || len(at) > most {
			return
		}
		now := make(pieces, len(list))
		for i, t := range list {
			now[i] = t.text
		}
		for set := 1; set < 1<<len(at)-1; set++ {
			for n, i := range at {
				if now[i] = list[i].text; set>>n&1 == 1 {
					now[i] = timed(list[i].text, timeForms[0])
				}
			}
			if !yield(now) {
				return
			}
		}
	}
}

// emptied is the document with empty lists that were objects, as PHP makes them,
// and empty objects that were lists, as Lua does: all of them, one, all but one.
func emptied(list []token) iter.Seq[[]token] {
	const most = 8
	return func(yield func([]token) bool) {
		for _, pair := range []string{"[]{}", "{}[]"} {
			var at []int
			for i := range len(list) - 1 {
				if list[i].kind == pair[0] && list[i+1].kind == pair[1] {
					at = append(at, i)
				}
			}
			form := slices.Clone(list)
			set := func(i int, kinds string) {
				form[i].kind, form[i].text = kinds[0], []byte(kinds[:1])
				form[i+1].kind, form[i+1].text = kinds[1], []byte(kinds[1:])
			}
			for _, i := range at {
				set(i, pair[2:])
			}
			if len(at) > 0 && !yield(form) {
				return
			}
			if len(at) < 2 || len(at) > most {
				continue
			}
			for _, way := range [][2]string{{pair[:2], pair[2:]}, {pair[2:], pair[:2]}} { // one is changed, or one is not
				for _, i := range at {
					for _, j := range at {
						set(j, way[0])
					}
					if set(i, way[1]); !yield(form) {
						return
					}
				}
			}
		}
	}
}

// newSample takes apart a body as the provider writes it; nil where that is no JSON.
func newSample(body []byte) *document {
	if doc := parse(body); doc.list != nil {
		return doc
	}
	return nil
}

// timeShape is how a time is written: its fraction and its zone.
type timeShape struct{ fraction, zone string }

// timeShapes are the shapes of a sample's times, by path.
func (doc *document) timeShapes() map[int]timeShape {
	all := map[int]timeShape{}
	for i, t := range doc.list {
		if t.kind != '"' {
			continue
		}
		if m := aTime().FindSubmatch(t.text); m != nil {
			all[doc.tree().path[i]] = timeShape{string(m[2]), string(m[3])}
		}
	}
	return all
}

// withNulls is the document with the members that the sample has and it lacks, as
// null: many writers leave such out. It is nil where none are missing, or many.
func (doc *document) withNulls() *document {
	if doc.sample == nil || len(doc.list) == 0 || doc.list[0].kind != '{' {
		return nil
	}
	have := doc.tree()
	wanted := map[int][]string{} // the names in the sample's objects, by path
	for _, o := range doc.sample.tree().objects {
		wanted[o.path] = o.names
	}
	added := 0
	missing := map[int][]string{} // by the place before which they stand: of a member, or the end of the object
	for _, o := range have.objects {
		names := wanted[o.path]
		lost, _ := differing(o.names, names)
		if added += len(lost); added >= maxNulls {
			return nil
		}
		for i, name := range o.names {
			for len(lost) > 0 && slices.Index(names, lost[0]) < slices.Index(names, name) {
				at := have.items[o.at][i]
				missing[at], lost = append(missing[at], lost[0]), lost[1:]
			}
		}
		missing[have.end[o.at]] = lost
	}
	if added == 0 {
		return nil
	}
	comma := token{kind: ',', text: []byte(",")}
	list := make([]token, 0, len(doc.list)+4*added)
	for i, t := range doc.list {
		for _, name := range missing[i] {
			if t.kind == '}' && list[len(list)-1].kind != '{' {
				list = append(list, comma)
			}
			quoted, _ := json.Marshal(name)
			list = append(list, token{kind: '"', text: quoted}, token{kind: ':', text: []byte(":")}, token{text: []byte("null")})
			if t.kind != '}' {
				list = append(list, comma)
			}
		}
		list = append(list, t)
	}
	full := parse(write(nil, list, doc.tail, asWas, nil))
	full.sample = doc.sample
	return full
}
