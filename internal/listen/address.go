package listen

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
)

// Bind listens at addr, and says by which URL the place is reached from this
// machine, and whether others may reach it too.
func Bind(addr string) (l net.Listener, here string, open bool, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return nil, "", false, fault.Usagef("--addr: %q is not an address and a port", addr).WithHint("for instance: --addr 127.0.0.1:8787")
	}
	network := "tcp"
	if ip := net.ParseIP(host); ip != nil && ip.To4() != nil {
		network = "tcp4" // else 0.0.0.0 would mean every IPv6 address too
	}
	if l, err = net.Listen(network, addr); err != nil {
		return nil, "", false, fault.Errorf(fault.Other, "cannot receive deliveries at %s: %w", addr, err).
			WithHint("choose another address with --addr, or port 0 for a free one")
	}
	here = l.Addr().String()
	at, ok := l.Addr().(*net.TCPAddr)
	if ok && at.IP.IsUnspecified() {
		host = "127.0.0.1"
		if at.IP.To4() == nil {
			host = "::1"
		}
		here = net.JoinHostPort(host, strconv.Itoa(at.Port))
	}
	return l, "http://" + here + "/", ok && !at.IP.IsLoopback(), nil
}

// LeadsTo reports whether f sends to a listener at addr on this machine: in a circle.
func (f *Forwarder) LeadsTo(addr net.Addr) bool {
	at, ok := addr.(*net.TCPAddr)
	if f == nil || !ok || f.url.Port() != strconv.Itoa(at.Port) {
		return false
	}
	ip := net.ParseIP(f.url.Hostname())
	return f.url.Hostname() == "localhost" || ip != nil && (ip.Equal(at.IP) || ip.IsLoopback() || ip.IsUnspecified())
}

// SameHost reports whether f sends to the host and port of a URL. The ports of http
// and https are one: who serves both has one behind them.
func (f *Forwarder) SameHost(text string) bool {
	u, err := url.Parse(text)
	port := func(u *url.URL) string {
		if p := u.Port(); p != "80" && p != "443" {
			return p
		}
		return ""
	}
	return f != nil && err == nil && strings.EqualFold(f.url.Hostname(), u.Hostname()) && port(f.url) == port(u)
}

// BindFirst is Bind at that address, or at the first port behind it that nobody
// has; taken reports that it is another.
func BindFirst(addr string) (l net.Listener, here string, open, taken bool, err error) {
	host, text, err := net.SplitHostPort(addr)
	port, perr := strconv.Atoi(text)
	if err = cmp.Or(err, perr); err != nil {
		return nil, "", false, false, err
	}
	for next := range nextPorts {
		l, here, open, err = Bind(net.JoinHostPort(host, strconv.Itoa(port+next)))
		if err == nil {
			return l, here, open, next > 0, nil
		}
	}
	l, here, open, err = Bind(net.JoinHostPort(host, "0"))
	return l, here, open, true, err
}

// nextPorts is how many ports are tried before any is good.
const nextPorts = 100

// ParseSize reads a number of bytes, with or without a unit.
func ParseSize(text string) (int64, error) {
	number, unit := text, int64(1)
	for _, u := range []struct {
		suffix string
		bytes  int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"k", 1 << 10}, {"K", 1 << 10}, {"M", 1 << 20}, {"B", 1}} {
		if n, ok := strings.CutSuffix(text, u.suffix); ok {
			number, unit = n, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || n > MostMaxBody/unit {
		return 0, fmt.Errorf("%q is not a size from 1 byte to %d MiB", text, MostMaxBody>>20)
	}
	return n * unit, nil
}
