package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
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

	account accountFlags // for the commands that are typed next

	given func(flag string) bool // reports whether the command line has a flag

	// forProfile opens the settings of another profile.
	forProfile func(name string) (*app, error)

	seen custody.Snapshot // what there was when the command took up what it found; of its start, unless it says another time

	reveal bool // a secret may be printed where a coding agent runs this

	showSecret bool         // the output has a new secret
	masked     secret.Value // what the runner was last told to hide
}

// printer is a printer of that format for standard output as it is now.
func (a *app) printer(format render.Format) (*render.Printer, error) {
	return render.New(a.env.Streams.Out, render.Options{
		Format: format,
		JQ:     a.jq,
		Color:  a.colour(a.env.Streams.OutTTY),
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

// withoutColour reports whether the settings or a flag say so.
func (a *app) withoutColour() bool { return a.cfg != nil && a.cfg.String("no-color") == "true" }

// colour reports whether what goes to a stream, which may be a terminal, is coloured.
func (a *app) colour(terminal bool) bool { return !a.withoutColour() && a.env.colour(terminal) }

// laidOut is paragraphs as they are printed on standard error.
func (a *app) laidOut(lines []render.Line) string {
	return render.Layout(lines, a.env.Streams.Width(), a.colour(a.env.Streams.ErrTTY))
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
	if line = term.Clean(a.account.in(line)); strings.HasPrefix(strings.TrimSpace(line), "::") {
		line = "note: " + line
	}
	l := render.Line{Text: line}
	for word, tone := range map[string]render.Tone{"warning: ": render.Change, "note: ": render.Plain} {
		if rest, ok := strings.CutPrefix(line, word); ok {
			l = render.Line{Lead: word, LeadTone: tone, Text: rest}
		}
	}
	_, _ = fmt.Fprint(a.env.Streams.Err, a.laidOut([]render.Line{l}))
}

// confirm asks before something that cannot be undone. Without a terminal the
// answer must have been given with --yes.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.yes {
		return nil
	}
	if !a.interactive() {
		return fault.Usagef("this command needs a confirmation: %s", question).WithHint("there is no terminal for the question: confirm with --yes")
	}
	ok, err := a.env.Prompt.Confirm(ctx, question, false)
	switch {
	case err == nil && !ok:
		return notConfirmed()
	case fault.KindOf(err) == fault.Interrupted:
		return fault.Reword("interrupted; nothing was done", err)
	}
	return err
}

// report prints each error where there are several, and returns the worst, by
// then silent; a single one is left to the caller. Those that are nil do not count.
func (a *app) report(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) < 2 {
		return fault.Worst(errs...)
	}
	format := a.out.Format()
	for _, err := range errs {
		printError(a.env, err, format == render.JSON || format == render.NDJSON, a.withoutColour(), a.hide, a.account)
	}
	worst := fault.Worst(errs...)
	return &fault.Error{Kind: fault.KindOf(worst), Err: worst, Silent: true}
}

// enterOrLeave is the hint where the environment of a sandbox is of no use.
const enterOrLeave = "to use the sandbox again: eval \"$(hookctl sandbox start)\"\nto leave it: eval \"$(hookctl sandbox stop)\""

// streamBuffer is how much is gathered between writes where nobody waits for
// each line.
const streamBuffer = 64 << 10

// maskInActions tells GitHub Actions to hide a value before it is printed.
func (a *app) maskInActions(v secret.Value) error {
	if a.env.Getenv("GITHUB_ACTIONS") != "true" || a.masked.Equal(v) {
		return nil
	}
	if err := sink.AddMask(a.env.Streams.Err, v); err != nil {
		return err
	}
	a.masked = v
	return nil
}

// project is the directory into which a CI runner has put the repository, if one says so.
func (a *app) project() string {
	return cmp.Or(a.env.Getenv("CI_PROJECT_DIR"), a.env.Getenv("GITHUB_WORKSPACE"))
}
