//go:build unix

package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// onTerminal runs the program with a terminal as its standard output, and returns
// what arrived there.
func (p *program) onTerminal(args ...string) (shown string, r result) {
	p.t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		p.t.Skip(err)
	}
	c, out, errs := p.command(args...)
	c.Stdout = tty
	read := make(chan string)
	go func() {
		text, _ := io.ReadAll(master) // ends with an error when the last one has closed the other side
		read <- string(text)
	}()
	err = c.Run()
	_ = tty.Close()
	shown = <-read
	_ = master.Close()
	return shown, p.finish(c, err, out, errs)
}

// TestSecretOnATerminal: `secrets show` and the sink stdout have one rule for what
// a secret may do to a terminal, which is nothing; a pipe gets it exactly.
func TestSecretOnATerminal(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for name, c := range map[string]struct{ secret, shown string }{
		"plain":         {"whsec_0123456789abcdef", "whsec_0123456789abcdef"},
		"escape":        {"a\x1b[31mb\x1b]0;title\x07c", "a\ufffd[31mb\ufffd]0;title\ufffdc"},
		"line ends":     {"a\r\nb\vc", ""},
		"C1":            {"a\u009b2Jb\u0085c", ""},
		"bidi":          {"a\u202eb\u2066c\u200bd", ""},
		"broken UTF-8":  {"a\xff\x9b2Jb", ""},
		"tab and blank": {"a\tb  c", ""},
	} {
		file := filepath.Join(p.dir, "secret")
		if err := os.WriteFile(file, []byte(c.secret), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := p.run("secrets", "set", "zyntro/1", "--yes", "--from-file", file); r.code != 0 {
			t.Fatalf("%s: %s", name, r)
		}
		show, r := p.onTerminal("secrets", "show", "zyntro/1")
		push, r2 := p.onTerminal("secrets", "push", "zyntro/1", "--to", "stdout")
		if r.code != 0 || r2.code != 0 {
			t.Errorf("%s: %s%s", name, r, r2)
		}
		if show != push {
			t.Errorf("%s: show %q, push %q", name, show, push)
		}
		text := strings.TrimSuffix(show, "\r\n") // the terminal's own line end
		if strings.ContainsAny(text, "\x00\x07\x0b\x1b\r\n\u0085\u009b\u200b\u202e\u2066") || strings.ContainsRune(text, '\u2066') {
			t.Errorf("%s: it drives the terminal: %q", name, text)
		}
		if c.shown != "" && text != c.shown {
			t.Errorf("%s: %q, want %q", name, text, c.shown)
		}
		for _, r := range []result{r, r2} {
			if said := strings.Contains(r.stderr, "warning: the secret has characters that a terminal cannot show"); said != (text != c.secret) {
				t.Errorf("%s: said is %v: %s", name, said, r)
			}
		}
		for _, args := range [][]string{{"secrets", "show", "zyntro/1"}, {"secrets", "push", "zyntro/1", "--to", "stdout"}} {
			if r := p.run(args...); r.stdout != c.secret+"\n" || strings.Contains(r.stderr, "warning") {
				t.Errorf("%s: a pipe: %s", name, r)
			}
		}
	}
}
