package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
)

// effect is what a command does, and so what it does about a profile that does
// not exist. Each command names its own where its frame is made.
type effect struct {
	anyProfile bool                        // it uses no profile, or makes one
	anyAddress bool                        // it is not confined to the sandbox that is in force
	changes    func(f *pflag.FlagSet) bool // it changes something at a provider or in the store
}

var (
	reads      = effect{changes: func(*pflag.FlagSet) bool { return false }}
	changes    = changesIf(func(f *pflag.FlagSet) bool { return !isTrue(f, "dry-run") && !isTrue(f, "curl") })
	anyProfile = effect{anyProfile: true}
	// outside begins and ends sandboxes: it is what helps where the environment of one is broken.
	outside = effect{anyProfile: true, anyAddress: true}
)

// changesIf is the effect of a command that only reads unless so is true.
func changesIf(so func(f *pflag.FlagSet) bool) effect { return effect{changes: so} }

// changesWith is the effect of a command that only reads without these flags.
func changesWith(flags ...string) effect {
	return changesIf(func(f *pflag.FlagSet) bool { return slices.ContainsFunc(flags, f.Changed) })
}

func isTrue(f *pflag.FlagSet, name string) bool {
	flag := f.Lookup(name)
	return flag != nil && flag.Value.String() == "true"
}

// run is the frame of a command: it opens what needs no network, and calls body.
func (g *globals) run(does effect, body func(ctx context.Context, a *app, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		g.anyAddress = does.anyAddress
		a, err := g.offline()
		if err != nil {
			return err
		}
		if !does.anyProfile {
			if err := a.checkProfile(cmd.Context(), does.changes(cmd.Flags())); err != nil {
				return err
			}
		}
		a.given = cmd.Flags().Changed
		a.reveal = cmd.Flags().Lookup(revealFlag) == nil || isTrue(cmd.Flags(), revealFlag)
		return body(cmd.Context(), a, args)
	}
}

// offline opens what needs no network: settings, printer, store, journal.
// Nothing is created on disk.
func (g *globals) offline() (*app, error) {
	if g.flags.jq != "" && (g.flags.output == string(render.Name) || g.flags.output == string(render.YAML)) {
		return nil, fault.Usagef("--jq prints JSON, but -o %s does not: keep one", g.flags.output)
	}
	a, err := g.settings()
	if err != nil {
		return nil, err
	}
	a.jq, a.ctx = g.flags.jq, g.ctx
	a.out, err = a.printer(render.Format(a.cfg.String("output")))
	return a, err
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
		account: g.accountFlags(),

		forProfile: func(name string) (*app, error) {
			other := *g
			other.flags.profile = name
			return other.settings()
		},
	}
	if a.withoutColour() {
		env := *g.env
		env.Prompt = prompt.WithoutColour(env.Prompt)
		a.env = &env
	}
	a.openStore()
	return a, nil
}

// trustedDir is configDir, after a look at who else could change the settings
// there: whoever can set the base URL is sent the credentials.
func (g *globals) trustedDir() (string, error) {
	dir, err := g.configDir()
	if err != nil || dir == "" {
		return "", err
	}
	if err := durable.CheckTrusted(filepath.Join(dir, "config.yaml"), durable.ChooseConfig); err != nil {
		return "", fault.Errorf(fault.KindOf(err), "the settings are not used: %w", err).WithCode(health.UnsafeSettings).With(fault.HintOf(err))
	}
	return dir, nil
}

// configDir is the directory of the whole on-disk state, "" where nothing names
// one: a service or a container may have no home. Nothing is kept then.
func (g *globals) configDir() (string, error) {
	if g.flags.config != "" {
		return filepath.Abs(g.flags.config)
	}
	if dir := g.env.Getenv(config.EnvDir); dir != "" {
		return filepath.Abs(dir)
	}
	base, err := g.env.UserConfigDir()
	if xdg := g.env.Getenv("XDG_CONFIG_HOME"); err != nil && xdg != "" {
		return "", fault.Errorf(fault.Other, "there is no directory for settings and secrets: %w", err).
			WithHint("correct XDG_CONFIG_HOME, or name a directory with --config or " + config.EnvDir)
	}
	if err != nil {
		return "", nil
	}
	if _, err := os.Stat(base); durable.IsNotDir(err) { // HOME=/dev/null, as of users who shall have none
		return "", nil
	}
	return filepath.Abs(filepath.Join(base, "hookctl"))
}

func (g *globals) accountFlags() accountFlags {
	f := accountFlags{profile: g.flags.profile, commands: g.names}
	if g.flags.config != "" {
		f.config, _ = g.configDir()
	}
	return f
}

// withoutSettings opens what can be opened where the settings are at fault,
// nil if even the flags are.
func (g *globals) withoutSettings() *app {
	out, err := g.printer()
	if err != nil {
		return nil
	}
	dir, err := g.configDir()
	if err != nil {
		return &app{env: g.env, out: out, quiet: g.flags.quiet, account: g.accountFlags()}
	}
	cfg, err := config.Load(config.Input{Keys: settingKeys(g.env.Drivers)})
	if err != nil {
		return nil
	}
	a := &app{env: g.env, cfg: cfg, dir: dir, out: out, quiet: g.flags.quiet, noInput: true, debug: g.flags.debug, account: g.accountFlags()}
	a.openStore()
	return a
}

// printer is the output of a command without settings: the format is the
// flag's or the environment's.
func (g *globals) printer() (*render.Printer, error) {
	format, from := g.flags.output, "--output"
	if format == "" {
		format, from = g.env.Getenv("HOOKCTL_OUTPUT"), "HOOKCTL_OUTPUT"
	}
	if format == "" {
		format = string(render.Table)
	}
	if err := config.OneOf(formats()...)(format); err != nil {
		return nil, fault.Usagef("%s: %w", from, err)
	}
	return render.New(g.env.Streams.Out, render.Options{Format: render.Format(format), JQ: g.flags.jq, TTY: g.env.Streams.OutTTY, Width: g.env.Streams.Width()})
}

// anyPrinter is the output of a command that must work whatever the settings
// are: as they say, where they can be read.
func (g *globals) anyPrinter() (*render.Printer, error) {
	if g.hasSettings() {
		if a, err := g.offline(); err == nil {
			return a.out, nil
		}
	}
	return g.printer()
}

// hasSettings reports whether there may be a file of settings. Reading one is
// much of what a start costs, so who can does without.
func (g *globals) hasSettings() bool {
	dir, err := g.configDir()
	if err != nil || dir == "" {
		return err != nil
	}
	_, err = os.Lstat(filepath.Join(dir, "config.yaml"))
	return !errors.Is(err, os.ErrNotExist)
}

// confine refuses, in a sandbox, base URLs that are not on the loopback or not
// the environment's, where the sandbox sets them: whatever else became of the
// environment, no account is reached from there.
func (g *globals) confine(c *config.Config) error {
	if g.anyAddress || !inSandbox(g.env) {
		return nil
	}
	for _, d := range g.env.Drivers {
		base := c.Get(d.Name + ".base-url")
		why := ""
		if u, err := url.Parse(base.Value); err != nil || !sandbox.OnLoopback(u) {
			why = "not on this machine's loopback"
		} else if g.env.Getenv(sandbox.BaseURL(d)) == "" {
			why = "not the sandbox's"
		}
		if why != "" {
			return fault.Usagef("%s is set, so this shell uses a sandbox, but the base URL of %s is %s (%s)", sandbox.EnvInside, d.Title, why, base.Source).
				WithCode("outside-sandbox").
				WithHint(enterOrLeave)
		}
	}
	return nil
}
