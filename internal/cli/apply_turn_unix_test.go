//go:build unix

package cli

import (
	"bufio"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/secret"
)

// TestAppliesTakeTurns lets a second apply plan only when the first has ended:
// else both would make what both found missing.
func TestAppliesTakeTurns(t *testing.T) {
	t.Parallel()
	w := newKillWorld(t, time.Now)
	file := w.manifest("hooks.yaml", "")
	first, err := secret.OpenJournal(filepath.Join(w.dir, "config", "journal")).Lock(context.Background(), "apply", func() {})
	if err != nil {
		t.Fatal(err)
	}
	second := exec.Command("hookctl", "apply", "-f", file, "--yes")
	second.Env = w.env
	said, err := second.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() || !strings.Contains(lines.Text(), "Another apply is under way") {
		t.Errorf("it says %q, %v", lines.Text(), lines.Err())
	}
	for _, c := range w.clients {
		if rows, err := c.List(context.Background()); len(rows) > 0 || err != nil {
			t.Errorf("made meanwhile: %d, %v", len(rows), err)
		}
	}
	if err := first(); err != nil {
		t.Error(err)
	}
	for lines.Scan() { // to its end
	}
	if err := second.Wait(); err != nil {
		t.Error(err)
	}
	for _, c := range w.clients {
		if rows, err := c.List(context.Background()); len(rows) != 5 || err != nil {
			t.Errorf("%d webhooks, %v", len(rows), err)
		}
	}
}
