package diagnosis

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// What a body looks like, where nothing is proven.
func TestSigns(t *testing.T) {
	t.Parallel()
	const sorted = `{"a":1,"b":2,"c":3,"d":4}`
	for _, c := range []struct {
		test   func(*diagnosis) (string, bool)
		body   string
		header capture.Header
		want   string // of the explanation; "-" for one of the row, "" for no sign
	}{
		{testCutOff, "x", capture.Header{field("Content-Length", " 2 ")}, "Content-Length says 2 bytes, the capture has 1."},
		{testCutOff, "x", capture.Header{field("Content-Length", "1")}, ""},
		{testCutOff, "x", capture.Header{field("Content-Length", "9x")}, ""},
		{testCutOff, strings.Repeat("x", 1024), nil, "exactly 1024 bytes"},
		{testCutOff, strings.Repeat("x", 8192), nil, "exactly 8192 bytes"},
		{testCutOff, strings.Repeat("x", 1023), nil, ""},
		{testCutOff, strings.Repeat("x", 1025), nil, ""},
		{testCutOff, "", nil, ""},
		{testCutOff, squeezed("text", false)[:20], nil, "gzip, and its end is missing"}, {testCutOff, squeezed("text", false), nil, ""}, {testCutOff, squeezed("text", false) + "x", nil, ""},
		{testCutOff, `["` + strings.Repeat("x", 1020) + `"]`, nil, ""},
		{testCutOff, `{"a":"}`, nil, "ends after 7 bytes, in the middle"},
		{testCutOff, ` {"a":"\"}"`, nil, "in the middle"},
		{testCutOff, ` [{}`, nil, "in the middle"},
		{testCutOff, `{"a":[]}}`, nil, ""},
		{testCutOff, `"a`, nil, ""},
		{testDecompressed, "text", capture.Header{field("Content-Encoding", " GZIP")}, "sent as gzip"},
		{testDecompressed, "\x1f\x8b\b\x00", capture.Header{field("Content-Encoding", "gzip")}, ""},
		{testDecompressed, "text", capture.Header{field("Content-Encoding", "identity")}, ""},
		{testStillCompressed, "\xff\xfe\xfd\xfc", capture.Header{field("Content-Encoding", "Br")}, "compressed as br"},
		{testStillCompressed, "\xff\xfe\xfd\xfc", capture.Header{field("Content-Encoding", "zstd")}, "compressed as zstd"},
		{testStillCompressed, "\xff\xfe\xfd\xfc", capture.Header{field("Content-Encoding", "compress")}, "compressed as compress"},
		{testStillCompressed, "\xff\xfe\xfd\xfc", capture.Header{field("Content-Encoding", "gzip")}, ""},
		{testStillCompressed, "text", capture.Header{field("Content-Encoding", "br")}, ""},
		{testReplaced, "a\ufffdb", nil, "-"}, {testReplaced, "a\xffb", nil, ""},
		{testPrinted, " [object Object]\n", nil, "JavaScript"}, {testPrinted, "{'a': 1}", nil, "Python"}, {testPrinted, "[{'a': 1}]", nil, "Python"},
		{testPrinted, "map[a:1]", nil, "Go"}, {testPrinted, `{"a"=>1}`, nil, "Ruby"}, {testPrinted, `{"a":"b=>c"}`, nil, ""},
		{testPrinted, "{ id: 'x', event_type: 'y' }", nil, "Node"}, {testPrinted, `{"event_type: 'y'":1}`, nil, ""}, {testPrinted, "{ id: 'x' }", nil, "Node"},
		{testYAML, "id: x\nevent_type: y\n", nil, "-"}, {testYAML, "{\nevent_type: y\n", nil, ""}, {testYAML, "id: x\n", nil, ""},
		{testSorted, sorted, nil, "-"}, {testSorted, `{"a":1,"b":2,"c":3}`, nil, ""}, {testSorted, `{"a":1,"b":2,"d":3,"c":4}`, nil, ""},
		{testSorted, `{"z":["b","a",` + sorted + `]}`, nil, "-"}, {testSorted, `{"z":` + sorted + `,"y":1}`, nil, ""}, {testSorted, `[{"b":1,"a":2},` + sorted + `]`, nil, ""}, {testSorted, "no JSON", nil, ""}, {testSorted, `"text"`, nil, ""},
		{testSortedLines, sorted, nil, ""}, {testSortedLines, strings.ReplaceAll(sorted, ",", ",\n"), nil, "-"}, {testSortedLines, "{\n\"b\":1,\n\"a\":2}", nil, ""},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, "{\n\"a\":\n1}", nil, "pretty-printed"},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, "\n{\"a\":1}\n", nil, ""},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":123456789012345000}`, nil, "rounded"},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":-123456789012345000}`, nil, "rounded"},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":12345678901234000}`, nil, ""},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":123456789012345001}`, nil, ""},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":123456789012345.000}`, nil, ""},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":1.234567890123e+25}`, nil, "rounded"},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":1.23456789012e+25}`, nil, ""},
		{func(d *diagnosis) (string, bool) { return d.guess(), d.guess() != "" }, `{"a":"123456789012345000"}`, nil, ""},
	} {
		e := explainer()
		header := append(capture.Header{field("X-Wunder-Signature", strings.Repeat("ab", sha256.Size))}, c.header...)
		got, found := c.test(e.newDiagnosis(&capture.Request{Body: []byte(c.body), Header: header}, 1))
		if found != (c.want != "") || found && !strings.Contains(got, strings.Trim(c.want, "-")) || found && c.want == "-" && got != "" {
			t.Errorf("%q, %v: %q, %v, want %q", c.body, c.header, got, found, c.want)
		}
	}
	// In another order than the provider's is only what does not match.
	e := explainer()
	d := e.newDiagnosis(&capture.Request{Body: []byte(sorted), Header: capture.Header{field("X-Wunder-Signature", "12")}}, 1)
	if _, found := testSorted(d); found {
		t.Error("an order is a sign for a malformed signature")
	}
}

// Two mistakes at once: the likeliest of each, for the first secrets.
func TestPairs(t *testing.T) {
	t.Parallel()
	given := Candidate{Secret: secret.New("the secret that is given")}
	others := func(at int) []Candidate {
		var all []Candidate
		for i := range pairOthers + 2 {
			all = append(all, Candidate{Provider: "wundertreos", ID: fmt.Sprint(i), Secret: secret.New(fmt.Sprintf("other secret %d", i))})
		}
		all[at].Secret = secret.New(wunderKey)
		return all
	}
	candidates := func(at int) []Candidate {
		all := others(0)[1 : pairCandidates+2]
		all[at].Secret = secret.New(wunderKey + "\n")
		return all
	}
	sha := func(body string) string { return mac(sha1.New, wunderKey, body) }
	good := sign(t, wunder, wunderKey, wunderBody)
	for name, c := range map[string]struct {
		candidates, others []Candidate
		body, signature    string
		want               string
	}{
		"another webhook":           {[]Candidate{given}, others(0), wunderBody + "\n", good, "other-webhook+trailing-newline"},
		"the last other webhook":    {[]Candidate{given}, others(pairOthers - 1), wunderBody + "\n", good, "other-webhook+trailing-newline"},
		"with another layout":       {[]Candidate{given}, others(pairOthers - 1), spacedOut(wunderBody), good, "other-webhook+json-reserialised"},
		"one more":                  {[]Candidate{given}, others(pairOthers), spacedOut(wunderBody), good, "unknown"},
		"another provider's":        {[]Candidate{given}, []Candidate{{Provider: "zyntro", Secret: secret.New(wunderKey)}}, wunderBody + "\n", good, "unknown"},
		"the last candidate":        {candidates(pairCandidates - 1), nil, wunderBody + "\n", good, "secret-whitespace+trailing-newline"},
		"one more candidate":        {candidates(pairCandidates), nil, wunderBody + "\n", good, "unknown"},
		"algorithm and end":         {[]Candidate{lead}, nil, wunderBody + "\n", sha(wunderBody), "algorithm+trailing-newline"},
		"algorithm and white space": {[]Candidate{lead}, nil, wunderBody + "    ", sha(wunderBody), "algorithm+whitespace"},
		"algorithm and more of it":  {[]Candidate{lead}, nil, wunderBody + "     ", sha(wunderBody), "unknown"},
		"algorithm, none taken off": {[]Candidate{lead}, nil, wunderBody, sha(wunderBody + "\n"), "unknown"},
		"algorithm and secret":      {[]Candidate{{Secret: secret.New(wunderKey + "\n")}}, nil, wunderBody, sha(wunderBody), "algorithm+secret-whitespace"},
		"algorithm and as long":     {[]Candidate{lead}, nil, `{"a":"\u00E9"}`, sha(`{"a":"\u00e9"}`), "unknown"},
		"no secret behind a prefix": {[]Candidate{{Secret: secret.New("whsec_")}}, nil, wunderBody, mac(sha256.New, "", wunderBody), "unkeyed-hash"},
		"end and layout":            {[]Candidate{lead}, nil, bom + spacedOut(wunderBody), good, "json-reserialised+bom"},
		"NUL and layout":            {[]Candidate{lead}, nil, spacedOut(wunderBody) + "\x00", good, "json-reserialised+whitespace"},
		"NUL and BOM":               {[]Candidate{lead}, nil, bom + wunderBody + "\x00", good, "whitespace+bom"},
		"BOM within white space":    {[]Candidate{lead}, nil, "\n" + bom + wunderBody + "\n", good, "bom+whitespace"},
		"base64 of another layout":  {[]Candidate{lead}, nil, b64(layOut(wunderBody, "  ", "\n")), good, "json-pretty-printed+base64-body"},
		"base64 of other numbers":   {[]Candidate{lead}, nil, b64(layOut(asciiOnly(strings.ReplaceAll(strings.Replace(wunderBody, "200.00", "200.0", 1), "/", `\/`)), "    ", "\n")), good, "json-reserialised+base64-body"},
		"gzip of another layout":    {[]Candidate{lead}, nil, squeezed(spacedOut(wunderBody), false), good, "json-reserialised+compressed-body"},
		"a form of a text":          {[]Candidate{lead}, nil, "payload=" + url.QueryEscape(stringified(wunderBody)), good, "wrapped-body+form-encoded"},
		"a log line of Latin-1":     {[]Candidate{lead}, nil, "12:00 [main] body " + latin1(wunderBody) + "\n", good, "charset+wrapped-body"},
		"base64 of another text":    {[]Candidate{lead}, nil, b64(strings.Replace(wunderBody, "200.00", "201.00", 1)), good, "unknown"},
		"end and beginning":         {[]Candidate{lead}, nil, bom + wunderBody + " \n", good, "whitespace+bom"},
	} {
		e := Explainer{Providers: []Provider{wunder}, Candidates: c.candidates, Others: also(c.others...)}
		all := run(t, e, record(t, c.body, "X-Wunder-Signature", c.signature))
		var causes []string
		for _, f := range all[0].Diagnosis {
			causes = append(causes, f.Cause)
		}
		if got := strings.Join(causes, "+"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for body, want := range map[string]string{"x\r\n": "x\r|x", bom + "x\n": bom + "x|x\n|x", "x": ""} {
		var got []string
		for _, f := range ends([]byte(body)) {
			got = append(got, string(f.text))
		}
		if strings.Join(slices.Compact(got), "|") != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}

// Of each kind the likeliest are tried in pairs, and no secret that is no key.
func TestPairedForms(t *testing.T) {
	t.Parallel()
	p := wunder
	p.Scheme.KeyEncoding = signature.Hex
	e := Explainer{Providers: []Provider{p}, Candidates: []Candidate{{Secret: secret.New("6869")}, {Secret: secret.New("no hex")}}, Others: also(Candidate{Secret: secret.New("no hex either")}, Candidate{Secret: secret.New("abcd")})}
	header := capture.Header{field("X-Wunder-Signature", mac(sha256.New, "", wunderBody))}
	d := e.newDiagnosis(&capture.Request{Body: []byte(wunderBody), Header: header}, 0)
	bodies, keys := d.pairedForms()
	count := map[string]int{}
	for _, f := range slices.Concat(bodies, keys) {
		count[f.finding.Cause]++
	}
	diff(t, "forms", map[string]int{"missing-newline": pairForms, "bom": 1, "whitespace": pairForms, "json-reserialised": pairForms + 1, "json-escaping": pairForms, "base64-body": 1, "charset": pairForms,
		"secret-whitespace": pairForms, "secret-prefix": pairForms, "secret-quoted": pairForms, "secret-encoding": pairForms, "other-webhook": 1}, count)
	for range 2 * maxCandidates {
		e.Candidates = append(e.Candidates, Candidate{Secret: secret.New("ab")})
	}
	if many := e.newDiagnosis(d.request, 0); len(many.keys) != maxCandidates || len(many.candidates) != maxCandidates || len(many.rest) != maxCandidates+1 {
		t.Errorf("%d candidates, %d keys, %d more", len(many.candidates), len(many.keys), len(many.rest))
	}
	if len(d.keys) != 1 || len(d.probes()) == 0 {
		t.Errorf("%d keys", len(d.keys))
	}
	for _, probe := range d.probes() {
		if sum := hexed(probe.mac.Sum(nil)); sum == mac(sha256.New, "", "") {
			t.Errorf("a probe has no key: %+v", probe.finding)
		}
	}
	if _, found := e.Explain(t.Context(), &capture.Request{Body: []byte(wunderBody), Header: header}, nil); len(found) != 1 || found[0].Cause != "unkeyed-hash" {
		t.Errorf("%+v", found)
	}
}

// Whose names are seen must not depend on the order in which a map is walked.
func TestMemberNames(t *testing.T) {
	t.Parallel()
	text := []byte(`{"a":{"b":{"c":{"d":{"e":1}}}},"l":[{"m":{"n":{"o":1}}},{"p":2}]}`)
	want := memberNames(newSample(text).list)
	if len(want) < 3 {
		t.Fatalf("%q", want)
	}
	for range 200 {
		if got := memberNames(newSample(text).list); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q, and %q", got, want)
		}
	}
}
