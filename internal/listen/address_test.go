package listen

import (
	"net"
	"testing"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1": 1, "1000": 1000, "64KiB": 64 << 10, "2k": 2048, "1MiB": 1 << 20, "3M": 3 << 20, "32MiB": 32 << 20, "10B": 10,
		"": 0, "0": 0, "-1": 0, "33MiB": 0, "1.5M": 0, "MiB": 0, "9999999999999999999": 0, "1GiB": 0, "1 M": 0,
	} {
		got, err := ParseSize(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

// TestSameHost: what a tunnel leads to must not be forwarded into it again.
func TestSameHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		forward, public string
		same            bool
	}{
		{"https://a.example/hook", "https://a.example", true},
		{"http://A.example/hook", "https://a.example:443/x", true},
		{"http://a.example:8080", "http://a.example:8080/", true},
		{"http://127.0.0.1:3000", "http://127.0.0.1:41234", false},
		{"http://a.example", "http://a.example:8080", false},
		{"http://a.example", "http://b.example", false},
	} {
		f, err := NewForwarder(c.forward, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.SameHost(c.public); got != c.same {
			t.Errorf("%s, %s: %v", c.forward, c.public, got)
		}
	}
	if (*Forwarder)(nil).SameHost("http://a.example") {
		t.Error("no forwarder has a host")
	}
}

// TestLeadsTo: a target that is the listener itself is found, by whatever name.
func TestLeadsTo(t *testing.T) {
	t.Parallel()
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8787}
	for target, leads := range map[string]bool{
		"http://127.0.0.1:8787": true, "http://localhost:8787/x": true, "http://[::1]:8787": true,
		"http://0.0.0.0:8787": true, "http://[::]:8787/x": true, "8787": true,
		"http://0.0.0.0:8788": false, "http://192.0.2.1:8787": false, "http://127.0.0.1": false,
	} {
		f, err := NewForwarder(target, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.LeadsTo(at) != leads {
			t.Errorf("%s: %v", target, !leads)
		}
	}
}
