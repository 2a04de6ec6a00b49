package sink

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kballard/go-shellquote"

	"github.com/hookctl/hookctl/internal/fault"
)

// TestChild is the command that the tests below run; HOOKCTL_TEST_CHILD says
// what it does.
func TestChild(t *testing.T) {
	mode, file, _ := strings.Cut(os.Getenv("HOOKCTL_TEST_CHILD"), "=")
	if mode == "" {
		t.Skip("runs in a child process only")
	}
	in := ""
	if mode != "ignore" {
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			t.Fatal(err)
		}
		in = string(data)
	}
	say := func(f *os.File, parts ...string) {
		for _, p := range parts {
			if _, err := f.WriteString(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	switch mode {
	case "keep":
		env := os.Environ()
		slices.Sort(env)
		text := in + "\n--\n" + strings.Join(env, "\n") + "\n--\n" + strings.Join(os.Args[1:], "\n")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	case "echo":
		say(os.Stdout, "got ", in, " and ")
		for i := range in {
			say([]*os.File{os.Stdout, os.Stderr}[i%2], in[i:i+1]) // in pieces, by turns
		}
		say(os.Stderr, "; "+in[:len(in)/2]+"|\n")
		os.Exit(0)
	case "fail":
		say(os.Stderr, "cannot store "+in+"\n")
		os.Exit(9)
	case "tail":
		say(os.Stdout, "cut off: ", in[:len(in)/2])
		os.Exit(0)
	case "leave": // somebody behind who holds the output open
		cmd := exec.Command(os.Args[0], os.Args[1:]...)
		cmd.Env = append(os.Environ(), "HOOKCTL_TEST_CHILD=hold="+file)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	case "hold": // as long as the file is there, but not for ever
		for range 400 {
			if _, err := os.Stat(file); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	case "hang":
		time.Sleep(time.Minute)
	}
}

// childSpec is the spec of a command that runs this test binary.
func childSpec(w *world, mode string) string {
	w.env.Environ = []string{"HOOKCTL_TEST_CHILD=" + mode}
	return "exec:" + shellquote.Join(os.Args[0], "-test.run=^TestChild$", "-test.count=1")
}

// said is what the command wrote, without what Go adds to it in a binary built
// to measure coverage.
func said(w *world) string {
	text, _, _ := strings.Cut(w.errOut.String(), "warning: GOCOVERDIR")
	return text
}

func TestExec(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kept")
	for _, v := range []string{canary, "with\nnewline\n", "\xff\x00", strings.Repeat("x", 1<<20)} {
		w := newWorld()
		spec := childSpec(w, "keep="+file) + " 'a b' \"$HOME\" \\*"
		if err := w.put(t, spec, v); err != nil {
			t.Fatal(err)
		}
		in, rest, _ := strings.Cut(read(t, file), "\n--\n")
		env, args, _ := strings.Cut(rest, "\n--\n")
		if in != v {
			t.Errorf("the command read %.40q, want %.40q", in, v)
		}
		for _, line := range strings.Split(env, "\n") {
			name, _, _ := strings.Cut(line, "=")
			if name != "HOOKCTL_TEST_CHILD" && strings.ToUpper(name) != "SYSTEMROOT" && name != "PWD" && name != "" {
				t.Errorf("the command's environment has %s", line)
			}
		}
		if !strings.HasSuffix(args, "a b\n$HOME\n*") || strings.Contains(args, v) {
			t.Errorf("arguments %q", args)
		}
	}
}

func TestExecEmptyEnvironment(t *testing.T) {
	t.Setenv("HOOKCTL_TEST_CHILD", "fail") // must not reach the command
	w := newWorld()
	spec := childSpec(w, "")
	w.env.Environ = nil
	if err := w.put(t, spec, canary); err != nil {
		t.Errorf("the command got our own environment: %v, %s", err, w.errOut.String())
	}
}

func TestExecMasksOutput(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if err := w.put(t, childSpec(w, "echo"), canary); err != nil {
		t.Fatal(err, w.errOut.String())
	}
	if got := said(w); got != "got *** and ***; "+canary[:len(canary)/2]+"|\n" || w.out.Len() > 0 {
		t.Errorf("stderr %q, stdout %q", got, w.out.String())
	}
}

// The output may end within what looks like the secret.
func TestExecMasksTheEndOfTheOutput(t *testing.T) {
	t.Parallel()
	w := newWorld()
	spec := childSpec(w, "tail")
	w.env.Environ = append(w.env.Environ, "GOCOVERDIR="+t.TempDir()) // else Go writes more
	if err := w.put(t, spec, canary); err != nil || w.errOut.String() != "cut off: ***" {
		t.Errorf("%v, %q", err, w.errOut.String())
	}
}

// A command that ends well and leaves somebody behind has taken the secret.
func TestExecLeavesSomebodyBehind(t *testing.T) {
	t.Parallel()
	held := filepath.Join(t.TempDir(), "held")
	write(t, held, "", 0o600)
	w := newWorld()
	if err := w.put(t, childSpec(w, "leave="+held), canary); err != nil {
		t.Error(err)
	}
	if err := os.Remove(held); err != nil {
		t.Errorf("it was waited for: %v", err)
	}
}

func TestExecFailures(t *testing.T) {
	t.Parallel()
	w := newWorld()
	err := w.put(t, childSpec(w, "fail"), canary)
	if err == nil || !strings.Contains(err.Error(), os.Args[0]) || !strings.HasSuffix(err.Error(), "exit status 9") || fault.KindOf(err) != fault.Other {
		t.Error(err)
	}
	if said(w) != "cannot store ***\n" {
		t.Errorf("%q", w.errOut.String())
	}

	if err := newWorld().sink(t, `exec:C:\bin\push.exe`).Check(t.Context(), Item{}); !strings.Contains(fault.HintOf(err).String(), "write / in its place") {
		t.Errorf("a path of Windows: %v, %q", err, fault.HintOf(err))
	}
	if err := newWorld().sink(t, `exec:hookctl-no-such-command 'a\.b'`).Check(t.Context(), Item{}); !strings.Contains(fault.HintOf(err).String(), "install the command") {
		t.Errorf("a backslash in another word: %v, %q", err, fault.HintOf(err))
	}
	s := newWorld().sink(t, "exec:hookctl-no-such-command --flag")
	for _, err := range []error{s.Check(context.Background(), Item{}), s.Put(context.Background(), item(canary))} {
		if err == nil || strings.Count(err.Error(), "hookctl-no-such-command") != 1 || !errors.Is(err, exec.ErrNotFound) || fault.HintOf(err).String() == "" {
			t.Error(err)
		}
	}

	// One that does not read is not at fault, even with more than a pipe holds.
	w = newWorld()
	if err := w.put(t, childSpec(w, "ignore"), strings.Repeat("x", 1<<20)); err != nil {
		t.Error(err)
	}

	// A broken standard error does not make a command fail that has the secret.
	w = newWorld()
	w.env.Stderr = broken{}
	if err := w.put(t, childSpec(w, "echo"), canary); err != nil {
		t.Error(err)
	}
}

func TestExecTimeLimit(t *testing.T) {
	t.Parallel()
	w := newWorld()
	spec, err := Parse(childSpec(w, "hang"), w.env)
	if err != nil {
		t.Fatal(err)
	}
	_, p, err := spec.place(Item{})
	s, ok := p.(execSink)
	if err != nil || !ok || s.timeout != 60*time.Second {
		t.Fatal(s)
	}
	s.timeout = 200 * time.Millisecond
	start := time.Now()
	err = s.Put(context.Background(), item(canary))
	if err == nil || !strings.Contains(err.Error(), "did not end within 200ms") || time.Since(start) > 20*time.Second {
		t.Error(err, time.Since(start))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Put(ctx, item(canary)); !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Interrupted {
		t.Error(err)
	}
}

// TestMasker cuts the text at every place.
func TestMasker(t *testing.T) {
	t.Parallel()
	const secret = "abcabd"
	for in, want := range map[string]string{
		"":                         "",
		"plain":                    "plain",
		"abcabd":                   "***",
		"abcabcabd":                "abc***",
		"xabcabdabcabdy":           "x******y",
		"ababcabdab":               "ab***ab",
		"abcab":                    "***", // a long beginning at the end
		"xabca":                    "x***",
		"xabc":                     "xabc",
		"abcabx":                   "abcabx",
		"name: ":                   "name: ",
		strings.Repeat("abcab", 9): strings.Repeat("abcab", 8) + "***",
	} {
		for i := range len(in) + 1 {
			for j := i; j <= len(in); j++ {
				w := newWorld()
				m := newMasker(&w.errOut, secret)
				for _, part := range []string{in[:i], in[i:j], in[j:]} {
					if n, err := m.Write([]byte(part)); n != len(part) || err != nil {
						t.Fatal(n, err)
					}
				}
				m.flush()
				if got := w.errOut.String(); got != want {
					t.Errorf("%q cut at %d and %d: %q, want %q", in, i, j, got, want)
				}
			}
		}
	}
	w := newWorld()
	m := newMasker(&w.errOut, "")
	if _, err := m.Write([]byte("text")); err != nil || w.errOut.String() != "text" {
		t.Error("an empty secret:", w.errOut.String())
	}
	// What cannot be the secret's beginning shows at once.
	m = newMasker(&w.errOut, secret)
	w.errOut.Reset()
	if _, err := m.Write([]byte("Password? ")); err != nil || w.errOut.String() != "Password? " {
		t.Errorf("held back: %q", w.errOut.String())
	}
}
