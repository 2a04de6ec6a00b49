package httpx

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// past is a deadline that ends reads and writes at once.
var past = time.Unix(1, 0)

// conn is a connection as net/http sees it: decrypted. It tells the exchange
// under way what was written and what arrived, and hands arriving bytes to the
// tap before anyone else sees them.
type conn struct {
	net.Conn           // *tls.Conn, or the TCP connection
	raw      *rawConn  // below TLS
	tap      io.Writer // may be nil
	label    string    // for the trace: the peer, the proxy, the version of TLS
	ex       atomic.Pointer[exchange]

	// begun is closed when the request begins to be written, or the connection
	// is given up. Until then Read waits: net/http would take what a provider
	// sends before it was asked as unsolicited, and log it.
	begun chan struct{}
	begin func()

	reading sync.Mutex // held during a Read of Conn

	writing sync.Mutex // held during a Write of Conn
	sealed  bool       // no write may begin; guarded by writing

	state    sync.Mutex // guards what follows; held for moments only
	readErr  error      // the first error of a Read that the peer caused, io.EOF included
	released bool       // net/http has closed it, or may not read from it any more
	draining bool
}

func newConn(nc net.Conn, raw *rawConn, tap io.Writer, label string) *conn {
	begun := make(chan struct{})
	return &conn{Conn: nc, raw: raw, tap: tap, label: label, begun: begun, begin: sync.OnceFunc(func() { close(begun) })}
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	<-c.begun
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.isReleased() {
		return 0, net.ErrClosed
	}
	return c.read(p)
}

// read is Read for the holder of c.reading.
func (c *conn) read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		if c.tap != nil {
			// What the tap cannot take is still worth receiving, and a request
			// under way must not be broken off for it.
			_, _ = c.tap.Write(p[:n])
		}
		if ex := c.ex.Load(); ex != nil {
			ex.received(p[:n])
		}
	}
	if err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) && c.raw != c.Conn && c.raw.eof.Load() {
		// crypto/tls forgives an end without close_notify. An attacker, or an
		// accident, could have cut an answer that ends with the connection.
		if ex := c.ex.Load(); ex != nil && ex.answering() {
			err = io.ErrUnexpectedEOF
		}
	}
	c.state.Lock()
	defer c.state.Unlock()
	if c.readErr == nil && !c.released && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.readErr = err
	}
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.sealed {
		return 0, net.ErrClosed
	}
	c.begin()
	n, err := c.Conn.Write(p)
	if ex := c.ex.Load(); ex != nil && n > 0 {
		// A TLS record that failed to leave whole counts as 0 here: the peer
		// cannot read a part of one.
		ex.wrote.Store(true)
	}
	return n, err
}

// Close implements net.Conn for net/http. With a tap the connection stays open
// underneath until the exchange is over, since the rest of an answer that
// net/http gave up on may hold a secret; it can be read by drain only.
func (c *conn) Close() error {
	defer c.begin() // when it is released, so that Read returns
	c.state.Lock()
	defer c.state.Unlock()
	if c.tap == nil || c.ex.Load() == nil {
		c.released = true
		return c.Conn.Close()
	}
	if c.released {
		return nil
	}
	c.released = true
	if c.draining {
		return nil
	}
	return c.Conn.SetDeadline(past)
}

func (c *conn) isReleased() bool {
	c.state.Lock()
	defer c.state.Unlock()
	return c.released
}

// drain reads on into the tap: at most limit bytes, for d or until ctx ends.
func (c *conn) drain(ctx context.Context, limit int, d time.Duration) {
	c.state.Lock()
	c.released, c.draining = true, true
	err := c.Conn.SetReadDeadline(now().Add(d))
	c.state.Unlock()
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Conn.SetReadDeadline(past) })
	defer stop()
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.end() != nil {
		return
	}
	buf := make([]byte, 4<<10)
	for limit > 0 {
		n, err := c.read(buf[:min(len(buf), limit)])
		limit -= n
		if err != nil {
			return
		}
	}
}

// end returns how the peer ended the connection, nil while it has not.
func (c *conn) end() error {
	c.state.Lock()
	defer c.state.Unlock()
	return c.readErr
}

// abort closes the connection for good. When it returns, no byte will be
// written any more.
func (c *conn) abort() {
	// Not through TLS: its farewell could block on a peer that does not read.
	_ = c.raw.Close()
	defer c.begin()
	c.writing.Lock()
	c.sealed = true
	c.writing.Unlock()
}

// rawConn notes whether the peer ended the TCP stream.
type rawConn struct {
	net.Conn
	eof atomic.Bool
}

// Read implements net.Conn.
func (c *rawConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		c.eof.Store(true)
	}
	return n, err
}
