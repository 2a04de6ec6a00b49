package view

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// output is what printing makes of it.
func output(t testing.TB, o render.Options, printing func(*render.Printer) error) string {
	t.Helper()
	var b bytes.Buffer
	p, err := render.New(&b, o)
	if err == nil {
		err = printing(p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func printed(t testing.TB, s interface{ Print(*render.Printer) error }, format render.Format) string {
	t.Helper()
	return output(t, render.Options{Format: format}, s.Print)
}

// FuzzShown: what is shown as JSON is a capture of the same delivery, and what is
// shown to people drives nothing.
func FuzzShown(f *testing.F) {
	f.Add("POST", "/hook", "X-A", "a", "x-a", "b", []byte(`{"a":1}`))
	f.Add("", "", "", "", "X-A", "\x1b[31m##[error]", []byte{0, 255, 10})
	f.Add("P", "\u202e", "X-A", "::error::", "X-A", "##[x]", []byte("::error::x\r\n##[group]\n"))
	f.Fuzz(func(t *testing.T, method, url, name1, value1, name2, value2 string, body []byte) {
		for _, s := range []string{method, url, name1, value1, name2, value2} {
			if !utf8.ValidString(s) {
				t.Skip("JSON cannot hold it")
			}
		}
		r := &capture.Request{Source: "a.http", Method: method, URL: url, Body: body, Header: capture.Header{{Name: name1, Value: value1}, {Name: name2, Value: value2}, {Name: name1, Value: "again"}}}
		s := NewShown(verify.Result{Source: "a.http", Reason: signature.NoSignature, Format: "http"}, r, nil, nil, 0)
		for _, format := range []render.Format{render.JSON, render.NDJSON} {
			text := printed(t, s, format)
			batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{Stdin: strings.NewReader(text), Format: string(map[render.Format]string{render.JSON: "json", render.NDJSON: "ndjson"}[format])})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for b := range batches {
				for q, err := range b.Each() {
					n++
					if err != nil || !bytes.Equal(q.Body, body) || q.Method != method || q.URL != url || q.Inexact {
						t.Fatalf("%s: %+v, %v", text, q, err)
					}
					for _, name := range []string{name1, name2} {
						if got, want := slices.Sorted(slices.Values(q.Header.Values(name))), slices.Sorted(slices.Values(r.Header.Values(name))); !slices.Equal(got, want) {
							t.Fatalf("%s: %q: %q, want %q", text, name, got, want)
						}
					}
				}
			}
			if n != 1 {
				t.Fatalf("%d deliveries in %s", n, text)
			}
		}
		text := printed(t, s, render.Table)
		if text != term.CleanBlock(text) {
			t.Errorf("%q", text)
		}
	})
}

func TestShown(t *testing.T) {
	t.Parallel()
	show := func(r capture.Request, head []byte, size int64) string {
		return printed(t, NewShown(verify.Result{Source: "x", Reason: signature.NoSignature}, &r, nil, head, size), render.Table)
	}
	long := strings.Repeat("y", longestLine+5)
	for want, r := range map[string]capture.Request{
		"\nBody: empty\n":                                                {},
		"\nBody: 2 bytes, JSON\n{}\n":                                    {Body: []byte("{}")},
		"\nBody: 1 byte, JSON\n7\n":                                      {Body: []byte("7")},
		"\nBody: 5 bytes, text\na\n\nb\n":                                {Body: []byte("a\n\nb\n")},
		"\nHeaders\n  (none)\n":                                          {},
		"\nHeaders\n  A: b c\n  A: \n":                                   {Header: capture.Header{{Name: "A", Value: "b\nc"}, {Name: "A"}}},
		"\nReceived:   t\nRequest:    PUT /x\n":                          {ReceivedAt: "t", Method: "PUT", URL: "/x"},
		"yyy... (5 more bytes; print them with --raw)\n":                 {Body: []byte(long)},
		"00000000  ff 41  ":                                              {Body: []byte("\xffA")},
		"\nAnswer: 500\n  A: b\n\nBody: 1 byte, text\nx\n":               {Answered: []byte(`{"status":500,"headers":{"A":"b"},"body_base64":"eA=="}`)},
		"more than 1 byte, text\nx\n... (only the beginning is shown)\n": {Answered: []byte(`{"status":500,"body_base64":"eA==","cut":true}`)},
		"Note:       cannot read the handler's answer":                   {Answered: []byte(`{"status":"x"}`)},
	} {
		if got := show(r, nil, 0); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got[:min(len(got), 2000)])
		}
	}
	// Of a body that is not in memory the beginning is shown, in whole characters.
	streamed := capture.Request{Stream: strings.NewReader("")}
	if got := show(streamed, []byte("{\"a\":\"é")[:7], 1<<30); !strings.Contains(got, "\nBody: 1073741824 bytes, text\n{\"a\":\"\n... (only the beginning is shown)\n") {
		t.Error(got)
	}
	// What cannot be read has a verdict and nothing else.
	unread := NewShown(verify.Result{Source: "x", Reason: signature.Unreadable}, &capture.Request{Source: "x"}, errors.New("torn"), nil, 0)
	if got := printed(t, unread, render.Table); strings.Contains(got, "Headers") || !strings.Contains(got, "unreadable") {
		t.Error(got)
	}
	if got := printed(t, unread, render.NDJSON); !strings.Contains(got, `"headers":null,"body_base64":null,"body":null,"answer":null}`) {
		t.Error(got)
	}
	large := NewShown(verify.Result{Source: "x"}, &capture.Request{Body: make([]byte, mostEmbedded+1)}, nil, nil, 0)
	if got := printed(t, large, render.NDJSON); !strings.Contains(got, `"headers":{},"body_base64":null,"body":null`) || !strings.Contains(got, fmt.Sprintf("the body has %d bytes", mostEmbedded+1)) {
		t.Error(got)
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	far := strings.Repeat("z", 1000)
	for _, tt := range []struct{ left, right, want string }{
		{`{"a":"` + far + `1"}`, `{"a":"` + far + `2"}`, "- .a: ..." + strings.Repeat("z", 40) + `1"` + "\n+ .a: ..." + strings.Repeat("z", 40) + `2"` + "\n"},
		{`{"a":"1` + far + `"}`, `{"a":"2` + far + `"}`, `- .a: "1` + strings.Repeat("z", 198) + "... (1003 bytes)\n"},
		{`{"a":null}`, `{}`, "- .a: null\n"},
		{"a\r\n", "a\n", "-a\\r\n+a\n"},
		{"a\u200b", "a", "-a\\u{200b}\n\\ No newline at end of file\n+a\n"},
		{"-- x\n", "y\n", "--- x\n+y\n"},
		{"[\"a\u200d\"]", `["a"]`, `- .[0]: "a\u{200d}"`},
		{"\x00", "\x01\x02", "Body: 1 and 2 bytes, bytes\n- byte 1: \"00\"\n+ byte 1: \"0102\"\n"},
	} {
		d := NewDifference(&capture.Request{Source: "l", Body: []byte(tt.left)}, &capture.Request{Source: "r", Body: []byte(tt.right)})
		if got := printed(t, d, render.Table); !strings.Contains(got, tt.want) {
			t.Errorf("%q is not in\n%s", tt.want, got)
		}
	}
	same := NewDifference(&capture.Request{Source: "l"}, &capture.Request{Source: "r"})
	if got := printed(t, same, render.JSON); !same.Equal || !json.Valid([]byte(got)) || strings.Contains(got, "null") {
		t.Error(got)
	}
	if got := printed(t, same, render.Table); got != "" {
		t.Error(got)
	}
}
