package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/signature"
)

// dumped is messages put together as tools do that keep a log of them, with
// what must be found in it.
type dumped struct {
	r    *rand.Rand
	text bytes.Buffer

	answers, probes, lines int
	deliveries             int
	tampered               int // the number of the delivery that is changed, from 1
	ends                   int // where it should end, by a framing that is wrong now
}

func (d *dumped) pick(from ...string) string { return from[d.r.IntN(len(from))] }

func (d *dumped) newline() string { return d.pick("\r\n", "\n") }

// body is a payload. Some are texts of HTTP themselves; those of which a part
// is a message beyond doubt are tampered with without a change of their length.
func (d *dumped) body() (text string, sturdy bool) {
	inner := "sha256=" + strings.Repeat("ab", 32)
	switch d.r.IntN(14) {
	case 0:
		return "", true
	case 1:
		return "POST / HTTP/1.1\r\nHost: x\r\n\r\n{}", true
	case 2:
		return "see\nPOST / HTTP/1.1\nHTTP/1.1 200 OK\n\nGET /x HTTP/1.1\n", true
	case 3:
		return "POST /hook HTTP/1.1\r\nContent-Length: 2\r\nX-Wunder-Signature: " + inner + "\r\n\r\n{}", false
	case 4:
		return "HTTP/1.1 100 Continue\r\nVia: somebody's proxy\r\n\r\n", true
	case 5:
		return "\n\r\n" + `{"a":"` + "\n" + `POST / HTTP/1.1` + "\n" + `"}` + "\n\n", true
	case 6:
		return "---\n### POST /x\n* star\nListening on x\n", true
	case 7:
		b := make([]byte, d.r.IntN(300))
		for i := range b {
			b[i] = byte(d.r.Uint32())
		}
		return string(b) + "\x00", true
	case 8:
		return "0\r\n\r\n5\r\nhello\r\n", true
	case 9:
		return `{"text":"...POST /hook HTTP/1.1` + "\n" + `Host: x` + "\n\n" + `","HTTP/1.1 200 OK` + "\n" + `":1}`, true
	case 10:
		return "> POST / HTTP/1.1\n> Host: x\n> \n< HTTP/1.1 200 OK\n< \n", true
	}
	return fmt.Sprintf(`{"id":"ev%d","event_type":"contact.created","org_id":"o","data":{"x":"%s"},"delivered_at":"2026-05-17T14:30:01.000Z"}`,
		d.r.Uint32(), strings.Repeat("y", d.r.IntN(400))), true
}

// change tampers with a body.
func (d *dumped) change(body string, sturdy bool) string {
	at, quarter := d.r.IntN(len(body)+1), len(body)/4
	switch way := d.r.IntN(4); {
	case body == "" || way == 0 && sturdy:
		return body + "more of it"
	case way == 1 && sturdy:
		return body[:at] + "x" + body[at:]
	case way == 2 && sturdy && quarter > 1:
		if cut := body[:quarter] + body[quarter+1+d.r.IntN(quarter):]; !strings.HasPrefix(body, cut) {
			return cut
		}
	}
	b := []byte(body)
	b[at%len(b)] ^= 1 << d.r.IntN(7)
	return string(b)
}

// chunked is a body in chunks whose sizes are those of another text.
func (d *dumped) chunked(sent, sized string, nl string) string {
	var b strings.Builder
	for len(sized) > 0 {
		n := 1 + d.r.IntN(len(sized))
		m := min(n, len(sent))
		if n == len(sized) {
			m = len(sent)
		}
		fmt.Fprintf(&b, "%x%s%s", n, d.pick("", "", ";ext=1"), nl)
		if m != n {
			d.ends = d.text.Len() + b.Len() + n
		}
		b.WriteString(sent[:m] + nl)
		sent, sized = sent[m:], sized[n:]
	}
	return b.String() + sent + "0" + nl + d.pick("", "", "X-Trailer: 1"+nl, "A: 1"+nl+"B: 2"+nl) + nl
}

// delivery adds a signed request.
func (d *dumped) delivery(t testing.TB) {
	d.deliveries++
	nl := d.newline()
	body, sturdy := d.body()
	sent := body
	if d.deliveries == d.tampered {
		sent = d.change(body, sturdy)
	}
	last := false
	head := d.pick("POST", "PUT", "POST") + " /hook " + d.pick("HTTP/1.1", "HTTP/1.1", "HTTP/2", "HTTP/1.0") + nl
	head += "Host: example.com" + nl
	expects := d.r.IntN(5) == 0
	sign := func(body string) string {
		return d.pick("X-Wunder-Signature", "x-wunder-signature", "X-Hook-Signature") + ":" + d.pick(" ", "", nl+"\t") + sign(t, wunder, wunderKey, body) + nl
	}
	interim := ""
	// Where a body looks like an interim answer, or like the lines of tools, more
	// than one reading fits. So it is below where a length that is wrong may happen
	// to end at what looks like a message.
	plain := !strings.HasPrefix(body, "HTTP/1.1 100") && !strings.Contains(body, "\n* star") && !strings.HasPrefix(body, "> ")
	if expects = expects && plain; expects || plain && d.tampered == 0 && d.r.IntN(8) == 0 {
		d.answers++
		interim = "HTTP/1.1 100 Continue" + nl + nl
		if expects {
			head += "Expect: 100-continue" + nl
		}
	}
	switch d.r.IntN(5) {
	case 0:
		fold := d.pick("Transfer-Encoding: chunked", "transfer-encoding: gzip, Chunked")
		d.text.WriteString(head + fold + nl + sign(body) + nl + interim)
		d.text.WriteString(d.chunked(sent, body, nl))
	case 1: // without a length, up to the next message
		if body = `{"id":"ev` + fmt.Sprint(d.r.Uint32()) + "\"}\n"; d.deliveries == d.tampered {
			sent = d.pick(" "+body, body+"x\n", `{"id":"ev"}`+"\n")
		} else {
			sent = body
		}
		d.text.WriteString(head + sign(body) + nl + interim + sent)
		last = true
	default:
		d.text.WriteString(head + fmt.Sprintf("Content-Length: %d", len(body)) + nl + sign(body) + nl + interim)
		if len(sent) != len(body) {
			d.ends = d.text.Len() + len(body)
		}
		d.text.WriteString(sent)
	}
	if last {
		d.request(true) // at once: nothing may come between
	} else {
		d.between()
	}
}

// request adds a probe.
func (d *dumped) request(only bool) {
	d.probes++
	nl := d.newline()
	method := d.pick("GET", "OPTIONS", "HEAD")
	if only {
		method = d.pick("GET", "OPTIONS")
	}
	d.text.WriteString(method + " /health HTTP/1.1" + nl + "Host: x" + nl + d.pick("", "", "Content-Length: 0"+nl) + nl)
	if method == "HEAD" {
		d.answers++
		d.text.WriteString("HTTP/1.1 200 OK" + nl + fmt.Sprintf("Content-Length: %d", 1+d.r.IntN(900)) + nl + nl)
	}
}

// answer adds the answer to something.
func (d *dumped) answer() {
	d.answers++
	nl := d.newline()
	echo := "POST /hook HTTP/1.1" + nl + "Host: x" + nl + nl + "{}"
	if d.tampered > 0 {
		echo = "{}"
	}
	text := d.pick("{}", "ok\n", "", echo, "<html>\n"+strings.Repeat("x", d.r.IntN(500))+"</html>")
	status := "HTTP/1.1 " + d.pick("200 OK", "500 Internal Server Error", "404", "201 ") + nl + "Server: x" + nl
	switch d.r.IntN(6) {
	case 0:
		d.text.WriteString("HTTP/1.1 204 No Content" + nl + nl)
	case 1:
		d.text.WriteString("HTTP/1.1 304 Not Modified" + nl + "Content-Length: 77" + nl + nl)
	case 2:
		d.text.WriteString(status + "Transfer-Encoding: chunked" + nl + nl + d.chunked(text, text, nl))
	case 3:
		d.text.WriteString("HTTP/1.1 " + d.pick("100 Continue", "102 Processing", "103 Early Hints"+nl+"Link: </x>") + nl + nl)
	case 4: // up to the next message, on its line or not
		d.text.WriteString(status + nl + d.pick("<html>hello</html>", `{"ok":true}`, "done\n"))
		d.request(true)
	default:
		d.text.WriteString(status + fmt.Sprintf("Content-Length: %d", len(text)) + nl + nl + text)
	}
}

// between adds what people and tools put between messages.
func (d *dumped) between() {
	for range d.r.IntN(3) {
		switch d.r.IntN(4) {
		case 0:
			d.text.WriteString(d.newline() + d.pick("", "\n", "\r\n\r\n"))
		case 1:
			d.lines++
			d.text.WriteString(d.newline() + d.pick("---", "###", "### the next one", "=====", "----------------") + d.newline())
		case 2:
			d.lines++
			d.text.WriteString("\n" + d.pick("Connection received on localhost 40912", "Listening on 0.0.0.0 8080",
				"* Connection #0 to host localhost left intact", "Ncat: Connection from 127.0.0.1.") + d.newline())
		}
	}
}

func build(t testing.TB, r *rand.Rand, tamper bool) *dumped {
	d := &dumped{r: r}
	k := 1 + r.IntN(5)
	if tamper {
		d.tampered = 1 + r.IntN(k)
	}
	d.between()
	for d.deliveries < k {
		switch r.IntN(5) {
		case 0:
			d.request(false)
			d.between()
		case 1:
			d.answer()
			d.between()
		default:
			d.delivery(t)
			if r.IntN(2) == 0 {
				d.answer()
				d.between()
			}
		}
	}
	return d
}

// passed is how often something of that name was passed over.
func passed(s *Summary, name string) int {
	for _, p := range s.Passed {
		if strings.Contains(p.One, name) {
			return p.N
		}
	}
	return 0
}

func judgeDump(t testing.TB, text []byte) (all []Result, notes []string, s Summary, err error) {
	t.Helper()
	o := options()
	o.Diagnoses = -1
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Format: "http", Stdin: bytes.NewReader(text), SignatureHeaders: e.SignatureHeaders()})
	if err != nil {
		t.Fatal(err)
	}
	s, err = e.Run(t.Context(), batches, func(c *Chunk) error {
		all = append(all, c.Results...)
		if c.Note != "" {
			notes = append(notes, c.Note)
		}
		return nil
	})
	return all, notes, s, err
}

func (d *dumped) check(t testing.TB) {
	t.Helper()
	text := d.text.String()
	if d.ends > 0 && d.ends < len(text) && strings.ContainsAny(text[d.ends-1:d.ends+1], "\r\n") {
		return // the wrong framing ends where a line does, and may be right
	}
	all, notes, s, err := judgeDump(t, d.text.Bytes())
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf(format+"\n%q\n%+v\n%q", append(args, d.text.String(), all, notes)...)
	}
	if err != nil || len(all) != d.deliveries {
		fail("%d rows of %d deliveries: %v", len(all), d.deliveries, err)
	}
	for i, r := range all {
		want := signature.OK
		if i+1 == d.tampered {
			want = signature.Mismatch
		}
		if r.Reason != want {
			fail("delivery %d is %s, not %s", i+1, r.Reason, want)
		}
	}
	if d.tampered > 0 {
		return
	}
	if a, p, l := passed(&s, "answer"), passed(&s, "without body"), passed(&s, "of a tool"); a != d.answers || p != d.probes || l != d.lines {
		fail("passed over %d of %d answers, %d of %d probes, %d of %d lines", a, d.answers, p, d.probes, l, d.lines)
	}
	if len(notes) > 0 {
		fail("something is left over")
	}
}

// Deliveries put together, with all that dumps hold beside them, are as many
// rows with their own bodies; and one that was tampered with, wherever it is, is
// one that is not valid.
func TestDumpsPutTogether(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for n := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, n))
		build(t, r, n%2 == 1).check(t)
	}
}

func FuzzDumpsPutTogether(f *testing.F) {
	for n := range 20 {
		f.Add(make([]byte, n), n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, choices []byte, tamper bool) {
		build(t, rand.New(&chosen{choices, rand.NewPCG(1, uint64(len(choices)))}), tamper).check(t)
	})
}

// chosen makes the choices of a fuzzer numbers, and goes on with others where
// they end.
type chosen struct {
	b    []byte
	more *rand.PCG
}

func (c *chosen) Uint64() uint64 {
	if len(c.b) < 2 {
		return c.more.Uint64()
	}
	n := binary.BigEndian.Uint16(c.b)
	c.b = c.b[2:]
	return uint64(n) * 0x9e3779b97f4a7c15
}

// A line end that a body of known length ends with lets any message begin after
// it, whatever its method: nothing is wrong with the length, and nothing says so.
func TestLengthThatEndsAtALine(t *testing.T) {
	for _, method := range []string{"PURGE", "POST", "X-SEND"} {
		for _, body := range []string{wunderBody + "\n", wunderBody + "\r\n"} {
			one := "POST /h HTTP/1.1\r\nX-Wunder-Signature: " + sign(t, wunder, wunderKey, body) + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
			all, _, err := run(t, options(), one+strings.Replace(one, "POST", method, 1))
			if err != nil || len(all) != 2 || !all[0].Valid || !all[1].Valid || len(all[0].Notes)+len(all[1].Notes) > 0 {
				t.Errorf("%s after %q: %+v, %v", method, body, all, err)
			}
		}
	}
}

// A body without a length ends with the line ends before the next request: who
// is told about them reads what to do about the dump, and not about a file.
func TestUnframedBodyNamesTheLength(t *testing.T) {
	head := "POST /h HTTP/1.1\r\nX-Wunder-Signature: " + sign(t, wunder, wunderKey, wunderBody) + "\r\n"
	for _, c := range []struct {
		name, input string
		length      bool // is what the fix names
	}{
		{"the last", head + "\r\n" + wunderBody + "\n", true},
		{"between two", head + "\r\n" + wunderBody + "\r\n\r\n" + head + "\r\n" + wunderBody, true},
		{"of a length", head + "Content-Length: " + strconv.Itoa(len(wunderBody)+1) + "\r\n\r\n" + wunderBody + "\n", false},
		{"of another format", record(t, wunderBody+"\n", "X-Wunder-Signature", sign(t, wunder, wunderKey, wunderBody)), false},
	} {
		all, _, err := run(t, options(), c.input)
		if err != nil || len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != "trailing-newline" {
			t.Fatalf("%s: %+v, %v", c.name, all, err)
		}
		fix := all[0].Diagnosis[0].Fix
		if strings.Contains(fix, "Content-Length") != c.length || strings.Contains(fix, "echo") == c.length {
			t.Errorf("%s: %s", c.name, fix)
		}
	}
}
