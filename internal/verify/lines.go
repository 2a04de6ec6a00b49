package verify

import (
	"bytes"
	"fmt"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/signature"
)

// What Options.Pass may be.
const (
	PassValid   = "valid"
	PassInvalid = "invalid"
)

// line does what the options ask for with an input line; its results are those
// from the index from on. It returns where those of the next line begin.
func (w *worker) line(c *Chunk, b *capture.Batch, from int, r *capture.Request, tells error) int {
	switch o := &w.e.o; {
	case o.Pass != "" && tells == recorded.ErrLinePart: // of one that is unreadable
		if c.Continues = o.Pass == PassInvalid; c.Continues {
			c.pass(r.Line)
		}
	case o.Pass != "":
		if from < len(c.Results) && passes(c, from) == (o.Pass == PassValid) {
			c.pass(r.Line)
		}
	case o.EachLine && tells == recorded.ErrEndOfLine:
		c.join(b, from, r)
	}
	return len(c.Results)
}

// passes reports whether a line is good: all of its deliveries are valid, and
// nobody can read another body in one of them.
func passes(c *Chunk, from int) bool {
	for i := from; i < len(c.Results); i++ {
		if !c.Results[i].Valid || c.facts[i].ambiguous {
			return false
		}
	}
	return true
}

// pass adds a line to Input, to the same piece where it stands behind the last one.
func (c *Chunk) pass(line []byte) {
	if n := len(c.Input); n > 0 && len(line) > 0 {
		last := c.Input[n-1]
		if end := len(last); cap(last) > end && &last[:end+1][end] == &line[0] && cap(last)-end >= len(line) {
			c.Input[n-1] = last[:end+len(line)]
			return
		}
	}
	c.Input = append(c.Input, line)
}

// join makes one result of those of a line: the first that is not valid, else the
// first.
func (c *Chunk) join(b *capture.Batch, from int, r *capture.Request) {
	results, all := c.Results[from:], c.facts[from:]
	if len(results) == 0 {
		note := "this line holds no delivery"
		if len(bytes.TrimSpace(r.Line)) == 0 {
			note = "this line is blank"
		}
		c.Results = append(c.Results, Result{Source: r.Source, Reason: signature.Unreadable, Format: b.Format, Notes: []string{note}})
		c.facts = append(c.facts, facts{})
		return
	}
	pick, invalid := 0, 0
	for i := len(results) - 1; i >= 0; i-- {
		if !results[i].Valid {
			pick = i
			invalid++
		}
	}
	results[0], all[0] = results[pick], all[pick]
	if len(results) > 1 {
		results[0].Notes = append(results[0].Notes[:len(results[0].Notes):len(results[0].Notes)],
			fmt.Sprintf("one of %d deliveries in this line; %d of them are not valid", len(results), invalid))
	}
	clear(results[1:])
	c.Results, c.facts = c.Results[:from+1], c.facts[:from+1]
}
