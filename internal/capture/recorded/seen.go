package recorded

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// DigestDigits is the length of HMAC-SHA256 in hexadecimal.
const DigestDigits = 64

// NearName is how many bytes may be between a signature header's name and the
// digest, for both to be a signature that is seen.
const NearName = 64

// Seen is a signature that stands somewhere in a capture.
type Seen struct {
	At     int    // of its first digit
	Digest string // in lower case
}

// SignaturesIn calls f for each signature that stands in b, until f returns
// false: "sha256=" and 64 hexadecimal digits, or such digits within 64 bytes of
// a signature header's name. A name alone is none.
func SignaturesIn(b []byte, names []string, f func(Seen) bool) {
	digestsIn(b, func(from, to int) bool {
		return !labelled(b, from, to, names) || f(Seen{from, digestAt(b, from)})
	})
}

// Digests are what can be a signature in b, whatever it is said to be, in lower case.
func Digests(b []byte) map[string]bool {
	all := map[string]bool{}
	digestsIn(b, func(from, _ int) bool {
		all[digestAt(b, from)] = true
		return true
	})
	return all
}

func digestAt(b []byte, from int) string {
	var lower [DigestDigits]byte
	for i := range lower {
		lower[i] = b[from+i] | 0x20 // a digit has that bit
	}
	return string(lower[:])
}

// digestsIn calls f for each 64 or more hexadecimal digits in a row, until it returns
// false.
func digestsIn(b []byte, f func(from, to int) bool) {
	// Such digits have one at each multiple of 64 that they span, and another 32 before
	// or behind it, so most of b need not be looked at.
	const half = DigestDigits / 2
	for i := DigestDigits - 1; i < len(b); {
		if !IsHex(b[i]) || !IsHex(b[i-half]) && (i+half >= len(b) || !IsHex(b[i+half])) {
			i += DigestDigits
			continue
		}
		from, to := i, i
		for from > 0 && IsHex(b[from-1]) {
			from--
		}
		for to < len(b) && IsHex(b[to]) {
			to++
		}
		if to-from >= DigestDigits && !f(from, to) {
			return
		}
		i = to + DigestDigits - 1
	}
}

// SignaturesOf calls f for each signature that header fields carry, whatever their
// names.
func SignaturesOf(h Header, names []string, f func(Seen)) {
	for _, field := range h {
		if max(len(field.Name), len(field.Value)) < DigestDigits {
			continue
		}
		name := field.Name[max(0, len(field.Name)-NearName):] // what is near enough
		SignaturesIn([]byte(name+": "+field.Value), append(names[:len(names):len(names)], name), func(s Seen) bool {
			f(s)
			return true
		})
	}
}

// SignatureIn says where a signature stands in a body; empty where none does. It is
// of interest where there is none among the headers.
func SignatureIn(body []byte, names []string) string {
	s, ok := FirstSeen(body, names)
	if !ok {
		return ""
	}
	return fmt.Sprintf("there is a signature in the body, at its byte %d: a signature counts only in the headers", s.At+1)
}

func FirstSeen(b []byte, names []string) (first Seen, ok bool) {
	SignaturesIn(b, names, func(s Seen) bool {
		first, ok = s, true
		return false
	})
	return first, ok
}

// EndsInSignature reports whether b ends with a part of a signature.
func EndsInSignature(b []byte, names []string) bool {
	from := len(b)
	for from > 0 && len(b)-from < DigestDigits && IsHex(b[from-1]) {
		from--
	}
	return len(b)-from < DigestDigits && (from < len(b) || bytes.HasSuffix(b, []byte("="))) && labelled(b, from, len(b), names)
}

// labelled reports whether the digits are said to be a signature.
func labelled(b []byte, from, to int, names []string) bool {
	const label = "sha256="
	if from >= len(label) && SameName(string(b[from-len(label):from]), label) {
		return true
	}
	for _, name := range names {
		before := b[max(0, from-NearName-len(name)):from]
		after := b[to:min(len(b), to+NearName+len(name))]
		if containsName(before, name) || containsName(after, name) {
			return true
		}
	}
	return false
}

// containsName looks for a header's name in any case, with - and _ alike, as
// environments and logs write it.
func containsName(b []byte, name string) bool {
	spelling := func(s string) string { return strings.ReplaceAll(FoldName(s), "_", "-") }
	return name != "" && strings.Contains(spelling(string(b)), spelling(name))
}

func IsHex(c byte) bool {
	return c-'0' <= 9 || c|0x20-'a' <= 5
}

// Key is the beginning of the digest.
func (s Seen) Key() uint64 {
	key, _ := strconv.ParseUint(s.Digest[:16], 16, 64)
	return key
}
