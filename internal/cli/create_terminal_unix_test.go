//go:build unix

package cli

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/term"
)

// screen is a pseudo-terminal, and what it shows.
type screen struct {
	t           *testing.T
	master, tty *os.File
	shown       vt10x.Terminal

	mu   sync.Mutex
	text strings.Builder
	seen int
}

func openScreen(t *testing.T, cols, rows int) *screen {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	t.Cleanup(func() { _, _ = tty.Close(), master.Close() })
	if err := pty.Setsize(master, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}); err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, master: master, tty: tty, shown: vt10x.New(vt10x.WithWriter(master), vt10x.WithSize(cols, rows))}
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := master.Read(b)
			if n > 0 {
				_, _ = s.shown.Write(b[:n]) // first: what is expected is on the screen
				s.mu.Lock()
				s.text.Write(b[:n])
				s.mu.Unlock()
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// expect waits for a text behind the last one, and types keys then.
func (s *screen) expect(text, keys string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		s.mu.Lock()
		at := strings.Index(s.text.String()[s.seen:], text)
		if at >= 0 {
			s.seen += at + len(text)
		}
		s.mu.Unlock()
		switch {
		case at >= 0:
			if _, err := s.master.WriteString(keys); err != nil {
				s.t.Fatal(err)
			}
			return
		case time.Now().After(deadline):
			s.t.Fatalf("waited in vain for %q:\n%s", text, s.shown)
		}
	}
}

// written is what came to the terminal so far.
func (s *screen) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// whole checks that each word of the text is whole on a line of the screen.
func (s *screen) whole(text string) {
	s.t.Helper()
	lines := strings.Split(s.shown.String(), "\n")
	for _, word := range strings.Fields(text) {
		if !slices.ContainsFunc(lines, func(line string) bool { return slices.Contains(strings.Fields(line), word) }) {
			s.t.Errorf("%q is not whole:\n%s", word, s.shown)
		}
	}
}

// TestCreateOnTerminals drives all questions of create in a pseudo-terminal, with a
// way back, and reads what they show at any width.
func TestCreateOnTerminals(t *testing.T) {
	t.Parallel()
	const name = "CRM 日本語 sync of the other office"
	long := "https://hooks.example.com/" + strings.Repeat("a-long-path/", 9) + "hook?a=1&b=2"
	for _, cols := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(cols), func(t *testing.T) {
			t.Parallel()
			s := openScreen(t, cols, 60)
			x := atTerminal(t, "zyntro", &typist{t: t})
			x.env.Streams = term.Streams{In: s.tty, Out: s.tty, Err: s.tty, InTTY: true, OutTTY: true, ErrTTY: true, Width: func() int { return cols }}
			x.env.Prompt = prompt.New(prompt.Options{In: s.tty, Err: s.tty})
			code := make(chan int, 1)
			go func() { code <- Run(t.Context(), x.env, []string{"create", "--no-color"}) }()
			s.expect("Wundertre", "")
			s.expect("\n", "zyn\r")
			s.expect("Name: ", name+"\n")
			s.expect("deliveries: ", "http://plain.example.com\n")
			s.expect("deliveries: ", long+"\n")
			s.expect("0 picked of", "")
			s.whole("Space picks a line or a whole group, the right arrow all, the left arrow none. Enter ends. Type to search.")
			s.expect("\n", "invoice ")
			s.expect("picked of", "\x15new_contact ")
			s.expect("5 picked of", "\r")
			s.expect("Create it? [Y/n] ", "")
			s.whole("Provider: Zyntro Name: CRM Events: new_contact, invoice_generated, Secret: will be kept on this machine Next time, without questions: Create it? [Y/n]")
			s.expect("", "n\n")
			s.expect("What now?", "")
			s.expect("Stop", "")
			s.expect("\n", "name\r")
			s.expect("Name [", "Other name\n")
			s.expect("Other name", "")
			s.expect("Create it? [Y/n] ", "\n")
			select {
			case got := <-code:
				if got != 0 {
					t.Fatalf("exit code %d:\n%s", got, s.shown)
				}
			case <-time.After(30 * time.Second):
				t.Fatalf("create does not end:\n%s", s.shown)
			}
			if colour := regexp.MustCompile("\x1b\\[[0-9;]*m").FindString(s.written()); colour != "" {
				t.Errorf("%q is coloured, with --no-color", colour)
			}
			if len(x.sent) != 1 || x.sent[0]["wh_name"] != "Other name" || x.sent[0]["wh_endpoint"] != long || len(x.sent[0]["wh_events"].([]any)) != 5 {
				t.Errorf("sent: %v", x.sent)
			}
		})
	}
}
