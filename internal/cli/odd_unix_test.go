//go:build unix

package cli_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/cli"
)

// oddAnswer is an answer to a create that works, or nearly.
type oddAnswer struct {
	name   string
	only   *dialect // nil: any
	answer func(d *dialect) []byte
	absent bool // the provider's list does not show the webhook

	code   int
	state  string // what recover finds; "" if there is nothing to find
	secret string // what is kept in the end; "": nothing
	raw    string // what must be in a file between create and recover
	after  int    // exit code of recover
	warns  string // what create says on standard error
}

// withMembers is the answer with these texts of JSON in it.
func withMembers(id, secret string) func(d *dialect) []byte {
	return func(d *dialect) []byte { return answer(d.status, d.made(id, secret)) }
}

// edited is the usual answer's body after a change, as a whole answer.
func edited(edit func(body string) string) func(d *dialect) []byte {
	return func(d *dialect) []byte { return answer(d.status, edit(d.made(quote(someID), quote(someSecret)))) }
}

// framed is the usual answer under other headers.
func framed(frame func(d *dialect, body string) string) func(d *dialect) []byte {
	return func(d *dialect) []byte { return []byte(frame(d, d.made(quote(someID), quote(someSecret)))) }
}

// chunks is a body in chunks of size bytes, without the last one.
func chunks(body string, size int) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func fixed(status int, body string, head ...string) func(*dialect) []byte {
	return func(*dialect) []byte { return answer(status, body, head...) }
}

// wellKept is the outcome of an answer that can be used as it is.
func wellKept(name string, answer func(*dialect) []byte, secret string) oddAnswer {
	return oddAnswer{name: name, answer: answer, secret: secret}
}

// mended is that of one that recover can use.
func mended(name string, answer func(*dialect) []byte, secret string) oddAnswer {
	return oddAnswer{name: name, answer: answer, code: 7, state: "kept", secret: secret}
}

// orphaned is that of one without a secret that could be trusted; raw arrived.
func orphaned(name, raw string, answer func(*dialect) []byte) oddAnswer {
	return oddAnswer{name: name, answer: answer, raw: raw, code: 7, state: "orphan", after: 7}
}

var oddAnswers = []oddAnswer{
	// Framing.
	mended("length too long", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s", d.status, len(body)+50, body)
	}), someSecret),
	mended("length too short", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s", d.status, 12, body)
	}), someSecret),
	mended("length of nothing", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n%s", d.status, body)
	}), someSecret),
	wellKept("no length", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\n\r\n%s", d.status, body)
	}), someSecret),
	wellKept("HTTP/1.0", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.0 %d OK\r\n\r\n%s", d.status, body)
	}), someSecret),
	wellKept("bare newlines", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\nContent-Length: %d\n\n%s", d.status, len(body), body)
	}), someSecret),
	wellKept("chunked", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n", d.status, chunks(body, 9))
	}), someSecret),
	mended("one chunk without an end", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", d.status, chunks(body, 4000))
	}), someSecret),
	mended("many chunks without an end", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", d.status, chunks(body, 9))
	}), someSecret),
	mended("chunks that do not add up", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n%s\r\n0\r\n\r\n", d.status, body)
	}), someSecret),
	wellKept("100 and 103 first", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s", d.status, len(body), body)
	}), someSecret),
	mended("no head at all", framed(func(_ *dialect, body string) string { return body }), someSecret),
	mended("a head that is none", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nno colon here\r\n\r\n%s", d.status, body)
	}), someSecret),
	mended("switching protocols", framed(func(_ *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n%s", body)
	}), someSecret),
	orphaned("HTTP/2", "GOAWAY", framed(func(*dialect, string) string { return "\x00\x00\x06\x04\x00\x00\x00\x00\x00GOAWAY" })),
	wellKept("compressed, unasked", framed(func(d *dialect, body string) string {
		return string(answer(d.status, zipped(body), "Content-Encoding: gzip"))
	}), someSecret),
	orphaned("transfer compressed", "", framed(func(d *dialect, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d OK\r\nTransfer-Encoding: gzip\r\n\r\n%s", d.status, zipped(body))
	})),

	// Bodies that do not parse.
	wellKept("white space round it", edited(func(body string) string { return "\r\n \t" + body + "\n\n" }), someSecret),
	mended("trailing garbage", edited(func(body string) string { return body + "<!-- cached -->" }), someSecret),
	mended("a byte order mark", edited(func(body string) string { return "\ufeff" + body }), someSecret),
	mended("a number that is none", edited(func(body string) string { return strings.Replace(body, `{`, `{"n":NaN,`, 1) }), someSecret),
	mended("cut after the secret", edited(func(body string) string { return body[:strings.Index(body, someSecret)+len(someSecret)+1] }), someSecret),
	mended("the same document twice", edited(func(body string) string { return body + body }), someSecret),
	orphaned("two documents", "another-secret", edited(func(body string) string { return body + strings.Replace(body, someSecret, "another-secret", 1) })),
	orphaned("single quotes", someSecret, edited(func(body string) string { return strings.ReplaceAll(body, `"`, `'`) })),
	orphaned("UTF-16", "", edited(func(body string) string {
		var b strings.Builder
		for _, c := range []byte(body) {
			b.Write([]byte{c, 0})
		}
		return b.String()
	})),
	mended("bytes that are no text beside it", edited(func(body string) string { return strings.Replace(body, `"data":{`, "\"x\":\"\xff\",\"data\":{", 1) }), someSecret),

	// Secrets.
	orphaned("null secret", someID, withMembers(quote(someID), `null`)),
	orphaned("empty secret", someID, withMembers(quote(someID), `""`)),
	orphaned("number for a secret", "4711", withMembers(quote(someID), `4711`)),
	orphaned("object for a secret", "nested", withMembers(quote(someID), `{"value":"nested"}`)),
	orphaned("list for a secret", "nested", withMembers(quote(someID), `["nested"]`)),
	orphaned("half a UTF-16 pair", `\ud800`, withMembers(quote(someID), `"abc\ud800def"`)),
	orphaned("a secret that is no text", "abc\xff\xfedef", withMembers(quote(someID), "\"abc\xff\xfedef\"")),
	orphaned("NUL", `abc\u0000`, withMembers(quote(someID), `"abc\u0000"`)),
	wellKept("a secret of one letter", withMembers(quote(someID), `"x"`), "x"),
	wellKept("a secret with everything", withMembers(quote(someID), quote("\n\r\t\x1b[2J \"\\'$`é☕\u202e\u00a0\x7f ")), "\n\r\t\x1b[2J \"\\'$`é☕\u202e\u00a0\x7f "),
	wellKept("escapes", withMembers(quote(someID), `"\u0041\/\u00e9\ud83d\ude00"`), "A/é😀"),
	wellKept("whsec", withMembers(quote(someID), `"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
	wellKept("a long secret", withMembers(quote(someID), quote(strings.Repeat("0123456789abcdef", 2000))), strings.Repeat("0123456789abcdef", 2000)),
	orphaned("a secret over the cap", strings.Repeat("0123456789abcdef", 1000), func(d *dialect) []byte { // made here: each start of the test binary makes the variable
		return answer(d.status, d.made(quote(someID), quote(strings.Repeat("0123456789abcdef", 1<<16))))
	}),
	orphaned("no secret", someID, edited(func(body string) string {
		return strings.ReplaceAll(strings.ReplaceAll(body, `"secret":`, `"sekret":`), `"secret_key":`, `"sekret":`)
	})),
	orphaned("Secret", someSecret, edited(func(body string) string {
		return strings.ReplaceAll(strings.ReplaceAll(body, `"secret":`, `"Secret":`), `"secret_key":`, `"Secret_Key":`)
	})),
	wellKept("Secret beside it", edited(func(body string) string {
		return strings.Replace(body, `"data":{`, `"data":{"Secret":"wrong","SECRET_KEY":"wrong",`, 1)
	}), someSecret),
	wellKept("SECRET behind it", edited(func(body string) string {
		return strings.Replace(body, `}`, `,"SECRET":"wrong","Secret_key":"wrong"}`, 1)
	}), someSecret),
	orphaned("two secrets", "the-other", edited(func(body string) string {
		return strings.Replace(body, `"data":{`, `"data":{"secret":"the-other","secret_key":"the-other",`, 1)
	})),
	mended("the same secret twice", edited(func(body string) string {
		return strings.Replace(body, `"data":{`, `"data":{"secret":`+quote(someSecret)+`,"secret_key":`+quote(someSecret)+`,`, 1)
	}), someSecret),
	orphaned("two data", "the-other", edited(func(body string) string {
		return strings.Replace(body, `{"data":`, `{"data":{"secret":"the-other","secret_key":"the-other"},"data":`, 1)
	})),
	orphaned("the secret in a header", someSecret, func(d *dialect) []byte {
		return answer(d.status, d.made(quote(someID), `null`), "X-Secret: "+someSecret)
	}),
	mended("the secret a level deeper", edited(func(body string) string {
		return strings.Replace(strings.Replace(body, `"data":{`, `"data":{"webhook":{`, 1), `}`, `}}`, 1)
	}), someSecret),
	mended("the secret a level higher", edited(func(body string) string {
		return strings.Replace(strings.Replace(body, `"data":{`, ``, 1), `}`, ``, 1)
	}), someSecret),
	orphaned("data is a list", someID, edited(func(body string) string {
		body = strings.Replace(strings.Replace(body, `"data":{`, `"data":[{`, 1), `}`, `}]`, 1)
		return strings.Replace(body, quote(someSecret), `""`, 1)
	})),

	// Statuses.
	wellKept("200", func(d *dialect) []byte { return answer(200, d.made(quote(someID), quote(someSecret))) }, someSecret),
	wellKept("202", func(d *dialect) []byte { return answer(202, d.made(quote(someID), quote(someSecret))) }, someSecret),
	wellKept("299", func(d *dialect) []byte { return answer(299, d.made(quote(someID), quote(someSecret))) }, someSecret),
	orphaned("204", "", func(*dialect) []byte { return []byte("HTTP/1.1 204 No Content\r\n\r\n") }),
	orphaned("an empty 200", "", fixed(200, ``)),
	orphaned("an empty object", "", fixed(200, `{}`)),
	orphaned("null", "", fixed(200, `null`)),
	mended("500 with the secret", func(d *dialect) []byte { return answer(500, d.made(quote(someID), quote(someSecret))) }, someSecret),
	mended("409 with the secret", func(d *dialect) []byte { return answer(409, d.made(quote(someID), quote(someSecret))) }, someSecret),
	mended("302 with the secret", func(d *dialect) []byte {
		return answer(302, d.made(quote(someID), quote(someSecret)), "Location: https://example.com/")
	}, someSecret),
	{name: "a login page", only: zyntroDialect, answer: fixed(200, `<html>Please log in: `+strings.Repeat("x", 500)+`</html>`), absent: true,
		code: 7, state: "unreadable", after: 7, raw: "Please log in"},

	// Zyntro's envelope.
	{name: "an error with a secret", only: zyntroDialect, answer: edited(func(body string) string { return strings.Replace(body, "success", "error", 1) }),
		code: 7, state: "kept", secret: someSecret},
	{name: "SUCCESS", only: zyntroDialect, answer: edited(func(body string) string { return strings.Replace(body, "success", "SUCCESS", 1) }),
		code: 7, state: "kept", secret: someSecret},
	{name: "no status", only: zyntroDialect, answer: edited(func(body string) string { return strings.Replace(body, `,"status":"success"`, ``, 1) }),
		code: 7, state: "kept", secret: someSecret},
	{name: "neither success nor error", only: zyntroDialect, answer: fixed(200, `{"status":"ok","data":{"wh_id":"x"}}`),
		code: 7, state: "orphan", after: 7},

	// Ids. Whatever they are, they name no file.
	wellKept("a number for an id", withMembers(`42`, quote(someSecret)), someSecret),
	wellKept("a big number for an id", withMembers(`12345678901234567890123`, quote(someSecret)), someSecret),
	wellKept("an id that is a path", withMembers(`"../../../../tmp/x"`, quote(someSecret)), someSecret),
	wellKept("an id of dots", withMembers(`".."`, quote(someSecret)), someSecret),
	wellKept("CON", withMembers(`"CON"`, quote(someSecret)), someSecret),
	wellKept("an id with controls", withMembers(`"a\u0000b\u001b[2J\n\u202e/\\:*?"`, quote(someSecret)), someSecret),
	wellKept("a long id", withMembers(quote(strings.Repeat("i", 10_000)), quote(someSecret)), someSecret),
	mended("an empty id", withMembers(`""`, quote(someSecret)), someSecret),
	mended("null for an id", withMembers(`null`, quote(someSecret)), someSecret),
	mended("an object for an id", withMembers(`{"x":1}`, quote(someSecret)), someSecret),
	mended("no id", edited(func(body string) string {
		return strings.ReplaceAll(strings.ReplaceAll(body, `"id":`, `"uid":`), `"wh_id":`, `"uid":`)
	}), someSecret),

	// What was asked for comes back changed.
	{name: "another url", only: wundertreosDialect, answer: edited(func(body string) string { return strings.Replace(body, hookURL, "https://evil.test/", 1) }), secret: someSecret, warns: "a different URL"},
	{name: "odd members", only: wundertreosDialect, answer: edited(func(body string) string {
		return strings.NewReplacer(`["contact.created"]`, `"contact.created"`, `true`, `"yes"`, quote(hookURL), `{}`, quote(hookName), `[1]`).Replace(body)
	}), secret: someSecret},
}

var safeName = regexp.MustCompile(`^(webhooks/[0-9a-f]{32,64}\.json|journal/[0-9a-f]{32}\.(op|lock))$`)

// TestOddAnswers runs creates whose answer is not what the reference pages
// promise: a secret that can be told is kept, what cannot be used is on disk and
// named, and no create that was answered 2xx is called a failure.
func TestOddAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	for i, d := range dialects {
		for n, o := range oddAnswers {
			if o.only != nil && o.only != d || o.only == nil && !cli.Turn(n+i, len(dialects)) {
				continue
			}
			t.Run(d.name+"/"+o.name, func(t *testing.T) {
				t.Parallel()
				o.run(t, d)
			})
		}
	}
}

func (o oddAnswer) run(t *testing.T, d *dialect) {
	a := newAccount(t, d, someID, someSecret, func(a *account, c *net.TCPConn) {
		if !o.absent {
			a.make()
		}
		send(c, o.answer(d))
	})
	p := a.program(t)
	created := p.run(append(d.create, "-o", "json")...)
	if created.code != o.code {
		t.Errorf("create: want exit %d: %s", o.code, created)
	}
	if o.code != 0 {
		p.failure(created)
	}
	if n := len(a.requests(d.isCreate)); n != 1 {
		t.Errorf("%d creates were sent", n)
	}
	stored := false
	for name, text := range p.files() {
		if !safeName.MatchString(name) {
			t.Errorf("a file is called %q", name)
		}
		stored = stored || strings.Contains(text, o.raw)
	}
	if o.raw != "" && !stored {
		t.Errorf("%q is in no file", o.raw)
	}
	found, recovered := p.recover()
	if recovered.code != o.after {
		t.Errorf("recover: want exit %d: %s", o.after, recovered)
	}
	switch {
	case o.state == "" && len(found) != 0, o.state != "" && (len(found) != 1 || found[0].State != o.state):
		t.Errorf("recover: want state %q: %s", o.state, recovered)
	case o.after != 0 && found[0].Next == "":
		t.Errorf("recover does not say what to type: %s", recovered)
	}
	kept := p.kept()
	if o.secret == "" && len(kept) != 0 {
		t.Errorf("kept %q", kept)
	}
	if o.secret != "" {
		if len(kept) != 1 || p.entries() != 0 {
			t.Errorf("%d secrets are kept, %d entries left", len(kept), p.entries())
		}
		for id, secret := range kept {
			if secret != o.secret {
				t.Errorf("kept %.100q, want %.100q", secret, o.secret)
			}
			if strings.ContainsRune(id, 0) {
				continue // no argument can say it
			}
			if shown := p.run("secrets", "show", d.name+"/"+id); shown.stdout != o.secret+"\n" {
				t.Errorf("secrets show: %s", shown)
			}
		}
	}
	if o.warns != "" && !strings.Contains(created.stderr, o.warns) {
		t.Errorf("create does not warn of %q: %s", o.warns, created)
	}
	for _, r := range []result{created, recovered} {
		for _, secret := range []string{someSecret, o.secret, "the-other", "another-secret"} {
			leaked(t, secret, r)
		}
	}
	// The next command works.
	if r := p.run("secrets", "list"); r.code != 0 {
		t.Errorf("secrets list: %s", r)
	}
}
