package httpx

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/hookctl/hookctl/internal/term"
)

// dialError is a connection that did not come about: nothing of the request
// was sent. Its text names the host and is fit for a person.
type dialError struct {
	text    string
	timeout bool
	final   bool  // another try would end the same way
	err     error // the cause, where its text is safe
	hint    string
}

const proxyHint = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY in the environment, then try again"

func (e *dialError) Error() string { return e.text }

func (e *dialError) Unwrap() error { return e.err }

// dialer makes the connections of a client: directly, or through the proxy
// that the environment names.
type dialer struct {
	tap       io.Writer
	tls       *tls.Config
	userAgent string
	proxy     func(*url.URL) (*url.URL, error)
	control   func(network, address string, c syscall.RawConn) error // nil: every address will do
	// wait bounds each of: the TCP connection, the proxy's CONNECT, and TLS.
	wait time.Duration
}

func (c *Client) dialer() *dialer {
	d := &dialer{tap: c.tap, userAgent: c.o.UserAgent, wait: min(dialTimeout, c.o.Timeout)}
	if c.o.TLS != nil {
		d.tls = c.o.TLS.Clone()
	} else {
		d.tls = &tls.Config{}
	}
	d.tls.MinVersion = max(d.tls.MinVersion, tls.VersionTLS12)
	d.tls.NextProtos = nil // HTTP/1.1
	d.proxy = proxies(c.o.Getenv)
	if c.o.OnlyLoopback {
		d.control = loopbackOnly
	}
	return d
}

// proxies reads the environment as net/http does.
func proxies(getenv func(string) string) func(*url.URL) (*url.URL, error) {
	if getenv == nil {
		return func(*url.URL) (*url.URL, error) { return nil, nil }
	}
	either := func(name string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return getenv(strings.ToLower(name))
	}
	config := httpproxy.Config{
		HTTPProxy:  either("HTTP_PROXY"),
		HTTPSProxy: either("HTTPS_PROXY"),
		NoProxy:    either("NO_PROXY"),
		CGI:        getenv("REQUEST_METHOD") != "", // HTTP_PROXY is then a client's header
	}
	return config.ProxyFunc()
}

// proxyFor returns the proxy for a URL, nil for none. Loopback has none.
func (d *dialer) proxyFor(u *url.URL) (*url.URL, error) {
	if host := u.Hostname(); strings.EqualFold(host, "localhost") || isLoopbackLiteral(host) {
		return nil, nil
	}
	p, err := d.proxy(u)
	if err != nil {
		// The error repeats the variable, and a password in it.
		return nil, &dialError{text: "the proxy in the environment is not a URL", final: true, hint: proxyHint}
	}
	if p == nil {
		return nil, nil
	}
	if p.Scheme != "http" || p.Hostname() == "" {
		return nil, &dialError{
			text: fmt.Sprintf("the proxy %s in the environment cannot be used: a proxy must have the form "+
				"http://host:port", term.Clean(p.Scheme+"://"+p.Host)),
			final: true, hint: proxyHint,
		}
	}
	return p, nil
}

// ErrNotLoopback is why a connection was not made, see [Options].
var ErrNotLoopback = errors.New("not a loopback address")

// loopbackOnly is a [net.Dialer]'s Control: it sees the address after the name
// was resolved.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if !isLoopbackLiteral(host) {
		return ErrNotLoopback
	}
	return nil
}

func isLoopbackLiteral(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// plainProxy is http.Transport.Proxy. It leaves https to dialTLS: the
// transport would run TLS over a CONNECT of its own, out of the tap's sight.
func (d *dialer) plainProxy(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme == "https" {
		return nil, nil
	}
	return d.proxyFor(r.URL)
}

// dialPlain is http.Transport.DialContext: to the host of an http URL, or to
// its proxy.
func (d *dialer) dialPlain(ctx context.Context, network, addr string) (net.Conn, error) {
	raw, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	// A name that only looks local must not receive what is meant for loopback.
	host, _, _ := net.SplitHostPort(addr)
	if peer, ok := raw.RemoteAddr().(*net.TCPAddr); strings.EqualFold(host, "localhost") && ok && !peer.IP.IsLoopback() {
		_ = raw.Close() // nothing was sent
		return nil, &dialError{text: "localhost is not this machine: it resolves to " + peer.IP.String(), final: true}
	}
	return newConn(raw, raw, d.tap, raw.RemoteAddr().String()+", without TLS"), nil
}

// dialTLS is http.Transport.DialTLSContext.
func (d *dialer) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	proxy, err := d.proxyFor(&url.URL{Scheme: "https", Host: addr})
	if err != nil {
		return nil, err
	}
	var raw *rawConn
	via := ""
	if proxy == nil {
		raw, err = d.dial(ctx, network, addr)
	} else {
		raw, err = d.tunnel(ctx, network, proxy, addr)
		via = " through the proxy " + proxy.Host
	}
	if err != nil {
		return nil, err
	}
	config := d.tls.Clone()
	if host, _, err := net.SplitHostPort(addr); err == nil && config.ServerName == "" {
		config.ServerName = host
	}
	secure := tls.Client(raw, config)
	ctx, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's failure is what counts
		return nil, handshakeError(addr, err)
	}
	label := fmt.Sprintf("%s%s, %s", raw.RemoteAddr(), via, tls.VersionName(secure.ConnectionState().Version))
	return newConn(secure, raw, d.tap, label), nil
}

// dial opens a TCP connection.
func (d *dialer) dial(ctx context.Context, network, addr string) (*rawConn, error) {
	nd := net.Dialer{Timeout: d.wait, Control: d.control}
	nc, err := nd.DialContext(ctx, network, addr)
	if errors.Is(err, ErrNotLoopback) {
		return nil, &dialError{text: ErrNotLoopback.Error(), final: true, err: ErrNotLoopback}
	}
	if err != nil {
		return nil, connectError(addr, err)
	}
	return &rawConn{Conn: nc}, nil
}

// tunnel opens a connection to addr through a proxy's CONNECT. Nothing but the
// address and the proxy's own credentials is said to the proxy.
func (d *dialer) tunnel(ctx context.Context, network string, proxy *url.URL, addr string) (*rawConn, error) {
	host := proxy.Host
	if proxy.Port() == "" {
		host = net.JoinHostPort(proxy.Hostname(), "80")
	}
	raw, err := d.dial(ctx, network, host)
	if err != nil {
		var de *dialError
		if errors.As(err, &de) {
			de.text, de.hint = "the proxy from the environment does not work: "+de.text, proxyHint
		}
		return nil, err
	}
	if err := d.connect(ctx, raw, proxy, addr); err != nil {
		_ = raw.Close() // the proxy's failure is what counts
		return nil, err
	}
	return raw, nil
}

func (d *dialer) connect(ctx context.Context, raw net.Conn, proxy *url.URL, addr string) error {
	failed := func(err error) error {
		timeout := isTimeout(err)
		text := "the proxy %s did not open a connection to %s"
		if timeout {
			text += " in time"
		}
		return &dialError{text: fmt.Sprintf(text, proxy.Host, addr), timeout: timeout, err: safeCause(err)}
	}
	if err := raw.SetDeadline(now().Add(d.wait)); err != nil {
		return failed(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(past) })
	defer stop()
	head := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if d.userAgent != "" {
		head += "User-Agent: " + strings.NewReplacer("\r", " ", "\n", " ").Replace(d.userAgent) + "\r\n"
	}
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		head += "Proxy-Authorization: Basic " +
			base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(raw, head+"\r\n"); err != nil {
		return failed(err)
	}
	br := bufio.NewReader(io.LimitReader(raw, CapHead))
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return failed(err)
	}
	// A CONNECT's answer has no body that we want: the connection is closed
	// instead, or from here on belongs to TLS.
	switch code := resp.StatusCode; {
	case code == http.StatusOK && br.Buffered() == 0:
		if !stop() {
			return failed(ctx.Err())
		}
		if err := raw.SetDeadline(time.Time{}); err != nil {
			return failed(err)
		}
		return nil
	case code == http.StatusOK:
		return &dialError{text: fmt.Sprintf("the proxy %s sent its own data instead of a connection to %s", proxy.Host, addr), final: true}
	case code == http.StatusProxyAuthRequired:
		return &dialError{
			text: fmt.Sprintf("the proxy %s needs a user name and password, or refuses the given ones (407): "+
				"set HTTPS_PROXY to http://user:password@%s", proxy.Host, proxy.Host),
			final: true,
		}
	default:
		return &dialError{
			text: strings.TrimSpace(fmt.Sprintf("the proxy %s refused to connect to %s: %d %s",
				proxy.Host, addr, code, http.StatusText(code))),
			final: code < 500,
		}
	}
}

// connectError says why no TCP connection to addr came about.
func connectError(addr string, err error) *dialError {
	e := &dialError{timeout: isTimeout(err), err: safeCause(err)}
	why := ""
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		host, _, splitErr := net.SplitHostPort(addr)
		if splitErr != nil {
			host = addr
		}
		e.final, why = true, "there is no host named "+host
	case errors.As(err, &dns):
		why = "its address cannot be looked up"
	case e.timeout:
		why = "no connection in time"
	case IsRefused(err):
		why = "connection refused"
	default:
		why = plainCause(err)
	}
	e.text = term.Clean(fmt.Sprintf("cannot reach %s: %s", addr, why))
	return e
}

// handshakeError says why there is no TLS with addr.
func handshakeError(addr string, err error) *dialError {
	e := &dialError{timeout: isTimeout(err), err: safeCause(err)}
	var (
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		verify    *tls.CertificateVerificationError
		network   *net.OpError
	)
	e.final = true
	why := ""
	switch {
	case errors.As(err, &name):
		why = "its certificate is for another host name"
	case errors.As(err, &authority):
		why = "its certificate is not signed by an authority that this machine trusts"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		why = "its certificate has expired or is not valid yet (check this machine's clock)"
	case errors.As(err, &invalid), errors.As(err, &verify):
		why = "its certificate is not valid: " + err.Error()
	case errors.As(err, &record):
		why = "it does not use TLS (it may be an http:// address)"
	case e.timeout:
		e.final, why = false, "no TLS handshake in time"
	case errors.Is(err, context.Canceled):
		why = "interrupted"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errReset):
		e.final, why = false, "it closed the connection during the TLS handshake"
	case errors.As(err, &network) && network.Op != "remote error" && network.Op != "local error":
		e.final, why = false, "the TLS handshake failed: "+plainCause(err)
	default:
		why = "the TLS handshake failed (hookctl needs TLS 1.2 or later): " + err.Error()
	}
	e.text = term.Clean(fmt.Sprintf("cannot reach %s: %s", addr, why))
	return e
}
