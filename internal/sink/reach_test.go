package sink

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
)

// TestOutside goes through shapes of paths, with links in their way. The
// directory is below the present one, so that a path from here may lie in either.
func TestOutside(t *testing.T) {
	here, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(here)
	for _, dir := range []string{"in/sub/deep", "in-too", "out", "in/out"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	links := true
	for name, to := range map[string]string{
		"in/away": "../out", "in/loop": "loop", "in/self": "sub", "in/dangling": "../out/none", "in/abs": filepath.Join(here, "out"),
		"in/chain": "away", "in/target": "../out/file", "in/back": "../in/sub", "way": "in/sub",
	} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.FromSlash(name)); err != nil {
			links = false
			t.Log(err)
		}
	}
	if err := os.WriteFile("out/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	abs := func(p string) string { return filepath.Join(here, filepath.FromSlash(p)) }
	slash := string(filepath.Separator)
	for _, c := range []struct {
		path    string
		outside bool
		links   bool // it needs links
	}{
		{path: "in/x"}, {path: "./in/x"}, {path: "in//x"}, {path: "in/./sub/x"}, {path: "in/new/dir/x"}, {path: "in/sub/../x"}, {path: "out/../in/x"},
		{path: "in/..x"}, {path: "in/..."}, {path: "in/out/x"}, {path: "in/~"}, {path: "in/~/x"},
		{path: abs("in/x")}, {path: abs("in") + slash + slash + "x"}, {path: abs("in/new") + slash + "x"}, {path: abs("out") + slash + ".." + slash + "in" + slash + "x"},
		{path: "x", outside: true}, {path: "../x", outside: true}, {path: "in/../x", outside: true}, {path: "in/sub/../../x", outside: true},
		{path: "in-too/x", outside: true}, {path: "out/x", outside: true}, {path: abs("x"), outside: true}, {path: abs("in-too/x"), outside: true},
		{path: filepath.VolumeName(here) + slash, outside: true}, {path: filepath.VolumeName(here) + slash + "x", outside: true},
		{path: "~", outside: true}, {path: "~/x", outside: true}, {path: "~root/x", outside: true},
		{path: "in/new/../../x", outside: true}, {path: "in/new/../x"}, {path: abs("in") + slash + ".." + slash + "x", outside: true},
		{path: strings.Repeat("../", 100) + "x", outside: true},
		// Through links.
		{path: "in/self/x", links: true}, {path: "in/back/x", links: true}, {path: "way/x", links: true}, {path: "way/new/x", links: true},
		{path: "in/away/x", outside: true, links: true}, {path: "in/away/new/x", outside: true, links: true}, {path: "in/abs/x", outside: true, links: true},
		{path: "in/chain/x", outside: true, links: true}, {path: "in/loop", outside: true, links: true}, {path: "in/loop/x", outside: true, links: true},
		{path: "in/target", outside: true, links: true}, {path: "in/dangling", outside: true, links: true}, {path: "in/dangling/x", outside: true, links: true},
		// As it reads it stays; as the system goes it does not, and the other way round.
		{path: "in/away/../x", outside: true, links: true}, {path: "in/self/../x", links: true},
		{path: "way/../x", outside: true, links: true}, {path: abs("way") + slash + ".." + slash + "x", outside: true, links: true},
	} {
		if c.links && !links {
			continue
		}
		if runtime.GOOS == "windows" && (c.links && strings.Contains(c.path, "..") || strings.HasSuffix(c.path, "/...")) {
			continue // Windows takes ".." by how a path reads, and dots at the end of a name away
		}
		for _, s := range []string{"file:" + c.path, "dotenv:" + c.path + ":N"} {
			if got := parsed(t, s).Outside(Item{}, abs("in")); got != c.outside {
				t.Errorf("%s %q: outside is %v", s, c.path, got)
			}
		}
	}
	for _, spec := range []string{"exec:cat /etc/passwd", "stdout", "github-env:X", "github-output:X"} {
		if s := parsed(t, spec); s.Outside(Item{}, abs("in")) || s.Outside(Item{}, "") {
			t.Errorf("%s writes no file of its own choice", spec)
		}
	}
	// Whoever writes "~" means a home, also where the files of here are inside.
	for path, outside := range map[string]bool{"~": true, "~/x": true, "~root/x": true, "~x": false, "x~/y": false} {
		if got := parsed(t, "file:"+path).Outside(Item{}, here); got != outside {
			t.Errorf("%q: outside is %v", path, got)
		}
	}
	// What cannot be made whole may lead anywhere.
	tmpl, err := Parse("file:in/{{.Name}}-{{.ID}}", Env{})
	if err != nil {
		t.Fatal(err)
	}
	if !tmpl.Outside(Item{Name: "é"}, abs("in")) || tmpl.Outside(Item{Name: "e"}, abs("in")) {
		t.Error("a sink that is not whole yet")
	}
	// Every file is outside of nothing.
	if !parsed(t, "file:x").Outside(Item{}, "") {
		t.Error("inside of nothing")
	}
}

func parsed(t *testing.T, spec string) Spec {
	t.Helper()
	s, err := Parse(spec, Env{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWithin: what stands in the way when the secret comes is looked at then, also
// for a sink that had no path before.
func TestWithin(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	away, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	it := Item{Provider: "zyntro", Name: "A", ID: "wh_1", Secret: secret.New("s3cret")}
	for _, spec := range []string{"file:%/sub/x", "file:%/sub/{{.ID}}", "dotenv:%/sub/{{.ID}}.env:N"} {
		tmpl, err := Parse(strings.Replace(spec, "%", dir, 1), Env{})
		if err != nil {
			t.Fatal(err)
		}
		early := Item{Provider: "zyntro", Name: "A"}
		s := tmpl.Within(dir)
		if s.String() != tmpl.String() {
			t.Errorf("%s", s)
		}
		sub := filepath.Join(dir, "sub")
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(ctx, early); err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		if err := s.Put(ctx, it); err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		if names, err := os.ReadDir(sub); len(names) != 1 || err != nil {
			t.Errorf("%s: written: %v, %v", spec, names, err)
		}
		if got := s.For(it); strings.Contains(got, "{{") {
			t.Errorf("not whole: %s", got)
		}
		if err := os.RemoveAll(sub); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{"Check": s.Check(ctx, early), "Put": s.Put(ctx, it)} { // not outside, but not there
			if err == nil || !strings.Contains(err.Error(), sub) {
				t.Errorf("%s: %s: %v", spec, what, err)
			}
		}
		if err := os.Symlink(away, sub); err != nil {
			t.Skip(err)
		}
		for what, err := range map[string]error{"Check": s.Check(ctx, early), "whole": s.Check(ctx, it), "Put": s.Put(ctx, it)} {
			if err == nil || !strings.Contains(err.Error(), "outside the manifest's directory") || !strings.Contains(fault.HintOf(err).String(), "--allow-outside") {
				t.Errorf("%s: %s: %v", spec, what, err)
			}
		}
		if names, err := os.ReadDir(away); len(names) > 0 || err != nil {
			t.Errorf("%s: written there: %v, %v", spec, names, err)
		}
		if err := os.Remove(sub); err != nil {
			t.Fatal(err)
		}
	}
}
