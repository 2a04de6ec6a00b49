//go:build unix

package child

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// alive reports whether there is such a process that has not ended.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil && !errors.Is(err, os.ErrNotExist) || err == nil && !strings.Contains(string(stat), ") Z ")
}

func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the process %d goes on", pid)
		}
	}
}

func readPid(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestTiedEnd: with a process ends what it has started, also what does not want to.
func TestTiedEnd(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"asked":  "sleep 600 & echo $!; wait",
		"forced": "trap '' TERM; (trap '' TERM; sleep 600; sleep 600) & echo $!; while :; do wait; done",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w := io.Pipe()
			p, err := Tie(Command{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), Out: w})
			if err != nil {
				t.Fatal(err)
			}
			pid := readPid(t, bufio.NewReader(r))
			p.End()
			if p.Err() == nil {
				t.Error("it ended well")
			}
			p.End() // once more is no mistake
			gone(t, p.Pid())
			gone(t, pid)
		})
	}
}

// TestTiedLeft: what a process leaves behind ends with it.
func TestTiedLeft(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	p, err := Tie(Command{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 600 >/dev/null & echo $!"}, Env: os.Environ(), Out: w})
	if err != nil {
		t.Fatal(err)
	}
	pid := readPid(t, bufio.NewReader(r))
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	gone(t, pid)
}

// TestTiedMissing: what cannot be started is an error.
func TestTiedMissing(t *testing.T) {
	t.Parallel()
	if _, err := Tie(Command{Path: "/no/such/program"}); err == nil {
		t.Error("no error")
	}
}

// TestTiedParent is the process that TestTiedKilled kills.
func TestTiedParent(t *testing.T) {
	if os.Getenv("HOOKCTL_TEST_TIED") == "" {
		t.Skip("runs in a child process only")
	}
	p, err := Tie(Command{Path: "/bin/sleep", Args: []string{"sleep", "600"}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString(strconv.Itoa(p.Pid()) + "\n")
	<-p.Ended()
}

// TestTiedKilled: a process does not outlive a SIGKILL of the one that started it.
func TestTiedKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only the kernel of Linux does that")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestTiedParent$")
	cmd.Env = append(os.Environ(), "HOOKCTL_TEST_TIED=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := readPid(t, bufio.NewReader(out))
	if !alive(pid) {
		t.Fatal("there is no process")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone(t, pid)
}
