package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
)

func TestTable(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]int{
		fault.Other: 1, fault.Usage: 2, fault.Negative: 3, fault.Auth: 4, fault.Refused: 5,
		fault.Unavailable: 6, fault.Custody: 7, fault.Interrupted: 130,
	}
	got := map[fault.Kind]int{}
	last := 0
	for _, row := range fault.Table {
		got[row.Kind] = row.Exit
		if row.Kind.Exit() != row.Exit || row.Kind.String() != row.Code {
			t.Errorf("row %+v: Exit() = %d, String() = %q", row, row.Kind.Exit(), row.Kind.String())
		}
		if row.Meaning == "" || row.Code == "" {
			t.Errorf("row %+v is not documented", row)
		}
		if row.Exit <= last {
			t.Errorf("exit %d is out of order or doubled", row.Exit)
		}
		last = row.Exit
		if e := fault.ExitCode(&fault.Error{Kind: row.Kind}); e != row.Exit {
			t.Errorf("ExitCode of %v = %d, want %d", row.Kind, e, row.Exit)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if k := fault.Kind(99); k.Exit() != 1 || k.String() != "error" {
		t.Errorf("an unknown kind is %v, exit %d", k, k.Exit())
	}
}

func TestErrorsAreClassified(t *testing.T) {
	t.Parallel()
	inner := fault.Usagef("bad %s", "flag").WithHint("type %d", 1).WithCode("bad-flag").WithProviderMessage("no")
	plain := errors.New("plain")
	type facts struct {
		Text, Code, Hint, Said string
		Kind                   fault.Kind
		Exit                   int
	}
	tests := map[string]struct {
		err  error
		want facts
	}{
		"plain":                       {plain, facts{"plain", "error", "", "", fault.Other, 1}},
		"empty":                       {&fault.Error{Kind: fault.Auth}, facts{"auth", "auth", "", "", fault.Auth, 4}},
		"typed":                       {inner, facts{"bad flag", "bad-flag", "type 1", "no", fault.Usage, 2}},
		"wrapped by fmt":              {fmt.Errorf("while: %w", inner), facts{"while: bad flag", "bad-flag", "type 1", "no", fault.Usage, 2}},
		"outer kind wins":             {&fault.Error{Kind: fault.Custody, Err: inner}, facts{"bad flag", "custody", "type 1", "no", fault.Custody, 7}},
		"outer hint wins":             {fault.Errorf(fault.Usage, "x: %w", inner).WithHint("outer"), facts{"x: bad flag", "bad-flag", "outer", "no", fault.Usage, 2}},
		"in other words":              {fault.Reword("other words", inner), facts{"other words", "bad-flag", "type 1", "no", fault.Usage, 2}},
		"of nothing":                  {fault.Reword("gone", nil), facts{"gone", "error", "", "", fault.Other, 1}},
		"cancelled, in other words":   {fault.Reword("stopped", context.Canceled), facts{"stopped", "interrupted", "", "", fault.Interrupted, 130}},
		"another hint":                {fault.WithHint(fmt.Errorf("x: %w", inner), fault.Run("y")), facts{"x: bad flag", "bad-flag", "run: y", "no", fault.Usage, 2}},
		"another hint, joined":        {fault.WithHint(errors.Join(plain, inner), fault.Run("y")), facts{"plain\nbad flag", "bad-flag", "run: y", "no", fault.Usage, 2}},
		"cancelled":                   {fmt.Errorf("get: %w", context.Canceled), facts{"get: context canceled", "interrupted", "", "", fault.Interrupted, 130}},
		"deadline":                    {context.DeadlineExceeded, facts{"context deadline exceeded", "error", "", "", fault.Other, 1}},
		"joined, worst":               {errors.Join(fault.Errorf(fault.Usage, "a"), fault.Errorf(fault.Custody, "b").WithHint("do b")), facts{"a\nb", "custody", "do b", "", fault.Custody, 7}},
		"joined, plain 1st":           {errors.Join(plain, inner), facts{"plain\nbad flag", "bad-flag", "type 1", "no", fault.Usage, 2}},
		"two %w":                      {fmt.Errorf("%w and %w", plain, fault.Errorf(fault.Auth, "a")), facts{"plain and a", "auth", "", "", fault.Auth, 4}},
		"joined, the first of equals": {errors.Join(fault.Errorf(fault.Usage, "a").WithCode("one"), fault.Errorf(fault.Usage, "b").WithCode("two")), facts{"a\nb", "one", "", "", fault.Usage, 2}},
		"typed nil":                   {(*fault.Error)(nil), facts{"error", "error", "", "", fault.Other, 1}},
	}
	for name, tt := range tests {
		got := facts{tt.err.Error(), fault.Code(tt.err), fault.HintOf(tt.err).String(), fault.ProviderMessage(tt.err), fault.KindOf(tt.err), fault.ExitCode(tt.err)}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if fault.ExitCode(nil) != 0 || fault.KindOf(nil) != fault.Other || fault.HintOf(nil).String() != "" {
		t.Error("no error has no exit code and no hint")
	}
}

func TestCancelledDial(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:1")
	if fault.KindOf(err) != fault.Interrupted {
		t.Errorf("KindOf(%v) = %v", err, fault.KindOf(err))
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	if fault.Wrap(fault.Auth, nil) != nil {
		t.Error("Wrap of nil is not nil")
	}
	err := fault.Wrap(fault.Auth, io.EOF)
	if fault.KindOf(err) != fault.Auth || !errors.Is(err, io.EOF) {
		t.Errorf("Wrap = %#v", err)
	}
	typed := fmt.Errorf("x: %w", fault.Usagef("y"))
	if got := fault.Wrap(fault.Auth, typed); got != typed {
		t.Errorf("Wrap changed an error that has a kind: %#v", got)
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	other, usage, auth := errors.New("other"), fault.Usagef("usage"), fault.Errorf(fault.Auth, "auth")
	custody, stopped := fault.Errorf(fault.Custody, "custody"), fault.Errorf(fault.Interrupted, "stop")
	tests := map[string]struct {
		errs []error
		want error
	}{
		"none":                      {nil, nil},
		"nils":                      {[]error{nil, nil}, nil},
		"by number":                 {[]error{other, auth, nil, usage}, auth},
		"first of equals":           {[]error{usage, fault.Usagef("later")}, usage},
		"interrupt over the rest":   {[]error{auth, stopped}, stopped},
		"custody over an interrupt": {[]error{stopped, custody, auth}, custody},
	}
	for name, tt := range tests {
		if got := fault.Worst(tt.errs...); got != tt.want {
			t.Errorf("%s: Worst = %v, want %v", name, got, tt.want)
		}
	}
}
