package capture

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/jsontext"
)

// agreeBase64 compares with the standard library, but for line ends, which it
// passes over.
func agreeBase64(t *testing.T, text []byte) {
	t.Helper()
	want, err := base64.StdEncoding.DecodeString(string(text))
	ok := err == nil && !bytes.ContainsAny(text, "\r\n")
	dst := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, got := decodeBase64(dst, text)
	if got != ok || ok && !bytes.Equal(dst[:n], want) {
		t.Fatalf("%q: %v %x, want %v %x", text, got, dst[:n], ok, want)
	}
	if dst = dst[:len(want):len(want)]; ok { // no more room than it takes
		if n, got := decodeBase64(dst, text); !got || !bytes.Equal(dst[:n], want) {
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

// What is no base64 to its end is as it was, for the strict path to read.
func TestBase64InPlace(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 59, 3070, 3071, 3072, 3073, 3074, 6145} {
		text := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("\x00\xff{"), 3000)[:n]))
		for at := 0; at < len(text); at += max(1, len(text)/500) {
			bad := slices.Clip(bytes.Clone(text))
			bad[at] = '*'
			before := string(bad)
			if _, ok := decodeInPlace(bad); ok || string(bad) != before {
				t.Errorf("%s: %v, then %s", before, ok, bad)
			}
		}
		if got, ok := decodeInPlace(slices.Clip(text)); !ok || len(got) != n || cap(got) != n || n > 0 && &got[0] != &text[0] {
			t.Errorf("%d bytes: %v, %d of them", n, ok, len(got))
		}
	}
}

// Line ends of any kind and place may stand in what is decoded piece by piece.
func TestBase64InLines(t *testing.T) {
	want := strings.Repeat("0123456789abcdef", 1000)
	text := base64.StdEncoding.EncodeToString([]byte(want))
	for _, end := range []string{"\n", "\r", "\r\n"} {
		var lines strings.Builder
		for at := 0; at < len(text); at += 76 {
			lines.WriteString(text[at:min(at+76, len(text))] + end)
		}
		for place, s := range map[string]string{"first": end + text, "last": text + end, "each": lines.String()} {
			if got, err := jsontext.DecodeBase64([]byte(s)); err != nil || string(got) != want {
				t.Errorf("%q, %s: %d bytes, want %d: %v", end, place, len(got), len(want), err)
			}
		}
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
		"simd":    func() { decodeBase64(dst, text) },
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
