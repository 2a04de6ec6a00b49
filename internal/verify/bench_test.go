package verify

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
)

func bench(b *testing.B, o Options, in func() io.Reader, want int, emit func(*Chunk) error) {
	e, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	total := 0
	for b.Loop() {
		batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{Stdin: in(), SignatureHeaders: e.SignatureHeaders()})
		if err != nil {
			b.Fatal(err)
		}
		s, err := e.Run(context.Background(), batches, emit)
		if err != nil || s.Total != want {
			b.Fatalf("%+v, %v", s, err)
		}
		total += s.Total
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "deliveries/s")
}

// usual is n deliveries of 1 KiB as NDJSON, each bad-th of them invalid, and their
// bodies in base64.
func usual(tb testing.TB, n, bad int) (text string, bodies [][]byte) {
	r := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for i := range n {
		body := fmt.Sprintf(`{"id":"%032x","event_type":"contact.created","org_id":"o","data":{"x":"`, r.Uint64())
		body += strings.Repeat("y", 1024-len(body)-52) + `"},"delivered_at":"2026-05-17T14:30:01.000Z"}`
		key := wunderKey
		if i%bad == bad-1 {
			key = "wrong"
		}
		value := sign(tb, wunder, key, body)
		b.WriteString(record(tb, body, "X-Wunder-Signature", value, "X-Hook-Signature", value,
			"Content-Type", "application/json", "User-Agent", "WundertreOS-Webhooks/1.0", "Content-Length", "1024",
			"X-Wunder-Event", "contact.created", "X-Wunder-Delivery", body[7:39], "Host", "example.com"))
		bodies = append(bodies, base64.StdEncoding.AppendEncode(nil, []byte(body)))
	}
	return b.String(), bodies
}

// BenchmarkNDJSON is deliveries of 1 KiB, one in a hundred invalid, to NDJSON.
func BenchmarkNDJSON(b *testing.B) {
	const n = 200_000
	text, _ := usual(b, n, 100)
	o := options()
	o.Lines = true
	benchText(b, o, text, n)
}

func benchText(b *testing.B, o Options, all string, n int) {
	b.SetBytes(int64(len(all)))
	bench(b, o, func() io.Reader { return strings.NewReader(all) }, n, func(c *Chunk) error {
		_, err := io.Discard.Write(c.Lines)
		return err
	})
}

// BenchmarkRaw is one body of 256 MiB.
func BenchmarkRaw(b *testing.B) {
	const size = 256 << 20
	line := strings.Repeat("0123456789abcde\n", 1<<16)
	o := options()
	o.Signature = strings.Repeat("ab", 32)
	o.Providers, o.Candidates = o.Providers[1:], o.Candidates[1:]
	b.SetBytes(size)
	bench(b, o, func() io.Reader { return &endless{line: line, left: size / len(line)} }, 1, func(*Chunk) error { return nil })
}
