// Package verify judges recorded deliveries in batches: captures in, verdicts
// out, in input order, on all cores, in constant memory. Package diagnosis says
// why a signature failed; it never changes a verdict.
package verify

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/diagnosis"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// What a verdict and its explanation are both made with.
type (
	Candidate = diagnosis.Candidate
	Provider  = diagnosis.Provider
	Finding   = diagnosis.Finding
)

// Options configure an [Engine].
type Options struct {
	// Providers in the order of detection. With several, a delivery belongs to
	// those whose signature headers it has; with one, all deliveries are its.
	Providers []Provider
	// Excluded are providers that no delivery is taken to be of: one without a
	// signature that carries a header of theirs is told so.
	Excluded []Provider
	// Candidates are the secrets to try, the newest first.
	Candidates []Candidate
	// Chosen says which secret the candidates are, where the caller was told to try no
	// other, e.g. "the given secret"; for the results of those that do not match.
	Chosen string
	// Keyless says that there need be no candidate: a delivery with a signature is
	// then one without a secret.
	Keyless bool
	// Others are secrets that are never accepted, and looked at only to explain
	// a failure: see [diagnosis.Explainer].
	Others func() []Candidate
	// Headers are set on every delivery, in place of lines of the same name.
	Headers []capture.Field
	// Signature is a bare signature for every delivery: headers are not asked.
	Signature string
	// MaxAge, where positive, rejects valid deliveries whose body states a time
	// further than that from Now in either direction, or states none.
	MaxAge time.Duration
	Now    func() time.Time // needed with MaxAge
	// Workers is how many goroutines decode and verify; 0 is one per core.
	Workers int
	// Diagnoses is how many failures are explained, from the first on: 0 is
	// [DefaultDiagnoses], negative is none.
	Diagnoses int
	// Lines asks for Chunk.Lines.
	Lines bool
	// Failing leaves valid results out of Chunk.Lines.
	Failing bool
	// Pass asks for Chunk.Input: PassValid for the lines whose deliveries are all
	// valid, PassInvalid for the others that hold any. A line whose record has
	// another body that does not say the same is never among the valid ones.
	// It and EachLine need [capture.Options.KeepLines].
	Pass string
	// EachLine makes one result of each input line: valid if all of its deliveries
	// are, unreadable where it holds none.
	EachLine bool
}

// DefaultDiagnoses bounds the work for a batch in which everything fails.
const DefaultDiagnoses = 100

// maxInFlight bounds the bytes of batches that are read and not yet emitted. A
// single larger batch goes alone.
const maxInFlight = 32 << 20

// diagnosisMemory bounds what the diagnoses take that are made at the same time.
const diagnosisMemory = 96 << 20

// Engine judges deliveries. It can be run several times, also at once.
type Engine struct {
	o         Options
	names     []string // of headers that are signatures
	providers []keyedProvider
	chunks    sync.Pool // of *Chunk, emptied
	judges    sync.Pool // of *worker, for Judge
	explainer diagnosis.Explainer
	// diagnosing is what the diagnoses that are made at the same time take.
	diagnosing *budget
}

// keyedProvider is a provider with the secrets that fit it.
type keyedProvider struct {
	Provider
	keys       *signature.KeySet // nil where no secret fits
	candidates []int             // of Options.Candidates, by the key index of keys
	guesses    *guesses          // which of keys to try first
	unusable   error             // what is wrong with the scheme
}

// New checks the options. No candidate at all without Keyless, an unusable secret and unusable
// schemes of all providers are errors of kind Usage; none of them holds a
// secret. Where only some scheme is unusable, deliveries of that provider are
// unreadable, and the others are not concerned.
func New(o Options) (*Engine, error) {
	if len(o.Candidates) == 0 && !o.Keyless {
		of := ""
		if len(o.Excluded) > 0 {
			of = " of " + o.Providers[0].Name
		}
		return nil, fault.Usagef("no secret%s is available to verify with", of).WithCode("no-secret").
			WithHint("give one with --secret-file or --secret-env\nto keep one: hookctl secrets set\nfor a new one of a webhook that exists: hookctl rotate")
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Diagnoses == 0 {
		o.Diagnoses = DefaultDiagnoses
	}
	e := &Engine{o: o, diagnosing: newBudget(diagnosisMemory), chunks: sync.Pool{New: func() any { return new(Chunk) }},
		explainer: diagnosis.Explainer{Providers: o.Providers, Candidates: o.Candidates, Others: o.Others, Signature: o.Signature}}
	for _, p := range o.Providers {
		r := keyedProvider{Provider: p, unusable: p.Scheme.Check()}
		if r.unusable != nil {
			e.providers = append(e.providers, r)
			continue
		}
		var keys []secret.Value
		for i, c := range o.Candidates {
			if c.Fits(p.Name) {
				keys = append(keys, c.Secret)
				r.candidates = append(r.candidates, i)
			}
		}
		if len(keys) > 0 {
			set, err := signature.NewKeySet(p.Scheme, keys)
			var bad *signature.KeyError
			if errors.As(err, &bad) {
				c := o.Candidates[r.candidates[bad.Index]]
				return nil, fault.Usagef("%s: %w", label(c), bad.Err)
			}
			if err != nil {
				return nil, err
			}
			r.keys, r.guesses = set, newGuesses(&r, o.Candidates)
		}
		e.providers = append(e.providers, r)
	}
	for _, p := range slices.Concat(o.Providers, o.Excluded) {
		e.names = append(e.names, p.Scheme.Headers...)
	}
	if len(e.providers) == 0 {
		return nil, fault.Usagef("no provider to verify for")
	}
	for _, p := range e.providers {
		if p.unusable == nil {
			return e, nil
		}
	}
	return nil, e.providers[0].unusable
}

// SignatureHeaders are the names of the headers that carry the providers'
// signatures, for [capture.Options].
func (e *Engine) SignatureHeaders() []string { return e.names }

// Judge is the verdict on one delivery whose body is in memory, without a
// diagnosis. It keeps nothing of r. It can be called several times at once.
func (e *Engine) Judge(r *capture.Request) Result {
	w := e.borrow()
	defer e.judges.Put(w)
	var (
		result Result
		seen   facts
	)
	w.judge(context.Background(), r, &result, &seen)
	w.request, w.asked.Header = nil, nil
	clear(w.asked.values[:cap(w.asked.values)])
	return result
}

// Explain completes Judge's verdict on a delivery: why it failed and, where that
// shows it, whose it is. It takes some milliseconds.
func (e *Engine) Explain(ctx context.Context, r *capture.Request, result *Result) {
	if !explainable(result.Reason) {
		return
	}
	w := e.borrow()
	defer e.judges.Put(w)
	w.detect(w.override(r.Header))
	w.explain(ctx, r, result)
}

// borrow returns a worker that is not busy.
func (e *Engine) borrow() *worker {
	if w, ok := e.judges.Get().(*worker); ok {
		return w
	}
	return newWorker(e, nil)
}

// Payload returns what tells a payload by the signature that the options give
// beside it, for [capture.Options]; nil where they give none. It is not for
// concurrent use.
func (e *Engine) Payload() func(body []byte) bool {
	w := newWorker(e, new(atomic.Int64))
	header := w.override(nil)
	given := e.o.Signature != ""
	for i := range e.providers {
		given = given || w.present(i, header, signed)
	}
	if !given {
		return nil
	}
	w.detect(header)
	return func(body []byte) bool {
		_, verdict := w.held(header, body)
		return verdict.Reason == signature.OK
	}
}

// label names a candidate for people.
func label(c Candidate) string {
	switch {
	case c.Name != "":
		return "the secret of " + c.Name
	case c.ID != "":
		return "the secret of " + c.ID
	}
	return "the given secret"
}

// Chunk is a run of results in input order.
type Chunk struct {
	Results []Result
	// Lines is the results as NDJSON, each with a newline, where Options.Lines asked for it.
	Lines []byte
	// Input is what Options.Pass asked for, in pieces of one line or several.
	// Continues says that it begins inside the line that the chunk before ended with.
	Input     [][]byte
	Continues bool
	// Ended is that of [capture.Batch].
	Ended bool
	// Note tells of an input that was passed over; there are no results then.
	Note string
	// Passed is what was passed over beside deliveries.
	Passed capture.Tally
	// Bytes is about how much input the chunk stands for.
	Bytes int

	facts []facts
}

// reset empties a chunk, so that it can be filled again.
func (c *Chunk) reset() {
	clear(c.Results) // lets go of the texts
	clear(c.Input)
	*c = Chunk{Results: c.Results[:0], Lines: c.Lines[:0], Input: c.Input[:0], Passed: c.Passed[:0], facts: c.facts[:0]}
}

// encode makes Lines.
func (c *Chunk) encode(failing bool) {
	c.Lines = c.Lines[:0]
	for i := range c.Results {
		if r := &c.Results[i]; !failing || !r.Valid {
			c.Lines = append(r.AppendJSON(c.Lines), '\n')
		}
	}
}

// facts is what is known of a result beyond what it shows.
type facts struct {
	when          time.Time
	contradiction bool
	ambiguous     bool
	unusable      error // the scheme that would have to be set right
	// subject is what a companion event has in common with the other one.
	subject   string
	companion bool
}

// job is a batch on its way to a worker and back.
type job struct {
	batch capture.Batch
	chunk chan *Chunk // of capacity 1
}

// Run judges all batches and calls emit for each chunk, in input order, from
// the calling goroutine; a chunk is valid during the call only. Run returns
// the summary of what was emitted, in any case, and an error: emit's own;
// ctx's, at once, when it is cancelled; a batch's; one of kind Usage if nothing
// readable was found. That deliveries are invalid is no error here.
func (e *Engine) Run(ctx context.Context, batches iter.Seq[capture.Batch], emit func(*Chunk) error) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	summary := newSummary()
	c := collector{engine: e, summary: &summary}
	budget := newBudget(maxInFlight)
	jobs := make(chan *job, e.o.Workers)
	queue := make(chan *job, 2*e.o.Workers)

	go func() {
		defer close(jobs)
		defer close(queue)
		for b := range batches {
			if !budget.acquire(ctx, b.Size) {
				return
			}
			j := &job{batch: b, chunk: make(chan *Chunk, 1)}
			for _, to := range []chan *job{queue, jobs} {
				select {
				case to <- j:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	for range e.o.Workers {
		go func() {
			w := newWorker(e, &c.diagnosed)
			for j := range jobs {
				j.chunk <- w.work(ctx, j.batch)
			}
		}()
	}

	for {
		var j *job
		var chunk *Chunk
		var open bool
		select {
		case j, open = <-queue:
		case <-ctx.Done():
		}
		if open {
			select {
			case chunk = <-j.chunk:
			case <-ctx.Done():
			}
		}
		if err := ctx.Err(); err != nil {
			return summary, err
		}
		if !open {
			break
		}
		if j.batch.Err != nil {
			return summary, j.batch.Err
		}
		c.collect(chunk)
		if err := emit(chunk); err != nil {
			return summary, err
		}
		budget.release(j.batch.Size)
		chunk.reset()
		e.chunks.Put(chunk)
	}
	if summary.Total == summary.Reasons[signature.Unreadable] {
		if summary.unusable != nil {
			return summary, summary.unusable
		}
		err := fault.Usagef("no delivery could be read").WithCode("nothing-readable")
		if summary.Total > 0 { // and what was passed over is in the summary
			return summary, err.WithHint("each verdict says why; if one was read as the wrong format, name the right one with --format (see `hookctl help formats`)")
		}
		if len(summary.Passed) > 0 {
			err = fault.Usagef("no delivery could be read: passed over %s", summary.PassedOver()).WithCode("nothing-readable")
		}
		return summary, err.WithHint("name the format with --format; the formats are in `hookctl help formats`")
	}
	return summary, nil
}
