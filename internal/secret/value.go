package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// mask is what every formatter prints in place of a value.
const mask = "***"

// Value is text that fmt, encoding/json, YAML and log/slog cannot print:
// signing secrets, API keys, tokens, authentication data. [Value.Reveal] is
// the only way to the text, so that every use can be searched for. The text is
// held behind a pointer, since fmt would print a string in an unexported field
// of somebody else's struct. The zero Value is empty.
type Value struct{ p *string }

// New keeps text as it is: nothing is trimmed.
func New(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{p: &text}
}

// Reveal returns the text.
func (v Value) Reveal() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

// IsZero reports whether the value is empty.
func (v Value) IsZero() bool { return v.p == nil }

// Equal compares in constant time for texts of equal length.
func (v Value) Equal(w Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(w.Reveal())) == 1
}

// Fingerprint is "sha256:" and the first 8 hex digits of the text's SHA-256:
// enough to tell two secrets apart, too little to find one. Empty for an empty
// value.
func (v Value) Fingerprint() string {
	if v.p == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(*v.p))
	return fingerprintPrefix + hex.EncodeToString(sum[:4])
}

const fingerprintPrefix = "sha256:"

// isFingerprint reports whether s looks like one.
func isFingerprint(s string) bool {
	digits, ok := strings.CutPrefix(s, fingerprintPrefix)
	return ok && len(digits) == 8 && strings.Trim(digits, "0123456789abcdef") == ""
}

// String hides the text, as do all other formatting methods below.
func (v Value) String() string { return mask }

// GoString implements fmt.GoStringer.
func (v Value) GoString() string { return mask }

// Format implements fmt.Formatter for every verb.
func (v Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, mask) }

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (v Value) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalYAML implements yaml.Marshaler.
func (v Value) MarshalYAML() (any, error) { return mask, nil }

// LogValue implements slog.LogValuer.
func (v Value) LogValue() slog.Value { return slog.StringValue(mask) }

// FromJSON is the secret in a member of a provider's answer, as it stands there: a
// text that is not empty and that can be told (see [jsontext.Text]). The errors
// quote nothing of it.
func FromJSON(member []byte) (Value, error) {
	text, ok := jsontext.Text(member)
	switch {
	case len(member) == 0 || string(member) == "null":
		return Value{}, errors.New("it has no secret")
	case member[0] != '"':
		return Value{}, errors.New("its secret is not a string")
	case !ok:
		return Value{}, errors.New("its secret is not text")
	}
	if err := checkSecret(New(text)); err != nil {
		return Value{}, err
	}
	return New(text), nil
}

// checkSecret refuses what cannot be a secret. HMAC pads a key with zeros, so
// that one with a NUL byte at its end would have a twin.
func checkSecret(v Value) error {
	switch {
	case v.IsZero():
		return errors.New("the secret is empty")
	case strings.ContainsRune(v.Reveal(), 0):
		return errors.New("the secret contains a NUL byte")
	}
	return nil
}
