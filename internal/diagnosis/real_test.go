package diagnosis_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/diagnosis"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/secret"
)

var now = time.Date(2026, 5, 17, 14, 30, 1, 0, time.UTC)

const realKey = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b"

// realExplainer knows the providers that there are, and one secret of each.
func realExplainer() *diagnosis.Explainer {
	e := &diagnosis.Explainer{}
	for _, d := range all.Drivers() {
		p := diagnosis.Provider{Name: d.Name, Scheme: d.Scheme, Envelope: d.Envelope, SecretDigits: d.SecretDigits, Sample: func(event string) []byte {
			body, _ := d.Sample(event, provider.SampleOptions{Seed: 1})
			return body
		}}
		for _, event := range d.Catalogue {
			p.Events = append(p.Events, event.Slug)
		}
		e.Providers = append(e.Providers, p)
		e.Candidates = append(e.Candidates, diagnosis.Candidate{Provider: d.Name, ID: "w", Secret: secret.New(realKey)})
	}
	return e
}

// BenchmarkExplain is the usual event of a provider after the usual mishaps. Nothing
// explains that it was tampered with: everything is tried.
func BenchmarkExplain(b *testing.B) {
	e := realExplainer()
	body, _ := all.Drivers()[1].Sample("contact.updated", provider.SampleOptions{Now: now, Seed: 7})
	signed, err := e.Providers[1].Scheme.Sign(secret.New(realKey), "", body)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, from, to string }{
		{"spaces", `,"`, `, "`}, {"times", ".000Z", "Z"}, {"half", string(body[len(body)/2:]), ""}, {"tampered", `"score":42`, `"score":43`},
	} {
		b.Run(c.name, func(b *testing.B) {
			captured := bytes.ReplaceAll(body, []byte(c.from), []byte(c.to))
			r := &capture.Request{Body: captured, Header: capture.Header{{Name: "X-Wunder-Signature", Value: signed}}}
			for b.Loop() {
				e.Explain(b.Context(), r, []int{1})
			}
		})
	}
}

// What many forms of a body are made of is made once: a diagnosis that tries
// everything takes no new room for each form that it tries.
func TestFormsShareWhatTheyAreMadeOf(t *testing.T) {
	e := realExplainer()
	body, _ := all.Drivers()[1].Sample("contact.updated", provider.SampleOptions{Now: now, Seed: 7})
	r := &capture.Request{Body: body, Header: capture.Header{{Name: "X-Wunder-Signature", Value: "sha256=" + strings.Repeat("ab", 32)}}}
	const most = 8000 // 10,900 where each form had its own
	if n := testing.AllocsPerRun(3, func() { e.Explain(t.Context(), r, []int{1}) }); n > most {
		t.Errorf("%v allocations", n)
	}
}
