package capture

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// readCounted reads standard input and counts what is passed over.
func readCounted(t *testing.T, o Options) (all []got, passed int) {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, o)
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches {
		if b.Err != nil {
			t.Fatal(b.Err)
		}
		for r, err := range b.Each() {
			g := got{Source: r.Source, Header: slices.Clone(r.Header), Body: string(bytes.Clone(r.Body)), Inexact: r.Inexact, Notes: slices.Clone(r.Notes)}
			if err != nil {
				g.Err = err.Error()
			}
			all = append(all, g)
		}
		passed += total(b.PassedOver())
	}
	return all, passed
}

// Lines that are made to cost time take little, whatever is in them.
func TestHostileLogs(t *testing.T) {
	t.Parallel()
	size := hostileSize
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	record := `{"headers":{"X-Wunder-Signature":"` + aSignature + `"},"body":"x"}`
	for name, text := range map[string]string{
		"objects": fill("{"), "lists": fill("["), "names": fill(`{"a":`), "torn": fill(`{"a":[x`), "quotes": fill(`"{\"`), "more quotes": fill(`"{\"a\":\"`), "escapes": fill(`{"a":"\\\`),
		"lists over lines": fill("[\n"), "objects over lines": fill("{\n"), "named over lines": fill("{\"a\":{\n"), "prefixed over lines": fill("web | [\n"), "records, torn": fill(record[:len(record)-3]),
		"headers": fill(`{"headers":{},`), "messages": `{"a":` + fill(`"{",`) + "1}", "in strings": fill(`{"m":"{\"m\":\"{\"}`), "lists of bytes": "[" + fill("123,") + "1]", "lists of lists": fill("[[1],"),
		"signatures": fill("sig=" + aSignature + "\n"), "others": fill("{\"a\":\"" + aSignature + "\"}\n"), "records on a line": fill(record), "records": fill(record + "\n"), "short": fill("{}\n"), "CR": fill("\r\n{\r"),
		"deep": strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000), "members": "{" + fill(`"headers":{},`) + `"a":1}`,
		"typed": fill(`{"headers":` + strings.Repeat(`{"S":`, 2000) + `"x"` + strings.Repeat("}", 2000) + `,"body":"x"}` + "\n"),
	} {
		rows, passed := 0, 0
		batches, err := Read(t.Context(), []string{"-"}, Options{Format: "log", Stdin: strings.NewReader(record + "\n" + text + "\n" + record), SignatureHeaders: signedNames})
		if err != nil {
			t.Fatal(err)
		}
		for b := range batches {
			for range b.Each() {
				rows++
			}
			passed += total(b.PassedOver())
		}
		if rows < 2 {
			t.Errorf("%s: %d rows, %d passed over", name, rows, passed)
		}
	}
}

func FuzzLog(f *testing.F) {
	record := `{"headers":{"X-Wunder-Signature":"` + aSignature + `"},"body":"x"}`
	f.Add([]byte("web_1  | "+record+" x\nup\n"), byte(7))
	f.Add([]byte("a {\nb   \"headers\": {\"X-Hook-Signature\": \""+aSignature+"\"},\nc   \"body\": \"\\u00e9\"\nd }\n"), byte(3))
	f.Add([]byte(`{"log":"x {\"headers\":{\"x-hook-signature\":\"`+aSignature+`\"},\"body\":\"\"}\n"} {"MESSAGE":[123,125]}`), byte(1))
	f.Add([]byte(`msg="{\"headers\":{},\"body\":\"\"}" {"headers":{`), byte(200))
	f.Add([]byte("0 \"{\\000X-Hook-Signature\\0,\\000"+strings.Repeat("0", 64)+",Body:0}\""), byte(9))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		lines := 0
		for line := range bytes.Lines(message.TrimBOM(data)) {
			if len(bytes.TrimSpace(line)) > 0 {
				lines++
			}
		}
		var first []string
		for _, in := range []io.Reader{bytes.NewReader(data), &odd{bytes.NewReader(data), int(size) + 1}} {
			batches, err := Read(t.Context(), []string{"-"}, Options{Format: "log", Stdin: in, SignatureHeaders: signedNames})
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			passed, seen := 0, map[string]bool{}
			for b := range batches {
				for r, err := range b.Each() {
					rows = append(rows, fmt.Sprintf("%s %q %v %v", r.Source, r.Body, r.Header, err))
					source, _, _ := strings.Cut(r.Source, " (")
					seen[source] = true
				}
				for _, p := range b.PassedOver() {
					if !strings.HasPrefix(p.One, "signature ") { // what is no line may stand on one with a row
						passed += p.N
					}
				}
			}
			if passed+len(seen) > lines || passed == 0 && len(seen) == 0 && lines > 0 {
				t.Fatalf("%d passed over and %d with rows of %d lines", passed, len(seen), lines)
			}
			if slices.Sort(rows); first == nil {
				first = append(rows, fmt.Sprint(passed))
			} else if !slices.Equal(first, append(rows, fmt.Sprint(passed))) {
				t.Fatalf("%q in one piece, %q in pieces", first, rows)
			}
		}
		drain(t, "log", data)
		drain(t, "", data)
	})
}

// odd reads in pieces of a size.
type odd struct {
	r    io.Reader
	size int
}

func (o *odd) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), o.size)]) }

func total(t recorded.Tally) (n int) {
	for _, p := range t {
		n += p.N
	}
	return n
}

// TestPrintsInMessages: what a program prints of a delivery, or dumps, is read in the
// message of a logger too.
func TestPrintsInMessages(t *testing.T) {
	t.Parallel()
	shapes := maps.Clone(printShapes)
	shapes["a dump"] = func(h Header, body string) string {
		return "POST /hook HTTP/1.1\n" + join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\n" }) + "\n" + body
	}
	delete(shapes, "go bytes") // no brace is in it: a signature at .msg
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var text strings.Builder
			bodies := []string{nastyBodies[0], nastyBodies[1], nastyBodies[4]}
			for _, body := range bodies {
				text.WriteString(`{"level":"info","msg":` + quoted(shape(headersOf(body), body)) + `}` + "\nmore\n")
			}
			rows := commandRows(t, "", text.String())
			for i, body := range bodies {
				if i >= len(rows) || rows[i].err != nil || string(rows[i].Body) != body || rows[i].Source != fmt.Sprintf("-:%d (.msg)", 2*i+1) {
					t.Fatalf("row %d of %v, want\n%s, of:\n%s", i, describe(rows), body, text.String())
				}
			}
			if len(rows) != len(bodies) {
				t.Errorf("%v of:\n%s", describe(rows), text.String())
			}
		})
	}
}

// TestRedisList: a string in which bytes are \xNN is a message too.
func TestRedisList(t *testing.T) {
	t.Parallel()
	const body = `{"name":"Zoë \"x\" \\ é"}`
	record := `{"headers":{"X-Wunder-Signature":"` + wunderSignature(body) + `"},"body":` + quoted(body) + `}`
	item := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "ë", `\xc3\xab`, "é", `\xc3\xa9`).Replace(record)
	rows := commandRows(t, "", `1) "`+item+"\"\n"+`2) "`+item+"\"\n")
	if len(rows) != 2 || rows[0].err != nil || string(rows[0].Body) != body || string(rows[1].Body) != body {
		t.Errorf("%v", describe(rows))
	}
}

// TestTextInMessages: a text that merely has a signature in it is no delivery, and not
// passed over.
func TestTextInMessages(t *testing.T) {
	t.Parallel()
	signature := wunderSignature("{}")
	for _, text := range []string{
		"the header X-Wunder-Signature: " + signature + " {came}", "X-Wunder-Signature: " + signature + "\n{",
		"headers: {'X-Wunder-Signature': '" + signature + "'}\nbody: {}\nheaders: {'X-Wunder-Signature': '" + wunderSignature("x") + "'}\n",
	} {
		line := `{"headers":{"X-Wunder-Signature":"` + wunderSignature("a") + `"},"body":"a"}` + "\n"
		rows := commandRows(t, "", line+`{"level":"info","msg":`+quoted(text)+"}\n")
		if len(rows) != 2 || rows[1].err == nil {
			t.Errorf("%v of:\n%s", describe(rows), text)
		}
	}
}
