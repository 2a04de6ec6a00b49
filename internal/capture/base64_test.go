package capture

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
)

// agreeBase64 compares with the standard library, but for line ends, which it
// passes over.
func agreeBase64(t *testing.T, text []byte) {
	t.Helper()
	want, err := base64.StdEncoding.DecodeString(string(text))
	ok := err == nil && !bytes.ContainsAny(text, "\r\n")
	dst := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, got := pairs().decode(dst, text)
	if got != ok || ok && !bytes.Equal(dst[:n], want) {
		t.Fatalf("%q: %v %x, want %v %x", text, got, dst[:n], ok, want)
	}
	if dst = dst[:len(want):len(want)]; ok { // no more room than it takes
		if n, got := pairs().decode(dst, text); !got || !bytes.Equal(dst[:n], want) {
			t.Fatalf("%q: %v %x, want %x", text, got, dst[:n], want)
		}
	}
}

func TestBase64(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for n := range 300 {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		text := []byte(base64.StdEncoding.EncodeToString(raw))
		agreeBase64(t, text)
		if len(text) == 0 {
			continue
		}
		for range 20 { // one character wrong
			bad := bytes.Clone(text)
			bad[r.IntN(len(bad))] = byte(r.Uint32())
			agreeBase64(t, bad)
		}
		agreeBase64(t, text[:len(text)-1])
		agreeBase64(t, append(bytes.Clone(text), '='))
	}
	for _, text := range []string{"", "=", "==", "====", "e30=", "e30", "e3=0", "e30=e30=", "-_-_-_-_-_-_", "AAAA\nAAAA", "AAAAAAAAAAA\n", strings.Repeat("A", 15) + "\r"} {
		agreeBase64(t, []byte(text))
	}
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("e30="))
	f.Add([]byte("QUJDREVGR0hJSktMTU5PUA=="))
	f.Fuzz(func(t *testing.T, text []byte) { agreeBase64(t, text) })
}

func BenchmarkBase64(b *testing.B) {
	text := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(`{"id":1,`), 128)))
	dst := make([]byte, len(text))
	for name, decode := range map[string]func(){
		"pairs":   func() { pairs().decode(dst, text) },
		"library": func() { _, _ = base64.StdEncoding.Decode(dst, text) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(1024)
			for b.Loop() {
				decode()
			}
		})
	}
}
