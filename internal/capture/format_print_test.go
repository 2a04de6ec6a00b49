package capture

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture/printed"
	"github.com/hookctl/hookctl/internal/norace"
)

var printNames = []string{"X-Wunder-Signature", "X-Hook-Signature"}

// printsIn reads text as a print.
func printsIn(text []byte) iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		for b := range printed.Format.Read(context.Background(), Input{Name: "in", R: bytes.NewReader(text), SignatureHeaders: printNames}) {
			for r, err := range b.Each() {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// readPrinted reads text as a print, and returns its rows.
func readPrinted(t *testing.T, text string) (rows []Request, errs []error) {
	t.Helper()
	for r, err := range printsIn([]byte(text)) {
		row := *r
		row.Body = bytes.Clone(r.Body)
		rows, errs = append(rows, row), append(errs, err)
	}
	return rows, errs
}

func wunderSignature(body string) string {
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func headersOf(body string) Header {
	return Header{
		{Name: "Host", Value: "hooks.example.org:8080"}, {Name: "User-Agent", Value: "WundertreOS-Webhooks/1.0 (like Bob's; X11)"}, {Name: "Accept", Value: "text/html, */*;q=0.8"},
		{Name: "Content-Type", Value: "application/json; charset=utf-8"}, {Name: "Content-Length", Value: strconv.Itoa(len(body))}, {Name: "X-Wunder-Signature", Value: wunderSignature(body)},
		{Name: "X-Wunder-Event", Value: "contact.created"}, {Name: "Accept-Encoding", Value: "gzip, deflate"},
	}
}

func without(h Header, names ...string) (left Header) {
	for _, f := range h {
		if !(Header{{Name: f.Name, Value: ""}}).Has(names[0]) {
			left = append(left, f)
		}
	}
	return left
}

// nastyBodies are payloads with what prints write in their own way.
var nastyBodies = []string{
	`{"id":"evt_1","event_type":"contact.created","data":{"name":"Ada"}}`,
	`{"q":"O'Brien \"Zoë\" ` + "`x`" + ` \\ \n \t \u00fc \/","list":[],"obj":{},"n":1e3,"deep":{"a":{"b":[{"c":null}]}}}`,
	`{"text":"a } b ] c ) { [ (","sig":"X-Wunder-Signature: sha256=` + strings.Repeat("ab", 32) + `"}`,
	`{"headers":{"x-wunder-signature":"sha256=` + strings.Repeat("cd", 32) + `"},"body":"{\"inner\":true}"}`,
	`{"nested":"{\"a\":\"{\\\"b\\\":\\\"'\\\"}\"}","emoji":"😀","sep":"a, b=c, d: e => f"}`,
	`[1,2,{"a":"b"}]`,
	`{"a":"it's","b":"say \"hi\"","c":"#{x} $y @z","d":"\u0001\u007f\u009f"}`,
	`{"x-wunder-event":"none","data":{}}`,
}

func pythonRepr(s string, asBytes bool) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	out := []byte{quote}
	add := func(r rune, raw string) {
		switch {
		case r == rune(quote) || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\r':
			out = append(out, `\r`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r < ' ' || r >= 0x7f && r < 0xa0 || asBytes && r >= 0x7f:
			out = fmt.Appendf(out, `\x%02x`, r)
		default:
			out = append(out, raw...)
		}
	}
	if asBytes {
		for i := range len(s) {
			add(rune(s[i]), s[i:i+1])
		}
		return "b" + string(append(out, quote))
	}
	for i, r := range s {
		add(r, s[i:i+utf8.RuneLen(r)])
	}
	return string(append(out, quote))
}

func rubyInspect(s string) string {
	s = strconv.Quote(s)
	return strings.NewReplacer(`#{`, `\#{`, `#$`, `\#$`, `#@`, `\#@`, `\x1b`, `\e`).Replace(s)
}

func phpExport(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func join(h Header, sep string, f func(Field) string) string {
	var parts []string
	for _, x := range h {
		parts = append(parts, f(x))
	}
	return strings.Join(parts, sep)
}

func env(name string) string {
	name = strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	if name == "CONTENT_TYPE" || name == "CONTENT_LENGTH" {
		return name
	}
	return "HTTP_" + name
}

func goHeader(h Header) http.Header {
	m := http.Header{}
	for _, f := range h {
		m.Add(f.Name, f.Value)
	}
	return m
}

// headersFor are the headers that a delivery may have, by what it lacks or has more.
func headersFor(body string) []Header {
	h := headersOf(body)
	both := append(h[:len(h):len(h)], Field{Name: "X-Hook-Signature", Value: h.Get("X-Wunder-Signature")})
	return []Header{h, without(h, "Content-Length"), both, without(both, "Content-Length")}
}

// printShapes are prints of headers h and a body, which are read exactly.
var printShapes = map[string]func(h Header, body string) string{
	"python dict, bytes": func(h Header, body string) string {
		return "{" + join(h, ", ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "}\n" + pythonRepr(body, true) + "\n"
	},
	"python dict, str": func(h Header, body string) string {
		return "headers: {" + join(h, ", ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "} body: " + pythonRepr(body, false) + "\n"
	},
	"python logging": func(h Header, body string) string {
		return "INFO:root:starting (v1.2) don't panic\nINFO:app:Headers: {" + join(h, ", ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "}\nINFO:app:Body: " + body + "\n127.0.0.1 - - [17/May/2026 14:30:01] \"POST /hook HTTP/1.1\" 200 -\n"
	},
	"EnvironHeaders": func(h Header, body string) string {
		return "EnvironHeaders([" + join(h, ", ", func(f Field) string { return "(" + pythonRepr(f.Name, false) + ", " + pythonRepr(f.Value, false) + ")" }) + "])\n" + body + "\n"
	},
	"starlette raw": func(h Header, body string) string {
		return "[" + join(h, ", ", func(f Field) string {
			return "(" + pythonRepr(strings.ToLower(f.Name), true) + ", " + pythonRepr(f.Value, true) + ")"
		}) + "]\n" + pythonRepr(body, true) + "\n"
	},
	"starlette": func(h Header, body string) string {
		return "Headers({" + join(h, ", ", func(f Field) string {
			return pythonRepr(strings.ToLower(f.Name), false) + ": " + pythonRepr(f.Value, false)
		}) + "})\n" + pythonRepr(body, true) + "\n"
	},
	"django META": func(h Header, body string) string {
		return "{'wsgi.version': (1, 0), 'REQUEST_METHOD': 'POST', 'PATH_INFO': '/hook', 'wsgi.errors': <_io.TextIOWrapper name='<stderr>' mode='w' encoding='utf-8'>, 'wsgi.input': <django.core.handlers.wsgi.LimitedStream object at 0x7f>, " +
			join(h, ", ", func(f Field) string { return pythonRepr(env(f.Name), false) + ": " + pythonRepr(f.Value, false) }) + ", 'wsgi.file_wrapper': <class 'wsgiref.util.FileWrapper'>}\n" + pythonRepr(body, true) + "\n"
	},
	"flask": func(h Header, body string) string {
		return join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\r\n" }) + "\r\n\n" + pythonRepr(body, true) + "\n"
	},
	"flask, the first header in a line of its app": func(h Header, body string) string {
		const at = "[2026-05-17 14:30:01,123] INFO in app: "
		return at + join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\r\n" }) + "\r\n" + at + pythonRepr(body, true) + "\n127.0.0.1 - - [17/May/2026 14:30:01] \"POST /hook HTTP/1.1\" 200 -\n"
	},
	"http.server": func(h Header, body string) string {
		return join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\n" }) + "\n\n" + body + "\n"
	},
	"python tuple": func(h Header, body string) string {
		return "({" + join(h, ", ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "}, " + pythonRepr(body, true) + ")\n"
	},
	"python, one dict": func(h Header, body string) string {
		return "{'headers': {" + join(h, ", ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "}, 'body': " + pythonRepr(body, true) + "}\n"
	},
	"pprint": func(h Header, body string) string {
		half := len(body) / 2
		return "{" + join(h, ",\n ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "}\n(" + pythonRepr(body[:half], true) + "\n " + pythonRepr(body[half:], true) + ")\n"
	},
	"python, body first": func(h Header, body string) string {
		return pythonRepr(body, true) + "\n{" + join(h, ", ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "}\n"
	},
	"laravel dd": func(h Header, body string) string {
		return fmt.Sprintf("array:%d [ // routes/web.php:12\n", len(h)) + join(h, "", func(f Field) string {
			return fmt.Sprintf("  \"%s\" => array:1 [\n    0 => \"%s\"\n  ]\n", strings.ToLower(f.Name), f.Value)
		}) + "]\n\"" + body + "\" // routes/web.php:13\n"
	},
	"laravel dump, nested": func(h Header, body string) string {
		return fmt.Sprintf("^ array:2 [\n  \"headers\" => array:%d [\n", len(h)) + join(h, "", func(f Field) string {
			return fmt.Sprintf("    \"%s\" => array:1 [\n      0 => \"%s\"\n    ]\n", strings.ToLower(f.Name), f.Value)
		}) + "  ]\n  \"body\" => \"" + body + "\"\n]\n"
	},
	"go request": func(h Header, body string) string {
		return fmt.Sprintf("2026/05/17 14:30:01 &{Method:POST URL:/hook Proto:HTTP/1.1 ProtoMajor:1 ProtoMinor:1 Header:%v Body:0xc0000a6040 GetBody:<nil> ContentLength:%d TransferEncoding:[] Close:false Host:localhost:8080 Form:map[] ctx:0xc00009c0c0}\n2026/05/17 14:30:01 %s\n", goHeader(h), len(body), body)
	},
	"rails raw_post": func(h Header, body string) string {
		return join(h, "", func(f Field) string { return env(f.Name) + ": " + f.Value + "\n" }) + "RAW_POST: " + body + "\n"
	},
	"pairs in a line": func(h Header, body string) string {
		return "x_wunder_signature=\"" + h.Get("X-Wunder-Signature") + "\" body=\"" + body + "\"\n"
	},
	"a cell of a spreadsheet": func(h Header, body string) string {
		return join(h, "", func(f Field) string { return f.Name + "\t" + f.Value + "\r\n" }) + "Body\t\"" + strings.ReplaceAll(body, `"`, `""`) + "\"\r\n\r\n"
	},
	"psql, bytea": func(h Header, body string) string {
		return "-[ RECORD 1 ]-----\nid      | 1\nheaders | {" + join(h, ", ", func(f Field) string { return quoted(f.Name) + ": " + quoted(f.Value) }) + fmt.Sprintf("}\nbody    | \\x%x\n", body)
	},
	"ruby env": func(h Header, body string) string {
		return `{"rack.version"=>[1, 6], "rack.errors"=>#<IO:<STDERR>>, "rack.input"=>#<StringIO:0x000078>, "REQUEST_METHOD"=>"POST", "puma.socket"=>#<TCPSocket:fd 13, 127.0.0.1, 9292>, ` +
			join(h, ", ", func(f Field) string { return rubyInspect(env(f.Name)) + "=>" + rubyInspect(f.Value) }) + "}\n" + rubyInspect(body) + "\n"
	},
	"ruby 3.4": func(h Header, body string) string {
		return "{" + join(h, ", ", func(f Field) string { return rubyInspect(f.Name) + " => " + rubyInspect(f.Value) }) + "}\n" + body + "\n"
	},
	"ruby net/http": func(h Header, body string) string {
		return "{" + join(h, ", ", func(f Field) string { return rubyInspect(strings.ToLower(f.Name)) + "=>[" + rubyInspect(f.Value) + "]" }) + "}\n" + rubyInspect(body) + "\n"
	},
	"print_r": func(h Header, body string) string {
		return "Array\n(\n" + join(h, "", func(f Field) string { return "    [" + f.Name + "] => " + f.Value + "\n" }) + ")\n" + body + "\n"
	},
	"print_r, nested": func(h Header, body string) string {
		return "Array\n(\n    [headers] => Array\n        (\n" + join(h, "", func(f Field) string { return "            [" + f.Name + "] => " + f.Value + "\n" }) + "        )\n\n    [body] => " + body + "\n)\n"
	},
	"print_r, lists": func(h Header, body string) string {
		return "[2026-05-17 14:30:01] local.INFO: Array\n(\n" + join(h, "", func(f Field) string {
			return "    [" + strings.ToLower(f.Name) + "] => Array\n        (\n            [0] => " + f.Value + "\n        )\n\n"
		}) + ")\n\n" + body + "\n"
	},
	"var_dump": func(h Header, body string) string {
		return fmt.Sprintf("array(%d) {\n", len(h)) + join(h, "", func(f Field) string {
			return fmt.Sprintf("  [\"%s\"]=>\n  string(%d) \"%s\"\n", f.Name, len(f.Value), f.Value)
		}) + fmt.Sprintf("}\nstring(%d) \"%s\"\n", len(body), body)
	},
	"var_dump, nested": func(h Header, body string) string {
		return fmt.Sprintf("array(2) {\n  [\"headers\"]=>\n  array(%d) {\n", len(h)) + join(h, "", func(f Field) string {
			return fmt.Sprintf("    [\"%s\"]=>\n    array(1) {\n      [0]=>\n      string(%d) \"%s\"\n    }\n", f.Name, len(f.Value), f.Value)
		}) + fmt.Sprintf("  }\n  [\"body\"]=>\n  string(%d) \"%s\"\n}\n", len(body), body)
	},
	"var_export": func(h Header, body string) string {
		return "array (\n" + join(h, "", func(f Field) string { return "  " + phpExport(f.Name) + " => " + phpExport(f.Value) + ",\n" }) + ")\n" + phpExport(body) + "\n"
	},
	"var_export, nested": func(h Header, body string) string {
		return "array (\n  'headers' => \n  array (\n" + join(h, "", func(f Field) string { return "    " + phpExport(f.Name) + " => " + phpExport(f.Value) + ",\n" }) + "  ),\n  'body' => " + phpExport(body) + ",\n)\n"
	},
	"go %v":        func(h Header, body string) string { return fmt.Sprintln(goHeader(h), body) },
	"go %v lines":  func(h Header, body string) string { return fmt.Sprintf("%v\n%s\n", goHeader(h), body) },
	"go bytes":     func(h Header, body string) string { return fmt.Sprintf("%v\n%v\n", goHeader(h), []byte(body)) },
	"go %q":        func(h Header, body string) string { return fmt.Sprintf("%q\n%q\n", goHeader(h), body) },
	"go %#v":       func(h Header, body string) string { return fmt.Sprintf("%#v\n%#v\n", goHeader(h), body) },
	"go %#v bytes": func(h Header, body string) string { return fmt.Sprintf("%#v\n%#v\n", goHeader(h), []byte(body)) },
	"go log": func(h Header, body string) string {
		return fmt.Sprintf("2026/05/17 14:30:01 headers=%v body=%s\n", goHeader(h), body)
	},
	"go slog text": func(h Header, body string) string {
		return fmt.Sprintf("time=2026-05-17T14:30:01.000Z level=INFO msg=webhook headers=%q body=%q\n", fmt.Sprint(goHeader(h)), body)
	},
	"go struct": func(h Header, body string) string {
		return fmt.Sprintf("%+v\n", struct {
			Method, URL string
			Header      http.Header
			Body        []byte
		}{"POST", "/hook", goHeader(h), []byte(body)})
	},
	"java map": func(h Header, body string) string {
		return "{" + join(h, ", ", func(f Field) string { return strings.ToLower(f.Name) + "=" + f.Value }) + "}\n" + body + "\n"
	},
	"java map of lists": func(h Header, body string) string {
		return "Headers: {" + join(h, ", ", func(f Field) string { return f.Name + "=[" + f.Value + "]" }) + "}\nBody: " + body + "\n"
	},
	"spring": func(h Header, body string) string {
		return "2026-05-17T14:30:01.123Z  INFO 4711 --- [nio-8080-exec-1] c.e.HookController : [" + join(h, ", ", func(f Field) string { return strings.ToLower(f.Name) + `:"` + f.Value + `"` }) + "]\n" +
			"2026-05-17T14:30:01.124Z  INFO 4711 --- [nio-8080-exec-1] c.e.HookController : " + body + "\n"
	},
	"java bytes": func(h Header, body string) string {
		var n []string
		for i := range len(body) {
			n = append(n, strconv.Itoa(int(int8(body[i]))))
		}
		return "{" + join(h, ", ", func(f Field) string { return strings.ToLower(f.Name) + "=" + f.Value }) + "}\n[" + strings.Join(n, ", ") + "]\n"
	},
	"kotlin data class": func(h Header, body string) string {
		return "Webhook(headers={" + join(h, ", ", func(f Field) string { return strings.ToLower(f.Name) + "=" + f.Value }) + "}, body=" + body + ")\n"
	},
	"elixir": func(h Header, body string) string {
		return "[" + join(h, ", ", func(f Field) string {
			return "{" + rubyInspect(strings.ToLower(f.Name)) + ", " + rubyInspect(f.Value) + "}"
		}) + "]\n" + rubyInspect(body) + "\n"
	},
	"rust": func(h Header, body string) string {
		return "{" + join(h, ", ", func(f Field) string { return rubyInspect(strings.ToLower(f.Name)) + ": " + rubyInspect(f.Value) }) + "}\n" + "b" + rubyInspect(body) + "\n"
	},
	"rust {:#?}": func(h Header, body string) string {
		return "headers = {\n" + join(h, "", func(f Field) string {
			return "    " + rubyInspect(strings.ToLower(f.Name)) + ": " + rubyInspect(f.Value) + ",\n"
		}) + "}\nbody = " + rubyInspect(body) + "\n"
	},
	"powershell list": func(h Header, body string) string {
		return "\n" + join(h, "", func(f Field) string { return fmt.Sprintf("%-18s : %s\n", f.Name, f.Value) }) + "\n\n" + body + "\n"
	},
	"powershell table": func(h Header, body string) string {
		return "\nName                           Value\n----                           -----\n" + join(h, "", func(f Field) string { return fmt.Sprintf("%-30s {%s}\n", f.Name, f.Value) }) + "\n\n" + body + "\n"
	},
	"c# lines": func(h Header, body string) string {
		return "info: Hook[0]\n" + join(h, "", func(f Field) string { return "      " + f.Name + " = " + f.Value + "\n" }) + "      Body: " + body + "\n"
	},
	"c# pairs": func(h Header, body string) string {
		return join(h, "", func(f Field) string { return "[" + f.Name + ", " + f.Value + "]\n" }) + body + "\n"
	},
	"zapier": func(h Header, body string) string {
		return "raw_body: " + body + "\n" + join(h, "", func(f Field) string {
			return "headers__Http_" + strings.ReplaceAll(f.Name, "-", "_") + ": " + f.Value + "\n"
		})
	},
	"zapier, body last": func(h Header, body string) string {
		return "querystring:\n" + join(h, "", func(f Field) string {
			return "headers__http_" + strings.ToLower(strings.ReplaceAll(f.Name, "-", "_")) + ": " + f.Value + "\n"
		}) + "raw_body: " + body + "\n"
	},
	"asp.net": func(h Header, body string) string {
		logger := "info: Microsoft.AspNetCore.HttpLogging.HttpLoggingMiddleware"
		return logger + "[1]\n      Request:\n      Protocol: HTTP/1.1\n      Method: POST\n      PathBase: \n      Path: /hook\n" + join(h, "", func(f Field) string { return "      " + f.Name + ": " + f.Value + "\n" }) +
			logger + "[3]\n      RequestBody: " + body + "\n" + logger + "[2]\n      Response:\n      StatusCode: 200\n      Content-Length: 2\n" + logger + "[4]\n      ResponseBody: ok\n"
	},
	"rails": func(h Header, body string) string {
		return "Started POST \"/hook\" for 127.0.0.1 at 2026-05-17 14:30:01 +0000\nProcessing by HooksController#create as JSON\n" + join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\n" }) + "\n" + body + "\nCompleted 200 OK in 3ms\n"
	},
	"c# ILog": func(h Header, body string) string {
		return "info: Hook[0]\n" + join(h, "", func(f Field) string { return "      " + f.Name + ": " + f.Value + "\n" }) + "info: Hook[0]\n      " + body + "\n"
	},
	"zapier, alternate lines": func(h Header, body string) string {
		return join(h, "", func(f Field) string {
			return "Headers Http " + strings.ReplaceAll(f.Name, "-", " ") + "\n" + f.Value + "\n"
		}) + "Raw Body\n" + body + "\n"
	},
	"tabs": func(h Header, body string) string {
		return "Request Details\nPOST\thttps://webhook.example/abc\nHeaders\n" + join(h, "", func(f Field) string { return strings.ToLower(f.Name) + "\t" + f.Value + "\n" }) + "\nQuery strings\nNone\nRequest Content\n" + body + "\n"
	},
	"tabs, method last": func(h Header, body string) string {
		return "Request Details & Headers\nPOST\thttps://webhook.example/abc?x=1\n" + join(h, "", func(f Field) string { return strings.ToLower(f.Name) + "\t" + f.Value + "\n" }) + "Query strings\nNone\nRaw Content\n" + body + "\n"
	},
	"method and path": func(h Header, body string) string {
		return "Post: /hook\n" + join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\n" }) + "\nBody:\n" + body + "\n"
	},
	"alternate lines": func(h Header, body string) string {
		return "Headers\n" + join(h, "", func(f Field) string { return f.Name + "\n" + f.Value + "\n" }) + "\nBody\n\n" + body + "\n"
	},
	"headings": func(h Header, body string) string {
		return "Request\n\nHeaders:\n" + join(h, "", func(f Field) string { return "  " + f.Name + ": " + f.Value + "\n" }) + "\nBody:\n" + body + "\n\n"
	},
	"markdown table": func(h Header, body string) string {
		return "| Header | Value |\n| --- | --- |\n" + join(h, "", func(f Field) string { return "| " + f.Name + " | `" + f.Value + "` |\n" }) + "\n**Body**\n\n" + body + "\n"
	},
	"console.table": func(h Header, body string) string {
		return "┌──────┬──────┐\n│ (index) │ Values │\n├──────┼──────┤\n" + join(h, "", func(f Field) string { return "│ " + f.Name + " │ '" + f.Value + "' │\n" }) + "└──────┴──────┘\n" + body + "\n"
	},
	"bullets": func(h Header, body string) string {
		return "Headers\n" + join(h, "", func(f Field) string { return "- **" + f.Name + "**: `" + f.Value + "`\n" }) + "\nPayload\n" + body + "\n"
	},
	"a line of a log": func(h Header, body string) string {
		return "14:30:01 DEBUG got X-Wunder-Signature: " + h.Get("X-Wunder-Signature") + " from 10.0.0.1\n14:30:01 DEBUG body " + body + "\n"
	},
	"a line of a log for each header": func(h Header, body string) string {
		return join(h, "", func(f Field) string { return "14:30:01 DEBUG Hook: got header " + f.Name + " = " + f.Value + " (1)\n" }) + "14:30:01 DEBUG Hook: body " + body + "\n"
	},
	"spew": func(h Header, body string) string {
		return "(http.Header) (len=8) {\n" + join(h, "", func(f Field) string {
			return fmt.Sprintf(" (string) (len=%d) %q: ([]string) (len=1 cap=1) {\n  (string) (len=%d) %q\n },\n", len(f.Name), f.Name, len(f.Value), f.Value)
		}) + "}\n" + fmt.Sprintf("(string) (len=%d) %q\n", len(body), body)
	},
	"two JSON texts": func(h Header, body string) string {
		m := map[string]string{}
		for _, f := range h {
			m[f.Name] = f.Value
		}
		j, _ := json.MarshalIndent(m, "", "  ")
		return string(j) + "\n" + body + "\n"
	},
	"repr of a dump": func(h Header, body string) string {
		return pythonRepr("POST /hook HTTP/1.1\r\n"+join(h, "", func(f Field) string { return f.Name + ": " + f.Value + "\r\n" })+"\r\n"+body, true) + "\n"
	},
	"jest": func(h Header, body string) string {
		escape := strings.NewReplacer(`\`, `\\`, "`", "\\`", "${", "\\${").Replace
		return "exports[`hook 1`] = `\nObject {\n  \"headers\": Object {\n" + join(h, "", func(f Field) string { return "    \"" + f.Name + "\": \"" + f.Value + "\",\n" }) + "  },\n  \"rawBody\": " +
			escape(`"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(body)+`"`) + ",\n}\n`;\n\n"
	},
	"base64": func(h Header, body string) string {
		return "{'headers': {" + join(h, ", ", func(f Field) string { return pythonRepr(f.Name, false) + ": " + pythonRepr(f.Value, false) }) + "}, 'body_base64': '" + base64.StdEncoding.EncodeToString([]byte(body)) + "'}\n"
	},
}

func TestPrints(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	for name, shape := range printShapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, body := range nastyBodies {
				for _, h := range headersFor(body) {
					if name == "python, body first" && strings.Contains(body, "inner") && !h.Has("Content-Length") {
						continue // the body is a delivery as well as one of headers
					}
					text := shape(h, body)
					rows, errs := readPrinted(t, text)
					if len(rows) != 1 || errs[0] != nil {
						t.Fatalf("%d rows, %v, of:\n%s", len(rows), errs, text)
					}
					if got := rows[0].Header.Get("X-Wunder-Signature"); got != h.Get("X-Wunder-Signature") {
						t.Errorf("signature %q of:\n%s", got, text)
					}
					if n := len(rows[0].Header); n < 7 && !strings.Contains(name, "a line") && !strings.Contains(name, "c# pairs") {
						t.Errorf("%d headers of:\n%s", n, text)
					}
					if string(rows[0].Body) != body {
						t.Errorf("body\n%q, want\n%q, of:\n%s", rows[0].Body, body, text)
					}
					if f := detect([]byte(text), false, printNames...); !f.Variant {
						t.Errorf("not recognised:\n%s", text)
					}
				}
			}
		})
	}
}

// TestPrintsFollow puts prints one after the other: k give k rows.
func TestPrintsFollow(t *testing.T) {
	t.Parallel()
	for name, shape := range printShapes {
		if strings.Contains(name, "log") { // a repeated line
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for variant := range headersFor("") {
				bodies := nastyBodies
				if variant%2 == 1 { // of a body that holds headers, the length alone tells
					bodies = slices.DeleteFunc(slices.Clone(bodies), func(b string) bool { return strings.Contains(strings.ToLower(b), "signature") })
				}
				var text strings.Builder
				for _, body := range bodies {
					text.WriteString(shape(headersFor(body)[variant], body))
				}
				rows, errs := readPrinted(t, text.String())
				for i, body := range bodies {
					if i >= len(rows) || errs[i] != nil || string(rows[i].Body) != body {
						t.Fatalf("row %d of %d: %v\n%q, want\n%q, of:\n%s", i, len(rows), errs, rows[min(i, len(rows)-1)].Body, body, text.String())
					}
				}
				if len(rows) != len(bodies) {
					t.Errorf("%d rows, want %d: %v", len(rows), len(bodies), errs)
				}
			}
		})
	}
}

// TestRuntimes has the languages print themselves.
func TestRuntimes(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	programs := map[string]struct {
		file, source string
		command      []string
	}{
		"node":   {"p.js", nodePrints, []string{"node", "p.js"}},
		"python": {"p.py", pythonPrints, []string{"python3", "p.py"}},
		"java":   {"P.java", javaPrints, []string{"java", "P.java"}},
		"ruby":   {"p.rb", rubyPrints, []string{"ruby", "p.rb"}},
		"php":    {"p.php", phpPrints, []string{"php", "p.php"}},
	}
	for name, p := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("it starts other programs")
			}
			if _, err := exec.LookPath(p.command[0]); err != nil {
				t.Skipf("%s is not installed: its prints are those of TestPrints alone", p.command[0])
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, p.file), []byte(p.source), 0o600); err != nil {
				t.Fatal(err)
			}
			for i, body := range nastyBodies[1:5] {
				h := map[string]string{}
				for _, f := range headersOf(body) {
					h[f.Name] = f.Value
				}
				in, _ := json.Marshal(map[string]any{"headers": h, "body": base64.StdEncoding.EncodeToString([]byte(body))})
				if name == "java" {
					if i > 1 {
						break // it starts slowly
					}
					in = []byte(join(headersOf(body), "\n", func(f Field) string { return f.Name + "\n" + f.Value }) + "\n\n" + body)
				}
				cmd := exec.Command(p.command[0], p.command[1:]...)
				cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				for part := range strings.SplitSeq(string(out), "#### ") {
					what, text, _ := strings.Cut(part, "\n")
					if what == "" {
						continue
					}
					rows, errs := readPrinted(t, text)
					if len(rows) != 1 || errs[0] != nil || string(rows[0].Body) != body {
						t.Errorf("%s: %d rows, %v\n%q, want\n%q, of:\n%s", what, len(rows), errs, rows[0].Body, body, text)
					}
				}
			}
		})
	}
}

const nodePrints = `
const {headers, body} = JSON.parse(require('fs').readFileSync(0)), util = require('util');
const raw = Buffer.from(body, 'base64'), h = {};
for (const k in headers) h[k.toLowerCase()] = headers[k];
const part = (name, f) => { console.log('#### ' + name); f() };
part('headers, text', () => { console.log(h); console.log(raw.toString()) });
part('labelled', () => console.log('headers:', h, 'body:', raw.toString()));
part('object', () => console.log({headers: h, body: raw.toString()}));
part('dir', () => console.dir({method: 'POST', url: '/hook', headers: h, rawBody: raw.toString(), body: JSON.parse(raw)}, {depth: null}));
part('rawHeaders', () => { console.log(Object.entries(headers).flat()); console.log(raw.toString()) });
part('Headers', () => { console.log(new Headers(h)); console.log(util.inspect(raw.toString())) });
part('Map', () => console.log(new Map(Object.entries(h)), raw.toString()));
part('table', () => { console.table(h); console.log(raw.toString()) });
part('no prototype', () => { console.log(Object.assign(Object.create(null), h)); console.log('body', raw.toString()) });
part('JSON', () => { console.log(JSON.stringify(h)); console.log(raw.toString()) });
part('all bytes', () => { console.log(h); util.inspect.defaultOptions.maxArrayLength = null; require('buffer').INSPECT_MAX_BYTES = 1e6; console.log(raw) });
part('colours', () => { console.log(util.inspect(h, {colors: true})); console.log(raw.toString()) });
part('body first', () => { console.log(raw.toString()); console.log(h) });
part('both', () => { console.log(h); console.log('parsed', JSON.parse(raw)); console.log('raw', raw.toString()) });
part('compact', () => console.log(util.inspect({req: {headers: h, body: raw.toString()}}, {breakLength: Infinity})));
`

const pythonPrints = `
import sys, json, base64, pprint, email.message, logging
d = json.load(sys.stdin)
h, body = d['headers'], base64.b64decode(d['body'])
def part(name): print('####', name)
part('dict, bytes'); print(h); print(body)
part('dict, text'); print(h); print(body.decode())
part('labelled'); print('Headers:', h, 'Body:', body)
part('items'); print(list(h.items())); print(body)
part('pprint'); pprint.pprint(h); pprint.pprint(body)
part('pprint both'); pprint.pprint({'headers': h, 'body': body.decode()})
part('repr'); print(repr(h), repr(body.decode()))
m = email.message.Message()
for k in h: m[k] = h[k]
part('message'); print(m); print(body)
part('lines')
for k in h: print(k, '=', h[k])
print(body.decode())
part('colon lines')
for k in h: print(f'{k}: {h[k]}')
print(body)
part('both'); print(h); print(json.loads(body)); print('raw', body)
try:
    from werkzeug.datastructures import Headers
    part('werkzeug'); print(Headers(list(h.items()))); print(body)
    part('werkzeug repr'); print(repr(Headers(list(h.items())))); print(body.decode())
except ImportError: pass
`

const javaPrints = `
import java.util.*;
public class P {
  public static void main(String[] a) throws Exception {
    String in = new String(System.in.readAllBytes(), "UTF-8");
    int end = in.indexOf("\n\n");
    String[] lines = in.substring(0, end).split("\n");
    byte[] body = in.substring(end + 2).getBytes("UTF-8");
    Map<String, String> m = new LinkedHashMap<>();
    Map<String, List<String>> l = new TreeMap<>();
    for (int i = 0; i + 1 < lines.length; i += 2) { m.put(lines[i].toLowerCase(), lines[i + 1]); l.put(lines[i], List.of(lines[i + 1])); }
    System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
    String text = new String(body, "UTF-8");
    System.out.println("#### map"); System.out.println(m); System.out.println(text);
    System.out.println("#### lists"); System.out.println("headers " + l + " body " + text);
    System.out.println("#### bytes"); System.out.println(m); System.out.println(Arrays.toString(body));
    System.out.println("#### http"); System.out.println(java.net.http.HttpHeaders.of(l, (x, y) -> true)); System.out.println(text);
    System.out.println("#### lines"); m.forEach((k, v) -> System.out.println(k + ": " + v)); System.out.println("body: " + text);
    System.out.println("#### entry"); System.out.println(m.entrySet()); System.out.println(text);
  }
}
`

const rubyPrints = `
require 'json'; require 'base64'; require 'pp'
d = JSON.parse(STDIN.read); h = d['headers']; body = Base64.decode64(d['body']).force_encoding('UTF-8')
puts '#### p'; p h; p body
puts '#### puts'; puts h.inspect; puts body
puts '#### pp'; pp h; pp body
puts '#### env'; p h.map { |k, v| ['HTTP_' + k.upcase.tr('-', '_'), v] }.to_h; p body
puts '#### both'; p({headers: h, body: body})
puts '#### bytes'; p h; p body.b
`

const phpPrints = `<?php
$d = json_decode(file_get_contents('php://stdin'), true); $h = $d['headers']; $body = base64_decode($d['body']);
echo "#### print_r\n"; print_r($h); echo $body, "\n";
echo "#### var_dump\n"; var_dump($h); var_dump($body);
echo "#### var_export\n"; var_export($h); echo "\n"; var_export($body); echo "\n";
echo "#### both print_r\n"; print_r(['headers' => $h, 'body' => $body]);
echo "#### both var_dump\n"; var_dump(['headers' => $h, 'body' => $body]);
echo "#### both var_export\n"; var_export(['headers' => $h, 'body' => $body]);
`
