package cli_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/cli"
)

// attacks drive or deceive a terminal.
var attacks = []string{
	"\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;https://evil.test\x1b\\x\x1b]8;;\x1b\\", "\x1b]52;c;ZXZpbA==\x07", "\x1bP1$r0m\x1b\\", "\x1b[8m", "\x1b[3;1H",
	"\x1bc", "\x1b#8", "\u009b2J", "\u009d0;t\u009c", "\u0085", "\u008d", "a\rb", "a\bb", "a\x07b", "\x00", "\x7f", "\v\f", "\x0e\x0f", "\u202eabc\u202c", "\u2066abc\u2069",
	"\u200e\u200f\u061c", "\u200b\u200c\u2060\ufeff", "\u2028\u2029", "a\nhookctl: forged", "a\r\nhookctl: forged", "a\n::add-path::forged", "a\tb", "\U000e0041\U000e0042", "\u00ad",
}

// drives reports characters that drive a terminal, and that no output may have.
// Line ends and tabs are for the caller to judge.
func drives(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }

// deceives reports characters that turn or hide text.
func deceives(r rune) bool {
	return unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\u200b' || r == '\ufeff'
}

var jsonString = regexp.MustCompile(`"wh-odd"|"My hook"|"https://example\.com/hook"|"new_contact"|"contact\.created"|"active"|"none"|"[0-9]{4}-[^"]*"|null|true|30|60|3\b`)

// TestControlCharacters puts every attack into every member of every answer:
// no format of any command may hand it to the terminal, nor may it forge a line.
func TestControlCharacters(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	attackCommands(t, attacks, safe)
}

// attackCommands runs every command in every format against answers and with
// arguments that hold the attacks, and has each run judged.
func attackCommands(t *testing.T, attacks []string, judge func(t *testing.T, p *program, args []string, format string)) {
	t.Helper()
	all := quote(strings.Join(attacks, " "))
	for _, d := range dialects {
		// The list with all members attacked, but the id of the second row.
		attacked := jsonString.ReplaceAllString(d.listed("wh-odd"), escaped(all))
		row := strings.TrimSuffix(strings.SplitN(attacked, "[", 2)[1], `],"status":"success"}`)
		row = strings.TrimSuffix(row, `]}`)
		list := strings.Replace(d.listed("wh-plain"), `}`, `},`+row, 1)
		refusals := [][]byte{
			answer(400, `{"error":`+all+`,"message":`+all+`,"hint":`+all+`,"status":"error"}`),
			answer(200, `{"status":"error","message":`+all+`,"hint":`+all+`}`),
			answer(200, `{"status":"error","data":[`+all+`,`+all+`]}`),
			answer(403, `{"error":"forbidden","message":"Scope '`+strings.Trim(all, `"`)+`' is required."}`),
			answer(502, strings.Join(attacks, " ")),
			answer(404, `<p>`+strings.Join(attacks, " ")),
			[]byte("HTTP/1.1 200 \x1b[2J\r\nX-\x1b[2J: \x1b[2J\r\n\r\n\x1b[2J"),
			answer(302, ``, "Location: https://evil\x1b[2J.test/\u202e", "X-Odd: \x1b[2J\u009b"),
			answer(302, ``, "Location: https://evil.test/"+attacks[0], "X-Odd: "+attacks[0], attacks[0]+": x"),
			answer(500, attacks[0]),
		}
		formats := [][]string{{"-o", "table"}, {"-o", "json"}, {"-o", "yaml"}, {"-o", "ndjson"}, {"-o", "name"}, {"--jq", "."}, {"--jq", ".[]?"}}

		t.Run(d.name+"/answers", func(t *testing.T) {
			t.Parallel()
			a := newPeer(t, func(c *net.TCPConn, r request) {
				switch {
				case strings.Contains(r.body, `"help"`):
					send(c, answer(200, `{"status":"success","data":{`+all+`:[`+all+`]}}`))
				case d.isCreate(r):
					send(c, answer(d.status, jsonString.ReplaceAllString(d.made(quote(attacks[0]+"\u009b"), quote("s\x1b[2J\u202e")), escaped(all))))
				case d.isList(r):
					send(c, answer(200, list))
				case strings.HasSuffix(r.target, "oauth-me"):
					send(c, answer(200, `{"id":`+all+`,"email":`+all+`,"org_id":`+all+`,"org_name":`+all+`,"org_slug":`+all+`}`))
				default:
					send(c, answer(200, `{"data":`+row+`}`))
				}
			})
			p := newProgram(t, d.environ(a.addr)...)
			for i, f := range formats {
				for j, args := range [][]string{
					d.create, {"list", d.name}, {"get", d.name + "/wh-plain"}, {"secrets", "list"}, {"secrets", "check", "--online"}, {"recover"}, {"list-events", d.name, "--live"},
					{"login", d.name}, {"help", d.name}, {"get", d.name + "/w"}, {"logout", d.name},
				} {
					if cli.Turn(i+j, 3) {
						judge(t, p, append(append([]string{}, args...), f...), f[1])
					}
				}
			}
			judge(t, p, []string{"list", d.name, "--debug"}, "table")
			judge(t, p, append(append([]string{}, d.create...), "--debug"), "table")
			judge(t, p, []string{"__complete", "get", ""}, "table")
			judge(t, p, []string{"__complete", "get", d.name + "/"}, "table")
			if kept := p.kept(); kept[attacks[0]+"\u009b"] != "s\x1b[2J\u202e" {
				t.Errorf("kept: %q", kept)
			}
		})
		for i, refusal := range refusals {
			t.Run(fmt.Sprint(d.name, "/refusal ", i), func(t *testing.T) {
				t.Parallel()
				a := newPeer(t, func(c *net.TCPConn, _ request) { send(c, refusal) })
				p := newProgram(t, d.environ(a.addr)...)
				for j, f := range []string{"table", "json"} {
					for k, args := range [][]string{d.create, {"list", d.name}, {"get", d.name + "/x"}, {"login", d.name}, {"help", d.name}} {
						if cli.Turn(i+j+k, 2) {
							// Too short for repeats, which take time and say nothing new.
							judge(t, p, append(append([]string{}, args...), "-o", f, "--request-timeout", "240ms"), f)
						}
					}
				}
				judge(t, p, []string{"list", d.name, "--debug", "--request-timeout", "240ms"}, "table")
				if i == 1 {
					judge(t, p, []string{"recover", "--request-timeout", "240ms"}, "table")
				}
			})
		}
	}
	t.Run("arguments", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t, zyntroDialect, "wh-plain", "s", nil)
		p := a.program(t)
		all := strings.ReplaceAll(strings.Join(attacks, " "), "\x00", "")
		for i, attack := range []string{all, "\x1b[2J\u202e", "\x9b2J\xff"} {
			for j, args := range [][]string{
				{attack}, {"create", attack}, {"get", "x" + attack}, {"list", attack}, {"help", attack}, {"secrets", "show", "x" + attack}, {"secrets", "set", attack + "/x"},
				{"secrets", "push", "x", "--to", "file:" + attack}, {"secrets", "push", "x", "--to", attack}, {"list", "-o", attack}, {"list", "--jq", attack}, {"--" + attack},
				{"config", "get", attack}, {"config", "set", attack, attack}, {"config", "set", "output", attack}, {"list", "--request-timeout", attack}, {"list", "--profile", attack},
				{"login", "zyntro", "--credentials", "@" + attack}, {"sandbox", attack}, {"sandbox", "--", attack}, {"sandbox", "--addr", attack}, {"verify", attack}, {"recover", "--delete", "x" + attack},
				{"create", "zyntro", "--name", attack, "--url", attack, "--event", attack, "--auth-type", attack}, {"create", "zyntro", "--name", attack, "--url", hookURL, "--event", "new_contact", "--dry-run"},
				{"list-events", "--match", attack}, {"list-events", "--category", attack}, {"verify", "--webhook", attack, "x"}, {"list", "--config", "/nonexistent/" + attack},
			} {
				if i == 0 || cli.Turn(i+j, 2) {
					judge(t, p, args, "table")
				}
			}
		}
	})
}

// safe runs the program and wants nothing in its output that drives or deceives
// a terminal, and no line that a provider could have begun.
func safe(t *testing.T, p *program, args []string, format string) {
	t.Helper()
	r := p.run(args...)
	for name, text := range map[string]string{"stdout": r.stdout, "stderr": r.stderr} {
		if strings.ContainsFunc(text, drives) || !utf8.ValidString(text) {
			t.Errorf("%q: %s drives a terminal: %.1500q", args, name, text)
		}
		// Names and raw texts are for other programs, to which each character may
		// be part of an id, and each line end part of a text.
		raw := name == "stdout" && (format == "name" || strings.HasPrefix(format, "."))
		if !raw && strings.ContainsFunc(text, deceives) {
			t.Errorf("%q: %s deceives: %.1500q", args, name, text)
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); !raw && args[0] != "help" && (strings.HasPrefix(line, "hookctl: forged") || strings.HasPrefix(line, "::")) && !slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "forged") }) {
				t.Errorf("%q: a line is forged on %s: %.1500q", args, name, text)
			}
		}
	}
	if format == "json" && strings.TrimSpace(r.stdout) != "" && !json.Valid([]byte(r.stdout)) {
		t.Errorf("%q: no JSON: %.500q", args, r.stdout)
	}
}

// escaped is a replacement text of which no part is special.
func escaped(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// orders are texts that CI runners obey: where a line begins, anywhere in one, and
// where what is done to other characters might put one together.
var orders = []string{
	"::stop-commands::x##[error]y", "##[stop-commands]x", "###vso[task.setvariable variable=PATH;isoutput=true]x", "##VSO[x]##[add-matcher]y", "##teamcity[x]", "#\x1b#[error]", "##\r\n##[group]",
	"\n::error::x", "\r\n \t::add-mask::x", "\r::set-output name=a::b", "\u2028::debug::x", "\u0085\u00a0::notice::x", "\v\ufeff::warning::x", "::Foo::Bar",
}

// order matches what the runners' parsers take: of GitHub's, ActionCommand.TryParse
// looks for "##[" anywhere and TryParseV2 for "::" after TrimStart; Azure's agent
// looks for "##vso[" and "##[" anywhere. Lines end as .NET's StreamReader has it.
var (
	order     = regexp.MustCompile(`##[A-Za-z]*\[`)
	lineBreak = regexp.MustCompile("\r\n|\r|\n")
)

// obeyed are the lines of text in which a runner sees a command.
func obeyed(text string) []string {
	var found []string
	for _, line := range lineBreak.Split(text, -1) {
		v2 := strings.TrimLeftFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
		name, colons := strings.CutPrefix(v2, "::")
		first, _ := utf8.DecodeRuneInString(name)
		if order.MatchString(line) || colons && unicode.IsLetter(first) {
			found = append(found, line)
		}
	}
	return found
}

// ordersNothing runs the program and wants no command in its output but those
// that it gives itself: masks and annotations, on standard error.
func ordersNothing(t *testing.T, p *program, args []string, format string) {
	t.Helper()
	judgeOrders(t, args, p.run(args...), format)
}

func judgeOrders(t *testing.T, args []string, r result, format string) {
	t.Helper()
	for _, line := range obeyed(r.stdout) {
		t.Errorf("%q: standard output commands a runner: %.300q", args, line)
	}
	for _, line := range obeyed(r.stderr) {
		mask, isMask := strings.CutPrefix(line, "::add-mask::")
		if !(isMask && mask == orderSecret || strings.HasPrefix(line, "::error ") && !order.MatchString(line)) {
			t.Errorf("%q: standard error commands a runner: %.300q", args, line)
		}
	}
	if format == "json" && strings.TrimSpace(r.stdout) != "" && !json.Valid([]byte(r.stdout)) {
		t.Errorf("%q: no JSON: %.500q", args, r.stdout)
	}
	if format == "json" && r.code != 0 && strings.HasPrefix(r.stderr, "{") && !json.Valid([]byte(r.stderr)) {
		t.Errorf("%q: the error is no JSON: %.500q", args, r.stderr)
	}
}

// orderSecret is the secret of these tests, and the only one that may be masked.
const orderSecret = "5ec4e7-of-the-orders"

// TestOrders: nothing that a provider, a delivery, a manifest, a file's name or
// an argument says becomes a command for the CI runner that reads the output.
func TestOrders(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	attackCommands(t, orders, ordersNothing)
	t.Run("deliveries", func(t *testing.T) {
		t.Parallel()
		orderDeliveries(t)
	})
	for _, d := range dialects {
		t.Run(d.name+"/manifest", func(t *testing.T) {
			t.Parallel()
			orderManifests(t, d)
		})
	}
}

var everyFormat = [][]string{{"-o", "table"}, {"-o", "json"}, {"-o", "yaml"}, {"-o", "ndjson"}, {"-o", "name"}, {"--jq", "."}, {"--jq", ".. | strings"}}

// runFormats runs each of the commands in every format; those that are alike in
// what they print have all of them together.
func runFormats(t *testing.T, p *program, every, alike [][]string) {
	t.Helper()
	for i, f := range everyFormat {
		for _, args := range every {
			ordersNothing(t, p, append(args[:len(args):len(args)], f...), f[1])
		}
		for j, args := range alike {
			if j%len(everyFormat) == i || i == 0 && cli.Full() {
				ordersNothing(t, p, append(args[:len(args):len(args)], f...), f[1])
			}
		}
	}
}

func orderDeliveries(t *testing.T) {
	p := newProgram(t, "GITHUB_ACTIONS=true")
	all := strings.Join(orders, " ")
	oneLine := strings.NewReplacer("\n", " ", "\r", " ", "\t", " ", "\v", " ", "\x1b", " ", "\u0085", " ", "\u2028", " ").Replace(all)
	body := `{"event":` + quote(all) + `,"event_type":` + quote(orders[0]) + `,"id":` + quote(all) + `,"text":` + quote(all) + `}`
	head := "POST /" + strings.ReplaceAll(oneLine, " ", "/") + " HTTP/1.1\r\nHost: " + orders[0] + "\r\nX-Wunder-Event: " + oneLine + "\r\nX-Wunder-Delivery: " + oneLine +
		"\r\nX-Wunder-Signature: " + oneLine + "\r\nContent-Type: application/json\r\n"
	record := `{"method":` + quote(all) + `,"url":` + quote(all) + `,"headers":{"X-Wunder-Event":[` + quote(all) + `],"X-Wunder-Signature":["sha256=` + strings.Repeat("0", 64) + `"],` + quote(orders[0]) + `:["x"]},"body":` + quote(body) +
		`,"answer":{"status":500,"headers":{` + quote(orders[0]) + `:[` + quote(all) + `]},"body":` + quote(all) + `}}`
	files := map[string]string{
		"delivery.http": head + "\r\n" + body,
		"sized.http":    head + "Content-Length: 5\r\n\r\n" + body + "\r\n" + oneLine,
		"many.ndjson":   record + "\n" + record + "\n" + all + "\n" + `{"headers":` + quote(all) + "}\n",
		"odd.har":       `{"log":{"entries":[{"request":{"method":` + quote(all) + `,"url":` + quote(all) + `,"headers":[{"name":"X-Wunder-Signature","value":` + quote(all) + `}],"postData":{"text":` + quote(body) + `}}}]}}`,
		"curl.sh":       "curl -X POST -H 'X-Wunder-Signature: " + oneLine + "' -d '" + oneLine + "' https://x.test/" + orders[0],
		"plain.txt":     all,
	}
	for _, o := range orders { // as names, where the file system takes them
		files["in "+strings.ReplaceAll(o, "/", "")+".http"] = head + "\r\n" + body
		files[strings.ReplaceAll(o, "/", "")] = record
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			if name == "delivery.http" {
				t.Fatal(err)
			}
			delete(files, name)
		}
	}
	if r := p.with("HOOKCTL_SECRET="+orderSecret).run("secrets", "set", "wundertreos/"+orders[0], "--from-env", "HOOKCTL_SECRET"); r.code != 0 {
		t.Fatalf("secrets set: %s", r)
	}
	named := "wundertreos/" + orders[0]
	every := [][]string{{"verify", "delivery.http"}, {"verify", "many.ndjson"}, {"verify", strings.ReplaceAll(orders[0], "/", "")}, {"verify", ".", "--report", "junit=report.xml", "--diagnose", "all"}, {"show", "many.ndjson#1"}, {"show", "many.ndjson#3"}, {"show", "delivery.http"}, {"diff", "delivery.http", "many.ndjson:1"}, {"secrets", "list"}}
	alike := [][]string{
		{"show", "nothing\n" + all + "-missing#1"}, {"show", "many.ndjson#" + all}, {"diff", "delivery.http", "many.ndjson"}, {"verify", "nothing\n" + all + "-missing"}, {"verify", "delivery.http", "--signature", all}, {"verify", "--provider", orders[0], "plain.txt"}, {"verify", "delivery.http", "--header", "X-Wunder-Signature: " + oneLine},
		{"replay", ".", "--to", "http://127.0.0.1:1/" + orders[0], "--dry-run"}, {"replay", "delivery.http", "--to", "http://127.0.0.1:1/" + orders[0]}, {"sign", "plain.txt", "--webhook", named}, {"sign", "in " + orders[0] + ".missing", "--webhook", named},
		{"secrets", "check"}, {"secrets", "push", named, "--to", "file:" + filepath.Join(p.dir, "secret "+strings.ReplaceAll(orders[0], "/", ""))}, {"secrets", "push", named, "--to", "file:/nowhere/" + all}, {"secrets", "remove", "wundertreos/x" + all},
		{"doctor"}, {"config", "list"}, {"profile", "list"}, {"recover"},
	}
	for name := range files {
		alike = append(alike, []string{"verify", name}, []string{"show", name + "#1"}, []string{"diff", name + "#1", "delivery.http"}, []string{"diff", "plain.txt", name + "#1"})
	}
	runFormats(t, p, every, alike)
	for _, f := range everyFormat {
		orderListener(t, p, f, oneLine, body)
	}
	for _, args := range [][]string{{"__complete", "secrets", "show", ""}, {"__complete", "verify", "--webhook", ""}} {
		ordersNothing(t, p, args, "table")
	}
	report, err := os.ReadFile(filepath.Join(p.dir, "report.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if found := obeyed(string(report)); len(found) > 0 {
		t.Errorf("the report commands a runner: %q", found)
	}
	if r := p.run("secrets", "show", "wundertreos/"+orders[0]); r.stdout != orderSecret+"\n" {
		t.Errorf("the secret is shown as %s", r)
	}
}

// orderListener posts a delivery that is not valid to a listener, and one that is
// and ends it.
func orderListener(t *testing.T, p *program, f []string, oneLine, body string) {
	t.Helper()
	at := filepath.Join(p.dir, "listener")
	args := append([]string{"listen", "--addr", "127.0.0.1:0", "--url-file", at, "--once", "--timeout", "20s"}, f...)
	c, out, errs := p.command(args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	addr := ""
	for end := time.Now().Add(time.Minute); addr == "" && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(at)
		addr = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(text)), "http://"), "/")
	}
	path := strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return '/'
	}, oneLine)
	mac := hmac.New(sha256.New, []byte(orderSecret))
	mac.Write([]byte(body))
	for _, signature := range [][]byte{make([]byte, sha256.Size), mac.Sum(nil)} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			break
		}
		fmt.Fprintf(conn, "POST /%s HTTP/1.1\r\nHost: x\r\nX-Wunder-Event: %s\r\nX-Wunder-Delivery: %s\r\nX-Wunder-Signature: sha256=%x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			path, oneLine, oneLine, signature, len(body), body)
		_, _ = io.ReadAll(conn)
		_ = conn.Close()
	}
	r := p.finish(c, c.Wait(), out, errs)
	if strings.Count(r.stdout, "\n") < 2 {
		t.Errorf("%q: the deliveries are not shown: %s", args, r)
	}
	judgeOrders(t, args, r, f[1])
}

// orderManifests runs what reads and writes manifests, and what changes webhooks,
// in a CI job.
func orderManifests(t *testing.T, d *dialect) {
	all := strings.Join(orders, " ")
	name := strings.NewReplacer("\n", " ", "\r", " ", "\t", " ", "\v", " ", "\x1b", " ", "\u0085", " ", "\u2028", " ").Replace(orders[0])
	listed := strings.NewReplacer(quote(hookName), quote(name), quote(hookURL), quote(hookURL+"?"+name)).Replace(d.listed("wh-plain", "wh-"+orders[0]))
	a := newPeer(t, func(c *net.TCPConn, r request) {
		switch {
		case d.isCreate(r):
			send(c, answer(d.status, strings.NewReplacer(quote(hookName), quote(all)).Replace(d.made(quote("wh-"+all), quote(orderSecret)))))
		case d.isList(r):
			send(c, answer(200, listed))
		case strings.Contains(r.target, "raw"):
			send(c, answer(200, all))
		case strings.Contains(r.target, "json"):
			send(c, answer(200, `{"a": `+quote(all)+`,`+"\n"+`  "b": [`+quote(orders[0])+`]}`))
		default:
			send(c, answer(404, `{"error":"not_found","message":`+quote(all)+`}`))
		}
	})
	p := newProgram(t, append(d.environ(a.addr), "GITHUB_ACTIONS=true", "CI=true", "HOOK=x", "GITHUB_ENV="+filepath.Join(t.TempDir(), "env"))...)
	for _, variable := range p.environ {
		if path, ok := strings.CutPrefix(variable, "GITHUB_ENV="); ok {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	event := d.create[len(d.create)-1]
	manifest := func(file string, names ...string) {
		text := "version: 1\nwebhooks:\n"
		for _, n := range names {
			text += "  - {provider: " + d.name + ", name: " + quote(n) + ", url: " + quote("https://example.com/new?"+strings.ReplaceAll(name, " ", "")) + ", events: [" + event + "]}\n"
		}
		if err := os.WriteFile(filepath.Join(p.dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	manifest("new.yaml", "new "+name)
	manifest("same.yaml", name)
	manifest("odd.yaml", all, orders[0])
	create := []string{"create", d.name, "--event", event, "--name", name, "--url"}
	with := func(args []string, more ...string) []string { return append(args[:len(args):len(args)], more...) }
	runFormats(t, p, [][]string{
		{"export", d.name}, {"plan", "-f", "new.yaml"}, {"apply", "-f", "new.yaml", "--yes", "--secret-to", "github-env:HOOK_{{.Name}}"}, {"api", d.name, "json"}, {"api", d.name, "raw"},
		{"rotate", d.name + "/wh-plain", "--yes", "--show-secret", "--store-only"}, with(create, hookURL, "--show-secret", "--secret-to", "github-env:HOOK"),
	}, [][]string{
		{"plan", "-f", "same.yaml"}, {"plan", "-f", "odd.yaml"}, {"plan", "-f", "missing " + all}, {"apply", "-f", "same.yaml", "--yes", "--store-only"}, {"apply", "-f", "odd.yaml", "--yes", "--store-only"},
		{"api", d.name, "json", "--include"}, {"api", d.name, "none"}, {"update", d.name + "/wh-plain", "--name", all, "--yes", "--replace", "--store-only"}, {"update", d.name + "/wh-plain", "--name", "x" + name, "--yes"},
		{"pause", d.name + "/wh-plain"}, {"delete", d.name + "/wh-plain", "--yes"}, {"get", name}, {"get", "wh-"}, {"doctor"}, {"recover"}, {"recover", "--delete", "x" + all}, {"list", "--debug"}, {"list", "--failing"},
		with(create, hookURL+"?"+strings.ReplaceAll(name, " ", ""), "--curl"), with(create, hookURL, "--dry-run"), with(create, hookURL+"?"+name, "--if-absent", "--store-only"),
	})
	for _, args := range [][]string{{"__complete", "get", ""}, {"__complete", "get", d.name + "/"}, {"__complete", "rotate", ""}} {
		ordersNothing(t, p, args, "table")
	}

	// What programs read still means what the provider said.
	var rows []struct{ Name, ID string }
	r := p.run("list", d.name, "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || len(rows) != 2 || rows[0].Name != name || rows[1].ID != "wh-"+orders[0] {
		t.Errorf("the list is read as %q (%v): %s", rows, err, r)
	}
	var body struct {
		A string
		B []string
	}
	for _, args := range [][]string{{"api", d.name, "json"}, {"api", d.name, "json", "-o", "json"}} {
		r := p.run(args...)
		if err := json.Unmarshal([]byte(r.stdout), &body); err != nil || body.A != all || len(body.B) != 1 || body.B[0] != orders[0] {
			t.Errorf("%q is read as %q (%v): %s", args, body, err, r)
		}
	}
	var failed struct {
		Error struct {
			ProviderMessage string `json:"provider_message"`
		}
	}
	r = p.run("api", d.name, "none", "-o", "json")
	if err := json.Unmarshal([]byte(r.stderr), &failed); err != nil || r.code == 0 {
		t.Errorf("the error is read as %+v (%v): %s", failed, err, r)
	}
	exported := p.run("export", d.name)
	if err := os.WriteFile(filepath.Join(p.dir, "exported.yaml"), []byte(exported.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.run("plan", "-f", "exported.yaml"); r.code != 0 {
		t.Errorf("an export differs from what it was made of: %s\n%s", r, exported)
	}
}

// TestMaskIsFirst: what hides a new secret in a log is there before anything that
// came with the secret, and before a child's output.
func TestMaskIsFirst(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			var exists atomic.Bool
			// The new webhook is not what was asked for, which is a warning.
			other := strings.NewReplacer(quote(hookURL), quote("https://other.test/"), quote(hookName), quote("Other")).Replace(d.made(quote("wh-new"), quote(orderSecret)))
			a := newPeer(t, func(c *net.TCPConn, r request) {
				switch {
				case d.isCreate(r):
					send(c, answer(d.status, other))
				case d.isList(r) && exists.Load():
					send(c, answer(200, d.listed("wh-new")))
				case d.isList(r):
					send(c, answer(200, d.listed("wh-old")))
				case strings.HasSuffix(r.target, "wh-old"):
					send(c, answer(200, `{"data":`+strings.TrimSuffix(strings.SplitN(d.listed("wh-old"), "[", 2)[1], `]}`)+`}`))
				default:
					send(c, answer(200, `{"status":"success","data":{}}`))
				}
			})
			env := filepath.Join(t.TempDir(), "env")
			if err := os.WriteFile(env, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p := newProgram(t, append(d.environ(a.addr), "GITHUB_ACTIONS=true", "CI=true", "GITHUB_ENV="+env, "GITHUB_OUTPUT="+env)...)
			child := "exec:'" + p.bin + "' version"
			event := d.create[len(d.create)-1]
			replace := []string{"rotate", d.name + "/wh-old", "--yes", "--overlap"}
			if d == wundertreosDialect {
				replace = []string{"update", d.name + "/wh-old", "--event", "deal.created", "--replace", "--yes"}
			}
			for _, args := range [][]string{
				append(d.create[:len(d.create):len(d.create)], "--secret-to", child, "--secret-to", "github-env:HOOK"),
				append(d.create[:len(d.create):len(d.create)], "--secret-to", child, "--secret-to", "stdout"),
				append(d.create[:len(d.create):len(d.create)], "--store-only", "--show-secret", "-o", "json"),
				append(replace[:len(replace):len(replace)], "--store-only", "--show-secret"),
				append(replace[:len(replace):len(replace)], "--secret-to", child, "--secret-to", "github-output:hook"),
				{"rotate", d.name + "/wh-old", "--yes", "--overlap", "--secret-to", child, "--secret-to", "github-env:HOOK"},
				{"secrets", "push", d.name + "/wh-new", "--to", child, "--to", "github-env:HOOK", "--to", "github-output:hook"},
				{"secrets", "show", d.name + "/wh-new"},
				{"create", d.name, "--name", hookName, "--url", hookURL, "--event", event, "--if-absent", "--secret-to", child, "--secret-to", "github-env:HOOK", "--show-secret"},
			} {
				exists.Store(args[len(args)-1] == "--show-secret" && args[0] == "create")
				c, out, _ := p.command(args...)
				c.Stderr = out
				if r := p.finish(c, c.Run(), out, out); r.code != 0 || !strings.HasPrefix(r.stdout, "::add-mask::"+orderSecret+"\n") {
					t.Errorf("%q: the mask does not come first: %s", args, r)
				}
			}
		})
	}
}
