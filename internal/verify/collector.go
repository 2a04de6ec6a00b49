package verify

import (
	"sync/atomic"

	"github.com/hookctl/hookctl/internal/signature"
)

// explainable reports whether a failure can have a cause worth looking for.
func explainable(r signature.Reason) bool {
	switch r {
	case signature.Mismatch, signature.NoSignature, signature.Malformed, signature.Conflicting:
		return true
	}
	return false
}

// collector takes chunks in order and does what depends on that order.
type collector struct {
	engine    *Engine
	summary   *Summary
	diagnosed atomic.Int64 // failures that were explained and emitted
}

func (c *collector) collect(chunk *Chunk) {
	dropped := false
	for i := range chunk.Results {
		r, f := &chunk.Results[i], &chunk.facts[i]
		if explainable(r.Reason) {
			if c.diagnosed.Load() < int64(c.engine.o.Diagnoses) {
				c.diagnosed.Add(1)
			} else {
				dropped = dropped || r.Diagnosis != nil
				r.Diagnosis = nil
				c.summary.Undiagnosed++
			}
		}
		c.summary.add(r, *f)
	}
	for _, p := range chunk.Passed {
		c.summary.Passed.Add(p)
	}
	c.summary.Bytes += int64(chunk.Bytes)
	if dropped && c.engine.o.Lines {
		chunk.encode(c.engine.o.Failing)
	}
}
