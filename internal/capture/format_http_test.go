package capture

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// What is in a dump beside requests: each case says the bodies of its rows, or
// why one cannot be read, what is passed over, and what is noted of the input.
func TestDumps(t *testing.T) {
	names := []string{"X-Wunder-Signature"}
	digest, other := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	signature := "X-Wunder-Signature: sha256=" + digest + "\n"
	post := func(body string) string {
		return fmt.Sprintf("POST /hook HTTP/1.1\n%sContent-Length: %d\n\n%s", signature, len(body), body)
	}
	const probe, answer = "GET / HTTP/1.1\nHost: x\n\n", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"
	const noBody = "error: the dump has the answer but not the request's body: curl -v does not print that, curl --trace FILE does"
	for _, c := range []struct {
		name, text string // with CRLF too, unless bytes are counted in it
		rows       []string
		passed     string
		notes      []string
	}{
		{"an answer between", post("a") + answer + post("b"), []string{"a", "b"}, "1 answer", nil},
		{"a program's lines between", "got one:\n" + post(`{"a":1}`) + "\ndone\n\ngot one:\n" + post(`{"b":2}`), []string{`{"a":1}`, `{"b":2}`}, "",
			[]string{"-: bytes 1 to 9 belong to no request, and were ignored", "-: bytes 149 to 163 belong to no request, and were ignored"}},
		{"a program's lines between, and behind", post(`{"a":1}`) + "\ndone\n" + post(`{"b":2}`) + "\ndone\n", []string{`{"a":1}`, "{\"b\":2}\ndone\n"}, "", []string{"-: bytes 140 to 144 belong to no request, and were ignored"}},
		{"lines behind a part of JSON", strings.Replace(post("{\n\"a\":1}"), "Length: 8", "Length: 1", 1) + post(`{"b":2}`), []string{"{\n\"a\":1}", `{"b":2}`}, "", nil},
		{"an answer first", answer + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer in chunks", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer whose chunks are cut", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\nff\nnot so long\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer whose length of a chunk is too large, behind a text like a request",
			"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n19\nGET /x HTTP/1.1\nHost: y\n\n\nff\nnot so long\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer without a length", "HTTP/1.1 200 OK\n\n<html>\n</html>\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"a request behind it on its line", "HTTP/1.1 200 OK\n\n{\"ok\":true}" + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer whose length is too large", "HTTP/1.1 200 OK\nContent-Length: 999\n\nok\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer whose length is too small", "HTTP/1.1 200 OK\nContent-Length: 1\n\nok\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer whose length is that of the delivery behind it", fmt.Sprintf("HTTP/1.1 200 OK\nContent-Length: %d\n\n%s", len(post("a")), post("a")) + answer, []string{"a"}, "2 answers", nil},
		{"an answer with an echo", post("a") + fmt.Sprintf("HTTP/1.1 200 OK\nContent-Length: %d\n\n%s", len(post("a")), post("a")), []string{"a"}, "1 answer", nil},
		{"answers without a body", "HTTP/1.1 204 No Content\nContent-Length: 9\n\nHTTP/1.1 304 x\nContent-Length: 9\n\n" + post("a"), []string{"a"}, "2 answers", nil},
		{"an answer to HEAD", "HEAD / HTTP/1.1\n\nHTTP/1.1 200 OK\nContent-Length: 44\n\n" + post("a") + post("b"), []string{"a", "b"}, "1 answer, 1 probe", nil},
		{"an answer whose head is cut", "HTTP/1.1 200 OK\nServer: x\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"an answer of HTTP/2", "HTTP/2 200 \ncontent-length: 2\n\nok" + post("a"), []string{"a"}, "1 answer", nil},
		{"an interim answer", "POST / HTTP/1.1\nExpect: 100-continue\nContent-Length: 2\n\nHTTP/1.1 100 Continue\n\nab", []string{"ab"}, "1 answer", nil},
		{"an interim answer to one that waits for it, and a body that was cut off", "POST / HTTP/1.1\nExpect: 100-continue\nContent-Length: 25\n\nHTTP/1.1 100 Continue\n\nab", []string{"ab"}, "1 answer", nil},
		{"interim answers", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\nHTTP/1.1 100 Continue\n\n\nHTTP/1.1 103 x\nLink: y\n\n2\nab\n0\n\n", []string{"ab"}, "2 answers", nil},
		{"an interim answer, no length", "POST / HTTP/1.1\nHost: x\n\nHTTP/1.1 100 Continue\n\nab", []string{"ab"}, "1 answer", nil},
		{"a body like an interim answer", post("HTTP/1.1 100 Continue\n\n") + post("b"), []string{"HTTP/1.1 100 Continue\n\n", "b"}, "", nil},
		{"an interim answer, and a body in which a request begins where a length without it would end",
			strings.Replace(post("ab\n\nGET / HTTP/1.1\nHost: q\n"), "\n\n", "\n\nHTTP/1.1 100 Continue\n\n", 1) + post("b"), []string{"ab\n\nGET / HTTP/1.1\nHost: q\n", "b"}, "1 answer", nil},
		{"an interim answer without its end", post("HTTP/1.1 100 Continue\nx") + post("b"), []string{"HTTP/1.1 100 Continue\nx", "b"}, "", nil},
		{"answers alone", answer + answer, nil, "2 answers", nil},

		{"probes", probe + post("a") + "OPTIONS * HTTP/1.1\nContent-Length: 0\n\n" + probe, []string{"a"}, "3 probes", nil},
		{"a probe with blank lines", probe + "\n\n---\n" + post("a"), []string{"a"}, "1 probe, 1 line", nil},
		{"a probe with a body", "GET / HTTP/1.1\nContent-Length: 1\n\na", []string{"a"}, "", nil},
		{"a probe with more than a probe", probe + "a", []string{"a"}, "", nil},
		{"a signed probe", "GET / HTTP/1.1\n" + signature + "\n", []string{""}, "", nil},
		{"a probe signed elsewhere", "GET / HTTP/1.1\nX-Other: sha256=" + digest + "\n\n", []string{""}, "", nil},
		{"a probe with a blank signature", "GET / HTTP/1.1\nX-Wunder-Signature:\n\n" + post("a"), []string{"a"}, "1 probe", nil},
		{"other methods are rows", "DELETE / HTTP/1.1\n\nPURGE / HTTP/1.1\n\n", []string{"", ""}, "", nil},

		{"rules and blank lines", "###\n" + post("a") + "\n---\n\n" + post("b") + "\n### b is above\n=====\n", []string{"a", "b"}, "4 lines", nil},
		{"messages of nc", "Listening on 0.0.0.0 80\n" + post("a") + "Connection received on localhost 5\n" + post("b"), []string{"a", "b"}, "2 lines", nil},
		{"byte order marks", "\xef\xbb\xbf" + post("a") + "\xef\xbb\xbf" + post("b"), []string{"a", "b"}, "", nil},
		{"curl twice", "* Trying\n> POST / HTTP/1.1\n> Content-Length: 1\n> \n* up\n< HTTP/1.1 100 Continue\n< \n} [1 bytes data]\na\n< HTTP/1.1 200 OK\n< Content-Length: 2\n< \n{ [2 bytes data]\nok\n* Connection #0 left intact\n" +
			"> POST / HTTP/1.1\n> Content-Length: 1\n> \nb* Connection #0 left intact\n", []string{"a", "b"}, "2 answers, 7 lines", nil},
		{"curl without a body, and another request", "> POST / HTTP/1.1\n> Content-Length: 1\n> \n< HTTP/1.1 200 OK\n< \nok\n" + post("b"), []string{noBody, "b"}, "1 answer", nil},
		{"curl without a length, up to the end", "> POST / HTTP/1.1\n> Host: x\n> \na\n", []string{"a\n"}, "", nil},
		{"curl without a length, up to a message", "> POST / HTTP/1.1\n> Host: x\n> \na\n* up\n", []string{"a\n"}, "1 line", nil},
		{"curl, a probe", "> GET / HTTP/1.1\n> Host: x\n> \n< HTTP/1.1 200 OK\n< \n<html>\n> POST / HTTP/1.1\n> Content-Length: 1\n> \nb", []string{"b"}, "1 answer, 1 probe", nil},

		{"no length, and a request at once", "POST / HTTP/1.1\nHost: x\n\n" + post("b"), []string{"", "b"}, "", nil},
		{"no length, up to a request", "POST / HTTP/1.1\nHost: x\n\na\n\n" + post("b"), []string{"a\n\n", "b"}, "", nil},
		{"no length, up to an answer", "POST / HTTP/1.1\nHost: x\n\na\n" + answer, []string{"a\n"}, "1 answer", nil},
		{"no length, up to a rule before a request", "POST / HTTP/1.1\nHost: x\n\n---\n* a\n---\n\n" + post("b"), []string{"---\n* a\n", "b"}, "1 line", nil},
		{"no length, a request behind it on its line", "POST / HTTP/1.1\nHost: x\n\n{}" + post("b"), []string{"{}", "b"}, "", nil},
		{"no length, rules at the end", "POST / HTTP/1.1\nHost: x\n\na\n---\n", []string{"a\n---\n"}, "", nil},
		{"lengths that differ", "POST / HTTP/1.1\nContent-Length: 1\nContent-Length: 2\n\nabc", []string{"abc"}, "", nil},
		{"the same length twice", "POST / HTTP/1.1\nContent-Length: 1\nContent-Length: 1\n\na\n", []string{"a"}, "", nil},
		{"requests in a body", post("POST / HTTP/1.1\n\n"+post("x")) + "\n" + post("b"), []string{"POST / HTTP/1.1\n\n" + post("x"), "b"}, "", nil},
		{"a body that was cut off", strings.Replace(post("ab"), "Length: 2", "Length: 700", 1) + post("b") + answer, []string{"ab", "b"}, "1 answer", nil},
		{"a body that has grown", strings.Replace(post("abc"), "Length: 3", "Length: 2", 1) + post("b"), []string{"abc", "b"}, "", nil},
		{"a text like a request in a body that was cut off", strings.Replace(post("POST / HTTP/1.1\n{"), "Length: 17", "Length: 19", 1) + "\n" + post("b"), []string{"POST / HTTP/1.1\n{\n", "b"}, "", nil},

		{"a trailer without its end", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\na\n0\nA: b\n" + post("b"), []string{"a", "b"}, "", nil},
		{"chunks without their end", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\na\n", []string{"a"}, "", nil},
		{"a chunk that has grown", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\na\n1\nbc\n0\n\n" + post("b"), []string{"abc\n0\n\n", "b"}, "", nil},
		{"more after the chunks", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\na\n0\n\nmore\n" + post("b"), []string{"amore\n", "b"}, "", nil},
		{"a chunk that takes in the next request", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n18\na\n0\n\nPOST /hook HTTP/1.1\n" + strings.TrimPrefix(post("b"), "POST /hook HTTP/1.1\n"), []string{"a\n0\n\n", "b"}, "", nil},

		{"a body of nothing", post("") + "\n" + post("b"), []string{"", "b"}, "", nil},
		{"versions", "POST / HTTP/1.0\nContent-Length: 1\n\naHTTP/1.0 200\nContent-Length: 2\n\nok" + post("b"), []string{"a", "b"}, "1 answer", nil},
		{"no length, and an answer at once", "POST / HTTP/1.1\nHost: x\n\n" + answer, []string{""}, "1 answer", nil},
		{"an arrow alone", ">\n" + post("a"), []string{"a"}, "", []string{"-: bytes 1 to 2 belong to no request, and were ignored"}},
		{"an answer behind a body on its line", "> POST / HTTP/1.1\n> Content-Length: 9\n>\n{}< HTTP/1.1 200 OK\n< Content-Length: 0\n< \n", []string{"{}"}, "1 answer", nil},
		{"a body that was cut off, and an answer", "> POST / HTTP/1.1\n> Content-Length: 9\n>\n{}\n< HTTP/1.1 200 OK\n< Content-Length: 0\n< \n", []string{"{}\n"}, "1 answer", nil},

		// A length that ends in the head of the next request would hide it.
		{"a length that takes in a first line", "POST / HTTP/1.1\nContent-Length: 19\n\nab\nPOST /b HTTP/1.1\nHost: x\nContent-Length: 1\n\nb", []string{"ab\n", "b"}, "", nil},
		{"a length that takes in header lines", "POST / HTTP/1.1\nContent-Length: 35\n\nab\nPOST /b HTTP/1.1\nHost: x\nA: b\n c\nHost: y\nContent-Length: 1\n\nb", []string{"ab\n", "b"}, "", nil},
		{"a length that takes in lines that are folded with a tab", "POST / HTTP/1.1\nContent-Length: 35\n\nab\nPOST /b HTTP/1.1\nHost: x\nA: b\n\tc\nHost: y\nContent-Length: 1\n\nb", []string{"ab\n", "b"}, "", nil},
		{"a body like a header line", post("Note: x") + "\nHost: x\nContent-Length: 1\n\nb", []string{"Note: x", "b"}, "", nil},
		{"a body that goes on like a head", "POST / HTTP/1.1\nContent-Length: 2\n\nabHost: x\nContent-Type: y\n\nz", []string{"abHost: x\nContent-Type: y\n\nz"}, "", nil},

		// In what should still be the body, a text like a request is one only where
		// it is whole; behind it, wherever a head follows.
		{"a text like a request, in a line and cut off", "POST / HTTP/1.1\nContent-Length: 99\n\nsay POST /x HTTP/1.1\nA: b\n\nmore\n", []string{"say POST /x HTTP/1.1\nA: b\n\nmore\n"}, "", nil},
		{"a text like a request with a length", "POST / HTTP/1.1\nContent-Length: 99\n\nsay POST /x HTTP/1.1\nContent-Length: 9\n\nmore\n", []string{"say POST /x HTTP/1.1\nContent-Length: 9\n\nmore\n"}, "", nil},
		{"a request in a line that should be the body's", "POST / HTTP/1.1\nContent-Length: 99\n\n{}POST /b HTTP/1.1\nContent-Length: 1\n\nb", []string{"{}", "b"}, "", nil},
		{"a request behind a body that has grown, on its line", "POST / HTTP/1.1\nContent-Length: 1\n\n{\"a\":1}POST /b HTTP/1.1\nHost: x\n\nb", []string{`{"a":1}`, "b"}, "", nil},
		{"a request behind a chunk on its line", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\nx\n2\nabPOST /b HTTP/1.1\nHost: x\n\nz", []string{"xab", "z"}, "", nil},
		{"a request behind another text like one", "POST / HTTP/1.1\nHost: x\n\na POST /x HTTP/1.1\nb POST /y HTTP/1.1\nHost: z\n\nc", []string{"a POST /x HTTP/1.1\nb ", "c"}, "", nil},
		{"a request behind it on its line, cut in its head", "POST / HTTP/1.1\nHost: x\n\n{}POST /b HTTP/1.1\nHost: x\nA: b", []string{"{}", "error: " + message.ErrHeadCut.Error()}, "", nil},
		{"a text that ends like a head", "POST / HTTP/1.1\nHost: x\n\n{}POST /b HTTP/1.1\nHost", []string{"{}POST /b HTTP/1.1\nHost"}, "", nil},

		{"a first chunk like a text", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n28\nab\nGET /x HTTP/1.1\nno header, and more text than a chunk\nPOST /b HTTP/1.1\nHost: x\n\nz",
			[]string{"28\nab\nGET /x HTTP/1.1\nno header, and more text than a chunk\n", "z"}, "", nil},
		{"many chunks", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n" + strings.Repeat("1\na\n", 500) + "0\n\n" + post("b"), []string{strings.Repeat("a", 500), "b"}, "", nil},

		{"heads that cannot be read", "POST / HTTP/1.1\nno header\n\n" + post("b"), []string{`error: head: "no header" is not a header line`, "b"}, "", nil},
		{"no blank line", "POST / HTTP/1.1\nHost: x\n{\"a\":1}\n" + post("b"), []string{"{\"a\":1}", "b"}, "", nil},
		{"a head cut by the next", "POST / HTTP/1.1\nHost: x\n" + post("b"), []string{`error: head: "POST /hook HTTP/1.1" is not a header line`, "b"}, "", nil},
		{"a request without its first line", post("a") + "\nHost: x\n" + signature + "Content-Length: 1\n\nb", []string{"a", "b"}, "", nil},
		{"something else first", "text\n" + post("a"), []string{"a"}, "", []string{"-: bytes 1 to 5 belong to no request, and were ignored"}},
		{"something else after an answer", answer + "\x00\x01\n" + post("a"), []string{"a"}, "1 answer", nil},
		{"something else after no body", "HTTP/1.1 204 x\n\ntext\n" + post("a"), []string{"a"}, "1 answer", []string{"-: bytes 17 to 21 belong to no request, and were ignored"}},
		{"a request that something is before", "| POST /hook HTTP/1.1\n| Host: x\n" + post("a"), []string{"error: bytes 1 to 32 contain a request or a signature in a form that hookctl cannot read", "a"}, "", nil},
		{"a request without a version", "POST https://example.com/hook\nHost: x\n\n{}\n" + post("a"), []string{"{}", "a"}, "", nil},
		{"a signature alone", post("a") + "\n### sha256=" + other + "\n", []string{"a", "error: bytes 134 to 209 contain a request or a signature in a form that hookctl cannot read"}, "", nil},
		{"a signature that a row had", "HTTP/1.1 204 x\n\n" + post("a") + "\n### sha256=" + strings.ToUpper(digest) + "\n", []string{"a"}, "1 answer, 1 line", nil},
		{"a signature in an answer", post("a") + "HTTP/1.1 200 OK\nX: sha256=" + other + "\n\n", []string{"a"}, "1 answer", []string{"-: there is a signature in an answer, at byte 159, that no request has"}},
		{"a signature behind an answer", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok\ntext\nsha256=" + other + "\n\n" + post("a"), []string{"error: bytes 39 to 116 contain a request or a signature in a form that hookctl cannot read", "a"}, "1 answer", nil},
		{"a signature of a row behind an answer", post("a") + "HTTP/1.1 200 OK\nContent-Length: 2\n\nok\ntext\nsha256=" + digest + "\n\n", []string{"a"}, "1 answer", nil},
		{"a first line that is too long", "POST /" + strings.Repeat("x", message.MaxLine) + " HTTP/1.1\nHost: x\n\nb\n" + post("a"),
			[]string{fmt.Sprintf("error: bytes 1 to %d contain a request or a signature in a form that hookctl cannot read", message.MaxLine+27), "a"}, "", nil},
		{"a method at the end of a line", "use GET\n" + post("a"), []string{"a"}, "", []string{"-: bytes 1 to 8 belong to no request, and were ignored"}},
		{"a method and a word", "use GET or\n" + post("a"), []string{"a"}, "", []string{"-: bytes 1 to 11 belong to no request, and were ignored"}},
		{"a method, a word and a version", "| GET x HTTP/1.1 |\n" + post("a"), []string{"error: bytes 1 to 19 contain a request or a signature in a form that hookctl cannot read", "a"}, "", nil},
		{"progress of curl", "  0     0    0     0\n" + post("a"), []string{"a"}, "1 line", nil},
		{"a folded head without its first line", "Host: x\nA: b\n c\nContent-Length: 1\n\nb", []string{"b"}, "", nil},
		{"nothing", "\n\n", []string{"error: it contains no request"}, "", nil},
		{"tools alone", "Listening on 0.0.0.0 80\n", []string{"error: it contains no request"}, "1 line", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, text := range []string{c.text, strings.ReplaceAll(c.text, "\n", "\r\n")} {
				counted := c.notes != nil || strings.Contains(strings.Join(c.rows, ""), "\n") || strings.Contains(strings.Join(c.rows, ""), "bytes ") ||
					strings.HasPrefix(c.name, "an answer whose length") || c.name == "an answer with an echo"
				if text != c.text && counted {
					continue
				}
				rows, passed, notes := readDump(t, text, names)
				check(t, "rows", c.rows, rows)
				check(t, "passed over", c.passed, passed)
				check(t, "notes", c.notes, notes)
			}
		})
	}
}

// readDump returns the bodies, what is passed over in short, and the notes.
func readDump(t *testing.T, text string, names []string) (rows []string, passed string, notes []string) {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, Options{Format: "http", Stdin: strings.NewReader(text), SignatureHeaders: names})
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for b := range batches {
		if b.Note != "" {
			notes = append(notes, b.Note)
		}
		if b.Note == "" && b.Passed.N == 0 && b.Decode == nil {
			t.Error("a batch of nothing")
		}
		if b.Passed.N > 0 {
			parts = append(parts, strings.NewReplacer(recorded.Probes(1).One, "probe", recorded.Probes(2).Many, "probes",
				"separator or message of a tool", "line", "separators and messages of tools", "lines").Replace(b.Passed.String()))
		}
		for r, err := range b.Each() {
			row := string(r.Body)
			if err != nil {
				row = "error: " + err.Error()
			}
			rows = append(rows, row)
		}
	}
	return rows, strings.Join(parts, ", "), notes
}

// A signature that is not among the headers is told of, with its place.
func TestSignatureElsewhere(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		"POST / HTTP/1.1\nContent-Length: 75\n\n--- sha256=" + digest:                                                                      "in the body, at its byte 12:",
		"POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\na\n0\nX-Wunder-Signature: " + digest + "\n\n":                                   "in the trailer after the last chunk, at its byte 21:",
		"POST / HTTP/1.1\nContent-Length: 1\n\naHTTP/1.1 200 OK\nx_wunder_signature: " + digest + "\n\n":                                   "in the answer, at byte 73 ",
		"POST / HTTP/1.1\nContent-Length: 1\nX-Wunder-Signature: x\n\naHTTP/1.1 200 OK\nX-Wunder-Signature: " + digest + "\n\n":            "",
		"POST / HTTP/1.1\nContent-Length: 1\n\na":                                                                                          "",
		"POST / HTTP/1.1\nContent-Length: 64\n\n" + digest:                                                                                 "",
		"POST / HTTP/1.1\nX-Wunder-Signature: sha256=" + digest + "\nContent-Length: 71\n\nsha256=" + digest:                               "",
		"POST / HTTP/1.1\nX-Other: " + digest + "\nContent-Length: 71\n\nsha256=" + digest:                                                 "",
		"POST / HTTP/1.1\nContent-Length: 150\n\n\"X-Wunder-Signature\": \"" + strings.Repeat(" ", 64-4) + digest + strings.Repeat(".", 4): "in the body, at its byte 84:",
		"POST / HTTP/1.1\nContent-Length: 151\n\n\"X-Wunder-Signature\": \"" + strings.Repeat(" ", 65-4) + digest + strings.Repeat(".", 4): "",
		"POST / HTTP/1.1\nContent-Length: 89\n\n" + `{"v":"` + digest + `",X-Wunder-Signature`:                                             "in the body, at its byte 7:",
		"POST / HTTP/1.1\nContent-Length: 70\n\nsha256=" + digest[1:]:                                                                      "",
		"POST / HTTP/1.1\nContent-Length: 72\n\nSHA256=" + strings.ToUpper(digest) + "!":                                                   "in the body, at its byte 8:",
	} {
		batches, err := Read(t.Context(), []string{"-"}, Options{Format: "http", Stdin: strings.NewReader(text), SignatureHeaders: []string{"X-Hook-Signature", "X-Wunder-Signature"}})
		if err != nil {
			t.Fatal(err)
		}
		for b := range batches {
			for r, err := range b.Each() {
				if err != nil || (r.Elsewhere == "") != (want == "") || !strings.Contains(r.Elsewhere, want) {
					t.Errorf("%q: %q, want %q, %v", text, r.Elsewhere, want, err)
				}
			}
		}
	}
}

// Where a first line begins in a line: behind other text it needs a method that
// is known, and a target.
func TestFirstLines(t *testing.T) {
	for line, want := range map[string]int{
		"POST / HTTP/1.1": 0, "POST / HTTP/1.0": 0, "POST / HTTP/2": 0, "POST / HTTP/9.9": 0, "POST / HTTP/0.0": 0, "PURGE / HTTP/1.1": 0,
		"HTTP/1.1 200": 0, "HTTP/1.1 200 ": 0, "HTTP/2 100 x": 0, "> POST / HTTP/1.1": 0, "< HTTP/1.1 200 OK": 0,
		"{}POST / HTTP/1.1": 2, "{}> POST / HTTP/1.1": 2, "{}HTTP/1.1 200 OK": 2, "{}< HTTP/1.1 200 OK": 2, ">HTTP/1.1 200 OK": 1, "a POST / HTTP/1.1 ": 2,

		"": -1, "POST /": -1, "POST / HTTP/": -1, "POST / HTTP/x": -1, "POST / HTTP/:": -1, "POST / HTTP/1.": -1, "POST / HTTP/1.:": -1, "POST / HTTP/1.1.": -1, "POST / HTTP/1.1 x": -1,
		"a PURGE / HTTP/1.1": -1, "POST  HTTP/1.1": -1, "a POST  HTTP/1.1": -1, "/x HTTP/1.1": -1, " /x HTTP/1.1": -1, "see / HTTP/1.1": -1, "a post / HTTP/1.1": -1,
		"HTTP/1.1": -1, "HTTP/1.1 ": -1, "HTTP/1.1 20": -1, "HTTP/1.1 2000": -1, "HTTP/1.1 099 x": -1, "HTTP/1.1-200": -1, "HTTP/1.1 2x0": -1,
	} {
		if at := message.MessageIn(line); at != want {
			t.Errorf("%q: at %d, want %d", line, at, want)
		}
	}
}

// A signature is found wherever it begins, and once, with the names of headers in
// any case and spelling.
func TestSignaturesIn(t *testing.T) {
	const digest = "0123456789abcdefABCDEF09afAF0123456789abcdefABCDEF0123456789abcd"
	names := []string{"X-AZ-Signature"}
	find := func(text string) (at []int) {
		recorded.SignaturesIn([]byte(text), names, func(s recorded.Seen) bool {
			if s.Digest != strings.ToLower(digest) {
				t.Errorf("%q: %s", text, s.Digest)
			}
			at = append(at, s.At)
			return true
		})
		return at
	}
	for before := range 200 {
		for _, after := range []string{"", "x", strings.Repeat("x", before), "a-0"} {
			text := strings.Repeat("-", before) + "sha256="
			check(t, text+after, []int{len(text)}, find(text+digest+strings.TrimPrefix(after, "a")))
		}
	}
	far := strings.Repeat(" ", recorded.NearName)
	for text, want := range map[string][]int{
		digest: nil, "sha256=" + digest[1:]: nil, digest + "x-az-signature": {0}, "X_AZ_SIGNATURE:" + digest: {15},
		digest + far + "X-AZ-Signature": {0}, digest + far + " X-AZ-Signature": nil,
		"X-AZ-Signature" + far + digest: {14 + recorded.NearName}, "X-AZ-Signature " + far + digest: nil,
		digest + "X-Bz-Signature": nil, digest + "X-AZ-Signatur": nil, digest + " @ X-`z-Signature": nil, digest + " X-A[-Signature": nil,
		"sha256=" + digest + " sha256=" + digest: {7, 79},
	} {
		check(t, text, want, find(text))
	}
}

// A head takes about as much memory, and time, as it is long, however long its
// lines are and however many.
func TestHostileHeads(t *testing.T) {
	const n = 3000
	digest := strings.Repeat("ab", 32) + " "
	for name, head := range map[string]string{
		"folded lines":              "A: b\r\n" + strings.Repeat(" "+strings.Repeat("c", 100)+"\r\n", n),
		"folded lines of nothing":   "A: b\r\n" + strings.Repeat(" \t\r\n", n),
		"folded behind a pseudo":    "A: b\r\n" + strings.Repeat(":path: /\r\n c\r\n", n),
		"digests with a long name":  strings.Repeat("a", 100*n) + ": " + strings.Repeat(digest, n) + "\r\n",
		"digests in many fields":    strings.Repeat("a: "+digest+"\r\n", n),
		"digests after a long name": strings.Repeat("a", 100*n) + ":\r\n" + strings.Repeat(" "+digest+"\r\n", n),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		all := parse(t, "http", "POST / HTTP/1.1\r\n"+head+"\r\nbody")
		runtime.ReadMemStats(&after)
		if most := uint64(100*len(head) + 1<<20); len(all) != 1 || all[0].Err != "" || after.TotalAlloc-before.TotalAlloc > most {
			t.Errorf("%s: %d bytes took %d; %d deliveries", name, len(head), after.TotalAlloc-before.TotalAlloc, len(all))
		}
	}
}

// TestLengthNote: a body that is shorter than its length, and whole, is not cut off.
func TestLengthNote(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{`{"a":1}`: "rewritten it", `{"a":`: "cut off", "": "cut off"} {
		rows := commandRows(t, "http", "POST / HTTP/1.1\nHost: x\nContent-Length: 12\n\n"+body)
		if len(rows) != 1 || !strings.Contains(fmt.Sprint(rows[0].Notes), want) {
			t.Errorf("%v, want %q", describe(rows), want)
		}
	}
}
