package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// profiles are those that config.yaml, the secrets and the credentials name,
// and the current one, by name. Files that cannot be read are warned of: they
// may name another one.
func (a *app) profiles(ctx context.Context) ([]view.Profile, error) {
	byName := map[string]*view.Profile{}
	at := func(name string) *view.Profile {
		if byName[name] == nil {
			byName[name] = &view.Profile{Name: name, Credentials: []string{}}
		}
		return byName[name]
	}
	at(a.cfg.Profile()).Current = true
	for _, name := range a.cfg.Profiles() {
		at(name).Configured = true
	}
	recs, err := a.records(ctx, true)
	if err != nil {
		return nil, err
	}
	for _, r := range recs {
		at(r.Profile).Secrets++
	}
	creds, err := a.keptCredentials(ctx, true)
	if err != nil {
		return nil, err
	}
	for _, c := range creds {
		if p := at(c.Profile); !slices.Contains(p.Credentials, c.Provider) {
			p.Credentials = append(p.Credentials, c.Provider)
		}
	}
	return each(slices.Sorted(maps.Keys(byName)), func(name string) view.Profile { return *byName[name] }), nil
}

// profile is the one of that name among those there are. It is an error of kind
// Usage for a name that none can have.
func (a *app) profile(ctx context.Context, name string) (p view.Profile, known bool, err error) {
	if err := config.CheckProfile(name); err != nil {
		return view.Profile{}, false, err
	}
	list, err := a.profiles(ctx)
	if err != nil {
		return view.Profile{}, false, err
	}
	i := slices.IndexFunc(list, func(p view.Profile) bool { return p.Name == name })
	if i < 0 {
		return view.Profile{Name: name, Credentials: []string{}}, false, nil
	}
	return list[i], true, nil
}

// profileNames are the profiles that there are: default, and those that have
// settings, credentials, secrets or operations in the journal.
func (a *app) profileNames(ctx context.Context) ([]string, error) {
	names := append(a.cfg.Profiles(), config.DefaultProfile)
	recs, _, err := a.store.List(ctx)
	names = append(names, each(recs, func(r secret.Record) string { return r.Profile })...)
	creds, _, cerr := a.store.ListCredentials(ctx)
	names = append(names, each(creds, func(c secret.Credential) string { return c.Profile })...)
	pending, _, jerr := a.journal.List(ctx)
	names = append(names, each(pending, func(p secret.OpenOperation) string { return p.Intent.Profile })...)
	slices.Sort(names)
	return slices.Compact(names), errors.Join(err, cerr, jerr)
}

// checkProfile refuses a profile that there is not to a command that changes
// something: a slip of the hand would make it, and keep a secret where nobody
// looks for it. One that only reads is told.
func (a *app) checkProfile(ctx context.Context, changes bool) error {
	name := a.cfg.Profile()
	if name == config.DefaultProfile || slices.Contains(a.cfg.Profiles(), name) {
		return nil
	}
	names, err := a.profileNames(ctx)
	if slices.Contains(names, name) {
		return nil
	}
	if !changes {
		meant := ""
		if close := term.Nearest(name, names, mostSuggestions); len(close) > 0 {
			meant = " Did you mean: " + strings.Join(close, ", ") + "?"
		}
		a.note("There is no profile %s (%s): it has no settings, credentials or secrets.%s", name, a.cfg.ProfileSetting().Source, meant)
		return nil
	}
	if err != nil { // it may be in what could not be looked at
		return err
	}
	made := fmt.Sprintf("to create it: hookctl profile create %[1]s, or hookctl login %[2]s --profile %[1]s", name, a.env.Drivers[0].Name)
	return fault.Usagef("there is no profile %q (%s), so nothing was done", name, a.cfg.ProfileSetting().Source).
		WithCode("unknown-profile").WithHint("%s", near(name, names)+made)
}

// unknownProfile is the error for a name that no profile on this machine has; instead
// is what to do then.
func (a *app) unknownProfile(ctx context.Context, name, instead string) error {
	names, _ := a.profileNames(ctx) // the suggestion is not what the error is about
	return fault.Usagef("there is no profile %q", name).WithCode("unknown-profile").
		WithHint("%s%sto see all profiles: hookctl profile list", near(name, names), instead)
}

// useProfile makes a profile the one that is used where nothing names another.
func (a *app) useProfile(name string) error {
	err := a.cfg.UseProfile(name)
	if s := a.cfg.ProfileSetting(); err == nil && s.Value != name {
		a.warnOverridden(s.Source, s.Value)
	}
	return err
}

// warnOverridden says that a flag or a variable goes before what was just written
// to the file.
func (a *app) warnOverridden(source, value string) {
	if strings.HasPrefix(source, "flag ") || strings.HasPrefix(source, "environment ") {
		a.warn(fmt.Sprintf("warning: %s overrides the file, and is %q", source, value))
	}
}
