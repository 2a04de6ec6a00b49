package inspect

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/signature"
)

// stream reads events of the page until it has so many deliveries; it returns their
// numbers, and the other events.
func stream(t *testing.T, c *client, last string, n int) (numbers []int, others map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", c.base+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	others = map[string]string{}
	event := ""
	for lines := bufio.NewScanner(res.Body); len(numbers) < n && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			event = value
		case name == "data" && event != "delivery":
			others[event] = value
		case name == "id":
			i, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, i)
		}
	}
	return numbers, others
}

func count(from, to int) (list []int) {
	for i := from; i <= to; i++ {
		list = append(list, i)
	}
	return list
}

// TestEvents: a page that knows nothing is sent what is in memory, one that comes back
// what it has missed, and older ones too, as long as they are remembered.
func TestEvents(t *testing.T) {
	t.Parallel()
	s, _ := start(t, nil)
	c := newClient(t, s)
	for i := range mostHeld + 100 {
		s.Add(delivery(fmt.Sprint("ev-", i), "contact.created", `{}`))
	}
	newest := mostHeld + 100
	for _, x := range []struct {
		last string
		want []int
	}{
		{"", count(101, newest)},
		{"nonsense", count(101, newest)},
		{"0", count(1, newest)},
		{"50", count(51, newest)},
		{strconv.Itoa(newest - 1), count(newest, newest)},
		{strconv.Itoa(newest + 1000), count(101, newest)}, // of another run
	} {
		got, others := stream(t, c, x.last, len(x.want))
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("after %q: %s", x.last, diff)
		}
		if !strings.Contains(others["state"], `"address":"http://127.0.0.1:8787/"`) {
			t.Errorf("after %q: state %s", x.last, others["state"])
		}
	}
	// What comes while the page is open is sent.
	done := make(chan []int)
	go func() { got, _ := stream(t, c, strconv.Itoa(newest), 2); done <- got }()
	s.Add(delivery("one", "contact.created", `{}`))
	s.Add(delivery("two", "contact.created", `{}`))
	if diff := cmp.Diff(count(newest+1, newest+2), <-done); diff != "" {
		t.Error(diff)
	}
	// What is not even remembered any more is said.
	for i := range mostRows {
		s.Add(delivery(fmt.Sprint("more-", i), "contact.created", `{}`))
	}
	first := newest + 2 + 1
	got, others := stream(t, c, "10", 3)
	if diff := cmp.Diff(count(first, first+2), got); diff != "" || others["missed"] != strconv.Itoa(first-11) {
		t.Errorf("%s; missed %s", diff, others["missed"])
	}
}

// TestRing: memory is bounded by the number and the bytes of requests, and the last one
// stays however large it is.
func TestRing(t *testing.T) {
	t.Parallel()
	r := newRing()
	held := func() (n, size int) {
		r.each(func(e *entry) bool {
			if e.delivery.Request != nil {
				n++
				size += weight(&e.delivery)
			}
			return true
		})
		return n, size
	}
	large := strings.Repeat("x", 1<<20)
	for range 40 {
		r.add(delivery("", "", large))
	}
	if n, size := held(); n != 31 || size != r.bytes {
		t.Errorf("%d are held, of %d bytes, and %d are counted", n, size, r.bytes)
	}
	r.add(delivery("", "", strings.Repeat("x", mostBytes)))
	if n, size := held(); n != 1 || size != r.bytes {
		t.Errorf("%d are held, of %d bytes, and %d are counted", n, size, r.bytes)
	}
	for range 2 * mostRows {
		r.add(delivery("", "", "x"))
	}
	if n, size := held(); n != mostHeld || size != r.bytes || len(r.entries) != mostRows {
		t.Errorf("%d of %d are held, of %d bytes, and %d are counted", n, len(r.entries), size, r.bytes)
	}
}

// TestOlder: what is no longer in memory is read from where it was saved.
func TestOlder(t *testing.T) {
	t.Parallel()
	archive, err := listen.OpenArchive(nil, filepath.Join(t.TempDir(), "kept"), "d.ndjson", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = archive.Close() })
	s, _ := start(t, func(o *Options) {
		o.Stored = func(d *listen.Delivery) ([]byte, error) { return archive.Record(d.SavedAt) }
	})
	c := newClient(t, s)
	odd := "\x00\xff\r\n<b>"
	for i := range mostHeld + 3 {
		d := delivery(fmt.Sprint("ev-", i), "contact.created", odd+fmt.Sprint(i))
		if i != 1 {
			record := capture.AppendAnswer(capture.AppendRecord(nil, *d.Request), d.Forward.Answer())
			if d.SavedAt, err = archive.Append(record); err != nil {
				t.Fatal(err)
			}
			d.Saved = true
		}
		if i == 2 {
			d.Size++ // as if another record stood there by now
		}
		s.Add(d)
	}
	for n, want := range map[int]string{1: odd + "0", 4: odd + "3"} {
		if status, text := c.ask(t, "GET", fmt.Sprintf("/d/%d/body", n), ""); status != 200 || text != want {
			t.Errorf("%d: %d %q", n, status, text)
		}
	}
	for n, want := range map[string]string{"2": "was not saved", "3": "another delivery in its place", "9999": "no delivery", "x": "no delivery", "-1": "no delivery"} {
		if status, text := c.ask(t, "GET", "/d/"+n+"/body", ""); status != 404 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %q", n, status, text)
		}
	}
	for n, want := range map[int]string{ // with the answer, where it was kept
		1: `"handler":{"headers":[{"name":"Content-Type","value":"application/json"},{"name":"Set-Cookie","value":"***","kind":"hidden"}],"body":"{\"taken\":true}","held":true}`,
		2: `"handler":{"headers":[],"body":"","held":false}`, 3: `"handler":{"headers":[],"body":"","held":false}`,
	} {
		if status, text := c.ask(t, "GET", fmt.Sprint("/d/", n), ""); status != 200 || !strings.Contains(text, want) {
			t.Errorf("%d: %d %s", n, status, text)
		}
	}
	if status, text := c.ask(t, "GET", "/d/2", ""); status != 200 || !strings.Contains(text, "was not saved") {
		t.Errorf("%d %q", status, text)
	}
}

// TestReplay: what is sent again is what came, to where it is forwarded, and an edited
// body has a signature of its own that the page never sees.
func TestReplay(t *testing.T) {
	t.Parallel()
	s, x := start(t, nil)
	c := newClient(t, s)
	body := "{\"id\":\"ev-1\"}\r\n\x00\xff"
	d := delivery("ev-1", "contact.created", body)
	d.Request.Header["Authorization"] = []string{"Bearer of-the-webhook"}
	d.Request.URL = "http://evil.example/elsewhere"
	s.Add(d)
	status, text := c.ask(t, "POST", "/d/1/replay", "an ignored body")
	if status != 200 || !strings.Contains(text, `"status":200`) || !strings.Contains(text, `"response":"taken"`) {
		t.Errorf("%d %s", status, text)
	}
	got := x.last(t, 1)
	if string(got.Body) != body || got.URL != "/hook" || got.Header.Get("Authorization") != "Bearer of-the-webhook" || got.Header.Get("X-Wunder-Signature") != d.Request.Header["X-Wunder-Signature"][0] {
		t.Errorf("sent %+v", got)
	}
	edited := `{"id":"ev-2","edited":"Zoë"}`
	signed := sign([]byte(edited))[0].Value
	raw, err := hex.DecodeString(strings.TrimPrefix(signed, "sha256="))
	if err != nil {
		t.Fatal(err)
	}
	for i, echo := range []string{
		"", signed, strings.ToUpper(signed), "x" + signed[12:24] + "y", base64.StdEncoding.EncodeToString(raw), "cut " + signed[:len(signed)-40],
		strings.Repeat("a", 180) + signed, // an excerpt cuts it
	} {
		x.answer = func(http.Header, []byte) (int, string) { return 500, "saw " + echo }
		status, text := c.ask(t, "POST", "/d/1/replay-edited", edited)
		if status != 200 || !strings.Contains(text, `"edited":true`) || !strings.Contains(text, `"signed":"Lead sync"`) || !strings.Contains(text, `"status":500`) {
			t.Errorf("%d %s", status, text)
		}
		got := x.last(t, i+2)
		if string(got.Body) != edited || got.Header.Get("X-Wunder-Signature") != signed || len(got.Header.Values("X-Hook-Signature")) != 1 {
			t.Errorf("sent %+v", got)
		}
		if echo != "" != strings.Contains(text, "(not shown") {
			t.Errorf("an answer of %q is told as %s", echo, text)
		}
		_, all := c.ask(t, "GET", "/d/1", "")
		for from := 0; from+fewest <= 64; from++ {
			if part := signed[7+from : 7+from+fewest]; strings.Contains(strings.ToLower(text+all), part) {
				t.Fatalf("the page is told %q of the signature: %s", part, text)
			}
		}
		if strings.Contains(all+text, testSecret) || strings.Contains(all, "of-the-webhook") {
			t.Error("the page is told a secret")
		}
	}
	// Of the attempts, all are told.
	var detail struct{ Attempts []attempt }
	_, text = c.ask(t, "GET", "/d/1", "")
	if err := json.Unmarshal([]byte(text), &detail); err != nil || len(detail.Attempts) != 8 || detail.Attempts[0].Edited {
		t.Errorf("%v: %+v", err, detail.Attempts)
	}
	x.Close() // of which a connection that is kept may be told only when it is used
	if status, text := c.ask(t, "POST", "/d/1/replay", ""); status != 200 || !strings.Contains(text, "connection refused") && !strings.Contains(text, "reset the connection") {
		t.Errorf("%d %s", status, text)
	}
}

// TestNoReplay: where nothing can be sent the page is told why.
func TestNoReplay(t *testing.T) {
	t.Parallel()
	s, x := start(t, func(o *Options) {
		o.Target = ""
		o.Sign = func(*listen.Delivery, []byte) (Signature, error) { return Signature{}, errors.New("no secret") }
	})
	c := newClient(t, s)
	d := delivery("ev-1", "contact.created", "{}")
	d.Request.Body = nil
	s.Add(delivery("ev-1", "contact.created", "{}"))
	s.Add(d)
	for path, want := range map[string]string{
		"/d/1/replay": "--forward-to", "/d/1/replay-edited": "no secret", "/d/1/curl": "no secret", "/d/2/replay": "body was not read", "/d/3/replay": "no delivery",
	} {
		if status, text := c.ask(t, "POST", path, "{}"); status/100 != 4 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %q", path, status, text)
		}
	}
	if len(x.got) != 0 {
		t.Error("something was sent")
	}
}

// TestHidden: what looks like a credential is nowhere on the page, in no copy and in no
// comparison; the rest is.
func TestHidden(t *testing.T) {
	t.Parallel()
	const canary = "c4n4ry-8f3c2a1d9e7b4f6a5c2d1e0f"
	s, _ := start(t, func(o *Options) { o.Target += "?token=" + canary + "&a=1" })
	c := newClient(t, s)
	one, two := delivery("ev-1", "contact.created", `{"id":"ev-1"}`), delivery("ev-2", "contact.created", `{"id":"ev-2"}`)
	one.URL = "/hook?api_key=" + canary + "&b=2"
	one.Request.URL = one.URL
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Auth-Data", "X-Odd", "X-Webhook-Token", "x-custom-password"} {
		one.Request.Header[name] = []string{canary}
	}
	one.Request.Header["X-Request-Id"] = []string{"0d9f2b1c-8f3c-4a1d-9e7b-4f6a5c2d1e0f"}
	one.Request.Header["Referer"] = []string{"https://user:hunter2@example.com/"}
	one.Request.Header["X-Request-Url"] = []string{"https://example.com/?access_token=hunter2"}
	one.Request.Header["X-Plain"] = []string{"plain"}
	s.Add(one)
	s.Add(two)
	all := ""
	for _, path := range []string{"/d/1", "/d/1/capture", "/d/2/compare/1", "/d/1/compare/2", "/d/1/body", "/d/1/pretty"} {
		status, text := c.ask(t, "GET", path, "")
		if status != 200 {
			t.Errorf("%s: %d %s", path, status, text)
		}
		all += text
	}
	_, text := c.ask(t, "POST", "/d/1/curl", "{}")
	all += text
	if !strings.Contains(all, "taken") || strings.Contains(all, "of-the-handler") {
		t.Error("the answer is not shown, or its cookie is")
	}
	_, others := stream(t, c, "", 2)
	all += others["state"]
	for _, part := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary)), canary[:12], "hunter2", testSecret} {
		if strings.Contains(all, part) {
			i := strings.Index(all, part)
			t.Errorf("%q is on the page: ...%s", part, all[max(0, i-100):i+20])
		}
	}
	for _, part := range []string{"0d9f2b1c-8f3c-4a1d", `"plain"`, "b=2", "a=1"} {
		if !strings.Contains(all, part) {
			t.Errorf("%q is missing", part)
		}
	}
}

// TestCopies runs the commands that the page offers: what they send is the same, byte
// for byte.
func TestCopies(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to run the commands with")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl to run the commands with")
	}
	s, x := start(t, nil)
	c := newClient(t, s)
	// hookctl stands for itself: it signs what it is sent on its standard input.
	script := `hookctl() { cat > body.tmp; test "$*" = "sign - --webhook wundertreos/w-1 -o name" && printf 'sha256='; wc -c < body.tmp; }` + "\n"
	n := 0
	for i, body := range []string{
		`{"id":"ev-1","name":"Zoë O'Brien","x":"a\\b %d $(id) ` + "`id`" + `"}`, "@/etc/passwd", "a\r\nb\n\n", "", "\x00\x01\xff%", "%s\\n\\000'\"!", strings.Repeat("x", mostCopied),
	} {
		d := delivery("ev", "contact.created", body)
		d.Request.Header["X-Odd"] = []string{`a'b "c" $HOME \ ` + "`id`", "two"}
		d.Request.Header["X-Empty"] = []string{""}
		s.Add(d)
		var detail struct{ Curl string }
		_, text := c.ask(t, "GET", fmt.Sprintf("/d/%d", i+1), "")
		if err := json.Unmarshal([]byte(text), &detail); err != nil {
			t.Fatal(err)
		}
		runIn := func(command string) {
			t.Helper()
			cmd := exec.Command(sh, "-c", command)
			cmd.Dir = t.TempDir()
			var problem bytes.Buffer
			cmd.Stderr = &problem
			if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "taken") {
				t.Fatalf("%v: %s%s: %s", err, out, problem.String(), command)
			}
			n++
		}
		runIn(detail.Curl)
		got := x.last(t, n)
		want := http.Header(d.Request.Header).Clone()
		delete(want, "Host")
		have := http.Header{}
		for _, f := range got.Header {
			if f.Name != "Content-Length" {
				have[f.Name] = append(have[f.Name], f.Value)
			}
		}
		if diff := cmp.Diff(want, have); diff != "" || string(got.Body) != body {
			t.Errorf("%s: sent %q: %s", detail.Curl, got.Body, diff)
		}
		status, edited := c.ask(t, "POST", fmt.Sprintf("/d/%d/curl", i+1), body)
		if strings.Contains(body, "\x00") {
			if status/100 != 4 {
				t.Errorf("%q: %s", body, edited)
			}
			continue
		}
		if strings.Contains(edited, sign([]byte(body))[0].Value[7:15]) {
			t.Errorf("the page is told a signature: %s", edited)
		}
		runIn(script + edited)
		got = x.last(t, n)
		if string(got.Body) != body || strings.ReplaceAll(got.Header.Get("X-Wunder-Signature"), " ", "") != fmt.Sprint("sha256=", len(body)) {
			t.Errorf("%s: sent %q with %q", edited, got.Body, got.Header.Get("X-Wunder-Signature"))
		}
	}
	s.Add(delivery("ev", "contact.created", strings.Repeat("x", mostCopied+1)))
	if status, text := c.ask(t, "POST", "/d/8/curl", strings.Repeat("x", mostCopied+1)); status/100 != 4 || !strings.Contains(text, "too large") {
		t.Errorf("%d %s", status, text)
	}
}

// TestCapture: what is saved can be read again, and is the delivery.
func TestCapture(t *testing.T) {
	t.Parallel()
	s, _ := start(t, nil)
	c := newClient(t, s)
	body := "\x00\xff{\r\n"
	s.Add(delivery("ev-1", "contact.created", body))
	_, text := c.ask(t, "GET", "/d/1/capture", "")
	r, err := readRecord(t.Context(), []byte(text))
	if err != nil || string(r.Body) != body || r.Header.Get("X-Wunder-Signature") != sign([]byte(body))[0].Value || strings.Count(text, "\n") != 1 {
		t.Errorf("%v: %+v", err, r)
	}
	if a, err := capture.AnswerOf(r); err != nil || a == nil || a.Status != 200 || string(a.Body) != `{"taken":true}` || a.Header.Get("Content-Type") == "" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%v: the handler's answer is %+v", err, a)
	}
	refused := delivery("ev-2", "contact.created", body)
	refused.Forward = &listen.Forwarded{Err: errors.New("refused")}
	s.Add(refused)
	if _, text := c.ask(t, "GET", "/d/2/capture", ""); strings.Contains(text, "answer") {
		t.Error(text)
	}
}

// TestDetail: the twins of a delivery, the earlier one of its type, and what is no JSON.
func TestDetail(t *testing.T) {
	t.Parallel()
	s, _ := start(t, nil)
	c := newClient(t, s)
	s.Add(delivery("ev-1", "contact.created", `{"a":1.0,"b":12345678901234567890}`))
	s.Add(delivery("ev-2", "deal.created", "text"))
	s.Add(invalid(delivery("ev-1", "contact.created", `{"a":1}`)))
	refused := delivery("", "", "")
	refused.Reason, refused.Request.Body, refused.Forward, refused.Provider = signature.Unreadable, nil, nil, ""
	s.Add(refused)
	var d struct {
		Twins    []twin
		Previous int
		Kind     string
		Lost     string
		Sentence string
		Verdict  string
	}
	ask := func(n int) {
		t.Helper()
		d.Twins, d.Previous, d.Lost = nil, 0, ""
		_, text := c.ask(t, "GET", fmt.Sprintf("/d/%d", n), "")
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
	}
	ask(3)
	if d.Previous != 1 || len(d.Twins) != 1 || d.Twins[0].N != 1 || d.Kind != "JSON" || d.Verdict != "invalid" || d.Sentence != "Judged: mismatch." {
		t.Errorf("%+v", d)
	}
	ask(2)
	if d.Previous != 0 || len(d.Twins) != 0 || d.Kind != "text" {
		t.Errorf("%+v", d)
	}
	ask(4)
	if d.Lost == "" {
		t.Errorf("%+v", d)
	}
	if _, text := c.ask(t, "GET", "/d/1/pretty", ""); text != "{\n  \"a\": 1.0,\n  \"b\": 12345678901234567890\n}\n" {
		t.Error(text)
	}
	if status, text := c.ask(t, "GET", "/d/2/pretty", ""); status != 404 {
		t.Error(text)
	}
	var found struct {
		Body []struct{ Path, Left, Right string }
	}
	_, text := c.ask(t, "GET", "/d/3/compare/1", "")
	if err := json.Unmarshal([]byte(text), &found); err != nil || len(found.Body) != 2 || found.Body[0].Left != "1.0" || found.Body[0].Right != "1" {
		t.Errorf("%v %s", err, text)
	}
}

// TestSize: what the page is made of stays small.
func TestSize(t *testing.T) {
	t.Parallel()
	total := 0
	for _, name := range []string{"page.html", "page.css", "page.js"} {
		b, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		total += len(b)
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "style=", "onclick="} {
			if strings.Contains(string(b), bad) {
				t.Errorf("%s has %s", name, bad)
			}
		}
	}
	if total > 60<<10 {
		t.Errorf("%d bytes", total)
	}
}
