package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// atOnce is how many changes are under way at one provider. WundertreOS allows
// 60 requests in 60 seconds: more at once would only wait.
const atOnce = 4

// A provider that goes on answering 429 when httpx has given up is asked again
// after slowDown, so often.
const (
	slowDown  = 15 * time.Second
	slowTries = 12
)

// Runner carries plans out.
type Runner struct {
	Clients   map[string]*custody.Client // by the provider's name
	Store     secret.Store
	KeepGoing bool // do not stop at the first failure
	Sleep     func(context.Context, time.Duration) error
	Notify    func(line string) // one line, told while waiting, one at a time; may be nil
}

// Result says what became of a change.
type Result string

// The results.
const (
	Done     Result = "done"
	Failed   Result = "failed"
	Conflict Result = "conflict" // somebody else changed it since the plan: left alone
	Skipped  Result = "skipped"  // not begun, since something failed before
)

// Outcome is what became of one change.
type Outcome struct {
	Change *Change
	Result Result
	ID     string // of the webhook as it is now; "" where none was made
	Kept   bool   // its secret is kept here
	Sinks  []sink.Result
	Err    error // nil if done or skipped
}

// Run carries the plan out: what a provider is to have first, side by side;
// then, if all of that went well, what is to be deleted. It stops at the first
// failure unless KeepGoing is set: what is under way is finished, nothing more
// is begun. Outcomes are in the order of the plan.
func (r Runner) Run(ctx context.Context, p *Plan) []Outcome {
	run := &run{Runner: r, out: make([]Outcome, len(p.Changes))}
	for i, c := range p.Changes {
		run.out[i] = Outcome{Change: c, Result: Skipped, ID: c.ID, Kept: c.Kept}
	}
	run.newcomers(ctx)
	for _, deletions := range []bool{false, true} {
		if deletions && run.failed() {
			break // what was to replace it may be missing
		}
		run.phase(ctx, deletions)
	}
	return run.out
}

type run struct {
	Runner
	sinks sync.Mutex // one sink at a time: two may be the same file or command

	mu      sync.Mutex
	out     []Outcome
	stopped bool
}

func (r *run) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// phase carries out the deletions, or everything else.
func (r *run) phase(ctx context.Context, deletions bool) {
	queues := map[string][]int{}
	for i, o := range r.out {
		if (o.Change.Action == Delete) == deletions && o.Result == Skipped {
			name := o.Change.Driver.Name
			queues[name] = append(queues[name], i)
		}
	}
	var wg sync.WaitGroup
	for _, queue := range queues {
		next := make(chan int, len(queue))
		for _, i := range queue {
			next <- i
		}
		close(next)
		for range min(atOnce, len(queue)) {
			wg.Go(func() {
				for i := range next {
					if ctx.Err() != nil || r.failed() && !r.KeepGoing {
						return
					}
					r.finish(i, r.one(ctx, r.out[i]))
				}
			})
		}
	}
	wg.Wait()
}

func (r *run) finish(i int, o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out[i] = o
	r.stopped = r.stopped || o.Err != nil
}

// newcomers finds webhooks that appeared since the plan and fit what it would
// create.
func (r *run) newcomers(ctx context.Context) {
	lists := map[string][]provider.Webhook{}
	for i, o := range r.out {
		c := o.Change
		if c.Action != Create {
			continue
		}
		rows, asked := lists[c.Driver.Name]
		if !asked {
			var err error
			rows, err = patiently(ctx, r, func() ([]provider.Webhook, error) { return r.Clients[c.Driver.Name].List(ctx) })
			if err != nil {
				o.Result, o.Err = Failed, err
				r.finish(i, o)
				return
			}
			lists[c.Driver.Name] = rows
		}
		for _, w := range rows {
			if c.known[w.ID] || w.Is(provider.Disabled) {
				continue
			}
			if c.Name != "" && provider.Text(w.Name) == c.Name || c.Name == "" && provider.SameURL(provider.Text(w.URL), c.URL) {
				o.Result, o.ID = Conflict, w.ID
				o.Err = conflict(c, "somebody else has created it since the plan: %s", c.Driver.Name+"/"+w.ID)
				r.finish(i, o)
			}
		}
	}
}

// one carries out one change.
func (r *run) one(ctx context.Context, o Outcome) Outcome {
	c := o.Change
	var err error
	if c.Action != Create && c.Action != Adopt {
		err = r.unchanged(ctx, c)
	}
	if err == nil {
		switch c.Action {
		case Create:
			err = r.create(ctx, c, &o)
		case Update:
			err = r.update(ctx, c)
		case Replace:
			err = r.replace(ctx, c, &o)
		case Delete:
			_, err = patiently(ctx, r, func() (any, error) { return nil, r.Clients[c.Driver.Name].Delete(ctx, c.ID) })
		case Adopt:
			err = r.manage(ctx, c, c.ID)
		}
	}
	switch {
	case err == nil:
		o.Result = Done
	case fault.Code(err) == codeConflict:
		o.Result, o.Err = Conflict, err
	default:
		o.Result, o.Err = Failed, fmt.Errorf("%s %s: %w", c.Action, title(c.Driver.Name, c.Name), err)
	}
	return o
}

const codeConflict = "conflict"

func conflict(c *Change, format string, args ...any) error {
	return fault.Errorf(fault.Refused, "%s %s: %s", c.Action, title(c.Driver.Name, c.Name), fmt.Sprintf(format, args...)).
		WithCode(codeConflict).WithHint("nothing was overwritten; check the webhook, then run apply again, which makes a new plan")
}

// unchanged reports a conflict where the webhook is not as the plan saw it.
func (r *run) unchanged(ctx context.Context, c *Change) error {
	now, err := patiently(ctx, r, func() (provider.Webhook, error) { return r.Clients[c.Driver.Name].Get(ctx, c.ID) })
	switch {
	case fault.Code(err) == "not-found":
		return conflict(c, "somebody else has deleted %s since the plan", c.Ref())
	case err != nil:
		return err
	}
	if what := c.live.Changed(now); len(what) > 0 {
		return conflict(c, "somebody else has changed %s since the plan: %s", c.Ref(), strings.Join(what, ", "))
	}
	return nil
}

func (r *run) create(ctx context.Context, c *Change, o *Outcome) error {
	client := r.Clients[c.Driver.Name]
	made, err := patiently(ctx, r, func() (custody.Created, error) {
		return client.CreateUnless(ctx, c.entry.spec(), r.oneByOne(c.entry.Sinks), func() (bool, error) {
			rec, there, err := client.MadeSince(ctx, c.Name, c.URL)
			if there {
				err = conflict(c, "another process has created it since the plan: %s", rec.Provider+"/"+rec.ID)
			}
			return there, err
		})
	})
	return r.made(ctx, c, o, made, err)
}

// made notes a webhook that custody made: err may say that it is there, and
// something after it failed.
func (r *run) made(ctx context.Context, c *Change, o *Outcome, made custody.Created, err error) error {
	if !made.Kept {
		return err
	}
	o.ID, o.Kept, o.Sinks = made.Record.ID, true, made.Sinks
	return fault.Worst(err, r.manage(ctx, c, made.Record.ID))
}

func (r *run) replace(ctx context.Context, c *Change, o *Outcome) error {
	s := c.entry.spec()
	if c.entry.Name == "" {
		s.Name = c.Name // not for the manifest to say: it stays
	}
	client := r.Clients[c.Driver.Name]
	var made custody.Created
	_, err := patiently(ctx, r, func() (_ any, err error) {
		if made.Kept { // only the old one is left to be removed
			return nil, client.ReplaceOn(ctx, c.live, &made)
		}
		made, err = client.Replace(ctx, custody.OpReplace, c.live, s, r.oneByOne(c.entry.Sinks), false)
		return nil, err
	})
	return r.made(ctx, c, o, made, err)
}

// update sends what differs, and looks at the result.
func (r *run) update(ctx context.Context, c *Change) error {
	var ch provider.Change
	w := c.entry
	for _, f := range c.Fields {
		switch f.Name {
		case "name":
			ch.Name = &w.Name
		case "url":
			ch.URL = &w.URL
		case "events":
			ch.Events = w.Events
		case "timeout":
			ch.Timeout = w.Timeout
		case "auth":
			ch.AuthType, ch.AuthData = &w.Auth.Type, w.Auth.Data
		}
	}
	got, err := patiently(ctx, r, func() (provider.Webhook, error) { return r.Clients[c.Driver.Name].Update(ctx, c.live, ch) })
	if err != nil {
		return err
	}
	err = r.manage(ctx, c, c.ID)
	if what := ch.Missed(got); len(what) > 0 && err == nil {
		err = conflict(c, "%s accepted the change, but returned other values than were sent: %s", c.Driver.Title, strings.Join(what, ", "))
	}
	return err
}

// manage marks the record of a webhook, if there is one, as hookctl's to delete.
func (r *run) manage(ctx context.Context, c *Change, id string) error {
	keep := context.WithoutCancel(ctx)
	rec, err := r.Store.Get(keep, secret.Ref{Provider: c.Driver.Name, ID: id})
	if errors.Is(err, secret.ErrNotFound) && c.Action == Update {
		return nil // not kept here, as the plan says
	}
	if err == nil {
		rec.Managed, rec.DeletedAt = true, time.Time{}
		err = r.Store.Put(keep, rec)
	}
	if err != nil {
		return fmt.Errorf("cannot mark the record of %s/%s as managed: %w", c.Driver.Name, id, err)
	}
	return nil
}

// patiently does do, again while the provider answers that there are too many
// requests: those were not processed.
func patiently[T any](ctx context.Context, r *run, do func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		got, err := do()
		if err == nil || fault.Code(err) != "rate-limited" || try == slowTries {
			return got, err
		}
		r.tell(fmt.Sprintf("the provider's rate limit is reached; continuing in %s", slowDown))
		if r.Sleep(ctx, slowDown) != nil {
			return got, err
		}
	}
}

func (r *run) tell(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Notify != nil {
		r.Notify(line)
	}
}

// oneByOne fills one of the sinks at a time.
func (r *run) oneByOne(sinks []sink.Sink) []sink.Sink {
	out := make([]sink.Sink, len(sinks))
	for i, s := range sinks {
		out[i] = lockedSink{s, &r.sinks}
	}
	return out
}

type lockedSink struct {
	sink.Sink
	mu *sync.Mutex
}

func (t lockedSink) Put(ctx context.Context, it sink.Item) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Sink.Put(ctx, it)
}
