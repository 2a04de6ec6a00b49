package cli

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/term"
)

// BenchmarkVersion measures what every start costs beyond the process itself
// and the initialisation of the linked packages.
func BenchmarkVersion(b *testing.B) {
	for b.Loop() {
		env := &Env{
			Streams: term.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Width: func() int { return 80 }},
			Environ: []string{"HOOKCTL_CONFIG_DIR=" + b.TempDir()},
			Now:     time.Now, Drivers: all.Drivers(), Version: "test",
		}
		if code := Run(context.Background(), env, []string{"version"}); code != 0 {
			b.Fatalf("exit %d", code)
		}
	}
}
