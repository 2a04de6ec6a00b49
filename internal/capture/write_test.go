package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/norace"
)

func TestAppendRecord(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 17, 16, 30, 1, 123_999_999, time.FixedZone("CEST", 2*3600))
	for _, c := range []struct {
		name string
		r    Record
		want string
	}{
		{"whole", Record{
			ReceivedAt: at, Method: "POST", URL: "/hook?a=\"b\"",
			Header: map[string][]string{"X-Wunder-Signature": {"sha256=ab", "cd"}, "Accept": {"*/*"}},
			Body:   []byte("{}\n"),
		}, `{"received_at":"2026-05-17T14:30:01.123Z","method":"POST","url":"/hook?a=\"b\"",` +
			`"headers":{"Accept":["*/*"],"X-Wunder-Signature":["sha256=ab","cd"]},"body_base64":"e30K"}`},
		{"least", Record{}, `{"headers":{},"body_base64":""}`},
		{"no values", Record{Header: map[string][]string{"A": nil}}, `{"headers":{"A":[]},"body_base64":""}`},
		{"controls", Record{Method: "\x00\x1b\\\x7f\u009b\u00e9\u2028", Header: map[string][]string{"A": {"\xff\xc3"}}},
			"{\"method\":\"\\u0000\\u001b\\\\\\u007f\\u009b\u00e9\\u2028\",\"headers\":{\"A\":[\"\\ufffd\\ufffd\"]},\"body_base64\":\"\"}"},
	} {
		got := string(AppendRecord([]byte("x"), c.r))
		if diff := cmp.Diff("x"+c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if !json.Valid([]byte(got[1:])) {
			t.Errorf("%s is not JSON: %s", c.name, got)
		}
	}
}

// TestRecordRoundTrip reads records back in the way that verify does.
func TestRecordRoundTrip(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	random := func(n int) []byte {
		b := make([]byte, r.IntN(n))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	var file []byte
	var want []*Request
	records := 150
	if os.Getenv("HOOKCTL_TEST_FULL") == "1" {
		records = 500
	}
	for i := range records {
		rec := Record{
			ReceivedAt: time.UnixMilli(int64(i) * 1001).UTC(), Method: "POST", URL: "/" + strings.ToValidUTF8(string(random(20)), "?"),
			Header: map[string][]string{"Host": {"x"}}, Body: random(3000),
		}
		h := Header{{Name: "Host", Value: "x"}}
		for _, name := range []string{"X-A", "X-B", "X-C"} {
			for range r.IntN(3) {
				v := strings.ToValidUTF8(string(random(40)), "?")
				rec.Header[name] = append(rec.Header[name], v)
				h = append(h, Field{Name: name, Value: v})
			}
		}
		file = append(AppendRecord(file, rec), '\n')
		want = append(want, &Request{ReceivedAt: rec.ReceivedAt.Format(timeLayout), Method: "POST", URL: rec.URL, Header: h, Body: rec.Body})
	}
	batches, err := Read(context.Background(), []string{"-"}, Options{Stdin: bytes.NewReader(file)})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for batch := range batches {
		for got, err := range batch.Each() {
			if err != nil {
				t.Fatalf("record %d: %v", n, err)
			}
			want[n].Source = got.Source
			if diff := cmp.Diff(want[n], got); diff != "" {
				t.Fatalf("record %d: %s", n, diff)
			}
			n++
		}
	}
	if n != len(want) {
		t.Fatalf("%d records read, %d written", n, len(want))
	}
}

func FuzzAppendRecord(f *testing.F) {
	f.Add("POST", "/hook", "X-A", "value", []byte("{}"))
	f.Add("\x00", "\xff\u009b", "", "\"\\", []byte{0, 255})
	f.Fuzz(func(t *testing.T, method, url, name, value string, body []byte) {
		line := AppendRecord(nil, Record{Method: method, URL: url, Header: map[string][]string{name: {value}}, Body: body})
		if bytes.ContainsAny(line, "\n\r\x1b\x7f") || !utf8.Valid(line) {
			t.Fatalf("not one printable line: %q", line)
		}
		var got Request
		if err := walk.DecodeRecord(line, nil, &got); err != nil {
			t.Fatal(err)
		}
		var fast fastDecoder
		again, err := fast.decode("f", 1, line)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Body, body) || !bytes.Equal(again.Body, body) {
			t.Fatalf("the body changed: %q", line)
		}
		valid := func(s string) string { return string([]rune(s)) }
		if got.Method != valid(method) || again.Method != valid(method) || again.Header[0] != (Field{Name: valid(name), Value: valid(value)}) {
			t.Fatalf("a text changed: %q", line)
		}
	})
}
