package view

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// Shown is one captured delivery with its verdict. Its JSON has the members of the
// verdict and those of a delivery record after them, so that it is a capture itself.
// What is not known is null; so are both bodies where the body is too large for a
// document, and "body" where it is not UTF-8.
type Shown struct {
	verdict verify.Result
	request *capture.Request
	unread  bool   // there is nothing but a verdict
	head    []byte // the body, or its beginning
	size    int64
	answer  *capture.Answer
}

// NewShown describes a delivery that was read with readErr. Of a body that is not in
// memory, head is the beginning and size the length.
func NewShown(verdict verify.Result, r *capture.Request, readErr error, head []byte, size int64) Shown {
	s := Shown{verdict: verdict, request: r, unread: readErr != nil, head: head, size: size}
	if r.Stream == nil {
		s.head, s.size = r.Body, int64(len(r.Body))
	}
	var err error
	if s.answer, err = capture.AnswerOf(r); err != nil {
		s.verdict.Notes = append(s.verdict.Notes, fmt.Sprintf("cannot read the handler's answer: %v", err))
	}
	return s
}

// mostEmbedded is up to which size a body is a part of a document.
const mostEmbedded = 4 << 20

func (s Shown) samples() []any {
	verdict, _ := filled(reflect.TypeFor[verify.Result](), false).(*verify.Result)
	answer, _ := filled(reflect.TypeFor[capture.Answer](), true).(*capture.Answer)
	answer.Milliseconds = "1.5" // a number as it is written
	request := &capture.Request{ReceivedAt: someName, Method: someName, URL: someName, Header: answer.Header}
	return []any{
		Shown{verdict: *verdict, request: request, answer: answer},
		Shown{verdict: verify.Result{Valid: true}, request: &capture.Request{}, head: []byte{0xff}, answer: &capture.Answer{}},
		Shown{request: &capture.Request{}, unread: true},
	}
}

// MarshalJSON implements json.Marshaler.
func (s Shown) MarshalJSON() ([]byte, error) {
	verdict := s.verdict
	if s.size > mostEmbedded {
		verdict.Notes = append(slices.Clip(verdict.Notes), fmt.Sprintf("the body has %d bytes, too many to show here: print them with show --raw", s.size))
	}
	b := verdict.AppendJSON(nil)
	b = appendNullable(append(b[:len(b)-1], `,"received_at":`...), s.request.ReceivedAt)
	b = appendNullable(append(b, `,"method":`...), s.request.Method)
	b = appendNullable(append(b, `,"url":`...), s.request.URL)
	b = append(b, ',')
	switch {
	case s.unread:
		b = append(b, `"headers":null,"body_base64":null,"body":null`...)
	case s.size > mostEmbedded:
		b = append(capture.AppendHeader(append(b, `"headers":`...), s.request.Header), `,"body_base64":null,"body":null`...)
	default:
		b = appendMessage(b, s.request.Header, s.head)
	}
	b = append(b, `,"answer":`...)
	if s.answer != nil {
		b = s.answer.AppendJSON(b)
	} else {
		b = append(b, "null"...)
	}
	return append(b, '}'), nil
}

// appendMessage appends the members for headers and a body. "body" is null where
// that is not UTF-8.
func appendMessage(b []byte, header capture.Header, body []byte) []byte {
	b = append(capture.AppendHeader(append(b, `"headers":`...), header), `,"body_base64":"`...)
	b = append(base64.StdEncoding.AppendEncode(b, body), `","body":`...)
	if !utf8.Valid(body) {
		return append(b, "null"...)
	}
	return term.AppendJSON(b, string(body))
}

// Print shows the delivery: as one document, or for people in several parts.
func (s Shown) Print(p *render.Printer) error {
	f := facts(VerdictReport(&s.verdict))
	f.add("Received", term.Dated(s.request.ReceivedAt))
	f.add("Request", strings.TrimSpace(s.request.Method+" "+s.request.URL))
	err := p.Print(render.View{Data: s, Facts: f, Names: []string{s.verdict.Source}})
	if err != nil || p.Format() != render.Table || s.unread {
		return err
	}
	w := partWriter{p: p}
	w.message("Headers", s.request.Header, s.head, s.size)
	if a := s.answer; a != nil {
		title := fmt.Sprintf("Answer: %d", a.Status)
		if a.Milliseconds != "" {
			title += ", " + a.Milliseconds + " ms"
		}
		w.message(title, a.Header, a.Body, answerSize(a))
	}
	w.flush()
	return w.err
}

// answerSize is the length of an answer's body, or -1 where that is not known.
func answerSize(a *capture.Answer) int64 {
	if a.Cut {
		return -1
	}
	return int64(len(a.Body))
}

// partWriter prints text of any length piece by piece.
type partWriter struct {
	p   *render.Printer // nil: it is kept
	buf []byte
	err error // the first failure

	signs bool // lines that begin with + or - were added or removed
}

const (
	pieceOfText = 64 << 10
	// longestLine is how much of a line is shown.
	longestLine = 1 << 20
)

func (w *partWriter) line(text []byte) error {
	if len(text) > longestLine {
		w.buf = append(append(w.buf, text[:longestLine]...), fmt.Sprintf("... (%d more bytes; print them with --raw)", len(text)-longestLine)...)
	} else {
		w.buf = append(w.buf, text...)
	}
	if w.buf = append(w.buf, '\n'); len(w.buf) >= pieceOfText {
		w.flush()
	}
	return w.err
}

func (w *partWriter) flush() {
	if w.p == nil {
		return
	}
	if w.err == nil && len(w.buf) > 0 {
		w.err = w.p.Print(render.View{Text: string(w.buf), Signs: w.signs})
	}
	w.buf = w.buf[:0]
}

func (w *partWriter) say(format string, args ...any) { _ = w.line(fmt.Appendf(nil, format, args...)) }

// message prints headers and a body. A size of -1 is not known.
func (w *partWriter) message(title string, header capture.Header, body []byte, size int64) {
	w.say("\n%s", title)
	for _, f := range header {
		w.say("  %s: %s", line(f.Name), line(f.Value))
	}
	if len(header) == 0 {
		w.say("  (none)")
	}
	w.body("\nBody", body, size)
}

// body prints a title and a body: JSON laid out, text as it is, of anything else the beginning
// in hexadecimal.
func (w *partWriter) body(title string, body []byte, size int64) {
	length := term.Plural(int(size), "byte", "bytes")
	if size < 0 {
		length = fmt.Sprintf("more than %s", term.Plural(len(body), "byte", "bytes"))
	}
	cut := size != int64(len(body))
	if cut {
		body = wholeRunes(body)
	}
	switch {
	case len(body) == 0 && !cut:
		w.say("%s: empty", title)
	case !cut && json.Valid(body):
		w.say("%s: %s, JSON", title, length)
		_ = jsontext.Layout(body, w.line)
	case capture.IsText(body):
		w.say("%s: %s, text", title, length)
		for text := range bytes.Lines(body) {
			if w.line(bytes.TrimSuffix(text, []byte("\n"))) != nil {
				return
			}
		}
		if cut {
			w.say("... (only the beginning is shown)")
		}
	default:
		w.say("%s: %s, binary", title, length)
		const most = 256
		for text := range bytes.Lines([]byte(hex.Dump(body[:min(len(body), most)]))) {
			_ = w.line(bytes.TrimSuffix(text, []byte("\n")))
		}
		if cut || len(body) > most {
			w.say("... (only the beginning is shown)")
		}
	}
}

// wholeRunes is text without the beginning of a character at its end.
func wholeRunes(text []byte) []byte {
	for i := len(text) - 1; i >= 0 && len(text)-i < utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}
