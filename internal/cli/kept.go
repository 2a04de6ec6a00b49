package cli

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// keptView describes a record without its secret.
func (a *app) keptView(r secret.Record) view.KeptSecret {
	v := view.NewKeptSecret(r)
	v.Elsewhere = a.foreignTo(r.Provider, r.Origin) != ""
	return v
}

// records lists what is kept of the current profile (of all profiles where all
// is set), warning of files that could not be read.
func (a *app) records(ctx context.Context, all bool) ([]secret.Record, error) {
	recs, problems, err := a.store.List(ctx)
	if err != nil {
		return nil, err
	}
	roomForRows(a.env, len(recs))
	a.warnUnreadable(problems)
	return slices.DeleteFunc(recs, func(r secret.Record) bool { return !all && r.Profile != a.cfg.Profile() }), nil
}

// keptCredentials is records for the credentials.
func (a *app) keptCredentials(ctx context.Context, all bool) ([]secret.Credential, error) {
	creds, problems, err := a.store.ListCredentials(ctx)
	if err != nil {
		return nil, err
	}
	a.warnUnreadable(problems)
	return slices.DeleteFunc(creds, func(c secret.Credential) bool { return !all && c.Profile != a.cfg.Profile() }), nil
}

// warnUnreadable warns of files of the store that could not be read.
func (a *app) warnUnreadable(problems []secret.Problem) {
	for _, p := range problems {
		a.warn("warning: " + p.Path + " was skipped: " + p.Err.Error())
	}
}

// profilesMeant are those of which something is listed, in words.
func (a *app) profilesMeant(all bool) string {
	if all {
		return "any profile"
	}
	return "profile " + a.cfg.Profile()
}

// keptSecret finds the record that ref means, with its secret.
func (a *app) keptSecret(ctx context.Context, ref string) (secret.Record, error) {
	found, err := a.keptRecord(ctx, ref, true)
	if err != nil {
		return secret.Record{}, err
	}
	return a.store.Get(ctx, found.Ref())
}

// keptRecord finds the record that ref means, without its secret.
func (a *app) keptRecord(ctx context.Context, ref string, prefix bool) (secret.Record, error) {
	rec, ok, err := a.findKept(ctx, ref, prefix)
	if err == nil && !ok {
		err = a.notKept(ctx, ref)
	}
	return rec, err
}

// findKept is keptRecord for who knows what to do where there is none.
func (a *app) findKept(ctx context.Context, ref string, prefix bool) (rec secret.Record, ok bool, err error) {
	if word, id, cut := strings.Cut(ref, "/"); cut { // which comes before all other meanings
		if d, err := a.env.Drivers.Find(word); err == nil {
			if rec, err := a.store.Look(ctx, secret.Ref{Provider: d.Name, ID: id}); err == nil && rec.Profile == a.cfg.Profile() {
				return rec, true, nil
			}
		}
	}
	recs, err := a.records(ctx, false)
	if err != nil {
		return secret.Record{}, false, err
	}
	return a.matchRecord(ref, recs, prefix)
}

// matchRecord is findKept among these.
func (a *app) matchRecord(ref string, recs []secret.Record, prefix bool) (rec secret.Record, ok bool, err error) {
	_, id, cut := strings.Cut(ref, "/")
	var some []int // of very many records, those that it may mean
	var all []candidate
	for i := range recs {
		if r := &recs[i]; r.Name == ref || strings.HasPrefix(r.ID, ref) || cut && strings.HasPrefix(r.ID, id) {
			some, all = append(some, i), append(all, a.keptCandidate(*r))
		}
	}
	i, err := a.match(ref, all, prefix)
	if err != nil || i < 0 {
		return secret.Record{}, false, err
	}
	return recs[some[i]], true, nil
}

// notKept is the error for a webhook that the store has nothing of; a damaged
// file may be why.
func (a *app) notKept(ctx context.Context, ref string) error {
	hint := fault.Hint{Text: "to see all kept secrets: hookctl secrets list" + "\n" + custody.WaysOut().Text + "\nto see the ids: hookctl list"}
	if word, id, ok := strings.Cut(ref, "/"); ok && id != "" {
		if d, err := a.env.Drivers.Find(word); err == nil {
			hint.Text = custody.WaysOut(secret.Ref{Provider: d.Name, ID: id}.Word()).Text + "\nto see all kept secrets: hookctl secrets list"
		}
	}
	hint = a.whyNone(ctx, hint)
	recs, _, _ := a.store.List(ctx)
	var mine []candidate
	for _, r := range recs {
		if r.Profile == a.cfg.Profile() {
			mine = append(mine, a.keptCandidate(r))
		}
	}
	if meant := a.meantWebhooks(ref, mine); meant != "" {
		hint.Text = meant + "\n" + hint.String()
	}
	for _, r := range recs {
		if r.Profile != a.cfg.Profile() && slices.Contains([]string{r.ID, r.Name, r.Provider + "/" + r.ID}, ref) {
			hint = fault.Hint{Text: "it belongs to another profile: use --profile " + term.ShellWord(r.Profile)}
		}
	}
	return fault.Usagef("no secret is kept for a webhook %q in profile %s", ref, a.cfg.Profile()).WithCode(codeNotKept).With(hint)
}

// whyNone is the hint where no secret was found: what the reason may be, if one is
// known, else hint. The end of a sandbox removes its directory.
func (a *app) whyNone(ctx context.Context, hint fault.Hint) fault.Hint {
	if _, damaged, _ := a.store.List(ctx); len(damaged) > 0 {
		return fault.Run("hookctl secrets check").After(term.Plural(len(damaged), "file", "files") + " of the store cannot be read, and the secret may be there: ")
	}
	if _, err := os.Stat(a.dir); a.dir != "" && a.dir == a.env.Getenv(config.EnvDir) && inSandbox(a.env) && errors.Is(err, os.ErrNotExist) {
		return fault.Hint{Text: "the sandbox has stopped, and its secrets are removed\n" + enterOrLeave}
	}
	return hint
}

// shortRef is how a kept webhook is typed: by its name, where that means no other and
// is plain to type.
func (a *app) shortRef(recs []secret.Record, rec secret.Record) string {
	word := term.ShellWord(rec.Name)
	if rec.Name != "" && !strings.HasPrefix(rec.Name, "-") && !strings.HasPrefix(word, `"`) {
		mine := slices.DeleteFunc(slices.Clone(recs), func(r secret.Record) bool { return r.Profile != a.cfg.Profile() })
		if found, ok, err := a.matchRecord(rec.Name, mine, true); ok && err == nil && found.Ref() == rec.Ref() {
			return word
		}
	}
	return rec.Ref().Word()
}

// noteUnkept says what to do about a webhook whose secret is not kept, and which
// others may be taken for it.
func (a *app) noteUnkept(d *provider.Driver, w provider.Webhook, kept map[secret.Ref]secret.Record) {
	if a.out.Format() != render.Table {
		return
	}
	ref := secret.Ref{Provider: d.Name, ID: w.ID}
	if goneFor(d, w) {
		a.note("It is disabled, which is how hookctl deletes webhooks of %s, so it needs no secret. To use it again: hookctl resume %s", d.Title, ref.Word())
		return
	}
	for _, r := range kept {
		if r.Provider == d.Name && r.Name != "" && r.Name == provider.Text(w.Name) {
			a.note("The secret that is kept under this name belongs to another webhook: %s", a.keptCandidate(r).line())
		}
	}
	a.noteWaysOut(ref.Word())
}

// noteWaysOut says what to do about the webhooks refs, whose secrets are not kept.
func (a *app) noteWaysOut(refs ...string) {
	switch len(refs) {
	case 0:
		return
	case 1:
		a.note("The secret of %s is not kept here.", refs[0])
	default:
		a.note("The secrets of %d webhooks are not kept here. For each:", len(refs))
	}
	for line := range strings.SplitSeq(custody.WaysOut(refs...).Text, "\n") {
		a.note("  %s", line)
	}
}

// goneFor reports whether a webhook is as good as deleted.
func goneFor(d *provider.Driver, w provider.Webhook) bool {
	return !d.Deletes && w.Is(provider.Disabled)
}

// codeNotKept is the code of keptRecord's error for a webhook that the store
// does not have.
const codeNotKept = "not-kept"

// withOlder follows Replaces; a loop ends it.
func withOlder(r secret.Record, kept []secret.Record) []secret.Record {
	chain := []secret.Record{r}
	for r.Replaces != nil {
		i := slices.IndexFunc(kept, func(x secret.Record) bool { return x.Ref() == *r.Replaces })
		if i < 0 || slices.ContainsFunc(chain, func(x secret.Record) bool { return x.Ref() == kept[i].Ref() }) {
			break
		}
		r = kept[i]
		chain = append(chain, r)
	}
	return chain
}
