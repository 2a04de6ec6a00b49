package providertest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
)

// failureTests make the network and the API fail.
var failureTests = map[string]func(*testing.T, Harness){
	"unreachable":         testUnreachable,
	"interrupted":         testInterrupted,
	"odd answers":         testOddAnswers,
	"redirects":           testRedirects,
	"rate limit":          testRateLimit,
	"create, then 500":    testCreateThenError,
	"create, lost":        testCreateLost,
	"create, then a lost": testCreateForgotten,
	"create, cut":         testCreateCut,
	"create, no secret":   testCreateWithoutSecret,
	"cut answers":         testCutAnswers,
	"reads are repeated":  testReadsAreRepeated,
}

// statusReporter is what custody asks of an error that came of an answer.
type statusReporter interface {
	AnswerStatus() int
	CertainlyRefused() bool
}

// wantCertain checks that custody would know that nothing was created.
func wantCertain(t *testing.T, err error) {
	t.Helper()
	var a statusReporter
	var transport *httpx.Error
	switch {
	case errors.As(err, &a):
		if !a.CertainlyRefused() {
			t.Errorf("not a certain refusal: %v", err)
		}
	case errors.As(err, &transport):
		if transport.Stage != httpx.NotSent {
			t.Errorf("may have been sent: %v", err)
		}
	default:
		t.Errorf("does not say how far the request got: %#v", err)
	}
}

// wantUncertain checks that custody would not think so, and that the error
// tells the status: 0 where no status line was seen.
func wantUncertain(t *testing.T, what string, err error, status int) {
	t.Helper()
	var a statusReporter
	var transport *httpx.Error
	switch {
	case errors.As(err, &a):
		if a.CertainlyRefused() || a.AnswerStatus() != status {
			t.Errorf("%s: status %d, want %d; certainly refused: %v: %v", what, a.AnswerStatus(), status, a.CertainlyRefused(), err)
		}
	case errors.As(err, &transport):
		if transport.Stage == httpx.NotSent || transport.Status != status {
			t.Errorf("%s: %+v, want status %d", what, transport, status)
		}
	default:
		t.Errorf("%s: does not say how far the request got: %#v", what, err)
	}
}

func testUnreachable(t *testing.T, h Harness) {
	f := start(t, h, nil)
	f.server.Close()
	each(remote(f, f.spec("x"), "some-id"), func(name string, call func(context.Context) error) {
		err := call(t.Context())
		wantKind(t, name, err, fault.Unavailable, "")
		var transport *httpx.Error
		if !errors.As(err, &transport) || transport.Stage != httpx.NotSent {
			t.Errorf("%s: %#v", name, err)
		}
	})
}

func testInterrupted(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, _ := f.create(t, f.spec("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	each(remote(f, f.spec("x"), made.ID), func(name string, call func(context.Context) error) {
		wantKind(t, name, call(ctx), fault.Interrupted, "")
	})
}

func testOddAnswers(t *testing.T, h Harness) {
	const page = "<html>canary\x1b[31m</html>"
	for name, answer := range map[string]cannedAnswer{
		"500":            {status: 500, body: `{"error":"internal"}`},
		"502 page":       {status: 502, body: page},
		"503 empty":      {status: 503},
		"520":            {status: 520, body: "\xff\xfe"},
		"captive portal": {status: 200, body: page},
		"200 empty":      {status: 200},
		"200 list":       {status: 200, body: "[]"},
		"200 null":       {status: 200, body: "null"},
		"two documents":  {status: 200, body: "{}{}"},
		"deep":           {status: 200, body: strings.Repeat(`{"data":`, 20_000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, h, nil)
			made, _ := f.create(t, f.spec("x"))
			f.wire.set(trouble{answer: &answer})
			each(remote(f, f.spec("x"), made.ID), func(name string, call func(context.Context) error) {
				if name == "delete" && answer.status == 200 && f.driver.Deletes {
					return // a success is a success, whatever comes with it
				}
				err := call(t.Context())
				wantKind(t, name, err, fault.Unavailable, "")
				if err != nil && answer.status == 200 && strings.Contains(err.Error(), "canary") && name == "create" {
					t.Errorf("the error quotes an answer that may hold a secret: %v", err)
				}
				if err != nil && strings.Contains(err.Error(), "\x1b") {
					t.Errorf("%s: the error holds an escape character: %q", name, err)
				}
			})
		})
	}
}

func testRedirects(t *testing.T, h Harness) {
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := start(t, h, nil)
		f.wire.set(trouble{answer: &cannedAnswer{status: status, header: http.Header{"Location": {other.URL + "/x"}}}})
		each(remote(f, f.spec("x"), "some-id"), func(name string, call func(context.Context) error) {
			err := call(t.Context())
			wantKind(t, name, err, fault.Unavailable, "")
			if err != nil && !strings.Contains(err.Error(), strings.TrimPrefix(other.URL, "http://")) {
				t.Errorf("%s: the error does not name the host: %v", name, err)
			}
			if name == "create" {
				wantUncertain(t, name, err, status)
			}
		})
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached the other host", n)
	}
}

func testRateLimit(t *testing.T, h Harness) {
	f := start(t, h, nil)
	slow := cannedAnswer{status: 429, header: http.Header{"Retry-After": {"7"}}, body: `{"error":"rate_limit_exceeded"}`}
	f.wire.set(trouble{answer: &slow})
	each(remote(f, f.spec("x"), "some-id"), func(name string, call func(context.Context) error) {
		err := call(t.Context())
		wantKind(t, name, err, fault.Unavailable, "rate-limited")
		if err != nil && !strings.Contains(err.Error()+fault.HintOf(err).String(), "7") {
			t.Errorf("%s: does not say how long to wait: %v (%s)", name, err, fault.HintOf(err).String())
		}
		if name == "create" {
			wantCertain(t, err)
		}
	})
	f.wire.set(trouble{answer: &slow, times: 2})
	f.create(t, f.spec("x"))
	if n := f.sandbox.Webhooks(); n != 1 {
		t.Errorf("the sandbox holds %d webhooks", n)
	}
}

// A create must not be repeated where it may have gone through.

func testCreateThenError(t *testing.T, h Harness) {
	for _, status := range []int{500, 502, 503, 504} {
		f := start(t, h, nil)
		f.wire.set(trouble{answer: &cannedAnswer{status: status}, process: true})
		_, _, err := f.Create(t.Context(), f.spec("x"))
		wantKind(t, "create", err, fault.Unavailable, "")
		wantUncertain(t, "create", err, status)
		if n := len(f.wire.seen()); n != 1 {
			t.Errorf("%d: the create was sent %d times", status, n)
		}
	}
}

func testCreateLost(t *testing.T, h Harness)      { testCreateDropped(t, h, trouble{lose: true}, 0) }
func testCreateForgotten(t *testing.T, h Harness) { testCreateDropped(t, h, trouble{forget: true}, 1) }

func testCreateDropped(t *testing.T, h Harness, what trouble, webhooks int) {
	f := start(t, h, nil)
	// Once over a new connection, once over one that was used before, which the
	// standard library would like to repeat by itself.
	for range 2 {
		before := f.sandbox.Webhooks()
		f.wire.set(what)
		_, _, err := f.Create(t.Context(), f.spec("x"))
		wantKind(t, "create", err, fault.Unavailable, "")
		wantUncertain(t, "create", err, 0)
		if n := len(f.wire.seen()); n != 1 {
			t.Errorf("the create was sent %d times", n)
		}
		if n := f.sandbox.Webhooks() - before; n != webhooks {
			t.Errorf("%d webhooks were made", n)
		}
		f.wire.set(trouble{})
		if _, err := f.List(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// testCreateCut ends the answer at many places: that a status line was seen
// must not get lost, nor may a part of a secret be taken for one.
func testCreateCut(t *testing.T, h Harness) {
	f := start(t, h, nil)
	f.create(t, f.spec("x"))
	length := len(f.wire.seen()[0].answer)
	status := f.wire.seen()[0].status
	for step := range 12 {
		cut := step * length / 12
		f.wire.set(trouble{cut: &cut})
		_, value, err := f.Create(t.Context(), f.spec("x"))
		wantKind(t, "create", err, fault.Unavailable, "")
		wantUncertain(t, "create", err, status)
		if !value.IsZero() {
			t.Errorf("cut after %d of %d bytes: a secret was returned", cut, length)
		}
		if n := len(f.wire.seen()); n != 1 {
			t.Errorf("the create was sent %d times", n)
		}
	}
}

func testCreateWithoutSecret(t *testing.T, h Harness) {
	f := start(t, h, nil)
	_, value := f.create(t, f.spec("x"))
	whole := string(f.wire.seen()[0].answer)
	quoted := `"` + value.Reveal() + `"`
	name := f.driver.SecretMember
	for what, body := range map[string]string{
		"null":        strings.Replace(whole, quoted, "null", 1),
		"empty":       strings.Replace(whole, quoted, `""`, 1),
		"a number":    strings.Replace(whole, quoted, "123", 1),
		"an object":   strings.Replace(whole, quoted, "{}", 1),
		"other case":  strings.Replace(whole, `"`+name+`"`, `"`+strings.ToUpper(name)+`"`, 1),
		"with a NUL":  strings.Replace(whole, quoted, quoted[:len(quoted)-1]+`\u0000"`, 1),
		"twice":       strings.Replace(whole, `"`+name+`"`, `"`+name+`":"other","`+name+`"`, 1),
		"and garbage": whole + "x",
		"twice over":  whole + whole,
	} {
		f.wire.set(trouble{answer: &cannedAnswer{status: 201, body: body}})
		_, got, err := f.Create(t.Context(), f.spec("x"))
		wantKind(t, what, err, fault.Unavailable, "")
		wantUncertain(t, what, err, 201)
		if !got.IsZero() {
			t.Errorf("%s: a secret was returned", what)
		}
		if err != nil && strings.Contains(err.Error(), value.Reveal()) {
			t.Errorf("%s: the error holds the secret", what)
		}
	}
	// What does not touch the secret does not spoil it.
	for what, body := range map[string]string{
		"unknown member": strings.Replace(whole, `"`+name+`"`, `"x_new":{"a":[1]},"`+name+`"`, 1),
		"case twin":      strings.Replace(whole, `"`+name+`"`, `"`+strings.ToUpper(name)+`":"other","`+name+`"`, 1),
		"white space":    "\n" + whole + "\n",
	} {
		f.wire.set(trouble{answer: &cannedAnswer{status: 200, body: body}})
		_, got, err := f.Create(t.Context(), f.spec("x"))
		if err != nil || !got.Equal(value) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func testCutAnswers(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, _ := f.create(t, f.spec("x"))
	for _, cut := range []int{0, 1, 10, 40} {
		f.wire.set(trouble{cut: &cut})
		_, err := f.List(t.Context())
		wantKind(t, "list", err, fault.Unavailable, "")
		_, err = f.Get(t.Context(), made.ID)
		wantKind(t, "get", err, fault.Unavailable, "")
	}
}

func testReadsAreRepeated(t *testing.T, h Harness) {
	f := start(t, h, nil)
	made, _ := f.create(t, f.spec("x"))
	for what, trouble := range map[string]trouble{
		"500":  {answer: &cannedAnswer{status: 500}, times: 2},
		"lost": {lose: true, times: 2},
	} {
		f.wire.set(trouble)
		if _, err := f.List(t.Context()); err != nil {
			t.Errorf("list, %s: %v", what, err)
		}
		f.wire.set(trouble)
		if _, err := f.Get(t.Context(), made.ID); err != nil {
			t.Errorf("get, %s: %v", what, err)
		}
	}
}
