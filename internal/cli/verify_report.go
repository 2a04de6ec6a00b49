package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

// failOn is the reasons that make a run fail; nil is all of them.
type failOn []signature.Reason

// parseFailOn takes --fail-on: reasons, or none.
func parseFailOn(words []string) (failOn, error) {
	reasons := failOn{}
	var known []string
	for _, r := range reasonMeanings {
		if r.reason != signature.OK {
			known = append(known, string(r.reason))
		}
	}
	for _, word := range words {
		switch word = strings.TrimSpace(word); {
		case word == "none" && len(words) == 1:
		case slices.Contains(known, word):
			reasons = append(reasons, signature.Reason(word))
		default:
			return nil, fault.Usagef("--fail-on %q is no reason of a verdict", word).
				WithHint("the reasons are %s; or none", strings.Join(known, ", "))
		}
	}
	return reasons, nil
}

func (f failOn) counts(r signature.Reason) bool { return f == nil || slices.Contains(f, r) }

// failures is how many of a run's deliveries count as failed.
func (f failOn) failures(s *verify.Summary) int {
	n := 0
	for reason, count := range s.Reasons {
		if f.counts(reason) {
			n += count
		}
	}
	return n
}

// batchReport is told of each result, beside the output. Close is called once,
// also where the run was interrupted.
type batchReport interface {
	add(r *verify.Result) error
	close() error
}

// reports opens what --report asks for, and the annotations of GitHub Actions.
func (o *verifyOptions) reports(a *app) ([]batchReport, error) {
	var all []batchReport
	for _, spec := range o.report {
		kind, path, ok := strings.Cut(spec, "=")
		if !ok || kind != "junit" || path == "" {
			return nil, errors.Join(fault.Usagef("--report %q is not junit=FILE", spec).
				WithHint("for instance: --report junit=deliveries.xml"), closeAll(all))
		}
		r, err := newJUnit(path, o.fail)
		if err != nil {
			return nil, errors.Join(err, closeAll(all))
		}
		all = append(all, r)
	}
	if a.env.Getenv("GITHUB_ACTIONS") == "true" {
		all = append(all, &annotations{w: term.Raw(a.env.Streams.Err), fail: o.fail})
	}
	return all, nil
}

func closeAll(all []batchReport) error {
	var errs []error
	for _, r := range all {
		errs = append(errs, r.close())
	}
	return errors.Join(errs...)
}

// junit is a report file. It is written beside its place and moved there when
// it is complete, so that nobody reads half of one.
type junit struct {
	path string
	fail failOn
	file *os.File
	w    *bufio.Writer

	tests, failures, errors, skipped int
}

func newJUnit(path string, fail failOn) (*junit, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".hookctl-report-*")
	if err != nil {
		return nil, reportError(path, err)
	}
	j := &junit{path: path, fail: fail, file: f, w: bufio.NewWriterSize(f, streamBuffer)}
	if _, err := j.w.Write(view.JUnitOpen(0, 0, 0, 0)); err != nil {
		return nil, errors.Join(reportError(path, err), f.Close(), os.Remove(f.Name()))
	}
	return j, nil
}

// reportError names the report and not the file beside it that becomes it.
func reportError(path string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return fault.Errorf(fault.Other, "writing the report %s failed: %w", path, err).
		WithHint("name a file in a directory that is there and that you can write to")
}

func (j *junit) add(r *verify.Result) error {
	counts := j.fail.counts(r.Reason)
	j.tests++
	switch {
	case r.Valid:
	case !counts:
		j.skipped++
	case r.Reason == signature.Unreadable:
		j.errors++
	default:
		j.failures++
	}
	if _, err := j.w.Write(view.JUnitCase(r, counts)); err != nil {
		return reportError(j.path, err)
	}
	return nil
}

func (j *junit) close() error {
	_, err := j.w.WriteString(view.JUnitClose)
	err = errors.Join(err, j.w.Flush())
	if err == nil {
		_, err = j.file.WriteAt(view.JUnitOpen(j.tests, j.failures, j.errors, j.skipped), 0)
	}
	if err == nil {
		err = j.file.Chmod(0o644) // as other reports: temporary files are for their owner only
	}
	err = errors.Join(err, j.file.Close())
	if err == nil {
		err = os.Rename(j.file.Name(), j.path)
	}
	if err != nil {
		return errors.Join(reportError(j.path, err), os.Remove(j.file.Name()))
	}
	return nil
}

// maxAnnotations is how many GitHub shows of one step.
const maxAnnotations = 10

// annotations are workflow commands on standard error, where they cannot get
// into data.
type annotations struct {
	w    io.Writer
	fail failOn
	n    int
}

func (a *annotations) add(r *verify.Result) error {
	if r.Valid || !a.fail.counts(r.Reason) || a.n == maxAnnotations {
		return nil
	}
	a.n++
	_, err := fmt.Fprintln(a.w, view.Annotation(r))
	return err
}

func (a *annotations) close() error { return nil }
