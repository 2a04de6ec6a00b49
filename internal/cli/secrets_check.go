package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type secretsCheckOptions struct {
	online bool
}

func newSecretsCheckCmd(g *globals) *cobra.Command {
	o := &secretsCheckOptions{}
	c := &cobra.Command{
		Use:   "check",
		Short: "Check that everything kept is in order",
		Example: `  hookctl secrets check
  hookctl secrets check --online`,
		Long: `Check the store on this machine: that it can be written, that nobody else can
read it, that every file is whole and agrees with its fingerprint, that the
keyring has what the files say that it has, and that no operation was left
unfinished. With --online the list of each provider is compared with what is
kept, for the current profile.

Exit code 3 says that something was found. Each finding names its fix.`,
		Args: noArgs,
		RunE: g.run(reads, o.run),
	}
	c.Flags().BoolVar(&o.online, "online", false, "also compare with the webhooks that the providers list")
	return c
}

func (o *secretsCheckOptions) run(ctx context.Context, a *app, _ []string) error {
	c := &storeCheck{app: a, findings: []view.StoreFinding{}}
	recs := c.store(ctx)
	c.credentials(ctx)
	c.journal(ctx)
	var failed error
	if o.online {
		failed = c.online(ctx, recs)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	perr := a.out.Print(view.StoreFindings(c.findings))
	var found error
	if n := len(c.findings); n > 0 {
		found = fault.Errorf(fault.Negative, "%s not in order", term.Plural(n, "thing is", "things are")).WithCode("findings").WithHint("each of them names its fix")
	} else if failed == nil && a.dir == "" {
		a.note("Nothing is kept: no directory is named for it.")
	} else if failed == nil {
		a.note("In order: %s kept in %s.", term.Plural(len(recs), "secret is", "secrets are"), a.dir)
	}
	return errors.Join(found, failed, perr)
}

// storeCheck gathers findings.
type storeCheck struct {
	app      *app
	findings []view.StoreFinding
}

func (c *storeCheck) add(problem, path string, err error, fix string) {
	// One directory that cannot be used is met on several ways.
	if slices.ContainsFunc(c.findings, func(f view.StoreFinding) bool { return f.Message == err.Error() }) {
		return
	}
	f := view.StoreFinding{Problem: problem, Message: err.Error(), Fix: fixOf(err, fix)}
	if path != "" {
		f.Path = &path
	}
	c.findings = append(c.findings, f)
}

func (c *storeCheck) problems(list []secret.Problem) {
	for _, p := range list {
		c.add("unreadable", p.Path, p.Err, "put back a good copy of "+term.ShellWord(p.Path)+", or move it away")
	}
}

// store checks the records, and that another one could be kept. A store that
// was never used is in order, and stays unmade.
func (c *storeCheck) store(ctx context.Context) []secret.Record {
	recs, problems, err := c.app.store.List(ctx)
	if err != nil {
		c.add("unusable", c.app.dir, err, "see who may read it with: ls -ld "+term.ShellWord(c.app.dir))
		return nil
	}
	c.problems(problems)
	if _, err := os.Lstat(c.app.dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := c.app.store.Check(ctx); err != nil {
		c.add("unusable", c.app.dir, err, "choose another directory with --config")
	}
	problems, err = c.app.store.CheckKeyring(ctx)
	for _, p := range problems {
		c.add("lost", p.Path, p.Err, "unlock the keyring that has it")
	}
	if err != nil && ctx.Err() == nil {
		c.add("unusable", c.app.dir, err, "unlock the keyring")
	}
	return recs
}

func (c *storeCheck) credentials(ctx context.Context) {
	_, problems, err := c.app.store.ListCredentials(ctx)
	if err != nil {
		c.add("unusable", c.app.dir, err, "see who may read it with: ls -ld "+term.ShellWord(c.app.dir))
	}
	c.problems(problems)
}

func (c *storeCheck) journal(ctx context.Context) {
	pending, problems, err := c.app.journal.List(ctx)
	if err != nil {
		c.add("unusable", c.app.dir, err, "see who may read it with: ls -ld "+term.ShellWord(c.app.dir))
	}
	c.problems(problems)
	for _, p := range pending {
		in := p.Intent
		if p.Live {
			c.app.note("%s of %s on %s is under way in another process (pid %d).", in.Operation, in.URL, in.Provider, in.PID)
			continue
		}
		fix := "hookctl recover"
		if in.Profile != c.app.cfg.Profile() {
			fix += " --profile " + term.ShellWord(in.Profile)
		}
		c.findings = append(c.findings, view.StoreFinding{
			Problem: "interrupted", Provider: &in.Provider, Name: &in.Name, Path: &p.Path, Fix: fix,
			Message: fmt.Sprintf("%s of %s on %s, begun %s, was not finished", in.Operation, in.URL, in.Provider, in.StartedAt.Format("2006-01-02 15:04:05Z07:00")),
		})
	}
}

// online compares the records with the lists of the providers that there are
// credentials for.
func (c *storeCheck) online(ctx context.Context, recs []secret.Record) error {
	answers, err := c.app.listEach(ctx, c.app.env.Drivers, true)
	if err != nil {
		return err
	}
	var failed []error
	for _, ans := range answers {
		if ans.err != nil {
			failed = append(failed, ans.err)
			continue
		}
		c.compare(ans.client, recs, ans.rows)
	}
	return c.app.report(failed)
}

// compare finds records without a webhook and webhooks without a record.
func (c *storeCheck) compare(client *custody.Client, recs []secret.Record, rows []provider.Webhook) {
	d, profile := client.Driver(), c.app.cfg.Profile()
	kept := map[string]bool{}
	listed := map[string]bool{}
	unreadable := 0
	for _, w := range rows {
		listed[w.ID] = true
		if w.ID == "" {
			unreadable++
		}
	}
	for _, r := range recs {
		if r.Provider != d.Name {
			continue
		}
		kept[r.ID] = true
		if r.Profile != profile || r.Origin != client.Origin() || !r.DeletedAt.IsZero() || listed[r.ID] {
			continue
		}
		message := fmt.Sprintf("%s does not list %s, whose secret is kept", d.Title, described(r))
		if unreadable > 0 {
			message += fmt.Sprintf(" (%d row(s) of its list could not be read)", unreadable)
		}
		c.findings = append(c.findings, view.StoreFinding{
			Problem: "no-webhook", Provider: &d.Name, ID: &r.ID, Name: optional(r.Name), Path: &r.Path, Message: message,
			Fix: fmt.Sprintf("if it is gone for good: hookctl delete %s marks it so; once no delivery of it is left to verify: hookctl secrets remove %[1]s", shortRef(r)),
		})
	}
	for _, w := range rows {
		gone := !d.Deletes && w.Status != nil && *w.Status == provider.Disabled
		if w.ID == "" || kept[w.ID] || gone {
			continue
		}
		ref := term.ShellWord(d.Name + "/" + w.ID)
		c.findings = append(c.findings, view.StoreFinding{
			Problem: "no-secret", Provider: &d.Name, ID: &w.ID, Name: w.Name,
			Message: fmt.Sprintf("the secret of %s is not kept here", described(secret.Record{Provider: d.Name, ID: w.ID, Name: text(w.Name)})),
			Fix:     fmt.Sprintf("if somebody has it: hookctl secrets set %s\nif nobody has: hookctl rotate %s", ref, ref),
		})
	}
}
