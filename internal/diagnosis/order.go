package diagnosis

import (
	"bytes"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The order of an object's members, which many programs do not keep: Go's maps
// and sort_keys write names in alphabetical order, PostgreSQL's jsonb the short
// ones first. What it was is told by a delivery of the same kind, or found by
// trying where there are few.

// tree says where the items of each object and list of a document begin, and
// where it ends, by the place of its first token.
type tree struct {
	list    []token
	paths   paths
	path    []int    // of the scalars, by their place; -1 for the names of members
	objects []object // in the order in which they begin
	items   [][]int
	end     []int
}

// object is where one begins, its path, and the names of its members, and of those
// that are null.
type object struct {
	at    int
	path  int
	names []string
	nulls []string
}

// member is one of the objects of a path.
type member struct {
	path int
	name string
}

// paths numbers the paths, which are the names around an object: 0 has none. As
// texts they could be as long as the document, for each object in it.
type paths map[member]int

func (p paths) of(m member) int {
	if _, known := p[m]; !known {
		p[m] = len(p) + 1
	}
	return p[m]
}

// texts are the paths down to members of members, as in "data/url".
func (p paths) texts() map[int]string {
	top := map[int]string{}
	for m, n := range p {
		if m.path == 0 {
			top[n] = m.name
		}
	}
	all := maps.Clone(top)
	all[0] = ""
	for m, n := range p {
		if within, known := top[m.path]; known {
			all[n] = within + "/" + m.name
		}
	}
	return all
}

func treeOf(list []token, p paths) *tree {
	t := &tree{list: list, paths: p, path: make([]int, len(list)), items: make([][]int, len(list)), end: make([]int, len(list))}
	if len(list) > 0 {
		t.grow(0, 0)
	}
	return t
}

// grow takes in the value at i, and returns the place after it. The nesting is
// bounded by tokens.
func (t *tree) grow(i, path int) int {
	open, kind := i, t.list[i].kind
	if kind != '{' && kind != '[' {
		t.path[i] = path
		return i + 1
	}
	at := -1
	if kind == '{' {
		at = len(t.objects)
		t.objects = append(t.objects, object{at: open, path: path})
	}
	for i++; t.list[i].kind != '}' && t.list[i].kind != ']'; {
		if t.list[i].kind == ',' {
			i++
			continue
		}
		t.items[open] = append(t.items[open], i)
		within := path
		if at >= 0 {
			// A name that cannot be unquoted counts as it is written.
			name, err := strconv.Unquote(string(t.list[i].text))
			if err != nil {
				name = string(t.list[i].text)
			}
			t.objects[at].names = append(t.objects[at].names, name)
			t.path[i] = -1
			within = t.paths.of(member{path, name})
			if i += 2; isNull(t.list[i]) {
				t.objects[at].nulls = append(t.objects[at].nulls, name)
			}
		}
		i = t.grow(i, within)
	}
	t.end[open] = i
	return i + 1
}

// write appends the value at i, the members of the objects in the given order;
// those that have none stay as they are.
func (t *tree) write(out []token, i int, order map[int][]int) []token {
	kind := t.list[i].kind
	out = append(out, t.list[i])
	if kind != '{' && kind != '[' {
		return out
	}
	items := t.items[i]
	for n := range items {
		if n > 0 {
			out = append(out, token{kind: ',', text: []byte(",")})
		}
		at := items[n]
		if by := order[i]; by != nil {
			at = items[by[n]]
		}
		if kind == '{' {
			out = append(out, t.list[at], t.list[at+1])
			at += 2
		}
		out = t.write(out, at, order)
	}
	return append(out, t.list[t.end[i]])
}

// alphabetical is a document with the members of its objects in that order.
func alphabetical(list []token) []token {
	t := treeOf(list, paths{})
	order := map[int][]int{}
	for _, o := range t.objects {
		at := unchanged(o.names)
		slices.SortStableFunc(at, func(i, j int) int { return strings.Compare(o.names[i], o.names[j]) })
		order[o.at] = at
	}
	return t.write(make([]token, 0, len(list)), 0, order)
}

func unchanged(names []string) []int {
	at := make([]int, len(names))
	for i := range at {
		at[i] = i
	}
	return at
}

// ranks says in which order a provider writes the members of a body such as
// sample: the place of each.
func ranks(sample *tree) map[member]int {
	known := map[member]int{}
	for _, o := range sample.objects {
		for i, name := range o.names {
			known[member{o.path, name}] = i + 1
		}
	}
	return known
}

// Bounds of what testOrder tries.
const (
	maxPermuted = 6    // members of an object whose order is nowhere told
	maxInserted = 2    // members that are not told of, in an object that is
	maxTold     = 64   // members that are, beside them: they may be repeated
	maxOrders   = 5000 // ways to order a body
	fullForms   = 2    // of them, those that are rewritten in other ways too
)

// jsonInOrder is the document with its members as the provider writes them, where they
// stand in another order.
func jsonInOrder(doc *document) iter.Seq[[]byte] {
	if doc.sample == nil || len(doc.list) == 0 || len(doc.list) > maxValues {
		return none
	}
	t := doc.tree()
	ordered := t.write(make([]token, 0, len(doc.list)), 0, newOrders(t, ranks(doc.sample.tree())).chosen)
	if slices.EqualFunc(ordered, doc.list, func(a, b token) bool { return a.kind == b.kind && (a.kind == ',' || a.at == b.at) }) {
		return none
	}
	again := parse(write(nil, ordered, nil, compact, nil))
	again.sample = doc.sample
	return jsonCommon(again)
}

// testOrder tries other orders of the members, the likeliest first.
func testOrder(d *diagnosis) (string, bool) {
	return "", len(d.targets) > 0 && !d.budget.spent() && d.otherOrder(d.document(d.request.Body))
}

// otherOrder tries a document with its members in other orders.
func (d *diagnosis) otherOrder(doc *document) bool {
	if len(doc.list) == 0 || d.budget.spent() {
		return false
	}
	var known map[member]int
	if doc.sample != nil {
		known = ranks(doc.sample.tree())
	}
	t := doc.tree()
	plain := changed(doc.list, '"', func(t token) []byte { return stringForms[0](t.text) })
	texts := appendNew([]pieces{nil}, plain)
	numbers := doc.likely()
	return d.ordered(t, known, doc.sample, texts, []pieces{nil}, []layout{compact, spaced}, true) ||
		len(numbers) > 0 && d.ordered(t, known, doc.sample, texts, numbers, []layout{compact}, false)
}

// ordered tries a document with these texts and numbers, in these layouts, in all
// orders of its members; full says to write the likeliest in all other ways too.
func (d *diagnosis) ordered(t *tree, known map[member]int, sample *document, texts, numbers []pieces, layouts []layout, full bool) bool {
	o := newOrders(t, known)
	list, buf := make([]token, 0, len(t.list)), []byte(nil)
	for n := range maxOrders {
		list = t.write(list[:0], 0, o.chosen)
		for _, l := range layouts {
			for _, number := range numbers {
				for _, text := range texts {
					buf = writeBoth(buf[:0], list, nil, l, text, number)
					if !d.budget.charge(buf) {
						return false
					}
					if d.match(buf) {
						return true
					}
				}
			}
		}
		// In its own order the document was tried by the rows before this one.
		if full && n < fullForms && !slices.EqualFunc(list, t.list, func(a, b token) bool { return bytes.Equal(a.text, b.text) }) {
			doc := parse(write(nil, list, nil, compact, nil))
			doc.sample = sample
			if d.matchAny(jsonCommon(doc)) || n == 0 && d.matchAny(jsonValues(doc)) || d.matchAny(jsonRewritten(doc)) {
				return true
			}
		}
		if !o.next() {
			break
		}
	}
	return false
}

// orders is the orders that the objects of a body may have had. Objects of one
// path with the same members have the same.
type orders struct {
	chosen map[int][]int // the order of each object now
	groups []orderGroup
}

type orderGroup struct {
	objects []int // where they begin
	choices [][]int
	now     int
}

func newOrders(t *tree, known map[member]int) *orders {
	o := &orders{chosen: map[int][]int{}}
	at := map[string]int{} // index of groups
	ways := 1
	for _, object := range t.objects {
		key := strconv.Itoa(object.path) + "\n" + strings.Join(object.names, "\n")
		i, seen := at[key]
		if !seen {
			i = len(o.groups)
			at[key] = i
			o.groups = append(o.groups, orderGroup{choices: choices(object, known, ways < maxOrders)})
			ways *= len(o.groups[i].choices)
		}
		o.groups[i].objects = append(o.groups[i].objects, object.at)
		o.chosen[object.at] = o.groups[i].choices[0]
	}
	return o
}

// next goes on to another choice; false after the last.
func (o *orders) next() bool {
	for i := range o.groups {
		g := &o.groups[i]
		g.now = (g.now + 1) % len(g.choices)
		for _, at := range g.objects {
			o.chosen[at] = g.choices[g.now]
		}
		if g.now > 0 {
			return true
		}
	}
	return false
}

// choices is the orders that an object may have had: what is told of comes in
// its order, the rest anywhere, if it is not too much, and more than one is asked for.
func choices(object object, known map[member]int, more bool) [][]int {
	place := func(i int) int { return known[member{object.path, object.names[i]}] }
	var told, rest []int
	for i := range object.names {
		if place(i) > 0 {
			told = append(told, i)
		} else {
			rest = append(rest, i)
		}
	}
	slices.SortStableFunc(told, func(i, j int) int { return place(i) - place(j) })
	switch first := slices.Concat(told, rest); {
	case more && len(rest) > 0 && len(first) <= maxPermuted:
		return insertions(nil, first)
	case more && len(rest) <= maxInserted && len(told) <= maxTold:
		return insertions(told, rest)
	default:
		return [][]int{first}
	}
}

// insertions is at with each of rest put in everywhere, first of all in their order
// behind it.
func insertions(at, rest []int) [][]int {
	if len(rest) == 0 {
		return [][]int{at}
	}
	var all [][]int
	for i := len(at); i >= 0; i-- {
		all = append(all, insertions(slices.Insert(slices.Clone(at), i, rest[0]), rest[1:])...)
	}
	return all
}

// namesSorted reports whether each object's names are in alphabetical order,
// with enough of them in one for that to be no accident.
func (t *tree) namesSorted() bool {
	const telling = 4
	most := 0
	for _, o := range t.objects {
		if !slices.IsSorted(o.names) {
			return false
		}
		most = max(most, len(o.names))
	}
	return most >= telling
}
