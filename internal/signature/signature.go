// Package signature signs and verifies webhook deliveries. How a provider
// signs is data, a [Scheme]; the key is an argument; the verdict is a
// [Reason], never a bare bool.
package signature

// Encoding is how a key or a digest is written as text.
type Encoding string

// The encodings.
const (
	UTF8   Encoding = "utf8"   // keys only: the text's own bytes
	Hex    Encoding = "hex"    // either case
	Base64 Encoding = "base64" // standard or URL alphabet, padded or not
)

// Scheme describes how a provider signs: HMAC-SHA256 over the exact body bytes.
type Scheme struct {
	Provider string
	// Headers carry the signature, the preferred one first. Where several are
	// present they must agree.
	Headers         []string
	KeyEncoding     Encoding // UTF8, Hex or Base64
	DigestEncoding  Encoding // Hex or Base64
	Prefix          string   // stripped if present, in any case: "sha256="
	Template        string   // what is signed: "{body}", or e.g. "{timestamp}.{body}"
	TimestampHeader string   // where {timestamp} comes from
	// Assumed are the parts that the provider does not document, by the names of
	// their settings.
	Assumed []string
}

// Reason is the outcome of verifying one delivery; its text is public.
type Reason string

// The reasons.
const (
	OK          Reason = "ok"
	Mismatch    Reason = "mismatch"
	NoSignature Reason = "no-signature"
	Malformed   Reason = "malformed-signature"
	Conflicting Reason = "conflicting-signatures"
	NoSecret    Reason = "no-secret"
	TooOld      Reason = "too-old"
	Unreadable  Reason = "unreadable"
)

// Verdict is the outcome of verifying one delivery against several keys.
type Verdict struct {
	Reason   Reason
	KeyIndex int // the key that matched, -1 if none
}
