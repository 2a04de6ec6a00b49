package listen

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestSlowSenders opens more connections than there are places, half of them
// stuck in the head and half in the body. Good deliveries are answered at once
// all the same, and the number of open connections is bounded.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	r := start(t, testOptions())
	before := openFiles(t)
	const slow = maxConnections + 250
	var wg sync.WaitGroup
	stop := make(chan struct{})
	conns := make(chan net.Conn, slow)
	for i := range slow {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		conns <- c
		begun := "POST / HTTP/1.1\r\nHost: x\r\nX-Slow: "
		if i%2 == 0 {
			begun = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
		}
		if _, err := c.Write([]byte(begun)); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { // a byte now and then
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					if _, err := c.Write([]byte("x")); err != nil {
						return
					}
				}
			}
		})
	}
	body := event("1", "contact.created")
	r.post(signed(body), body) // all that came before it are accepted now
	for range 5 {
		begin := time.Now()
		if status, _ := r.post(signed(body), body); status != 200 {
			t.Errorf("answered %d", status)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
	}
	// Both ends are in this process: the senders' files are known.
	if after := openFiles(t); after > 0 && after-before-slow > maxConnections+20 {
		t.Errorf("%d files more", after-before-slow)
	}
	close(stop)
	wg.Wait()
	close(conns)
	for c := range conns {
		_ = c.Close()
	}
}

// openFiles counts the process's open files, or is 0 where that cannot be done.
func openFiles(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestGate(t *testing.T) {
	t.Parallel()
	g := newGate(listenLoopback(t), 2)
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", g.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	accept := func() *guarded {
		t.Helper()
		c, err := g.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return c.(*guarded)
	}
	gone := func(c net.Conn) bool {
		if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err := c.Read(make([]byte, 1))
		return !errors.Is(err, os.ErrDeadlineExceeded)
	}
	ca := dial()
	a := accept()
	cb := dial()
	b := accept()
	// The third takes the place of the one that waited longest: b, once a has
	// had a request.
	a.busy()
	connState(a, http.StateIdle)
	dial()
	c := accept()
	if gone(ca) || !gone(cb) {
		t.Error("the wrong one was closed")
	}
	// Those that are worked on are never closed: the next one waits for a place.
	a.busy()
	c.busy()
	connState(b, http.StateIdle) // too late: it has no place any more
	dial()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := g.Accept()
		if err == nil {
			accepted <- c
		}
	}()
	select {
	case <-accepted:
		t.Error("a third connection was accepted")
	case <-time.After(50 * time.Millisecond):
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := (<-accepted).Close(); err != nil {
		t.Error(err)
	}
	// A full gate that is closed lets go of who waits in Accept.
	cd := dial()
	accept().busy()
	_ = cd
	dial()
	done := make(chan error, 1)
	go func() {
		_, err := g.Accept()
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if err := errors.Join(g.Close(), g.Close()); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
	g.drop() // nobody waits: nothing happens
	if gone(ca) {
		t.Error("a connection that is worked on was dropped")
	}
	a.rest()
	g.drop()
	if !gone(ca) {
		t.Error("a waiting connection was not dropped")
	}
}

// TestAnswerArrives: a sender that is still sending gets to read the answer.
func TestAnswerArrives(t *testing.T) {
	t.Parallel()
	o := testOptions()
	o.MaxBody = 10
	r := start(t, o)
	for range 20 {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, werr := c.Write(append([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"), make([]byte, 300000)...))
		if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != 413 {
			t.Errorf("%v (writing: %v)", err, werr)
		}
		_ = c.Close()
	}
}

// narrow is a listener of a process that may have so many connections open.
type narrow struct {
	net.Listener
	mu   sync.Mutex
	left int
}

func (n *narrow) Accept() (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.left == 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	c, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	n.left--
	return &narrowed{Conn: c, of: n}, nil
}

type narrowed struct {
	net.Conn
	of   *narrow
	once sync.Once
}

func (c *narrowed) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		c.of.left++
	})
	return c.Conn.Close()
}

// TestFewFiles: where the process may open fewer files than there are places,
// the longest waiting makes way too, but none whose request is worked on.
func TestFewFiles(t *testing.T) {
	t.Parallel()
	l := listenLoopback(t)
	g := newGate(&narrow{Listener: l, left: 2}, maxConnections)
	t.Cleanup(func() { _ = g.Close() })
	dial := func() (far net.Conn, near *guarded) {
		t.Helper()
		far, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = far.Close() })
		c, err := g.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return far, c.(*guarded)
	}
	_, first := dial()
	first.busy()
	far, _ := dial()
	_, third := dial() // in the place of the second
	if err := far.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the longest waiting is still there: %v", err)
	}
	third.busy()
	if _, err := g.Accept(); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("%v", err)
	}
}
