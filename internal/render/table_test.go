package render_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/render"
)

var hooks = &render.Grid{
	Columns: []render.Column{{Title: "ID"}, {Title: "URL", Flexible: true}, {Title: "STATUS"}, {Title: "CREATED", Optional: true}, {Title: "HEALTH", Optional: true}},
	Rows: [][]string{
		{"wh_1", "https://example.com/a/very/long/path/to/the/hook", "active", "2026-01-02", "ok"},
		{"wh_22", "https://example.com/b", "paused", "2026-01-03", "failing"},
	},
}

func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	tests := map[int]string{
		200: "ID      URL                                                STATUS   CREATED      HEALTH\n" +
			"wh_1    https://example.com/a/very/long/path/to/the/hook   active   2026-01-02   ok\n" +
			"wh_22   https://example.com/b                              paused   2026-01-03   failing\n",
		60: "ID     URL                       STATUS  CREATED     HEALTH\n" +
			"wh_1   https://example.com/a/v…  active  2026-01-02  ok\n" +
			"wh_22  https://example.com/b     paused  2026-01-03  failing\n",
		40: "ID     URL            STATUS  CREATED\n" +
			"wh_1   https://exam…  active  2026-01-02\n" +
			"wh_22  https://exam…  paused  2026-01-03\n",
	}
	for w, want := range tests {
		got := print(t, render.Options{TTY: true, Width: w}, render.View{Grid: hooks})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("width %d:\n%s", w, diff)
		}
	}
	columns := map[int]int{200: 5, 60: 5, 48: 5, 47: 4, 39: 4, 38: 3, 27: 3, 20: 3}
	for w, want := range columns {
		got := print(t, render.Options{TTY: true, Width: w}, render.View{Grid: hooks})
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if n := len(strings.Fields(lines[0])); n != want || len(lines) != 3 {
			t.Errorf("width %d: %d columns, want %d:\n%s", w, n, want, got)
		}
		widest := 0
		for _, line := range lines {
			widest = max(widest, displaywidth.String(line))
		}
		if widest > w {
			t.Errorf("width %d: a line takes %d:\n%s", w, widest, got)
		}
		if w < 60 && !strings.Contains(got, "…") {
			t.Errorf("width %d: nothing is cut:\n%s", w, got)
		}
		for _, kept := range []string{"wh_22", "paused"} {
			if !strings.Contains(got, kept) {
				t.Errorf("width %d: %s is gone:\n%s", w, kept, got)
			}
		}
	}
	if len(hooks.Columns) != 5 || len(hooks.Rows[0]) != 5 {
		t.Error("the caller's grid was changed")
	}
	if got := print(t, render.Options{TTY: true, Width: 5}, render.View{Grid: hooks}); !strings.Contains(got, "wh_22  htt…  paused") {
		t.Errorf("far too narrow:\n%s", got)
	}
}

// TestTableGivesWay shows the order in which a table gives way: short forms,
// the column that is cut last, then what can be spared.
func TestTableGivesWay(t *testing.T) {
	t.Parallel()
	g := &render.Grid{
		Columns: []render.Column{
			{Title: "WHOSE", Spare: 2},
			{Title: "ID", Short: func(row int, cell string) string { return fmt.Sprint(row, cell[:3]) }},
			{Title: "NAME", Flexible: true, Last: true},
			{Title: "URL", Flexible: true, Spare: 1},
		},
		Rows: [][]string{{"somebody", "abcdefghij", "a name of 18 chars", "https://example.com/hook"}},
	}
	for w, want := range map[int]string{
		69: "WHOSE      ID           NAME                 URL\nsomebody   abcdefghij   a name of 18 chars   https://example.com/hook\n",
		66: "WHOSE     ID          NAME                URL\nsomebody  abcdefghij  a name of 18 chars  https://example.com/hook\n",
		65: "WHOSE     ID    NAME                URL\nsomebody  0abc  a name of 18 chars  https://example.com/hook\n",
		48: "WHOSE     ID    NAME                URL\nsomebody  0abc  a name of 18 chars  https://exa…\n",
		47: "WHOSE     ID    NAME               URL\nsomebody  0abc  a name of 18 cha…  https://exa…\n",
		41: "ID    NAME                URL\n0abc  a name of 18 chars  https://exampl…\n",
		31: "ID    NAME\n0abc  a name of 18 chars\n",
		12: "ID    NAME\n0abc  a nam…\n",
	} {
		got := print(t, render.Options{TTY: true, Width: w}, render.View{Grid: g})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("width %d:\n%s", w, diff)
		}
	}
	if got := print(t, render.Options{Width: 12}, render.View{Grid: g}); !strings.Contains(got, "abcdefghij   a name of 18 chars   https://example.com/hook") {
		t.Errorf("in a pipe:\n%s", got)
	}
}

func TestTableInAPipeIsWhole(t *testing.T) {
	t.Parallel()
	got := print(t, render.Options{Width: 20}, render.View{Grid: hooks})
	if !strings.Contains(got, hooks.Rows[0][1]) || !strings.Contains(got, "HEALTH") {
		t.Errorf("cut in a pipe:\n%s", got)
	}
	if strings.ContainsAny(got, "\t\x1b") {
		t.Errorf("tabs or colour in a pipe: %q", got)
	}
}

func TestTableAlignsWideText(t *testing.T) {
	t.Parallel()
	names := []string{"plain", "日本語のフック", "👩‍👩‍👧 family", "🏳️‍🌈", "e\u0301te\u0301", "~tilde~", "a~b~~c", "", "…"}
	g := &render.Grid{Columns: []render.Column{{Title: "ÑAME"}, {Title: "END"}}}
	for _, n := range names {
		g.Rows = append(g.Rows, []string{n, "|" + n})
	}
	got := print(t, render.Options{}, render.View{Grid: g})
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	want := displaywidth.String(lines[0][:strings.Index(lines[0], "END")])
	for i, line := range lines[1:] {
		at := strings.Index(line, "|")
		if w := displaywidth.String(line[:at]); w != want || line[at+1:] != names[i] || !strings.HasPrefix(line, names[i]) {
			t.Errorf("%q: the second column begins at %d, want %d", line, w, want)
		}
	}
	got = print(t, render.Options{TTY: true, Width: 12}, render.View{Grid: &render.Grid{
		Columns: []render.Column{{Title: "N", Flexible: true}, {Title: "X"}},
		Rows:    [][]string{{"日本語のフック", "y"}},
	}})
	if want := "N          X\n日本語の…  y\n"; got != want {
		t.Errorf("cut = %q, want %q", got, want)
	}
}

func TestTableColour(t *testing.T) {
	t.Parallel()
	g := &render.Grid{Columns: []render.Column{{Title: "A"}, {Title: "B"}}, Rows: [][]string{{"1", "2"}}}
	if got, want := print(t, render.Options{Color: true}, render.View{Grid: g}), "\x1b[1mA   B\x1b[0m\n1   2\n"; got != want {
		t.Errorf("table = %q, want %q", got, want)
	}
	facts := []render.Fact{{Label: "A", Value: "1"}, {Label: "BB", Value: "2"}}
	if got, want := print(t, render.Options{Color: true}, render.View{Facts: facts}), "\x1b[1mA:\x1b[0m    1\n\x1b[1mBB:\x1b[0m   2\n"; got != want {
		t.Errorf("facts = %q, want %q", got, want)
	}
}

// A list of many is broken between its items, and only on a terminal.
func TestFactsOfLists(t *testing.T) {
	t.Parallel()
	v := render.View{Facts: []render.Fact{
		{Label: "ID", Value: "x"}, {Label: "Events", List: []string{"alpha", "beta", "日本", "a_very_long_slug_indeed"}}, {Label: "None", List: []string{}},
	}}
	for _, c := range []struct {
		o    render.Options
		want string
	}{
		{render.Options{}, "ID:       x\nEvents:   alpha, beta, 日本, a_very_long_slug_indeed\nNone:\n"},
		{render.Options{TTY: true, Width: 23}, "ID:       x\nEvents:   alpha, beta,\n          日本,\na_very_long_slug_indeed\nNone:\n"},
		{render.Options{TTY: true, Width: 28}, "ID:       x\nEvents:   alpha, beta, 日本,\na_very_long_slug_indeed\nNone:\n"},
	} {
		if diff := cmp.Diff(c.want, print(t, c.o, v)); diff != "" {
			t.Errorf("width %d: %s", c.o.Width, diff)
		}
	}
}

func TestBigTableIsFast(t *testing.T) {
	t.Parallel()
	g := &render.Grid{Columns: hooks.Columns}
	for i := range 10000 {
		g.Rows = append(g.Rows, []string{fmt.Sprint("wh_", i), fmt.Sprintf("https://example.com/%d", i*i), "active", "2026-01-02", "日本"})
	}
	begin := time.Now()
	out := print(t, render.Options{TTY: true, Width: 50}, render.View{Grid: g})
	if n := strings.Count(out, "\n"); n != 10001 {
		t.Errorf("%d lines", n)
	}
	took := time.Since(begin)
	t.Logf("10,000 rows in %v", took)
	if took > time.Minute { // a machine may be busy
		t.Errorf("10,000 rows took %v", took)
	}
}

// A long table is laid out by other code than a short one.
func TestLongTablesLookTheSame(t *testing.T) {
	t.Parallel()
	cells := []string{"plain", "", "~", "漢字", "👨‍👩‍👧 family", "e\u0301", "עברית", "a  b ", "\x1b[31m", strings.Repeat("w", 90)}
	grid := func(rows int) *render.Grid {
		g := &render.Grid{Columns: []render.Column{{Title: "ID"}, {Title: "NAME", Flexible: true}, {Title: "LAST"}}}
		for i := range rows {
			g.Rows = append(g.Rows, []string{cells[i%10], cells[(i/10+i)%10], cells[(i+3)%10]})
		}
		return g
	}
	for name, o := range map[string]render.Options{"pipe": {}, "colour": {Color: true}, "narrow": {TTY: true, Width: 60}} {
		short, long := print(t, o, render.View{Grid: grid(900)}), print(t, o, render.View{Grid: grid(1100)})
		if !strings.HasPrefix(long, short) || strings.Count(long, "\n") != 1101 {
			t.Errorf("%s: %s", name, cmp.Diff(short, long[:len(short)]))
		}
	}
}

// One huge cell must not make every row as wide.
func TestHugeCellPadsNoOther(t *testing.T) {
	t.Parallel()
	g := &render.Grid{Columns: []render.Column{{Title: "ID"}, {Title: "NAME"}, {Title: "STATUS"}}}
	for i := range 900 {
		g.Rows = append(g.Rows, []string{fmt.Sprint(i), "short", "active"})
	}
	g.Rows[7][1] = strings.Repeat("x", 100_000)
	got := print(t, render.Options{}, render.View{Grid: g})
	if len(got) > 100_000+901*600 || !strings.Contains(got, g.Rows[7][1]+"   active\n") {
		t.Errorf("%d bytes", len(got))
	}
}
