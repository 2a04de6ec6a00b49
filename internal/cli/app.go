package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/spf13/cobra"

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

	seen custody.Seen // what there was when the command took up what it found

	noStdout error // why the sink stdout is refused, or nil

	showSecret bool         // the output has a new secret
	masked     secret.Value // what the runner was last told to hide
}

// run is the frame of a command: it opens what needs no network, and calls body.
func (g *globals) run(body func(ctx context.Context, a *app, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a, err := g.offline()
		if err != nil {
			return err
		}
		a.given = cmd.Flags().Changed
		return body(cmd.Context(), a, args)
	}
}

// offline opens what needs no network: settings, printer, store, journal.
// Nothing is created on disk.
func (g *globals) offline() (*app, error) {
	if g.flags.jq != "" && (g.flags.output == string(render.Name) || g.flags.output == string(render.YAML)) {
		return nil, fault.Usagef("--jq prints JSON, and -o %s something else; keep one", g.flags.output)
	}
	a, err := g.settings()
	if err != nil {
		return nil, err
	}
	a.jq, a.ctx = g.flags.jq, g.ctx
	if err := g.checkProfile(a); err != nil {
		return nil, err
	}
	a.out, err = a.printer(render.Format(a.cfg.String("output")))
	return a, err
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

func (g *globals) settings() (*app, error) {
	dir, err := g.trustedDir()
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	for flag, value := range map[string]string{
		"output": g.flags.output, "request-timeout": g.flags.requestTimeout,
		"no-input": fmt.Sprint(g.flags.noInput), "no-color": fmt.Sprint(g.flags.noColor), "quiet": fmt.Sprint(g.flags.quiet),
	} {
		if g.given(flag) {
			given[flag] = value
		}
	}
	if g.given("profile") && g.flags.profile == "" {
		return nil, fault.Usagef("--profile is empty")
	}
	cfg, err := config.Load(config.Input{
		Dir: dir, Getenv: g.env.Getenv, Flags: given, Keys: settingKeys(g.env.Drivers), Profile: g.flags.profile, Disk: g.env.Disk,
	})
	if err != nil {
		return nil, err
	}
	g.loaded = cfg
	if err := g.confine(cfg); err != nil {
		return nil, err
	}
	a := &app{
		env: g.env, cfg: cfg, dir: dir,
		quiet:   cfg.String("quiet") == "true",
		noInput: cfg.String("no-input") == "true" || inCI(g.env),
		yes:     g.flags.yes,
		debug:   g.flags.debug,
		hide:    g.hideTyped,
		seen:    custody.Seen{At: g.env.Started},

		forProfile: func(name string) (*app, error) {
			other := *g
			other.flags.profile = name
			return other.settings()
		},

		noStdout: g.noStdout,
	}
	if a.seen.At.IsZero() {
		a.seen.At = g.env.Now()
	}
	a.openStore()
	return a, nil
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

// codeUnsafe is the code of the error for settings that others could change.
const codeUnsafe = "unsafe-settings"

// trustedDir is configDir, after a look at who else could change the settings
// there: whoever can set the base URL is sent the credentials.
func (g *globals) trustedDir() (string, error) {
	dir, err := g.configDir()
	if err != nil || dir == "" {
		return "", err
	}
	if err := secret.CheckSettings(filepath.Join(dir, "config.yaml")); err != nil {
		return "", fault.Errorf(fault.KindOf(err), "the settings are not used: %w", err).WithCode(codeUnsafe).With(fault.HintOf(err))
	}
	return dir, nil
}

// configDir is the directory of the whole on-disk state, "" where nothing names
// one: a service or a container may have no home. Nothing is kept then.
func (g *globals) configDir() (string, error) {
	if g.given("config") {
		if g.flags.config == "" {
			return "", fault.Usagef("--config is empty")
		}
		return filepath.Abs(g.flags.config)
	}
	if dir := g.env.Getenv(config.EnvDir); dir != "" {
		return filepath.Abs(dir)
	}
	base, err := g.env.UserConfigDir()
	if xdg := g.env.Getenv("XDG_CONFIG_HOME"); err != nil && xdg != "" {
		return "", fault.Errorf(fault.Other, "there is no place for settings and secrets: %w", err).
			WithHint("correct XDG_CONFIG_HOME, or name a directory with --config or " + config.EnvDir)
	}
	if err != nil {
		return "", nil
	}
	if _, err := os.Stat(base); errors.Is(err, syscall.ENOTDIR) { // HOME=/dev/null, as of users who shall have none
		return "", nil
	}
	return filepath.Join(base, "hookctl"), nil
}

// inCI reports whether CI says that nobody is there to answer.
func inCI(env *Env) bool {
	v := env.Getenv("CI")
	return v != "" && v != "0" && !strings.EqualFold(v, "false")
}

// storeDies reports whether what is kept here is usually lost with the machine.
// Nobody misses what a sandbox keeps.
func storeDies(env *Env) bool { return inCI(env) && !inSandbox(env) }

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
		Store:   a.store,
		Journal: a.journal,
		Profile: a.cfg.Profile(),
		Now:     a.env.Now,
		Seen:    a.seen,
		Notify:  func(line string) { a.note("%s", line) },
		Made: func(s secret.Value) {
			if a.showSecret {
				_ = a.maskInActions(s) // tried again, and checked, before it is shown
			}
		},
		Hurry: a.env.Hurry,
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

// credentials finds what authenticates this profile at d: the environment's,
// else what is stored for the origin of the base URL. A stored credential of
// another origin is never used. The second answer says where they come from.
func (a *app) credentials(ctx context.Context, d *provider.Driver) (map[string]secret.Value, string, error) {
	fromEnv, names, err := a.envCredentials(d)
	if err != nil {
		return nil, "", err
	}
	if len(fromEnv) > 0 {
		err := d.CheckCredentials(fromEnv)
		if err == nil || fault.KindOf(err) == fault.Usage {
			return fromEnv, "environment " + strings.Join(names, ", "), err
		}
	}
	origin, err := httpx.Origin(a.baseURL(d).Value)
	if err != nil {
		return nil, "", err
	}
	stored, err := a.store.GetCredential(ctx, d.Name, a.cfg.Profile(), origin)
	if err != nil && !errors.Is(err, secret.ErrNotFound) {
		return nil, "", err
	}
	creds := map[string]secret.Value{}
	for k, v := range stored.Fields {
		creds[k] = v
	}
	for k, v := range fromEnv {
		creds[k] = v
	}
	if err := d.CheckCredentials(creds); err != nil {
		return nil, "", a.missingCredentials(ctx, d, origin, err)
	}
	source := fmt.Sprintf("store (profile %s, %s)", a.cfg.Profile(), origin)
	if len(names) > 0 {
		source += " and environment " + strings.Join(names, ", ")
	}
	return creds, source, nil
}

// missingCredentials adds to err that credentials of another origin are there,
// since that is what a user then wonders about.
func (a *app) missingCredentials(ctx context.Context, d *provider.Driver, origin string, err error) error {
	all, _, lerr := a.store.ListCredentials(ctx)
	if lerr != nil {
		return err
	}
	for _, c := range all {
		if c.Provider == d.Name && c.Profile == a.cfg.Profile() && c.Origin != origin {
			return &fault.Error{
				Kind: fault.KindOf(err), Code: fault.Code(err),
				Err:  fmt.Errorf("%w (those stored for %s are not sent to %s)", err, c.Origin, origin),
				Hint: fault.HintOf(err),
			}
		}
	}
	return err
}

// envCredentials reads the credential variables of d. Blank text and text with
// white space around it is a mistake of the environment, and named. They do not
// go to a base URL that comes from a file.
func (a *app) envCredentials(d *provider.Driver) (map[string]secret.Value, []string, error) {
	creds := map[string]secret.Value{}
	var names []string
	for _, f := range d.Credentials {
		for _, name := range f.Env {
			v := a.env.Getenv(name)
			if v == "" {
				continue
			}
			if strings.TrimSpace(v) != v || strings.ContainsFunc(v, unicode.IsControl) {
				return nil, nil, fault.Usagef("the environment variable %s is blank or has white space or control characters around or in its value", name).
					WithHint("set it again without them, for instance: export %s=\"$(tr -d '[:space:]' < FILE)\"", name)
			}
			creds[f.Name] = secret.New(v)
			names = append(names, name)
			break
		}
	}
	if len(names) > 0 {
		if err := a.refuseFromFile(d, names); err != nil {
			return nil, nil, err
		}
	}
	return creds, names, nil
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
		NoStdout:   a.noStdout,
		Disk:       a.env.Disk,
	}
}

// cleanEnviron is the environment without the user's credentials.
func (a *app) cleanEnviron() []string {
	hide := map[string]bool{provider.AuthDataVariable: true, sandbox.EnvToken: true}
	for _, name := range credentialNames(a.env.Drivers) {
		hide[name] = true
	}
	var out []string
	for _, kv := range a.env.Environ {
		if name, _, _ := strings.Cut(kv, "="); !hide[name] {
			out = append(out, kv)
		}
	}
	return out
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
