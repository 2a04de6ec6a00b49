package cli

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// expectFlags are what makes a replay a test.
type expectFlags struct {
	expect, update bool
	ignore         []string
	report         []string
}

func (o *expectFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.expect, "expect", false, "compare the answers with the recorded ones; exit 3 if one has changed")
	f.BoolVar(&o.update, "update", false, "record new and changed answers in the captures")
	f.StringArrayVar(&o.ignore, "ignore", nil, "path in JSON answers to leave out of the comparison, such as .data.id or .items[].at (repeatable)")
	addReport(c, &o.report)
	freeText(c, "ignore")
}

// compares reports whether answers are compared.
func (o *expectFlags) compares() bool { return o.expect || o.update }

// expectation checks the flags; nil where nothing is compared.
func (o *expectFlags) expectation(dryRun bool) (*deliver.Expectation, error) {
	ignore, err := capture.ParseIgnored(o.ignore)
	switch {
	case err != nil:
		return nil, err
	case dryRun && (o.compares() || len(o.report) > 0):
		return nil, fault.Usagef("--dry-run sends nothing, so there are no answers for --expect, --update and --report")
	case len(o.ignore) > 0 && !o.compares():
		return nil, fault.Usagef("--ignore needs --expect, which is missing").WithHint("without --expect, answers are not compared")
	case !o.compares():
		return nil, nil
	}
	return &deliver.Expectation{Ignore: ignore}, nil
}

// replayTest is a replay whose answers are compared, reported, or recorded; the zero
// value does none of it.
type replayTest struct {
	expectFlags
	app      *app
	expected *deliver.Expectation // nil: nothing is compared
	reports  []*view.Report
	answers  map[string][]capture.Rerecorded // by file
	details  []string                        // for people, of the first that have changed
	left     int                             // and how many more there are
}

// mostDetailed is of how many deliveries the differences are shown to people.
const mostDetailed = 20

// newReplayTest opens the reports and checks the flags. With an error the reports are
// still to be closed.
func newReplayTest(a *app, o expectFlags, dryRun bool) (t *replayTest, err error) {
	t = &replayTest{expectFlags: o, app: a, answers: map[string][]capture.Rerecorded{}}
	if t.reports, err = a.openReports(o.report, "hookctl replay"); err == nil {
		t.expected, err = o.expectation(dryRun)
	}
	return t, err
}

func (t *replayTest) closeReports(broken error) error {
	defer func() { t.reports = nil }()
	return closeReports(t.reports, broken)
}

// survey reads the captures before anything is sent: there must be an answer to
// compare with, or the files must be such that answers can be recorded in them.
func (t *replayTest) survey(ctx context.Context, list []capture.Selection, opts capture.Options) error {
	stdin := slices.ContainsFunc(list, func(s capture.Selection) bool { return s.Path == "-" })
	switch {
	case t.expected == nil || stdin && !t.update:
		return nil
	case stdin:
		return fault.Usagef("--update cannot record answers in standard input").WithHint("put the captures into a file, and name the file")
	}
	found := false
	quiet := func(string, ...any) {}
	err := eachCaptured(ctx, list, opts, &capture.Tally{}, quiet, func(q *capture.Request, _ string, err error) error {
		found = found || err != nil || len(q.Answered) > 0
		switch {
		case found && !t.update:
			return errFound
		case t.update && err == nil:
			if err := t.keep(q, nil); err != nil {
				return fault.Reword("nothing was sent: "+err.Error(), err)
			}
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !t.update {
		return deliver.ErrNoAnswer()
	}
	for path, records := range t.answers {
		if err := t.check(path, records); err != nil {
			return err
		}
	}
	clear(t.answers)
	return nil
}

const hintRecords = "`hookctl listen --save` makes captures that can hold answers; to convert one delivery: hookctl show CAPTURE#N -o ndjson > records.ndjson"

// mostUpdated is up to which size answers are recorded in a file.
const mostUpdated = 64 << 20

// check finds what would keep answers from being recorded in a file.
func (t *replayTest) check(path string, records []capture.Rerecorded) error {
	if err := t.app.env.Disk.Or().CheckFile(path); err != nil {
		return fault.Errorf(fault.KindOf(err), "nothing was sent: --update: %w", err).With(fault.HintOf(err))
	}
	err := t.rewrite(path, func(old []byte) ([]byte, error) {
		if _, err := capture.ApplyAnswers(old, records); err != nil {
			return nil, err
		}
		return nil, errChecked
	})
	if errors.Is(err, errChecked) {
		return nil
	}
	return fault.Errorf(fault.Usage, "nothing was sent: cannot record answers in %s: %w", path, err).WithCode("no-record").
		WithHint("%s", hintRecords)
}

// What ends a look at the captures.
var (
	errFound   = errors.New("found")
	errChecked = errors.New("checked")
)

// rewrite replaces a capture that nobody else is writing to.
func (t *replayTest) rewrite(path string, edit func([]byte) ([]byte, error)) error {
	unlock, err := durable.LockFile(path)
	if err != nil {
		if errors.Is(err, durable.ErrHeld) {
			return fault.Reword("another process saves deliveries in it", err)
		}
		return err
	}
	err = t.app.env.Disk.Or().UpdateLarge(context.Background(), path, mostUpdated, edit)
	return errors.Join(err, unlock())
}

// keep remembers an answer for the record of a delivery; nil is none.
func (t *replayTest) keep(q *capture.Request, answer *capture.Answer) error {
	place, ok := capture.PlaceOf(q.Source)
	if !ok {
		return fault.Usagef("--update: %s is not a separate record", q.Source).WithCode("no-record").
			WithHint("%s", hintRecords)
	}
	body, err := q.Whole()
	if err != nil {
		return err
	}
	t.answers[place.Path] = append(t.answers[place.Path], capture.Rerecord(place, body, answer))
	return nil
}

// judge compares an answer with the one that q has, and reports it.
func (t *replayTest) judge(q *capture.Request, s deliver.Sent) (view.Sent, error) {
	v := view.NewSent(s)
	if t.expected != nil && !errors.As(s.Err, &deliver.Unusable{}) {
		c := t.expected.Compare(q, s)
		v.Expect = view.NewCompared(c)
		if t.update && c.Now != nil && c.Outcome != deliver.Same {
			if err := t.keep(q, c.Now); err != nil {
				return v, err
			}
		}
		if v.Expect.Changed() && t.app.out.Format() == render.Table {
			if t.left++; t.left <= mostDetailed {
				t.details = append(t.details, v.Details())
			}
		}
	}
	for _, r := range t.reports {
		if err := r.AddSent(v, t.update); err != nil {
			return v, err
		}
	}
	return v, nil
}

// end records the new answers, unless the run was broken off, and says what came of
// the comparisons.
func (t *replayTest) end(broken error) error {
	errs := []error{t.closeReports(broken)}
	if t.expected == nil {
		return errs[0]
	}
	for _, text := range t.details {
		errs = append(errs, t.app.out.Print(render.View{Text: "\n" + text, Signs: true}))
	}
	if n := t.left - mostDetailed; n > 0 {
		t.app.note("%s; -o json shows all differences.", term.OutOf(n, t.left, "changed answer", "changed answers", "is not shown", "are not shown"))
	}
	for _, line := range t.expected.Summary(t.update) {
		t.app.note("%s", line)
	}
	if broken != nil {
		if t.update {
			t.app.note("No answer was recorded.")
		}
		return errors.Join(errs...)
	}
	return fault.Worst(append(errs, t.record(), t.expected.Err(t.update))...)
}

// distinct is of how many records there are answers: one may have been sent more often.
func distinct(list []capture.Rerecorded) int {
	places := map[capture.Place]bool{}
	for _, r := range list {
		places[r.Place] = true
	}
	return len(places)
}

// record writes the new answers.
func (t *replayTest) record() error {
	if !t.update {
		return nil
	}
	if len(t.answers) == 0 {
		t.app.note("No answer changed: nothing was recorded.")
	}
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(t.answers)) {
		records := t.answers[path]
		err := t.rewrite(path, func(old []byte) ([]byte, error) { return capture.ApplyAnswers(old, records) })
		if err != nil {
			errs = append(errs, fault.Errorf(fault.Other, "cannot record answers in %s: %w", path, err).With(fault.HintOf(err)))
			continue
		}
		t.app.note("Recorded %s in %s.", term.Plural(distinct(records), "answer", "answers"), filepath.ToSlash(path))
	}
	return fault.Worst(errs...)
}
