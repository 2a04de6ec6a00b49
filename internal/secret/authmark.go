package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// AuthMark recognises the authentication data that a webhook was given. A
// provider never tells that data again, and it is not kept here either: a mark
// is an HMAC of it under a random key of its own, so that two marks of the same
// data have nothing in common.
type AuthMark struct {
	Key string `json:"key"` // random, hex
	MAC string `json:"mac"` // HMAC-SHA256 of type and data under Key, hex
}

// NewAuthMark marks data of the type kind.
func NewAuthMark(kind string, data Value) *AuthMark {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails, as documented
	return &AuthMark{Key: hex.EncodeToString(key), MAC: hex.EncodeToString(authMAC(key, kind, data))}
}

// Fits reports whether m marks exactly this type and data.
func (m *AuthMark) Fits(kind string, data Value) bool {
	key, kerr := hex.DecodeString(m.Key)
	mac, merr := hex.DecodeString(m.MAC)
	return kerr == nil && merr == nil && hmac.Equal(mac, authMAC(key, kind, data))
}

func authMAC(key []byte, kind string, data Value) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write(canonical(data))
	return h.Sum(nil)
}

// canonical writes an object with its members in the order of their names and
// no white space. What is no object stays as it is.
func canonical(data Value) []byte {
	raw := []byte(data.Reveal())
	members, err := jsontext.Object(raw)
	if err != nil {
		return raw
	}
	values := make(map[string]any, len(members))
	for name, member := range members {
		var v any
		d := json.NewDecoder(bytes.NewReader(member))
		d.UseNumber()
		if d.Decode(&v) != nil {
			return raw
		}
		values[name] = v
	}
	text, err := json.Marshal(values)
	if err != nil {
		return raw
	}
	return text
}

func decodeAuthMark(o *objectReader) *AuthMark {
	inner := o.object("auth")
	if inner == nil {
		return nil
	}
	inner.require("key", "mac")
	return &AuthMark{Key: inner.text("key"), MAC: inner.text("mac")}
}
