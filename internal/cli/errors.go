package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

var errNotConfirmed = errors.New("not confirmed: nothing was done")

// notConfirmed is the error of a question that was answered with no.
func notConfirmed() error { return fault.Wrap(fault.Interrupted, errNotConfirmed) }

// nothingSent says of an interruption what the user then wonders about.
func nothingSent(err error) error {
	if err == nil || fault.KindOf(err) != fault.Interrupted || errors.Is(err, errNotConfirmed) {
		return err
	}
	return fault.Reword("interrupted; nothing was sent", err)
}

// printedToo says of a failed output that the work itself is done.
func printedToo(err error, rec secret.Record) error {
	if err == nil {
		return nil
	}
	ref := rec.Ref().Word()
	kind := fault.Other // not Usage, whatever failed: that would say that nothing was sent
	if fault.KindOf(err) == fault.Interrupted {
		kind = fault.Interrupted
	}
	return &fault.Error{
		Kind: kind, Code: "output-failed",
		Err:  fmt.Errorf("webhook %s exists and its secret is kept, but %w", ref, err),
		Hint: fault.Run("hookctl get %s", ref).After("to see it: "),
	}
}

// usage gives an error of cobra's own the kind Usage and a hint.
func usage(err error) error {
	err = fault.Wrap(fault.Usage, err)
	if fault.HintOf(err).String() == "" {
		err = fault.WithHint(err, fault.Hint{Text: "see: hookctl --help", Command: "hookctl --help"})
	}
	return err
}

// plainly is err's text; of an interruption without Go's word for it.
func plainly(err error) string {
	if fault.KindOf(err) == fault.Interrupted || errors.Is(err, context.Canceled) { // beside something worse, perhaps
		return strings.ReplaceAll(err.Error(), context.Canceled.Error(), "interrupted")
	}
	return err.Error()
}

// errorDocument is the JSON of an error.
type errorDocument struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code            string  `json:"code"` // a word of fault.Table, or a finer one
	ExitCode        int     `json:"exit_code"`
	Message         string  `json:"message"`
	Hint            *string `json:"hint"`
	ProviderMessage *string `json:"provider_message"`
}

// exitStatus is the exit code of a command that was run for the user, as an
// error: it becomes the program's own, and nothing is said about it.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// notRun is the error of a command that could not be run, with the exit code that
// shells have for that: 127 where there is none of that name, else 126.
type notRun struct {
	error
	status exitStatus
}

func (n notRun) Unwrap() error { return n.error }

// exitCode is the program's own for err.
func exitCode(err error) int {
	var no notRun
	if errors.As(err, &no) {
		return int(no.status)
	}
	return fault.ExitCode(err)
}

// readerGone reports that nobody reads an output any more.
func readerGone(err error) bool {
	const broken, noData, notConnected = syscall.Errno(109), syscall.Errno(232), syscall.Errno(233) // of Windows
	return errors.Is(err, syscall.EPIPE) || runtime.GOOS == "windows" && (errors.Is(err, broken) || errors.Is(err, noData) || errors.Is(err, notConnected))
}

// printError says what failed, why, and what to do for that account, in the words
// that show lets through. Nothing can be done about a standard error that does not take it.
func printError(env *Env, err error, asJSON, plain bool, show func(string) string, account accountFlags) {
	var fe *fault.Error
	if errors.As(err, &fe) && fe.Silent {
		return
	}
	// Who pipes into head knows; only what has more to say is said.
	if readerGone(err) && fault.HintOf(err).String() == "" {
		return
	}
	message, hint := term.CleanBlock(show(plainly(err))), term.CleanBlock(show(account.in(fault.HintOf(err).String())))
	if asJSON {
		doc, _ := jsontext.Marshal(errorDocument{errorBody{ // texts are always JSON
			Code: fault.Code(err), ExitCode: exitCode(err), Message: message,
			Hint: view.OrNull(hint), ProviderMessage: view.OrNull(term.CleanBlock(show(fault.ProviderMessage(err)))),
		}})
		_, _ = env.Streams.Err.Write(append(term.BreakJSON(doc), '\n'))
		return
	}
	// Only what hookctl itself says begins a line.
	lines := []render.Line{{Lead: "hookctl: ", LeadTone: render.Bad, Text: message}}
	if hint != "" {
		lines = append(lines, render.Line{Lead: "  ", Text: hint})
	}
	_, _ = fmt.Fprint(env.Streams.Err, render.Layout(lines, env.Streams.Width(), !plain && env.colour(env.Streams.ErrTTY)))
}

func notSupported(d *provider.Driver, what string) *fault.Error {
	return fault.Errorf(fault.Refused, "not supported by the provider: %s cannot %s", d.Title, what).WithCode("unsupported")
}
