package sink

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
)

const canary = "c4n4ry+s3cr3t/=="

// world is an Env whose streams are kept.
type world struct {
	env         Env
	out, errOut bytes.Buffer
	vars        map[string]string
}

func newWorld() *world {
	w := &world{vars: map[string]string{}}
	w.env = Env{
		Getenv: func(k string) string { return w.vars[k] },
		Stdout: &w.out, Stderr: &w.errOut,
	}
	return w
}

func (w *world) sink(t testing.TB, spec string) Sink {
	t.Helper()
	s, err := Parse(spec, w.env)
	if err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	if s.String() != spec {
		t.Errorf("String() = %q, want %q", s.String(), spec)
	}
	return s
}

func item(text string) Item {
	return Item{Provider: "zyntro", ID: "1", Name: "n", Secret: secret.New(text)}
}

// put checks and fills the sink.
func (w *world) put(t testing.TB, spec, text string) error {
	t.Helper()
	s := w.sink(t, spec)
	ctx := context.Background()
	if err := s.Check(ctx, Item{}); err != nil {
		return err
	}
	err := s.Put(ctx, item(text))
	if err != nil && len(text) > 3 && strings.Contains(err.Error()+fault.HintOf(err).String(), text) {
		t.Errorf("%s: the error shows the secret: %v", spec, err)
	}
	return err
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func wantMode(t testing.TB, path string) {
	t.Helper()
	if fi, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", path, fi.Mode(), err)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for spec, word := range map[string]string{
		"":                        "no such sink",
		"files:x":                 "no such sink",
		"FILE:x":                  "no such sink",
		"file":                    "file:PATH",
		"file:":                   "path is missing",
		"dotenv:.env":             "is missing",
		"dotenv::X":               "path is missing",
		"dotenv:.env:":            "letter or underscore",
		"dotenv:.env:1X":          "letter or underscore",
		"dotenv:.env:A=B":         "letter or underscore",
		"dotenv:.env:A\nB":        "letter or underscore",
		"dotenv:.env:A-B":         "letter or underscore",
		"dotenv:.env:É":           "letter or underscore",
		`dotenv:C:\x`:             "letter or underscore",
		"github-output":           "github-output:NAME",
		"github-output:":          "must begin with",
		"github-output:-x":        "must begin with",
		"github-output:a b":       "must begin with",
		"github-output:a\nb<<EOF": "must begin with",
		"github-env:a-b":          "must begin with",
		"github-env:GITHUB_TOKEN": "does not allow",
		"github-env:runner_x":     "does not allow",
		"github-env:NODE_OPTIONS": "does not allow",
		"exec:":                   "command is missing",
		"exec:  ":                 "command is missing",
		"exec:''":                 "command is missing",
		"exec:a 'b":               "unterminated single-quoted string",
		`exec:a \`:                "unterminated",
		"stdout:":                 "write it as stdout",
		"stdout:x":                "write it as stdout",
	} {
		s, err := Parse(spec, newWorld().env)
		if s.String() != "" || err == nil || fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v", spec, err)
			continue
		}
		for _, f := range Forms() {
			if !strings.Contains(fault.HintOf(err).String(), f.Syntax) {
				t.Errorf("%q: the hint does not list %s: %s", spec, f.Syntax, fault.HintOf(err).String())
			}
		}
	}
	for spec, word := range map[string]string{
		"dotenv:.env": "(the form is dotenv:PATH:NAME)",
		"doten:x:Y":   "did you mean dotenv?",
		"https":       "there is no such sink",
	} {
		if _, err := Parse(spec, newWorld().env); err == nil || !strings.HasSuffix(err.Error(), word) {
			t.Errorf("%q: %v", spec, err)
		}
	}
	w := newWorld()
	w.env.Structured = true
	if _, err := Parse("stdout", w.env); fault.KindOf(err) != fault.Usage {
		t.Errorf("stdout with structured output: %v", err)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	if len(Forms()) != 7 {
		t.Error(len(Forms()))
	}
	for _, f := range Forms() {
		example := strings.NewReplacer("PATH", "x", "NAME", "X", "COMMAND", "cat").Replace(f.Syntax)
		newWorld().sink(t, example)
		if f.Meaning == "" {
			t.Errorf("%s has no meaning", f.Syntax)
		}
	}
}

func TestIsVariable(t *testing.T) {
	t.Parallel()
	// The characters before and behind each range, too.
	for name, want := range map[string]bool{"_": true, "az": true, "AZ": true, "x09": true, "zaZA90": true, "a`": false, "a{": false, "a@": false, "a[": false, "a/": false, "a:": false, "0": false, "9a": false, "": false, "A;id": false, "A B": false, "A\n": false} {
		if IsVariable(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// What masks a secret in a log comes before what may print it.
func TestMasks(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]bool{"file:x": false, "dotenv:x:X": false, "github-output:X": true, "github-env:X": true, "azure-variable:X": true, "exec:x": false, "stdout": true} {
		if s := newWorld().sink(t, spec); Masks(s) != want {
			t.Errorf("%s: %v", spec, !want)
		}
	}
	for spec, want := range map[string]bool{"exec:put {{.Name}}": true, "file:exec": false} {
		if tpl, err := Parse(spec, Env{}); err != nil || tpl.Runs() != want {
			t.Errorf("%s: runs a command: %v, %v", spec, !want, err)
		}
	}
}

func TestStdout(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if err := w.put(t, "stdout", canary); err != nil || w.out.String() != canary+"\n" || w.errOut.Len() > 0 {
		t.Errorf("%q %q %v", w.out.String(), w.errOut.String(), err)
	}
	w = newWorld()
	w.vars["GITHUB_ACTIONS"] = "true"
	if err := w.put(t, "stdout", canary); err != nil || w.errOut.String() != "::add-mask::"+canary+"\n" {
		t.Errorf("%q %v", w.errOut.String(), err)
	}
	w = newWorld()
	w.env.Stdout = broken{}
	if err := w.put(t, "stdout", canary); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	// Without the mask, nothing is printed.
	w = newWorld()
	w.vars["GITHUB_ACTIONS"] = "true"
	w.env.Stderr = broken{}
	if err := w.put(t, "stdout", canary); !errors.Is(err, errBroken) || w.out.Len() > 0 {
		t.Error(w.out.String(), err)
	}
}

// A secret does not drive a terminal; a pipe gets it as it is.
func TestStdoutIsATerminal(t *testing.T) {
	t.Parallel()
	const driving = "a\x1b[2Jb"
	for _, c := range []struct {
		text     string
		terminal bool
		exact    bool
	}{{driving, true, false}, {driving, false, true}, {canary, true, true}} {
		w := newWorld()
		w.env.Terminal = c.terminal
		err := w.put(t, "stdout", c.text)
		got, said := w.out.String(), w.errOut.String()
		if err != nil || (got == c.text+"\n") != c.exact || c.terminal && strings.Contains(got, "\x1b") {
			t.Errorf("%q, terminal %v: %q, %v", c.text, c.terminal, got, err)
		}
		if strings.Contains(said, "cannot show") == c.exact || (said == "") != c.exact {
			t.Errorf("%q, terminal %v: said %q", c.text, c.terminal, said)
		}
	}
	w := newWorld()
	w.env.Terminal, w.env.Stderr = true, broken{}
	if err := w.put(t, "stdout", driving); !errors.Is(err, errBroken) || w.out.Len() > 0 {
		t.Errorf("%v, %q", err, w.out.String())
	}
}

// Who uses standard output for something else says why nothing may be printed there.
func TestStdoutIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.env.NoStdout = errors.New("it is taken")
	if _, err := Parse("stdout", w.env); err != w.env.NoStdout {
		t.Error(err)
	}
	if _, err := Parse("stdout:x", w.env); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	w.sink(t, "file:x")
	w.env.Structured = true
	if _, err := Parse("stdout", w.env); fault.KindOf(err) != fault.Usage || !strings.HasSuffix(err.Error(), "(the form is stdout)") {
		t.Error(err)
	}
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a:b")
	for _, text := range []string{canary, "new\n", "\xff'\"$", strings.Repeat("x", 1<<20)} {
		if err := newWorld().put(t, "file:"+path, text); err != nil {
			t.Fatal(err)
		}
		if read(t, path) != text {
			t.Errorf("%.40q", read(t, path))
		}
		wantMode(t, path)
		write(t, path, "loose", 0o644)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	for _, bad := range []string{link, dir, filepath.Join(dir, "none", "x")} {
		s := newWorld().sink(t, "file:"+bad)
		if err := s.Check(context.Background(), Item{}); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("Check of %s: %v", bad, err)
		}
		if err := s.Put(context.Background(), item(canary)); err == nil {
			t.Errorf("Put to %s succeeded", bad)
		}
	}
	if read(t, path) != "loose" {
		t.Error("written through a link")
	}
}

// A secret where a name belongs is refused in every form, and not repeated.
func TestSecretsAsNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, typed := range []string{"f4a0ab15ac2e65a8357d4f0c15ac2e65a8357d4a", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "q7XbV2mYt9LwR4cKz81NfJpS0aHdGu3e", "sNqVf2kZC/0a9dOuL4RbQ1xW7/pT3mYh8KcE5vJg6Uo="} {
		for _, spec := range []string{
			typed, typed + ":NAME", "file:" + typed, "file:" + dir + "/" + typed, "dotenv:.env:" + typed, "dotenv:" + typed + ":NAME", "dotenv:" + typed,
			"github-output:" + typed, "github-env:" + typed, "azure-variable:" + typed, "exec:" + typed, "exec:" + typed + " --flag", "stdout:" + typed,
			"dotenv:.env:{{.Name}}_" + typed, "file:{{.Nom}}" + typed, "file:s/{{.Name}}/" + typed, "github-env:" + typed + "{{.Name}}", "file:" + typed + "{{.ID}}",
		} {
			_, err := Parse(spec, newWorld().env)
			if fault.KindOf(err) != fault.Usage || err == nil {
				t.Errorf("%q: %v", spec, err)
			} else if strings.Contains(err.Error()+fault.HintOf(err).String(), typed[8:16]) {
				t.Errorf("the secret is shown: %v", err)
			}
		}
	}
	if _, err := Parse("exec:wrangler secret put HOOK --account 4a0ab15ac2e65a8357d4f0c15ac2e65a", newWorld().env); err != nil {
		t.Errorf("a word behind a command: %v", err)
	}
}

// TestFilesTakeTurns: of many that write one file at once each writes its secret
// and reads that back, and the last one's stays.
func TestFilesTakeTurns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hook.secret")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			w := newWorld()
			for range 20 {
				if err := w.put(t, "file:"+path, canary+strconv.Itoa(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := read(t, path); len(got) != len(canary)+1 || !strings.HasPrefix(got, canary) {
		t.Errorf("%d bytes are left", len(got))
	}
}
