package custody

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/term"
)

// Fill hands the record's secret to every sink, first to those that mask it in a
// log, whatever becomes of the others, and notes in the stored record which of its
// unfilled sinks have it now. The error is of that note alone: the worst that
// follows is that recover names them again.
func Fill(ctx context.Context, store secret.Store, rec secret.Record, sinks []sink.Sink) ([]sink.Result, error) {
	results := make([]sink.Result, len(sinks))
	it := sink.Item{Provider: rec.Provider, ID: rec.ID, Name: rec.Name, Secret: rec.Secret}
	for _, masks := range []bool{true, false} {
		for i, to := range sinks {
			if sink.Masks(to) == masks {
				results[i] = sink.Result{Sink: to.For(it), Err: to.Put(ctx, it)}
			}
		}
	}
	filled := func(name string) bool {
		return slices.ContainsFunc(results, func(r sink.Result) bool { return r.Err == nil && r.Sink == name })
	}
	if !slices.ContainsFunc(rec.Unfilled, filled) {
		return results, nil
	}
	ctx = context.WithoutCancel(ctx)
	now, err := store.Get(ctx, rec.Ref()) // a sink may have taken its time
	if err == nil {
		now.Unfilled = slices.DeleteFunc(now.Unfilled, filled)
		err = store.Put(ctx, now)
	}
	if err != nil {
		err = fmt.Errorf("the sinks have the secret, but the record of %s/%s could not be updated: %w", rec.Provider, rec.ID, err)
	}
	return results, err
}

// SinkError is the error for those sinks that failed, or nil. Where the record says that
// the webhook is gone nobody needs its secret, and the kind is that of the sink's error.
func SinkError(rec secret.Record, results []sink.Result) error {
	names, failed := failures(results)
	if failed == nil {
		return nil
	}
	err := &fault.Error{
		Kind: fault.Custody, Code: "sink-failed",
		Err:  fmt.Errorf("the secret of %s/%s is kept in the store, but was not handed to a sink: %w", rec.Provider, rec.ID, failed),
		Hint: fault.Run("%s", pushTo(rec, names, rec.Profile)).After("fix the cause, then run: "),
	}
	if fault.Code(failed) == sink.CodeUnfit { // there is nothing to mend
		err.Hint = fault.HintOf(failed)
	}
	if !rec.DeletedAt.IsZero() {
		err.Kind, err.Hint = fault.KindOf(failed), fault.Hint{Text: "fix the cause, then try again"}
		err.Err = fmt.Errorf("the secret of %s/%s was not handed to a sink, and the webhook was removed: %w", rec.Provider, rec.ID, failed)
	}
	return err
}

// failures are the sinks that failed, and why.
func failures(results []sink.Result) (names []string, err error) {
	var failed []error
	for _, r := range results {
		if r.Err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", r.Sink, r.Err))
			names = append(names, r.Sink)
		}
	}
	return names, errors.Join(failed...)
}

// pushTo is the command that hands the record's secret to sinks. It names the
// profile unless that and the current one are the default. In place of a sink that
// cannot be that of the webhook it names one that takes any secret.
func pushTo(rec secret.Record, sinks []string, current string) string {
	push := "hookctl secrets push " + rec.Ref().Word()
	for _, s := range sinks {
		if strings.Contains(s, "{{") { // nothing could be made of its fields
			s = "file:hook.secret"
		}
		push += " --to " + term.ShellWord(s)
	}
	if rec.Profile != "" && (rec.Profile != config.DefaultProfile || current != config.DefaultProfile) {
		push += " --profile " + term.ShellWord(rec.Profile)
	}
	return push
}

// CheckSinks is an error if one of the sinks could not take the secret of the item
// now: of one whose secret is not known yet, any secret.
func CheckSinks(ctx context.Context, sinks []sink.Sink, it sink.Item) error {
	for _, to := range sinks {
		if err := to.Check(ctx, it); err != nil {
			return SinkNotReady(to.For(it), err)
		}
	}
	return nil
}

// SinkNotReady is a sink that could not take a secret now: nothing was sent.
func SinkNotReady(to string, err error) error {
	hint := fault.HintOf(err)
	if hint == (fault.Hint{}) {
		hint.Text = "fix the problem that the message names, or choose another sink with --secret-to"
	}
	return &fault.Error{
		Kind: fault.KindOf(err), Code: "sink-not-ready",
		Err:  fmt.Errorf("nothing was sent: the sink %s cannot take a secret now: %w", to, err),
		Hint: hint,
	}
}

// unfilled is what recover finds of a kept secret that its sinks do not have,
// as far as is known. It is named until they have it, or the record is told to
// forget them.
func (r Recovery) unfilled(f Finding, rec secret.Record) Finding {
	if len(rec.Unfilled) == 0 || !rec.DeletedAt.IsZero() { // nobody needs the secret of what is deleted
		return f
	}
	ref := rec.Ref().Word()
	f.Next = pushTo(rec, rec.Unfilled, r.Profile)
	f.Forgettable = true
	f.Detail += "; perhaps not every sink has it; if that does not matter: hookctl recover" + r.Flags + " --forget " + ref
	return f
}

// fromRecords finds the kept secrets that were not handed to their sinks, but
// for those that an operation's finding names already and those of webhooks
// that are gone or that a living process works on.
func (r Recovery) fromRecords(ctx context.Context, found []Finding, live []secret.Intent) ([]Finding, error) {
	kept, _, err := r.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, rec := range kept {
		named := func(f Finding) bool { return f.Forgettable && f.Provider == rec.Provider && f.ID == rec.ID }
		busy := func(in secret.Intent) bool {
			return in.Provider == rec.Provider && in.Name == rec.Name && provider.SameURL(in.URL, rec.URL)
		}
		if slices.ContainsFunc(found, named) || slices.ContainsFunc(live, busy) {
			continue
		}
		f := r.unfilled(Finding{
			Operation: "push", Provider: rec.Provider, Origin: rec.Origin, Name: rec.Name, URL: rec.URL, ID: rec.ID, State: StateKept,
			Detail: "the secret is in the store (" + rec.Fingerprint + ")", Path: rec.Path,
		}, rec)
		if f.Forgettable {
			out = append(out, f)
		}
	}
	return out, nil
}

// Forget lets the record of a finding say that its secret is handed to no sink
// any more.
func (r Recovery) Forget(ctx context.Context, f Finding) error {
	rec, err := r.Store.Get(ctx, secret.Ref{Provider: f.Provider, ID: f.ID})
	if err != nil {
		return err
	}
	rec.Unfilled = nil
	return r.Store.Put(ctx, rec)
}
