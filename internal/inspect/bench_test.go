package inspect

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/verify"
)

// BenchmarkPageOpen lets a listener with an open page and one without take turns, and
// reports the rate of the first by that of the second: the medians of all rounds.
//
//	go test ./internal/inspect -run - -bench . -benchtime 9x
func BenchmarkPageOpen(b *testing.B) {
	for _, durable := range []bool{true, false} {
		b.Run(fmt.Sprintf("durable=%v", durable), func(b *testing.B) {
			plain, open := startListener(b, durable, false), startListener(b, durable, true)
			var rates [2][]float64
			for range b.N {
				rates[0] = append(rates[0], load(b, plain))
				rates[1] = append(rates[1], load(b, open))
			}
			for _, r := range rates {
				slices.Sort(r)
			}
			b.ReportMetric(rates[1][b.N/2]/rates[0][b.N/2], "ratio")
			b.ReportMetric(rates[1][b.N/2], "deliveries/s")
		})
	}
}

// startListener runs a listener, with a page that somebody reads or without one.
func startListener(b *testing.B, durable, page bool) string {
	b.Helper()
	o := listen.Options{
		Providers:  []verify.Provider{{Name: "wundertreos", Scheme: scheme, Envelope: capture.Envelope{ID: "id", Type: "event_type"}}},
		Candidates: []verify.Candidate{{Provider: "wundertreos", ID: "w-1", Secret: secret.New(testSecret)}},
		Now:        time.Now, Requests: page,
	}
	report := func(d listen.Delivery) error {
		_, err := fmt.Fprintf(io.Discard, "%s %s %s %d\n", d.ReceivedAt.Format(time.TimeOnly), d.EventType, d.Reason, d.Status)
		return err
	}
	o.Report = report
	if page {
		s, _ := start(b, nil)
		c := newClient(b, s)
		ctx, cancel := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/events", nil)
		if err != nil {
			b.Fatal(err)
		}
		res, err := c.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, res.Body) // to the end of the benchmark
		}()
		b.Cleanup(func() {
			cancel()
			<-read
			_ = res.Body.Close()
		})
		o.Report = func(d listen.Delivery) error {
			s.Add(d)
			return report(d)
		}
	}
	if durable {
		a, err := listen.OpenArchive(nil, b.TempDir(), "deliveries.ndjson", 0, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = a.Close() })
		o.Kept = a
	}
	s, err := listen.New(o)
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, l)
		done <- err
	}()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return l.Addr().String()
}

// load sends deliveries of 1 KiB over 32 connections, and returns how many are answered
// in a second.
func load(b *testing.B, addr string) float64 {
	b.Helper()
	body := fmt.Sprintf(`{"id":"0d9f2b1c","event_type":"contact.created","data":{"pad":"%s"}}`, strings.Repeat("x", 1000))
	request := fmt.Appendf(nil, "POST /hook HTTP/1.1\r\nHost: hook.test\r\nContent-Length: %d\r\nX-Wunder-Signature: %s\r\n\r\n%s", len(body), sign([]byte(body))[0].Value, body)
	const connections, most = 32, 8000
	var next atomic.Int64
	errs := make(chan error, connections)
	begin := time.Now()
	for range connections {
		go func() {
			errs <- func() error {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					return err
				}
				defer c.Close()
				for r := bufio.NewReader(c); next.Add(1) <= most; {
					if _, err := c.Write(request); err != nil {
						return err
					}
					for first := true; ; first = false {
						line, err := r.ReadSlice('\n')
						if err != nil || first && !bytes.Contains(line, []byte(" 200 ")) {
							return fmt.Errorf("answered %q, %w", line, err)
						}
						if len(line) <= 2 {
							break
						}
					}
				}
				return nil
			}()
		}()
	}
	for range connections {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
	return most / time.Since(begin).Seconds()
}
