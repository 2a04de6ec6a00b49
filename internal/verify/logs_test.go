package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/signature"
)

// quoted is a text as JSON.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// laidOut is JSON over several lines, each with a prefix.
func laidOut(text, prefix string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), prefix, "  "); err != nil {
		panic(err)
	}
	return b.String()
}

// numbered gives each line after the first a time of its own.
func numbered(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = fmt.Sprintf("2026-05-17T14:30:%02d.%dZ ", i%60, i*i*i) + lines[i]
	}
	return strings.Join(lines, "\n")
}

// byteList is a text as journald writes one with bytes that are not printable.
func byteList(text string) string {
	parts := make([]string, len(text))
	for i := range len(text) {
		parts[i] = fmt.Sprint(text[i])
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// logShapes put a record, which is JSON on one line, into lines of a log.
var logShapes = map[string]func(record string) string{
	"alone":               func(r string) string { return r },
	"docker compose":      func(r string) string { return "web_1  | " + r },
	"docker compose, new": func(r string) string { return "web-1  | [info] webhook: " + r },
	"in colours":          func(r string) string { return "\x1b[36mweb_1  |\x1b[0m \x1b[32mINFO\x1b[0m " + r + "\x1b[0m" },
	"kubectl":             func(r string) string { return "2026-05-17T14:30:01.123456789Z " + r },
	"CRI":                 func(r string) string { return "2026-05-17T14:30:01.123456789+02:00 stdout F " + r },
	"journalctl":          func(r string) string { return "May 17 14:30:01 host app[4711]: " + r },
	"Heroku":              func(r string) string { return "2026-05-17T14:30:01.123456+00:00 app[web.1]: webhook " + r },
	"Python": func(r string) string {
		return "2026-05-17 14:30:01,123 INFO app.hooks [req-1] received " + r + " from 10.0.0.1"
	},
	"SAM": func(r string) string { return "2026/05/17/[$LATEST]0a1b2c 2026-05-17T14:30:01.123000 " + r },
	"CloudWatch": func(r string) string {
		return "START RequestId: 7a Version: $LATEST\n2026-05-17T14:30:01.123Z\t7a-b\tINFO\t" + r + "\nEND RequestId: 7a\nREPORT RequestId: 7a\tDuration: 1 ms"
	},
	"docker": func(r string) string {
		return `{"log":` + quoted(r+"\n") + `,"stream":"stdout","time":"2026-05-17T14:30:01Z"}`
	},
	"docker, a prefix": func(r string) string { return `{"log":` + quoted("INFO:app:webhook "+r+"\n") + `,"stream":"stdout"}` },
	"CloudWatch event": func(r string) string {
		return `{"events":[{"timestamp":1,"message":` + quoted("2026\t7a\tINFO\t"+r+"\n") + `}]}`
	},
	"GCP json": func(r string) string { return `{"insertId":"x","jsonPayload":` + r + `,"severity":"INFO"}` },
	"GCP text": func(r string) string { return `{"insertId":"x","textPayload":` + quoted("webhook "+r) + `}` },
	"Datadog": func(r string) string {
		return `{"id":"x","content":{"attributes":{"http":{"x":1}},"message":` + quoted(r) + `}}`
	},
	"Loki": func(r string) string {
		return `{"streams":[{"stream":{"a":"b"},"values":[["171",` + quoted(r) + `]]}]}`
	},
	"Elastic":           func(r string) string { return `{"_index":"logs","_source":{"message":` + quoted(r) + `}}` },
	"journald":          func(r string) string { return `{"__CURSOR":"x","MESSAGE":` + quoted("app: "+r) + `}` },
	"journald, bytes":   func(r string) string { return `{"__CURSOR":"x","MESSAGE":` + byteList(r) + `}` },
	"logfmt":            func(r string) string { return `time="2026-05-17T14:30:01Z" level=info msg=` + quoted(r) + ` n=1` },
	"a list":            func(r string) string { return "webhooks: [" + r + "]" },
	"below":             func(r string) string { return `app: {"level":30,"req":` + r + `,"msg":"request"} done` },
	"laid out":          func(r string) string { return "webhook received: " + laidOut(r, "") },
	"laid out, compose": func(r string) string { return "web_1  | " + laidOut(r, "web_1  | ") },
	"laid out, both":    func(r string) string { return "web_1  | 12:30 INFO hook " + laidOut(r, "web_1  | ") },
	"laid out, kubectl": func(r string) string { return numbered(laidOut(r, "")) },
	"laid out, CR":      func(r string) string { return strings.ReplaceAll("app | "+laidOut(r, "app | "), "\n", "\r\n") },
	"laid out, message": func(r string) string { return `{"message":` + quoted("hook\n"+laidOut(r, "")+"\n") + `}` },
}

// logBodies are payloads that a text can hold.
var logBodies = []string{
	wunderBody, `{"id":"1"}` + "\n", `{"text":"a {\"headers\":{},\"body\":\"x\"} b | [1] \\n \u00e9"}`, "", "{", `"[{`, "id=1&b=%7B%22", "é\t{\"\\",
	`{"headers":{"X-Wunder-Signature":"sha256=` + strings.Repeat("ab", 32) + `"},"body":"inner"}`,
}

func logEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// runLog judges a log, as verify does.
func runLog(t testing.TB, e *Engine, in io.Reader, format string) (all []Result, s Summary) {
	t.Helper()
	batches, err := capture.Read(t.Context(), []string{"-"}, capture.Options{Stdin: in, SignatureHeaders: e.SignatureHeaders(), Format: format})
	if err != nil {
		t.Fatal(err)
	}
	s, _ = e.Run(t.Context(), batches, func(c *Chunk) error {
		all = append(all, c.Results...)
		return nil
	})
	return all, s
}

// records are a delivery as a line of JSON, with the body in several ways.
func logRecords(signature, body string) map[string]string {
	header := `{"Host":"example.com","X-Wunder-Signature":"` + signature + `"}`
	all := map[string]string{"base64": fmt.Sprintf(`{"method":"POST","url":"/hook","headers":%s,"body_base64":%q}`, header, base64.StdEncoding.EncodeToString([]byte(body)))}
	if utf8.ValidString(body) {
		all["text"] = fmt.Sprintf(`{"headers":%s,"body":%s}`, header, quoted(body))
	}
	return all
}

func utf16Text(order binary.AppendByteOrder, text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// trickle reads in odd sizes.
type trickle struct {
	r   io.Reader
	max int
}

func (t *trickle) Read(p []byte) (int, error) { return t.r.Read(p[:min(len(p), t.max)]) }

// So many deliveries with noise in between give so many rows, in their order, and
// every line that is not blank is in a row or counted.
func TestLogProperty(t *testing.T) {
	norace.Only(t)
	e := logEngine(t)
	noise := []string{
		"up", "", "  ", "[INFO] ready", "{", "}", "]", `{"level":30,"msg":"x"}`, "\x1b[32mok\x1b[0m", `{"a":"{\"b\":1}"}`, "web_1  | {", "web_1  |   \"x\": 1,", `"quoted {`,
		"GET /health 200 {}", `{"broken`, "\x00\xff", "  .   ____", `["a","b"]`, "sha256=short", "x-wunder-signature: none", `msg="{\"a\":1}"`,
	}
	// Each takes one line.
	var single []func(string) string
	for name, put := range logShapes {
		if !strings.HasPrefix(name, "laid out") || name == "laid out, message" {
			if name != "CloudWatch" {
				single = append(single, put)
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		var text strings.Builder
		var want []string
		lines := 0
		for n := range r.IntN(60) + 1 {
			for range r.IntN(4) {
				line := noise[r.IntN(len(noise))]
				text.WriteString(line + "\n")
				if strings.TrimSpace(line) != "" {
					lines++
				}
			}
			body := fmt.Sprintf(`{"id":"ev%d","event_type":"x","n":%d}`, n, r.IntN(1000))
			key := wunderKey
			if r.IntN(4) == 0 {
				key = "another"
			}
			record := logRecords(sign(t, wunder, key, body), body)["base64"]
			text.WriteString(single[r.IntN(len(single))](record) + "\n")
			lines++
			want = append(want, fmt.Sprintf("ev%d %v", n, key == wunderKey))
		}
		all, s := runLog(t, e, &trickle{strings.NewReader(text.String()), r.IntN(9000) + 1}, "log")
		var have []string
		for _, v := range all {
			have = append(have, fmt.Sprintf("%s %v", v.EventID, v.Valid))
		}
		if strings.Join(want, ",") != strings.Join(have, ",") {
			t.Fatalf("want %s\nhave %s\n%s", want, have, text.String())
		}
		passed := 0
		for _, p := range s.Passed {
			if strings.HasPrefix(p.One, "line ") {
				passed += p.N
			}
		}
		if passed+len(all) != lines {
			t.Fatalf("%d passed over and %d rows of %d lines:\n%s", passed, len(all), lines, text.String())
		}
	}
}

// A signature that no delivery carried is a row; one that a delivery before it has
// carried is none, in the same block of lines or in another.
func TestLogSignatureSeen(t *testing.T) {
	norace.Only(t)
	e := logEngine(t)
	body := `{"id":"ev1"}`
	mac := sign(t, wunder, wunderKey, body)
	record := logRecords(mac, body)["base64"]
	for name, c := range map[string]struct{ text, want string }{
		"echo":               {record + "\nsig=" + mac + "\n", "-:1 ok"},
		"echo first":         {"sig=" + mac + "\n" + record + "\n", "-:1 unreadable,-:2 ok"},
		"echo far away":      {record + "\n" + strings.Repeat("noise noise noise\n", 200_000) + "sig=" + strings.ToUpper(mac) + "\n", "-:1 ok"},
		"another":            {record + "\nsig=sha256=" + strings.Repeat("ab", 32) + "\n", "-:1 ok,-:2 unreadable"},
		"the same twice":     {record + "\nsig=sha256=" + strings.Repeat("ab", 32) + "\nX_HOOK_SIGNATURE " + strings.Repeat("ab", 32) + "\n", "-:1 ok,-:2 unreadable"},
		"beside":             {"sig=" + mac + " " + record + " again " + mac + "\n", "-:1 ok"},
		"without a body":     {record + "\n" + `{"req":{"headers":{"x-wunder-signature":"sha256=` + strings.Repeat("cd", 32) + `"}}}` + "\n", "-:1 ok,-:2 (.req) unreadable"},
		"torn":               {record + "\napp: " + record[:len(record)-9] + "\n", "-:1 ok,-:2 unreadable"},
		"of nginx":           {record + "\n" + `{"headers":{"X-Wunder-Signature":"` + mac + `"},"body":"{\x22id\x22:1}"}` + "\n", "-:1 ok,-:2 unreadable"},
		"echo of it in JSON": {record + "\n" + `{"msg":"verified","sig":"` + mac + `"}` + "\n", "-:1 ok"},
		"several":            {"a " + record + " b " + record + "\n", "-:1 ok,-:1 (value 2) ok"},
		"a payload within":   {"a " + logRecords(sign(t, wunder, wunderKey, record), record)["text"] + "\n", "-:1 ok"},
	} {
		for _, size := range []int{1 << 20, 70, 1000} {
			all, _ := runLog(t, e, &trickle{strings.NewReader(c.text), size}, "")
			var have []string
			for _, r := range all {
				have = append(have, r.Source+" "+string(r.Reason))
				if r.Reason == signature.Unreadable && name != "torn" && name != "of nginx" && (len(r.Diagnosis) != 1 || r.Diagnosis[0].Cause != "unknown-layout") {
					t.Errorf("%s: %+v", name, r)
				}
				if name == "of nginx" && r.Reason == signature.Unreadable && !strings.Contains(fmt.Sprint(r), "escape=json") {
					t.Errorf("%s: %+v", name, r)
				}
			}
			if got := strings.Join(have, ","); got != c.want {
				t.Errorf("%s, %d bytes at a time: %s, want %s", name, size, got, c.want)
			}
		}
	}
}

// What stands beside a signature that a delivery has carried is not verified, and
// the summary says of how many lines that is so.
func TestRepeatedSignaturesAreSaid(t *testing.T) {
	e := logEngine(t)
	body := `{"id":"ev1"}`
	mac := sign(t, wunder, wunderKey, body)
	record := logRecords(mac, body)["base64"]
	for name, c := range map[string]struct{ text, want string }{
		"log":   {record + "\nsig=" + mac + " body={\"id\":\"other\"}\nup\n", "1 line of a log, 1 line that repeats the signature of a delivery"},
		"none":  {record + "\nup\n", "1 line of a log"},
		"twice": {record + "\nsig=" + mac + "\nup\nsig=" + mac + "\n", "1 line of a log, 2 lines that repeat the signature of a delivery"},
		"print": {"start\n{ 'x-wunder-signature': '" + mac + "' }\n" + body + "\nchecked signature=" + mac + "\n", "1 line without a delivery, 1 line that repeats the signature of a delivery"},
	} {
		all, s := runLog(t, e, strings.NewReader(c.text), "")
		if s.PassedOver() != c.want || len(all) != 1 || all[0].Reason != signature.OK {
			t.Errorf("%s: %q, want %q; %+v", name, s.PassedOver(), c.want, all)
		}
	}
}
