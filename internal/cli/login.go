package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/view"
)

// credentialsCap bounds what --credentials reads.
const credentialsCap = 64 << 10

type loginOptions struct {
	driver      *provider.Driver
	credentials string
	noCheck     bool
}

func newLoginCmd(g *globals) *cobra.Command {
	o := &loginOptions{}
	c := &cobra.Command{
		Use:   "login <provider>",
		Short: "Check and keep the credentials of an account",
		Example: `  hookctl login zyntro
  hookctl login wundertreos --profile work
  op read op://ci/zyntro/json | hookctl login zyntro --credentials @-`,
		Long:              loginLong(g.env.Drivers),
		Args:              g.oneProvider,
		ValidArgsFunction: g.completeProviders,
		RunE:              g.run(anyProfile, o.run),
	}
	c.Flags().StringVar(&o.credentials, "credentials", "", "read the credentials as a JSON object from @FILE, or @- for standard input")
	namesOnly(c, "credentials", fileName, "@credentials.json")
	c.Flags().BoolVar(&o.noCheck, "no-check", false, "keep the credentials without checking them")
	return c
}

func loginLong(drivers []*provider.Driver) string {
	var b strings.Builder
	b.WriteString(`Keep the credentials of an account on this machine, in a file that only you can
read, or in the system keyring if the setting secret-store says so. They are checked
first, with calls that change nothing, and are only ever sent to the current base
URL.

On a terminal, hookctl prompts for them, without echo; Enter keeps the value in the
environment. Otherwise they come from --credentials, a JSON object with the names
below, or from the environment:
`)
	for _, d := range drivers {
		b.WriteString("\n  " + d.Title + "\n")
		for _, f := range d.Credentials {
			fmt.Fprintf(&b, "    %-17s %s\n", f.Name, strings.Join(f.Env, ", "))
		}
		fmt.Fprintf(&b, "    %-17s %s\n", "--credentials", exampleCredentials(d))
	}
	b.WriteString("\nNo flag takes a credential itself: it would stay in the shell's history.")
	return b.String()
}

func (o *loginOptions) run(ctx context.Context, a *app, args []string) error {
	var err error
	if o.driver, err = a.driverNamed(ctx, args, "hookctl login"); err != nil {
		return err
	}
	d := o.driver
	if a.dir == "" {
		return durable.NoPlace()
	}
	acc := a.access(d)
	origin, err := httpx.Origin(acc.BaseURL)
	if err != nil {
		return err
	}
	creds, fromEnv, err := o.collect(ctx, a)
	if err != nil {
		return err
	}
	if err := d.CheckCredentials(creds); err != nil {
		if o.credentials != "" { // no variable would help
			return fault.WithHint(fmt.Errorf("--credentials: %w", err), fault.Hint{Text: "for instance: " + exampleCredentials(d)})
		}
		if missing := missingVariables(d, creds); missing != "" {
			err = fault.WithHint(err, giveThem(d, missing))
		}
		return err
	}
	v := view.Account{Provider: d.Name, Profile: a.cfg.Profile(), Origin: origin, Fields: slices.Sorted(maps.Keys(creds))}
	if !o.noCheck {
		who, err := o.check(ctx, a, acc, creds)
		if err != nil {
			return err
		}
		v.Checked, v.Account, v.User = true, view.OrNull(who.Account), view.OrNull(who.User)
		if d.ProbeLeaves != "" {
			a.note("Checked: %s.", d.ProbeLeaves)
		}
	}
	err = a.store.PutCredential(ctx, secret.Credential{
		Provider: d.Name, Profile: v.Profile, Origin: origin, Fields: creds, SavedAt: a.env.Now().UTC(),
	})
	if err != nil {
		return err
	}
	if set := a.credentialVariables(d); len(set) > 0 && !fromEnv {
		a.warn("warning: these variables are set, and are used instead of the stored credentials: " + strings.Join(set, ", "))
	}
	return a.out.Print(v.Render())
}

// check proves the credentials with calls that change nothing.
func (o *loginOptions) check(ctx context.Context, a *app, acc provider.Access, creds map[string]secret.Value) (provider.Identity, error) {
	client, err := a.onlineWith(o.driver, acc, creds)
	if err != nil {
		return provider.Identity{}, err
	}
	who, err := client.WhoAmI(ctx)
	if err == nil && o.driver.Scoped {
		_, err = client.Probe(ctx)
	}
	if err == nil {
		return who, nil
	}
	hint := fault.HintOf(err)
	switch {
	case fault.KindOf(err) == fault.Unavailable && !inSandbox(a.env):
		hint = fault.Hint{Text: "try again later, or store the credentials without a check: --no-check"}
	case hint.Command == "hookctl login "+o.driver.Name: // that is what has just failed
		hint = fault.Hint{Text: "check the credentials, then try again"}
	}
	return provider.Identity{}, fault.WithHint(fmt.Errorf("nothing was stored: %w", err), hint)
}

// collect gets the credentials from --credentials, from the person at the
// terminal, or from the environment, which the second answer tells.
func (o *loginOptions) collect(ctx context.Context, a *app) (creds map[string]secret.Value, fromEnv bool, err error) {
	d := o.driver
	switch {
	case o.credentials != "":
		creds, err = o.readCredentials(a)
		return creds, false, err
	case a.interactive():
		return o.ask(ctx, a)
	}
	creds, set, err := a.envCredentials(d)
	if err == nil && len(set) == 0 {
		err = fault.Errorf(fault.Auth, "no credential of %s is in the environment, and there is no terminal to ask for one", d.Title).
			WithCode("no-credentials").
			With(giveThem(d, missingVariables(d, nil)))
	}
	return creds, true, err
}

// ask asks for one field after the other, and passes over those that cannot be
// given together with what was answered. The value of a variable is taken for
// an empty answer; the second result says that no other answer was given.
func (o *loginOptions) ask(ctx context.Context, a *app) (creds map[string]secret.Value, fromEnv bool, err error) {
	set, _, err := a.envCredentials(o.driver)
	if err != nil {
		return nil, false, err
	}
	creds, fromEnv = map[string]secret.Value{}, true
	for i, f := range o.driver.Credentials {
		if !f.Required && contradicts(o.driver, creds, f) {
			continue
		}
		last := i == len(o.driver.Credentials)-1 && o.driver.CheckCredentials(creds) != nil
		preset, label := set[f.Name], f.Label
		if !preset.IsZero() {
			label, _, _ = strings.Cut(label, " (")
			label += " (Enter keeps the value of " + a.variableOf(f) + ")"
		}
		v, err := o.askField(ctx, a, f, label, preset.IsZero() && (f.Required || last))
		switch {
		case err != nil:
			return nil, false, err
		case v.IsZero() && !preset.IsZero():
			creds[f.Name] = preset
		case v.IsZero():
		case !isCredential(v.Reveal()):
			return nil, false, badCredential(f.Name, "the answer")
		default:
			creds[f.Name], fromEnv = v, false
			if f.Secret {
				a.note("Received; it is not shown.")
			}
		}
	}
	return creds, fromEnv, nil
}

// askField asks for one field, without echo where it is secret.
func (o *loginOptions) askField(ctx context.Context, a *app, f provider.Field, label string, needed bool) (secret.Value, error) {
	p := a.env.Prompt
	switch {
	case f.Secret && needed:
		return p.Secret(ctx, label)
	case f.Secret:
		return p.SecretOrNone(ctx, label)
	}
	text, err := p.Input(ctx, label, "", func(text string) error {
		if text == "" && needed {
			return errors.New("nothing was entered")
		}
		return nil
	})
	return secret.New(text), err
}

// contradicts reports whether creds are complete and f cannot be added to them.
func contradicts(d *provider.Driver, creds map[string]secret.Value, f provider.Field) bool {
	more := maps.Clone(creds)
	more[f.Name] = secret.New("x")
	return d.CheckCredentials(creds) == nil && fault.KindOf(d.CheckCredentials(more)) == fault.Usage
}

// readCredentials reads a JSON object of fields. A value that is not @file is
// refused without being shown: it would stand in the shell's history.
func (o *loginOptions) readCredentials(a *app) (map[string]secret.Value, error) {
	name, ok := strings.CutPrefix(o.credentials, "@")
	if !ok {
		return nil, fault.Usagef("--credentials takes @FILE or @-, never the value itself: it would stay in the shell's history").
			WithHint("the file contains, for instance, %s", exampleCredentials(o.driver))
	}
	raw, err := a.readInput("--credentials", name, credentialsCap)
	if err != nil {
		return nil, err
	}
	var fields map[string]string
	// The parser's own words could repeat a part of the text.
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return nil, fault.Usagef("--credentials: %s does not contain a JSON object of strings", name).
			WithHint("for instance: %s", exampleCredentials(o.driver))
	}
	creds := map[string]secret.Value{}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		value := fields[field]
		switch {
		case !slices.ContainsFunc(o.driver.Credentials, func(f provider.Field) bool { return f.Name == field }):
			return nil, fault.Usagef("--credentials: %s has no credential %q", o.driver.Title, field).
				WithHint("for instance: %s", exampleCredentials(o.driver))
		case value == "":
		case !isCredential(value):
			return nil, badCredential(field, name)
		default:
			creds[field] = secret.New(value)
		}
	}
	return creds, nil
}

func exampleCredentials(d *provider.Driver) string {
	var parts []string
	for i, f := range d.Credentials {
		if f.Required || i == 0 {
			parts = append(parts, fmt.Sprintf("%q: \"...\"", f.Name))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func badCredential(field, from string) error {
	return fault.Usagef("%s of %s has white space around it, or contains control characters", field, from).
		WithHint("give it without them; nothing was stored")
}

// missingVariables names the preferred variables of what d needs beside creds:
// of all that it requires, or else of each that would do alone.
func missingVariables(d *provider.Driver, creds map[string]secret.Value) string {
	var required, enough []string
	for _, f := range d.Credentials {
		with := map[string]secret.Value{f.Name: secret.New("x")}
		maps.Copy(with, creds)
		switch {
		case f.Required && creds[f.Name].IsZero():
			required = append(required, f.Env[0])
		case !f.Required && d.CheckCredentials(with) == nil:
			enough = append(enough, f.Env[0])
		}
	}
	if len(required) > 0 {
		return strings.Join(required, " and ")
	}
	return strings.Join(enough, " or ")
}

// giveThem is the hint for credentials that are missing.
func giveThem(d *provider.Driver, missing string) fault.Hint {
	return fault.Hint{Text: "set " + missing + "\nor give the credentials as JSON with --credentials @FILE: " + exampleCredentials(d)}
}
