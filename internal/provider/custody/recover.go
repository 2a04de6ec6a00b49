package custody

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/internal/raw"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// settleAge is how old an intent must be before an empty list proves that
// nothing was made: lists may lag behind, and a provider may still be busy with
// the request of a process that has died.
const settleAge = 5 * time.Second

// Recovery settles operations that were interrupted or whose outcome is
// unknown. It changes nothing at a provider.
type Recovery struct {
	Store   secret.Store
	Journal *secret.Journal
	Profile string // the current one
	Drivers provider.Registry
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error
	Notify  func(line string)
	// Open returns the client for an entry's provider, profile and origin, or
	// the reason why there is none (no credentials, say).
	Open func(ctx context.Context, in secret.Intent) (*Client, error)
	// DryRun says that nothing is changed, here either: findings say what Run would
	// come to.
	DryRun bool
	// Flags end each `hookctl recover` that a finding names: those that this one needed.
	Flags string

	// Typed is a text with what makes its commands those of a profile; it may be nil.
	Typed func(profile, text string) string
	// SameAccount says that Open's clients are of the account of each operation,
	// although other credentials than theirs may be in use now.
	SameAccount bool
}

// Run settles what it can and returns a finding for each entry of the journal
// and each webhook that one may have made. Entries of living processes are
// left alone. It is idempotent.
func (r Recovery) Run(ctx context.Context) ([]Finding, error) {
	pending, problems, err := r.Journal.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, p := range problems {
		// One that needs only a mode or an owner may hold the only copy of a secret.
		out = append(out, Finding{State: StateUnreadable, Path: p.Path,
			Detail: fmt.Sprintf("%s is not a readable journal entry: %v", p.Path, p.Err),
			Next:   cmp.Or(fault.HintOf(p.Err).Command, "read "+term.ShellWord(p.Path)+", and remove it if it holds no secret")})
	}
	var open []*unsettled
	defer func() {
		for _, u := range open {
			_ = u.entry.Release() // after Remove it does nothing
		}
	}()
	for _, p := range pending {
		if p.Live {
			r.notify("another process (pid %[3]d) is running %[1]s of %[2]s: skipped", p.Intent.Operation, p.Intent.URL, p.Intent.PID)
			continue
		}
		entry, now, err := r.Journal.Claim(ctx, p.Intent.ID)
		switch {
		case errors.Is(err, secret.ErrLive), errors.Is(err, secret.ErrNotFound):
			continue // another process settles it, or has
		case ctx.Err() != nil:
			return out, err
		case err != nil:
			f := (&unsettled{OpenOperation: p}).finding(StateUnknown, "")
			f.Detail, f.Next = fmt.Sprintf("it cannot be settled now: %v", err), "fix the problem that the message names, then run: hookctl recover"+r.Flags
			out = append(out, f)
			continue
		}
		u := &unsettled{OpenOperation: now, entry: entry, dry: r.DryRun, again: "hookctl recover" + r.Flags, typed: func(text string) string { return text }}
		if r.Typed != nil {
			u.typed = func(text string) string { return r.Typed(now.Intent.Profile, text) }
		}
		open = append(open, u)
		f, done, err := r.fromAnswer(ctx, u)
		if err != nil {
			return out, err
		}
		if done {
			u.settled, u.kept = true, f.State == StateKept
			out = append(out, f)
		}
	}
	for _, u := range open {
		if !u.kept || u.done || u.Intent.Replaces == nil {
			continue // the old webhook is the only one with a secret, as far as is known
		}
		old, err := r.settleOld(ctx, u)
		if err != nil {
			return out, err
		}
		out = append(out, old...)
	}
	byList, err := r.fromLists(ctx, open)
	out = append(out, byList...)
	if err != nil {
		return out, err
	}
	live, err := r.underWay(ctx, open)
	if err != nil {
		return out, err
	}
	unfilled, err := r.fromRecords(ctx, out, live)
	return append(out, unfilled...), err
}

// underWay are the operations that other processes are at work on; own are the
// entries that this one has claimed.
func (r Recovery) underWay(ctx context.Context, own []*unsettled) (live []secret.Intent, err error) {
	pending, _, err := r.Journal.List(ctx)
	for _, p := range pending {
		if p.Live && !slices.ContainsFunc(own, func(u *unsettled) bool { return u.Intent.ID == p.Intent.ID }) {
			live = append(live, p.Intent)
		}
	}
	return live, err
}

func (r Recovery) notify(format string, args ...any) {
	if r.Notify != nil {
		r.Notify(fmt.Sprintf(format, args...))
	}
}

// unsettled is an entry that this process has claimed.
type unsettled struct {
	secret.OpenOperation
	entry   *secret.Entry
	settled bool
	kept    bool         // the secret of its webhook is in the store
	done    bool         // the entry is removed
	failed  bool         // the answer is there and says that the create failed
	salvage secret.Value // a secret without an id
	dry     bool         // the entry stays
	again   string       // the next `hookctl recover`

	typed func(text string) string // [Recovery.Typed] for its profile
}

// remove ends the operation.
func (u *unsettled) remove() error {
	if u.dry {
		return nil
	}
	return u.entry.Remove()
}

// fromAnswer settles an entry by what the journal holds of the answer, without
// the network.
func (r Recovery) fromAnswer(ctx context.Context, u *unsettled) (Finding, bool, error) {
	d, err := r.Drivers.Find(u.Intent.Provider)
	if err != nil {
		f := u.finding(StateUnreadable, "")
		f.Detail = fmt.Sprintf("the entry belongs to a provider that this hookctl does not know: %q", u.Intent.Provider)
		f.Next = "use the hookctl that made it"
		return f, true, nil
	}
	if id := keptPhase(u.Phases); id != "" {
		if rec, err := r.Store.Get(ctx, secret.Ref{Provider: d.Name, ID: id}); err == nil {
			f, err := r.kept(u, rec)
			return f, true, err
		}
	}
	if u.AnswerErr != nil {
		return u.stillSealed(), true, nil
	}
	if len(u.Answer) == 0 {
		return Finding{}, false, nil
	}
	wh, value, err := reread(ctx, d, u, r.Now)
	if err != nil {
		// Only an answer that was read can refuse: an adapter that never came
		// to reading it proves nothing.
		if status, certain := outcome(err); certain && status != 0 {
			f := u.finding(StateNotCreated, "")
			f.Detail = fmt.Sprintf("%s refused it: %v", d.Title, err)
			u.done = true
			return f, true, u.remove()
		}
		if reportsFailure(err) {
			u.failed = true
			return Finding{}, false, nil
		}
		wh.ID, value = salvage(u.Answer, d)
	}
	if value.IsZero() {
		return Finding{}, false, nil
	}
	if wh.ID == "" { // a recover before this one may have found it by the list
		if wh.ID, err = r.idOf(ctx, d.Name, value); err != nil {
			return Finding{}, false, err
		}
	}
	if wh.ID == "" {
		u.salvage = value
		return Finding{}, false, nil
	}
	return r.keepFound(ctx, u, wh.ID, value)
}

// idOf is the webhook of which value is the kept secret; "" for none.
func (r Recovery) idOf(ctx context.Context, provider string, value secret.Value) (string, error) {
	kept, _, err := r.Store.List(ctx)
	for _, rec := range kept {
		if rec.Provider != provider || rec.Fingerprint != value.Fingerprint() {
			continue
		}
		if rec, err := r.Store.Get(ctx, rec.Ref()); err == nil && rec.Secret.Equal(value) {
			return rec.ID, nil
		}
	}
	return "", err
}

// reread lets the provider's own client read the answer in the journal. The
// credentials are placeholders: nothing is sent.
func reread(ctx context.Context, d *provider.Driver, u *unsettled, now func() time.Time) (provider.Webhook, secret.Value, error) {
	creds := map[string]secret.Value{}
	for i, f := range d.Credentials {
		if f.Required || i == 0 {
			creds[f.Name] = secret.New("placeholder")
		}
	}
	return provider.Raw(raw.Key{}, d, provider.Access{BaseURL: u.Intent.Origin, PathPrefix: d.PathPrefix, Credentials: creds, HTTP: httpx.Replay(u.Answer), Now: now}).
		Create(ctx, provider.Spec{Name: u.Intent.Name, URL: u.Intent.URL, Events: u.Intent.Events})
}

// keepFound puts a secret from the journal into the store.
func (r Recovery) keepFound(ctx context.Context, u *unsettled, id string, value secret.Value) (Finding, bool, error) {
	ref := secret.Ref{Provider: u.Intent.Provider, ID: id}
	if old, err := r.Store.Get(ctx, ref); err == nil && old.Secret.Equal(value) {
		f, err := r.kept(u, old)
		return f, true, err
	}
	if r.DryRun {
		f := u.finding(StateKept, id)
		f.Detail = "the secret is in " + u.place() + " (" + value.Fingerprint() + "); recover would put it into the store"
		return r.unfilled(f, recordOf(ctx, r.Store, r.Now, u.Intent, id, value)), true, nil
	}
	// Without a Check: it wants more room than a record, and the entry stays
	// until the record is safe.
	rec, err := putRecord(ctx, r.Store, r.Now, u.Intent, id, value)
	if err != nil {
		f := u.finding(StateUnreadable, id)
		f.Detail = fmt.Sprintf("the secret is in %s, but the store could not keep it: %v", u.place(), err)
		f.Next = "fix the problem that the message names, then run: " + u.again
		return f, true, nil
	}
	f, err := r.kept(u, rec)
	return f, true, err
}

func (r Recovery) kept(u *unsettled, rec secret.Record) (Finding, error) {
	f := u.finding(StateKept, rec.ID)
	f.Detail = "the secret is in the store (" + rec.Fingerprint + ")"
	f = r.unfilled(f, rec)
	if u.Intent.Replaces != nil {
		return f, nil // the entry stays until the old webhook is gone
	}
	u.done = true
	return f, u.remove()
}

func keptPhase(phases []secret.Phase) string {
	for _, p := range phases {
		if p.Name == "kept" {
			return p.ID
		}
	}
	return ""
}

// salvage looks for the id and the secret in an answer that does not parse: the
// members of those names that stand there whole. A member that stands there
// twice with different values is not chosen from.
//
// It looks at the bytes as they came, since the head may be wrong about the
// body, and then at the body as the head has it: one in chunks has its chunks'
// sizes between its bytes.
func salvage(answer []byte, d *provider.Driver) (id string, value secret.Value) {
	raw := answer
	if _, after, ok := bytes.Cut(answer, []byte("\r\n\r\n")); ok {
		raw = after
	}
	decoded := httpx.Arrived(answer)
	find := func(member string) secret.Value {
		return cmp.Or(onlyText(raw, member), onlyText(decoded, member))
	}
	return find(d.IDMember).Reveal(), find(d.SecretMember)
}

// onlyText finds `"name" : "text"` in body and returns the text if all
// occurrences agree and it can be a secret, which holds for an id as well.
func onlyText(body []byte, name string) (found secret.Value) {
	for rest := body; ; {
		_, after, ok := bytes.Cut(rest, jsontext.Quote(name))
		if !ok || name == "" {
			return found
		}
		rest = after
		after = after[jsontext.SkipSpace(after, 0):]
		if !bytes.HasPrefix(after, []byte(":")) {
			continue
		}
		after = after[jsontext.SkipSpace(after, 1):]
		if !bytes.HasPrefix(after, []byte(`"`)) || bytes.HasPrefix(after, []byte(`""`)) {
			continue
		}
		end := jsontext.SkipString(after, 0)
		if end < 0 {
			continue
		}
		value, err := secret.FromJSON(after[:end])
		if err != nil || !found.IsZero() && !found.Equal(value) {
			return secret.Value{} // damaged, or one of two
		}
		found = value
	}
}

// group is the unsettled entries that cannot be told apart by what they asked for.
type group struct {
	entries []*unsettled
	client  *Client
	reason  error // why there is no client, or no list
	rows    []provider.Webhook
}

func (g *group) intent() secret.Intent { return g.entries[0].Intent }

// fromLists settles entries without a usable answer by asking the providers
// for their lists, twice where the first look was too early to prove anything.
//
// The lists first, then the journal and last the records: what another process
// had made by then is under way, or kept.
func (r Recovery) fromLists(ctx context.Context, open []*unsettled) ([]Finding, error) {
	groups := groupUnsettled(slices.DeleteFunc(slices.Clone(open), func(u *unsettled) bool { return u.settled }))
	if len(groups) == 0 {
		return nil, nil
	}
	r.look(ctx, groups)
	kept, _, err := r.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	if wait := r.tooEarly(groups, kept); wait > 0 {
		r.notify("waiting %s, because the provider's list may be out of date", wait.Round(time.Second))
		if err := r.Sleep(ctx, wait); err != nil {
			return nil, err
		}
		r.look(ctx, groups)
	}
	live, err := r.underWay(ctx, open)
	if err != nil {
		return nil, err
	}
	if kept, _, err = r.Store.List(ctx); err != nil {
		return nil, err
	}
	var out []Finding
	for _, g := range groups {
		fs, err := r.settleGroup(ctx, g, live, kept)
		out = append(out, fs...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func groupUnsettled(open []*unsettled) []*group {
	var groups []*group
	for _, u := range open {
		i := slices.IndexFunc(groups, func(g *group) bool {
			a, b := g.intent(), u.Intent
			return a.Profile == b.Profile && a.Account == b.Account && alike(a, b)
		})
		if i < 0 {
			i, groups = len(groups), append(groups, &group{})
		}
		groups[i].entries = append(groups[i].entries, u)
	}
	return groups
}

// alike reports whether a list could not tell apart what two operations make.
func alike(a, b secret.Intent) bool {
	return a.Provider == b.Provider && a.Origin == b.Origin &&
		a.Name == b.Name && provider.SameURL(a.URL, b.URL) && provider.SameEvents(a.Events, b.Events)
}

// look fills the rows of every group, with one list call per account.
func (r Recovery) look(ctx context.Context, groups []*group) {
	type account struct{ provider, profile, origin, account string }
	type answer struct {
		client *Client
		rows   []provider.Webhook
		err    error
	}
	seen := map[account]answer{}
	for _, g := range groups {
		in := g.intent()
		key := account{in.Provider, in.Profile, in.Origin, in.Account}
		a, ok := seen[key]
		if !ok {
			a.client, a.err = r.open(ctx, in)
			if a.err == nil {
				a.rows, a.err = a.client.List(ctx)
			}
			seen[key] = a
		}
		g.client, g.rows, g.reason = a.client, a.rows, a.err
	}
}

// tooEarly is how long to wait before an empty result proves anything; 0 if
// nothing hangs on it.
func (r Recovery) tooEarly(groups []*group, kept []secret.Record) time.Duration {
	var wait time.Duration
	for _, g := range groups {
		if g.reason != nil || len(candidates(g.oldest(), g.rows, keptIDs(g.intent().Provider, kept))) >= len(g.entries) {
			continue
		}
		for _, u := range g.entries {
			if age := r.Now().Sub(u.Intent.StartedAt); age >= 0 && age < settleAge {
				wait = max(wait, settleAge-age)
			}
		}
	}
	return wait
}

// oldest is the group's intent with the earliest start.
func (g *group) oldest() secret.Intent {
	in := g.intent()
	for _, u := range g.entries {
		if u.Intent.StartedAt.Before(in.StartedAt) {
			in.StartedAt = u.Intent.StartedAt
		}
	}
	return in
}

func (r Recovery) settleGroup(ctx context.Context, g *group, live []secret.Intent, kept []secret.Record) ([]Finding, error) {
	if g.reason != nil {
		return g.unreachableFindings(), nil
	}
	ids := keptIDs(g.intent().Provider, kept)
	found := candidates(g.oldest(), g.rows, ids)
	if g.reason = unreadableRow(g.rows, ids); g.reason != nil && len(found) < len(g.entries) {
		return g.unreachableFindings(), nil
	}
	if len(found) > 0 && slices.ContainsFunc(live, func(in secret.Intent) bool { return alike(in, g.intent()) }) {
		g.reason = errors.New("another process is creating the same webhook right now")
		return g.unreachableFindings(), nil
	}
	if f, ok, err := r.adoptSalvaged(ctx, g, found); ok || err != nil {
		out := []Finding{f}
		if u := g.entries[0]; err == nil && f.State == StateKept && !u.done && u.Intent.Replaces != nil {
			var old []Finding
			old, err = r.settleOld(ctx, u)
			out = append(out, old...)
		}
		return out, err
	}
	var out []Finding
	for i, w := range found {
		u := g.entries[min(i, len(g.entries)-1)]
		out = append(out, orphan(u, w, len(found) > len(g.entries)))
	}
	for _, u := range g.entries[min(len(found), len(g.entries)):] {
		f, err := nothingMade(u, keptSince(u.Intent, g.rows, kept))
		if err != nil {
			return out, err
		}
		out = append(out, f)
	}
	return out, nil
}

// adoptSalvaged keeps a secret whose id did not arrive, if only one webhook can be meant.
func (r Recovery) adoptSalvaged(ctx context.Context, g *group, found []provider.Webhook) (Finding, bool, error) {
	u := g.entries[0]
	if len(g.entries) != 1 || len(found) != 1 || u.salvage.IsZero() {
		return Finding{}, false, nil
	}
	return r.keepFound(ctx, u, found[0].ID, u.salvage)
}

// Removed notes that the webhook of f, which the operation in may have made, was
// removed: the next Run settles the entry, whatever arrived of the answer.
func (r Recovery) Removed(ctx context.Context, in secret.Intent, f Finding) error {
	if f.State != StateOrphan || in.Replaces != nil && in.Replaces.ID == f.ID {
		return nil
	}
	entry, _, err := r.Journal.Claim(ctx, in.ID)
	if errors.Is(err, secret.ErrNotFound) || errors.Is(err, secret.ErrLive) {
		return nil // settled meanwhile, or about to be
	}
	if err != nil {
		return err
	}
	return errors.Join(entry.Phase(secret.Phase{Name: phaseRemoved, ID: f.ID, At: r.Now().UTC()}), entry.Release())
}
