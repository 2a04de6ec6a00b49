//go:build unix

package prompt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/prompt/prompttest"
)

type outcome[T any] struct {
	value T
	err   error
}

// converse asks and lets the person act, then checks that the terminal is as it
// was.
func converse[T any](t *testing.T, term *prompttest.Terminal, ask func() (T, error), act func()) (T, error) {
	t.Helper()
	done := make(chan outcome[T], 1)
	go func() {
		v, err := ask()
		done <- outcome[T]{v, err}
	}()
	act()
	select {
	case got := <-done:
		if !term.Restored() {
			t.Errorf("the terminal's settings are not restored")
		}
		return got.value, got.err
	case <-time.After(prompttest.Patience):
		t.Fatalf("the question hangs; it printed %q", term.Output())
		panic("unreachable")
	}
}

// each runs a test on a terminal that answers and on one that does not.
func each(t *testing.T, test func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter)) {
	for name, silent := range map[string]bool{"silent": true, "answering": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term := prompttest.Open(t, silent, 80, 24)
			test(t, term, prompt.New(prompt.Options{In: term.TTY, Err: term.TTY}))
			if strings.Contains(term.Output(), "\x1b[6n") {
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
	each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
		got, err := converse(t, term, func() (string, error) { return p.Input(t.Context(), "URL\x1b[2J", "", check) }, func() {
			term.Expect("URL\ufffd[2J: ")
			term.Send("http://x\n")
			term.Expect("must begin with https://\ufffd[31m")
			term.Expect("URL")
			term.Send("\x1b[Dhttps://x\n")
			term.Expect("control characters")
			term.Expect("URL")
			term.Send("https://ä b \n")
		})
		if got != "https://ä b " || err != nil {
			t.Errorf("Input = %q, %v", got, err)
		}
		got, err = converse(t, term, func() (string, error) { return p.Input(t.Context(), "URL", "https://preset", check) }, func() {
			term.Expect("URL [https://preset]: ")
			term.Send("\n")
		})
		if got != "https://preset" || err != nil {
			t.Errorf("Input with a preset = %q, %v", got, err)
		}
		// What is typed ahead belongs to the next question.
		term.Send("first\nsecond\n")
		for _, want := range []string{"first", "second"} {
			got, err = converse(t, term, func() (string, error) { return p.Input(t.Context(), "Q", "", nil) }, func() {})
			if got != want || err != nil {
				t.Errorf("Input = %q, %v; want %q", got, err, want)
			}
		}
	})
}

func TestSecret(t *testing.T) {
	t.Parallel()
	const canary = "whsec_canary0123"
	each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
		got, err := converse(t, term, func() (string, error) {
			v, err := p.Secret(t.Context(), "API key")
			return v.Reveal(), err
		}, func() {
			term.Expect("API key: ")
			term.Send("\n")
			term.Expect("nothing was entered")
			term.Expect("API key: ")
			term.Send(canary + "x\x7f\n") // the terminal's own editing works
		})
		if got != canary || err != nil {
			t.Errorf("Secret = %q, %v", got, err)
		}
		if _, err := converse(t, term, func() (string, error) { return p.Input(t.Context(), "Next", "", nil) }, func() {
			term.Expect("Next: ")
			term.Send("shown\n")
			term.Expect("shown")
		}); err != nil {
			t.Error(err)
		}
		if out := term.Output(); strings.Contains(out, canary) || strings.Contains(out, "*") {
			t.Errorf("the secret or its length was echoed: %q", out)
		}
	})
}

func TestSecretOrNone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
		for _, want := range []string{"", "hidden-canary"} {
			got, err := converse(t, term, func() (string, error) {
				v, err := p.SecretOrNone(t.Context(), "Token")
				return v.Reveal(), err
			}, func() {
				term.Expect("Token: ")
				term.Send(want + "\n")
			})
			if got != want || err != nil {
				t.Errorf("SecretOrNone = %q, %v", got, err)
			}
		}
		if out := term.Output(); strings.Contains(out, "canary") {
			t.Errorf("the secret was echoed: %q", out)
		}
	})
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
		for _, tt := range []struct {
			preset bool
			typed  string
			want   bool
		}{{false, "y\n", true}, {false, "YES\n", true}, {false, "\n", false}, {true, "\n", true}, {true, "No\n", false}, {true, "maybe\nn\n", false}} {
			got, err := converse(t, term, func() (bool, error) { return p.Confirm(t.Context(), "Delete?", tt.preset) }, func() {
				term.Expect(map[bool]string{true: "Delete? [Y/n] ", false: "Delete? [y/N] "}[tt.preset])
				term.Send(tt.typed)
				if strings.HasPrefix(tt.typed, "maybe") {
					term.Expect("answer y or n")
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
	each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
		choices := []prompt.Choice{{Value: "zyntro"}, {Value: "wundertreos", Label: "Wundertre OS"}, {Value: "third", Group: "other"}}
		for _, tt := range []struct{ typed, want string }{
			{"\r", "zyntro"}, {"\x1b[B\r", "wundertreos"}, {"\x1bOB\x1bOB\r", "third"}, {"tre os\r", "wundertreos"}, {"OTHER\r", "third"},
			{"\x1b[1;5C\x1b\x1bx\x1b[3~\x1b[24;80R\x1b[B\r", "wundertreos"}, // keys that mean nothing here
			{"nosuch\r\x15third\r", "third"},                                // Enter on an empty list
		} {
			got, err := converse(t, term, func() (string, error) { return p.Select(t.Context(), "Provider", choices) }, func() {
				term.Expect("other: third")
				term.RawMode()
				term.Send(tt.typed)
			})
			if got != tt.want || err != nil {
				t.Errorf("%q: %q, %v", tt.typed, got, err)
			}
		}
	})
}

func TestMultiSelect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
		got, err := converse(t, term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", events()) }, func() {
			term.Expect("Enter ends")
			term.Expect("0 picked of 77")
			term.RawMode()
			term.Send("\r")
			term.Expect("pick at least one")
			term.Send("groupc _2_1") // two words of which a space picks
			term.Expect("11 picked of 77: event_2_0")
			term.Send("\x15\x1b[D_2_") // none, and by what is typed
			term.Expect("[ ] GroupC (0 of 11)")
			term.Send(" \x1b[B ") // the group, but for its first
			term.Expect("[-] GroupC (10 of 11)")
			term.Send("\x15_4_10")
			term.Expect("event_4_10")
			term.Send("\x1b[B \r")
			term.Expect("Events: 11 picked")
		})
		want := []string{"event_2_1", "event_2_2", "event_2_3", "event_2_4", "event_2_5", "event_2_6", "event_2_7", "event_2_8", "event_2_9", "event_2_10", "event_4_10"}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		picked := events()
		for i := range picked {
			picked[i].Picked = i == 1 || i == 70
		}
		got, err = converse(t, term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", picked) }, func() {
			term.Expect("2 picked of 77: event_0_1, event_6_4")
			term.RawMode()
			term.Send("_0_2\x1b[C\r")
		})
		if diff := cmp.Diff([]string{"event_0_1", "event_0_2", "event_6_4"}, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if strings.Contains(term.Output(), "\x1b[2J") || strings.Contains(term.Output(), "##[") {
			t.Error("a label reached the terminal uncleaned")
		}
	})
}

func TestListsByNumber(t *testing.T) {
	t.Parallel()
	term := prompttest.Open(t, true, 80, 24)
	p := prompt.New(prompt.Options{In: term.TTY, Err: term.TTY, Plain: true})
	got, err := converse(t, term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", events()) }, func() {
		term.Expect("GroupG")
		term.Expect("77) event_6_10")
		for _, step := range []struct{ typed, want string }{
			{"\n", "pick at least one"},
			{"78\n", "78 is not in the list of 1 to 77"},
			{"0\n", "0 is not in the list"},
			{"5-2\n", "5-2 is not in the list"},
			{"9999999999999999999999\n", "is not in the list"},
			{"nosuch thing\n", `nothing matches "nosuch thing"`},
			{"groupb _1_1\n", "  22) event_1_10"},
		} {
			term.Send(step.typed)
			term.Expect(step.want)
		}
		term.Send("all, 3 1-2,event_0_1\n")
	})
	want := []string{"event_0_0", "event_0_1", "event_0_2", "event_1_1", "event_1_10"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	picked := events()
	picked[5].Picked = true
	for typed, want := range map[string]int{"groupb\n": 11, "\n": 1} {
		got, err := converse(t, term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", picked) }, func() {
			term.Expect("1 picked: Enter keeps them.")
			term.Send(typed)
			term.Expect(fmt.Sprintf("%d picked", want))
		})
		if len(got) != want || err != nil {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
	one, err := converse(t, term, func() (string, error) { return p.Select(t.Context(), "Event", events()) }, func() {
		term.Expect("77) ")
		term.Send("1-2\n")
		term.Expect("pick one")
		term.Send("\n")
		term.Expect("pick one")
		term.Send("all\n") // a word like any other here
		term.Expect(`nothing matches "all"`)
		term.Send("4\n")
	})
	if one != "event_0_3" || err != nil {
		t.Errorf("Select = %q, %v", one, err)
	}
	if strings.Contains(term.Output(), "\x1b") {
		t.Errorf("escape sequences on a plain terminal: %q", term.Output())
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

func run(t *testing.T, term *prompttest.Terminal, ask func() error, act func()) error {
	t.Helper()
	_, err := converse(t, term, func() (struct{}, error) { return struct{}{}, ask() }, act)
	return err
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
				ctx, cancel := context.WithCancel(t.Context())
				err := run(t, term, func() error { return q.ask(ctx, p) }, func() {
					term.Expect(q.shows)
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
			each(t, func(t *testing.T, term *prompttest.Terminal, p prompt.Prompter) {
				err := run(t, term, func() error { return q.ask(t.Context(), p) }, func() {
					term.Expect(q.shows)
					if q.raw {
						term.RawMode()
					}
					term.Send("\x04")
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
				term := prompttest.Open(t, silent, 80, 24)
				p := prompt.New(prompt.Options{In: term.TTY, Err: term.TTY})
				err := run(t, term, func() error { return q.ask(context.Background(), p) }, func() {
					term.Expect(q.shows)
					if q.raw && sig == syscall.SIGINT {
						term.RawMode()
						term.Send("\x03")
					} else if err := syscall.Kill(os.Getpid(), sig); err != nil {
						t.Fatal(err)
					}
				})
				if fault.KindOf(err) != fault.Interrupted || fault.ExitCode(err) != 130 || err.Error() != "interrupted" {
					t.Errorf("%s, %v: %v", name, sig, err)
				}
				hidden := func() bool {
					out := term.Output()
					return strings.LastIndex(out, "\x1b[?25h") < strings.LastIndex(out, "\x1b[?25l")
				}
				for deadline := time.Now().Add(prompttest.Patience); hidden(); time.Sleep(time.Millisecond) {
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
			case <-time.After(prompttest.Patience):
				t.Error("the question hangs")
			}
		})
	}
}

func TestNoColour(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{true, false} {
		term := prompttest.Open(t, false, 80, 24)
		p := prompt.New(prompt.Options{In: term.TTY, Err: term.TTY})
		if plain {
			p = prompt.WithoutColour(p)
		}
		if _, err := converse(t, term, func() (string, error) { return p.Select(t.Context(), "Q", events()) }, func() {
			term.Expect("event_0_2")
			term.RawMode()
			term.Send("\r")
		}); err != nil {
			t.Fatal(err)
		}
		if coloured := regexp.MustCompile("\x1b\\[[0-9;]*m").MatchString(term.Output()); coloured == plain && os.Getenv("NO_COLOR") == "" {
			t.Errorf("NoColor %v: colour %v", plain, coloured)
		}
	}
}
