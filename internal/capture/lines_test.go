package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
)

// keptLines reads with Options.KeepLines: the input as the lines tell it, and
// what each holds.
func keptLines(t *testing.T, o Options, paths ...string) (text string, held []string) {
	t.Helper()
	o.KeepLines, o.EachLine = true, true
	batches, err := Read(t.Context(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b := range batches {
		if b.Err != nil {
			t.Fatal(b.Err)
		}
		for r, err := range b.Each() {
			switch {
			case errors.Is(err, recorded.ErrEndOfLine):
				held = append(held, fmt.Sprint(n))
				text, n = text+string(r.Line), 0
			case errors.Is(err, recorded.ErrLinePart):
				text += string(r.Line)
			default:
				n++
			}
		}
	}
	return text, held
}

// All lines come back byte for byte, whatever is in them and however they are read.
func TestKeepLines(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	line := `{"headers":{"A":"b"},"body_base64":"e30="}`
	large := `{"headers":{"A":"b"},"body":"` + strings.Repeat("a\\n", recorded.LargeBody) + `"}`
	for _, c := range []struct {
		text string
		held string
	}{
		{"", ""},
		{line + "\n", "1"},
		{line, "1"},
		{"\n" + line + "\r\n\n \t\n" + line, "0 1 0 0 1"},
		{message.Bom + line + "\n" + line + "\n", "1 1"},
		{"noise\n\x00\xff\n" + line + "\n{", "0 0 1 0"},
		{large + "\n" + line + "\n" + large, "1 1 1"},
		{"\n\n\n", "0 0 0"},
	} {
		for _, in := range []io.Reader{strings.NewReader(c.text), iotest.DataErrReader(strings.NewReader(c.text))} {
			text, held := keptLines(t, Options{Stdin: in}, "-")
			if text != c.text {
				t.Errorf("%.60q: got %d bytes of %d: %.60q", c.text, len(text), len(c.text), text)
			}
			if d := cmp.Diff(c.held, strings.Join(held, " ")); d != "" {
				t.Errorf("%.60q: %s", c.text, d)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var b strings.Builder
		for range r.IntN(20) {
			b.WriteString([]string{line, "", " ", "noise", "{", line + " x"}[r.IntN(6)])
			b.WriteString([]string{"\n", "\n", "\r\n"}[r.IntN(3)])
		}
		b.WriteString([]string{"", line, " "}[r.IntN(3)])
		text, held := keptLines(t, Options{Stdin: iotest.OneByteReader(strings.NewReader(b.String()))}, "-")
		want := strings.Count(b.String(), "\n")
		if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
			want++
		}
		if text != b.String() || len(held) != want {
			t.Errorf("%q: %q, %d lines of %d", b.String(), text, len(held), want)
		}
	}
}

// What is too long for a delivery comes back in parts, and is one unreadable line.
func TestKeepLinesTooLong(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	long := strings.Repeat("x", MaxDelivery+3*blockSize)
	for _, in := range []string{long + "\nnext\n", "before\n" + long} {
		text, held := keptLines(t, Options{Stdin: strings.NewReader(in), Format: "ndjson"}, "-")
		if text != in || strings.Join(held, " ") != "1 1" {
			t.Errorf("%d bytes of %d, %q", len(text), len(in), held)
		}
	}
}

// A line is judged before the next one is there, the first one too.
func TestKeepLinesWaitsForNothing(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"", "ndjson"} {
		in, out := io.Pipe()
		batches, err := Read(t.Context(), []string{"-"}, Options{Stdin: in, KeepLines: true, EachLine: true, Format: format})
		if err != nil {
			t.Fatal(err)
		}
		seen := make(chan string)
		go func() {
			defer close(seen)
			for b := range batches {
				for r, err := range b.Each() {
					if errors.Is(err, recorded.ErrEndOfLine) {
						seen <- string(r.Line)
					}
				}
			}
		}()
		for _, line := range []string{"\n", "\xef\n", "{\n", "\x1f\n", `{"headers":{},"body":""}` + "\n", "x\n"} {
			if _, err := io.WriteString(out, line); err != nil {
				t.Fatal(err)
			}
			if got := <-seen; got != line {
				t.Errorf("%q: got %q", line, got)
			}
		}
		_ = out.Close()
		if got, more := <-seen; more {
			t.Errorf("got %q", got)
		}
	}
}

// A record that was laid out is read when it has come, and not when more has.
func TestLaidOutAtOnce(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	batches, err := Read(t.Context(), []string{"-"}, Options{Stdin: in, SignatureHeaders: []string{"A"}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		defer close(got)
		for b := range batches {
			for r := range b.Each() {
				got <- string(r.Body)
			}
		}
	}()
	for _, body := range []string{"a", "b"} {
		if _, err := fmt.Fprintf(out, "{\n  \"headers\": {\n    \"A\": \"b\"\n  },\n  \"body\": %q\n}\n", body); err != nil {
			t.Fatal(err)
		}
		if b := <-got; b != body {
			t.Errorf("%q, want %q", b, body)
		}
	}
	_ = out.Close()
	for range got {
		t.Error("there is more")
	}
}

// What is not lines is said, before or when it comes.
func TestKeepLinesOnly(t *testing.T) {
	t.Parallel()
	if _, err := Read(t.Context(), nil, Options{KeepLines: true, Format: "http"}); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "a")
	for _, text := range []string{"POST / HTTP/1.1\nHost: a\n\n{}", `{"log":{"entries":[{"request":{}}]}}`, "[\n{\n", "hello\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		batches, err := Read(t.Context(), []string{file}, Options{KeepLines: true})
		if err != nil {
			t.Fatal(err)
		}
		var bad error
		for b := range batches {
			bad = errors.Join(bad, b.Err)
		}
		if fault.KindOf(bad) != fault.Usage {
			t.Errorf("%q: %v", text, bad)
		}
	}
}

// A delivery that goes on over lines has them all, unless each is asked for.
func TestKeepLinesTogether(t *testing.T) {
	t.Parallel()
	pretty := "app 1 | {\napp 2 |   \"headers\": {\"A\": \"b\"},\r\napp 3 |   \"body\": \"x\"\napp 4 | }\n"
	text := "app 0 | up\n\n" + pretty + "app 5 | down\n" + pretty
	batches, err := Read(t.Context(), []string{"-"}, Options{Stdin: strings.NewReader(text), Format: "log", KeepLines: true, SignatureHeaders: []string{"A"}})
	if err != nil {
		t.Fatal(err)
	}
	var held []string
	n := 0
	for b := range batches {
		for r, err := range b.Each() {
			if n++; errors.Is(err, recorded.ErrEndOfLine) {
				held = append(held, fmt.Sprint(n-1, string(r.Line)))
				n = 0
			}
		}
	}
	want := []string{"0 app 0 | up\n", "0 \n", "1 " + pretty, "0 app 5 | down\n", "1 " + pretty}
	for i := range want {
		want[i] = want[i][:1] + want[i][2:]
	}
	if d := cmp.Diff(want, held); d != "" {
		t.Error(d)
	}
}

// FuzzKeepLines: whatever the input is, its lines are all told, once.
func FuzzKeepLines(f *testing.F) {
	line := `{"headers":{"A":"b"},"body_base64":"e30="}`
	f.Add([]byte("\n"+line+"\r\n{\n"+line), byte(0), true, true)
	f.Add([]byte(message.Bom+"2026 app | "+line+"\n\n["+line+","+line+"]\n"), byte(1), false, false)
	f.Add([]byte("a 1 {\na 2  \"headers\": {\"A\": \"b\"}, \"body\": \"\"\na 3 }\nend"), byte(2), true, false)
	f.Fuzz(func(t *testing.T, in []byte, how byte, detected, each bool) {
		var r io.Reader = bytes.NewReader(in)
		switch how % 3 {
		case 1:
			r = iotest.OneByteReader(r)
		case 2:
			r = iotest.HalfReader(r)
		}
		for _, format := range lineFormats() {
			o := Options{Stdin: r, Format: format, KeepLines: true, EachLine: each, SignatureHeaders: []string{"A"}}
			if detected {
				o.Format = ""
			}
			batches, err := Read(t.Context(), []string{"-"}, o)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			n := 0
			for b := range batches {
				if b.Err != nil {
					return // it is not lines
				}
				for r, err := range b.Each() {
					if errors.Is(err, recorded.ErrEndOfLine) {
						got = append(got, r.Line...)
						n++
					}
				}
			}
			if want := len(slices.Collect(bytes.Lines(in))); n != want && (each || n > want) || !bytes.Equal(got, in) {
				if len(in) >= 2 && in[0] == 0x1f && in[1] == 0x8b {
					return // what is in it has other lines
				}
				t.Fatalf("%d of %d lines, %q of %q", n, want, got, in)
			}
			r = bytes.NewReader(in)
		}
	})
}
