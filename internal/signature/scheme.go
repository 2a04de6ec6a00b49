package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/secret"
)

// The placeholders of [Scheme.Template].
const (
	bodyPlaceholder      = "{body}"
	timestampPlaceholder = "{timestamp}"
)

// Check reports what is wrong with the scheme itself, as an error of kind
// Usage: an encoding that does not exist, a template without exactly one
// {body}, a {timestamp} without a header to take it from, no header at all, or one
// with a name that none has.
func (s Scheme) Check() error {
	_, err := s.compile()
	return err
}

// layout is a compiled scheme: what surrounds the body in the signed input.
type layout struct {
	before, after string // may hold timestampPlaceholder
	timestamp     bool   // either does
}

func (s Scheme) compile() (layout, error) {
	switch s.KeyEncoding {
	case "", UTF8, Hex, Base64:
	default:
		return layout{}, fault.Usagef("key encoding %q is unknown", s.KeyEncoding).
			WithHint("use utf8, hex or base64")
	}
	switch s.DigestEncoding {
	case "", Hex, Base64:
	default:
		return layout{}, fault.Usagef("digest encoding %q is unknown", s.DigestEncoding).
			WithHint("use hex or base64")
	}
	if len(s.Headers) == 0 {
		return layout{}, fault.Usagef("the signature scheme has no header").
			WithHint("give one with --signature-header")
	}
	for _, name := range s.Headers {
		if name == "" || strings.ContainsFunc(name, notInName) {
			return layout{}, fault.Usagef("the signature header %q is not the name of a header", name).
				WithHint("give only its name, for instance: --signature-header X-Signature")
		}
	}
	template := s.Template
	if template == "" {
		template = bodyPlaceholder
	}
	if strings.Count(template, bodyPlaceholder) != 1 {
		return layout{}, fault.Usagef("the signed template %q must contain {body} exactly once", s.Template).
			WithHint("for example '{body}' or '{timestamp}.{body}'")
	}
	rest := strings.ReplaceAll(strings.ReplaceAll(template, bodyPlaceholder, ""), timestampPlaceholder, "")
	if strings.ContainsAny(rest, "{}") {
		return layout{}, fault.Usagef("the signed template %q contains an unknown placeholder", s.Template).
			WithHint("the placeholders are {body} and {timestamp}")
	}
	before, after, _ := strings.Cut(template, bodyPlaceholder)
	l := layout{before: before, after: after, timestamp: strings.Contains(template, timestampPlaceholder)}
	if l.timestamp && s.TimestampHeader == "" {
		return layout{}, fault.Usagef("the signed template %q needs a timestamp, and no header for it is set", s.Template).
			WithHint("name it with --timestamp-header")
	}
	return l, nil
}

// notInName reports whether no header's name may hold r (RFC 9110, 5.6.2).
func notInName(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// key makes the bytes that HMAC is keyed with. A secret that is empty, blank
// or holds a NUL is refused here, when the key is made and not when something
// is compared: an empty key would let anybody sign, and HMAC pads keys with
// NUL, so that "a" and "a\x00" would be the same secret.
func (s Scheme) key(v secret.Value) ([]byte, error) {
	text := v.Reveal()
	switch {
	case text == "":
		return nil, fault.Usagef("the secret is empty")
	case blank(text):
		return nil, fault.Usagef("the secret is blank: it is only white space")
	case strings.ContainsRune(text, 0):
		return nil, fault.Usagef("the secret contains a NUL byte")
	}
	var key []byte
	var err error
	switch s.KeyEncoding {
	case Hex:
		if key, err = hex.DecodeString(text); err != nil {
			return nil, fault.Usagef("the secret is not hexadecimal, but the key encoding is hex")
		}
	case Base64:
		if key, err = jsontext.DecodeBase64([]byte(text)); err != nil {
			return nil, fault.Usagef("the secret is not base64, but the key encoding is base64")
		}
	default:
		key = []byte(text)
	}
	for _, b := range key {
		if b != 0 {
			return key, nil
		}
	}
	return nil, fault.Usagef("the secret decodes to zero bytes only, which is the same as an empty key")
}

// CheckKey reports why v cannot be a key of the scheme, as an error of kind
// Usage that does not repeat it; nil if it can.
func (s Scheme) CheckKey(v secret.Value) error {
	_, err := s.key(v)
	return err
}

// blank reports whether text has no visible character.
func blank(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r)
	}) < 0
}

// Sign returns the header value for body: the prefix and the encoded digest.
// The timestamp is used only by templates that name one. Errors are of kind
// Usage: a scheme or a secret that cannot sign.
func (s Scheme) Sign(key secret.Value, timestamp string, body []byte) (string, error) {
	l, err := s.compile()
	if err != nil {
		return "", err
	}
	k, err := s.key(key)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(strings.ReplaceAll(l.before, timestampPlaceholder, timestamp)))
	mac.Write(body)
	mac.Write([]byte(strings.ReplaceAll(l.after, timestampPlaceholder, timestamp)))
	sum := mac.Sum(nil)
	if s.DigestEncoding == Base64 {
		return s.Prefix + base64.StdEncoding.EncodeToString(sum), nil
	}
	return s.Prefix + hex.EncodeToString(sum), nil
}

// Key is what HMAC is keyed with under the scheme; see [NewKeySet] for what is
// refused. It is for those who look for the cause of a failure: to verify, use
// a [KeySet].
func (s Scheme) Key(v secret.Value) ([]byte, error) { return s.key(v) }

// Input is what is signed: the template with body and timestamp put in.
func (s Scheme) Input(timestamp string, body []byte) ([]byte, error) {
	before, after, err := s.Around(timestamp)
	if err != nil || before == "" && after == "" {
		return body, err
	}
	return append(append([]byte(before), body...), after...), nil
}

// Around is what is signed before and after the body.
func (s Scheme) Around(timestamp string) (before, after string, err error) {
	l, err := s.compile()
	if err != nil {
		return "", "", err
	}
	return strings.ReplaceAll(l.before, timestampPlaceholder, timestamp), strings.ReplaceAll(l.after, timestampPlaceholder, timestamp), nil
}
