//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// failingSink is a sink that fails from its nth call on.
func failingSink(t *testing.T, nth string) string {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(dir, "sink.sh")
	text := "#!/bin/sh\necho x >> " + dir + "/calls\ncat > /dev/null\n[ $(wc -l < " + dir + "/calls) -lt " + nth + " ] || exit 4\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return "exec:" + script
}

// TestListenSinkFails: where a sink does not take the secret, every webhook of the
// session is removed, and nothing is left for a person to do.
func TestListenSinkFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, provider, nth string }{
		{"first", "wundertreos", "1"},
		{"first", "zyntro", "1"},
		{"new URL", "wundertreos", "2"},
	} {
		t.Run(c.name+" "+c.provider, func(t *testing.T) {
			t.Parallel()
			w := newTunnelled(t, "")
			l := beginListen(t, w.env, "--create", c.provider, "--tunnel", "cloudflared", "--secret-to", failingSink(t, c.nth))
			if c.nth == "2" {
				l.until("Ready: ", 1)
				if err := syscall.Kill(w.mark().Pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			l.ended(1) // the kind of the sink's own error: a webhook that is gone needs nobody
			if hooks := w.hooks(c.provider); len(hooks) != 0 {
				t.Errorf("left: %v", hooks)
			}
			said := l.errs.String()
			for _, wrong := range []string{"secrets push", "still exists", "recover"} {
				if strings.Contains(said, wrong) {
					t.Errorf("it says %q: %s", wrong, said)
				}
			}
			if !strings.Contains(said, "exit status 4") || !strings.Contains(said, "removed") {
				t.Error(said)
			}
			w.out.Reset()
			w.errs.Reset()
			w.run(0, "recover")
			if strings.Contains(w.out.String()+w.errs.String(), c.provider+"/") {
				t.Errorf("recover: %s%s", w.out.String(), w.errs.String())
			}
			next := startListen(t, w.env, "--create", c.provider, "--tunnel", "cloudflared")
			next.until("Ready: ", 1)
			next.stop()
			next.ended(0)
			if strings.Contains(next.errs.String(), "left of") {
				t.Error(next.errs.String())
			}
		})
	}
}
