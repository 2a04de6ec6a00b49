package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

type verifyOptions struct {
	captures []string
	format   string
	headers  []string
	maxAge   time.Duration
	report   []string
	failOn   []string
	fail     failOn
	diagnose string

	signature string
	keyFlags
}

func newVerifyCmd(g *globals) *cobra.Command {
	o := &verifyOptions{}
	c := &cobra.Command{
		Use:     "verify [capture]...",
		Short:   "Check the signatures of captured deliveries, and say why one fails",
		GroupID: groupDeliveries,
		Example: `  hookctl verify delivery.http                                  # request line, headers, body, as captured
  hookctl verify body.json --header 'X-Wunder-Signature: sha256=...'
  hookctl verify captures/ deliveries.ndjson -o ndjson          # a batch
  cat delivery.http | hookctl verify - --webhook "CRM Sync"
  hookctl verify body.json --signature ab12... --provider zyntro --secret-env HOOK_SECRET`,
		Long: `Check whether captured deliveries carry the signature that the provider makes
with the webhook's secret. A capture is a file, a directory, or - for standard
input, in one of the formats that 'hookctl help formats' lists; nothing is ever
trimmed from a payload. Answers, and GET, HEAD or OPTIONS requests without body
and signature, are no deliveries: they are passed over and counted.

Without --webhook, --secret-file or --secret-env every secret kept in this
profile is tried, those of deleted webhooks too (retries come for hours), and
the webhook that matched is named. With --webhook its older secrets are tried
after its own.

A delivery that fails is diagnosed: which change of body, secret or signature
would have made it match, and how to fix that. It stays invalid all the same.

Exit code 0 says that every signature is valid, 3 that one is not, 2 that there
was no delivery to read or no secret to try. --fail-on names the reasons that
make it 3; 'hookctl help formats' lists them. In GitHub Actions failures become
annotations; --report writes a file that other CI systems show.

With -o json the results are one array. They are printed as they come, which is
why --jq sees one delivery at a time and not the array.`,
		RunE: g.run(reads, o.run),
	}
	f := c.Flags()
	o.keyFlags.add(g, c, toVerify)
	f.StringVar(&o.signature, "signature", "", "the signature itself, in place of a header")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "a header of the delivery, in place of a captured one: 'Name: value', or @FILE with one a line (repeatable)")
	f.StringVar(&o.format, "format", "", "format of the captures, instead of detecting it")
	f.DurationVar(&o.maxAge, "max-age", 0, "reject deliveries whose body states a time further from now, such as 10m")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "reasons that make the exit code 3, or none (default: all but ok)")
	f.StringVar(&o.diagnose, "diagnose", strconv.Itoa(verify.DefaultDiagnoses), "how many failures are explained, from the first on: a number, or all")
	f.StringArrayVar(&o.report, "report", nil, "write a report as well: junit=FILE (repeatable)")
	for flag, complete := range map[string]cobra.CompletionFunc{
		"format":   completeFixed(capture.FormatNames()...),
		"max-age":  completeFixed("5m", "1h", "24h"),
		"diagnose": completeFixed("0", "all"),
		"report":   cobra.FixedCompletions([]string{"junit="}, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp),
		"fail-on":  completeFixed(failReasons()...),
	} {
		_ = c.RegisterFlagCompletionFunc(flag, complete)
	}
	freeText(c, "signature", "header")
	namesOnly(c, "header", headerOrFile, "@headers.txt")
	return c
}

func (o *verifyOptions) run(ctx context.Context, a *app, args []string) error {
	var err error
	for _, flag := range []struct{ name, value string }{
		{"webhook", o.webhook}, {"secret-file", o.secretFile}, {"secret-env", o.secretEnv}, {"signature", o.signature}, {"provider", o.provider}, {"fail-on", strings.Join(o.failOn, ",")},
	} {
		// Without it something else would be verified than was asked for.
		if flag.value == "" && a.given(flag.name) {
			return fault.Usagef("--%s is empty", flag.name).WithHint("give it a value, or leave it out; a variable that is not set?")
		}
	}
	if o.maxAge <= 0 && a.given("max-age") {
		return fault.Usagef("--max-age %s is not a positive time", o.maxAge)
	}
	if a.given("fail-on") {
		if o.fail, err = parseFailOn(o.failOn); err != nil {
			return err
		}
	}
	if o.captures = args; len(args) == 0 {
		if a.env.Streams.InTTY {
			return fault.Usagef("which capture? none was named").WithHint("name a file or a directory, or - for standard input")
		}
		o.captures = []string{"-"}
	}
	w := newVerdictWriter(a, o)
	missing := missingCaptures(o.captures)
	w.mute = len(missing) == len(o.captures)
	engine, err := o.engine(ctx, a, w.lines)
	if err != nil {
		return err
	}
	// Cancelled on return, so that nothing goes on reading after a failed write.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.progress = startProgress(ctx, a.env.Streams.Err, a.env.Streams.ErrTTY && !a.quiet && a.env.Getenv("TERM") != "dumb")
	batches, err := capture.Read(ctx, o.captures, capture.Options{
		Format: o.format, Stdin: a.env.Streams.In, EmptyBody: o.signature != "" || len(o.headers) > 0, Payload: engine.Payload(),
		SignatureHeaders: engine.SignatureHeaders(), Read: &w.progress.bytes,
	})
	if err == nil {
		err = w.openReports(o)
	}
	if err != nil {
		w.progress.end()
		return errors.Join(err, w.closeReports())
	}
	summary, err := engine.Run(ctx, batches, w.write)
	if fault.Code(err) == "jq" {
		err = fault.WithHint(err, fault.Hint{Text: "--jq sees one delivery at a time, not a list of them, so leave out .[]; nothing was judged after this one"})
	}
	w.progress.end()
	werr := errors.Join(w.close(), w.closeReports())
	if w.mute && fault.KindOf(err) != fault.Interrupted {
		return fault.Worst(notThere("no delivery could be read: ", missing).WithCode("nothing-readable"), werr)
	}
	if fault.KindOf(err) == fault.Interrupted {
		a.note("Interrupted. So far:")
	}
	if summary.Total > 1 || fault.KindOf(err) == fault.Interrupted {
		for _, line := range view.VerdictSummary(&summary) {
			a.note("%s", line)
		}
	} else if line := view.PassedOver(&summary); line != "" && summary.Total > 0 {
		a.note("%s", line)
	}
	if summary.Total != 1 && !a.out.Structured() { // else the report says it, and each object
		a.noteUndocumented(summary.Assumed)
	}
	failed := 0
	for reason, count := range summary.Reasons {
		if o.fail.counts(reason) {
			failed += count
		}
	}
	if err == nil && failed > 0 {
		err = &fault.Error{
			Kind: fault.Negative, Code: "invalid", Silent: w.reported,
			Err: fmt.Errorf("%s not valid", term.OutOf(failed, summary.Total, "delivery", "deliveries", "is", "are")),
		}
	}
	if rest := summary.Invalid() - failed; err == nil && rest > 0 {
		a.note("%s not valid for reasons that --fail-on leaves out.", term.Plural(rest, "delivery is", "deliveries are"))
	}
	if err == nil && len(missing) > 0 {
		err = notThere("", missing)
	}
	return fault.Worst(err, werr)
}

// missingCaptures names the captures that are not there, and why. Alone they
// are a call that is wrong, with nothing to give a verdict on. Among others
// each is a delivery that cannot be read, so that each name has its line; and
// where unreadable ones do not make the run fail, the call is wrong still.
func missingCaptures(captures []string) []string {
	var missing []string
	for _, path := range captures {
		if path == "-" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, fmt.Sprintf("%s: %v", path, durable.WithoutPath(err)))
		}
	}
	return missing
}

func notThere(what string, missing []string) *fault.Error {
	return fault.Usagef("%s%s", what, strings.Join(missing, "\n")).WithHint("name files or directories that are there, or - for standard input")
}

// engine checks the flags and collects what is verified with.
func (o *verifyOptions) engine(ctx context.Context, a *app, lines bool) (*verify.Engine, error) {
	if o.secretFile == "-" && slices.Contains(o.captures, "-") {
		return nil, errSecretAndInput("a capture")
	}
	if n := len(o.captures); n > 1 && o.signature != "" {
		return nil, fault.Usagef("--signature is of one delivery, and %d captures are named", n)
	}
	if o.format != "" {
		if _, err := capture.FormatNamed(o.format); err != nil {
			return nil, err
		}
	}
	diagnoses, err := parseDiagnose(o.diagnose)
	if err != nil {
		return nil, err
	}
	opts := verify.Options{Diagnoses: diagnoses, Signature: o.signature, MaxAge: o.maxAge, Now: a.env.Now, Lines: lines}
	if opts.Headers, err = a.headerFlags(o.headers); err != nil {
		return nil, err
	}
	found, err := o.candidates(ctx, a)
	if err != nil {
		return nil, err
	}
	opts.Candidates, opts.Others = found.tried, found.others
	for _, d := range a.env.Drivers {
		if p := verifyProvider(d, o.scheme(a, d)); found.only == "" || d.Name == found.only {
			opts.Providers = append(opts.Providers, p)
		} else {
			opts.Excluded = append(opts.Excluded, p)
		}
	}
	e, err := verify.New(opts)
	if len(opts.Candidates) == 0 {
		err = fault.WithHint(err, a.orUnreadable(ctx, fault.HintOf(err)))
	}
	return e, err
}

// parseDiagnose takes --diagnose: a number, or all.
func parseDiagnose(word string) (int, error) {
	n, err := strconv.Atoi(word)
	switch {
	case word == "all":
		return math.MaxInt, nil
	case err != nil || n < 0:
		return 0, fault.Usagef("--diagnose %q is neither a number nor all", word)
	case n == 0:
		return -1, nil
	}
	return n, nil
}

// failOn is the reasons that make a run fail; nil is all of them.
type failOn []signature.Reason

// failReasons are the words that --fail-on takes.
func failReasons() []string {
	var words []string
	for _, r := range view.Reasons[1:] { // the first is that of a valid one
		words = append(words, string(r.Reason))
	}
	return append(words, "none")
}

// parseFailOn takes --fail-on: reasons, or none.
func parseFailOn(words []string) (failOn, error) {
	reasons, known := failOn{}, failReasons()
	for _, word := range words {
		switch word = strings.TrimSpace(word); {
		case word == "none" && len(words) == 1:
		case word != "none" && slices.Contains(known, word):
			reasons = append(reasons, signature.Reason(word))
		default:
			return nil, fault.Usagef("--fail-on %q is no reason of a verdict", word).
				WithHint("the reasons are %s; or none", strings.Join(known[:len(known)-1], ", "))
		}
	}
	return reasons, nil
}

func (f failOn) counts(r signature.Reason) bool { return f == nil || slices.Contains(f, r) }

// openReports opens what --report asks for, and the annotations of GitHub Actions.
func (w *verdictWriter) openReports(o *verifyOptions) error {
	for _, spec := range o.report {
		kind, path, ok := strings.Cut(spec, "=")
		if !ok || kind != "junit" || path == "" {
			return fault.Usagef("--report %q is not junit=FILE", spec).WithHint("for instance: --report junit=deliveries.xml")
		}
		r, err := view.NewJUnit(path, o.fail.counts)
		if err != nil {
			return err
		}
		w.reports = append(w.reports, r)
	}
	if w.app.env.Getenv("GITHUB_ACTIONS") == "true" {
		w.reports = append(w.reports, &view.Annotations{W: w.app.env.Streams.Err, Counts: o.fail.counts})
	}
	return nil
}

// verdictWriter prints results as they come. As a table, a single delivery is
// a report, which is why the first result waits for the second.
type verdictWriter struct {
	app      *app
	lines    bool // the engine makes the output itself
	mute     bool // only reports are told
	stream   *render.Stream
	held     *verify.Result
	rows     int
	reported bool
	progress *progress
	reports  []view.VerdictSink
}

// alignedRows is how many rows the columns of a table are made to fit: names of
// files are longer than one thinks.
const alignedRows = 100

func newVerdictWriter(a *app, o *verifyOptions) *verdictWriter {
	w := &verdictWriter{app: a, lines: a.out.Format() == render.NDJSON && a.jq == "", stream: a.out.Stream(view.VerdictColumns())}
	if !slices.ContainsFunc(o.captures, mayWait) {
		w.stream.Align(alignedRows)
		if !a.env.Streams.OutTTY {
			w.stream.Buffer(streamBuffer)
		}
	}
	return w
}

// mayWait reports whether a capture may come slowly: standard input, a pipe.
func mayWait(path string) bool {
	if path == "-" {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

func (w *verdictWriter) write(c *verify.Chunk) error {
	invalid := 0
	for i := range c.Results {
		r := &c.Results[i]
		if !r.Valid {
			invalid++
		}
		for _, report := range w.reports {
			if err := report.Add(r); err != nil {
				return err
			}
		}
	}
	w.progress.count(len(c.Results), invalid)
	if c.Note != "" {
		w.progress.erase()
		w.app.note("%s", c.Note)
	}
	if w.mute {
		return nil
	}
	if w.app.env.Streams.OutTTY {
		w.progress.erase()
	}
	if w.lines {
		return render.WriteAll(w.app.env.Streams.Out, c.Lines)
	}
	for i := range c.Results {
		r := &c.Results[i]
		if w.rows++; w.rows == 1 && w.app.out.Format() == render.Table {
			first := *r
			w.held = &first
			continue
		}
		if w.rows == 2 && w.held != nil {
			if err := w.row(w.held); err != nil {
				return err
			}
		}
		if err := w.row(r); err != nil {
			return err
		}
	}
	return nil
}

func (w *verdictWriter) row(r *verify.Result) error {
	return w.stream.Item(r, view.VerdictRow(r), view.VerdictName(r))
}

func (w *verdictWriter) close() error {
	switch {
	case w.lines, w.mute:
		return nil
	case w.rows == 1 && w.held != nil:
		w.reported = true
		return w.app.out.Print(render.View{Data: w.held, Facts: view.VerdictReport(w.held)})
	}
	return w.stream.Close()
}

func (w *verdictWriter) closeReports() error {
	var errs []error
	for _, r := range w.reports {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}
