package cli

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Most of what a test of the whole program costs is the start of a process. So
// the commands that need none of their own run in workers: a worker is a process
// of the test binary that runs one command line after the other, each with the
// arguments, environment, working directory and streams that a new process had.
// HOOKCTL_TEST_FULL=1 starts a process for each of them all the same.

// WorkerCall is a command line for a worker.
type WorkerCall struct {
	Dir           string
	Args, Environ []string
	Stdin         string
}

// WorkerResult is what a command line left.
type WorkerResult struct {
	Stdout, Stderr string
	Code           int
}

// workerVariable makes the test binary, called hookctl, a worker.
const workerVariable = "HOOKCTL_TEST_WORKER"

// Full reports whether the tests are to run in full number.
func Full() bool { return os.Getenv("HOOKCTL_TEST_FULL") == "1" }

// Turn reports whether the nth of many cases that are alike is to run: where the
// tests do not run in full number, one in every.
func Turn(n, every int) bool { return Full() || n%every == 0 }

// InWorker reports whether a command with this environment can run in a worker:
// Go itself reads some variables once.
func InWorker(environ []string) bool {
	return !Full() && !slices.ContainsFunc(environ, func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "TZ" || strings.HasPrefix(name, "SSL_CERT_") || name == "GODEBUG" || name == "GOMEMLIMIT"
	})
}

// worker is a running one.
type worker struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	calls  *gob.Encoder
	left   *gob.Decoder
	errs   bytes.Buffer
	served int
}

// idleWorkers wait for a call.
var idleWorkers = make(chan *worker, 8)

func startWorker() (*worker, error) {
	path, err := exec.LookPath("hookctl") // TestMain's testscript has put it there
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: exec.Command(path)}
	w.cmd.Env = append(os.Environ(), workerVariable+"=1")
	w.cmd.Stderr = &w.errs
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.stdin, w.calls, w.left = in, gob.NewEncoder(in), gob.NewDecoder(out)
	return w, w.cmd.Start()
}

// end lets a worker end that serves no call.
func (w *worker) end() error {
	_ = w.stdin.Close()
	return w.cmd.Wait()
}

// workersEnd are the tests, and the end of the workers behind them.
type workersEnd struct{ tests testscript.TestingM }

func (e workersEnd) Run() int {
	code := e.tests.Run()
	for {
		select {
		case w := <-idleWorkers:
			_ = w.end()
		default:
			return code
		}
	}
}

// RunInWorker runs a command line to its end. One that ends its process, as a
// panic does, leaves what the process wrote and its exit code.
func RunInWorker(c WorkerCall) (WorkerResult, error) {
	var w *worker
	select {
	case w = <-idleWorkers:
	default:
		var err error
		if w, err = startWorker(); err != nil {
			return WorkerResult{}, err
		}
	}
	var r WorkerResult
	err := w.calls.Encode(c)
	if err == nil {
		err = w.left.Decode(&r)
	}
	if err != nil {
		_ = w.end()
		if w.errs.Len() == 0 {
			return WorkerResult{}, fmt.Errorf("the worker ended: %w", err)
		}
		return WorkerResult{Stderr: w.errs.String(), Code: w.cmd.ProcessState.ExitCode()}, nil
	}
	if w.served++; w.served < 500 {
		select {
		case idleWorkers <- w:
			return r, nil
		default:
		}
	}
	return r, w.end()
}

// serveCalls is a worker's life.
func serveCalls() int {
	calls, left := gob.NewDecoder(os.Stdin), gob.NewEncoder(os.Stdout)
	for {
		var c WorkerCall
		if err := calls.Decode(&c); err == io.EOF {
			return 0
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			return 1
		}
		r, err := c.run()
		if err == nil {
			err = left.Encode(r)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			return 1
		}
	}
}

// run makes the process one that was started with c, and runs the program.
func (c WorkerCall) run() (WorkerResult, error) {
	if err := os.Chdir(c.Dir); err != nil {
		return WorkerResult{}, err
	}
	os.Clearenv()
	for _, kv := range c.Environ {
		if name, value, ok := strings.Cut(kv, "="); ok && name != "" {
			if err := os.Setenv(name, value); err != nil {
				return WorkerResult{}, err
			}
		}
	}
	os.Args = append([]string{"hookctl"}, c.Args...)
	in, feed, err := os.Pipe()
	if err != nil {
		return WorkerResult{}, err
	}
	go func() {
		_, _ = io.WriteString(feed, c.Stdin)
		_ = feed.Close()
	}()
	outs, stdout, err := collect()
	if err != nil {
		return WorkerResult{}, err
	}
	errs, stderr, err := collect()
	if err != nil {
		return WorkerResult{}, err
	}
	os.Stdin, os.Stdout, os.Stderr = in, outs, errs
	env := scriptEnv()
	at := time.Now()
	env.Started = func() time.Time { return at }
	r := WorkerResult{Code: mainIn(env)}
	for _, f := range []*os.File{in, outs, errs} {
		_ = f.Close()
	}
	r.Stdout, r.Stderr = <-stdout, <-stderr
	return r, nil
}

// collect is a pipe and the channel of what was written to it until its end.
func collect() (*os.File, <-chan string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	text := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(r)
		_ = r.Close()
		text <- string(all)
	}()
	return w, text, nil
}

// Built builds the binary, once, as users have it. TestMain's testscript has put
// the test binary itself into the PATH, in a directory that it removes in the
// end: there is room beside it.
var Built = sync.OnceValues(func() (string, error) {
	beside, err := exec.LookPath("hookctl")
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(beside)
	// Some tests run the binary as another user.
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			return "", err
		}
	}
	bin := filepath.Join(dir, "built-"+filepath.Base(beside))
	out, err := exec.Command("go", "build", "-o", bin, "github.com/hookctl/hookctl/cmd/hookctl").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
})
