//go:build unix

package cli_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/cli"
)

// running is a program that was started and has not been waited for.
type running struct {
	p         *program
	c         *exec.Cmd
	out, errs *bytes.Buffer
}

func (p *program) start(args ...string) running {
	p.t.Helper()
	c, out, errs := p.command(args...)
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	return running{p, c, out, errs}
}

func (r running) signal(s syscall.Signal) {
	r.p.t.Helper()
	if err := r.c.Process.Signal(s); err != nil {
		r.p.t.Fatal(err)
	}
}

func (r running) wait() result {
	r.p.t.Helper()
	return r.p.finish(r.c, r.c.Wait(), r.out, r.errs)
}

// memory waits for the program and returns the most memory it was seen to
// have, in bytes; 0 where that cannot be told.
func (r running) memory() (result, int) {
	r.p.t.Helper()
	done := make(chan result, 1)
	go func() { done <- r.wait() }()
	most := 0
	for {
		select {
		case ended := <-done:
			return ended, most
		case <-time.After(5 * time.Millisecond):
		}
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.c.Process.Pid))
		if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
			if n, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
				most = max(most, n<<10)
			}
		}
	}
}

// TestHugeAnswers: what is too large is given up, within bounds of memory and
// time, and never called a failure after a 2xx.
func TestHugeAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("sends megabytes")
	}
	t.Parallel()
	const limit = 64 << 20
	forever := func(c *net.TCPConn, text []byte) {
		for {
			if _, err := c.Write(text); err != nil {
				return
			}
		}
	}
	// A kilobyte is a megabyte, and it comes again and again.
	bomb := sync.OnceValue(func() string { return zipped(strings.Repeat("\x00", 4<<20)) })
	block := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	ok := func(d *dialect, head string) []byte { return fmt.Appendf(nil, "HTTP/1.1 %d OK\r\n%s", d.status, head) }
	for n, tt := range []struct {
		name   string
		answer func(d *dialect, c *net.TCPConn)
		code   int
	}{
		{"endless body", func(d *dialect, c *net.TCPConn) {
			send(c, ok(d, "\r\n"))
			forever(c, block)
		}, 7},
		{"endless chunks", func(d *dialect, c *net.TCPConn) {
			send(c, ok(d, "Transfer-Encoding: chunked\r\n\r\n"))
			forever(c, []byte(chunks(string(block), 1<<10)))
		}, 7},
		{"a body that says how long it is", func(d *dialect, c *net.TCPConn) {
			send(c, ok(d, "Content-Length: 99999999999\r\n\r\n"))
			forever(c, block)
		}, 7},
		{"a header without an end", func(d *dialect, c *net.TCPConn) {
			send(c, ok(d, "X-Long: "))
			forever(c, block)
		}, 7},
		{"headers without an end", func(d *dialect, c *net.TCPConn) {
			send(c, ok(d, ""))
			forever(c, bytes.Repeat([]byte("X-A: b\r\n"), 1000))
		}, 7},
		{"a status line without an end", func(d *dialect, c *net.TCPConn) {
			send(c, fmt.Appendf(nil, "HTTP/1.1 %d ", d.status))
			forever(c, block)
		}, 7},
		{"1xx without an end", func(_ *dialect, c *net.TCPConn) {
			// So many that they cannot be kept, and then one after the other, which
			// costs less than as many as there is time for.
			const answer = "HTTP/1.1 100 Continue\r\n\r\n"
			for range 60 {
				send(c, bytes.Repeat([]byte(answer), 1000))
			}
			for {
				if _, err := c.Write([]byte(answer)); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}, 7},
		{"a bomb", func(d *dialect, c *net.TCPConn) {
			send(c, ok(d, "Content-Encoding: gzip\r\n\r\n"))
			forever(c, []byte(bomb()))
		}, 7},
	} {
		for i, d := range dialects {
			if !cli.Turn(n+i, len(dialects)) {
				continue
			}
			t.Run(d.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, d, someID, someSecret, func(a *account, c *net.TCPConn) {
					a.make()
					tt.answer(d, c)
				})
				p := a.program(t)
				start := time.Now()
				r, most := p.start(append(d.create, "-o", "json", "--request-timeout", "3s")...).memory()
				if took := time.Since(start); took > 2*time.Minute {
					t.Errorf("took %v", took)
				}
				if most > limit {
					t.Errorf("%d MiB of memory", most>>20)
				}
				if r.code != tt.code {
					t.Errorf("want exit %d: %.3000s", tt.code, r)
				}
				p.failure(r)
				if found, r := p.recover(); r.code != 7 || len(found) != 1 || found[0].ID != someID || found[0].State != "orphan" {
					t.Errorf("recover: %.3000s", r)
				}
				for name, text := range p.files() {
					if len(text) > 1<<20 {
						t.Errorf("%s is %d bytes long", name, len(text))
					}
				}
			})
		}
	}
}

// TestHugeLists: a list is bounded too, and a broken one proves nothing.
func TestHugeLists(t *testing.T) {
	if testing.Short() {
		t.Skip("sends megabytes")
	}
	t.Parallel()
	for i, d := range dialects {
		t.Run(d.name+"/endless", func(t *testing.T) {
			if !cli.Turn(i, len(dialects)) {
				t.Skip("runs in full number")
			}
			t.Parallel()
			peer := newPeer(t, func(c *net.TCPConn, _ request) {
				send(c, []byte("HTTP/1.1 200 OK\r\n\r\n"+`{"status":"success","data":[`))
				row := []byte(strings.TrimSuffix(strings.SplitAfterN(d.listed("x"), "[", 2)[1], "]}") + ",")
				if i := bytes.LastIndexByte(row, ']'); i > 0 {
					row = append(row[:i], ',')
				}
				big := bytes.Repeat(row, 1000)
				for {
					if _, err := c.Write(big); err != nil {
						return
					}
				}
			})
			p := newProgram(t, d.environ(peer.addr)...)
			start := time.Now()
			r := p.run("list", d.name, "-o", "json", "--request-timeout", "5s")
			if r.code != 6 || r.stdout != "" || time.Since(start) > 2*time.Minute {
				t.Errorf("after %v: %.3000s", time.Since(start), r)
			}
			p.failure(r)
		})
		t.Run(d.name+"/ten thousand, one of them odd", func(t *testing.T) {
			if !cli.Turn(i+1, len(dialects)) {
				t.Skip("runs in full number")
			}
			t.Parallel()
			ids := make([]string, 10_000)
			for i := range ids {
				ids[i] = fmt.Sprintf("id-%d", i)
			}
			list := strings.Replace(d.listed(ids...), `"id-5000"`, `{"not":"an id"}`, 1)
			peer := newPeer(t, func(c *net.TCPConn, _ request) { send(c, answer(200, list)) })
			p := newProgram(t, d.environ(peer.addr)...)
			r := p.run("list", d.name, "--jq", `length, (map(select(.error)) | length), .[9999].id`)
			if r.code != 0 || r.stdout != "10000\n1\nid-9999\n" {
				t.Errorf("%.3000s", r)
			}
		})
	}
}

// TestSlowAnswers: a create ends soon after --request-timeout, whatever the
// provider does, and what arrived is on disk.
func TestSlowAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("waits")
	}
	t.Parallel()
	for _, d := range dialects {
		whole := d.whole(someID, someSecret)
		at := bytes.Index(whole, []byte(someSecret))
		for _, tt := range []struct {
			name string
			send func(c *net.TCPConn)
			raw  string
		}{
			{"silence", func(*net.TCPConn) {}, ""},
			{"silence after the head", func(c *net.TCPConn) { send(c, whole[:bytes.Index(whole, []byte("\r\n\r\n"))+4]) }, "HTTP/1.1"},
			{"silence within the secret", func(c *net.TCPConn) { send(c, whole[:at+12]) }, someSecret[:12]},
			{"byte by byte", func(c *net.TCPConn) {
				for i := range whole {
					if _, err := c.Write(whole[i : i+1]); err != nil {
						return
					}
					time.Sleep(100 * time.Millisecond)
				}
			}, "HTTP"},
		} {
			t.Run(d.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, d, someID, someSecret, func(a *account, c *net.TCPConn) {
					a.make()
					tt.send(c)
					_, _ = io.Copy(io.Discard, c) // until the client gives up
				})
				p := a.program(t)
				start := time.Now()
				r := p.run(append(d.create, "-o", "json", "--request-timeout", "700ms")...)
				if took := time.Since(start); took < 700*time.Millisecond || took > 700*time.Millisecond+slack {
					t.Errorf("took %v", took)
				}
				if r.code != 7 {
					t.Errorf("want exit 7: %s", r)
				}
				p.failure(r)
				leaked(t, someSecret[:12], r)
				stored := false
				for _, text := range p.files() {
					stored = stored || strings.Contains(text, tt.raw)
				}
				if !stored {
					t.Errorf("%q arrived and is in no file", tt.raw)
				}
				if found, r := p.recover(); r.code != 7 || len(found) != 1 || found[0].State != "orphan" || found[0].ID != someID {
					t.Errorf("recover: %s", r)
				}
			})
		}
	}
}

// slack is for machines that have much else to do.
const slack = 20 * time.Second

// TestResetBeforeAnswer: the request is sent once, and one look at the list
// decides.
func TestResetBeforeAnswer(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		for _, made := range []bool{true, false} {
			if !made && d != zyntroDialect {
				continue // it takes seconds, and has nothing to do with the provider
			}
			t.Run(fmt.Sprintf("%s/made %v", d.name, made), func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, d, someID, someSecret, func(a *account, c *net.TCPConn) {
					if made {
						a.make()
					}
					reset(c)
				})
				p := a.program(t)
				r := p.run(append(d.create, "-o", "json")...)
				s := p.failure(r)
				if creates, lists := len(a.requests(d.isCreate)), len(a.requests(d.isList)); creates != 1 || lists != 1 {
					t.Errorf("%d creates, %d lists", creates, lists)
				}
				if made {
					if r.code != 7 || s.Code != "orphan" || !strings.Contains(s.Message, someID) {
						t.Errorf("want exit 7: %s", r)
					}
					return
				}
				if r.code != 6 || !strings.Contains(s.Message, "nothing was created") || p.entries() != 1 {
					t.Errorf("want exit 6: %s", r)
				}
				// recover looks again, not at once: lists may lag.
				found, r := p.recover()
				if r.code != 0 || len(found) != 1 || found[0].State != "not-created" || p.entries() != 0 {
					t.Errorf("recover: %s", r)
				}
				if seen := a.requests(d.isList); seen[len(seen)-1].at.Sub(a.requests(d.isCreate)[0].at) < 4*time.Second {
					t.Error("recover believed an early list")
				}
			})
		}
	}
}

// certificate makes a TLS server certificate and the file that trusts it.
func certificate(t *testing.T, expires time.Time, hosts ...string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: expires,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// TestTLS: over TLS the answer is kept as it is without; a connection that
// cannot be trusted gets no request.
func TestTLS(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE is not heeded here")
	}
	t.Parallel()
	tomorrow := time.Now().Add(24 * time.Hour)
	for _, tt := range []struct {
		name    string
		hosts   []string
		expires time.Time
		newest  uint16 // version of TLS; 0: the present one
		trust   bool
		refused bool
		answer  func(c net.Conn, whole []byte)
		code    int
	}{
		{name: "well", hosts: []string{"127.0.0.1"}, expires: tomorrow, trust: true, answer: func(c net.Conn, whole []byte) { send(c, whole) }},
		{name: "cut in the secret", hosts: []string{"127.0.0.1"}, expires: tomorrow, trust: true, code: 7,
			answer: func(c net.Conn, whole []byte) { send(c, whole[:bytes.Index(whole, []byte(someSecret))+12]) }},
		{name: "cut behind the secret", hosts: []string{"127.0.0.1"}, expires: tomorrow, trust: true, code: 7,
			answer: func(c net.Conn, whole []byte) { send(c, whole[:len(whole)-1]) }},
		{name: "no length, no farewell", hosts: []string{"127.0.0.1"}, expires: tomorrow, trust: true, code: 7,
			answer: func(c net.Conn, whole []byte) {
				body := whole[bytes.Index(whole, []byte("\r\n\r\n"))+4:]
				send(c, append([]byte("HTTP/1.1 201 Created\r\n\r\n"), body...))
				// Not c.Close, which would say farewell.
				_ = c.(*tls.Conn).NetConn().Close()
			}},
		{name: "not trusted", hosts: []string{"127.0.0.1"}, expires: tomorrow, refused: true, code: 6},
		{name: "another name", hosts: []string{"example.com"}, expires: tomorrow, trust: true, refused: true, code: 6},
		{name: "expired", hosts: []string{"127.0.0.1"}, expires: time.Now().Add(-time.Hour), trust: true, refused: true, code: 6},
		{name: "TLS 1.1", hosts: []string{"127.0.0.1"}, expires: tomorrow, trust: true, newest: tls.VersionTLS11, refused: true, code: 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := wundertreosDialect
			pair, roots := certificate(t, tt.expires, tt.hosts...)
			requests := make(chan request, 10)
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tt.newest})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						defer func() { _ = c.Close() }()
						_ = c.SetDeadline(time.Now().Add(20 * time.Second))
						r, err := readRequest(newReader(c))
						if err != nil {
							return
						}
						requests <- r
						if d.isCreate(r) {
							tt.answer(c, d.whole(someID, someSecret))
						} else {
							send(c, answer(200, d.listed(someID)))
						}
					}()
				}
			}()
			p := newProgram(t, append([]string{d.variable + "=https://" + l.Addr().String() + d.base}, d.account...)...)
			if tt.trust {
				p = p.with("SSL_CERT_FILE=" + roots)
			}
			r := p.run(append(d.create, "-o", "json")...)
			if r.code != tt.code {
				t.Errorf("want exit %d: %s", tt.code, r)
			}
			if tt.code != 0 {
				p.failure(r)
			}
			if tt.refused {
				if len(requests) != 0 || p.entries() != 0 {
					t.Errorf("%d requests, %d entries: %s", len(requests), p.entries(), r)
				}
				return
			}
			found, recovered := p.recover()
			switch kept := p.kept()[someID]; {
			case strings.HasSuffix(tt.name, "in the secret"):
				if kept != "" || len(found) != 1 || found[0].State != "orphan" {
					t.Errorf("kept %q: %s", kept, recovered)
				}
			case kept != someSecret || recovered.code != 0:
				t.Errorf("kept %q: %s", kept, recovered)
			}
		})
	}
}

// deafAddr is an address of the loopback where nothing listens and, until the
// test ends, nothing else can: its port is bound. Where the system has no such
// loopback (IPv6), a connection fails just as surely.
func deafAddr(t *testing.T, family int) string {
	t.Helper()
	var free syscall.Sockaddr = &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	host := "127.0.0.1"
	if family == syscall.AF_INET6 {
		free, host = &syscall.SockaddrInet6{Addr: netip.IPv6Loopback().As16()}, "[::1]"
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, 0)
	if family == syscall.AF_INET6 && err != nil {
		return host + ":1"
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, free); err != nil {
		if family == syscall.AF_INET6 {
			return host + ":1"
		}
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	switch at := at.(type) {
	case *syscall.SockaddrInet4:
		return fmt.Sprintf("%s:%d", host, at.Port)
	case *syscall.SockaddrInet6:
		return fmt.Sprintf("%s:%d", host, at.Port)
	}
	t.Fatalf("the address of a socket is a %T", at)
	return ""
}

// TestUnreachable: nothing was sent, for certain, so nothing is left behind.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	plain := newPeer(t, func(c *net.TCPConn, _ request) { send(c, answer(200, `{}`)) })
	for name, base := range map[string]string{
		"refused":       "http://" + deafAddr(t, syscall.AF_INET),
		"plain for TLS": "https://" + plain.addr,
		"IPv6":          "http://" + deafAddr(t, syscall.AF_INET6),
	} {
		for _, d := range dialects {
			t.Run(d.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				p := newProgram(t, append([]string{d.variable + "=" + base + d.base}, d.account...)...)
				for _, args := range [][]string{append(d.create, "-o", "json"), {"list", d.name, "-o", "json"}, {"get", d.name + "/x", "-o", "json"}} {
					if args[0] != "create" && name != "refused" {
						continue // each tries again for a while
					}
					r := p.run(args...)
					if p.failure(r); r.code != 6 || r.stdout != "" {
						t.Errorf("%v: want exit 6: %s", args, r)
					}
				}
				if p.entries() != 0 {
					t.Errorf("%d entries in the journal", p.entries())
				}
			})
		}
	}
	if n := len(plain.requests(nil)); n != 0 {
		t.Errorf("%d requests went out in plain text", n)
	}
}

// TestIPv6Only: a server that has no IPv4.
func TestIPv6Only(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		a := newAccount(t, d, someID, someSecret, nil)
		l, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skipf("no IPv6 here: %v", err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go relay(l, a.addr)
		p := newProgram(t, d.environ(l.Addr().String())...)
		if r := p.run(d.create...); r.code != 0 || p.kept()[someID] != someSecret {
			t.Errorf("%s: %s", d.name, r)
		}
	}
}

// relay passes connections on, and back what is answered.
func relay(l net.Listener, to string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			up, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer func() { _ = up.Close() }()
			go func() { _, _ = io.Copy(up, c) }()
			_, _ = io.Copy(c, up)
		}()
	}
}

// TestProxy: the credential does not go into the CONNECT, and loopback goes
// past a proxy.
func TestProxy(t *testing.T) {
	t.Parallel()
	var d = wundertreosDialect
	proxy := newPeer(t, func(c *net.TCPConn, _ request) {
		send(c, answer(407, `{}`, "Proxy-Authenticate: Basic"))
	})
	p := newProgram(t, append([]string{d.variable + "=https://api.example.test" + d.base, "HTTPS_PROXY=http://user:proxypass@" + proxy.addr}, d.account...)...)
	r := p.run(append(d.create, "-o", "json", "--debug")...)
	if r.code != 6 || p.entries() != 0 || strings.Contains(r.stderr, "proxypass") {
		t.Errorf("want exit 6: %s", r)
	}
	seen := proxy.requests(nil)
	if len(seen) == 0 || seen[0].method != "CONNECT" || seen[0].target != "api.example.test:443" {
		t.Fatalf("the proxy was asked for %v", seen)
	}
	if text := fmt.Sprint(seen); strings.Contains(text, "the-api-key") {
		t.Errorf("the proxy sees the credential: %s", text)
	}
	a := newAccount(t, d, someID, someSecret, nil)
	before := proxy.connections()
	p = a.program(t).with("HTTP_PROXY=http://"+proxy.addr, "HTTPS_PROXY=http://"+proxy.addr, "ALL_PROXY=http://"+proxy.addr, "http_proxy=http://"+proxy.addr)
	if r := p.run(d.create...); r.code != 0 || proxy.connections() != before {
		t.Errorf("loopback went through the proxy: %s", r)
	}
}

// TestRedirects: no redirect is followed, so that no credential leaves for
// where it points.
func TestRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := newPeer(t, func(c *net.TCPConn, _ request) { send(c, answer(200, `{"status":"success","data":[]}`)) })
	port := elsewhere.addr[strings.LastIndex(elsewhere.addr, ":")+1:]
	for _, status := range []int{301, 302, 303, 307, 308, 300, 304} {
		for name, target := range map[string]string{
			"other port":  "http://" + elsewhere.addr + "/x",
			"other host":  "http://localhost:" + port + "/x",
			"https":       "https://" + elsewhere.addr + "/x",
			"no scheme":   "//" + elsewhere.addr + "/x",
			"same origin": "/functions/v2/api-webhook-subscriptions?token=the-api-key",
			"a file":      "file:///etc/passwd",
			"userinfo":    "http://user:password@" + elsewhere.addr + "/",
			"nonsense":    "http://[::1:%zz\x1b[2J",
			"nowhere":     "",
		} {
			// 307 is the one that would carry a body along.
			if status != 307 && name != "other port" && name != "same origin" && !cli.Full() {
				continue
			}
			for _, d := range dialects {
				t.Run(fmt.Sprintf("%s/%d %s", d.name, status, name), func(t *testing.T) {
					t.Parallel()
					head := []string{"Location: " + target}
					if target == "" {
						head = nil
					}
					p := newPeer(t, func(c *net.TCPConn, r request) {
						if d.isList(r) && strings.Contains(r.get("User-Agent"), "hookctl") && name == "nowhere" {
							send(c, answer(200, d.listed()))
							return
						}
						send(c, answer(status, ``, head...))
					})
					prog := newProgram(t, d.environ(p.addr)...)
					for _, args := range [][]string{append(d.create, "-o", "json"), {"list", d.name, "-o", "json"}, {"get", d.name + "/x", "-o", "json"}, {"login", d.name, "-o", "json"}, {"help", d.name}} {
						r := prog.run(args...)
						if args[0] == "help" || name == "nowhere" {
							continue
						}
						want := 6
						if args[0] == "create" {
							want = 7 // the list was redirected too, so nobody knows
						}
						if r.code != want {
							t.Errorf("%v: want exit %d: %s", args, want, r)
						}
						prog.failure(r)
						if strings.ContainsAny(r.stderr, "\x1b") || strings.Contains(r.stderr, "password") {
							t.Errorf("%v: the target is shown: %s", args, r)
						}
					}
					if d.name == "wundertreos" && len(p.requests(func(r request) bool { return strings.Contains(r.target, "v2") })) > 0 {
						t.Error("a redirect was followed")
					}
				})
			}
		}
	}
	t.Cleanup(func() {
		if n := elsewhere.connections(); n != 0 {
			t.Errorf("%d connections to where redirects point", n)
		}
	})
}

// TestPlainHTTP: credentials go over plain HTTP to this machine only.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		a := newAccount(t, d, someID, someSecret, nil)
		port := a.addr[strings.LastIndex(a.addr, ":")+1:]
		for _, host := range []string{"127.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]", "2130706433", "0x7f000001", "0177.0.0.1", "localhost.evil.test",
			"127.0.0.1.evil.test", "10.0.0.1", "169.254.169.254", "example.com", "localhost.", "user:password@127.0.0.1"} {
			t.Run(d.name+"/"+host, func(t *testing.T) {
				t.Parallel()
				p := newProgram(t, append([]string{d.variable + "=http://" + host + ":" + port + d.base}, d.account...)...)
				for _, args := range [][]string{append(d.create, "-o", "json"), {"list", d.name, "-o", "json"}, {"login", d.name, "-o", "json"}, {"recover", "-o", "json"}} {
					r := p.run(args...)
					if r.code != 2 || strings.Contains(r.stderr, "password@") {
						t.Errorf("%v: want exit 2: %s", args, r)
					}
					p.failure(r)
				}
			})
		}
		t.Cleanup(func() {
			if n := a.connections(); n != 0 {
				t.Errorf("%s: %d connections", d.name, n)
			}
		})
	}
	b := newAccount(t, zyntroDialect, someID, someSecret, nil)
	_, port, _ := net.SplitHostPort(b.addr)
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST"} {
		p := newProgram(t, append([]string{zyntroDialect.variable + "=http://" + host + ":" + port}, zyntroDialect.account...)...)
		if r := p.run("list", "zyntro"); r.code != 0 {
			t.Errorf("%s is this machine: %s", host, r)
		}
	}
}

// TestFullStdout: a result that cannot be written is a failure, and costs
// nothing that was kept.
func TestFullStdout(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	t.Parallel()
	a := newAccount(t, wundertreosDialect, someID, someSecret, nil)
	p := a.program(t)
	p.environ = append(p.environ, zyntroDialect.variable+"=http://"+a.addr)
	for _, args := range [][]string{
		wundertreosDialect.create, append(wundertreosDialect.create, "-o", "json"), append(wundertreosDialect.create, "-o", "name"), append(wundertreosDialect.create, "--jq", ".id"),
		append(wundertreosDialect.create, "--dry-run"), append(wundertreosDialect.create, "--curl"),
		{"list"}, {"list", "-o", "yaml"}, {"list", "-o", "ndjson"}, {"get", someID}, {"secrets", "list"}, {"secrets", "show", someID}, {"secrets", "check", "-o", "json"},
		{"secrets", "push", someID, "--to", "stdout"}, {"list-events"}, {"config", "list"}, {"config", "path"}, {"version"}, {"help"}, {"--help"}, {"create", "--help"},
		{"help", "exit-codes"}, {"help", "wundertreos"}, {"completion", "bash"}, {"demo"}, {"sandbox"}, {"login", "wundertreos", "--no-check"}, {"logout", "wundertreos", "-o", "json"},
	} {
		for name, full := range map[string]string{"full": "/dev/full", "closed": ""} {
			c, _, errs := p.command(args...)
			var out *os.File
			var err error
			if full != "" {
				if out, err = os.OpenFile(full, os.O_WRONLY, 0); err != nil {
					t.Fatal(err)
				}
			} else { // a pipe that nobody reads
				var in *os.File
				if in, out, err = os.Pipe(); err != nil {
					t.Fatal(err)
				}
				_ = in.Close()
			}
			c.Stdout = out
			r := p.finish(c, c.Run(), &bytes.Buffer{}, errs)
			_ = out.Close()
			want := 1
			if args[0] == "secrets" && args[1] == "push" {
				want = 7 // stdout is the sink
			}
			// Who closes a pipe wants no more, and no complaint.
			if r.code != want || name == "full" && strings.TrimSpace(r.stderr) == "" {
				t.Errorf("%s: %v: want exit %d and a message: %s", name, args, want, r)
			}
			leaked(t, someSecret, r)
		}
		if args[0] == "create" && !strings.Contains(strings.Join(args, " "), "--dry-run") && !strings.Contains(strings.Join(args, " "), "--curl") && p.kept()[someID] != someSecret {
			t.Errorf("%v: the secret is not kept", args)
		}
	}
	if p.entries() != 0 {
		t.Errorf("%d entries in the journal", p.entries())
	}
}

// TestClosedStreams: a program without standard streams does what it should.
func TestClosedStreams(t *testing.T) {
	t.Parallel()
	for _, streams := range []string{"<&-", ">&-", "2>&-", "<&- >&- 2>&-"} {
		a := newAccount(t, wundertreosDialect, someID, someSecret, nil)
		p := a.program(t)
		words := make([]string, len(wundertreosDialect.create))
		for i, w := range wundertreosDialect.create {
			words[i] = "'" + w + "'"
		}
		c := exec.Command("sh", "-c", p.bin+" "+strings.Join(words, " ")+" "+streams)
		c.Env, c.Dir = p.environ, p.dir
		var out, errs bytes.Buffer
		c.Stdout, c.Stderr = &out, &errs
		r := p.finish(c, c.Run(), &out, &errs)
		// Go opens /dev/null in their place, so that no file of the program's takes
		// their numbers and is written over.
		if r.code != 0 || p.kept()[someID] != someSecret || p.entries() != 0 {
			t.Errorf("%s: %s", streams, r)
		}
	}
}

// another lets a command run as a user who is not root, to whom the modes of
// files mean nothing.
func (p *program) another(c *exec.Cmd) {
	p.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chmod(filepath.Dir(p.dir), 0o755); err != nil {
		p.t.Fatal(err)
	}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// give hands what is at path to the user of another.
func give(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	err := filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 65534, 65534)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestUnusableStore: where a secret could not be kept, nothing is sent.
func TestUnusableStore(t *testing.T) {
	t.Parallel()
	mkdir := func(t *testing.T, path string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write := func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, p *program)
		shell   string // before the program
		unset   string // a variable
		says    string
	}{
		"config dir is a file":     {prepare: func(t *testing.T, p *program) { write(t, p.config) }, says: "config"},
		"read-only":                {prepare: func(t *testing.T, p *program) { mkdir(t, p.config, 0o500) }, says: "config"},
		"in a read-only directory": {prepare: func(t *testing.T, p *program) { mkdir(t, p.dir, 0o500) }, says: "config"},
		"webhooks is a file": {prepare: func(t *testing.T, p *program) {
			mkdir(t, p.config, 0o700)
			write(t, filepath.Join(p.config, "webhooks"))
		}, says: "webhooks"},
		"webhooks is read-only": {prepare: func(t *testing.T, p *program) {
			mkdir(t, filepath.Join(p.config, "webhooks"), 0o500)
		}, says: "webhooks"},
		"webhooks is open to others": {prepare: func(t *testing.T, p *program) {
			mkdir(t, filepath.Join(p.config, "webhooks"), 0o755)
		}, says: "chmod"},
		"the journal is a file": {prepare: func(t *testing.T, p *program) {
			mkdir(t, p.config, 0o700)
			write(t, filepath.Join(p.config, "journal"))
		}, says: "journal"},
		"the journal is read-only": {prepare: func(t *testing.T, p *program) {
			mkdir(t, filepath.Join(p.config, "journal"), 0o500)
		}, says: "journal"},
		"the journal is open to others": {prepare: func(t *testing.T, p *program) {
			mkdir(t, filepath.Join(p.config, "journal"), 0o777)
		}, says: "chmod"},
		"config dir is open to others": {prepare: func(t *testing.T, p *program) { mkdir(t, p.config, 0o777) }, says: "chmod"},
		"no HOME":                      {unset: "HOME", says: "HOME"},
		"files of 4 KiB":               {shell: "ulimit -f 8", says: "webhooks"},
		"files of 80 KiB":              {shell: "ulimit -f 160", says: "journal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, wundertreosDialect, someID, someSecret, nil)
			p := a.program(t)
			give(t, p.dir)
			if tt.prepare != nil {
				tt.prepare(t, p)
				give(t, p.dir)
				t.Cleanup(func() { _ = os.Chmod(p.dir, 0o700); _ = os.Chmod(p.config, 0o700) })
			}
			if tt.unset != "" {
				var rest []string
				for _, kv := range p.environ {
					if !strings.HasPrefix(kv, tt.unset+"=") && !strings.HasPrefix(kv, "HOOKCTL_CONFIG_DIR=") {
						rest = append(rest, kv)
					}
				}
				p.environ = rest
			}
			c, out, errs := p.command(append(wundertreosDialect.create, "-o", "json")...)
			if tt.shell != "" {
				c = exec.Command("sh", append([]string{"-c", tt.shell + `; exec "$@"`, "sh"}, c.Args...)...)
				c.Env, c.Dir, c.Stdout, c.Stderr = p.environ, p.dir, out, errs
			}
			p.another(c)
			r := p.finish(c, c.Run(), out, errs)
			if r.code != 1 || a.connections() != 0 {
				t.Errorf("want exit 1 and no request, not %d: %s", a.connections(), r)
			}
			if s := p.failure(r); s.Hint != nil && !strings.Contains(s.Message+*s.Hint, tt.says) {
				t.Errorf("%q is not said: %s", tt.says, r)
			}
		})
	}
}

// TestInterruptedCreate interrupts a create that waits for its answer.
func TestInterruptedCreate(t *testing.T) {
	if testing.Short() {
		t.Skip("waits")
	}
	t.Parallel()
	// What these tests were told to ignore, as by nohup, its programs would ignore too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		for _, d := range dialects {
			t.Run(fmt.Sprintf("%s/%v, then the answer", d.name, sig), func(t *testing.T) {
				t.Parallel()
				asked, goOn := make(chan bool, 1), make(chan bool)
				a := newAccount(t, d, someID, someSecret, func(a *account, c *net.TCPConn) {
					a.make()
					asked <- true
					<-goOn
					send(c, d.whole(someID, someSecret))
				})
				p := a.program(t)
				run := p.start(append(d.create, "-o", "json")...)
				<-asked
				run.signal(sig)
				time.Sleep(300 * time.Millisecond)
				close(goOn)
				r := run.wait()
				if r.code != 0 && r.code != 130 || p.kept()[someID] != someSecret || p.entries() != 0 {
					t.Errorf("the secret is not kept: %s", r)
				}
				if !strings.Contains(r.stderr, "interrupt again") {
					t.Errorf("the wait is not announced: %s", r)
				}
			})
			t.Run(fmt.Sprintf("%s/%v twice", d.name, sig), func(t *testing.T) {
				t.Parallel()
				asked := make(chan bool, 1)
				a := newAccount(t, d, someID, someSecret, func(a *account, c *net.TCPConn) {
					a.make()
					whole := d.whole(someID, someSecret)
					send(c, whole[:bytes.Index(whole, []byte(someSecret))+12])
					asked <- true
					_, _ = io.Copy(io.Discard, c)
				})
				p := a.program(t)
				run := p.start(append(d.create, "-o", "json")...)
				<-asked
				time.Sleep(50 * time.Millisecond)
				run.signal(sig)
				time.Sleep(100 * time.Millisecond)
				start := time.Now()
				run.signal(sig)
				r := run.wait()
				if took := time.Since(start); r.code != 7 || took > slack {
					t.Errorf("want exit 7 at once, after %v: %s", took, r)
				}
				p.failure(r)
				stored := false
				for _, text := range p.files() {
					stored = stored || strings.Contains(text, someSecret[:12])
				}
				if !stored || p.entries() != 1 {
					t.Errorf("what arrived is in no file, or the journal has %d entries", p.entries())
				}
				if found, r := p.recover(); r.code != 7 || len(found) != 1 || found[0].State != "orphan" {
					t.Errorf("recover: %s", r)
				}
			})
		}
	}
	t.Run("while listing", func(t *testing.T) {
		t.Parallel()
		asked := make(chan bool, 1)
		a := newPeer(t, func(c *net.TCPConn, _ request) {
			asked <- true
			_, _ = io.Copy(io.Discard, c)
		})
		p := newProgram(t, zyntroDialect.environ(a.addr)...)
		run := p.start("list", "zyntro", "-o", "json")
		<-asked
		run.signal(syscall.SIGINT)
		if r := run.wait(); r.code != 130 || !strings.Contains(r.stderr, `"code":"interrupted"`) {
			t.Errorf("want exit 130: %s", r)
		}
	})
}
