package child

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWithout: what is hidden is hidden however the system writes its name, and
// all else stays as it is, in its order.
func TestWithout(t *testing.T) {
	t.Parallel()
	environ := []string{"PATH=/bin", "ZYNTRO_API_KEY=a", "zyntro_api_key=b", "Zyntro_Api_Key=c=d", "ZYNTRO_API_KEYS=e", "HOOKCTL_PROFILE=f", "hookctl_url=g", "=C:=C:\\dir", "EMPTY=", "ODD", "ZYNTRO_API_KEY"}
	names := []string{"ZYNTRO_API_KEY", "ABSENT"}
	same := func(name string) string { return name }
	for _, tt := range []struct {
		fold   func(string) string
		names  []string
		prefix string
		hidden []string
	}{
		{same, nil, "", nil},
		{same, names, "", []string{"ZYNTRO_API_KEY=a", "ZYNTRO_API_KEY"}},
		{same, nil, "HOOKCTL_", []string{"HOOKCTL_PROFILE=f"}},
		{strings.ToUpper, names, "", []string{"ZYNTRO_API_KEY=a", "zyntro_api_key=b", "Zyntro_Api_Key=c=d", "ZYNTRO_API_KEY"}},
		{strings.ToUpper, []string{"zyntro_api_keys"}, "hookctl_", []string{"ZYNTRO_API_KEYS=e", "HOOKCTL_PROFILE=f", "hookctl_url=g"}},
	} {
		before := slices.Clone(environ)
		want := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool { return slices.Contains(tt.hidden, kv) })
		if got := without(environ, tt.names, tt.prefix, tt.fold); !slices.Equal(got, want) {
			t.Errorf("%q and %q: %q, want %q", tt.names, tt.prefix, got, want)
		}
		if !slices.Equal(environ, before) {
			t.Fatal("the environment that was given is changed")
		}
	}
}

// TestChild is the program that the other tests run.
func TestChild(t *testing.T) {
	if os.Getenv("HOOKCTL_TEST_CHILD") == "" {
		t.Skip("runs in a child process only")
	}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SYSTEMROOT=") { // os/exec adds it on Windows
			_, _ = os.Stdout.WriteString(kv + "\n")
		}
	}
	os.Exit(3)
}

// given are the variables of the list, without those that Windows (and Wine) gives
// every process.
func given(list string) []string {
	return slices.DeleteFunc(strings.Fields(list), func(v string) bool {
		return runtime.GOOS == "windows" && (strings.HasPrefix(v, "System") || strings.HasPrefix(v, "WINE"))
	})
}

// TestEnvironmentIsAll: a process has the environment that it is given and nothing
// of this one's, and how it ended is known.
func TestEnvironmentIsAll(t *testing.T) {
	t.Setenv("ZYNTRO_API_KEY", "not for children")
	for _, env := range [][]string{{"HOOKCTL_TEST_CHILD=1"}, {"A=1", "HOOKCTL_TEST_CHILD=1"}} {
		var out bytes.Buffer
		c := Command{Path: os.Args[0], Args: []string{"x", "-test.run=^TestChild$"}, Env: env, Out: &out}
		err := Run(context.Background(), c)
		if code, ok := ExitCode(err); !ok || code != 3 {
			t.Errorf("%v", err)
		}
		if got := given(out.String()); !slices.Equal(got, env) {
			t.Errorf("%q, want %q", got, env)
		}
		out.Reset()
		cmd, err := Start(c)
		if err != nil {
			t.Fatal(err)
		}
		if code, ok := ExitCode(cmd.Wait()); !ok || code != 3 || !slices.Equal(given(out.String()), env) {
			t.Errorf("%d, %q", code, out.String())
		}
	}
	// Without any the environment is empty, and not this process's: the program
	// is then a run of the skipped test.
	if err := Run(context.Background(), Command{Path: os.Args[0], Args: []string{"x", "-test.run=^TestChild$"}}); err != nil {
		t.Error(err)
	}
	t.Setenv("HOOKCTL_TEST_CHILD", "1")
	if err := Run(context.Background(), Command{Path: os.Args[0], Args: []string{"x", "-test.run=^TestChild$"}}); err != nil {
		t.Errorf("it has the environment of this process: %v", err)
	}
	if _, ok := ExitCode(os.ErrClosed); ok {
		t.Error("that is no end of a command")
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	if _, err := Look("hookctl-no-such-command"); !errors.Is(err, exec.ErrNotFound) || strings.Contains(err.Error(), "no-such-command") {
		t.Error(err)
	}
}

func TestAttend(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals")
	}
	// A signal that this process was started with as ignored (by nohup, or a
	// runner) would be ignored by its children as well; one that it handles is not.
	handled := make(chan os.Signal, 8)
	signal.Notify(handled, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(handled)
	for _, tt := range []struct {
		terminal bool
		signals  []os.Signal
		want     int
	}{
		{false, []os.Signal{os.Interrupt}, 130},
		{true, []os.Signal{syscall.SIGTERM}, 143},
		{true, []os.Signal{os.Interrupt, syscall.SIGHUP}, 129}, // the terminal has sent the interrupt itself
	} {
		cmd := exec.Command("sleep", "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		signals := make(chan os.Signal, len(tt.signals))
		attended := make(chan error, 1)
		go func() { attended <- Attend(cmd, signals, tt.terminal) }()
		for _, s := range tt.signals {
			signals <- s
		}
		var err error
		select {
		case end := <-attended:
			err = end
		case <-time.After(time.Minute):
			t.Fatal("it does not end")
		}
		if got, ok := ExitCode(err); !ok || got != tt.want {
			t.Errorf("%v on a terminal (%v): %v, want %v", tt.signals, tt.terminal, err, tt.want)
		}
	}
}
