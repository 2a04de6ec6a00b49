package capture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/norace"
)

const exportedBody = `{"id":"ev1","event_type":"contact.created","data":{"name":"Zoë","amount":200.00}}`

var exportedSignature = "sha256=" + strings.Repeat("ab", 32)

// The fixtures are made by hand after the formats' public descriptions. Each is
// recognised by its content: read as standard input it has no name.
func TestExports(t *testing.T) {
	sent := Header{{Name: "Host", Value: "example.com"}, {Name: "Content-Type", Value: "application/json"}, {Name: "X-Wunder-Signature", Value: exportedSignature}}
	har := func(n int, body string, notes ...string) got {
		return got{Source: fmt.Sprintf("-#%d", n), ReceivedAt: "2026-05-17T14:30:01.123Z", Method: "POST", URL: "https://example.com/hook",
			Header: sent, Body: body, Inexact: len(notes) > 0, Notes: notes}
	}
	const at = "2026-05-17T14:30:01.123Z"
	rest := got{Source: "-#1", ReceivedAt: at, Method: "POST", URL: "/hook?k=v", Body: exportedBody, Inexact: true, Notes: []string{walk.NoteBodyString},
		Header: Header{{Name: "Content-Type", Value: "application/json"}, {Name: "X-Wunder-Signature", Value: exportedSignature}, {Name: "X-Two", Value: "a"}, {Name: "X-Two", Value: "b"}}}
	low := Header{{Name: "content-type", Value: "application/json"}, {Name: "x-wunder-signature", Value: exportedSignature}}
	gateway := got{Source: "-#1", ReceivedAt: at, Method: "POST", URL: "/hook?k=v", Header: low, Body: exportedBody}
	balancer := got{Source: "-#3", Method: "POST", URL: "/hook", Header: low, Body: exportedBody}
	numbered := func(g got, n int) got { g.Source = fmt.Sprintf("-#%d", n); return g }
	empty := numbered(rest, 3)
	empty.Body, empty.Inexact, empty.Notes = "", false, nil
	tunnel := got{Source: "-#1", ReceivedAt: "2026-05-17T14:30:01Z", Method: "POST", URL: "/hook", Body: exportedBody,
		Header: Header{{Name: "Host", Value: "abc.ngrok.app"}, {Name: "Content-Length", Value: fmt.Sprint(len(exportedBody))}, {Name: "X-Wunder-Signature", Value: exportedSignature}}}
	short := numbered(tunnel, 2)
	short.Body = exportedBody[:len(exportedBody)-30]
	short.Notes = []string{fmt.Sprintf("the body has %d bytes, but Content-Length says %d: the dump is cut off", len(short.Body), len(exportedBody))}
	alone := numbered(tunnel, 3)
	alone.Header = tunnel.Header[1:]
	site := got{Source: "-#1", ReceivedAt: "2026-05-17T14:30:01Z", Method: "POST", URL: "https://webhook.site/00000000-0000-0000-0000-000000000000",
		Header: low, Body: exportedBody, Inexact: true, Notes: []string{walk.NoteBodyString}}
	archive := []got{
		har(2, exportedBody, walk.NoteBodyString), har(3, exportedBody),
		har(4, "payload=%7B%22a%22%3A+1%7D&n=x+y", walk.NoteBodyForm),
		{Source: "-#5", Err: "the archive has the fields of a multipart form, but not its body"},
		har(6, ""),
		har(7, exportedBody[:20], walk.NoteBodyString, fmt.Sprintf("the archive says that the body had %d bytes, but its text has 20", len(exportedBody))),
	}
	passed := recorded.Probes(2).String()

	for _, c := range []struct {
		file, format string
		want         []got
		passed       string
	}{
		{"requests.har", "har", archive, passed},
		{"requests.har.gz", "har", archive, passed},
		{"rest.json", "lambda", []got{rest}, ""},
		{"http.json", "lambda", []got{gateway}, ""},
		{"events.json", "lambda", []got{rest, numbered(balancer, 2), empty}, ""},
		{"events.ndjson", "lambda", []got{rest, numbered(gateway, 2), balancer, {Source: "-#4", Method: "POST", URL: "/hook", Inexact: true, Notes: []string{walk.NoteBodyString},
			Header: Header{{Name: "x-wunder-signature", Value: exportedSignature}, {Name: "x-wunder-signature", Value: exportedSignature}}}}, ""},
		{"ngrok.json", "ngrok", []got{tunnel, short, alone, {Source: "-#4", Err: `the request has no "raw": the agent does not keep it any more`}}, ""},
		{"ngrok-one.json", "ngrok", []got{tunnel}, ""},
		{"webhook-site.json", "webhook.site", []got{site}, "1 entry that is not a web request"},
		{"webhook-site-list.json", "webhook.site", []got{site, numbered(site, 2)}, ""},
		{"webhook-site-one.json", "webhook.site", []got{site}, ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "exports", c.file))
			if err != nil {
				t.Fatal(err)
			}
			for _, format := range []string{"", c.format} {
				all, notes := readAll(t, Options{Format: format, Stdin: bytes.NewReader(data)}, "-")
				check(t, "deliveries, format "+format, c.want, all)
				check(t, "notes", []string(nil), notes)
				check(t, "passed over", c.passed, passedOver(t, Options{Format: format, Stdin: bytes.NewReader(data), SignatureHeaders: []string{"X-Wunder-Signature"}}))
			}
			if strings.HasSuffix(c.file, ".gz") {
				return
			}
			if f := detect(data, false); f.Name != c.format {
				t.Errorf("detected as %s", f.Name)
			}
			// One long line, of which only the beginning has been read.
			line := bytes.Join(bytes.Fields(data), nil)
			if f := detect(line[:len(line)*2/3], true); f.Name != c.format {
				t.Errorf("the beginning of a line is detected as %s", f.Name)
			}
		})
	}
}

// passedOver is what standard input holds beside deliveries.
func passedOver(t *testing.T, o Options) string {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, o)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for b := range batches {
		if b.Passed.N > 0 {
			parts = append(parts, b.Passed.String())
		}
	}
	return strings.Join(parts, ", ")
}

// A request of an archive that carries a signature is a delivery, whatever its
// method, and so is one of a method that no probe has.
func TestArchiveOfOddRequests(t *testing.T) {
	const entry = `{"request":{"method":%q,"url":"/","headers":[{"name":%q,"value":"x"}]}}`
	entries := []string{
		fmt.Sprintf(entry, "GET", "X-Wunder-Signature"), fmt.Sprintf(entry, "HEAD", "X-Other"), fmt.Sprintf(entry, "PROPFIND", "X-Other"), fmt.Sprintf(entry, "DELETE", "X-Other"),
	}
	text := `{"log":{"entries":[` + strings.Join(entries, ",") + `]}}`
	all, _ := readAll(t, Options{Stdin: strings.NewReader(text), SignatureHeaders: []string{"X-Wunder-Signature"}}, "-")
	var methods []string
	for _, g := range all {
		methods = append(methods, g.Source+" "+g.Method)
	}
	check(t, "rows", []string{"-#1 GET", "-#3 PROPFIND", "-#4 DELETE"}, methods)
}

// What resembles an export and is a payload or a record stays one.
func TestNoExports(t *testing.T) {
	for text, want := range map[string]string{
		`{"log":"text","entries":[]}`:                                          "raw",
		`{"log":{"level":"info"}}`:                                             "raw",
		`{"data":[{"uuid":"x"}],"total":1}`:                                    "raw",
		`{"data":{"id":"1"},"id":"2","event_type":"t"}`:                        "raw",
		`{"requests":[{"id":1}]}`:                                              "raw",
		`{"request":{"method":"POST"}}`:                                        "raw",
		`{"headers":{"A":"b"},"body":"x"}`:                                     "ndjson",
		`{"headers":{"A":"b"},"body":"x","requestContext":{}}`:                 "ndjson",
		`{"body":"x","isBase64Encoded":false}`:                                 "raw",
		"[\n{\"headers\":{\"A\":\"b\"},\"body\":\"x\"}\n]":                     "json",
		`{"headers":{"A":"b"},"body_base64":"e30=","url":"/","method":"POST"}`: "ndjson",
		`[]`:                                "raw",
		`{"uuid":"a","token_id":"b","x":1}`: "raw",
		`{"headers":{},"body":"e30=","isBase64Encoded":true}`:                      "lambda",
		`{"uri":"/api/requests/http","requests":[]}`:                               "ngrok",
		`{"data":[],"total":0,"per_page":50,"current_page":1,"is_last_page":true}`: "webhook.site",
	} {
		if got := detect([]byte(text), false).Name; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A name that people type for what request bins write.
func TestRequestBin(t *testing.T) {
	check(t, "requestbin", []got{{Header: Header{{Name: "A", Value: "b"}}, Body: "{}"}}, parse(t, "requestbin", `{"headers":{"A":"b"},"body_base64":"e30="}`))
}

// An event of a function among other records keeps its exact body.
func TestBase64MarkInRecord(t *testing.T) {
	for _, format := range []string{"ndjson", "json"} {
		all := parse(t, format, `{"headers":{"A":"b"},"body":"e30=","isBase64Encoded":true}`)
		if len(all) != 1 || all[0].Body != "{}" || all[0].Inexact {
			t.Errorf("%s: %+v", format, all)
		}
		all = parse(t, format, `{"headers":{"A":"b"},"body":"e","isBase64Encoded":true}`)
		if len(all) != 1 || all[0].Err == "" {
			t.Errorf("%s: %+v", format, all)
		}
	}
}

// What Fiddler and Firefox write for a request without a body is none; an empty
// body of another request is one.
func TestHAREmptyBody(t *testing.T) {
	for _, c := range []struct {
		method, post string
		rows         int
	}{
		{"GET", `{}`, 0},
		{"GET", `{"mimeType":"","text":""}`, 0},
		{"GET", `{"mimeType":"application/x-www-form-urlencoded","params":[],"text":""}`, 0},
		{"HEAD", `{"params":[ ]}`, 0},
		{"OPTIONS", `{"text":null,"params":null}`, 0},
		{"GET", `null`, 0},
		{"GET", `{"text":" "}`, 1},
		{"GET", `{"text":"","params":[{"name":"a","value":"b"}]}`, 1},
		{"POST", `{"mimeType":"","text":""}`, 1},
		{"POST", `{"params":[]}`, 1},
	} {
		text := fmt.Sprintf(`{"log":{"creator":{},"entries":[{"request":{"method":%q,"headers":[],"postData":%s}}]}}`, c.method, c.post)
		if all := parse(t, "", text); len(all) != c.rows {
			t.Errorf("%s %s: %+v", c.method, c.post, all)
		}
	}
}

// Whatever a tool calls it: HAR has no "encoding" for the body of a request.
func TestHARBase64(t *testing.T) {
	for _, member := range []string{"encoding", "_encoding"} {
		all := parse(t, "", `{"log":{"entries":[{"request":{"method":"POST","postData":{"text":"/w==","`+member+`":"base64"}}}]}}`)
		check(t, member, []got{{Source: "#1", Method: "POST", Body: "\xff"}}, all)
	}
}

// Each header of an event counts, in whichever of the two members it is. Where
// both have it the lists do, unless there is nothing in them.
func TestEventHeaders(t *testing.T) {
	for members, want := range map[string]Header{
		`"multiValueHeaders":{"A":["1","2"]},"headers":{"A":"2","B":"3"}`:                    {{Name: "A", Value: "1"}, {Name: "A", Value: "2"}, {Name: "B", Value: "3"}},
		`"headers":{"x-two":"3","a":"2"},"multiValueHeaders":{"A":["1"]}`:                    {{Name: "A", Value: "1"}, {Name: "x-two", Value: "3"}},
		`"multiValueHeaders":{"A":[],"B":null,"C":[""]},"headers":{"a":"1","b":"2","c":"3"}`: {{Name: "C", Value: ""}, {Name: "a", Value: "1"}, {Name: "b", Value: "2"}, {Name: "c", Value: "3"}},
		`"multiValueHeaders":{},"headers":{"A":"1"}`:                                         {{Name: "A", Value: "1"}},
		`"multiValueHeaders":null,"headers":{"A":"1"}`:                                       {{Name: "A", Value: "1"}},
		`"multiValueHeaders":"","headers":{"A":"1"}`:                                         {{Name: "A", Value: "1"}},
		`"multiValueHeaders":{"A":["1"]},"headers":null`:                                     {{Name: "A", Value: "1"}},
		`"multiValueHeaders":{"A":["1"]}`:                                                    {{Name: "A", Value: "1"}},
		`"multiValueHeaders":{"K":["1"]},"headers":{"\u212a":"2"}`:                           {{Name: "K", Value: "1"}, {Name: "\u212a", Value: "2"}},
	} {
		all := parse(t, "lambda", `{`+members+`,"body":"e30=","isBase64Encoded":true}`)
		check(t, members, []got{{Source: "#1", Header: want, Body: "{}"}}, all)
	}
}

// A torn line takes no other event with it.
func TestTornLineAmongEvents(t *testing.T) {
	event := func(body string) string {
		return `{"version":"2.0","headers":{"a":"b"},"body":"` + base64.StdEncoding.EncodeToString([]byte(body)) + `","isBase64Encoded":true}` + "\n"
	}
	whole := func(n int, body string) got {
		source := fmt.Sprintf("#%d", n)
		return got{Source: source, Header: Header{{Name: "a", Value: "b"}}, Body: body}
	}
	torn := func(n int) got { return got{Source: fmt.Sprintf("#%d", n), Err: "torn"} }
	long := strings.Repeat("x", 3*recorded.HeadStep)
	for name, c := range map[string]struct {
		text string
		want []got
	}{
		"in a string":     {event("1") + event("2")[:20] + "\n" + event("3"), []got{whole(1, "1"), torn(2), whole(3, "3")}},
		"before a value":  {event("1") + `{"headers":` + "\n" + event("3"), []got{whole(1, "1"), torn(2), whole(3, "3")}},
		"no JSON":         {event("1") + "\nSTART RequestId\r\n\n" + event("3") + event(long), []got{whole(1, "1"), torn(2), whole(3, "3"), whole(4, long)}},
		"several":         {event("1") + "x\n" + event(long) + event(long)[:9] + "\n" + event("5"), []got{whole(1, "1"), torn(2), whole(3, long), torn(4), whole(5, "5")}},
		"the last":        {event("1") + event(long)[:recorded.HeadStep], []got{whole(1, "1"), torn(2)}},
		"the last but a":  {event("1") + "x\n" + strings.TrimSpace(event("3")), []got{whole(1, "1"), torn(2), whole(3, "3")}},
		"inside an array": {"[" + strings.TrimSpace(event("1")) + ",\n{]\n" + event("3"), []got{whole(1, "1"), torn(2)}},
		"laid out":        {event("1") + "{\n\"headers\": {},,\n\"body\": \"\"\n}\n", []got{whole(1, "1"), torn(2)}},
	} {
		have := parse(t, "", c.text)
		for i := range have {
			if have[i].Err != "" {
				have[i].Err = "torn"
			}
		}
		check(t, name, c.want, have)
	}
}

func TestBrokenExports(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"har", `{"log":{"entries":[{"request":{"method":"POST","postData":{"text":5,"encoding":"base64"}}}]}}`, `"text" is not a string`},
		{"har", `{"log":{"entries":[{}]}}`, `no "request"`},
		{"har", `{"log":{"entries":[{"request":{"headers":7}}]}}`, "headers"},
		{"har", `{"log":{"entries":[{"request":{"postData":{"text":"*","encoding":"base64"}}}]}}`, "base64"},
		{"har", `{"log":{"entries":[{"request":{"postData":{"params":[1]}}}]}}`, "params"},
		{"har", `{"log":{"entries":[{"request":{"method":"POST","headers":[],"bodySize":9}}]}}`, "9 bytes, but does not contain it"},
		{"har", `{"log":{"entries":[1]}}`, "not a JSON object"},
		{"har", `{"log":{"entries":[{"request`, "not JSON"},
		{"har", `{"log":{"entries":5,"creator":{}}}`, "not an array"},
		{"har", `{"log":{"creator":{}}}`, `no "entries"`},
		{"har", `{"log":{"creator":{"a":[[`, "not JSON"},
		{"lambda", `{"headers":null,"isBase64Encoded":true}`, "not a request"},
		{"lambda", `{"headers":{},"body":7,"isBase64Encoded":true}`, "not a string"},
		{"lambda", `{"headers":5}`, "headers"},
		{"lambda", `[{"headers":{}`, "not JSON"},
		{"ngrok", `{}`, `no "request"`},
		{"ngrok", `{"request":{"raw":"*"}}`, "raw"},
		{"ngrok", `{"request":{"raw":"` + "UE9TVCAvIEhUVFAvMS4xDQo=" + `"}}`, "no blank line after the headers"},
		{"ngrok", `{"request":{"raw":"e30=","headers":9}}`, "headers"},
		{"webhook.site", `{"uuid":"a","token_id":"b","content":"x"}`, `no "headers"`},
		{"webhook.site", `{"headers":3}`, "headers"},
	} {
		all := parse(t, c.format, c.text)
		if len(all) != 1 || !strings.Contains(all[0].Err, c.want) {
			t.Errorf("%s %s: %+v", c.format, c.text, all)
		}
	}
	// A size that is not known is written as -1, or 0, and a time as 0.
	for _, size := range []string{"0", "-1"} {
		for post, body := range map[string]string{"": "", `,"postData":{"text":"e30=","encoding":"base64"}`: "{}"} {
			want := []got{{Source: "#1", Method: "POST", URL: "/h", Body: body}}
			check(t, "bodySize "+size+post, want, parse(t, "har", `{"log":{"creator":{"a":{"b":[1]},"entries":[]},"entries":[{"request":{"method":"POST","url":"/h","bodySize":`+size+post+`}}]}}`))
		}
	}
	// A body that is kept alone has its length checked, where one is said.
	for length, notes := range map[string][]string{
		"": nil, `"Content-Length":["0"]`: {"the body has 2 bytes, but Content-Length says 0"}, `"Content-Length":["2"]`: nil, `"Content-Length":["x"]`: nil,
		`"Content-Length":["9"]`: {"the body has 2 bytes, but Content-Length says 9: its JSON is complete, so a program has rewritten it"},
	} {
		if all := parse(t, "ngrok", `{"request":{"raw":"e30=","headers":{`+length+`}}}`); len(all) != 1 || all[0].Body != "{}" || !slices.Equal(all[0].Notes, notes) {
			t.Errorf("%s: %+v", length, all)
		}
	}
	if all := parse(t, "", `{"request":{"raw":"e30="}}`); len(all) != 1 || all[0].Body != `{"request":{"raw":"e30="}}` {
		t.Errorf("a payload like an export: %+v", all)
	}
	if all := parse(t, "lambda", `{"headers":{},"body":"e30=","isBase64Encoded":true,"requestContext":{"timeEpoch":0}}`); len(all) != 1 || all[0].ReceivedAt != "" || all[0].Body != "{}" {
		t.Errorf("%+v", all)
	}
	// A body that was kept as JSON is marked.
	all := parse(t, "lambda", `{"headers":{},"body":{"a": 1}}`)
	if len(all) != 1 || !all[0].Inexact || all[0].Body != `{"a": 1}` || all[0].Notes[0] != walk.NoteBodyJSON {
		t.Errorf("%+v", all)
	}
}

// An archive far larger than what may be in memory is read entry by entry.
func TestLargeArchive(t *testing.T) {
	norace.Only(t)
	entry := `{"request":{"method":"POST","headers":[],"postData":{"text":"{}"}},"response":{"content":{"text":"` + strings.Repeat("x", 1<<20) + `"}}}`
	const n = 66
	text := `{"log":{"creator":{},"entries":[` + strings.Repeat(entry+",", n-1) + entry + `],"x":{"y":[1,{"z":2}]}}}` + "\n"
	if len(text) < MaxDelivery {
		t.Fatal("too small to show anything")
	}
	count := 0
	batches, err := Read(t.Context(), []string{"-"}, Options{Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches {
		for r, err := range b.Each() {
			if err != nil || string(r.Body) != "{}" {
				t.Fatal(r, err)
			}
			count++
		}
	}
	if count != n {
		t.Errorf("%d entries", count)
	}
}

// seed adds the fixtures of a format, so that fuzzing begins with what is real.
func seed(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "exports", pattern))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// A list that stands twice is not left out in silence: other programs may read
// the second.
func TestListThatStandsTwice(t *testing.T) {
	t.Parallel()
	const entry, other = `{"request":{"method":"POST","headers":[]}}`, `"x":{"entries":[]},"log2":[{"log":1}]`
	entries := `"entries":[` + entry + `]`
	for text, want := range map[string]string{
		`{"log":{` + entries + `,` + entries + `}}`:               `not JSON: "entries" appears twice: the rest was not read`,
		`{"log":{` + entries + `},"x":1,"log":{` + entries + `}}`: `not JSON: "log" appears twice: the rest was not read`,
		`{"log":{` + entries + `},"log":[]}`:                      `not JSON: "log" appears twice: the rest was not read`,
		`{"log":{` + entries + `,"log":1,` + other + `}}`:         "",
		`{` + other + `,"log":{` + entries + `},"entries":[]}`:    "",
		`{"log":{` + entries + `}}{"log":{` + entries + `}}`:      "",
		`{"log":{` + entries + `}`:                                "not JSON: it is cut off",
		`{"log":{` + entries + `,"x":`:                            "not JSON: it is cut off",
	} {
		all := parse(t, "har", text)
		last := all[len(all)-1]
		if len(all) != 2 && (want != "" || len(all) != 1) || all[0].Err != "" || last.Err != want {
			t.Errorf("%s: %+v", text, all)
		}
	}
}

func FuzzHAR(f *testing.F) {
	seed(f, "requests.har")
	f.Fuzz(func(t *testing.T, data []byte) { drain(t, "har", data) })
}

func FuzzLambda(f *testing.F) {
	seed(f, "[ehr]*t*.json")
	f.Fuzz(func(t *testing.T, data []byte) { drain(t, "lambda", data) })
}

func FuzzNgrok(f *testing.F) {
	seed(f, "ngrok*.json")
	f.Fuzz(func(t *testing.T, data []byte) { drain(t, "ngrok", data) })
}

func FuzzWebhookSite(f *testing.F) {
	seed(f, "webhook-site*.json")
	f.Fuzz(func(t *testing.T, data []byte) { drain(t, "webhook.site", data) })
}
