package wundertreosfake

import (
	"bytes"
	"net/http"
	"time"

	"github.com/hookctl/hookctl/internal/provider/fakekit"
)

// Injection is what goes wrong with one request. The zero Injection is nothing.
type Injection struct {
	// Delay passes before the request is processed.
	Delay time.Duration
	// ResetBefore closes the connection instead of processing the request,
	// ResetAfter instead of answering it.
	ResetBefore bool
	ResetAfter  bool
	// Answer replaces the answer. The request is processed only if
	// AnswerAfter is set.
	Answer      *fakekit.Answer
	AnswerAfter bool
	// BadRow is raw JSON that is put in front of the rows of a list.
	BadRow string
	// Truncate, if not nil, closes the connection after so many bytes of the
	// answer's body.
	Truncate *int
}

// Inject has f asked before each request from now on; nil: nothing is injected.
// f may be called from several goroutines.
func (a *API) Inject(f func(*http.Request) Injection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inject = f
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	ask := a.inject
	a.mu.Unlock()
	var f Injection
	if ask != nil {
		f = ask(r)
	}
	fakekit.Pause(r, f.Delay)
	if f.ResetBefore {
		fakekit.Reset(w)
		return
	}
	var answer fakekit.Answer
	if f.Answer == nil || f.AnswerAfter {
		answer = a.process(r)
	}
	if f.Answer != nil {
		answer = *f.Answer
	}
	if f.ResetAfter {
		fakekit.Reset(w)
		return
	}
	if f.BadRow != "" {
		answer.Body = withRow(answer.Body, f.BadRow)
	}
	answer.Write(w, f.Truncate)
}

// withRow puts a row in front of a list.
func withRow(body []byte, row string) []byte {
	const head = `{"data":[`
	rest, isList := bytes.CutPrefix(body, []byte(head))
	if !isList {
		return body
	}
	if rest[0] != ']' {
		row += ","
	}
	return append([]byte(head+row), rest...)
}
