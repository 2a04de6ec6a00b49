package verify

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
)

// Bounds of what a summary remembers, so that memory does not grow with the
// input.
const (
	maxSeenIDs = 1 << 20
	maxTypes   = 256
)

// Summary counts what a run has judged, in input order.
type Summary struct {
	Total   int
	Valid   int
	Reasons map[signature.Reason]int // failures only
	// Duplicates are valid deliveries whose event id was seen before: retries,
	// or replays. AtLeast says that the set of seen ids was full and that there
	// may be more.
	Duplicates int
	AtLeast    bool
	// Companions are valid deliveries that tell of the same change as another
	// one, of another type.
	Companions int
	// Types counts valid deliveries by event type; those beyond the first 256
	// types, and those that state none, are under "".
	Types map[string]int
	// First and Last are the span of the times that valid bodies state; zero
	// where none does.
	First, Last time.Time
	// Contradictions are valid deliveries whose unsigned headers say something
	// else than the signed body.
	Contradictions int
	// Ambiguous are valid deliveries whose record holds another body that does not
	// say the same.
	Ambiguous int
	// Assumed names the providers met whose scheme is not documented.
	Assumed []string
	// Undiagnosed are failures beyond the limit of diagnoses.
	Undiagnosed int
	// Causes are those that were found, in the order of their first failure.
	Causes []CauseCount
	// Leading counts, by reason, the likeliest cause of each failure.
	Leading map[signature.Reason]map[string]int
	// Passed counts what was passed over beside deliveries, by kind.
	Passed capture.Tally
	// Bytes is about how much input was judged.
	Bytes int64

	seen     map[uint64]struct{}
	subjects map[uint64]pair
	seed     maphash.Seed
	unusable error // a provider's scheme that was needed
}

// CauseCount is how many failures had a cause, and what mends the first.
type CauseCount struct {
	Cause, Fix string
	N          int
}

func newSummary() Summary {
	return Summary{
		Reasons:  map[signature.Reason]int{},
		Leading:  map[signature.Reason]map[string]int{},
		Types:    map[string]int{},
		seen:     map[uint64]struct{}{},
		subjects: map[uint64]pair{},
		seed:     maphash.MakeSeed(),
	}
}

// pair says which of an event and its companion were seen.
type pair byte

const (
	mainSeen pair = 1 << iota
	companionSeen
	bothSeen = mainSeen | companionSeen
)

// PassedOver lists what was passed over; empty where nothing was.
func (s *Summary) PassedOver() string { return s.Passed.String() }

// Invalid is how many deliveries are not valid.
func (s *Summary) Invalid() int { return s.Total - s.Valid }

// add counts one result.
func (s *Summary) add(r *Result, f facts) {
	s.Total++
	if len(r.Assumed) > 0 {
		s.assumed(r.Provider)
	}
	if f.unusable != nil {
		s.unusable = f.unusable
	}
	if !r.Valid {
		s.Reasons[r.Reason]++
		if len(r.Diagnosis) > 0 {
			if s.Leading[r.Reason] == nil {
				s.Leading[r.Reason] = map[string]int{}
			}
			s.Leading[r.Reason][r.Diagnosis[0].Cause]++
		}
		for _, f := range r.Diagnosis {
			i := slices.IndexFunc(s.Causes, func(c CauseCount) bool { return c.Cause == f.Cause })
			if i < 0 {
				i, s.Causes = len(s.Causes), append(s.Causes, CauseCount{Cause: f.Cause, Fix: f.Fix})
			}
			s.Causes[i].N++
		}
		return
	}
	s.Valid++
	if f.ambiguous {
		s.Ambiguous++
	}
	if f.contradiction {
		s.Contradictions++
	}
	if !f.when.IsZero() {
		if s.First.IsZero() || f.when.Before(s.First) {
			s.First = f.when
		}
		if f.when.After(s.Last) {
			s.Last = f.when
		}
	}
	if _, known := s.Types[r.EventType]; known || len(s.Types) < maxTypes {
		s.Types[r.EventType]++
	} else {
		s.Types[""]++
	}
	s.duplicate(r)
	s.companion(r.Provider, f)
}

// companion counts a pair once, in whichever order its halves come.
func (s *Summary) companion(provider string, f facts) {
	if f.subject == "" {
		return
	}
	id := s.hash(provider, f.subject)
	before, known := s.subjects[id]
	if !known && len(s.subjects) >= maxSeenIDs {
		return
	}
	now := before | mainSeen
	if f.companion {
		now = before | companionSeen
	}
	s.subjects[id] = now
	if now == bothSeen && before != bothSeen {
		s.Companions++
	}
}

// hash makes a short name of two texts.
func (s *Summary) hash(a, b string) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(a)
	h.WriteByte(0)
	h.WriteString(b)
	return h.Sum64()
}

// duplicate keeps hashes, not ids: 64 bits with a random seed make a false
// duplicate less likely than one in ten million runs of the full set.
func (s *Summary) duplicate(r *Result) {
	if r.EventID == "" {
		return
	}
	id := s.hash(r.Provider, r.EventID)
	if _, again := s.seen[id]; again {
		s.Duplicates++
		return
	}
	if len(s.seen) >= maxSeenIDs {
		s.AtLeast = true
		return
	}
	s.seen[id] = struct{}{}
}

// assumed notes a provider whose scheme is a guess.
func (s *Summary) assumed(provider string) {
	if !slices.Contains(s.Assumed, provider) {
		s.Assumed = append(s.Assumed, provider)
	}
}
