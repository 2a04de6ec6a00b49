//go:build unix

package secret

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
)

// TestHolder is the other process of the tests below: it begins an entry, says
// so, and waits for its end.
func TestHolder(t *testing.T) {
	dir := os.Getenv("HOOKCTL_TEST_HOLD")
	if dir == "" {
		t.Skip("runs in a child process only")
	}
	e := begin(t, OpenFileStore("", FileStoreOptions{}).OpenJournal(dir), fullIntent(), 1000)
	if _, err := e.Write([]byte("HTTP/1.1 201 with " + canary)); err != nil {
		t.Fatal(err)
	}
	if err := e.Phase(Phase{Name: "answered"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdout.WriteString("held " + e.ID() + "\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Fatal(err)
	}
	if err := e.Release(); err != nil {
		t.Fatal(err)
	}
}

// hold starts the other process and returns the id of its entry. Closing stdin
// lets it give the entry up.
func hold(t *testing.T, dir string) (cmd *exec.Cmd, stdin io.Closer, id string) {
	t.Helper()
	cmd = exec.Command(os.Args[0], "-test.run=^TestHolder$", "-test.count=1")
	cmd.Env = append(os.Environ(), "HOOKCTL_TEST_HOLD="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	id, ok := strings.CutPrefix(strings.TrimSpace(line), "held ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd, in, id
}

func TestKilledHolder(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, kill := range []bool{true, false} {
		j := testJournal(t)
		cmd, stdin, id := hold(t, j.dir)
		for range 3 {
			all, problems, err := j.List(ctx)
			if len(all) != 1 || !all[0].Live || all[0].Intent.PID != 42 || len(problems) > 0 || err != nil {
				t.Fatal(all, problems, err)
			}
		}
		if _, _, err := j.Claim(ctx, id); !errors.Is(err, ErrLive) {
			t.Fatalf("Claim of a live entry: %v", err)
		}
		if kill {
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("it survived")
			}
		} else if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			t.Fatal(err)
		}
		all, problems, err := j.List(ctx)
		if len(all) != 1 || all[0].Live || len(problems) > 0 || err != nil {
			t.Fatal(all, problems, err)
		}
		e, p, err := j.Claim(ctx, id)
		if err != nil || string(p.Answer) != "HTTP/1.1 201 with "+canary || len(p.Phases) != 1 {
			t.Fatal(p, err)
		}
		if err := e.Remove(); err != nil {
			t.Error(err)
		}
	}
}

// TestJournalSpecialFiles: as for records.
func TestJournalSpecialFiles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	j := testJournal(t)
	good := begin(t, j, fullIntent(), 10)
	if err := good.Release(); err != nil {
		t.Fatal(err)
	}
	id := func() string { return j.entryPath(durable.RandomID()) }
	sparse := id()
	loose := begin(t, j, fullIntent(), 10)
	if err := errors.Join(
		loose.Release(),
		os.Chmod(loose.Path(), 0o644),
		syscall.Mkfifo(id(), 0o600),
		os.Mkdir(id(), 0o700),
		os.Symlink("/dev/zero", id()),
		os.Symlink(good.Path(), id()),
		os.WriteFile(sparse, nil, 0o600),
		os.Truncate(sparse, 1<<30),
	); err != nil {
		t.Fatal(err)
	}
	all, problems, err := j.List(ctx)
	if len(all) != 1 || len(problems) != 6 || err != nil {
		t.Error(all, problems, err)
	}
	for _, p := range problems {
		id := strings.TrimSuffix(filepath.Base(p.Path), entrySuffix)
		if _, _, err := j.Claim(ctx, id); err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("Claim of %s: %v", p.Path, err)
		}
	}
	// A lock file that is something else counts as held: nothing is settled.
	if err := errors.Join(os.Remove(j.lockPath(good.ID())), syscall.Mkfifo(j.lockPath(good.ID()), 0o600)); err != nil {
		t.Fatal(err)
	}
	if all, _, err := j.List(ctx); len(all) != 1 || !all[0].Live || err != nil {
		t.Error(all, err)
	}
	if err := os.Chmod(j.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.List(ctx); err == nil {
		t.Error("a loose directory was read")
	}
	if _, _, err := j.Claim(ctx, good.ID()); err == nil {
		t.Error("a loose directory was used")
	}
	if _, err := j.Begin(ctx, Intent{}, 1); err == nil {
		t.Error("a loose directory was written")
	}
}
