package deliver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
)

func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.Bytes()
}

func TestCompare(t *testing.T) {
	t.Parallel()
	packed := capture.Header{{Name: "Content-Encoding", Value: "gzip"}}
	is := func(status int, body string) *capture.Answer {
		return &capture.Answer{Status: status, Body: []byte(body)}
	}
	cut := func(body string) *capture.Answer { return &capture.Answer{Status: 200, Body: []byte(body), Cut: true} }
	for name, tt := range map[string]struct {
		was, now *capture.Answer
		want     string
	}{
		"the same":                     {is(200, "a"), is(200, "a"), "same"},
		"status":                       {is(200, "a"), is(201, "a"), "changed"},
		"no body is known":             {&capture.Answer{Status: 200}, is(200, "a"), "same"},
		"an empty body is known":       {is(200, ""), is(200, "a"), "changed line 1"},
		"layout":                       {is(200, `{"a":1,"b":[]}`), is(200, `{"b": [], "a": 1.0}`), "same"},
		"layout of a text":             {is(200, `a b`), is(200, `a  b`), "changed line 1"},
		"ignored":                      {is(200, `{"t":1}`), is(200, `{"t":2}`), "same"},
		"ignored, but it is no JSON":   {is(200, `{"t":1}`), is(200, `{"t":2`), "changed line 1"},
		"packed, and not":              {&capture.Answer{Status: 200, Header: packed, Body: zipped(`{"a":1}`)}, is(200, `{"a": 1}`), "same"},
		"packed in another way":        {is(200, `{"a":1}`), &capture.Answer{Status: 200, Header: packed, Body: zipped(`{"a":2}`)}, "changed .a"},
		"said to be packed":            {&capture.Answer{Status: 200, Header: packed, Body: []byte("abc")}, &capture.Answer{Status: 200, Header: packed, Body: []byte("abd")}, "changed line 1"},
		"goes on now":                  {is(200, "abc"), cut("abc"), "changed byte 4"},
		"cut, and goes on":             {cut("abc"), is(200, "abcd"), "same"},
		"cut, and differs":             {cut("abc"), is(200, "abd!"), "changed line 1"},
		"cut, and is shorter":          {cut("abc"), is(200, "ab"), "changed line 1"},
		"cut, and ends there":          {cut("abc"), is(200, "abc"), "changed byte 4"},
		"cut, and so is the other":     {cut("abc"), cut("abc"), "same"},
		"cut JSON in another layout":   {cut(`{"a":1`), is(200, `{"a": 1}`), "changed line 1"},
		"cut where JSON is whole":      {cut(`{"a":1}`), is(200, `{"a":1} `), "same"},
		"cut while it was packed":      {&capture.Answer{Status: 200, Header: packed, Body: zipped(strings.Repeat("abc", 9000))[:40], Cut: true}, is(200, strings.Repeat("abc", 9000)), "same"},
		"another encoding of the text": {is(200, "\"\u00e9\""), is(200, `"\u00e9"`), "same"},
	} {
		ignore, err := capture.ParseIgnored([]string{"t"})
		if err != nil {
			t.Fatal(err)
		}
		e := Expectation{Ignore: ignore}
		c := e.Compare(&capture.Request{Answered: tt.was.AppendJSON(nil)}, Sent{Status: tt.now.Status, Answer: tt.now})
		got := string(c.Outcome)
		for _, d := range c.Body {
			got += " " + d.Path
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if err := e.Err(false); (err != nil) != (c.Outcome == Changed) || err != nil && fault.KindOf(err) != fault.Negative {
			t.Errorf("%s: %v", name, err)
		}
		if err := e.Err(true); err != nil {
			t.Errorf("%s, updated: %v", name, err)
		}
	}
}

func TestCompareWithNothing(t *testing.T) {
	t.Parallel()
	recorded := &capture.Request{Answered: []byte(`{"status":200}`)}
	ok := Sent{Status: 200, Answer: &capture.Answer{Status: 200}}
	for _, tt := range []struct {
		q       *capture.Request
		s       Sent
		want    Outcome
		code    string
		updated bool // is an error all the same
	}{
		{&capture.Request{}, ok, NotRecorded, "no-answer", false},
		{&capture.Request{}, Sent{Status: 500, Answer: &capture.Answer{Status: 500}}, NotRecorded, "not-accepted", false},
		{&capture.Request{Answered: []byte(`{}`)}, ok, Unreadable, "unreadable", false},
		{recorded, Sent{Err: errors.New("reset")}, Unanswered, "", false}, // the poster has the error
		{recorded, Sent{Status: 200, Err: errors.New("broke off")}, Unanswered, "broken-answer", true},
		{recorded, ok, Same, "", false},
	} {
		var e Expectation
		if c := e.Compare(tt.q, tt.s); c.Outcome != tt.want {
			t.Errorf("%s, want %s", c.Outcome, tt.want)
		}
		if err := e.Err(false); fault.Code(err) != tt.code && err != nil || (err == nil) != (tt.code == "") {
			t.Errorf("%s: %v", tt.want, err)
		}
		if err := e.Err(true); (err != nil) != tt.updated {
			t.Errorf("%s, updated: %v", tt.want, err)
		}
	}
}

// The answer is kept as it came, and shown unpacked.
func TestPostKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped("unpacked"))
		case "/odd":
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write([]byte("as it is"))
		case "/large":
			_, _ = w.Write(bytes.Repeat([]byte("x"), httpx.CapGet+1))
		case "/short":
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("x"))
		}
	}))
	t.Cleanup(server.Close)
	for path, want := range map[string]string{"/packed": "unpacked", "/odd": "as it is", "/large": strings.Repeat("x", 199) + "…", "/none": ""} {
		p, err := NewPoster(PosterOptions{Client: httpx.New(httpx.Options{}), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.Post(t.Context(), Delivery{URL: server.URL + path})
		if err != nil || s.Err != nil || s.Status != 200 || s.Response != want || s.Answer == nil || s.Answer.Body == nil || s.Answer.Cut != (path == "/large") || len(s.Answer.Body) > httpx.CapGet {
			t.Errorf("%s: %v, %v, %d, %q", path, err, s.Err, s.Status, s.Response)
		}
		if s.Answer != nil && (s.Answer.Header.Has("Content-Length") || s.Answer.Header.Has("Connection")) {
			t.Errorf("%s: %v", path, s.Answer.Header)
		}
	}
	p, _ := NewPoster(PosterOptions{Client: httpx.New(httpx.Options{}), Now: time.Now})
	if s, err := p.Post(t.Context(), Delivery{URL: server.URL + "/short"}); err != nil || s.Err == nil || s.Answer != nil || s.Status != 200 {
		t.Errorf("%v, %+v", err, s)
	}
}
