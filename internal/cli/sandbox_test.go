package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/sandbox"
)

// The sandbox ends without an error when it is told to stop, and frees its ports.
func TestSandboxServesUntilStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	printed := make(chan string, 1)
	w.env.Streams.Out = writerFunc(func(p []byte) (int, error) {
		printed <- string(p)
		return len(p), nil
	})
	go func() { ended <- Run(ctx, w.env, []string{"sandbox", "-o", "json", "-q"}) }()
	out := <-printed
	for _, name := range []string{"HOOKCTL_ZYNTRO_BASE_URL", "HOOKCTL_ZYNTRO_ORG_ID", "HOOKCTL_WUNDERTREOS_API_KEY"} {
		if !strings.Contains(out, `"`+name+`": "`) {
			t.Errorf("%s is not in %s", name, out)
		}
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, &w.errs)
	}
}

// The lines of a failed start are for a shell: a person at a terminal reads what
// is wrong, and no more.
func TestFailedSandboxAtATerminal(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"sandbox", "start", "--bogus"}, {"sandbox", "start", "now"}, {"sandbox", "stop", "--bogus"},
		{"sandbox", "--addr", "192.0.2.1:1"}, {"sandbax", "start"}, {"sandbox", "start", "--bogus", "-o", "yaml"},
	} {
		for _, terminal := range []bool{true, false} {
			w := newWorld(t)
			w.env.Streams.OutTTY = terminal
			code := Run(t.Context(), w.env, args)
			if (w.out.Len() == 0) != terminal || code != 2 || w.errs.Len() == 0 {
				t.Errorf("%q, terminal %v: exit code %d, printed %q, %q", args, terminal, code, &w.out, &w.errs)
			}
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestCommandStatus(t *testing.T) {
	t.Parallel()
	if err := commandStatus(nil); err != nil {
		t.Errorf("success is %v", err)
	}
	if err := commandStatus(os.ErrClosed); !errors.Is(err, os.ErrClosed) {
		t.Errorf("another error is %v", err)
	}
}

// An interrupt while it waits is a failure as any other: the lines lead nowhere.
func TestSandboxStartInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cache := t.TempDir()
	w.env.UserCacheDir = func() (string, error) { return cache, nil }
	root, err := sandbox.Root(w.env.Getenv, w.env.UserCacheDir)
	if err != nil {
		t.Fatal(err)
	}
	place, err := sandbox.At(root, sandbox.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	release, err := place.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := Run(ctx, w.env, []string{"sandbox", "start", "--shell", "sh"}); code != 130 {
		t.Errorf("exit code %d: %s", code, &w.errs)
	}
	lines := strings.Split(w.out.String(), "\n")
	if n := len(lines); n < 3 || lines[n-2] != "false" || !slices.Contains(lines, "export HOOKCTL_ZYNTRO_BASE_URL=http://127.0.0.1:1") {
		t.Errorf("the lines are\n%s", &w.out)
	}
}

// The values of an environment cannot be words of a shell, nor can its names.
func TestSandboxLinesAreWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Environ = append(w.env.Environ, "HOOKCTL_X;touch pwned=1", "HOOKCTL_$(touch pwned)=1", "HOOKCTL_A B=1", "HOOKCTL_=1", "HOOKCTL_OWN=1", "HOOKCTL_SANDBOX=$(touch pwned)")
	if code := Run(t.Context(), w.env, []string{"sandbox", "start", "--shell", "sh", "--bogus", "--name", "$(id)"}); code != 2 {
		t.Errorf("exit code %d", code)
	}
	if out := w.out.String(); strings.Contains(out, "pwned") || strings.Contains(out, "$(") || strings.Contains(out, "A B") || !strings.Contains(out, "unset HOOKCTL_OWN\n") {
		t.Errorf("the lines are\n%s", out)
	}
}

// A sandbox takes its secrets with it: who looks for one is told so.
func TestStoppedSandboxHasNoSecrets(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"verify", "-", "--provider", "zyntro"},
		{"verify", "-", "--webhook", "CRM Sync"},
		{"sign", "-", "--provider", "zyntro"},
		{"listen", "--addr", "127.0.0.1:0"},
		{"secrets", "show", "CRM Sync"},
		{"secrets", "list"},
	} {
		w := newWorld(t)
		w.env.Environ = append(w.env.Environ, "HOOKCTL_SANDBOX=default", "HOOKCTL_CONFIG_DIR="+filepath.Join(t.TempDir(), "gone"), "HOOKCTL_ZYNTRO_BASE_URL=http://127.0.0.1:1", "HOOKCTL_WUNDERTREOS_BASE_URL=http://127.0.0.1:1")
		Run(t.Context(), w.env, args)
		if errs := w.errs.String(); !strings.Contains(errs, "the sandbox has stopped, and its secrets are removed") || !strings.Contains(errs, enterOrLeave[:20]) {
			t.Errorf("%q:\n%s", args, errs)
		}
		w.errs.Reset()
		Run(t.Context(), w.env, append(args, "--config", t.TempDir())) // which is not the sandbox's
		if strings.Contains(w.errs.String(), "the sandbox has stopped, and its secrets") {
			t.Errorf("%q --config:\n%s", args, &w.errs)
		}
	}
}
