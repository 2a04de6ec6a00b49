package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

const (
	zyntroKey = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2"
	wunderKey = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b"
)

var (
	zyntro = Provider{
		Name:     "zyntro",
		Scheme:   signature.Scheme{Provider: "zyntro", Headers: []string{"X-Zyntro-Signature"}, Prefix: "sha256=", Assumed: []string{"signature-header"}},
		Envelope: capture.Envelope{ID: "event_id", Type: "event_type", Time: "created_at"},
		Sample: func(string) []byte {
			return []byte(`{"event_id":"","event_type":"","api_version":"","created_at":"","org_id":"","data":{"charge_id":"","amount":0,"currency":"","gateway":""}}`)
		},
	}
	wunder = Provider{
		Name:   "wundertreos",
		Scheme: signature.Scheme{Provider: "wundertreos", Headers: []string{"X-Wunder-Signature", "X-Hook-Signature"}, Prefix: "sha256="},
		Envelope: capture.Envelope{ID: "id", Type: "event_type", Time: "delivered_at",
			HeaderID: "X-Wunder-Delivery", HeaderType: "X-Wunder-Event"},
		Sample: func(string) []byte {
			return []byte(`{"id":"","event_type":"","org_id":"","data":{},"delivered_at":""}`)
		},
	}
	crm  = Candidate{Provider: "zyntro", ID: "wh-1", Name: "CRM Sync", Secret: secret.New(zyntroKey)}
	lead = Candidate{Provider: "wundertreos", ID: "a1b2c3d4-1111-2222-3333-444455556666", Name: "Lead sync", Secret: secret.New(wunderKey)}
)

func options() Options {
	return Options{Providers: []Provider{zyntro, wunder}, Candidates: []Candidate{crm, lead}}
}

const wunderBody = `{"id":"ev1","event_type":"contact.created","org_id":"o","data":{"id":"c","amount":200.00,"url":"https://x/y","name":"Zo` + "\u00eb" + ` <a>"},"delivered_at":"2026-05-17T14:30:01.000Z"}`

func sign(t testing.TB, p Provider, key, body string) string {
	t.Helper()
	v, err := p.Scheme.Sign(secret.New(key), "", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// record is a line of NDJSON. Fields are names and values in turn.
func record(t testing.TB, body string, fields ...string) string {
	t.Helper()
	h := map[string][]string{}
	for i := 0; i < len(fields); i += 2 {
		h[fields[i]] = append(h[fields[i]], fields[i+1])
	}
	b, err := json.Marshal(map[string]any{"headers": h, "body_base64": base64.StdEncoding.EncodeToString([]byte(body))})
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

// run judges text and returns copies of all results.
func run(t testing.TB, o Options, text string) ([]Result, Summary, error) {
	t.Helper()
	return runReader(t, o, strings.NewReader(text))
}

func runReader(t testing.TB, o Options, in io.Reader) ([]Result, Summary, error) {
	t.Helper()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{Stdin: in})
	if err != nil {
		t.Fatal(err)
	}
	var all []Result
	summary, err := e.Run(context.Background(), batches, func(c *Chunk) error {
		all = append(all, c.Results...)
		return nil
	})
	return all, summary, err
}

func diff(t *testing.T, name string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Summary{})); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func field(name, value string) capture.Field { return capture.Field{Name: name, Value: value} }
