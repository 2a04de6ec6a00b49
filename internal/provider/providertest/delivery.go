package providertest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// deliveryTests look at what a sandbox sends.
var deliveryTests = map[string]func(*testing.T, Harness){
	"emit":               testEmit,
	"emit every event":   testEmitEvery,
	"emit to nobody":     testEmitToNobody,
	"emit, bad receiver": testEmitBadReceiver,
}

// delivery is a request as the receiver got it.
type delivery struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte
}

// receiver records deliveries, over TLS, since a provider may insist on that.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []delivery
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.got = append(r.got, delivery{q.Method, q.URL.Path, q.Header, body})
		r.mu.Unlock()
		switch q.URL.Path {
		case "/redirect":
			http.Redirect(w, q, "/elsewhere", http.StatusTemporaryRedirect)
		case "/failing":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// digest is the signature that a scheme wants, made from its description alone.
func digest(t *testing.T, s signature.Scheme, key secret.Value, header http.Header, body []byte) string {
	t.Helper()
	raw := []byte(key.Reveal())
	var err error
	switch s.KeyEncoding {
	case signature.UTF8:
	case signature.Hex:
		raw, err = hex.DecodeString(key.Reveal())
	case signature.Base64:
		raw, err = base64.StdEncoding.DecodeString(key.Reveal())
	default:
		t.Fatalf("key encoding %q", s.KeyEncoding)
	}
	if err != nil {
		t.Fatal("the secret is not in the scheme's encoding")
	}
	before, after, _ := strings.Cut(s.Template, "{body}")
	mac := hmac.New(sha256.New, raw)
	for _, part := range []string{before, string(body), after} {
		mac.Write([]byte(strings.ReplaceAll(part, "{timestamp}", header.Get(s.TimestampHeader))))
	}
	if s.DigestEncoding == signature.Base64 {
		return s.Prefix + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return s.Prefix + hex.EncodeToString(mac.Sum(nil))
}

// checkSigned checks a delivery's signature headers and envelope.
func checkSigned(t *testing.T, d *provider.Driver, key secret.Value, eventID, eventType string, got delivery) {
	t.Helper()
	want := digest(t, d.Scheme, key, got.Header, got.Body)
	for _, name := range d.Scheme.Headers {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %s does not verify", eventType, name)
		}
	}
	if digest(t, d.Scheme, key, got.Header, append(slices.Clone(got.Body), '\n')) == want {
		t.Error("the signature does not depend on the body")
	}
	var envelope map[string]any
	if err := json.Unmarshal(got.Body, &envelope); err != nil {
		t.Fatal(err)
	}
	if envelope[d.Envelope.ID] != eventID || eventID == "" {
		t.Errorf("%s: id %v in the body, %q in the attempt", eventType, envelope[d.Envelope.ID], eventID)
	}
	if envelope[d.Envelope.Type] != eventType {
		t.Errorf("type %v in the body, want %s", envelope[d.Envelope.Type], eventType)
	}
	at, _ := envelope[d.Envelope.Time].(string)
	if _, err := time.Parse(time.RFC3339, at); err != nil {
		t.Errorf("%s: time %q: %v", eventType, at, err)
	}
	for name, want := range map[string]string{d.Envelope.HeaderID: eventID, d.Envelope.HeaderType: eventType} {
		if name != "" && got.Header.Get(name) != want {
			t.Errorf("%s: header %s is %q, want %q", eventType, name, got.Header.Get(name), want)
		}
	}
	if got.Method != http.MethodPost || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s, content type %q", got.Method, got.Header.Get("Content-Type"))
	}
}

// Emit makes an event of the sandbox, and one attempt of each of its deliveries.
func Emit(ctx context.Context, box provider.Sandbox, event string) ([]provider.Attempt, error) {
	list, err := box.Prepare(event, nil)
	if err != nil {
		return nil, err
	}
	var attempts []provider.Attempt
	for _, d := range list {
		if err := ctx.Err(); err != nil {
			return attempts, err
		}
		if a, sent := d.Try(ctx); sent {
			attempts = append(attempts, a)
		}
	}
	return attempts, nil
}

func testEmit(t *testing.T, h Harness) {
	r := receive(t)
	f := start(t, h, r.Client())
	events := slugs(f.driver)
	wanted, other := events[0], events[1]
	hook := func(path string, events ...string) (provider.Webhook, secret.Value) {
		return f.create(t, provider.Spec{Name: path, URL: r.URL + path, Events: events})
	}
	made, key := hook("/wanted", wanted)
	_, otherKey := hook("/both", other, wanted)
	hook("/other", other)
	attempts, err := Emit(t.Context(), f.sandbox, wanted)
	if err != nil {
		t.Fatal(err)
	}
	got := r.take()
	if len(attempts) != 2 || len(got) != 2 || got[0].Path != "/wanted" || got[1].Path != "/both" {
		t.Fatalf("%d attempts, %d deliveries", len(attempts), len(got))
	}
	checkSigned(t, f.driver, key, attempts[0].EventID, wanted, got[0])
	checkSigned(t, f.driver, otherKey, attempts[1].EventID, wanted, got[1])
	a := attempts[0]
	if diff := cmp.Diff(provider.Attempt{
		WebhookID: made.ID, EventID: a.EventID, EventType: wanted, URL: r.URL + "/wanted",
		Header: a.Header, Body: got[0].Body, Status: 204,
	}, a); diff != "" {
		t.Error(diff)
	}
	for name := range a.Header {
		if got[0].Header.Get(name) != a.Header.Get(name) {
			t.Errorf("header %s: sent %q, received %q", name, a.Header.Get(name), got[0].Header.Get(name))
		}
	}
	again, err := Emit(t.Context(), f.sandbox, wanted)
	if err != nil || len(again) != 2 || again[0].EventID == a.EventID {
		t.Errorf("the second event: %d attempts, %v; ids must differ", len(again), err)
	}
	if err := f.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	r.take()
	if attempts, err := Emit(t.Context(), f.sandbox, wanted); err != nil || len(attempts) != 1 || len(r.take()) != 1 {
		t.Errorf("after a delete: %d attempts, %v", len(attempts), err)
	}
}

func testEmitEvery(t *testing.T, h Harness) {
	r := receive(t)
	f := start(t, h, r.Client())
	_, key := f.create(t, provider.Spec{Name: "all", URL: r.URL, Events: slugs(f.driver)})
	for _, event := range slugs(f.driver) {
		attempts, err := Emit(t.Context(), f.sandbox, event)
		got := r.take()
		if err != nil || len(attempts) == 0 || len(got) != len(attempts) || attempts[0].EventType != event {
			t.Fatalf("%s: %d attempts, %d deliveries, %v", event, len(attempts), len(got), err)
		}
		for i, a := range attempts {
			checkSigned(t, f.driver, key, a.EventID, a.EventType, got[i])
		}
	}
}

func testEmitToNobody(t *testing.T, h Harness) {
	r := receive(t)
	f := start(t, h, r.Client())
	if attempts, err := Emit(t.Context(), f.sandbox, slugs(f.driver)[0]); err != nil || len(attempts) != 0 {
		t.Errorf("%d attempts, %v", len(attempts), err)
	}
	if _, err := Emit(t.Context(), f.sandbox, "no.such.event"); err == nil {
		t.Error("an event that does not exist was emitted")
	}
	silent := start(t, h, nil)
	silent.create(t, provider.Spec{Name: "x", URL: r.URL, Events: slugs(f.driver)[:1]})
	if _, err := Emit(t.Context(), silent.sandbox, slugs(f.driver)[0]); err != nil {
		t.Error(err)
	}
	if got := r.take(); len(got) != 0 {
		t.Errorf("%d deliveries", len(got))
	}
}

func testEmitBadReceiver(t *testing.T, h Harness) {
	r := receive(t)
	dead := httptest.NewTLSServer(nil)
	dead.Close()
	f := start(t, h, r.Client())
	event := slugs(f.driver)[0]
	for _, target := range []string{dead.URL, r.URL + "/failing", r.URL + "/redirect", r.URL + "/fine"} {
		f.create(t, provider.Spec{Name: target, URL: target, Events: []string{event}})
	}
	attempts, err := Emit(t.Context(), f.sandbox, event)
	if err != nil || len(attempts) != 4 {
		t.Fatalf("%d attempts, %v", len(attempts), err)
	}
	if attempts[0].Status != 0 || attempts[0].Err == "" {
		t.Errorf("dead: %+v", attempts[0])
	}
	for i, want := range []int{500, 307, 204} {
		if a := attempts[i+1]; a.Status != want || a.Err != "" {
			t.Errorf("%s: status %d (%s), want %d", a.URL, a.Status, a.Err, want)
		}
	}
	if got := r.take(); len(got) != 3 {
		t.Errorf("%d deliveries: a redirect was followed", len(got))
	}
}
