//go:build unix

// Package prompttest is a pseudo-terminal with a person at it, for tests of what
// asks.
package prompttest

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	xterm "golang.org/x/term"
)

// Patience bounds every wait: a question that hangs fails its test.
const Patience = 30 * time.Second

// Terminal is a pseudo-terminal with a person at it. Some terminals answer what a
// program asks them, such as where the cursor is; a silent one never does.
type Terminal struct {
	TTY *os.File // the program's side

	t      *testing.T
	master *os.File
	found  xterm.State    // its settings at first
	screen vt10x.Terminal // nil for a silent one

	mu   sync.Mutex
	raw  bytes.Buffer
	seen int // how much of raw, without escapes, Expect has passed
}

// Open opens a terminal of that size; a silent one has none.
func Open(t *testing.T, silent bool, cols, rows int) *Terminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	t.Cleanup(func() { _, _ = tty.Close(), master.Close() })
	term := &Terminal{t: t, master: master, TTY: tty}
	term.found = term.state()
	if !silent {
		if err := pty.Setsize(master, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}); err != nil {
			t.Fatal(err)
		}
		term.screen = vt10x.New(vt10x.WithWriter(master), vt10x.WithSize(cols, rows))
	}
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := master.Read(b)
			if n > 0 {
				if term.screen != nil { // first: what is expected is on the screen
					_, _ = term.screen.Write(b[:n])
				}
				term.mu.Lock()
				term.raw.Write(b[:n])
				term.mu.Unlock()
			}
			if err != nil {
				return
			}
		}
	}()
	return term
}

var escapes = regexp.MustCompile("\x1b(\\[[0-?]*[@-~]|[78])")

// Expect waits until text has been printed after what was expected before.
func (term *Terminal) Expect(text string) {
	term.t.Helper()
	term.await(text, func() bool {
		plain := escapes.ReplaceAllString(term.Output(), "")
		at := strings.Index(plain[min(term.seen, len(plain)):], text)
		if at >= 0 {
			term.seen += at + len(text)
		}
		return at >= 0
	})
}

// RawMode waits until single keys are read: before that the terminal acts on some
// of them itself.
func (term *Terminal) RawMode() {
	term.t.Helper()
	term.await("a change of the settings", func() bool { return !term.Restored() })
}

func (term *Terminal) await(what string, there func() bool) {
	term.t.Helper()
	for late := time.After(Patience); !there(); {
		select {
		case <-late:
			term.t.Fatalf("waited in vain for %q after %d bytes of %q", what, term.seen, term.Output())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Restored reports whether the terminal's settings are as they were at first.
func (term *Terminal) Restored() bool { return term.state() == term.found }

func (term *Terminal) state() xterm.State {
	term.t.Helper()
	s, err := xterm.GetState(int(term.TTY.Fd()))
	if err != nil {
		term.t.Fatal(err)
	}
	return *s
}

// Output is all that was printed, escapes included.
func (term *Terminal) Output() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.raw.String()
}

// Send types keys.
func (term *Terminal) Send(keys string) {
	term.t.Helper()
	if _, err := io.WriteString(term.master, keys); err != nil {
		term.t.Fatal(err)
	}
}

// Rows are the lines that the terminal shows, without blanks at their ends.
func (term *Terminal) Rows() []string {
	lines := strings.Split(strings.TrimRight(term.screen.String(), " \n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return lines
}

// Shows checks that each word of the text is whole on a line of the screen.
func (term *Terminal) Shows(text string) {
	term.t.Helper()
	screen := term.Rows()
	for _, word := range strings.Fields(text) {
		if !slices.ContainsFunc(screen, func(row string) bool { return slices.Contains(strings.Fields(row), word) }) {
			term.t.Errorf("%q is not whole on the screen:\n%s", word, strings.Join(screen, "\n"))
		}
	}
}
