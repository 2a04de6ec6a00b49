package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recipe is the first block of commands behind a bold title of docs/ci.md.
func recipe(t *testing.T, title string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?s)\*\*` + regexp.QuoteMeta(title) + `\*\*.*?` + "```sh\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatalf("docs/ci.md has no block behind %q", title)
	}
	return string(found[1])
}

// The recipe for a store that does not last creates once, and fails where
// hookctl cannot tell, in the plainest shell there is: without -e and pipefail.
func TestRecipeForAStoreThatDoesNotLast(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	program, err := exec.LookPath("hookctl")
	if err != nil {
		t.Fatal(err)
	}
	block := recipe(t, "The store does not last.")
	w := newWorld(t)
	bin, handed := t.TempDir(), filepath.Join(t.TempDir(), "handed")
	// The CI system's own command takes the secret from its standard input.
	gh := "#!/bin/sh\ncat >> '" + handed + "'\necho >> '" + handed + "'\n"
	if err := os.WriteFile(filepath.Join(bin, "gh"), []byte(gh), 0o700); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + strings.Join([]string{bin, filepath.Dir(program), os.Getenv("PATH")}, string(os.PathListSeparator))
	run := func(more ...string) (code int, output string) {
		cmd := exec.Command(sh, "-c", block+"echo done\n")
		cmd.Dir = t.TempDir()
		cmd.Env = slices.Concat(w.env.Environ, []string{path, "CI=true", "HOME=" + cmd.Dir, "HOOKCTL_CONFIG_DIR=" + cmd.Dir + "/config"}, more)
		out, err := cmd.CombinedOutput()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
	secrets := func() int {
		text, err := os.ReadFile(handed)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return strings.Count(string(text), "\n")
	}
	for what, more := range map[string]string{"a wrong key": "HOOKCTL_ZYNTRO_API_KEY=wrong", "no provider": "HOOKCTL_ZYNTRO_BASE_URL=http://127.0.0.1:9"} {
		code, out := run(more)
		if code != 4 && code != 6 || strings.Contains(out, "done") || secrets() != 0 {
			t.Errorf("%s: exit %d, %d secrets:\n%s", what, code, secrets(), out)
		}
	}
	// Runners have a new, empty store each time.
	for range 3 {
		if code, out := run(); code != 0 || !strings.HasSuffix(out, "done\n") {
			t.Fatalf("exit %d:\n%s", code, out)
		}
		if secrets() != 1 {
			t.Fatalf("%d secrets were handed on", secrets())
		}
	}
}
