package diagnosis

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"iter"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/jsontext"
)

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

// invisible reports whether r is white space, a control for layout, or a
// variation selector, as word processors and emoji keyboards add them.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == 0 || r >= 0xfe00 && r <= 0xfe0f
}

func keyWhitespace(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	clean := strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
	literal := strings.TrimSuffix(strings.TrimSuffix(s, `\n`), `\r`) // written out, as in JSON
	return keyTexts(s, strings.TrimFunc(s, invisible), strings.TrimRight(s, "\r\n"), clean, literal, s+"\n", s+"\r\n", s+" ", " "+s)
}

func keyQuoted(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	inner := strings.TrimFunc(s, invisible)
	if name, value, ok := strings.Cut(inner, "="); ok && strings.Trim(value, "=") != "" && !strings.ContainsAny(name, "+/") {
		inner = strings.TrimFunc(value, invisible)
	} else if _, value, ok := strings.Cut(inner, ": "); ok {
		inner = strings.TrimFunc(value, invisible)
	}
	bare := strings.TrimFunc(strings.TrimFunc(inner, quote), invisible)
	return keyTexts(s, append([]string{bare, inner, `"` + s + `"`, "'" + s + "'"}, words(s)...)...)
}

// quote reports whether r is a quotation mark, straight, typographic or the
// backslash before one.
func quote(r rune) bool { return strings.ContainsRune("\"'`\\\u2018\u2019\u201c\u201d\u00ab\u00bb", r) }

const (
	minWord  = 16 // shorter ones are hardly secrets
	maxWords = 8
)

// words is what may be the secret in a text around it: a line of a .env file
// with its comment, JSON, a report.
func words(s string) []string {
	var all []string
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool {
		return invisible(r) || quote(r) || strings.ContainsRune("{}[]()<>,;:=#", r)
	}) {
		if len(word) >= minWord && len(all) < maxWords {
			all = append(all, word)
		}
	}
	return all
}

func keyEncoding(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	t := strings.TrimFunc(s, invisible)
	var texts []string
	digits, notHex := hex.DecodeString(t)
	if notHex == nil {
		texts = append(texts, string(digits))
	}
	if b, err := jsontext.DecodeBase64([]byte(t)); err == nil {
		texts = append(texts, string(b), strings.TrimSpace(string(b)), hex.EncodeToString(b))
	}
	if notHex == nil {
		texts = append(texts, base64.StdEncoding.EncodeToString(digits))
	}
	texts = append(texts, t, strings.ToLower(t), strings.ToUpper(t),
		hex.EncodeToString([]byte(t)), base64.StdEncoding.EncodeToString([]byte(t)),
		strings.NewReplacer("-", "", ":", "").Replace(t)) // grouped digits
	if text, err := url.QueryUnescape(t); err == nil {
		texts = append(texts, text, url.QueryEscape(t))
	}
	return keyTexts(s, texts...)
}

func keyPrefix(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	var texts []string
	for _, rest := range afterPrefix(s) {
		texts = append(texts, rest)
		if b, ok := decodeText([]byte(rest)); ok {
			texts = append(texts, string(b), hex.EncodeToString(b))
		}
	}
	return keyTexts(s, append(texts, "whsec_"+s, "sha256="+s)...)
}

// afterPrefix is what follows a prefix that is known, or that looks like one.
func afterPrefix(s string) []string {
	var rests []string
	for _, p := range []string{"sha256=", "bearer ", "hmac-sha256=", "0x"} {
		if strings.HasPrefix(strings.ToLower(s), p) {
			rests = append(rests, s[len(p):])
		}
	}
	for _, separator := range []string{"_", ":", "-"} {
		if _, rest, ok := strings.Cut(s, separator); ok {
			rests = append(rests, s[strings.LastIndex(s, separator)+1:], rest)
		}
	}
	return slices.Compact(rests)
}

// keyEnds is the secret with a character less or, of hexadecimal digits, one more at
// either end. An even number of digits is a whole secret.
func keyEnds(c Candidate) iter.Seq[[]byte] {
	s := c.Secret.Reveal()
	isHex := strings.Trim(s, hexDigits) == ""
	if len(s) < minWord || isHex && len(s)%2 == 0 {
		return none
	}
	texts := []string{s[:len(s)-1], s[1:]}
	if isHex {
		for _, digit := range hexDigits {
			texts = append(texts, s+string(digit), string(digit)+s)
		}
	}
	return keyTexts(s, texts...)
}

// keyID is what names a webhook, and what its secret is recognised by.
func keyID(c Candidate) iter.Seq[[]byte] {
	sum := sha256.Sum256([]byte(c.Secret.Reveal()))
	return keyTexts(c.Secret.Reveal(), hex.EncodeToString(sum[:]), c.ID, c.Provider+"/"+c.ID, c.Name, c.Secret.Fingerprint(), strings.TrimPrefix(c.Secret.Fingerprint(), "sha256:"))
}
