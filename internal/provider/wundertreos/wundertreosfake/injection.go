package wundertreosfake

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"
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
	Answer      *Answer
	AnswerAfter bool
	// BadRow is raw JSON that is put in front of the rows of a list.
	BadRow string
	// Truncate, if not nil, closes the connection after so many bytes of the
	// answer's body.
	Truncate *int
}

// Answer is an answer as it goes over the wire.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
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
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	}
	if f.ResetBefore {
		reset(w)
		return
	}
	var answer Answer
	if f.Answer == nil || f.AnswerAfter {
		answer = a.process(r)
	}
	if f.Answer != nil {
		answer = *f.Answer
	}
	if f.ResetAfter {
		reset(w)
		return
	}
	if f.BadRow != "" {
		answer.Body = withRow(answer.Body, f.BadRow)
	}
	write(w, answer, f.Truncate)
}

// reset drops the connection without an answer, with a TCP reset where it is
// a TCP connection.
func reset(w http.ResponseWriter) {
	if conn := takeOver(w); conn != nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // else it is closed politely, which is a failure too
		}
		_ = conn.Close() // the client's loss is the purpose
	}
}

// takeOver returns the connection behind w. Where w has none (it is no HTTP/1
// server's) the answer is a 500, and nil is returned.
func takeOver(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return nil
	}
	return conn
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

// write sends the answer, or the first n bytes of its body. A write that fails
// means that the client has gone.
func write(w http.ResponseWriter, answer Answer, n *int) {
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	if answer.Status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer.Body)))
	}
	w.WriteHeader(answer.Status)
	if n == nil || *n >= len(answer.Body) {
		_, _ = w.Write(answer.Body)
		return
	}
	_, _ = w.Write(answer.Body[:max(0, *n)])
	_ = http.NewResponseController(w).Flush()
	// Closed politely: a reset could take the bytes with it.
	if conn := takeOver(w); conn != nil {
		_ = conn.Close()
	}
}
