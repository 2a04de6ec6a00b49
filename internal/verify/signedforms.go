package verify

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/signature"
)

// others tries the secrets that are kept and were not asked for.
func (d *diagnosis) others(retired bool) (string, bool) {
	if len(d.targets) == 0 {
		return "", false
	}
	for i := range d.engine.o.Others {
		c := &d.engine.o.Others[i]
		if c.outdated() != retired || !c.fits(d.provider.Name) || d.spent() {
			continue
		}
		if key, err := d.provider.Scheme.Key(c.Secret); err == nil && d.matchKey(key, d.failure.body) {
			return c.whose(), true
		}
	}
	return "", false
}

// outdated reports whether a match with c is one with an older secret.
func (c *Candidate) outdated() bool { return c.Retired || c.Older }

// fits reports whether c is a secret of the provider, or may be.
func (c *Candidate) fits(provider string) bool { return c.Provider == "" || c.Provider == provider }

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
		if text, ok := d.digestElsewhere(d.sum(key, d.failure.body)); ok {
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
			return fmt.Sprintf("The right signature is in %s, not in %s.%s", clip(s.header),
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
			return " A proxy puts " + clip(header[:len(prefix)]) + " before the name."
		}
	}
	return ""
}

// testTimestamp tries a time, and an id, before the body.
func testTimestamp(d *diagnosis) (string, bool) {
	body := d.failure.body
	event := d.provider.Envelope.Event(body)
	times := []string{d.timestamp, event.Time}
	ids := []string{"", event.ID}
	for _, f := range d.failure.header {
		name := strings.ToLower(f.Name)
		switch {
		case strings.Contains(name, "time") || name == "date":
			times = append(times, strings.TrimSpace(f.Value))
		case strings.Contains(name, "signature"):
			times = append(times, labelled(f.Value, "t"))
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
					in := append([]byte(form.before), body...)
					if hit(targets, d.sum(key, append(in, form.after...))) {
						return fmt.Sprintf("What was signed is not the body alone but %s.", form.name), true
					}
				}
			}
		}
	}
	return "", false
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
}{
	{"HMAC-SHA1", sha1.New},
	{"HMAC-SHA512", sha512.New},
	{"HMAC-SHA384", sha512.New384},
	{"HMAC-SHA224", sha256.New224},
	{"HMAC-SHA512/256", sha512.New512_256},
	{"HMAC-MD5", md5.New},
}

func testAlgorithm(d *diagnosis) (string, bool) {
	for _, a := range algorithms {
		targets := d.ofSize(a.new().Size())
		if len(targets) == 0 {
			continue
		}
		for _, key := range d.keys {
			if d.spent() {
				break
			}
			d.budget -= 2*len(d.failure.body) + hashCost
			mac := hmac.New(a.new, key)
			mac.Write(d.failure.body)
			if hit(targets, mac.Sum(nil)) {
				return fmt.Sprintf("It is signed with %s instead of HMAC-SHA256.", a.name), true
			}
		}
	}
	return "", false
}

func testTruncatedDigest(d *diagnosis) (string, bool) {
	for _, key := range d.keys {
		if d.spent() {
			break
		}
		if text, ok := d.truncatedFrom(d.sum(key, d.failure.body)); ok {
			return text, true
		}
	}
	return "", false
}

// truncatedFrom looks for the beginning of sum in the signature's own headers.
func (d *diagnosis) truncatedFrom(sum []byte) (string, bool) {
	for _, s := range d.sightings {
		if s.official && len(s.mac) >= minDigest && len(s.mac) < sha256.Size && hmac.Equal(sum[:len(s.mac)], s.mac) {
			return fmt.Sprintf("The signature is the first %d of %d bytes of the right one.", len(s.mac), sha256.Size), true
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
	body := d.failure.body
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
	}
	return d.otherPlainHash()
}

// otherPlainHash tries the lengths that SHA-256 does not have.
func (d *diagnosis) otherPlainHash() (string, bool) {
	for _, a := range algorithms {
		targets := d.ofSize(a.new().Size())
		if a.new().Size() == sha256.Size || len(targets) == 0 {
			continue
		}
		inputs := [][]byte{d.failure.body}
		for _, key := range d.keys {
			inputs = append(inputs, append(key[:len(key):len(key)], d.failure.body...), append(d.failure.body[:len(d.failure.body):len(d.failure.body)], key...))
		}
		for _, in := range inputs {
			if d.spent() {
				return "", false
			}
			d.budget -= 2*len(in) + hashCost
			h := a.new()
			h.Write(in)
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
	body := d.failure.body
	lengths := []int{1024, 2048, 4096, 8192, 16384, 32768, 65535, 65536}
	if n, err := strconv.Atoi(strings.TrimSpace(d.failure.header.Get("Content-Length"))); err == nil && n > 0 {
		lengths = append([]int{n}, lengths...)
	}
	for _, n := range lengths {
		if n < len(body) && !d.spent() && d.match(body[:n]) {
			return fmt.Sprintf("Only the first %d of the capture's %d bytes were signed.", n, len(body)), true
		}
	}
	return "", false
}

// testNotASecret recognises what people paste in place of a secret.
func testNotASecret(d *diagnosis) (string, bool) {
	for _, c := range d.candidates {
		if what := notASecret(c); what != "" {
			return fmt.Sprintf("What is used as the secret looks like %s.", what), true
		}
	}
	return "", false
}

var placeholders = []string{"your_secret", "your-secret", "yoursecret", "changeme", "change-me", "change_me", "placeholder", "redacted", "example", "xxxx", "****", "secret"}

func notASecret(c Candidate) string {
	s := strings.TrimFunc(c.Secret.Reveal(), invisible)
	low := strings.ToLower(strings.Trim(s, `"'`))
	switch {
	case s == c.ID && c.ID != "":
		return "the webhook's id"
	case fingerprintShape(low):
		return "a fingerprint, which is shown in its place"
	case strings.HasPrefix(s, "$"), strings.HasPrefix(s, "%") && strings.HasSuffix(s, "%") && len(s) > 2:
		return "the name of a variable that was not expanded"
	case strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">"), strings.HasPrefix(s, "{{"):
		return "a placeholder"
	case strings.Trim(s, "*.•") == "":
		return "a masked value, as programs show it in place of a secret"
	case uuidShape(low):
		return "an id"
	case strings.HasPrefix(low, "http://"), strings.HasPrefix(low, "https://"):
		return "a URL"
	case strings.HasPrefix(low, "-----begin"):
		return "a key file"
	}
	for _, p := range placeholders {
		if len(low) < 40 && strings.HasPrefix(low, p) {
			return "a placeholder"
		}
	}
	return ""
}

// fingerprintShape is "sha256:" and 8 hexadecimal digits.
func fingerprintShape(s string) bool {
	digits, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(digits) == 8 && strings.Trim(digits, "0123456789abcdef") == ""
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
	body := d.failure.body
	if n, err := strconv.Atoi(strings.TrimSpace(d.failure.header.Get("Content-Length"))); err == nil && n > len(body) {
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
	for _, v := range d.failure.header.Values("Content-Encoding") {
		v = strings.ToLower(strings.TrimSpace(v))
		if v != "" && v != "identity" && !looksCompressed(d.failure.body) {
			return fmt.Sprintf("Content-Encoding says that the body was sent as %s, and the capture is plain: if the compressed bytes were signed, they are gone.", clip(v)), true
		}
	}
	return "", false
}

func testReplaced(d *diagnosis) (string, bool) {
	return "", strings.Contains(string(d.failure.body), "\ufffd")
}

// testLaidOut recognises JSON with line breaks between its tokens.
func testLaidOut(d *diagnosis) (string, bool) {
	list, _ := tokens(d.failure.body)
	for _, t := range list {
		if strings.ContainsRune(string(t.gap), '\n') && t.kind != '{' {
			return "", true
		}
	}
	return "", false
}

// testRewritten recognises what programs make of JSON and no sender writes.
func testRewritten(d *diagnosis) (string, bool) {
	text := strings.TrimSpace(string(d.failure.body))
	switch {
	case text == "[object Object]":
		return `The captured body is "[object Object]", which JavaScript makes of an object: the signed text is gone.`, true
	case strings.HasPrefix(text, "{'"), strings.HasPrefix(text, "[{'"):
		return "The captured body is what Python prints of an object, and not JSON.", true
	case strings.HasPrefix(text, "map["):
		return "The captured body is what Go prints of an object, and not JSON.", true
	case strings.HasPrefix(text, `{"`) && strings.Contains(text, `"=>`):
		return "The captured body is what Ruby prints of an object, and not JSON.", true
	}
	if list, _ := tokens(d.failure.body); namesSorted(list) {
		return "The names in the captured JSON are in alphabetical order, as a program sorts them: the order in which they were sent is lost.", true
	}
	return "", false
}
