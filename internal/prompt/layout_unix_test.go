//go:build unix

package prompt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/prompt/prompttest"
)

// TestLayout: at any width questions are wrapped between words, a list is redrawn in
// its place, and nothing of it is left behind.
func TestLayout(t *testing.T) {
	t.Parallel()
	const question = "Remove the secret sha256:0a1b2c3d of zyntro/42 (CRM Sync 日本語) from this machine? It cannot be got back: the provider told it once."
	for _, cols := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(cols), func(t *testing.T) {
			t.Parallel()
			term := prompttest.Open(t, false, cols, 24)
			p := prompt.New(prompt.Options{In: term.TTY, Err: term.TTY})
			if _, err := converse(t, term, func() (bool, error) { return p.Confirm(t.Context(), question, false) }, func() {
				term.Expect("[y/N]")
				term.Shows(question + " [y/N]")
				term.Send("\n")
			}); err != nil {
				t.Fatal(err)
			}
			long := "https://" + strings.Repeat("very-", 20) + "long.example.com/hook"
			refused := errors.New("the address of an endpoint begins with https:// and nothing else")
			got, err := converse(t, term, func() (string, error) {
				return p.Input(t.Context(), "The URL that receives the deliveries of this webhook", "", func(v string) error {
					if v != long {
						return refused
					}
					return nil
				})
			}, func() {
				term.Expect("webhook: ")
				term.Send("日本 \n")
				term.Expect("nothing else")
				term.Expect("webhook: ")
				term.Shows("The URL that receives the deliveries of this webhook: " + refused.Error())
				term.Send(long + "\n")
			})
			if got != long || err != nil {
				t.Errorf("%q, %v", got, err)
			}

			choices := events()
			for i := range choices {
				choices[i].Value = strings.Repeat("long_", i%3*8) + choices[i].Value
			}
			picked, err := converse(t, term, func() ([]string, error) { return p.MultiSelect(t.Context(), "Events", choices) }, func() {
				term.Expect("0 picked of 77")
				term.RawMode()
				term.Shows("Space picks a line or a whole group, the right arrow all, the left arrow none. Enter ends. Type to search.")
				term.Send("\x1b[B\x1b[B \x1b[C")
				term.Expect("77 picked of 77")
				term.Expect("more")
				term.Send(strings.Repeat("x", min(cols, 80)+5)) // wider than two of them
				term.Expect("Nothing matches")
				term.Send("\x15groupb")
				term.Expect("Events: groupb")
				term.Expect("[x] GroupB (11 of 11)")
				term.Expect("more")
				screen := strings.Join(term.Rows(), "\n")
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
				term.Send("\r")
				term.Expect("Events: 77 picked")
			})
			if len(picked) != 77 || err != nil {
				t.Errorf("%d, %v", len(picked), err)
			}
			if screen := strings.Join(term.Rows(), "\n"); strings.Contains(screen, "[x]") || !strings.HasSuffix(screen, "? Events: 77 picked") {
				t.Errorf("left on the screen:\n%s", screen)
			}
			if _, err := converse(t, term, func() (string, error) { return p.Select(context.Background(), "Provider", choices[:3]) }, func() {
				term.Expect("search.")
				term.RawMode()
				term.Send("\r")
			}); err != nil {
				t.Error(err)
			}
		})
	}
}
