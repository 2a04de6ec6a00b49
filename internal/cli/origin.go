package cli

import (
	"sync"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
)

// baseURL is where d's API is under the settings, and where that is said.
func (a *app) baseURL(d *provider.Driver) config.Setting { return a.cfg.Get(d.Name + ".base-url") }

// elsewhere is the origin of d's base URL, "" where that is the provider's own.
func (a *app) elsewhere(d *provider.Driver) string {
	origin, err := originOf(a.baseURL(d).Value)
	if err != nil {
		return ""
	}
	return foreign(d, origin)
}

// origins has what originOf told: each row of a list asks for one of the same few.
var origins sync.Map

func originOf(url string) (string, error) {
	if known, ok := origins.Load(url); ok {
		return known.(string), nil
	}
	found, err := httpx.Origin(url)
	if err == nil {
		origins.Store(url, found)
	}
	return found, err
}

// foreign is origin, "" where it is d's own.
func foreign(d *provider.Driver, origin string) string {
	if own, err := originOf(d.BaseURL); err == nil && own == origin {
		return ""
	}
	return origin
}

// atBaseURL reports whether the webhook of a record is at the base URL in force.
func (a *app) atBaseURL(r secret.Record) bool {
	d, err := a.env.Drivers.Find(r.Provider)
	if err != nil {
		return false
	}
	origin, err := originOf(a.baseURL(d).Value)
	return err == nil && origin == r.Origin
}

// foreignTo is foreign for the provider of that name; to one that this hookctl
// does not know, every origin is.
func (a *app) foreignTo(name, origin string) string {
	if d, err := a.env.Drivers.Find(name); err == nil {
		return foreign(d, origin)
	}
	return origin
}

// noteOnce is noteElsewhere above a table, and reports whether the rows need not say
// it: somebody reads that line.
func (a *app) noteOnce(d *provider.Driver) bool {
	if a.out.Format() != render.Table || !a.env.Streams.OutTTY || !a.env.Streams.ErrTTY || a.quiet {
		return false
	}
	a.noteElsewhere(d)
	return true
}

// noteElsewhere tells who looks on where d's answers come from, where the result
// itself has no place for it.
func (a *app) noteElsewhere(d *provider.Driver) {
	if origin := a.elsewhere(d); origin != "" && a.env.Streams.ErrTTY {
		a.note("%s is at %s in this shell.", d.Title, origin)
	}
}
