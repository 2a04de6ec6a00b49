package cli

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSnippetAnswersSend: what snippet prints takes what send sends, as every
// provider signs, and refuses forgeries.
func TestSnippetAnswersSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Environ = append(w.env.Environ, "S=0123456789abcdef0123456789abcdef", "OTHER=another secret")
	for _, d := range w.env.Drivers {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "verify.go"), w.run(0, "snippet", "go", "--provider", d.Name))
		bin := filepath.Join(dir, "verify.exe")
		build := exec.Command("go", "build", "-o", bin, "verify.go")
		build.Dir = dir
		out, err := build.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		addr := l.Addr().String()
		check(t, l.Close())
		_, port, err := net.SplitHostPort(addr)
		check(t, err)
		server := exec.Command(bin)
		server.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "HOOK_SECRET=") }), "PORT="+port, "HOOK_SECRET=0123456789abcdef0123456789abcdef")
		check(t, server.Start())
		t.Cleanup(func() {
			check(t, server.Process.Kill())
			_ = server.Wait()
		})
		for range 300 {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				check(t, c.Close())
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		send := func(code int, args ...string) string {
			return w.run(code, append([]string{"send", "http://" + addr + "/hook", "--provider", d.Name, "--event", d.Catalogue[0].Slug}, args...)...)
		}
		send(0, "--secret-env", "S")
		send(0, "--secret-env", "S", "--tamper")
		for _, args := range [][]string{{"--secret-env", "S", "--bad-signature"}, {"--secret-env", "OTHER"}} {
			if out := send(3, args...); !strings.Contains(out, "401") {
				t.Errorf("%s, %q: %s", d.Name, args, out)
			}
		}
	}
}

// TestSnippetAsks: whose deliveries they are is asked on a terminal, and the code
// alone goes to standard output.
func TestSnippetAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &typist{t: t, answers: map[string][]string{"Provider": {"zyntro"}}}
	w.env.Prompt, w.env.Streams.InTTY, w.env.Streams.ErrTTY = p, true, true
	asked := w.run(0, "snippet", "fastapi")
	if named := w.run(0, "snippet", "fastapi", "--provider", "zyntro"); named != asked || !slices.Equal(p.asked, []string{"Provider"}) {
		t.Errorf("asked %q, and printed:\n%s", p.asked, asked)
	}
	w.run(2, "snippet", "fastapi", "--no-input")
	if !strings.Contains(w.errs.String(), "--provider") {
		t.Errorf("the flag is not named: %s", &w.errs)
	}
}
