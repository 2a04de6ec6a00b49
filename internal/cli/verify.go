package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

type verifyOptions struct {
	captures []string
	maxAge   time.Duration
	report   []string
	failOn   []string
	fail     failOn
	diagnose string
	verdictForm
	judgeFlags
}

func newVerifyCmd(g *globals) *cobra.Command {
	o := &verifyOptions{}
	c := &cobra.Command{
		Use:   "verify [capture]...",
		Short: "Check the signatures of captured deliveries, and explain failures",
		Example: `  hookctl verify delivery.http                                  # request line, headers, body, as captured
  hookctl verify body.json --header 'X-Wunder-Signature: sha256=...'
  hookctl verify captures/ deliveries.ndjson -o ndjson          # a batch
  cat delivery.http | hookctl verify - --webhook "CRM Sync"
  tail -F app.log | hookctl verify - --failing                  # a filter: only what is not valid
  hookctl verify deliveries.ndjson --pass valid > genuine.ndjson
  hookctl verify body.json --signature ab12... --provider zyntro --secret-env HOOK_SECRET`,
		Long: `Check whether captured deliveries have the signature that the provider makes with
the webhook's secret. A capture is a file, a directory, or - for standard input, in
one of the formats that 'hookctl help formats' lists; nothing is ever trimmed from a
payload. Answers, and GET, HEAD or OPTIONS requests without body and signature, are
not deliveries: they are skipped and counted.

Without --webhook, --secret-file or --secret-env, every secret kept in this profile
is tried, including those of deleted webhooks (retries come for hours), and the
webhook that matches is named. With --webhook, its older secrets are tried after the
current one.

A failed delivery is diagnosed: which change of the body, the secret or the
signature would have made it match, and how to fix that. It remains invalid.

Exit code 0 means that every signature is valid, 3 that one is not, 2 that there was
no delivery to read or no secret to try. --fail-on selects the reasons that cause 3;
'hookctl help formats' lists them. In GitHub Actions, failures become annotations;
--report writes a file for other CI systems: junit=FILE, gitlab=FILE for GitLab's
code quality, and summary=FILE in Markdown, which is appended to the file:
summary=$GITHUB_STEP_SUMMARY.

As a filter of lines (NDJSON, logs): --failing prints only what is not valid; on a
terminal, this is the default after the first 100 rows. --pass prints the input
lines themselves: 'valid' those whose deliveries are all valid, 'invalid' the others
that contain a delivery or cannot be read; lines without a delivery and blank lines
are in neither. A line whose record has two bodies that differ is never passed as
valid. --each-line prints exactly one verdict for each line before it reads the next
one, for programs that write a line and wait: blank lines and lines without a
delivery are unreadable there. -o name prints the sources that are not valid. The
output of --pass is not changed: unlike all other output, it may contain what a CI
runner takes for a command.

With -o json, the results are one array. They are printed as they come, so --jq sees
one delivery at a time and not the array.`,
		RunE: g.run(reads, o.run),
	}
	f := c.Flags()
	o.judgeFlags.add(g, c)
	durationVar(c, &o.maxAge, "max-age", 0, "reject deliveries whose timestamp in the body is further from now, such as 10m")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "reasons that cause exit code 3, or none (default: all except ok)")
	f.StringVar(&o.diagnose, "diagnose", strconv.Itoa(verify.DefaultDiagnoses), "how many failures to explain, from the first: a number, or all")
	f.BoolVar(&o.failing, "failing", false, "print only what is not valid (on a terminal, the default after 100 rows)")
	f.StringVar(&o.pass, "pass", "", "print the input lines that are valid (or invalid) byte for byte, instead of verdicts")
	f.BoolVar(&o.eachLine, "each-line", false, "print exactly one verdict for each input line, immediately")
	addReport(c, &o.report)
	for flag, complete := range map[string]cobra.CompletionFunc{
		"max-age":  completeFixed("5m", "1h", "24h"),
		"diagnose": completeFixed("0", "all"),
		"pass":     completeFixed(verify.PassValid, verify.PassInvalid),
		"fail-on":  completeList(failReasons()...),
	} {
		_ = c.RegisterFlagCompletionFunc(flag, complete)
	}
	return c
}

func (o *verifyOptions) run(ctx context.Context, a *app, args []string) error {
	// First, so that no report of an earlier run stays where this one comes to nothing.
	reports, err := a.openReports(o.report, "hookctl verify")
	if err == nil {
		err = o.checkFlags(a, args)
	}
	if err != nil {
		return fault.Worst(err, closeReports(reports, err))
	}
	w := newVerdictWriter(a, o.captures, o.verdictForm)
	w.reports, w.counts = reports, o.fail.counts
	if a.env.Getenv("GITHUB_ACTIONS") == "true" {
		w.annotations = &view.Annotations{W: a.env.Streams.Err, Project: a.project()}
	}
	missing := missingCaptures(o.captures)
	w.mute = len(missing) == len(o.captures)
	engine, err := o.engine(ctx, a, w.lines)
	if err != nil {
		return fault.Worst(err, closeReports(reports, err))
	}
	// Cancelled on return, so that nothing goes on reading after a failed write.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	progress := startProgress(ctx, a.env.Streams.Err, a.env.Streams.ErrTTY && !a.quiet && a.env.Getenv("TERM") != "dumb")
	batches, err := capture.Read(ctx, o.captures, capture.Options{
		Format: o.format, Stdin: a.env.Streams.In, EmptyBody: o.beside(), Payload: engine.Payload(),
		SignatureHeaders: engine.SignatureHeaders(), Read: &progress.bytes, KeepLines: o.pass != "" || o.eachLine, EachLine: o.eachLine,
	})
	if err != nil {
		progress.end()
		return fault.Worst(err, closeReports(reports, err))
	}
	summary, err := engine.Run(ctx, batches, func(c *verify.Chunk) error {
		progress.count(c)
		if c.Note != "" || a.env.Streams.OutTTY {
			progress.erase()
		}
		return w.write(c)
	})
	if fault.Code(err) == "jq" {
		err = fault.WithHint(err, fault.Hint{Text: "here --jq gets one delivery at a time, not a list: leave out .[]; the deliveries after this one were not verified"})
	}
	progress.end()
	broken := err
	if fault.Code(err) == "nothing-readable" && summary.Total > 0 {
		broken = nil // the reports say of each why
	}
	werr := errors.Join(w.close(), closeReports(reports, broken))
	if w.mute && fault.KindOf(err) != fault.Interrupted {
		return fault.Worst(notThere("no delivery could be read: ", missing).WithCode("nothing-readable"), werr)
	}
	interrupted := fault.KindOf(err) == fault.Interrupted
	partial := (interrupted || readerGone(err)) && (summary.Total > 0 || summary.PassedOver() != "")
	if partial && interrupted {
		a.note("Interrupted. So far:")
	} else if partial { // the error itself is not printed
		a.note("Standard output was closed. So far:")
	}
	if summary.Total > 1 || summary.Total > 0 && (o.failing || o.pass != "") || partial {
		for _, line := range view.VerdictSummary(&summary) {
			a.note("%s", line)
		}
	} else if line := view.PassedOver(&summary); line != "" && summary.Total > 0 {
		a.note("%s", line)
	}
	if summary.Total != 1 && !a.out.Structured() { // else the report says it, and each object
		o.noteUndocumented(a, summary.Assumed)
	}
	if n := summary.Ambiguous; n > 0 && o.pass != "" {
		a.note("%s valid by one of two bodies that differ: --pass valid skips the line, --pass invalid prints it.", term.Plural(n, "delivery is", "deliveries are"))
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
		a.note("%s not valid for reasons that --fail-on does not name.", term.Plural(rest, "delivery is", "deliveries are"))
	}
	if err == nil && len(missing) > 0 {
		err = notThere("", missing)
	}
	return fault.Worst(err, werr)
}

// checkFlags checks the flags, and takes the captures that args name.
func (o *verifyOptions) checkFlags(a *app, args []string) (err error) {
	if err = o.checkGiven(a); err != nil {
		return err
	}
	if a.given("fail-on") && strings.Join(o.failOn, ",") == "" {
		return errEmpty("fail-on")
	}
	if o.maxAge <= 0 && a.given("max-age") {
		return fault.Usagef("--max-age %s is not a positive duration", o.maxAge)
	}
	if a.given("fail-on") {
		if o.fail, err = parseFailOn(o.failOn); err != nil {
			return err
		}
	}
	if o.captures = args; len(args) == 0 {
		if a.env.Streams.InTTY {
			return fault.Usagef("no capture is named").WithHint("name a file or a directory, or - for standard input")
		}
		o.captures = []string{"-"}
	}
	return o.verdictForm.check(a)
}

// engine checks the flags and collects what is verified with.
func (o *verifyOptions) engine(ctx context.Context, a *app, lines bool) (*verify.Engine, error) {
	diagnoses, err := parseDiagnose(o.diagnose)
	if err != nil {
		return nil, err
	}
	return o.judgeFlags.engine(ctx, a, o.captures, verify.Options{
		Diagnoses: diagnoses, MaxAge: o.maxAge, Lines: lines, Failing: o.failing, Pass: o.pass, EachLine: o.eachLine,
	})
}

// parseDiagnose takes --diagnose: a number, or all.
func parseDiagnose(word string) (int, error) {
	n, err := strconv.Atoi(word)
	switch {
	case word == "all":
		return math.MaxInt, nil
	case err != nil || n < 0:
		return 0, fault.Usagef("--diagnose %q is not a number or all", word)
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
			return nil, fault.Usagef("--fail-on %q is not a reason of a verdict", word).
				WithHint("the reasons are %s; or none", strings.Join(known[:len(known)-1], ", "))
		}
	}
	return reasons, nil
}

func (f failOn) counts(r signature.Reason) bool { return f == nil || slices.Contains(f, r) }
