package diagnosis

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/signature"
)

// What a search costs is counted exactly: it must find the same everywhere.
func TestBudget(t *testing.T) {
	t.Parallel()
	for body, want := range map[int]int{
		0:         diagnosisBudget,
		1000:      diagnosisBudget + 1000*(smallShare+largeShare),
		maxSmall:  diagnosisBudget + maxSmall + maxSmall*largeShare,
		100 << 20: diagnosisBudget + maxSmall + 100<<20*largeShare,
	} {
		if b := newBudget(body, 1); b.left != want || b.whole != want {
			t.Errorf("%d bytes: %+v, want %d", body, b, want)
		}
	}
	for keys, times := range map[int]int{0: 1, 7: 1, 8: 2, 64: 16} {
		if b := newBudget(1000, keys); b.left != diagnosisBudget+1000*(times*smallShare+largeShare) {
			t.Errorf("%d keys: %+v", keys, b)
		}
	}
	for _, c := range []struct {
		left   int
		form   string
		after  int
		may    bool
		lifted int // after a limit of 1000 around it
	}{
		{5000, "1234567", 5000 - formCost*(7+hashCost), true, 5000 - formCost*(7+hashCost)},
		{formCost*hashCost + 1, "", 1, true, 1},
		{formCost * hashCost, "", 0, false, 0},
		{formCost*hashCost - 1, "", -1, false, -1},
	} {
		b := budget{left: c.left}
		if may := b.charge([]byte(c.form)); may != c.may || b.left != c.after || b.spent() == c.may {
			t.Errorf("%+v: %v, %+v", c, may, b)
		}
		b = budget{left: c.left}
		lift := b.limit(1000)
		if b.left != min(c.left, 1000) {
			t.Errorf("%+v is limited to %d", c, b.left)
		}
		b.charge([]byte(c.form))
		if lift(); b.left != c.lifted {
			t.Errorf("%+v: %d after the limit", c, b.left)
		}
	}
	d := &diagnosis{budget: budget{left: 10_000}}
	if sum := d.digest(3, sha256.New(), []byte("abc"), []byte("de")); plain("abcde") != hexed(sum) || d.budget.left != 10_000-hashCost-3*5 {
		t.Errorf("%x costs %d", sum, 10_000-d.budget.left)
	}
	e := explainer()
	d = e.newDiagnosis(&capture.Request{}, 1)
	d.budget.left = 10_000
	if n := d.signedLength([]byte("k"), make([]byte, 100), []int{10, 60}); n != 0 || d.budget.left != 10_000-60-2*hashCost {
		t.Errorf("%d bytes are signed, which costs %d", n, 10_000-d.budget.left)
	}
	d.budget.left = 0
	if sum := d.digest(1, sha256.New(), []byte("abc")); sum != nil || d.budget.left != 0 {
		t.Errorf("%x without a budget", sum)
	}
}

// TestSearchesInVain: no digest is made where there is none to compare it with.
func TestSearchesInVain(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("ab", sha256.Size)
	for _, c := range []struct {
		name   string
		test   func(*diagnosis) (string, bool)
		header capture.Header
	}{
		{"no digest elsewhere", testWrongHeader, capture.Header{field("X-Wunder-Signature", digest), field("X-Id", digest[:32])}},
		{"the targets themselves", testWrongHeader, capture.Header{field("X-Other", digest)}},
		{"no digest of an algorithm", testAlgorithm, capture.Header{field("X-Wunder-Signature", digest[:62])}},
		{"no digest at all", testAlgorithm, nil},
		{"no piece of a digest", testTruncatedDigest, capture.Header{field("X-Wunder-Signature", digest)}},
		{"no digest of a plain hash", testUnkeyed, capture.Header{field("X-Wunder-Signature", digest[:40]+"x")}},
		{"no targets", testTooLong, capture.Header{field("Content-Length", "5")}},
		{"the length of the body", testTooLong, capture.Header{field("X-Wunder-Signature", digest), field("Content-Length", "8")}},
		{"no other secret", func(d *diagnosis) (string, bool) { return d.others(false) }, capture.Header{field("X-Wunder-Signature", digest)}},
		{"no target for another secret", func(d *diagnosis) (string, bool) {
			d.known.Others = also(Candidate{Secret: secret.New("other")})
			return d.others(false)
		}, nil},
		{"no target for a form", func(d *diagnosis) (string, bool) {
			for i := range transformations {
				if t := &transformations[i]; t.ofBody() {
					if text, found := d.try(t); found {
						return text, true
					}
				}
			}
			return "", d.parsed != nil
		}, nil},
		{"no order of members", testOrder, capture.Header{field("X-Wunder-Signature", digest)}},
	} {
		e := explainer()
		d := e.newDiagnosis(&capture.Request{Header: c.header, Body: []byte("no JSON!")}, 1)
		before := d.budget.left - jsonCost*len("no JSON!") // which may be asked for the document
		if text, found := c.test(d); found || d.budget.left < before {
			t.Errorf("%s: %q, %v, costs %d", c.name, text, found, before-d.budget.left)
		}
	}
}

// Of a body that is too large no copy is made, and of the largest other one it is.
func TestWholeBody(t *testing.T) {
	t.Parallel()
	d := &diagnosis{}
	for size, large := range map[int]bool{wholeBody: false, wholeBody + 1: true} {
		d.request = &capture.Request{Body: bytes.Repeat([]byte("x"), size)}
		if d.large() != large {
			t.Errorf("%d bytes: large %v", size, d.large())
		}
		for name, f := range map[string]struct {
			first string
			forms func(string) bool // whether there is a copy
		}{
			"withNewline": {"x", func(s string) bool { return len(missing(bodyForm(withNewline), []formPair{{s, s + "\n"}})) == 0 }},
			"trimmed":     {"x", func(s string) bool { return len(missing(bodyForm(trimmed), []formPair{{s, " " + s}})) == 0 }},
			"base64Body":  {"!", func(s string) bool { return len(missing(bodyForm(base64Body), []formPair{{s, b64(s)}})) == 0 }},
			"unwrapped":   {"!", func(s string) bool { return len(missing(bodyForm(unwrapped), []formPair{{s, `"` + s + `"`}})) == 0 }},
			"Python": {"b'{\"\\x41\":1}'", func(s string) bool {
				return len(missing(bodyForm(unwrapped), []formPair{{s, strings.Replace(s[2:], `\x41`, "A", 1)}})) == 0
			}},
		} {
			if text := f.first + strings.Repeat("x", size-len(f.first)); f.forms(text) == large {
				t.Errorf("%s of %d bytes: copied %v", name, size, !large)
			}
		}
	}
}

// JSON is looked into up to a size, a depth and a number of tokens.
func TestLimitsOfJSON(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	many := func(n int) string { return "[" + strings.Repeat("1,", n) + "1]" } // counted as 2n+5
	for name, c := range map[string]struct {
		body string
		want bool
	}{
		"largest": {`"` + strings.Repeat("x", maxJSON-2) + `"`, true}, "too large": {`"` + strings.Repeat("x", maxJSON-1) + `"`, false},
		"deepest": {deep(maxJSONDepth), true}, "too deep": {deep(maxJSONDepth + 1), false},
		"most": {many((maxTokens - 5) / 2), true}, "too many": {many((maxTokens-5)/2 + 1), false},
		"deepest objects": {nested(`{"a":`, maxJSONDepth, "}"), true}, "too deep objects": {nested(`{"a":`, maxJSONDepth+1, "}"), false},
		"objects":      {"[" + strings.Repeat(`{"a":{}},`, maxJSONDepth) + "{}]", true},
		"side by side": {"[" + strings.Repeat("[[]],", maxJSONDepth) + "[]]", true},
	} {
		if list, _ := tokens([]byte(c.body)); (list != nil) != c.want {
			t.Errorf("%s: taken apart %v", name, !c.want)
		}
	}
	if n := len(multipartParts([]byte(strings.Repeat("--b\nA: b\n\nhi\n", maxParts+2)))); n != maxParts {
		t.Errorf("%d parts of a multipart body", n)
	}
	for size, want := range map[int]bool{maxJSON: true, maxJSON + 2: false} {
		if _, ok := fromUTF16(bytes.Repeat([]byte("x\x00"), size/2)); ok != want {
			t.Errorf("UTF-16 of %d bytes: decoded %v", size, ok)
		}
	}
	for size, want := range map[int]bool{maxJSON: true, maxJSON + 1: false} {
		document := `{"a":"` + strings.Repeat("x", size-13) + `"} ` + `[1]!`
		if n := firstJSON([]byte(document)); n > 0 != want || len(document) != size {
			t.Errorf("the first document of %d bytes ends at %d", len(document), n)
		}
		wrapped := `{"a":"` + strings.Repeat("x", size-8) + `"}`
		if parts := jsonParts([]byte(wrapped)); len(parts) > 0 != want || len(wrapped) != size {
			t.Errorf("%d bytes of JSON have %d parts", len(wrapped), len(parts))
		}
		d := &diagnosis{budget: budget{left: 1 << 30}}
		d.document([]byte(wrapped))
		if charged := d.budget.left != 1<<30; charged != want {
			t.Errorf("%d bytes of JSON are charged: %v", len(wrapped), charged)
		}
	}
}

// Memory is what a body, the forms of it and its tokens take.
func TestMemory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"no JSON":    {"text", 4*bodyForms + tokenForms},
		"JSON":       {`{"a":"b,c"}`, 11*bodyForms + 7*tokenForms},
		"a string":   {`"[1]"`, 5*bodyForms + 5*tokenForms},
		"a print":    {`{'a': b}`, 8*bodyForms + 13*tokenForms},
		"serialized": {`a:1:{s:1:"a";i:1;}`, 18*bodyForms + 19*tokenForms},
		"many":       {"[" + strings.Repeat("1,", maxTokens/2) + "1]", (maxTokens+3)*bodyForms + maxTokens*tokenForms},
		"no tokens":  {strings.Repeat("[", maxJSON+1), (maxJSON + 1) * bodyForms},
		"whole":      {strings.Repeat("[", wholeBody), wholeBody * bodyForms},
		"large":      {strings.Repeat("[", wholeBody+1), (wholeBody + 1) * largeForms},
		"whole JSON": {"[" + strings.Repeat(" ", maxJSON-2) + "]", maxJSON*bodyForms + 5*tokenForms},
	} {
		if got := Memory([]byte(c.body)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Who writes the header's name in another way.
func TestRenamed(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"HTTP_X_WUNDER_SIGNATURE": "CGI", "X_Wunder_Signature": "CGI", "http-x-hook-signature": "CGI",
		"X-Amzn-Remapped-X-Wunder-Signature": "AWS", "x-amzn-remapped-x-hook-signature": "AWS",
		"Proxy-X-Hook-Signature": "A proxy adds Proxy- in front", "X-Wunder-Signature": "", "X-Signature": "", "X-Wunder-Signature-2": "",
	} {
		if got := renamed(header, wunder.Scheme); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q", header, got)
		}
	}
}

func TestEpochShape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"1700000000": true, "1700000000123": true, "170000000": false, "17000000001": false, "170000000012": false,
		"17000000001234": false, "17000000x0": false, "170000000012x": false, "": false} {
		if epochShape(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

// The gravest of several failures is what is said of them.
func TestUnknownOfSeveral(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	digest := strings.Repeat("ab", sha256.Size)
	for name, c := range map[string]struct {
		header capture.Header
		want   string
	}{
		"malformed, then mismatch": {capture.Header{field("X-Zyntro-Signature", "12"), field("X-Wunder-Signature", digest)}, "No known change of body"},
		"mismatch, then malformed": {capture.Header{field("X-Zyntro-Signature", digest), field("X-Wunder-Signature", "12")}, "No known change of body"},
		"both malformed":           {capture.Header{field("X-Zyntro-Signature", "12"), field("X-Wunder-Signature", "12")}, "is not 64 hexadecimal digits"},
		"conflict":                 {capture.Header{field("X-Hook-Signature", digest), field("X-Wunder-Signature", strings.Repeat("cd", 32))}, "They differ"},
		"none":                     {nil, ""},
	} {
		e := explainer()
		var possible []int
		if name == "conflict" {
			possible = []int{1}
		}
		provider, found := e.Explain(t.Context(), &capture.Request{Header: c.header, Body: []byte("x")}, possible)
		if provider != -1 || len(found) != min(len(c.want), 1) || len(found) > 0 && (found[0].Cause != causeUnknown || !strings.Contains(found[0].Explanation, c.want)) {
			t.Errorf("%s: %+v", name, found)
		}
	}
	e := explainer()
	for name, c := range map[string]struct {
		request *capture.Request
		want    string
	}{
		"read again":     {streamed("x"), "only changes of its ends and its layout were tried"},
		"read once":      {&capture.Request{Stream: strings.NewReader("x")}, "cannot be read twice"},
		"large":          {&capture.Request{Body: make([]byte, wholeBody+1)}, "larger than 1 MiB, so only changes of its ends"},
		"held in memory": {&capture.Request{Body: make([]byte, wholeBody-1)}, "of body, secret or signature"},
	} {
		c.request.Header = capture.Header{field("X-Wunder-Signature", digest)}
		_, found := e.Explain(t.Context(), c.request, []int{1})
		if len(found) != 1 || !strings.Contains(found[0].Explanation, c.want) || strings.Contains(found[0].Fix, "not documented") {
			t.Errorf("%s: %+v", name, found)
		}
	}
	provider, found := e.Explain(t.Context(), &capture.Request{Header: capture.Header{field("X-Wunder-Signature", digest)}, Body: []byte("{")}, nil)
	if provider != -1 || len(found) != 1 || found[0].Cause != "truncated" {
		t.Errorf("a sign: %d, %+v", provider, found)
	}
	base64 := signature.Scheme{DigestEncoding: signature.Base64}
	if got := wellFormed(base64); got != "base64 of 32 bytes" {
		t.Error(got)
	}
}

// What looks like something in place of a secret, and is none.
func TestNotASecret(t *testing.T) {
	t.Parallel()
	uuid := "a1b2c3d4-1111-2222-3333-444455556zzz"
	for text, want := range map[string]string{
		"%X%": "the name of a variable that was not expanded", "%%": "", "%X": "", "X%": "",
		"<x>": "a placeholder", "<x": "", "x>": "",
		"*": "a masked value", "...": "a masked value", "***abcd": "a masked value", "***abcde": "", "**ab": "", "\u2022\u2022ab": "a masked value", "ab***": "",
		"ABC_DEF": "the name of a variable that was not expanded", "_ABC_DEF": "", "ABC_DEF_": "", "ABCDEF": "", "ABC_dEF": "",
		"sha256:1f2e3d4c": "a secret's fingerprint", "sha256:" + strings.Repeat("ab", 32): "a secret's fingerprint", "sha256:1f2e3d4": "", "sha256:1f2e3d4c5": "", "sha256:1f2e3d4x": "", "1f2e3d4c": "",
		uuid: "an id", "zyntro/" + strings.ToUpper(uuid): "an id", uuid[1:]: "", uuid + "z": "", uuid[:9] + "!" + uuid[10:]: "", uuid[:23]: "", uuid + "-1": "", strings.Replace(uuid, "1111", "111", 1): "",
		"your" + strings.Repeat("x", 36): "a placeholder", "your" + strings.Repeat("x", 37): "", "not your": "",
		"wh-7": "the webhook's id", "zyntro/wh-7": "the webhook's id", "wunder/wh-7": "", "wh-71": "",
	} {
		if got := notASecret(Candidate{Provider: "zyntro", ID: "wh-7", Secret: secret.New(text)}); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := notASecret(Candidate{Secret: secret.New("/")}); got != "" {
		t.Errorf("%q: no webhook has an id", got)
	}
	// Another webhook's marks count too, the first one that fits.
	other := Candidate{Provider: "zyntro", ID: "wh-8", Name: "Other", Secret: secret.New("of the other")}
	for text, want := range map[string]string{"wh-8": "the id of", "zyntro/wh-8": "the id of", "Other": "the name of", other.Secret.Fingerprint()[7:]: "the fingerprint of", "wh-9": ""} {
		e := Explainer{Providers: []Provider{zyntro}, Candidates: []Candidate{{Secret: secret.New(text)}}, Others: also(other, Candidate{ID: "x", Name: "wh-8", Secret: secret.New("y")})}
		got, found := testNotASecret(e.newDiagnosis(&capture.Request{}, 0))
		if !strings.Contains(got, want) || found != (want != "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// The obvious is tried of a large body first: what makes it smaller, a few forms of
// each kind, and not with the last of the budget.
func TestProveObvious(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	filler := func(n int) string { return strings.Repeat("x", n) }
	list := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`"part %d%s"`, i, filler(largeBody/n)))
		}
		return `{"d":[` + strings.Join(all, ",") + "]}"
	}
	part := func(n, of int) string { return fmt.Sprintf("part %d%s", n, filler(largeBody/of)) }
	grown := filler(wholeBody) + string(random(wholeBody))
	for name, c := range map[string]struct {
		body, signed string
		change       func(*diagnosis)
		found        bool
	}{
		"large enough":          {filler(largeBody-1) + "\n", filler(largeBody - 1), nil, true},
		"too small":             {filler(largeBody-2) + "\n", filler(largeBody - 2), nil, false},
		"as large":              {`{"d":"\u00e9` + filler(largeBody) + `"}`, `{"d":"\u00E9` + filler(largeBody) + `"}`, nil, false},
		"larger":                {filler(largeBody), filler(largeBody) + "\n", nil, false},
		"compressed":            {squeezed(grown, false), grown, nil, true},
		"the fourth form":       {list(4), part(1, 4), nil, true}, // after the list, also spaced, and its first part
		"the fifth":             {list(4), part(2, 4), nil, false},
		"the last of a budget":  {filler(largeBody) + "\n", filler(largeBody), func(d *diagnosis) { d.budget.left = 2*d.budget.whole/3 - 1 }, false},
		"a third of it is used": {filler(largeBody) + "\n", filler(largeBody), func(d *diagnosis) { d.budget.left = 2 * d.budget.whole / 3 }, true},
		"no digest":             {filler(largeBody) + "\n", filler(largeBody), func(d *diagnosis) { d.targets = nil }, false},
		"lean":                  {filler(wholeBody) + "\n", filler(wholeBody), nil, true},
		"not lean":              {strings.Repeat("\r\n", wholeBody/2+1) + "x", strings.Repeat("\n", wholeBody/2+1) + "x", nil, false},
		"not lean, but whole":   {strings.Repeat("\r\n", wholeBody/2-1) + "x", strings.Repeat("\n", wholeBody/2-1) + "x", nil, true},
	} {
		e := explainer()
		d := e.newDiagnosis(&capture.Request{Body: []byte(c.body), Header: capture.Header{field("X-Wunder-Signature", sign(t, wunder, wunderKey, c.signed))}}, 1)
		if c.change != nil {
			c.change(d)
		}
		if found := d.proveObvious(); (found != nil) != c.found {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Without a budget no form is made and no document taken apart.
func TestNoBudget(t *testing.T) {
	t.Parallel()
	e := explainer()
	body := []byte("{\n\"a\":1}\n")
	d := e.newDiagnosis(&capture.Request{Body: body, Header: capture.Header{field("X-Wunder-Signature", sign(t, wunder, wunderKey, "signed"))}}, 1)
	d.budget.left = 0
	for i := range transformations {
		if tr := &transformations[i]; !tr.hint {
			if text, found := d.try(tr); found {
				t.Errorf("%s: %s", tr.cause, text)
			}
		}
	}
	if found := d.provePair(); found != nil || d.parsed != nil || d.budget.left != 0 {
		t.Errorf("%+v, taken apart %v, %d left", found, d.parsed != nil, d.budget.left)
	}
	// A document is taken apart once.
	d.budget.left = 1 << 20
	first := d.document(body)
	if again := d.document(body); again != first || d.budget.left != 1<<20-jsonCost*len(body) {
		t.Errorf("%d left", d.budget.left)
	}
	if other := d.document(body[:len(body)-1]); other == first {
		t.Error("another body is the same document")
	}
	if other := d.document(bytes.Clone(body)); len(other.list) != len(first.list) || other == first {
		t.Error("a copy is the same document")
	}
	d.document(nil)
	for i := range 3 * maxCandidates {
		d.sum([]byte(fmt.Sprint(i)), nil)
	}
	if n := len(d.hashers); n != 2*maxCandidates {
		t.Errorf("%d keys are kept", n)
	}
}

// Headers can be hostile, and of digests there are many forms.
func TestDigestsOfHeaders(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range maxDigests {
		many = append(many, fmt.Sprintf("%064x", i)) // which is base64 as well
	}
	for _, between := range []string{",", "(", "&"} { // of members, and of spellings of one
		if n := len(findDigests(capture.Header{field("X", strings.Join(many, between))}, wunder.Scheme, "")); n != maxDigests {
			t.Errorf("%d digests between %s", n, between)
		}
	}
	if n := len(spellings(strings.Join(many, "<") + strings.Join(many, "="))); n != maxDigests {
		t.Errorf("%d spellings", n)
	}
	for text, want := range map[string]string{
		"0123456789abcdef": "0123456789abcdef", "0123456789abcde": "", "0123456789ABCDEF...": "0123456789abcdef", "0123456789abcdef…": "0123456789abcdef", "0123456789abcdef***": "0123456789abcdef",
		strings.Repeat("ab", 32): "", strings.Repeat("ab", 32)[1:]: strings.Repeat("ab", 32)[1:], "Zz+/456789abcdef": "Zz+/456789abcdef", "zz!/456789abcdef": "", "zz+/456789abcd-f": "",
	} {
		if got := piece(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
	for text, want := range map[string]string{"=ab": "ab", "v1=ab==": "ab==", "v1:ab": "ab", "0xab": "ab", "0Xab": "ab", "ab=": "ab=", "": ""} {
		if got := afterLabel(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
	for member, want := range map[string]string{"sha256-ab": "ab", `{"v1":"ab"}`: "ab", "<ab>": "ab", "a=b:cd=": "cd=", "'ab'": "ab", `"`: ""} {
		if all := spellings(member); !slices.Contains(all, want) || want != "" && slices.Contains(all[1:], "") {
			t.Errorf("%s: %q", member, all)
		}
	}
	for n := range 70 {
		if digestLength(n) != slices.Contains([]int{16, 20, 28, 32, 48, 64}, n) {
			t.Errorf("%d bytes", n)
		}
	}
}

// TestBodiesOfSomeLength: what is simple is found in bodies of tens of kilobytes, and
// with several secrets, too: neither the length nor the forms of JSON use up what a
// search may cost before.
func TestBodiesOfSomeLength(t *testing.T) {
	t.Parallel()
	deal := Candidate{Provider: "wundertreos", ID: "another", Secret: secret.New(strings.Repeat("5d", 32))}
	long := strings.Replace(wunderBody, "<a>", strings.Repeat("Grüße, dolor sit amet. ", 1000), 1)
	var items []string
	for i := range 1200 {
		items = append(items, fmt.Sprintf(`{"n":%d,"name":"item %d","at":"2026-05-17T14:30:00.000Z"}`, i, i))
	}
	many := strings.Replace(wunderBody, `"name"`, `"items":[`+strings.Join(items, ",")+`],"name"`, 1)
	none := strings.Repeat("ab", sha256.Size)
	for _, c := range []struct {
		name, captured, signature, other, want string
	}{
		{"elsewhere", long, none, hmacHex(sha256.New, wunderKey, long), "wrong-header"},
		{"SHA-3", long, hmacHex(func() hash.Hash { return sha3.New256() }, wunderKey, long), "", "algorithm"},
		{"a plain hash", long, plainSum(long), "", "unkeyed-hash"},
		{"the id as the secret", long, hmacHex(sha256.New, lead.ID, long), "", "secret-is-not-a-secret"},
		{"a time before it", long, hmacHex(sha256.New, wunderKey, "2026-05-17T14:30:01.000Z."+long), "", "timestamp-prefixed"},
		{"Latin-1", latin1(long), sign(t, wunder, wunderKey, long), "", "charset"},
		{"a list around it", "[" + many + "]", sign(t, wunder, wunderKey, many), "", "wrapped-body"},
		{"a log line", "INFO body: " + many + "\n", sign(t, wunder, wunderKey, many), "", "wrapped-body"},
	} {
		secrets := []Candidate{deal, lead}
		for range 2 {
			e := Explainer{Providers: []Provider{wunder}, Candidates: secrets}
			all := run(t, e, record(t, c.captured, "X-Wunder-Signature", c.signature, "X-Sig", c.other))
			var causes []string
			for _, f := range all[0].Diagnosis {
				causes = append(causes, f.Cause)
			}
			if got := strings.Join(causes, "+"); got != c.want || all[0].Valid {
				t.Errorf("%s, %d bytes, %d secrets: %s, want %s", c.name, len(c.captured), len(secrets), got, c.want)
			}
			if c.captured != long {
				break // of the body, less is tried with many
			}
			for i := range 24 {
				secrets = append(secrets, Candidate{Provider: "wundertreos", ID: fmt.Sprint(i), Secret: secret.New(plainSum(fmt.Sprint(i)))})
			}
		}
	}
}
