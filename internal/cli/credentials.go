package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// credentials finds what authenticates this profile at d: the environment's,
// else what is stored for the origin of the base URL. A stored credential of
// another origin is never used. The second answer says where they come from.
func (a *app) credentials(ctx context.Context, d *provider.Driver) (map[string]secret.Value, string, error) {
	fromEnv, names, err := a.envCredentials(d)
	if err != nil {
		return nil, "", err
	}
	if len(fromEnv) > 0 {
		err := d.CheckCredentials(fromEnv)
		if err == nil || fault.KindOf(err) == fault.Usage {
			return fromEnv, "environment " + strings.Join(names, ", "), err
		}
	}
	origin, err := httpx.Origin(a.baseURL(d).Value)
	if err != nil {
		return nil, "", err
	}
	stored, err := a.store.GetCredential(ctx, d.Name, a.cfg.Profile(), origin)
	if err != nil && !errors.Is(err, secret.ErrNotFound) {
		return nil, "", err
	}
	creds := map[string]secret.Value{}
	for k, v := range stored.Fields {
		creds[k] = v
	}
	for k, v := range fromEnv {
		creds[k] = v
	}
	if err := d.CheckCredentials(creds); err != nil {
		return nil, "", a.missingCredentials(ctx, d, origin, err)
	}
	source := fmt.Sprintf("store (profile %s, %s)", a.cfg.Profile(), origin)
	if len(names) > 0 {
		source += " and environment " + strings.Join(names, ", ")
	}
	return creds, source, nil
}

// missingCredentials adds to err that credentials of another origin are there,
// since that is what a user then wonders about.
func (a *app) missingCredentials(ctx context.Context, d *provider.Driver, origin string, err error) error {
	all, _, lerr := a.store.ListCredentials(ctx)
	if lerr != nil {
		return err
	}
	for _, c := range all {
		if c.Provider == d.Name && c.Profile == a.cfg.Profile() && c.Origin != origin {
			return fmt.Errorf("%w (those stored for %s are not sent to %s)", err, c.Origin, origin)
		}
	}
	return err
}

// envCredentials reads the credential variables of d. Blank text and text with
// white space around it is a mistake of the environment, and named. They do not
// go to a base URL that comes from a file.
func (a *app) envCredentials(d *provider.Driver) (map[string]secret.Value, []string, error) {
	creds := map[string]secret.Value{}
	var names []string
	for _, f := range d.Credentials {
		for _, name := range f.Env {
			v := a.env.Getenv(name)
			if v == "" {
				continue
			}
			if strings.TrimSpace(v) != v || strings.ContainsFunc(v, unicode.IsControl) {
				return nil, nil, fault.Usagef("the environment variable %s is blank or has white space or control characters around or in its value", name).
					WithHint("set it again without them, for instance: export %s=\"$(tr -d '[:space:]' < FILE)\"", name)
			}
			creds[f.Name] = secret.New(v)
			names = append(names, name)
			break
		}
	}
	if len(names) > 0 {
		if err := a.refuseFromFile(d, names); err != nil {
			return nil, nil, err
		}
	}
	return creds, names, nil
}

// variableOf is the variable that f's value in the environment comes from.
func (a *app) variableOf(f provider.Field) string {
	for _, name := range f.Env {
		if a.env.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

// refuseFromFile refuses the credentials in these variables where d's base URL
// comes from a file: whoever has written it would be sent what was never meant
// for them.
func (a *app) refuseFromFile(d *provider.Driver, variables []string) error {
	base := a.baseURL(d)
	if !base.FromFile() || sameBaseURL(base.Value, d.BaseURL) {
		return nil
	}
	name, unset := config.Key{Name: base.Key}.Env(), strings.Join(variables, " ")
	return fault.Usagef("the base URL %s comes from %s, and the credentials (%s) from the environment: they are not sent there", base.Value, base.Source, strings.Join(variables, ", ")).
		WithCode("base-url-from-file").
		WithHint("if they belong there: export %s=%s\nelse: unset %s, and hookctl login %s keeps those that do",
			name, term.ShellWord(base.Value), unset, d.Name)
}

// sameBaseURL reports whether two base URLs lead to the same place.
func sameBaseURL(a, b string) bool {
	place := func(text string) (string, error) {
		origin, err := httpx.Origin(text)
		if err != nil {
			return "", err
		}
		u, err := url.Parse(text)
		if err != nil {
			return "", err
		}
		return origin + strings.TrimRight(u.EscapedPath(), "/"), nil
	}
	at, aerr := place(a)
	bt, berr := place(b)
	return aerr == nil && berr == nil && at == bt
}
