package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// Options say what a sandbox serves, and how.
type Options struct {
	Drivers   provider.Registry
	Addr      string        // --addr: the first API's, on the loopback; the others take the ports after it, or any port for 0
	DeliverTo string        // --deliver-to: where on the loopback all deliveries go; "": to their webhooks' URLs
	EmitEvery time.Duration // --emit-every; 0: no event is emitted by itself
	Emit      []string      // --emit, in turn; none: what the webhooks ask for
	Speed     float64       // --speed: of the sandbox's clock
	// Background makes it end when it is told so, or is idle for [mostIdle].
	Background bool

	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	Warn  func(string)
}

// Check finds what is wrong with the options.
func (o Options) Check() error {
	if _, _, err := loopback(o.Addr); err != nil {
		return err
	}
	_, err := o.delivering()
	return err
}

// Service is the fakes of all providers as they are being served.
type Service struct {
	ID      string   // what it answers when it is asked who it is
	Environ []string // NAME=value: what points hookctl at it

	o       Options
	addr    string // host:port of the endpoint
	token   secret.Value
	boxes   []box
	retrier *retrier
	idle    *idle
	servers []*http.Server
	failed  chan error    // a server ended by itself
	stopped chan struct{} // it was told to stop
	stopper net.Conn      // open until the process has ended: who told it to stop waits for that
	emitter sync.WaitGroup
	cancel  context.CancelFunc
}

// box is the fake of one provider.
type box struct {
	driver *provider.Driver
	fake   provider.Sandbox
}

// Start serves a fake of every provider, and the sandbox's own endpoint.
func Start(ctx context.Context, o Options) (*Service, error) {
	host, port, err := loopback(o.Addr)
	if err != nil {
		return nil, err
	}
	out, err := o.delivering()
	if err != nil {
		return nil, err
	}
	s := newService(o)
	ctx, s.cancel = context.WithCancel(ctx)
	s.retrier = (&retrier{now: out.now, sleep: out.sleep, allow: out.allow}).start(ctx)
	serve := func(what string, h http.Handler, addr *string) error {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return errors.Join(fault.Errorf(fault.Other, "the sandbox%s cannot listen: %w", what, err).
				WithHint("choose another address with --addr, or port 0 for free ports"), s.Close())
		}
		if port != 0 {
			port++
		}
		*addr = l.Addr().String() // before h serves, which may read it
		server := &http.Server{Handler: s.idle.watch(h), ReadHeaderTimeout: 10 * time.Second}
		s.servers = append(s.servers, server)
		go func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		}()
		return nil
	}
	for _, d := range o.Drivers {
		b := box{d, d.NewSandbox(provider.SandboxOptions{Now: out.now, Deliver: out.deliver})}
		s.boxes = append(s.boxes, b)
		var addr string
		if err := serve(" of "+d.Title, b.fake, &addr); err != nil {
			return nil, err
		}
		s.Environ = append(s.Environ, Environ(d, b.fake, addr)...)
	}
	if err := serve("'s control endpoint", http.HandlerFunc(s.control), &s.addr); err != nil {
		return nil, err
	}
	s.Environ = append(s.Environ, EnvURL+"=http://"+s.addr, EnvToken+"="+s.token.Reveal())
	if o.EmitEvery > 0 {
		s.emitter.Go(func() { s.emitUntil(ctx) })
	}
	return s, nil
}

func newService(o Options) *Service {
	fresh := func() string {
		var raw [16]byte
		_, _ = rand.Read(raw[:]) // documented never to fail
		return hex.EncodeToString(raw[:])
	}
	s := &Service{ID: fresh(), o: o, token: secret.New(fresh()), idle: newIdle(o.Now), failed: make(chan error, len(o.Drivers)+1)}
	if o.Background {
		s.stopped = make(chan struct{}, 1)
	}
	return s
}

// BaseURL is the variable of a provider's base URL.
func BaseURL(d *provider.Driver) string { return config.Key{Name: d.Name + ".base-url"}.Env() }

// Environ are the variables that point hookctl at a fake that answers at addr.
func Environ(d *provider.Driver, fake provider.Sandbox, addr string) []string {
	out := []string{BaseURL(d) + "=http://" + addr + fake.BasePath()}
	given := fake.Credentials()
	for _, f := range d.Credentials {
		if v, ok := given[f.Name]; ok {
			out = append(out, f.Env[0]+"="+v.Reveal())
		}
	}
	return out
}

// Emit makes an event of a provider, sets members of its body, and makes the
// first attempts to deliver it.
func (s *Service) Emit(ctx context.Context, providerName, event string, set []string) ([]LogEntry, error) {
	edits, err := jsontext.ParseAssignments(set)
	if err != nil {
		return nil, err
	}
	for _, b := range s.boxes {
		if b.driver.Name == providerName {
			return s.retrier.emit(ctx, b.driver, b.fake, event, edits.Apply)
		}
	}
	return nil, fault.Usagef("the sandbox has no provider %q", providerName)
}

// due is an event whose turn it may be, and who has it.
type due struct {
	box
	event string
}

// due are the events that take turns: those of --emit, or all that some webhook
// asks for.
func (s *Service) due() []due {
	var list []due
	for _, e := range s.o.Emit {
		for _, b := range s.boxes {
			if b.driver.KnowsEvent(e) {
				list = append(list, due{b, e})
			}
		}
	}
	if len(s.o.Emit) > 0 {
		return list
	}
	for _, b := range s.boxes {
		for _, e := range b.fake.Wanted() {
			list = append(list, due{b, e})
		}
	}
	return list
}

// emitUntil emits one event each time that --emit-every has passed, in turn,
// until ctx ends. What becomes of it is in the log.
func (s *Service) emitUntil(ctx context.Context) {
	for n := 0; s.o.Sleep(ctx, s.o.EmitEvery) == nil; n++ {
		events := s.due()
		if len(events) == 0 {
			continue
		}
		next := events[n%len(events)]
		if _, err := s.retrier.emit(ctx, next.driver, next.fake, next.event, nil); err != nil && ctx.Err() == nil {
			s.o.Warn("warning: " + next.event + " was not emitted: " + err.Error())
		}
	}
}

// Wait returns when the service is to end, and says why: ctx has ended, a server
// has failed, which is an error, or, in the background, it was told to stop or is
// idle for too long. Who told it to stop removes its files.
func (s *Service) Wait(ctx context.Context) (why string, told bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unused := make(chan error, 1)
	if s.o.Background {
		go func() { unused <- s.idle.wait(ctx, mostIdle, s.o.Sleep) }()
	}
	select {
	case <-s.stopped:
		return "stopped by hookctl sandbox stop", true, nil
	case err := <-s.failed:
		return "ended: " + err.Error(), false, fault.Errorf(fault.Other, "the sandbox stopped: %w", err)
	case err := <-unused:
		if err == nil {
			return fmt.Sprintf("ended: no request for %s", mostIdle), false, nil
		}
	case <-ctx.Done():
	}
	return "ended by a signal", false, nil
}

// Close ends the servers and what waits to be delivered.
func (s *Service) Close() error {
	s.cancel()
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	s.retrier.close()
	s.emitter.Wait()
	return errors.Join(errs...)
}

// loopback splits addr and refuses one that other machines could reach.
func loopback(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fault.Usagef("--addr: %q is not an address and a port", addr).WithHint("for instance: --addr 127.0.0.1:8080")
	}
	ip, perr := netip.ParseAddr(host)
	here := host == "localhost" || perr == nil && ip.IsLoopback()
	if !here || httpx.CheckBaseURL("http://"+net.JoinHostPort(host, "1")) != nil {
		return "", 0, fault.Usagef("--addr: %q is not a loopback address, so other machines could reach the sandbox", host).
			WithHint("use 127.0.0.1, ::1 or localhost")
	}
	return host, port, nil
}
