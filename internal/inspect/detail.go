package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/secret"
)

// field is a header line, and what kind of one: "signature", "hidden" for what the
// page does not show, or "".
type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Kind  string `json:"kind,omitempty"`
}

// twin is another delivery of the same event.
type twin struct {
	N         int       `json:"n"`
	Time      time.Time `json:"time"`
	Verdict   string    `json:"verdict"`
	Duplicate bool      `json:"duplicate,omitempty"`
}

// answer is what the handler answered.
type answer struct {
	Headers []field `json:"headers"`
	Body    string  `json:"body"` // as text, whatever it is
	Cut     bool    `json:"cut,omitempty"`
	Held    bool    `json:"held"` // it is still in memory
}

// detail is what the page shows of one delivery.
func (s *Server) detail(w http.ResponseWriter, r *http.Request, d shown) error {
	out := struct {
		row
		Sentence string    `json:"sentence"`
		Method   string    `json:"method"`
		URL      string    `json:"url"`
		Provider string    `json:"provider"`
		Status   int       `json:"status"`            // of our answer
		Forward  string    `json:"forward,omitempty"` // why the handler did not answer
		Handler  *answer   `json:"handler,omitempty"`
		Notes    []string  `json:"notes"`
		Lost     string    `json:"lost,omitempty"` // why there is no body
		Kind     string    `json:"kind"`           // of the body
		Headers  []field   `json:"headers"`
		Twins    []twin    `json:"twins"`
		Attempts []attempt `json:"attempts"`
		Previous int       `json:"previous,omitempty"` // of its type
		Curl     string    `json:"curl,omitempty"`
		Replay   string    `json:"replay,omitempty"`
	}{
		row: newRow(&d.entry), Sentence: s.o.Sentence(&d.delivery), Method: d.delivery.Method, URL: masked(d.delivery.URL),
		Provider: d.delivery.Provider, Status: d.delivery.Status, Notes: d.delivery.Notes, Attempts: d.attempts,
	}
	if f := d.delivery.Forward; f != nil && f.Err != nil {
		out.Forward = f.Err.Error()
	} else if f != nil {
		a, held := d.answer()
		out.Handler = &answer{Headers: s.fields(a.Header), Body: string(a.Body), Cut: a.Cut, Held: held}
	}
	s.ring.each(func(e *entry) bool {
		same := e.n != d.n && e.delivery.Provider == d.delivery.Provider
		if same && e.delivery.EventID != "" && e.delivery.EventID == d.delivery.EventID && len(out.Twins) < mostAttempts {
			out.Twins = append(out.Twins, twin{e.n, e.delivery.ReceivedAt, verdict(&e.delivery), e.delivery.Duplicate})
		}
		if same && e.n < d.n && out.Previous == 0 && e.delivery.EventType == d.delivery.EventType {
			out.Previous = e.n
		}
		return true
	})
	if d.request != nil {
		out.Headers = s.fields(d.request.Header)
	}
	if request, err := d.whole(); err != nil {
		out.Lost = err.Error()
	} else {
		out.Kind = kindOf(request.Body)
		out.Curl, out.Replay = s.curl(request), s.replayLine(&d, request)
	}
	return write(w, "application/json", marshal(out))
}

// answer is the handler's, which there must be; held says that headers and body are
// known: they are in memory, or with the delivery in its file.
func (d *shown) answer() (a *capture.Answer, held bool) {
	f := d.delivery.Forward
	if f.Header == nil && d.request != nil && d.lost == nil {
		if a, err := capture.AnswerOf(d.request); err == nil && a != nil {
			return a, true
		}
	}
	return f.Answer(), f.Header != nil
}

func kindOf(body []byte) string {
	switch {
	case len(body) == 0:
		return "empty"
	case json.Valid(body):
		return "JSON"
	case capture.IsText(body):
		return "text"
	}
	return "binary"
}

// body is the exact bytes.
func body(w http.ResponseWriter, _ *http.Request, d shown) error {
	request, err := d.whole()
	if err != nil {
		return err
	}
	return write(w, "application/octet-stream", request.Body)
}

// pretty is a JSON body laid out; nothing changes but white space.
func pretty(w http.ResponseWriter, _ *http.Request, d shown) error {
	request, err := d.whole()
	if err != nil {
		return err
	}
	if !json.Valid(request.Body) {
		return notFound("the body is not JSON")
	}
	var b bytes.Buffer
	err = jsontext.Layout(request.Body, func(line []byte) error {
		b.Write(line)
		return b.WriteByte('\n')
	})
	if err != nil {
		return err
	}
	return write(w, "text/plain; charset=utf-8", b.Bytes())
}

// compare is what `hookctl diff` finds, on two deliveries of the page.
func (s *Server) compare(w http.ResponseWriter, r *http.Request, d shown) error {
	other, err := s.find(r.Context(), r.PathValue("m"))
	if err != nil {
		return err
	}
	left, err := other.whole()
	if err != nil {
		return err
	}
	right, err := d.whole()
	if err != nil {
		return err
	}
	type header struct {
		Name  string   `json:"name"`
		Left  []string `json:"left"`
		Right []string `json:"right"`
	}
	type value struct {
		Path  string  `json:"path"`
		Left  *string `json:"left"` // JSON as it is written: a browser would round its numbers
		Right *string `json:"right"`
	}
	out := struct {
		Left    int      `json:"left"`
		Right   int      `json:"right"`
		Kind    string   `json:"kind"`
		Headers []header `json:"headers"`
		Body    []value  `json:"body"`
	}{Left: other.n, Right: d.n}
	for _, h := range capture.CompareHeaders(left.Header, right.Header) {
		if s.hidden(h.Name, slices.Concat(h.Left, h.Right)...) {
			h.Left, h.Right = hideAll(h.Left), hideAll(h.Right)
		}
		out.Headers = append(out.Headers, header{h.Name, h.Left, h.Right})
	}
	kind, body := capture.CompareBodies(left.Body, right.Body)
	out.Kind = string(kind)
	written := func(value []byte) *string {
		if value == nil {
			return nil
		}
		text := string(value)
		return &text
	}
	for _, b := range body {
		out.Body = append(out.Body, value{b.Path, written(b.Left), written(b.Right)})
	}
	return write(w, "application/json", marshal(out))
}

// requestOf is a record as a capture has it, its headers ordered by name.
func requestOf(rec *capture.Record) *capture.Request {
	return &capture.Request{Method: rec.Method, URL: rec.URL, Header: recorded.HeaderOf(rec.Header), Body: rec.Body}
}

// readRecord reads a line of --save.
func readRecord(ctx context.Context, line []byte) (*capture.Request, error) {
	batches, err := capture.Read(ctx, []string{"-"}, capture.Options{Format: "ndjson", Stdin: bytes.NewReader(line)})
	if err != nil {
		return nil, err
	}
	for batch := range batches {
		for request, err := range batch.Each() {
			request = request.Clone()
			if err == nil && request.Body == nil {
				request.Body = []byte{}
			}
			return request, err
		}
	}
	return nil, notFound("the file has no record of it")
}

// Credentials come with deliveries too: a webhook can be given some. A header is
// taken to hold one by its name, or by a value that looks like a secret under a name
// that explains it by nothing else.
var publicWords = []string{"signature", "trace", "-id", "delivery", "request", "etag", "hash", "digest"}

const mask = "***"

func (s *Server) signs(name string) bool {
	return slices.ContainsFunc(s.o.SignedBy, func(n string) bool { return recorded.SameName(n, name) })
}

// hidden reports whether the page does not show a header.
func (s *Server) hidden(name string, values ...string) bool {
	if s.signs(name) {
		return false
	}
	lower := strings.ToLower(name)
	public := slices.ContainsFunc(publicWords, func(w string) bool { return strings.Contains(lower, w) })
	return secret.NamesCredential(name) || !public && slices.ContainsFunc(values, secret.LooksLike) ||
		slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "://") && masked(v) != v })
}

func hideAll(values []string) []string {
	if values == nil {
		return nil
	}
	return []string{mask}
}

// fields are the header lines as the page shows them.
func (s *Server) fields(h capture.Header) []field {
	out := make([]field, 0, len(h))
	for _, f := range h {
		switch {
		case s.signs(f.Name):
			out = append(out, field{f.Name, f.Value, "signature"})
		case s.hidden(f.Name, f.Value):
			out = append(out, field{f.Name, mask, "hidden"})
		default:
			out = append(out, field{Name: f.Name, Value: f.Value})
		}
	}
	return out
}

// open are the header lines that are not hidden.
func (s *Server) open(h capture.Header) capture.Header {
	return slices.DeleteFunc(slices.Clone(h), func(f capture.Field) bool { return s.hidden(f.Name, f.Value) })
}

// masked is a URL without what its query holds under a private name, and without a
// password.
func masked(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		head, _, _ := strings.Cut(raw, "?")
		return head
	}
	parts := strings.Split(u.RawQuery, "&")
	changed := u.User != nil
	u.User = nil
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if value != "" && (secret.NamesCredential(name) || secret.LooksLike(value)) {
			parts[i], changed = name+"="+mask, true
		}
	}
	if !changed {
		return raw
	}
	u.RawQuery = strings.Join(parts, "&")
	return u.String()
}
