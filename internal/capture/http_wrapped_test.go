package capture

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/norace"
)

// dumpOf is a request with its body, as it goes over the wire.
func dumpOf(body string, length bool) string {
	said := ""
	if length {
		said = fmt.Sprintf("Content-Length: %d\n", len(body))
	}
	return "POST /hook HTTP/1.1\nHost: example.com\nX-Wunder-Signature: sha256=" + testDigest + "\n" + said + "\n" + body
}

func prefixLines(text, prefix string) string {
	return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix)
}

func colour(head string) string {
	return strings.ReplaceAll("\x1b[34mPOST\x1b[39;49;00m"+strings.TrimPrefix(head, "POST"), "Host", "\x1b[36mHost\x1b[39;49;00m")
}

// Whatever is put around a dump, its body stays what it is.
func TestWrapped(t *testing.T) {
	norace.Only(t)
	const answer = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"
	for _, c := range []struct {
		name string
		wrap func(dump string) string
		can  func(body string) bool
		keep bool // line ends at the end of a body without a length stay
	}{
		{"a fence", func(s string) string { return "```http\n" + s + "\n```\n" }, func(s string) bool { return !strings.Contains(s, "```") }, false},
		{"a fence in prose", func(s string) string { return "# Notes\n\nIt's this one:\n\n~~~ http\n" + s + "\n~~~\n\nThat's all.\n" }, nil, false},
		{"a fence in a list", func(s string) string { return "- so:\n  ```\n" + prefixLines(s, "  ") + "\n  ```\n" }, nil, false},
		{"Jira's code", func(s string) string { return "h2. So:\n\n{code:java|title=x}\n" + s + "\n{code}\n\nThanks\n" }, nil, false},
		{"Jira's noformat", func(s string) string { return "{noformat}\n" + s + "\n{noformat}\n" }, nil, false},
		{"HTML", func(s string) string {
			return "<details>\n<summary>the request</summary>\n\n<pre><code class=\"http\">" + s + "\n</code></pre>\n</details>\n"
		}, func(s string) bool { return !strings.Contains(s, "&quot;") }, false},
		{"HTML in a line", func(s string) string {
			return "<!DOCTYPE html>\n<html><body class=\"a\"><h1>The request</h1> <pre>" + html.EscapeString(s) + "</pre></body></html>\n"
		}, func(s string) bool { return strings.Contains(s, `"`) }, false},
		{"HTML with a fence", func(s string) string {
			return "<details>\n<summary>x</summary>\n\n```http\n" + s + "\n```\n</details>\n"
		}, func(s string) bool { return !strings.Contains(s, "```") }, false},
		{"an indent", func(s string) string { return prefixLines(s, "    ") + "\n" }, nil, false},
		{"an indent in prose", func(s string) string { return "It came:\n\n" + prefixLines(s, "\t") + "\n\nand no more.\n" }, nil, false},
		{"a quotation", func(s string) string { return prefixLines(s, "> ") + "\n" }, nil, false},
		{"a fence in a quotation", func(s string) string { return prefixLines("```\n"+s+"\n```", "> ") + "\n" }, nil, false},
		{"a prompt", func(s string) string { return "user@host:~$ cat delivery.http\n" + s }, nil, true},
		{"PowerShell's prompt", func(s string) string { return "PS C:\\Users\\x> type delivery.http\n" + s }, nil, true},
		{"colours", func(s string) string {
			head, body, _ := strings.Cut(s, "\n\n")
			return colour(head) + "\n\n" + body
		}, nil, false},
		{"colours and an answer", func(s string) string {
			head, body, _ := strings.Cut(s, "\n\n")
			return colour(head) + "\n\n" + body + "\n\n" + "\x1b[34mHTTP\x1b[0m/1.1 200 OK\nContent-Length: 2\n\nok\n"
		}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, body := range nasty() {
				if strings.Contains(body, "\r") && c.name != "a prompt" || c.can != nil && !c.can(body) {
					continue
				}
				for _, length := range []bool{true, false} {
					want := body
					if !length && !c.keep {
						want = strings.TrimRight(body, "\n")
						if want == "" {
							continue
						}
					}
					one := c.wrap(dumpOf(body, length))
					for n, text := range []string{one, one + "\n" + c.wrap(dumpOf(body, length))} {
						if n == 1 && !length && c.keep {
							continue
						}
						rows := commandRows(t, "", text)
						if len(rows) != n+1 {
							t.Fatalf("length %v: %d rows of\n%s\n%s", length, len(rows), text, describe(rows))
						}
						for _, r := range rows {
							if r.err != nil || string(r.Body) != want {
								t.Fatalf("length %v:\n%s\n%s\nwant %q", length, text, describe(rows), want)
							}
							if got := r.Header.Get("X-Wunder-Signature"); got != "sha256="+testDigest {
								t.Fatalf("%s\nsignature %q", text, got)
							}
						}
					}
				}
			}
		})
	}
	// All of it in one file.
	text := dumpOf("a", true) + "\n" + answer + "\n\n```\n" + dumpOf("b", false) + "\n```\n    " + strings.ReplaceAll(dumpOf("c", true), "\n", "\n    ") + "\n\n" + prefixLines(dumpOf("d", false), "> ") + "\n\n" + dumpOf("e", true)
	rows := commandRows(t, "", text)
	var got []string
	for _, r := range rows {
		got = append(got, string(r.Body))
	}
	check(t, "bodies", []string{"a", "b", "c", "d", "e"}, got)
}

// Bodies that are coloured too lose what colours them, and say so.
func TestColouredBody(t *testing.T) {
	rows := commandRows(t, "", colour("POST / HTTP/1.1\nHost: x\nX-Wunder-Signature: x\nContent-Length: 7\n\n")+"{\x1b[94m\"a\"\x1b[39m:1}\n")
	if len(rows) != 1 || string(rows[0].Body) != `{"a":1}` || !rows[0].Inexact {
		t.Errorf("%s", describe(rows))
	}
}

func TestEditorFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"body.json": "{\"file\":1}\n", "deep/x": "x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const head = "Content-Type: application/json\nX-Wunder-Signature: sha256=" + testDigest + "\n\n"
	for _, c := range []struct {
		name, text string
		rows       []string
	}{
		{"one", "POST https://example.com/hook\n" + head + "{\"a\":1}\n", []string{`{"a":1}`}},
		{"one with a version", "POST https://example.com/hook HTTP/1.1\n" + head + "{\"a\":1}\n\n###\n", []string{`{"a":1}`}},
		{"names and variables", "@host = https://example.com\n@sig=x\n\n### First\n# @name first\n// a comment\nPOST {{host}}/hook?a={{b}}\n# in the head\n" + head + "{\n  \"a\": 1\n}\n\n\n### Second\nPOST {{ host }}/hook\n    ?a=b\n    &c=d\nX-A: {{sig}}\n" + head + "{\"b\":\"{{sig}} {{unknown}} {{$guid}}\"}\n\n",
			[]string{"{\n  \"a\": 1\n}", `{"b":"x {{unknown}} {{$guid}}"}`}},
		{"a file", "POST https://x.test\n" + head + "< ./body.json\n\n###\nPOST https://x.test\n" + head + "<@ deep/x\n###\nPOST https://x.test\n" + head + "< ../body.json\n###\nPOST https://x.test\n" + head + "< none.json\n",
			[]string{"{\"file\":1}\n", "x", "error: its body is in the file \"../body.json\", which is not in the capture's directory: copy it there and name it without a path", "error: its body is in the file \"none.json\", which does not exist: put it in the capture's directory"}},
		{"handlers", "###\n< {%\n  request.variables.set(\"a\", 1)\n%}\nPOST https://x.test\n" + head + "{\"a\":1}\n\n> {%\n  client.test(\"ok\", () => {})\n%}\n\n<> 2026-11-28T120000.200.json\n\n### next\nPOST https://x.test\n" + head + "b\n\n> handler.js\n", []string{`{"a":1}`, "b"}},
		{"probes", "GET https://x.test/health\n\n###\n\nhttps://x.test/\n\n###\nPOST /hook\n" + head + "b", []string{"b"}},
		{"a length", "POST https://x.test\nContent-Length: 6\n" + head + "a\n###\n\n\n###\n\nPOST https://x.test\n" + head + "b\n", []string{"a\n###\n", "b"}},
		{"no rule between", "POST https://x.test\n" + head + "a\n\nPOST https://x.test\n" + head + "b\n", []string{"a", "b"}},
		{"a dump behind", "POST https://x.test\n" + head + "a\n\n" + dumpOf("b", true), []string{"a", "b"}},
		{"a body like a request", "POST https://x.test\n" + head + "POST https://y.test\nA: b\n", []string{"POST https://y.test\nA: b"}},
		{"no body", "POST https://x.test\n" + head + "###\n\nPOST https://x.test\n" + head, []string{"", ""}},
		{"no head", "POST https://x.test\nno header\n\n{}\n###\nPOST https://x.test\n" + head + "b", []string{`error: head: "no header" is not a header line`, "b"}},
		{"a signature in a comment", "### a\n# sha256=" + strings.Repeat("ab", 32) + "\nPOST https://x.test\n" + head + "b", []string{"b", "error: there is a signature at byte 16, in a form that hookctl cannot read"}},
	} {
		for _, text := range []string{c.text, strings.ReplaceAll(c.text, "\n", "\r\n")} {
			if text != c.text && (c.name == "a length" || strings.HasPrefix(c.name, "a signature") || strings.HasPrefix(c.name, "a dump")) {
				continue
			}
			name := filepath.Join(dir, "x.http")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, format := range []string{"", "http"} {
				batches, err := Read(t.Context(), []string{name}, Options{Format: format, SignatureHeaders: []string{"X-Wunder-Signature"}})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, r := range collectRows(batches) {
					if r.err != nil {
						got = append(got, "error: "+r.err.Error())
					} else {
						got = append(got, strings.ReplaceAll(string(r.Body), "\r\n", "\n"))
					}
				}
				check(t, c.name+" "+format, c.rows, got)
			}
		}
	}
}

// Wrappings in wrappings, and many of them, are read in time that grows with them.
func TestHostileWrappings(t *testing.T) {
	n := hostileSize / 50
	for name, text := range map[string]string{
		"fences":       strings.Repeat("x\n```\n```\n", n),
		"open fences":  strings.Repeat("```a\n", n),
		"quotations":   strings.Repeat("> POST / HTTP/1.1\n> \n> x\n", n),
		"arrows":       strings.Repeat("x\n> POST / HTTP/1.1\n> A: b\n", n),
		"indents":      strings.Repeat("x\n    POST / HTTP/1.1\n", n),
		"deeper":       strings.Repeat(" POST / HTTP/1.1\n  A: b\n", n),
		"editors":      strings.Repeat("POST https://x\nA: b\n", n),
		"bodies":       strings.Repeat("POST https://x\n\nPOST https://x\nA: b\n", n),
		"variables":    "@a={{a}}{{a}}\n" + strings.Repeat("@a={{a}}{{a}}\n", n) + "POST https://{{a}}\n\n{{a}}",
		"braces":       "POST https://x\n\n" + strings.Repeat("{{", n*5),
		"colours":      strings.Repeat("\x1b[1mPOST\x1b[0m / HTTP/1.1\n", n),
		"prompts":      strings.Repeat("$ x\n", n),
		"comments":     strings.Repeat("# x\n", n) + "x",
		"zero rows":    strings.Repeat("00000000: 41\n", n),
		"rows":         strings.Repeat("00000000: 4141\n00000002: 41\n*\n7fffffff: 41\nx\n", n),
		"stars":        "00000000: 504f\n" + strings.Repeat("*\n0ffffff0: 41\n", n),
		"traces":       strings.Repeat("=> Send data, 9 bytes (0x9)\n0000: a\n", n),
		"trace rows":   "=> Send data, 9 bytes (0x9)\n" + strings.Repeat("0000: a\n", n),
		"trace text":   strings.Repeat("=> Send header, 16 bytes (0x10)\n0000: POST / HTTP/1.1\nx\n", n),
		"socats":       strings.Repeat("> 2026/11/28 12:00:00.1  length=9 from=0 to=8\n", n),
		"packets":      strings.Repeat("12:00:00.1 IP a > b: x, length 9\nPOST / HTTP/1.1\n", n),
		"more packets": "12:00:00.0 IP a > b\n" + strings.Repeat("12:00:00.1 IP a > b: x, length 9\nPOST / HTTP/1.1\n", n),
		"follows":      strings.Repeat("Follow: tcp,ascii\n99\n", n),
		"mitmdumps":    strings.Repeat("a:1: POST /\n    x\n", n),
		"URLs":         strings.Repeat("POST http://x HTTP/1.1\nA: b\n\nx\n", n),
		"quoted URLs":  strings.Repeat("> POST https://x\n", n),
		"quoted fence": strings.Repeat("> ```\n> x\n", n),
		"scripts":      strings.Repeat("< {%\n", n),
	} {
		if rows := commandRows(t, "http", text); len(rows) == 0 {
			t.Errorf("%s: nothing", name)
		}
	}
}

// A plain dump wins: nothing of its bodies is taken for a wrapping or for an
// editor's, and "###" makes an editor's file of it no more than another rule does.
func TestPlainDumpWins(t *testing.T) {
	bodies := append(nasty(),
		"> POST https://x.test\n> A: b\n>\n> x\n", "```http\nPOST https://x.test\n\nx\n```\n", "    POST https://x.test\n    A: b\n\n    x\n", "$ cat x\n{}\n",
		"@a = b\n{{a}}\n", "# x\n// y\n{}\n", "POST https://x.test\nA: b\n\nx\n", "< ./file\n", "<@ file", "{}\n\n> {% x %}\n", "{}\n<> x.json\n", "\x1b[1mPOST\x1b[0m https://x.test\nA: b\n\nx\n", "### x\n{}\n", "{}\n### x\n")
	// With a version, these are messages where nothing says how long the body is.
	framed := append(bodies[:len(bodies):len(bodies)],
		"> POST / HTTP/1.1\n> A: b\n>\n> x\n", "```http\nPOST / HTTP/1.1\n\nx\n```\n", "    POST / HTTP/1.1\n    A: b\n\n    x\n", "\x1b[1mPOST\x1b[0m / HTTP/1.1\nA: b\n\nx\n")
	same := func(text string, want ...string) {
		t.Helper()
		rows := commandRows(t, "", text)
		var got []string
		for _, r := range rows {
			if r.err != nil {
				t.Fatalf("%s\nof\n%s", describe(rows), text)
			}
			got = append(got, string(r.Body))
		}
		check(t, text, want, got)
	}
	rules := []string{"\n---\n", "\n###\n", "\n\n### The next one\n\n"}
	for _, body := range framed {
		one := dumpOf(body, true)
		same(one, body)
		for _, rule := range rules {
			same(one+rule+one+rule, body, body)
			same(rule+one+rule+dumpOf("{}\n", false)+dumpOf(body, true), body, "{}\n", body)
		}
	}
	for _, body := range bodies {
		if strings.HasPrefix(body, "### x") || strings.Contains(body, "\n### x") {
			continue // such a line may be of what is around the body
		}
		same(dumpOf(body, false), body)
		if !strings.HasSuffix(body, "\n") {
			continue // else it may be of the method's name
		}
		same(dumpOf(body, false)+dumpOf("x", true), body, "x")
		same("\n###\n"+dumpOf(body, false)+dumpOf("x", true), body, "x")
	}
	// Line ends before a "###" are of it, as those at the end of a file that has one.
	same(dumpOf("{}", false)+"\n\n###\n"+dumpOf("{\n}", false)+"\n", "{}", "{\n}")
}
