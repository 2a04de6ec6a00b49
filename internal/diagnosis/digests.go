package diagnosis

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"html"
	"net/url"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/signature"
)

// digestCandidate is something in a header that may be a digest.
type digestCandidate struct {
	header     string
	mac        []byte
	piece      string // in place of mac: a part of a digest, as text
	official   bool   // in one of the scheme's headers, or given as the signature
	wellFormed bool   // as the scheme writes digests
	around     bool   // well-formed but for what stands around it: quotes, brackets, spaces
	cut        int    // in place of mac: how many digits are left of a digest that was cut off
}

// maxDigests bounds what is made of hostile headers: digests of them all, and
// spellings of a member, each of which is compared with those before it.
const maxDigests = 64

// findDigests collects everything in the headers that decodes to the length of a
// digest, or that may be a piece of one.
func findDigests(h capture.Header, scheme signature.Scheme, bare string) []digestCandidate {
	var all []digestCandidate
	add := func(header, value string, official bool) {
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		value = html.UnescapeString(value)
		if joined := strings.Join(strings.FieldsFunc(value, invisible), ""); joined != value && len(all) < maxDigests {
			all = memberDigests(all, scheme, header, joined, official) // a digest in groups, or on two lines
		}
		for _, member := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ';' || invisible(r) }) {
			if len(all) >= maxDigests {
				return
			}
			all = memberDigests(all, scheme, header, member, official)
		}
	}
	if bare != "" {
		add("--signature", bare, true)
	}
	for _, f := range h {
		official := isOfficial(scheme, f.Name)
		if bare == "" || !official {
			add(f.Name, f.Value, official)
		}
	}
	return all[:min(len(all), maxDigests)]
}

// isOfficial reports whether a header is one of the scheme's.
func isOfficial(scheme signature.Scheme, header string) bool {
	return slices.ContainsFunc(scheme.Headers, func(name string) bool { return recorded.SameName(name, header) })
}

// around is what programs and people put around a value: quotes and brackets.
const around = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb{}()[]<>\\"

// memberDigests decodes one member of a header line in every way that yields
// the length of a digest, and keeps what may be a piece of one.
func memberDigests(all []digestCandidate, scheme signature.Scheme, header, member string, official bool) []digestCandidate {
	untimed := scheme
	untimed.Template = "" // which may need a timestamp
	well := untimed.ClaimValue(member, nil, new(signature.Claim)) == signature.OK
	quoted := strings.ContainsAny(member, around)
	for _, form := range spellings(member) {
		near := well || quoted && scheme.ClaimValue(form, nil, new(signature.Claim)) == signature.OK
		for _, mac := range decodings(form) {
			if digestLength(len(mac)) {
				all = append(all, digestCandidate{header: header, mac: mac, official: official, around: near,
					wellFormed: well && len(mac) == sha256.Size && (len(form) == 64) != (scheme.DigestEncoding == signature.Base64)})
			}
		}
		if n := cutDigits(form); official && n > 0 {
			all = append(all, digestCandidate{header: header, cut: n, official: true})
		}
		if official && piece(form) != "" {
			all = append(all, digestCandidate{header: header, piece: piece(form), official: true})
		}
	}
	return all
}

// spellings is a member without what may stand around the digest: quotes,
// brackets, labels.
func spellings(member string) []string {
	all := []string{strings.Trim(member, `"'`)}
	add := func(form string) {
		if form != "" && len(all) < maxDigests && !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	for text := range strings.FieldsFuncSeq(member, func(r rune) bool { return strings.ContainsRune(around+"?&|", r) }) {
		add(text)
		add(afterLabel(text))
		bare := strings.TrimRight(text, "=")
		add(text[strings.LastIndexAny(bare, "=:")+1:])
		if rest, ok := strings.CutPrefix(text, "sha256-"); ok {
			add(rest)
		}
		for _, between := range []string{":", "-"} {
			if pairs := strings.Split(text, between); len(pairs) == sha256.Size {
				add(strings.Join(pairs, "")) // aa:bb:cc
			}
		}
	}
	return all
}

// piece is text if it may be the beginning or the end of a digest, as logs cut
// them; else "".
func piece(text string) string {
	text = strings.TrimRight(text, ".*\u2026")
	if n := len(text); n < 2*minDigest || n >= hex.EncodedLen(sha256.Size) {
		return ""
	}
	if low := strings.ToLower(text); strings.Trim(low, "0123456789abcdef") == "" {
		return low
	}
	if strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789+/") == "" {
		return text
	}
	return ""
}

// cutDigits is how many hexadecimal digits are left of a digest where marks show that
// it was cut off, or their number does; 0 for anything else.
func cutDigits(text string) int {
	text = strings.ToLower(afterLabel(text))
	digits := strings.TrimLeft(text, "0123456789abcdef")
	n := len(text) - len(digits)
	marks := strings.TrimRight(digits, "0123456789abcdef")
	switch {
	case n >= 2*minDigest && digits == "" && n < hex.EncodedLen(sha256.Size) && !(n%2 == 0 && digestLength(n/2)):
		return n
	case n >= 4 && (strings.Trim(marks, "\u2026") == "" && marks != "" || strings.HasPrefix(marks, "..") && strings.Trim(marks, ".") == "" || strings.HasPrefix(marks, "**") && strings.Trim(marks, "*") == ""):
		return n + len(digits) - len(marks)
	}
	return 0
}

// afterLabel drops "sha256=", "v1=", "v1," and the like. The equals signs at the
// end of base64 are no label's.
func afterLabel(text string) string {
	if i := strings.IndexAny(strings.TrimRight(text, "="), "=:"); i >= 0 {
		return text[i+1:]
	}
	return strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
}

// minDigest is how short a shortened digest is recognised, in bytes.
const minDigest = 8

// decodings is what text is in hexadecimal digits, base64 and base32, and what that is if
// it was encoded twice.
func decodings(text string) [][]byte {
	out := decoding(text)
	for _, b := range slices.Clone(out) {
		out = append(out, decoding(afterLabel(strings.TrimSpace(string(b))))...)
	}
	return out
}

func decoding(text string) [][]byte {
	var out [][]byte
	if b, err := hex.DecodeString(text); err == nil {
		out = append(out, b)
	}
	bare := strings.TrimRight(text, "=")
	if b, err := jsontext.DecodeBase64([]byte(bare)); err == nil {
		out = append(out, b)
	}
	if b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(bare); err == nil && len(b) == sha256.Size {
		out = append(out, b)
	}
	return out
}

// digestLength accepts the digests of MD5 to SHA-512.
func digestLength(n int) bool {
	switch n {
	case 16, 20, 28, 32, 48, 64:
		return true
	}
	return false
}
