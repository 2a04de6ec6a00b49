//go:build unix

package prompt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"github.com/hinshun/vt10x"
	xterm "golang.org/x/term"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/prompt"
)

// patience bounds every wait: a question that hangs fails its test.
const patience = 10 * time.Second

// terminal is a pseudo-terminal with a person at it. Some terminals answer
// what a program asks them, such as where the cursor is; a silent one never
// does.
type terminal struct {
	t      *testing.T
	master *os.File
	tty    *os.File
	found  xterm.State    // its settings at first
	screen vt10x.Terminal // nil for a silent one

	mu   sync.Mutex
	raw  bytes.Buffer
	seen int // how much of raw, without escapes, expect has passed
}

func open(t *testing.T, silent bool) *terminal {
	t.Helper()
	return openSize(t, silent, 80, 24)
}

func openSize(t *testing.T, silent bool, cols, rows int) *terminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	t.Cleanup(func() { _, _ = tty.Close(), master.Close() })
	term := &terminal{t: t, master: master, tty: tty}
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

// expect waits until text has been printed after what was expected before.
func (term *terminal) expect(text string) {
	term.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		term.mu.Lock()
		raw := term.raw.String()
		plain := escapes.ReplaceAllString(raw, "")
		plain = plain[min(term.seen, len(plain)):]
		if at := strings.Index(plain, text); at >= 0 {
			term.seen += at + len(text)
			term.mu.Unlock()
			return
		}
		term.mu.Unlock()
		if time.Now().After(deadline) {
			term.t.Fatalf("waited in vain for %q after:\n%s\nin all: %q", text, plain, raw)
		}
	}
}

// rawMode waits until single keys are read: before that the terminal acts on
// some of them itself.
func (term *terminal) rawMode() {
	term.t.Helper()
	for deadline := time.Now().Add(patience); term.state() == term.found; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			term.t.Fatalf("single keys are not read; in all: %q", term.output())
		}
	}
}

func (term *terminal) output() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.raw.String()
}

func (term *terminal) send(keys string) {
	term.t.Helper()
	if _, err := io.WriteString(term.master, keys); err != nil {
		term.t.Fatal(err)
	}
}

func (term *terminal) state() xterm.State {
	term.t.Helper()
	s, err := xterm.GetState(int(term.tty.Fd()))
	if err != nil {
		term.t.Fatal(err)
	}
	return *s
}

type outcome[T any] struct {
	value T
	err   error
}

// converse asks and lets the person act, then checks that the terminal is as it
// was.
func converse[T any](term *terminal, ask func() (T, error), act func()) (T, error) {
	term.t.Helper()
	done := make(chan outcome[T], 1)
	go func() {
		v, err := ask()
		done <- outcome[T]{v, err}
	}()
	act()
	select {
	case got := <-done:
		if term.state() != term.found {
			term.t.Errorf("the terminal's settings are not restored")
		}
		return got.value, got.err
	case <-time.After(patience):
		term.t.Fatalf("the question hangs; it printed %q", term.output())
		panic("unreachable")
	}
}

// each runs a test on a terminal that answers and on one that does not.
func each(t *testing.T, test func(t *testing.T, term *terminal, p prompt.Prompter)) {
	for name, silent := range map[string]bool{"silent": true, "answering": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term := open(t, silent)
			test(t, term, prompt.New(prompt.Options{In: term.tty, Err: term.tty}))
			if strings.Contains(term.output(), "\x1b[6n") {
				t.Error("the terminal was asked for its cursor")
			}
		})
	}
}

func TestInput(t *testing.T) {
	t.Parallel()
	check := func(s string) error {
		if !strings.HasPrefix(s, "https://") {
			return errors.New("must begin with https://\x1b[31m")
		}
		return nil
	}
	each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
		got, err := converse(term, func() (string, error) { return p.Input(t.Context(), "URL\x1b[2J", "", check) }, func() {
			term.expect("URL\ufffd[2J: ")
			term.send("http://x\n")
			term.expect("must begin with https://\ufffd[31m")
			term.expect("URL")
			term.send("\x1b[Dhttps://x\n")
			term.expect("control characters")
			term.expect("URL")
			term.send("https://ä b \n")
		})
		if got != "https://ä b " || err != nil {
			t.Errorf("Input = %q, %v", got, err)
		}
		got, err = converse(term, func() (string, error) { return p.Input(t.Context(), "URL", "https://preset", check) }, func() {
			term.expect("URL [https://preset]: ")
			term.send("\n")
		})
		if got != "https://preset" || err != nil {
			t.Errorf("Input with a preset = %q, %v", got, err)
		}
		// What is typed ahead belongs to the next question.
		term.send("first\nsecond\n")
		for _, want := range []string{"first", "second"} {
			got, err = converse(term, func() (string, error) { return p.Input(t.Context(), "Q", "", nil) }, func() {})
			if got != want || err != nil {
				t.Errorf("Input = %q, %v; want %q", got, err, want)
			}
		}
	})
}

func TestSecret(t *testing.T) {
	t.Parallel()
	const canary = "whsec_canary0123"
	each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
		got, err := converse(term, func() (string, error) {
			v, err := p.Secret(t.Context(), "API key")
			return v.Reveal(), err
		}, func() {
			term.expect("API key: ")
			term.send("\n")
			term.expect("nothing was entered")
			term.expect("API key: ")
			term.send(canary + "x\x7f\n") // the terminal's own editing works
		})
		if got != canary || err != nil {
			t.Errorf("Secret = %q, %v", got, err)
		}
		if _, err := converse(term, func() (string, error) { return p.Input(t.Context(), "Next", "", nil) }, func() {
			term.expect("Next: ")
			term.send("shown\n")
			term.expect("shown")
		}); err != nil {
			t.Error(err)
		}
		if out := term.output(); strings.Contains(out, canary) || strings.Contains(out, "*") {
			t.Errorf("the secret or its length was echoed: %q", out)
		}
	})
}

func TestSecretOrNone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
		for _, want := range []string{"", "hidden-canary"} {
			got, err := converse(term, func() (string, error) {
				v, err := p.SecretOrNone(t.Context(), "Token")
				return v.Reveal(), err
			}, func() {
				term.expect("Token: ")
				term.send(want + "\n")
			})
			if got != want || err != nil {
				t.Errorf("SecretOrNone = %q, %v", got, err)
			}
		}
		if out := term.output(); strings.Contains(out, "canary") {
			t.Errorf("the secret was echoed: %q", out)
		}
	})
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
		for _, tt := range []struct {
			preset bool
			typed  string
			want   bool
		}{{false, "y\n", true}, {false, "YES\n", true}, {false, "\n", false}, {true, "\n", true}, {true, "No\n", false}, {true, "maybe\nn\n", false}} {
			got, err := converse(term, func() (bool, error) { return p.Confirm(t.Context(), "Delete?", tt.preset) }, func() {
				term.expect(map[bool]string{true: "Delete? [Y/n] ", false: "Delete? [y/N] "}[tt.preset])
				term.send(tt.typed)
				if strings.HasPrefix(tt.typed, "maybe") {
					term.expect("answer y or n")
				}
			})
			if got != tt.want || err != nil {
				t.Errorf("%q with preset %v: %v, %v", tt.typed, tt.preset, got, err)
			}
		}
	})
}

// events is as long as the longest list of the program.
func events() []prompt.Choice {
	var choices []prompt.Choice
	for g := range 7 {
		for i := range 11 {
			choices = append(choices, prompt.Choice{Value: fmt.Sprintf("event_%d_%d", g, i), Group: "Group" + string(rune('A'+g))})
		}
	}
	choices[3].Label = "evil\x1b[2J ##[error]x 日本"
	return choices
}

func TestSelect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
		choices := []prompt.Choice{{Value: "zyntro"}, {Value: "wundertreos", Label: "Wundertre OS"}, {Value: "third", Group: "other"}}
		for _, tt := range []struct{ typed, want string }{
			{"\r", "zyntro"}, {"\x1b[B\r", "wundertreos"}, {"\x1bOB\x1bOB\r", "third"}, {"tre os\r", "wundertreos"}, {"OTHER\r", "third"},
			{"\x1b[1;5C\x1b\x1bx\x1b[3~\x1b[24;80R\x1b[B\r", "wundertreos"}, // keys that mean nothing here
			{"nosuch\r\x15third\r", "third"},                                // Enter on an empty list
		} {
			got, err := converse(term, func() (string, error) { return p.Select(t.Context(), "Provider", choices) }, func() {
				term.expect("other: third")
				term.rawMode()
				term.send(tt.typed)
			})
			if got != tt.want || err != nil {
				t.Errorf("%q: %q, %v", tt.typed, got, err)
			}
		}
	})
}

func TestMultiSelect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
		got, err := converse(term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", events()) }, func() {
			term.expect("Enter ends")
			term.expect("0 picked of 77")
			term.rawMode()
			term.send("\r")
			term.expect("pick at least one")
			term.send("groupc _2_1") // two words of which a space picks
			term.expect("11 picked of 77: event_2_0")
			term.send("\x15\x1b[D_2_") // none, and by what is typed
			term.expect("[ ] GroupC (0 of 11)")
			term.send(" \x1b[B ") // the group, but for its first
			term.expect("[-] GroupC (10 of 11)")
			term.send("\x15_4_10")
			term.expect("event_4_10")
			term.send("\x1b[B \r")
			term.expect("Events: 11 picked")
		})
		want := []string{"event_2_1", "event_2_2", "event_2_3", "event_2_4", "event_2_5", "event_2_6", "event_2_7", "event_2_8", "event_2_9", "event_2_10", "event_4_10"}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		picked := events()
		for i := range picked {
			picked[i].Picked = i == 1 || i == 70
		}
		got, err = converse(term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", picked) }, func() {
			term.expect("2 picked of 77: event_0_1, event_6_4")
			term.rawMode()
			term.send("_0_2\x1b[C\r")
		})
		if diff := cmp.Diff([]string{"event_0_1", "event_0_2", "event_6_4"}, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if strings.Contains(term.output(), "\x1b[2J") || strings.Contains(term.output(), "##[") {
			t.Error("a label reached the terminal uncleaned")
		}
	})
}

func TestListsByNumber(t *testing.T) {
	t.Parallel()
	term := open(t, true)
	p := prompt.New(prompt.Options{In: term.tty, Err: term.tty, Plain: true})
	got, err := converse(term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", events()) }, func() {
		term.expect("GroupG")
		term.expect("77) event_6_10")
		for _, step := range []struct{ typed, want string }{
			{"\n", "pick at least one"},
			{"78\n", "78 is not in the list of 1 to 77"},
			{"0\n", "0 is not in the list"},
			{"5-2\n", "5-2 is not in the list"},
			{"9999999999999999999999\n", "is not in the list"},
			{"nosuch thing\n", `nothing matches "nosuch thing"`},
			{"groupb _1_1\n", "  22) event_1_10"},
		} {
			term.send(step.typed)
			term.expect(step.want)
		}
		term.send("all, 3 1-2,event_0_1\n")
	})
	want := []string{"event_0_0", "event_0_1", "event_0_2", "event_1_1", "event_1_10"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	picked := events()
	picked[5].Picked = true
	for typed, want := range map[string]int{"groupb\n": 11, "\n": 1} {
		got, err := converse(term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", picked) }, func() {
			term.expect("1 picked: Enter keeps them.")
			term.send(typed)
			term.expect(fmt.Sprintf("%d picked", want))
		})
		if len(got) != want || err != nil {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
	one, err := converse(term, func() (string, error) { return p.Select(t.Context(), "Event", events()) }, func() {
		term.expect("77) ")
		term.send("1-2\n")
		term.expect("pick one")
		term.send("\n")
		term.expect("pick one")
		term.send("all\n") // a word like any other here
		term.expect(`nothing matches "all"`)
		term.send("4\n")
	})
	if one != "event_0_3" || err != nil {
		t.Errorf("Select = %q, %v", one, err)
	}
	if strings.Contains(term.output(), "\x1b") {
		t.Errorf("escape sequences on a plain terminal: %q", term.output())
	}
}

// questions are all of them, with a text that shows when each waits.
var questions = map[string]struct {
	ask   func(context.Context, prompt.Prompter) error
	shows string
	raw   bool // reads single keys
}{
	"Input":        {func(ctx context.Context, p prompt.Prompter) error { _, err := p.Input(ctx, "Q", "", nil); return err }, "Q: ", false},
	"SecretOrNone": {func(ctx context.Context, p prompt.Prompter) error { _, err := p.SecretOrNone(ctx, "Q"); return err }, "Q: ", false},
	"Secret":       {func(ctx context.Context, p prompt.Prompter) error { _, err := p.Secret(ctx, "Q"); return err }, "Q: ", false},
	"Confirm":      {func(ctx context.Context, p prompt.Prompter) error { _, err := p.Confirm(ctx, "Q", true); return err }, "Q [Y/n] ", false},
	"Select":       {func(ctx context.Context, p prompt.Prompter) error { _, err := p.Select(ctx, "Q", events()); return err }, "event_0_2", true},
	"MultiSelect": {func(ctx context.Context, p prompt.Prompter) error {
		_, err := p.MultiSelect(ctx, "Q", events())
		return err
	}, "event_0_2", true},
}

func run(term *terminal, ask func() error, act func()) error {
	term.t.Helper()
	_, err := converse(term, func() (struct{}, error) { return struct{}{}, ask() }, act)
	return err
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
				ctx, cancel := context.WithCancel(t.Context())
				err := run(term, func() error { return q.ask(ctx, p) }, func() {
					term.expect(q.shows)
					cancel()
				})
				if fault.KindOf(err) != fault.Interrupted {
					t.Errorf("cancelled: %v", err)
				}
				if err := q.ask(ctx, p); fault.KindOf(err) != fault.Interrupted {
					t.Errorf("cancelled before: %v", err)
				}
			})
		})
	}
}

func TestInputEnds(t *testing.T) {
	t.Parallel()
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, term *terminal, p prompt.Prompter) {
				err := run(term, func() error { return q.ask(t.Context(), p) }, func() {
					term.expect(q.shows)
					if q.raw {
						term.rawMode()
					}
					term.send("\x04")
				})
				if fault.KindOf(err) != fault.Usage || !strings.Contains(fmt.Sprint(err), "input ended") {
					t.Errorf("Ctrl-D: %v", err)
				}
			})
		})
	}
}

// Ctrl-C is a key where single keys are read, elsewhere a signal: that, and the
// other signals, are sent to this process, so nothing runs beside it.
func TestInterrupted(t *testing.T) {
	for name, q := range questions {
		for _, silent := range []bool{true, false} {
			for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
				term := open(t, silent)
				p := prompt.New(prompt.Options{In: term.tty, Err: term.tty})
				err := run(term, func() error { return q.ask(context.Background(), p) }, func() {
					term.expect(q.shows)
					if q.raw && sig == syscall.SIGINT {
						term.rawMode()
						term.send("\x03")
					} else if err := syscall.Kill(os.Getpid(), sig); err != nil {
						t.Fatal(err)
					}
				})
				if fault.KindOf(err) != fault.Interrupted || fault.ExitCode(err) != 130 || err.Error() != "interrupted" {
					t.Errorf("%s, %v: %v", name, sig, err)
				}
				hidden := func() bool {
					out := term.output()
					return strings.LastIndex(out, "\x1b[?25h") < strings.LastIndex(out, "\x1b[?25l")
				}
				for deadline := time.Now().Add(patience); hidden(); time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("%s, %v: the cursor stays hidden", name, sig)
					}
				}
			}
		}
	}
}

func TestTerminalGoesAway(t *testing.T) {
	t.Parallel()
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			master, tty, err := pty.Open()
			if err != nil {
				t.Skipf("no pseudo-terminal here: %v", err)
			}
			defer func() { _ = tty.Close() }()
			done := make(chan error, 1)
			go func() { done <- q.ask(context.Background(), prompt.New(prompt.Options{In: tty, Err: tty})) }()
			// Closed by its only reader: a read that waits would keep it open.
			var shown []byte
			for b := make([]byte, 4096); !bytes.Contains(shown, []byte(q.shows)); {
				n, err := master.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				shown = append(shown, b[:n]...)
			}
			if err := master.Close(); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				if err == nil {
					t.Error("no error")
				}
			case <-time.After(patience):
				t.Error("the question hangs")
			}
		})
	}
}

func TestNoColour(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{true, false} {
		term := open(t, false)
		p := prompt.New(prompt.Options{In: term.tty, Err: term.tty})
		if plain {
			p = prompt.WithoutColour(p)
		}
		if _, err := converse(term, func() (string, error) { return p.Select(t.Context(), "Q", events()) }, func() {
			term.expect("event_0_2")
			term.rawMode()
			term.send("\r")
		}); err != nil {
			t.Fatal(err)
		}
		if coloured := regexp.MustCompile("\x1b\\[[0-9;]*m").MatchString(term.output()); coloured == plain && os.Getenv("NO_COLOR") == "" {
			t.Errorf("NoColor %v: colour %v", plain, coloured)
		}
	}
}
