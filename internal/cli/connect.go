package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// http is the client that all requests go through. Every credential in known
// is masked in the trace.
func (a *app) http(known ...secret.Value) *httpx.Client {
	o := httpx.Options{
		UserAgent: "hookctl/" + a.env.Version,
		Timeout:   a.cfg.Duration("request-timeout"),
		Sleep:     a.env.Sleep,
		Getenv:    a.env.Getenv,
		TLS:       a.env.TLS,
		Secrets:   known,
		Notify:    func(line string) { a.note("%s", line) },
	}
	if inSandbox(a.env) {
		o.Refused = "the sandbox has stopped: there is no answer at its address\n" + enterOrLeave
	}
	if a.debug {
		o.Trace = a.env.Streams.Err
	}
	return httpx.New(o)
}

// driverNamed is the provider that args name, or else, on a terminal, the one that the
// person there picks.
func (a *app) driverNamed(ctx context.Context, args []string, command string) (*provider.Driver, error) {
	switch {
	case len(args) > 0:
		return a.env.Drivers.Find(args[0])
	case a.interactive():
		return a.askProvider(ctx)
	}
	return nil, a.env.needsProvider(command)
}

// askProvider asks which provider is meant.
func (a *app) askProvider(ctx context.Context) (*provider.Driver, error) {
	name, err := a.env.Prompt.Select(ctx, "Provider", each(a.env.Drivers, func(d *provider.Driver) prompt.Choice {
		return prompt.Choice{Value: d.Name, Label: d.Title}
	}))
	if err != nil {
		return nil, err
	}
	return a.env.Drivers.Find(name)
}

// access is how to reach a provider under the settings, without credentials.
func (a *app) access(d *provider.Driver) provider.Access {
	acc := provider.Access{BaseURL: a.baseURL(d).Value, Now: a.env.Now}
	if d.PathPrefix != "" {
		acc.PathPrefix = a.cfg.String(d.Name + ".path-prefix")
	}
	return acc
}

func (a *app) custody() custody.Env {
	if a.seen.At.IsZero() && a.env.Started != nil {
		a.seen.At = a.env.Started()
	}
	return custody.Env{
		Store:    a.store,
		Journal:  a.journal,
		Profile:  a.cfg.Profile(),
		Now:      a.env.Now,
		Snapshot: a.seen,
		Notify:   func(line string) { a.note("%s", line) },
		Mask: func(s secret.Value) {
			if a.showSecret {
				_ = a.maskInActions(s) // tried again, and checked, before it is shown
			}
		},
		Abort: a.env.Hurry,
		LastResort: func(ref secret.Ref, s secret.Value) bool {
			if !a.env.Streams.ErrTTY {
				return false
			}
			_, err := fmt.Fprintf(a.env.Streams.Err, "LAST RESORT: the secret of %s/%s could not be kept. It is shown here once:\n",
				term.Clean(ref.Provider), term.Clean(ref.ID))
			if err == nil {
				err = term.WriteLine(a.env.Streams.Err, term.Clean(s.Reveal()))
			}
			return err == nil
		},
	}
}

// anonymous opens a provider without credentials, for its live help.
func (a *app) anonymous(d *provider.Driver) (*custody.Client, error) {
	a.noteElsewhere(d)
	acc := a.access(d)
	acc.HTTP = a.http()
	return custody.Open(d, acc, a.custody())
}

// online opens a provider with the credentials of the environment or the store.
func (a *app) online(ctx context.Context, d *provider.Driver) (*custody.Client, error) {
	acc := a.access(d)
	creds, _, err := a.credentials(ctx, d)
	if err != nil {
		return nil, err
	}
	return a.onlineWith(d, acc, creds)
}

// onlineWith opens a provider with credentials that were chosen already.
func (a *app) onlineWith(d *provider.Driver, acc provider.Access, creds map[string]secret.Value) (*custody.Client, error) {
	known := make([]secret.Value, 0, len(creds))
	for _, f := range d.Credentials {
		if v, ok := creds[f.Name]; ok && f.Secret {
			known = append(known, v)
		}
	}
	acc.Credentials = creds
	acc.HTTP = a.http(known...)
	return custody.Open(d, acc, a.custody())
}

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
	maps.Copy(creds, stored.Fields)
	maps.Copy(creds, fromEnv)
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
			return fmt.Errorf("%w (the credentials for %s are not sent to %s)", err, c.Origin, origin)
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
		name := a.variableOf(f)
		switch v := a.env.Getenv(name); {
		case name == "":
		case !isCredential(v):
			return nil, nil, fault.Usagef("the environment variable %s is blank, or its value contains white space or control characters", name).
				WithHint("set it without them, for instance: export %s=\"$(tr -d '[:space:]' < FILE)\"", name)
		default:
			creds[f.Name] = secret.New(v)
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		if err := a.refuseFromFile(d, names); err != nil {
			return nil, nil, err
		}
	}
	return creds, names, nil
}

// isCredential reports whether text can be sent as it is.
func isCredential(text string) bool {
	return strings.TrimSpace(text) == text && !strings.ContainsFunc(text, unicode.IsControl)
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
	return fault.Usagef("the base URL %s comes from %s, and the credentials (%s) come from the environment: hookctl does not send them there", base.Value, base.Source, strings.Join(variables, ", ")).
		WithCode("base-url-from-file").
		WithHint("if they belong to that address: export %s=%s\nif not: unset %s, then store the right ones: hookctl login %s",
			name, term.ShellWord(base.Value), unset, d.Name)
}

// sameBaseURL reports whether two base URLs lead to the same place.
func sameBaseURL(a, b string) bool {
	place := func(text string) string {
		origin, err := httpx.Origin(text)
		u, uerr := url.Parse(text)
		if err != nil || uerr != nil {
			return ""
		}
		return origin + strings.TrimRight(u.EscapedPath(), "/")
	}
	return place(a) != "" && place(a) == place(b)
}

// credentialVariables are the variables of d that are set in the environment.
func (a *app) credentialVariables(d *provider.Driver) []string {
	var set []string
	for _, f := range d.Credentials {
		for _, name := range f.Env {
			if a.env.Getenv(name) != "" {
				set = append(set, name)
			}
		}
	}
	return set
}
