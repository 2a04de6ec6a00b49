// Package child is the one place that starts processes. They inherit the
// environment and the streams that the caller gives, and nothing else; cli's
// cleanEnviron takes credentials out of that environment.
package child

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Command is a program to run.
type Command struct {
	Path string   // where it is, or its name, which is looked up
	Args []string // the name that it is called by first
	Env  []string // all of its environment
	Dir  string   // where it runs; "": where this process does

	In       io.Reader
	Out, Err io.Writer
}

// Look is the path of the program called name. The error does not repeat the name.
func Look(name string) (string, error) {
	path, err := exec.LookPath(name)
	return path, cause(err)
}

// NotFound reports whether there is no program of the name, as the error of Look or
// of a start says it.
func NotFound(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}

// Run runs c to its end, or that of ctx. A child that it leaves behind may hold
// its output open for waitDelay more.
func Run(ctx context.Context, c Command) error {
	cmd := c.command(ctx)
	cmd.WaitDelay = waitDelay
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		return nil // the command itself ended well
	}
	return cause(err)
}

const waitDelay = 2 * time.Second

// Start starts c, for the caller to wait for.
func Start(c Command) (*exec.Cmd, error) {
	cmd := c.command(context.Background())
	return cmd, cmd.Start()
}

// Attend waits for a command that was started, and hands signals on to it. On a
// terminal it has got an interrupt already, from the terminal itself, and would
// take another one for impatience.
func Attend(cmd *exec.Cmd, signals <-chan os.Signal, terminal bool) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return err
		case sig := <-signals:
			if !terminal || sig != os.Interrupt {
				_ = cmd.Process.Signal(sig) // it may have ended; Windows knows no signals
			}
		}
	}
}

func (c Command) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Path)
	cmd.Args, cmd.Dir = c.Args, c.Dir
	cmd.Env = append([]string{}, c.Env...) // never nil: that would mean our own environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.In, c.Out, c.Err
	return cmd
}

// ExitCode is how a command ended of which err is the answer of Wait. It reports
// false where that is not known. One that a signal ended has the code of shells,
// 128 and the signal.
func ExitCode(err error) (code int, ok bool) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, false
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), true
	}
	return exit.ExitCode(), true
}

func cause(err error) error {
	var ee *exec.Error
	if errors.As(err, &ee) {
		return ee.Err
	}
	return err
}

// Without is environ without the variables of these names, and without those
// whose names begin with prefix, unless that is "".
func Without(environ, names []string, prefix string) []string {
	return without(environ, names, prefix, Fold)
}

func without(environ, names []string, prefix string, fold func(string) string) []string {
	hide := map[string]bool{}
	for _, name := range names {
		hide[fold(name)] = true
	}
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		name = fold(name)
		return hide[name] || prefix != "" && strings.HasPrefix(name, fold(prefix))
	})
}

// Fold is the name of a variable as the system compares it: Windows takes upper
// case for lower.
func Fold(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
