package cli

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/view"
)

func newProfileCmd(g *globals) *cobra.Command {
	return g.group(&cobra.Command{
		Use:     "profile",
		Short:   "Several accounts side by side",
		GroupID: groupSetup,
		Long: `A profile is an account of yours: its settings in config.yaml, its credentials,
and the webhooks that were made with them. --profile and HOOKCTL_PROFILE choose
one for a command; 'hookctl profile use' chooses the one that is used without
them. Where nothing does, it is the profile "default".`,
		Example: `  hookctl profile create work --use
  hookctl login zyntro
  hookctl profile list`,
	},
		newProfileListCmd(g),
		newProfileUseCmd(g),
		newProfileCreateCmd(g),
		newProfileRemoveCmd(g),
	)
}

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
	list := make([]view.Profile, 0, len(byName))
	for _, p := range byName {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b view.Profile) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
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

// completeProfiles completes the names of profiles, from what is on this
// machine.
func (g *globals) completeProfiles(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	a, err := g.settings()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := a.cfg.Profiles()
	// What cannot be read is not worth failing for here, nor a word.
	recs, _, _ := a.store.List(cmd.Context())
	for _, r := range recs {
		names = append(names, r.Profile)
	}
	creds, _, _ := a.store.ListCredentials(cmd.Context())
	for _, c := range creds {
		names = append(names, c.Profile)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return completable(name) == "" })
	return names, cobra.ShellCompDirectiveNoFileComp
}
