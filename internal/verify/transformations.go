package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"iter"
	"strconv"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/signature"
)

// causeUnknown is the public name for a failure that nothing explains.
const causeUnknown = "unknown"

// Transformations that the search itself needs too.
var (
	digestEncoding = transformation{
		cause:       "digest-encoding",
		explanation: "The signature is right, but written in another encoding than the scheme's.",
		fix:         "Set --digest-encoding, or send the digest as the scheme says.",
	}
	wrongHeader = transformation{
		cause:       "wrong-header",
		explanation: "The signature is right, but in another header than the scheme's.",
		fix:         "Name it with --signature-header, and see which proxy or framework renames headers.",
		test:        testWrongHeader,
	}
)

// transformations is THE list, the likeliest first: the first that matches is
// the answer.
var transformations = []transformation{
	{
		cause:       "trailing-newline",
		explanation: "The capture ends with a newline that was not signed.",
		fix:         "Store the body without it: printf instead of echo, curl --data-binary instead of --data, an editor that adds no final newline.",
		bodies:      withoutNewline, paired: true,
	},
	{
		cause:       "missing-newline",
		explanation: "The signed body ended with a newline that the capture has lost.",
		fix:         "Store the body as raw bytes; $(...) in a shell, and functions named trim or strip, take newlines off.",
		bodies:      withNewline, paired: true,
	},
	{
		cause:       "secret-whitespace",
		explanation: "The secret has white space or invisible characters around it that do not belong to it.",
		fix:         "Store the secret again without them; a newline from echo is the usual one.",
		keys:        keyWhitespace, paired: true,
	},
	{
		cause:       "secret-quoted",
		explanation: "The secret is wrapped: in quotes, or as NAME=value.",
		fix:         "Store only what is inside; many tools take the quotes of a .env file literally.",
		keys:        keyQuoted, paired: true,
	},
	{
		cause:       "secret-encoding",
		explanation: "It matches with the secret in another encoding: decoded from hex or base64, or in the other case.",
		fix:         "Use the secret as the provider's scheme says (--key-encoding); both documented samples take the text itself.",
		keys:        keyEncoding, paired: true,
	},
	{
		cause:       "secret-prefix",
		explanation: "It matches with a prefix such as whsec_ or sha256= taken off the secret, or put before it.",
		fix:         "Store the secret exactly as the provider showed it.",
		keys:        keyPrefix, paired: true,
	},
	{
		cause:       "other-webhook",
		explanation: "It is signed with the secret of another webhook.",
		fix:         "Verify with that webhook (--webhook), or look at which URL it delivers to.",
		test:        func(d *diagnosis) (string, bool) { return d.others(false) },
	},
	{
		cause:       "older-secret",
		explanation: "It is signed with an older secret: of a webhook that was replaced or deleted.",
		fix:         "Retries of old deliveries come for up to 19 hours; leave out --webhook to accept every kept secret, or update the sender.",
		test:        func(d *diagnosis) (string, bool) { return d.others(true) },
	},
	{
		cause:       "crlf",
		explanation: "The line ends were changed between CRLF and LF.",
		fix:         "Store captures as binary: `*.http -text` in .gitattributes, binary mode in FTP, no Windows editor.",
		bodies:      lineEnds, paired: true,
	},
	{
		cause:       "bom",
		explanation: "A byte order mark was put before the body, or taken off it.",
		fix:         "Save captures as plain UTF-8, without a BOM.",
		bodies:      byteOrderMark, paired: true,
	},
	{
		cause:       "whitespace",
		explanation: "The body matches without the white space at its beginning or end.",
		fix:         "Store the body exactly as it came.",
		bodies:      trimmed, paired: true,
	},
	{
		cause:       "json-pretty-printed",
		explanation: "The captured JSON is pretty-printed; the signed body was not.",
		fix:         "Keep the request's raw bytes; a viewer, a logger or jq laid the JSON out anew.",
		bodies:      jsonUnpretty, paired: true,
	},
	{
		cause:       "json-reserialised",
		explanation: "The captured JSON was parsed and written again: its spacing, key order or numbers differ from what was signed.",
		fix:         "Verify the raw bytes before any JSON parser sees them, e.g. express.raw() or request.get_data().",
		bodies:      jsonReserialised, paired: true,
	},
	{
		cause:       "json-escaping",
		explanation: `The captured JSON has other escapes than the signed body: \/, \u00e9, \u003c or their plain forms.`,
		fix:         "Verify the raw bytes before any JSON parser sees them: equal JSON is not the same bytes.",
		bodies:      jsonEscaping, paired: true,
	},
	{
		cause:       "base64-body",
		explanation: "The body is base64 of what was signed, or the other way round.",
		fix:         `Decode it first; in a record put base64 into "body_base64" and not into "body".`,
		bodies:      base64Body,
	},
	wrongHeader,
	{
		cause:       "timestamp-prefixed",
		explanation: "What was signed is not the body alone: a timestamp is part of it.",
		fix:         "Set --signed-template, e.g. '{timestamp}.{body}'.",
		test:        testTimestamp,
	},
	{
		cause:       "algorithm",
		explanation: "It is signed with another algorithm than HMAC-SHA256.",
		fix:         "Make the sender use HMAC-SHA256; only that is verified.",
		test:        testAlgorithm,
	},
	{
		cause:       "digest-truncated",
		explanation: "The signature is the beginning of the right one: the rest is missing.",
		fix:         "Look for a log or a column that cuts values; a shortened digest is never accepted.",
		test:        testTruncatedDigest,
	},
	{
		cause:       "unkeyed-hash",
		explanation: "It is a plain hash of body, or of body and secret, and not an HMAC.",
		fix:         "Use an HMAC function: hmac.new(secret, body, sha256), not sha256(secret + body).",
		test:        testUnkeyed,
	},
	{
		cause:       "secret-is-not-a-secret",
		explanation: "It is signed with the webhook's id instead of its secret.",
		fix:         "Sign with the secret that the provider showed once, at creation.",
		keys:        keyID,
	},
	{
		cause:       "truncated",
		explanation: "The capture goes on after what was signed.",
		fix:         "Cut the capture where the body ends; Content-Length says how long it is.",
		test:        testTooLong,
	},
	{
		cause:       "secret-is-not-a-secret",
		explanation: "What is used as the secret does not look like one.",
		fix:         "Use the secret that the provider showed once, at creation; if it is lost, `hookctl rotate` makes a new one.",
		test:        testNotASecret, hint: true,
	},
	{
		cause:       "truncated",
		explanation: "The captured body is cut off.",
		fix:         "Capture it again in full: log lines and single reads often end at 1024, 4096 or 8192 bytes.",
		test:        testCutOff, hint: true,
	},
}

// each makes a sequence of the given texts, leaving out those equal to the
// original.
func each(original []byte, texts ...[]byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, t := range texts {
			if !bytes.Equal(t, original) && !yield(t) {
				return
			}
		}
	}
}

func withoutNewline(b []byte) iter.Seq[[]byte] {
	all := bytes.TrimRight(b, "\r\n")
	one := bytes.TrimSuffix(b, []byte("\n"))
	return each(b, one, bytes.TrimSuffix(one, []byte("\r")), all)
}

func withNewline(b []byte) iter.Seq[[]byte] {
	return each(b, append(bytes.Clone(b), '\n'), append(bytes.Clone(b), '\r', '\n'))
}

func lineEnds(b []byte) iter.Seq[[]byte] {
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return each(b)
	}
	lf := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return each(b, lf, bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")),
		bytes.TrimRight(lf, "\n"), bytes.ReplaceAll(b, []byte("\r"), []byte("\n")))
}

func byteOrderMark(b []byte) iter.Seq[[]byte] {
	bom := []byte("\xef\xbb\xbf")
	bare := bytes.TrimPrefix(b, bom)
	return each(b, bare, append(bom, b...), bytes.TrimRight(bare, "\r\n"))
}

func trimmed(b []byte) iter.Seq[[]byte] {
	return each(b, bytes.TrimSpace(b), bytes.TrimLeft(b, " \t\r\n"), bytes.TrimRight(b, " \t\r\n"),
		bytes.Trim(b, " \t\r\n\x00"))
}

func base64Body(b []byte) iter.Seq[[]byte] {
	text := bytes.TrimSpace(b)
	text = bytes.Trim(text, `"`)
	bare := strings.TrimRight(string(text), "=")
	return func(yield func([]byte) bool) {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if out, err := enc.DecodeString(bare); err == nil && len(out) > 0 {
				if !yield(out) {
					return
				}
				break
			}
		}
		yield(base64.StdEncoding.AppendEncode(nil, b))
	}
}

// keyTexts makes keys of a candidate's secret.
func keyTexts(original string, texts ...string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, t := range texts {
			if t != original && t != "" && !yield([]byte(t)) {
				return
			}
		}
	}
}

func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == 0 }

func keyWhitespace(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	clean := strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
	return keyTexts(s, strings.TrimFunc(s, invisible), strings.TrimRight(s, "\r\n"), clean, s+"\n", s+"\r\n", s+" ")
}

func keyQuoted(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	inner := strings.TrimFunc(s, invisible)
	if name, value, ok := strings.Cut(inner, "="); ok && value != "" && !strings.ContainsAny(name, "+/") {
		inner = strings.TrimFunc(value, invisible)
	}
	bare := strings.Trim(inner, "\"'`")
	return keyTexts(s, bare, inner, `"`+s+`"`, "'"+s+"'")
}

func keyEncoding(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	t := strings.TrimFunc(s, invisible)
	return func(yield func([]byte) bool) {
		if b, err := hex.DecodeString(t); err == nil && !yield(b) {
			return
		}
		bare := strings.TrimRight(t, "=")
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if b, err := enc.DecodeString(bare); err == nil && !yield(b) {
				return
			}
		}
		for _, other := range []string{s, strings.ToLower(s), strings.ToUpper(s),
			hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(s))} {
			if !yield([]byte(other)) {
				return
			}
		}
	}
}

func keyPrefix(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	return func(yield func([]byte) bool) {
		for _, p := range []string{"sha256=", "whsec_", "Bearer ", "hmac-sha256=", "sha256:"} {
			if len(s) > len(p) && strings.EqualFold(s[:len(p)], p) {
				rest := s[len(p):]
				if !yield([]byte(rest)) {
					return
				}
				if b, err := base64.StdEncoding.DecodeString(rest); err == nil && !yield(b) {
					return
				}
			}
		}
		for _, p := range []string{"whsec_", "sha256="} {
			if !yield([]byte(p + s)) {
				return
			}
		}
	}
}

func keyID(c Candidate) iter.Seq[[]byte] {
	return keyTexts(c.Secret.Reveal(), c.ID, c.Name, c.Secret.Fingerprint(), strings.TrimPrefix(c.Secret.Fingerprint(), "sha256:"))
}

// others tries the secrets that are kept and were not asked for.
func (d *diagnosis) others(retired bool) (string, bool) {
	if len(d.targets) == 0 {
		return "", false
	}
	for i := range d.engine.o.Others {
		c := &d.engine.o.Others[i]
		if c.Retired != retired || c.Provider != "" && c.Provider != d.provider.Name || d.spent() {
			continue
		}
		key, err := d.provider.Scheme.Key(c.Secret)
		if err != nil || !d.matchKey(key, d.failure.body) {
			continue
		}
		if retired {
			return fmt.Sprintf("It is signed with an older secret: %s, a webhook that was replaced or deleted.", c.title()), true
		}
		return fmt.Sprintf("It is signed with the secret of another webhook: %s.", c.title()), true
	}
	return "", false
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
	if d.failure.reason == signature.NoSignature {
		return "", false // they are the targets already
	}
	for _, s := range d.sightings {
		if s.official || len(s.mac) != sha256.Size {
			continue
		}
		for _, key := range d.keys {
			if d.spent() {
				break
			}
			if hmac.Equal(d.sum(key, d.failure.body), s.mac) {
				return fmt.Sprintf("The right signature is in %s, not in %s.", clip(s.header), strings.Join(d.provider.Scheme.Headers, " or ")), true
			}
		}
	}
	return "", false
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
		var targets [][]byte
		for _, s := range d.sightings {
			if len(s.mac) == a.new().Size() {
				targets = append(targets, s.mac)
			}
		}
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
		var sum []byte
		for _, s := range d.sightings {
			if !s.official || len(s.mac) >= sha256.Size || len(s.mac) < 8 {
				continue
			}
			if sum == nil {
				sum = d.sum(key, d.failure.body)
			}
			if hmac.Equal(sum[:len(s.mac)], s.mac) {
				return fmt.Sprintf("The signature is the first %d of %d bytes of the right one.", len(s.mac), sha256.Size), true
			}
		}
	}
	return "", false
}

func testUnkeyed(d *diagnosis) (string, bool) {
	targets := d.allDigests()
	if len(targets) == 0 {
		return "", false
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
		if plain(key, body) || plain(body, key) || plain(key, []byte("."), body) {
			return "It is SHA-256 of secret and body one after the other, and not an HMAC.", true
		}
	}
	return "", false
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
	return "", false
}
