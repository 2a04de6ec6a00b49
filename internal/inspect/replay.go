package inspect

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/term"
)

// replay sends a delivery again as it came.
func (s *Server) replay(w http.ResponseWriter, r *http.Request, d shown) error {
	request, err := d.whole()
	if err != nil {
		return err
	}
	a, err := s.post(r.Context(), request, request.Body, nil)
	if err != nil {
		return err
	}
	return s.attempted(w, d.n, a)
}

// replayEdited sends a delivery with another body, signed anew. The signature goes to
// the target and nowhere else: what the target says of it is not shown.
func (s *Server) replayEdited(w http.ResponseWriter, r *http.Request, d shown) error {
	request, body, signature, err := s.edited(w, r, d)
	if err != nil {
		return err
	}
	a, err := s.post(r.Context(), request, body, signature.Fields)
	if err != nil {
		return err
	}
	a.Edited, a.Signed = true, signature.Whose
	if repeats(a.Response+" "+a.Error, signature.Fields) {
		a.Response, a.Error = "(not shown, because the answer repeats the signature)", ""
	}
	return s.attempted(w, d.n, a)
}

// edited is the body that the page sends, and its signature.
func (s *Server) edited(w http.ResponseWriter, r *http.Request, d shown) (request *capture.Request, body []byte, sign Signature, err error) {
	if request, err = d.whole(); err != nil {
		return nil, nil, sign, err
	}
	if body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, listen.MostMaxBody)); err != nil {
		return nil, nil, sign, fmt.Errorf("the edited body did not arrive: %w", err)
	}
	sign, err = s.o.Sign(&d.delivery, body)
	return request, body, sign, err
}

func (s *Server) post(ctx context.Context, request *capture.Request, body []byte, instead []capture.Field) (attempt, error) {
	if s.o.Target == "" {
		return attempt{}, fault.Usagef("there is no handler to send it to").WithHint("start the listener with --forward-to")
	}
	d := deliver.Delivery{Method: http.MethodPost, URL: s.o.Target, Fields: request.Header, Body: body}
	a := attempt{At: s.o.Now()}
	sent, err := s.o.Post(ctx, d.With(instead))
	if err != nil {
		return a, err
	}
	a.Status, a.MS, a.Response = sent.Status, milliseconds(sent.Took), sent.Response
	if sent.Err != nil {
		a.Error = sent.Err.Error()
	}
	return a, nil
}

func (s *Server) attempted(w http.ResponseWriter, n int, a attempt) error {
	s.ring.attempted(n, a)
	return write(w, "application/json", marshal(a))
}

// fewest is how many characters of a signature in a row are no chance.
const fewest = 8

// repeats reports whether a text holds a part of a signature, in hexadecimal or
// base64, in whatever case.
func repeats(text string, fields []capture.Field) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(fields, func(f capture.Field) bool {
		_, digest, cut := strings.Cut(f.Value, "=")
		if !cut {
			digest = f.Value
		}
		forms := []string{f.Value}
		for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
			for _, text := range []string{f.Value, digest} {
				if raw, err := decode(text); err == nil {
					forms = append(forms, hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw))
				}
			}
		}
		return slices.ContainsFunc(forms, func(form string) bool {
			form = strings.ToLower(form)
			for i := 0; i+fewest <= len(form); i++ {
				if part := form[i : i+fewest]; strings.Contains(text, part) {
					return true
				}
			}
			return false
		})
	})
}

// mostCopied is up to which size a body is a part of a command line.
const mostCopied = 64 << 10

// curl is a command line that sends a delivery again; "" where the body is too large
// for one.
func (s *Server) curl(r *capture.Request) string {
	if len(r.Body) > mostCopied {
		return ""
	}
	return "printf '" + printfFormat(r.Body) + "' | curl -sS -i -X POST" + s.curlHeaders(r.Header) + " --data-binary @- " + s.to()
}

// curlEdited is a command line that sends an edited body. Its signature is made by
// `hookctl sign` when it runs.
func (s *Server) curlEdited(w http.ResponseWriter, r *http.Request, d shown) error {
	request, body, sign, err := s.edited(w, r, d)
	switch {
	case err != nil:
		return err
	case len(body) > mostCopied:
		return errors.New("the body is too large for a command line")
	case bytes.IndexByte(body, 0) >= 0:
		return errors.New("a shell cannot pass the body on: it has a zero byte")
	case sign.Timed:
		return fmt.Errorf("the signature includes the time: make the headers with `hookctl sign%s`", sign.Flags)
	}
	const theBody = `printf '%s' "$body"`
	text := "body=$(printf '" + printfFormat(body) + "'; echo .); body=${body%.}\n" + theBody + " | curl -sS -i -X POST" +
		s.curlHeaders(slices.DeleteFunc(slices.Clone(request.Header), func(f capture.Field) bool {
			return slices.ContainsFunc(sign.Fields, func(g capture.Field) bool { return recorded.SameName(f.Name, g.Name) })
		}))
	for _, f := range sign.Fields {
		text += " -H " + term.ShellWord(f.Name+": ") + `"$(` + theBody + " | hookctl sign -" + sign.Flags + ` -o name)"`
	}
	return write(w, "text/plain; charset=utf-8", []byte(text+" --data-binary @- "+s.to()))
}

// to is where a copied command sends a delivery.
func (s *Server) to() string {
	if s.o.Target == "" {
		return term.ShellWord(s.o.Here)
	}
	return term.ShellWord(masked(s.o.Target))
}

// curlHeaders are the headers as curl is to send them, and none of its own. Those
// that hold a credential are left out.
func (s *Server) curlHeaders(h capture.Header) string {
	fields := deliver.Delivery{Fields: s.open(h)}.EndToEnd()
	var b strings.Builder
	for _, f := range fields {
		line := f.Name + ": " + f.Value
		if f.Value == "" {
			line = f.Name + ";"
		}
		b.WriteString(" -H " + term.ShellWord(line))
	}
	for _, name := range []string{"Accept", "User-Agent", "Content-Type"} {
		if !capture.Header(fields).Has(name) {
			b.WriteString(" -H " + name + ":")
		}
	}
	return b.String()
}

// printfFormat is bytes as a format of printf between single quotes.
func printfFormat(body []byte) string {
	var b strings.Builder
	for _, c := range body {
		switch {
		case c == '%':
			b.WriteString("%%")
		case c < ' ' || c >= 0x7f || c == '\'' || c == '\\':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// replayLine is a command line that sends a capture again.
func (s *Server) replayLine(d *shown, r *capture.Request) string {
	line := s.record(d, r)
	if len(line) > mostCopied {
		return fmt.Sprintf("hookctl replay delivery-%d.ndjson --to %s", d.n, s.to())
	}
	return "printf %s " + term.Quoted(string(line)) + " | hookctl replay - --to " + s.to()
}

// capture is the delivery as a file of captures has it, without credentials.
func (s *Server) capture(w http.ResponseWriter, _ *http.Request, d shown) error {
	request, err := d.whole()
	if err != nil {
		return err
	}
	record := s.record(&d, request)
	if f := d.delivery.Forward; f != nil && f.Err == nil {
		if a, held := d.answer(); held {
			a.Header = s.open(a.Header)
			record = capture.AppendAnswer(record, a)
		}
	}
	return write(w, "application/x-ndjson", append(record, '\n'))
}

func (s *Server) record(d *shown, r *capture.Request) []byte {
	rec := capture.Record{ReceivedAt: d.delivery.ReceivedAt, Method: r.Method, URL: masked(r.URL), Header: map[string][]string{}, Body: r.Body}
	for _, f := range s.open(r.Header) {
		rec.Header[f.Name] = append(rec.Header[f.Name], f.Value)
	}
	return capture.AppendRecord(nil, rec)
}
