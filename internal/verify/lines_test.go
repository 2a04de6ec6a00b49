package verify

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/signature"
)

// byLine judges lines, and returns what was passed and the results.
func byLine(t testing.TB, o Options, in io.Reader) (passed string, all []Result, ndjson string, s Summary, err error) {
	t.Helper()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{
		Stdin: in, Format: "ndjson", KeepLines: true, SignatureHeaders: e.SignatureHeaders()})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	s, err = e.Run(context.Background(), batches, func(c *Chunk) error {
		for _, piece := range c.Input {
			text.Write(piece)
		}
		all = append(all, c.Results...)
		ndjson += string(c.Lines)
		return nil
	})
	return text.String(), all, ndjson, s, err
}

// Whatever lines there are, each has exactly one verdict with EachLine; and those
// that Pass passes are, together with those that hold no delivery, the input.
func TestLinesAreAllThere(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	valid := strings.TrimSuffix(record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody)), "\n")
	wrong := strings.TrimSuffix(record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, "wrong", wunderBody)), "\n")
	kinds := []struct {
		text string
		want string // valid, invalid, none
	}{
		{valid, PassValid}, {wrong, PassInvalid}, {"", ""}, {" \t", ""}, {"noise", PassInvalid}, {valid[:len(valid)/2], PassInvalid},
		{`{"method":"GET","headers":{},"body":""}`, ""}, {"\xff\x00", PassInvalid}, {`{"headers":{},"body":"x"}`, PassInvalid},
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		var in strings.Builder
		var want []string
		var parts = map[string]string{}
		for n := r.IntN(40); n > 0; n-- {
			k := kinds[r.IntN(len(kinds))]
			line := k.text + []string{"\n", "\r\n"}[r.IntN(2)]
			if n == 1 && r.IntN(2) == 0 {
				line = k.text
			}
			if line == "" {
				continue
			}
			in.WriteString(line)
			want, parts[k.want] = append(want, k.want), parts[k.want]+line
		}
		o := options()
		o.Diagnoses = r.IntN(5) - 1
		reader := func() io.Reader {
			return map[int]io.Reader{0: strings.NewReader(in.String()), 1: iotest.HalfReader(strings.NewReader(in.String())), 2: iotest.OneByteReader(strings.NewReader(in.String()))}[r.IntN(3)]
		}
		for _, pass := range []string{PassValid, PassInvalid} {
			o.Pass = pass
			if got, _, _, _, _ := byLine(t, o, reader()); got != parts[pass] {
				t.Fatalf("%s of %q\n%q, want\n%q", pass, in.String(), got, parts[pass])
			}
		}
		o.Pass, o.EachLine, o.Lines = "", true, true
		_, all, ndjson, s, _ := byLine(t, o, reader())
		if len(all) != len(want) || strings.Count(ndjson, "\n") != len(want) || s.Total != len(want) || len(s.Passed) != 0 {
			t.Fatalf("%q: %d results, %d lines, %+v; want %d", in.String(), len(all), strings.Count(ndjson, "\n"), s, len(want))
		}
		for i, result := range all {
			if result.Valid != (want[i] == PassValid) || want[i] == "" && result.Reason != signature.Unreadable {
				t.Errorf("line %d of %q: %+v", i+1, in.String(), result)
			}
		}
	}
}

// A line of several deliveries is valid only if all are, and one that can be read
// in two ways is never passed as valid.
func TestLineOfSeveral(t *testing.T) {
	t.Parallel()
	good, bad := Result{Source: "good", Valid: true}, Result{Source: "bad", Reason: signature.Mismatch}
	for _, c := range []struct {
		name      string
		ambiguous bool
		results   []Result
		passed    string
		joined    string
	}{
		{"all valid", false, []Result{good, good}, PassValid, "good"},
		{"one not", false, []Result{good, bad, good}, PassInvalid, "bad"},
		{"ambiguous", true, []Result{good}, PassInvalid, "good"},
		{"one of them ambiguous", true, []Result{good, good}, PassInvalid, "good"},
		{"none", false, nil, "", "-:1"},
	} {
		for _, pass := range []string{PassValid, PassInvalid, ""} {
			o := options()
			o.Pass, o.EachLine = pass, pass == ""
			e, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			// A result of the line before is not touched.
			chunk := &Chunk{Results: append([]Result{{Source: "before"}}, c.results...), facts: make([]facts, len(c.results)+1)}
			chunk.facts[len(c.results)].ambiguous = c.ambiguous
			next := newWorker(e, nil).line(chunk, &capture.Batch{}, 1, &capture.Request{Source: "-:1", Line: []byte("line\n")}, recorded.ErrEndOfLine)
			if next != len(chunk.Results) || chunk.Results[0].Source != "before" || len(chunk.facts) != len(chunk.Results) {
				t.Errorf("%s: %+v", c.name, chunk)
			}
			if pass != "" {
				if (len(chunk.Input) == 1) != (pass == c.passed) || len(chunk.Results) != 1+len(c.results) {
					t.Errorf("%s, pass %s: %q, %+v", c.name, pass, chunk.Input, chunk.Results)
				}
				continue
			}
			if len(chunk.Results) != 2 || chunk.Results[1].Source != c.joined || len(c.results) != 1 && len(chunk.Results[1].Notes) != 1 {
				t.Errorf("%s: %+v", c.name, chunk.Results)
			}
		}
	}
}

// The results of a stream come when their lines come.
func TestEachLineAtOnce(t *testing.T) {
	t.Parallel()
	valid := record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody))
	in, out := io.Pipe()
	o := options()
	o.EachLine = true
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: in, KeepLines: true, EachLine: true})
	if err != nil {
		t.Fatal(err)
	}
	got, done := make(chan Result), make(chan struct{})
	go func() {
		defer close(done)
		if _, err := e.Run(t.Context(), batches, func(c *Chunk) error {
			for _, r := range c.Results {
				got <- r
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}()
	for _, line := range []string{"\n", valid, "noise\n", valid} {
		if _, err := io.WriteString(out, line); err != nil {
			t.Fatal(err)
		}
		if r := <-got; r.Valid != (line == valid) {
			t.Errorf("%q: %+v", line, r)
		}
	}
	_ = out.Close()
	<-done
}

// A line over the limit is one verdict, and is passed on whole.
func TestPassTooLong(t *testing.T) {
	norace.Only(t)
	long := strings.Repeat("x", capture.MaxDelivery+5<<20) + "\n"
	o := options()
	o.Pass = PassInvalid
	passed, _, _, s, err := byLine(t, o, strings.NewReader(long+"y\n"))
	if passed != long+"y\n" || s.Total != 2 || fault.KindOf(err) != fault.Usage {
		t.Errorf("%d bytes, %+v, %v", len(passed), s, err)
	}
	o.Pass, o.EachLine = "", true
	if _, all, _, _, _ := byLine(t, o, strings.NewReader(long+"y\n")); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}

// Failing leaves valid results out of the lines, whoever makes them.
func TestFailingLines(t *testing.T) {
	t.Parallel()
	valid := record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody))
	wrong := record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, "wrong", wunderBody))
	for _, diagnoses := range []int{-1, 1, 100} {
		o := options()
		o.Failing, o.Lines, o.Diagnoses = true, true, diagnoses
		_, _, ndjson, s, err := byLine(t, o, strings.NewReader(strings.Repeat(valid+wrong+valid, 3)))
		if err != nil || s.Total != 9 || s.Valid != 6 {
			t.Errorf("%+v, %v", s, err)
		}
		lines := strings.Split(strings.TrimSuffix(ndjson, "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%q", ndjson)
		}
		for _, line := range lines {
			var v struct{ Valid bool }
			if err := json.Unmarshal([]byte(line), &v); err != nil || v.Valid {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}
