package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A secret is printed to a coding agent with --reveal only; everything that
// does not print it works as ever.
func TestCodingAgents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	usual := w.env.Environ
	dir := t.TempDir()
	printed := filepath.Join(dir, "printed.yaml")
	manifest := "version: 1\nwebhooks:\n  - {provider: wundertreos, name: Printed, url: 'https://example.com/p', events: [contact.created], secret_to: [stdout]}\n"
	if err := os.WriteFile(printed, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run(0, "create", "wundertreos", "--name", "Lead", "--url", "https://example.com/hook", "--event", "contact.created")
	value := strings.TrimSpace(w.run(0, "secrets", "show", "Lead"))
	create := []string{"create", "wundertreos", "--url", "https://example.com/x", "--event", "all"}
	printing := [][]string{
		{"secrets", "show", "Lead"}, {"secrets", "show", "Lead", "-o", "json"}, {"secrets", "show", "no such webhook"}, {"secrets", "push", "Lead", "--to", "stdout"},
		{"secrets", "push", "Lead", "--to", "file:" + dir + "/x", "--to", "stdout"}, {"recover", "--answer", "nothing"},
		append(slices.Clone(create), "--show-secret"), append(slices.Clone(create), "--secret-to", "stdout"), append(slices.Clone(create), "--dry-run", "--show-secret"),
		{"rotate", "Lead", "--yes", "--show-secret"}, {"rotate", "Lead", "--yes", "--secret-to", "stdout"},
		{"update", "Lead", "--replace", "--yes", "--url", "https://example.com/n", "--show-secret"},
		{"apply", "-f", printed, "--yes"}, {"apply", "-f", os.DevNull, "--yes", "--secret-to", "stdout"},
	}
	for i, v := range agentVariables {
		name := v.name
		if i > 0 {
			printing = printing[:2]
		}
		w.env.Environ = append(slices.Clone(usual), name+"=1")
		before := w.asked.Load()
		for _, args := range printing {
			w.run(2, args...)
			w.said(name+" is set", "--reveal")
			if args[0] != "apply" { // whose hint is on manifests
				w.said("hookctl secrets push")
			}
			w.silentOn(args, value)
		}
		if w.asked.Load() != before {
			t.Errorf("%s: something was sent", name)
		}
		if got := w.run(0, "secrets", "show", "Lead", "--reveal"); got != value+"\n" {
			t.Errorf("%s: --reveal shows %q", name, got)
		}
	}
	// What does not print it, and what prints it on purpose.
	w.run(0, "plan", "-f", printed)
	for _, args := range [][]string{
		{"secrets", "list"}, {"secrets", "push", "Lead", "--to", "file:" + dir + "/y"}, {"secrets", "push", "Lead", "--to", "dotenv:" + dir + "/.env:HOOK"},
		{"list"}, {"get", "Lead"}, {"rotate", "Lead", "--yes", "--secret-to", "file:" + dir + "/z"},
	} {
		w.run(0, args...)
		w.silentOn(args, value)
	}
	if got := w.run(0, "secrets", "push", "Lead", "--to", "stdout", "--reveal"); len(got) < 32 {
		t.Errorf("pushed %q", got)
	}
	if got := w.run(0, "rotate", "Lead", "--yes", "--show-secret", "--reveal", "--jq", ".secret.value"); len(got) < 32 {
		t.Errorf("rotated %q", got)
	}
	if got := w.run(0, "apply", "-f", printed, "--yes", "--reveal"); len(got) < 32 {
		t.Errorf("applied %q", got)
	}
	// An empty variable counts as not set; without any, --reveal changes nothing.
	w.env.Environ = append(slices.Clone(usual), "CLAUDECODE=", "GEMINI_CLI=")
	w.run(0, "secrets", "show", "Lead")
	w.run(0, "secrets", "show", "Lead", "--reveal")
}

// Every command that can print a secret has --reveal.
func TestRevealIsOffered(t *testing.T) {
	t.Parallel()
	runnable(t, func(cmd *cobra.Command, path []string) {
		joined := strings.Join(path, " ")
		prints := cmd.Flags().Lookup("show-secret") != nil || cmd.Flags().Lookup("secret-to") != nil && joined != "plan" || joined == "secrets show" || joined == "secrets push"
		if offered := cmd.Flags().Lookup(revealFlag) != nil; offered != prints {
			t.Errorf("%s: prints secrets: %v, has --reveal: %v", joined, prints, offered)
		}
	})
}
