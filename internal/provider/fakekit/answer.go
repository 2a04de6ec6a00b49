package fakekit

import (
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Answer is an answer as it goes over the wire.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Write sends the answer, or what is left of it: the head announces the whole
// length, then the connection ends after so many bytes of the body; nil: after
// all. A write that fails is the client's business: it has gone.
func (a Answer) Write(w http.ResponseWriter, truncateAt *int) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	if a.Status != http.StatusNoContent && a.Status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	w.WriteHeader(a.Status)
	body := a.Body
	if truncateAt != nil {
		body = body[:max(0, min(*truncateAt, len(body)))]
	}
	_, _ = w.Write(body)
}

// Pause waits for d, but no longer than the client does.
func Pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// Reset ends the connection with a RST, without an answer. Where the server
// offers no connection (a recorder in a test), the answer is 502.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no connection to reset", http.StatusBadGateway)
		return
	}
	raw := conn
	if secured, ok := conn.(*tls.Conn); ok {
		raw = secured.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // best effort: without it the client sees an end instead of a reset
	}
	_ = raw.Close()
}
