package cli

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type secretsMigrateOptions struct {
	to          string
	allProfiles bool
}

func newSecretsMigrateCmd(g *globals) *cobra.Command {
	o := &secretsMigrateOptions{}
	c := &cobra.Command{
		Use:   "migrate --to file|keyring",
		Short: "Move the kept secrets between files and the system keyring",
		Example: `  hookctl secrets migrate --to keyring && hookctl config set secret-store keyring
  hookctl secrets migrate --to file --all-profiles`,
		Long: `Move the secrets and credentials of the current profile from files to the keyring
of the operating system, or back. Each is written to its new place and read back
before it is removed from the old one, so an interruption loses nothing: run the
same command again, and it continues. What is already there is left alone.

A setting decides where new secrets go: hookctl config set secret-store keyring`,
		Args: noArgs,
		RunE: g.run(changes, o.run),
	}
	c.Flags().StringVar(&o.to, "to", "", "where to move everything: file or keyring (required)")
	c.Flags().BoolVar(&o.allProfiles, "all-profiles", false, "move the secrets and credentials of every profile")
	_ = c.RegisterFlagCompletionFunc("to", completeFixed(secret.InFile, secret.InKeyring))
	return c
}

func (o *secretsMigrateOptions) run(ctx context.Context, a *app, _ []string) error {
	switch o.to {
	case secret.InFile, secret.InKeyring:
	case "":
		return fault.Usagef("missing: --to").WithHint("give --to keyring, or --to file")
	default:
		return fault.Usagef("--to %q is not one of file, keyring", o.to)
	}
	recs, err := a.records(ctx, o.allProfiles)
	if err != nil {
		return err
	}
	creds, err := a.keptCredentials(ctx, o.allProfiles)
	if err != nil {
		return err
	}
	list := []view.Moved{}
	nothing := len(recs)+len(creds) == 0
	if !nothing || o.to == secret.InKeyring { // where new secrets may go next
		if err := a.store.CheckPlace(ctx, o.to); err != nil {
			return err
		}
	}
	if nothing {
		a.note("There is nothing to move.")
		return a.out.Print(view.MovedList(list))
	}
	moved := 0
	var failed []error
	did := func(m view.Moved, err error) {
		list = append(list, m)
		if m.Moved {
			moved++
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	for _, r := range recs {
		if ctx.Err() != nil {
			break
		}
		ok, err := a.store.Move(ctx, r.Ref(), o.to)
		if errors.Is(err, secret.ErrNotFound) {
			continue // removed meanwhile
		}
		did(view.NewMovedSecret(r, o.to, ok, err), err)
	}
	for _, c := range creds {
		if ctx.Err() != nil {
			break
		}
		ok, err := a.store.MoveCredential(ctx, c.Provider, c.Profile, c.Origin, o.to)
		if errors.Is(err, secret.ErrNotFound) {
			continue
		}
		did(view.NewMovedCredential(c, o.to, ok, err), err)
	}
	perr := a.out.Print(view.MovedList(list))
	o.say(ctx, a, moved)
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(o.left(failed), perr)
}

// say tells what the user may not expect: what stays where it is.
func (o *secretsMigrateOptions) say(ctx context.Context, a *app, moved int) {
	a.note("%s moved to the %s.", term.Plural(moved, "thing was", "things were"), o.to)
	if now := a.store.Name(); now != o.to {
		a.note("New secrets still go to the %s. To change that: hookctl config set secret-store %s", now, o.to)
	}
	if o.to != secret.InKeyring {
		return
	}
	pending, _, err := a.journal.List(ctx)
	if err != nil {
		return
	}
	for _, p := range pending {
		if !p.Sealed && len(p.Answer) > 0 {
			a.warn("warning: " + p.Path + " may still hold a secret as plain text; to settle that: hookctl recover")
		}
	}
}

// left is the error for what could not be moved, and is where it was.
func (o *secretsMigrateOptions) left(failed []error) error {
	if len(failed) == 0 {
		return nil
	}
	return fault.Errorf(fault.Other, "%s not moved: %w", term.Plural(len(failed), "thing was", "things were"), failed[0]).
		WithCode("not-moved").WithHint("%s", cmp.Or(fault.HintOf(failed[0]).String(), "fix the cause, then run the same command again"))
}
