package prompt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// list is a list to pick from, and how far the person is with it.
type list struct {
	label   string
	choices []Choice
	several bool

	typed   string       // the words that a row must have
	at      int          // the row in focus
	picked  map[int]bool // by their index in choices
	refused string       // why Enter did not end it
}

func newList(label string, choices []Choice, several bool) *list {
	l := &list{label: term.Clean(label), choices: choices, several: several, picked: map[int]bool{}}
	for i, c := range choices {
		if c.Picked && several {
			l.picked[i] = true
		}
	}
	return l
}

// row is a choice, or the heading of a group, which stands for all of its choices
// that are shown.
type row struct {
	text    string
	heading bool
	choices []int
}

// rows are those that have the words that were typed, by groups where several may
// be picked.
func (l *list) rows() []row {
	var groups []string
	members := map[string][]int{}
	words := strings.Fields(l.typed)
	for i, c := range l.choices {
		if !c.matches(words...) {
			continue
		}
		group := ""
		if l.several {
			group = c.Group
		}
		if members[group] == nil {
			groups = append(groups, group)
		}
		members[group] = append(members[group], i)
	}
	var rows []row
	for _, g := range groups {
		indent := ""
		if g != "" {
			rows = append(rows, row{term.Clean(g), true, members[g]})
			indent = "  "
		}
		for _, i := range members[g] {
			text := l.choices[i].text()
			if g != "" {
				text = l.choices[i].label()
			}
			rows = append(rows, row{indent + text, false, []int{i}})
		}
	}
	return rows
}

// count is how many of these are picked.
func (l *list) count(choices []int) (n int) {
	for _, i := range choices {
		if l.picked[i] {
			n++
		}
	}
	return n
}

// set picks these, or takes them back.
func (l *list) set(choices []int, picked bool) {
	for _, i := range choices {
		if l.picked[i] = picked; !picked {
			delete(l.picked, i)
		}
	}
}

// shown are the choices in rows.
func shown(rows []row) (all []int) {
	for _, r := range rows {
		if !r.heading {
			all = append(all, r.choices...)
		}
	}
	return all
}

// answer is what is picked, in the order of the choices.
func (l *list) answer() []int {
	var all []int
	for i := range l.choices {
		if l.picked[i] {
			all = append(all, i)
		}
	}
	return all
}

// key is what a person does to a list.
type key int

const (
	keyNone key = iota
	keyUp
	keyDown
	keyEnter
	keyRight
	keyLeft
	keyErase    // one character
	keyEraseAll // of what was typed
)

// press does what a key asks for, and reports whether the list is answered.
func (l *list) press(k key) (done bool) {
	rows := l.rows()
	l.refused = ""
	switch k {
	case keyUp, keyDown:
		if step := map[key]int{keyUp: -1, keyDown: 1}[k]; len(rows) > 0 {
			l.at = (l.at + step + len(rows)) % len(rows)
		}
	case keyRight, keyLeft:
		if l.several {
			l.set(shown(rows), k == keyRight)
		}
	case keyErase:
		if runes := []rune(l.typed); len(runes) > 0 {
			l.search(string(runes[:len(runes)-1]))
		}
	case keyEraseAll:
		l.search("")
	case keyEnter:
		switch {
		case l.several && len(l.picked) == 0:
			l.refused = "pick at least one with the space bar"
		case l.several:
			return true
		case l.at < len(rows):
			l.set(rows[l.at].choices, true)
			return true
		}
	}
	return false
}

// write is a character that was typed: a word to search for, but that a space picks
// where several may be.
func (l *list) write(r rune) {
	l.refused = ""
	if r != ' ' || !l.several {
		l.search(l.typed + string(r))
		return
	}
	if rows := l.rows(); l.at < len(rows) {
		these := rows[l.at].choices
		l.set(these, l.count(these) < len(these))
	}
}

func (l *list) search(typed string) { l.typed, l.at = typed, 0 }

// How a line of a list is drawn.
const (
	plain  = ""
	strong = "\x1b[1m"
	faint  = "\x1b[36m"
	marked = "\x1b[32m"
	wrong  = "\x1b[31m"
)

type line struct{ style, text string }

// mostRows bounds what is shown of a list at once.
const mostRows = 15

// lines is the list as it is drawn: none is wider than the terminal.
func (l *list) lines(cols, height int) []line {
	add := func(to []line, style, text string) []line {
		for part := range strings.SplitSeq(wrap(text, cols), "\n") {
			to = append(to, line{style, term.Cut(part, cols-1)})
		}
		return to
	}
	title := "? " + l.label
	if l.typed != "" {
		title += ": " + term.Clean(l.typed)
	}
	top := []line{{strong, tail(title, cols-1)}}
	if l.several {
		top = add(top, faint, "Space picks a line or a whole group, the right arrow all, the left arrow none. Enter ends. Type to search.")
	} else {
		top = add(top, faint, "Arrows move, Enter picks. Type to search.")
	}
	var bottom []line
	rows := l.rows()
	if len(rows) == 0 {
		bottom = add(bottom, wrong, "Nothing matches. Backspace takes a letter back.")
	}
	if l.several {
		bottom = add(bottom, strong, l.tally(cols))
	}
	if l.refused != "" {
		bottom = add(bottom, wrong, l.refused)
	}

	page := min(max(height-len(top)-len(bottom)-1, 3), mostRows, len(rows))
	first := min(max(l.at-page/2, 0), len(rows)-page)
	for i, r := range rows[first : first+page] {
		top = append(top, l.line(r, first+i == l.at, cols))
	}
	return append(top, bottom...)
}

// line is a row as it is drawn.
func (l *list) line(r row, focus bool, cols int) line {
	text, style := "  ", plain
	if focus {
		text, style = "> ", faint
	}
	if l.several {
		n := l.count(r.choices)
		switch {
		case n == len(r.choices):
			text += "[x] "
		case n > 0:
			text += "[-] "
		default:
			text += "[ ] "
		}
		if n > 0 && !focus {
			style = marked
		}
	}
	text += r.text
	if r.heading {
		text += fmt.Sprintf(" (%d of %d)", l.count(r.choices), len(r.choices))
	}
	return line{style, term.Cut(text, cols-1)}
}

// tally counts what is picked and names as much of it as two lines take.
func (l *list) tally(cols int) string {
	var names []string
	for _, i := range l.answer() {
		names = append(names, l.choices[i].label())
	}
	head := fmt.Sprintf("%d picked of %d", len(names), len(l.choices))
	if len(names) == 0 {
		return head
	}
	text := ""
	for n := len(names); n >= 0; n-- {
		text = head
		if n > 0 {
			text += ": " + strings.Join(names[:n], ", ")
		}
		if n < len(names) {
			text += fmt.Sprintf(" and %d more", len(names)-n)
		}
		parts := strings.Split(wrap(text, cols), "\n")
		if len(parts) <= 2 && !slices.ContainsFunc(parts, func(s string) bool { return term.Cut(s, cols-1) != s }) {
			return text
		}
	}
	return head
}

// summary is the answer on a line.
func (l *list) summary(cols int) string {
	if l.several {
		return term.Cut(fmt.Sprintf("? %s: %d picked", l.label, len(l.picked)), cols-1)
	}
	for _, i := range l.answer() {
		return term.Cut("? "+l.label+": "+l.choices[i].text(), cols-1)
	}
	return ""
}
