package diagnosis

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// others tries the secrets that are kept and were not asked for.
func (d *diagnosis) others(retired bool) (string, bool) {
	for c, key := range d.provider.fitting(d.known.others()) {
		if c.outdated() == retired && d.matchKey(key, d.request.Body) {
			d.other = c
			return c.whose(), true
		}
	}
	return "", false
}

// testOtherBody tries the bodies that stand beside the one that was judged.
func testOtherBody(d *diagnosis) (string, bool) {
	return "", slices.ContainsFunc(d.request.Others, func(body []byte) bool { return !d.budget.spent() && d.match(body) })
}

// testWrongHeader tries digests that stand in other headers.
func testWrongHeader(d *diagnosis) (string, bool) {
	if d.reason == signature.NoSignature || otherHeaders(d.digests, d.provider.Scheme) == "" {
		return "", false // they are the targets already, or there are none
	}
	for _, key := range d.keys {
		if text, ok := d.digestElsewhere(d.sum(key, d.request.Body)); ok {
			return text, true
		}
	}
	return "", false
}

// digestElsewhere looks for sum in other headers than the scheme's.
func (d *diagnosis) digestElsewhere(sum []byte) (string, bool) {
	for _, s := range d.digests {
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
			return " A proxy adds " + term.Clip(header[:len(prefix)], mostQuoted) + " in front of the name."
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
	for _, t := range slices.DeleteFunc(times, func(t string) bool { return t == "" }) {
		for _, id := range ids {
			fill := func(text string) []byte {
				return []byte(strings.ReplaceAll(strings.ReplaceAll(text, "{timestamp}", t), "{id}", id))
			}
			for _, form := range signedForms {
				before, after, _ := strings.Cut(form, "{body}")
				if (id != "") != strings.Contains(form, "{id}") {
					continue
				}
				parts := [][]byte{fill(before), body, fill(after)}
				for _, key := range d.keys {
					if d.budget.spent() {
						return "", false
					}
					if hit(targets, d.sum(key, parts...)) {
						return fmt.Sprintf("The signed text is not the body alone, but '%s'.", strings.ReplaceAll(form, "\n", `\n`)), true
					}
				}
			}
		}
	}
	return "", false
}

// signedForms are what is signed in other schemes.
var signedForms = []string{
	"{id}.{timestamp}.{body}",
	"{timestamp}.{body}",
	"{timestamp}{body}",
	"{timestamp}:{body}",
	"{timestamp}-{body}",
	"{timestamp}|{body}",
	"t={timestamp}.{body}",
	"v0:{timestamp}:{body}",
	"{timestamp}\n{body}",
	"{body}.{timestamp}",
	"{body}{timestamp}",
}

// epochShape reports whether s is a time in seconds or milliseconds since 1970.
func epochShape(s string) bool {
	return (len(s) == 10 || len(s) == 13) && strings.Trim(s, "0123456789") == ""
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
	for _, s := range d.digests {
		if s.official && len(s.mac) == sha256.Size {
			all = append(all, s.mac)
		}
	}
	return all
}

func hit(targets [][]byte, sum []byte) bool {
	return slices.ContainsFunc(targets, func(t []byte) bool { return hmac.Equal(t, sum) })
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
			sum := d.digest(slowHash, hmac.New(a.new, key), d.request.Body)
			if hit(targets, sum[:min(a.size, len(sum))]) {
				return fmt.Sprintf("The delivery is signed with %s instead of HMAC-SHA256.", a.name), true
			}
		}
	}
	targets := d.allDigests()
	if len(targets) == 0 {
		return "", false
	}
	swapped := hmac.New(sha256.New, d.request.Body)
	for _, key := range d.keys {
		swapped.Reset()
		if hit(targets, d.digest(1, swapped, key)) {
			return "The signature is an HMAC, but with the secret and the body swapped.", true
		}
	}
	return "", false
}

func testTruncatedDigest(d *diagnosis) (string, bool) {
	isPiece := func(s digestCandidate) bool { return s.piece != "" }
	for _, key := range d.keys {
		if !slices.ContainsFunc(d.digests, isPiece) {
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
	for _, s := range d.digests {
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
	plain := func(parts ...[]byte) bool { return hit(targets, d.digest(1, sha256.New(), parts...)) }
	body := d.request.Body
	if plain(body) {
		return "The signature is the plain SHA-256 of the body. It contains no secret: anybody can compute it.", true
	}
	for _, key := range d.keys {
		for _, between := range []string{"", ".", ":", "\n"} {
			if plain(key, []byte(between), body) || plain(body, []byte(between), key) {
				return "The signature is the SHA-256 of secret and body, one after the other, not an HMAC.", true
			}
		}
		if plain(key, body, key) {
			return "The signature is the SHA-256 of secret, body and secret, one after the other, not an HMAC.", true
		}
		if plain(key) {
			return "The signature is the SHA-256 of the secret alone: it is the same for every delivery.", true
		}
	}
	if hit(targets, d.sum(nil, body)) {
		return "The signature is an HMAC with an empty secret, which anybody can compute. The sender's secret is not set.", true
	}
	for _, word := range []string{"undefined", "null", "None", "nil"} {
		if hit(targets, d.sum([]byte(word), body)) {
			return "The signature is an HMAC with the secret " + word + ", which anybody can compute. The sender's secret is not set.", true
		}
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
			if hit(targets, d.digest(slowHash, a.new(), in[0], in[1])) {
				return fmt.Sprintf("The signature is a plain %s of the body, or of secret and body, not an HMAC.", strings.TrimPrefix(a.name, "HMAC-")), true
			}
		}
	}
	return "", false
}

// ofSize is every digest of that length that came with the delivery.
func (d *diagnosis) ofSize(n int) [][]byte {
	var all [][]byte
	for _, s := range d.digests {
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
	framed := d.request.Framed
	lengths = append(lengths, d.contentLength(), firstJSON(body), len(framed))
	slices.Sort(lengths)
	lengths = slices.DeleteFunc(slices.Compact(lengths), func(n int) bool {
		return n <= 0 || n >= len(body) || len(body)-n < mostQuoted && withoutEscapedEnd(string(body[n:])) == "" // escapes, see escapedBody
	})
	for _, key := range d.keys {
		if d.budget.spent() {
			break
		}
		if n := d.signedLength(key, body, lengths); n > 0 {
			return fmt.Sprintf("Only the first %d of the capture's %d bytes were signed.", n, len(body)), true
		}
		if len(framed) > len(body) && d.signedLength(key, framed, []int{len(framed)}) > 0 {
			return fmt.Sprintf("The first %d bytes were signed, as Content-Length says. The capture has a request inside them, and was read only up to it.", len(framed)), true
		}
	}
	return "", false
}

// signedLength is that of the lengths, which are in ascending order, up to
// which body was signed with key; 0 if none is.
func (d *diagnosis) signedLength(key, body []byte, lengths []int) int {
	mac := hmac.New(sha256.New, key)
	mac.Write(d.before)
	done := 0
	for _, n := range lengths {
		mac.Write(body[done:n])
		d.budget.left -= n - done + hashCost
		done = n
		if end := fork(mac); end != nil {
			end.Write(d.after)
			if d.hits(end.Sum(nil)) {
				return n
			}
		}
	}
	return 0
}

// fork is a hash of what h has hashed so far, and which goes on by itself; nil where it
// cannot.
func fork(h hash.Hash) hash.Hash {
	if c, ok := h.(hash.Cloner); ok {
		if end, err := c.Clone(); err == nil {
			return end
		}
	}
	return nil
}
