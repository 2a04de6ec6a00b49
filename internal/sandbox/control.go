package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"

	"github.com/hookctl/hookctl/internal/fault"
)

// The endpoint of a sandbox answers these, to who has its token and asks under
// its own address, so that no web page reaches it through a name that resolves
// to the loopback:
//
//	POST /emit   an [EmitRequest], answered with the first attempts
//	GET  /log    every attempt so far
//	GET  /state  an identity
//	POST /stop   of one in the background: 200 at once; the connection ends when
//	             the process has ended
const (
	emitPath  = "/emit"
	logPath   = "/log"
	statePath = "/state"
	stopPath  = "/stop"
)

// EmitRequest asks for an event.
type EmitRequest struct {
	Provider string   `json:"provider"`
	Event    string   `json:"event"`
	Set      []string `json:"set"`
	Dump     bool     `json:"dump"` // the answer is to hold what is sent
}

// identity is how a sandbox shows that it is the one of a state.
type identity struct {
	ID string `json:"id"`
}

// refusal is the body of an answer that is not 200.
type refusal struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// maxControl bounds a request.
const maxControl = 1 << 20

// control answers at the endpoint.
func (s *Service) control(w http.ResponseWriter, r *http.Request) {
	want := []byte("Bearer " + s.token.Reveal())
	switch {
	case r.Host != s.addr:
		answer(w, http.StatusForbidden, refusal{Message: "this is not the sandbox's address"})
	case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1:
		answer(w, http.StatusUnauthorized, refusal{Message: "the token is not the sandbox's"})
	case r.URL.Path == logPath && r.Method == http.MethodGet:
		answer(w, http.StatusOK, s.retrier.entries())
	case r.URL.Path == emitPath && r.Method == http.MethodPost:
		s.emit(w, r)
	case r.URL.Path == statePath && r.Method == http.MethodGet:
		answer(w, http.StatusOK, identity{s.ID})
	case r.URL.Path == stopPath && r.Method == http.MethodPost && s.stopped != nil:
		s.stop(w)
	default:
		answer(w, http.StatusNotFound, refusal{Message: "the sandbox has no such endpoint"})
	}
}

// stop answers, and leaves it to the end of the process to close the connection.
func (s *Service) stop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		answer(w, http.StatusInternalServerError, refusal{Message: err.Error()})
		return
	}
	s.stopper = conn
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") // it ends without a listener, too
	select {
	case s.stopped <- struct{}{}:
	default: // it was told already
	}
}

func (s *Service) emit(w http.ResponseWriter, r *http.Request) {
	var q EmitRequest
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err == nil {
		err = json.Unmarshal(body, &q)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, refusal{Message: "the request is not what `hookctl sandbox emit` sends"})
		return
	}
	made, err := s.Emit(r.Context(), q.Provider, q.Event, q.Set)
	if err != nil {
		answer(w, http.StatusBadRequest, refusal{Message: err.Error(), Hint: fault.HintOf(err).String()})
		return
	}
	if !q.Dump {
		for i := range made {
			made[i].Header, made[i].Body = nil, nil
		}
	}
	answer(w, http.StatusOK, made)
}

// answer writes an answer. That the client has gone is its own matter.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
