package deliver

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/term"
)

// Outcome is how an answer compares with the recorded one. Its words are public.
type Outcome string

// The outcomes.
const (
	Same        Outcome = "same"
	Changed     Outcome = "changed"
	NotRecorded Outcome = "not-recorded" // the capture has no answer
	Unreadable  Outcome = "unreadable"   // the recorded answer cannot be read
	Unanswered  Outcome = "unanswered"   // there is nothing to compare: no answer came, or not all of it
)

// Comparison is an answer beside the recorded one.
type Comparison struct {
	Outcome  Outcome
	Was, Now *capture.Answer // nil where there is none
	// Left and Right are the bodies that were compared, unpacked, and no longer than
	// what was recorded of one that was cut.
	Left, Right []byte
	Kind        capture.BodyKind
	Body        []capture.BodyDifference
	Ignored     int   // differences that were left out
	Err         error // of what cannot be read
}

// Cut reports whether the recorded body goes on where the comparison ends.
func (c *Comparison) Cut() bool { return c.Was != nil && c.Was.Cut }

// StatusChanged reports whether the status is another one.
func (c *Comparison) StatusChanged() bool {
	return c.Outcome == Changed && c.Was.Status != c.Now.Status
}

// Expectation compares answers with the recorded ones, and counts.
type Expectation struct {
	Ignore capture.Ignored

	outcomes     map[Outcome]int
	ignored, cut int
	refused      int // not recorded, and no 2xx
	brokeOff     int // began, and did not come to its end
}

// Compare compares how s was answered with what the capture of it has recorded.
func (e *Expectation) Compare(q *capture.Request, s Sent) *Comparison {
	c := &Comparison{Now: s.Answer}
	c.Was, c.Err = capture.AnswerOf(q)
	switch {
	case c.Err != nil:
		c.Outcome = Unreadable
	case s.Answer == nil:
		c.Outcome = Unanswered
	case c.Was == nil:
		c.Outcome = NotRecorded
	default:
		c.compare(e.Ignore)
	}
	e.count(c, s)
	return c
}

func (e *Expectation) count(c *Comparison, s Sent) {
	if e.outcomes == nil {
		e.outcomes = map[Outcome]int{}
	}
	e.outcomes[c.Outcome]++
	e.ignored += c.Ignored
	switch {
	case c.Outcome == NotRecorded && !s.Accepted():
		e.refused++
	case s.Answer == nil && s.Status != 0:
		e.brokeOff++
	case (c.Outcome == Same || c.Outcome == Changed) && c.Cut() && !e.Ignore.All():
		e.cut++
	}
}

// compare compares two answers. Of a recorded body that was cut the rest is not
// known.
func (c *Comparison) compare(ignore capture.Ignored) {
	c.Outcome = Same
	if c.Was.Body != nil {
		c.Left, c.Right = plain(c.Was), plain(c.Now)
		switch {
		case c.Was.Cut && !ignore.All():
			c.Kind, c.Body = c.beginning()
		case !bytes.Equal(c.Left, c.Right):
			c.Kind, c.Body, c.Ignored = capture.CompareAnswers(c.Left, c.Right, ignore)
		case c.Now.Cut && !c.Was.Cut && !ignore.All():
			c.Kind, c.Body = capture.KindBytes, []capture.BodyDifference{{Path: behind(c.Left), Right: more()}}
		}
	}
	if c.Was.Status != c.Now.Status || len(c.Body) > 0 {
		c.Outcome = Changed
	}
}

// beginning compares a body that was cut, byte for byte, with as much of the other
// one. That must go on, too.
func (c *Comparison) beginning() (capture.BodyKind, []capture.BodyDifference) {
	ends := len(c.Right) <= len(c.Left) && !c.Now.Cut
	c.Right = c.Right[:min(len(c.Right), len(c.Left))]
	kind, differences := capture.CompareBodies(c.Left, c.Right)
	if len(differences) == 0 && ends {
		return capture.KindBytes, []capture.BodyDifference{{Path: behind(c.Left), Left: more()}}
	}
	return kind, differences
}

// behind is the place behind a body.
func behind(body []byte) string { return fmt.Sprintf("byte %d", len(body)+1) }

// more stands for what is not known there.
func more() []byte { return jsontext.Quote("...") }

// Compared is how many answers stood beside a recorded one.
func (e *Expectation) Compared() int { return e.outcomes[Same] + e.outcomes[Changed] }

// Summary says in lines what came of the comparisons; update says that new answers
// are recorded.
func (e *Expectation) Summary(update bool) []string {
	var lines []string
	if n := e.Compared(); n > 0 {
		line := term.Plural(n, "answer was", "answers were") + " compared with the recorded one: "
		var parts []string
		for _, o := range []struct {
			n    int
			word string
		}{{e.outcomes[Same], "the same"}, {e.outcomes[Changed], "changed"}} {
			if o.n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", o.n, o.word))
			}
		}
		lines = append(lines, line+strings.Join(parts, ", ")+".")
	}
	if e.ignored > 0 {
		lines = append(lines, term.Plural(e.ignored, "difference was", "differences were")+" skipped because of --ignore.")
	}
	if e.cut > 0 {
		lines = append(lines, term.Plural(e.cut, "recorded answer was", "recorded answers were")+" incomplete: the recorded part was compared byte for byte, and --ignore does not apply to it.")
	}
	switch n := e.outcomes[NotRecorded]; {
	case n > 0 && update:
		lines = append(lines, term.Plural(n, "delivery", "deliveries")+" had no recorded answer.")
	case n > 0:
		lines = append(lines, term.Plural(n, "delivery has", "deliveries have")+" no recorded answer: any 2xx is accepted.")
	}
	return lines
}

// Err is what is wrong with answers that came, in a run that did not end before.
// Where new ones are recorded, that they have changed is not.
func (e *Expectation) Err(update bool) error {
	changed, unreadable := e.outcomes[Changed], e.outcomes[Unreadable]
	switch {
	case e.brokeOff > 0:
		return fault.Errorf(fault.Negative, "%s off early", term.OutOf(e.brokeOff, e.all(), "answer", "answers", "broke", "broke")).WithCode("broken-answer")
	case update:
		return nil
	case changed > 0:
		return fault.Errorf(fault.Negative, "%s different from the recorded one", term.OutOf(changed, e.Compared(), "answer", "answers", "is", "are")).WithCode("changed").
			WithHint("if the change is intended, record it with --update; for a value that changes each time, use --ignore PATH")
	case unreadable > 0:
		return fault.Errorf(fault.Negative, "%s cannot be read", term.Plural(unreadable, "recorded answer", "recorded answers")).WithCode("unreadable").
			WithHint("record the answers again with --update")
	case e.refused > 0:
		return fault.Errorf(fault.Negative, "%s not answered with a 2xx", term.OutOf(e.refused, e.outcomes[NotRecorded], "delivery without a recorded answer", "deliveries without a recorded answer", "was", "were")).WithCode("not-accepted")
	case e.Compared() == 0 && e.outcomes[NotRecorded] > 0:
		return ErrNoAnswer()
	}
	return nil
}

func (e *Expectation) all() (n int) {
	for _, of := range e.outcomes {
		n += of
	}
	return n
}

// ErrNoAnswer is the error for captures in which there is nothing to compare with.
func ErrNoAnswer() error {
	return fault.Usagef("the captures contain no recorded answer of a handler to compare with").WithCode("no-answer").
		WithHint("record answers as deliveries arrive: hookctl listen --forward-to ADDRESS --save DIR\nor record the handler's current answers: hookctl replay ... --update")
}
