package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// No flag that names something takes a secret in the place of the name, and
// none repeats it: every flag of every command but those of the closed list.
func TestTypedSecretsAreRefused(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	w := newWorld(t)
	tried := 0
	runnable(t, func(cmd *cobra.Command, path []string) {
		words := append(slices.Clone(path), someArguments(strings.Join(path, " "))...)
		if joined := strings.Join(path, " "); joined == "list" {
			cmd.InheritedFlags() // merges them; they are the same for all commands
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			name := "--" + f.Name
			if freeFlags[name] && name != "--secret-to" || freeFlags[strings.Join(path, " ")+" "+name] && path[0] == "replay" || f.Value.Type() == "bool" {
				return
			}
			for value, part := range typedSecrets {
				for _, as := range []string{value, "@" + value} {
					tried++
					args := append(slices.Clone(words), name+"="+as)
					code := w.code(args...)
					w.silentOn(args, part)
					if code != 2 {
						t.Errorf("%q exits %d:\n%s%s", args, code, &w.out, &w.errs)
					}
				}
				args := append(slices.Clone(words), name, value, "--debug")
				if name != "--output" {
					args = append(args, "-o", "json")
				}
				code := w.code(args...)
				w.silentOn(args, part)
				var doc map[string]map[string]any
				lines := strings.Split(strings.TrimSpace(w.errs.String()), "\n")
				if err := json.Unmarshal([]byte(lines[len(lines)-1]), &doc); name != "--output" && err != nil || code != 2 || name != "--output" && doc["error"]["exit_code"] != 2.0 {
					t.Errorf("%q exits %d: %v\n%s", args, code, err, &w.errs)
				}
			}
		})
	})
	if tried < 1000 {
		t.Errorf("only %d flags and values were tried", tried)
	}
	if n := w.asked.Load(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}
