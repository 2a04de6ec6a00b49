package verify

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/norace"
)

// TestAllocations: a valid delivery of the usual shape costs no allocation of its own;
// what many share is less than a fifth for each. What a run costs besides is taken out
// by the difference of two.
func TestAllocations(t *testing.T) {
	norace.Only(t)
	const few, many = 500, 2500
	more := strings.Split(strings.Repeat("X-Proxy,10.1.2.3, ", 12), ",")[:24]
	for name, lineOf := range map[string]func(body, value string) string{
		"plain": func(body, value string) string {
			return record(t, body, "X-Wunder-Signature", value, "X-Hook-Signature", value)
		},
		"20 headers": func(body, value string) string {
			return record(t, body, append([]string{"X-Hook-Signature", value, "Host", "h", "User-Agent", "a", "Content-Type", "application/json",
				"Content-Length", "9", "Accept", "*/*", "X-Wunder-Event", "contact.created", "Via", "1.1 p"}, more...)...)
		},
		"as listen writes it": func(body, value string) string {
			r := capture.Record{Method: "POST", URL: "/h", Body: []byte(body), Header: map[string][]string{"X-Wunder-Signature": {value}, "X-Hook-Signature": {value}}}
			return string(append(capture.AppendRecord(nil, r), '\n'))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Lines, o.Workers = true, 1
			e, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			cost := func(n int) float64 {
				var text strings.Builder
				for i := range n {
					body := fmt.Sprintf(`{"id":"%032x","event_type":"contact.created","org_id":"o","data":{"x":%q},"delivered_at":"2026-05-17T14:30:01.000Z"}`, i, strings.Repeat("y", 900))
					text.WriteString(lineOf(body, sign(t, wunder, wunderKey, body)))
				}
				all := text.String()
				return testing.AllocsPerRun(3, func() {
					batches, err := capture.Read(context.Background(), []string{"-"}, capture.Options{Stdin: strings.NewReader(all), SignatureHeaders: e.SignatureHeaders()})
					if err != nil {
						t.Fatal(err)
					}
					s, err := e.Run(context.Background(), batches, func(c *Chunk) error { _, err := io.Discard.Write(c.Lines); return err })
					if err != nil || s.Valid != n {
						t.Fatalf("%+v, %v", s, err)
					}
				})
			}
			if each := (cost(many) - cost(few)) / (many - few); each >= 0.2 {
				t.Errorf("%.2f allocations for each delivery", each)
			}
		})
	}
}
