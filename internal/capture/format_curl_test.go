package capture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/norace"
)

const testDigest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// nasty are payloads that quoting gets wrong.
func nasty() []string {
	all := []string{
		`{"id":"ev1","event_type":"contact.created"}`, `{"a":"it's \"quoted\" \\ and \n"}`, "{\n  \"a\": 1,\n  \"b\": [\"x\"]\n}", "two\r\nlines\r\n", "ends\n", "\n",
		"100% %PATH% %% %a ^caret ^^ ^\" & | < > ( )", "$HOME ${HOME} $(id) `id` !! !x $ $'x' $\"y\"", "back\\slash\\\\ \\\" \\' \\n end\\", `""`, `'`, `"`, `\`, `a""b`, `''''`,
		"ünïcödé – “x” 日本 😀 \u0080\u009f\u00a0\u200b", "tab\tbell\acontrol\x01\x1f\x7f", "@file", "=", "&a=b;c", " lead and trail ", "#x", "-d", "a;b", "{{x}}", "~", "*?[x]", "<<EOF\nx\nEOF\n",
		"\\u0041\\x41\\101", "`n`$`\"", "$([char]65)", "'@\n\"@", "x\n\ny\n \n", "}\n});\n", "\\\n", "a\\\\\nb",
	}
	return append(all, strings.Join(all, " "))
}

// The quoting of browsers, after their sources.
var (
	notPlain  = regexp.MustCompile("[\x00-\x1f\x7f-\u009f!]|'")
	notASCII  = regexp.MustCompile("[^\x20-\x7e]")
	winEscape = regexp.MustCompile("[^a-zA-Z0-9\\s_\\-:=+~'/.',?;()*`]")
	winOld    = regexp.MustCompile("[^a-zA-Z0-9\\s_\\-:=+~'/.',?;()*`&]")
	winVar    = regexp.MustCompile("%([a-zA-Z0-9_])")
	winLines  = regexp.MustCompile("\r?\n")
)

// units writes each UTF-16 unit of the matches.
func units(re *regexp.Regexp, s string, f func(unit uint16) string) string {
	return re.ReplaceAllStringFunc(s, func(m string) string {
		var out string
		for _, u := range utf16.Encode([]rune(m)) {
			out += f(u)
		}
		return out
	})
}

func chromePosix(s string) string {
	if !notPlain.MatchString(s) {
		return "'" + s + "'"
	}
	s = strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", `\r`).Replace(s)
	return "$'" + units(notPlain, strings.ReplaceAll(s, `\'`, "\x00Q"), func(u uint16) string {
		if u == 0 {
			return "\x00"
		}
		return fmt.Sprintf(`\u%04x`, u)
	}) + "'"
}

func firefoxPosix(s string) string {
	if !notASCII.MatchString(s) && !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	s = strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", `\r`, "!", `\041`).Replace(s)
	return "$'" + units(notASCII, s, func(u uint16) string {
		if u < 256 {
			return fmt.Sprintf(`\x%02x`, u)
		}
		return fmt.Sprintf(`\u%04x`, u)
	}) + "'"
}

func chromeWin(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	s = winVar.ReplaceAllString(winEscape.ReplaceAllString(s, "^$0"), "%^$1")
	return `^"` + winLines.ReplaceAllString(s, "^\n\n") + `^"`
}

func chromeWinOld(s string) string {
	quote := `"`
	if strings.ContainsAny(s, "\r\n") {
		quote = `^"`
	}
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	s = winVar.ReplaceAllString(winOld.ReplaceAllString(s, "^$0"), "%^$1")
	return quote + winLines.ReplaceAllString(s, "^\n\n") + quote
}

// firefoxWin is Firefox's before it did as Chrome.
func firefoxWin(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `""`).Replace(s)
	return `"` + winLines.ReplaceAllString(s, "\"^\n\n\"") + `"`
}

func single(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
func singleQ(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
func double(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(s) + `"`
}

func powershellQuote(s string) string {
	s = strings.NewReplacer("`", "``", "$", "`$", `"`, "`\"").Replace(s)
	return `"` + units(notASCII, s, func(u uint16) string { return fmt.Sprintf("$([char]%d)", u) }) + `"`
}

func jsonQuote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// A style is one in which command lines are written: the command that sends a
// body, and whether it can hold that.
type style struct {
	name  string
	write func(body string) string
	can   func(body string) bool
}

func headerOf(quote func(string) string) string {
	return quote("X-Wunder-Signature: sha256=" + testDigest)
}

func styles() []style {
	curl := func(quote func(string) string, option, join string) func(string) string {
		return func(body string) string {
			return "curl " + quote("https://example.com/hook?a=b&c=d") + join + "-X " + quote("POST") + join + "-H " + quote("content-type: application/json") + join +
				"-H " + headerOf(quote) + join + option + " " + quote(body) + join + "--compressed"
		}
	}
	noCR := func(s string) bool { return !strings.Contains(s, "\r") }
	utf := utf8.ValidString
	return []style{
		{"chrome bash", curl(func(s string) string { return strings.ReplaceAll(chromePosix(s), "\x00Q", `\'`) }, "--data-raw", " \\\n  "), utf},
		{"firefox bash", curl(firefoxPosix, "--data-raw", " \\\n  "), utf},
		{"firefox bash, one line", curl(firefoxPosix, "--data-raw", " "), utf},
		{"chrome cmd", curl(chromeWin, "--data-raw", " ^\n  "), noCR},
		{"chrome cmd, CRLF", func(s string) string {
			return strings.ReplaceAll(curl(chromeWin, "--data-raw", " ^\n  ")(s), "\n", "\r\n")
		}, noCR},
		{"chrome cmd, before", curl(chromeWinOld, "--data-raw", " ^\n  "), noCR},
		{"firefox cmd", curl(firefoxWin, "--data-raw", " ^\n  "), func(s string) bool { return noCR(s) && !strings.ContainsAny(s, "^%") }},
		{"single quotes", curl(single, "--data-raw", " "), nil},
		{"shlex", curl(singleQ, "--data-raw", " \\\n"), nil},
		{"double quotes", curl(double, "--data-raw", " "), nil},
		{"binary", curl(single, "--data-binary", " "), func(s string) bool { return !strings.HasPrefix(s, "@") }},
		{"-d", curl(single, "-d", " "), func(s string) bool { return !strings.HasPrefix(s, "@") }},
		{"--json", curl(single, "--json", " "), func(s string) bool { return !strings.HasPrefix(s, "@") }},
		{"Postman", func(s string) string {
			return "curl --location --request POST 'https://example.com/hook' \\\n--header 'Content-Type: application/json' \\\n--header " + headerOf(single) + " \\\n--data-raw " + single(s)
		}, nil},
		{"joined", func(s string) string {
			return "curl -sSXPOST -H" + headerOf(single) + " --data-r" + " " + single(s) + " x.test"
		}, nil},
		{"PowerShell", func(s string) string {
			return "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n$session.UserAgent = \"x\"\n$session.Cookies.Add((New-Object System.Net.Cookie(\"a\", \"b=c\", \"/\", \"x\")))\n" +
				"Invoke-WebRequest -UseBasicParsing -Uri \"https://example.com/hook\" `\n-Method \"POST\" `\n-WebSession $session `\n-Headers @{\n\"accept\"=\"*/*\"\n  \"x-wunder-signature\"=\"sha256=" + testDigest +
				"\"\n} `\n-ContentType \"application/json\" `\n-Body ([System.Text.Encoding]::UTF8.GetBytes(" + powershellQuote(s) + "))"
		}, utf},
		{"PowerShell, one line", func(s string) string {
			return "PS C:\\> irm https://example.com/hook -Method Post -Headers @{ 'X-Wunder-Signature' = 'sha256=" + testDigest + "'; A = 'b' } -Body '" + strings.ReplaceAll(s, "'", "''") + "'"
		}, nil},
		{"PowerShell, variables", func(s string) string {
			return "$body = @'\n" + s + "\n'@\n$headers = @{\n  \"X-Wunder-Signature\" = \"sha256=" + testDigest + "\"\n}\nInvoke-RestMethod -Uri 'https://x.test' -Method Post -Headers $headers -Body $body"
		}, func(s string) bool { return !strings.Contains(s, "'@") && noCR(s) }},
		{"fetch", func(s string) string {
			return "fetch(\"https://example.com/hook\", {\n  \"headers\": {\n    \"accept\": \"*/*\",\n    \"x-wunder-signature\": \"sha256=" + testDigest + "\"\n  },\n  \"referrer\": \"https://x\",\n  \"body\": " + jsonQuote(s) +
				",\n  \"method\": \"POST\",\n  \"mode\": \"cors\"\n});"
		}, utf},
		{"fetch of Firefox", func(s string) string {
			return "await fetch(\"https://example.com/hook\", {\n    \"credentials\": \"omit\",\n    \"headers\": {\n        \"X-Wunder-Signature\": \"sha256=" + testDigest + "\"\n    },\n    \"body\": " + jsonQuote(s) +
				",\n    \"method\": \"POST\",\n});"
		}, utf},
		{"fetch by hand", func(s string) string {
			return "const body = " + jsonQuote(s) + ";\nconst res = await fetch('https://example.com/hook', {\n  method: 'POST', // x\n  headers: new Headers({ 'X-Wunder-Signature': 'sha256=" + testDigest + "' }),\n  body,\n})\n  .then(r => r.json());"
		}, utf},
		{"httpie", func(s string) string {
			return "http POST https://example.com/hook X-Wunder-Signature:sha256=" + testDigest + " Content-Type:application/json --raw " + single(s)
		}, nil},
		{"httpie behind printf", func(s string) string {
			return "printf '%s' " + single(s) + " | http POST example.com/hook 'X-Wunder-Signature: sha256=" + testDigest + "'"
		}, nil},
		{"curl behind echo", func(s string) string {
			return "echo -n " + single(s) + " | curl -H " + headerOf(double) + " --data-binary @- https://example.com/hook"
		}, nil},
		{"a here-document", func(s string) string {
			return "curl -H " + headerOf(double) + " --data-binary @- https://example.com/hook <<'END'\n" + s + "\nEND"
		}, nil},
		{"a here-document in brackets", func(s string) string {
			return "curl -H " + headerOf(double) + " --data-raw \"$(cat <<'END'\n" + s + "\nEND\n)\" https://example.com/hook"
		}, func(s string) bool { return !strings.HasSuffix(s, "\n") }},
		{"a variable", func(s string) string {
			return "#!/bin/sh\nset -eu\nBODY=" + single(s) + "\nSIG=sha256=" + testDigest + "\nif true; then\n  curl -sS -H \"X-Wunder-Signature: ${SIG}\" --data-raw \"$BODY\" \"https://example.com/hook\"\nfi"
		}, nil},
		{"wget", func(s string) string {
			return "wget --no-check-certificate --quiet \\\n  --method POST \\\n  --header " + headerOf(single) + " \\\n  --body-data " + single(s) + " \\\n   'https://example.com/hook'"
		}, nil},
		{"mitmproxy", func(s string) string {
			escaped := regexp.MustCompile("[\x00-\x1f]").ReplaceAllStringFunc(s, func(c string) string { return fmt.Sprintf(`\x%02x`, c[0]) })
			body := singleQ(s)
			if escaped != s {
				body = `"$(printf ` + singleQ(escaped) + `)"`
			}
			return "curl -H 'x-wunder-signature: sha256=" + testDigest + "' -X POST https://example.com/hook -d " + body
		}, func(s string) bool {
			return !strings.HasPrefix(s, "@") && !strings.Contains(s, "\x01") && !strings.Contains(s, `\x`) && !strings.HasSuffix(s, "\n")
		}},
		{"behind a prompt", func(s string) string {
			return "user@host:~$ curl https://x.test \\\n> -H " + headerOf(single) + " \\\n> --data-raw " + single(s)
		}, nil},
		{"quoted in Markdown", func(s string) string {
			return prefixLines("```bash\n"+curl(single, "--data-raw", " \\\n  ")(s)+"\n```", "> ")
		}, nil},
		{"in Markdown", func(s string) string {
			return "```bash\n" + curl(single, "--data-raw", " \\\n  ")(s) + "\n```"
		}, nil},
	}
}

// Every style of writing a command line gives back every payload.
func TestCommandLines(t *testing.T) {
	norace.Only(t)
	for _, s := range styles() {
		t.Run(s.name, func(t *testing.T) {
			var files []string
			var bodies []string
			for _, body := range nasty() {
				if s.can != nil && !s.can(body) {
					continue
				}
				want := body
				if s.name == "a here-document" {
					want += "\n"
				}
				text := s.write(body)
				files, bodies = append(files, text), append(bodies, want)
				for _, format := range []string{"", "curl"} {
					for _, text := range []string{text, text + "\n", "# a comment\n\n" + text + "\n\n"} {
						if (strings.HasPrefix(s.name, "a variable") || strings.HasPrefix(s.name, "quoted")) && text[0:3] == "# a" {
							continue
						}
						rows := commandRows(t, format, text)
						if len(rows) != 1 || rows[0].err != nil || string(rows[0].Body) != want {
							t.Fatalf("%q:\n%s\n%s\nwant %q", format, text, describe(rows), want)
						}
						if got := rows[0].Header.Get("X-Wunder-Signature"); got != "sha256="+testDigest {
							t.Fatalf("%s\nsignature %q", text, got)
						}
						if rows[0].Method != "POST" && s.name != "a here-document in brackets" {
							t.Errorf("%s\nmethod %q", text, rows[0].Method)
						}
					}
				}
			}
			// One after the other they are as many rows.
			rows := commandRows(t, "", strings.Join(files, "\n"))
			if len(rows) != len(bodies) {
				t.Fatalf("%d rows of %d commands", len(rows), len(bodies))
			}
			for i, r := range rows {
				if string(r.Body) != bodies[i] {
					t.Errorf("command %d: %q, want %q", i+1, r.Body, bodies[i])
				}
			}
		})
	}
}

type commandRow struct {
	Request
	err error
}

func describe(rows []commandRow) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "row %q %v %q\n", r.Body, r.err, r.Notes)
	}
	return b.String()
}

func commandRows(t *testing.T, format, text string) (rows []commandRow) {
	t.Helper()
	batches, err := Read(t.Context(), []string{"-"}, Options{Format: format, Stdin: strings.NewReader(text), SignatureHeaders: []string{"X-Wunder-Signature"}})
	if err != nil {
		t.Fatal(err)
	}
	return collectRows(batches)
}

func collectRows(batches func(func(Batch) bool)) (rows []commandRow) {
	for b := range batches {
		for r, err := range b.Each() {
			row := *r
			row.Body, row.Header = bytes.Clone(r.Body), slices.Clone(r.Header)
			rows = append(rows, commandRow{row, err})
		}
	}
	return rows
}

func TestCommandOptions(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("in/body.json", "{\r\n\"a\":\t1}\n\x00")
	write("in/sub/b", "b\n")
	write("in/headers", "X-Wunder-Signature: x\r\nA: b\n\n")
	write("secret", "outside")
	if err := os.Symlink("../secret", filepath.Join(dir, "in", "link")); err != nil {
		t.Fatal(err)
	}
	const sig = "-H 'X-Wunder-Signature: sha256=" + testDigest + "' "
	for _, c := range []struct{ text, want string }{
		{"curl " + sig + "-d a -d b --data-raw @c x", "POST a&b&@c"},
		{"curl " + sig + "--json '{' --json '}' x", "POST {}"},
		{"curl " + sig + "-d @body.json x", "POST {\"a\":\t1}"},
		{"curl " + sig + "--data-binary @body.json x", "POST {\r\n\"a\":\t1}\n\x00"},
		{"curl " + sig + "--data-binary @./sub/b x", "POST b\n"},
		{"curl " + sig + "--data-binary @sub/../body.json x", "POST {\r\n\"a\":\t1}\n\x00"},
		{"curl " + sig + "--data-binary @" + filepath.Join(dir, "in", "sub", "b") + " x", "POST b\n"},
		{"curl " + sig + "-T sub/b x", "PUT b\n"},
		{"curl " + sig + "-d @../secret x", `error: its body is in the file "../secret", which is not in the capture's directory`},
		{"curl " + sig + "-d @link x", `error: its body is in the file "link": `},
		{"curl " + sig + "-d @/etc/passwd x", `error: its body is in the file `},
		{"curl " + sig + "-d @sub x", `error: its body is in the file "sub", which is not a regular file`},
		{"curl " + sig + "-d @none x", `error: its body is in the file "none", which does not exist`},
		{"curl " + sig + "-d @- x", "error: its body is read from standard input"},
		{"curl " + sig + "-d @- x < sub/b", "POST b"},
		{"cat sub/b | curl " + sig + "--data-binary @- x", "POST b\n"},
		{"curl " + sig + "--data-binary \"$(cat sub/b)\" x", "POST b"},
		{"curl " + sig + "--data-binary \"$(<sub/b)\" x", "POST b"},
		{"jq -c . sub/b | curl " + sig + "--data-binary @- x", "error: another program makes its input"},
		{"curl " + sig + "-F a=b x", "error: its body is a form (-F)"},
		{"curl " + sig + "-G -d a x", "GET "},
		{"curl " + sig + "--data-urlencode 'a=b c&d' --data-urlencode e x", "POST a=b%20c%26d&e"},
		{"curl -H @headers -d a x", "POST a"},
		{"curl " + sig + "-o out -w '%{http_code}' -u a:b --max-time 5 -A z -b c=d -e r x -d a", "POST a"},
		{"curl " + sig + "-sSLkvo /dev/null -XPUT -da x", "PUT a"},
		{"curl " + sig + "-d a --next -d b x", "POST a; POST b"},
		{"curl " + sig + "--trace-ascii - --data a --retry-d 3 --compr x", "POST a"},
		{"curl " + sig + "-d a x; curl " + sig + "-d b x && curl " + sig + "-d c x | jq . || exit 1", "POST a; POST b; POST c"},
		{"curl " + sig + "-d \"$UNKNOWN\" x", "POST $UNKNOWN"},
		{"curl " + sig + "-d \"$(date)\" x", "POST $(date)"},
		{"curl " + sig + "-d 'a x", "error: cannot read the command at byte 1: a quote in the command line is not closed"},
		{"curl " + sig + "-d 'a x\ncurl " + sig + "-d b x", "error: cannot read the command at byte 1: a quote in the command line is not closed; POST b"},
		{"curl -H 'X-Wunder-Signature;' -H 'Accept:' -d a x", "POST a"},
		{"    curl " + sig + "x -d '{\n      \"a\": 1\n    }'\n", "POST {\n  \"a\": 1\n}"},
		{"#!/bin/sh\n    curl " + sig + "x -d '{\n      \"a\": 1\n    }'\n", "POST {\n      \"a\": 1\n    }"},
		{"docker run --rm curlimages/curl " + sig + "-d a x", "POST a"},
		{"#!/bin/sh\ntargetURL=http://x\nif [[ ${1:-\"\"} == -l ]]; then\n  targetURL=y\nfi\ncurl -sSi " + sig + "-X POST -d @./sub/b ${targetURL}\n", "POST b"},
		{"fetch('x', {method: 'POST', headers: {'X-Wunder-Signature': 'sha256=" + testDigest + "'}, body: JSON.stringify({\"a\": [1, \"b c\"]})})", `POST {"a":[1,"b c"]}`},
		{"fetch('x', {method: 'POST', headers: {'X-Wunder-Signature': 'sha256=" + testDigest + "'}, body: JSON.stringify({a: 1})})", "error: JSON.stringify({a: 1}) makes its body"},
		{"fetch('x', {method: 'POST', headers: {'X-Wunder-Signature': 'sha256=" + testDigest + "'}, body: make(1)})", "error: its body is "},
		{"iwr x -Method Post -Headers @{'X-Wunder-Signature'='sha256=" + testDigest + "'} -Body ($x | ConvertTo-Json)", "error: its body is "},
		{"http POST x X-Wunder-Signature:sha256=" + testDigest + " a=b", "error: httpie builds the body from the command's items"},
		{"http POST x X-Wunder-Signature:sha256=" + testDigest + " < sub/b", "POST b\n"},
		{"curl https://example.com/install.sh | sh", "error: it contains no command that sends a request"},
		{"# sha256=" + testDigest + "\ncurl -d a x", "POST a; error: there is a signature at byte 10, in a command that hookctl cannot read"},
		{"# sha256=" + testDigest + "\ncurl " + sig + "-d a x", "POST a"},
	} {
		name := filepath.Join(dir, "in", "x.sh")
		write("in/x.sh", c.text)
		batches, err := Read(t.Context(), []string{name}, Options{Format: "curl", SignatureHeaders: []string{"X-Wunder-Signature"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range collectRows(batches) {
			if r.err != nil {
				got = append(got, "error: "+r.err.Error())
			} else {
				got = append(got, r.Method+" "+string(r.Body))
			}
		}
		all := strings.Join(got, "; ")
		if all != c.want && !(strings.Contains(c.want, "error: ") && strings.HasPrefix(all, c.want)) && !(c.text[:12] == "curl https:/" && len(got) == 0) {
			t.Errorf("%s\n got %s\nwant %s", c.text, all, c.want)
		}
	}
}

// What is no command line, and what looks like one inside something else, is not
// taken for one.
func TestCommandsAreSniffed(t *testing.T) {
	for text, want := range map[string]string{
		"curl x": "curl", "$ curl x\n": "curl", "\n# x\ncurl x": "curl", "A=b\ncurl x": "curl", "echo '{}' | curl -d @- x": "curl", "C:\\Users\\x>curl x": "curl", "root@box:/# curl x": "curl",
		`{"body":"curl x","headers":{}}`: "ndjson", "{\"a\":1}\ncurl x": "raw", "text\ncurl x": "raw", "curl": "curl", "curling is a sport": "raw", "http is a protocol": "raw", "http POST x a:b": "curl",
		"POST / HTTP/1.1\nHost: x\n\ncurl x": "http", "* x\n> POST / HTTP/1.1\n> Host: x\n> \n": "http", "fetch(\"x\")": "curl", "a=b&c=d": "raw", "export A=b\n": "raw",
		"It's so:\n\n```sh\ncurl x\n```\n": "curl", "It's so:\n\n```json\n{}\n```\ncurl x\n": "raw", "> curl x \\\n> -d a": "curl", "$ curl x\nPOST / HTTP/1.1\nHost: x\n\n{}": "http",
		"jq . x | curl -d @- x": "curl", "wget is old": "curl", "key = value\ncurl x": "raw",
	} {
		if got := detect([]byte(text), false).Name; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Quotes that are not closed are looked over a bounded number of times.
func TestHostileCommands(t *testing.T) {
	for name, text := range map[string]string{
		"quotes":        strings.Repeat("curl -d 'a\n\n", hostileSize/10)[1:],
		"substitutions": strings.Repeat("curl -d $(\n", hostileSize/10),
		"documents":     strings.Repeat("curl -d @- <<E\n", hostileSize/10),
		"nested":        "curl -d " + strings.Repeat("\"$(echo ", hostileSize/10),
		"brackets":      "fetch(" + strings.Repeat("[", hostileSize),
		"tables":        "irm -Body " + strings.Repeat("(", hostileSize),
		"fetches":       strings.Repeat("fetch('\n", hostileSize/10),
		"carets":        "curl " + strings.Repeat("^\"a ^\n", hostileSize/10),
		"indented":      strings.Repeat("    curl -d '\n", hostileSize/10),
		"templates":     "fetch(`" + strings.Repeat("${", hostileSize) + "`)",
		"comments":      "fetch(" + strings.Repeat("/*", hostileSize),
		"words":         "curl " + strings.Repeat("-H a:b ", hostileSize/7),
		"laughs":        "A=aaaa\n" + strings.Repeat("A=$A$A\n", hostileSize/10) + "curl -d $A x",
		"PS laughs":     "$a = 'aaaa'\n" + strings.Repeat("$a = \"$a$a\"\n", hostileSize/10) + "irm x -Body $a",
		"values":        strings.Repeat("$a = @'\n", hostileSize/10),
	} {
		if rows := commandRows(t, "curl", text); len(rows) == 0 && name != "words" && name != "carets" {
			t.Errorf("%s: nothing", name)
		}
	}
}

func FuzzCurl(f *testing.F) {
	for _, s := range styles() {
		f.Add([]byte(s.write("{\"a\":\"it's\"}\n")))
	}
	f.Fuzz(func(t *testing.T, data []byte) { drain(t, "curl", data) })
}

// What bash gives curl is what is read, for every style of bash and every payload.
func TestCommandLinesAreThoseOfBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	for _, s := range styles() {
		if !strings.Contains(s.name, "bash") && !strings.Contains(s.name, "quotes") && s.name != "shlex" {
			continue
		}
		for _, body := range nasty() {
			text := s.write(body)
			out, err := exec.Command(bash, "-c", `curl() { printf '%s\0' "$@"; }; `+text).Output()
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			args := strings.Split(string(out), "\x00")
			data := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--data") || arg == "-d" })
			if data < 0 {
				t.Fatalf("%s: no data in %q", text, args)
			}
			want := args[data+1]
			if args[data] == "-d" || args[data] == "--data" {
				want = strings.NewReplacer("\r", "", "\n", "").Replace(want)
			}
			rows := commandRows(t, "curl", text)
			if len(rows) != 1 || rows[0].err != nil || string(rows[0].Body) != want && !strings.ContainsAny(body, "ü\u0080") { // bash's locale
				t.Errorf("%s\n got %s\nwant %q", text, describe(rows), want)
			}
		}
	}
}
