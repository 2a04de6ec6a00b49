package cli

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// An expression without end stops on Ctrl-C, with its exit code.
func TestEndlessJQ(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"def f: f; f", "repeat(1) | empty"} {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(50*time.Millisecond, cancel)
		if code := Run(ctx, w.env, []string{"list-events", "--jq", expr}); code != 130 {
			t.Errorf("--jq %q exited %d\n%s", expr, code, &w.errs)
		}
		stop.Stop()
		cancel()
	}
}

// An output that fails after a create is no mistake of usage, which would mean
// that nothing was sent: the webhook is there, and its secret is kept.
func TestCreateWhoseOutputFails(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{`error("x")`, `.id | tonumber`, `.name.first`} {
		w := newWorld(t)
		w.run(1, append(slices.Clone(lost["wundertreos"]), "--jq", expr)...)
		if n := w.boxes["wundertreos"].Webhooks(); n != 1 {
			t.Errorf("--jq %q: %d webhooks", expr, n)
		}
		w.said("exists and its secret is kept")
		if kept := strings.Fields(w.run(0, "secrets", "list", "--jq", ".[].name")); !slices.Equal(kept, []string{"Lost"}) {
			t.Errorf("--jq %q: kept %q", expr, kept)
		}
	}
	// One that does not parse is known before anything is sent.
	w := newWorld(t)
	w.run(2, append(slices.Clone(lost["wundertreos"]), "--jq", "{")...)
	if n := w.boxes["wundertreos"].Webhooks(); n != 0 {
		t.Errorf("%d webhooks", n)
	}
}
