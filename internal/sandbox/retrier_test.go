package sandbox

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/provider"
)

// scriptedBox prepares deliveries whose attempts are answered as scripted: a
// status, 0 for no answer, -1 for a webhook that is gone.
type scriptedBox struct {
	provider.Sandbox
	answers [][]int
	waits   []time.Duration

	mu   sync.Mutex
	body []byte
}

func (b *scriptedBox) Prepare(event string, edit func([]byte) ([]byte, error)) ([]provider.Delivery, error) {
	if event == "no.such" {
		return nil, errors.New("no such event")
	}
	if edit != nil {
		b.body, _ = edit([]byte("body"))
	}
	var list []provider.Delivery
	for i, script := range b.answers {
		n := 0
		a := provider.Attempt{WebhookID: string(rune('a' + i)), EventID: "e", EventType: event, URL: "http://127.0.0.1/" + string(rune('a'+i))}
		list = append(list, provider.Delivery{
			Waits:  b.waits,
			Signed: func() provider.Attempt { return a },
			Try: func(context.Context) (provider.Attempt, bool) {
				b.mu.Lock()
				defer b.mu.Unlock()
				status := script[n]
				n++
				made := a
				switch status {
				case -1:
					return a, false
				case 0:
					made.Err = "refused"
				default:
					made.Status = status
				}
				return made, true
			},
		})
	}
	return list, nil
}

func sleepFor(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func newRetrier(t *testing.T, allow func(string) error) *retrier {
	return (&retrier{now: time.Now, sleep: sleepFor, allow: allow}).start(t.Context())
}

func TestRetrier(t *testing.T) {
	t.Parallel()
	driver := &provider.Driver{Name: "p"}
	const minute = time.Minute
	tests := []struct {
		name  string
		waits []time.Duration
		// script of the one webhook, and what is recorded: minute of the attempt,
		// its number, status, error, minute of the next one (-1: none)
		script []int
		want   [][5]any
	}{
		{"taken", []time.Duration{0, minute}, []int{204}, [][5]any{{0, 1, 204, "", -1}}},
		{"taken later", []time.Duration{0, minute, 5 * minute}, []int{500, 0, 200}, [][5]any{{0, 1, 500, "", 1}, {1, 2, 0, "refused", 6}, {6, 3, 200, "", -1}}},
		{"never taken", []time.Duration{0, minute, minute}, []int{500, 302, 199}, [][5]any{{0, 1, 500, "", 1}, {1, 2, 302, "", 2}, {2, 3, 199, "", -1}}},
		{"gone at once", []time.Duration{0, minute}, []int{-1}, [][5]any{{0, 0, 0, "not delivered: the webhook does not accept deliveries any more", -1}}},
		{"gone later", []time.Duration{0, minute, minute}, []int{500, -1}, [][5]any{{0, 1, 500, "", 1}, {1, 0, 0, "not delivered: the webhook does not accept deliveries any more", -1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				b := newRetrier(t, func(string) error { return nil })
				defer b.close()
				box := &scriptedBox{answers: [][]int{tt.script}, waits: tt.waits}
				first, err := b.emit(t.Context(), driver, box, "ev", nil)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				var want []LogEntry
				for _, w := range tt.want {
					e := LogEntry{
						Provider: "p", Time: start.Add(time.Duration(w[0].(int)) * minute), Number: w[1].(int), Of: len(tt.waits),
						Attempt: provider.Attempt{WebhookID: "a", EventID: "e", EventType: "ev", URL: "http://127.0.0.1/a", Status: w[2].(int), Err: w[3].(string)},
					}
					if next := w[4].(int); next >= 0 {
						e.Next = start.Add(time.Duration(next) * minute)
					}
					want = append(want, e)
				}
				if diff := cmp.Diff(want, b.entries()); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(want[:1], first); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestDelivered(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{0: false, 199: false, 200: true, 299: true, 300: false, 500: false} {
		if (LogEntry{Attempt: provider.Attempt{Status: status}}).Delivered() != want {
			t.Errorf("%d: %v", status, !want)
		}
	}
}

func TestRetrierRefuses(t *testing.T) {
	t.Parallel()
	b := newRetrier(t, func(u string) error {
		if u == "http://127.0.0.1/a" {
			return errors.New("not a loopback address")
		}
		return nil
	})
	defer b.close()
	box := &scriptedBox{answers: [][]int{{}, {200}}, waits: []time.Duration{0, time.Hour}}
	got, err := b.emit(t.Context(), &provider.Driver{}, box, "ev", func([]byte) ([]byte, error) { return []byte("edited"), nil })
	if err != nil || len(got) != 2 || string(box.body) != "edited" {
		t.Fatalf("%v, %v, %s", got, err, box.body)
	}
	if e := got[0]; e.Number != 0 || e.Delivered() || e.Err != "not delivered: not a loopback address" || !e.Next.IsZero() {
		t.Errorf("%+v", e)
	}
	if e := got[1]; e.Number != 1 || !e.Delivered() {
		t.Errorf("%+v", e)
	}
	if _, err := b.emit(t.Context(), &provider.Driver{}, box, "no.such", nil); err == nil {
		t.Error("an unknown event")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := b.emit(ctx, &provider.Driver{}, box, "ev", nil); len(got) != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", got, err)
	}
}

// Close ends what is under way, and nothing begins behind it.
func TestRetrierCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newRetrier(t, func(string) error { return nil })
		box := &scriptedBox{answers: [][]int{{500, 500}, {500, 500}}, waits: []time.Duration{0, time.Hour}}
		if _, err := b.emit(t.Context(), &provider.Driver{}, box, "ev", nil); err != nil {
			t.Fatal(err)
		}
		b.close()
		b.close()
		if _, err := b.emit(t.Context(), &provider.Driver{}, box, "ev", nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n := len(b.entries()); n != 4 {
			t.Errorf("%d attempts", n)
		}
	})
}

func TestRetrierLogIsBounded(t *testing.T) {
	t.Parallel()
	b := newRetrier(t, func(string) error { return nil })
	defer b.close()
	for i := range 10_100 {
		box := &scriptedBox{answers: [][]int{{200 + i%2}}, waits: []time.Duration{0}}
		if _, err := b.emit(t.Context(), &provider.Driver{}, box, "ev", nil); err != nil {
			t.Fatal(err)
		}
	}
	if log := b.entries(); len(log) != 10_000 || log[0].Status != 200 || log[9_999].Status != 201 {
		t.Errorf("%d entries", len(log))
	}
}

// A receiver that is down for long must not fill the memory.
func TestRetrierWaitingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newRetrier(t, func(string) error { return nil })
		defer b.close()
		emit := func() LogEntry {
			box := &scriptedBox{answers: [][]int{{500, 200}}, waits: []time.Duration{0, time.Hour}}
			got, err := b.emit(t.Context(), &provider.Driver{}, box, "ev", nil)
			if err != nil {
				t.Fatal(err)
			}
			return got[0]
		}
		for range 10_000 {
			if emit().Next.IsZero() {
				t.Fatal("not tried again")
			}
		}
		if e := emit(); !e.Next.IsZero() || e.Status != 500 {
			t.Errorf("%+v", e)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if emit().Next.IsZero() {
			t.Error("not tried again although nothing waits")
		}
	})
}
