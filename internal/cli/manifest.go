package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/apply"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// manifestOptions are what plan and apply share.
type manifestOptions struct {
	files    []string
	prune    bool
	secretTo []string

	allowEnv     []string
	allowExec    bool
	allowOutside bool

	clients map[string]*custody.Client // by provider, once compared
}

func (o *manifestOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVarP(&o.files, "file", "f", nil, "manifest to read, - for standard input (required, repeatable; several are read as one)")
	f.BoolVar(&o.prune, "prune", false, "also delete webhooks that apply created or adopted and that are no longer in the manifest")
	f.StringArrayVar(&o.secretTo, "secret-to", nil, "also hand every new secret to a sink; {{.Name}}, {{.Provider}} and {{.ID}} are filled in (repeatable)")
	f.StringArrayVar(&o.allowEnv, "allow-env", nil, "let the manifest use this environment variable; needed for well-known credentials, and with CI set for every variable (repeatable, comma-separated)")
	f.BoolVar(&o.allowExec, "allow-exec", false, "with CI set: allow exec: sinks in the manifest")
	f.BoolVar(&o.allowOutside, "allow-outside", false, "with CI set: allow sinks that write outside the manifest's directory")
	_ = c.MarkFlagFilename("file", "yaml", "yml")
	_ = c.RegisterFlagCompletionFunc("allow-env", cobra.NoFileCompletions)
	_ = c.RegisterFlagCompletionFunc("secret-to", completeSinks)
	freeText(c, "secret-to")
}

// compare asks the providers, and plans.
func (o *manifestOptions) compare(ctx context.Context, a *app, m *apply.Manifest) (*apply.Plan, error) {
	var err error
	if a.seen, err = custody.TakeSnapshot(ctx, a.env.Now(), a.journal); err != nil { // what others did before is in the lists
		return nil, err
	}
	records, err := a.records(ctx, true)
	if err != nil {
		return nil, err
	}
	answers, err := a.listEach(ctx, o.concerned(a, m, records), false)
	if err != nil && len(m.Webhooks) > 0 {
		return nil, err
	}
	state := apply.State{Profile: a.cfg.Profile(), Records: records, Prune: o.prune}
	o.clients = map[string]*custody.Client{}
	var failed []error
	for _, ans := range answers {
		if ans.err != nil {
			failed = append(failed, ans.err)
			continue
		}
		a.noteElsewhere(ans.driver)
		o.clients[ans.driver.Name] = ans.client
		state.Accounts = append(state.Accounts, apply.Account{Driver: ans.driver, Origin: ans.client.Origin(), Rows: ans.rows})
	}
	if len(failed) > 0 {
		return nil, a.report(failed) // half a plan would be a wrong one
	}
	p, err := apply.Compare(m, state)
	if err != nil {
		return nil, o.maybeUnsettled(ctx, a, err)
	}
	for i, w := range p.Warnings {
		p.Warnings[i] = a.account.in(w)
	}
	for _, c := range p.Changes {
		c.Origin = a.elsewhere(c.Driver)
	}
	return p, nil
}

// maybeUnsettled adds to err that an interrupted operation may be its cause: the
// two webhooks of one name may be an old one and its replacement.
func (o *manifestOptions) maybeUnsettled(ctx context.Context, a *app, err error) error {
	pending, _, jerr := a.journal.List(ctx)
	if jerr != nil || len(pending) == 0 {
		return err
	}
	return fault.Errorf(fault.Custody, "%w\nperhaps the reason: %d interrupted operations are not settled", err, len(pending)).
		WithCode("unsettled").WithCommand("hookctl recover")
}

// allowed is what the flags let the manifests do. A value that is no name may be
// a secret, and is not repeated.
func (o *manifestOptions) allowed(a *app) (apply.Allow, error) {
	names, ok := apply.VariableNames(o.allowEnv)
	if !ok {
		return apply.Allow{}, fault.Usagef("--allow-env takes names of environment variables, separated by commas; no patterns and no values").
			WithHint("for instance: --allow-env CRM_TOKEN,HOOKS_HOST")
	}
	return apply.Allow{CI: inCI(a.env), Env: names, Exec: o.allowExec, Outside: o.allowOutside}, nil
}

// read parses every --file. In a review, what is not allowed is no fault.
func (o *manifestOptions) read(a *app, review bool) (*apply.Manifest, error) {
	if slices.Contains(o.secretTo, "stdout") { // before a manifest is looked at
		if err := a.withheld("the sink stdout"); err != nil {
			return nil, err
		}
	}
	allow, err := o.allowed(a)
	if err != nil {
		return nil, err
	}
	if len(o.files) == 0 {
		return nil, fault.Usagef("--file is missing: name a manifest").WithHint("to make one from your existing webhooks: hookctl export > hooks.yaml")
	}
	var sources []apply.Source
	dirs := map[string]string{}
	for i, name := range o.files {
		s := apply.Source{Name: name}
		if name == "-" {
			s.Name = "standard input"
		}
		if name == "-" && slices.Contains(o.files[:i], name) {
			return nil, fault.Usagef("--file - appears twice, but there is only one standard input")
		}
		if s.Data, err = a.readInput("--file", name, apply.MaxSize); errors.Is(err, fs.ErrNotExist) && fault.HintOf(err).String() == "" {
			return nil, fault.WithHint(err, fault.Run("hookctl export > %s", term.ShellWord(name)).After("to make one from your existing webhooks: "))
		} else if err != nil {
			return nil, err
		}
		if dirs[s.Name], err = directory(s.Name); err != nil {
			return nil, fault.Usagef("--file %s: %w", name, err)
		}
		sources = append(sources, s)
	}
	return apply.Parse(sources, apply.Options{
		Drivers: a.env.Drivers, Getenv: a.env.Getenv, Sinks: a.sinkEnv(), SecretTo: o.secretTo,
		Allow: allow, Review: review, Dir: func(source string) string { return dirs[source] },
	})
}

// concerned are the providers to ask: those that the manifest names, and with
// --prune those of what is managed in this profile.
func (o *manifestOptions) concerned(a *app, m *apply.Manifest, records []secret.Record) []*provider.Driver {
	var out []*provider.Driver
	for _, d := range a.env.Drivers {
		if slices.ContainsFunc(m.Webhooks, func(w *apply.Webhook) bool { return w.Driver == d }) ||
			o.prune && slices.ContainsFunc(records, func(r secret.Record) bool {
				return r.Provider == d.Name && r.Managed && r.Profile == a.cfg.Profile() && r.DeletedAt.IsZero()
			}) {
			out = append(out, d)
		}
	}
	return out
}

// directory is that of a manifest's file, the present one where it comes from a
// pipe.
func directory(file string) (string, error) {
	dir := "."
	if fi, err := os.Stat(file); err == nil && fi.Mode().IsRegular() {
		dir = filepath.Dir(file)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}
