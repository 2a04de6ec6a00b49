package sandbox

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider/all"
)

// options are those of a sandbox of all providers.
func options() Options {
	return Options{
		Drivers: all.Drivers(), Addr: "127.0.0.1:0", Speed: 1,
		Now:   func() time.Time { return time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC) },
		Sleep: sleepFor,
		Warn:  func(string) {},
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	tests := []struct {
		addr string
		host string
		port int
		ok   bool
	}{
		{"127.0.0.1:0", "127.0.0.1", 0, true},
		{"127.1.2.3:8080", "127.1.2.3", 8080, true},
		{"[::1]:0", "::1", 0, true},
		{"localhost:65535", "localhost", 65535, true},
		{"", "", 0, false},
		{":8080", "", 0, false},
		{"127.0.0.1", "", 0, false},
		{"127.0.0.1:", "", 0, false},
		{"127.0.0.1:http", "", 0, false},
		{"127.0.0.1:65536", "", 0, false},
		{"127.0.0.1:-1", "", 0, false},
		{"0.0.0.0:0", "", 0, false},
		{"[::]:0", "", 0, false},
		{"192.168.1.1:0", "", 0, false},
		{"example.com:0", "", 0, false},
		{"127.0.0.1@example.com:0", "", 0, false},
		{"127.0.0.1/x:0", "", 0, false},
	}
	for _, tt := range tests {
		host, port, err := loopback(tt.addr)
		if host != tt.host || port != tt.port || (err == nil) != tt.ok || err != nil && fault.KindOf(err) != fault.Usage {
			t.Errorf("loopback(%q) = %q, %d, %v", tt.addr, host, port, err)
		}
	}
}

func TestServicePorts(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Addr = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	first, err := Start(t.Context(), o)
	if err != nil {
		t.Skipf("the port is taken: %v", err)
	}
	defer first.Close()
	if !strings.HasPrefix(first.Environ[0], "HOOKCTL_ZYNTRO_BASE_URL=http://"+o.Addr) {
		t.Errorf("not at %s: %q", o.Addr, first.Environ[0])
	}
	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(fault.HintOf(err).String(), "--addr") {
		t.Errorf("twice at one address: %v", err)
	}
}

// Twelve hours without a request are the end, on the program's own clock.
func TestServiceEndsUnused(t *testing.T) {
	t.Parallel()
	o := options()
	now := o.Now()
	start := now
	o.Background = true
	o.Now = func() time.Time { return now }
	o.Sleep = func(_ context.Context, d time.Duration) error {
		now = now.Add(d)
		return nil
	}
	why, told, err := newService(o).Wait(t.Context())
	if why != "ended: no request for 12h0m0s" || told || err != nil || now.Sub(start) != 12*time.Hour {
		t.Errorf("%q, %t, %v after %s", why, told, err, now.Sub(start))
	}
}
