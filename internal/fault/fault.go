// Package fault gives every error a kind, and every kind an exit code.
//
// An error without a kind is [Other] and exits 1. The table in this file is
// the only place where a kind meets a number: the documentation of the exit
// codes is generated from it.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is.
type Kind int

// The kinds. Their exit codes and meanings are in [Table].
const (
	Other       Kind = iota // anything not below
	Usage                   // the call is wrong: flags, input, local validation
	Negative                // the answer is no: a signature did not verify, a difference, a fault found
	Auth                    // credentials missing, refused, or lacking a scope
	Refused                 // the provider refused the request, cannot do it, or has no such webhook
	Unavailable             // unreachable, too slow, rate-limited past the retries, or answering nonsense
	Custody                 // a webhook exists (or may) whose secret is not safely kept or handed on
	Interrupted             // stopped by the user
)

// Row documents one kind.
type Row struct {
	Kind    Kind
	Exit    int    // the process exit code
	Code    string // the default machine word in JSON errors
	Meaning string
}

// Table lists every kind in the order of its exit code, success excepted.
var Table = []Row{
	{Other, 1, "error", "anything not below"},
	{Usage, 2, "usage", "the call is wrong: flags, input, local validation"},
	{Negative, 3, "negative", "the answer is no: a signature did not verify; plan --exit-code, diff or another comparison found differences"},
	{Auth, 4, "auth", "credentials missing, refused, or lacking a scope"},
	{Refused, 5, "refused", "the provider refused the request, cannot do it, or has no such webhook"},
	{Unavailable, 6, "unavailable", "provider unreachable, too slow, rate-limited past the retries, or answering nonsense; for create: and, as far as the provider's list tells, nothing was created"},
	{Custody, 7, "custody", "needs a human: a webhook exists (or may) and its secret is not safely kept or not handed to a sink; the message says where the secret is and what to run"},
	{Interrupted, 130, "interrupted", "interrupted, or a question was answered with no"},
}

func (k Kind) row() Row {
	for _, r := range Table {
		if r.Kind == k {
			return r
		}
	}
	return Table[0]
}

// Exit is the process exit code of k.
func (k Kind) Exit() int { return k.row().Exit }

func (k Kind) String() string { return k.row().Code }

// Error is an error with a kind, and with what a person needs to act on it.
// Err must not contain a secret.
type Error struct {
	Kind            Kind
	Code            string // a finer machine word than the kind's, e.g. "rate-limited"; may be empty
	Err             error
	Hint            Hint   // the next thing to do; may be empty
	ProviderMessage string // the provider's own words, unsanitised; may be empty
	Silent          bool   // the command has already said all there is to say: only the exit code counts
}

// Hint is the next thing to do. What a program acts on is Command; nothing reads
// the words of Text.
type Hint struct {
	Text    string // as a person reads it, the command included; empty where Command says all
	Command string // what to type; may be empty
}

// Run is the hint to type a command. The format works as in [fmt.Sprintf].
func Run(format string, args ...any) Hint { return Hint{Command: fmt.Sprintf(format, args...)} }

// String is the hint as a person reads it, or "".
func (h Hint) String() string {
	if h.Text == "" && h.Command != "" {
		return "run: " + h.Command
	}
	return h.Text
}

// After is the hint to type the command with other words before it than "run: ".
func (h Hint) After(lead string) Hint { return Hint{Text: lead + h.Command, Command: h.Command} }

func (e *Error) Error() string {
	switch {
	case e == nil:
		return Other.String()
	case e.Err == nil:
		return e.Kind.String()
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Errorf makes an error of kind k. The format works as in [fmt.Errorf].
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// Reword is err, which may be nil, with other words for it. What err is stays to be found by
// [errors.Is] and [errors.As].
func Reword(words string, err error) error { return &reworded{words, err} }

type reworded struct {
	words string
	err   error
}

func (r *reworded) Error() string { return r.words }
func (r *reworded) Unwrap() error { return r.err }

// Usagef makes a usage error (exit 2).
func Usagef(format string, args ...any) *Error { return Errorf(Usage, format, args...) }

// Interruption is the error of what the user has interrupted.
func Interruption() *Error { return Errorf(Interrupted, "interrupted") }

// WithHint returns e with the text of a hint set, for chaining after [Errorf].
func (e *Error) WithHint(format string, args ...any) *Error {
	return e.With(Hint{Text: fmt.Sprintf(format, args...)})
}

// WithCommand returns e with the hint to type a command, as [Run].
func (e *Error) WithCommand(format string, args ...any) *Error { return e.With(Run(format, args...)) }

// With returns e with the hint set.
func (e *Error) With(h Hint) *Error {
	e.Hint = h
	return e
}

// WithCode returns e with the code set, for chaining after [Errorf].
func (e *Error) WithCode(code string) *Error {
	e.Code = code
	return e
}

// WithProviderMessage returns e with the provider's own words set.
func (e *Error) WithProviderMessage(text string) *Error {
	e.ProviderMessage = text
	return e
}

// WithHint is err with another hint. Its kind, code and the provider's own words
// stay.
func WithHint(err error, h Hint) error { return &Error{Kind: KindOf(err), Err: err, Hint: h} }

// Wrap gives err a kind, keeping a kind that it already has. Wrap of nil is nil.
func Wrap(k Kind, err error) error {
	if err == nil {
		return nil
	}
	var fe *Error
	if errors.As(err, &fe) {
		return err
	}
	return &Error{Kind: k, Err: err}
}

// KindOf is the kind of err: that of the outermost [Error] in its chain,
// [Interrupted] for a cancelled context, else [Other]. Of several joined
// errors the worst counts, as in [Worst].
func KindOf(err error) Kind {
	if err == nil {
		return Other
	}
	if fe, ok := err.(*Error); ok && fe != nil {
		return fe.Kind
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			return KindOf(inner)
		}
	case interface{ Unwrap() []error }:
		worst := Other
		for _, inner := range u.Unwrap() {
			if k := KindOf(inner); severity(k) > severity(worst) {
				worst = k
			}
		}
		return worst
	}
	if errors.Is(err, context.Canceled) { // package net has a cancellation of its own that says so
		return Interrupted
	}
	return Other
}

// Code is the machine word for err in JSON output: the finest one that an
// [Error] of err's own kind carries, else the kind's.
func Code(err error) string {
	kind := KindOf(err)
	code := find(err, func(e *Error) string {
		if e.Kind != kind {
			return ""
		}
		return e.Code
	})
	if code == "" {
		return kind.String()
	}
	return code
}

// HintOf is the hint of the outermost [Error] in err's chain that has one.
func HintOf(err error) Hint { return find(err, func(e *Error) Hint { return e.Hint }) }

// ProviderMessage is the provider's own words in err's chain, or "".
func ProviderMessage(err error) string {
	return find(err, func(e *Error) string { return e.ProviderMessage })
}

// find walks err's tree from the outside, joined errors in their order, to the
// first [Error] of which get has something to say.
func find[T comparable](err error, get func(*Error) T) T {
	var none T
	if fe, ok := err.(*Error); ok && fe != nil {
		if found := get(fe); found != none {
			return found
		}
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return find(u.Unwrap(), get)
	case interface{ Unwrap() []error }:
		for _, inner := range u.Unwrap() {
			if found := find(inner, get); found != none {
				return found
			}
		}
	}
	return none
}

// ExitCode is the process exit code for err; 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	return KindOf(err).Exit()
}

// severity orders kinds for commands that can fail in several ways: by exit
// code, but that [Custody] outranks even [Interrupted]. Who stops a run between
// two webhooks must still learn that one of them needs a human.
func severity(k Kind) int {
	if k == Custody {
		return Interrupted.Exit() + 1
	}
	return k.Exit()
}

// Worst returns the most severe error, the first of equals, or nil if all are nil.
func Worst(errs ...error) error {
	var worst error
	for _, err := range errs {
		if err != nil && (worst == nil || severity(KindOf(err)) > severity(KindOf(worst))) {
			worst = err
		}
	}
	return worst
}
