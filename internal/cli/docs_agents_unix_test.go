//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAgentsPage runs every command of docs/agents.md as a coding agent does: none
// fails, and none prints a secret.
func TestAgentsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "agents.md"))
	check(t, err)
	var script strings.Builder
	script.WriteString("set -e\nunset CI HOOK_SECRET XDG_CACHE_HOME XDG_RUNTIME_DIR XDG_CONFIG_HOME\nexport CLAUDECODE=1\n")
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1) {
		script.Write(block[1])
	}
	dir := t.TempDir()
	out := runRecipe(t, dir, script.String(), []int{0})
	for _, want := range []string{
		"create zyntro: ", "\nevent\nurl\n", "\n.secret.kept\n", "\n7 needs a human: ", `"kept": true`, "\nit is set\n", `"sink": "dotenv:.env:CRM_SECRET"`,
		`"fingerprint":"sha256:`, `"valid": true`, "\nok\n", "\nexit code 5\n", `{"error":{"code":"not-found"`, "\n[]\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	env, err := os.ReadFile(filepath.Join(dir, ".env"))
	check(t, err)
	secrets := regexp.MustCompile(`(?m)^\w+_SECRET='?"?([^'"\n]{16,})`).FindAllStringSubmatch(string(env), -1)
	if len(secrets) != 2 {
		t.Fatalf("there are %d secrets in .env", len(secrets))
	}
	for _, s := range secrets {
		if strings.Contains(out, s[1]) {
			t.Error("a command prints a secret")
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

// TestAgentsWords: commands and flags that docs/agents.md names in its sentences
// are those that there are.
func TestAgentsWords(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "agents.md"))
	check(t, err)
	text := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(page), "")
	root := Root()
	words := 0
	for _, found := range regexp.MustCompile("`hookctl ([^`]+)`").FindAllStringSubmatch(text, -1) {
		words++
		c, rest, err := root.Find(strings.Fields(found[1]))
		if err != nil || c == root {
			t.Errorf("%q: %v", found[0], err)
			continue
		}
		if err := c.ParseFlags(rest); err != nil {
			t.Errorf("%q: %v", found[0], err)
		}
	}
	if words == 0 {
		t.Error("no command was found")
	}
	w := newWorld(t)
	all := w.run(0, "help", "--json", "--jq", "[.global_flags[], .commands[].flags[]] | .[].name")
	for _, found := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(text, -1) {
		if !strings.Contains("\n"+all, "\n"+found[1]+"\n") {
			t.Errorf("there is no flag %q", found[0])
		}
	}
}
