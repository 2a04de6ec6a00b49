package listen

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/signature"
)

// TestRequests: with Requests each report holds what came, byte for byte, however
// the next delivery uses the same memory, and where its record stands.
func TestRequests(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Requests, o.Kept, o.Rejected = true, archive(t), archive(t)
	r := start(t, o)
	bodies := []string{string(event("ev-1", "contact.created")), "\x00\xff" + strings.Repeat("a", 3000), "", "{}"}
	for _, body := range bodies {
		r.post(with(signed([]byte(body)), "X-Twice", "1"), []byte(body))
		r.post(http.Header{"X-Wunder-Signature": {"sha256=" + strings.Repeat("0", 64)}}, []byte(body))
	}
	r.raw([]byte("GET /?a HTTP/1.1\r\nHost: hook.test\r\nX-Probe: 1\r\n\r\n"))
	seen := r.end()
	if len(seen) != 2*len(bodies)+1 {
		t.Fatalf("%d reports", len(seen))
	}
	for i, d := range seen {
		if d.Reason == signature.Unreadable {
			if d.Request == nil || d.Request.Body != nil || http.Header(d.Request.Header).Get("X-Probe") != "1" {
				t.Errorf("of what is no delivery: %+v", d.Request)
			}
			continue
		}
		if d.Request == nil || string(d.Request.Body) != bodies[i/2] || d.Request.Header["Host"][0] != "hook.test" {
			t.Fatalf("%d: %+v", i, d.Request)
		}
		from := o.Kept
		if !d.Taken() {
			from = o.Rejected
		}
		line, err := from.Record(d.SavedAt)
		if want := string(capture.AppendRecord(nil, *d.Request)) + "\n"; err != nil || string(line) != want {
			t.Errorf("%d: at %d stands %q, not %q: %v", i, d.SavedAt, line, want, err)
		}
	}
}

// TestRequestsHeld: what waits to be reported is bounded, and what there is no room
// for is reported all the same.
func TestRequestsHeld(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.Requests = true
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d := Delivery{Size: mostHeld/2 + 1}
	for i, want := range []bool{true, false} {
		d.Request = nil
		buf := &buffer{body: []byte("body")}
		s.reporter.hold(&d, nil, buf)
		if (d.Request != nil) != want || (buf.body == nil) != want {
			t.Errorf("%d: %v, %q", i, d.Request, buf.body)
		}
	}
	d.Request = new(capture.Record)
	s.reporter.tell(t.Context(), report{delivery: d})
	if n := s.reporter.held.Load(); n != 0 {
		t.Errorf("%d bytes are held", n)
	}
}

// TestAnswersHeld: answers wait with the deliveries, and count; where those are not
// asked for only the status is reported.
func TestAnswersHeld(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		requests bool
		size     int
		held     bool
	}{{false, 1, false}, {true, mostHeld - 2, true}, {true, mostHeld - 1, false}} {
		o := testOptions()
		o.Requests = c.requests
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		answer := &Forwarded{Status: 201, Took: 3, Header: map[string][]string{"A": {"b"}}, Body: []byte("ok")}
		d := Delivery{Size: c.size, Forward: answer}
		s.reporter.hold(&d, nil, &buffer{})
		if f := d.Forward; f.Status != 201 || f.Took != 3 || (f.Body != nil) != c.held || (f.Header != nil) != c.held || (d.Request != nil) != c.held {
			t.Errorf("%+v: %+v, %v", c, f, d.Request)
		}
		s.reporter.tell(t.Context(), report{delivery: d})
		if n := s.reporter.held.Load(); n != 0 || string(answer.Body) != "ok" {
			t.Errorf("%+v: %d bytes are held", c, n)
		}
	}
}
