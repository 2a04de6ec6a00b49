package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
)

// got is what a test compares: a request that outlives its batch.
type got struct {
	Source, ReceivedAt, Method, URL string
	Header                          Header
	Body                            string
	Inexact                         bool
	Notes                           []string
	Err                             string
}

func readAll(t *testing.T, o Options, paths ...string) (all []got, notes []string) {
	t.Helper()
	batches, err := Read(t.Context(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches {
		if b.Note != "" {
			notes = append(notes, b.Note)
		}
		before := len(all)
		for r, err := range b.Each() {
			g := got{r.Source, r.ReceivedAt, r.Method, r.URL, append(Header(nil), r.Header...), string(r.Body), r.Inexact, append([]string(nil), r.Notes...), ""}
			if r.Stream != nil {
				body, err := io.ReadAll(r.Stream)
				if err != nil {
					t.Fatal(err)
				}
				g.Body = string(body)
			}
			if err != nil {
				g.Err = err.Error()
			}
			all = append(all, g)
		}
		if b.Note == "" && b.Passed.N == 0 && b.Counted == nil && b.Size == 0 && len(all) == before {
			t.Error("a batch of nothing")
		}
	}
	return all, notes
}

// parse reads text as standard input, without the source's name.
func parse(t *testing.T, format, text string) []got {
	t.Helper()
	all, _ := readAll(t, Options{Format: format, Stdin: strings.NewReader(text)}, "-")
	for i := range all {
		all[i].Source = strings.TrimPrefix(all[i].Source, "-")
	}
	return all
}

func check(t *testing.T, name string, want, have any) {
	t.Helper()
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestDetect(t *testing.T) {
	record := `{"headers":{"A":"b"},"body_base64":"aGk="}`
	long := strings.Repeat("x", 200<<10)
	for _, c := range []struct{ name, text, want string }{
		{"record on a line", record + "\n", "ndjson"},
		{"record without newline", record, "ndjson"},
		{"two records", record + "\n" + record + "\n", "ndjson"},
		{"torn first line", `{"headers":{"A"` + "\n" + record + "\n", "log"},
		{"empty lines first", "\n\n" + record + "\n", "ndjson"},
		{"byte order mark", "\xef\xbb\xbf" + record + "\n", "ndjson"},
		{"long line, body first", `{"body_base64":"` + long + `","headers":{}}` + "\n" + record, "ndjson"},
		{"long line, headers first", `{"headers":{},"body":"` + long + `"}`, "ndjson"},
		{"pretty record", "{\n  \"headers\": {},\n  \"body\": \"\"\n}\n", "json"},
		{"pretty long record", "{\n  \"headers\": {},\n  \"body\": \"" + long + long + "\"\n}\n", "json"},
		{"array", "[" + record + "]", "json"},
		{"array over lines", "[\n" + record + ",\n" + record + "\n]", "json"},
		{"request dump", "POST / HTTP/1.1\r\nHost: x\r\n\r\n{}", "http"},
		{"header lines", "Content-Type: a/b\nX-Wunder-Signature: x\n\n{}", "http"},
		{"curl", "*   Trying 127.0.0.1:80...\n> POST / HTTP/1.1\n> Host: x\n>\n{}", "http"},
		{"curl with its progress", "  % Total    % Received\n\r  0     0    0     0*   Trying 127.0.0.1:80...\n> POST / HTTP/1.1\n> Host: x\n>\n", "http"},
		{"nc", "Listening on 0.0.0.0 8080\nConnection received on localhost 5\nPOST / HTTP/1.1\n\n", "http"},
		{"a dump whose body is records", "POST / HTTP/1.1\nHost: x\n\n" + record + "\n" + record + "\n", "http"},
		{"header lines and a record", "Host: x\n\n" + record, "http"},
		{"pseudo-headers of HTTP/2", ":method: POST\n:path: /hook\nx-wunder-signature: x\n\n{}", "http"},
		{"pretty long record, body first", "{\n  \"body\": \"" + long + "\",\n  \"headers\": {}\n}\n", "json"},
		{"array of a long record, body first", "[\n{\"body\":\"" + long + "\",\n\"headers\":{}}]\n", "json"},
		{"torn record", `{"headers":{"A":"b"},"body_ba`, "ndjson"},
		{"torn inside the headers", `{"headers":{"A":"`, "ndjson"},
		{"torn pretty record", "{\n\"headers\": {},\n\"bo", "json"},
		{"torn before the headers", `{"headers":`, "ndjson"},
		{"record whose headers are a list", `{"headers":[["A","b"]],"body":"x"}`, "ndjson"},
		{"torn payload", `{"id":"1","event_ty`, "raw"},
		{"payload", `{"id":"1","event_type":"x"}`, "raw"},
		{"payload with a body", `{"body":"text","id":1}`, "raw"},
		{"payload with headers but no body", `{"headers":{"a":1},"id":1}`, "raw"},
		{"pretty payload", "{\n  \"id\": 1\n}\n", "raw"},
		{"array payload", `[1,2,3]`, "raw"},
		{"text with a colon", "Note: this is text\n\nand more", "raw"},
		{"text with a colon first", ":tada: a contact\n\nand more", "raw"},
		{"binary", "\x00\x01\x02", "raw"},
		{"empty", "", "raw"},
		{"brackets", strings.Repeat("[", 10_000), "raw"},
	} {
		t.Run(c.name, func(t *testing.T) {
			head, more, err := peek(strings.NewReader(c.text), 0, recognised)
			if err != nil {
				t.Fatal(err)
			}
			if f := detect(head, more); f.Name != c.want {
				t.Errorf("%s, want %s", f.Name, c.want)
			}
		})
	}
}

func recognised(head []byte) bool { return detect(head, true).Name != rawFormat.Name }

// What a program says before its first record does not hide the records: any
// lines, any number of them within the first 64 KiB, however they arrive.
func TestNoiseBeforeRecords(t *testing.T) {
	norace.Only(t)
	noises := []string{
		"", " ", "Starting on :8080", "  .   ____          _", "[INFO] ready", "[2026-05-17 14:30:01] up", "[1] 4711", "{", "}", "{broken", "Content-Type: x",
		`{"level":"info","msg":"up"}`, `["a"]`, `[{"port":1}]`, `{"a":"{\"headers\":{},\"body\":\"\"}"}`, `"text"`, "12", "\x1b[32mok\x1b[0m", "\x00\xff", "=> Booting Puma\r", "# comment",
	}
	record := `{"method":"POST","headers":{"A":"b"},"body_base64":"` + base64.StdEncoding.EncodeToString([]byte("the body")) + `"}`
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 400 {
		var text strings.Builder
		lines, want := 0, 2
		for size := r.IntN(recorded.HeadStep - 100); lines < n/4 && text.Len() < size; lines++ {
			// What follows a line such as "Content-Type: x" must not look like the
			// rest of a head.
			line := noises[r.IntN(len(noises))]
			if strings.TrimSpace(line) == "" && strings.HasSuffix(text.String(), ": x\n") {
				line = "-"
			}
			text.WriteString(line + "\n")
			if strings.TrimSpace(line) != "" {
				want++
			}
		}
		text.WriteString(record + "\n" + record + "\n")
		var in io.Reader = strings.NewReader(text.String())
		switch n % 3 {
		case 1:
			in = &bits{in}
		case 2:
			in = iotest.OneByteReader(in)
		}
		all, passed := readCounted(t, Options{Stdin: in})
		good := 0
		for _, g := range all {
			if g.Err == "" && g.Body == "the body" {
				good++
			}
		}
		if good != 2 || len(all)+passed != want {
			t.Fatalf("%d of 2 records, %d rows and %d passed over of %d:\n%s", good, len(all), passed, want, text.String())
		}
	}
}

// Beyond 64 KiB it does; a record that only begins within them is seen whole.
func TestNoiseBound(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	noise := strings.Repeat(line, recorded.HeadStep/len(line))
	for _, c := range []struct{ name, text, want string }{
		{"cut by the bound", noise + `{"received_at":"2026-05-17T14:30:01Z","method":"POST","headers":{"A":"b"},"body":"` + strings.Repeat("x", recorded.HeadStep) + `"}` + "\n", "log"},
		{"after the bound", noise + line + `{"headers":{"A":"b"},"body":""}` + "\n", "raw"},
		{"on the bound", strings.Repeat("x", recorded.HeadStep-1) + "\n" + `{"headers":{"A":"b"},"body":""}` + "\n", "raw"},
		{"before the bound", strings.Repeat("x", recorded.HeadStep-2) + "\n" + `{"headers":{"A":"b"},"body":""}` + "\n", "log"},
		{"a document with records in it", "{\n\"all\": [\n{\"headers\":{\"A\":\"b\"},\"body\":\"\"}\n]\n}\n", "raw"},
		{"the same after noise", "noise\n{\n\"all\": [\n{\"headers\":{\"A\":\"b\"},\"body\":\"\"}\n]\n}\n", "log"},
	} {
		head, more, err := peek(strings.NewReader(c.text), 0, recognised)
		if err != nil {
			t.Fatal(err)
		}
		if f := detect(head, more); f.Name != c.want {
			t.Errorf("%s: %s, want %s", c.name, f.Name, c.want)
		}
		if strings.HasSuffix(c.name, "the bound") && logFormat.Sniff([]byte(c.text), true, nil) != (c.want == "log") {
			t.Errorf("%s, all of it: want %s", c.name, c.want)
		}
	}
}

func TestRaw(t *testing.T) {
	for _, text := range []string{"", "{}", " \n{}\r\n\n", "\xef\xbb\xbf{}", "\x00\xff", strings.Repeat("a", rawInMemory), strings.Repeat("b", rawInMemory+1)} {
		all := parse(t, "raw", text)
		if len(all) != 1 || all[0].Body != text || all[0].Err != "" {
			t.Errorf("%.20q: %d deliveries", text, len(all))
		}
	}
	for _, size := range []int{rawInMemory, rawInMemory + 1} {
		for b := range readRaw(t.Context(), Input{R: io.LimitReader(zeros{}, int64(size))}) {
			for r := range b.Each() {
				if (r.Stream == nil) != (size == rawInMemory) {
					t.Errorf("%d bytes: streamed: %v", size, r.Stream != nil)
				}
			}
		}
	}
	check(t, "detected", []got{{Body: "hello\n"}}, parse(t, "", "hello\n"))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte("hello\n")); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	check(t, "zipped", []got{{Body: "hello\n", Notes: []string{noteUnzipped}}}, parse(t, "", zipped.String()))
	check(t, "zipped, as it is", []got{{Body: zipped.String()}}, parse(t, "raw", zipped.String()))
	check(t, "empty", []got{{Err: "it is empty"}}, parse(t, "", ""))
	all, _ := readAll(t, Options{EmptyBody: true, Stdin: strings.NewReader("")}, "-")
	check(t, "empty body", []got{{Source: "-"}}, all)
}

func TestHTTP(t *testing.T) {
	head := Header{{Name: "Host", Value: "x"}, {Name: "X-Wunder-Signature", Value: "sha256=ab"}}
	one := func(g got) []got {
		g.Method, g.URL = "POST", "/hook"
		if g.Header == nil {
			g.Header = head
		}
		return []got{g}
	}
	with := func(fields ...Field) Header { return append(append(Header(nil), head...), fields...) }
	for _, c := range []struct {
		name, text string
		want       []got
	}{
		{"CRLF", "POST /hook HTTP/1.1\r\nHost: x\r\nX-Wunder-Signature: sha256=ab\r\n\r\n{}\r\n", one(got{Body: "{}\r\n"})},
		{"LF", "POST /hook HTTP/1.1\nHost:x\nX-Wunder-Signature:  sha256=ab \n\n{}", one(got{Body: "{}"})},
		{"no request line", "Host: x\nX-Wunder-Signature: sha256=ab\n\nbody", []got{{Header: head, Body: "body"}}},
		{"folded", "POST /hook HTTP/1.1\r\nHost: x\r\nX-Wunder-Signature:\r\n sha256=ab\r\n\r\n", one(got{})},
		{"folded in the middle", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nA: one,\n\ttwo\n\n", one(got{Header: with(Field{Name: "A", Value: "one, two"})})},
		{"blank lines first", "\r\n\r\nPOST /hook HTTP/1.1\r\nHost: x\r\nX-Wunder-Signature: sha256=ab\r\n\r\nb", one(got{Body: "b"})},
		{"binary body", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\n\n\x00\xff\r\n\n", one(got{Body: "\x00\xff\r\n\n"})},
		{"nc", "Listening on 0.0.0.0 80\nConnection received on localhost 1\nPOST /hook HTTP/1.1\r\nHost: x\r\nX-Wunder-Signature: sha256=ab\r\n\r\n{}", one(got{Body: "{}"})},
		{"length fits", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nContent-Length: 2\n\n{}", one(got{Header: with(Field{Name: "Content-Length", Value: "2"}), Body: "{}"})},
		{"an editor's newline", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nContent-Length: 2\n\n{}\n",
			one(got{Header: with(Field{Name: "Content-Length", Value: "2"}), Body: "{}", Notes: []string{"1 byte of line ends after the body are not part of it: Content-Length says 2"}})},
		{"a newline and more", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nContent-Length: 2\n\n{}\n ",
			one(got{Header: with(Field{Name: "Content-Length", Value: "2"}), Body: "{}\n ", Notes: []string{"the body has 4 bytes, but Content-Length says 2"}})},
		{"other bytes stay", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nContent-Length: 2\n\n{ }x",
			one(got{Header: with(Field{Name: "Content-Length", Value: "2"}), Body: "{ }x", Notes: []string{"the body has 4 bytes, but Content-Length says 2"}})},
		{"cut off", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nContent-Length: 9\n\n{[",
			one(got{Header: with(Field{Name: "Content-Length", Value: "9"}), Body: "{[", Notes: []string{"the body has 2 bytes, but Content-Length says 9: the dump is cut off"}})},
		{"another request, and no length", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\n\n{}\n\nPOST / HTTP/1.1\r\nHost: x\n\n",
			append(one(got{Body: "{}\n\n"}), got{Source: "#2", Method: "POST", URL: "/", Header: Header{{Name: "Host", Value: "x"}}})},
		{"an answer follows", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nContent-Length: 2\n\n{}\nHTTP/1.1 200 OK\n\n",
			one(got{Header: with(Field{Name: "Content-Length", Value: "2"}), Body: "{}", Notes: []string{"1 byte of line ends after the body are not part of it: Content-Length says 2"}})},
		{"senseless length", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nContent-Length: -1\n\n{}",
			one(got{Header: with(Field{Name: "Content-Length", Value: "-1"}), Body: "{}", Notes: []string{"Content-Length is not one number, and was ignored"}})},
		{"chunked", "POST /hook HTTP/1.1\r\nHost: x\r\nX-Wunder-Signature: sha256=ab\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\n{}\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}0123456789", Notes: []string{"12 bytes after the last chunk are a trailer, not part of the body"}})},
		{"chunked, LF", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: Chunked\n\n2\n{}\n0\n\n",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "Chunked"}), Body: "{}"})},
		{"chunked, joined already", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n{}",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}", Notes: []string{"Transfer-Encoding says chunked, but the body has no chunks: it was read unchanged"}})},
		{"chunked, cut", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n2\n{}\n9\nabc",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}abc", Notes: []string{"the dump ends inside a chunk of the body"}})},
		{"chunked, after another coding", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: gzip, chunked\n\n2\n{}\n0\n\n",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "gzip, chunked"}), Body: "{}"})},
		{"HTTP/2 as tools show it", ":method: POST\n:path: /hook\n:scheme: https\nHost: x\nX-Wunder-Signature: sha256=ab\n\n{}", one(got{Body: "{}"})},
		{"curl", "*   Trying 127.0.0.1:80...\n* Connected to x\n> POST /hook HTTP/1.1\r\n> Host: x\r\n> X-Wunder-Signature: sha256=ab\r\n> \r\n* upload completely sent off: 2 bytes\n{}\n* Mark bundle\n< HTTP/1.1 200 OK\n< \n",
			one(got{Body: "{}\n"})},
		{"curl with a length", "> POST /hook HTTP/1.1\n> Host: x\n> X-Wunder-Signature: sha256=ab\n> Content-Length: 2\n>\n} [2 bytes data]\n{}\n< HTTP/1.1 200 OK\n",
			one(got{Header: with(Field{Name: "Content-Length", Value: "2"}), Body: "{}", Notes: []string{"1 byte of line ends after the body are not part of it: Content-Length says 2"}})},
		{"curl, more than no body", "> POST /hook HTTP/1.1\n> Host: x\n> X-Wunder-Signature: sha256=ab\n> Content-Length: 0\n>\nab",
			one(got{Header: with(Field{Name: "Content-Length", Value: "0"}), Body: "ab", Notes: []string{"the body has 2 bytes, but Content-Length says 0"}})},
		{"chunked, cut after the first chunk's data", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n2\n{}",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}", Notes: []string{"the dump ends inside a chunk of the body"}})},
		{"chunked, cut in the first chunk", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n9\n{}",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}", Notes: []string{"the dump ends inside a chunk of the body"}})},
		{"chunked, cut after a chunk's data", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n2\n{}\n3\nabc",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}abc", Notes: []string{"the dump ends inside a chunk of the body"}})},
		{"chunked, one has grown", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n2\n{}\n3\nabcd\n0\n\n",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}abcd\n0\n\n", Notes: []string{"the body has 10 bytes: a chunk does not end after its length of 5"}})},
		{"chunked, without the last line end", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n2\n{}\n0",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}"})},
		{"chunked, a digit behind a chunk", "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: sha256=ab\nTransfer-Encoding: chunked\n\n2\n{}\n5",
			one(got{Header: with(Field{Name: "Transfer-Encoding", Value: "chunked"}), Body: "{}\n5", Notes: []string{"the body has 4 bytes: a chunk does not end after its length of 2"}})},
		{"curl without a body", "> POST /hook HTTP/1.1\n> Content-Length: 2\n>\n< HTTP/1.1 200 OK\n",
			[]got{{Err: "the dump has the answer but not the request's body: curl -v does not print that, curl --trace FILE does"}}},
		{"curl with its progress", "  % Total    % Received % Xferd\n                                 Dload  Upload\n\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying 127.0.0.1:80...\n" +
			"* Connected to x\n> POST /hook HTTP/1.1\r\n> Content-Length: 2\r\n> \r\n} [2 bytes data]\n* HTTP 1.0, assume close after body\n< HTTP/1.0 200 OK\r\n< \r\n{ [3 bytes data]\n",
			[]got{{Err: "the dump has the answer but not the request's body: curl -v does not print that, curl --trace FILE does"}}},
		{"curl, head cut", "> POST /hook HTTP/1.1\n> Host: x\n* done\n", []got{{Err: message.ErrHeadCut.Error()}}},
		{"no blank line", "POST /hook HTTP/1.1\nHost: x\n", []got{{Err: message.ErrHeadCut.Error()}}},
		{"cut in a header", "POST /hook HTTP/1.1\nHost", []got{{Err: message.ErrHeadCut.Error()}}},
		{"not a header", "POST /hook HTTP/1.1\nwhat is this\n\n", []got{{Err: `head: "what is this" is not a header line`}}},
		{"folded first", "POST /hook HTTP/1.1\n folded\n\n", []got{{Err: "the head begins with a folded line"}}},
		{"empty", "", []got{{Err: message.ErrNoRequest.Error()}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, "requests", c.want, parse(t, "http", c.text))
		})
	}

	two := parse(t, "", "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nPOST /c HTTP/1.1\r\n\r\nPOST /d HTTP/1.1\n")
	check(t, "pipelined", []got{
		{Method: "POST", URL: "/a", Header: Header{{Name: "Content-Length", Value: "2"}}, Body: "{}"},
		{Source: "#2", Method: "POST", URL: "/b", Header: Header{{Name: "Transfer-Encoding", Value: "chunked"}}, Body: "x"},
		{Source: "#3", Method: "POST", URL: "/c"},
		{Source: "#4", Err: message.ErrHeadCut.Error()},
	}, two)
}

func TestHTTPTooLarge(t *testing.T) {
	norace.Only(t)
	r := io.MultiReader(strings.NewReader("POST / HTTP/1.1\nHost: x\n\n"), io.LimitReader(zeros{}, MaxDelivery))
	all, _ := readAll(t, Options{Stdin: r}, "-")
	if len(all) != 1 || !strings.HasPrefix(all[0].Err, "larger than 64 MiB") {
		t.Errorf("%d deliveries", len(all))
	}
	const head = "POST / HTTP/1.1\nHost: x\nContent-Length: 67108818\n\n"
	all, _ = readAll(t, Options{Stdin: io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, MaxDelivery-int64(len(head))))}, "-")
	if len(all) != 1 || all[0].Err != "" || len(all[0].Body) != MaxDelivery-len(head) {
		t.Errorf("%d deliveries of the largest size", len(all))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRecords(t *testing.T) {
	h := Header{{Name: "A", Value: "b"}}
	for _, c := range []struct {
		name, text string
		want       got
	}{
		{"base64", `{"headers":{"A":"b"},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"base64 without padding", `{"headers":{"A":"b"},"body_base64":"e30"}`, got{Header: h, Body: "{}"}},
		{"base64, URL alphabet", `{"headers":{"A":"b"},"body_base64":"-_8="}`, got{Header: h, Body: "\xfb\xff"}},
		{"base64, URL alphabet, no padding", `{"headers":{"A":"b"},"body_base64":"-_8"}`, got{Header: h, Body: "\xfb\xff"}},
		{"base64 with escaped slashes", `{"headers":{"A":"b"},"body_base64":"\/\/8="}`, got{Header: h, Body: "\xff\xff"}},
		{"base64, URL alphabet, a minus first", `{"headers":{"A":"b"},"body_base64":"-w"}`, got{Header: h, Body: "\xfb"}},
		{"base64, URL alphabet, an underscore first", `{"headers":{"A":"b"},"body_base64":"_w"}`, got{Header: h, Body: "\xff"}},
		{"base64 in lines", `{"headers":{"A":"b"},"body_base64":"aGVsb\nG8gdw=="}`, got{Header: h, Body: "hello w"}},
		{"base64 in lines that end with CR", `{"headers":{"A":"b"},"body_base64":"aGVsb\rG8gdw=="}`, got{Header: h, Body: "hello w"}},
		{"escapes in capitals", `{"headers":{"A":"b"},"body":"\u00AF\u00FA\uD83D\uDE00"}`, got{Header: h, Body: "\u00af\u00fa\U0001f600", Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"base64, empty", `{"headers":{"A":"b"},"body_base64":""}`, got{Header: h}},
		{"everything", ` { "received_at" : "t" , "method":"POST","url":"\/h","headers":{"A":["b"]},"body_base64":"e30=" } `,
			got{ReceivedAt: "t", Method: "POST", URL: "/h", Header: h, Body: "{}"}},
		{"string", `{"headers":{"A":"b"},"body":"{\"a\":\"\u00e9\\n\ud83d\ude00\"}\r\n"}`,
			got{Header: h, Body: "{\"a\":\"é\\n😀\"}\r\n", Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"string with bytes that are not UTF-8", "{\"headers\":{\"A\":\"b\"},\"body\":\"\xff\"}",
			got{Header: h, Body: "\xff", Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"lone surrogate", `{"headers":{"A":"b"},"body":"\ud83dx"}`,
			got{Header: h, Body: "\ufffdx", Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"object", `{"headers":{"A":"b"},"body":{"x": 1.00}}`, got{Header: h, Body: `{"x": 1.00}`, Inexact: true, Notes: []string{walk.NoteBodyJSON}}},
		{"object beside its text", `{"headers":{"A":"b"},"bodyRaw":"{\"x\": 1.00}","body":{"x":1}}`, got{Header: h, Body: `{"x": 1.00}`, Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"null beside a text", `{"headers":{"A":"b"},"body":null,"rawBody":"s"}`, got{Header: h, Body: "s", Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"null beside null", `{"headers":{"A":"b"},"body":null,"rawBody":null}`, got{Header: h}},
		{"null", `{"headers":{"A":"b"},"body":null}`, got{Header: h}},
		{"both, and they agree", `{"headers":{"A":"b"},"body":"{}","body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"both, one written with escapes", `{"headers":{"A":"b"},"body_base64":"e30","body":"\u007b}"}`, got{Header: h, Body: "{}"}},
		{"both, one parsed and the same bytes", `{"headers":{"A":"b"},"body":{},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"both in base64", `{"headers":{"A":"b"},"isBase64Encoded":true,"body":"e30=","body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"both empty", `{"headers":{"A":"b"},"body":"","body_base64":""}`, got{Header: h}},
		{"null beside base64", `{"headers":{"A":"b"},"body":null,"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"null base64, string counts", `{"headers":{"A":"b"},"body_base64":null,"body":"s"}`, got{Header: h, Body: "s", Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"several values", `{"headers":{"A":["1","2"],"B":[],"a":"3"},"body_base64":""}`, got{Header: Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}, {Name: "a", Value: "3"}}}},
		{"no headers", `{"headers":{},"body_base64":""}`, got{}},
		{"numbers, booleans and null in headers", `{"headers":{"L":12,"T":true,"N":null,"M":[1,null,"x"]},"body_base64":""}`,
			got{Header: Header{{Name: "L", Value: "12"}, {Name: "T", Value: "true"}, {Name: "M", Value: "1"}, {Name: "M", Value: "x"}}}},
		{"pairs", `{"headers":[["A","b"],["A","c"]],"body_base64":""}`, got{Header: Header{{Name: "A", Value: "b"}, {Name: "A", Value: "c"}}}},
		{"name and value", `{"headers":[{"name":"A","value":"b"}],"body_base64":""}`, got{Header: h}},
		{"escapes in names", `{"headers":{"\u0041":"\u0062"},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"escape in a member's name", `{"\u0068eaders":{"A":"b"},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"other case of a name", `{"Headers":{"A":"b"},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"another body of a probe", `{"method":"GET","headers":{"A":"b"},"payload":"{}"}`, got{Method: "GET", Header: h, Body: "{}", Inexact: true, Notes: []string{walk.NoteBodyString}}},
		{"nothing but escapes in names", `{"\u0068\u0065\u0061\u0064\u0065\u0072\u0073":{"A":"b"},"\u0062\u006f\u0064\u0079\u005f\u0062\u0061\u0073\u0065\u0036\u0034":"e30="}`, got{Header: h, Body: "{}"}},
		{"unknown members", `{"x":{"headers":{}},"y":[1],"z":"s","headers":{"A":"b"},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"last of repeated members", `{"headers":{"X":"y"},"body_base64":"","headers":{"A":"b"},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},
		{"odd types of what is not needed", `{"method":1,"url":null,"headers":{"A":"b"},"body_base64":"e30="}`, got{Header: h, Body: "{}"}},

		{"no body", `{"headers":{}}`, got{Err: `neither "body_base64" nor "body"`}},
		{"no body of a probe", `{"method":"HEAD","headers":{"A":"b"}}`, got{Method: "HEAD", Header: h}},
		{"headers not an object", `{"headers":"x","body":""}`, got{Err: `"headers" is neither an object nor a list, nor lines of "Name: value"`}},
		{"header an object", `{"headers":{"A":{}},"body":""}`, got{Err: `header "A" is neither a string nor a list of strings`}},
		{"header list with a list", `{"headers":{"A":[[]]},"body":""}`, got{Err: `header "A" is neither a string nor a list of strings`}},
		{"odd pair", `{"headers":[["A"]],"body":""}`, got{Err: `an entry of "headers" is neither a pair nor {"name", "value"}`}},
		{"bad base64", `{"headers":{},"body_base64":"a"}`, got{Err: `"body_base64": illegal base64 data at input byte 0`}},
		{"bad base64 too", `{"headers":{},"body_base64":"e30=e30="}`, got{Err: `"body_base64": illegal base64 data at input byte 3`}},
		{"bad base64 far behind", `{"headers":{},"body_base64":"` + strings.Repeat("A", 5000) + `*"}`, got{Err: `"body_base64": illegal base64 data at input byte 5000`}},
		{"base64 not a string", `{"headers":{},"body_base64":1}`, got{Err: `"body_base64" is not a string`}},
		{"both, and they differ", `{"headers":{"A":"b"},"body":"other","body_base64":"e30="}`, got{Err: walk.ErrTwoBodies.Error()}},
		{"both, and they differ by a newline", `{"headers":{"A":"b"},"body_base64":"e30=","body":"{}\n"}`, got{Err: walk.ErrTwoBodies.Error()}},
		{"both, one empty", `{"headers":{"A":"b"},"body":"","body_base64":"e30="}`, got{Err: walk.ErrTwoBodies.Error()}},
		{"both, one parsed", `{"headers":{"A":"b"},"body":{ },"body_base64":"e30="}`, got{Err: walk.ErrTwoBodies.Error()}},
		{"both, one of another type", `{"headers":{"A":"b"},"body":false,"body_base64":"e30="}`, got{Err: walk.ErrTwoBodies.Error()}},
		{"torn", `{"headers":{"A":"b"},"body_ba`, got{Err: "not a JSON object: it is cut off"}},
		{"garbage after it", `{"headers":{},"body":""} x`, got{Err: "not a JSON object: invalid character 'x' after top-level value"}},
		{"bad escape", `{"headers":{},"body":"\x"}`, got{Err: `not a JSON object: invalid character 'x' in string escape code`}},
		{"control character", "{\"headers\":{},\"body\":\"\t\"}", got{Err: `not a JSON object: invalid character '\t' in string literal`}},
		{"carriage return in base64", "{\"headers\":{},\"body_base64\":\"e3\r0=\"}", got{Err: `not a JSON object: invalid character '\r' in string literal`}},
		{"trailing comma", `{"headers":{},"body":"",}`, got{Err: "not a JSON object: invalid character '}' looking for beginning of object key string"}},
		{"nonsense in an unknown member", `{"x":[}],"headers":{},"body":""}`, got{Err: "not a JSON object: invalid character '}' looking for beginning of value"}},
		{"not an object", `[]`, got{Err: "not a JSON object: json: cannot unmarshal array into Go value of type map[string]json.RawMessage"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := c.want
			line.Source = ":1"
			check(t, "ndjson", []got{line}, parse(t, "ndjson", c.text+"\n"))
			if c.want.Err == "" {
				check(t, "json", []got{c.want}, parse(t, "json", "\n"+c.text))
				c.want.Source = "#1"
				check(t, "json array", []got{c.want}, parse(t, "json", "["+c.text+"]"))
			}
		})
	}
}

func TestJSONDocuments(t *testing.T) {
	a, b := `{"headers":{},"body_base64":"YQ=="}`, "{\n\"headers\": {},\n\"body_base64\": \"Yg==\"\n}"
	for _, c := range []struct {
		name, text string
		want       []got
	}{
		{"array", "[" + a + ",\n" + b + "]\n", []got{{Source: "#1", Body: "a"}, {Source: "#2", Body: "b"}}},
		{"one after the other", b + "\n" + b + a, []got{{Body: "b"}, {Source: "#2", Body: "b"}, {Source: "#3", Body: "a"}}},
		{"arrays one after the other", "[" + a + "][]\n[" + b + "]", []got{{Source: "#1", Body: "a"}, {Source: "#2", Body: "b"}}},
		{"a bad one in between", "[" + a + ",{},7," + a + "]", []got{{Source: "#1", Body: "a"}, {Source: "#2", Err: `no member "headers"`},
			{Source: "#3", Err: "not a JSON object: json: cannot unmarshal number into Go value of type map[string]json.RawMessage"}, {Source: "#4", Body: "a"}}},
		{"torn", "[" + a + ",{", []got{{Source: "#1", Body: "a"}, {Source: "#2", Err: "not JSON: it is cut off"}}},
		{"torn after a comma", "[" + a + ",", []got{{Source: "#1", Body: "a"}, {Source: "#2", Err: "not JSON: it is cut off"}}},
		{"torn at once", "[", []got{{Source: "#1", Err: "not JSON: it is cut off"}}},
		{"garbage", a + "}", []got{{Body: "a"}, {Source: "#2", Err: "not JSON: invalid character '}' looking for beginning of value"}}},
		{"byte order mark", "\xef\xbb\xbf" + b, []got{{Body: "b"}}},
		{"nothing", " \n", nil},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, "requests", c.want, parse(t, "json", c.text)) })
	}
}

func TestNDJSONLines(t *testing.T) {
	line := func(n int) string {
		return fmt.Sprintf(`{"headers":{"N":"%d"},"body_base64":"%s"}`, n, base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(n))))
	}
	want := func(n int) got {
		return got{Source: fmt.Sprintf(":%d", n), Header: Header{{Name: "N", Value: fmt.Sprint(n)}}, Body: fmt.Sprint(n)}
	}
	check(t, "blank lines, CRLF, a torn line, none at the end", []got{
		want(1), want(3), want(5), {Source: ":6", Err: "not a JSON object: it is cut off"}, want(7),
	}, parse(t, "", line(1)+"\r\n\n"+line(3)+"\n  \n"+line(5)+"\n"+line(6)[:20]+"\n"+line(7)))

	var text strings.Builder
	var all []got
	for n := 1; n <= 4000; n++ {
		text.WriteString(strings.Repeat(" ", 600) + line(n) + "\n") // several blocks of it
		all = append(all, want(n))
	}
	for name, r := range map[string]io.Reader{
		"whole":      strings.NewReader(text.String()),
		"small bits": &bits{strings.NewReader(text.String())},
	} {
		have, _ := readAll(t, Options{Stdin: r}, "-")
		for i := range have {
			have[i].Source = strings.TrimPrefix(have[i].Source, "-")
		}
		check(t, name, all, have)
	}
}

// bits reads in odd sizes.
type bits struct{ r io.Reader }

func (b *bits) Read(p []byte) (int, error) { return b.r.Read(p[:min(len(p), 7777)]) }

func TestNDJSONLineTooLong(t *testing.T) {
	norace.Only(t)
	record := `{"headers":{},"body_base64":""}` + "\n"
	r := io.MultiReader(strings.NewReader(record), io.LimitReader(zeros{}, MaxDelivery+3<<20), strings.NewReader("\n"+record+record))
	all, _ := readAll(t, Options{Stdin: r}, "-")
	check(t, "requests", []got{{Source: "-:1"}, {Source: "-:2", Err: "larger than 64 MiB"}, {Source: "-:3"}, {Source: "-:4"}}, all)

	r = io.MultiReader(strings.NewReader(record), io.LimitReader(zeros{}, MaxDelivery+3<<20))
	all, _ = readAll(t, Options{Stdin: r}, "-")
	check(t, "at the end", []got{{Source: "-:1"}, {Source: "-:2", Err: "larger than 64 MiB"}}, all)
}

func TestNDJSONReadError(t *testing.T) {
	record := `{"headers":{},"body_base64":""}` + "\n"
	r := io.MultiReader(strings.NewReader(record+record+"{"), &failing{})
	all, _ := readAll(t, Options{Format: "ndjson", Stdin: r}, "-")
	check(t, "requests", []got{{Source: "-:1"}, {Source: "-:2"}, {Source: "-:4", Err: "disk on fire"}}, all)
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func TestReadErrors(t *testing.T) {
	for _, format := range []string{"", "raw", "http", "json"} {
		all, _ := readAll(t, Options{Format: format, Stdin: io.MultiReader(strings.NewReader("{"), &failing{})}, "-")
		if len(all) != 1 || !strings.Contains(all[0].Err, "disk on fire") {
			t.Errorf("format %q: %v", format, all)
		}
	}
	if _, err := Read(t.Context(), nil, Options{Format: "nosuch"}); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	for name, meant := range map[string]bool{"jsn": true, "xyxyxyxy": false} {
		if _, err := Read(t.Context(), nil, Options{Format: name}); strings.Contains(fault.HintOf(err).String(), "did you mean: json") != meant || strings.Contains(fault.HintOf(err).String(), "did you mean") != meant {
			t.Errorf("%s: %s", name, fault.HintOf(err).String())
		}
	}
	// After what is no JSON the rest is looked through for items.
	all, _ := readAll(t, Options{Format: "lambda", Stdin: io.MultiReader(strings.NewReader("{x\n"), &failing{})}, "-")
	if len(all) != 1 || !strings.Contains(all[0].Err, "not JSON") {
		t.Error(all)
	}
}

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("b/2.txt", "two")
	write("b/10.txt", "ten")
	write("a.txt", "a")
	write(".hidden", "hidden")
	write("c.json", `{"headers":{},"body_base64":""}`)
	write("b/.git/x", "hidden")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := io.WriteString(w, "zipped"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write("d.gz", z.String())
	write("e.gz", z.String()[:12])
	write("f.gz", "\x1f\x8bnot gzip")
	wantNotes := []string{}
	if runtime.GOOS != "windows" {
		for name, target := range map[string]string{"b/loop": "..", "b/z": "nowhere", "g": "a.txt"} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		wantNotes = []string{
			filepath.Join(dir, "b", "loop") + ": skipped: a symbolic link back to a directory above it",
			filepath.Join(dir, "b", "z") + ": skipped: a broken symbolic link",
		}
	}
	hidden := filepath.Join(dir, "b", ".git") // named itself
	if err := os.Rename(filepath.Join(hidden, "x"), filepath.Join(hidden, ".x")); err != nil {
		t.Fatal(err)
	}
	wantNotes = append(wantNotes, hidden+": skipped: the directory holds no file (names that begin with a dot are left out)")
	all, notes := readAll(t, Options{Stdin: strings.NewReader("in")}, dir, "-", filepath.Join(dir, "none"), hidden)
	var have []string
	for _, g := range all {
		name, err := filepath.Rel(dir, g.Source)
		if err != nil {
			name = g.Source
		}
		have = append(have, filepath.ToSlash(name)+"|"+g.Body+"|"+g.Err)
	}
	want := []string{
		"a.txt|a|", "b/10.txt|ten|", "b/2.txt|two|", "c.json:1||", "d.gz|zipped|",
		"e.gz||it is cut off", "f.gz||decompressing: gzip: invalid header",
	}
	if runtime.GOOS != "windows" {
		want = append(want, "g|a|")
	}
	want = append(want, "-|in|", "none||no such file or directory")
	if runtime.GOOS == "windows" {
		want[len(want)-1] = have[len(have)-1]
	}
	check(t, "deliveries", want, have)
	check(t, "notes", wantNotes, append([]string{}, notes...))

	// Given as raw, the bytes are the payload, compressed or not.
	all, _ = readAll(t, Options{Format: "raw"}, filepath.Join(dir, "d.gz"))
	check(t, "raw gzip", []got{{Source: filepath.Join(dir, "d.gz"), Body: z.String()}}, all)
}

func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	for n := range 10 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(n)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	batches, err := Read(ctx, []string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range batches {
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d batches after cancelling at the first", n)
	}
}

// A reader may stop at any batch, and at any delivery of one: nothing is yielded
// after that, and the walk ends.
func TestBreak(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	const (
		record = `{"headers":{},"body_base64":""}` + "\n"
		event  = `{"headers":{"A":"b"},"isBase64Encoded":true,"body":"e30="}`
		entry  = `{"request":{"method":"POST","url":"/","headers":[]}}`
		probe  = `{"request":{"method":"GET","url":"/","headers":[]}}`
		site   = `{"uuid":"u","token_id":"t","type":"web","headers":{},"content":"x"},{"uuid":"u","token_id":"t","type":"email"}`
		tunnel = `{"tunnel_name":"t","uri":"/api/requests/http/1","request":{"raw":"eA=="}}`
	)
	texts := []string{
		strings.Repeat(record, 100_000), record + "torn\n" + record, "[" + record + "," + record + "]", record + "[" + record, "\xef\xbb\xbf", "payload",
		"POST / HTTP/1.1\nContent-Length: 0\n\nHTTP/1.1 200 OK\n\n---\nGET / HTTP/1.1\n\nleft over\nPOST / HTTP/1.1\n\n",
		"[" + event + "," + event + ",7]", event + "\ntorn\n" + event, "[" + tunnel + "," + tunnel + "]", "[" + site + "," + site + "]",
		`{"log":{"entries":[` + probe + "," + entry + "," + probe + "," + entry + ",7," + probe + `]}}`, `{"log":{"entries":[` + probe + `, torn`,
	}
	for _, text := range texts {
		for _, cancelled := range []bool{false, true} {
			for stop, more := 1, true; more; stop++ {
				ctx, cancel := context.WithCancel(t.Context())
				batches, err := Read(ctx, []string{"-", "-"}, Options{Stdin: strings.NewReader(text), SignatureHeaders: []string{"X-Wunder-Signature"}})
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for b := range batches {
					for range b.Each() {
						if n%2 == 0 {
							break
						}
					}
					if n++; n < stop {
						continue
					}
					if !cancelled {
						break
					}
					cancel()
				}
				if n > stop {
					t.Errorf("%.60q: %d batches after it was cancelled at batch %d", text, n-stop, stop)
				}
				more = n == stop
				cancel()
			}
		}
	}
}

func TestHeader(t *testing.T) {
	h := Header{{Name: "x-a", Value: "1"}, {Name: "B", Value: "2"}, {Name: "X-A", Value: "3"}}
	check(t, "Values", []string{"1", "3"}, h.Values("X-a"))
	check(t, "Get", []string{"1", "2", ""}, []string{h.Get("X-A"), h.Get("b"), h.Get("c")})
	check(t, "foldName", "x-azaz09@[`{", recorded.FoldName("X-AZaz09@[`{"))
	check(t, "Has", []bool{true, false}, []bool{h.Has("x-A"), h.Has("xa")})
	for name, want := range map[[2]string]bool{
		{"X-A", "x-a"}: true, {"AZ", "az"}: true, {"X@A", "X`A"}: false, {"K", "\u212a"}: false, {"[", "{"}: false, {"a", "ab"}: false,
	} {
		if recorded.SameName(name[0], name[1]) != want {
			t.Errorf("recorded.SameName(%q): not %v", name, want)
		}
	}
	for line, want := range map[string]Field{"A: b": {Name: "A", Value: "b"}, "A:": {Name: "A", Value: ""}, "A:  b c \t": {Name: "A", Value: "b c"}, "A: b: c": {Name: "A", Value: "b: c"}, "azAZ09!~: b": {Name: "azAZ09!~", Value: "b"}} {
		if f, ok := recorded.ParseField(line); !ok || f != want {
			t.Errorf("%q: %v, %v", line, f, ok)
		}
	}
	for _, line := range []string{"", "A", ":x", "A b: c", "ä: b"} {
		if _, ok := recorded.ParseField(line); ok {
			t.Errorf("%q is taken for a header line", line)
		}
	}
}

func TestEvent(t *testing.T) {
	env := Envelope{ID: "id", Type: "event_type", Time: "delivered_at"}
	for _, c := range []struct {
		name, body string
		want       Event
	}{
		{"usual", `{"id":"1","event_type":"a.b","data":{"id":"no","event_type":["no"]},"delivered_at":"2026-05-17T14:30:01.000Z"}`,
			Event{"1", "a.b", "2026-05-17T14:30:01.000Z"}},
		{"spaced", "\n{ \"id\" : \"1\" ,\t\"event_type\"\r\n: \"\\u00e9\" }", Event{ID: "1", Type: "é"}},
		{"last counts", `{"id":"1","id":"2"}`, Event{ID: "2"}},
		{"number", `{"id":12,"event_type":true}`, Event{ID: "12"}},
		{"braces in strings", `{"x":"}\"{","id":"1"}`, Event{ID: "1"}},
		{"cut off", `{"id":"1","event_type":"a`, Event{ID: "1"}},
		{"digits", `{"id":0,"event_type":9}`, Event{ID: "0", Type: "9"}},
		{"cut off after a value", `{"id":"1"`, Event{ID: "1"}},
		{"cut off after a colon", `{"id":"1","event_type":`, Event{ID: "1"}},
		{"a value that is none", `{"id":"1","x":,"id":"2"}`, Event{ID: "1"}},
		{"not JSON", `id=1`, Event{}},
		{"array", `[{"id":"1"}]`, Event{}},
		{"brackets", strings.Repeat("[", 10_000), Event{}},
		{"brackets inside", `{"id":"1","x":` + strings.Repeat("[", 10_000), Event{ID: "1"}},
		{"closing too many", `{"id":"1"}}}}`, Event{ID: "1"}},
		{"empty", "", Event{}},
		{"control character", "{\"id\":\"a\x01\"}", Event{}},
	} {
		check(t, c.name, c.want, env.Event([]byte(c.body)))
	}
	check(t, "no envelope", Event{}, Envelope{}.Event([]byte(`{"":"x"}`)))
	if w, ok := (Event{Time: "2026-03-30T10:22:00Z"}).When(); !ok || w.Unix() != 1774866120 {
		t.Error(w, ok)
	}
	for _, text := range []string{"", "2026-03-30 10:22:00", "yesterday"} {
		if _, ok := (Event{Time: text}).When(); ok {
			t.Errorf("%q is taken for a time", text)
		}
	}
}

// decode is the first request on a line.
func (f *fastDecoder) decode(name string, line int, text []byte) (first *Request, failed error) {
	f.all(name, line, text, func(r *Request, err error) bool {
		first, failed = r, err
		return false
	})
	return first, failed
}

// The fast decoder must never understand a line differently from the strict
// one.
func agree(t *testing.T, line []byte) {
	t.Helper()
	var f fastDecoder
	fast, ferr := f.decode("x", 1, line)
	strict := Request{Source: "x:1"}
	serr := walk.DecodeRecord(line, nil, &strict)
	if (ferr == nil) != (serr == nil) {
		t.Fatalf("%q: fast %v, strict %v", line, ferr, serr)
	}
	if ferr != nil {
		return
	}
	type flat struct {
		R    Request
		Body string
	}
	a, b := flat{*fast, string(fast.Body)}, flat{strict, string(strict.Body)}
	a.R.Body, b.R.Body = nil, nil
	if len(a.R.Header) == 0 && len(b.R.Header) == 0 {
		a.R.Header, b.R.Header = nil, nil
	}
	check(t, string(line), b, a)
}

func FuzzNDJSON(f *testing.F) {
	f.Add([]byte(`{"received_at":"t","method":"POST","url":"/hook","headers":{"A":["b","c"],"D":"e"},"body_base64":"e30="}`))
	f.Add([]byte(`{"headers":{"A":"\u0041"},"body":"a\nb"}`))
	f.Add([]byte(`{"headers":[["A","b"]],"body":{"x":1}}`))
	f.Add([]byte(`{"headers":{},"body_base64":"e3\/="}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if !bytes.Contains(line, []byte("\n")) && len(bytes.TrimSpace(line)) > 0 {
			agree(t, line)
		}
		drain(t, "ndjson", line)
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`[{"headers":{},"body":""}]`))
	f.Add([]byte("{\n\"headers\": {\"A\": 1},\n\"body\": null}{}"))
	f.Fuzz(func(t *testing.T, data []byte) { drain(t, "json", data) })
}

func FuzzHTTP(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\n{}\n"))
	f.Add([]byte("> POST / HTTP/1.1\n> Transfer-Encoding: chunked\n>\n2\n{}\n0\n\n* done\n"))
	f.Add([]byte("HTTP/1.1 100 Continue\n\nGET / HTTP/1.1\n\n---\nHTTP/1.1 200 OK\nContent-Length: 9\n\nok POST / HTTP/1.1\nA: b\n\n"))
	for _, seed := range []string{
		"> POST / HTTP/1.1\n> \n> x\n", "    POST / HTTP/1.1\n    A: b\n\n    x", "```\nPOST https://x\nA: b\n\nx\n```\n", "00000000: 504f 5354 202f 2048  POST / H\n",
		"=> Send header, 16 bytes (0x10)\n0000: POST / HTTP/1.1\n", "> 2026/11/28 12:00:00.1  length=9 from=0 to=8\nabc", "12:00:00.1 IP a > b: x, length 9\nPOST / HTTP/1.1\n", "a:1: POST /\n    x\n",
		"Follow: tcp,ascii\n9\nPOST / HT", "@a=b\n###\nPOST {{a}}\n\n< x\n> {% x %}\n", "\x1b[1mPOST\x1b[0m / HTTP/1.1\n\nx", "$ cat x\nPOST / HTTP/1.1\n\nx",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { drain(t, "http", data) })
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte("\xef\xbb\xbf{\"headers\""))
	f.Add([]byte("Host: x\n\nbody"))
	f.Fuzz(func(t *testing.T, data []byte) {
		drain(t, "", data)
		Envelope{ID: "id", Type: "type", Time: "time"}.Event(data)
	})
}

func drain(t *testing.T, format string, data []byte) {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, Options{Format: format, Stdin: bytes.NewReader(data)})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b := range batches {
		for r, err := range b.Each() {
			if r == nil || r.Source == "" {
				t.Fatal("a delivery without a source")
			}
			// A form that is encoded anew takes three bytes for one.
			if err == nil && r.Stream == nil && len(r.Body) > 3*len(data) {
				t.Fatal("a body larger than the input")
			}
			n++
		}
	}
	if n > len(data)+1 {
		t.Fatalf("%d deliveries of %d bytes", n, len(data))
	}
}

// A record written by encoding/json is read back the same.
func FuzzRoundTrip(f *testing.F) {
	f.Add("X-A", "b", []byte("body\n"))
	f.Fuzz(func(t *testing.T, name, value string, body []byte) {
		line, err := json.Marshal(map[string]any{"headers": map[string][]string{name: {value, value}}, "body_base64": body})
		if err != nil {
			t.Fatal(err)
		}
		if body == nil {
			return
		}
		agree(t, line)
		var d fastDecoder
		r, err := d.decode("x", 1, line)
		if err != nil || !bytes.Equal(r.Body, body) || len(r.Header) != 2 {
			t.Fatalf("%q: %v, %v", line, r, err)
		}
	})
}

// Large bodies are decoded over the text that they were read from: what comes out
// is what comes out of small ones, with whatever stands around them.
func TestLargeBodies(t *testing.T) {
	norace.Only(t)
	r := rand.New(rand.NewPCG(1, 1))
	raw := make([]byte, recorded.LargeBody+11)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	text := strings.Repeat("Zo\u00eb \"\\/\b\n\u2028\U0001f600", recorded.LargeBody/16)
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	std := base64.StdEncoding.EncodeToString(raw)
	url := base64.RawURLEncoding.EncodeToString(raw)
	lines := strings.ReplaceAll(std, "A", `A\r\n`)
	for name, c := range map[string]struct{ member, want string }{
		"base64":              {`"body_base64":"` + std + `"`, string(raw)},
		"base64, escaped":     {`"body_base64":"` + strings.ReplaceAll(std, "/", `\/`) + `"`, string(raw)},
		"base64 for URLs":     {`"body_base64":"` + url + `"`, string(raw)},
		"base64 in lines":     {`"body_base64":"` + lines + `"`, string(raw)},
		"base64 by a mark":    {`"isBase64Encoded":true,"body":"` + std + `"`, string(raw)},
		"string":              {`"body":` + string(quoted), text},
		"string, no escapes":  {`"body":"` + strings.Repeat("x", recorded.LargeBody) + `"`, strings.Repeat("x", recorded.LargeBody)},
		"JSON":                {`"body":[` + string(quoted) + `]`, "[" + string(quoted) + "]"},
		"both":                {`"body":` + string(quoted) + `,"body_base64":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"`, text},
		"both, not the same":  {`"body":` + string(quoted) + `,"body_base64":"` + std + `"`, ""},
		"base64, one bad":     {`"body_base64":"` + std[:recorded.LargeBody] + "*" + std[recorded.LargeBody+1:] + `"`, ""},
		"base64, the last":    {`"body_base64":"` + std[:len(std)-5] + `*AA="`, ""},
		"base64, too long":    {`"body_base64":"` + std + `AAAAA"`, ""},
		"string, bad escape":  {`"body":"` + strings.Repeat("x", recorded.LargeBody) + `\x"`, ""},
		"string, raw control": {`"body":"` + strings.Repeat("x", recorded.LargeBody) + "\t\"", ""},
	} {
		for around, record := range map[string]string{
			"first":                   `{` + c.member + `,"headers":{"A":"b"},"url":"/hook"}`,
			"last":                    `{"url":"/hook","headers":{"A":"b"},` + c.member + `}`,
			"beside what is not fast": `{"answer":{"status":200},"headers":{"A":"b"},` + c.member + `,"url":"/hook"}`,
		} {
			small := `{"headers":{"C":"d"},"body_base64":"e30="}`
			for format, doc := range map[string]string{
				"ndjson": small + "\n" + record + "\n" + small,
				"json":   "[" + small + "," + record + "," + small + "]",
			} {
				if format == "json" && around != "first" || c.want == "" && around == "last" {
					continue // encoding/json takes its time
				}
				all := parse(t, format, doc)
				want := c.want
				if format == "json" && strings.HasPrefix(name, "string, ") && c.want == "" {
					// There is no telling where the next item would begin.
					if len(all) != 2 || all[1].Err == "" {
						t.Errorf("%s, %s, %s: %d deliveries", name, around, format, len(all))
					}
					continue
				}
				if len(all) != 3 {
					t.Fatalf("%s, %s, %s: %d deliveries", name, around, format, len(all))
				}
				for i, g := range all {
					switch {
					case i%2 == 0 && (g.Err != "" || g.Body != "{}"):
						t.Errorf("%s, %s, %s: beside it %q, %s", name, around, format, g.Body, g.Err)
					case i%2 == 1 && want == "" && g.Err == "":
						t.Errorf("%s, %s, %s: it is read", name, around, format)
					case i%2 == 1 && want != "" && (g.Err != "" || g.Body != want || g.URL != "/hook" || g.Header.Get("A") != "b"):
						t.Errorf("%s, %s, %s: %d bytes, want %d; %+v %s", name, around, format, len(g.Body), len(want), g.Header, g.Err)
					}
				}
			}
		}
	}
}

// The exports of other tools too.
func TestLargeExports(t *testing.T) {
	norace.Only(t)
	raw := strings.Repeat("\x00\xff\n{", recorded.LargeBody/3)
	std := base64.StdEncoding.EncodeToString([]byte(raw))
	plain, err := json.Marshal(strings.Repeat("a \"text\"\n", recorded.LargeBody/8))
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := json.Unmarshal(plain, &text); err != nil {
		t.Fatal(err)
	}
	dump := "POST / HTTP/1.1\r\nA: b\r\nContent-Length: " + fmt.Sprint(len(raw)) + "\r\n\r\n" + raw
	for format, c := range map[string]struct{ doc, want string }{
		"har":          {`{"log":{"creator":{},"entries":[E,E]}}`, ""},
		"lambda":       {`{"headers":{"A":"b"},"isBase64Encoded":true,"body":"` + std + `"}`, raw},
		"ngrok":        {`{"requests":[E,E]}`, ""},
		"webhook.site": {`{"uuid":"a","token_id":"b","headers":{"A":"b"},"content":` + string(plain) + `}`, text},
	} {
		switch format {
		case "har":
			c.doc, c.want = strings.ReplaceAll(c.doc, "E", `{"request":{"method":"POST","headers":[{"name":"A","value":"b"}],"postData":{"text":"`+std+`","encoding":"base64"}}}`), raw
		case "ngrok":
			c.doc, c.want = strings.ReplaceAll(c.doc, "E", `{"uri":"/api/requests/http/x","request":{"raw":"`+base64.StdEncoding.EncodeToString([]byte(dump))+`"}}`), raw
		default:
			c.doc += "\n" + c.doc
		}
		all := parse(t, "", c.doc)
		if len(all) != 2 {
			t.Fatalf("%s: %d deliveries", format, len(all))
		}
		for _, g := range all {
			if g.Err != "" || g.Body != c.want || g.Header.Get("A") != "b" {
				t.Errorf("%s: %d bytes, want %d; %+v %s", format, len(g.Body), len(c.want), g.Header, g.Err)
			}
		}
	}
}

// What stands among items and is none is a row, null too.
func TestNullItems(t *testing.T) {
	for format, text := range map[string]string{
		"json": `[null,1,"x",{"headers":{},"body":""}]`, "lambda": `[null,1,"x",{"headers":{},"body":""}]`,
		"har":    `{"log":{"entries":[null,1,"x",{"request":{"method":"POST"}}]}}`,
		"ndjson": "null\n1\n\"x\"\n{\"headers\":{},\"body\":\"\"}",
	} {
		all := parse(t, format, text)
		if len(all) != 4 || all[0].Err == "" || all[1].Err == "" || all[2].Err == "" || all[3].Err != "" {
			t.Errorf("%s: %+v", format, all)
		}
	}
}

// Records as usual are not left to the strict path, which takes several times as
// long; what the fast one takes, it takes to its end.
func TestFastDecoder(t *testing.T) {
	for _, text := range []string{
		`{"headers":{"A":"b"},"body_base64":"e30="}`,
		`{"received_at":"t","method":"POST","url":"/h","headers":{"A":["b","c"],"D":"e"},"body":"{}","z":"y z"}`,
		" { \"url\" : \"\\/h\" , \"headers\" : { \"A\" : [ \"b\" , \"c\" ] , \"D\" : [ ] , \"E\" : \"\\u0066\" } ,\t\"body\" : \"x\\n\" }\r",
		`{"body":"","headers":{ }}`,
		`{"headers":{},"body_base64":""}`,
		`{"headers":{},"answer":{"status":200,"headers":{"A":["b"],"C":[]},"x":[{"y":[[{"z":null}]]},{}],"cut":true,"ms":1.5},"body":"{}","answer":"\u0041"}`,
	} {
		var f fastDecoder
		if !f.record([]byte(text)) {
			t.Errorf("%s: left to the strict path", text)
		}
		agree(t, []byte(text))
		for i := range len(strings.TrimSpace(text)) {
			if f.record([]byte(text[:i])) {
				t.Errorf("%s: taken for whole", text[:i])
			}
			for _, c := range []string{"", "{", "}", "[", "]", `"`, ":", ",", `\`, "1", " ", "\x01", "\x1f"} {
				agree(t, []byte(text[:i]+c+text[i+1:]))
				agree(t, []byte(text[:i]+c+text[i:]))
			}
		}
	}
	// Whatever the strict path looks at besides: no member of a plain text means more
	// to it.
	for _, name := range append([]string{"isBase64Encoded", "received_at", "method", "url", "body", "body_base64"}, "payload", "data", "content", "text", "rawBody", "raw_body", "bodyRaw", "postData") {
		for _, value := range []string{"true", "false", "GET", "e30=", ""} {
			for _, body := range []string{`"body":"e30="`, `"body_base64":"e30="`, `"body":""`, `"body":"e"`} {
				agree(t, fmt.Appendf(nil, `{"headers":{"A":"b"},%s,%q:%q}`, body, name, value))
				agree(t, fmt.Appendf(nil, `{%q:%q,"headers":{"A":"b"},%s}`, name, value, body))
				agree(t, fmt.Appendf(nil, `{"headers":{"A":"b"},"body":%q}`, value+"0x7b7d"))
				agree(t, fmt.Appendf(nil, `{"headers":{"A":"b"},"body":%q}`, value+`\x7b7d`))
			}
		}
	}
	for name, text := range map[string]string{
		"headers twice": `{"headers":{},"headers":{},"body":""}`, "body twice": `{"headers":{},"body":"","body":""}`, "two bodies": `{"headers":{},"body":"","body_base64":""}`,
		"no body": `{"headers":{}}`, "no headers": `{"body":""}`, "nested": `{"headers":{},"body":"","x":{}}`, "an escape in a name": `{"headers":{},"body":"","\u0078":""}`,
	} {
		var f fastDecoder
		if f.record([]byte(text)) {
			t.Errorf("%s: taken", name)
		}
	}
}

// What the fast decoder does not understand it says so of, whatever comes next.
func TestFastDecoderParts(t *testing.T) {
	for before, parts := range map[string][]string{
		`{"body":"","headers":`: {
			`1`, `{`, `{1`, `{"a`, `{"a"`, `{"a" `, `{"a"x`, `{"a":`, `{"a": `, `{"a":1`, `{"a":"b`, `{"a":"b"`, `{"a":"b" `, `{"a":"b" 1`, `{"a":"\x"}`,
			`{"a":[`, `{"a":[1`, `{"a":["b"`, `{"a":["b" 1`, `{"a":["b",1`, `{"a":["b"]`, `{"a":["b`, `{"a":["b" `, `{"a":["b" x`, `{"a":["b",`, `{"a":["b",]}`,
			`{"a":"\x"["b"]}`, `{"a":"b"["c"]}`, `{"a":["b"]["c"]}`, `{"a":["b"}`, `{"a":{"b":"c"}}`, `{"a":[["b"]]}`, `{"a" "b"}`, `{"a":"b",}`, `["a","b"]`, `[]`,
		},
		`{"headers":{},"body":"","url":`: {``, `1`, `"a`, `"\x"`, `"\`, `"\"`, "\"\x1f\"", `"a"b`, `["a"]`, `"a","\u0078":""`},
		`{"headers":{},"body_base64":`:   {``, `1`, `"e30=`, `"e30\u003d"`, `"e30"`, `"e=30"`, "\"e30\n\"", "\"e30=\n\"", `"e30=" "e30="`},
		`{"headers":{},"body":`:          {``, `1`, `"a`, `"\x"`, "\"\x1f\"", `{}`, `null`},
		`{"headers":{},"body":"",`:       {``, `1:""`, `"a:""`, `"\n":""`, "\"\x1f\":\"\"", `"a"`, `"a":`, `"a":1`, `"a":"b`, `"a":"\n"`, "\"a\":\"\x1f\""},
	} {
		for _, part := range parts {
			for _, after := range []string{"", "}", "]", ",", `"`, " "} {
				var f fastDecoder
				if line := before + part + after; f.record([]byte(line)) {
					t.Errorf("%s: understood", line)
				}
			}
		}
	}
}

// A large body is decoded where it stands, so that it is in memory once; any other
// body is not, so that it may be read again.
func TestInPlace(t *testing.T) {
	norace.Only(t)
	for name, c := range map[string]struct{ before, in, after string }{
		"string": {`"body":"\n`, "x", `"`}, "base64": {`"body_base64":"AA`, "A", `"`},
		"JSON": {`"body":["`, "x", `"]`}, "base64 by a mark": {`"isBase64Encoded":true,"body":"AA`, "A", `"`},
	} {
		for strict, before := range map[bool]string{false: `{"headers":{},`, true: `{"x":1,"headers":{},`} {
			value := before + c.before[:strings.LastIndexByte(c.before, ':')+1]
			for _, size := range []int{recorded.LargeBody - 4, recorded.LargeBody, recorded.LargeBody + 4} { // of the value, with its quotes
				line := before + c.before
				line += strings.Repeat(c.in, size-(len(line)-len(value))-len(c.after)) + c.after + "}"
				if strings.Contains(name, "base64") { // four characters each
					line = strings.Replace(line, "AA}", "}", 1)
					line = line[:len(value)+1] + strings.Repeat("A", (size+2)/4*4) + `"}`
				}
				text := []byte(line)
				var f fastDecoder
				r, err := f.decode("", 1, text)
				if err != nil || len(r.Body) == 0 {
					t.Fatalf("%s, %d: %v", name, size, err)
				}
				text[len(text)-1] = 0 // the brace
				r.Body[0] = 0xee
				if at := bytes.IndexByte(text, 0xee); at >= 0 != (size >= recorded.LargeBody) {
					t.Errorf("%s, strict %v, %d bytes: it stands at %d of its own line", name, strict, size, at)
				}
				if f.record([]byte(line)) == (strict || strings.Contains(c.before, "[") || strings.Contains(c.before, "true")) {
					t.Errorf("%s, strict %v, %d bytes: decoded by the other decoder", name, strict, size)
				}
			}
		}
	}
}

// A companion event is known by what it has in common with the other one.
func TestSubjectOf(t *testing.T) {
	e := Envelope{Companion: "item.changed", CompanionOf: []string{"item.created"}, Data: "data", Subject: []string{"id", "kind"}}
	const whole = `{"id":"no","data":{"kind":"k","id":7,"more":{"id":"no"}}}`
	for _, c := range []struct{ name, event, body, want string }{
		{"the event", "item.created", whole, "7\nk"},
		{"its companion", "item.changed", whole, "7\nk"},
		{"another event", "item.deleted", whole, ""},
		{"no event", "", whole, ""},
		{"not all of it", "item.created", `{"data":{"id":7}}`, ""},
		{"torn", "item.created", `{"data":{"kind":"k","id":`, ""},
		{"a value that is none", "item.created", `{"data":{"kind":"k","id":}}`, ""},
		{"not JSON", "item.created", "id=7", ""},
	} {
		if got := e.SubjectOf(c.event, []byte(c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	e.Companion = ""
	if got := e.SubjectOf("item.created", []byte(whole)); got != "" {
		t.Errorf("without a companion: %q", got)
	}
}

// A body that is streamed can be read again from a file, compressed or not, and
// not from a pipe.
func TestStreamAgain(t *testing.T) {
	dir := t.TempDir()
	body := strings.Repeat("0123456\n", rawInMemory/8+1)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(z, body); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"plain": body, "zipped": zipped.String(), "-": body} {
		path := filepath.Join(dir, name)
		o := Options{}
		if name == "-" {
			path, o.Stdin = name, strings.NewReader(text)
		} else if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		batches, err := Read(t.Context(), []string{path}, o)
		if err != nil {
			t.Fatal(err)
		}
		for b := range batches {
			for r, err := range b.Each() {
				if err != nil || r.Stream == nil || (r.Again == nil) != (name == "-") || (r.Size == int64(len(body))) != (name == "plain") {
					t.Fatalf("%s: again %v, %d bytes: %v", name, r.Again != nil, r.Size, err)
				}
				if r.Again == nil {
					continue
				}
				again, err := r.Again()
				if err != nil {
					t.Fatal(err)
				}
				if text, err := io.ReadAll(again); err != nil || string(text) != body || again.Close() != nil {
					t.Errorf("%s: %d bytes read again, want %d: %v", name, len(text), len(body), err)
				}
				// A file may have gone meanwhile, or become another.
				if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
					t.Fatal(err)
				}
				if again, err := r.Again(); (err != nil) != (name == "zipped") {
					t.Errorf("%s: overwritten: %v", name, err)
				} else if err == nil && again.Close() != nil {
					t.Fatal(name)
				}
				if runtime.GOOS == "windows" {
					continue // what is open stays there
				}
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Again(); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: removed: %v", name, err)
				}
			}
		}
	}
}

// What the signature beside it fits is a payload, whatever it looks like; anything
// else is read as ever.
func TestPayload(t *testing.T) {
	const record = `{"headers":{},"body_base64":"e30="}`
	large := strings.Repeat("x", rawInMemory) + "y"
	for _, c := range []struct {
		name, payload, text, format string
		want                        got
	}{
		{"it fits", record, record, "", got{Body: record}},
		{"it does not", "other", record, "", got{Source: ":1", Body: "{}"}},
		{"a format is given", record, record, "ndjson", got{Source: ":1", Body: "{}"}},
		{"as large as is held", large[1:], large[1:], "", got{Body: large[1:]}},
		{"larger", large, large, "", got{Body: large}},
	} {
		asked := false
		all, _ := readAll(t, Options{Format: c.format, Stdin: strings.NewReader(c.text), Payload: func(body []byte) bool {
			asked = true
			return string(body) == c.payload
		}}, "-")
		c.want.Source = "-" + c.want.Source
		if len(all) != 1 || !cmp.Equal(all[0], c.want) {
			t.Errorf("%s: %d deliveries, the first is not as it should be", c.name, len(all))
		}
		if want := c.format == "" && len(c.text) <= rawInMemory; asked != want {
			t.Errorf("%s: asked: %v", c.name, asked)
		}
	}
	all, _ := readAll(t, Options{Stdin: io.MultiReader(strings.NewReader("{}"), &failing{}), Payload: func([]byte) bool { return true }}, "-")
	check(t, "it cannot be read", []got{{Source: "-", Err: "disk on fire"}}, all)
}

// A slow pipe is judged by what has come.
func TestDetectAsItFlows(t *testing.T) {
	for name, parts := range map[string][]string{
		"record":           {`{"headers":{},"body":""}` + "\n"},
		"record in halves": {`{"headers":{},`, `"body":""}` + "\n"},
		"dump":             {"POST / HTTP/1.1\n"},
		"dump in halves":   {"POST / HTTP/1.1", "\n"},
		"after noise":      {"up\n", `{"headers":{},"body":""}`, "\n"},
	} {
		var readers []io.Reader
		for _, p := range parts {
			readers = append(readers, strings.NewReader(p))
		}
		head, more, err := peek(io.MultiReader(append(readers, &failing{})...), 0, recognised)
		if err != nil || !more || string(head) != strings.Join(parts, "") {
			t.Errorf("%s: %q, %v, %v", name, head, more, err)
		}
	}
}

// A delivery on a line of a pipe is yielded before the next line is asked for,
// whether the format is given or not.
func TestDeliveriesAsTheyFlow(t *testing.T) {
	t.Parallel()
	const record = `{"headers":{"X-Wunder-Signature":"x"},"body":"y"}` + "\n"
	for _, line := range []string{record, "web_1 | " + record} {
		for _, format := range []string{"", "log", "ndjson"} {
			if line != record && format == "ndjson" {
				continue
			}
			r, w := io.Pipe()
			go func() { _, _ = io.WriteString(w, line) }()
			batches, err := Read(t.Context(), []string{"-"}, Options{Format: format, Stdin: r, SignatureHeaders: []string{"X-Wunder-Signature"}})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for b := range batches {
				for range b.Each() {
					n++
				}
				if n == 3 {
					break
				}
				go func() { _, _ = io.WriteString(w, line) }()
			}
			if n != 3 {
				t.Errorf("%q as %q: %d deliveries", line, format, n)
			}
		}
	}
}

// What is looked at ends with the byte that makes it enough.
func TestPeekBounds(t *testing.T) {
	for name, c := range map[string]struct {
		before, in, after string
		enough            int
	}{
		"white space":                     {"", " ", "", recorded.HeadStep},
		"no JSON":                         {"", "x", "", recorded.HeadStep},
		"an object on its line":           {`{"a":"`, "x", `"}`, recorded.HeadStep},
		"an object that does not end":     {`{"a":"`, "x", "", recorded.HeadMax},
		"a line that may become a record": {"x\n  {", "x", "", recorded.HeadMax},
	} {
		for _, short := range []int{1, 0} {
			size := c.enough - short
			text := c.before + strings.Repeat(c.in, size-len(c.before)-len(c.after)) + c.after
			_, _, err := peek(io.MultiReader(strings.NewReader(text), &failing{}), 0, recognised)
			if (err == nil) != (short == 0) {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
		}
	}
	p := prefixed{r: iotest.OneByteReader(strings.NewReader("abc\ndefg\nhi"))}
	for _, want := range []int{4, 0} {
		if end := p.line(3); end != want {
			t.Errorf("line of %q: %d, want %d", p.head, end, want)
		}
		p.head = p.head[4:]
	}
}

// A record that is a little longer than what is looked at is read as any other, in
// whatever pieces it comes: the end of it is not looked at, and nothing is written over.
func TestPeekBeyondItsBound(t *testing.T) {
	norace.Only(t)
	for _, over := range []int{1, 1700, 30_000} {
		body := strings.Repeat("x", (recorded.HeadMax+over-100)/4*3)
		record := `{"headers":{"X-Wunder-Signature":"x"},"body_base64":"` + base64.StdEncoding.EncodeToString([]byte(body)) + `"}`
		record += strings.Repeat(" ", recorded.HeadMax+over-len(record)) + "\n"
		for _, size := range []int{60_000, 1 << 16, 1 << 20} {
			pieces := func() io.Reader { return &odd{strings.NewReader(record), size} }
			if head, more, err := peek(pieces(), 0, recognised); len(head) != recorded.HeadMax || !more || err != nil {
				t.Errorf("%d over, in pieces of %d: %d are looked at, %v", over, size, len(head), err)
			}
			for _, o := range []Options{{}, {KeepLines: true, EachLine: true}} {
				o.Stdin = pieces()
				all, _ := readAll(t, o, "-")
				if len(all) == 0 || all[0].Source != "-:1" || all[0].Err != "" || all[0].Body != body {
					t.Errorf("%d over, in pieces of %d, %v: %d rows, %.200v", over, size, o.EachLine, len(all), all)
				}
			}
		}
	}
}

// The buffer for lines doubles while that is cheap, and then takes the longest one.
func TestRoom(t *testing.T) {
	var sizes []int
	for size := 0; size <= MaxDelivery; sizes = append(sizes, size) {
		size = room(size, 0)
	}
	check(t, "sizes", []int{1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20, MaxDelivery + 1<<20}, sizes)
	check(t, "first of a small input", 101, room(0, 100))
}

// An item, or a line, may be as large as is said, and no larger.
func TestLargestItems(t *testing.T) {
	norace.Only(t)
	record := `{"headers":{},"body_base64":""}`
	spaces := func(n int) io.Reader { return io.LimitReader(blanks{}, int64(n)) }
	for name, c := range map[string]struct {
		format string
		in     []io.Reader
		want   []string // errors
	}{
		"a line":            {"ndjson", []io.Reader{strings.NewReader(record + "\n"), spaces(MaxDelivery), strings.NewReader("\n" + record)}, []string{"", ""}},
		"a line, one more":  {"ndjson", []io.Reader{strings.NewReader(record + "\n"), spaces(MaxDelivery + 1), strings.NewReader("\n" + record)}, []string{"", recorded.ErrTooLarge.Error(), ""}},
		"an item too large": {"json", []io.Reader{strings.NewReader(record + "[{"), spaces(MaxDelivery + 1), strings.NewReader("}]" + record)}, []string{"", "not JSON: " + recorded.ErrTooLarge.Error()}},
	} {
		all, _ := readAll(t, Options{Format: c.format, Stdin: io.MultiReader(c.in...)}, "-")
		var have []string
		for _, g := range all {
			have = append(have, g.Err)
		}
		check(t, name, c.want, have)
	}
}

// blanks is spaces without end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Detection never fails on a capture that is cut anywhere.
func TestDetectTorn(t *testing.T) {
	for _, text := range []string{
		`{"log":{"creator":{"name":"x"},"entries":[{"request":{"method":"POST","headers":[]}}]}}`, `[{"headers":{"A":"b"},"requestContext":{"http":{}},"isBase64Encoded":true,"body":"e30="}]`,
		`{ "uri" : "/x", "requests":[{"uri":"/api","request":{"raw":"e30="}}]}`, `{"data":[{"uuid":"a","token_id":"b","headers":{},"content":""}]}`, `{"headers":{},"body_base64":"","z":[1]}`,
	} {
		for i := range len(text) + 1 {
			for _, more := range []bool{true, false} {
				detect([]byte(text[:i]), more)
			}
			for _, name := range []string{"log", "requests", "data", "body"} {
				if v := walk.ValueOf([]byte(text[:i]), name); v != nil && (len(v) == 0 || !strings.HasPrefix(text[i-len(v):], string(v))) {
					t.Errorf("%s: %s is %s", text[:i], name, v)
				}
			}
		}
	}
}

// Batches are decoded after others were read: nothing that they hold is used again.
func TestDecodedLater(t *testing.T) {
	norace.Only(t)
	record := func(n int) string {
		return fmt.Sprintf(`{"headers":{"N":"%d"},"body":"%s"}`, n, strings.Repeat(string(rune('a'+n%26)), n*n%9000))
	}
	for format, sep := range map[string]string{"ndjson": "\n", "json": "\n", "": "\n"} {
		var text strings.Builder
		const n = 2000
		for i := range n {
			text.WriteString(record(i) + sep)
		}
		batches, err := Read(t.Context(), []string{"-"}, Options{Format: format, Stdin: &bits{strings.NewReader(text.String())}})
		if err != nil {
			t.Fatal(err)
		}
		var all []Batch
		for b := range batches {
			all = append(all, b)
		}
		i := 0
		for _, b := range all {
			for r, err := range b.Each() {
				if want := strings.Repeat(string(rune('a'+i%26)), i*i%9000); err != nil || string(r.Body) != want || r.Header.Get("n") != fmt.Sprint(i) {
					t.Fatalf("%s: record %d: %+v %d bytes, want %d: %v", format, i, r.Header, len(r.Body), len(want), err)
				}
				i++
			}
		}
		if i != n {
			t.Errorf("%s: %d of %d", format, i, n)
		}
	}
}
