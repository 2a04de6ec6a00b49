//go:build unix

package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
)

// TestPlanOfMany plans 500 webhooks of both providers with one request to each,
// in less than a second of processor time.
func TestPlanOfMany(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	var ticks atomic.Int64
	w := newKillWorld(t, func() time.Time { // no request is too soon after the last
		return time.Now().Add(time.Duration(ticks.Add(1)) * time.Minute)
	})
	events := []string{"new_contact", "contact.created"}
	text := "version: 1\nwebhooks:\n"
	for n, name := range []string{"zyntro", "wundertreos"} {
		for i := range 250 {
			spec := provider.Spec{Name: fmt.Sprint("hook ", i), URL: fmt.Sprintf("https://example.com/%d", i), Events: events[n : n+1]}
			if _, _, err := w.clients[n].Create(context.Background(), spec); err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprintf("- {provider: %s, name: hook %d, url: https://example.com/%d/new, events: [%s]}\n", name, i, i, events[n])
		}
	}
	file := filepath.Join(w.dir, "many.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.requests.Store(0)
	cmd := exec.Command("hookctl", "plan", "-f", file)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	if want := "Plan: 250 to update, 250 to replace (NEW SECRET), 0 unchanged."; err != nil || !strings.Contains(string(out), want) {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	if n := w.requests.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
	if spent := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); spent > time.Second {
		t.Errorf("takes %v", spent)
	}
}
