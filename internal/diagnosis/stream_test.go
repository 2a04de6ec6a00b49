package diagnosis

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/secret"
)

// streamed is a request with a body that is read as often as it is asked for.
func streamed(body string) *capture.Request {
	return &capture.Request{Stream: strings.NewReader(body), Size: int64(len(body)),
		Again: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }}
}

// setting is what is known of a delivery, and header lines that were given.
type setting struct {
	Explainer
	fields []capture.Field
}

// A body that is too large for memory is read again to find the cause.
func TestStreamedBodyIsDiagnosed(t *testing.T) {
	body := `{"id":"big","x":"` + strings.Repeat("x", wholeBody) + `"}`
	good := strings.TrimPrefix(sign(t, wunder, wunderKey, body), "sha256=")
	raw, err := hex.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	given := func(s string) []Candidate { return []Candidate{{Secret: secret.New(s)}} }
	header := func(name, value string) func(*setting) {
		return func(o *setting) {
			o.Signature = ""
			o.fields = append(o.fields, capture.Field{Name: name, Value: value})
		}
	}
	// A body that is in memory is explained as well.
	held := []string{"newline added", "newline lost", "newline in the secret", "other webhook", "base64 digest", "another header and newline", "pretty-printed", "LF", "tampered"}
	for _, c := range []struct {
		name   string
		body   string
		change func(*setting)
		want   string
	}{
		{"newline added", body + "\n", nil, "trailing-newline"},
		{"CRLF added", body + "\r\n", nil, "trailing-newline"},
		{"newline lost", body, func(o *setting) { o.Signature = sign(t, wunder, wunderKey, body+"\n") }, "missing-newline"},
		{"newline in the secret", body, func(o *setting) { o.Candidates = given(wunderKey + "\n") }, "secret-whitespace"},
		{"both", body + "\n", func(o *setting) { o.Candidates = given(wunderKey + "\n") }, "secret-whitespace+trailing-newline"},
		{"quoted secret", body, func(o *setting) { o.Candidates = given(`"` + wunderKey + `"`) }, "secret-quoted"},
		{"other webhook", body, func(o *setting) { o.Candidates, o.Others = given("x"), also(lead) }, "other-webhook"},
		{"older secret", body, func(o *setting) {
			old := lead
			old.Older = true
			o.Candidates, o.Others = given("x"), also(old)
		}, "older-secret"},
		{"byte order mark", "\xef\xbb\xbf" + body, nil, "bom"},
		{"base64 digest", body, func(o *setting) { o.Signature = base64.StdEncoding.EncodeToString(raw) }, "digest-encoding"},
		{"shortened digest", body, func(o *setting) { o.Signature = good[:40] }, "digest-truncated"},
		{"another header", body, header("X-Sig", good), "wrong-header"},
		{"another header and newline", body + "\n", header("X-Sig", good), "wrong-header+trailing-newline"},
		{"plain hash", body, func(o *setting) { o.Signature = hex.EncodeToString(sum[:]) }, "unkeyed-hash"},
		{"more than was signed", body + strings.Repeat("y", 100), func(o *setting) {
			o.fields = []capture.Field{{Name: "X-Wunder-Signature", Value: good}, {Name: "Content-Length", Value: fmt.Sprint(len(body))}}
			o.Signature = ""
		}, "truncated"},
		{"pretty-printed", layOut(body, "  ", "\n"), nil, "json-pretty-printed"},
		{"pretty-printed, with an end", layOut(body, "\t", "\r\n") + "\n", nil, "json-pretty-printed"},
		{"spaced", spacing(body), nil, "json-reserialised"},
		{"CRLF", strings.Replace(body, `,"x"`, ",\r\n\"x\"", 1), func(o *setting) {
			o.Signature = sign(t, wunder, wunderKey, strings.Replace(body, `,"x"`, ",\n\"x\"", 1))
		}, "crlf"},
		{"LF", strings.Replace(body, `,"x"`, ",\n\"x\"", 1), func(o *setting) {
			o.Signature = sign(t, wunder, wunderKey, strings.Replace(body, `,"x"`, ",\r\n\"x\"", 1))
		}, "crlf"},
		{"nothing was signed", body, func(o *setting) { o.Signature = sign(t, wunder, wunderKey, "") }, "unknown"},
		{"tampered", strings.Replace(body, "big", "bad", 1), nil, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := setting{Explainer: explainer()}
			o.Providers, o.Candidates, o.Signature = []Provider{wunder}, []Candidate{lead}, good
			if c.change != nil {
				c.change(&o)
			}
			requests := map[string]*capture.Request{"streamed": streamed(c.body)}
			if slices.Contains(held, c.name) {
				requests["held"] = &capture.Request{Body: []byte(c.body)}
			}
			for name, request := range requests {
				request.Header = o.fields
				r := o.judge(t, request)
				var causes []string
				for _, f := range r.Diagnosis {
					causes = append(causes, f.Cause)
				}
				if cut := fmt.Sprintf("Only the first %d of the capture's %d bytes were signed.", len(body), len(c.body)); c.want == "truncated" && r.Diagnosis[0].Explanation != cut {
					t.Errorf("%s, want %s", r.Diagnosis[0].Explanation, cut)
				}
				if got := strings.Join(causes, "+"); r.Valid || got != c.want {
					t.Errorf("%s: %q, want %q: %+v", name, got, c.want, r)
				}
			}
		})
	}
}

// What is read again and is not as long as what was judged explains nothing: a file
// may go on, or be cut, meanwhile.
func TestStreamedBodyThatChanges(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 1<<10)
	for _, again := range []string{body + "y", body[1:], ""} {
		r := streamed(body)
		r.Again = streamed(again).Again
		r.Header = capture.Header{field("X-Wunder-Signature", sign(t, wunder, wunderKey, again))}
		e := explainer()
		if _, found := e.Explain(t.Context(), r, []int{1}); len(found) != 1 || found[0].Cause != causeUnknown {
			t.Errorf("%d bytes: %+v", len(again), found)
		}
	}
}

// However the pieces fall, the end is held back and the rest is hashed.
func TestStreamSearchPieces(t *testing.T) {
	const body = "abcdefgh\r\n"
	for cut := range len(body) {
		for again := range len(body) - cut {
			d := &diagnosis{provider: &wunder, keys: [][]byte{[]byte("k")}, known: &Explainer{}, request: &capture.Request{}}
			s := streamSearch{d: d, probes: d.probes(), length: 4}
			for _, piece := range []string{body[:cut], body[cut : cut+again], body[cut+again:], ""} {
				if err := s.write([]byte(piece)); err != nil {
					t.Fatal(err)
				}
			}
			if got := hex.EncodeToString(s.sum(s.probes[0], s.tail)); got != mac(sha256.New, "k", body) {
				t.Fatalf("%d, %d: the whole is %s", cut, again, got)
			}
			if got := hex.EncodeToString(s.probes[0].cut); got != mac(sha256.New, "k", body[:4]) {
				t.Fatalf("%d, %d: the first four bytes are %s", cut, again, got)
			}
		}
	}
}

// written is a hash that keeps what it is given.
type written struct{ bytes.Buffer }

func (w *written) Sum(b []byte) []byte { return append(b, w.Bytes()...) }
func (w *written) Size() int           { return 0 }
func (w *written) BlockSize() int      { return 1 }

// However the pieces fall, a body is rewritten on its way into a hash as it would be
// at once.
func TestStreamChange(t *testing.T) {
	t.Parallel()
	crlf := func(s string) string { return strings.ReplaceAll(lf(s), "\n", "\r\n") }
	compacted := func(s string) string {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(s)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, c := range []struct {
		how   changing
		text  string
		want  func(string) string
		lines bool
	}{
		{changeNothing, "a\r\nb \" c", strings.Clone, false},
		{changeToLF, "a\r\nb\n\r\r\n\rc\r\r", func(s string) string { return strings.TrimSuffix(lf(s), "\r") }, false}, // the last may yet be one of CRLF
		{changeToCRLF, "\na\r\nb\r\rc\n\n", crlf, false},
		{changeToCompact, "{ \"a b\" :\t[1 ,\r\"\\\" \\\\\"  ,\" x\"] }", compacted, false},
		{changeToCompact, "{\n\"a\":\"\\\"\n\" }", func(string) string { return "{\"a\":\"\\\"\n\"}" }, true},
	} {
		for cut := range len(c.text) + 1 {
			for again := range len(c.text) + 1 - cut {
				change, to := streamChange{how: c.how}, new(written)
				for _, piece := range []string{c.text[:cut], c.text[cut : cut+again], c.text[cut+again:]} {
					change.write(to, []byte(piece))
				}
				if got := to.String(); got != c.want(c.text) || change.lines != c.lines {
					t.Fatalf("%d of %q in pieces of %d and %d: %q, want %q, lines %v", c.how, c.text, cut, again, got, c.want(c.text), change.lines)
				}
			}
		}
	}
}

func lf(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// The larger a body is, the fewer keys it is hashed with, and the own ones first.
func TestProbes(t *testing.T) {
	t.Parallel()
	e := explainer()
	e.Candidates = nil
	for i := range 10 {
		e.Candidates = append(e.Candidates, Candidate{Secret: secret.New(fmt.Sprintf("key %d", i))})
	}
	e.Others = also(Candidate{Provider: "zyntro", Secret: secret.New("of another provider")}, Candidate{Provider: "wundertreos", Secret: secret.New("other")})
	for size, want := range map[int64]int{0: maxProbes, 1: maxProbes, streamBudget / maxProbes: maxProbes, streamBudget / (maxProbes - 1): maxProbes - 1, streamBudget / 12: 12, streamBudget: streamProbes, 100 * streamBudget: streamProbes} {
		probes := e.newDiagnosis(&capture.Request{Size: size}, 1).probes()
		if len(probes) != want {
			t.Errorf("%d bytes: %d probes, want %d", size, len(probes), want)
		}
		for i, p := range probes {
			if p.plain != (i < len(e.Candidates)) || i == len(e.Candidates) && p.finding[0].Cause != "other-webhook" || i > len(e.Candidates) && len(p.finding) > 0 && p.finding[0].Cause == "other-webhook" {
				t.Errorf("%d bytes: probe %d: %+v", size, i+1, p.finding)
			}
		}
	}
	// A body in memory counts as well, and all kinds have their turn.
	d := e.newDiagnosis(&capture.Request{Body: make([]byte, streamBudget/12)}, 1)
	if n := len(d.probes()); n != 12 {
		t.Errorf("%d probes of a body in memory", n)
	}
	d.keys, d.candidates, e.Others = d.keys[:1], nil, nil
	d.request = &capture.Request{}
	var kinds []string
	for _, p := range d.probes() {
		kinds = append(kinds, fmt.Sprint(p.plain, p.unkeyed, p.skip, p.change.how))
	}
	diff(t, "probes", []string{"true false 0 0", "false true 0 0", "false false 3 0", "false false 0 1", "false false 0 2", "false false 0 3"}, kinds)
}
