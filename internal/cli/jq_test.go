package cli

import (
	"context"
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
