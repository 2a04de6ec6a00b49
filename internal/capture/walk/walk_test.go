package walk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/term"
)

// FuzzKept: the requests that were kept when they were counted are those that another
// walk yields.
func FuzzKept(f *testing.F) {
	signature := strings.Repeat("0123456789abcdef", 4)
	request := `{"headers":{"X-Sig":"` + signature + `"},"body":"{\"a\":1}","url":"/x"}`
	in := string(jsontext.Quote("got " + request))
	for _, s := range []string{
		request, `{"level":30,"req":` + request + `}`, `{"log":` + in + `,"stream":"stdout"}`, `[` + request + `,{"headers":{},"body":""},{"n":1},"sha256=` + signature + `"]`,
		`{"a":[` + request + `,{"id":"sha256=` + strings.Repeat("1", 64) + `"}]}`, `{"headers":{"X-Sig":"` + signature + `"}}`, `{"headers":{"X-Sig":"` + signature + `"},"body":{},"next":[` + in + `]}`,
		`{"json":{"headers":{"X-Sig":"` + signature + `"}},"binary":{"data":{"data":"e30="}}}`, `{"request":` + request + `,"responses":[{"status":200}]}`,
		`{"a":[],"b":[],"c":[],"d":[],"e":[],"f":[],"g":[],"h":[],"i":` + request + `,"headers":[],"status":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) || len(text) >= recorded.LargeBody {
			return
		}
		yielded := func(keep bool) string {
			var all strings.Builder
			w := CountIn(text, []string{"X-Sig"})
			w.keep = w.keep && keep
			n := w.Requests(text, func(path string, r *recorded.Request, err error) bool {
				fmt.Fprintf(&all, "%s %+v %v %#v\n", path, *r, err, err)
				return true
			})
			return fmt.Sprint(n, w.Rows, all.String())
		}
		if kept, walked := yielded(true), yielded(false); kept != walked {
			t.Fatalf("%s\nkept: %s\nwalked: %s", text, kept, walked)
		}
	})
}

// TestToolsCanBeCopied: the command that takes a delivery out of a file stands on one line
// of a terminal, however narrow that is.
func TestToolsCanBeCopied(t *testing.T) {
	t.Parallel()
	commands := 0
	for _, c := range containers {
		head := strings.Repeat("\x01", c.at) + c.magic
		fix := suggestTool([]byte(head), "some capture.bin")
		if _, command, ok := strings.Cut(fix, ": "); ok {
			commands++
			if got := term.Wrap("  ", fix, 40); !strings.Contains(got, command) {
				t.Errorf("the command is broken:\n%s", got)
			}
		}
	}
	for _, wide := range []string{"a\x00", "\x00a"} {
		fix := suggestTool([]byte(strings.Repeat(wide, 20)), "x")
		if _, command, _ := strings.Cut(fix, ": "); command == "" || !strings.Contains(term.Wrap("", fix, 40), command) {
			t.Errorf("no command, or a broken one: %q", fix)
		}
	}
	if commands < 4 {
		t.Errorf("%d kinds are unpacked by a command", commands)
	}
}
