package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// Header is where header values come from: [net/http.Header] and the header of
// a capture both are one. Values takes any case and returns every line of that
// name, in order; they are not looked at after the next call.
type Header interface {
	Values(name string) []string
}

// maxMembers bounds the signatures that are kept of one header line, so that a
// hostile line costs linear time. Rotation needs two.
const maxMembers = 256

type digest [sha256.Size]byte

// Claim is what a delivery says its signature is, decoded. The zero Claim is
// ready for [Scheme.Claim]; one claim can be filled again and again, so that
// its memory is reused.
type Claim struct {
	digests   []digest
	other     []digest
	timestamp string
}

// Has reports in constant time whether mac is one of the claimed digests.
func (c *Claim) Has(mac []byte) bool { return contains(c.digests, mac) }

// Timestamp is what stands for {timestamp} in the scheme's template.
func (c *Claim) Timestamp() string { return c.timestamp }

// Claim reads the signature headers of a delivery into c and reports [OK], or
// why there is nothing to compare with:
//
//   - [NoSignature]: none of the scheme's headers is there, or all are blank;
//   - [Malformed]: no header line has a well-formed member, or the timestamp
//     that the template needs is missing;
//   - [Conflicting]: several lines, of one header or of several, do not hold
//     the same signatures.
//
// A [Blank] line is an absent one: proxies and log formats write every header
// that they know of, and nothing for those that did not come.
//
// A line is a list of members separated by commas or white space; members that
// are not well-formed are ignored where another one is. A well-formed member
// is the scheme's prefix, in any case, or no prefix, and then exactly 64
// hexadecimal digits in either case (or base64 of exactly 32 bytes).
func (s Scheme) Claim(h Header, c *Claim) Reason {
	c.digests, c.timestamp = c.digests[:0], ""
	var first string
	lines, wellFormed, conflict := 0, false, false
	for _, name := range s.Headers {
		for _, line := range h.Values(name) {
			if Blank(line) {
				continue
			}
			lines++
			if lines == 1 {
				first = line
				c.digests = s.members(c.digests, line)
				wellFormed = len(c.digests) > 0
				continue
			}
			if line == first {
				continue
			}
			c.other = s.members(c.other[:0], line)
			wellFormed = wellFormed || len(c.other) > 0
			conflict = conflict || !sameSet(c.digests, c.other)
		}
	}
	switch {
	case lines == 0:
		return NoSignature
	case !wellFormed:
		return Malformed
	case conflict:
		return Conflicting
	}
	return s.timestampClaim(h, c)
}

func (s Scheme) timestampClaim(h Header, c *Claim) Reason {
	if !strings.Contains(s.Template, timestampPlaceholder) {
		return OK
	}
	for _, line := range h.Values(s.TimestampHeader) {
		if Blank(line) {
			continue
		}
		line = strings.Trim(line, " \t")
		if c.timestamp != "" && line != c.timestamp {
			return Conflicting
		}
		c.timestamp = line
	}
	if c.timestamp == "" {
		return Malformed
	}
	return OK
}

// ClaimValue is [Scheme.Claim] for a signature that was given by itself. The
// header is asked for nothing but the timestamp, and may be nil without one.
func (s Scheme) ClaimValue(value string, h Header, c *Claim) Reason {
	c.timestamp = ""
	if Blank(value) {
		c.digests = c.digests[:0]
		return NoSignature
	}
	if c.digests = s.members(c.digests[:0], value); len(c.digests) == 0 {
		return Malformed
	}
	if h == nil {
		h = noHeader{}
	}
	return s.timestampClaim(h, c)
}

type noHeader struct{}

func (noHeader) Values(string) []string { return nil }

// Present reports whether h has any of the scheme's headers.
func (s Scheme) Present(h Header) bool { return s.some(h, func(string) bool { return true }) }

// Signed reports whether h has any of the scheme's headers with something in
// it.
func (s Scheme) Signed(h Header) bool {
	return s.some(h, func(line string) bool { return !Blank(line) })
}

func (s Scheme) some(h Header, is func(line string) bool) bool {
	for _, name := range s.Headers {
		if slices.ContainsFunc(h.Values(name), is) {
			return true
		}
	}
	return false
}

// Blank reports whether a header line holds nothing but white space.
func Blank(line string) bool { return strings.TrimSpace(line) == "" }

// members appends the well-formed members of a header line.
func (s Scheme) members(to []digest, line string) []digest {
	for line != "" && len(to) < maxMembers {
		if d, rest, ok := s.hexMember(line); ok {
			to, line = append(to, d), rest
			continue
		}
		end := strings.IndexAny(line, separators)
		member := line
		if end < 0 {
			line = ""
		} else {
			member, line = line[:end], line[end+1:]
		}
		if member == "" {
			continue
		}
		var d digest
		if s.decode(&d, trimPrefixFold(member, s.Prefix)) {
			to = append(to, d)
		}
	}
	return to
}

// separators stand between the members of a header line.
const separators = ", \t\r\n"

// hexMember takes a well-formed hexadecimal member off the beginning of a line, as most
// lines have one, in one pass. Where it takes none, there may be one all the same.
func (s Scheme) hexMember(line string) (d digest, rest string, ok bool) {
	text := trimPrefixFold(line, s.Prefix)
	digits := hex.EncodedLen(len(d))
	if s.DigestEncoding == Base64 || len(text) < digits || !hexDigest(&d, text[:digits]) {
		return d, line, false
	}
	rest = text[digits:]
	ends := rest == "" || strings.IndexByte(separators, rest[0]) >= 0
	return d, rest, ends && !strings.ContainsAny(line[:len(line)-len(text)], separators)
}

// decode fills d from exactly as many characters as a digest has.
func (s Scheme) decode(d *digest, text string) bool {
	if s.DigestEncoding != Base64 {
		return len(text) == hex.EncodedLen(len(d)) && hexDigest(d, text)
	}
	bare := strings.TrimSuffix(text, "=")
	if len(bare) != base64.RawStdEncoding.EncodedLen(len(d)) {
		return false
	}
	b, err := jsontext.DecodeBase64([]byte(bare))
	return err == nil && copy(d[:], b) == len(d)
}

// hexDigest fills d from as many digits, in any case, as it has room for.
func hexDigest(d *digest, text string) bool {
	for i := range d {
		hi, lo := nibbles[text[2*i]], nibbles[text[2*i+1]]
		if hi == 0 || lo == 0 {
			return false
		}
		d[i] = (hi-1)<<4 | (lo - 1)
	}
	return true
}

// nibbles is one more than the value of a hexadecimal digit; 0 for what is none. Digits
// follow no pattern, so that a branch for each would be guessed wrong.
var nibbles = [256]byte{
	'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10,
	'a': 11, 'b': 12, 'c': 13, 'd': 14, 'e': 15, 'f': 16,
	'A': 11, 'B': 12, 'C': 13, 'D': 14, 'E': 15, 'F': 16,
}

// trimPrefixFold strips prefix in any case. ASCII only: Unicode folding would
// take "ſha256=" for "sha256=".
func trimPrefixFold(text, prefix string) string {
	if len(text) < len(prefix) {
		return text
	}
	for i := range len(prefix) {
		if lower(text[i]) != lower(prefix[i]) {
			return text
		}
	}
	return text[len(prefix):]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// sameSet reports whether each member of either list is in the other.
func sameSet(a, b []digest) bool { return subset(a, b) && subset(b, a) }

func subset(a, b []digest) bool {
	for i := range a {
		if !contains(b, a[i][:]) {
			return false
		}
	}
	return true
}

// contains compares every member in constant time.
func contains(list []digest, mac []byte) bool {
	found := false
	for i := range list {
		if hmac.Equal(list[i][:], mac) {
			found = true
		}
	}
	return found
}
