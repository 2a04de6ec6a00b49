package listen

import (
	"errors"
	"net/http"
	"testing"

	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// TestProbe: a probe that is expected is taken once, whatever path the public URL
// has, and leaves no row; any other is a request like another.
func TestProbe(t *testing.T) {
	t.Parallel()
	r := start(t, testOptions())
	get := func(path string) int {
		res, _ := r.raw([]byte("GET " + path + " HTTP/1.1\r\nHost: hook.test\r\n\r\n"))
		return res.StatusCode
	}
	isClosed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	first, forget := r.server.Expect("NONCE1")
	second, _ := r.server.Expect("NONCE2")
	if got := get("/.hookctl/NONCE1"); got != 204 || !isClosed(first) || isClosed(second) {
		t.Errorf("answered %d", got)
	}
	forget()
	if got := get("/below/.hookctl/NONCE2"); got != 204 || !isClosed(second) {
		t.Errorf("answered %d", got)
	}
	_, forget = r.server.Expect("NONCE3")
	forget()
	others := []string{"/.hookctl/NONCE1", "/.hookctl/NONCE3", "/.hookctl/", "/.hookctl/NONCE4", "/"}
	for _, path := range others {
		if got := get(path); got != 405 {
			t.Errorf("%s: answered %d", path, got)
		}
	}
	third, _ := r.server.Expect("NONCE5")
	if got, _ := r.raw(rawRequest("/.hookctl/NONCE5", nil, nil)); got.StatusCode != 401 || isClosed(third) {
		t.Errorf("a POST: answered %d", got.StatusCode)
	}
	if !r.server.Last().IsZero() {
		t.Error("a probe counts as a delivery")
	}
	if seen := r.end(); len(seen) != len(others)+1 {
		t.Errorf("%d rows: %v", len(seen), seen)
	}
}

// TestChange: without a secret deliveries are to be sent again; those that come
// while one is being made wait for it; those of an older one stay valid.
func TestChange(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Candidates, o.Later = nil, true
	r := start(t, o)
	send := func() int {
		body := event("ev", "contact.created")
		status, _ := r.post(signed(body), body)
		return status
	}
	if got := send(); got != 503 {
		t.Errorf("without a secret: %d", got)
	}
	first := verify.Candidate{Provider: "wundertreos", ID: "w-1", Secret: secret.New(testSecret)}
	no := errors.New("no")
	if err := r.server.Change(func() ([]verify.Candidate, error) { return nil, no }); !errors.Is(err, no) {
		t.Error(err)
	}
	answers := make(chan int, 1)
	if err := r.server.Change(func() ([]verify.Candidate, error) {
		go func() { answers <- send() }()
		for flying := 0; flying == 0; { // it has come
			r.server.mu.Lock()
			flying = r.server.inFlight
			r.server.mu.Unlock()
		}
		return []verify.Candidate{first}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := <-answers; got != 200 {
		t.Errorf("one that waited: %d", got)
	}
	if err := r.server.Change(func() ([]verify.Candidate, error) {
		return []verify.Candidate{{Provider: "wundertreos", ID: "w-2", Secret: secret.New(otherSecret)}}, no
	}); !errors.Is(err, no) {
		t.Error(err)
	}
	if got := send(); got != 200 {
		t.Errorf("of the older one: %d", got)
	}
	body := event("ev-2", "contact.created")
	value := sign(t, wunder, otherSecret, body)
	if got, _ := r.post(http.Header{"X-Wunder-Signature": {value}}, body); got != 200 {
		t.Errorf("of the new one: %d", got)
	}
	seen := r.end()
	if len(seen) != 4 || seen[0].Reason != signature.NoSecret || seen[3].WebhookID != "w-2" {
		t.Errorf("%+v", seen)
	}
}
