package custody

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// State is what recover found out about one operation.
type State string

// The states; their texts are public.
const (
	StateKept       State = "kept"        // the secret is in the store now
	StateOrphan     State = "orphan"      // the webhook exists, nobody has its secret
	StateNotCreated State = "not-created" // nothing was made
	StateUnknown    State = "unknown"     // cannot be told now
	StateUnreadable State = "unreadable"  // something is on disk that only a person can judge
)

// Finding is what became of one operation, or one webhook that an operation
// may have made.
type Finding struct {
	Operation string
	Provider  string
	Origin    string // where it was begun, or where the webhook is
	Name      string
	URL       string
	ID        string // "" where not known
	State     State
	Next      string // the command to type; "" if nothing is left to do
	Detail    string // one sentence for people
	Path      string // the file that holds what is known
	CreatedAt string // the provider's word, verbatim; may be ""

	// What recovery may do to the webhook when a person says so. It never does
	// either to a webhook of which no finding says that it may.
	Deletable bool
	Rotatable bool // a new webhook with a new secret can take its place

	Forgettable bool // its secret was not handed to every sink
}

// Settled reports whether nothing is left for a person to do.
func (f Finding) Settled() bool {
	return f.Next == "" && (f.State == StateKept || f.State == StateNotCreated)
}

func (u *unsettled) finding(s State, id string) Finding {
	return Finding{Operation: u.Intent.Operation, Provider: u.Intent.Provider, Origin: u.Intent.Origin,
		Name: u.Intent.Name, URL: u.Intent.URL, ID: id, State: s, Path: u.Path}
}

// unreachableFindings are the findings of a group whose provider could not be asked.
func (g *group) unreachableFindings() []Finding {
	out := make([]Finding, len(g.entries))
	for i, u := range g.entries {
		f := u.finding(StateUnknown, "")
		f.Detail = fmt.Sprintf("it is not known whether it exists: %v", g.reason)
		f.Next = u.after(g.reason)
		if hint := fault.HintOf(g.reason).String(); hint != "" {
			f.Detail += " (" + u.typed(hint) + ")"
		}
		if succeeded(u) {
			f.State = StateUnreadable
			f.Detail += "; the part of the answer that arrived is in " + u.place()
		}
		out[i] = f
	}
	return out
}

// after is the `hookctl recover` to type once err is dealt with.
func (u *unsettled) after(err error) string {
	if c := fault.HintOf(err).Command; strings.HasPrefix(c, "hookctl recover ") {
		return c
	}
	return u.again
}

func orphan(u *unsettled, w provider.Webhook, ambiguous bool) Finding {
	f := u.finding(StateOrphan, w.ID)
	f.CreatedAt = provider.Text(w.CreatedAt)
	f.Detail = "it exists at the provider, and its secret is not kept here (the secret is lost, unless another machine made this webhook)"
	if ambiguous {
		f.State = StateUnknown
		f.Detail = "several webhooks match the interrupted create; some may belong to another person or another machine: compare the times before you delete one"
	}
	if succeeded(u) {
		f.Detail += "; first look for the secret in " + u.place() + ", which holds the part of the answer that arrived; if it is there, store it with: " +
			u.typed("hookctl secrets set "+term.ShellWord(u.Intent.Provider+"/"+w.ID))
	}
	ref := secret.Ref{Provider: u.Intent.Provider, ID: w.ID}.Word()
	f.Deletable, f.Next = true, u.again+" --delete "+ref
	// Where it was to replace another one, that one is still there: deleting it
	// brings back what was before.
	if f.State == StateOrphan && u.Intent.Replaces == nil {
		f.Rotatable, f.Next = true, u.again+" --rotate "+ref
		if t := provider.Text(w.AuthType); t != "" && t != "none" {
			f.Next += " --auth-data @FILE"
		}
		f.Detail += "; to remove it instead: " + u.again + " --delete " + ref
	}
	return f
}

// phaseRemoved is of an entry whose webhook was removed because a person said so:
// what arrived of the answer is of no use to anybody.
const phaseRemoved = "removed"

// nothingMade settles an entry whose webhook the list does not show as one
// without a kept secret. If part of a 2xx answer is there, it is settled only
// when the webhook was removed, or, where no secret was found in the part, kept
// otherwise: set by hand, say.
func nothingMade(u *unsettled, since *secret.Record) (Finding, error) {
	removed := func(p secret.Phase) bool { return p.Name == phaseRemoved }
	switch {
	case slices.ContainsFunc(u.Phases, removed):
		f := u.finding(StateNotCreated, "")
		f.Detail = "the webhook was removed"
		return f, u.remove()
	case !succeeded(u):
		f := u.finding(StateNotCreated, "")
		f.Detail = "the provider's list shows no such webhook"
		return f, u.remove()
	case since != nil && u.salvage.IsZero():
		f := u.finding(StateKept, since.ID)
		f.Detail = "the secret is in the store now (" + since.Fingerprint + ")"
		return f, u.remove()
	default:
		f := u.finding(StateUnreadable, "")
		f.Detail = "the provider accepted the create, but its list shows no such webhook; the part of the answer that arrived is in " + u.place()
		f.Next = "read " + term.ShellWord(u.Path) + ", then remove it"
		return f, nil
	}
}

// keptSince is the record of a webhook that fits in and was kept after it was begun.
func keptSince(in secret.Intent, rows []provider.Webhook, kept []secret.Record) *secret.Record {
	for _, w := range candidates(in, rows, nil) {
		for i, r := range kept {
			if r.Provider == in.Provider && r.ID == w.ID && !r.CreatedAt.Before(in.StartedAt) {
				return &kept[i]
			}
		}
	}
	return nil
}

// succeeded reports whether the answer's status line says 2xx, and what follows
// does not say the contrary.
func succeeded(u *unsettled) bool {
	if u.failed {
		return false
	}
	resp, err := httpx.Replay(u.Answer).Do(context.Background(), httpx.Request{Method: "POST", URL: u.Intent.Origin, Cap: httpx.CapCreate})
	status := 0
	var h *httpx.Error
	switch {
	case err == nil:
		status = resp.Status
	case errors.As(err, &h):
		status = h.Status
	}
	return status >= 200 && status < 300
}

// place says where the bytes of the answer are, and how to read them where the
// file alone does not show them.
func (u *unsettled) place() string {
	if !u.Sealed {
		return u.Path
	}
	return fmt.Sprintf("%s (sealed; %s --answer %s prints it)", u.Path, u.again, u.Intent.ID)
}

// stillSealed is the finding of an entry whose answer cannot be opened. Lists
// are not asked: they would show a webhook as one whose secret nobody has,
// although it may well be in there.
func (u *unsettled) stillSealed() Finding {
	f := u.finding(StateUnreadable, "")
	f.Detail = fmt.Sprintf("the part of the answer that arrived is sealed in %s, and cannot be opened now: %v", u.Path, u.AnswerErr)
	f.Next = "fix the problem that the message names, then run: " + u.again
	if errors.Is(u.AnswerErr, secret.ErrLost) {
		f.Next = "if that keyring is lost: remove " + term.ShellWord(u.Path) +
			"; then " + u.typed("`hookctl secrets check --online`") + " names the webhook, if there is one"
	}
	return f
}

// WaysOut is what to do about a webhook whose secret is not kept: it is the same
// wherever that shows. The ref is as it is typed; with several, they are to be done
// for each.
func WaysOut(ref ...string) fault.Hint {
	which := "PROVIDER/ID"
	if len(ref) == 1 {
		which = ref[0]
	}
	return fault.Hint{Text: "if you have the secret: hookctl secrets set " + which + "\nfor a new one: hookctl rotate " + which + " (a new webhook takes its place)"}
}
