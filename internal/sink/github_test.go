package sink

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
)

// parseRunnerFile reads what GitHub's runner would: NAME=value lines and
// NAME<<DELIMITER blocks.
func parseRunnerFile(t *testing.T, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		name, mark, block := strings.Cut(lines[i], "<<")
		if !block {
			if n, v, ok := strings.Cut(lines[i], "="); ok {
				got[n] = v
			}
			continue
		}
		var value []string
		for i++; i < len(lines) && lines[i] != mark; i++ {
			value = append(value, lines[i])
		}
		if i == len(lines) {
			t.Fatalf("%s is never closed", mark)
		}
		got[name] = strings.Join(value, "\n")
	}
	return got
}

func TestGithub(t *testing.T) {
	t.Parallel()
	values := []string{canary, "two\nlines", "EOF\nX=1\nY<<EOF", "100%", "a\r\nb", "\n", "trailing\n", "é", "'\"`$\\", strings.Repeat("z", 1<<20), "::set-output name=x::y"}
	for _, c := range []struct{ sink, variable, other string }{
		{"github-output:", "GITHUB_OUTPUT", "GITHUB_ENV"},
		{"github-env:", "GITHUB_ENV", "GITHUB_OUTPUT"},
	} {
		for _, before := range []string{"", "OLD=1\n", "OLD=1"} {
			path := filepath.Join(t.TempDir(), "f")
			for _, v := range values {
				write(t, path, before, 0o644)
				w := newWorld()
				w.vars[c.variable] = path
				if err := w.put(t, c.sink+"HOOK_SECRET", v); err != nil {
					t.Fatalf("%.30q: %v", v, err)
				}
				got := parseRunnerFile(t, read(t, path))
				if got["HOOK_SECRET"] != v || (before != "") != (got["OLD"] == "1") || len(got) > 2 {
					t.Errorf("%s %.30q after %q: %.200q", c.sink, v, before, got)
				}
				if strings.Count(w.errOut.String(), "\n") != 1 || strings.Contains(w.errOut.String(), "\r") || w.out.Len() > 0 {
					t.Errorf("%.30q: mask %.60q", v, w.errOut.String())
				}
				back := strings.NewReplacer("%0A", "\n", "%0D", "\r", "%25", "%").Replace(strings.TrimSuffix(strings.TrimPrefix(w.errOut.String(), "::add-mask::"), "\n"))
				if back != v {
					t.Errorf("%.30q: masked %.60q", v, back)
				}
			}
			for _, v := range []string{"a\x00b", "\xff", "end\r"} {
				w := newWorld()
				w.vars[c.variable] = path
				was := read(t, path)
				if err := w.put(t, c.sink+"X", v); err == nil || fault.HintOf(err).String() == "" || read(t, path) != was {
					t.Errorf("%q: %v", v, err)
				}
			}
		}
		w := newWorld()
		w.vars[c.other] = "/dev/null"
		if err := w.put(t, c.sink+"X", canary); err == nil || !strings.Contains(err.Error(), c.variable+" is not set") {
			t.Error(err)
		}
		dir := t.TempDir()
		for bad, why := range map[string]string{filepath.Join(dir, "none"): "none", dir: "not a regular file", os.DevNull: "not a regular file"} {
			w.vars[c.variable] = bad
			s := w.sink(t, c.sink+"X")
			for what, err := range map[string]error{"Check": s.Check(context.Background(), Item{}), "Put": s.Put(context.Background(), item(canary))} {
				if err == nil || !strings.Contains(err.Error(), c.variable) || !strings.Contains(err.Error(), why) {
					t.Errorf("%s with %s: %v", what, bad, err)
				}
			}
		}
	}
	if _, err := Parse("github-output:my-secret_1", newWorld().env); err != nil {
		t.Error(err)
	}
}

// TestMaskComesFirst: the value is nowhere before the runner can hide it.
func TestMaskComesFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "", 0o600)
	w := newWorld()
	w.vars["GITHUB_OUTPUT"] = path
	w.env.Stderr = broken{}
	if err := w.put(t, "github-output:X", canary); err == nil || read(t, path) != "" {
		t.Errorf("%v, %q", err, read(t, path))
	}
}

// A file that cannot be written is found before anything is sent to a provider.
// A running program is one, even for those whom no mode keeps out.
func TestGithubFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		_ = f.Close()
		t.Skip("this system lets a running program be written")
	}
	w := newWorld()
	w.vars["GITHUB_ENV"] = path
	if err := w.sink(t, "github-env:X").Check(context.Background(), Item{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}
