package inspect

import (
	"net"
	"net/http"
	"testing"
)

// front is the server at an address that it can leave and come back to.
type front struct {
	t    *testing.T
	s    *Server
	addr string
	url  string
	http *http.Server
}

func newFront(t *testing.T, s *Server) *front {
	f := &front{t: t, s: s, addr: "127.0.0.1:0"}
	f.open()
	f.url = "http://" + f.addr + "/?token=" + s.guard.url
	t.Cleanup(f.close)
	return f
}

func (f *front) open() {
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = l.Addr().String()
	f.http = &http.Server{Handler: f.s.guard}
	go func() { _ = f.http.Serve(l) }()
}

func (f *front) close() { _ = f.http.Close() }
