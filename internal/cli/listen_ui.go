package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/inspect"
	"github.com/hookctl/hookctl/internal/listen"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
	"github.com/hookctl/hookctl/internal/view"
)

// pageFlags are the flags of the inspector.
type pageFlags struct{ ui, open bool }

func (o *pageFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&o.ui, "ui", false, "show the deliveries on a local web page, the inspector")
	c.Flags().BoolVar(&o.open, "open", false, "with --ui: open the page in the browser")
}

func (o *pageFlags) check() error {
	if o.open && !o.ui {
		return fault.Usagef("--open needs --ui").WithHint("use both: --ui --open")
	}
	return nil
}

// inspector is the page of `listen --ui`: nil where it is not asked for.
type inspector struct {
	app    *app
	server *inspect.Server
	signer *pageSigner
	opts   listen.Options
	here   string
	opened []string // the file that leads a browser to the page, and its directory
	failed chan error
}

// inspector connects the page with the run. opts are complete, but for their report;
// address is what the provider is given.
func (o *pageFlags) inspector(a *app, keys *keyFlags, opts *listen.Options, here, address string) (*inspector, error) {
	if !o.ui {
		return nil, nil
	}
	target := ""
	if opts.Forward != nil {
		target = opts.Forward.URL()
	}
	client := a.http(each(opts.Candidates, func(c verify.Candidate) secret.Value { return c.Secret })...)
	signer := &pageSigner{keys: keys, app: a, candidates: opts.Candidates}
	server, err := inspect.New(inspect.Options{
		Now: a.env.Now, Here: here, Target: target, Sentence: view.Sentence, SignedBy: keys.signedBy(a), Filter: a.filterWords(filter.Options{Search: true}),
		Stored: func(d *listen.Delivery) ([]byte, error) {
			if d.Taken() {
				return opts.Kept.Record(d.SavedAt)
			}
			return opts.Rejected.Record(d.SavedAt)
		},
		Post: func(ctx context.Context, d deliver.Delivery) (deliver.Sent, error) {
			post, err := deliver.NewPoster(deliver.PosterOptions{Client: client, Now: a.env.Now, Sleep: a.env.Sleep})
			if err != nil {
				return deliver.Sent{}, err
			}
			return post.Post(ctx, d)
		},
		Sign: signer.sign,
	})
	if err != nil {
		return nil, err
	}
	server.Tell(func(s *inspect.State) { s.Address, s.Notice = cmp.Or(address, here), assumed(opts) })
	opts.Requests = true
	p := &inspector{app: a, server: server, signer: signer, opts: *opts, here: here, failed: make(chan error, 1)}
	go func() { p.failed <- server.Serve() }()
	return p, nil
}

// assumed says which of the schemes that deliveries are judged by are guesses.
func assumed(opts *listen.Options) string {
	var notes []string
	for _, p := range opts.Providers {
		tried := func(c verify.Candidate) bool {
			return c.Provider == p.Name || c.Provider == "" && len(opts.Providers) == 1
		}
		if len(p.Scheme.Assumed) > 0 && slices.ContainsFunc(opts.Candidates, tried) {
			notes = append(notes, verify.AssumedNote(p.Name, p.Scheme.Assumed))
		}
	}
	return strings.Join(notes, "; ")
}

// shown is report that shows each delivery on the page too.
func (p *inspector) shown(report func(listen.Delivery) error) func(listen.Delivery) error {
	if p == nil {
		return report
	}
	return func(d listen.Delivery) error {
		p.server.Add(d)
		return report(d)
	}
}

// reached shows the address to give the provider, and has edited bodies signed with
// what a new webhook's deliveries are.
func (p *inspector) reached(address string, added []verify.Candidate) {
	if p == nil {
		return
	}
	for _, c := range added {
		if !slices.ContainsFunc(p.opts.Candidates, func(o verify.Candidate) bool { return o.Provider == c.Provider && o.ID == c.ID }) {
			p.opts.Candidates = append([]verify.Candidate{c}, p.opts.Candidates...)
		}
	}
	p.signer.trust(p.opts.Candidates)
	p.server.Tell(func(s *inspect.State) { s.Address, s.Notice = cmp.Or(address, p.here), assumed(&p.opts) })
}

// announce says where the page is. Its address holds a token, and a log of CI is for
// many: nothing opens a page there.
func (p *inspector) announce(open bool) {
	if p == nil {
		return
	}
	if inCI(p.app.env) {
		p.app.note("The inspector's address contains a token, so it is not printed when CI is set.")
		return
	}
	p.app.warn("Inspector at " + p.server.URL())
	if !open {
		return
	}
	if err := p.open(); err != nil {
		p.app.note("Could not open a browser: %v. Open the inspector's address in one yourself.", err)
	}
}

// url is the page's address; "" where it is not to be printed.
func (p *inspector) url() string {
	if p == nil || inCI(p.app.env) {
		return ""
	}
	return p.server.URL()
}

// open shows the page in the user's browser. It is handed a file that leads there:
// other users see the arguments of a process, and the address holds a token.
func (p *inspector) open() error {
	disk := p.app.env.Disk.Or()
	dir := filepath.Join(os.TempDir(), "hookctl-page-"+durable.RandomID())
	if err := disk.MakePrivateDir(dir, "TMPDIR"); err != nil {
		return err
	}
	path := filepath.Join(dir, "inspector.html")
	p.opened = []string{path, dir}
	page := `<!doctype html><meta http-equiv="refresh" content="0; url=` + html.EscapeString(p.server.URL()) + `"><title>hookctl</title>` + "\n"
	if err := disk.WritePrivate(path, []byte(page)); err != nil {
		return err
	}
	name, args := browser(path)
	program, err := child.Look(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	cmd, err := child.Start(child.Command{Path: program, Args: append([]string{name}, args...), Env: p.app.foreignEnviron()})
	if err == nil {
		go func() { _ = cmd.Wait() }() // a browser may go on for days; it says itself what is wrong
	}
	return err
}

// browser is the command that opens a file in the user's browser.
func browser(path string) (name string, args []string) {
	switch runtime.GOOS {
	case "darwin":
		return "open", []string{path}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", path}
	}
	return "xdg-open", []string{path}
}

// close ends the page, and removes what has led to it.
func (p *inspector) close() error {
	if p == nil {
		return nil
	}
	err := errors.Join(p.server.Close(), <-p.failed)
	for _, path := range p.opened {
		if rerr := p.app.env.Disk.Or().Remove(path); !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// pageSigner signs bodies that were edited on the page: with the secret that made the
// delivery valid, else the only one of its provider.
type pageSigner struct {
	keys *keyFlags
	app  *app

	mu         sync.Mutex
	candidates []verify.Candidate
}

func (s *pageSigner) trust(candidates []verify.Candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.candidates = candidates
}

func (s *pageSigner) sign(d *listen.Delivery, body []byte) (inspect.Signature, error) {
	found, err := s.candidate(d)
	if err != nil {
		return inspect.Signature{}, err
	}
	driver, err := s.app.env.Drivers.Find(found.Provider)
	if err != nil {
		return inspect.Signature{}, err
	}
	signer := s.keys.signer(s.app, driver, found.Secret)
	out := inspect.Signature{Whose: cmp.Or(found.Name, found.ID, "this run"), Flags: s.flags(found), Timed: strings.Contains(signer.Scheme.Template, "{timestamp}")}
	out.Fields, err = signer.Sign(body)
	return out, err
}

// candidate is the secret that a delivery was signed with, or should have been.
func (s *pageSigner) candidate(d *listen.Delivery) (verify.Candidate, error) {
	s.mu.Lock()
	candidates := s.candidates
	s.mu.Unlock()
	var may []verify.Candidate
	for _, c := range candidates {
		if c.Provider != "" && d.Provider != "" && c.Provider != d.Provider {
			continue
		}
		c.Provider = cmp.Or(c.Provider, d.Provider)
		if d.Taken() && c.ID == d.WebhookID {
			return c, nil // the present secret of a webhook comes before its older ones
		}
		same := func(other verify.Candidate) bool { return other.Secret.Equal(c.Secret) }
		if !c.Older && !c.Retired && !slices.ContainsFunc(may, same) {
			may = append(may, c)
		}
	}
	switch len(may) {
	case 1:
		return may[0], nil
	case 0:
		return verify.Candidate{}, fault.Usagef("no secret is available to sign it with").WithHint("start the listener with the webhook's secret: --webhook, --secret-file or --secret-env")
	}
	return verify.Candidate{}, fault.Usagef("%d webhooks may have sent it, each with its own secret", len(may)).WithHint("start the listener with --webhook")
}

// flags make `hookctl sign` sign in the same way.
func (s *pageSigner) flags(c verify.Candidate) string {
	var b strings.Builder
	add := func(flag, value string) {
		if value != "" {
			b.WriteString(" --" + flag + " " + term.ShellWord(value))
		}
	}
	o := s.keys
	switch {
	case o.secretFile != "" || o.secretEnv != "":
		add("provider", c.Provider)
		add("secret-file", o.secretFile)
		add("secret-env", o.secretEnv)
	default:
		add("webhook", c.Provider+"/"+c.ID)
	}
	add("signature-header", strings.Join(o.signatureHeaders, ","))
	add("key-encoding", o.keyEncoding)
	add("digest-encoding", o.digestEncoding)
	add("signed-template", o.signedTemplate)
	add("timestamp-header", o.timestampHeader)
	if s.app.given("profile") {
		add("profile", s.app.cfg.Profile())
	}
	return b.String()
}
