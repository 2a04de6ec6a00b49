package diagnosis

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func explainer() Explainer {
	return Explainer{Providers: []Provider{zyntro, wunder}, Candidates: []Candidate{crm, lead}}
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

// TestMain lowers the size from which a body is large: the search does the same
// with more of it. It must be more than JSON is looked into.
func TestMain(m *testing.M) {
	wholeBody = maxJSON + 1<<10
	m.Run()
}

// result is the verdict on a delivery, made by the signature package alone, and
// what explains it.
type result struct {
	Valid     bool
	Reason    signature.Reason
	Diagnosis []Finding
}

// run judges and explains the deliveries of a text.
func run(t testing.TB, e Explainer, text string) []result {
	t.Helper()
	batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	var all []result
	for b := range batches {
		for r, err := range b.Each() {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e.judge(t, r))
		}
	}
	return all
}

func (e *Explainer) judge(t testing.TB, r *capture.Request) result {
	t.Helper()
	body := r.Body
	if r.Stream != nil {
		var err error
		if body, err = io.ReadAll(r.Stream); err != nil {
			t.Fatal(err)
		}
	}
	found := result{Reason: signature.NoSignature}
	var possible []int
	for i, p := range e.Providers {
		if len(e.Providers) > 1 && e.Signature == "" && !p.Scheme.Signed(&r.Header) {
			continue
		}
		possible = append(possible, i)
		var keys []secret.Value
		for _, c := range e.Candidates {
			if c.Fits(p.Name) {
				keys = append(keys, c.Secret)
			}
		}
		ring, err := signature.NewKeySet(p.Scheme, keys)
		if err != nil {
			t.Fatal(err)
		}
		var claim signature.Claim
		reason := p.Scheme.Claim(&r.Header, &claim)
		if e.Signature != "" {
			reason = p.Scheme.ClaimValue(e.Signature, &r.Header, &claim)
		}
		if reason == signature.OK {
			reason = ring.Verifier().Match(&claim, body).Reason
		}
		if reason == signature.OK || found.Reason == signature.NoSignature {
			found.Reason = reason
		}
	}
	if found.Valid = found.Reason == signature.OK; !found.Valid {
		_, found.Diagnosis = e.Explain(t.Context(), r, possible)
	}
	return found
}

func diff(t *testing.T, name string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func field(name, value string) capture.Field { return capture.Field{Name: name, Value: value} }

// also is Explainer.Others.
func also(others ...Candidate) func() []Candidate { return func() []Candidate { return others } }
