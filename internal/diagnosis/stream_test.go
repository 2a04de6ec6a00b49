package diagnosis

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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
		{"other webhook", body, func(o *setting) { o.Candidates, o.Others = given("x"), []Candidate{lead} }, "other-webhook"},
		{"older secret", body, func(o *setting) {
			old := lead
			old.Older = true
			o.Candidates, o.Others = given("x"), []Candidate{old}
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
				if got := strings.Join(causes, "+"); r.Valid || got != c.want {
					t.Errorf("%s: %q, want %q: %+v", name, got, c.want, r)
				}
			}
		})
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
