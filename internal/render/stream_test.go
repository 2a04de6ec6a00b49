package render_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/clipperhouse/displaywidth"
	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
)

var streamColumns = []render.Column{{Title: "ID"}, {Title: "NAME", Flexible: true}, {Title: "END"}}

func stream(t *testing.T, o render.Options, n, buffer int) string {
	t.Helper()
	var b bytes.Buffer
	p, err := render.New(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Stream(streamColumns, []int{4, 6})
	s.Buffer(buffer)
	for i := range n {
		if err := s.Item(list[i], []string{list[i].ID, "日本\x1b語の名前", "x"}, list[i].ID); err != nil {
			t.Fatal(err)
		}
		if buffer == 0 && b.Len() == 0 {
			t.Errorf("%+v: item %d was not written at once", o, i)
		}
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// A stream prints what Print does.
func TestStreamAgreesWithPrint(t *testing.T) {
	t.Parallel()
	for _, o := range []render.Options{{Format: render.JSON}, {Format: render.YAML}, {Format: render.NDJSON}, {Format: render.Name}, {Format: render.NDJSON, JQ: ".id"}} {
		for n := range 3 {
			names := []string{"a", "b"}[:n]
			want := print(t, o, render.View{Data: list[:n], Names: names})
			for _, buffer := range []int{0, 4096} {
				if diff := cmp.Diff(want, stream(t, o, n, buffer)); diff != "" {
					t.Errorf("%+v, %d items, buffer %d:\n%s", o, n, buffer, diff)
				}
			}
		}
	}
}

func TestStreamTable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		o    render.Options
		want string
	}{
		"pipe":     {render.Options{}, "ID     NAME     END\na      日本\ufffd語の名前   x\nb      日本\ufffd語の名前   x\n"},
		"terminal": {render.Options{TTY: true, Width: 80}, "ID     NAME     END\na      日本\ufffd…   x\nb      日本\ufffd…   x\n"},
		"colour":   {render.Options{TTY: true, Color: true}, "\x1b[1mID     NAME     END\x1b[0m\na      日本\ufffd…   x\nb      日本\ufffd…   x\n"},
	}
	for name, tt := range tests {
		if diff := cmp.Diff(tt.want, stream(t, tt.o, 2, 0)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if got := stream(t, render.Options{}, 0, 0); got != "" {
		t.Errorf("no items: %q", got)
	}
}

// The titles stand above their columns, where the first rows are longer than
// was thought.
func TestStreamAlign(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		1: "ID     NAME     END\nlong   n        x\nlonger-id   n        x\n",
		2: "ID          NAME     END\nlong        n        x\nlonger-id   n        x\n",
		9: "ID          NAME     END\nlong        n        x\nlonger-id   n        x\n",
	} {
		var b bytes.Buffer
		p, err := render.New(&b, render.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := p.Stream(streamColumns, []int{4, 6})
		s.Align(n)
		for _, id := range []string{"long", "longer-id"} {
			if err := s.Item(list[0], []string{id, "n", "x"}, id); err != nil {
				t.Fatal(err)
			}
		}
		if held := b.Len() == 0; held != (n > 2) {
			t.Errorf("%d: written before the end: %q", n, b.String())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%d:\n%s", n, diff)
		}
	}
}

// TestStreamOnNarrowTerminals: no line is wider than the terminal, the titles
// included, whatever the cells are; and what has room is whole.
func TestStreamOnNarrowTerminals(t *testing.T) {
	t.Parallel()
	columns := []render.Column{
		{Title: "TIME", Short: func(_ int, cell string) string { return cell[:8] }}, {Title: "OWNER", Optional: true}, {Title: "EVENT", Flexible: true, Last: true},
		{Title: "VERDICT"}, {Title: "MS", Spare: 1}, {Title: "NOTE", Flexible: true},
	}
	rows := [][]string{
		{"14:30:01.123", "zyntro", "new_contact", "valid", "1.0", "-"},
		{"14:30:01.124", "wundertreos", "contact.created", "NOT VERIFIED", "12345678.9", strings.Repeat("漢字", 200)},
		{"14:30:01.125", "-", strings.Repeat("👩‍👩‍👧", 50), "INVALID", "-", "a\x1b[2J\nb"},
	}
	wide := func(cell string) string { return cell + strings.Repeat("x", 300) }
	for width := 1; width <= 160; width++ {
		for _, align := range []int{0, 1, 9} {
			for _, long := range []bool{false, true} {
				var b bytes.Buffer
				p, err := render.New(&b, render.Options{TTY: true, Width: width})
				if err != nil {
					t.Fatal(err)
				}
				s := p.Stream(columns, []int{12, 11, 20, 7, 9, 40})
				s.Align(align)
				for _, row := range rows {
					if long {
						row = []string{row[0], wide(row[1]), wide(row[2]), wide(row[3]), wide(row[4]), wide(row[5])}
					}
					if err := s.Item(nil, row, ""); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
				if len(lines) != len(rows)+1 {
					t.Fatalf("%d lines", len(lines))
				}
				for _, line := range lines {
					if got := displaywidth.String(line); got > width {
						t.Fatalf("%d columns of %d: %.300q", got, width, line)
					}
				}
				if width >= 124 && align == 0 && !long && lines[1] != "14:30:01.123   zyntro        new_contact            valid     1.0         -" {
					t.Errorf("%d: %q", width, lines[1])
				}
			}
		}
	}
}

func TestStreamJQ(t *testing.T) {
	t.Parallel()
	if got, want := stream(t, render.Options{JQ: ".id, .count"}, 2, 0), "a\n9007199254740993\nb\n0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := stream(t, render.Options{JQ: "."}, 0, 0); got != "" {
		t.Errorf("no items: %q", got)
	}
}

func TestStreamStopsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	for _, f := range render.Formats {
		w := &failing{err: syscall.EPIPE}
		p, err := render.New(w, render.Options{Format: f})
		if err != nil {
			t.Fatal(err)
		}
		s := p.Stream(streamColumns, nil)
		for range 3 {
			if err := s.Item(list[0], []string{"a"}, "a"); !errors.Is(err, syscall.EPIPE) || fault.ExitCode(err) != 1 {
				t.Errorf("%s: Item = %v", f, err)
			}
		}
		if err := s.Close(); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("%s: Close = %v", f, err)
		}
		if w.n != 1 {
			t.Errorf("%s: %d writes after the pipe broke", f, w.n-1)
		}
	}
}

func TestStreamFailsAtTheEnd(t *testing.T) {
	t.Parallel()
	p, err := render.New(&failing{err: syscall.ENOSPC}, render.Options{Format: render.JSON})
	if err != nil {
		t.Fatal(err)
	}
	s := p.Stream(nil, nil)
	s.Buffer(1 << 20)
	if err := s.Item(1, nil, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close = %v", err)
	}
}

func TestStreamItemFails(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p, err := render.New(&b, render.Options{Format: render.NDJSON, JQ: ".a"})
	if err != nil {
		t.Fatal(err)
	}
	s := p.Stream(nil, nil)
	s.Buffer(1 << 20)
	if err := s.Item(map[string]int{"a": 1}, nil, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Item("text", nil, ""); fault.KindOf(err) != fault.Usage {
		t.Errorf("Item = %v", err)
	}
	if err := s.Close(); fault.KindOf(err) != fault.Usage || b.String() != "1\n" {
		t.Errorf("Close = %v, output %q", err, b.String())
	}
	if err := s.Item(1, nil, ""); err == nil {
		t.Error("Item after Close succeeds")
	}

	p, err = render.New(io.Discard, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s = p.Stream(nil, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Item(1, nil, ""); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Item after Close = %v", err)
	}
	if err := s.Item(func() {}, nil, ""); err == nil {
		t.Error("Item of a function succeeds")
	}
}
