package listen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/verify"
)

// TestDelivery looks at all that is told of deliveries of each kind.
func TestDelivery(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 17, 14, 30, 1, 0, time.UTC)
	body := event("ev-1", "contact.created")
	bare := []byte("no JSON at all")
	contradicting := with(with(signed(body), "X-Wunder-Delivery", "ev-2"), "X-Wunder-Event", "contact.created")
	zbody := []byte(`{"event_id":"e","event_type":"new_contact"}`)
	valid := Delivery{
		ReceivedAt: at, Method: "POST", URL: "/hook", Size: len(body), Reason: signature.OK, Provider: "wundertreos", WebhookID: "w-1",
		Webhook: "Lead sync", EventID: "ev-1", EventType: "contact.created", Status: 200,
	}
	duplicate, noted := valid, valid
	duplicate.Duplicate = true
	noted.Duplicate = true
	noted.Notes = []string{`X-Wunder-Delivery says "ev-2", but id in the signed body is "ev-1": trust the body, because headers are not signed`}
	zsigned := func() http.Header {
		h := http.Header{"X-Zyntro-Signature": {sign(t, zyntro, otherSecret, zbody)}}
		return h
	}()
	o := testOptions()
	o.Now = func() time.Time { return at }
	r := start(t, o)
	var want []Delivery
	for _, c := range []struct {
		header http.Header
		body   []byte
		want   Delivery
	}{
		{signed(body), body, valid},
		{http.Header{"X-Hook-Signature": {strings.ToUpper(signed(body).Get("X-Hook-Signature"))}}, body, duplicate},
		{contradicting, body, noted},
		{signed(bare), bare, Delivery{ReceivedAt: at, Method: "POST", URL: "/hook", Size: len(bare), Reason: signature.OK, Provider: "wundertreos",
			WebhookID: "w-1", Webhook: "Lead sync", Status: 200}},
		{signed(bare), bare, Delivery{ReceivedAt: at, Method: "POST", URL: "/hook", Size: len(bare), Reason: signature.OK, Provider: "wundertreos",
			WebhookID: "w-1", Webhook: "Lead sync", Status: 200}}, // without an id there are no duplicates
		{zsigned, zbody, Delivery{ReceivedAt: at, Method: "POST", URL: "/hook", Size: len(zbody), Reason: signature.OK, Provider: "zyntro",
			WebhookID: "z-1", Webhook: "CRM Sync", EventID: "e", EventType: "new_contact", Status: 200}},
		{http.Header{}, body, Delivery{ReceivedAt: at, Method: "POST", URL: "/hook", Size: len(body), Reason: signature.NoSignature, Status: 401}},
		{zsigned, body, Delivery{ReceivedAt: at, Method: "POST", URL: "/hook", Size: len(body), Reason: signature.Mismatch, Provider: "zyntro",
			EventType: "contact.created", Status: 401}},
	} {
		status, text := r.post(c.header, c.body)
		if status != c.want.Status || (status == 200) != (text == "") {
			t.Errorf("answered %d %q", status, text)
		}
		want = append(want, c.want)
	}
	got := r.end()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Delivery{}, "Diagnosis"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	sum := Summary{
		Total: 8, Taken: 6, Duplicates: 2, Counted: 4, Assumed: []string{"zyntro"},
		Invalid: map[signature.Reason]int{signature.NoSignature: 1, signature.Mismatch: 1},
		Events:  map[string]int{"contact.created": 3, "": 2, "new_contact": 1},
	}
	if diff := cmp.Diff(sum, r.summary); diff != "" {
		t.Error(diff)
	}
}

// TestNotADelivery sends what no delivery may be. The listener answers, keeps
// nothing, and lives.
func TestNotADelivery(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.MaxBody = 1000
	o.Kept = archive(t)
	o.Rejected = archive(t)
	r := start(t, o)
	head := func(lines ...string) []byte {
		return []byte("POST / HTTP/1.1\r\nHost: x\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n")
	}
	chunk := "400\r\n" + strings.Repeat("x", 0x400) + "\r\n"
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("X-%d: y", i)
	}
	cases := []struct {
		name    string
		request []byte
		status  int
		note    string // "": net/http answers by itself
	}{
		{"GET", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "not POST"},
		{"PUT", []byte("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 405, "not POST"},
		{"OPTIONS", []byte("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "not POST"},
		{"CONNECT", []byte("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"), 405, "not POST"},
		{"too large", head("Content-Length: 1001"), 413, "larger than 1000 bytes"},
		{"far too large", head("Content-Length: 9223372036854775807", "Expect: 100-continue"), 413, "larger than 1000 bytes"},
		{"endless", append(head("Transfer-Encoding: chunked"), strings.Repeat(chunk, 3)...), 413, "larger than 1000 bytes"},
		{"bad chunks", append(head("Transfer-Encoding: chunked"), "zz\r\n"...), 400, "not whole"},
		{"two lengths", head("Content-Length: 1", "Content-Length: 2"), 400, ""},
		{"length and chunks", append(head("Content-Length: 9", "Transfer-Encoding: gzip"), "123456789"...), 501, ""},
		{"expects magic", head("Content-Length: 0", "Expect: magic"), 417, ""},
		{"large head", head("X-Large: " + strings.Repeat("x", 80_000)), 431, ""},
		{"many headers", head(many...), 431, ""},
		{"h2c preface", []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 405, "not POST"},
		{"garbage", []byte("\x16\x03\x01\x02\x00\r\n\r\n"), 400, ""},
	}
	for _, c := range cases {
		res, text := r.raw(c.request)
		if res.StatusCode != c.status {
			t.Errorf("%s: answered %d %q", c.name, res.StatusCode, text)
		}
		if c.status == 405 && res.Header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow is %q", c.name, res.Header.Get("Allow"))
		}
	}
	// A body that breaks off.
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(append(head("Content-Length: 100"), "half"...)); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if res, _ := readResponse(t, bufio.NewReader(c)); res.StatusCode != 400 {
		t.Errorf("half a body is answered %d", res.StatusCode)
	}
	body := event("1", "contact.created")
	if status, _ := r.post(signed(body), body); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	got := r.end()
	i := 0
	for _, c := range append(cases, struct {
		name    string
		request []byte
		status  int
		note    string
	}{"half", nil, 400, "not whole"}) {
		if c.note == "" {
			continue
		}
		d := got[i]
		if i++; d.Reason != signature.Unreadable || d.Status != c.status || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], c.note) || d.Saved {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
	if len(got) != i+1 || len(records(t, o.Kept.Path())) != 1 || len(records(t, o.Rejected.Path())) != 0 {
		t.Errorf("%d deliveries", len(got))
	}
}

// TestContinue: a body is asked for only where it is wanted.
func TestContinue(t *testing.T) {
	t.Parallel()
	r := start(t, testOptions())
	body := event("1", "contact.created")
	request := rawRequest("/", with(signed(body), "Expect", "100-continue"), body)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(request[:len(request)-len(body)]); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	if line, err := in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(body); err != nil {
		t.Fatal(err)
	}
	if res, _ := readResponse(t, in); res.StatusCode != 200 {
		t.Errorf("answered %d", res.StatusCode)
	}
}

// TestNotesOfWhatIsLeftOut: what is not saved as it came is noted.
func TestNotesOfWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Kept = archive(t)
	o.Rejected = archive(t)
	r := start(t, o)
	body := event("1", "contact.created")
	value := signed(body)["X-Wunder-Signature"][0]
	send := func(head, trailer string) {
		request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n%s\r\n%x\r\n%s\r\n0\r\n%s\r\n", head, len(body), body, trailer)
		r.raw([]byte(request))
	}
	send("X-Name: caf\xe9\r\nX-Wunder-Signature: "+value+"\r\n", "X-B: 1\r\nX-A: 2\r\n")
	send("Trailer: X-Never\r\nX-Wunder-Signature: "+value+"\r\n", "")
	send("", "X-Wunder-Signature: "+value+"\r\n")
	const trailer = "after the body came a trailer, which is not verified, forwarded or saved: "
	want := [][]string{{trailer + "X-A, X-B", "bytes that are not UTF-8 were saved as U+FFFD in: X-Name"}, nil, {trailer + "X-Wunder-Signature"}}
	for i, d := range r.end() {
		if !slices.Equal(d.Notes, want[i]) || d.Taken() != (i < 2) {
			t.Errorf("%d: %s %q", i, d.Reason, d.Notes)
		}
	}
}

func TestPipelined(t *testing.T) {
	t.Parallel()
	r := start(t, testOptions())
	var requests []byte
	for i := range 5 {
		body := event(fmt.Sprint(i), "contact.created")
		requests = append(requests, rawRequest("/", signed(body), body)...)
	}
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(requests); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	for range 5 {
		if res, _ := readResponse(t, in); res.StatusCode != 200 {
			t.Errorf("answered %d", res.StatusCode)
		}
	}
	for i, d := range r.end() {
		if d.EventID != fmt.Sprint(i) {
			t.Errorf("%d: %+v", i, d)
		}
	}
}

// brokenBody fails in the middle.
type brokenBody struct{ err error }

func (b brokenBody) Read(p []byte) (int, error) { return copy(p, "half"), b.err }
func (brokenBody) Close() error                 { return nil }

func TestSlowBody(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{os.ErrDeadlineExceeded: 408, io.ErrUnexpectedEOF: 400, errors.New("malformed"): 400} {
		s, nerr := New(testOptions())
		if nerr != nil {
			t.Fatal(nerr)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/", brokenBody{err}))
		if w.Code != want || w.Header().Get("Connection") != "close" {
			t.Errorf("%v: %d %v", err, w.Code, w.Header())
		}
	}
}

// TestIDsAreNoNames: what a delivery says of itself names no file.
func TestIDsAreNoNames(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "in", "kept")
	o := testOptions()
	var err error
	if o.Kept, err = OpenArchive(nil, dir, "deliveries.ndjson", 0, nil); err != nil {
		t.Fatal(err)
	}
	r := start(t, o)
	ids := []string{"../../escape", "/etc/passwd", "a/b", `a\b`, "CON", "a:b", "nul\x00", strings.Repeat("x", 300), ".", "..", "", "\x1b[2J", "Ａ", "deliveries.ndjson"}
	for _, id := range ids {
		body := event(id, id)
		if status, _ := r.post(with(signed(body), "X-Wunder-Delivery", strings.Trim(strings.ToValidUTF8(strings.Map(printable, id), ""), " ")), body); status != 200 {
			t.Errorf("%q: answered %d", id, status)
		}
	}
	r.end()
	if err := o.Kept.Close(); err != nil {
		t.Fatal(err)
	}
	var found []string
	if err := filepath.WalkDir(filepath.Dir(filepath.Dir(dir)), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "deliveries.ndjson")}, found); diff != "" {
		t.Error(diff)
	}
	if kept := records(t, o.Kept.Path()); len(kept) != len(ids) {
		t.Errorf("%d records", len(kept))
	}
}

func printable(r rune) rune {
	if r < 0x20 {
		return -1
	}
	return r
}

func TestNoVerify(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Candidates, o.NoVerify = nil, true
	o.Kept = archive(t)
	r := start(t, o)
	body := event("1", "contact.created")
	for _, h := range []http.Header{signed([]byte("other")), {}} {
		if status, _ := r.post(h, body); status != 200 {
			t.Errorf("answered %d", status)
		}
	}
	got := r.end()
	if got[0].Reason != Unverified || got[0].Provider != "wundertreos" || got[0].EventType != "contact.created" || got[0].WebhookID != "" {
		t.Errorf("%+v", got[0])
	}
	if got[1].Reason != Unverified || got[1].Provider != "" || !got[1].Saved {
		t.Errorf("%+v", got[1])
	}
}

// TestFlood: a flood of invalid deliveries is answered, and neither shown nor
// explained one by one.
func TestFlood(t *testing.T) {
	t.Parallel()
	at := time.Now()
	o := testOptions()
	o.Now = func() time.Time { return at } // no time passes, so nothing is allowed again
	r := start(t, o)
	body := event("1", "contact.created")
	bad := rawRequest("/", signed([]byte("x")), body)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	const flood = 1000
	for range flood {
		if _, err := c.Write(bad); err != nil {
			t.Fatal(err)
		}
		if res, _ := readResponse(t, in); res.StatusCode != 401 {
			t.Fatalf("answered %d", res.StatusCode)
		}
	}
	got := r.end()
	explained := 0
	for _, d := range got {
		if len(d.Diagnosis) > 0 || len(d.Notes) > 0 {
			explained++
		}
	}
	if len(got) != lineLimit.burst || r.summary.Hidden != flood-lineLimit.burst || r.summary.Invalid[signature.Mismatch] != flood {
		t.Errorf("%d shown, %+v", len(got), r.summary)
	}
	if explained > explainLimit.burst {
		t.Errorf("%d explained", explained)
	}
	hidden := 0
	for _, line := range r.said {
		var n int
		if _, err := fmt.Sscanf(line, "%d more invalid deliveries", &n); err == nil {
			hidden += n
		}
	}
	if hidden != flood-lineLimit.burst {
		t.Errorf("said %q", r.said)
	}
}

// TestLongTexts: what anybody can send is not repeated at any length, in the
// reports and in the summary; what was signed is reported as it came.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	r := start(t, testOptions())
	long := strings.Repeat("x", 50_000)
	bodies := [][]byte{event(long, "contact.created"), event("1", long)}
	for _, body := range bodies {
		for name, bad := range map[string]http.Header{"unsigned": {}, "badly signed": signed([]byte("x"))} {
			if res, _ := r.raw(rawRequest("/"+long, bad, body)); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: answered %d", name, res.StatusCode)
			}
		}
	}
	for _, body := range bodies {
		if status, _ := r.post(signed(body), body); status != http.StatusOK {
			t.Errorf("answered %d", status)
		}
	}
	for _, d := range r.end() {
		size := len(d.URL) + len(d.EventID) + len(d.EventType) + len(strings.Join(d.Notes, ""))
		if d.Taken() == (size < len(long)) {
			t.Errorf("%s: %d bytes are repeated", d.Reason, size)
		}
	}
	for name := range r.summary.Events {
		if len(name) > 200 {
			t.Errorf("an event of %d bytes is counted", len(name))
		}
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := limiter{limit: limit{burst: 2, every: time.Second}}
	at := time.Unix(1_000_000, 0)
	for i, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {0, true}, {0, false}, {999 * time.Millisecond, false}, {time.Millisecond, true}, {0, false}, {-time.Hour, false}, {time.Hour, false}, {time.Hour, true}, {0, true}, {0, false}} {
		at = at.Add(c.after)
		if got := l.allow(at); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){
		"negative body":        func(o *Options) { o.MaxBody = -1 },
		"huge body":            func(o *Options) { o.MaxBody = MostMaxBody + 1 },
		"no clock":             func(o *Options) { o.Now = nil },
		"nobody listens":       func(o *Options) { o.Report = nil },
		"verify or not verify": func(o *Options) { o.NoVerify = true },
		"no secret":            func(o *Options) { o.Candidates = []verify.Candidate{} },
	} {
		o := testOptions()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestReadAll(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 511, 512, firstRead, firstRead + 1, 3 * firstRead} {
		body := bytes.Repeat([]byte("x"), n)
		for _, size := range []int64{-1, int64(n), 0, 1 << 40} {
			got, err := readAll(bytes.NewReader(body), nil, size)
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes, said %d: %d, %v", n, size, len(got), err)
			}
			if size == 1<<40 && cap(got) > 4*firstRead+4*n {
				t.Errorf("a length alone claims %d bytes", cap(got))
			}
		}
	}
}
