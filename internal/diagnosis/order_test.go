package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
)

func TestChoices(t *testing.T) {
	t.Parallel()
	names := func(n int) []string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprint(i))
		}
		return all
	}
	// Of the names that are told of, the last comes first.
	told := func(names []string) map[member]int {
		all := map[member]int{}
		for i, name := range names {
			all[member{7, name}] = len(names) - i
		}
		return all
	}
	for name, c := range map[string]struct {
		names []string
		known map[member]int
		want  int
		first []int
	}{
		"few":                {names(maxPermuted), nil, 720, []int{0, 1, 2, 3, 4, 5}},
		"too many":           {names(maxPermuted + 1), nil, 1, []int{0, 1, 2, 3, 4, 5, 6}},
		"all told":           {names(3), told(names(3)), 1, []int{2, 1, 0}},
		"few, one told":      {names(3), told([]string{"2"}), 6, []int{2, 0, 1}},
		"many, two more":     {names(8), told(names(6)), 7 * 8, []int{5, 4, 3, 2, 1, 0, 6, 7}},
		"many, three more":   {names(9), told(names(6)), 1, []int{5, 4, 3, 2, 1, 0, 6, 7, 8}},
		"told elsewhere":     {names(7), map[member]int{{6, "1"}: 1}, 1, names7},
		"nothing":            {nil, nil, 1, nil},
		"one, at both sides": {names(7), told(names(6)), 7, []int{5, 4, 3, 2, 1, 0, 6}},
		"told too often":     {slices.Concat(slices.Repeat([]string{"x"}, maxTold+1), names(2)), told([]string{"x"}), 1, unchanged(names(maxTold + 3))},
		"told often":         {slices.Concat(slices.Repeat([]string{"x"}, maxTold), names(1)), told([]string{"x"}), maxTold + 1, unchanged(names(maxTold + 1))},
	} {
		all := choices(object{path: 7, names: c.names}, c.known, true)
		if len(all) != c.want || !slices.Equal(all[0], c.first) {
			t.Errorf("%s: %d, the first is %v", name, len(all), all[0])
		}
		seen := map[string]bool{}
		for _, order := range all {
			seen[fmt.Sprint(order)] = true
			if sorted := slices.Sorted(slices.Values(order)); len(c.names) > 0 && !slices.Equal(sorted, unchanged(c.names)) {
				t.Errorf("%s: %v", name, order)
			}
		}
		if len(seen) != c.want {
			t.Errorf("%s: %d are different", name, len(seen))
		}
		if one := choices(object{path: 7, names: c.names}, c.known, false); len(one) != 1 || !slices.Equal(one[0], all[0]) {
			t.Errorf("%s: %v where no more is asked for", name, one)
		}
	}
}

var names7 = []int{0, 1, 2, 3, 4, 5, 6}

// Each place in a document has a number, and the root another one.
func TestPaths(t *testing.T) {
	t.Parallel()
	p := paths{}
	seen := map[int]bool{0: true}
	for _, m := range []member{{0, "a"}, {0, "b"}, {1, "a"}} {
		if n := p.of(m); seen[n] || p.of(m) != n {
			t.Errorf("%v is %d", m, n)
		}
		seen[p.of(m)] = true
	}
}

// Objects of one place with the same names have one order, others each their own.
func TestOrders(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"a":1,"b":2}`: 2, `[{"a":1,"b":2},{"a":3,"b":4}]`: 2, `[{"a":1,"b":2},{"a":3,"c":4}]`: 4,
		`{"x":{"a":1,"b":2},"y":{"a":3,"b":4}}`: 8, `[1,[2,"x"]]`: 1, `{}`: 1, `{"x":{"a":1,"b":2,"c":3}}`: 6,
	} {
		list, _ := tokens([]byte(body))
		tree := treeOf(list, paths{})
		o := newOrders(tree, nil)
		seen := map[string]bool{}
		n := 0
		for more := true; more; more = o.next() {
			seen[string(write(nil, tree.write(nil, 0, o.chosen), nil, compact, nil))] = true
			if n++; n > 100 {
				break
			}
		}
		if n != want || len(seen) != want || !seen[body] {
			t.Errorf("%s: %d orders, %d different ones: %v", body, n, len(seen), seen)
		}
	}
}

// What is tried of an order is bounded: so many orders, and of the likeliest
// all the other ways in which they may have been written.
func TestOrdersAreBounded(t *testing.T) {
	t.Parallel()
	e := explainer()
	search := func(body string) *diagnosis {
		d := e.newDiagnosis(&capture.Request{Body: []byte(body), Header: capture.Header{field("X-Wunder-Signature", strings.Repeat("ab", 32))}}, 1)
		d.budget.left = 1 << 40
		return d
	}
	cost := func(body string, of func(*diagnosis)) int {
		d := search(body)
		of(d)
		return 1<<40 - d.budget.left
	}
	ordered := func(full bool) func(*diagnosis) {
		return func(d *diagnosis) {
			list, _ := tokens(d.request.Body)
			if d.ordered(treeOf(list, paths{}), nil, nil, []pieces{nil}, []pieces{nil}, []layout{compact}, full) {
				t.Error("found")
			}
		}
	}
	each := func(n int) int { return formCost*(n+hashCost) + n + hashCost } // a form, and a digest of it
	wide := `[{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6},{"g":1,"h":2,"i":3,"j":4,"k":5,"l":6}]`
	if got, want := cost(wide, ordered(false)), maxOrders*each(len(wide)); got != want {
		t.Errorf("%d orders are tried", got/each(len(wide)))
	}
	few := `{"a":1,"b":2,"c":3}`
	want := 6 * each(len(few))
	for _, order := range []string{`{"a":1,"c":3,"b":2}`} { // not its own, which is tried in all ways elsewhere
		want += cost(order, func(d *diagnosis) {
			d.matchAny(jsonCommon(parse([]byte(order))))
			d.matchAny(jsonRewritten(parse([]byte(order))))
		})
	}
	if got := cost(few, ordered(true)); got != want {
		t.Errorf("all ways cost %d, want %d", got, want)
	}
	// Of objects whose turn never comes no orders are made.
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf(`{"a":1,"b":2,"c":3,"d":4,"e":5,"f%d":6}`, i))
	}
	list, _ := tokens([]byte("[" + strings.Join(many, ",") + "]"))
	for i, g := range newOrders(treeOf(list, paths{}), nil).groups {
		if want := []int{720, 720, 1}[min(i, 2)]; len(g.choices) != want {
			t.Errorf("%d orders of object %d", len(g.choices), i)
		}
	}
	// Where the budget ends, so does the search.
	d := search(wide)
	d.budget.left = each(len(wide))*10 + formCost
	ordered(true)(d)
	if d.budget.left > 0 || d.budget.left < -2*each(2*len(wide)) {
		t.Errorf("%d left", d.budget.left)
	}
}
