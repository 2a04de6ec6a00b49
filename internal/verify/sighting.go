package verify

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/hookctl/hookctl/internal/signature"
)

// sightMember decodes one member of a header line in every way that yields
// the length of a digest.
func sightMember(all []sighting, scheme signature.Scheme, header, member string, official bool) []sighting {
	var c signature.Claim
	well := scheme.ClaimValue(member, nil, &c) == signature.OK || scheme.Template != "" && looksWell(scheme, member)
	text := strings.Trim(member, `"'`)
	for _, form := range []string{text, afterLabel(text)} {
		for _, mac := range decodings(form) {
			if !digestLength(len(mac), official) {
				continue
			}
			all = append(all, sighting{header: header, mac: mac, official: official,
				wellFormed: well && len(mac) == 32 && (len(form) == 64) != (scheme.DigestEncoding == signature.Base64)})
		}
		if form == afterLabel(text) {
			break
		}
	}
	return all
}

// looksWell reads a member without the timestamp that the template may need.
func looksWell(scheme signature.Scheme, member string) bool {
	scheme.Template = ""
	var c signature.Claim
	return scheme.ClaimValue(member, nil, &c) == signature.OK
}

// afterLabel drops "sha256=", "v1=", "v1," and the like. The equals signs at the
// end of base64 are no label's.
func afterLabel(text string) string {
	if i := strings.IndexAny(strings.TrimRight(text, "="), "=:"); i >= 0 {
		return text[i+1:]
	}
	return strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
}

// minDigest is how short a shortened digest is recognised.
const minDigest = 8

func decodings(text string) [][]byte {
	var out [][]byte
	if strings.Contains(text, "%") {
		if plain, err := url.PathUnescape(text); err == nil {
			text = plain
		}
	}
	if b, err := hex.DecodeString(text); err == nil && len(b) > 0 {
		out = append(out, b)
	}
	bare := strings.TrimRight(text, "=")
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(bare); err == nil && len(b) > 0 {
			out = append(out, b)
			if inner, err := hex.DecodeString(string(b)); err == nil && len(inner) > 0 {
				out = append(out, inner) // base64 of the hexadecimal text
			}
			break
		}
	}
	return out
}

// digestLength accepts the digests of MD5 to SHA-512 everywhere; in the
// signature's own header the beginning of one too.
func digestLength(n int, official bool) bool {
	switch n {
	case 16, 20, 28, 32, 48, 64:
		return true
	}
	return official && n >= minDigest && n < 32
}
