package cli

import (
	"net/url"
	"strings"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// baseURL is where d's API is under the settings, and where that is said.
func (a *app) baseURL(d *provider.Driver) config.Setting { return a.cfg.Get(d.Name + ".base-url") }

// elsewhere is the origin of d's base URL, "" where that is the provider's own.
func (a *app) elsewhere(d *provider.Driver) string {
	origin, err := httpx.Origin(a.baseURL(d).Value)
	if err != nil {
		return ""
	}
	return foreign(d, origin)
}

// foreign is origin, "" where it is d's own.
func foreign(d *provider.Driver, origin string) string {
	if own, err := httpx.Origin(d.BaseURL); err == nil && own == origin {
		return ""
	}
	return origin
}

// atBaseURL reports whether the webhook of a record is at the base URL in force.
func (a *app) atBaseURL(r secret.Record) bool {
	for _, d := range a.env.Drivers {
		if d.Name == r.Provider {
			origin, err := httpx.Origin(a.baseURL(d).Value)
			return err == nil && origin == r.Origin
		}
	}
	return false
}

// foreignTo is foreign for the provider of that name; to one that this hookctl
// does not know, every origin is.
func (a *app) foreignTo(name, origin string) string {
	for _, d := range a.env.Drivers {
		if d.Name == name {
			return foreign(d, origin)
		}
	}
	return origin
}

// keptView describes a record without its secret.
func (a *app) keptView(r secret.Record) view.KeptSecret {
	v := view.NewKeptSecret(r)
	v.Elsewhere = a.foreignTo(r.Provider, r.Origin) != ""
	return v
}

// noteElsewhere tells who looks on where d's answers come from, where the result
// itself has no place for it.
func (a *app) noteElsewhere(d *provider.Driver) {
	if origin := a.elsewhere(d); origin != "" && a.env.Streams.ErrTTY {
		a.note("%s is at %s here.", d.Title, origin)
	}
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
