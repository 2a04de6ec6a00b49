//go:build unix

package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/prompt/prompttest"
	"github.com/hookctl/hookctl/internal/term"
)

// TestCreateOnTerminals drives all questions of create in a pseudo-terminal, with a
// way back, and reads what they show at any width.
func TestCreateOnTerminals(t *testing.T) {
	t.Parallel()
	const name = "CRM 日本語 sync of the other office"
	long := "https://hooks.example.com/" + strings.Repeat("a-long-path/", 9) + "hook?a=1&b=2"
	for _, cols := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(cols), func(t *testing.T) {
			t.Parallel()
			s := prompttest.Open(t, false, cols, 60)
			expect := func(text, keys string) { t.Helper(); s.Expect(text); s.Send(keys) }
			x := atTerminal(t, "zyntro", &typist{t: t})
			x.env.Streams = term.Streams{In: s.TTY, Out: s.TTY, Err: s.TTY, InTTY: true, OutTTY: true, ErrTTY: true, Width: func() int { return cols }}
			x.env.Prompt = prompt.New(prompt.Options{In: s.TTY, Err: s.TTY})
			code := make(chan int, 1)
			go func() { code <- Run(t.Context(), x.env, []string{"create", "--no-color"}) }()
			expect("Wundertre", "")
			expect("\n", "zyn\r")
			expect("Name: ", name+"\n")
			expect("deliveries: ", "http://plain.example.com\n")
			expect("deliveries: ", long+"\n")
			expect("0 picked of", "")
			s.Shows("Space picks a line or a whole group, the right arrow all, the left arrow none. Enter ends. Type to search.")
			expect("\n", "invoice ")
			expect("picked of", "\x15new_contact ")
			expect("5 picked of", "\r")
			expect("Create it? [Y/n] ", "")
			s.Shows("Provider: Zyntro Name: CRM Events: new_contact, invoice_generated, Secret: will be kept on this machine Next time, without questions: Create it? [Y/n]")
			expect("", "n\n")
			expect("What now?", "")
			expect("Stop", "")
			expect("\n", "name\r")
			expect("Name [", "Other name\n")
			expect("Other name", "")
			expect("Create it? [Y/n] ", "\n")
			select {
			case got := <-code:
				if got != 0 {
					t.Fatalf("exit code %d:\n%s", got, s.Output())
				}
			case <-time.After(30 * time.Second):
				t.Fatalf("create does not end:\n%s", s.Output())
			}
			if colour := regexp.MustCompile("\x1b\\[[0-9;]*m").FindString(s.Output()); colour != "" {
				t.Errorf("%q is coloured, with --no-color", colour)
			}
			if len(x.sent) != 1 || x.sent[0]["wh_name"] != "Other name" || x.sent[0]["wh_endpoint"] != long || len(x.sent[0]["wh_events"].([]any)) != 5 {
				t.Errorf("sent: %v", x.sent)
			}
		})
	}
}
