package listen

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// TestSameVerdictAsVerify judges random deliveries here and by package verify,
// from their records: every text of the result must be the same.
func TestSameVerdictAsVerify(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"both": testOptions(),
		"one secret": {Providers: []verify.Provider{zyntro, wunder},
			Candidates: []verify.Candidate{{Provider: "wundertreos", ID: "w", Secret: secret.New(testSecret)}}},
		"one provider": {Providers: []verify.Provider{wunder},
			Candidates: []verify.Candidate{{Secret: secret.New(otherSecret)}, {ID: "w", Secret: secret.New(testSecret), Older: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := newEngine(o)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(7, 8))
			var file []byte
			var got []verify.Result
			for i := range 3000 {
				header, body := soup(r)
				var d Delivery
				d.judge(e, &capture.Request{Header: recorded.HeaderOf(header), Body: body})
				got = append(got, verify.Result{
					Source: fmt.Sprintf("-:%d", i+1), Valid: d.Taken(), Provider: d.Provider, WebhookID: d.WebhookID, Webhook: d.Webhook,
					EventID: d.EventID, EventType: d.EventType, Reason: d.Reason, Notes: d.Notes,
				})
				file = append(capture.AppendRecord(file, d.record(header, body)), '\n')
			}
			want := verdicts(t, o, file)
			reasons := map[signature.Reason]int{}
			for i := range got {
				if diff := cmp.Diff(want[i], got[i], cmpopts.IgnoreFields(verify.Result{}, "Assumed", "Format")); diff != "" {
					t.Fatalf("-verify +listen: %s", diff)
				}
				reasons[got[i].Reason]++
			}
			if reasons[signature.OK] < 100 || reasons[signature.Mismatch] < 100 || len(reasons) < 5 {
				t.Errorf("the cases are one-sided: %v", reasons)
			}
		})
	}
}

// soup makes headers and bodies, a good part of them valid.
func soup(r *rand.Rand) (http.Header, []byte) {
	times := []string{"", `,"delivered_at":"2026-05-17T14:30:01Z"`, `,"created_at":"2026-05-17T14:30:01Z"`}
	body := fmt.Appendf(nil, `{"id":"%d","event_id":"e%d","event_type":"t"%s}`, r.IntN(9), r.IntN(9), times[r.IntN(3)])
	header := http.Header{}
	for _, p := range []verify.Provider{wunder, zyntro} {
		for _, name := range p.Scheme.Headers {
			if r.IntN(3) == 0 {
				continue
			}
			key := []string{testSecret, otherSecret, "wrong"}[r.IntN(3)]
			good, err := p.Scheme.Sign(secret.New(key), "", body)
			if err != nil {
				panic(err)
			}
			forms := []string{good, good, strings.ToUpper(good), "", "garbage", good + ",x", good[:50], "sha256=" + strings.Repeat("0", 64) + " " + good}
			header[name] = append(header[name], forms[r.IntN(len(forms))])
		}
	}
	if r.IntN(2) == 0 {
		header["X-Wunder-Delivery"] = []string{fmt.Sprint(r.IntN(9))}
		header["X-Wunder-Event"] = []string{"t"}
	}
	return header, body
}

// verdicts are package verify's, without diagnosis.
func verdicts(t *testing.T, o Options, file []byte) []verify.Result {
	t.Helper()
	e, err := verify.New(verify.Options{Providers: o.Providers, Candidates: o.Candidates, Others: o.Others, Diagnoses: -1})
	if err != nil {
		t.Fatal(err)
	}
	batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{Format: "ndjson", Stdin: bytes.NewReader(file)})
	if err != nil {
		t.Fatal(err)
	}
	var all []verify.Result
	if _, err := e.Run(context.Background(), batches, func(c *verify.Chunk) error {
		all = append(all, c.Results...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestJudgeNeedsASecret(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"none":     {Providers: []verify.Provider{wunder}},
		"blank":    {Providers: []verify.Provider{wunder}, Candidates: []verify.Candidate{{Secret: secret.New(" ")}}},
		"provider": {Candidates: []verify.Candidate{{Secret: secret.New("x")}}},
		"scheme":   {Providers: []verify.Provider{{Name: "x"}}, Candidates: []verify.Candidate{{Secret: secret.New("x")}}},
	} {
		o.Now, o.Report = testOptions().Now, testOptions().Report
		if _, err := New(o); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExplain looks for the causes that package verify finds, and that nothing
// of it holds the digest that would have been right.
func TestExplain(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Others = func() []verify.Candidate {
		return []verify.Candidate{{Provider: "wundertreos", ID: "old", Name: "Old sync", Secret: secret.New("another secret")}}
	}
	r := start(t, o)
	good := event("1", "contact.created")
	elsewhere, err := wunder.Scheme.Sign(secret.New("another secret"), "", good)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		header http.Header
		body   []byte
		reason signature.Reason
		cause  string
	}{
		{signed(good), append(bytes.Clone(good), '\n'), signature.Mismatch, "trailing-newline"},
		{http.Header{"X-Wunder-Signature": {elsewhere}}, good, signature.Mismatch, "other-webhook"},
		{http.Header{"X-Signature": signed(good)["X-Wunder-Signature"]}, good, signature.NoSignature, "wrong-header"},
		{http.Header{"X-Wunder-Signature": {"sha256=12"}}, good, signature.Malformed, ""},
		{with(signed(good), "X-Hook-Signature", "sha256="+strings.Repeat("0", 64)), good, signature.Conflicting, ""},
	} {
		status, text := r.post(c.header, c.body)
		if status != http.StatusUnauthorized || text != "the signature is not valid: "+string(c.reason)+"\n" {
			t.Errorf("%s: answered %d %q", c.reason, status, text)
		}
		r.leaks(t, text, c.body)
	}
	deliveries := r.end()
	for i, want := range []struct {
		reason signature.Reason
		cause  string
	}{
		{signature.Mismatch, "trailing-newline"}, {signature.Mismatch, "other-webhook"}, {signature.NoSignature, "wrong-header"},
		{signature.Malformed, ""}, {signature.Conflicting, ""},
	} {
		d := deliveries[i]
		if d.Reason != want.reason || d.Status != 401 || want.cause != "" && (len(d.Diagnosis) == 0 || d.Diagnosis[0].Cause != want.cause) {
			t.Errorf("%+v, want %v", d, want)
		}
		r.leaks(t, fmt.Sprintf("%+v", d), good)
		r.leaks(t, fmt.Sprintf("%+v", d), append(bytes.Clone(good), '\n'))
	}
	want := Summary{Total: 5, Invalid: map[signature.Reason]int{signature.Mismatch: 2, signature.NoSignature: 1, signature.Malformed: 1, signature.Conflicting: 1},
		Events: map[string]int{}}
	if diff := cmp.Diff(want, r.summary); diff != "" {
		t.Error(diff)
	}
}

// leaks fails if text holds a digest that would make body valid, in any form.
func (r *running) leaks(t *testing.T, text string, body []byte) {
	t.Helper()
	for _, key := range []string{testSecret, otherSecret} {
		value, err := wunder.Scheme.Sign(secret.New(key), "", body)
		if err != nil {
			t.Fatal(err)
		}
		mac, err := hex.DecodeString(strings.TrimPrefix(value, "sha256="))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{hex.EncodeToString(mac), base64.StdEncoding.EncodeToString(mac), base64.RawURLEncoding.EncodeToString(mac), string(mac)} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				t.Errorf("the right digest is in %q", text)
			}
		}
	}
}
