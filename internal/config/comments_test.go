package config_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/norace"
)

// noComment is in values, where it looks like a comment.
const noComment = "# none"

// address is the lines of a setting in one of the ways in which a text can be
// written, perhaps with a comment in the first.
func address(r *rand.Rand, note func() string) []string {
	first := []string{
		"http://h", "it's", "a 'b", "a, 'b", "-'b", "'it''s " + noComment + "'", `"a\\" `, `"\" ` + noComment + `"`,
		"'it''s " + noComment, `"it's ` + noComment, "plain", "a 'b", "|", ">", ">-", "|+", "|2-",
	}
	way := r.IntN(len(first))
	text := first[way]
	if way >= 10 && r.IntN(3) == 0 || way < 8 && r.IntN(3) == 0 {
		text += " " + note()
	}
	lines := []string{"      base-url: " + text}
	switch text = first[way]; {
	case way < 8:
	case text[0] == '\'':
		return append(lines, "", "          "+noComment+"'")
	case text[0] == '"':
		return append(lines, "        "+noComment+`\"`, `          more"`)
	case len(lines[0]) > len("      base-url: ")+len(text): // nothing goes on behind a comment
	case way < 12:
		return append(lines, "        'more", "         \"more")
	}
	if way < 12 {
		return lines
	}
	lines = append(lines, "        "+noComment)
	for range r.IntN(4) {
		lines = append(lines, []string{"        it's " + noComment, "        'b " + noComment, "        " + noComment, "", "        {c: \"", "          deeper " + noComment}[r.IntN(6)])
	}
	return append(lines, "        end")
}

// commented is a document of some settings with comments between all lines that
// chance chooses, at any indentation, and behind values. It returns the comments too.
func commented(r *rand.Rand) (text string, comments []string) {
	note := func() string {
		comments = append(comments, fmt.Sprintf("# note %d.", len(comments)))
		return comments[len(comments)-1]
	}
	var lines []string
	around := func() {
		for range r.IntN(3) {
			if r.IntN(3) == 0 {
				lines = append(lines, "")
			}
			lines = append(lines, strings.Repeat(" ", 2*r.IntN(4))+note())
		}
	}
	line := func(s string) {
		around()
		if r.IntN(3) == 0 {
			s += " " + note()
		}
		lines = append(lines, s)
	}
	if r.IntN(2) == 0 {
		line("secret-store: file")
	}
	if r.IntN(4) > 0 {
		line("profiles:")
		for _, p := range []string{"default", "work"}[:1+r.IntN(2)] {
			line("  " + p + ":")
			if r.IntN(2) == 0 {
				line("    output: json")
			}
			if r.IntN(2) == 0 {
				line("    zyntro:")
				around()
				lines = append(lines, address(r, note)...)
			}
			if r.IntN(2) == 0 {
				line("    request-timeout: 5s")
			}
		}
	}
	if r.IntN(2) == 0 {
		line("no-input: true")
	}
	around()
	end := []string{"\n", "\r\n"}[r.IntN(2)]
	text = strings.Join(lines, end)
	if r.IntN(2) == 0 {
		text += end
	}
	return text, comments
}

// TestCommentsStay: whatever is set or unset, every comment is there once, nothing
// else becomes one, and no other setting changes.
func TestCommentsStay(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		before, comments := commented(r)
		if before == "" {
			continue
		}
		d := dir(t, before)
		c := load(t, config.Input{Dir: d})
		key := []string{"output", "request-timeout", "zyntro.base-url", "zyntro.path-prefix", "secret-store", "no-input"}[r.IntN(6)]
		was, what := c.All(), "unset "+key
		var err error
		if r.IntN(2) == 0 {
			err = c.Unset(key)
		} else {
			value := map[string]string{"output": "yaml", "request-timeout": "9s", "zyntro.base-url": "http://other", "zyntro.path-prefix": "/p", "secret-store": "keyring", "no-input": "false"}[key]
			what = "set " + key + " " + value
			err = c.Set(key, value)
		}
		text, rerr := os.ReadFile(c.Path())
		if err != nil || rerr != nil {
			t.Fatalf("seed %d, %s: %v, %v\n%s", seed, what, err, rerr, before)
		}
		if string(text) != before && len(text) > 0 && !strings.HasSuffix(string(text), "\n") {
			t.Errorf("seed %d, %s: the last line has no end\n--- before\n%s\n--- after\n%s", seed, what, before, text)
		}
		for _, comment := range comments {
			own := false // of the very line that goes
			for line := range strings.Lines(before) {
				last := key[strings.LastIndexByte(key, '.')+1:]
				own = own || strings.HasPrefix(what, "unset") && strings.HasPrefix(strings.TrimSpace(line), last+":") && strings.Contains(line, comment)
			}
			if n := strings.Count(string(text), comment); n != 1 && !own {
				t.Errorf("seed %d, %s: %q is there %d times\n--- before\n%s\n--- after\n%s", seed, what, comment, n, before, text)
				break
			}
		}
		if n := strings.Count(string(text), noComment); n > strings.Count(before, noComment) {
			t.Errorf("seed %d, %s: %q is there %d times\n--- before\n%s\n--- after\n%s", seed, what, noComment, n, before, text)
		}
		for i, s := range c.All() {
			if s.Key != key && s != was[i] {
				t.Errorf("seed %d, %s: %+v was %+v\n%s\n---\n%s", seed, what, s, was[i], before, text)
			}
		}
		if t.Failed() {
			return
		}
	}
}
