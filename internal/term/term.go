// Package term is the program's view of its three streams: whether they are
// terminals, how wide, and what may be shown on them.
package term

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	xterm "golang.org/x/term"
)

// Streams are standard input, output and error.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	InTTY, OutTTY, ErrTTY bool
	Width                 func() int // columns that text may take; never nil, at least 1
}

// System wraps the process's own streams. Text may be as wide as the terminal;
// where there is none, as columns says, which is the variable COLUMNS, or else 80.
func System(in, out, errs *os.File, columns string) Streams {
	return Streams{
		In: in, Out: out, Err: errs,
		// Not by file mode: /dev/null is a character device too.
		InTTY:  xterm.IsTerminal(int(in.Fd())),
		OutTTY: xterm.IsTerminal(int(out.Fd())),
		ErrTTY: xterm.IsTerminal(int(errs.Fd())),
		Width: func() int {
			for _, f := range []*os.File{out, errs} {
				if w, _, err := xterm.GetSize(int(f.Fd())); err == nil && w > 0 {
					return w
				}
			}
			if w, err := strconv.Atoi(columns); err == nil && w > 0 {
				return w
			}
			return 80
		},
	}
}

// Interactive reports whether a question can be asked: both the stream that
// answers come from and the one that questions go to are terminals.
func (s Streams) Interactive() bool { return s.InTTY && s.ErrTTY }

// Clean makes text from a provider, a delivery, a file name or a user safe to
// show on one line. Control characters of C0 and C1 (every escape sequence
// begins with one), DEL, invalid UTF-8, line and paragraph separators,
// bidirectional controls, zero-width and other invisible characters become
// U+FFFD; tab and newline become a space. The zero-width joiner stays: it holds
// emoji together and moves nothing.
func Clean(s string) string { return clean(s, oneLine, Hidden) }

// CleanBlock is Clean for text of several lines: newlines stay, tabs stay, a
// carriage return before a newline is dropped.
func CleanBlock(s string) string { return clean(dropCR(s), lines, Hidden) }

// CleanControls replaces only what can drive a terminal: control characters
// other than newline and tab, and invalid UTF-8. It is for text that another
// program reads through a pipe, where each visible or joining character may be
// part of an id.
func CleanControls(s string) string { return clean(dropCR(s), lines, unicode.IsControl) }

func dropCR(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// What becomes of newlines and tabs.
const (
	oneLine = false
	lines   = true
)

func clean(s string, block bool, unsafe func(rune) bool) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			b.WriteRune(utf8.RuneError)
		case r == '\n' || r == '\t':
			if block {
				b.WriteRune(r)
			} else {
				b.WriteByte(' ')
			}
		case unsafe(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// plain reports whether s is printable ASCII throughout.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Hidden reports whether r is one of the characters that Clean replaces.
func Hidden(r rune) bool {
	switch {
	case r <= 0x7e:
		return r < 0x20
	case r == '\u200d':
		return false
	case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp):
		return true
	case r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0': // Hangul fillers: letters without a glyph
		return true
	default:
		// Format characters: bidirectional controls, zero width, soft hyphen, byte
		// order mark, tags. Those that have a glyph of their own are text.
		return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
	}
}

// Clip is s, cut after the given number of bytes.
func Clip(s string, most int) string {
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
