package diagnosis

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// others tries the secrets that are kept and were not asked for.
func (d *diagnosis) others(retired bool) (string, bool) {
	if len(d.targets) == 0 {
		return "", false
	}
	for i := range d.known.Others {
		c := &d.known.Others[i]
		if c.outdated() != retired || !c.Fits(d.provider.Name) || d.spent() {
			continue
		}
		if key, err := d.provider.Scheme.Key(c.Secret); err == nil && d.matchKey(key, d.request.Body) {
			return c.whose(), true
		}
	}
	return "", false
}

// outdated reports whether a match with c is one with an older secret.
func (c *Candidate) outdated() bool { return c.Retired || c.Older }

// whose says which secret it is, where it was not the one that was asked for.
func (c *Candidate) whose() string {
	switch {
	case c.Older:
		return fmt.Sprintf("It is signed with an older secret (%s) of %s.", c.Secret.Fingerprint(), c.title())
	case c.Retired:
		return fmt.Sprintf("It is signed with an older secret: %s, a webhook that was replaced or deleted.", c.title())
	}
	return fmt.Sprintf("It is signed with the secret of another webhook: %s.", c.title())
}

// finding is the cause where another secret than the one asked for matches.
func (c *Candidate) finding() Finding {
	if c.outdated() {
		return byCause("older-secret").finding(c.whose())
	}
	return byCause("other-webhook").finding(c.whose())
}

func (c *Candidate) title() string {
	switch {
	case c.Name != "" && c.ID != "":
		return fmt.Sprintf("%q (%s)", c.Name, c.ID)
	case c.Name != "":
		return fmt.Sprintf("%q", c.Name)
	}
	return c.ID
}

// testWrongHeader tries digests that stand in other headers.
func testWrongHeader(d *diagnosis) (string, bool) {
	if d.reason == signature.NoSignature {
		return "", false // they are the targets already
	}
	for _, key := range d.keys {
		if !d.elsewhere() || d.spent() {
			break
		}
		if text, ok := d.digestElsewhere(d.sum(key, d.request.Body)); ok {
			return text, true
		}
	}
	return "", false
}

// elsewhere reports whether there is a digest in another header.
func (d *diagnosis) elsewhere() bool {
	for _, s := range d.sightings {
		if !s.official && len(s.mac) == sha256.Size {
			return true
		}
	}
	return false
}

// digestElsewhere looks for sum in other headers than the scheme's.
func (d *diagnosis) digestElsewhere(sum []byte) (string, bool) {
	for _, s := range d.sightings {
		if !s.official && hmac.Equal(sum, s.mac) {
			return fmt.Sprintf("The right signature is in %s, not in %s.%s", term.Clip(s.header, mostQuoted),
				strings.Join(d.provider.Scheme.Headers, " or "), renamed(s.header, d.provider.Scheme)), true
		}
	}
	return "", false
}

// renamed says who writes a header's name in that way, if it is the scheme's.
func renamed(header string, scheme signature.Scheme) string {
	name := strings.ReplaceAll(strings.ToLower(header), "_", "-")
	for _, want := range scheme.Headers {
		if want = strings.ToLower(want); !strings.HasSuffix(name, want) {
			continue
		}
		switch prefix := strings.TrimSuffix(name, want); {
		case prefix == "http-" || prefix == "" && strings.Contains(header, "_"):
			return " CGI, WSGI and PHP write header names like that."
		case strings.HasPrefix(prefix, "x-amzn-remapped"):
			return " AWS API Gateway renames headers like that."
		case prefix != "":
			return " A proxy puts " + term.Clip(header[:len(prefix)], mostQuoted) + " before the name."
		}
	}
	return ""
}

// testTimestamp tries a time, and an id, before the body.
func testTimestamp(d *diagnosis) (string, bool) {
	body := d.request.Body
	event := d.provider.Envelope.Event(body)
	times := []string{d.timestamp, event.Time}
	ids := []string{"", event.ID}
	for _, f := range d.request.Header {
		name := strings.ToLower(f.Name)
		switch {
		case strings.Contains(name, "time") || name == "date" || epochShape(strings.TrimSpace(f.Value)):
			times = append(times, strings.TrimSpace(f.Value))
		case strings.Contains(name, "signature"):
			times = append(times, labelled(f.Value, "t"), labelled(f.Value, "ts"))
		case strings.HasSuffix(name, "-id"), strings.HasSuffix(name, "-delivery"):
			ids = append(ids, strings.TrimSpace(f.Value))
		}
	}
	targets := d.allDigests()
	for _, key := range d.keys {
		for _, t := range times {
			for _, id := range ids {
				for _, form := range timestampForms(t, id) {
					if d.spent() {
						return "", false
					}
					if hit(targets, d.sum(key, []byte(form.before), body, []byte(form.after))) {
						return fmt.Sprintf("What was signed is not the body alone but %s.", form.name), true
					}
				}
			}
		}
	}
	return "", false
}

// epochShape reports whether s is a time in seconds or milliseconds since 1970.
func epochShape(s string) bool {
	return (len(s) == 10 || len(s) == 13) && strings.Trim(s, "0123456789") == ""
}

type signedForm struct{ name, before, after string }

func timestampForms(t, id string) []signedForm {
	switch {
	case t == "":
		return nil
	case id != "":
		return []signedForm{{"'{id}.{timestamp}.{body}'", id + "." + t + ".", ""}}
	}
	return []signedForm{
		{"'{timestamp}.{body}'", t + ".", ""},
		{"'{timestamp}{body}'", t, ""},
		{"'{timestamp}:{body}'", t + ":", ""},
		{"'{timestamp}-{body}'", t + "-", ""},
		{"'{timestamp}|{body}'", t + "|", ""},
		{"'t={timestamp}.{body}'", "t=" + t + ".", ""},
		{"'v0:{timestamp}:{body}'", "v0:" + t + ":", ""},
		{"'{timestamp}\\n{body}'", t + "\n", ""},
		{"'{body}.{timestamp}'", "", "." + t},
		{"'{body}{timestamp}'", "", t},
	}
}

// labelled finds "t=123" in a list.
func labelled(value, label string) string {
	for _, member := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		if v, ok := strings.CutPrefix(member, label+"="); ok {
			return v
		}
	}
	return ""
}

// allDigests is every digest of SHA-256's length that came with the delivery,
// the targets first.
func (d *diagnosis) allDigests() [][]byte {
	all := append([][]byte(nil), d.targets...)
	for _, s := range d.sightings {
		if s.official && len(s.mac) == sha256.Size {
			all = append(all, s.mac)
		}
	}
	return all
}

func hit(targets [][]byte, sum []byte) bool {
	for _, t := range targets {
		if hmac.Equal(t, sum) {
			return true
		}
	}
	return false
}

var algorithms = []struct {
	name string
	new  func() hash.Hash
	size int // of the digest, where it is not the whole
}{
	{"HMAC-SHA1", sha1.New, sha1.Size},
	{"HMAC-SHA512", sha512.New, sha512.Size},
	{"HMAC-SHA384", sha512.New384, sha512.Size384},
	{"HMAC-SHA224", sha256.New224, sha256.Size224},
	{"HMAC-SHA512/256", sha512.New512_256, sha512.Size256},
	{"HMAC-MD5", md5.New, md5.Size},
	{"HMAC-SHA3-256", func() hash.Hash { return sha3.New256() }, 32},
	{"HMAC-SHA3-512", func() hash.Hash { return sha3.New512() }, 64},
	{"the first half of HMAC-SHA512", sha512.New, sha512.Size / 2},
}

// slowHash is how much slower the other algorithms are than SHA-256.
const slowHash = 3

func testAlgorithm(d *diagnosis) (string, bool) {
	for _, a := range algorithms {
		targets := d.ofSize(a.size)
		if len(targets) == 0 {
			continue
		}
		for _, key := range d.keys {
			if d.spent() {
				break
			}
			d.budget -= slowHash*len(d.request.Body) + hashCost
			mac := hmac.New(a.new, key)
			mac.Write(d.request.Body)
			if hit(targets, mac.Sum(nil)[:a.size]) {
				return fmt.Sprintf("It is signed with %s instead of HMAC-SHA256.", a.name), true
			}
		}
	}
	targets := d.allDigests()
	for _, key := range d.keys {
		if len(targets) == 0 || d.spent() {
			break
		}
		d.budget -= len(d.request.Body) + hashCost
		mac := hmac.New(sha256.New, d.request.Body)
		mac.Write(key)
		if hit(targets, mac.Sum(nil)) {
			return "It is an HMAC, but with secret and body in each other's place.", true
		}
	}
	return "", false
}

func testTruncatedDigest(d *diagnosis) (string, bool) {
	isPiece := func(s sighting) bool { return s.piece != "" }
	for _, key := range d.keys {
		if d.spent() || !slices.ContainsFunc(d.sightings, isPiece) {
			break
		}
		if text, ok := d.truncatedFrom(d.sum(key, d.request.Body)); ok {
			return text, true
		}
	}
	return "", false
}

// truncatedFrom looks for the beginning or the end of sum in the signature's own
// headers.
func (d *diagnosis) truncatedFrom(sum []byte) (string, bool) {
	for _, s := range d.sightings {
		if s.piece == "" {
			continue
		}
		for _, whole := range []string{hex.EncodeToString(sum), base64.StdEncoding.EncodeToString(sum)} {
			switch n := len(s.piece); {
			case n >= len(whole):
			case hmac.Equal([]byte(whole[:n]), []byte(s.piece)):
				return fmt.Sprintf("The signature is the first %d of %d characters of the right one.", n, len(whole)), true
			case hmac.Equal([]byte(whole[len(whole)-n:]), []byte(s.piece)):
				return fmt.Sprintf("The signature is the last %d of %d characters of the right one.", n, len(whole)), true
			}
		}
	}
	return "", false
}

func testUnkeyed(d *diagnosis) (string, bool) {
	targets := d.allDigests()
	if len(targets) == 0 {
		return d.otherPlainHash()
	}
	plain := func(parts ...[]byte) bool {
		h := sha256.New()
		for _, p := range parts {
			d.budget -= len(p) + hashCost
			h.Write(p)
		}
		return hit(targets, h.Sum(nil))
	}
	body := d.request.Body
	if plain(body) {
		return "It is the plain SHA-256 of the body: anybody can make that, no secret is in it.", true
	}
	for _, key := range d.keys {
		if d.spent() {
			break
		}
		for _, between := range []string{"", ".", ":", "\n"} {
			if plain(key, []byte(between), body) || plain(body, []byte(between), key) {
				return "It is SHA-256 of secret and body one after the other, and not an HMAC.", true
			}
		}
		if plain(key, body, key) {
			return "It is SHA-256 of secret, body and secret one after the other, and not an HMAC.", true
		}
		if plain(key) {
			return "It is SHA-256 of the secret alone: the same for every delivery.", true
		}
	}
	if hit(targets, d.sum(nil, body)) {
		return "It is an HMAC with an empty secret: anybody can make that. The sender's secret is not set.", true
	}
	return d.otherPlainHash()
}

// otherPlainHash tries the lengths that SHA-256 does not have.
func (d *diagnosis) otherPlainHash() (string, bool) {
	for _, a := range algorithms {
		targets := d.ofSize(a.size)
		if a.size == sha256.Size || len(targets) == 0 {
			continue
		}
		body := d.request.Body
		inputs := [][2][]byte{{body, nil}}
		for _, key := range d.keys {
			inputs = append(inputs, [2][]byte{key, body}, [2][]byte{body, key})
		}
		for _, in := range inputs {
			if d.spent() {
				return "", false
			}
			d.budget -= slowHash*(len(in[0])+len(in[1])) + hashCost
			h := a.new()
			h.Write(in[0])
			h.Write(in[1])
			if hit(targets, h.Sum(nil)) {
				return fmt.Sprintf("It is a plain %s of the body, or of secret and body, and not an HMAC.", strings.TrimPrefix(a.name, "HMAC-")), true
			}
		}
	}
	return "", false
}

// ofSize is every digest of that length that came with the delivery.
func (d *diagnosis) ofSize(n int) [][]byte {
	var all [][]byte
	for _, s := range d.sightings {
		if len(s.mac) == n {
			all = append(all, s.mac)
		}
	}
	return all
}

// testTooLong tries the beginnings of the body that were likely signed.
func testTooLong(d *diagnosis) (string, bool) {
	if len(d.targets) == 0 {
		return "", false
	}
	body := d.request.Body
	lengths := []int{1024, 2048, 4096, 8192, 16384, 32768, 65535, 65536}
	if n, err := strconv.Atoi(strings.TrimSpace(d.request.Header.Get("Content-Length"))); err == nil && n > 0 {
		lengths = append(lengths, n)
	}
	if n := firstJSON(body); n > 0 {
		lengths = append(lengths, n)
	}
	framed := d.request.Framed
	lengths = append(lengths, len(framed))
	slices.Sort(lengths)
	lengths = slices.DeleteFunc(slices.Compact(lengths), func(n int) bool { return n == 0 || n >= len(body) })
	for _, key := range d.keys {
		if d.spent() {
			break
		}
		if n := d.signedLength(key, body, lengths); n > 0 {
			return fmt.Sprintf("Only the first %d of the capture's %d bytes were signed.", n, len(body)), true
		}
		if len(framed) > len(body) && d.signedLength(key, framed, []int{len(framed)}) > 0 {
			return fmt.Sprintf("The %d bytes that Content-Length says were signed, and the capture goes on behind them; it was read only up to a request in them.", len(framed)), true
		}
	}
	return "", false
}

// signedLength is that of the lengths, which are in ascending order, up to
// which body was signed with key; 0 if none is.
func (d *diagnosis) signedLength(key, body []byte, lengths []int) int {
	before, after, err := d.provider.Scheme.Around(d.timestamp)
	if err != nil {
		return 0
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(before))
	done := 0
	for _, n := range lengths {
		mac.Write(body[done:n])
		d.budget -= n - done + hashCost
		done = n
		cloner, ok := mac.(hash.Cloner)
		if !ok {
			return 0
		}
		end, err := cloner.Clone()
		if err != nil {
			return 0
		}
		end.Write([]byte(after))
		if d.hits(end.Sum(nil)) {
			return n
		}
	}
	return 0
}

// testNotASecret recognises what people paste in place of a secret.
func testNotASecret(d *diagnosis) (string, bool) {
	for _, c := range d.candidates {
		what := notASecret(c)
		for i := range d.known.Others {
			if what == "" {
				what = standsFor(c, &d.known.Others[i])
			}
		}
		if what != "" {
			return fmt.Sprintf("What is used as the secret looks like %s.", what), true
		}
	}
	return "", false
}

// standsFor reports whether c is what another webhook is named or recognised
// by.
func standsFor(c Candidate, other *Candidate) string {
	s := strings.TrimFunc(c.Secret.Reveal(), invisible)
	fingerprint := other.Secret.Fingerprint()
	switch s {
	case "":
		return ""
	case other.ID, other.Provider + "/" + other.ID:
		return "the id of a webhook"
	case other.Name:
		return "the name of a webhook"
	case fingerprint, strings.TrimPrefix(fingerprint, "sha256:"):
		return "the fingerprint of a webhook's secret"
	}
	return ""
}

// Words that stand for a secret: by themselves, or with whatever follows. They
// are joined, since people write your-secret, YOUR_SECRET and yourSecret.
var (
	placeholders      = []string{"secret", "secretkey", "webhooksecret", "signingsecret", "hooksecret", "example", "examplesecret", "todo", "tbd", "none", "null", "nil", "undefined", "true", "false", "objectobject", "elided", "hidden", "masked"}
	placeholderStarts = []string{"your", "changeme", "changethis", "replaceme", "replacewith", "placeholder", "redacted", "insert", "xxxx", "pastehere", "secrethere", "secretgoeshere"}
)

// notSecrets is how what is not a webhook's secret begins, and what that is.
var notSecrets = []struct{ start, what string }{
	{"$", "the name of a variable that was not expanded"},
	{"process.env", "the name of a variable that was not expanded"},
	{"os.environ", "the name of a variable that was not expanded"},
	{"os.getenv", "the name of a variable that was not expanded"},
	{"env.", "the name of a variable that was not expanded"},
	{"env[", "the name of a variable that was not expanded"},
	{"{{", "a placeholder"},
	{"http://", "a URL"},
	{"https://", "a URL"},
	{"op://", "a reference to a secret, not the secret"},
	{"vault:", "a reference to a secret, not the secret"},
	{"arn:", "a reference to a secret, not the secret"},
	{"/run/secrets/", "the path of a file"},
	{"./", "the path of a file"},
	{"../", "the path of a file"},
	{"~/", "the path of a file"},
	{"-----begin", "a key file"},
	{"eyj", "a token (JWT)"},
	{"zdk_", "a developer secret, which authenticates requests and signs nothing"},
	{"sk_live_", "an API key"},
	{"sk_test_", "an API key"},
	{"pk_live_", "an API key"},
	{"pk_test_", "an API key"},
	{"wt_live_", "an API key"},
	{"ghp_", "an API key"},
	{"xoxb-", "an API key"},
}

func notASecret(c Candidate) string {
	s := strings.TrimFunc(c.Secret.Reveal(), invisible)
	bare := strings.Trim(s, `"'`)
	low := strings.ToLower(bare)
	switch {
	case c.ID != "" && (s == c.ID || s == c.Provider+"/"+c.ID):
		return "the webhook's id"
	case fingerprintShape(low):
		return "a fingerprint, which is shown in its place"
	case strings.HasPrefix(s, "%") && strings.HasSuffix(s, "%") && len(s) > 2, variableShape(bare):
		return "the name of a variable that was not expanded"
	case strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">"):
		return "a placeholder"
	case masked(s):
		return "a masked value, as programs show it in place of a secret"
	case uuidShape(low[strings.LastIndex(low, "/")+1:]):
		return "an id"
	}
	for _, n := range notSecrets {
		if strings.HasPrefix(low, n.start) {
			return n.what
		}
	}
	const longest = 40 // of a placeholder
	if text := joined(low); len(low) <= longest && (slices.Contains(placeholders, text) ||
		slices.ContainsFunc(placeholderStarts, func(start string) bool { return strings.HasPrefix(text, start) })) {
		return "a placeholder"
	}
	return ""
}

// joined drops what people put between words, and brackets.
func joined(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_ .[](){}<>", r) {
			return -1
		}
		return r
	}, s)
}

// masked reports whether all of s, or all but its last characters, is hidden.
func masked(s string) bool {
	const shown = 4
	hidden := len(s) - len(strings.TrimLeft(s, "*\u2022\u25cf."))
	return hidden == len(s) || hidden >= 3 && len(s)-hidden <= shown
}

// variableShape is WEBHOOK_SECRET: capitals with underscores between them.
func variableShape(s string) bool {
	return strings.Contains(s, "_") && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" && strings.Trim(s, "_") == s
}

// fingerprintShape is "sha256:" and 8 hexadecimal digits, or all 64.
func fingerprintShape(s string) bool {
	digits, ok := strings.CutPrefix(s, "sha256:")
	return ok && (len(digits) == 8 || len(digits) == 64) && strings.Trim(digits, "0123456789abcdef") == ""
}

// uuidShape is 8-4-4-4-12; providers' ids are not always hexadecimal.
func uuidShape(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 5 {
		return false
	}
	for i, n := range []int{8, 4, 4, 4, 12} {
		if len(parts[i]) != n || strings.Trim(parts[i], "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return true
}

// testCutOff looks for signs that the end of the body is missing.
func testCutOff(d *diagnosis) (string, bool) {
	body := d.request.Body
	if n, err := strconv.Atoi(strings.TrimSpace(d.request.Header.Get("Content-Length"))); err == nil && n > len(body) {
		return fmt.Sprintf("Content-Length says %d bytes, the capture has %d.", n, len(body)), true
	}
	if unfinishedJSON(body) {
		return fmt.Sprintf("The captured body ends after %d bytes in the middle of its JSON.", len(body)), true
	}
	if n := len(body); n >= 1024 && n%1024 == 0 && !jsonShaped(body) {
		return fmt.Sprintf("The captured body has exactly %d bytes: a round size, where buffers and logs end.", n), true
	}
	return "", false
}

// testDecompressed looks at what the sender said of the body.
func testDecompressed(d *diagnosis) (string, bool) {
	for _, v := range d.request.Header.Values("Content-Encoding") {
		v = strings.ToLower(strings.TrimSpace(v))
		if slices.Contains([]string{"gzip", "x-gzip", "deflate", "br", "zstd", "compress"}, v) && !looksCompressed(d.request.Body) {
			return fmt.Sprintf("Content-Encoding says that the body was sent as %s, and the capture is plain: if the compressed bytes were signed, they are gone.", term.Clip(v, mostQuoted)), true
		}
	}
	return "", false
}

// testStillCompressed recognises what cannot be decompressed here.
func testStillCompressed(d *diagnosis) (string, bool) {
	for _, v := range d.request.Header.Values("Content-Encoding") {
		v = strings.ToLower(strings.TrimSpace(v))
		if (v == "br" || v == "zstd" || v == "compress") && !utf8.Valid(d.request.Body) {
			return fmt.Sprintf("Content-Encoding says that the body is compressed as %s, and it is no text: what was signed may be what is in it.", v), true
		}
	}
	return "", false
}

func testReplaced(d *diagnosis) (string, bool) {
	return "", bytes.Contains(d.request.Body, []byte("\ufffd"))
}

// testRewritten recognises what programs make of JSON that is none any more: no
// sender writes it.
func testRewritten(d *diagnosis) (string, bool) {
	text := bytes.TrimSpace(d.request.Body)
	made := ""
	begins := func(start string) bool { return bytes.HasPrefix(text, []byte(start)) }
	switch {
	case string(text) == "[object Object]":
		return `The captured body is "[object Object]", which JavaScript makes of an object: the signed text is gone.`, true
	case begins("{'"), begins("[{'"):
		made = "Python prints of an object"
	case begins("map["):
		made = "Go prints of an object"
	case begins(`{"`) && bytes.Contains(text, []byte(`"=>`)):
		made = "Ruby prints of an object"
	case begins("{") && d.names(text, "%s: '") && !json.Valid(text):
		made = "Node prints of an object"
	case !jsonShaped(text) && d.names(text, "\n%s: "):
		made = "YAML makes of an object"
	}
	return fmt.Sprintf("The captured body is what %s, and not JSON.", made), made != ""
}

// names reports whether text has the type of the event in this form.
func (d *diagnosis) names(text []byte, form string) bool {
	return bytes.Contains(text, fmt.Appendf(nil, form, d.provider.Envelope.Type))
}

// testSorted: what the order of the members was can seldom be found out, and
// hardly any program sends them sorted.
func testSorted(d *diagnosis) (string, bool) {
	return "", d.reason == signature.Mismatch && namesSorted(d.document(d.request.Body).list)
}

// testSortedLines is for jq -S and the like. A layout alone is no sign: which
// one it was can be found out.
func testSortedLines(d *diagnosis) (string, bool) {
	_, sorted := testSorted(d)
	return "", sorted && hasLines(d.document(d.request.Body).list)
}

// guess says what the body looks like where nothing was proven. It is no cause:
// a body that is laid out may have been sent so.
func (d *diagnosis) guess() string {
	list := d.document(d.request.Body).list
	switch {
	case hasLines(list):
		return " The captured JSON is laid out for people: if a viewer, a logger or jq did that, the signed bytes are gone."
	case slices.ContainsFunc(list, roundedNumber):
		return " The captured JSON has a number that looks rounded to a float64: if a program parsed it, the signed digits are gone."
	}
	return ""
}

// roundedNumber recognises whole numbers with more digits than a float64 keeps.
func roundedNumber(t token) bool {
	const exact = 17
	text := strings.TrimLeft(string(t.text), "-")
	return t.kind == 0 && (whole(t.text) && len(text) > exact && strings.HasSuffix(text, "000") || len(text) > exact && strings.Contains(text, "e+"))
}
