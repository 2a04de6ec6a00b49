package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
)

func TestLoopback(t *testing.T) {
	t.Parallel()
	tests := []struct {
		addr string
		host string
		port int
		ok   bool
	}{
		{"127.0.0.1:0", "127.0.0.1", 0, true},
		{"127.1.2.3:8080", "127.1.2.3", 8080, true},
		{"[::1]:0", "::1", 0, true},
		{"localhost:65535", "localhost", 65535, true},
		{"", "", 0, false},
		{":8080", "", 0, false},
		{"127.0.0.1", "", 0, false},
		{"127.0.0.1:", "", 0, false},
		{"127.0.0.1:http", "", 0, false},
		{"127.0.0.1:65536", "", 0, false},
		{"127.0.0.1:-1", "", 0, false},
		{"0.0.0.0:0", "", 0, false},
		{"[::]:0", "", 0, false},
		{"192.168.1.1:0", "", 0, false},
		{"example.com:0", "", 0, false},
		{"127.0.0.1@example.com:0", "", 0, false},
		{"127.0.0.1/x:0", "", 0, false},
	}
	for _, tt := range tests {
		host, port, err := loopback(tt.addr)
		if host != tt.host || port != tt.port || (err == nil) != tt.ok || err != nil && fault.KindOf(err) != fault.Usage {
			t.Errorf("loopback(%q) = %q, %d, %v", tt.addr, host, port, err)
		}
	}
}

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

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestSandboxPorts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := (&globals{env: w.env, set: newRoot(&globals{env: w.env}).PersistentFlags()}).offline()
	if err != nil {
		t.Fatal(err)
	}
	addr := closedPort(t)
	first, err := (&sandboxOptions{app: a, addr: addr, speed: 1}).start(t.Context())
	if err != nil {
		t.Skipf("the port is taken: %v", err)
	}
	defer first.close()
	if !strings.HasPrefix(first.environ[0], "HOOKCTL_ZYNTRO_BASE_URL=http://"+addr) {
		t.Errorf("not at %s: %q", addr, first.environ[0])
	}
	if _, err := (&sandboxOptions{app: a, addr: addr, speed: 1}).start(t.Context()); err == nil || !strings.Contains(fault.Hint(err), "--addr") {
		t.Errorf("twice at one address: %v", err)
	}
}

func TestRelay(t *testing.T) {
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
		want     exitStatus
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
		ended, relayed := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(relayed)
			relay(cmd.Process, signals, tt.terminal, ended)
		}()
		for _, s := range tt.signals {
			signals <- s
		}
		err := commandStatus(cmd.Wait())
		close(ended)
		select {
		case <-relayed:
		case <-time.After(10 * time.Second):
			t.Fatal("relay does not end")
		}
		var got exitStatus
		if !errors.As(err, &got) || got != tt.want {
			t.Errorf("%v on a terminal (%v): %v, want %v", tt.signals, tt.terminal, err, tt.want)
		}
	}
	if err := commandStatus(nil); err != nil {
		t.Errorf("success is %v", err)
	}
	if err := commandStatus(os.ErrClosed); !errors.Is(err, os.ErrClosed) {
		t.Errorf("another error is %v", err)
	}
}
