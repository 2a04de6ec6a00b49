package verify

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/diagnosis"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

func TestReasons(t *testing.T) {
	good := sign(t, wunder, wunderKey, wunderBody)
	zbody := `{"event_id":"e1","event_type":"trigger.captured","created_at":"2026-03-30T10:22:00Z"}`
	zgood := sign(t, zyntro, zyntroKey, zbody)
	valid := Result{Valid: true, Provider: "wundertreos", WebhookID: lead.ID, Webhook: lead.Name, EventID: "ev1", EventType: "contact.created", Reason: signature.OK}
	bad := func(r signature.Reason) Result {
		return Result{Provider: "wundertreos", EventID: "ev1", EventType: "contact.created", Reason: r}
	}
	for _, c := range []struct {
		name, line string
		want       Result
	}{
		{"valid", record(t, wunderBody, "X-Wunder-Signature", good), valid},
		{"valid, other provider", record(t, zbody, "x-zyntro-signature", zgood),
			Result{Valid: true, Provider: "zyntro", WebhookID: "wh-1", Webhook: "CRM Sync", EventID: "e1", EventType: "trigger.captured", Assumed: []string{"signature-header"}, Reason: signature.OK}},
		{"headers of both, second fits", record(t, wunderBody, "X-Zyntro-Signature", zgood, "X-Hook-Signature", good), valid},
		{"mismatch", record(t, wunderBody, "X-Wunder-Signature", zgood), bad(signature.Mismatch)},
		{"malformed", record(t, wunderBody, "X-Wunder-Signature", "sha256=12"), bad(signature.Malformed)},
		{"conflicting", record(t, wunderBody, "X-Wunder-Signature", good, "X-Hook-Signature", zgood), bad(signature.Conflicting)},
		{"no signature", record(t, wunderBody, "X-Other", "1"), Result{Reason: signature.NoSignature}},
		{"blank signature", record(t, wunderBody, "X-Wunder-Signature", ""), bad(signature.NoSignature)},
		{"one blank", record(t, wunderBody, "X-Wunder-Signature", good, "X-Hook-Signature", " "), valid},
		{"one blank, wrong", record(t, wunderBody, "X-Hook-Signature", zgood, "X-Wunder-Signature", ""), bad(signature.Mismatch)},
		{"blank one of the other provider", record(t, wunderBody, "X-Zyntro-Signature", "", "X-Wunder-Signature", good), valid},
		{"blank one of the other provider, wrong", record(t, wunderBody, "X-Zyntro-Signature", "\t", "X-Wunder-Signature", zgood), bad(signature.Mismatch)},
		{"unreadable", `{"headers":{` + "\n", Result{Format: "log", Reason: signature.Unreadable, Notes: []string{"not a JSON object: it is cut off"}}},
		{"contradicting headers", record(t, wunderBody, "X-Wunder-Signature", good, "X-Wunder-Event", "deal.created", "X-Wunder-Delivery", "ev1"),
			func() Result {
				r := valid
				r.Notes = []string{`X-Wunder-Event says "deal.created", but event_type in the signed body is "contact.created": trust the body, because headers are not signed`}
				return r
			}()},
		{"brackets", record(t, strings.Repeat("[", 10_000), "X-Wunder-Signature", sign(t, wunder, wunderKey, strings.Repeat("[", 10_000))),
			Result{Valid: true, Provider: "wundertreos", WebhookID: lead.ID, Webhook: lead.Name, Reason: signature.OK}},
		{"empty body", record(t, "", "X-Wunder-Signature", sign(t, wunder, wunderKey, "")),
			Result{Valid: true, Provider: "wundertreos", WebhookID: lead.ID, Webhook: lead.Name, Reason: signature.OK}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options()
			o.Diagnoses = -1
			// A readable delivery beside it, so that the run is not about nothing.
			all, _, err := run(t, o, record(t, wunderBody, "X-Wunder-Signature", good)+c.line)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Source, c.want.Format = "-:2", cmp.Or(c.want.Format, "ndjson")
			diff(t, "result", c.want, all[1])
		})
	}
}

func TestNoSecretForTheProvider(t *testing.T) {
	o := options()
	o.Candidates = []Candidate{crm}
	all, _, err := run(t, o, record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody)))
	if err != nil || len(all) != 1 || all[0].Reason != signature.NoSecret || all[0].Provider != "wundertreos" || all[0].Valid {
		t.Errorf("%+v, %v", all, err)
	}
	// The secret of an unnamed webhook is tried everywhere.
	o.Candidates = []Candidate{{Secret: secret.New(wunderKey)}}
	all, _, err = run(t, o, record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody)))
	if err != nil || !all[0].Valid {
		t.Errorf("%+v, %v", all, err)
	}
}

// A payload that looks like a capture, or is compressed, is known by the
// signature that is given beside it.
func TestPayloadThatLooksLikeACapture(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(wunderBody)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"record":     record(t, "{}", "A", "b"),
		"records":    strings.Repeat(record(t, "{}", "A", "b"), 3),
		"request":    "POST / HTTP/1.1\r\nHost: x\r\n\r\nbody",
		"archive":    `{"log":{"creator":{},"entries":[]}}`,
		"compressed": zipped.String(),
		"empty":      "",
	} {
		judge := func(o Options, text string) (all []Result) {
			e, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: strings.NewReader(text), EmptyBody: true, Payload: e.Payload()})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Run(t.Context(), batches, func(c *Chunk) error { all = append(all, c.Results...); return nil }); err != nil {
				t.Fatal(err)
			}
			return all
		}
		byHeader, bySignature := options(), options()
		byHeader.Headers = []capture.Field{field("x-wunder-signature", sign(t, wunder, wunderKey, body))}
		bySignature.Signature = sign(t, zyntro, zyntroKey, body)
		for _, all := range [][]Result{judge(byHeader, body), judge(bySignature, body)} {
			if len(all) != 1 || !all[0].Valid || all[0].Source != "-" {
				t.Errorf("%s: %+v", name, all)
			}
		}
		// Headers go on applying to a capture.
		byHeader.Headers[0].Value = sign(t, wunder, wunderKey, "{}")
		if all := judge(byHeader, record(t, "{}", "A", "b")); len(all) != 1 || !all[0].Valid || all[0].Source != "-:1" {
			t.Errorf("%s: %+v", name, all)
		}
	}
	o := options()
	o.Headers = []capture.Field{field("X-Other", "1")}
	if e, err := New(o); err != nil || e.Payload() != nil {
		t.Errorf("a signature of none: %v", err)
	}
}

// Who asks for a webhook of one provider and has a delivery of another one is
// told which it is.
func TestDeliveryOfAnExcludedProvider(t *testing.T) {
	o := options()
	both := o.Providers
	o.Diagnoses = -1
	o.Providers, o.Excluded = both[:1], both[1:]
	all, _, err := run(t, o, record(t, wunderBody, "x-wunder-signature", sign(t, wunder, wunderKey, wunderBody))+
		record(t, wunderBody, "X-Other", "1")+record(t, wunderBody, "X-Zyntro-Signature", strings.Repeat("0", 64)))
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, r := range all {
		got = append(got, append([]string{r.Provider, string(r.Reason)}, r.Notes...))
	}
	diff(t, "provider, reason and notes", [][]string{
		{"zyntro", "no-signature", "it has X-Wunder-Signature, like deliveries of wundertreos, but was verified as one of zyntro: see --webhook and --provider"},
		{"zyntro", "no-signature"},
		{"zyntro", "mismatch"},
	}, got)
}

func TestBareSignature(t *testing.T) {
	o := options()
	o.Signature = strings.ToUpper(strings.TrimPrefix(sign(t, wunder, wunderKey, wunderBody), "sha256="))
	all, _, err := run(t, o, wunderBody)
	if err != nil || !all[0].Valid || all[0].Provider != "wundertreos" || all[0].EventID != "ev1" {
		t.Errorf("%+v, %v", all, err)
	}
	o.Candidates = []Candidate{lead}
	all, _, err = run(t, o, wunderBody+"\n")
	if err != nil || all[0].Reason != signature.Mismatch || all[0].Provider != "wundertreos" {
		t.Errorf("a mismatch must outrank a missing secret: %+v, %v", all, err)
	}
	o.Signature = "xx"
	all, _, err = run(t, o, wunderBody)
	if err != nil || all[0].Reason != signature.Malformed {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestGivenHeadersReplace(t *testing.T) {
	o := options()
	o.Headers = []capture.Field{{Name: "x-wunder-signature", Value: sign(t, wunder, wunderKey, wunderBody)}}
	for name, text := range map[string]string{
		"raw":    wunderBody,
		"record": record(t, wunderBody, "X-Wunder-Signature", "other", "X-Wunder-Event", "contact.created"),
	} {
		all, _, err := run(t, o, text)
		if err != nil || !all[0].Valid {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
}

func TestOneProviderNeedsNoDetection(t *testing.T) {
	o := options()
	o.Providers = o.Providers[:1]
	all, _, err := run(t, o, wunderBody)
	if err != nil || all[0].Reason != signature.NoSignature || all[0].Provider != "zyntro" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestMaxAge(t *testing.T) {
	stated := time.Date(2026, 5, 17, 14, 30, 1, 0, time.UTC)
	for _, c := range []struct {
		name string
		now  time.Time
		body string
		want signature.Reason
	}{
		{"fresh", stated, wunderBody, signature.OK},
		{"exactly", stated.Add(time.Hour), wunderBody, signature.OK},
		{"just over", stated.Add(time.Hour + time.Nanosecond), wunderBody, signature.TooOld},
		{"future, exactly", stated.Add(-time.Hour), wunderBody, signature.OK},
		{"future", stated.Add(-time.Hour - time.Nanosecond), wunderBody, signature.TooOld},
		{"1970", time.Unix(0, 0), wunderBody, signature.TooOld},
		{"9999", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), wunderBody, signature.TooOld},
		{"no time", stated, `{"id":"1"}`, signature.TooOld},
		{"senseless time", stated, `{"delivered_at":"soon"}`, signature.TooOld},
		{"time inside data only", stated, `{"data":{"delivered_at":"2026-05-17T14:30:01Z"}}`, signature.TooOld},
	} {
		o := options()
		o.MaxAge, o.Now = time.Hour, func() time.Time { return c.now }
		line := record(t, c.body, "X-Wunder-Signature", sign(t, wunder, wunderKey, c.body))
		all, _, err := run(t, o, line)
		if err != nil || all[0].Reason != c.want || all[0].Valid != (c.want == signature.OK) || (len(all[0].Notes) == 0) != (c.want == signature.OK) {
			t.Errorf("%s: %+v, %v", c.name, all, err)
		}
		switch {
		case c.name == "no time" && !strings.Contains(all[0].Notes[0], "has no time"), c.name == "senseless time" && !strings.Contains(all[0].Notes[0], `"soon", is not in RFC 3339 form`):
			t.Errorf("%s: %s", c.name, all[0].Notes)
		}
		o.MaxAge = 0
		if all, _, err = run(t, o, line); err != nil || !all[0].Valid {
			t.Errorf("%s without a limit: %+v, %v", c.name, all, err)
		}
		// A wrong signature stays a wrong signature, however old.
		o.MaxAge = time.Hour
		if all, _, err = run(t, o, record(t, c.body+" ", "X-Wunder-Signature", sign(t, wunder, wunderKey, c.body))); err != nil || all[0].Reason != signature.Mismatch {
			t.Errorf("%s, mismatch: %+v, %v", c.name, all, err)
		}
	}
}

func TestSummary(t *testing.T) {
	var text strings.Builder
	add := func(id, kind, at string, key string, more ...string) {
		body := fmt.Sprintf(`{"id":%q,"event_type":%q,"delivered_at":%q}`, id, kind, at)
		text.WriteString(record(t, body, append([]string{"X-Wunder-Signature", sign(t, wunder, key, body)}, more...)...))
	}
	add("1", "contact.created", "2026-05-17T14:30:01Z", wunderKey)
	add("1", "contact.created", "2026-05-17T14:31:01Z", wunderKey)
	add("2", "deal.created", "2026-05-16T00:00:00Z", wunderKey, "X-Wunder-Event", "x")
	add("2", "deal.created", "2020-01-01T00:00:00Z", "forged") // counts nowhere but as invalid
	add("", "", "never", wunderKey)
	add("", "", "never", wunderKey)
	text.WriteString(`{"received_at":"2026` + "\n")
	text.WriteString(record(t, "x"))
	text.WriteString(record(t, "x", "X-Zyntro-Signature", sign(t, zyntro, zyntroKey, "x")))
	_, s, err := run(t, options(), text.String())
	if err != nil {
		t.Fatal(err)
	}
	s.Bytes = 0
	diff(t, "summary", Summary{
		Total: 9, Valid: 6,
		Leading:    map[signature.Reason]map[string]int{signature.Mismatch: {"unknown": 1}},
		Reasons:    map[signature.Reason]int{signature.Mismatch: 1, signature.Unreadable: 1, signature.NoSignature: 1},
		Duplicates: 1,
		Types:      map[string]int{"contact.created": 2, "deal.created": 1, "": 3},
		First:      time.Date(2026, 5, 16, 0, 0, 0, 0, time.UTC), Last: time.Date(2026, 5, 17, 14, 31, 1, 0, time.UTC),
		Contradictions: 1, Assumed: []string{"zyntro"},
		Causes: []CauseCount{{Cause: "unknown", N: 1, Fix: "Check that the secret belongs to this webhook, and that the capture holds the body byte for byte. If both are right, the delivery was changed on its way or did not come from the provider."}},
	}, s)
	if s.Invalid() != 3 {
		t.Errorf("Invalid() = %d", s.Invalid())
	}
}

func TestSummaryIsBounded(t *testing.T) {
	norace.Only(t)
	s := newSummary()
	for n := range maxSeenIDs + 10 {
		s.add(&Result{Valid: true, EventID: fmt.Sprint(n), EventType: fmt.Sprint(n)}, facts{})
	}
	if len(s.seen) != maxSeenIDs || !s.AtLeast || len(s.Types) > maxTypes+1 || s.Duplicates != 0 {
		t.Errorf("%d ids, at least %v, %d types, %d duplicates", len(s.seen), s.AtLeast, len(s.Types), s.Duplicates)
	}
}

func TestNothingReadable(t *testing.T) {
	for _, text := range []string{"{\"headers\":{},\"body\":\"\"\n", "POST / HTTP/1.1\nx"} {
		all, s, err := run(t, options(), "\n"+text)
		if len(all) == 1 && all[0].Reason != signature.Unreadable {
			continue // taken for a raw payload, which is readable
		}
		if fault.KindOf(err) != fault.Usage || s.Valid != 0 {
			t.Errorf("%q: %v", text, err)
		}
	}
	e, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Run(t.Context(), slices.Values([]capture.Batch{}), func(*Chunk) error { return nil })
	if fault.KindOf(err) != fault.Usage || err.Error() != "no delivery could be read" {
		t.Errorf("no batch at all: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no candidate":  func(o *Options) { o.Candidates = nil },
		"no provider":   func(o *Options) { o.Providers = nil },
		"blank secret":  func(o *Options) { o.Candidates[1].Secret = secret.New(" ") },
		"NUL in secret": func(o *Options) { o.Candidates = append(o.Candidates, Candidate{ID: "x", Secret: secret.New("a\x00")}) },
		"empty secret":  func(o *Options) { o.Candidates = []Candidate{{}} },
		"bad schemes":   func(o *Options) { o.Providers[0].Scheme.Template, o.Providers[1].Scheme.Headers = "x", nil },
	} {
		o := options()
		o.Providers, o.Candidates = slices.Clone(o.Providers), slices.Clone(o.Candidates)
		change(&o)
		_, err := New(o)
		if fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", name, err)
		}
		// Whose secret it is that cannot be used.
		if whose, ok := map[string]string{"blank secret": "the secret of Lead sync: ", "NUL in secret": "the secret of x: ", "empty secret": "the given secret: "}[name]; ok && !strings.HasPrefix(fmt.Sprint(err), whose) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bodies of very different sizes must come out in the order in which they went
// in, each once, whatever the workers do.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var text strings.Builder
	n := 2000
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		n = 5000
	}
	for i := range n {
		size := r.IntN(200)
		if i%500 == 0 {
			size = 2 << 20
		}
		body := fmt.Sprintf(`{"id":"%d","x":"%s"}`, i, strings.Repeat("x", size))
		key := wunderKey
		if i%7 == 0 {
			key = "wrong"
		}
		text.WriteString(record(t, body, "X-Wunder-Signature", sign(t, wunder, key, body)))
	}
	o := options()
	o.Workers, o.Lines, o.Diagnoses = 8, true, 5
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: strings.NewReader(text.String())})
	if err != nil {
		t.Fatal(err)
	}
	i, diagnosed := 0, 0
	s, err := e.Run(t.Context(), batches, func(c *Chunk) error {
		lines := strings.Split(strings.TrimSuffix(string(c.Lines), "\n"), "\n")
		if len(lines) != len(c.Results) {
			t.Fatalf("%d lines for %d results", len(lines), len(c.Results))
		}
		for at, res := range c.Results {
			if res.EventID != fmt.Sprint(i) || res.Source != fmt.Sprintf("-:%d", i+1) || res.Valid == (i%7 == 0) {
				t.Fatalf("result %d is %+v", i, res)
			}
			// The first failures, and only they, are diagnosed.
			if (len(res.Diagnosis) > 0) != (!res.Valid && diagnosed < 5) {
				t.Fatalf("result %d: %d failures diagnosed before, this one has %v", i, diagnosed, res.Diagnosis)
			}
			if len(res.Diagnosis) > 0 {
				diagnosed++
			}
			want, err := json.Marshal(res)
			if err != nil || string(want) != lines[at] {
				t.Fatalf("line %q, want %q (%v)", lines[at], want, err)
			}
			i++
		}
		return nil
	})
	if err != nil || i != n || s.Total != n || s.Invalid() != (n+6)/7 || s.Undiagnosed != s.Invalid()-5 {
		t.Errorf("%d results, summary %+v, %v", i, s, err)
	}
}

func TestCancel(t *testing.T) {
	line := record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody))
	e, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	pr, pw := io.Pipe()
	defer pr.Close()
	go func() {
		// The writer never closes: the run hangs in a read when it is cancelled.
		_, _ = io.WriteString(pw, strings.Repeat(line, 10))
	}()
	ctx, cancel := context.WithCancel(t.Context())
	batches, err := capture.Read(ctx, []string{"-"}, capture.Options{Stdin: pr})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Run(ctx, batches, func(c *Chunk) error {
		if len(c.Results) == 0 {
			t.Error("an empty chunk")
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || s.Valid != s.Total || s.Total == 0 || s.Total > 10 {
		t.Errorf("summary %+v, %v", s, err)
	}
}

func TestEmitError(t *testing.T) {
	line := record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody))
	e, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: strings.NewReader(strings.Repeat(line, 20_000))})
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	_, err = e.Run(t.Context(), batches, func(*Chunk) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestNotesComeInOrder(t *testing.T) {
	e, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"a", "z"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink(".", filepath.Join(dir, "m")); err != nil {
			t.Fatal(err)
		}
	}
	batches, err := capture.Read(t.Context(), []string{dir}, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	s, err := e.Run(t.Context(), batches, func(c *Chunk) error {
		if c.Note != "" {
			got = append(got, "note")
		}
		for _, r := range c.Results {
			got = append(got, filepath.Base(r.Source))
		}
		return nil
	})
	want := []string{"a", "note", "z"}
	if runtime.GOOS == "windows" {
		want = []string{"a", "z"}
	}
	if err != nil || s.Total != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	diff(t, "order", want, got)
}

// endless yields n bytes of a repeated line without holding them.
type endless struct {
	line string
	left int
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && e.left > 0 {
		c := copy(p[n:], e.line[e.at:])
		n += c
		if e.at += c; e.at == len(e.line) {
			e.at = 0
			e.left--
		}
	}
	return n, nil
}

// An event is named by its provider and its id.
func TestDuplicatesByProvider(t *testing.T) {
	both := `{"id":"1","event_id":"1","event_type":"contact.created"}`
	w := record(t, both, "X-Wunder-Signature", sign(t, wunder, wunderKey, both))
	z := record(t, both, "X-Zyntro-Signature", sign(t, zyntro, zyntroKey, both))
	tampered := record(t, both+" ", "X-Wunder-Signature", sign(t, wunder, wunderKey, both))
	for text, want := range map[string]int{
		w + z: 0, z + w: 0, w + w: 1, z + w + z: 1, w + z + w + z + z: 3, tampered + w + tampered: 0,
	} {
		_, s, err := run(t, options(), text)
		if err != nil || s.Duplicates != want {
			t.Errorf("%s%d duplicates, want %d; %v", text, s.Duplicates, want, err)
		}
	}
}

func TestConstantMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 300 MB")
	}
	body := `{"id":"x","data":"` + strings.Repeat("x", 1000) + `"}`
	line := record(t, body, "X-Wunder-Signature", sign(t, wunder, wunderKey, body))
	lines, blocks := 50_000, 9000 // more than what may be in use
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		lines, blocks = 100_000, 20_000
	}
	for name, in := range map[string]io.Reader{
		"ndjson": &endless{line: line, left: lines},
		"raw":    &endless{line: strings.Repeat("payload\n", 1000), left: blocks},
	} {
		pr, pw := io.Pipe()
		go func() {
			_, err := io.Copy(pw, in)
			pw.CloseWithError(err)
		}()
		e, err := New(options())
		if err != nil {
			t.Fatal(err)
		}
		batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: pr})
		if err != nil {
			t.Fatal(err)
		}
		var most uint64
		var m runtime.MemStats
		chunks := 0
		s, err := e.Run(t.Context(), batches, func(*Chunk) error {
			if chunks++; chunks%100 == 1 {
				runtime.GC() // what is in use, without what other tests left behind
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			return nil
		})
		if err != nil || name == "ndjson" && s.Valid != lines || name == "raw" && s.Total != 1 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if most > 64<<20 {
			t.Errorf("%s: %d MiB of heap in use", name, most>>20)
		}
	}
}

func TestLargeBodyIsStreamed(t *testing.T) {
	head := `{"id":"big","event_type":"t","x":"`
	body := head + strings.Repeat("x", 20<<20) + `"}`
	o := options()
	o.Signature = sign(t, wunder, wunderKey, body)
	all, _, err := run(t, o, body)
	want := Result{Source: "-", Valid: true, Format: "raw", Size: int64(len(body)), Provider: "wundertreos", WebhookID: lead.ID, Webhook: lead.Name, EventID: "big", EventType: "t", Reason: signature.OK}
	if err != nil {
		t.Fatal(err)
	}
	diff(t, "valid", []Result{want}, all)

	all, _, err = run(t, o, body+"\n")
	if err != nil || all[0].Reason != signature.Mismatch || len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != "unknown" || !strings.Contains(all[0].Diagnosis[0].Explanation, "cannot be read twice") {
		t.Errorf("%+v, %v", all, err)
	}
	// The error of a reader that fails late is no verdict.
	all, _, err = runReader(t, o, io.MultiReader(strings.NewReader(body), &broken{}))
	if fault.KindOf(err) != fault.Usage || len(all) != 1 || all[0].Reason != signature.Unreadable {
		t.Errorf("%+v, %v", all, err)
	}
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, errors.New("wire cut") }

// A thousand secrets are tried for each of many deliveries.
func TestManyCandidates(t *testing.T) {
	o := options()
	o.Candidates = nil
	for n := range 1000 {
		o.Candidates = append(o.Candidates, Candidate{Provider: "wundertreos", ID: fmt.Sprint(n), Secret: secret.New(fmt.Sprintf("secret-%d", n))})
	}
	var text strings.Builder
	for n := range 200 {
		text.WriteString(record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, fmt.Sprintf("secret-%d", n*7%1000), wunderBody)))
	}
	all, _, err := run(t, o, text.String())
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range all {
		if !r.Valid || r.WebhookID != fmt.Sprint(n*7%1000) {
			t.Fatalf("%d: %+v", n, r)
		}
	}
}

func TestResultJSON(t *testing.T) {
	for _, c := range []struct {
		r    Result
		want string
	}{
		{Result{Source: "d.ndjson:17", Provider: "wundertreos", WebhookID: "w", Webhook: "Lead sync", Format: "ndjson", EventID: "e", EventType: "contact.created", Reason: signature.Mismatch,
			Diagnosis: []Finding{{Cause: "trailing-newline", Fix: "f", Explanation: "x"}, {Cause: "b"}}},
			`{"source":"d.ndjson:17","valid":false,"provider":"wundertreos","webhook_id":"w","webhook":"Lead sync","format":"ndjson","event_id":"e","event_type":"contact.created","reason":"mismatch","diagnosis":[{"cause":"trailing-newline","fix":"f","explanation":"x"},{"cause":"b","fix":"","explanation":""}]}`},
		{Result{Source: "-", Reason: signature.Unreadable, Notes: []string{"a", "b"}},
			`{"source":"-","valid":false,"provider":null,"webhook_id":null,"webhook":null,"format":null,"event_id":null,"event_type":null,"reason":"unreadable","diagnosis":[],"notes":["a","b"]}`},
		{Result{Source: "-", Valid: true, Provider: "zyntro", Assumed: []string{"signature-header"}, Reason: signature.OK},
			`{"source":"-","valid":true,"provider":"zyntro","webhook_id":null,"webhook":null,"format":null,"event_id":null,"event_type":null,"reason":"ok","notes":["` + AssumedNote("zyntro", []string{"signature-header"}) + `"]}`},
		{Result{Source: "-", Valid: true, Provider: "zyntro", Assumed: []string{"signature-header"}, Reason: signature.OK, Notes: []string{"a"}},
			`{"source":"-","valid":true,"provider":"zyntro","webhook_id":null,"webhook":null,"format":null,"event_id":null,"event_type":null,"reason":"ok","notes":["a","` + AssumedNote("zyntro", []string{"signature-header"}) + `"]}`},
		{Result{Source: "-", Valid: true, Reason: signature.OK},
			`{"source":"-","valid":true,"provider":null,"webhook_id":null,"webhook":null,"format":null,"event_id":null,"event_type":null,"reason":"ok"}`},
		{Result{Source: "a\"\\\n\t\r\x1b\u0085\u202e\u200b\xff\u00e9\U0001f600", Reason: "x", Valid: true},
			`{"source":"a\"\\\n\t\r\u001b\u0085\u202e\u200b\ufffdé😀","valid":true,"provider":null,"webhook_id":null,"webhook":null,"format":null,"event_id":null,"event_type":null,"reason":"x"}`},
	} {
		got, err := c.r.MarshalJSON()
		if err != nil || string(got) != c.want {
			t.Errorf("%s\nwant %s\n%v", got, c.want, err)
		}
		if !json.Valid(got) {
			t.Errorf("not JSON: %s", got)
		}
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(10)
	if !b.acquire(t.Context(), 100) {
		t.Fatal("a single large batch must go")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if b.acquire(ctx, 1) {
		t.Fatal("went beside a large one")
	}
	b.release(100)
	if !b.acquire(t.Context(), 6) || !b.acquire(t.Context(), 4) {
		t.Fatal("does not fill up")
	}
}

// However many want whatever, the bound is kept, and all get their turn.
func TestBudgetOfMany(t *testing.T) {
	const limit = 100
	b := newBudget(limit)
	var used, alone atomic.Int64
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 300 {
				n := r.IntN(limit * 5 / 4)
				if !b.acquire(t.Context(), n) {
					t.Error("not acquired")
					return
				}
				if now := used.Add(int64(n)); now > limit && now != int64(n) {
					alone.Add(1)
				}
				runtime.Gosched()
				used.Add(-int64(n))
				b.release(n)
			}
		})
	}
	all.Wait()
	if alone.Load() > 0 {
		t.Errorf("%d times more than the bound", alone.Load())
	}
}

// However far reading could run ahead of who takes the chunks, no more is under way
// than may be; a larger batch is alone.
func TestBatchesUnderWayAreBounded(t *testing.T) {
	t.Parallel()
	for _, size := range []int{maxInFlight / 4, maxInFlight/2 + 1, 2 * maxInFlight} {
		synctest.Test(t, func(t *testing.T) {
			o := options()
			o.Workers = 8
			e, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			taken, emitted, most := 0, 0, 0
			batches := func(yield func(capture.Batch) bool) {
				for range 20 {
					if !yield(capture.Batch{Size: size}) {
						return
					}
					taken++
				}
			}
			_, err = e.Run(t.Context(), batches, func(*Chunk) error {
				synctest.Wait()
				most = max(most, taken-emitted)
				emitted++
				return nil
			})
			if want := max(maxInFlight/size, 1); fault.KindOf(err) != fault.Usage || emitted != 20 || most != want {
				t.Errorf("%d of %d MiB under way at once, want %d; %d emitted, %v", most, size>>20, want, emitted, err)
			}
		})
	}
}

// A diagnosis waits until there is room for it beside the others that are being
// made, and makes room again.
func TestDiagnosesAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, err := New(options())
		if err != nil {
			t.Fatal(err)
		}
		r := &capture.Request{Header: capture.Header{field("X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody))}, Body: []byte(wunderBody + "\n")}
		others := diagnosisMemory - diagnosis.Memory(r.Body) + 1
		if !e.diagnosing.acquire(t.Context(), others) {
			t.Fatal("not acquired")
		}
		result := e.Judge(r)
		explained := make(chan struct{})
		go func() {
			e.Explain(t.Context(), r, &result)
			close(explained)
		}()
		synctest.Wait()
		select {
		case <-explained:
			t.Error("it did not wait")
		default:
		}
		e.diagnosing.release(others)
		<-explained
		if len(result.Diagnosis) != 1 || result.Diagnosis[0].Cause != "trailing-newline" {
			t.Errorf("%+v", result.Diagnosis)
		}
		if e.diagnosing.used != 0 {
			t.Errorf("%d bytes are kept", e.diagnosing.used)
		}
	})
}

// An event and its companion are one change, counted once in whichever order and
// however often they come; those of different subjects are not.
func TestCompanions(t *testing.T) {
	o := options()
	o.Providers = slices.Clone(o.Providers)
	e := &o.Providers[1].Envelope
	e.Companion, e.CompanionOf, e.Data, e.Subject = "stage.changed", []string{"deal.won"}, "data", []string{"id"}
	event := func(kind, id string) string {
		body := fmt.Sprintf(`{"id":%q,"event_type":%q,"data":{"id":%q}}`, kind+id, kind, id)
		return record(t, body, "X-Wunder-Signature", sign(t, wunder, wunderKey, body))
	}
	won, changed, other := event("deal.won", "1"), event("stage.changed", "1"), event("stage.changed", "2")
	for text, want := range map[string]int{
		won: 0, changed: 0, won + won: 0, changed + changed: 0, won + other: 0, event("deal.lost", "1") + changed: 0,
		won + changed: 1, changed + won: 1, won + changed + won + changed: 1, changed + other + won + event("deal.won", "2"): 2,
	} {
		if _, s, err := run(t, o, text); err != nil || s.Companions != want {
			t.Errorf("%s%d companions, want %d; %v", text, s.Companions, want, err)
		}
	}
	s := newSummary()
	for n := range maxSeenIDs + 10 {
		s.companion("wundertreos", facts{subject: fmt.Sprint(n)})
	}
	s.companion("wundertreos", facts{subject: fmt.Sprint(maxSeenIDs + 1), companion: true})
	s.companion("wundertreos", facts{subject: "1", companion: true})
	if len(s.subjects) != maxSeenIDs || s.Companions != 1 {
		t.Errorf("%d subjects, %d companions", len(s.subjects), s.Companions)
	}
}

// Of several providers whose headers a delivery has a mismatch says most, and the
// first one of those that say as much. A provider is assumed once.
func TestVerdictOfSeveral(t *testing.T) {
	good, digest := sign(t, wunder, wunderKey, wunderBody), strings.Repeat("ab", 32)
	o := options()
	o.Diagnoses = -1
	for _, c := range []struct {
		fields []string
		want   signature.Reason
	}{
		{[]string{"X-Zyntro-Signature", "12", "X-Wunder-Signature", good, "X-Hook-Signature", digest}, signature.Malformed},
		{[]string{"X-Zyntro-Signature", digest, "X-Wunder-Signature", "12"}, signature.Mismatch},
		{[]string{"X-Zyntro-Signature", "12", "X-Wunder-Signature", digest}, signature.Mismatch},
		{[]string{"X-Zyntro-Signature", digest, "X-Wunder-Signature", good}, signature.OK},
	} {
		if all, _, err := run(t, o, record(t, wunderBody, c.fields...)); err != nil || all[0].Reason != c.want {
			t.Errorf("%v: %+v, want %s; %v", c.fields, all, c.want, err)
		}
	}
	signed := record(t, "x", "X-Zyntro-Signature", sign(t, zyntro, zyntroKey, "x"))
	if _, s, err := run(t, o, signed+signed); err != nil || !slices.Equal(s.Assumed, []string{"zyntro"}) {
		t.Errorf("assumed: %v, %v", s.Assumed, err)
	}
}

// Failures beyond the limit are not looked into, and what was found of them is in
// no line.
func TestDiagnosesAreBounded(t *testing.T) {
	o := options()
	o.Diagnoses, o.Lines = 3, true
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	line := record(t, wunderBody+"\n", "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody))
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: strings.NewReader(strings.Repeat(line, 10))})
	if err != nil {
		t.Fatal(err)
	}
	s := newSummary()
	c := collector{engine: e, summary: &s}
	// Two workers at a time know nothing of each other's failures.
	var chunks []*Chunk
	for b := range batches {
		chunks = append(chunks, newWorker(e, &c.diagnosed).work(t.Context(), b))
	}
	again, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: strings.NewReader(strings.Repeat(line, 3))})
	if err != nil {
		t.Fatal(err)
	}
	for b := range again {
		chunks = append(chunks, newWorker(e, &c.diagnosed).work(t.Context(), b))
	}
	found := func(chunk *Chunk) (n int) {
		for i := range chunk.Results {
			n += len(chunk.Results[i].Diagnosis)
		}
		return n
	}
	for i, chunk := range chunks {
		if n := found(chunk); n != 3 {
			t.Errorf("%d findings in chunk %d", n, i)
		}
		c.collect(chunk)
		want := 0
		if i == 0 {
			want = 3
		}
		if lines := strings.Count(string(chunk.Lines), "\n"); found(chunk) != want || strings.Count(string(chunk.Lines), `"cause"`) != want || lines != len(chunk.Results) {
			t.Errorf("chunk %d: %d findings, %d lines of %d:\n%s", i, found(chunk), lines, len(chunk.Results), chunk.Lines)
		}
	}
	if s.Undiagnosed != 10 || s.Total != 13 {
		t.Errorf("%+v", s)
	}
}

// A file that is too large for memory is read again to find the cause, and so is
// one that is compressed.
func TestStreamedFileIsDiagnosed(t *testing.T) {
	norace.Only(t)
	body := `{"id":"big","x":"` + strings.Repeat("x", 9<<20) + `"}`
	o := options()
	o.Signature = sign(t, wunder, wunderKey, body)
	compressed, err := io.ReadAll(zipped(t, []byte(body+"\n")))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"body.json": []byte(body + "\n"), "body.json.gz": compressed} {
		path, small := filepath.Join(t.TempDir(), name), filepath.Join(t.TempDir(), "small.json")
		if err := errors.Join(os.WriteFile(path, text, 0o600), os.WriteFile(small, []byte("{}"), 0o600)); err != nil {
			t.Fatal(err)
		}
		o.Workers = 1
		e, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		batches, err := capture.Read(t.Context(), []string{path, small}, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var all []Result
		if _, err := e.Run(t.Context(), batches, func(c *Chunk) error { all = append(all, c.Results...); return nil }); err != nil || len(all) != 2 || all[1].Size != 2 {
			t.Fatal(all, err)
		}
		if r := all[0]; r.Valid || r.Size != int64(len(body)+1) || len(r.Diagnosis) != 1 || r.Diagnosis[0].Cause != "trailing-newline" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Explain says of a delivery that Judge has judged what Run says of it.
func TestExplainIsAsRun(t *testing.T) {
	t.Parallel()
	good := sign(t, wunder, wunderKey, wunderBody)
	for _, signature := range []string{"", good} {
		o := options()
		o.Signature = signature
		e, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			record(t, wunderBody, "X-Wunder-Signature", good), record(t, wunderBody+"\n", "X-Wunder-Signature", good),
			record(t, wunderBody, "X-Sig", good), record(t, wunderBody, "X-Zyntro-Signature", good), record(t, wunderBody),
		} {
			want, _, err := run(t, o, line)
			if err != nil {
				t.Fatal(err)
			}
			batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: strings.NewReader(line)})
			if err != nil {
				t.Fatal(err)
			}
			for b := range batches {
				for r, err := range b.Each() {
					if err != nil {
						t.Fatal(err)
					}
					got := e.Judge(r)
					if got.Diagnosis != nil {
						t.Errorf("Judge explains %+v", got)
					}
					e.Explain(t.Context(), r, &got)
					got.Format = b.Format
					diff(t, line, want, []Result{got})
				}
			}
		}
	}
}

// Of a streamed body no more than its beginning is kept.
func TestBeginnings(t *testing.T) {
	e, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorker(e, new(atomic.Int64))
	text := bytes.Repeat([]byte("0123456789abcdef"), streamHead/2)
	if _, _, head, err := w.stream(t.Context(), bytes.NewReader(text), nil); err != nil || !bytes.Equal(head, text[:streamHead]) || w.streamed != int64(len(text)) {
		t.Errorf("%d bytes of %d, %v", len(head), w.streamed, err)
	}
}

// Where there is a signature that is not among the headers is of interest where none
// is.
func TestSignatureElsewhereIsNoted(t *testing.T) {
	signed := "X-Wunder-Signature: " + sign(t, wunder, wunderKey, "b")
	for dump, noted := range map[string]bool{
		"POST / HTTP/1.1\nX-Wunder-Signature:\nTransfer-Encoding: chunked\n\n1\nb\n0\n" + signed + "\n\n":   true,
		"POST / HTTP/1.1\nX-Wunder-Signature: x\nTransfer-Encoding: chunked\n\n1\nb\n0\n" + signed + "\n\n": false,
	} {
		all, _, err := run(t, options(), dump)
		if err != nil || len(all) != 1 || all[0].Valid || strings.Contains(strings.Join(all[0].Notes, "\n"), "there is a signature in the trailer") != noted {
			t.Errorf("%q: %+v, %v", dump, all, err)
		}
	}
}
