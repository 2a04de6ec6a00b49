// Package cli is the command line: one file per command. A command file is, in
// this order, an options struct, the constructor with its flags and checks, and
// the body: a method of the options that gets what [globals.run] has opened, and
// does not know cobra. A command uses no other command: what several need is in
// files of their own, below the commands.
//
// The outside world comes in through [Env], filled by [System] and nowhere else.
package cli

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// System is the real world.
func System() *Env {
	b := thisBuild()
	return &Env{
		Streams: term.System(os.Stdin, os.Stdout, os.Stderr, os.Getenv("COLUMNS")),
		Environ: os.Environ(),
		Now:     time.Now,
		Started: started(time.Now),
		Sleep: func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		},
		UserConfigDir: os.UserConfigDir,
		UserCacheDir:  os.UserCacheDir,
		Prompt: prompt.New(prompt.Options{
			In: os.Stdin, Err: os.Stderr,
			Plain:   os.Getenv("TERM") == "dumb",
			NoColor: os.Getenv("NO_COLOR") != "",
		}),
		Drivers:  all.Drivers(),
		Keyring:  secret.SystemKeyring(os.Getenv),
		Version:  b.version,
		Commit:   b.commit,
		Date:     b.date,
		Modified: b.modified,
	}
}

// Main runs the program and returns its exit code.
func Main() int { return mainIn(System()) }

// mainIn runs the program in the world of env, which gets the interrupts.
func mainIn(env *Env) int {
	harden()
	if env.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
		if completing(os.Args[1:]) {
			debug.SetGCPercent(-1) // over before there is much to collect; the limit stays
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	env.Hurry = interrupts(cancel)
	return Run(ctx, env, os.Args[1:])
}

// interrupts cancels on the first signal that asks the program to end, and
// closes the channel on the second.
func interrupts(cancel func()) <-chan struct{} {
	sig := make(chan os.Signal, 4)
	signal.Notify(sig, endSignals()...)
	// Listened to, so that a closed pipe is a failed write and not the end of
	// the process; not ignored, since children would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	hurry := make(chan struct{})
	go func() {
		<-sig
		cancel()
		<-sig
		close(hurry)
	}()
	return hurry
}

// Run executes one command line and returns its exit code. Whatever it writes
// goes through guards: what is meant for a CI runner goes to [term.WriteLine],
// what must stay as it is to [term.Raw] of a stream.
func Run(ctx context.Context, env *Env, args []string) int {
	guarded := *env
	guarded.Streams.Out, guarded.Streams.Err = term.Guard(env.Streams.Out), term.Guard(env.Streams.Err)
	env = &guarded
	g := &globals{env: env, ctx: ctx, args: args}
	for _, c := range commands() {
		if !slices.Contains([]string{"sandbox", "demo", "completion", "version"}, c.name) {
			g.names = append(g.names, c.name)
		}
	}
	root := newTree(g, named(args))
	g.noteRunning(root)
	root.SetArgs(args)
	root.SetIn(env.Streams.In)
	out := &errWriter{w: env.Streams.Out}
	lines := bufio.NewWriterSize(out, 64<<10) // ten thousand completions are few writes
	root.SetOut(lines)                        // help, completion scripts: whatever cobra prints itself
	root.SetErr(env.Streams.Err)
	cmd, err := root.ExecuteContextC(ctx)
	_ = lines.Flush() // out remembers its failure
	if err != nil && g.running == nil {
		err = usage(err)
	}
	err = cmp.Or(err, out.err)
	if err == nil {
		return 0
	}
	if status, ok := err.(exitStatus); ok {
		return int(status)
	}
	g.failClosed(cmd, args)
	printError(env, err, wantsJSON(g, args), g.withoutColour(), g.hideTyped, g.accountFlags())
	return exitCode(err)
}

// errWriter writes to standard output and remembers the first failure, for
// callers that drop it.
type errWriter struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (e *errWriter) Write(p []byte) (int, error) {
	err := render.WriteAll(e.w, p)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = cmp.Or(e.err, err)
	return len(p), nil // cobra would print the error by itself
}

// withoutColour is [app.withoutColour] where the settings may not be open.
func (g *globals) withoutColour() bool {
	return g.flags.noColor || slices.Contains(g.args, "--no-color") || g.loaded != nil && g.loaded.String("no-color") == "true"
}

// wantsJSON reports whether errors are printed as JSON. The command line may be
// the very thing that is wrong, so it is read leniently.
func wantsJSON(g *globals, args []string) bool {
	format := outputFlag(g, args)
	if format == "" && g.loaded != nil {
		format = g.loaded.String("output")
	}
	format = cmp.Or(format, g.env.Getenv("HOOKCTL_OUTPUT"))
	return format == "json" || format == "ndjson"
}
