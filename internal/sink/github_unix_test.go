//go:build linux || darwin

package sink

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestGithubFileThatIsFull: of a secret that does not fit nothing stays, or the
// runner would take a half for a whole. The limit holds for a whole process, so a
// second one meets it.
func TestGithubFileThatIsFull(t *testing.T) {
	t.Parallel()
	const before = "OLD=1\n"
	path := os.Getenv("HOOKCTL_TEST_FULL_FILE")
	if path == "" {
		path = filepath.Join(t.TempDir(), "f")
		write(t, path, before, 0o600)
		cmd := exec.Command(os.Args[0], "-test.run=^TestGithubFileThatIsFull$", "-test.v")
		cmd.Env = append(os.Environ(), "HOOKCTL_TEST_FULL_FILE="+path, "GOCOVERDIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "refused") || strings.Contains(string(out), canary) {
			t.Errorf("%v, %s", err, out)
		}
		if read(t, path) != before {
			t.Errorf("the file has %q", read(t, path))
		}
		return
	}
	// Room for the name, and for some of the secret.
	room := uint64(len(before) + 60)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: room, Max: room}); err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.vars["GITHUB_OUTPUT"] = path
	err := w.sink(t, "github-output:X").Put(context.Background(), item(strings.Repeat(canary, 10)))
	if err == nil || !strings.Contains(err.Error(), "GITHUB_OUTPUT") || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	t.Log("refused")
}
