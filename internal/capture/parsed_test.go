package capture

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
)

// A body that was kept as JSON and goes on over lines is written again, whatever
// format the document is in; what stands there is another reading.
func TestLaidOutBody(t *testing.T) {
	t.Parallel()
	const want = `{"b":[1.50,{},[],"a \" b\\"],"a":{"é":"A\n  "},"n":-1E+2}`
	const signed = `"X-Wunder-Signature": "` + "sha256=%064d" + `"`
	for _, end := range []string{"\n", "\r\n"} {
		laid := "{\n  \"b\": [\n\t1.50,\n\t{},\n\t[\n\t],\n\t\"a \\\" b\\\\\"\n  ],\n  \"a\" : { \"é\": \"A\\n  \" },\n  \"n\": -1E+2\n}"
		laid = strings.ReplaceAll(laid, "\n", end)
		for format, text := range map[string]string{
			"json":             `{"request": {"headers": {` + signed + `}, "body": ` + laid + `}}`,
			"json, a record":   `{"headers": {"A": "b"}, "body": ` + laid + `}`,
			"json, a list":     `[{"headers": {` + signed + `}, "payload": ` + laid + `}]`,
			"lambda":           `{"headers": {` + signed + `}, "requestContext": {}, "httpMethod": "POST", "body": ` + laid + `}`,
			"log":              "x\nINFO {\n  \"headers\": {" + signed + "},\n  \"body\": " + laid + "\n}\n",
			"json, below body": `{"headers": {` + signed + `}, "request": {"method": "POST", "body": ` + laid + `}}`,
		} {
			format, _, _ = strings.Cut(format, ",")
			if strings.Contains(text, "%064d") {
				text = fmt.Sprintf(text, 7)
			}
			all, others := bodiesOf(t, format, text)
			if !slices.Equal(all, []string{want}) || len(others) != 1 {
				t.Errorf("%s: %q, %q", text, all, others)
			} else if format != "log" && others[0] != laid {
				t.Errorf("%s: beside it %q", text, others)
			}
		}
	}
	// What stands on one line stays as it is.
	if all, others := bodiesOf(t, "json", `{"headers": {"A": "b"},`+"\n"+`"body": {"a": [ 1 ] }}`); !slices.Equal(all, []string{`{"a": [ 1 ] }`}) || len(others) > 0 {
		t.Errorf("%q, %q", all, others)
	}
	// A large one is written over itself.
	list := strings.Repeat(" \"a b\",\n", recorded.LargeBody/4)
	all, others := bodiesOf(t, "json", `{"headers": {"A": "b"}, "body": [`+list+`{"x": 1}]}`)
	if len(all) != 1 || all[0] != "["+strings.Repeat(`"a b",`, recorded.LargeBody/4)+`{"x":1}]` || len(others) > 0 {
		t.Errorf("%d", len(all))
	}
}

// bodiesOf are the bodies in a text, and what stands beside them.
func bodiesOf(t *testing.T, format, text string) (all, others []string) {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, Options{Format: format, Stdin: strings.NewReader(text), SignatureHeaders: walkNames})
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches {
		for r, err := range b.Each() {
			if err != nil {
				all = append(all, "error: "+err.Error())
				continue
			}
			all = append(all, string(r.Body))
			for _, o := range r.Others {
				others = append(others, string(o))
			}
		}
	}
	return all, others
}

// Base64 that a tool is known to write, and nothing marks, is decoded; what stands
// there is another reading. In a record it stays what it is.
func TestCustomaryBase64(t *testing.T) {
	t.Parallel()
	const body, digest = `{"id":"ev1"}`, `"X-Wunder-Signature":"sha256=0000000000000000000000000000000000000000000000000000000000000007"`
	b64 := base64.StdEncoding.EncodeToString([]byte(body))
	places := "{"
	for i, c := range []byte(body) {
		places += fmt.Sprintf(`"%d":%d,`, i, c)
	}
	places = strings.TrimRight(places, ",") + "}"
	for _, c := range []struct{ name, text, body, other string }{
		{"OpenWhisk", `{"__ow_headers":{` + digest + `},"__ow_body":` + quote(b64) + `}`, body, b64},
		{"OpenWhisk, text", `{"__ow_headers":{` + digest + `},"__ow_body":"aGVsbG8h"}`, "aGVsbG8h", ""},
		{"OpenWhisk, JSON", `{"__ow_headers":{` + digest + `},"__ow_body":` + quote(body) + `}`, body, ""},
		{"Go", `{"header":{"X-Wunder-Signature":["sha256=` + strings.Repeat("0", 64) + `"]},"body":` + quote(b64) + `}`, body, b64},
		{"Go, a text", `{"header":{"X-Wunder-Signature":["` + signatureOf(1) + `"]},"body":"test"}`, "test", ""},
		{"Go, of a text", `{"header":{"X-Wunder-Signature":["` + signatureOf(1) + `"]},"body":"Wm/DqyDinJM="}`, "Zoë ✓", "Wm/DqyDinJM="},
		{"svix", `{"iterator":"x","data":[{"id":"1","ip":"1.2.3.4","method":"POST","body":` + quote(b64) + `,"headers":{` + digest + `},"response":{"status_code":204,"headers":{}}}]}`, body, b64},
		{"a record", `{"headers":{` + digest + `},"body":` + quote(b64) + `}`, b64, ""},
		{"a record with an answer", `{"method":"POST","headers":{` + digest + `},"body":` + quote(b64) + `,"response":{"status_code":204}}`, b64, ""},
		{"an event", `{"headers":{` + digest + `},"isBase64Encoded":false,"body":` + quote(b64) + `}`, b64, ""},
		{"bytes by their places", `{"headers":{` + digest + `},"body":` + places + `}`, body, places},
		{"an object of numbers", `{"headers":{` + digest + `},"body":{"0":1,"1":2}}`, `{"0":1,"1":2}`, ""},
		{"Hoverfly", `{"headers":{` + digest + `},"body":[{"matcher":"exact","value":` + quote(body) + `}]}`, body, `[{"matcher":"exact","value":` + quote(body) + `}]`},
		{"Elastic", `{"headers":{` + digest + `},"body":{"content":` + quote(body) + `,"bytes":12}}`, body, `{"content":` + quote(body) + `,"bytes":12}`},
		{"a payload with content", `{"headers":{` + digest + `},"body":{"content":"hello"}}`, `{"content":"hello"}`, ""},
		{"Zapier", `{"raw_body":` + quote(body) + `,"querystring":"","headers__Http_Host":"x","headers__Http_X_Wunder_Signature":"` + signatureOf(1) + `"}`, body, ""},
		{"VCR", `{"headers":{` + digest + `},"body":{"encoding":"UTF-8","string":` + quote(body) + `}}`, body, ""},
		{"VCR, bytes", `{"headers":{` + digest + `},"body":{"encoding":"ASCII-8BIT","base64_string":` + quote(b64) + `}}`, body, ""},
	} {
		all, others := bodiesOf(t, "json", c.text)
		if !slices.Equal(all, []string{c.body}) || strings.Join(others, "\n") != c.other {
			t.Errorf("%s: %q, beside it %q", c.name, all, others)
		}
	}
}

// Answers that a collection keeps are passed over, with the requests in them, and
// counted; a list of deliveries is no list of answers, whatever its name.
func TestListedAnswers(t *testing.T) {
	t.Parallel()
	request := func(n int) string {
		return `{"method":"POST","header":[{"key":"X-Wunder-Signature","value":"` + signatureOf(n) + `"}],"body":{"mode":"raw","raw":"{}"}}`
	}
	answer := `{"name":"a","status":"OK","code":200,"header":[{"key":"A","value":"b"}],"body":"ok","originalRequest":` + request(1) + `}`
	for _, c := range []struct {
		text   string
		rows   []string
		passed Passed
	}{
		{`{"item":[{"request":` + request(1) + `,"response":[` + answer + `,` + answer + `]},{"request":` + request(2) + `,"response":[]},{"request":` + request(3) + `,"response":[` + answer + `]}]}`,
			[]string{".item[0].request {}", ".item[1].request {}", ".item[2].request {}"}, Passed{N: 3, One: "answer", Many: "answers"}},
		{`{"item":[{"request":` + request(1) + `},{"name":"x","response":[` + answer + `]}]}`,
			[]string{".item[0].request {}"}, Passed{N: 2, One: walk.EntryWithout, Many: walk.EntriesWithout}},
		{`{"responses":[` + request(1) + `,` + request(2) + `]}`, []string{".responses[0] {}", ".responses[1] {}"}, Passed{}},
		{`{"responses":[{"headers":{"X-Wunder-Signature":"` + signatureOf(1) + `"},"body":"b"}]}`, []string{".responses[0] b"}, Passed{}},
		{`{"responses":[{"status":200,"request":` + request(1) + `}]}`, []string{".responses[0].request {}"}, Passed{}},
	} {
		check(t, c.text, c.rows, walked(t, c.text))
		var passed Passed
		walk.DeliveriesIn([]byte(c.text), walkNames, func(_ string, r *Request, _ error) bool {
			if r.Passed.N > 0 {
				passed = r.Passed
			}
			return true
		})
		check(t, c.text, c.passed, passed)
	}
}

// A signature that the walker passes in a document comes with the command that makes
// records of what is around it.
func TestUnreadSignatureInDocument(t *testing.T) {
	t.Parallel()
	signed := `{"headers":{"X-Wunder-Signature":"` + signatureOf(1) + `"},"body":"b"}`
	odd := `{"sig":"` + signatureOf(2) + `","raw_event":"{\"id\":\"ev1\"}"}`
	for text, want := range map[string]string{
		`{"a":[` + signed + `,` + odd + `]}`:   `jq -j '.a[1].raw_event'`,
		`{"a":` + signed + `,"b":` + odd + `}`: `jq -j '.b.raw_event'`,
		`{"a":[` + signed + `,{"meta":{"X-Wunder-Signature":["` + signatureOf(2) + `"]},"what":"{\"id\":1}"}]}`: `jq -c '.a[] | select(.meta != null) | {headers: .meta, body: .what}'`,
		`{"a":[` + signed + `,{"s":"` + signatureOf(2) + `"}]}`:                                                 "",
	} {
		for doc, before := range map[string]string{"{\n" + text[1:]: "jq", "{}\n" + text: "sed -n 2p < FILE | jq"} {
			found, rows := unreadLayouts(t, []byte(doc))
			before += strings.TrimPrefix(want, "jq")
			if rows < 2 || len(found) != 1 || !strings.Contains(found[0].Suggestion, before) && want != "" || want == "" && found[0].Suggestion != "" {
				t.Errorf("%s: %d rows, %+v", doc, rows, found)
			}
		}
	}
}
