package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

type secretsSetOptions struct {
	fromFile, fromEnv string
	name, url         string
}

func newSecretsSetCmd(g *globals) *cobra.Command {
	o := &secretsSetOptions{}
	c := &cobra.Command{
		Use:         "set <webhook>",
		Annotations: freeArguments,
		Short:       "Keep a secret that hookctl did not receive itself",
		Example: `  hookctl secrets set zyntro/42 --name "CRM Sync"                # asks, without echo
  hookctl secrets set wundertreos/6f1c --from-file secret.txt
  pass show hooks/crm | hookctl secrets set "CRM Sync" --from-file -`,
		Long: `Keep the secret of a webhook that was created elsewhere, or one that never reached
the store. Give a webhook that the store does not know as provider/id. No flag
takes the secret itself: it would stay in the shell's history. A file, standard
input or variable loses one newline at its end; the rest is kept byte for byte.

Replacing a kept secret with another one asks for confirmation first. The old one
stays in the store, and verify tries it after the new one.`,
		Args:              exactly("<webhook>"),
		ValidArgsFunction: firstOnly(g.completeKept),
		RunE:              g.run(changes, o.run),
	}
	f := c.Flags()
	f.StringVar(&o.fromFile, "from-file", "", "read the secret from a file, - for standard input")
	f.StringVar(&o.fromEnv, "from-env", "", "read the secret from this environment variable")
	f.StringVar(&o.name, "name", "", "name of the webhook, shown in lists")
	f.StringVar(&o.url, "url", "", "URL of the webhook, shown in lists")
	exclusive(c, "from-file", "from-env")
	_ = c.RegisterFlagCompletionFunc("from-env", cobra.NoFileCompletions)
	freeText(c, "name", "url")
	namesOnly(c, "from-env", variableName, "HOOK_SECRET")
	namesOnly(c, "from-file", fileName, "secret.txt")
	return c
}

func (o *secretsSetOptions) run(ctx context.Context, a *app, args []string) error {
	rec, err := o.record(ctx, a, args[0])
	if err != nil {
		return err
	}
	value, err := o.read(ctx, a, rec)
	if err != nil {
		return err
	}
	replaces := !rec.Secret.IsZero() && !rec.Secret.Equal(value)
	if replaces {
		question := fmt.Sprintf("Replace the secret %[2]s of %[3]s with %[1]s? The older secret is still kept, and verify tries it after the new one.",
			value.Fingerprint(), rec.Secret.Fingerprint(), rec.Described())
		if err := a.confirm(ctx, question); err != nil {
			return err
		}
	}
	changed := replaces || rec.Secret.IsZero()
	if changed {
		rec.Supersede(value, a.env.Now())
	}
	if a.given("name") {
		rec.Name = o.name
	}
	if a.given("url") {
		rec.URL = o.url
	}
	if err := a.store.Put(ctx, rec); err != nil {
		return err
	}
	kept, err := a.store.Get(ctx, rec.Ref())
	if err != nil {
		return err
	}
	if !changed {
		a.note("This secret was already kept.")
	}
	v := a.keptView(kept)
	v.Changed = &changed
	return a.out.Print(v.Render())
}

// record is the one to change, with its present secret, or a new one.
func (o *secretsSetOptions) record(ctx context.Context, a *app, ref string) (secret.Record, error) {
	found, ok, err := a.findKept(ctx, ref, false)
	if err != nil {
		return secret.Record{}, err
	}
	if ok {
		rec, err := a.store.Get(ctx, found.Ref())
		if errors.Is(err, secret.ErrLost) {
			return found, nil // its place is free
		}
		return rec, err
	}
	word, id, ok := strings.Cut(ref, "/")
	if !ok || id == "" {
		return secret.Record{}, fault.Usagef("no secret is kept for a webhook %q in profile %s", ref, a.cfg.Profile()).
			WithCode(codeNotKept).WithHint("for a webhook without a kept secret, give provider/id, for instance: hookctl secrets set %s/ID", a.env.Drivers.Names()[0])
	}
	d, err := a.env.Drivers.Find(word)
	if err != nil {
		return secret.Record{}, err
	}
	other, err := a.store.Get(ctx, secret.Ref{Provider: d.Name, ID: id})
	switch {
	case err == nil:
		return secret.Record{}, fault.Usagef("%s belongs to the profile %s", other.Described(), other.Profile).
			WithHint("add --profile %s", term.ShellWord(other.Profile))
	case !errors.Is(err, secret.ErrNotFound):
		return secret.Record{}, err
	}
	origin, err := httpx.Origin(a.cfg.String(d.Name + ".base-url"))
	if err != nil {
		return secret.Record{}, err
	}
	return secret.Record{Provider: d.Name, ID: id, Profile: a.cfg.Profile(), Origin: origin}, nil
}

// read gets the value from where the user says that it is, and checks it.
func (o *secretsSetOptions) read(ctx context.Context, a *app, rec secret.Record) (secret.Value, error) {
	var text, from string
	switch {
	case o.fromEnv != "":
		from = "the variable " + o.fromEnv
		var err error
		if text, err = a.secretVariable("--from-env", o.fromEnv); err != nil {
			return secret.Value{}, err
		}
	case o.fromFile != "":
		from = o.fromFile
		if from == "-" {
			from = "standard input"
		}
		raw, err := a.readInput("--from-file", o.fromFile, secretCap)
		if err != nil {
			return secret.Value{}, err
		}
		text = string(raw)
	case a.interactive():
		v, err := a.env.Prompt.Secret(ctx, "Secret of "+rec.Described())
		if err != nil {
			return secret.Value{}, err
		}
		return v, checkTypedSecret(v.Reveal(), "the answer")
	default:
		return secret.Value{}, fault.Usagef("no secret is given, and there is no terminal to ask for it").
			WithHint("give --from-file PATH, --from-file - for standard input, or --from-env NAME")
	}
	if cut, ok := cutNewline(text); ok {
		a.note("One newline at the end of %s was removed.", from)
		text = cut
	}
	if err := checkTypedSecret(text, from); err != nil {
		return secret.Value{}, err
	}
	if strings.TrimSpace(text) != text {
		a.warn("warning: the secret begins or ends with white space, and is kept with it")
	}
	return secret.New(text), nil
}
