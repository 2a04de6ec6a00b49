package zyntrofake

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/provider/fakekit"
	"github.com/hookctl/hookctl/internal/provider/providertest"
)

const documentedSecret = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2"

// compact is the documented delivery on one line, bytes of numbers kept.
func compact(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/delivery.json")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSignVectors(t *testing.T) {
	t.Parallel()
	body := compact(t)
	for _, tt := range []struct {
		body []byte
		want string
	}{
		{body, "54f3f3845f1dcd1a5d65738d0f9c6cbe56768febfa3c665f9fdeee263936f36f"},
		{append(bytes.Clone(body), '\n'), "484eac24014b25aaa83d568e5b7e023968b3b94328fd709f020e04cc38fd3c74"},
		{bytes.Replace(body, []byte("200.00"), []byte("200.0"), 1), "c1822873c688ed14a04c535238e7c7aa51ad909b8fc10516f3726f3948bdac7d"},
		{nil, "6fdd531debf0ff005e2ad82e2c15add43ed0d55e72f222f1038a381bcdea4cd2"},
	} {
		if got := fakekit.Sign(documentedSecret, tt.body); got != "sha256="+tt.want {
			t.Errorf("%d bytes: %s, want %s", len(tt.body), got, tt.want)
		}
	}
}

// add puts a webhook into the table as create would.
func add(f *Fake, w webhook) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.id, w.org, w.secret, w.timeout = f.random.id(), f.account.Orgs[0], f.random.hex(64), max(w.timeout, 1)
	f.webhooks = append(f.webhooks, &w)
	return w.id
}

func TestEmit(t *testing.T) {
	t.Parallel()
	type received struct {
		path, auth, key, signature, contentType string
		body                                    []byte
	}
	var got []received
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, received{r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.Header.Get(SignatureHeader), r.Header.Get("Content-Type"), body})
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "/broken":
			w.WriteHeader(500)
		}
	}))
	t.Cleanup(receiver.Close)
	fake := New(Options{Seed: 1, Deliver: providertest.Deliverer(receiver.Client()), Now: func() time.Time { return time.Date(2026, 3, 30, 10, 22, 0, 0, time.UTC) }})
	hook := func(path, status, authType string, authData map[string]string, events ...string) string {
		return add(fake, webhook{endpoint: receiver.URL + path, status: status, events: events, authType: authType, authData: authData})
	}
	const event = "trigger.captured"
	ids := []string{
		hook("/bearer", "active", "bearer", map[string]string{"value": "token"}, event),
		hook("/basic", "active", "basic", map[string]string{"username": "u", "password": "p"}, "new_note", event),
		hook("/key", "active", "api_key", map[string]string{"header": "X-Key", "value": "k"}, event),
		hook("/custom", "active", "custom_header", map[string]string{"header": "X-Key", "value": "c"}, event),
		hook("/moved", "active", "none", nil, event),
		hook("/broken", "active", "none", nil, event),
	}
	hook("/paused", "paused", "none", nil, event)
	hook("/disabled", "disabled", "none", nil, event)
	hook("/other", "active", "none", nil, "new_note")
	dead := add(fake, webhook{endpoint: "https://127.0.0.1:1/", status: "active", events: []string{event}})
	odd := add(fake, webhook{endpoint: "https://bad url/", status: "active", events: []string{event}})

	attempts, err := providertest.Emit(t.Context(), fake, event)
	if err != nil {
		t.Fatal(err)
	}
	if len(attempts) != 8 || len(got) != 6 {
		t.Fatalf("%d attempts, %d received", len(attempts), len(got))
	}
	wantAuth := []string{"Bearer token", "Basic " + base64.StdEncoding.EncodeToString([]byte("u:p")), "", "", "", ""}
	wantKey := []string{"", "", "k", "c", "", ""}
	wantStatus := []int{200, 200, 200, 200, 307, 500}
	for i, r := range got {
		a := attempts[i]
		if a.WebhookID != ids[i] || a.Status != wantStatus[i] || a.Err != "" || a.EventType != event || a.EventID != attempts[0].EventID {
			t.Errorf("attempt %d: %+v", i, a)
		}
		if r.auth != wantAuth[i] || r.key != wantKey[i] || r.contentType != "application/json" || !bytes.Equal(r.body, a.Body) {
			t.Errorf("received %d: %+v", i, r)
		}
		if want := fakekit.Sign(fake.Secret(ids[i]), r.body); r.signature != want || a.Header.Get(SignatureHeader) != want {
			t.Errorf("signature %q, want %q", r.signature, want)
		}
		if !bytes.Contains(r.body, []byte(`"amount":200.00,`)) || !bytes.Contains(r.body, []byte(`"event_id":"`+a.EventID+`"`)) {
			t.Errorf("body %s", r.body)
		}
	}
	for i, id := range []string{dead, odd} {
		if a := attempts[6+i]; a.WebhookID != id || a.Status != 0 || a.Err == "" {
			t.Errorf("attempt without a receiver: %+v", a)
		}
	}
	fake.mu.Lock()
	defer fake.mu.Unlock()
	for _, w := range fake.webhooks {
		status, failures := "success", 0
		switch {
		case w.status != "active" || strings.HasSuffix(w.endpoint, "/other"):
			status = ""
		case w.id == dead, w.id == odd, w.id == ids[4], w.id == ids[5]:
			status, failures = "failed", 1
		}
		if w.lastStatus != status || w.failures != failures || (w.lastTriggered != "") != (status != "") {
			t.Errorf("%s: %q, %d failures, at %q", w.endpoint, w.lastStatus, w.failures, w.lastTriggered)
		}
	}
}

func TestEmitWithoutDelivery(t *testing.T) {
	t.Parallel()
	fake := New(Options{})
	add(fake, webhook{status: "active", events: []string{"new_note"}})
	attempts, err := providertest.Emit(context.Background(), fake, "new_note")
	if err != nil || len(attempts) != 1 || attempts[0].Status != 0 || attempts[0].Err == "" || len(attempts[0].Body) == 0 {
		t.Errorf("%+v, %v", attempts, err)
	}
	if fake.webhooks[0].lastStatus != "" {
		t.Error("what was not sent counts as an attempt")
	}
	if _, err := providertest.Emit(context.Background(), fake, "no_such"); err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("error %v", err)
	}
}

// A retry is the same bytes, on the schedule that fetchWebhooks shows; one for
// a webhook that is not active any more is dropped.
func TestPrepare(t *testing.T) {
	t.Parallel()
	var got [][]byte
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, body)
		w.WriteHeader(503)
	}))
	t.Cleanup(receiver.Close)
	fake := New(Options{Seed: 1, Deliver: providertest.Deliverer(receiver.Client())})
	id := add(fake, webhook{endpoint: receiver.URL, status: "active", events: []string{"new_note", "trigger.failed"}})
	add(fake, webhook{endpoint: receiver.URL, status: "paused", events: []string{"new_note", "form_filled"}})

	if want := []string{"new_note", "trigger.failed"}; !slices.Equal(fake.Wanted(), want) {
		t.Errorf("wanted %q, want %q", fake.Wanted(), want)
	}
	list, err := fake.Prepare("new_note", func(body []byte) ([]byte, error) {
		return bytes.Replace(body, []byte(`"event_id":"evt_`), []byte(`"event_id":"mine_`), 1), nil
	})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d deliveries, %v", len(list), err)
	}
	d, signed := list[0], list[0].Signed()
	if want := []time.Duration{0, time.Minute, time.Minute, time.Minute}; !slices.Equal(d.Waits, want) {
		t.Errorf("waits %v, want %v", d.Waits, want)
	}
	if signed.WebhookID != id || !strings.HasPrefix(signed.EventID, "mine_") || signed.EventType != "new_note" || signed.URL != receiver.URL {
		t.Errorf("%+v", signed)
	}
	first, ok := d.Try(t.Context())
	second, again := d.Try(t.Context())
	if !ok || !again || first.Status != 503 || len(got) != 2 || !bytes.Equal(got[0], got[1]) || !bytes.Equal(got[0], second.Body) {
		t.Errorf("%v %+v %v %+v", ok, first, again, second)
	}
	if want := fakekit.Sign(fake.Secret(id), got[0]); second.Header.Get(SignatureHeader) != want {
		t.Error("the edited body is not what is signed")
	}
	fake.mu.Lock()
	fake.webhooks[0].status = "disabled"
	fake.mu.Unlock()
	if _, ok := d.Try(t.Context()); ok || len(got) != 2 {
		t.Error("a retry for a disabled webhook")
	}
	fake.mu.Lock()
	fake.webhooks[0].status = "active"
	fake.mu.Unlock()
	if _, err := fake.Prepare("new_note", func([]byte) ([]byte, error) { return nil, errors.New("no") }); err == nil || err.Error() != "no" {
		t.Errorf("an edit that fails: %v", err)
	}
	if list, err := fake.Prepare("new_note", func([]byte) ([]byte, error) { return []byte("no JSON"), nil }); err != nil || list[0].Signed().EventID != "" {
		t.Errorf("an edit that takes the id away: %v, %v", list, err)
	}
}
