package cli_test

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
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
		}
		formats := [][]string{{"-o", "table"}, {"-o", "json"}, {"-o", "yaml"}, {"-o", "ndjson"}, {"-o", "name"}, {"--jq", "."}, {"--jq", ".[]?"}}

		t.Run(d.name+"/answers", func(t *testing.T) {
			t.Parallel()
			a := newPeer(t, func(c *net.TCPConn, r request) {
				switch {
				case strings.Contains(r.body, `"help"`):
					send(c, answer(200, `{"status":"success","data":{`+all+`:[`+all+`]}}`))
				case d.isCreate(r):
					send(c, answer(d.status, jsonString.ReplaceAllString(d.made(quote("wh-\x1b[2J\u009b"), quote("s\x1b[2J\u202e")), escaped(all))))
				case d.isList(r):
					send(c, answer(200, list))
				case strings.HasSuffix(r.target, "oauth-me"):
					send(c, answer(200, `{"id":`+all+`,"email":`+all+`,"org_id":`+all+`,"org_name":`+all+`,"org_slug":`+all+`}`))
				default:
					send(c, answer(200, `{"data":`+row+`}`))
				}
			})
			p := newProgram(t, d.environ(a.addr)...)
			for _, f := range formats {
				for _, args := range [][]string{
					d.create, {"list", d.name}, {"get", d.name + "/wh-plain"}, {"secrets", "list"}, {"secrets", "check", "--online"}, {"recover"}, {"list-events", d.name, "--live"},
					{"login", d.name}, {"help", d.name}, {"get", d.name + "/w"}, {"logout", d.name},
				} {
					safe(t, p, append(append([]string{}, args...), f...), f[1])
				}
			}
			safe(t, p, []string{"list", d.name, "--debug"}, "table")
			safe(t, p, append(append([]string{}, d.create...), "--debug"), "table")
			safe(t, p, []string{"__complete", "get", ""}, "table")
			safe(t, p, []string{"__complete", "get", d.name + "/"}, "table")
			if kept := p.kept(); kept["wh-\x1b[2J\u009b"] != "s\x1b[2J\u202e" {
				t.Errorf("kept: %q", kept)
			}
		})
		for i, refusal := range refusals {
			t.Run(fmt.Sprint(d.name, "/refusal ", i), func(t *testing.T) {
				t.Parallel()
				a := newPeer(t, func(c *net.TCPConn, _ request) { send(c, refusal) })
				p := newProgram(t, d.environ(a.addr)...)
				for _, f := range []string{"table", "json"} {
					for _, args := range [][]string{d.create, {"list", d.name}, {"get", d.name + "/x"}, {"login", d.name}, {"help", d.name}} {
						// Too short for repeats, which take time and say nothing new.
						safe(t, p, append(append([]string{}, args...), "-o", f, "--request-timeout", "240ms"), f)
					}
				}
				safe(t, p, []string{"list", d.name, "--debug", "--request-timeout", "240ms"}, "table")
				if i == 1 {
					safe(t, p, []string{"recover", "--request-timeout", "240ms"}, "table")
				}
			})
		}
	}
	t.Run("arguments", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t, zyntroDialect, "wh-plain", "s", nil)
		p := a.program(t)
		all := strings.ReplaceAll(strings.Join(attacks, " "), "\x00", "")
		for _, attack := range []string{all, "\x1b[2J\u202e", "\x9b2J\xff"} {
			for _, args := range [][]string{
				{attack}, {"create", attack}, {"get", "x" + attack}, {"list", attack}, {"help", attack}, {"secrets", "show", "x" + attack}, {"secrets", "set", attack + "/x"},
				{"secrets", "push", "x", "--to", "file:" + attack}, {"secrets", "push", "x", "--to", attack}, {"list", "-o", attack}, {"list", "--jq", attack}, {"--" + attack},
				{"config", "get", attack}, {"config", "set", attack, attack}, {"config", "set", "output", attack}, {"list", "--request-timeout", attack}, {"list", "--profile", attack},
				{"login", "zyntro", "--credentials", "@" + attack}, {"sandbox", attack}, {"sandbox", "--", attack}, {"sandbox", "--addr", attack}, {"verify", attack}, {"recover", "--delete", "x" + attack},
				{"create", "zyntro", "--name", attack, "--url", attack, "--event", attack, "--auth-type", attack}, {"create", "zyntro", "--name", attack, "--url", hookURL, "--event", "new_contact", "--dry-run"},
				{"list-events", "--match", attack}, {"list-events", "--category", attack}, {"verify", "--webhook", attack, "x"}, {"list", "--config", "/nonexistent/" + attack},
			} {
				safe(t, p, args, "table")
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
