package httpx

import (
	"bytes"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// exchange watches one try of a request on its connection: whether a byte of
// it was written, and which status line came back. net/http's own errors do
// not tell.
type exchange struct {
	wrote atomic.Bool

	mu     sync.Mutex
	conn   *conn  // nil until there is one
	head   []byte // the first bytes that arrived
	silent *time.Timer
	idle   time.Duration
	onIdle func()
	done   bool
}

// maxHeadKept leaves room for the 1xx answers before the head that counts.
const maxHeadKept = 2 * CapHead

// trace hooks the exchange to the connection that net/http picks for it.
func (ex *exchange) trace(t *tracer) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		c, ok := info.Conn.(*conn)
		if !ok {
			return // every connection is made by dialer
		}
		ex.mu.Lock()
		ex.conn = c
		ex.mu.Unlock()
		c.ex.Store(ex)
		t.note("connected: %s", c.label)
	}}
}

// received notes bytes of the answer, and that the provider is not silent.
func (ex *exchange) received(p []byte) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.done {
		return
	}
	if room := maxHeadKept - len(ex.head); room > 0 {
		ex.head = append(ex.head, p[:min(len(p), room)]...)
	}
	if ex.silent == nil {
		ex.silent = time.AfterFunc(ex.idle, ex.onIdle)
	} else {
		ex.silent.Reset(ex.idle)
	}
}

// answering reports whether a byte of the answer has arrived.
func (ex *exchange) answering() bool {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return len(ex.head) > 0
}

// status returns the code of the status line, 1xx answers skipped; 0 if none
// arrived.
func (ex *exchange) status() int {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return statusOf(ex.head)
}

// connection is the one in use, nil if there was none.
func (ex *exchange) connection() *conn {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return ex.conn
}

// finish ends the watch after a whole answer.
func (ex *exchange) finish() {
	if c := ex.stop(); c != nil && c.tap != nil {
		_ = c.Conn.Close() // net/http's Close has left it open
	}
}

// abort ends the watch and the connection. When it returns, no byte of the
// request will be written any more, and wrote is final.
func (ex *exchange) abort() {
	if c := ex.stop(); c != nil {
		c.abort()
	}
}

func (ex *exchange) stop() *conn {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.done = true
	if ex.silent != nil {
		ex.silent.Stop()
	}
	return ex.conn
}

// statusOf finds the code of the first status line in head that is not 1xx.
// Three digits are enough: a line cut behind them has said what happened.
func statusOf(head []byte) int {
	for {
		code := statusLine(head)
		if code < 100 || code > 199 {
			return code
		}
		end := headEnd(head)
		if end < 0 {
			return 0
		}
		head = head[end:]
	}
}

// headEnd is where the first head of some ends, behind its empty line; -1 if it
// does not. It looks no further: there may be very many.
func headEnd(heads []byte) int {
	for at := 0; ; {
		line := bytes.IndexByte(heads[at:], '\n')
		if line < 0 {
			return -1
		}
		at += line + 1
		switch rest := heads[at:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			return at + 1
		case bytes.HasSuffix(heads[:at], []byte("\r\n")) && bytes.HasPrefix(rest, []byte("\r\n")):
			return at + 2
		}
	}
}

// statusLine reads the code of the line that head begins with, 0 if it is no
// status line.
func statusLine(head []byte) int {
	rest, ok := bytes.CutPrefix(head, []byte("HTTP/"))
	if !ok {
		return 0
	}
	version, rest, ok := bytes.Cut(rest, []byte(" "))
	if !ok || len(version) == 0 || len(version) > 8 || bytes.ContainsAny(version, "\r\n") {
		return 0
	}
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) < 3 || len(rest) > 3 && !bytes.ContainsRune([]byte(" \r\n\t"), rune(rest[3])) {
		return 0
	}
	code := 0
	for _, d := range rest[:3] {
		if d < '0' || d > '9' {
			return 0
		}
		code = 10*code + int(d-'0')
	}
	return code
}
