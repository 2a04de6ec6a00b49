package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/norace"
)

const (
	walkBody = "{\"id\":\"ev1\",\n \"event_type\":\"contact.created\", \"data\":{\"name\":\"Zo\u00eb \\\"x\\\" <&>\",\"amount\":200.00}}\r\n"
	walkName = "X-Wunder-Signature"
)

var walkNames = []string{"X-Zyntro-Signature", walkName, "X-Hook-Signature"}

// signatureOf stands for a signature: what matters is that it is another one for other bytes.
func signatureOf(n int) string {
	return "sha256=" + fmt.Sprintf("%08x", n)[:8] + strings.Repeat("ab", 28)
}

func quote(s string) string { return string(jsontext.Quote(s)) }

// walked is what the walker finds in text, as "path body" or "path error".
func walked(t *testing.T, text string) (all []string) {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Fatalf("not JSON: %s", text)
	}
	n := walk.DeliveriesIn(bytes.Clone(bytes.TrimSpace([]byte(text))), walkNames, func(path string, r *Request, err error) bool {
		switch {
		case err != nil:
			all = append(all, path+" error: "+err.Error())
		case !(&walk.Walk{Names: walkNames}).Has(r.Header):
			all = append(all, path+" unsigned: "+string(r.Body))
		default:
			all = append(all, path+" "+string(r.Body))
		}
		return true
	})
	if n != len(all) {
		t.Errorf("%d found, %d yielded", n, len(all))
	}
	return all
}

// headerShapes are the shapes of headers, with NAME and VALUE in them, as JSON strings.
var headerShapes = map[string]string{
	"object":             `{"Host":"x",NAME:VALUE,"Accept":null,"Content-Length":12}`,
	"object of lists":    `{"Host":["x"],NAME:[VALUE],"Empty":[]}`,
	"objects":            `{"Host":{"value":"x"},NAME:{"value":VALUE}}`,
	"queue attributes":   `{NAME:{"stringValue":VALUE,"stringListValues":[],"dataType":"String"}}`,
	"topic attributes":   `{NAME:{"Type":"String","Value":VALUE}}`,
	"Lambda@Edge":        `{"host":[{"key":"Host","value":"x"}],"sig":[{"key":NAME,"value":VALUE}],NAME:[{"key":NAME,"value":VALUE}]}`,
	"pairs":              `[["Host","x"],[NAME,VALUE]]`,
	"names and values":   `[{"name":"Host","value":"x"},{"name":NAME,"value":VALUE}]`,
	"keys and values":    `[{"key":"Host","value":"x"},{"key":NAME,"value":VALUE,"description":""}]`,
	"keys and lists":     `[{"key":"Host","value":["x"]},{"Key":NAME,"Value":[VALUE]}]`,
	"OpenTelemetry":      `[{"key":NAME,"value":{"stringValue":VALUE}}]`,
	"single members":     `[{"Host":"x"},{NAME:VALUE}]`,
	"flat list":          `["Host","x:y",NAME,VALUE]`,
	"lines":              `["Host: x",LINE]`,
	"block":              `BLOCK`,
	"JSON in a string":   `STRING{"Host":"x",NAME:VALUE}`,
	"pairs in a string":  `STRING[["Host","x"],[NAME,VALUE]]`,
	"DynamoDB":           `{"M":{"Host":{"S":"x"},NAME:{"S":VALUE}}}`,
	"DynamoDB, JSON":     `{"S":STRING{"Host":"x",NAME:VALUE}}`,
	"Firestore":          `{"mapValue":{"fields":{NAME:{"stringValue":VALUE}}}}`,
	"below a first line": `{"firstLine":"POST / HTTP/1.1","headers":[{"name":NAME,"value":VALUE}]}`,
}

func headersAs(shape, name, value string) string {
	line := name + ": " + value
	r := strings.NewReplacer("NAME", quote(name), "VALUE", quote(value), "LINE", quote(line), "BLOCK", quote("POST /hook HTTP/1.1\r\nHost: x\r\n"+line+"\r\nAccept: */*\r\n"))
	text := r.Replace(shape)
	if inner, ok := strings.CutPrefix(text, `{"S":STRING`); ok {
		return `{"S":` + quote(strings.TrimSuffix(inner, "}")) + "}"
	}
	if inner, ok := strings.CutPrefix(text, "STRING"); ok {
		return quote(inner)
	}
	return text
}

// nameSpellings are those of [walkName].
var nameSpellings = []string{
	walkName, "x-wunder-signature", "X-WUNDER-SIGNATURE", "X_Wunder_Signature", "x_wunder_signature", "HTTP_X_WUNDER_SIGNATURE", "http-x-wunder-signature",
	"x-amzn-remapped-x-wunder-signature", "X-Amzn-Remapped-X-Wunder-Signature", "xWunderSignature", "XWunderSignature", "request.headers.x-wunder-signature",
}

// bodyShapes are members for bodies, with B64, TEXT and BYTES in them; %s where the
// members that they stand beside are to be.
var bodyShapes = map[string]struct {
	members string
	exact   bool // the bytes need not be UTF-8
}{
	"body_base64":       {`"body_base64":B64`, true},
	"bodyBase64":        {`"bodyBase64":B64`, true},
	"bodyB":             {`"bodyB":B64,"body":{"id":"ev1","event_type":"contact.created","data":{"amount":200,"name":"Zoë \"x\" <&>"}}`, true},
	"rawBytes":          {`"rawBytes":B64`, true},
	"webhook-tester":    {`"request_payload_base64":B64`, true},
	"marked":            {`"isBase64Encoded":true,"body":B64`, true},
	"marked after it":   {`"body":B64,"is_base64_encoded":true`, true},
	"by an encoding":    {`"payload":B64,"payload_encoding":"base64"`, true},
	"Power Automate":    {`"body":{"$content-type":"application/json","$content":B64}`, true},
	"Buffer":            {`"body":{"type":"Buffer","data":BYTES}`, true},
	"raw Buffer":        {`"body":{},"rawBody":{"type":"Buffer","data":BYTES}`, true},
	"bytes":             {`"body":BYTES`, true},
	"Lambda@Edge":       {`"body":{"inputTruncated":false,"action":"read-only","encoding":"base64","data":B64}`, true},
	"Lambda@Edge, text": {`"body":{"inputTruncated":false,"action":"read-only","encoding":"text","data":TEXT}`, false},
	"MockServer":        {`"body":{"type":"JSON","json":{},"rawBytes":B64,"contentType":"application/json"}`, true},
	"MockServer binary": {`"body":{"type":"BINARY","base64Bytes":B64}`, true},
	"Envoy":             {`"body":{"truncated":false,"as_bytes":B64}`, true},
	"Envoy, text":       {`"body":{"truncated":false,"as_string":TEXT}`, false},
	"Charles":           {`"body":{"encoding":"base64","encoded":B64}`, true},
	"Charles, text":     {`"body":{"text":TEXT,"charset":"utf-8"}`, false},
	"Postman":           {`"body":{"mode":"raw","raw":TEXT,"options":{"raw":{"language":"json"}}}`, false},
	"Insomnia":          {`"body":{"mimeType":"application/json","text":TEXT}`, false},
	"HAR":               {`"postData":{"mimeType":"application/json","text":TEXT}`, false},
	"OpenWhisk":         {`"__ow_method":"post","__ow_body":TEXT`, false},
	"Zapier":            {`"raw_body":TEXT,"querystring":""`, false},
	"raw beside parsed": {`"body":{"data":{"name":"Zoë \"x\" <&>","amount":2e2},"id":"ev1","event_type":"contact.created"},"rawBody":TEXT`, false},
	"body":              {`"body":TEXT`, false},
	"Body":              {`"Body":TEXT`, false},
	"bodyRaw":           {`"bodyRaw":TEXT`, false},
	"rawBody":           {`"rawBody":TEXT`, false},
	"raw":               {`"raw":TEXT`, false},
	"request_body":      {`"request_body":TEXT`, false},
	"payload":           {`"payload":TEXT`, false},
	"httpbin":           {`"args":{},"data":TEXT,"files":{},"form":{},"json":{"id":"x"},"origin":"1.2.3.4"`, false},
	"content":           {`"content":TEXT`, false},
	"text":              {`"text":TEXT`, false},
	"ECS":               {`"http.request.body.content":TEXT`, false},
	"Hoppscotch":        {`"body":{"contentType":"application/json","body":TEXT}`, false},
	"Thunder Client":    {`"body":{"type":"json","raw":TEXT,"form":[]}`, false},
	"MongoDB":           {`"body":{"$binary":{"base64":B64,"subType":"00"}}`, true},
	"DynamoDB":          {`"body":{"S":TEXT}`, false},
	"DynamoDB, bytes":   {`"raw_body":{"B":B64}`, true},
	"Firestore":         {`"body":{"stringValue":TEXT}`, false},
	"PostgreSQL":        {`"raw_body":HEX`, true},
	"hexadecimal":       {`"body_hex":DIGITS`, true},
	"GitLab":            {`"request_data":TEXT`, false},
	"Rails":             {`"raw_post":TEXT`, false},
}

func bodyAs(shape, body string) string {
	b64 := base64.StdEncoding.EncodeToString([]byte(body))
	list, _ := json.Marshal(func() []int {
		n := []int{}
		for _, c := range []byte(body) {
			n = append(n, int(c))
		}
		return n
	}())
	return strings.NewReplacer("B64", quote(b64), "TEXT", quote(body), "BYTES", string(list), "HEX", quote(fmt.Sprintf(`\x%x`, body)), "DIGITS", quote(fmt.Sprintf("%x", body))).Replace(shape)
}

// layouts are where requests stand; MEMBERS are those of a request.
var layouts = map[string]struct{ text, path string }{
	"at the top":       {`{MEMBERS}`, ``},
	"request":          {`{"id":1,"request":{"method":"POST",MEMBERS},"response":{"status":200,"headers":{},"body":"ok"}}`, `.request`},
	"pino":             {`{"level":30,"time":1779028201123,"msg":"incoming","req":{"id":1,"url":"/hook",MEMBERS},"pid":1}`, `.req`},
	"Pipedream":        {`{"steps":{"trigger":{"event":{"path":"/",MEMBERS}}}}`, `.steps.trigger.event`},
	"Elastic":          {`{"took":1,"hits":{"total":{"value":1},"hits":[{"_index":"x","_source":{"http":{MEMBERS}}}]}}`, `.hits.hits[0]._source.http`},
	"CloudWatch":       {`{"events":[{"message":"START RequestId"},{"timestamp":1,"message":STRING{MEMBERS}}]}`, `.events[1].message`},
	"a prefix":         {`{"log":"2026-05-17T14:30:01Z [main] INFO {MEMBERS}\n","stream":"stdout"}`, `.log`},
	"SQS":              {`{"Records":[{"messageId":"1","body":STRING{MEMBERS},"attributes":{},"messageAttributes":{}}]}`, `.Records[0].body`},
	"SQS and SNS":      {`{"Records":[{"messageId":"1","body":STRING{"Type":"Notification","Message":STRING{MEMBERS}}}]}`, `.Records[0].body.Message`},
	"Lambda@Edge":      {`{"Records":[{"cf":{"config":{},"request":{MEMBERS}}}]}`, `.Records[0].cf.request`},
	"GCP":              {`[{"insertId":"a","jsonPayload":{"httpRequest":{MEMBERS}}}]`, `.[0].jsonPayload.httpRequest`},
	"GCP, text":        {`[{"insertId":"a","textPayload":STRING{MEMBERS}}]`, `.[0].textPayload`},
	"Postman":          {`{"info":{},"item":[{"name":"folder","item":[{"name":"x","request":{"url":"","method":"POST",MEMBERS}}]}]}`, `.item[0].item[0].request`},
	"odd name":         {`{"a b":{"c\"d":{MEMBERS}}}`, `.["a b"]["c\"d"]`},
	"eight deep":       {`{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{MEMBERS}}}}}}}}}`, `.a.b.c.d.e.f.g.h`},
	"DigitalOcean":     {`{"http":{"path":"",MEMBERS}}`, `.http`},
	"svix":             {`{"type":"event","data":{"id":"1",MEMBERS}}`, `.data`},
	"body outside":     {`{"req":{"method":"POST",HEADERS},"msg":"text",BODY}`, ``},
	"headers outside":  {`{HEADERS,"request":{"method":"POST",BODY}}`, ``},
	"Elastic's fields": {`{"@timestamp":"t","http.request.headers.x-wunder-signature":"` + signatureOf(1) + `","http.request.headers.host":"x",BODY}`, ``},
	"queue properties": {`{"properties":{"delivery_mode":2,HEADERS},"routing_key":"x",BODY}`, ``},
}

func layoutOf(text, headers, body string) string {
	members := headers + "," + body
	if before, inner, ok := strings.Cut(text, "STRING{\"Type"); ok {
		inner = layoutOf(`{"Type`+strings.TrimSuffix(inner, "}]}"), headers, body)
		return before + quote(inner) + "}]}"
	}
	if strings.Contains(text, "STRING{MEMBERS}") {
		return strings.Replace(text, "STRING{MEMBERS}", quote("{"+members+"}"), 1)
	}
	if strings.Contains(text, "INFO {MEMBERS}") {
		inner := quote("{" + members + "}")
		return strings.Replace(text, "{MEMBERS}", inner[1:len(inner)-1], 1)
	}
	return strings.NewReplacer("MEMBERS", members, "HEADERS", headers, "BODY", body).Replace(text)
}

// Of each layout, shape of headers, spelling of a name and member for the body, the
// delivery is found where it is, with its bytes; and with others where they are changed.
func TestWalkFinds(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	headerNames := []string{"headers", "header", "Headers", "Header", "request_headers", "requestHeaders", "multiValueHeaders", "rawHeaders", "__ow_headers", "HEADERS"}
	bodies := []string{walkBody, strings.Replace(walkBody, "amount", "amounT", 1), "", "\xff\x00 not text", "payload=%7B%7D", `{"headers":{"X-Wunder-Signature":"` + signatureOf(9) + `"},"body":"{}"}`}
	n := 0
	check := func(layout, header, headerName, spelling, body, text string) {
		b := bodyShapes[body]
		l := layouts[layout]
		members := bodyAs(b.members, text)
		if shape := walk.ShapeOf([]byte("{" + members + "}")); strings.Contains(l.text, "BODY") && shape.Bodies[0].Rank >= walk.LooseRank {
			return // by its name alone it is no body
		}
		if !b.exact && strings.Contains(text, "\xff") || text == "" && (b.members == `"body":BYTES` || strings.Contains(b.members, `"body":{"`) && strings.Contains(b.members, "200") || strings.Contains(b.members, "2e2")) {
			return
		}
		headers := quote(headerName) + ":" + headersAs(headerShapes[header], spelling, signatureOf(1))
		doc := layoutOf(l.text, headers, members)
		n++
		if got := walked(t, doc); len(got) != 1 || got[0] != l.path+" "+text {
			t.Fatalf("%s, %s as %s, %s, %s:\n%s\n%q, want %q", layout, header, headerName, spelling, body, doc, got, l.path+" "+text)
		}
	}
	for layout := range layouts {
		for body := range bodyShapes {
			for _, text := range bodies {
				check(layout, "object", "headers", walkName, body, text)
			}
			for header := range headerShapes {
				check(layout, header, "headers", nameSpellings[n%len(nameSpellings)], body, walkBody)
			}
		}
		for header := range headerShapes {
			for _, name := range headerNames {
				for i, spelling := range nameSpellings {
					if (n+i)%len(nameSpellings) == 0 {
						check(layout, header, name, spelling, "body_base64", walkBody)
					}
				}
			}
		}
	}
	if n < 10_000 {
		t.Errorf("%d cases", n)
	}
}

// Nothing that stands in a payload or a header of a delivery is taken for a delivery,
// whatever it looks like and however it is kept.
func TestWalkLeavesPayloadsAlone(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	inner := `"headers":{"X-Wunder-Signature":"` + signatureOf(7) + `"},"body":"{}"`
	payloads := []string{
		`{` + inner + `}`, `[{` + inner + `}]`, `{"request":{` + inner + `}}`, `{"log":{"creator":{},"entries":[{"request":{"method":"POST","headers":[{"name":"X-Wunder-Signature","value":"` + signatureOf(7) + `"}],"postData":{"text":"{}"}}}]}}`,
		`{"isBase64Encoded":false,` + inner + `}`, `{"Records":[{"body":` + quote(`{`+inner+`}`) + `}]}`, `{"x_wunder_signature":"` + signatureOf(7) + `","payload":"{}"}`,
		"POST / HTTP/1.1\r\nX-Wunder-Signature: " + signatureOf(7) + "\r\n\r\n{}", `{"message":` + quote(`{`+inner+`}`) + `}`, `{"mode":"raw","raw":"{}",` + inner + `}`,
	}
	for layout, l := range layouts {
		for _, signature := range []string{`"` + walkName + `":"` + signatureOf(1) + `",`, ""} {
			for _, payload := range payloads {
				for name, b := range bodyShapes {
					shape := walk.ShapeOf([]byte("{" + bodyAs(b.members, payload) + "}"))
					loose := shape.Bodies[0].Rank >= walk.LooseRank
					if loose && (strings.Contains(l.text, "HEADERS") || signature == "") || signature == "" && strings.Contains(l.text, "HEADERS") {
						continue // it is no request by the names of its members
					}
					for _, header := range []string{`"Host":"x"`, `"X-Forwarded":` + quote(`{`+inner+`}`)} {
						doc := layoutOf(l.text, `"headers":{`+signature+header+`}`, bodyAs(b.members, payload))
						for _, found := range walked(t, doc) {
							if !strings.HasPrefix(found, l.path+" ") && !strings.HasPrefix(found, l.path+" unsigned: ") || strings.HasSuffix(found, " {}") {
								t.Fatalf("%s, %s, signed %v:\n%s\n%q", layout, name, signature != "", doc, found)
							}
						}
					}
				}
				for _, parsed := range payloads {
					if !json.Valid([]byte(parsed)) {
						continue
					}
					if layout == "queue properties" && signature == "" {
						continue // a message whose headers are no request's: it may hold one
					}
					doc := layoutOf(l.text, `"headers":{`+signature+`"Host":"x"}`, `"body":`+parsed)
					if got := walked(t, doc); len(got) > 1 || len(got) == 1 && strings.HasSuffix(got[0], " {}") && !strings.Contains(parsed, `"mode"`) {
						t.Fatalf("%s:\n%s\n%q", layout, doc, got)
					}
				}
			}
		}
	}
}

// However hostile a text is, it takes linear time.
func TestWalkHostile(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	many := func(n int, one func(i int) string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(one(i))
		}
		return b.String()
	}
	size := hostileSize
	nested := `"{"`
	for len(nested) < size {
		nested = quote(`{"a":` + nested + `}`)
	}
	signed := `"headers":{"X-Wunder-Signature":"` + signatureOf(1) + `"}`
	for name, text := range map[string]string{
		"objects":              strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000),
		"lists":                strings.Repeat(`[`, 100_000) + strings.Repeat("]", 100_000),
		"requests in requests": strings.Repeat(`{"headers":{},"x":`, 100_000) + "1" + strings.Repeat("}", 100_000),
		"members":              `{` + many(50000, func(i int) string { return fmt.Sprintf(`"a%d":1`, i) }) + `}`,
		"bodies":               `{` + signed + "," + many(10_000, func(i int) string { return fmt.Sprintf(`"body%d":"x"`, i) }) + `}`,
		"headers":              `{` + many(25000, func(i int) string { return fmt.Sprintf(`"header%d":["A","b"]`, i) }) + `,"body":""}`,
		"header lines":         `{"headers":{` + many(15000, func(i int) string { return fmt.Sprintf(`"x_wunder_signature":"%d"`, i) }) + `},"body":""}`,
		"spellings":            `{"headers":{` + many(10_000, func(i int) string { return quote(strings.Repeat("-", i%90)+"x_wunder_signature") + `:"a"` }) + `},"body":""}`,
		"strings":              `[` + nested + `]`,
		"braces in a string":   `{"a":"` + strings.Repeat("{", size) + `"}`,
		"open in a string":     `{"a":"` + strings.Repeat(`{\"a\":[`, size/8) + `"}`,
		"texts":                `[` + many(10000, func(i int) string { return `"x {\"a\":{\"b\":[1]}} y"` }) + `]`,
		"deliveries":           `{"a":[` + many(5_000, func(i int) string { return `{` + signed + `,"body":"{}"}` }) + `]}`,
		"signatures":           `{"a":[{` + signed + `,"body":""},` + many(10_000, func(i int) string { return quote(signatureOf(i)) }) + `]}`,
		"bytes":                `{` + signed + `,"body":[` + many(150000, func(i int) string { return "1" }) + `]}`,
		"values":               `{"headers":[` + many(15000, func(i int) string { return `{"name":"A","value":{"value":["b"]}}` }) + `],"body":""}`,
		"objects of objects":   strings.Repeat(`{"b":{},"c":[`, 8) + many(25000, func(i int) string { return `{"d":{"e":{}}}` }) + strings.Repeat(`]}`, 8),
	} {
		n := walk.DeliveriesIn([]byte(text), walkNames, func(string, *Request, error) bool { return true })
		t.Logf("%s: %d bytes, %d found", name, len(text), n)
		walk.MayHold([]byte(text)[:min(len(text), recorded.HeadMax)], walkNames)
	}
}

func FuzzWalk(f *testing.F) {
	for _, l := range layouts {
		f.Add([]byte(layoutOf(l.text, `"headers":{"x_wunder_signature":"`+signatureOf(1)+`"}`, `"body_base64":"e30="`)))
	}
	for _, shape := range headerShapes {
		f.Add([]byte(`{"headers":` + headersAs(shape, walkName, signatureOf(1)) + `,"body":"x"}`))
	}
	for _, b := range bodyShapes {
		f.Add([]byte(`{"headers":{"X-Wunder-Signature":"x"},` + bodyAs(b.members, "{}") + `}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for i := range data {
			if i < 100 || i == len(data)-1 {
				walk.MayHold(data[:i], walkNames)
			}
		}
		v, err := walk.ParseJSON(data)
		if err != nil {
			return
		}
		counted, size := 0, 0
		n := walk.DeliveriesIn(bytes.Clone(v), walkNames, func(path string, r *Request, err error) bool {
			counted++
			if err == nil {
				size += len(r.Body)
			}
			return true
		})
		// A form is encoded again, where a byte may be three.
		if n != counted || size > 3*len(v) {
			t.Errorf("%d found, %d yielded, %d bytes of bodies in %d", n, counted, size, len(v))
		}
		if n > 0 && !walk.MayHold(v, walkNames) {
			t.Errorf("%s: %d found, and not taken for JSON with deliveries in it", v, n)
		}
	})
}

// Nor is it where lines are read, in which deliveries are looked for in strings too.
func TestLogLeavesPayloadsAlone(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	inner := `{"headers":{"X-Wunder-Signature":"` + signatureOf(7) + `"},"body":"{}"}`
	large := `{"headers":{"X-Wunder-Signature":"` + signatureOf(8) + `"},"body_base64":"` +
		base64.StdEncoding.EncodeToString([]byte(strings.Repeat(`"}},`+inner+`,`, recorded.LargeBody/60))) + `"}`
	for _, line := range []string{
		`{"request":{"headers":{"Host":"x"},"body":` + quote(inner) + `}}`,
		`{"request":{"headers":{"Host":"x"},"body":` + quote(`{"message":`+quote(inner)+`}`) + `}}`,
		`{"request":{"headers":{"Host":"x","A":` + quote(inner) + `},"body":"x"}}`,
		`{"req":{"method":"POST","headers":{"Host":"x"}},"body":` + quote(inner) + `}`,
		`{"headers":{"Host":"x"},"request":{"method":"POST","body":` + quote(inner) + `}}`,
		`{"a":[` + large + `],"b":"x"}`,
	} {
		for _, prefix := range []string{"", "x 12 "} {
			for _, format := range []string{"", "log", "json"} {
				if prefix != "" && format == "json" {
					continue
				}
				text := strings.Repeat(prefix+line+"\n", 2)
				all, _ := readAll(t, Options{Format: format, Stdin: strings.NewReader(text), SignatureHeaders: walkNames}, "-")
				for _, g := range all {
					if g.Body == "{}" {
						t.Errorf("%s, %.300s: %s", format, text, g.Source)
					}
				}
			}
		}
	}
}

// Documents are recognised by their content, laid out or not, and where they are cut off
// while they are looked at.
func TestDocumentsAreRecognised(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	longs := 0
	for name, l := range layouts {
		doc := layoutOf(l.text, `"headers":`+headersAs(headerShapes["object"], "HTTP_X_WUNDER_SIGNATURE", signatureOf(1)), `"body_base64":"e30="`)
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(doc), "", "  "); err != nil {
			t.Fatal(err)
		}
		padding := `"padding":"` + strings.Repeat("x", 2*recorded.HeadMax) + `"`
		for kind, text := range map[string]string{
			"laid out": pretty.String(), "in a list": "[" + doc + "]", "with more behind it": "[" + doc + "," + strings.Repeat(" ", 2*recorded.HeadMax) + `{"level":"info"}]`,
			"two": "[" + doc + ",\n" + doc + "]", "long": "{" + strings.TrimPrefix(doc, "{")[:len(doc)-2] + "," + padding + "}", "after noise": "[" + `{"level":"info","msg":"up"},` + doc + "]",
		} {
			if kind == "long" && doc[0] != '{' || doc[0] == '[' && kind != "laid out" {
				continue
			}
			if len(text) > recorded.HeadMax {
				if longs++; longs%6 != 0 {
					continue // each takes its time
				}
			}
			all, _ := readAll(t, Options{Stdin: strings.NewReader(text), SignatureHeaders: walkNames}, "-")
			want := map[bool]int{true: 2, false: 1}[kind == "two"]
			rows := 0
			for _, g := range all {
				if g.Err == "" && g.Body == "{}" && g.Header.Get(walkName) == signatureOf(1) {
					rows++
				} else if kind != "after noise" && kind != "with more behind it" || l.path != "" {
					t.Errorf("%s, %s: %s %s", name, kind, g.Source, g.Err)
				}
				if path := strings.TrimPrefix(l.path, ".[0]"); g.Err == "" && !strings.Contains(g.Source, path) {
					t.Errorf("%s, %s: it stands in %s", name, kind, g.Source)
				}
			}
			if rows != want {
				t.Errorf("%s, %s: %d of %d in %.200s", name, kind, rows, want, text)
			}
		}
	}
}

// Of several bodies that do not say the same the most exact is judged, the others are
// for the diagnosis, and the request says so.
func TestSeveralBodies(t *testing.T) {
	t.Parallel()
	const body, other = `{"id":"1","event_type":"t","n":200.00}`, `{"id":"2","event_type":"t","n":200.00}`
	b64 := func(s string) string { return quote(base64.StdEncoding.EncodeToString([]byte(s))) }
	for _, c := range []struct {
		members, judged string
		differs         bool
		others          []string
	}{
		{`"bodyB":` + b64(body) + `,"body":` + body, body, false, nil},
		{`"bodyB":` + b64(body) + `,"body":{"n":2e2,"event_type":"t","id":"1"}`, body, false, nil},
		{`"bodyB":` + b64(body) + `,"body":` + other, body, true, []string{other}},
		{`"body":` + quote(body) + `,"body_base64":` + b64(body), body, false, nil},
		{`"rawBody":` + quote(body) + `,"body":` + other, body, true, []string{other}},
		{`"body":` + other + `,"raw_body":` + quote(body), body, true, []string{other}},
		{`"body":` + quote(body) + `,"payload":` + quote(other), body, true, []string{other}},
		{`"body":` + quote(body) + `,"payload":` + quote(" "+body), body, false, nil},
		{`"body":` + quote(body) + `,"data":` + quote(other), body, true, []string{other}},
		{`"body":` + quote(body) + `,"data":` + other, body, true, []string{other}},
		{`"body":` + quote(body) + `,"data":{"tenant":1}`, body, false, nil},
		{`"body":` + quote(body) + `,"text":"delivered","content":"application/json"`, body, false, nil},
		{`"body":` + quote(body) + `,"body_size":12,"bodyHash":"abc","payload_type":"x","body_encoding":"utf8"`, body, false, nil},
		{`"body":` + quote(body) + `,"payload":{"id":"1","id":"1","event_type":"t","n":200.00}`, body, true, []string{`{"id":"1","id":"1","event_type":"t","n":200.00}`}},
		{`"body":` + quote(`{"n":12345678901234567890}`) + `,"payload":{"n":12345678901234567891}`, `{"n":12345678901234567890}`, true, []string{`{"n":12345678901234567891}`}},
		{`"rawBody":"","body":` + quote(body), body, false, nil},
		{`"body_base64":` + b64(body) + `,"rawBytes":"*"`, body, true, nil},
		{`"rawBytes":` + b64(body) + `,"text":"something else"`, body, true, []string{"something else"}},
		{`"content":` + quote(other) + `,"bodyB":` + b64(body), body, true, []string{other}},
		{`"rawBytes":` + b64(body) + `,"text":` + quote(body), body, false, nil},
	} {
		text := []byte(`{"request":{"headers":{"X-Wunder-Signature":"` + signatureOf(1) + `"},` + c.members + `}}`)
		n := walk.DeliveriesIn(text, walkNames, func(_ string, r *Request, err error) bool {
			var others []string
			for _, o := range r.Others {
				others = append(others, string(o))
			}
			if err != nil || string(r.Body) != c.judged || (r.Ambiguous != "") != c.differs {
				t.Errorf("%s: %s, %q, %v", c.members, r.Body, r.Ambiguous, err)
			}
			check(t, c.members, c.others, others)
			return true
		})
		if n != 1 {
			t.Errorf("%s: %d found", c.members, n)
		}
	}
	n := walk.DeliveriesIn([]byte(`{"headers":{"X-Wunder-Signature":"x"},"body":"a","body_base64":"Yg=="}`), walkNames, func(_ string, _ *Request, err error) bool {
		if !errors.Is(err, walk.ErrTwoBodies) {
			t.Error(err)
		}
		return true
	})
	if n != 1 {
		t.Error(n)
	}
}

// A signature that stands in no request is a row of its own, once; it is not counted
// among what was passed over.
func TestUnreadSignatures(t *testing.T) {
	t.Parallel()
	signed := `{"headers":{"X-Wunder-Signature":"` + signatureOf(1) + `"},"body":"b"}`
	for _, c := range []struct {
		text   string
		rows   []string
		passed int
	}{
		{`{"a":[` + signed + `,{"x":1},{"sig":"` + signatureOf(2) + `"},{"sig":"` + signatureOf(1) + `"},{"sig":"` + signatureOf(2) + `"}]}`,
			[]string{".a[0] b", ".a[2] error: there is a signature at .a[2]"}, 3},
		{`{"a":[` + signed + `],"last":"` + signatureOf(2) + `"}`, []string{".a[0] b", ".last error: there is a signature at .last"}, 0},
		{`{"a":[{"headers":{"X-Wunder-Signature":"` + signatureOf(3) + `"}},` + signed + `]}`, []string{".a[0] error: there is a signature at .a[0]", ".a[1] b"}, 0},
		{`{"a":[{"method":"GET","headers":{"X-Wunder-Signature":"` + signatureOf(3) + `"}},[1],"START"]}`, []string{".a[0] "}, 2},
	} {
		if diff := cmp.Diff(c.rows, walked(t, c.text)); diff != "" {
			t.Errorf("%s\n%s", c.text, diff)
		}
		passed := 0
		walk.DeliveriesIn([]byte(c.text), walkNames, func(_ string, r *Request, _ error) bool { passed += r.Passed.N; return true })
		if passed != c.passed {
			t.Errorf("%s: %d passed over, want %d", c.text, passed, c.passed)
		}
	}
}

// TestTwice: a member for headers or body that stands twice, and a body that is printed
// twice, are told, whichever is judged.
func TestTwice(t *testing.T) {
	t.Parallel()
	body := `{"id":1}`
	good, bad := wunderSignature(body), wunderSignature("x")
	var many []byte // members, which would take much memory
	for i := range 70_000 {
		many = fmt.Appendf(many, `,"%d":0`, i)
	}
	for text, want := range map[string]string{
		`{"headers":{"X-Wunder-Signature":"` + good + `"},"body":"x","body":"{\"id\":1}"}`:                                                                                                     `"body" appears twice`,
		`{"headers":{"X-Wunder-Signature":"` + good + `"},"body":"{\"id\":1}","body":"{\"id\":1}"}`:                                                                                            "",
		`{"headers":{"X-Wunder-Signature":"` + bad + `"},"headers":{"X-Wunder-Signature":"` + good + `"},"body":"{\"id\":1}"}`:                                                                 `"headers" appears twice`,
		`{"received_at":"x","body_base64":"e30=","headers":{"X-Wunder-Signature":"` + good + `"},"body_base64":"eyJpZCI6MX0="}`:                                                                `"body_base64" appears twice`,
		`{"a":{"request":{"headers":{"X-Wunder-Signature":"` + good + `"},"body":"x","body":"{\"id\":1}"}}}`:                                                                                   `"body" appears twice`,
		`app | {"msg":1,"headers":{"X-Wunder-Signature":"` + good + `"},"body":"x","body":"{\"id\":1}"}`:                                                                                       `"body" appears twice`,
		`{"log":{"entries":[{"request":{"method":"POST","headers":[{"name":"X-Wunder-Signature","value":"` + good + `"}],"postData":{"text":"x","text":"{\"id\":1}"}}}]}}`:                     `"text" appears twice`,
		`{"log":{"entries":[{"request":{"method":"POST","headers":[{"name":"X-Wunder-Signature","value":"` + good + `"}],"postData":{"text":"{\"id\":1}"}},"x":{` + string(many[1:]) + `}}]}}`: "not checked for duplicates",
		"headers: {'X-Wunder-Signature': '" + good + "'}\nbody: " + body + "\nbody: {\"id\":2}\n":                                                                                              "at line 3",
		"headers: {'X-Wunder-Signature': '" + good + "'}\nbody: " + body + "\nresponse body: {\"ok\":2}\n":                                                                                     "",
		"headers: {'X-Wunder-Signature': '" + good + "'}\nraw body: " + body + "\nbody: {\"id\": 1}\n":                                                                                         "",
	} {
		rows := commandRows(t, "", text)
		if len(rows) != 1 || rows[0].err != nil || string(rows[0].Body) != body || !strings.Contains(rows[0].Ambiguous, want) || (rows[0].Ambiguous == "") != (want == "") {
			t.Errorf("%v %q, want %q, of:\n%s", describe(rows), rows[0].Ambiguous, want, text)
		}
	}
}

// TestBodyApart: a body that n8n keeps beside the item is read, and one that it keeps in
// a file is not taken for an empty one.
func TestBodyApart(t *testing.T) {
	t.Parallel()
	body := `{"id":1}`
	item := `{"json":{"headers":{"x-wunder-signature":"` + wunderSignature(body) + `"},"params":{},"body":{}},"binary":{"data":{"mimeType":"application/json","data":"%s"}}}`
	kept := fmt.Sprintf(item, base64.StdEncoding.EncodeToString([]byte(body)))
	rows := commandRows(t, "", "["+kept+",\n"+kept+"]")
	if len(rows) != 2 || rows[0].err != nil || string(rows[0].Body) != body || string(rows[1].Body) != body || rows[0].Inexact {
		t.Errorf("%v", describe(rows))
	}
	rows = commandRows(t, "", "["+fmt.Sprintf(item, `filesystem-v2","id":"filesystem-v2:workflows/1`)+"]")
	var layout *UnknownLayout
	if len(rows) != 1 || !errors.As(rows[0].err, &layout) {
		t.Errorf("in a file: %v", describe(rows))
	}
}
