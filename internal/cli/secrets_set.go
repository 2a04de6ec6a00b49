package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/diagnosis"
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
	a.warnOfSecret(rec, value)
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

// record is the one to change, with its present secret, or a new one. What begins
// with a provider is its id and no name that looks like one, whatever else is kept:
// a new one costs no look at all the others.
func (o *secretsSetOptions) record(ctx context.Context, a *app, ref string) (secret.Record, error) {
	word, id, ok := strings.Cut(ref, "/")
	d, err := a.env.Drivers.Find(word)
	var found secret.Record
	if ok && id != "" && err == nil {
		found, err = a.store.Look(ctx, secret.Ref{Provider: d.Name, ID: id})
	} else if found, kept, ferr := a.findKept(ctx, ref, false); ferr != nil || kept {
		return o.withSecret(ctx, a, found, ferr)
	} else if !ok || id == "" {
		return secret.Record{}, fault.Usagef("no secret is kept for a webhook %q in profile %s", ref, a.cfg.Profile()).
			WithCode(codeNotKept).WithHint("for a webhook without a kept secret, give provider/id, for instance: hookctl secrets set %s/ID", a.env.Drivers.Names()[0])
	}
	switch {
	case err == nil && found.Profile != a.cfg.Profile():
		return secret.Record{}, fault.Usagef("%s belongs to the profile %s", found.Described(), found.Profile).
			WithHint("add --profile %s", term.ShellWord(found.Profile))
	case !errors.Is(err, secret.ErrNotFound):
		return o.withSecret(ctx, a, found, err)
	}
	origin, err := httpx.Origin(a.cfg.String(d.Name + ".base-url"))
	if err != nil {
		return secret.Record{}, err
	}
	return secret.Record{Provider: d.Name, ID: id, Profile: a.cfg.Profile(), Origin: origin}, nil
}

// withSecret is the record that was found with err, with its secret unless that is lost.
func (o *secretsSetOptions) withSecret(ctx context.Context, a *app, found secret.Record, err error) (secret.Record, error) {
	if err != nil {
		return secret.Record{}, err
	}
	rec, err := a.store.Get(ctx, found.Ref())
	if errors.Is(err, secret.ErrLost) {
		return found, nil // its place is free
	}
	return rec, err
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
	return secret.New(text), nil
}

// warnOfSecret says what speaks against value as the secret of rec. It is kept
// nevertheless: no provider promises what its secrets look like.
func (a *app) warnOfSecret(rec secret.Record, value secret.Value) {
	if text := value.Reveal(); strings.TrimSpace(text) != text {
		a.warn("warning: the secret begins or ends with white space, and is kept with it")
	}
	if doubt := diagnosis.Doubt(diagnosis.Candidate{Provider: rec.Provider, ID: rec.ID, Secret: value}); doubt != "" {
		a.warn("warning: the secret looks like " + doubt + ", and is kept as it is; if that is wrong, type this command again with the right one")
	}
}
