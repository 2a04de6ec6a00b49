package listen

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// buffer is the memory of one delivery: its body, then its record.
type buffer struct{ body, record []byte }

// spareBuffer bounds the memory that is kept for the next delivery.
const spareBuffer = 256 << 10

func (s *Server) release(b *buffer) {
	if cap(b.body)+cap(b.record) <= spareBuffer {
		s.buffers.Put(b)
	}
}

// ServeHTTP takes one delivery. The order is the promise: verified before
// anything else is done with it, durable before it is forwarded, forwarded and in
// its file before it is answered, answered before it is shown.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.probed(w, r) {
		return
	}
	if !s.enter() {
		s.respond(w, ending)
		return
	}
	defer s.exit()
	buf := s.buffers.Get().(*buffer)
	defer s.release(buf)
	d := Delivery{ReceivedAt: s.o.Now(), Method: r.Method, URL: r.RequestURI}

	answer := s.read(w, r, buf, &d)
	busy(r.Context())
	var failed *capture.Request
	if answer.status == 0 {
		answer, failed = s.take(r, buf, &d)
	}
	d.Status, d.Latency = answer.status, s.o.Now().Sub(d.ReceivedAt)
	shown := s.count(&d)
	s.respond(w, answer)
	if !shown {
		return
	}
	s.reporter.hold(&d, r.Header, buf)
	if failed != nil {
		buf.body = nil // it lives on in the report
	}
	d.cut()
	if rep := (report{delivery: d, failed: failed}); !s.reporter.offer(rep) {
		_ = http.NewResponseController(w).Flush() // the sender does not wait for whoever reads the reports
		s.reporter.add(rep)
	}
}

// answer is what a sender is told. Text is one line, or "" for a body that is
// empty.
type answer struct {
	status int
	text   string
	allow  string // the Allow header
	close  bool   // the connection is of no more use
}

// ending is the answer to what comes too late.
var ending = answer{status: http.StatusServiceUnavailable, text: "the listener is ending", close: true}

func (s *Server) respond(w http.ResponseWriter, a answer) {
	h := w.Header()
	if a.close || s.draining.Load() {
		h.Set("Connection", "close")
	}
	if a.allow != "" {
		h.Set("Allow", a.allow)
	}
	if a.text == "" {
		if a.status >= 200 && a.status != http.StatusNoContent && a.status != http.StatusNotModified {
			h.Set("Content-Length", "0")
		}
		w.WriteHeader(a.status)
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(a.text)+1))
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text+"\n") // a sender that is gone misses nothing
}

// read reads the body into buf. A status in the answer means that there is no
// delivery: the reason is Unreadable then, with a note that says why.
func (s *Server) read(w http.ResponseWriter, r *http.Request, buf *buffer, d *Delivery) answer {
	refuse := func(a answer, note string) answer {
		d.Reason, d.Notes = signature.Unreadable, append(d.Notes, note)
		a.close = true
		return a
	}
	if r.Method != http.MethodPost {
		return refuse(answer{status: http.StatusMethodNotAllowed, text: "deliveries are sent with POST", allow: http.MethodPost},
			"the method is not POST: providers send deliveries with POST")
	}
	tooLarge := func() answer {
		return refuse(answer{status: http.StatusRequestEntityTooLarge, text: "the body is too large"},
			fmt.Sprintf("the body is larger than %d bytes, the limit of --max-body", s.o.MaxBody))
	}
	if r.ContentLength > s.o.MaxBody {
		return tooLarge() // before a byte of it is asked for
	}
	var err error
	buf.body, err = readAll(http.MaxBytesReader(w, r.Body, s.o.MaxBody), buf.body[:0], r.ContentLength)
	d.Size = len(buf.body)
	var large *http.MaxBytesError
	var ne net.Error
	switch {
	case err == nil:
		maps.DeleteFunc(r.Trailer, func(_ string, values []string) bool { return values == nil }) // announced only
		d.noteNames("after the body came a trailer, which is not verified, forwarded or saved: %s", slices.Collect(maps.Keys(r.Trailer)))
		return answer{}
	case errors.As(err, &large):
		return tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return refuse(answer{status: http.StatusRequestTimeout, text: "the body did not arrive in time"}, "the body did not arrive in time")
	}
	return refuse(answer{status: http.StatusBadRequest, text: "the body is incomplete"}, fmt.Sprintf("the body is not whole: %v", err))
}

// noteNames notes something of headers, if there are any.
func (d *Delivery) noteNames(format string, names []string) {
	if slices.Sort(names); len(names) > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf(format, term.Clip(strings.Join(names, ", "), mostQuoted)))
	}
}

// noteSaved says where a record differs from what came: JSON cannot hold all bytes.
func (d *Delivery) noteSaved(header http.Header, at int64) {
	d.Saved, d.SavedAt = true, at
	var names []string
	for name, values := range header {
		if !utf8.ValidString(strings.Join(values, " ")) {
			names = append(names, name)
		}
	}
	if !utf8.ValidString(d.URL) {
		names = append(names, "URL")
	}
	d.noteNames("bytes that are not UTF-8 were saved as U+FFFD in: %s", names)
}

// firstRead bounds the memory that a length alone can claim.
const firstRead = 64 << 10

// readAll appends what r holds to b. Size is what the sender says that it is,
// or -1.
func readAll(r io.Reader, b []byte, size int64) ([]byte, error) {
	if want := min(size, firstRead) + 1; int64(cap(b)) < want { // one more, to see the end without growing
		b = make([]byte, 0, want)
	}
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// take verifies the delivery and does what is asked for with a valid one. It
// returns an invalid one that is to be explained, else nil.
func (s *Server) take(r *http.Request, buf *buffer, d *Delivery) (answer, *capture.Request) {
	request := &capture.Request{Body: buf.body}
	if !s.o.NoVerify {
		engine := s.judgeWith()
		if engine == nil {
			d.Reason = signature.NoSecret
			return answer{status: http.StatusServiceUnavailable, text: "the listener has no secret yet: send it again"}, nil
		}
		request.Header = recorded.HeaderOf(r.Header)
		d.judge(engine, request)
	} else {
		d.Reason = Unverified
		guess(s.o.Providers, d, r.Header, buf.body)
	}
	if r.Host != "" {
		r.Header["Host"] = []string{r.Host} // net/http has taken it out
	}
	if d.Taken() {
		return s.accept(r, buf, d), nil
	}
	explain := s.explains.allow(d.ReceivedAt)
	a := s.reject(r, buf, d)
	if !explain {
		return a, nil
	}
	return a, request
}

// reject answers an invalid delivery. It is not forwarded, and kept only where
// that was asked for: not among the valid ones, and as far as it can be.
func (s *Server) reject(r *http.Request, buf *buffer, d *Delivery) answer {
	if s.o.Rejected != nil {
		buf.record = capture.AppendRecord(buf.record[:0], d.record(r.Header, buf.body))
		if at, err := s.o.Rejected.Append(buf.record); err != nil {
			d.Notes = append(d.Notes, notKept(err))
		} else {
			d.noteSaved(r.Header, at)
		}
	}
	return answer{status: http.StatusUnauthorized, text: "the signature is not valid: " + string(d.Reason)}
}

// accept keeps and forwards a delivery.
func (s *Server) accept(r *http.Request, buf *buffer, d *Delivery) answer {
	c, first := s.seen.claim(d.Provider, d.EventID)
	for !first && s.o.Forward != nil {
		// Another one of the same event is being forwarded, or was: only when the
		// target has not taken that is this one sent on.
		ok, err := c.wait(s.work)
		if err != nil {
			return ending
		}
		if ok {
			break
		}
		c, first = s.seen.claim(d.Provider, d.EventID)
	}
	d.Duplicate = !first
	a := s.handOn(r, buf, d)
	if first {
		s.seen.settle(c, a.status < 300)
	}
	return a
}

// handOn keeps a delivery and forwards it, which a duplicate is not. Where both are
// asked for, it is durable before the handler is asked, and in its file, with the
// handler's answer, before the sender is answered.
func (s *Server) handOn(r *http.Request, buf *buffer, d *Delivery) answer {
	forwards := s.o.Forward != nil && !d.Duplicate
	if s.o.Kept != nil {
		buf.record = capture.AppendRecord(buf.record[:0], d.record(r.Header, buf.body))
		if forwards {
			answered, err := s.o.Kept.hold(buf.record)
			if err != nil {
				return d.unkept(err)
			}
			defer answered()
		}
	}
	a := answer{status: http.StatusOK}
	if forwards {
		a = s.forward(r, buf, d)
	}
	if s.o.Kept != nil {
		if d.Forward != nil && d.Forward.Err == nil {
			buf.record = capture.AppendAnswer(buf.record, d.Forward.Answer())
		}
		at, err := s.o.Kept.Append(buf.record)
		if err != nil {
			return d.unkept(err)
		}
		d.noteSaved(r.Header, at)
	}
	return a
}

// unkept is the answer to a delivery that could not be kept.
func (d *Delivery) unkept(err error) answer {
	d.Notes = append(d.Notes, notKept(err))
	return answer{status: http.StatusServiceUnavailable, text: "the delivery could not be saved: send it again"}
}

func (s *Server) forward(r *http.Request, buf *buffer, d *Delivery) answer {
	begin := s.o.Now()
	f := s.o.Forward.send(s.work, r.Header, buf.body)
	f.Took = s.o.Now().Sub(begin)
	d.Forward = &f
	a := answer{status: f.answer()}
	if f.Err != nil {
		a.text = "the delivery could not be forwarded"
	}
	return a
}
