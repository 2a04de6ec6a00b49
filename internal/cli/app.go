package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

// app is what a command opens on its first line: settings, printer and store.
type app struct {
	env     *Env
	cfg     *config.Config
	out     *render.Printer
	store   *secret.FileStore
	journal *secret.Journal
	dir     string
	quiet   bool
	yes     bool
	noInput bool // asked for, or CI is set
	debug   bool
	jq      string
	ctx     context.Context     // of the whole command line; ends a jq expression
	hide    func(string) string // takes secrets that were typed out of an error's text

	given func(flag string) bool // reports whether the command line has a flag

	// forProfile opens the settings of another profile.
	forProfile func(name string) (*app, error)

	seen custody.Snapshot // what there was when the command took up what it found

	reveal bool // a secret may be printed where a coding agent runs this

	showSecret bool         // the output has a new secret
	masked     secret.Value // what the runner was last told to hide
}

// printer is a printer of that format for standard output as it is now.
func (a *app) printer(format render.Format) (*render.Printer, error) {
	return render.New(a.env.Streams.Out, render.Options{
		Format: format,
		JQ:     a.jq,
		Color:  a.color(),
		TTY:    a.env.Streams.OutTTY,
		Width:  a.env.Streams.Width(),

		Context: a.ctx,
	})
}

// openStore opens the store and the journal in the directory; nothing is made.
func (a *app) openStore() {
	a.store = secret.OpenFileStore(a.dir, secret.FileStoreOptions{
		Now: a.env.Now, Warn: a.warn, Keep: a.cfg.String("secret-store"), Keyring: a.env.Keyring, Disk: a.env.Disk,
	})
	journal := ""
	if a.dir != "" {
		journal = filepath.Join(a.dir, "journal")
	}
	a.journal = a.store.OpenJournal(journal)
}

func (a *app) color() bool {
	switch {
	case a.cfg.String("no-color") == "true" || a.env.Getenv("NO_COLOR") != "":
		return false
	case a.env.Getenv("CLICOLOR_FORCE") != "" && a.env.Getenv("CLICOLOR_FORCE") != "0":
		return true
	default:
		return a.env.Streams.OutTTY && a.env.Getenv("TERM") != "dumb"
	}
}

// interactive reports whether a missing value may be asked for.
func (a *app) interactive() bool { return a.env.Streams.Interactive() && !a.noInput }

// note says something useful but not needed on standard error; --quiet drops it.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		a.warn(fmt.Sprintf(format, args...))
	}
}

// warn says one line on standard error, always. One that begins with a name
// which a CI runner would take for a command gets a word in front, so that the
// name need not be broken.
func (a *app) warn(line string) {
	if line = term.Clean(line); strings.HasPrefix(strings.TrimSpace(line), "::") {
		line = "note: " + line
	}
	_, _ = fmt.Fprintln(a.env.Streams.Err, line)
}

// confirm asks before something that cannot be undone. Without a terminal the
// answer must have been given with --yes.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.yes {
		return nil
	}
	if !a.interactive() {
		return fault.Usagef("this needs a confirmation: %s", question).WithHint("there is no terminal to ask on: add --yes to confirm")
	}
	ok, err := a.env.Prompt.Confirm(ctx, question, false)
	if err == nil && !ok {
		err = fault.Errorf(fault.Interrupted, "not confirmed: nothing was done")
	}
	return err
}

// http is the client that all requests go through. Every credential in known
// is masked in the trace.
func (a *app) http(known ...secret.Value) *httpx.Client {
	o := httpx.Options{
		UserAgent: "hookctl/" + a.env.Version,
		Timeout:   a.cfg.Duration("request-timeout"),
		Sleep:     a.env.Sleep,
		Getenv:    a.env.Getenv,
		Secrets:   known,
		Notify:    func(line string) { a.note("%s", line) },
	}
	if inSandbox(a.env) {
		o.Refused = "the sandbox has stopped: nothing answers at its address\n" + enterOrLeave
	}
	if a.debug {
		o.Trace = a.env.Streams.Err
	}
	return httpx.New(o)
}

// access is how to reach a provider under the settings, without credentials.
func (a *app) access(d *provider.Driver) provider.Access {
	acc := provider.Access{BaseURL: a.baseURL(d).Value, Now: a.env.Now}
	if d.PathPrefix != "" {
		acc.PathPrefix = a.cfg.String(d.Name + ".path-prefix")
	}
	return acc
}

func (a *app) custody() custody.Env {
	return custody.Env{
		Store:    a.store,
		Journal:  a.journal,
		Profile:  a.cfg.Profile(),
		Now:      a.env.Now,
		Snapshot: a.seen,
		Notify:   func(line string) { a.note("%s", line) },
		Made: func(s secret.Value) {
			if a.showSecret {
				_ = a.maskInActions(s) // tried again, and checked, before it is shown
			}
		},
		Abort: a.env.Hurry,
		LastResort: func(ref secret.Ref, s secret.Value) bool {
			if !a.env.Streams.ErrTTY {
				return false
			}
			_, err := fmt.Fprintf(a.env.Streams.Err, "LAST RESORT: the secret of %s/%s, shown once, could be kept nowhere:\n",
				term.Clean(ref.Provider), term.Clean(ref.ID))
			if err == nil {
				_, err = fmt.Fprintln(term.Raw(a.env.Streams.Err), term.Clean(s.Reveal()))
			}
			return err == nil
		},
	}
}

// anonymous opens a provider without credentials, for its live help.
func (a *app) anonymous(d *provider.Driver) (*custody.Client, error) {
	a.noteElsewhere(d)
	acc := a.access(d)
	acc.HTTP = a.http()
	return custody.Open(d, acc, a.custody())
}

// online opens a provider with the credentials of the environment or the store.
func (a *app) online(ctx context.Context, d *provider.Driver) (*custody.Client, error) {
	acc := a.access(d)
	creds, _, err := a.credentials(ctx, d)
	if err != nil {
		return nil, err
	}
	return a.onlineWith(d, acc, creds)
}

// onlineWith opens a provider with credentials that were chosen already.
func (a *app) onlineWith(d *provider.Driver, acc provider.Access, creds map[string]secret.Value) (*custody.Client, error) {
	known := make([]secret.Value, 0, len(creds))
	for _, f := range d.Credentials {
		if v, ok := creds[f.Name]; ok && f.Secret {
			known = append(known, v)
		}
	}
	acc.Credentials = creds
	acc.HTTP = a.http(known...)
	return custody.Open(d, acc, a.custody())
}

// sinkEnv is the outside world of the sinks: no child sees a credential.
func (a *app) sinkEnv() sink.Env {
	return sink.Env{
		Getenv:     a.env.Getenv,
		Environ:    a.cleanEnviron(),
		Stdout:     term.Raw(a.env.Streams.Out),
		Stderr:     term.Raw(a.env.Streams.Err),
		Terminal:   a.env.Streams.OutTTY,
		Structured: a.outputTaken(),
		NoStdout:   a.withheld("the sink stdout"),
		Disk:       a.env.Disk,
	}
}

// cleanEnviron is the environment without the user's credentials.
func (a *app) cleanEnviron() []string {
	return child.Without(a.env.Environ, append(credentialNames(a.env.Drivers), provider.AuthDataVariable, sandbox.EnvToken), "")
}

// outputTaken reports whether standard output carries what a program reads.
func (a *app) outputTaken() bool {
	return a.out != nil && (a.out.Structured() || a.out.Format() == render.Name)
}

// sinks parses --secret-to.
func (a *app) sinks(specs []string) ([]sink.Sink, error) {
	var out []sink.Sink
	for i, s := range specs {
		if s == "stdout" && (a.outputTaken() || slices.Contains(specs[:i], s)) {
			return nil, fault.Usagef("sink %q: standard output carries something already", s).
				WithHint("leave out -o and --jq, give stdout once, or use file:PATH")
		}
		to, err := sink.Parse(s, a.sinkEnv())
		if err != nil {
			return nil, err
		}
		out = append(out, to)
	}
	return out, nil
}

// maskInActions tells GitHub Actions to hide a value before it is printed.
func (a *app) maskInActions(v secret.Value) error {
	if a.env.Getenv("GITHUB_ACTIONS") != "true" || a.masked.Equal(v) {
		return nil
	}
	if err := sink.AddMask(term.Raw(a.env.Streams.Err), v); err != nil {
		return err
	}
	a.masked = v
	return nil
}
