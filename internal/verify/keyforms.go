package verify

import (
	"encoding/base64"
	"encoding/hex"
	"iter"
	"net/url"
	"strings"
	"unicode"
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
	if name, value, ok := strings.Cut(inner, "="); ok && strings.Trim(value, "=") != "" && !strings.ContainsAny(name, "+/") {
		inner = strings.TrimFunc(value, invisible)
	} else if _, value, ok := strings.Cut(inner, ": "); ok {
		inner = strings.TrimFunc(value, invisible)
	}
	bare := strings.TrimFunc(strings.TrimFunc(inner, quote), invisible)
	return keyTexts(s, bare, inner, `"`+s+`"`, "'"+s+"'")
}

// quote reports whether r is a quotation mark, straight, typographic or the
// backslash before one.
func quote(r rune) bool { return strings.ContainsRune("\"'`\\\u2018\u2019\u201c\u201d", r) }

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
		others := []string{t, strings.ToLower(t), strings.ToUpper(t),
			hex.EncodeToString([]byte(t)), base64.StdEncoding.EncodeToString([]byte(t))}
		if text, err := url.QueryUnescape(t); err == nil {
			others = append(others, text, url.QueryEscape(t))
		}
		for _, other := range others {
			if other != s && !yield([]byte(other)) {
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
