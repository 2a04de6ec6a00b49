package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

// The files of --save. Valid deliveries are apart from the others, so that
// verify and replay can be given the first, or the directory. Anybody can send
// invalid ones: they get so many bytes and no more.
const (
	keptFile     = "deliveries.ndjson"
	rejectedFile = "invalid.ndjson"
	mostRejected = 64 << 20
)

type listenOptions struct {
	keyFlags
	noVerify bool

	addr, urlFile string
	maxBody       string

	filterFlags
	printBody      bool
	save           string
	saveInvalid    bool
	forwardTo      string
	forwardTimeout time.Duration

	once         bool
	count        int
	until        []string
	allowUnknown bool
	timeout      time.Duration

	create string
	events []string
	tunnelFlags

	pageFlags
}

func newListenCmd(g *globals) *cobra.Command {
	o := &listenOptions{}
	c := &cobra.Command{
		Use:         "listen [-- command...]",
		Annotations: freeArguments,
		Short:       "Receive deliveries locally: verify, show, save, forward",
		Example: `  hookctl listen                                       # every kept secret is tried
  hookctl listen --addr 127.0.0.1:8787 --save captures --forward-to http://127.0.0.1:3000/hook
  hookctl listen --forward-to 3000 --print-body                           # what comes, and what your handler answers
  hookctl listen --filter 'event=contact.*' --filter status=5xx           # only what fails there
  hookctl listen --forward-to http://127.0.0.1:3000/hook --ui --open      # a page that says why
  hookctl listen --once --timeout 30s --url-file url.txt -o ndjson        # in CI
  hookctl listen --until contact.created --timeout 2m --webhook "Lead sync"
  hookctl listen --create wundertreos --event 'contact.*' --tunnel cloudflared --forward-to localhost:3000/hook
  hookctl listen --create zyntro --tunnel ngrok --forward-to :3000 -- npm start    # it has HOOK_SECRET
  hookctl listen --create wundertreos --public-url https://abc.example.com         # a tunnel of your own`,
		Long: `Receive deliveries at a local address, on any path, until Ctrl-C. Each one is
verified before anything else happens; then it is saved (--save), then forwarded
(--forward-to), then answered, then shown:

  200   valid; with --forward-to, the status of the handler's answer, 502 if the
        handler cannot be reached, 504 if it takes too long
  401   the signature is not valid: not forwarded, and saved only with --save-invalid
  503   the delivery could not be saved: the provider will send it again
  400, 405, 408, 413   not a delivery: broken off, not POST, too slow, too large

Without --webhook, --secret-file or --secret-env, every secret kept in this profile
is tried. Without any secret, the command does not start, unless --no-verify accepts
every delivery; each line says so then.

--save DIR appends to DIR/deliveries.ndjson, which 'hookctl verify' and 'hookctl
replay' read. A delivery is answered only when it is safely on disk. With
--forward-to, it is on disk before your handler gets it, and is in the file with the
handler's answer (its first 64 KiB) before the provider gets that answer. With
--save-invalid, invalid deliveries go to DIR/invalid.ndjson, up to 64 MiB.
Deliveries contain personal data: a directory that others own or can write, such as
/tmp itself, is refused, and so is such a file in it.

Forwarding keeps the body and the headers as they were received, and goes to the path
of --forward-to, or to / if it has none ('replay --to' uses the path of each delivery
then). Redirects are not followed and no credentials are added. An event that was
answered with a 2xx is not forwarded again: a duplicate is answered with 200 and
marked. If your handler cannot be reached, a message says so at the start and when it
stops answering, and also when it is back.

-o ndjson prints one object per line. Its type is ready for the first one, and each
time that a tunnel works again, with url (for the provider), addr and, with --ui and
without CI, ui; reconnecting with why and wait_ms if a tunnel does not work; stopped
at the end; and delivery for the others: received_at, method, url, bytes, valid
(null: not verified), reason (as in verify, or not-verified), provider, webhook_id,
webhook, event_id, event_type, duplicate, saved, forward_status, forward_error,
status, latency_ms, answer (of the handler: status and ms); an invalid one also has
diagnosis, and notes if there are any. With --print-body also headers, body_base64
and body, in answer too. If invalid deliveries come in large numbers, only some are
shown.

--filter shows only some: event=GLOB, provider=NAME, id=GLOB, status=5xx (of the
handler's answer, or else of hookctl's), valid, invalid, and any other word or
text=TEXT (in the event, id, URL, headers or body). If several filters are of the
same kind, one must match; every text must be found. Deliveries that are not shown
are still verified, saved, forwarded and counted.

--once, --count and --until end the command with exit code 0 after that many valid
deliveries were answered with a 2xx, not counting duplicates; --timeout ends it with
exit code 3 if they did not come. Ctrl-C ends it with 0, once all accepted deliveries
are answered.

--ui shows the deliveries on a local web page, as they come: why one is invalid, its
body, headers and answer, and the differences between two. The page can also send
them to --forward-to again, and edited ones with a new signature. Its address
contains a token. --open opens it in the browser.

--create creates a webhook for this session and removes it at the end, also after
Ctrl-C. On {disabling} it is disabled, because webhooks cannot be deleted there.
--secret-to hands its secret on; if a sink fails, the webhook is removed too, so that
nothing is left to do, and the exit code is that of the sink's error (1). The next
session lists what an earlier one left behind, and removes it if you confirm.

--tunnel starts an installed program that makes the address public; the program ends
with the command. Its URL is used once a request sent to it has arrived here; then
the webhook is created, and 'Ready' comes last. If the tunnel is not up within 20
seconds, or within --timeout, the command ends with 6; later it is restarted without
limit. Its URL may change then: Zyntro's webhook is changed, WundertreOS's is replaced
and has a new secret; without --create the command ends with 6. ssh: requires a key
and a known host; it gives http://HOST: and a port that the server chooses, or with
--public-url the URL that leads to the port of --addr on HOST. With --public-url
alone, a request is sent to that URL too; if it does not arrive, that is a warning,
because the URL may be open to the provider only. 'exec:COMMAND {port}' runs any
other program, and tries each URL that it prints.

A command after -- is your handler: it is started with HOOK_SECRET set, restarted
when there is a new secret, and stopped at the end. Without --create, use --webhook,
--secret-file or --secret-env to select the secret. Its output goes to standard
error. If it ends, so does listen.`,
		Args: commandArgs,
		RunE: g.run(changesWith("create"), o.run),
	}
	o.keyFlags.add(g, c, toVerify)
	o.tunnelFlags.add(c)
	f := c.Flags()
	f.StringVar(&o.addr, "addr", defaultAddr, "address to listen on; port 0 is any free port; without this flag, the next free port if 8787 is taken")
	f.StringVar(&o.urlFile, "url-file", "", "write the URL to this file when deliveries can be received (the public URL with --tunnel or --public-url)")
	f.BoolVar(&o.noVerify, "no-verify", false, "accept every delivery, whoever sent it")
	f.StringVar(&o.maxBody, "max-body", "1MiB", "largest body to accept, at most 32MiB")
	f.BoolVar(&o.printBody, "print-body", false, "also print the bodies, formatted; with -o ndjson, the headers too")
	o.filterFlags.add(c, "show only such deliveries")
	f.StringVar(&o.save, "save", "", "save deliveries to this directory, byte for byte")
	f.BoolVar(&o.saveInvalid, "save-invalid", false, "with --save: also save invalid deliveries, in a separate file")
	f.StringVar(&o.forwardTo, "forward-to", "", "forward valid deliveries to this URL, or to 3000 or :3000/hook on this machine")
	durationVar(c, &o.forwardTimeout, "forward-timeout", listen.DefaultForwardTimeout, "how long to wait for the answer to a forwarded delivery")
	f.BoolVar(&o.once, "once", false, "exit after one valid delivery, the same as --count 1")
	f.IntVar(&o.count, "count", 0, "exit after this many valid deliveries that were answered with a 2xx")
	f.StringArrayVar(&o.until, "until", nil, "exit after a valid delivery of this event: a slug, a comma-separated list or a glob (repeatable)")
	f.BoolVar(&o.allowUnknown, "allow-unknown-events", false, "allow events that are not in the catalogue")
	durationVar(c, &o.timeout, "timeout", 0, "exit after this time; exit 3 if the expected deliveries did not come")
	f.StringVar(&o.create, "create", "", "create a webhook on this provider for the session")
	f.StringArrayVar(&o.events, "event", nil, "with --create: event to subscribe to, as in create (default all, repeatable)")
	excludes(c, "no-verify", "webhook", "secret-file", "secret-env", "create")
	o.pageFlags.add(c)
	exclusive(c, "once", "count")
	o.complete(g, c)
	return c
}

func (o *listenOptions) complete(g *globals, c *cobra.Command) {
	for flag, complete := range map[string]cobra.CompletionFunc{
		"create": g.completeProviders,
		"until":  completeEvents(g.env.Drivers), "event": completeEvents(g.env.Drivers),
		"addr": completeFixed(defaultAddr, "127.0.0.1:0"), "max-body": completeFixed("64KiB", "1MiB", "32MiB"),
		"timeout": completeFixed("30s", "2m", "1h"), "forward-timeout": completeFixed("5s", "30s", "2m"),
	} {
		_ = c.RegisterFlagCompletionFunc(flag, complete)
	}
	_ = c.RegisterFlagCompletionFunc("count", cobra.NoFileCompletions)
	freeText(c, "until", "event", "forward-to")
	_ = c.MarkFlagDirname("save")
}

// check finds what is wrong with the flags by themselves.
func (o *listenOptions) check(given func(flag string) bool) error {
	switch {
	case given("count") && o.count < 1:
		return fault.Usagef("--count %d is less than 1", o.count)
	case given("timeout") && o.timeout <= 0:
		return fault.Usagef("--timeout %s is not a positive duration", o.timeout)
	case given("forward-timeout") && o.forwardTimeout <= 0:
		return fault.Usagef("--forward-timeout %s is not a positive duration", o.forwardTimeout)
	case given("save") && o.save == "":
		return fault.Usagef("--save is empty").WithHint("name a directory, for instance: --save captures")
	case o.saveInvalid && o.save == "":
		return fault.Usagef("--save-invalid needs --save").WithHint("name a directory, for instance: --save captures")
	case given("forward-to") && o.forwardTo == "":
		return fault.Usagef("--forward-to is empty")
	case len(o.events) > 0 && o.create == "":
		return fault.Usagef("--event needs --create").WithHint("to wait for an event: --until EVENT")
	}
	return cmp.Or(o.pageFlags.check(), o.tunnelFlags.check(given))
}

// run opens what the deliveries need, in the order of what can fail
// without a trace: flags, address, files, and only then a webhook.
func (o *listenOptions) run(ctx context.Context, a *app, command []string) (err error) {
	if err := o.check(a.given); err != nil {
		return err
	}
	only, err := o.filterFlags.parse(a)
	if err != nil {
		return err
	}
	kind, err := o.kind()
	if err != nil {
		return err
	}
	opts, err := o.options(ctx, a)
	if err != nil {
		return err
	}
	session, err := o.plan(a, o.likeURL(kind))
	if err != nil {
		return err
	}
	x := &exposure{app: a, flags: &o.tunnelFlags, kind: kind, session: session, forward: opts.Forward}
	if x.handler, err = a.handler(command); err != nil {
		return err
	}
	if session == nil {
		if x.secret, err = x.handler.only(opts.Candidates); err != nil {
			return err
		}
	}
	if o.save != "" {
		err = listen.CheckArchive(o.save, keptFile)
	}
	if err == nil && o.saveInvalid {
		err = listen.CheckArchive(o.save, rejectedFile)
	}
	if err != nil {
		return err
	}
	l, here, open, err := o.bind(a)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := l.Close(); err == nil && !errors.Is(cerr, net.ErrClosed) {
			err = cerr
		}
	}()
	if open {
		guard := "only signatures keep forged deliveries out"
		if o.noVerify {
			guard = "and with --no-verify everything that they send is accepted"
		}
		a.warn(fmt.Sprintf("warning: other machines can reach %s: %s", l.Addr(), guard))
	}
	if opts.Forward.LeadsTo(l.Addr()) {
		return fault.Usagef("--forward-to is the address of the listener itself: %s", opts.Forward.URL()).
			WithHint("give the port of your handler, for instance: --forward-to 3000; or choose another address with --addr")
	}
	if err := o.retract(a); err != nil { // who waits for the file must not find an old one
		return err
	}
	if x.handler != nil && opts.Forward == nil {
		a.warn("warning: the command gets no deliveries: give its address with --forward-to")
	}
	defer func() { err = errors.Join(err, opts.Kept.Close(), opts.Rejected.Close()) }()
	if o.save != "" {
		opts.Kept, err = listen.OpenArchive(a.env.Disk, o.save, keptFile, 0, a.warn)
	}
	if err == nil && o.saveInvalid {
		opts.Rejected, err = listen.OpenArchive(a.env.Disk, o.save, rejectedFile, mostRejected, a.warn)
	}
	if err != nil {
		return err
	}
	if session != nil {
		if err := session.open(ctx); err != nil {
			return errors.Join(err, session.mark.remove())
		}
		opts.Later = true
	}
	opts.Leave = func() { x.leave(ctx) }
	opts.Requests = o.printBody || only.Texts()
	out := &receivedWriter{app: a, only: only, bodies: o.printBody, lines: a.out.Format() == render.NDJSON && a.jq == "", stream: a.out.Stream(view.ReceivedColumns())}
	out.stream.Align(1) // the first row shows how wide the verdicts are
	page, err := o.inspector(a, &o.keyFlags, &opts, here, o.publicURL)
	if err == nil {
		defer func() { err = errors.Join(err, page.close()) }()
		target := a.watchTarget(ctx, opts.Forward, page, x.handler != nil)
		defer target.close()
		opts.Report, opts.Flush = target.shown(page.shown(out.write)), out.flush
		x.server, err = listen.New(opts)
	}
	if err != nil {
		x.leave(ctx)
		return err
	}
	x.addr, x.page = reachableAddr(here), page
	x.ready = func() {
		o.announce(a, here)
		page.announce(o.open)
	}
	x.publish = func(url string) error { return o.publish(a, cmp.Or(url, here)) }
	x.say = func(e view.ListenState) error {
		if e.Type == view.ListenReady {
			e.URL, e.Addr, e.UI = cmp.Or(e.URL, here), l.Addr().String(), page.url()
		}
		return out.state(e)
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	x.begin(running, stop)
	summary, err := x.server.Run(running, l)
	aborted := errors.Is(err, listen.ErrAborted) // somebody may still be writing
	err = fault.Worst(err, x.close(), o.retract(a))
	if x.up && !aborted {
		err = fault.Worst(err, out.state(view.ListenState{Type: view.ListenStopped}))
	}
	if !aborted {
		err = fault.Worst(err, out.close())
	}
	if !x.up && err != nil {
		return err
	}
	if o.summarise(a, opts, summary); !aborted && out.passed > 0 {
		a.note("%s did not match the filter.", term.Plural(out.passed, "delivery", "deliveries"))
	}
	return err
}

// options collects what deliveries are judged by, and what is done with them.
func (o *listenOptions) options(ctx context.Context, a *app) (listen.Options, error) {
	opts := listen.Options{
		NoVerify: o.noVerify, Timeout: o.timeout, Now: a.env.Now, Hurry: a.env.Hurry,
		Notify: func(line string) { a.note("%s", line) },
	}
	var err error
	if opts.MaxBody, err = listen.ParseSize(o.maxBody); err != nil {
		return opts, fault.Usagef("--max-body: %w", err).WithHint("for instance: --max-body 512KiB; at most 32MiB")
	}
	if o.forwardTo != "" {
		if opts.Forward, err = listen.NewForwarder(o.forwardTo, o.forwardTimeout); err != nil {
			return opts, err
		}
	}
	only, err := o.secrets(ctx, a, &opts)
	if err != nil {
		return opts, err
	}
	var drivers []*provider.Driver
	for _, d := range a.env.Drivers {
		if only == "" || d.Name == only {
			drivers = append(drivers, d)
			opts.Providers = append(opts.Providers, verifyProvider(d, o.scheme(a, d)))
		}
	}
	if err := o.wanted(drivers, &opts); err != nil {
		return opts, err
	}
	return opts, opts.Check()
}

// secrets fills in the secrets to try, and returns the provider that all
// deliveries belong to, or "".
func (o *listenOptions) secrets(ctx context.Context, a *app, opts *listen.Options) (only string, err error) {
	switch {
	case o.noVerify && o.provider == "":
		return "", nil
	case o.noVerify:
		return a.env.providerName(o.provider)
	}
	c, err := o.candidates(ctx, a)
	if err != nil {
		return "", err
	}
	opts.Candidates, opts.Others = c.tried, c.others
	if len(opts.Candidates) == 0 && o.create == "" {
		return "", fault.Usagef("no secret is available to verify deliveries with").WithCode("no-secret").
			With(a.whyNone(ctx, fault.Hint{Text: "give one with --secret-file or --secret-env, or create a webhook: hookctl create\nfor an existing webhook: " + custody.WaysOut().Text + "\n--no-verify accepts every delivery, from any sender"}))
	}
	return c.only, nil
}

// wanted fills in what ends the command.
func (o *listenOptions) wanted(drivers []*provider.Driver, opts *listen.Options) error {
	opts.Count = o.count
	if o.once || len(o.until) > 0 && o.count == 0 {
		opts.Count = 1
	}
	if len(o.until) == 0 {
		return nil
	}
	known := map[string]bool{}
	var bad []provider.BadEvent
	for _, list := range o.until {
		for word := range strings.SplitSeq(list, ",") {
			for _, d := range drivers {
				ex := d.ExpandEvents([]string{word}, o.allowUnknown)
				for _, slug := range ex.Slugs {
					if !slices.Contains(opts.Events, slug) {
						opts.Events = append(opts.Events, slug)
					}
				}
				known[word] = known[word] || len(ex.Bad) == 0
				bad = append(bad, ex.Bad...)
			}
		}
	}
	var hints []string
	for _, b := range bad {
		if hint := b.String(); !known[b.Word] && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	if len(hints) == 0 {
		return nil
	}
	return fault.Usagef("--until: %s", strings.Join(hints, "; ")).WithCode(codeUnknownEvent).
		WithHint("all events: hookctl list-events; to wait for another event: --allow-unknown-events")
}

// plan checks what --create asks for, of a webhook at that URL or one like it; nil
// where it asks for nothing.
func (o *listenOptions) plan(a *app, url string) (*listenSession, error) {
	if o.create == "" {
		return nil, nil
	}
	d, err := a.env.Drivers.Find(o.create)
	if err != nil {
		return nil, err
	}
	if o.provider != "" {
		if other, err := a.env.Drivers.Find(o.provider); err != nil || other != d {
			return nil, fault.Usagef("--create makes a webhook of %s, but --provider says %s", d.Name, o.provider)
		}
	}
	events := o.events
	if len(events) == 0 {
		events = []string{"all"}
	}
	slugs, _, err := a.expandEvents(d, events, o.allowUnknown)
	if err != nil {
		return nil, err
	}
	s := &listenSession{app: a, driver: d, spec: provider.Spec{Name: sessionName + sessionToken(a.env.Now()), URL: url, Events: slugs}}
	if broken := d.Validate(s.spec); len(broken) > 0 {
		f := broken[0]
		switch {
		case f.Field == "url" && o.publicURL == "":
			return nil, fault.Usagef("--tunnel %s gives an http:// URL: %s", o.tunnel, f.Message).
				WithHint("if a web server on HOST has a certificate and forwards to the port of --addr, give its address with --public-url")
		case f.Field == "url":
			return nil, fault.Usagef("--public-url: %s", f.Message)
		}
		return nil, fault.Usagef("--%s: %s", flagOf(f.Field), f.Message)
	}
	if s.sinks, err = a.sinks(o.secretTo); err != nil {
		return nil, err
	}
	if warning := unreachable(o.publicURL); warning != "" {
		a.note("warning: %s", warning)
	}
	return s, nil
}

// defaultAddr is where deliveries are received if nothing else is said.
const defaultAddr = "127.0.0.1:8787"

// bind listens at --addr. Where that is not given, another port will do.
func (o *listenOptions) bind(a *app) (l net.Listener, here string, open bool, err error) {
	if a.given("addr") {
		return listen.Bind(o.addr)
	}
	l, here, open, taken, err := listen.BindFirst(o.addr)
	if taken && err == nil {
		a.note("%s is in use: using another port.", o.addr)
	}
	return l, here, open, err
}

// reachableAddr is the host and port of a URL of this machine.
func reachableAddr(here string) string {
	return strings.TrimSuffix(strings.TrimPrefix(here, "http://"), "/")
}

// announce says, once deliveries are received, how to get them here.
func (o *listenOptions) announce(a *app, here string) {
	a.warn("Listening at " + here + " on any path. To stop, press Ctrl-C.")
	if o.noVerify {
		a.warn("warning: hookctl does not verify signatures")
	}
	if o.publicURL == "" && o.tunnel == "" {
		a.note("To receive deliveries from outside: --tunnel cloudflared (or ngrok, tailscale, localhost.run, ssh:HOST); add --create to create a webhook too.")
		a.note("Or start a tunnel to %s yourself, and give the provider the tunnel's URL.", reachableAddr(here))
	}
}

// publish writes the URL to --url-file.
func (o *listenOptions) publish(a *app, url string) error {
	if o.urlFile == "" {
		return nil
	}
	if err := a.env.Disk.Or().WriteFile(o.urlFile, []byte(url+"\n")); err != nil {
		return fault.Errorf(fault.Other, "--url-file: %w", err).WithHint("name a file in a directory that you can write to")
	}
	return nil
}

// retract removes what publish has written, in this run or one before.
func (o *listenOptions) retract(a *app) error {
	if o.urlFile == "" {
		return nil
	}
	if info, err := os.Lstat(o.urlFile); err == nil && !info.Mode().IsRegular() {
		return nil // it is not ours
	}
	if err := a.env.Disk.Or().Remove(o.urlFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Errorf(fault.Other, "--url-file: %w", err)
	}
	return nil
}

func (o *listenOptions) summarise(a *app, opts listen.Options, s listen.Summary) {
	kept, forward := "", ""
	if opts.Kept != nil {
		kept = opts.Kept.Path()
	}
	if opts.Forward != nil {
		forward = opts.Forward.URL()
	}
	for _, line := range view.Reception(s, kept, forward) {
		a.note("%s", line)
	}
	o.noteUndocumented(a, s.Assumed)
}

// receivedWriter prints deliveries as they come. As NDJSON, those that come
// faster than they can be written one by one are written together.
type receivedWriter struct {
	app    *app
	lines  bool
	bodies bool
	only   filter.Filter

	mu     sync.Mutex // deliveries and states come from two sides
	passed int        // deliveries that the filter left out
	held   []byte
	stream *render.Stream
}

func (w *receivedWriter) write(d listen.Delivery) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !d.Matches(&w.only) {
		w.passed++
		return nil
	}
	r := view.NewReceived(d, w.bodies)
	if !w.lines {
		if err := w.stream.Item(r, r.Row(), r.Name()); err != nil {
			return err
		}
		return r.PrintBodies(w.app.out)
	}
	if w.held = append(r.AppendJSON(w.held), '\n'); len(w.held) > streamBuffer {
		return w.flushed()
	}
	return nil
}

// state says, where each line is an object, how the listener is.
func (w *receivedWriter) state(s view.ListenState) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.lines:
		w.held = append(s.AppendJSON(w.held), '\n')
		return w.flushed()
	case w.app.out.Format() == render.NDJSON:
		return w.stream.Item(s, nil, "")
	}
	return nil
}

func (w *receivedWriter) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flushed()
}

// flushed is flush for who holds the lock.
func (w *receivedWriter) flushed() error {
	err := render.WriteAll(w.app.env.Streams.Out, w.held)
	w.held = w.held[:0]
	return err
}

func (w *receivedWriter) close() error {
	if w.lines {
		return w.flush()
	}
	return w.stream.Close()
}
