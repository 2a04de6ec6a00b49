package httpx

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// tracer writes what --debug shows: "> " the request, "< " the answer, "* "
// what happens between them. Every line is redacted and free of control
// characters. A nil tracer does nothing. A trace that cannot be written does
// not fail the request.
type tracer struct {
	out    *traceOut
	redact *redactor
}

// traceOut keeps the lines of one event together.
type traceOut struct {
	mu sync.Mutex
	w  io.Writer
}

// maxTraced is the largest body shown.
const maxTraced = 64 << 10

func newTracer(w io.Writer, secrets []secret.Value, create bool) *tracer {
	return &tracer{out: &traceOut{w: w}, redact: newRedactor(secrets, create)}
}

// forCreate is t for exchanges whose answers hold a new secret.
func (t *tracer) forCreate() *tracer {
	r := *t.redact
	r.create = true
	return &tracer{out: t.out, redact: &r}
}

// hiding is t for an exchange with more private texts.
func (t *tracer) hiding(texts []string) *tracer {
	if t == nil || len(texts) == 0 {
		return t
	}
	return &tracer{out: t.out, redact: t.redact.with(texts)}
}

func (t *tracer) write(lines []string) {
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(term.Clean(t.redact.text(line)))
		b.WriteByte('\n')
	}
	t.out.mu.Lock()
	defer t.out.mu.Unlock()
	// The user asked for the request; the trace is beside it.
	_, _ = t.out.w.Write(b.Bytes())
}

func (t *tracer) note(format string, args ...any) {
	if t != nil {
		t.write([]string{"* " + fmt.Sprintf(format, args...)})
	}
}

func (t *tracer) request(k *call, try int) {
	if t == nil {
		return
	}
	line := "> " + k.method + " " + hideInURL(k.url)
	if try > 1 {
		line += fmt.Sprintf(" (try %d)", try)
	}
	lines := append([]string{line}, t.headers("> ", k.header)...)
	if len(k.body) > 0 {
		lines = append(lines, "> "+t.redact.body(k.body, k.header.Get("Content-Type")))
	}
	t.write(lines)
}

func (t *tracer) response(r *http.Response, body []byte, took time.Duration) {
	if t == nil {
		return
	}
	// The reason phrase is free text of the provider: the usual one is shown.
	status := strings.TrimSpace(fmt.Sprintf("%d %s", r.StatusCode, http.StatusText(r.StatusCode)))
	lines := []string{fmt.Sprintf("< %s (%d bytes, %s)", status, len(body), took.Round(time.Millisecond))}
	lines = append(lines, t.headers("< ", r.Header)...)
	if len(body) > 0 {
		lines = append(lines, "< "+t.redact.body(body, r.Header.Get("Content-Type")))
	}
	t.write(lines)
}

func (t *tracer) failure(err *Error, took time.Duration) {
	if t == nil {
		return
	}
	seen := ""
	if err.Stage == Answered {
		seen = fmt.Sprintf(" (status %d)", err.Status)
	}
	t.note("%s%s after %s", err, seen, took.Round(time.Millisecond))
}

// shown are the headers whose values a trace shows.
var shown = map[string]bool{
	"Accept": true, "Allow": true, "Cache-Control": true, "Connection": true, "Content-Encoding": true,
	"Content-Length": true, "Content-Type": true, "Date": true, "Retry-After": true, "Server": true,
	"Transfer-Encoding": true, "User-Agent": true, "Vary": true, "Via": true, "X-Request-Id": true,
	"X-Ratelimit-Limit": true, "X-Ratelimit-Remaining": true, "X-Ratelimit-Reset": true,
}

func (t *tracer) headers(mark string, h http.Header) []string {
	var lines []string
	for name, values := range h {
		for _, v := range values {
			switch {
			case name == "Location":
				v = hideAllButHost(v)
			case !shown[name], t.redact.looksSecret(v):
				v = mask
			}
			lines = append(lines, mark+name+": "+v)
		}
	}
	slices.Sort(lines)
	return lines
}
