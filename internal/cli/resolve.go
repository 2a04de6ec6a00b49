package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// candidate is one webhook that a <webhook> argument may mean.
type candidate struct {
	provider, id, name string
	elsewhere          bool   // it is not at the base URL in force: one that is there is meant
	gone               string // "deleted" or "disabled": a living one of the same name is meant

	url, origin, created string // for people, who have to choose; the origin is "" for the provider's own
}

// line describes c to people who have to choose.
func (c candidate) line() string {
	text := c.provider + "/" + c.id
	if c.origin != "" {
		text += " at " + c.origin
	}
	if c.url != "" {
		text += ", " + c.url
	}
	if c.created != "" {
		text += ", created " + c.created
	}
	if c.gone != "" {
		text += ", " + c.gone
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
}

// keptCandidate is the webhook of a record.
func (a *app) keptCandidate(r secret.Record) candidate {
	c := candidate{provider: r.Provider, id: r.ID, name: r.Name, elsewhere: !a.atBaseURL(r), url: r.URL, origin: a.foreignTo(r.Provider, r.Origin)}
	if !r.CreatedAt.IsZero() {
		c.created = r.CreatedAt.UTC().Format(time.RFC3339)
	}
	if !r.DeletedAt.IsZero() {
		c.gone = "deleted"
	}
	return c
}

// listedCandidate is a webhook of the list of d, at the base URL in force.
func (a *app) listedCandidate(d *provider.Driver, w provider.Webhook) candidate {
	c := candidate{provider: d.Name, id: w.ID, name: text(w.Name), url: text(w.URL), origin: a.elsewhere(d), created: text(w.CreatedAt)}
	if w.Status != nil && *w.Status == provider.Disabled {
		c.gone = "disabled"
	}
	return c
}

// narrow keeps what fits, unless that is nothing.
func narrow[T any](all []T, fits func(T) bool) []T {
	if some := slices.DeleteFunc(slices.Clone(all), func(x T) bool { return !fits(x) }); len(some) > 0 {
		return some
	}
	return all
}

func errNoName() error {
	return fault.Usagef("the webhook's name is empty").WithHint("name it as provider/id, by its id, or by its name: hookctl list shows them")
}

// pick finds the one candidate that ref means: provider/id, an id, a name, or,
// if prefix is allowed, the beginning of an id. Of several, those at the base URL
// in force are meant, and then those that are not gone. More than one is an error
// that lists them; none is -1.
func (a *app) pick(ref string, all []candidate, prefix bool) (int, error) {
	if ref == "" {
		return -1, errNoName()
	}
	tests := []func(candidate) bool{
		func(c candidate) bool { return a.qualified(ref, c, func(id string) bool { return c.id == id }) },
		func(c candidate) bool { return c.id == ref },
		func(c candidate) bool { return c.name == ref },
	}
	if prefix {
		tests = append(tests,
			func(c candidate) bool { return strings.HasPrefix(c.id, ref) },
			func(c candidate) bool {
				return a.qualified(ref, c, func(id string) bool { return id != "" && strings.HasPrefix(c.id, id) })
			})
	}
	for _, fits := range tests {
		found := []int{}
		for i, c := range all {
			if fits(c) {
				found = append(found, i)
			}
		}
		found = narrow(found, func(i int) bool { return !all[i].elsewhere })
		found = narrow(found, func(i int) bool { return all[i].gone == "" })
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			var names, lines []string
			for _, i := range found {
				names = append(names, all[i].provider+"/"+all[i].id)
				lines = append(lines, "\n"+all[i].line())
			}
			return -1, fault.Usagef("%q means %d webhooks: %s%s", ref, len(found), strings.Join(names, ", "), strings.Join(lines, "")).
				WithCode("ambiguous").WithHint("name one of them as provider/id")
		}
	}
	return -1, nil
}

// meant is the hint on a ref that means none of all: the webhooks whose id it
// begins, else those of nearly that name, else where to look.
func (a *app) meant(ref string, all []candidate) string {
	const most = 3
	var begun, named []string
	for _, c := range all {
		switch full := c.provider + "/" + c.id; {
		case strings.HasPrefix(c.id, ref), a.qualified(ref, c, func(id string) bool { return id != "" && strings.HasPrefix(c.id, id) }):
			begun = append(begun, full)
		case c.name != "" && (strings.EqualFold(strings.TrimSpace(c.name), strings.TrimSpace(ref)) || len(ref) > 2 && strings.Contains(strings.ToLower(c.name), strings.ToLower(ref))):
			named = append(named, fmt.Sprintf("%q (%s)", c.name, full))
		}
	}
	switch {
	case len(begun) > 0 && len(begun) <= most:
		return "the beginning of an id is enough to look at a webhook, not to change it: name it in full: " + strings.Join(begun, ", ")
	case len(begun) == 0 && len(named) > 0 && len(named) <= most:
		return "did you mean " + strings.Join(named, ", ") + "?"
	}
	return "see which there are, with whole ids: hookctl list -o name"
}

// qualified reports whether ref is c's provider (or an alias), a slash, and an
// id that fits.
func (a *app) qualified(ref string, c candidate, fits func(string) bool) bool {
	name, id, ok := strings.Cut(ref, "/")
	if !ok {
		return false
	}
	d, err := a.env.Drivers.Find(name)
	return err == nil && d.Name == c.provider && fits(id)
}

// records lists what is kept of the current profile (of all profiles where all
// is set), warning of files that could not be read.
func (a *app) records(ctx context.Context, all bool) ([]secret.Record, error) {
	recs, problems, err := a.store.List(ctx)
	if err != nil {
		return nil, err
	}
	a.leftAlone(problems)
	var out []secret.Record
	for _, r := range recs {
		if all || r.Profile == a.cfg.Profile() {
			out = append(out, r)
		}
	}
	return out, nil
}

// keptCredentials is records for the credentials.
func (a *app) keptCredentials(ctx context.Context, all bool) ([]secret.Credential, error) {
	creds, problems, err := a.store.ListCredentials(ctx)
	if err != nil {
		return nil, err
	}
	a.leftAlone(problems)
	var out []secret.Credential
	for _, c := range creds {
		if all || c.Profile == a.cfg.Profile() {
			out = append(out, c)
		}
	}
	return out, nil
}

// leftAlone warns of files of the store that could not be read.
func (a *app) leftAlone(problems []secret.Problem) {
	for _, p := range problems {
		a.warn("warning: " + p.Path + " is left alone: " + p.Err.Error())
	}
}

// keptRecord finds the record that ref means, without its secret.
func (a *app) keptRecord(ctx context.Context, ref string, prefix bool) (secret.Record, error) {
	recs, err := a.records(ctx, false)
	if err != nil {
		return secret.Record{}, err
	}
	return a.pickRecord(ctx, ref, recs, prefix)
}

// pickRecord is keptRecord among these.
func (a *app) pickRecord(ctx context.Context, ref string, recs []secret.Record, prefix bool) (secret.Record, error) {
	all := make([]candidate, len(recs))
	for i, r := range recs {
		all[i] = a.keptCandidate(r)
	}
	i, err := a.pick(ref, all, prefix)
	if err != nil {
		return secret.Record{}, err
	}
	if i < 0 {
		return secret.Record{}, a.notKept(ctx, ref)
	}
	return recs[i], nil
}

// notKept is the error for a webhook that the store has nothing of; a damaged
// file may be why.
func (a *app) notKept(ctx context.Context, ref string) error {
	hint := "see what is kept: hookctl secrets list"
	recs, damaged, err := a.store.List(ctx)
	if err == nil && len(damaged) > 0 {
		hint = plural(len(damaged), "file", "files") + " of the store cannot be read, and it may be in one: hookctl secrets check"
	}
	for _, r := range recs {
		if r.Profile != a.cfg.Profile() && slices.Contains([]string{r.ID, r.Name, r.Provider + "/" + r.ID}, ref) {
			hint = "it belongs to another profile: add --profile " + term.ShellWord(r.Profile)
		}
	}
	return fault.Usagef("no secret is kept for a webhook %q in profile %s", ref, a.cfg.Profile()).WithCode(codeNotKept).WithHint("%s", hint)
}

// completeKept completes the webhooks of the store: local data only.
func (g *globals) completeKept(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return g.completeRecords(cmd, typed, func(secret.Record) bool { return true })
}

// completeLiving is completeKept without those that were deleted through hookctl.
func (g *globals) completeLiving(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return g.completeRecords(cmd, typed, func(r secret.Record) bool { return r.DeletedAt.IsZero() })
}

func (g *globals) completeRecords(cmd *cobra.Command, typed string, offer func(secret.Record) bool) ([]string, cobra.ShellCompDirective) {
	a, err := g.settings()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	recs, _, err := a.store.List(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, r := range recs {
		if r.Profile != a.cfg.Profile() || !offer(r) {
			continue
		}
		word := r.Provider + "/" + r.ID
		if strings.HasPrefix(r.ID, typed) && typed != "" {
			word = r.ID
		}
		if r.Name != "" && typed != "" && strings.HasPrefix(r.Name, typed) {
			word = r.Name
		}
		if word = completable(word); word != "" {
			out = append(out, cobra.CompletionWithDesc(word, completionText(r.Name+" "+r.URL)))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
