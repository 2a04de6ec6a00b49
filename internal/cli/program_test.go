package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/cli"
)

// program is the built binary with a home and a store of its own.
type program struct {
	t       *testing.T
	bin     string
	dir     string // its HOME and working directory, empty at first but for tmp
	config  string // its HOOKCTL_CONFIG_DIR, not made yet
	environ []string
}

// newProgram is a program with nothing in its environment but a home, a place
// for temporary files and what environ adds.
func newProgram(t *testing.T, environ ...string) *program {
	t.Helper()
	bin, err := cli.Built()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &program{t: t, bin: bin, dir: dir, config: filepath.Join(dir, "config")}
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	p.environ = append([]string{
		"HOME=" + dir, "USERPROFILE=" + dir, "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"TMPDIR=" + tmp, "TEMP=" + tmp, "TMP=" + tmp, "HOOKCTL_CONFIG_DIR=" + p.config, "COLUMNS=2000",
	}, environ...)
	return p
}

// with is p with more environment.
func (p *program) with(environ ...string) *program {
	more := *p
	more.environ = append(append([]string{}, p.environ...), environ...)
	return &more
}

func (p *program) command(args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	c := exec.Command(p.bin, args...)
	c.Env, c.Dir = p.environ, p.dir
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	return c, &out, &errs
}

// result is what a run of the program left.
type result struct {
	stdout, stderr string
	code           int // -1: ended by a signal
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\n--- stdout\n%s\n--- stderr\n%s", r.code, r.stdout, r.stderr)
}

// run runs the program to its end. A panic fails the test.
func (p *program) run(args ...string) result {
	p.t.Helper()
	return p.runWith("", args...)
}

// runWith is run with a standard input. What is about the process itself takes
// command: only that starts the built binary each time.
func (p *program) runWith(stdin string, args ...string) result {
	p.t.Helper()
	if !cli.InWorker(p.environ) {
		c, out, errs := p.command(args...)
		c.Stdin = strings.NewReader(stdin)
		return p.finish(c, c.Run(), out, errs)
	}
	r, err := cli.RunInWorker(cli.WorkerCall{Dir: p.dir, Args: args, Environ: p.environ, Stdin: stdin})
	if err != nil {
		p.t.Fatalf("%v: %v", args, err)
	}
	return p.judge(args, result{r.Stdout, r.Stderr, r.Code})
}

// finish makes a result of a command that has ended with err.
func (p *program) finish(c *exec.Cmd, err error, out, errs *bytes.Buffer) result {
	p.t.Helper()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		p.t.Fatalf("%v: %v", c.Args, err)
	}
	return p.judge(c.Args, result{out.String(), errs.String(), c.ProcessState.ExitCode()})
}

// judge wants that the program did not panic.
func (p *program) judge(args []string, r result) result {
	p.t.Helper()
	if strings.Contains(r.stderr, "panic: ") || strings.Contains(r.stderr, "fatal error: ") || strings.Contains(r.stderr, "\ngoroutine ") {
		p.t.Fatalf("%v: %s", args, r)
	}
	return r
}

// kept reads every secret of the store, by webhook id, and wants each file to
// be whole and private.
func (p *program) kept() map[string]string {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.config, "webhooks", "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	kept := map[string]string{}
	for _, f := range files {
		info, err := os.Lstat(f)
		if err != nil {
			p.t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			p.t.Errorf("%s has mode %o", f, info.Mode().Perm())
		}
		if !strings.HasSuffix(f, ".json") {
			continue // a temporary file that a kill left behind
		}
		text, err := os.ReadFile(f)
		if err != nil {
			p.t.Fatal(err)
		}
		var rec struct{ ID, Secret string }
		if err := json.Unmarshal(text, &rec); err != nil || rec.ID == "" || rec.Secret == "" {
			p.t.Errorf("a torn record: %s: %v", f, err)
		}
		kept[rec.ID] = rec.Secret
	}
	return kept
}

// files reads every file of the state directory, by path below it, and wants
// all of it to be private.
func (p *program) files() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(p.config, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			p.t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		if !d.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(p.config, path)
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// finding is one element of what `recover -o json` prints.
type finding struct{ Operation, Provider, Name, URL, ID, State, Next string }

// recover settles what there is.
func (p *program) recover(args ...string) ([]finding, result) {
	p.t.Helper()
	r := p.run(append([]string{"recover", "-o", "json"}, args...)...)
	var found []finding
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
		p.t.Fatalf("recover: %v: %s", err, r)
	}
	return found, r
}

// said is the JSON error of a run, as -o json puts it on standard error.
type said struct {
	Code            string  `json:"code"`
	ExitCode        int     `json:"exit_code"`
	Message         string  `json:"message"`
	Hint            *string `json:"hint"`
	ProviderMessage *string `json:"provider_message"`
}

// failure reads the JSON error, the last line of standard error, and wants it
// to agree with the exit code and to say what to do.
func (p *program) failure(r result) said {
	p.t.Helper()
	lines := strings.Split(strings.TrimRight(r.stderr, "\n"), "\n")
	var doc map[string]json.RawMessage
	var s said
	err := json.Unmarshal([]byte(lines[len(lines)-1]), &doc)
	if err == nil {
		inner := json.NewDecoder(bytes.NewReader(doc["error"]))
		inner.DisallowUnknownFields()
		err = inner.Decode(&s)
	}
	if err != nil || len(doc) != 1 {
		p.t.Fatalf("no JSON error on standard error: %v: %s", err, r)
	}
	if s.ExitCode != r.code {
		p.t.Errorf("exit_code is %d: %s", s.ExitCode, r)
	}
	if s.Code == "" || s.Message == "" || s.Hint == nil || *s.Hint == "" {
		p.t.Errorf("an error without code, message or hint: %s", r)
	}
	return s
}
