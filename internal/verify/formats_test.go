package verify

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// vector is one input of testdata/formats.ndjson, in the form of one tool, and
// the verdict on each delivery in it. The inputs were made, and signed, with
// Python's standard library.
type vector struct {
	Name   string
	Format string // as given by --format; mostly it is to be detected
	Text   string
	Base64 string // instead of it
	Want   []verdict
}

type verdict struct {
	Source   string // behind the name of the input
	Reason   signature.Reason
	Provider string
	EventID  string `json:"event_id"`
	Type     string `json:"event_type"`
	Note     string // what one of the notes must contain
	Cause    string // that must be among the causes
}

func TestFormats(t *testing.T) {
	const wunderSecret, zyntroSecret = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b", "0b1c2d3e4f5a6b7c8d9e0f1a2b8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d7e8f9a"
	e, err := New(Options{Providers: []Provider{zyntro, wunder}, Candidates: []Candidate{
		{Provider: zyntro.Name, ID: "z", Secret: secret.New(zyntroSecret)},
		{Provider: wunder.Name, ID: "w", Secret: secret.New(wunderSecret)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join("testdata", "formats.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		n++
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			input := []byte(v.Text)
			if v.Base64 != "" {
				var err error
				if input, err = base64.StdEncoding.DecodeString(v.Base64); err != nil {
					t.Fatal(err)
				}
			}
			v.check(t, e, bytes.NewReader(input))
			if v.Format != "raw" {
				v.check(t, e, zipped(t, input))
			}
		})
	}
	if err := lines.Err(); err != nil || n < 200 {
		t.Errorf("%d vectors, %v", n, err)
	}
}

func zipped(t *testing.T, data []byte) io.Reader {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func (v *vector) check(t *testing.T, e *Engine, in io.Reader) {
	t.Helper()
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Format: v.Format, Stdin: in})
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	_, err = e.Run(t.Context(), batches, func(c *Chunk) error {
		for _, r := range c.Results {
			if i == len(v.Want) {
				t.Errorf("one more: %+v", r)
				return nil
			}
			w := v.Want[i]
			i++
			webhook := map[bool]string{true: w.Provider[:min(1, len(w.Provider))]}[w.Reason == signature.OK]
			want := Result{Source: "-" + w.Source, Reason: w.Reason, Valid: w.Reason == signature.OK, Provider: w.Provider, WebhookID: webhook, EventID: w.EventID, EventType: w.Type}
			got := Result{Source: r.Source, Reason: r.Reason, Valid: r.Valid, Provider: r.Provider, WebhookID: r.WebhookID, EventID: r.EventID, EventType: r.EventType}
			if !r.Valid {
				got.EventID, got.EventType = "", ""
			}
			diff(t, "verdict", want, got)
			if !strings.Contains(strings.Join(r.Notes, "\n"), w.Note) {
				t.Errorf("%s: no note %q: %q", r.Source, w.Note, r.Notes)
			}
			causes := ""
			for _, found := range r.Diagnosis {
				causes += found.Cause + " "
			}
			if !strings.Contains(causes, w.Cause) {
				t.Errorf("%s: causes %s, want %s", r.Source, causes, w.Cause)
			}
		}
		return nil
	})
	readable := slices.ContainsFunc(v.Want, func(w verdict) bool { return w.Reason != signature.Unreadable })
	if !readable && fault.Code(err) == "nothing-readable" {
		err = nil
	}
	if err != nil || i != len(v.Want) {
		t.Errorf("%d deliveries, want %d: %v", i, len(v.Want), err)
	}
}
