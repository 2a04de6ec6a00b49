package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said is what a dialError tells its caller.
type said struct {
	Text           string
	Timeout, Final bool
}

func TestConnectErrors(t *testing.T) {
	t.Parallel()
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tt := range []struct {
		err  error
		want said
	}{
		{op(&net.DNSError{Err: "no such host", Name: "h.test", IsNotFound: true}), said{"cannot reach h.test:443: there is no host named h.test", false, true}},
		{op(&net.DNSError{Err: "server misbehaving", Name: "h.test", Server: "192.0.2.53"}), said{"cannot reach h.test:443: its address cannot be looked up", false, false}},
		{op(os.ErrDeadlineExceeded), said{"cannot reach h.test:443: no connection in time", true, false}},
		{op(os.NewSyscallError("connect", errRefused)), said{"cannot reach h.test:443: connection refused", false, false}},
		{op(os.NewSyscallError("connect", syscall.EACCES)), said{"cannot reach h.test:443: " + syscall.EACCES.Error(), false, false}},
		{op(errors.New("no suitable\x1b address")), said{"cannot reach h.test:443: no suitable\ufffd address", false, false}},
		{errors.New("other"), said{"cannot reach h.test:443: other", false, false}},
	} {
		got := connectError("h.test:443", tt.err)
		if d := cmp.Diff(tt.want, said{got.text, got.timeout, got.final}); d != "" {
			t.Error(d)
		}
	}
}

func TestHandshakeErrors(t *testing.T) {
	t.Parallel()
	remote := &net.OpError{Op: "remote error", Err: tls.AlertError(70)}
	for _, tt := range []struct {
		err  error
		want said
	}{
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}}, said{"its certificate is for another host name", false, true}},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, said{"its certificate is not signed by an authority that this machine trusts", false, true}},
		{&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, said{"its certificate has expired or is not valid yet (check this machine's clock)", false, true}},
		{&tls.CertificateVerificationError{Err: errors.New("odd")}, said{"its certificate is not valid: tls: failed to verify certificate: odd", false, true}},
		{tls.RecordHeaderError{Msg: "x"}, said{"it does not use TLS (it may be an http:// address)", false, true}},
		{context.DeadlineExceeded, said{"no TLS handshake in time", true, false}},
		{context.Canceled, said{"interrupted", false, true}},
		{io.EOF, said{"it closed the connection during the TLS handshake", false, false}},
		{fmt.Errorf("read: %w", errReset), said{"it closed the connection during the TLS handshake", false, false}},
		{&net.OpError{Op: "read", Err: errors.New("no route")}, said{"the TLS handshake failed: no route", false, false}},
		{remote, said{"the TLS handshake failed (hookctl needs TLS 1.2 or later): remote error: tls: protocol version not supported", false, true}},
	} {
		got := handshakeError("h.test:443", tt.err)
		tt.want.Text = "cannot reach h.test:443: " + tt.want.Text
		if d := cmp.Diff(tt.want, said{got.text, got.timeout, got.final}); d != "" {
			t.Error(d)
		}
	}
}

// TestFailureOfAConnection covers what loopback does not do.
func TestFailureOfAConnection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		f    failing
		want said
	}{
		{failing{end: &net.OpError{Op: "read", Err: errors.New("network down")}, wrote: true},
			said{"the connection to h failed after the request was sent, without an answer: network down", false, false}},
		{failing{err: fmt.Errorf("write: %w", errPipe), wrote: true}, said{"h reset the connection after the request was sent, without an answer", false, false}},
		{failing{err: errors.New("whsec_canary")}, said{"the connection to h failed before the request was sent", false, false}},
		{failing{end: io.EOF}, said{"h closed the connection before the request was sent", false, false}},
		{failing{err: errors.New("whsec_canary"), wrote: true, status: 200}, said{"h sent an answer that is not valid HTTP", false, true}},
	} {
		tt.f.host = "h"
		got := tt.f.outcome()
		if d := cmp.Diff(tt.want, said{got.err.Error(), got.err.Timeout, got.final}); d != "" {
			t.Error(d)
		}
	}
}

// Whatever a name resolves to, only the loopback is connected to.
func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "127.255.0.1:80": true, "10.0.0.1:80": false, "[2001:db8::1]:80": false, "name:80": false, "x": false,
	} {
		if got := loopbackOnly("tcp", address, nil) == nil; got != want {
			t.Errorf("%s: %t, want %t", address, got, want)
		}
	}
	_, err := New(Options{OnlyLoopback: true}).Deliver(t.Context(), Delivery{URL: "http://192.0.2.1:9/"})
	var failed *Error
	if !errors.Is(err, ErrNotLoopback) || !errors.As(err, &failed) || failed.Stage != NotSent {
		t.Errorf("%v", err)
	}
}
