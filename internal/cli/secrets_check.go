package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

func newSecretsCheckCmd(g *globals) *cobra.Command {
	online := false
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the store of secrets",
		Example: `  hookctl secrets check
  hookctl secrets check --online`,
		Long: `Check the store on this machine: that it can be written, that nobody else can
read it, that every file is complete and matches its fingerprint, that the keyring
contains what the files refer to, and that no operation was left unfinished. With
--online, the list of each provider is compared with what is kept, for the current
profile.

Exit code 3 means that there are findings. Each one names its fix.`,
		RunE: g.run(reads, func(ctx context.Context, a *app, _ []string) error { return checkSecrets(ctx, a, online) }),
	}
	c.Flags().BoolVar(&online, "online", false, "also compare with the webhooks at the providers")
	return c
}

func checkSecrets(ctx context.Context, a *app, online bool) error {
	k := a.kept()
	recs := k.Stored(ctx)
	k.Journalled(ctx)
	var failed error
	if online {
		failed = a.compareOnline(ctx, &k, recs)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, f := range k.Findings {
		k.Findings[i].Fix = a.account.in(f.Fix)
	}
	perr := a.out.Print(view.StoreFindings(k.Findings))
	var found error
	if n := len(k.Findings); n > 0 {
		found = fault.Errorf(fault.Negative, "%s found", term.Plural(n, "fault", "faults")).WithCode("findings").WithHint("each line shows the fix")
	} else if failed == nil && a.dir == "" {
		a.note("No secrets are kept: there is no directory for them.")
	} else if failed == nil {
		a.note("OK: %s kept in %s.", term.Plural(len(recs), "secret is", "secrets are"), a.dir)
	}
	return errors.Join(found, failed, perr)
}

// kept is what there is to look at on this machine.
func (a *app) kept() health.Kept {
	k := health.Kept{Store: a.store, Journal: a.journal, Dir: a.dir, Note: func(text string) { a.note("%s", text) }, Findings: []health.Finding{}}
	if a.cfg != nil {
		k.Profile = a.cfg.Profile()
	}
	return k
}

// compareOnline compares the records with the lists of the providers that there
// are credentials for.
func (a *app) compareOnline(ctx context.Context, k *health.Kept, recs []secret.Record) error {
	answers, err := a.listEach(ctx, a.env.Drivers, true)
	if err != nil {
		return err
	}
	var failed []error
	for _, ans := range answers {
		if ans.err != nil {
			failed = append(failed, ans.err)
			continue
		}
		k.Compare(ans.client, recs, ans.rows)
	}
	return a.report(failed)
}
