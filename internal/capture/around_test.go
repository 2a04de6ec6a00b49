package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/capture/around"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/norace"
)

// aroundLines are what programs put around each line of a text.
var aroundLines = map[string]func(n int, line string) string{
	"docker compose":   func(_ int, line string) string { return "web-1  | " + line },
	"docker logs -t":   func(n int, line string) string { return fmt.Sprintf("2026-05-17T14:30:01.%09dZ %s", n*7919, line) },
	"kubectl --prefix": func(_ int, line string) string { return "[pod/web-7d9f/app] " + line },
	"containerd":       func(n int, line string) string { return fmt.Sprintf("2026-05-17T14:30:01.%09dZ stdout F %s", n, line) },
	"GitHub Actions": func(n int, line string) string {
		return fmt.Sprintf("build\tRun tests\t2026-05-17T14:30:01.%07dZ %s", n, line)
	},
	"GitHub and compose": func(n int, line string) string {
		return fmt.Sprintf("a\tb c\t2026-05-17T14:30:01.%07dZ web-1  | %s", n, line)
	},
	"journald": func(n int, line string) string {
		return fmt.Sprintf("May %2d 14:30:%02d host node[123]: %s", 8+n%4, n%60, line)
	},
	"heroku": func(n int, line string) string {
		return fmt.Sprintf("2026-05-17T14:30:01.%06d+00:00 app[web.1]: %s", n, line)
	},
	"cat -n":   func(n int, line string) string { return fmt.Sprintf("%6d\t%s", n, line) },
	"grep -n":  func(n int, line string) string { return fmt.Sprintf("%d:%s", n, line) },
	"grep -Hn": func(n int, line string) string { return fmt.Sprintf("logs/app.log:%d:%s", n, line) },
	"docker, json-file": func(n int, line string) string {
		return fmt.Sprintf(`{"log":%s,"stream":"stdout","time":"2026-05-17T14:30:01.%09dZ"}`, quoted(line+"\n"), n)
	},
	"journalctl -o json": func(n int, line string) string {
		return fmt.Sprintf(`{"__REALTIME_TIMESTAMP":"%d","MESSAGE":%s}`, n, quoted(line))
	},
	"nothing": func(_ int, line string) string { return line },
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// put puts it around each line of a text.
func put(around func(int, string) string, text, end string) string {
	var out strings.Builder
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		out.WriteString(around(n+1, line) + end)
	}
	return out.String()
}

// TestAroundLines: what a collector puts before each line, or each line into, changes
// nothing of what is read, nor do the line ends of another system.
func TestAroundLines(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	dump := func(h Header, body string) string {
		return "POST /hook HTTP/1.1\n" + join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\n" }) + "\n" + body + "\n"
	}
	console := func(h Header, body string) string {
		return "headers: {\n" + join(h, ",\n", func(f Field) string {
			return "  " + pythonRepr(strings.ToLower(f.Name), false) + ": " + pythonRepr(f.Value, false)
		}) + "\n}\nbody: " + body + "\n"
	}
	shapes := map[string]func(Header, string) string{"dump": dump, "console": console}
	for _, name := range []string{"asp.net", "rust {:#?}", "http.server", "var_dump", "print_r, nested", "zapier, body last"} {
		shapes[name] = printShapes[name]
	}
	pretty := "{\n  \"id\": \"evt_1\",\n  \"data\": {\n    \"name\": \"Ada\"\n  }\n}"
	for _, around := range slices.Sorted(maps.Keys(aroundLines)) {
		for both, end := range []string{"\n", "\r\n"} {
			for name, shape := range shapes {
				t.Run(strings.Join([]string{name, around, quoted(end)}, " in "), func(t *testing.T) {
					bodies := []string{nastyBodies[0], nastyBodies[4], pretty}
					if name == "print_r, nested" || end == "\r\n" {
						bodies = bodies[:2] // they have no line ends
					}
					text := ""
					for _, body := range bodies {
						text += shape(headersFor(body)[2*both], body)
					}
					text = put(aroundLines[around], text, end)
					rows := commandRows(t, "", text)
					for i, body := range bodies {
						if i >= len(rows) || rows[i].err != nil || string(rows[i].Body) != body || rows[i].Header.Get("X-Wunder-Signature") != wunderSignature(body) {
							t.Fatalf("row %d of %v, want %q, of:\n%s", i, describe(rows), body, text)
						}
					}
					if len(rows) != len(bodies) {
						t.Errorf("%d rows of:\n%s", len(rows), text)
					}
				})
			}
		}
	}
}

// TestPieces: what a container's runtime cuts into pieces is one line, whatever is
// between them.
func TestPieces(t *testing.T) {
	t.Parallel()
	line := func(body string) string {
		return fmt.Sprintf(`{"headers":{"X-Wunder-Signature":%q},"body":%s}`, wunderSignature(body), quoted(body))
	}
	a, b := line(nastyBodies[0]), line(nastyBodies[1])
	docker := func(text, stream string) string {
		return fmt.Sprintf(`{"log":%s,"stream":%q,"time":"2026-05-17T14:30:01.000000001Z"}`+"\n", quoted(text), stream)
	}
	containerd := func(text, stream string) string {
		kind := "F"
		if !strings.HasSuffix(text, "\n") {
			kind = "P"
		}
		return "2026-05-17T14:30:01.000000001Z " + stream + " " + kind + " " + strings.TrimSuffix(text, "\n") + "\n"
	}
	for name, put := range map[string]func(text, stream string) string{"docker": docker, "containerd": containerd} {
		for cut := 1; cut < len(a); cut += 7 {
			text := put("starting\n", "stdout") + put(a[:cut], "stdout") + put(b[:9], "stderr") + put("between\n", "stdout-x") + put(a[cut:len(a)-1], "stdout") + put(a[len(a)-1:]+"\n", "stdout") + put(b[9:]+"\n", "stderr")
			rows := commandRows(t, "", text)
			if len(rows) != 2 || rows[0].err != nil || rows[1].err != nil || string(rows[0].Body) != nastyBodies[0] || string(rows[1].Body) != nastyBodies[1] || !strings.HasPrefix(rows[0].Source, "-:6") {
				t.Fatalf("%s, cut at %d: %v of:\n%s", name, cut, describe(rows), text)
			}
		}
		rows := commandRows(t, "", put("starting\n", "stdout")+put(b+"\n", "stdout")+put(a[:len(a)/2], "stdout"))
		if len(rows) != 2 || rows[0].err != nil || rows[1].err == nil {
			t.Errorf("%s, without the last piece: %v", name, describe(rows))
		}
	}
}

// TestWrappedByTerminal: lines that a terminal broke in the middle of a signature are
// put together.
func TestWrappedByTerminal(t *testing.T) {
	t.Parallel()
	body := nastyBodies[0]
	signature := wunderSignature(body)
	for name, text := range map[string]string{
		"dump":    "POST /hook HTTP/1.1\nHost: x\nX-Wunder-Signature: " + signature + "\nContent-Length: " + strconv.Itoa(len(body)) + "\n\n" + body + "\n",
		"json":    `{"headers":{"host":"hooks.example.com","X-Wunder-Signature":"` + signature + `"},"body":` + quoted(body) + "}\n",
		"console": "headers { host: 'localhost:3000', 'x-wunder-signature': '" + signature + "' }\nbody " + body + "\n",
	} {
		for width := 80; width < 91; width++ {
			var wrapped strings.Builder
			for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
				for ; len(line) > width; line = line[width:] {
					wrapped.WriteString(line[:width] + "\n")
				}
				wrapped.WriteString(line + "\n")
			}
			rows := commandRows(t, "", wrapped.String())
			if len(rows) != 1 || rows[0].err != nil || string(rows[0].Body) != body {
				t.Errorf("%s at %d columns: %v of:\n%s", name, width, describe(rows), wrapped.String())
			}
		}
	}
}

// TestTables: a row of a table is a delivery, whatever is between its cells and
// however its headers stand in them.
func TestTables(t *testing.T) {
	t.Parallel()
	object := func(h Header) string {
		var parts []string
		for _, f := range h {
			parts = append(parts, quoted(f.Name)+": "+quoted(f.Value))
		}
		return "{\n  " + strings.Join(parts, ",\n  ") + "\n}"
	}
	lines := func(h Header) string { return join(h, "\n", func(f Field) string { return f.Name + ": " + f.Value }) }
	for name, row := range map[string]struct {
		titles []string
		cells  func(h Header, body string) []string
	}{
		"headers as JSON":  {[]string{"id", "created_at", "headers", "body"}, func(h Header, body string) []string { return []string{"1", "2026-05-17", object(h), body} }},
		"headers as lines": {[]string{"request_headers", "payload"}, func(h Header, body string) []string { return []string{lines(h), body} }},
		"body first":       {[]string{"body", "headers"}, func(h Header, body string) []string { return []string{body, object(h)} }},
		"columns": {[]string{"id", "X-Wunder-Signature", "Content-Type", "body"}, func(h Header, body string) []string {
			return []string{"1", h.Get("X-Wunder-Signature"), "application/json", body}
		}},
		"columns, snake": {[]string{"raw_body", "x_wunder_signature"}, func(h Header, body string) []string { return []string{body, h.Get("X-Wunder-Signature")} }},
		"a record in a log": {[]string{"timestamp", "message"}, func(h Header, body string) []string {
			return []string{"1747492200000", `{"headers":` + object(h) + `,"body":` + quoted(body) + `}`}
		}},
	} {
		for _, sep := range []rune{',', ';', '\t'} {
			for _, end := range []bool{false, true} {
				var text strings.Builder
				w := csv.NewWriter(&text)
				w.Comma, w.UseCRLF = sep, end
				_ = w.Write(row.titles)
				for _, body := range nastyBodies {
					if end && strings.Contains(row.titles[0], "request") {
						body = nastyBodies[0]
					}
					_ = w.Write(row.cells(headersOf(body), body))
				}
				w.Flush()
				rows := commandRows(t, "", []string{"", "\n", "\r\n\r\n", "sep=" + string(sep) + "\r\n", "\ufeffsep=" + string(sep) + "\n\n"}[len(name)%5]+text.String())
				if len(rows) != len(nastyBodies) {
					t.Fatalf("%s, %q: %v of:\n%s", name, sep, describe(rows), text.String())
				}
				for i, r := range rows {
					body := string(r.Body)
					if r.err != nil || !slices.Contains(nastyBodies, body) || r.Header.Get("X-Wunder-Signature") != wunderSignature(body) {
						t.Fatalf("%s, %q: row %d: %v %q %q", name, sep, i, r.err, r.Header, body)
					}
				}
			}
		}
	}
}

// TestNoTables: what is no table, or none that is known, is not read as one, and a
// cell's quotes are no print's.
func TestNoTables(t *testing.T) {
	t.Parallel()
	signature := wunderSignature("{}")
	for text, want := range map[string]string{
		`1,"{""x-wunder-signature"": """` + signature + `""}","{""id"":1}"` + "\n": "line 1",
		"a,b\n" + `1,` + signature + "\n":                                          "line 2",
		"headers,body\n1,2,3," + signature + "\n":                                  "line 2",
	} {
		rows := commandRows(t, "", text)
		if len(rows) != 1 || rows[0].err == nil || !strings.Contains(rows[0].err.Error(), want) {
			t.Errorf("%v, want %q, of:\n%s", describe(rows), want, text)
		}
	}
}

// TestSignatureInBinaryCell: a signature is not hidden by the form that bytes are given.
func TestSignatureInBinaryCell(t *testing.T) {
	t.Parallel()
	rows := commandRows(t, "", "X-Wunder-Signature,body,note\n"+wunderSignature("{}")+",{},\n,,\xff "+wunderSignature("[]")+"\n")
	if len(rows) != 2 || rows[0].err != nil || rows[1].err == nil || !strings.Contains(rows[1].err.Error(), "line 3") {
		t.Errorf("%v", describe(rows))
	}
}

// TestHostileAround: what is around lines costs what their bytes do.
func TestHostileAround(t *testing.T) {
	norace.Only(t)
	signed := "X-Wunder-Signature: " + wunderSignature("") + "\n"
	for _, text := range []string{
		"a,b\n1,\"" + strings.Repeat("x\n", hostileSize/2) + signed,
		"a,b\n" + strings.Repeat("1,\"\n", hostileSize/4) + signed,
		strings.Repeat("2026-05-17T14:30:01Z stdout P x\n", hostileSize/32) + signed,
		strings.Repeat(`{"log":"x","stream":"s"}`+"\n", hostileSize/25) + signed,
		strings.Repeat("1 ", hostileSize/2) + signed,
		strings.Repeat("1 1 1 1 1 1 "+signed, hostileSize/128),
		"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\nheaders:\n  " + signed,
		"headers:\n  " + signed + strings.Repeat("- ", hostileSize/2),
		"headers:\n  " + signed + "a:\n" + strings.Repeat("- x\n", hostileSize/4),
		strings.Repeat(strings.Repeat("a", 100)+"\n", hostileSize/101) + signed,
		"x0: &x0\n  a: 1\n" + mergedAgain(12) + "headers:\n  " + signed,
		"headers: &h\n  <<: *h\n  " + signed,
		"headers:\n  " + signed + "a: &a\n- *a\n" + strings.Repeat("# x\n", 4*hostileSize),
		drawnRow("id", "x-wunder-signature", "body") + "|---\n" + drawnRow("1", wunderSignature("{}"), "{}") + drawnRow("2", wunderSignature(""), "{") + strings.Repeat(drawnRow("", "", "yyyyyyyyyy"), hostileSize/16),
	} {
		commandRows(t, "", text)
	}
}

// drawnRow is a line of a table that is drawn.
func drawnRow(id, signature, body string) string {
	return fmt.Sprintf("| %-2s | %-71s | %-200s |\n", id, signature, body)
}

// mergedAgain is YAML in which each of n mappings is nine times the one before it.
func mergedAgain(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("x%d: &x%d\n  <<: [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d,", i), 9), ","))
	}
	return text
}

// TestManyInYAML: that each signature is kept costs what their bytes do.
func TestManyInYAML(t *testing.T) {
	t.Parallel()
	n := 4 * hostileSize / 128
	rows := commandRows(t, "", "all:\n"+strings.Repeat("- headers: {}\n  x_wunder_signature: "+wunderSignature("{}")+"\n  body: '{}'\n", n))
	if len(rows) == 0 {
		t.Error("there are none")
	}
}

// TestAroundHoldsBack: what is held back until its end is seen is no more than a part
// of a text of any length.
func TestAroundHoldsBack(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	signed := "X-Wunder-Signature: " + wunderSignature("") + "\n"
	pad := strings.Repeat("x", 1<<10)
	for name, c := range map[string]struct {
		head string
		line func(i int) string
	}{
		"YAML":    {"headers:\n  " + signed, func(i int) string { return fmt.Sprintf("k%d: %s", i, pad) }},
		"streams": {`{"log":"a\n","stream":"stdout","time":"x"}`, func(i int) string { return fmt.Sprintf(`{"log":"%s","stream":"s%d","time":"x"}`, pad, i) }},
		"a row":   {"a,b\n1,2\n1,\"", func(int) string { return pad }},
	} {
		t.Run(name, func(t *testing.T) {
			const mostHeld = 17 << 20
			found := false
			for _, find := range around.Find {
				l, ok := find([]byte(c.head+"\n"+c.line(0)+"\n"), printNames)
				if !ok {
					continue
				}
				found = true
				in := &endless{next: func(i int) string { return c.line(i) + "\n" }}
				_, rest := l.Inside([]byte(c.head+"\n"), in, false)
				if n, err := rest.Read(make([]byte, 1)); n == 0 || in.n > mostHeld {
					t.Errorf("%d bytes were read for %d (%v)", in.n, n, err)
				}
			}
			if !found {
				t.Error("it is around nothing")
			}
		})
	}
}

// endless is lines without end, of which it counts the bytes.
type endless struct {
	next  func(i int) string
	lines int
	n     int
	left  string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n > 64<<20 {
		return 0, io.EOF
	}
	if e.left == "" {
		e.lines++
		e.left = e.next(e.lines)
	}
	n := copy(p, e.left)
	e.n, e.left = e.n+n, e.left[n:]
	return n, nil
}

// TestYAML: what tools record as YAML is read, in any style that keeps the text.
func TestYAML(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	type m = map[string]any
	lists := func(h Header) m {
		all := m{}
		for _, f := range h {
			all[f.Name] = []string{f.Value}
		}
		return all
	}
	plain := func(h Header) m {
		all := m{}
		for _, f := range h {
			all[f.Name] = f.Value
		}
		return all
	}
	answer := m{"status": m{"code": 200}, "headers": m{"Content-Type": []string{"text/plain"}}, "body": m{"string": "ok"}}
	for name, one := range map[string]func(h Header, body string) any{
		"VCR": func(h Header, body string) any {
			return m{"request": m{"method": "post", "uri": "http://x/hook", "body": m{"encoding": "UTF-8", "string": body}, "headers": lists(h)}, "response": answer}
		},
		"vcrpy": func(h Header, body string) any {
			return m{"request": m{"method": "POST", "uri": "http://x/hook", "body": body, "headers": lists(h)}, "response": answer}
		},
		"go-vcr": func(h Header, body string) any {
			return m{"id": 0, "request": m{"method": "POST", "proto": "HTTP/1.1", "content_length": len(body), "body": body, "headers": lists(h), "url": "http://x/hook"}, "response": answer}
		},
		"a fixture": func(h Header, body string) any { return m{"headers": plain(h), "body": body} },
	} {
		for _, n := range []int{1, 8, 400} {
			var all []any
			for i := range n {
				body := nastyBodies[i%len(nastyBodies)]
				all = append(all, one(headersOf(body), body))
			}
			text, err := yaml.Marshal(m{"interactions": all, "version": 1})
			if err != nil {
				t.Fatal(err)
			}
			rows := commandRows(t, "", string(text))
			if len(rows) != n {
				t.Fatalf("%s: %d rows of %d, %v", name, len(rows), n, describe(rows[:min(len(rows), 3)]))
			}
			for i, r := range rows {
				if body := nastyBodies[i%len(nastyBodies)]; r.err != nil || string(r.Body) != body || r.Header.Get("X-Wunder-Signature") != wunderSignature(body) {
					t.Fatalf("%s: row %d: %v %q %q", name, i, r.err, r.Header, r.Body)
				}
			}
		}
	}
	// An alias stands for little; text in lines is folded; binary is bytes; what is
	// short is in one line; what is merged has no member of its own.
	body := nastyBodies[0]
	request := "- request:\n    body: '" + body + "'\n    headers:\n      X-Wunder-Signature: ['" + wunderSignature(body) + "']\n    method: POST\n  response:\n    body: {string: ok}\n    status: {code: 200, message: OK}\n"
	for _, text := range []string{
		request,
		"interactions:\n" + request,
		"interactions:\n" + strings.Replace(strings.Replace(request, " ['", "\n      - '", 1), "']", "'", 1),
		"base: &base\n  method: POST\n  body: 'none'\nhook:\n  <<: *base\n  headers:\n    X-Wunder-Signature: " + wunderSignature(body) + "\n  body: '" + body + "'\n",
		"a: &a {Host: x}\nb: &b\n  X-Wunder-Signature: " + wunderSignature(body) + "\nhook:\n  headers:\n    Host: y\n    <<: [*a, *b]\n  body: '" + body + "'\n",
		"a: &a [1,2]\nheaders:\n  X-Wunder-Signature: " + wunderSignature(body) + "\nbody: '" + body + "'\nb: *a\n",
		"---\nheaders:\n  X-Wunder-Signature: " + wunderSignature(body) + "\nbody: !!binary |\n  " + base64.StdEncoding.EncodeToString([]byte(body)) + "\n",
		"headers:\r\n  X-Wunder-Signature: " + wunderSignature(body) + "\r\nbody: |-\r\n  " + body + "\r\n",
	} {
		rows := commandRows(t, "", text)
		if len(rows) != 1 || rows[0].err != nil || string(rows[0].Body) != body {
			t.Errorf("%v of:\n%s", describe(rows), text)
		}
	}
}

// FuzzAround: whatever is taken off, no signature is lost, little becomes no more than
// little, and where the beginning ends makes no difference.
func FuzzAround(f *testing.F) {
	console := "headers: {\n  'X-Wunder-Signature': '" + wunderSignature("{}") + "'\n}\nbody: {}\n"
	for _, around := range slices.Sorted(maps.Keys(aroundLines)) {
		f.Add([]byte(put(aroundLines[around], console+console, "\n")), uint16(70), true)
	}
	f.Add([]byte("id,headers,body\n1,\"{\"\"X-Wunder-Signature\"\":\"\""+wunderSignature("{}")+"\"\"}\",\"{\n}\"\n"), uint16(90), false)
	f.Add([]byte("- headers:\n    X-Wunder-Signature: "+wunderSignature("{}")+"\n  body: '{}'\n# a\n"), uint16(9), true)
	f.Add([]byte("2026-05-17T14:30:01.1Z stdout P {\n2026-05-17T14:30:01.2Z stderr F b\n2026-05-17T14:30:01.3Z stdout F }\n"), uint16(40), true)
	f.Fuzz(func(t *testing.T, data []byte, at uint16, fill bool) {
		head := data[:min(len(data), recorded.HeadStep)]
		for _, find := range around.Find {
			l, ok := find(head, printNames)
			if !ok {
				continue
			}
			var whole []byte
			for _, cut := range []int{len(data), min(int(at), len(data))} {
				out, rest := l.Inside(data[:cut], bytes.NewReader(data[cut:]), fill)
				tail, err := io.ReadAll(rest)
				if out = append(out, tail...); err != nil || whole != nil && !bytes.Equal(out, whole) {
					t.Fatalf("%v: %q, and %q cut at %d, of %q", err, whole, out, cut, data)
				}
				whole = out
			}
			if len(whole) > 16*len(data)+4096 {
				t.Errorf("%d bytes of %d", len(whole), len(data))
			}
			recorded.SignaturesIn(data, printNames, func(s recorded.Seen) bool {
				if !bytes.Contains(bytes.ToLower(whole), []byte(s.Digest)) {
					t.Errorf("a signature is lost: %q of %q", whole, data)
				}
				return true
			})
		}
	})
}

// TestNoNoteOfYAML: what turns out to be no YAML, or is too large, is read as it is, and
// nothing says otherwise.
func TestNoNoteOfYAML(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	body := nastyBodies[0]
	one := "- headers:\n    X-Wunder-Signature: " + wunderSignature(body) + "\n  body: '" + body + "'\n"
	for name, c := range map[string]struct {
		text  string
		noted bool
	}{
		"YAML":             {one, true},
		"many":             {strings.Repeat(one, 1000), true},
		"torn":             {strings.Repeat(one, 1000) + "\"\n", false},
		"too large":        {one + strings.Repeat("# "+strings.Repeat("x", 100)+"\n", 5<<20/103), false},
		"a node in itself": {strings.Repeat(one, 1000) + "- &a [*a]\n", false},
	} {
		rows := commandRows(t, "", c.text)
		if len(rows) == 0 {
			t.Errorf("%s: no rows", name)
		}
		for i, r := range rows {
			if noted := slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "YAML") }); r.err == nil && noted != c.noted {
				t.Fatalf("%s: row %d has %q", name, i, r.Notes)
			}
		}
	}
}

// TestAlike: of lines that are alike nothing is taken off that is a part of them, and
// behind what a collector puts before each a print of any number of lines is read as
// it is without.
func TestAlike(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	bodies := []string{`{"id":"e1","n":1}`, `{"id":"e2","n":2}`, `{"id":"e3","n":3}`}
	few := func(body string) Header {
		return Header{{Name: "Accept-Encoding", Value: "gzip"}, {Name: "Content-Length", Value: strconv.Itoa(len(body))}, {Name: "X-Wunder-Signature", Value: wunderSignature(body)}}
	}
	shapes := maps.Clone(printShapes)
	shapes["labels"] = func(h Header, body string) string {
		return "Headers:\n" + join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\n" }) + "\nBody:\n" + body + "\n"
	}
	shapes["lines of JSON"] = func(h Header, body string) string {
		return "2026-05-17T14:30:01Z INFO received webhook\nheaders: {\"X-Wunder-Signature\": " + quoted(h.Get("X-Wunder-Signature")) + "}\nbody: " + body + "\n"
	}
	shapes["%q of a dump"] = func(h Header, body string) string {
		return quoted("POST /h HTTP/1.1\r\n"+join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\r\n" })+"\r\n"+body) + "\n"
	}
	known := map[string]func(int, string) string{
		"pm2":     func(_ int, line string) string { return "0|app  | " + line },
		"foreman": func(_ int, line string) string { return "14:30:01 web.1  | " + line },
	}
	for _, name := range []string{"docker compose", "docker logs -t", "kubectl --prefix", "GitHub Actions", "GitHub and compose", "heroku"} {
		known[name] = aroundLines[name]
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, headers := range []func(string) Header{few, headersOf} {
				for _, n := range []int{1, 2, 3} {
					text, read := "", 0
					for _, body := range bodies[:n] {
						text += shape(headers(body), body)
					}
					for _, r := range commandRows(t, "", text) {
						if r.err == nil && string(r.Body) == bodies[min(read, n-1)] {
							read++
						}
					}
					if read != n {
						t.Errorf("%d of %d are read of:\n%s", read, n, text)
						continue
					}
					for collector, around := range known {
						rows := commandRows(t, "", put(around, text, "\n"))
						for i, body := range bodies[:n] {
							if len(rows) != n || rows[i].err != nil || string(rows[i].Body) != body {
								t.Errorf("%s: %v of:\n%s", collector, describe(rows), put(around, text, "\n"))
								break
							}
						}
					}
				}
			}
		})
	}
}

// TestNoHalfCells: in a row without titles no body is what ends at a doubled quote;
// where the row stands is said.
func TestNoHalfCells(t *testing.T) {
	t.Parallel()
	for _, body := range append(slices.Clone(nastyBodies), `[{"a":1}]`, "{\n  \"a\": 1\n}") {
		for _, sep := range []string{",", ";", "\t"} {
			for _, row := range [][]string{
				{"0", "2026-11-29", "X-Wunder-Signature", wunderSignature(body), body},
				{body, "X-Wunder-Signature", wunderSignature(body)},
				{"1", `{"X-Wunder-Signature": "` + wunderSignature(body) + `"}`, body},
			} {
				for i, cell := range row {
					if strings.ContainsAny(cell, "\"\n") {
						row[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
					}
				}
				text := strings.Join(row, sep) + "\n"
				rows := commandRows(t, "", text+text)
				if unknown := (*UnknownLayout)(nil); len(rows) != 1 || !errors.As(rows[0].err, &unknown) || !strings.Contains(rows[0].err.Error(), "line ") {
					t.Errorf("%v of:\n%s", describe(rows), text)
				}
			}
		}
	}
}

// TestFramedTables: a table that is drawn with lines is read, where long cells go on in
// the lines below too.
func TestFramedTables(t *testing.T) {
	t.Parallel()
	for name, width := range map[string]int{"whole cells": 1 << 10, "wrapped": 60, "narrow": 7} {
		for _, bar := range []string{"|", "│"} {
			for _, between := range []bool{false, true} {
				var text strings.Builder
				widths := []int{3, min(width, 400), min(width, 400)}
				rule := func(c string) {
					text.WriteString(c + strings.Repeat("-", widths[0]+2) + c + strings.Repeat("-", widths[1]+2) + c + strings.Repeat("-", widths[2]+2) + c + "\n")
				}
				write := func(cells ...string) {
					for first := true; first || strings.Join(cells, "") != ""; first = false {
						for i, cell := range cells {
							piece := []rune(cell)[:min(widths[i], len([]rune(cell)))]
							cells[i] = string([]rune(cell)[len(piece):])
							fmt.Fprintf(&text, "%s %s%s ", bar, string(piece), strings.Repeat(" ", widths[i]-len(piece)))
						}
						text.WriteString(bar + "\n")
					}
				}
				rule("+")
				write("id", "headers", "body")
				rule("+")
				for i, body := range nastyBodies {
					write(strconv.Itoa(i+1), `{"X-Wunder-Signature":"`+wunderSignature(body)+`"}`, body)
					if between {
						rule("|")
					}
				}
				rule("+")
				text.WriteString("8 rows in set (0.00 sec)\n")
				rows := commandRows(t, "", text.String())
				if len(rows) != len(nastyBodies) {
					t.Fatalf("%s: %v of:\n%s", name, describe(rows), text.String())
				}
				for i, r := range rows {
					if body := nastyBodies[i]; r.err != nil || string(r.Body) != body || r.Header.Get("X-Wunder-Signature") != wunderSignature(body) {
						t.Fatalf("%s: row %d: %v %q %q of:\n%s", name, i, r.err, r.Header, r.Body, text.String())
					}
				}
			}
		}
	}
}

// TestNoteOfPieces: of lines that were put together a note says so, of whole ones none.
func TestNoteOfPieces(t *testing.T) {
	t.Parallel()
	record := fmt.Sprintf(`{"headers":{"X-Wunder-Signature":%q},"body":"{}"}`, wunderSignature("{}"))
	const at = "2026-05-17T14:30:01.000000001Z stdout "
	for text, want := range map[string]bool{
		at + "P " + record[:20] + "\n" + at + "F " + record[20:] + "\n": true,
		at + "F " + record + "\n" + at + "F " + record + "\n":           false,
	} {
		for _, r := range commandRows(t, "", text) {
			if noted := slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "pieces") }); r.err != nil || noted != want {
				t.Errorf("%v %q of:\n%s", r.err, r.Notes, text)
			}
		}
	}
}
