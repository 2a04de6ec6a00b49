//go:build unix

package cli

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestListenTarget: a handler that is not there is said before the first delivery, once,
// and when it is back; one that ends is said when it does not answer. A command gets the
// time that it takes to start.
func TestListenTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep("w-1", "", "a secret")
	w.env.Sleep = func(ctx context.Context, _ time.Duration) error {
		time.Sleep(time.Millisecond)
		return ctx.Err()
	}
	addr := freeAddr(t)
	url := "http://" + addr + "/hook"
	l := startListen(t, w.env, "--forward-to", url)
	missing, back := "Until your handler runs", url+" accepts connections again.\n"
	header, body := signedDelivery(t, "a secret", "1", "contact.created")
	for round := 1; round <= 2; round++ {
		if round == 1 && (!strings.HasPrefix(l.errs.String(), "warning: "+url+" refuses connections. "+missing) || strings.Contains(l.errs.String(), back)) {
			t.Errorf("before the first delivery: %s", l.errs.String())
		}
		if status := l.post(header, body); status != 502 {
			t.Errorf("answered %d", status)
		}
		l.until(missing, round)
		at, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		app := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
		go func() { _ = app.Serve(at) }()
		l.until(back, round)
		if err := app.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if status := l.post(header, body); status != 502 {
		t.Errorf("answered %d", status)
	}
	l.until(missing, 3)
	l.stop()
	l.ended(0)
	// A connection that the closing handler had not taken yet is reset, not refused.
	if n := strings.Count(l.errs.String(), missing); n != 3 {
		t.Errorf("said %d times: %s", n, l.errs.String())
	}
}
