package tunnel

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
)

// Prefix begins the path of a probe. A nonce follows, and a probe that arrives at
// the listener proves the URL that it was sent to.
const Prefix = "/.hookctl/"

// Options configure [Run].
type Options struct {
	Kind    Kind
	Addr    string   // of the listener
	Public  string   // a URL that leads to the tunnel, proved in the place of those that the program names; may be empty
	Environ []string // of the program: without credentials of ours
	HTTP    *httpx.Client
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error

	// Expect makes the listener take a probe with this nonce, once, until forget
	// is called. Then arrived is closed.
	Expect func(nonce string) (arrived <-chan struct{}, forget func())
	// Last is when the last delivery came.
	Last func() time.Time
	// Started is told of each process.
	Started func(pid int) error
	// Up is told of the URL each time that it is proved. Its error ends Run.
	Up func(ctx context.Context, url string) error
	// Down is told why the tunnel does not work, and when it is started again.
	Down func(why string, wait time.Duration)
}

// How long is waited for what.
const (
	pollEvery    = 200 * time.Millisecond // the program's API
	retryEvery   = 500 * time.Millisecond // a probe
	probeTimeout = 5 * time.Second        // one probe
	firstTime    = 20 * time.Second       // until it works for the first time
	mostStarts   = 5                      // until then
	everyTime    = 60 * time.Second       // until it works again
	patience     = 15 * time.Second       // until one that worked counts as dead
	tick         = 30 * time.Second       // between two looks at the clock
	quiet        = 5 * time.Minute        // without a delivery until a probe
	steady       = 10 * time.Second       // after which the waits begin anew
	samePort     = 3                      // how often a server is asked for the port that it chose before

	mostCandidates = 20
)

// waits are the times between two starts.
var waits = []time.Duration{0, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second}

// supervisor is a running tunnel.
type supervisor struct {
	Options
	path   string
	at     place
	worked string // the URL that was last proved
}

// Run keeps the tunnel up until ctx ends. An error is of kind Usage where the
// program is not installed, of kind Unavailable where the tunnel has never worked,
// or that of Up. The program has ended when Run returns.
func Run(ctx context.Context, o Options) error {
	path, err := o.Kind.Look()
	if err != nil {
		return err
	}
	s := &supervisor{Options: o, path: path}
	if s.at.host, s.at.port, err = net.SplitHostPort(o.Addr); err != nil {
		return err
	}
	s.at.remote = anyPort
	if o.Public != "" {
		s.at.remote = s.at.port // what leads to it is set up for one port
	}
	first, stop := s.within(ctx, firstTime)
	defer stop()
	for try := 0; ; try++ {
		within := first
		if s.worked != "" {
			within = ctx
		}
		begun := s.Now()
		proved, why, err := s.once(ctx, within)
		switch {
		case err != nil || ctx.Err() != nil:
			return err
		case proved && s.Now().Sub(begun) > steady:
			try = 0
		case s.worked == "" && (first.Err() != nil || try == mostStarts-1):
			return why.fault(o.Kind)
		}
		if u, err := url.Parse(s.worked); s.Public == "" && s.Kind.fixed != nil && err == nil && u.Port() != "" {
			s.at.remote = u.Port()
			if try >= samePort {
				s.at.remote = anyPort
			}
		}
		wait := waits[min(try, len(waits)-1)]
		o.Down(why.String(), wait)
		if s.worked != "" {
			within = ctx
		}
		if s.Sleep(within, wait) != nil && s.worked == "" && ctx.Err() == nil {
			return why.fault(o.Kind)
		}
	}
}

// reason is why a tunnel does not work.
type reason struct {
	text  string
	lines []string // the last ones of the program
}

func (r reason) String() string {
	if len(r.lines) == 0 {
		return r.text
	}
	return r.text + ": " + r.lines[len(r.lines)-1]
}

func (r reason) fault(k Kind) error {
	said := "; it printed nothing"
	if len(r.lines) > 0 {
		said = "; it printed:\n  " + strings.Join(r.lines, "\n  ")
	}
	hint := "check the program's output, or use another tunnel: --tunnel " + strings.Join(Forms, "|")
	if k.login != "" && strings.Contains(said, "Host key verification failed") {
		hint = "ssh does not know the host, or the host's key has changed; log in once yourself to see its key: " + k.login
	}
	return fault.Errorf(fault.Unavailable, "the tunnel %s did not start: %s%s", k, r.text, said).WithCode("tunnel").
		WithHint("%s", hint)
}

// once runs the program once, until it or ctx ends, or nothing comes through any
// more. It must be proved before within ends.
func (s *supervisor) once(ctx, within context.Context) (proved bool, why reason, err error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	if s.at.api, err = freePort(); err != nil {
		return false, why, err
	}
	r := &run{supervisor: s, found: make(chan string, mostCandidates), seen: map[string]bool{}, state: "it printed no URL"}
	r.out.line = r.read
	p, err := child.Tie(child.Command{
		Path: s.path, Args: append([]string{s.Kind.program}, s.Kind.argv(s.at)...), Env: s.Environ, Out: &r.out, Err: &r.out,
	})
	if err != nil {
		return false, why, fault.Errorf(fault.Other, "cannot start the tunnel %s: %w", s.Kind, err)
	}
	defer p.End()
	if err := s.Started(p.Pid()); err != nil {
		return false, why, err
	}
	if s.Public != "" {
		r.candidate(s.Public)
	} else if s.Kind.fixed != nil {
		r.candidate(s.Kind.fixed(s.at))
	}
	ended := func() reason {
		p.End() // and its output is whole
		text := "it ended"
		if err := p.Err(); err != nil {
			text += ": " + err.Error()
		}
		return reason{text, r.out.tail()}
	}
	limit, stop := s.within(within, everyTime)
	defer stop()
	u := r.prove(ctx, limit, p.Ended())
	for u != "" {
		proved, s.worked = true, u
		if err := s.Up(ctx, u); err != nil || ctx.Err() != nil {
			return true, why, err
		}
		u, why = r.watch(ctx, u, p.Ended())
	}
	select {
	case <-p.Ended():
		why = ended()
	default:
		if !proved {
			why = reason{r.says(), r.out.tail()}
		}
	}
	return proved, why, nil
}

// run is one process of a tunnel.
type run struct {
	*supervisor
	out   output
	found chan string // candidates

	mu    sync.Mutex
	seen  map[string]bool
	api   string // URL of the program's API, once it is known
	state string // how far it is
}

// read looks for what a line of output tells.
func (r *run) read(line string) {
	if r.Public != "" {
		return
	}
	if r.Kind.urls != nil {
		for _, u := range r.Kind.urls(r.at, line) {
			r.candidate(u)
		}
	}
	if r.Kind.api != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.api == "" {
			r.api = r.Kind.api(r.at, line)
		}
	}
}

// candidate notes a URL that may be the tunnel's.
func (r *run) candidate(text string) {
	u := normal(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	if u == "" || r.seen[u] || len(r.seen) == mostCandidates {
		return
	}
	r.seen[u] = true
	r.found <- u
}

func (r *run) note(u, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = u + " does not reach this listener: " + why
}

func (r *run) says() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// prove returns the URL through which a probe came, "" where none did until ctx
// or limit ended, or the process.
func (r *run) prove(ctx, limit context.Context, ended <-chan struct{}) string {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	proved := make(chan string)
	if r.Kind.api != nil && r.Public == "" {
		wg.Go(func() { r.poll(ctx) })
	}
	for {
		select {
		case u := <-r.found:
			wg.Go(func() { r.pursue(ctx, u, proved) })
		case u := <-proved:
			return u
		case <-limit.Done():
			return ""
		case <-ctx.Done():
			return ""
		case <-ended:
			return ""
		}
	}
}

// poll asks the program's API until it names a URL.
func (r *run) poll(ctx context.Context) {
	for r.Sleep(ctx, pollEvery) == nil {
		r.read("")
		r.mu.Lock()
		api := r.api
		r.mu.Unlock()
		if api == "" {
			continue
		}
		answer, err := r.HTTP.Deliver(ctx, httpx.Delivery{Method: http.MethodGet, URL: api})
		if err != nil || answer.Status != http.StatusOK {
			continue
		}
		urls := r.Kind.answer(r.at, answer.Body)
		for _, u := range urls {
			r.candidate(u)
		}
		if len(urls) > 0 {
			return
		}
	}
}

// pursue probes a URL until it is proved. Of two, the one with TLS goes first.
func (r *run) pursue(ctx context.Context, u string, proved chan<- string) {
	if strings.HasPrefix(u, "http:") && !r.Kind.plain && r.Sleep(ctx, retryEvery) != nil {
		return
	}
	for {
		why := r.probe(ctx, u)
		if why == "" {
			select {
			case proved <- u:
			case <-ctx.Done():
			}
			return
		}
		if ctx.Err() == nil {
			r.note(u, why)
		}
		if r.Sleep(ctx, retryEvery) != nil {
			return
		}
	}
}

// probe is Probe of what the supervisor was given.
func (s *supervisor) probe(ctx context.Context, u string) string {
	return Probe(ctx, s.HTTP, s.Expect, u)
}

// Probe sends one probe to a URL and says why it did not arrive, or "". Expect is that
// of [Options].
func Probe(ctx context.Context, client *httpx.Client, expect func(nonce string) (arrived <-chan struct{}, forget func()), u string) string {
	ctx, stop := context.WithTimeout(ctx, probeTimeout)
	defer stop()
	nonce := rand.Text()
	arrived, forget := expect(nonce)
	defer forget()
	result := make(chan string, 1)
	go func() {
		answer, err := client.Deliver(ctx, httpx.Delivery{Method: http.MethodGet, URL: normal(u) + Prefix + nonce})
		switch {
		case err != nil:
			result <- err.Error()
		default:
			result <- fmt.Sprintf("another server answered with %d", answer.Status)
		}
	}()
	select {
	case <-arrived:
		return ""
	case why := <-result:
		select {
		case <-arrived:
			return ""
		default:
			return why
		}
	}
}

// watch waits until the process or ctx ends, or nothing comes through u any more.
// Where another URL is proved then it returns that, else why there is none.
func (r *run) watch(ctx context.Context, u string, ended <-chan struct{}) (next string, why reason) {
	before := r.Now().Round(0) // by the wall: the other clock stands still while a laptop sleeps
	probed := before
	for {
		passed := make(chan struct{})
		slept, stop := context.WithCancel(ctx)
		go func() {
			if r.Sleep(slept, tick) == nil {
				close(passed)
			}
		}()
		fresh := ""
		select {
		case <-ended:
		case <-ctx.Done():
		case fresh = <-r.found:
		case <-passed:
		}
		stop()
		select {
		case <-ended:
			return "", why
		default:
		}
		if ctx.Err() != nil {
			return "", why
		}
		now := r.Now().Round(0)
		jumped := now.Sub(before) > 2*tick || now.Before(before)
		last := probed
		if r.Last().After(last) {
			last = r.Last()
		}
		before = now
		if fresh == "" && !jumped && now.Sub(last) < quiet {
			continue
		}
		probed = now
		if fresh != "" { // a program may name a new URL while it runs
			r.found <- fresh
		}
		if next, why = r.again(ctx, u, ended); next != u {
			return next, why
		}
	}
}

// again proves u, or one that was named since, within patience.
func (r *run) again(ctx context.Context, u string, ended <-chan struct{}) (string, reason) {
	limit, stop := r.within(ctx, patience)
	defer stop()
	why := r.probe(limit, u)
	if why == "" {
		for len(r.found) > 0 {
			<-r.found // u is good
		}
		return u, reason{}
	}
	r.note(u, why)
	r.found <- u
	next := r.prove(ctx, limit, ended)
	return next, reason{text: r.says()}
}

// within is ctx for so long.
func (s *supervisor) within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_ = s.Sleep(ctx, d) // or it is over before
		cancel()
	}()
	return ctx, cancel
}

// freePort is a port that nobody has now. Who loses it to another is started again.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fault.Errorf(fault.Other, "there is no free port for the tunnel: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if cerr := l.Close(); err == nil {
		err = cerr
	}
	return port, err
}
