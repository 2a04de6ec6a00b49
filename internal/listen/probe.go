package listen

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/tunnel"
	"github.com/hookctl/hookctl/internal/verify"
)

// Expect makes the listener take a probe of this nonce, once, until forget is
// called. Arrived is closed when it comes. A probe is no delivery.
func (s *Server) Expect(nonce string) (arrived <-chan struct{}, forget func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nonces == nil {
		s.nonces = map[string]chan struct{}{}
	}
	c := make(chan struct{})
	s.nonces[nonce] = c
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.nonces, nonce)
	}
}

// probed takes a request that is an expected probe. Before the path may stand
// another, that of the public URL.
func (s *Server) probed(w http.ResponseWriter, r *http.Request) bool {
	i := strings.LastIndex(r.URL.Path, tunnel.Prefix)
	if i < 0 || r.Method != http.MethodGet {
		return false
	}
	nonce := r.URL.Path[i+len(tunnel.Prefix):]
	s.mu.Lock()
	c := s.nonces[nonce]
	delete(s.nonces, nonce)
	s.mu.Unlock()
	if c == nil {
		return false
	}
	close(c)
	s.respond(w, answer{status: http.StatusNoContent})
	return true
}

// Last is when the last delivery was taken; zero before there was one.
func (s *Server) Last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Change calls change, and has deliveries that come meanwhile wait for it: they are
// verified with the candidates that it returns, and with those before. With none
// all stays as it is.
func (s *Server) Change(change func() ([]verify.Candidate, error)) error {
	s.trust.Lock()
	defer s.trust.Unlock()
	added, err := change()
	if len(added) == 0 || s.o.NoVerify {
		return err
	}
	o := s.o
	o.Candidates = append(added, o.Candidates...)
	engine, eerr := newEngine(o)
	if eerr != nil {
		return cmp.Or(err, eerr)
	}
	s.o.Candidates, s.engine = o.Candidates, engine
	return err
}

// judgeWith is what deliveries are verified with; nil where nothing is, or not yet.
func (s *Server) judgeWith() *verify.Engine {
	s.trust.RLock()
	defer s.trust.RUnlock()
	return s.engine
}
