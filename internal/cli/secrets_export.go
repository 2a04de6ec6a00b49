package cli

import (
	"bytes"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type secretsExportOptions struct {
	keys           []string // of the recipients
	out            string
	allProfiles    bool
	skipUnreadable bool
}

func newSecretsExportCmd(g *globals) *cobra.Command {
	o := &secretsExportOptions{}
	c := &cobra.Command{
		Use:   "export --age-recipient KEY...",
		Short: "Write the kept secrets to an encrypted bundle",
		Example: `  hookctl secrets export --age-recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --out hooks.age
  hookctl secrets export --all-profiles --age-recipient "$(age-keygen -y key.txt)" > backup.age`,
		Long: `Write the secrets of the current profile, with the details of their webhooks, to a
bundle that only the secret keys of the given age recipients can open: for a
backup, or for other people on a team. 'hookctl secrets import' reads it; its
contents are described in docs/files.md. Credentials are not part of it.

The bundle goes to standard output, or with --out to a file of mode 0600. It is
always encrypted.`,
		Args: noArgs,
		RunE: g.run(reads, o.run),
	}
	f := c.Flags()
	f.StringArrayVar(&o.keys, "age-recipient", nil, "age public key that can open the bundle (required, repeatable)")
	f.StringVar(&o.out, "out", "", "write the bundle to this file, and list what is in it")
	f.BoolVar(&o.allProfiles, "all-profiles", false, "export the secrets of every profile")
	f.BoolVar(&o.skipUnreadable, "skip-unreadable", false, "leave out secrets that cannot be read, instead of failing")
	freeText(c, "age-recipient") // a public key
	return c
}

func (o *secretsExportOptions) run(ctx context.Context, a *app, _ []string) error {
	if len(o.keys) == 0 {
		return fault.Usagef("missing: --age-recipient").WithHint("make a key pair: age-keygen -o key.txt; it prints the recipient")
	}
	var recipients secret.Recipients
	for _, key := range o.keys {
		if err := recipients.Add(key); err != nil {
			return err
		}
	}
	if o.out == "" && a.out.Format() != render.Table {
		return fault.Usagef("standard output already has the bundle, which has no other format").WithHint("to get the list of its secrets, write the bundle to a file with --out")
	}
	recs, err := o.records(ctx, a)
	if err != nil {
		return err
	}
	var bundle bytes.Buffer
	if err := secret.WriteBundle(&bundle, recipients, recs, a.env.Now()); err != nil {
		return err
	}
	exported := term.Plural(len(recs), "webhook's secrets were", "webhooks' secrets were") + " exported"
	if o.out == "" {
		if err := render.WriteAll(term.Raw(a.env.Streams.Out), bundle.Bytes()); err != nil {
			return err
		}
		a.note("%s.", exported)
		return nil
	}
	if err := a.env.Disk.Or().WriteFile(o.out, bundle.Bytes()); err != nil {
		return err
	}
	a.note("%s to %s.", exported, o.out)
	return a.out.Print(view.KeptSecrets(each(recs, a.keptView), true))
}

// records are those to export, with their secrets.
func (o *secretsExportOptions) records(ctx context.Context, a *app) ([]secret.Record, error) {
	listed, problems, err := a.store.List(ctx)
	if err != nil {
		return nil, err
	}
	var recs []secret.Record
	for _, r := range listed {
		if !o.allProfiles && r.Profile != a.cfg.Profile() {
			continue
		}
		rec, err := a.store.Get(ctx, r.Ref())
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			problems = append(problems, secret.Problem{Path: r.Path, Err: err})
			continue
		}
		recs = append(recs, rec)
	}
	for _, p := range problems {
		if !o.skipUnreadable {
			return nil, fault.Errorf(fault.Other, "nothing was exported: %w", p.Err).
				WithHint("%s", strings.TrimPrefix(fault.HintOf(p.Err).String()+"\nor leave it out with --skip-unreadable", "\n"))
		}
		a.warn("warning: " + p.Path + " was left out: " + p.Err.Error())
	}
	if len(recs) == 0 {
		return nil, fault.Errorf(fault.Other, "nothing was exported: no secret is kept in %s", a.profilesMeant(o.allProfiles)).
			WithHint("webhooks whose secrets are not kept: hookctl list")
	}
	return recs, nil
}
