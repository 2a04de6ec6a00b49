package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/secret"
)

var wunder = Scheme{Provider: "wundertreos", Headers: []string{"X-Wunder-Signature", "X-Hook-Signature"}, Prefix: "sha256="}

type vector struct{ Name, Key, Body, UTF8, Hex string }

func vectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 8 {
		t.Fatalf("%d vectors, want 8", len(all))
	}
	return all
}

func verify(t *testing.T, s Scheme, key string, h Header, body []byte) Verdict {
	t.Helper()
	ring, err := NewKeySet(s, []secret.Value{secret.New(key)})
	if err != nil {
		t.Fatal(err)
	}
	return ring.Verifier().Verify(h, body)
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			hexed := wunder
			hexed.KeyEncoding = Hex
			for _, c := range []struct {
				name   string
				scheme Scheme
				digest string
				want   Reason
			}{
				{"text key", wunder, v.UTF8, OK},
				{"text key, hex digest of the other", wunder, v.Hex, Mismatch},
				{"hex key", hexed, v.Hex, OK},
				{"hex key, digest of the text key", hexed, v.UTF8, Mismatch},
			} {
				h := http.Header{"X-Wunder-Signature": {"sha256=" + c.digest}}
				if got := verify(t, c.scheme, v.Key, h, []byte(v.Body)); got.Reason != c.want {
					t.Errorf("%s: %v, want %v", c.name, got.Reason, c.want)
				}
				if c.want != OK {
					continue
				}
				signed, err := c.scheme.Sign(secret.New(v.Key), "", []byte(v.Body))
				if err != nil || signed != "sha256="+c.digest {
					t.Errorf("%s: Sign = %q, %v", c.name, signed, err)
				}
			}
		})
	}
}

func TestReferenceHeaderSet(t *testing.T) {
	v := vectors(t)[4]
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Type":       "application/json",
		"X-Wunder-Signature": "sha256=f26c736331a266de57494cd3fb2796f5ff520ac1779f438637cf6cb32d0e1a05",
		"X-Hook-Signature":   "sha256=f26c736331a266de57494cd3fb2796f5ff520ac1779f438637cf6cb32d0e1a05",
		"X-Wunder-Event":     "contact.tag_added",
		"X-Wunder-Delivery":  "ev1a2b3c-4d5e-6f7a-8b9c-0d1e2f3a4b5c",
	} {
		h.Set(name, value)
	}
	if diff := cmp.Diff(Verdict{OK, 0}, verify(t, wunder, v.Key, h, []byte(v.Body))); diff != "" {
		t.Error(diff)
	}
}

func TestHeaderForms(t *testing.T) {
	const key = "k"
	body := []byte("hello")
	signed, err := wunder.Sign(secret.New(key), "", body)
	if err != nil {
		t.Fatal(err)
	}
	good := strings.TrimPrefix(signed, "sha256=")
	bad := strings.Repeat("ab", 32)
	one := func(v string) http.Header { return http.Header{"X-Wunder-Signature": {v}} }
	both := func(a, b string) http.Header {
		return http.Header{"X-Wunder-Signature": {a}, "X-Hook-Signature": {b}}
	}
	for _, c := range []struct {
		name   string
		header http.Header
		want   Reason
	}{
		{"as documented", one("sha256=" + good), OK},
		{"no prefix", one(good), OK},
		{"prefix in capitals", one("SHA256=" + good), OK},
		{"prefix in mixed case", one("ShA256=" + good), OK},
		{"capital hex", one("sha256=" + strings.ToUpper(good)), OK},
		{"white space around", one("  sha256=" + good + "\t"), OK},
		{"second header only", http.Header{"X-Hook-Signature": {"sha256=" + good}}, OK},
		{"both agree", both("sha256="+good, "sha256="+good), OK},
		{"both agree in other words", both("sha256="+good, strings.ToUpper(good)), OK},
		{"list, good last, comma", one("sha256=" + bad + ",sha256=" + good), OK},
		{"list, good first, space", one(good + " " + bad), OK},
		{"list with garbage", one("v1=zz, sha256=12, sha256=" + good + " ,,, t=1"), OK},
		{"same line twice", http.Header{"X-Wunder-Signature": {good, "sha256=" + good}}, OK},
		{"list and the same set elsewhere", both(good+","+bad, bad+" "+good), OK},

		{"one blank", both("sha256="+good, ""), OK},
		{"first blank", both("", "sha256="+good), OK},
		{"one of white space", both("sha256="+good, " \t "), OK},
		{"same name twice, one blank", http.Header{"X-Wunder-Signature": {"", good}}, OK},

		{"wrong", one("sha256=" + bad), Mismatch},
		{"wrong, one blank", both("", bad), Mismatch},
		{"wrong list", one(bad + "," + strings.Repeat("cd", 32)), Mismatch},

		{"none", http.Header{}, NoSignature},
		{"another header", http.Header{"X-Signature": {good}}, NoSignature},
		{"empty", one(""), NoSignature},
		{"blank twice", both(" ", "\t"), NoSignature},

		{"prefix only", one("sha256="), Malformed},
		{"prefix only, one blank", both("", "sha256="), Malformed},
		{"63 digits", one("sha256=" + good[1:]), Malformed},
		{"65 digits", one("sha256=" + good + "0"), Malformed},
		{"not hex", one("sha256=" + good[:63] + "g"), Malformed},
		{"two prefixes", one("sha256=sha256=" + good), Malformed},
		{"another algorithm's prefix", one("sha1=" + good), Malformed},
		{"long s is no s", one("\u017fha256=" + good), Malformed},
		{"fullwidth digits", one("sha256=" + strings.Repeat("\uff10", 64)), Malformed},
		{"base64", one("sha256=" + base64.StdEncoding.EncodeToString(make([]byte, 32))), Malformed},
		{"semicolons are no list", one(good + ";" + good), Malformed},
		{"both malformed, differently", both("x", "y"), Malformed},
		{"truncated after one byte", one("sha256=" + good[:2]), Malformed},

		{"differ", both("sha256="+good, "sha256="+bad), Conflicting},
		{"differ, the good one second", both("sha256="+bad, "sha256="+good), Conflicting},
		{"one malformed", both("sha256="+good, "garbage"), Conflicting},
		{"same name twice, blank between them, differ", http.Header{"X-Wunder-Signature": {good, "", bad}}, Conflicting},
		{"same name twice, differ", http.Header{"X-Wunder-Signature": {good, bad}}, Conflicting},
		{"subset", both(good+","+bad, good), Conflicting},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verify(t, wunder, key, c.header, body); got.Reason != c.want {
				t.Errorf("%v, want %v", got.Reason, c.want)
			}
		})
	}
}

func TestBase64Digest(t *testing.T) {
	s := Scheme{Provider: "p", Headers: []string{"Sig"}, DigestEncoding: Base64, Prefix: "sha256="}
	body := []byte("{}")
	for n := range 64 { // until the digest has had + and / in it
		key := secret.New("key" + string(rune('a'+n%26)) + string(rune('a'+n/26)))
		value, err := s.Sign(key, "", body)
		if err != nil {
			t.Fatal(err)
		}
		raw := strings.TrimPrefix(value, "sha256=")
		url := strings.NewReplacer("+", "-", "/", "_").Replace(raw)
		for _, form := range []string{value, raw, strings.TrimRight(raw, "="), url, strings.TrimRight(url, "="), "x, " + url} {
			if got := verify(t, s, key.Reveal(), http.Header{"Sig": {form}}, body); got.Reason != OK {
				t.Fatalf("%q: %v", form, got.Reason)
			}
		}
		mac, err := base64.StdEncoding.DecodeString(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{hex.EncodeToString(mac), raw[1:], raw + "==", raw[:20], base64.StdEncoding.EncodeToString(mac[:31])} {
			if got := verify(t, s, key.Reveal(), http.Header{"Sig": {form}}, body); got.Reason != Malformed {
				t.Fatalf("%q: %v", form, got.Reason)
			}
		}
	}
}

func TestTemplate(t *testing.T) {
	s := Scheme{Provider: "p", Headers: []string{"Sig"}, Template: "v0:{timestamp}:{body}!", TimestampHeader: "Ts"}
	key := secret.New("k")
	mac := hmac.New(sha256.New, []byte("k"))
	mac.Write([]byte("v0:123:body!"))
	want := hex.EncodeToString(mac.Sum(nil))
	got, err := s.Sign(key, "123", []byte("body"))
	if err != nil || got != want {
		t.Fatalf("Sign = %q, %v; want %q", got, err, want)
	}
	for _, c := range []struct {
		name string
		ts   []string
		want Reason
	}{
		{"right", []string{"123"}, OK},
		{"white space around", []string{" 123 "}, OK},
		{"wrong", []string{"124"}, Mismatch},
		{"missing", nil, Malformed},
		{"blank", []string{" "}, Malformed},
		{"twice, one blank", []string{"123", " "}, OK},
		{"twice, the first blank", []string{"", "123"}, OK},
		{"twice, the same", []string{"123", "123"}, OK},
		{"twice, different", []string{"123", "124"}, Conflicting},
	} {
		h := http.Header{"Sig": {want}, "Ts": c.ts}
		if got := verify(t, s, "k", h, []byte("body")); got.Reason != c.want {
			t.Errorf("%s: %v, want %v", c.name, got.Reason, c.want)
		}
	}
	var claim Claim
	if got := s.ClaimValue(want, http.Header{"Ts": {"123"}}, &claim); got != OK || claim.Timestamp() != "123" {
		t.Errorf("ClaimValue: %v, %q", got, claim.Timestamp())
	}
	if got := s.ClaimValue(want, nil, &claim); got != Malformed {
		t.Errorf("ClaimValue without a header: %v", got)
	}
	in, err := s.Input("123", []byte("body"))
	if err != nil || string(in) != "v0:123:body!" {
		t.Errorf("Input = %q, %v", in, err)
	}
}

func TestClaimValue(t *testing.T) {
	good := strings.Repeat("ab", 32)
	for value, want := range map[string]Reason{
		"": NoSignature, "  ": NoSignature, "zz": Malformed, good: OK, "SHA256=" + good: OK, "x " + good: OK,
	} {
		var c Claim
		if got := wunder.ClaimValue(value, nil, &c); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
		mac, err := hex.DecodeString(good)
		if err != nil {
			t.Fatal(err)
		}
		if c.Has(mac) != (want == OK) {
			t.Errorf("%q: Has = %v", value, c.Has(mac))
		}
	}
}

func TestSecretsThatAreRefused(t *testing.T) {
	hexed, based := wunder, wunder
	hexed.KeyEncoding, based.KeyEncoding = Hex, Base64
	for _, c := range []struct {
		name   string
		scheme Scheme
		key    string
	}{
		{"empty", wunder, ""},
		{"spaces", wunder, "   "},
		{"newline", wunder, "\n"},
		{"no-break and zero-width space", wunder, "\u00a0\u200b\ufeff"},
		{"NUL", wunder, "abc\x00"},
		{"only NUL", wunder, "\x00"},
		{"not hex", hexed, "xyz-not-hex"},
		{"hex of zeros", hexed, "0000"},
		{"not base64", based, "***not***"},
		{"base64 of nothing", based, "===="},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewKeySet(c.scheme, []secret.Value{secret.New("fine0123"), secret.New(c.key)})
			if c.scheme.KeyEncoding != "" && c.scheme.KeyEncoding != UTF8 {
				_, err = NewKeySet(c.scheme, []secret.Value{secret.New(c.key)})
			}
			var bad *KeyError
			if !errors.As(err, &bad) || fault.KindOf(err) != fault.Usage {
				t.Fatalf("error %v", err)
			}
			if text := strings.TrimSpace(c.key); text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats the secret: %v", err)
			}
			if _, err := c.scheme.Sign(secret.New(c.key), "", nil); err == nil {
				t.Error("Sign took it")
			}
			if c.scheme.CheckKey(secret.New(c.key)) == nil {
				t.Error("CheckKey took it")
			}
		})
	}
	if _, err := NewKeySet(wunder, nil); fault.KindOf(err) != fault.Usage {
		t.Errorf("no key: %v", err)
	}
}

func TestSchemesThatAreRefused(t *testing.T) {
	for name, s := range map[string]Scheme{
		"no header":           {},
		"no name":             {Headers: []string{"S", "X-Signature: sha256"}},
		"key encoding":        {Headers: []string{"S"}, KeyEncoding: "rot13"},
		"digest encoding":     {Headers: []string{"S"}, DigestEncoding: UTF8},
		"no body":             {Headers: []string{"S"}, Template: "{timestamp}", TimestampHeader: "T"},
		"body twice":          {Headers: []string{"S"}, Template: "{body}{body}"},
		"unknown placeholder": {Headers: []string{"S"}, Template: "{id}.{body}"},
		"no timestamp header": {Headers: []string{"S"}, Template: "{timestamp}.{body}"},
	} {
		if err := s.Check(); fault.KindOf(err) != fault.Usage || fault.HintOf(err).String() == "" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := NewKeySet(s, []secret.Value{secret.New("k")}); err == nil {
			t.Errorf("%s: NewKeySet took it", name)
		}
		if _, err := s.Sign(secret.New("k"), "", nil); err == nil {
			t.Errorf("%s: Sign took it", name)
		}
		if _, err := s.Input("", nil); err == nil {
			t.Errorf("%s: Input took it", name)
		}
	}
}

func TestManyKeys(t *testing.T) {
	keys := []secret.Value{secret.New("a"), secret.New("b"), secret.New("a"), secret.New("c")}
	ring, err := NewKeySet(wunder, keys)
	if err != nil {
		t.Fatal(err)
	}
	v := ring.Verifier()
	body := []byte("body")
	// The order matters: the key that matched last is tried first, and a key
	// given twice is always the first of the two.
	for _, want := range []int{3, 0, 1, 1, 0, 3, 2, 0} {
		value, err := wunder.Sign(keys[want], "", body)
		if err != nil {
			t.Fatal(err)
		}
		if want == 2 {
			want = 0
		}
		h := http.Header{"X-Hook-Signature": {value}}
		if diff := cmp.Diff(Verdict{OK, want}, v.Verify(h, body)); diff != "" {
			t.Error(diff)
		}
		var c Claim
		if wunder.Claim(h, &c) != OK {
			t.Fatal("no claim")
		}
		v.Begin(&c)
		for _, b := range body {
			if _, err := v.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(Verdict{OK, want}, v.End(&c)); diff != "" {
			t.Error(diff)
		}
		v.Begin(&c)
		if diff := cmp.Diff(Verdict{Mismatch, -1}, v.End(&c)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestPresent(t *testing.T) {
	if !wunder.Present(http.Header{"X-Hook-Signature": {""}}) || wunder.Present(http.Header{"X-Hook": {"x"}}) {
		t.Error("Present looks at something else")
	}
}

// reference is a second verifier, written from the reference pages alone.
func reference(key string, h http.Header, body []byte) bool {
	separators := regexp.MustCompile(`[, \t\r\n]+`)
	digits := regexp.MustCompile(`^[0-9a-f]{64}$`)
	var lines [][]string
	for _, name := range []string{"X-Wunder-Signature", "X-Hook-Signature"} {
		for _, line := range h[name] {
			if strings.TrimSpace(line) == "" {
				continue // nothing, which proxies write for what did not come
			}
			set := map[string]bool{}
			var list []string
			for _, m := range separators.Split(line, -1) {
				m = strings.ToLower(m)
				m = strings.TrimPrefix(m, "sha256=")
				if digits.MatchString(m) && !set[m] {
					set[m] = true
					list = append(list, m)
				}
			}
			lines = append(lines, list)
		}
	}
	if len(lines) == 0 {
		return false
	}
	for _, line := range lines[1:] {
		if !cmp.Equal(asSet(lines[0]), asSet(line)) {
			return false
		}
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	want := hex.EncodeToString(mac.Sum(nil))
	for _, m := range lines[0] {
		if m == want {
			return true
		}
	}
	return false
}

func asSet(list []string) map[string]bool {
	set := map[string]bool{}
	for _, m := range list {
		set[m] = true
	}
	return set
}

func TestAgainstReference(t *testing.T) {
	norace.Only(t)
	const key = "a secret"
	ring, err := NewKeySet(wunder, []secret.Value{secret.New(key)})
	if err != nil {
		t.Fatal(err)
	}
	v := ring.Verifier()
	r := rand.New(rand.NewPCG(1, 2))
	verdicts := map[bool]int{}
	for n := range 20_000 {
		body := make([]byte, r.IntN(300))
		for i := range body {
			body[i] = byte(r.Uint32())
		}
		good, err := wunder.Sign(secret.New(key), "", body)
		if err != nil {
			t.Fatal(err)
		}
		h := soup(r, good)
		want := reference(key, h, body)
		if got := v.Verify(h, body); (got.Reason == OK) != want {
			t.Fatalf("case %d: %v, want valid %v\n%q", n, got.Reason, want, h)
		}
		verdicts[want]++
	}
	if verdicts[true] < 2000 || verdicts[false] < 2000 {
		t.Errorf("the cases are one-sided: %v", verdicts)
	}
}

// soup makes headers out of right and wrong pieces.
func soup(r *rand.Rand, good string) http.Header {
	bare := strings.TrimPrefix(good, "sha256=")
	pieces := []string{
		good, good, good, bare, strings.ToUpper(good), strings.ToUpper(bare), "Sha256=" + bare,
		"sha256=" + strings.Repeat("0", 64), bare[:63], bare + "0", "sha1=" + bare, "sha256=sha256=" + bare,
		"", "garbage", bare[:10] + "-" + bare[11:], `"` + bare + `"`,
	}
	separators := []string{",", " ", ", ", "\t", ",,", ";", "", "\n"}
	h := http.Header{}
	for _, name := range []string{"X-Wunder-Signature", "X-Hook-Signature", "X-Other"} {
		for range r.IntN(3) {
			line := pieces[r.IntN(len(pieces))]
			for range r.IntN(3) {
				line += separators[r.IntN(len(separators))] + pieces[r.IntN(len(pieces))]
			}
			h[name] = append(h[name], line)
		}
	}
	return h
}

// Blank lines, wherever they stand and however many, change no verdict.
func TestBlankIsAbsent(t *testing.T) {
	good, err := wunder.Sign(secret.New("k"), "", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	values := []string{good, strings.ToUpper(good), good + " , x", "sha256=" + strings.Repeat("ab", 32), "garbage", "sha256="}
	blanks := []string{"", " ", "\t", "\u00a0", " \t ", "\r\n"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		plain, padded := http.Header{}, http.Header{}
		for _, name := range wunder.Headers {
			for range r.IntN(3) {
				v := values[r.IntN(len(values))]
				plain[name], padded[name] = append(plain[name], v), append(padded[name], v)
			}
			for range r.IntN(3) {
				at := r.IntN(len(padded[name]) + 1)
				padded[name] = slices.Insert(padded[name], at, blanks[r.IntN(len(blanks))])
			}
		}
		if want, got := verify(t, wunder, "k", plain, []byte("{}")), verify(t, wunder, "k", padded, []byte("{}")); got != want {
			t.Fatalf("%q: %v; without the blank lines %v", padded, got, want)
		}
		if wunder.Signed(padded) != wunder.Present(plain) {
			t.Fatalf("%q: Signed is %v", padded, wunder.Signed(padded))
		}
	}
}

func FuzzClaim(f *testing.F) {
	f.Add("sha256="+strings.Repeat("ab", 32), "")
	f.Add("SHA256="+strings.Repeat("AB", 32)+", x", strings.Repeat("ab", 32))
	f.Add(",,, \t", "sha256=")
	f.Fuzz(func(t *testing.T, a, b string) {
		var c Claim
		h := http.Header{"X-Wunder-Signature": {a}, "X-Hook-Signature": {b}}
		reason := wunder.Claim(h, &c)
		if valid := reference("k", h, nil); valid && reason != OK {
			t.Errorf("%q, %q: %v", a, b, reason)
		}
		s := wunder
		s.DigestEncoding = Base64
		s.Claim(h, &c)
		s.ClaimValue(a, nil, &c)
	})
}

func BenchmarkVerify1KiB(b *testing.B) {
	ring, err := NewKeySet(wunder, []secret.Value{secret.New(strings.Repeat("k", 64))})
	if err != nil {
		b.Fatal(err)
	}
	v := ring.Verifier()
	body := make([]byte, 1024)
	value, err := wunder.Sign(secret.New(strings.Repeat("k", 64)), "", body)
	if err != nil {
		b.Fatal(err)
	}
	h := http.Header{"X-Wunder-Signature": {value}, "X-Hook-Signature": {value}}
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		if v.Verify(h, body).Reason != OK {
			b.Fatal("invalid")
		}
	}
}

// TestAtTheEdges holds the conditions that decide at exactly one value.
func TestAtTheEdges(t *testing.T) {
	t.Parallel()
	good, bad := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	mac, err := hex.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		before int // members in front of the good one
		want   bool
	}{{maxMembers - 1, true}, {maxMembers, false}} {
		var claim Claim
		if got := wunder.ClaimValue(strings.Repeat(bad+",", c.before)+good, nil, &claim); got != OK || claim.Has(mac) != c.want {
			t.Errorf("%d members in front: %v, Has = %v", c.before, got, claim.Has(mac))
		}
	}
	for prefix, value := range map[string]string{"Z1=": "z1=", "z1=": "Z1=", "A1=": "a1=", "a1=": "A1=", "@1=": "@1=", "[1=": "[1="} {
		s := Scheme{Headers: []string{"Sig"}, Prefix: prefix}
		var claim Claim
		if got := s.ClaimValue(value+good, nil, &claim); got != OK {
			t.Errorf("%q under the prefix %q: %v", value, prefix, got)
		}
	}
	for prefix, value := range map[string]string{"@1=": "`1=", "[1=": "{1=", "`1=": "@1="} { // 32 apart, and no letters
		var claim Claim
		if got := (Scheme{Headers: []string{"Sig"}, Prefix: prefix}).ClaimValue(value+good, nil, &claim); got != Malformed {
			t.Errorf("%q under the prefix %q: %v", value, prefix, got)
		}
	}
	for template, want := range map[string]string{"": "b", "{body}": "b", "v0:{body}": "v0:b", "{body}!": "b!", "v0:{body}!": "v0:b!"} {
		in, err := Scheme{Headers: []string{"Sig"}, Template: template}.Input("", []byte("b"))
		if err != nil || string(in) != want {
			t.Errorf("Input of %q is %q, %v; want %q", template, in, err, want)
		}
	}
	if _, err := (Scheme{Template: "x"}).Input("", nil); err == nil {
		t.Error("Input took a template without a body")
	}
	based := wunder
	based.KeyEncoding = Base64
	if got, err := based.Key(secret.New("AQI=")); err != nil || string(got) != "\x01\x02" {
		t.Errorf("a base64 key is %q, %v", got, err)
	}
	_, err = NewKeySet(wunder, []secret.Value{secret.New("fine"), secret.New("")})
	if err == nil || !strings.Contains(err.Error(), "secret 2: ") {
		t.Errorf("the second secret is named as %v", err)
	}
	for header, want := range map[string]Verdict{"": {NoSignature, -1}, "sha256=" + bad: {Mismatch, -1}} {
		ring, err := NewKeySet(wunder, []secret.Value{secret.New("k")})
		if err != nil {
			t.Fatal(err)
		}
		if got := ring.Verifier().Verify(http.Header{"X-Wunder-Signature": {header}}, nil); got != want {
			t.Errorf("%q: %+v, want %+v", header, got, want)
		}
	}
}
