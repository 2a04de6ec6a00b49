package config_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/config"
)

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
				line("      base-url: http://h")
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

// TestCommentsStay: whatever is set or unset, every comment is there once, and no
// other setting changes.
func TestCommentsStay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(600) {
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
