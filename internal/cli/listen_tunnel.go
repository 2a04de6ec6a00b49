package cli

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/tunnel"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

// tunnelFlags are the flags of listen that make it public.
type tunnelFlags struct {
	tunnel, publicURL string
	onNewURL          string
	secretTo          []string
}

// What --on-new-url says of the webhook of --create.
const (
	newURLReplace = "replace"
	newURLStop    = "stop"
)

func (o *tunnelFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.tunnel, "tunnel", "", "start this program as a tunnel: "+strings.Join(tunnel.Forms, ", "))
	f.StringVar(&o.publicURL, "public-url", "", "public URL of a tunnel that you started yourself, or whose URL --tunnel cannot find out")
	f.StringVar(&o.onNewURL, "on-new-url", "", "with --create and --tunnel: what to do when the URL of the tunnel changes: replace (the default: update the webhook on {updating}, replace it on {replacing}) or stop")
	f.StringArrayVar(&o.secretTo, "secret-to", nil, "with --create: also hand the secret to a sink, as in create (repeatable)")
	_ = c.RegisterFlagCompletionFunc("tunnel", completeFixed(each(tunnel.Forms, func(form string) string { return kindOf(strings.Trim(form, "'")) })...))
	_ = c.RegisterFlagCompletionFunc("on-new-url", completeFixed(newURLReplace, newURLStop))
	_ = c.RegisterFlagCompletionFunc("secret-to", completeSinks)
	freeText(c, "tunnel", "public-url", "secret-to")
	addReveal(c)
}

// check finds what is wrong with the flags by themselves.
func (o *tunnelFlags) check(given func(flag string) bool) error {
	create := given("create")
	switch {
	case create && o.publicURL == "" && o.tunnel == "":
		return fault.Usagef("--create requires an address that the provider can reach").
			WithHint("start a tunnel with --tunnel cloudflared (or ngrok, tailscale, localhost.run, ssh:HOST), or give the URL of your own with --public-url")
	case given("public-url") && !create && o.tunnel == "":
		return fault.Usagef("--public-url needs --create or --tunnel").WithHint("see: hookctl listen --help")
	case given("public-url"):
		u, err := url.Parse(o.publicURL)
		if err == nil && u.User != nil {
			return fault.Usagef("--public-url contains a user name or password, which providers do not send")
		}
		if _, err := httpx.Origin(o.publicURL); err != nil {
			return fault.Usagef("--public-url: %w", err)
		}
	}
	switch {
	case given("tunnel") && o.tunnel == "":
		return fault.Usagef("--tunnel is empty").WithHint("one of: %s", strings.Join(tunnel.Forms, ", "))
	case len(o.secretTo) > 0 && !create:
		return fault.Usagef("--secret-to needs --create").WithHint("for an existing webhook: hookctl secrets push WEBHOOK --to SINK")
	case given("on-new-url") && !slices.Contains([]string{newURLReplace, newURLStop}, o.onNewURL):
		return fault.Usagef("--on-new-url takes replace or stop")
	case given("on-new-url") && (o.tunnel == "" || !create && o.onNewURL == newURLReplace):
		return fault.Usagef("--on-new-url %s needs --tunnel and --create", o.onNewURL)
	}
	return nil
}

// kind is that of --tunnel, whose program must be there; nil where there is none.
// It comes from the flag alone: a file or the environment must not name what runs.
func (o *tunnelFlags) kind() (*tunnel.Kind, error) {
	if o.tunnel == "" {
		return nil, nil
	}
	k, err := tunnel.Parse(o.tunnel)
	if err == nil {
		_, err = k.Look()
	}
	return &k, err
}

// likeURL is a URL as the provider will be given it.
func (o *tunnelFlags) likeURL(k *tunnel.Kind) string {
	if o.publicURL == "" && k != nil {
		return k.Example()
	}
	return o.publicURL
}

// exposure makes a listener public: it brings up the tunnel, makes the webhook,
// starts the handler, and only then says that all is ready.
type exposure struct {
	app     *app
	flags   *tunnelFlags
	kind    *tunnel.Kind   // nil: there is no tunnel of ours
	session *listenSession // nil: there is no webhook of ours
	handler *listenHandler // nil: there is no command
	secret  secret.Value   // the handler's, where no webhook is made
	forward *listen.Forwarder
	server  *listen.Server
	addr    string     // of the listener
	page    *inspector // nil: there is none
	ready   func()     // says what is true of every listener
	publish func(url string) error
	say     func(view.ListenState) error

	mu   sync.Mutex
	up   bool   // it was ready once
	url  string // where it is reached from outside; "" where that is not known
	left bool   // the end has begun: nothing new is made

	proving sync.WaitGroup // that a named URL leads here

	ctx  context.Context // of the command
	done chan struct{}
	end  context.CancelFunc // of the tunnel
	err  error
}

// begin brings everything up. Where that fails it calls stop.
func (x *exposure) begin(ctx context.Context, stop func()) {
	x.ctx, x.done = ctx, make(chan struct{})
	ctx, x.end = context.WithCancel(context.WithoutCancel(ctx)) // it carries deliveries to the end
	ended := func(err error) {
		x.mu.Lock()
		x.err = fault.Worst(x.err, err)
		x.mu.Unlock()
		stop()
	}
	if x.handler != nil {
		x.handler.ended = ended
	}
	bring := func() {
		defer close(x.done)
		if err := x.run(ctx); err != nil {
			ended(err)
		}
	}
	if x.kind == nil {
		bring() // nothing has to arrive for that
		if x.up && x.url != "" {
			x.proving.Go(func() { x.prove(ctx) })
		}
		return
	}
	go bring()
}

// prove says whether a URL that the user has named leads here. Who answers there may
// let the provider alone in, so that it does not is no error.
func (x *exposure) prove(ctx context.Context) {
	why := tunnel.Probe(ctx, x.app.http(), x.server.Expect, x.url)
	switch {
	case ctx.Err() != nil || why != "" && !x.server.Last().IsZero():
	case why == "":
		x.app.warn("Checked: a request to " + x.url + " arrives here.")
	default:
		x.app.warn("warning: it could not be checked that deliveries to " + x.url + " arrive here: " + why + ". Ignore this if only the provider can reach that address.")
	}
}

func (x *exposure) run(ctx context.Context) error {
	if x.kind == nil {
		return x.reached(ctx, x.flags.publicURL)
	}
	x.app.note("Starting the tunnel: %s", x.kind)
	return tunnel.Run(ctx, tunnel.Options{
		Kind: *x.kind, Addr: x.addr, Public: x.flags.publicURL,
		Environ: x.app.foreignEnviron(), HTTP: x.app.http(),
		Now: x.app.env.Now, Sleep: x.app.env.Sleep,
		Expect: x.server.Expect, Last: x.server.Last,
		Started: func(pid int) error {
			x.mu.Lock()
			defer x.mu.Unlock()
			if x.session == nil || x.left { // its mark is gone by then
				return nil
			}
			return x.session.mark.tunnel(pid, x.kind.String())
		},
		Up: x.reached,
		Down: func(why string, wait time.Duration) {
			again := "at once"
			if wait > 0 {
				again = "in " + wait.String()
			}
			x.app.warn("The tunnel has stopped (" + why + "). Starting it again " + again + ".")
			_ = x.say(view.ListenState{Type: view.ListenReconnecting, URL: x.url, Why: why, Wait: wait}) // a failed write ends the run elsewhere
		},
	})
}

// reached is called when the listener is reached at url, again where it was before.
func (x *exposure) reached(_ context.Context, url string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.left || x.ctx.Err() != nil {
		return nil
	}
	var err error
	switch {
	case !x.up:
		err = x.first(x.ctx, url)
	case x.url != url:
		err = x.moved(x.ctx, url)
	}
	if err != nil {
		return err
	}
	x.page.reached(url, x.session.candidates())
	if !x.up {
		x.ready()
	}
	if err := x.publish(url); err != nil {
		return err
	}
	x.up, x.url = true, url
	switch {
	case url == "":
		x.app.warn("Ready.")
	case x.kind == nil:
		x.app.warn("Ready: deliveries to " + url + " should arrive here.")
	default:
		x.app.warn("Ready: deliveries to " + url + " arrive here.")
	}
	return x.say(view.ListenState{Type: view.ListenReady, URL: url})
}

func (x *exposure) first(ctx context.Context, url string) error {
	if x.forward.SameHost(url) {
		return fault.Usagef("--forward-to is the address of the tunnel itself: %s", x.forward.URL())
	}
	value := x.secret
	if x.session != nil {
		err := x.server.Change(func() ([]verify.Candidate, error) { return x.session.start(ctx, url) })
		if err != nil {
			return err
		}
		value = x.session.made.Record.Secret
	}
	return x.handler.start(value)
}

// moved is first for a tunnel that has another URL now.
func (x *exposure) moved(ctx context.Context, url string) error {
	if x.session == nil || x.flags.onNewURL == newURLStop {
		what, otherwise := "a webhook with the old URL gets no more deliveries", "let listen create the webhook: --create"
		if x.session != nil {
			what, otherwise = "--on-new-url is stop", "leave out --on-new-url stop"
		}
		return fault.Errorf(fault.Unavailable, "the tunnel's URL changed to %s; it was %s: %s", url, x.url, what).WithCode("new-url").
			WithHint("use a tunnel with a fixed URL (ngrok with a domain, tailscale, ssh: with --public-url), or %s", otherwise)
	}
	changed := false
	err := x.server.Change(func() ([]verify.Candidate, error) {
		added, err := x.session.move(ctx, url)
		changed = len(added) > 0
		return added, err
	})
	if err != nil || !changed {
		return err
	}
	return x.handler.start(x.session.made.Record.Secret)
}

// leave removes the webhook; the tunnel stays for deliveries that are under way.
func (x *exposure) leave(ctx context.Context) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.left = true
	if x.session != nil {
		x.session.end(ctx)
	}
}

// close waits for the end of all that was brought up, and returns what was wrong
// with it.
func (x *exposure) close() error {
	x.end()
	<-x.done
	x.proving.Wait()
	x.handler.stop()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.kind != nil && !x.up && x.err == nil && x.ctx.Err() == nil {
		x.err = fault.Errorf(fault.Unavailable, "the tunnel %s did not start within the time of --timeout", x.kind).WithCode("tunnel").
			WithHint("allow more time, or check the program's output")
	}
	if x.session != nil {
		x.err = x.session.outcome(x.err)
	}
	return x.err
}
