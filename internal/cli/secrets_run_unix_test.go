//go:build unix

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Where a command is attended, as on Windows, it has the exit codes that help says.
func TestSecretsRunAttended(t *testing.T) {
	w := newWorld(t)
	id := w.seed()["zyntro"]
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("\x7fELF and nothing else"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		code    int
		command []string
	}{{0, []string{"true"}}, {3, []string{"sh", "-c", "exit 3"}}, {126, []string{bad}}, {127, []string{"no-such-command"}}, {143, []string{"sh", "-c", "kill -TERM $$"}}} {
		var out, errs bytes.Buffer
		env := *w.env
		env.Streams.Out, env.Streams.Err = &out, &errs
		env.Environ = append(env.Environ, "PATH="+os.Getenv("PATH"))
		if code := Run(t.Context(), &env, append([]string{"secrets", "run", id, "--"}, tt.command...)); code != tt.code {
			t.Errorf("%q: exit %d, want %d: %s", tt.command, code, tt.code, &errs)
		}
	}
}
