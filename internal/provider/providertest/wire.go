package providertest

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
)

// trouble is what happens to requests on their way. The zero trouble is none.
type trouble struct {
	lose     bool          // drop the connection before the request is processed
	forget   bool          // drop it after the request was processed, without an answer
	cut      *int          // end the answer's body after so many bytes
	answer   *cannedAnswer // answer with this
	process  bool          // process the request before answer is given
	times    int           // how many requests it happens to; 0: all
	happened int
}

type cannedAnswer struct {
	status int
	header http.Header
	body   string
}

// exchange is one request and what was answered.
type exchange struct {
	method string
	uri    string
	header http.Header
	body   []byte
	status int
	answer []byte // as it was before any trouble
}

// wire stands between the provider and the sandbox: it records, and makes
// trouble.
type wire struct {
	next http.Handler

	mu        sync.Mutex
	trouble   trouble
	exchanges []exchange
}

// set makes trouble from now on, and forgets what was recorded.
func (w *wire) set(t trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble, w.exchanges = t, nil
}

// seen is what was recorded.
func (w *wire) seen() []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]exchange(nil), w.exchanges...)
}

// now is the trouble for the next request.
func (w *wire) now() trouble {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.trouble.times > 0 && w.trouble.happened >= w.trouble.times {
		return trouble{}
	}
	w.trouble.happened++
	return w.trouble
}

func (w *wire) record(e exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.exchanges = append(w.exchanges, e)
}

// ServeHTTP implements [http.Handler].
func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	e := exchange{method: r.Method, uri: r.RequestURI, header: r.Header.Clone(), body: body}
	t := w.now()
	if t.lose {
		w.record(e)
		drop(rw)
		return
	}
	recorder := httptest.NewRecorder()
	if t.answer == nil || t.process {
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.next.ServeHTTP(recorder, r)
		e.status, e.answer = recorder.Code, recorder.Body.Bytes()
	}
	w.record(e)
	status, header, answer := recorder.Code, recorder.Header(), recorder.Body.Bytes()
	if t.answer != nil {
		status, header, answer = t.answer.status, t.answer.header, []byte(t.answer.body)
	}
	if t.forget {
		drop(rw)
		return
	}
	maps.Copy(rw.Header(), header)
	if status != http.StatusNoContent {
		rw.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	}
	rw.WriteHeader(status)
	n := len(answer)
	if t.cut != nil {
		n = min(*t.cut, n)
	}
	_, _ = rw.Write(answer[:n]) // fails only if the client has gone
	if n < len(answer) {
		_ = http.NewResponseController(rw).Flush()
		hangUp(rw, false)
	}
}

func drop(rw http.ResponseWriter) { hangUp(rw, true) }

// hangUp closes the connection, rudely or in good order: a reset may take
// bytes with it that are still on their way.
func hangUp(rw http.ResponseWriter, rude bool) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && rude {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
