package cli

import (
	"bytes"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// identityCap bounds what is read of an identity file.
const identityCap = 1 << 20

func newSecretsImportCmd(g *globals) *cobra.Command {
	identity := ""
	c := &cobra.Command{
		Use:   "import --identity FILE [BUNDLE]",
		Short: "Keep the secrets from an encrypted bundle",
		Example: `  hookctl secrets import --identity key.txt hooks.age
  ssh backup cat hooks.age | hookctl secrets import --identity key.txt`,
		Long: `Keep the secrets of a bundle that 'hookctl secrets export' wrote, from a file or
standard input. The identity is the file with an age secret key that age-keygen
wrote. Each webhook keeps its profile; one without a profile goes to the current
one.

No secret that is already kept is lost: if a webhook has a different one, the one
that was kept later becomes the current secret, and verify also tries the other.

Results: added, newer (the secret of the bundle is now the current one), older (it
is kept beside the current one), unchanged.`,
		Args:              atMostOne("[BUNDLE]"),
		ValidArgsFunction: completeFiles,
		RunE:              g.run(changes, func(ctx context.Context, a *app, args []string) error { return importBundle(ctx, a, identity, args) }),
	}
	c.Flags().StringVar(&identity, "identity", "", "file with the age secret key that opens the bundle, - for standard input (required)")
	_ = c.MarkFlagFilename("identity")
	namesOnly(c, "identity", fileName, "key.txt")
	return c
}

func importBundle(ctx context.Context, a *app, identity string, args []string) error {
	from := "-"
	if len(args) > 0 {
		from = args[0]
	}
	switch {
	case identity == "":
		return fault.Usagef("missing: --identity").WithHint("name the file with your age secret key, as age-keygen -o key.txt wrote it")
	case identity == "-" && from == "-":
		return fault.Usagef("identity and bundle cannot both come from standard input")
	case len(args) == 0 && a.env.Streams.InTTY:
		return fault.Usagef("no bundle is named").WithHint("name a file, or pipe it in")
	}
	key, err := a.readInput("--identity", identity, identityCap)
	if err != nil {
		return err
	}
	identities, err := secret.ParseIdentities(key)
	if err != nil {
		return fault.Usagef("--identity %s: %w", identity, err).With(fault.HintOf(err))
	}
	bundle, err := a.readInput("bundle", from, secret.MaxBundle)
	if err != nil {
		return err
	}
	recs, err := secret.ReadBundle(bytes.NewReader(bundle), identities)
	if err != nil {
		return err
	}
	if err := a.store.Check(ctx); err != nil {
		return err
	}
	list := make([]view.Imported, 0, len(recs))
	var failed []error
	for _, r := range recs {
		if ctx.Err() != nil {
			break
		}
		m, err := a.importRecord(ctx, r)
		if err != nil {
			// One damaged file of the store must not keep out the rest of a backup.
			failed = append(failed, err)
			continue
		}
		m.Elsewhere = a.foreignTo(m.Provider, m.Origin) != ""
		list = append(list, m)
	}
	// What was done is done: it is shown, and doing it again changes nothing.
	perr := a.out.Print(view.ImportedList(list))
	if err := ctx.Err(); err != nil {
		return errors.Join(err, perr)
	}
	if len(failed) > 0 {
		err = fault.Errorf(fault.Other, "%s not imported: %w", term.Plural(len(failed), "webhook's secrets were", "webhooks' secrets were"), failed[0]).WithCode("not-imported")
	}
	return errors.Join(err, perr)
}

// importRecord keeps one record of a bundle.
func (a *app) importRecord(ctx context.Context, from secret.Record) (view.Imported, error) {
	if config.CheckProfile(from.Profile) != nil { // a bundle by another hand; nobody could choose it
		from.Profile = a.cfg.Profile()
	}
	rec, err := a.store.Get(ctx, from.Ref())
	result := view.ImportAdded
	switch {
	case errors.Is(err, secret.ErrNotFound):
		rec = from
	case errors.Is(err, secret.ErrLost):
		if rec, err = a.store.Look(ctx, from.Ref()); err != nil {
			return view.Imported{}, err
		}
		rec.Merge(from)
	case err != nil:
		return view.Imported{}, err
	case !rec.Merge(from):
		return view.NewImported(rec, view.ImportUnchanged), nil
	case rec.Secret.Equal(from.Secret):
		result = view.ImportNewer
	default:
		result = view.ImportOlder
	}
	if err := a.store.Put(ctx, rec); err != nil {
		return view.Imported{}, err
	}
	rec, err = a.store.Get(ctx, rec.Ref())
	return view.NewImported(rec, result), err
}
