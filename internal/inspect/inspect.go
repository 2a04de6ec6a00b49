// Package inspect serves the page of `listen --ui`: it shows deliveries as they
// come, says why one is invalid, compares, and sends again.
//
// The page is on a listener of its own, never on that of the deliveries, so that no
// tunnel leads to it; [guard] says who may ask for what. Never on the page: a secret,
// a digest that would have matched, a signature that was made for an edited body, and
// what looks like a credential in a delivery.
package inspect

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/listen"
)

//go:embed page.html page.css page.js
var files embed.FS

// Options are what the page is connected with.
type Options struct {
	Now func() time.Time
	// Here is the URL at which deliveries are received, Target the one that they are
	// forwarded to, "" for none. Nothing is sent anywhere else.
	Here, Target string
	// Sentence says how a delivery was judged, and what to do.
	Sentence func(*listen.Delivery) string
	// SignedBy names the headers in which signatures come.
	SignedBy []string
	// Filter says which words the filter box takes.
	Filter filter.Options
	// Stored is the record of a delivery that was saved.
	Stored func(*listen.Delivery) ([]byte, error)
	// Post posts one delivery, in any goroutine.
	Post func(context.Context, deliver.Delivery) (deliver.Sent, error)
	// Sign signs an edited body as the delivery was signed.
	Sign func(d *listen.Delivery, body []byte) (Signature, error)
}

// Signature is what carries a signature.
type Signature struct {
	Fields []capture.Field
	Whose  string // whose secret it is
	// Flags make `hookctl sign` use the same secret. Timed says that more than the body
	// is signed: the time goes with it, in a header of its own.
	Flags string
	Timed bool
}

// State is what the page says above the deliveries.
type State struct {
	Address string `json:"address"` // to give the provider
	Target  string `json:"target"`
	Health  string `json:"health"` // of the target, in words
	Healthy bool   `json:"healthy"`
	Notice  string `json:"notice"` // what else there is to say
}

// Server is the page of one run.
type Server struct {
	o     Options
	ring  *ring
	guard *guard
	l     net.Listener
	http  *http.Server
}

// New begins to listen at a free port of this machine alone. Serve answers.
func New(o Options) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.Errorf(fault.Other, "the inspector cannot listen on this machine: %w", err)
	}
	s := &Server{o: o, ring: newRing(), l: l}
	s.ring.state = State{Address: o.Here, Target: masked(o.Target)}
	s.guard = newGuard(l.Addr().(*net.TCPAddr).Port, s.routes())
	s.http = &http.Server{
		Handler: s.guard, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // of clients' mistakes
	}
	return s, nil
}

// URL opens the page: it holds a token, and is for nobody but the user.
func (s *Server) URL() string { return "http://" + s.l.Addr().String() + "/?token=" + s.guard.url }

// Add shows one more delivery.
func (s *Server) Add(d listen.Delivery) { s.ring.add(d) }

// Tell changes what the page says above the deliveries.
func (s *Server) Tell(change func(*State)) { s.ring.setState(change) }

// Serve answers until Close is called.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.l); !errors.Is(err, http.ErrServerClosed) {
		return fault.Errorf(fault.Other, "the inspector has stopped: %w", err)
	}
	return nil
}

// Close ends the page at once.
func (s *Server) Close() error { return errors.Join(s.http.Close(), ignoreClosed(s.l.Close())) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// handler answers a request; what is wrong is shown on the page.
type handler func(w http.ResponseWriter, r *http.Request) error

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h(w, r)
	if err == nil {
		return
	}
	status := http.StatusConflict
	var missing notFound
	if errors.As(err, &missing) {
		status = http.StatusNotFound
	}
	text := err.Error()
	if hint := fault.HintOf(err).String(); hint != "" {
		text += "; " + hint
	}
	http.Error(w, text, status)
}

// notFound is the error of a delivery that the page no longer has.
type notFound string

func (n notFound) Error() string { return string(n) }

func (s *Server) routes() http.Handler {
	m := http.NewServeMux()
	m.Handle("GET /{$}", file("page.html", "text/html; charset=utf-8"))
	m.Handle("GET /page.css", file("page.css", "text/css; charset=utf-8"))
	m.Handle("GET /page.js", file("page.js", "text/javascript; charset=utf-8"))
	m.Handle("GET /events", handler(s.events))
	m.Handle("GET /d/{$}", handler(s.filter))
	m.Handle("GET /d/{n}", s.delivery(s.detail))
	m.Handle("GET /d/{n}/body", s.delivery(body))
	m.Handle("GET /d/{n}/pretty", s.delivery(pretty))
	m.Handle("GET /d/{n}/capture", s.delivery(s.capture))
	m.Handle("GET /d/{n}/compare/{m}", s.delivery(s.compare))
	m.Handle("POST /d/{n}/replay", s.delivery(s.replay))
	m.Handle("POST /d/{n}/replay-edited", s.delivery(s.replayEdited))
	m.Handle("POST /d/{n}/curl", s.delivery(s.curlEdited))
	return m
}

func file(name, kind string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		b, err := fs.ReadFile(files, name)
		if err == nil {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(b) // a page that is gone misses nothing
		}
		return err
	}
}

// shown is a delivery with its request.
type shown struct {
	entry
	request *capture.Request
	lost    error // why there is no request
}

// delivery finds the delivery that a path names.
func (s *Server) delivery(h func(w http.ResponseWriter, r *http.Request, d shown) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		d, err := s.find(r.Context(), r.PathValue("n"))
		if err != nil {
			return err
		}
		return h(w, r, d)
	}
}

func (s *Server) find(ctx context.Context, number string) (shown, error) {
	n, err := strconv.Atoi(number)
	e, ok := s.ring.find(n)
	if err != nil || !ok {
		return shown{}, notFound(fmt.Sprintf("this page has no delivery %q", number))
	}
	d := shown{entry: e}
	switch {
	case e.delivery.Request != nil:
		d.request = requestOf(e.delivery.Request)
	case e.delivery.Saved:
		d.request, d.lost = s.stored(ctx, &e.delivery)
	default:
		d.lost = notFound("only the last deliveries are in memory, and this one was not saved; listen --save saves all of them")
	}
	return d, nil
}

// stored reads a delivery again that is no longer in memory.
func (s *Server) stored(ctx context.Context, d *listen.Delivery) (*capture.Request, error) {
	line, err := s.o.Stored(d)
	if err != nil {
		return nil, err
	}
	request, err := readRecord(ctx, line)
	if err == nil && len(request.Body) != d.Size {
		err = notFound("the file now has another delivery in its place")
	}
	return request, err
}

// whole is the request, with a body that was taken.
func (d *shown) whole() (*capture.Request, error) {
	switch {
	case d.lost != nil:
		return nil, d.lost
	case d.request.Body == nil:
		return nil, notFound("its body was not read")
	}
	return d.request, nil
}
