package cli

import (
	"bufio"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

// verdictForm is what is printed of verdicts, beside the output format.
type verdictForm struct {
	failing  bool   // only what is not valid
	pass     string // input lines in place of verdicts
	eachLine bool   // a verdict for each input line
}

// check refuses flags that do not go together.
func (o verdictForm) check(a *app) error {
	if a.given("pass") && o.pass != verify.PassValid && o.pass != verify.PassInvalid {
		return fault.Usagef("--pass takes %s or %s, not %q", verify.PassValid, verify.PassInvalid, o.pass)
	}
	for _, pair := range []struct {
		one, other, hint string
		both             bool
	}{
		{"pass", "output", "--pass prints input lines instead of verdicts", o.pass != "" && a.given("output")},
		{"pass", "jq", "--pass prints input lines instead of verdicts", o.pass != "" && a.jq != ""},
		{"pass", "failing", "--pass invalid prints the input lines that are not valid", o.pass != "" && o.failing},
		{"pass", "each-line", "--pass prints input lines, but --each-line prints verdicts", o.pass != "" && o.eachLine},
		{"each-line", "failing", "--each-line prints a verdict for every line, but --failing only for some", o.eachLine && o.failing},
	} {
		if pair.both {
			return fault.Usagef("--%s and --%s cannot be used together", pair.one, pair.other).WithHint("%s", pair.hint)
		}
	}
	return nil
}

// verdictWriter prints results as they come. As a table, a delivery that is
// alone is a report: the first result waits for the second, unless the input may
// come slowly and is not known to have ended. Then it is a row at once, and the
// report follows if it stays alone.
type verdictWriter struct {
	app      *app
	lines    bool          // the engine makes the output itself
	passed   *bufio.Writer // for input lines in place of verdicts
	open     bool          // the last line that was passed has no newline
	mute     bool          // only reports are told
	failing  bool          // valid ones are left out
	most     int           // rows before valid ones are left out; 0: all
	oneByOne bool          // a verdict for each line: no report
	slow     bool          // an input may come slowly
	single   bool          // only one input was named
	stream   *render.Stream
	first    *verify.Result // the only one so far, as a table
	held     bool           // first is not printed yet
	judged   int
	rows     int
	reported bool

	reports     []*view.Report
	annotations *view.Annotations           // nil where no CI runner shows them
	counts      func(signature.Reason) bool // whether one makes the run fail
}

// alignedRows is how many rows the columns of a table are made to fit: names of
// files are longer than one thinks.
const alignedRows = 100

// rowsOnTerminal is how many rows a person is shown of what is valid.
const rowsOnTerminal = 100

func newVerdictWriter(a *app, captures []string, o verdictForm) *verdictWriter {
	w := &verdictWriter{
		app: a, lines: a.out.Format() == render.NDJSON && a.jq == "" && o.pass == "", failing: o.failing, oneByOne: o.eachLine,
		slow: slices.ContainsFunc(captures, a.mayWait), single: len(captures) == 1, stream: a.out.Stream(view.VerdictColumns()),
	}
	if o.pass != "" {
		w.passed = bufio.NewWriterSize(rawOutput{a.env.Streams.Out}, streamBuffer)
	}
	if a.env.Streams.OutTTY && a.out.Format() == render.Table && !a.given("failing") && !o.eachLine {
		w.most = rowsOnTerminal
	}
	if !w.slow {
		w.stream.Align(alignedRows)
		if !a.env.Streams.OutTTY {
			w.stream.Buffer(streamBuffer)
		}
	}
	return w
}

// mayWait reports whether a capture may come slowly: a pipe, a terminal.
func (a *app) mayWait(path string) bool {
	var info os.FileInfo
	err := errors.ErrUnsupported
	if path != "-" {
		info, err = os.Stat(path)
		return err == nil && !info.IsDir() && !info.Mode().IsRegular()
	}
	if f, ok := a.env.Streams.In.(*os.File); ok {
		info, err = f.Stat()
	}
	return err != nil || !info.Mode().IsRegular()
}

func (w *verdictWriter) write(c *verify.Chunk) error {
	for i := range c.Results {
		if err := w.report(&c.Results[i]); err != nil {
			return err
		}
	}
	if c.Note != "" {
		w.app.note("%s", c.Note)
	}
	if w.mute {
		return nil
	}
	switch {
	case w.passed != nil:
		return w.pass(c)
	case w.lines:
		return render.WriteAll(w.app.env.Streams.Out, c.Lines)
	}
	for i := range c.Results {
		if err := w.result(&c.Results[i], c.Ended && len(c.Results) == 1); err != nil {
			return err
		}
	}
	return nil
}

// report tells of one beside the output.
func (w *verdictWriter) report(r *verify.Result) error {
	for _, report := range w.reports {
		if err := report.AddVerdict(r, w.counts(r.Reason)); err != nil {
			return err
		}
	}
	if w.annotations == nil {
		return nil
	}
	return w.annotations.Add(r, w.counts(r.Reason))
}

// result prints one, or holds it back while it may be the only one: ended says
// that the input has no more.
func (w *verdictWriter) result(r *verify.Result, ended bool) error {
	w.judged++
	if w.judged == 1 && w.app.out.Format() == render.Table && !w.oneByOne {
		first := *r
		w.first, w.held = &first, !w.slow || ended && w.single
		if w.held {
			return nil
		}
	}
	if w.judged == 2 {
		if w.held {
			if err := w.row(w.first); err != nil {
				return err
			}
		}
		w.first = nil
	}
	return w.row(r)
}

// row prints one, unless it is left out.
func (w *verdictWriter) row(r *verify.Result) error {
	switch {
	case !r.Valid:
	case w.failing:
		return nil
	case w.most > 0 && w.rows >= w.most:
		w.failing = true
		w.app.note("From here on, only deliveries that are not valid are shown; to show all, use --failing=false.")
		return nil
	}
	w.rows++
	return w.stream.Item(r, view.VerdictRow(r), view.VerdictName(r))
}

// pass prints input lines. Where the last one of an input has no newline, and
// another one follows, it gets one.
func (w *verdictWriter) pass(c *verify.Chunk) error {
	for i, piece := range c.Input {
		if w.open && (i > 0 || !c.Continues) {
			_ = w.passed.WriteByte('\n') // a failure is that of Flush too
		}
		_, _ = w.passed.Write(piece)
		w.open = len(piece) > 0 && piece[len(piece)-1] != '\n'
	}
	return w.passed.Flush()
}

// rawOutput writes to standard output past the guard.
type rawOutput struct{ w io.Writer }

func (o rawOutput) Write(b []byte) (int, error) {
	if err := render.WriteAll(term.Raw(o.w), b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (w *verdictWriter) close() error {
	if w.lines || w.mute || w.passed != nil {
		return nil
	}
	alone := w.first != nil && !(w.failing && w.first.Valid)
	if alone && w.held {
		w.reported = true
		return w.app.out.Print(render.View{Data: w.first, Facts: view.VerdictReport(w.first)})
	}
	err := w.stream.Close()
	if err == nil && alone {
		w.reported = true
		if err = render.WriteAll(w.app.env.Streams.Out, []byte("\n")); err == nil {
			err = w.app.out.Print(render.View{Data: w.first, Facts: view.VerdictReport(w.first)})
		}
	}
	return err
}
