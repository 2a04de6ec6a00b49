//go:build unix

package prompt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/prompt"
)

// rows are the lines that the terminal shows, without blanks at their ends.
func (term *terminal) rows() []string {
	lines := strings.Split(strings.TrimRight(term.screen.String(), " \n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return lines
}

// shows checks that each word of the text is whole on a line of the screen.
func (term *terminal) shows(text string) {
	term.t.Helper()
	screen := term.rows()
	for _, word := range strings.Fields(text) {
		if !slices.ContainsFunc(screen, func(row string) bool { return slices.Contains(strings.Fields(row), word) }) {
			term.t.Errorf("%q is not whole on the screen:\n%s", word, strings.Join(screen, "\n"))
		}
	}
}

// TestLayout: at any width questions are wrapped between words, a list is redrawn in
// its place, and nothing of it is left behind.
func TestLayout(t *testing.T) {
	t.Parallel()
	const question = "Remove the secret sha256:0a1b2c3d of zyntro/42 (CRM Sync 日本語) from this machine? It cannot be got back: the provider told it once."
	for _, cols := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(cols), func(t *testing.T) {
			t.Parallel()
			term := openSize(t, false, cols, 24)
			p := prompt.New(prompt.Options{In: term.tty, Err: term.tty})
			if _, err := converse(term, func() (bool, error) { return p.Confirm(t.Context(), question, false) }, func() {
				term.expect("[y/N]")
				term.shows(question + " [y/N]")
				term.send("\n")
			}); err != nil {
				t.Fatal(err)
			}
			long := "https://" + strings.Repeat("very-", 20) + "long.example.com/hook"
			refused := errors.New("the address of an endpoint begins with https:// and nothing else")
			got, err := converse(term, func() (string, error) {
				return p.Input(t.Context(), "The URL that receives the deliveries of this webhook", "", func(v string) error {
					if v != long {
						return refused
					}
					return nil
				})
			}, func() {
				term.expect("webhook: ")
				term.send("日本 \n")
				term.expect("nothing else")
				term.expect("webhook: ")
				term.shows("The URL that receives the deliveries of this webhook: " + refused.Error())
				term.send(long + "\n")
			})
			if got != long || err != nil {
				t.Errorf("%q, %v", got, err)
			}

			choices := events()
			for i := range choices {
				choices[i].Value = strings.Repeat("long_", i%3*8) + choices[i].Value
			}
			picked, err := converse(term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", choices) }, func() {
				term.expect("0 picked of 77")
				term.rawMode()
				term.shows("Space picks a line or a whole group, the right arrow all, the left arrow none. Enter ends. Type to search.")
				term.send("\x1b[B\x1b[B \x1b[C")
				term.expect("77 picked of 77")
				term.expect("more")
				term.send(strings.Repeat("x", min(cols, 80)+5)) // wider than two of them
				term.expect("Nothing matches")
				term.send("\x15groupb")
				term.expect("Events: groupb")
				term.expect("[x] GroupB (11 of 11)")
				term.expect("more")
				screen := strings.Join(term.rows(), "\n")
				for _, once := range []string{"? Events", "Space picks", "GroupB", "event_1_4", "picked of 77"} {
					if strings.Count(screen, once) != 1 {
						t.Errorf("%q is there %d times:\n%s", once, strings.Count(screen, once), screen)
					}
				}
				for _, never := range []string{"GroupA (", "GroupC (", "Nothing matches"} {
					if strings.Contains(screen, never) {
						t.Errorf("%q is left:\n%s", never, screen)
					}
				}
				term.send("\r")
				term.expect("Events: 77 picked")
			})
			if len(picked) != 77 || err != nil {
				t.Errorf("%d, %v", len(picked), err)
			}
			if screen := strings.Join(term.rows(), "\n"); strings.Contains(screen, "[x]") || !strings.HasSuffix(screen, "? Events: 77 picked") {
				t.Errorf("left on the screen:\n%s", screen)
			}
			if _, err := converse(term, func() (string, error) { return p.Select(context.Background(), "Provider", choices[:3]) }, func() {
				term.expect("search.")
				term.rawMode()
				term.send("\r")
			}); err != nil {
				t.Error(err)
			}
		})
	}
}
