package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/itchyny/gojq"
)

var signedNames = []string{"X-Wunder-Signature", "X-Hook-Signature"}

const aSignature = "sha256=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// toUTF16 is text as PowerShell writes it.
func toUTF16(order binary.AppendByteOrder, text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// unreadLayouts reads text and returns what is said of unknown layouts.
func unreadLayouts(t *testing.T, data []byte) (found []*UnknownLayout, rows int) {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, Options{Stdin: bytes.NewReader(data), SignatureHeaders: signedNames})
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches {
		for _, err := range b.Each() {
			rows++
			var u *UnknownLayout
			if errors.As(err, &u) {
				found = append(found, u)
			}
		}
	}
	return found, rows
}

func TestUnknownLayout(t *testing.T) {
	digits := strings.TrimPrefix(aSignature, "sha256=")
	xxd := ""
	dump := "received a hook at 14:30:01, " + aSignature + ", and its body {}"
	for i := 0; i < len(dump); i += 16 {
		xxd += fmt.Sprintf("%08x: ", i)
		for k := i; k < min(i+16, len(dump)); k += 2 {
			xxd += fmt.Sprintf("%x ", dump[k:min(k+2, len(dump))])
		}
		xxd += " ................\n"
	}
	hexdump := ""
	for i := 0; i < len(dump); i += 16 {
		hexdump += fmt.Sprintf("%08x  ", i)
		for k := i; k < min(i+16, len(dump)); k++ {
			if hexdump += fmt.Sprintf("%02x ", dump[k]); k == i+7 {
				hexdump += " "
			}
		}
		hexdump += " |................|\n"
	}
	for _, c := range []struct{ name, text, where, suggestion string }{
		{"text", "received\nsig=" + aSignature + " body={}\n", "line 2", ""},
		{"a name and digits", "x\ny\nX_HOOK_SIGNATURE is " + digits, "line 3", ""},
		{"a name alone", "x-wunder-signature: none", "", ""},
		{"digits alone", digits, "", ""},
		{"digits of another kind", "sha256=" + digits[:60], "", ""},
		{"a payload", `{"id":1,"hash":"` + digits + `"}`, "", ""},
		{"a document", `{"all":[{"meta":{"n":1}},{"sig":"` + aSignature + `"}]}`, ".all[1].sig", ""},
		{"laid out", "{\n  \"a b\": {\n    \"c\": \"" + aSignature + "\"\n  }\n}\n", `.["a b"].c`, ""},
		{"behind a document", `{"a":1} ` + aSignature, "line 1", ""},
		{"nginx", `{"sig":"` + aSignature + `","b":"{\x22id\x22:1}"}`, ".sig", "escape=json"},
		{"xxd", xxd, "line 3", "xxd -r FILE | hookctl verify -"},
		{"hexdump", hexdump, "line 3", "hexadecimal"},
		{"packets", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00x-wunder-signature: " + aSignature, "byte 40", "Wireshark"},
		{"mitmproxy", "1234:9:websocket;0:~7:version;2:21#18:X-Wunder-Signature,71:" + aSignature + ",]", "line 1", "hardump"},
	} {
		found, rows := unreadLayouts(t, []byte(c.text))
		switch {
		case rows != 1:
			t.Errorf("%s: %d rows", c.name, rows)
		case c.where == "" && len(found) > 0:
			t.Errorf("%s: %s", c.name, found[0].Where)
		case c.where != "" && (len(found) != 1 || found[0].Where != c.where || !strings.Contains(found[0].Suggestion, c.suggestion) || found[0].Assumed == ""):
			t.Errorf("%s: %+v", c.name, found)
		}
	}
	// It is looked for within the first MiB, once, and not where a signature is given.
	far := strings.Repeat("x", recorded.HeadMax) + aSignature
	if found, _ := unreadLayouts(t, []byte(far)); len(found) > 0 {
		t.Error("beyond the first MiB")
	}
	all, _ := readAll(t, Options{Stdin: strings.NewReader(aSignature), EmptyBody: true, SignatureHeaders: signedNames}, "-")
	check(t, "a signature is given", []got{{Source: "-", Body: aSignature}}, all)
	all, _ = readAll(t, Options{Stdin: strings.NewReader(aSignature), Format: "raw", SignatureHeaders: signedNames}, "-")
	check(t, "the format is given", []got{{Source: "-", Body: aSignature}}, all)
}

// The jq line that is suggested makes records that are read.
func TestSuggestedJQ(t *testing.T) {
	command := regexp.MustCompile(`jq -c '(.*)'`)
	body := `{"id":"ev1"}`
	quoted, _ := json.Marshal(body)
	wrap := func(depth int, text string) string {
		for i := range depth {
			text = fmt.Sprintf(`{"level%d":[%s]}`, i, text)
		}
		return text
	}
	delivery := fmt.Sprintf(`{"headers":{"X-Wunder-Signature":%q},"body":%s}`, aSignature, quoted)
	suggested := 0
	for name, text := range map[string]string{
		"deep":               wrap(20, delivery),
		"deep, several":      wrap(20, delivery+","+delivery),
		"odd names":          wrap(1, fmt.Sprintf(`{"in":{"fields":{"x-wunder-signature":%q}},"out":{"what":%s}}`, aSignature, quoted)),
		"the body elsewhere": wrap(20, fmt.Sprintf(`{"a-b":{"headers":{"x-hook-signature":[%q]}},"the body":%s}`, aSignature, quoted)),
		"with another":       wrap(20, delivery+`,{"x":1}`),
	} {
		doc := "{\"first\":1,\n" + text[1:]
		found, rows := unreadLayouts(t, []byte(doc))
		if len(found) == 0 {
			continue // the walker reads it
		}
		m := command.FindStringSubmatch(found[0].Suggestion)
		if rows != 1 || m == nil {
			if name != "odd names" {
				t.Errorf("%s: %d rows, %+v", name, rows, found[0])
			}
			continue
		}
		suggested++
		query, err := gojq.Parse(m[1])
		if err != nil {
			t.Fatalf("%s: %s: %v", name, m[1], err)
		}
		var input any
		if err := json.Unmarshal([]byte(doc), &input); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for it := query.Run(input); ; {
			v, ok := it.Next()
			if !ok {
				break
			}
			if err, failed := v.(error); failed {
				t.Fatalf("%s: %s: %v", name, m[1], err)
			}
			line, _ := json.Marshal(v)
			lines = append(lines, string(line))
		}
		all, _ := readCounted(t, Options{Stdin: strings.NewReader(strings.Join(lines, "\n")), SignatureHeaders: signedNames})
		if len(all) == 0 || len(all) != len(lines) {
			t.Errorf("%s: %s: %d of %d", name, m[1], len(all), len(lines))
		}
		for _, g := range all {
			if g.Err != "" || g.Body != body || len(g.Header) != 1 || g.Header[0].Value != aSignature {
				t.Errorf("%s: %s: %+v", name, m[1], g)
			}
		}
	}
	if suggested < 3 {
		t.Errorf("%d suggestions", suggested)
	}
}

func TestUTF16(t *testing.T) {
	norace.Only(t)
	body := `{"name":"Zoë 🎉"}`
	quoted, _ := json.Marshal(body)
	record := fmt.Sprintf(`{"headers":{"X-Wunder-Signature":%q},"body":%s}`, aSignature, quoted)
	zip := func(data []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		text, format string
		n            int
	}{
		"ndjson": {record + "\r\n" + record + "\r\n", "ndjson", 2},
		"json":   {"[\r\n" + record + "]", "json", 1},
		"log":    {"up\r\nweb_1  | " + record + "\r\n", "log", 1},
		"http":   {"POST / HTTP/1.1\r\nX-Wunder-Signature: " + aSignature + "\r\n\r\n" + body, "http", 1},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, data := range [][]byte{toUTF16(order, c.text), zip(toUTF16(order, c.text))} {
				for _, format := range []string{"", c.format} {
					all, _ := readCounted(t, Options{Format: format, Stdin: bytes.NewReader(data), SignatureHeaders: signedNames})
					if len(all) != c.n {
						t.Errorf("%s: %d rows", name, len(all))
					}
					for _, g := range all {
						if g.Err != "" || g.Body != body || !g.Inexact || g.Notes[len(g.Notes)-1] != noteUTF16 {
							t.Errorf("%s: %+v", name, g)
						}
					}
				}
			}
		}
	}
	// A payload is its own bytes.
	payload := string(toUTF16(binary.LittleEndian, body))
	for _, o := range []Options{{}, {EmptyBody: true}, {Format: "raw"}} {
		o.Stdin = strings.NewReader(payload)
		if all, _ := readCounted(t, o); len(all) != 1 || all[0].Body != payload || all[0].Inexact {
			t.Errorf("%+v: %+v", o, all)
		}
	}
	long := string(toUTF16(binary.BigEndian, strings.Repeat("é", rawInMemory)))
	all, _ := readAll(t, Options{Stdin: strings.NewReader(long)}, "-")
	if len(all) != 1 || all[0].Body != long {
		t.Error("a long payload is not its own bytes")
	}
	// A signature in one stands in its text.
	found, _ := unreadLayouts(t, toUTF16(binary.LittleEndian, "a\r\nsig="+aSignature))
	if len(found) != 1 || found[0].Where != "line 2" {
		t.Errorf("%+v", found)
	}
}

// What is made to cost time takes little.
func TestHostileUnknown(t *testing.T) {
	size := 4 * hostileSize
	for name, text := range map[string]string{
		"brackets": strings.Repeat("[", size), "objects": strings.Repeat(`{"a":`, size/5), "lists": strings.Repeat(`[{"a":[1,`, size/9), "hex": strings.Repeat("0", size),
		"hex lines": strings.Repeat("00000000: 00 00\n", size/16), "signatures": strings.Repeat(aSignature+"\n", size/72), "names": strings.Repeat("x-wunder-signature ", size/19),
		"deep": strings.Repeat(`{"a":`, size/5) + `"` + aSignature + `"`,
	} {
		t.Log(name)
		unreadLayouts(t, []byte(text))
	}
}

func FuzzUnknown(f *testing.F) {
	f.Add([]byte(`{"a":[{"x-wunder-signature":"` + aSignature + `"},"{}"]}`))
	f.Add([]byte("00000000: 7368 6132\nsig=" + aSignature))
	f.Add([]byte("\xff\xfe{\x00"))
	f.Add([]byte("sha256=00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, seen := recorded.FirstSeen(data, signedNames)
		cut := !seen && recorded.EndsInSignature(bytes.TrimRight(data, " \r\n"), signedNames)
		switch err := walk.LayoutError(data, signedNames, "-", nil); {
		case cut && len(data) < recorded.HeadMax: // which is no layout
			if err == nil || !strings.Contains(err.Error(), "cut off") {
				t.Fatalf("%v", err)
			}
		case err != nil:
			var u *UnknownLayout
			if !errors.As(err, &u) || u.Where == "" || u.Assumed == "" {
				t.Fatalf("%+v", err)
			}
		case seen:
			t.Fatal("a signature is not said")
		}
		drain(t, "", data)
	})
}

// What stands between the packets of a delivery must not be taken for its body, nor
// what they are cut into for the whole of it.
func TestContainersAreNotReadAsText(t *testing.T) {
	body := `{"id":"evt_1","event_type":"contact.created","data":{"n":1}}`
	head := fmt.Sprintf("POST /hook HTTP/1.1\r\nHost: example.com\r\nX-Wunder-Signature: %s\r\nContent-Length: %d\r\n\r\n", aSignature, len(body))
	between := "\x10\x00\x00\x00\x65\x01\x02\x03\x42\x00\x00\x00\x42\x00\x00\x00\x00\x00\x00\x00\x08\x00E\x00\x00\x34"
	for _, magic := range []string{"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a", "PK\x03\x04", "7z\xbc\xaf\x27\x1c", "SQLite format 3\x00"} {
		for cut := 0; cut <= len(body); cut += 7 {
			for _, line := range []string{"", "\n"} {
				text := magic + "\x02\x00\x04\x00" + between + line + head + body[:cut] + line + between + body[cut:] + line + between
				found, rows := unreadLayouts(t, []byte(text))
				if rows != 1 || len(found) != 1 || found[0].Suggestion == "" {
					t.Fatalf("%q, cut at %d: %d rows, %+v", magic, cut, rows, found)
				}
			}
		}
	}
}

// What hides all that it holds is said to, with what takes that out: a bare payload
// without a signature would be the wrong thing to look for.
func TestContainersHideWhatTheyHold(t *testing.T) {
	t.Parallel()
	zip := "PK\x03\x04\x14\x00\x00\x00\x08\x00" + strings.Repeat("\x01", 20)
	for text, want := range map[string]string{
		zip + "captures/a.http":                              "a ZIP archive. Unpack it",
		zip + "[Content_Types].xml":                          "Microsoft Office",
		"a.http" + strings.Repeat("\x00", 251) + "ustar\x00": "a tar archive. Unpack it",
		"<?xml version=\"1.0\"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n]>\n<items><item><request base64=\"true\"><![CDATA[UE9TVA==]]></request></item></items>\n": "items of Burp",
		"BZh91AY&SY\x01\x02":   "bzip2 -dc FILE | hookctl verify -",
		"\x28\xb5\x2f\xfd\x04": "zstd -dc FILE | hookctl verify -",
		zipped(zipped("{}")):   "gzip -dc FILE | hookctl verify -",
		string(toUTF16(binary.LittleEndian, "POST / HTTP/1.1\r\nHost: x")[2:]): "iconv -f UTF-16LE -t UTF-8 FILE",
		string(toUTF16(binary.BigEndian, "POST / HTTP/1.1\r\nHost: x")[2:]):    "iconv -f UTF-16BE -t UTF-8 FILE",
	} {
		found, rows := unreadLayouts(t, []byte(text))
		if rows != 1 || len(found) != 1 || found[0].Where != "" || !strings.Contains(found[0].Suggestion, want) {
			t.Errorf("%q: %d rows, %+v, want %q", text, rows, found, want)
		}
	}
}

// TestCutInSignature: what ends in the middle of a signature is cut off, and no
// delivery without one, or with one that is malformed.
func TestCutInSignature(t *testing.T) {
	t.Parallel()
	signature := wunderSignature("{}")
	headers := `"headers":{"host":"x","X-Wunder-Signature":"` + signature + `"}}`
	list := `"headers":[{"name":"Host","value":"x"},{"name":"X-Wunder-Signature","value":"` + signature + `"}]}`
	for name, text := range map[string]string{
		"a record": `{"body":"{}",` + headers, "a list": `{"body":"{}",` + list, "laid out": "{\n  \"body\": \"{}\",\n  \"X-Wunder-Signature\": \"" + signature + "\"\n}",
		"HAR": `{"log":{"version":"1.2","entries":[{"request":{"method":"POST","postData":{"text":"{}"},` + list, "a log": `INFO got {"body":"{}",` + headers, "deep in a log": `INFO got {"a":[{"request":{"body":"{}",` + headers,
		"a print": "body: '{}'\nheaders: {'Host': 'x', 'X-Wunder-Signature': '" + signature + "'}",
	} {
		at := strings.Index(text, signature)
		for _, n := range []int{7, 8, 20, 27, 40, 70} {
			rows := commandRows(t, "", text[:at+n])
			if len(rows) != 1 || rows[0].err == nil {
				t.Errorf("%s, after %d bytes of the signature: %v", name, n, describe(rows))
			}
		}
	}
}

// TestSuggestedBody: the jq line finds a body that stands apart from the headers, and
// none where there is none.
func TestSuggestedBody(t *testing.T) {
	t.Parallel()
	body := `{"id":1}`
	request := `"event":{"request":{"headers":{"x-wunder-signature":"` + wunderSignature(body) + `"},"method":"POST"}}`
	attribute := func(key, value string) string {
		return `{"key":"` + key + `","value":{"stringValue":` + quoted(value) + `}}`
	}
	for text, want := range map[string]string{
		`{"outcome":"ok",` + request + `,"logs":[{"message":["body",` + quoted(body) + `]}]}`:                                             `{headers: .event.request.headers, body: .logs[0].message[1]}`,
		"{\n" + request + `,"logs":[{"message":["body",` + quoted(body) + `]}]}`:                                                          `{headers: .event.request.headers, body: .logs[0].message[1]}`,
		`{"outcome":"ok",` + request + `,"logs":[]}`:                                                                                      "no body beside them",
		`{"content":{"attributes":{"http":{"request_headers":{"x-wunder-signature":"` + wunderSignature(body) + `"}}},"message":"hook"}}`: "no body beside them",
		"{\n" + request + `}`:                       "no body beside them",
		"web-1  | {" + request + "}\nweb-1  | up\n": "no body beside them",
		`{"spans":[{"attributes":[` + attribute("http.request.header.x-wunder-signature", wunderSignature(body)) + `,` + attribute("method", "POST") + `,` + attribute("http.request.body", body) + `]}]}`: "jq -j '.spans[0].attributes[2].value.stringValue'",
	} {
		rows := commandRows(t, "", text)
		var layout *UnknownLayout
		if len(rows) != 1 || !errors.As(rows[0].err, &layout) || !strings.Contains(layout.Suggestion, want) || (want == "") != (layout.Suggestion == "") {
			t.Errorf("%v %+v, want %q, of:\n%s", describe(rows), layout, want, text)
		}
	}
}

// TestSignatureOfAnotherName: what can be read under the name that a signature has there
// is read under that name by the command that is suggested.
func TestSignatureOfAnotherName(t *testing.T) {
	t.Parallel()
	const body = `{"id":1,"name":"Zoë"}`
	signature := wunderSignature(body)
	escaped := strings.NewReplacer(`"`, `\x22`, "ë", `\xC3\xAB`).Replace(body)
	for text, want := range map[string]string{
		`203.0.113.9 "POST /hook HTTP/1.1" 200 sig="` + signature + `" body="` + escaped + "\"\n":          "sig",
		`time=2026-05-17T14:30:01Z level=info signature=` + signature + ` body=` + quoted(body) + "\n":     "signature",
		`{"level":"info","webhook_signature":"` + signature + `","body":` + quoted(body) + "}\n":           "webhook_signature",
		"signature: " + signature + "\nbody: " + body + "\n":                                               "signature",
		"id;x-signature;payload\r\n1;" + signature + `;"` + strings.ReplaceAll(body, `"`, `""`) + "\"\r\n": "x-signature",
		`{"hash":"` + signature + `","id":1}`:                                                              "",
		"received\nsig=" + signature + "\n":                                                                "",
		`203.0.113.9 "POST /hook HTTP/1.1" 200 "` + signature + `" "` + escaped + "\"\n":                   "sha256",
	} {
		for n := range 2 {
			lines := text
			if n == 1 && strings.Count(text, "\n") == 1 {
				lines += text
			}
			found, rows := unreadLayouts(t, []byte(lines))
			if rows != 1 || len(found) != 1 || strings.Contains(found[0].Suggestion, "--signature-header "+want+" ") != (want != "") {
				t.Errorf("%d rows, %+v, of:\n%s", rows, found, lines)
				continue
			}
			if want == "" {
				continue
			}
			all, _ := readAll(t, Options{Stdin: strings.NewReader(lines), SignatureHeaders: []string{want}}, "-")
			if len(all) != max(1, strings.Count(lines, signature)) || all[0].Body != body || !recorded.Signed(all[0].Header, []string{want}) {
				t.Errorf("%+v, of:\n%s", all, lines)
			}
		}
	}
	// The beginning of a large input is enough, and many names are not tried.
	line := `sig="` + signature + `" body="` + escaped + "\"\n"
	if found, _ := unreadLayouts(t, []byte(strings.Repeat(line, 2*recorded.HeadMax/len(line)))); len(found) != 1 || !strings.Contains(found[0].Suggestion, "--signature-header sig ") {
		t.Errorf("of a large input: %+v", found)
	}
}

// TestHeadersThatAreShownTwice: headers without a body are no row of their own where a
// delivery in the same document has their signature.
func TestHeadersThatAreShownTwice(t *testing.T) {
	t.Parallel()
	body := `{"id":1}`
	headers := `"headers":{"x-wunder-signature":"` + wunderSignature(body) + `"}`
	logged := `"logs":[{"message":["hook",` + quoted(`{`+headers+`,"body":`+quoted(body)+`}`) + `]}]`
	event := func(headers string) string { return `"event":{"request":{` + headers + `,"method":"POST"}}` }
	other := event(strings.Replace(headers, wunderSignature(body), aSignature, 1))
	for text, want := range map[string]int{
		`{"outcome":"ok",` + event(headers) + `,` + logged + `}`: 1,
		`{"outcome":"ok",` + logged + `,` + event(headers) + `}`: 1,
		`{"outcome":"ok",` + other + `,` + logged + `}`:          2,
		`{"outcome":"ok",` + event(headers) + `,"logs":[]}`:      1,

		`{` + headers + `,"body":` + quoted(body) + "}\n{" + event(headers) + `}`:                                     1, // as an access log behind the program's
		`{` + headers + `,"body":` + quoted(body) + "}\n{" + other + `}`:                                              2,
		`{` + headers + `,"body":` + quoted(body) + "}\n{" + event(`"headers":{"x-wunder-signature":"spoilt"}`) + `}`: 2,
	} {
		layouts := []string{text}
		if !strings.Contains(text, "\n") {
			layouts = append(layouts, strings.ReplaceAll(text, `,"`, ",\n\""), "["+text+"]")
		}
		for _, text := range layouts {
			if rows := commandRows(t, "", text); len(rows) != want {
				t.Errorf("%v, want %d, of:\n%s", describe(rows), want, text)
			}
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// TestSuggestionsForWhatWasRead: a command for a layout begins with those that make of
// the bytes what was read; where none makes it, there is no command.
func TestSuggestionsForWhatWasRead(t *testing.T) {
	t.Parallel()
	line := `{"a":{"headers":{"X-Wunder-Signature":"` + aSignature + `"}},"req":{"body":"{}"}}`
	laidOut := "{\n\"a\":{\"headers\":{\"X-Wunder-Signature\":\"" + aSignature + "\"}},\n\"req\":{\"body\":\"{}\"}}\n"
	for name, c := range map[string]struct{ text, command string }{
		"a line":           {line + "\n", ": sed -n 1p < FILE | jq"},
		"laid out":         {laidOut, ": jq -c"},
		"a line, zipped":   {zipped(line + "\n"), ": gunzip -c < FILE | sed -n 1p | jq"},
		"laid out, zipped": {zipped(laidOut), ": gunzip -c < FILE | jq"},
		"a line, UTF-16":   {string(toUTF16(binary.LittleEndian, line+"\n")), ": iconv -f UTF-16 -t UTF-8 < FILE | sed -n 1p | jq"},
		"laid out, UTF-16": {string(toUTF16(binary.BigEndian, laidOut)), ": iconv -f UTF-16 -t UTF-8 < FILE | jq"},
		"both":             {zipped(string(toUTF16(binary.LittleEndian, laidOut))), ": gunzip -c < FILE | iconv -f UTF-16 -t UTF-8 | jq"},
		"YAML":             {"a:\n  headers:\n    X-Wunder-Signature: " + aSignature + "\nreq:\n  body: '{}'\n", ""},
		"a cell":           {"id,blob\n1,\"" + strings.ReplaceAll(line, `"`, `""`) + "\"\n", ""},
	} {
		found, _ := unreadLayouts(t, []byte(c.text))
		if len(found) != 1 || (c.command == "") == strings.Contains(found[0].Suggestion, "jq -c") || !strings.Contains(found[0].Suggestion, c.command) {
			t.Errorf("%s: %+v, want %q", name, found, c.command)
		}
	}
}

// TestCutCompressed: the deliveries before the end of a compressed file that is cut
// off are read, and that it is cut off is a row, in whatever format.
func TestCutCompressed(t *testing.T) {
	t.Parallel()
	noise := rand.New(rand.NewPCG(1, 2)) // or nothing would be left after the cut
	var dump, records, pages, prints strings.Builder
	for i := range 20 {
		body := fmt.Sprintf(`{"id":%d,"noise":"%x%x%x%x"}`, i, noise.Uint64(), noise.Uint64(), noise.Uint64(), noise.Uint64())
		fmt.Fprintf(&dump, "POST / HTTP/1.1\nContent-Length: %d\nX-Wunder-Signature: %s\n\n%s\n", len(body), wunderSignature(body), body)
		fmt.Fprintf(&records, `{"headers":{"X-Wunder-Signature":%q},"body":%q}`+"\n", wunderSignature(body), body)
		fmt.Fprintf(&pages, "{\n\"headers\":{\"X-Wunder-Signature\":%q},\n\"body\":%q},\n", wunderSignature(body), body)
		fmt.Fprintf(&prints, "{'X-Wunder-Signature': '%s'}\n%s\n", wunderSignature(body), body)
	}
	for name, c := range map[string]struct {
		text string
		all  bool // what is before the cut is read
	}{"dump": {dump.String(), true}, "records": {records.String(), true}, "array": {"[" + pages.String(), true}, "prints": {prints.String(), false}, "payload": {strings.Repeat("x", 100), false}} {
		whole := zipped(c.text)
		rows := commandRows(t, "", whole[:len(whole)*3/4])
		good := 0
		for _, r := range rows {
			if r.err == nil {
				good++
			}
		}
		if last := rows[len(rows)-1]; last.err == nil || !strings.HasSuffix(last.err.Error(), "it is cut off") || c.all != (good > 10) {
			t.Errorf("%s: %v", name, describe(rows))
		}
	}
}
