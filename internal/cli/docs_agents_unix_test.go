//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// agentPages are the pages for coding agents, and what their commands print.
var agentPages = map[string][]string{
	"agents.md": {
		"create zyntro: ", "\nevent\nurl\n", "\n.secret.kept\n", "\n7 needs a human: ", `"kept": true`, "\nit is set\n", `"sink": "dotenv:.env:CRM_SECRET"`,
		`"fingerprint":"sha256:`, `"valid": true`, "\nok\n", "\nexit code 5\n", `{"error":{"code":"not-found"`, "\n[]\n",
	},
	"skill/hookctl/SKILL.md": {"create zyntro: ", "\nhookctl verify [", `"kept": true`, `"sink": "dotenv:.env:HOOK_SECRET"`, "\nok\n"},
}

// TestAgentsPages runs every command of the pages as a coding agent does: none
// fails, and none prints a secret.
func TestAgentsPages(t *testing.T) {
	t.Parallel()
	for name, wants := range agentPages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := os.ReadFile(filepath.Join("..", "..", "docs", filepath.FromSlash(name)))
			check(t, err)
			begin, end := "eval \"$(hookctl sandbox start)\"\n", "eval \"$(hookctl sandbox stop)\"\n"
			commands := ""
			for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1) {
				commands += string(block[1])
			}
			if !strings.HasPrefix(commands, begin) {
				commands = begin + commands + end
			}
			dir := t.TempDir()
			out := runRecipe(t, dir, "set -e\nunset CI HOOK_SECRET XDG_CACHE_HOME XDG_RUNTIME_DIR XDG_CONFIG_HOME\nexport CLAUDECODE=1\n"+commands, []int{0})
			for _, want := range wants {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q", want)
				}
			}
			env, err := os.ReadFile(filepath.Join(dir, ".env"))
			check(t, err)
			secrets := regexp.MustCompile(`(?m)^\w+_SECRET='?"?([^'"\n]{16,})`).FindAllStringSubmatch(string(env), -1)
			if want := strings.Count(commands, "dotenv:.env:"); len(secrets) != want {
				t.Fatalf("there are %d secrets in .env, want %d", len(secrets), want)
			}
			for _, s := range secrets {
				if strings.Contains(out, s[1]) {
					t.Error("a command prints a secret")
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// TestAgentsWords: commands and flags that the pages name in their sentences are
// those that there are.
func TestAgentsWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	flags := "\n" + w.run(0, "help", "--json", "--jq", "[.global_flags[], .commands[].flags[]] | .[].name")
	for name := range agentPages {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", filepath.FromSlash(name)))
		check(t, err)
		text := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(page), "")
		commands := regexp.MustCompile("`hookctl ([^`]+)`").FindAllStringSubmatch(text, -1)
		for _, found := range commands {
			c, rest, err := Root().Find(strings.Fields(found[1]))
			if err == nil {
				err = c.ParseFlags(rest)
			}
			if err != nil || !c.HasParent() {
				t.Errorf("%s: %s: %v", name, found[0], err)
			}
		}
		for _, found := range regexp.MustCompile("`--([a-z-]+)[` ]").FindAllStringSubmatch(text, -1) {
			if !strings.Contains(flags, "\n"+found[1]+"\n") {
				t.Errorf("%s: there is no flag %s", name, found[0])
			}
		}
		if len(commands) == 0 {
			t.Errorf("%s names no command", name)
		}
	}
}
