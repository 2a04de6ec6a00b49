package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

type recoverOptions struct {
	app     *app
	globals *globals
	deletes []string
}

func newRecoverCmd(g *globals) *cobra.Command {
	o := &recoverOptions{globals: g}
	c := &cobra.Command{
		Use:     "recover",
		Short:   "Settle creates that were interrupted or whose outcome is unknown",
		GroupID: groupSecrets,
		Example: `  hookctl recover
  hookctl recover --delete wundertreos/6f1c2d3e`,
		Long: `Settle what interrupted creates have left: keep each secret that the journal
holds, and name each webhook that exists although nobody has its secret. All
profiles are looked after. An operation that another process is working on is
left alone, and running this again does no harm.

States: kept (the secret is in the store now), not-created (nothing was made),
orphan (the webhook exists, nobody has its secret), unknown (it cannot be told
now), unreadable (a person has to look into the file).

Nothing is changed at a provider unless you say --delete, and then only a
webhook that this command names. Zyntro's are disabled, since it cannot delete.
Exit code 7 says that something is left for you to do.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.app, err = g.offline(); err != nil {
				return err
			}
			return runRecover(cmd.Context(), o)
		},
	}
	c.Flags().StringArrayVar(&o.deletes, "delete", nil, "delete (Zyntro: disable) a webhook that recover names, as provider/id or id (repeatable)")
	_ = c.RegisterFlagCompletionFunc("delete", cobra.NoFileCompletions)
	return c
}

func runRecover(ctx context.Context, o *recoverOptions) error {
	a := o.app
	r := provider.Recovery{
		Store: a.store, Journal: a.journal, Drivers: a.env.Drivers, Now: a.env.Now, Sleep: a.env.Sleep,
		Notify: func(line string) { a.note("%s", line) },
		Open:   o.open,
	}
	findings, err := r.Run(ctx)
	var refused error
	if err == nil && len(o.deletes) > 0 {
		var deleted bool
		if deleted, refused = o.deleteAll(ctx, findings); deleted {
			findings, err = r.Run(ctx)
		}
	}
	if err == nil && len(findings) == 0 {
		a.note("There is nothing to recover.")
	}
	perr := a.out.Print(view.Recovery(view.NewRecovered(findings)))
	if k := fault.KindOf(refused); refused != nil && (k == fault.Usage || k == fault.Interrupted) {
		return refused // the call was wrong, or taken back: that comes before what is left
	}
	return errors.Join(refused, err, leftOver(findings), perr)
}

// leftOver is the error for what a person has to do, or nil.
func leftOver(findings []provider.Finding) error {
	n := 0
	for _, f := range findings {
		if !f.Settled() {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fault.Errorf(fault.Custody, "%s for you to do", plural(n, "thing is left", "things are left")).
		WithCode("unsettled").WithHint("what to type next is said with each")
}

// open is the way to the account of an operation: its profile's, at the origin
// where it was begun.
func (o *recoverOptions) open(ctx context.Context, in secret.Intent) (*provider.Client, error) {
	d, err := o.globals.driver(in.Provider)
	if err != nil {
		return nil, err
	}
	a := o.app
	if in.Profile != a.cfg.Profile() {
		if a, err = o.globals.ofProfile(in.Profile); err != nil {
			return nil, err
		}
	}
	acc := a.access(d)
	origin, err := httpx.Origin(acc.BaseURL)
	if err != nil {
		return nil, err
	}
	if origin != in.Origin {
		return nil, fault.Usagef("it was begun at %s, and the base URL is one of %s now", in.Origin, origin).
			WithHint("set %s to the base URL at %s", config.Key{Name: d.Name + ".base-url"}.Env(), in.Origin)
	}
	if a == o.app {
		return a.online(ctx, d)
	}
	// The variables of the environment are the current profile's. A list of the
	// wrong account would show that nothing was made.
	stored, err := a.store.GetCredential(ctx, d.Name, in.Profile, origin)
	if errors.Is(err, secret.ErrNotFound) {
		return nil, fault.Errorf(fault.Auth, "no credentials are stored for profile %s", in.Profile).
			WithHint("run: hookctl recover --profile %s", in.Profile)
	}
	if err == nil {
		err = d.CheckCredentials(stored.Fields)
	}
	if err != nil {
		return nil, err
	}
	return a.onlineWith(d, acc, stored.Fields)
}

// ofProfile opens the settings of another profile than the current one.
func (g *globals) ofProfile(name string) (*app, error) {
	other := *g
	other.flags.profile = name
	return other.settings()
}

// deleteAll deletes what --delete names and findings allow, and reports
// whether anything is gone. All names are checked before the first deletion.
func (o *recoverOptions) deleteAll(ctx context.Context, findings []provider.Finding) (deleted bool, err error) {
	var chosen []provider.Finding
	for _, ref := range o.deletes {
		f, err := o.choose(ref, findings)
		if err != nil {
			return false, err
		}
		chosen = append(chosen, f)
	}
	pending, _, err := o.app.journal.List(ctx)
	if err != nil {
		return false, err
	}
	intents := map[string]secret.Intent{}
	for _, p := range pending {
		intents[p.Path] = p.Intent
	}
	for _, f := range chosen {
		in, ok := intents[f.Path]
		if !ok {
			return deleted, fault.Errorf(fault.Other, "%s was settled by another process: %s was not deleted", f.Path, f.ID)
		}
		if err := o.delete(ctx, in, f); err != nil {
			return deleted, err
		}
		deleted = true
	}
	return deleted, nil
}

// choose finds the webhook that ref means among those that recover offers to
// delete. No other one is ever deleted.
func (o *recoverOptions) choose(ref string, findings []provider.Finding) (provider.Finding, error) {
	var offered []provider.Finding
	var all []candidate
	var names []string
	for _, f := range findings {
		name := f.Provider + "/" + f.ID
		if f.Next == "hookctl recover --delete "+provider.ShellQuote(name) && !slices.Contains(names, name) {
			offered, all, names = append(offered, f), append(all, candidate{provider: f.Provider, id: f.ID}), append(names, name)
		}
	}
	i, err := o.globals.pick(ref, all, false)
	if err != nil {
		return provider.Finding{}, err
	}
	if i < 0 {
		hint := "it names none now"
		if len(names) > 0 {
			hint = "it names " + strings.Join(names, ", ")
		}
		return provider.Finding{}, fault.Usagef("recover does not name %q, so it is not deleted", ref).WithCode("not-an-orphan").WithHint("%s", hint)
	}
	f := offered[i]
	if f.State == provider.StateUnknown && (o.app.yes || !o.app.interactive()) {
		return provider.Finding{}, fault.Usagef("%s/%s is one of several webhooks that fit, and may be another person's: it is not deleted without a look", f.Provider, f.ID).
			WithCode("ambiguous").WithHint("compare the times, then run it on a terminal without --yes")
	}
	return f, nil
}

func (o *recoverOptions) delete(ctx context.Context, in secret.Intent, f provider.Finding) error {
	client, err := o.open(ctx, in)
	if err != nil {
		return err
	}
	verb, done := "Delete", "Deleted"
	if !client.Driver().Deletes {
		verb, done = "Disable", "Disabled"
	}
	about := f.URL
	if in.Replaces != nil && *in.Replaces == (secret.Ref{Provider: f.Provider, ID: f.ID}) {
		about = "a new webhook has taken its place" // the URL is the new one's
	}
	if f.CreatedAt != "" {
		about += ", created " + f.CreatedAt
	}
	question := fmt.Sprintf("%s %s/%s (%s) at %s?", verb, f.Provider, f.ID, about, client.Driver().Title)
	if f.State == provider.StateUnknown {
		question = "Several webhooks fit, and this one may be another person's. " + question
	}
	if err := o.app.confirm(ctx, question); err != nil {
		return err
	}
	if err := client.Delete(ctx, f.ID); err != nil && fault.Code(err) != "not-found" {
		return err
	}
	o.app.note("%s %s/%s.", done, f.Provider, f.ID)
	return nil
}
