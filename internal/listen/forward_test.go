package listen

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
)

// rawTarget keeps the bytes of the requests it gets, and answers 204.
type rawTarget struct {
	net.Listener
	mu   sync.Mutex
	seen []string
}

func newRawTarget(t *testing.T) *rawTarget {
	t.Helper()
	r := &rawTarget{Listener: listenLoopback(t)}
	t.Cleanup(func() { _ = r.Close() })
	go func() {
		for {
			c, err := r.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *rawTarget) serve(c net.Conn) {
	defer c.Close()
	var seen bytes.Buffer
	in := bufio.NewReader(io.TeeReader(c, &seen))
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		r.mu.Lock()
		r.seen = append(r.seen, seen.String())
		r.mu.Unlock()
		seen.Reset()
		if _, err := io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n"); err != nil {
			return
		}
	}
}

func forwardTo(t *testing.T, target string, timeout time.Duration) *Forwarder {
	t.Helper()
	f, err := NewForwarder(target, timeout)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestForwardedBytes looks at what goes over the wire.
func TestForwardedBytes(t *testing.T) {
	t.Parallel()
	target := newRawTarget(t)
	o := testOptions()
	o.Forward = forwardTo(t, target.Addr().String()+"/app/hook?a=1", 0)
	o.Kept = archive(t)
	r := start(t, o)

	body := []byte("{\"id\":\"1\"}\r\n\x00\xff\xfe ")
	header := signed(body)
	for name, values := range map[string][]string{
		"X-Many":              {"one", "two", "one"},
		"Accept-Encoding":     {"br"},
		"X-Empty":             {""},
		"Connection":          {"close, X-Hop", "x-hop-too"},
		"X-Hop":               {"secret of this hop"},
		"X-Hop-Too":           {"as well"},
		"Keep-Alive":          {"timeout=5"},
		"Proxy-Authorization": {"Basic eDp5"},
		"Te":                  {"trailers"},
		"Upgrade":             {"h2c"},
		"Http2-Settings":      {"AAMAAABk"},
		"Expect":              {"100-continue"},
		"Idempotency-Key":     {"k"},
	} {
		header[name] = values
	}
	if res, text := r.raw(rawRequest("/from/outside", header, body)); res.StatusCode != http.StatusNoContent || text != "" {
		t.Errorf("answered %d %q", res.StatusCode, text)
	}
	r.end()
	target.mu.Lock()
	defer target.mu.Unlock()
	if len(target.seen) != 1 {
		t.Fatalf("%d requests were forwarded", len(target.seen))
	}
	head, got, _ := strings.Cut(target.seen[0], "\r\n\r\n")
	if got != string(body) {
		t.Errorf("the body became %q", got)
	}
	signature := signed(body).Get("X-Hook-Signature")
	want := []string{
		"POST /app/hook?a=1 HTTP/1.1",
		"Host: " + target.Addr().String(),
		"Content-Length: " + "16",
		"Accept-Encoding: br",
		"Content-Type: application/json",
		"Idempotency-Key: k",
		"X-Empty: ",
		"X-Hook-Signature: " + signature,
		"X-Many: one", "X-Many: two", "X-Many: one",
		"X-Wunder-Signature: " + signature,
	}
	if diff := cmp.Diff(want, strings.Split(head, "\r\n")); diff != "" {
		t.Error(diff)
	}
	kept := records(t, o.Kept.Path())
	if len(kept) != 1 || !bytes.Equal(kept[0].Body, body) || kept[0].URL != "/from/outside" || kept[0].Header.Get("X-Hop") == "" ||
		kept[0].Header.Get("Host") != "hook.test" || len(kept[0].Header.Values("X-Many")) != 3 {
		t.Errorf("kept %+v", kept)
	}
}

// TestForwardAnswers: the sender gets the target's status, and nothing else of it.
func TestForwardAnswers(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"200": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") },
		"204": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"304": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) },
		"302": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"307": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"404":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such hook", 404) },
		"500":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "boom", 500) },
		"huge": func(w http.ResponseWriter, _ *http.Request) { endless(w) },
		"odd":  func(w http.ResponseWriter, _ *http.Request) { hijacked(w, "HTTP/1.1 999 Odd\r\n\r\n") },
		"101": func(w http.ResponseWriter, _ *http.Request) {
			upgraded(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n")
		},
		"cut":  func(w http.ResponseWriter, _ *http.Request) { hijacked(w, "") },
		"slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"trickle": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Set-Cookie", "a=b")
		answers[strings.TrimPrefix(r.URL.Path, "/")](w, r)
	}))
	t.Cleanup(app.Close)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"200": {200, ""}, "204": {204, ""}, "304": {304, ""}, "302": {302, ""}, "307": {307, ""}, "404": {404, ""}, "500": {500, ""},
		"huge": {200, ""}, "odd": {502, "the delivery could not be forwarded\n"}, "cut": {502, "the delivery could not be forwarded\n"},
		"101":  {502, "the delivery could not be forwarded\n"},
		"slow": {504, "the delivery could not be forwarded\n"}, "trickle": {504, "the delivery could not be forwarded\n"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			timeout := 20 * time.Second
			if want.status == 504 {
				timeout = 50 * time.Millisecond
			}
			o := testOptions()
			o.Forward = forwardTo(t, app.URL+"/"+path, timeout)
			o.Kept = archive(t)
			r := start(t, o)
			body := event("1", "contact.created")
			res, text := r.raw(rawRequest("/", signed(body), body))
			if res.StatusCode != want.status || text != want.text || res.Header.Get("Set-Cookie") != "" || res.Header.Get("Location") != "" {
				t.Errorf("answered %d %q %v", res.StatusCode, text, res.Header)
			}
			d := r.end()
			if len(d) != 1 || d[0].Status != want.status || d[0].Forward == nil || (d[0].Forward.Err == nil) != (want.text == "") || !d[0].Saved {
				t.Errorf("%+v", d)
			}
			if d[0].Forward.Err == nil && d[0].Forward.Status != want.status {
				t.Errorf("%+v", d[0].Forward)
			}
			if len(records(t, o.Kept.Path())) != 1 {
				t.Error("it is not kept")
			}
			sum := Summary{Total: 1, Taken: 1, Saved: 1, Invalid: r.summary.Invalid, Events: map[string]int{"contact.created": 1}}
			if want.status < 300 {
				sum.Forwarded = 1
				sum.Counted = 1
			} else {
				sum.Refused = 1
			}
			if diff := cmp.Diff(sum, r.summary); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Cleanup(func() {
		if elsewhere.Load() != 0 {
			t.Error("a redirect was followed")
		}
	})
}

// endless writes for as long as anybody reads.
func endless(w io.Writer) {
	block := make([]byte, 64<<10)
	for range 1 << 14 { // 1 GiB
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func hijacked(w http.ResponseWriter, answer string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, answer)
	_ = c.Close()
}

// upgraded answers, and leaves the connection open until its other end closes it.
func upgraded(w http.ResponseWriter, answer string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, answer)
	_, _ = io.Copy(io.Discard, c)
	_ = c.Close()
}

func TestForwardTargetDown(t *testing.T) {
	t.Parallel()
	l := listenLoopback(t)
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	o := testOptions()
	o.Forward = forwardTo(t, "http://"+addr, 0)
	r := start(t, o)
	body := event("1", "contact.created")
	if status, _ := r.post(signed(body), body); status != http.StatusBadGateway {
		t.Errorf("answered %d", status)
	}
	// It was not taken, so that the next attempt is no duplicate.
	if status, _ := r.post(signed(body), body); status != http.StatusBadGateway {
		t.Errorf("answered %d", status)
	}
	for _, d := range r.end() {
		if d.Duplicate || d.Forward == nil || d.Forward.Status != 0 || d.Forward.Err == nil {
			t.Errorf("%+v", d)
		}
	}
}

// TestInvalidIsNotForwarded, nor kept among the valid ones.
func TestInvalidIsNotForwarded(t *testing.T) {
	t.Parallel()
	target := newRawTarget(t)
	o := testOptions()
	o.Forward = forwardTo(t, "http://"+target.Addr().String(), 0)
	o.Kept = archive(t)
	o.Rejected = archive(t)
	r := start(t, o)
	body := event("1", "contact.created")
	if status, _ := r.post(signed([]byte("other")), body); status != http.StatusUnauthorized {
		t.Errorf("answered %d", status)
	}
	d := r.end()
	if len(target.seen) != 0 || len(records(t, o.Kept.Path())) != 0 {
		t.Error("an invalid delivery was handed on")
	}
	if kept := records(t, o.Rejected.Path()); len(kept) != 1 || !bytes.Equal(kept[0].Body, body) {
		t.Errorf("kept: %v", kept)
	}
	if !d[0].Saved || d[0].Forward != nil || r.summary.Rejected != 1 || r.summary.Saved != 0 {
		t.Errorf("%+v", d)
	}
}

// TestForwardOnce: deliveries of one event, at once and one after the other,
// reach the target until it has taken one.
func TestForwardOnce(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := requests.Add(1)
		time.Sleep(20 * time.Millisecond)
		if n <= 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(app.Close)
	o := testOptions()
	o.Forward = forwardTo(t, app.URL, 0)
	o.Kept = archive(t)
	r := start(t, o)
	body := event("1", "contact.created")
	answers := make(chan int, 8)
	for range 8 {
		go func() {
			status, _ := r.post(signed(body), body)
			answers <- status
		}()
	}
	got := map[int]int{}
	for range 8 {
		got[<-answers]++
	}
	if diff := cmp.Diff(map[int]int{500: 2, 200: 6}, got); diff != "" {
		t.Error(diff)
	}
	if status, _ := r.post(signed(body), body); status != 200 {
		t.Errorf("a later duplicate is answered %d", status)
	}
	r.end()
	if n := requests.Load(); n != 3 {
		t.Errorf("forwarded %d times", n)
	}
	if r.summary.Duplicates != 6 || r.summary.Saved != 9 || r.summary.Counted != 1 {
		t.Errorf("%+v", r.summary)
	}
}

func TestForwarderRefuses(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"", "http://", "ftp://x/", "http://user:hunter2@x/", "http://a b/", "http://x:y:z/", "/path", "://"} {
		_, err := NewForwarder(target, 0)
		if fault.KindOf(err) != fault.Usage || fault.HintOf(err).String() == "" || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", target, err)
		}
	}
	if _, err := NewForwarder("http://x", -1); fault.KindOf(err) != fault.Usage {
		t.Errorf("%v", err)
	}
	for target, want := range map[string]string{
		"localhost:3000/hook": "http://localhost:3000/hook", "https://x/a?b#c": "https://x/a?b", "HTTP://x": "http://x", "[::1]:8": "http://[::1]:8",
	} {
		f, err := NewForwarder(target, 0)
		if err != nil || f.URL() != want {
			t.Errorf("%q: %v, %v", target, f, err)
		}
	}
}

// TestForwardLargeBodies compares bodies of all sizes byte for byte.
func TestForwardLargeBodies(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []byte
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if got = b; err != nil {
			got = nil
		}
	}))
	t.Cleanup(app.Close)
	o := testOptions()
	o.Forward = forwardTo(t, app.URL, 0)
	o.Kept = archive(t)
	r := start(t, o)
	random := rand.New(rand.NewPCG(1, 1))
	sizes := []int{0, 1, 1000, firstRead - 1, firstRead, firstRead + 1, 300_000, DefaultMaxBody}
	for _, n := range sizes {
		body := make([]byte, n)
		for i := range body {
			body[i] = byte(random.Uint32())
		}
		if status, _ := r.post(signed(body), body); status != 200 {
			t.Fatalf("%d bytes: answered %d", n, status)
		}
		mu.Lock()
		if !bytes.Equal(got, body) {
			t.Errorf("%d bytes became %d others", n, len(got))
		}
		mu.Unlock()
		kept := records(t, o.Kept.Path())
		if !bytes.Equal(kept[len(kept)-1].Body, body) {
			t.Errorf("%d bytes were kept otherwise", n)
		}
	}
	r.end()
}

// TestHurry ends a run in the middle of a forward that does not end.
func TestHurry(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	arrived := make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-block
	}))
	t.Cleanup(app.Close)
	t.Cleanup(func() { close(block) })
	o := testOptions()
	o.Forward = forwardTo(t, app.URL, time.Hour)
	hurry := make(chan struct{})
	o.Hurry = hurry
	left := make(chan struct{})
	o.Leave = func() { close(left) }
	r := start(t, o)
	body := event("1", "contact.created")
	go func() {
		c, err := net.Dial("tcp", r.addr)
		if err == nil {
			_, _ = c.Write(rawRequest("/", signed(body), body))
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	<-arrived
	r.stop()
	<-left
	select {
	case <-r.done:
		t.Fatal("the delivery in flight was not waited for")
	case <-time.After(100 * time.Millisecond):
	}
	close(hurry)
	d := r.ended()
	if len(d) != 1 || d[0].Status != http.StatusBadGateway {
		t.Errorf("%+v", d)
	}
}

// TestForwardedAnswer: what the target answers is reported, as far as it is kept.
func TestForwardedAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size int
		cut  bool
	}{{0, false}, {3, false}, {mostAnswer, false}, {mostAnswer + 1, true}, {2 * mostAnswer, true}} {
		text := strings.Repeat("x", c.size)
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Of-App", "1")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, text)
		}))
		t.Cleanup(app.Close)
		f := forwardTo(t, app.URL, 0)
		if err := f.Reach(t.Context()); err != nil {
			t.Error(err)
		}
		got := f.send(t.Context(), http.Header{}, []byte("{}"))
		if got.Err != nil || got.Status != http.StatusAccepted || string(got.Body) != text[:min(c.size, mostAnswer)] || got.Cut != c.cut || http.Header(got.Header).Get("X-Of-App") != "1" {
			t.Errorf("%d bytes: %d %v, %d bytes, cut: %v", c.size, got.Status, got.Err, len(got.Body), got.Cut)
		}
		app.Close()
		if err := f.Reach(t.Context()); err == nil {
			t.Error("a target that is gone is reached")
		}
	}
}
