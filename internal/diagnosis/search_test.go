package diagnosis

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

func mac(h func() hash.Hash, key, text string) string {
	m := hmac.New(h, []byte(key))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

func indent(t *testing.T, body, with string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(body), "", with); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func spacedOut(body string) string {
	return strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(body)
}

func TestDiagnosis(t *testing.T) {
	const b = wunderBody
	multi := "{\n  \"id\": \"1\",\n  \"text\": \"a\"\n}"
	upper := secret.New(strings.ToUpper(wunderKey))
	with := func(key string) Candidate { c := lead; c.Secret = secret.New(key); return c }
	hexKey, err := hex.DecodeString(wunderKey)
	if err != nil {
		t.Fatal(err)
	}
	sig := func(key, body string) string { return "sha256=" + mac(sha256.New, key, body) }
	good := sig(wunderKey, b)
	long := b + strings.Repeat(" ", 5000)

	for _, c := range []struct {
		name      string
		signed    string // the signature header; "" for none
		body      string // as captured
		candidate Candidate
		others    []Candidate
		fields    []string
		want      string // causes, joined by +
	}{
		{name: "newline added", signed: good, body: b + "\n", want: "trailing-newline"},
		{name: "CRLF added", signed: good, body: b + "\r\n", want: "trailing-newline"},
		{name: "newlines added", signed: good, body: b + "\n\n", want: "trailing-newline"},
		{name: "newline lost", signed: sig(wunderKey, b+"\n"), body: b, want: "missing-newline"},
		{name: "CRLF lost", signed: sig(wunderKey, b+"\r\n"), body: b, want: "missing-newline"},
		{name: "LF to CRLF", signed: sig(wunderKey, multi), body: strings.ReplaceAll(multi, "\n", "\r\n"), want: "crlf"},
		{name: "CRLF to LF", signed: sig(wunderKey, strings.ReplaceAll(multi, "\n", "\r\n")), body: multi, want: "crlf"},
		{name: "BOM added", signed: good, body: "\xef\xbb\xbf" + b, want: "bom"},
		{name: "BOM lost", signed: sig(wunderKey, "\xef\xbb\xbf"+b), body: b, want: "bom"},
		{name: "pretty-printed", signed: good, body: indent(t, b, "  "), want: "json-pretty-printed"},
		{name: "pretty-printed with tabs and newline", signed: good, body: indent(t, b, "\t") + "\n", want: "json-pretty-printed"},
		{name: "pretty-printed from Python's spacing", signed: sig(wunderKey, spacedOut(b)), body: indent(t, b, "    "), want: "json-pretty-printed"},
		{name: "compacted from Python's spacing", signed: sig(wunderKey, spacedOut(b)), body: b, want: "json-reserialised"},
		{name: "spaced as Python does", signed: good, body: spacedOut(b), want: "json-reserialised"},
		{name: "signed pretty-printed", signed: sig(wunderKey, indent(t, b, "  ")), body: b, want: "json-reserialised"},
		{name: "signed pretty-printed with four and a newline", signed: sig(wunderKey, indent(t, b, "    ")+"\n"), body: b, want: "json-reserialised"},
		{name: "200.00 became 200.0", signed: good, body: strings.Replace(b, "200.00", "200.0", 1), want: "json-reserialised"},
		{name: "200.00 became 200", signed: good, body: strings.Replace(b, "200.00", "200", 1), want: "json-reserialised"},
		{name: "keys were sorted when signed", signed: sig(wunderKey, `{"a":1,"b":{"c":2,"d":[{"e":1,"f":2}]}}`), body: `{"b":{"d":[{"f":2,"e":1}],"c":2},"a":1}`, want: "json-reserialised"},
		{name: "slashes escaped", signed: good, body: strings.ReplaceAll(b, "/", `\/`), want: "json-escaping"},
		{name: "slashes unescaped", signed: sig(wunderKey, strings.ReplaceAll(b, "/", `\/`)), body: b, want: "json-escaping"},
		{name: "ASCII only", signed: good, body: strings.ReplaceAll(b, "ë", `\u00eb`), want: "json-escaping"},
		{name: "Python's default", signed: sig(wunderKey, `{"z":"ë","a":[1,2]}`), body: `{"z": "\u00eb", "a": [1, 2]}`, want: "json-escaping+json-reserialised"},
		{name: "sorted, and the order cannot be found", signed: sig(wunderKey, `{"z":1,"y":2,"x":3,"w":4,"v":5,"u":6,"t":7}`), body: `{"t":7,"u":6,"v":5,"w":4,"x":3,"y":2,"z":1}`, want: "json-reserialised"},
		{name: "sorted and laid out, as jq -S does", signed: sig(wunderKey, `{"z":1,"y":2,"x":3,"w":4,"v":5,"u":6,"t":7}`), body: "{\n \"t\":7,\"u\":6,\"v\":5,\"w\":4,\"x\":3,\"y\":2,\"z\":1}", want: "json-reserialised+json-pretty-printed"},
		{name: "ASCII undone", signed: sig(wunderKey, strings.ReplaceAll(b, "ë", `\u00eb`)), body: b, want: "json-escaping"},
		{name: "ASCII undone, capital digits", signed: sig(wunderKey, strings.ReplaceAll(b, "ë", `\u00EB`)), body: b, want: "json-escaping"},
		{name: "astral, as Python writes it", signed: sig(wunderKey, `{"a":"\ud83d\ude00\n"}`), body: "{\"a\":\"\U0001f600\\n\"}", want: "json-escaping"},
		{name: "PHP", signed: sig(wunderKey, strings.ReplaceAll(strings.ReplaceAll(b, "/", `\/`), "ë", `\u00eb`)), body: b, want: "json-escaping"},
		{name: "HTML escaped, as Go does", signed: sig(wunderKey, strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(b)), body: b, want: "json-escaping"},
		{name: "HTML unescaped", signed: good, body: strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(b), want: "json-escaping"},
		{name: "case of escapes", signed: sig(wunderKey, `{"a":"\u001b\u00e9"}`), body: `{"a":"\u001B\u00E9"}`, want: "json-escaping"},
		{name: "white space around", signed: good, body: "  " + b + " ", want: "whitespace"},
		{name: "base64 left on", signed: good, body: base64.StdEncoding.EncodeToString([]byte(b)), want: "base64-body"},
		{name: "base64url left on", signed: good, body: base64.RawURLEncoding.EncodeToString([]byte(b)), want: "base64-body"},
		{name: "base64 signed", signed: sig(wunderKey, base64.StdEncoding.EncodeToString([]byte(b))), body: b, want: "base64-body"},

		{name: "newline in the secret", signed: good, body: b, candidate: with(wunderKey + "\n"), want: "secret-whitespace"},
		{name: "no-break space in the secret", signed: good, body: b, candidate: with("\u00a0" + wunderKey), want: "secret-whitespace"},
		{name: "zero-width space in the secret", signed: good, body: b, candidate: with(wunderKey[:9] + "\u200b" + wunderKey[9:]), want: "secret-whitespace"},
		{name: "newline in the sender's secret", signed: sig(wunderKey+"\n", b), body: b, want: "secret-whitespace"},
		{name: "quoted secret", signed: good, body: b, candidate: with(`"` + wunderKey + `"`), want: "secret-quoted"},
		{name: "NAME=secret", signed: good, body: b, candidate: with("export HOOK_SECRET='" + wunderKey + "'"), want: "secret-quoted"},
		{name: "whsec_ before the secret", signed: good, body: b, candidate: with("whsec_" + wunderKey), want: "secret-prefix"},
		{name: "whsec_ missing", signed: sig("whsec_"+wunderKey, b), body: b, want: "secret-prefix"},
		{name: "whsec_ and base64", signed: good, body: b, candidate: with("whsec_" + base64.StdEncoding.EncodeToString([]byte(wunderKey))), want: "secret-prefix"},
		{name: "hex-decoded", signed: sig(string(hexKey), b), body: b, want: "secret-encoding"},
		{name: "base64-decoded", signed: good, body: b, candidate: with(base64.StdEncoding.EncodeToString([]byte(wunderKey))), want: "secret-encoding"},
		{name: "upper case", signed: good, body: b, candidate: Candidate{Secret: upper}, want: "secret-encoding"},
		{name: "id as the sender's secret", signed: sig(lead.ID, b), body: b, want: "secret-is-not-a-secret"},
		{name: "id as the secret", signed: good, body: b, candidate: with(lead.ID), want: "secret-is-not-a-secret"},
		{name: "fingerprint as the secret", signed: good, body: b, candidate: with("sha256:1f2e3d4c"), want: "secret-is-not-a-secret"},
		{name: "placeholder as the secret", signed: good, body: b, candidate: with("YOUR_SECRET_HERE"), want: "secret-is-not-a-secret"},
		{name: "variable as the secret", signed: good, body: b, candidate: with("${HOOK_SECRET}"), want: "secret-is-not-a-secret"},
		{name: "mask as the secret", signed: good, body: b, candidate: with("***"), want: "secret-is-not-a-secret"},
		{name: "angle brackets", signed: good, body: b, candidate: with("<your key>"), want: "secret-is-not-a-secret"},
		{name: "URL as the secret", signed: good, body: b, candidate: with("https://example.com/h"), want: "secret-is-not-a-secret"},
		{name: "certificate as the secret", signed: good, body: b, candidate: with("-----BEGIN KEY-----"), want: "secret-is-not-a-secret"},
		{name: "other webhook", signed: good, body: b, candidate: with("another"), others: []Candidate{lead}, want: "other-webhook"},
		{name: "older secret", signed: good, body: b, candidate: with("another"),
			others: []Candidate{{Provider: "wundertreos", ID: "old", Secret: secret.New(wunderKey), Retired: true}}, want: "older-secret"},
		{name: "another provider's secret is no candidate", signed: sig(zyntroKey, b), body: b, others: []Candidate{crm}, want: "unknown"},

		{name: "base64 digest", signed: base64.StdEncoding.EncodeToString(decode(t, good[7:])), body: b, want: "digest-encoding"},
		{name: "base64url digest with prefix", signed: "sha256=" + base64.RawURLEncoding.EncodeToString(decode(t, good[7:])), body: b, want: "digest-encoding"},
		{name: "quoted digest", signed: `"` + good[7:] + `"`, body: b, want: "wrong-header"},
		{name: "0x digest", signed: "0x" + good[7:], body: b, want: "digest-encoding"},
		{name: "labelled digest", signed: "v1=" + good[7:], body: b, want: "digest-encoding"},
		{name: "base64 digest and newline", signed: base64.StdEncoding.EncodeToString(decode(t, good[7:])), body: b + "\n", want: "digest-encoding+trailing-newline"},
		{name: "truncated digest", signed: good[:7+32], body: b, want: "digest-truncated"},
		{name: "other header", signed: "", body: b, fields: []string{"X-Signature-256", good}, want: "wrong-header"},
		{name: "CGI header", signed: "", body: b, fields: []string{"HTTP_X_WUNDER_SIGNATURE", good}, want: "wrong-header"},
		{name: "other header and newline", signed: "", body: b + "\n", fields: []string{"X-Sig", good}, want: "wrong-header+trailing-newline"},
		{name: "wrong one of two", signed: sig("x", b), body: b, fields: []string{"X-Sig", good}, want: "wrong-header"},
		{name: "one of two right", signed: sig("x", b), body: b, fields: []string{"X-Hook-Signature", good}, want: "wrong-header"},
		{name: "two wrong", signed: sig("x", b), body: b, fields: []string{"X-Hook-Signature", sig("y", b)}, want: "unknown"},
		{name: "no signature at all", signed: "", body: b, fields: []string{"X-Request-Id", strings.Repeat("ab", 32)}, want: ""},

		{name: "timestamp", signed: sig(wunderKey, "1700000000."+b), body: b, fields: []string{"X-Request-Timestamp", "1700000000"}, want: "timestamp-prefixed"},
		{name: "Stripe", signed: "t=1700000000,v1=" + mac(sha256.New, wunderKey, "1700000000."+b), body: b, want: "timestamp-prefixed"},
		{name: "Slack", signed: "v0=" + mac(sha256.New, wunderKey, "v0:17:"+b), body: b, fields: []string{"X-Slack-Request-Timestamp", "17"}, want: "timestamp-prefixed"},
		{name: "Standard Webhooks", signed: sig(wunderKey, "msg_1.17."+b), body: b, fields: []string{"Webhook-Id", "msg_1", "Webhook-Timestamp", "17"}, want: "timestamp-prefixed"},
		{name: "the body's own time", signed: sig(wunderKey, "2026-05-17T14:30:01.000Z."+b), body: b, want: "timestamp-prefixed"},
		{name: "SHA-1", signed: "sha1=" + mac(sha1.New, wunderKey, b), body: b, want: "algorithm"},
		{name: "SHA-512", signed: mac(sha512.New, wunderKey, b), body: b, want: "algorithm"},
		{name: "SHA-512/256", signed: mac(sha512.New512_256, wunderKey, b), body: b, want: "algorithm"},
		{name: "MD5", signed: mac(md5.New, wunderKey, b), body: b, want: "algorithm"},
		{name: "plain hash", signed: plain(b), body: b, want: "unkeyed-hash"},
		{name: "hash of secret and body", signed: plain(wunderKey + b), body: b, want: "unkeyed-hash"},
		{name: "hash of body and secret", signed: plain(b + wunderKey), body: b, want: "unkeyed-hash"},
		{name: "more captured than signed", signed: sig(wunderKey, long[:4096]), body: long, want: "truncated"},
		{name: "more than Content-Length", signed: good, body: b + "trailer", fields: []string{"Content-Length", fmt.Sprint(len(b))}, want: "truncated"},
		{name: "less than Content-Length", signed: good, body: b[:100], fields: []string{"Content-Length", fmt.Sprint(len(b))}, want: "truncated"},
		{name: "in the middle of JSON", signed: good, body: b[:100], want: "truncated"},

		{name: "two mistakes", signed: good, body: b + "\n", candidate: with(wunderKey + "\n"), want: "secret-whitespace+trailing-newline"},
		{name: "two other mistakes", signed: good, body: indent(t, b, "  "), candidate: with(`"` + wunderKey + `"`), want: "secret-quoted+json-pretty-printed"},
		{name: "tampered", signed: good, body: strings.Replace(b, "200.00", "900.00", 1), want: "unknown"},
		{name: "empty body", signed: good, body: "", want: "empty-body"},
		{name: "garbage signature", signed: "garbage", body: b, want: "unknown"},
		{name: "hostile nesting", signed: good, body: strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), want: "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := explainer()
			o.Candidates = []Candidate{lead}
			if !c.candidate.Secret.IsZero() {
				o.Candidates = []Candidate{c.candidate}
			}
			o.Others = also(c.others...)
			o.Providers = []Provider{wunder}
			fields := c.fields
			if c.signed != "" {
				fields = append([]string{"X-Wunder-Signature", c.signed}, fields...)
			}
			all := run(t, o, record(t, c.body, fields...))
			if len(all) != 1 {
				t.Fatalf("%v", all)
			}
			r := all[0]
			if r.Valid || r.Reason == signature.OK {
				t.Fatalf("a diagnosis must not make a delivery valid: %+v", r)
			}
			var causes []string
			for _, f := range r.Diagnosis {
				causes = append(causes, f.Cause)
				if f.Fix == "" || f.Explanation == "" || strings.Contains(f.Fix+f.Explanation, "\n") {
					t.Errorf("finding %+v", f)
				}
			}
			if got := strings.Join(causes, "+"); got != c.want {
				t.Errorf("causes %q, want %q", got, c.want)
			}
			// Neither the digest that would be right nor the secret comes out.
			out := fmt.Sprintf("%+v", r)
			for _, secretText := range []string{mac(sha256.New, wunderKey, c.body), base64.StdEncoding.EncodeToString(decode(t, mac(sha256.New, wunderKey, c.body))), wunderKey} {
				if strings.Contains(out, secretText) {
					t.Errorf("%s is in the output: %s", secretText, out)
				}
			}
		})
	}
}

func plain(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUndetectedProviderIsDiagnosedToo(t *testing.T) {
	all := run(t, explainer(), record(t, wunderBody, "X-Signature", sign(t, wunder, wunderKey, wunderBody)))
	if all[0].Reason != signature.NoSignature || len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != "wrong-header" {
		t.Errorf("%+v", all)
	}
}

// However many secrets are kept, the usual mistakes are found under each.
func TestManySecretsAreDiagnosed(t *testing.T) {
	o := explainer()
	o.Providers = []Provider{wunder}
	o.Candidates = nil
	for i := range 1000 {
		o.Candidates = append(o.Candidates, Candidate{Provider: "wundertreos", Secret: secret.New(fmt.Sprintf("secret-of-webhook-%d", i))})
	}
	good := sign(t, wunder, "secret-of-webhook-900", wunderBody)
	for body, want := range map[string]string{
		wunderBody + "\n":                                 "trailing-newline",
		indent(t, wunderBody, "  "):                       "json-pretty-printed",
		strings.Replace(wunderBody, "ev1", "ev2", 1):      "unknown",
		strings.ReplaceAll(wunderBody, `"id":`, `"id" :`): "json-reserialised",
	} {
		all := run(t, o, record(t, body, "X-Wunder-Signature", good))
		if len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != want {
			t.Errorf("%+v, want %s", all, want)
		}
	}
	all := run(t, o, record(t, wunderBody, "X-Sig", good))
	if len(all[0].Diagnosis) != 1 || all[0].Diagnosis[0].Cause != "wrong-header" {
		t.Errorf("%+v", all)
	}
}

// A header that says nothing of compression is no sign of it.
func TestContentEncodingThatIsNone(t *testing.T) {
	o := explainer()
	all := run(t, o, record(t, wunderBody, "X-Wunder-Signature", sign(t, wunder, "wrong", wunderBody), "Content-Encoding", "utf-8"))
	if all[0].Diagnosis[0].Cause != causeUnknown {
		t.Errorf("%+v", all)
	}
}

func TestAssumedSchemeIsSaid(t *testing.T) {
	all := run(t, explainer(), record(t, "x", "X-Zyntro-Signature", sign(t, zyntro, "other", "x")))
	if !strings.Contains(all[0].Diagnosis[0].Fix, "not documented") {
		t.Errorf("%+v", all)
	}
}

func TestTimestampTemplate(t *testing.T) {
	p := wunder
	p.Scheme.Template, p.Scheme.TimestampHeader = "{timestamp}.{body}", "X-Time"
	value, err := p.Scheme.Sign(secret.New(wunderKey), "17", []byte(wunderBody))
	if err != nil {
		t.Fatal(err)
	}
	o := explainer()
	o.Providers = []Provider{p}
	for body, want := range map[string]string{wunderBody: "", wunderBody + "\n": "trailing-newline"} {
		all := run(t, o, record(t, body, "X-Wunder-Signature", value, "X-Time", "17"))
		if all[0].Valid != (want == "") {
			t.Fatalf("%+v", all)
		}
		if want != "" && all[0].Diagnosis[0].Cause != want {
			t.Errorf("%+v", all[0].Diagnosis)
		}
	}
	for want, lines := range map[string][]string{ // nothing is said against the signature
		"A timestamp is a part of what is signed, and the delivery has none in X-Time.": nil,
		"The delivery has several timestamps in X-Time, and they differ.":               {"X-Time", "17", "X-Time", "18"},
	} {
		all := run(t, o, record(t, wunderBody, append([]string{"X-Wunder-Signature", value}, lines...)...))
		if got := all[0]; got.Valid || len(got.Diagnosis) != 1 || got.Diagnosis[0].Explanation != want || !strings.Contains(got.Diagnosis[0].Fix, "--timestamp-header") {
			t.Errorf("%+v", got)
		}
	}
}

// Every cause has the form of a public name and says something, and exactly
// one way to be tried.
func TestTransformations(t *testing.T) {
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, tr := range append(transformations, digestEncoding) {
		if !name.MatchString(tr.cause) || !strings.HasSuffix(tr.explanation, ".") || !strings.HasSuffix(tr.fix, ".") {
			t.Errorf("%+v", tr)
		}
		ways := 0
		for _, set := range []bool{tr.bodies != nil, tr.json != nil, tr.keys != nil, tr.test != nil} {
			if set {
				ways++
			}
		}
		if ways != 1 && tr.cause != "digest-encoding" {
			t.Errorf("%s: %d ways", tr.cause, ways)
		}
	}
}

func FuzzDiagnose(f *testing.F) {
	f.Add([]byte(wunderBody), "sha256=12", "X-Sig", "t=1,v1=ab")
	f.Add([]byte("{\"a\":[1.0,{}],\n\"b\":\"\\u00e9\"}"), strings.Repeat("ab", 32), "Date", "x")
	f.Add([]byte(`{\"a\":\"2026-05-17T14:30:01Z\",\n\"b\":[]}`), "\"ab\"", "X-Sig", "9f3a08ef6e…")
	f.Add([]byte(`{'id': 'ev1', 'event_type': None, 'data': {'a': [True, 1.5, "x"]}}`), strings.Repeat("ab", 32), "X", "")
	f.Add([]byte("array (\n  'id' => 'ev1',\n  'l' => \n  array (\n    0 => 'x',\n  ),\n)"), strings.Repeat("ab", 32), "X", "")
	f.Add([]byte(`a:2:{s:2:"id";s:3:"ev1";s:1:"l";a:1:{i:0;d:1.5;}}`), strings.Repeat("ab", 32), "X", "")
	f.Add([]byte("array(1) {\n  [\"id\"]=>\n  string(3) \"ev1\"\n}"), strings.Repeat("ab", 32), "X", "")
	f.Add([]byte("{“id”:“ev1…”,\n“a”:–}"), "sha256="+strings.Repeat("ab", 32)+"\u00a0", "X", "")
	f.Add([]byte(`{"{\"id\":\"a":"b\"}","c":""}`), strings.Repeat("ab", 32), "X", "")
	f.Add([]byte(`{"id":"1","event_type":"x","data":{"at":"2026-05-17T14:30:01+00:00","e":{},"n":null},"delivered_at":"2026-05-17T14:30:01Z"}`), strings.Repeat("ab", 32), "X", "")
	f.Add([]byte("e30="), strings.Repeat("A", 43)+"=", "Content-Length", "1")
	o := explainer()
	o.Others = also(Candidate{Secret: secret.New("other"), Retired: true})
	f.Fuzz(func(t *testing.T, body []byte, value, name, other string) {
		for _, reason := range []signature.Reason{signature.Mismatch, signature.Malformed, signature.NoSignature, signature.Conflicting} {
			r := &capture.Request{Header: capture.Header{field("X-Wunder-Signature", value), field(name, other)}, Body: body}
			d := o.newDiagnosis(r, 1)
			d.reason, d.targets = reason, nil
			d.aim()
			all := []*diagnosis{d}
			for _, found := range slices.Concat(d.prior, d.prove(t.Context()), signs(all), unknown(all)) {
				if found.Cause == "" || found.Fix == "" {
					t.Fatalf("%+v", found)
				}
			}
		}
	})
}

// TestPairsOfLargeBodiesAreBounded is not parallel: it sets what others read.
func TestPairsOfLargeBodiesAreBounded(t *testing.T) {
	defer func(size int) { wholeBody = size }(wholeBody)
	wholeBody = pairBytes / 4
	e := explainer()
	for _, size := range []int{1 << 10, pairBytes / 4} {
		d := e.newDiagnosis(&capture.Request{Body: bytes.Repeat([]byte("x\n"), size/2)}, 1)
		bodies, _ := d.pairedForms()
		n := 0
		for _, b := range bodies {
			n += len(b.text)
		}
		if len(bodies) == 0 || n > pairBytes {
			t.Errorf("%d forms of %d bytes: %d bytes", len(bodies), size, n)
		}
	}
}

func TestDeepBodiesAreNotWrittenOut(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	const depth = maxJSONDepth - 1
	list, tail := tokens([]byte(strings.Repeat("[", depth) + strings.Repeat("1,", maxTokens/2-2*depth-1) + "1" + strings.Repeat("]", depth)))
	if out := write(nil, list, tail, indented[0], nil); len(out) < maxForm || len(out) > maxForm+maxJSON {
		t.Errorf("%d MiB", len(out)>>20)
	}
}

// TestLongNamesAreKeptOnce is not parallel: it counts what is allocated.
func TestLongNamesAreKeptOnce(t *testing.T) {
	const objects = 5000
	list, _ := tokens([]byte(`{"` + strings.Repeat("n", 64<<10) + `":{` + strings.Repeat(`"a":{},`, objects) + `"z":[]}}`))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	alphabetical(list)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
		t.Errorf("%d MiB for an object of %d objects", n>>20, objects)
	}
}

// The public names, each with a transformation and a section in the guide that
// says something, and no others.
func TestCausesAreDocumented(t *testing.T) {
	want := strings.Fields(`trailing-newline missing-newline crlf bom json-reserialised json-pretty-printed json-escaping whitespace
		base64-body compressed-body decompressed-body form-encoded wrapped-body truncated charset secret-whitespace secret-quoted
		secret-prefix secret-encoding secret-is-not-a-secret other-webhook older-secret digest-encoding digest-truncated algorithm
		wrong-header timestamp-prefixed unkeyed-hash empty-body edited-body typographic-quotes wrapped-lines escaped-body
		language-print secret-truncated unknown-layout unknown`)
	slices.Sort(want)
	made := []string{causeUnknown, causeUnknownLayout, digestEncoding.cause}
	for _, tr := range transformations {
		made = append(made, tr.cause)
	}
	slices.Sort(made)
	diff(t, "causes", want, slices.Compact(made))

	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "diagnosis.md"))
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for part := range strings.SplitSeq(string(data), "\n### ") {
		name, text, _ := strings.Cut(part, "\n")
		if strings.HasPrefix(part, "#") {
			continue // what is before the first
		}
		if sections = append(sections, name); len(strings.Fields(text)) < 20 {
			t.Errorf("the section %s says nothing", name)
		}
	}
	slices.Sort(sections)
	diff(t, "sections", want, sections)
}

// A body that holds another delivery is cut at it, where its length does not fit:
// what was signed is told by the length.
func TestSignedUpToItsLength(t *testing.T) {
	inner := "POST /b HTTP/1.1\nX-Wunder-Signature: sha256=" + strings.Repeat("ab", 32) + "\n\n"
	body := "forwarded:\n" + inner + `{"id":"ev2"}`
	dump := fmt.Sprintf("POST /a HTTP/1.1\nX-Wunder-Signature: %s\nContent-Length: %d\n\n%s zz", sign(t, wunder, wunderKey, body), len(body), body)
	all := run(t, explainer(), dump)
	if len(all) != 2 || len(all[0].Diagnosis) != 1 {
		t.Fatalf("%+v", all)
	}
	if f := all[0].Diagnosis[0]; f.Cause != "truncated" || !strings.Contains(f.Explanation, fmt.Sprintf("The first %d bytes were signed, as Content-Length says.", len(body))) {
		t.Errorf("%+v", f)
	}
	e := explainer()
	e.Candidates = []Candidate{{Secret: secret.New("another secret of its own")}}
	if f := run(t, e, dump)[0].Diagnosis[0]; strings.Contains(f.Explanation, "were signed") {
		t.Errorf("%+v", f)
	}
}

func TestCandidateTitle(t *testing.T) {
	for want, c := range map[string]Candidate{`"Lead" (w1)`: {Name: "Lead", ID: "w1"}, `"Lead"`: {Name: "Lead"}, "w1": {ID: "w1"}} {
		if got := c.title(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// The ways in which a log or a tool writes the digest that would match.
func TestDigestInAnotherForm(t *testing.T) {
	good := strings.TrimPrefix(sign(t, wunder, wunderKey, wunderBody), "sha256=")
	raw, err := hex.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for i := 0; i < len(good); i += 2 {
		pairs = append(pairs, strings.ToUpper(good[i:i+2]))
	}
	for form, known := range map[string]bool{
		strings.Join(pairs, ":"): true, strings.Join(pairs[:31], ":"): false,
		base32.StdEncoding.EncodeToString(raw): true, base64.StdEncoding.EncodeToString([]byte(good)): true,
		good[:2*minDigest] + "...": true, strings.ToUpper(good[:2*minDigest]) + "...": true, good[:2*minDigest-1] + "...": true,
		good[:63]: true, good[:62] + "zz": false,
		strings.Join(pairs, "-"): true, b64("sha256=" + good): true, b64(good + "\n"): true, hexed([]byte(good)): true, hexed([]byte(b64(unhex(good)))): true,
	} {
		all := run(t, explainer(), record(t, wunderBody, "X-Wunder-Signature", form))
		if len(all) != 1 || all[0].Valid || len(all[0].Diagnosis) != 1 || (all[0].Diagnosis[0].Cause != causeUnknown) != known {
			t.Errorf("%s: %+v", form, all)
		}
	}
}

// TestConflictNamesWhatCame: of signatures that differ only headers that came are named.
func TestConflictNamesWhatCame(t *testing.T) {
	t.Parallel()
	o := explainer()
	headers := o.Providers[1].Scheme.Headers
	for n := 1; n <= len(headers); n++ {
		r := &capture.Request{Body: []byte("{}")}
		for _, name := range []string{headers[0], headers[n-1]} {
			r.Header = append(r.Header, field(name, "sha256="+strings.Repeat(strconv.Itoa(len(r.Header)), 64)))
		}
		d := o.newDiagnosis(r, 1)
		d.reason = signature.Conflicting
		d.aim()
		for i, name := range headers {
			if came := i == 0 || i == n-1; len(d.prior) != 1 || strings.Contains(d.prior[0].Explanation, name) != came {
				t.Errorf("%q came: %v, in %+v", name, came, d.prior)
			}
		}
	}
}
