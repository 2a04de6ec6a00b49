//go:build unix

package term_test

import (
	"testing"

	"github.com/creack/pty"

	"github.com/hookctl/hookctl/internal/term"
)

func TestSystemOnTerminal(t *testing.T) {
	t.Parallel()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	defer func() { _, _ = master.Close(), tty.Close() }()
	s := term.System(tty, tty, tty, "50")
	if !s.InTTY || !s.OutTTY || !s.ErrTTY || !s.Interactive() {
		t.Errorf("not seen as a terminal: %+v", s)
	}
	for cols, want := range map[uint16]int{0: 50, 33: 33} {
		if err := pty.Setsize(master, &pty.Winsize{Rows: 10, Cols: cols}); err != nil {
			t.Fatal(err)
		}
		if got := s.Width(); got != want {
			t.Errorf("Width of %d columns = %d, want %d", cols, got, want)
		}
	}
}
