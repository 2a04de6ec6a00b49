//go:build unix

package cli

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDevelopStory runs every command of the story of docs/develop.md, on ports that
// are free.
func TestDevelopStory(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "develop.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## From install to a green test in CI\n")
	section, _, found := strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("docs/develop.md has no such section")
	}
	section = strings.NewReplacer("3000", freePort(t), "8787", freePort(t)).Replace(section)
	blocks := map[string][]string{}
	for _, b := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(section, -1) {
		blocks[b[1]] = append(blocks[b[1]], b[2])
	}
	if len(blocks["sh"]) != 4 || len(blocks["python"]) != 1 || len(blocks["yaml"]) != 1 || len(blocks) != 3 {
		t.Fatalf("the blocks are %q", blocks)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "handler.py"), []byte(blocks["python"][0]), 0o600); err != nil {
		t.Fatal(err)
	}
	out := runRecipe(t, dir, "set -e\nunset CI\n"+strings.Join(blocks["sh"], ""), []int{0}, "python3")
	for _, want := range []string{
		"The handler refused all that nobody with the secret has sent.", "The handler answered 2xx both times", "Out of order; --seed ",
		"As WundertreOS delivers again: 8 attempts", "\nAnswer: 200, ", "3 answers were compared with what was recorded: 3 the same.", "nothing was recorded",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	// The first one, one that comes twice, five out of order, one that is repeated, one of
	// the sandbox, three that are recorded.
	if n := strings.Count(out, "working on "); n != 1+1+5+1+1+3 {
		t.Errorf("the handler worked %d times", n)
	}
	step := regexp.MustCompile("(?s)  env:\n    HOOK_SECRET: (.*?)\n  run: \\|\n(.*)").FindStringSubmatch(blocks["yaml"][0])
	if step == nil {
		t.Fatalf("%s", blocks["yaml"][0])
	}
	script := "set -e\nexport CI=true HOOK_SECRET=" + step[1] + "\n" + regexp.MustCompile(`(?m)^    `).ReplaceAllString(step[2], "")
	out += runRecipe(t, dir, script, []int{0}, "python3")
	report, err := os.ReadFile(filepath.Join(dir, "handler.xml"))
	if err != nil || !strings.Contains(string(report), `tests="3" failures="0" errors="0" skipped="0"`) {
		t.Errorf("%v: %s", err, report)
	}
	// A handler that answers otherwise fails the step.
	changed := strings.Replace(blocks["python"][0], `"event": event`, `"what": event`, 1)
	if err := os.WriteFile(filepath.Join(dir, "handler.py"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	again := runRecipe(t, dir, "trap 'kill $!' EXIT\n"+script, []int{3}, "python3")
	if !strings.Contains(again, "3 of 3 answers are not as recorded") {
		t.Errorf("%s", again)
	}
	if t.Failed() {
		t.Log(out)
	}
}

// freePort is a port at which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil || l.Close() != nil {
		t.Fatal(err)
	}
	return port
}
