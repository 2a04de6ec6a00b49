// Package demo is the story of hookctl, told by its own commands against a
// sandbox.
package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/term"
)

// Demo is one showing of the story. Its commands are real.
type Demo struct {
	Drivers provider.Registry
	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error
	Out     io.Writer
	Width   func() int // columns of Out
	// Run runs a command line of hookctl in an environment of its own.
	Run func(ctx context.Context, environ []string, stdin io.Reader, args []string) (stdout, stderr string, code int)
	// Pause comes between two steps; nil: nothing does.
	Pause func(context.Context) error

	dir      string // everything the demo writes
	environ  []string
	box      *sandbox.Service
	received *receiver
	server   *http.Server // of received
}

// hooks are the webhooks of the story, by provider.
var hooks = []struct {
	provider, name, url string
	events, emit        string
}{
	{"zyntro", "CRM Sync", "https://example.com/crm", "new_contact,invoice_paid", "invoice_paid"},
	{"wundertreos", "Lead sync", "https://example.com/leads", "contact.created,contact.tag_added", "contact.created"},
}

// Show tells the story. The error says which step did not do what it says.
func (d *Demo) Show(ctx context.Context) (err error) {
	d.dir, err = os.MkdirTemp("", "hookctl-demo-")
	if err != nil {
		return fault.Errorf(fault.Other, "the demo needs a temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, d.cleanUp()) }()
	if err := d.start(ctx); err != nil {
		return err
	}
	for i, step := range steps {
		err := d.say("\n%s\n", term.Wrap(fmt.Sprintf("%d. ", i+1), step.title, d.Width()))
		if err == nil {
			err = step.show(d, ctx)
		}
		if err == nil && d.Pause != nil && i < len(steps)-1 {
			err = d.Pause(ctx)
		}
		if ctx.Err() != nil { // what the step then says is of no interest
			return fault.Interruption()
		}
		if err != nil {
			return err
		}
	}
	return d.say("\n%s\n", term.Wrap("", "That is all. Nothing of this demo stays on your disk. Next, type:\n"+
		"  eval \"$(hookctl sandbox start)\"   to try it yourself, without an account\n"+
		"  hookctl login zyntro              or wundertreos, for your own account\n"+
		"  hookctl create                    asks for what it needs\n"+
		"  hookctl help                      for everything else", d.Width()))
}

// steps are the story. Each fits a terminal of 80 columns and 24 lines.
var steps = []struct {
	title string
	show  func(*Demo, context.Context) error
}{
	{"Create a webhook on each provider. It returns the secret once, and hookctl keeps it.", (*Demo).create},
	{"See the secrets: one file each, which only you can read.", (*Demo).showStore},
	{"Get signed deliveries. A receiver records them byte for byte.", (*Demo).deliver},
	{"Verify one. hookctl finds out whose it is, and which secret signed it.", (*Demo).verifyOne},
	{"Change one as a program does that parses JSON and writes it again. hookctl says that it is invalid, and why.", (*Demo).tamper},
	{"Verify many, one line each. It works the same for a million.", (*Demo).verifyAll},
}

// broken is a step that did not do what it says.
func broken(format string, args ...any) error {
	return fault.Errorf(fault.Other, "the demo failed: "+format, args...).
		WithHint("please report this, with the output of: hookctl version")
}

func (d *Demo) say(format string, args ...any) error {
	return render.WriteAll(d.Out, fmt.Appendf(nil, format, args...))
}

// start brings up both fake APIs and the receiver.
func (d *Demo) start(ctx context.Context) error {
	d.received = &receiver{dir: filepath.Join(d.dir, "deliveries")}
	if err := os.Mkdir(d.received.dir, 0o700); err != nil {
		return broken("%w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return broken("no free port on the loopback: %w", err)
	}
	d.server = &http.Server{Handler: d.received}
	go func() { _ = d.server.Serve(l) }() // ends with Close
	d.box, err = sandbox.Start(ctx, sandbox.Options{
		Drivers: d.Drivers, Addr: "127.0.0.1:0", DeliverTo: "http://" + l.Addr().String(), Speed: 1,
		Now: d.Now, Sleep: d.Sleep,
	})
	if err != nil {
		return broken("%w", err)
	}
	d.environ = append(slices.Clone(d.box.Environ), "HOOKCTL_CONFIG_DIR="+filepath.Join(d.dir, "config"))
	if err := d.say("%s\n", term.Wrap("", "Everything here runs on this machine, against a sandbox of both APIs.", d.Width())); err != nil || d.Pause != nil {
		return err
	}
	return d.say("To stop after each step: hookctl demo --step\n")
}

func (d *Demo) create(ctx context.Context) error {
	for _, h := range hooks {
		out, err := d.command(ctx, 0, "create", h.provider, "--name", h.name, "--url", h.url, "--event", h.events, "--store-only")
		if err != nil {
			return err
		}
		if !strings.Contains(out, "sha256:") {
			return broken("create on %s does not say that the secret is kept", h.provider)
		}
	}
	return nil
}

func (d *Demo) showStore(ctx context.Context) error {
	if _, err := d.command(ctx, 0, "secrets", "list"); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(d.dir, "config", "webhooks", "*.json"))
	if err != nil || len(files) != len(hooks) {
		return broken("the store holds %d secrets instead of %d", len(files), len(hooks))
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return broken("%w", err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			return broken("%s has mode %o", f, info.Mode().Perm())
		}
	}
	return nil
}

func (d *Demo) deliver(ctx context.Context) error {
	for _, h := range hooks {
		before := d.received.count()
		made, err := d.box.Emit(ctx, h.provider, h.emit, nil)
		if err != nil {
			return broken("%s did not deliver: %w", h.provider, err)
		}
		for _, a := range made {
			if a.Status != http.StatusOK {
				return broken("the receiver answered %d to %s: %s", a.Status, h.provider, a.Err)
			}
			if err := d.say("   %s sent %s to %s\n", h.provider, a.EventType, a.URL); err != nil {
				return err
			}
		}
		if len(made) == 0 || d.received.count() != before+len(made) {
			return broken("%s made %d deliveries, %d arrived", h.provider, len(made), d.received.count()-before)
		}
	}
	return d.received.failure()
}

func (d *Demo) verifyOne(ctx context.Context) error {
	_, err := d.command(ctx, 0, "verify", "deliveries/1.http")
	return err
}

// tamper changes a delivery as a JSON library would, and wants to see it caught.
func (d *Demo) tamper(ctx context.Context) error {
	raw, err := os.ReadFile(filepath.Join(d.received.dir, "2.http"))
	if err != nil {
		return broken("%w", err)
	}
	if err := d.say("$ sed 's/\":/\": /g' deliveries/2.http > tampered.http\n"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, "tampered.http"), bytes.ReplaceAll(raw, []byte(`":`), []byte(`": `)), 0o600); err != nil {
		return broken("%w", err)
	}
	out, err := d.command(ctx, fault.Negative.Exit(), "verify", "tampered.http")
	if err != nil {
		return err
	}
	if !strings.Contains(out, "json-reserialised") {
		return broken("the diagnosis does not say that the JSON was written again")
	}
	return d.say("(exit code %d: the answer is no)\n", fault.Negative.Exit())
}

func (d *Demo) verifyAll(ctx context.Context) error {
	all, err := os.ReadFile(filepath.Join(d.dir, "deliveries.ndjson"))
	if err != nil {
		return broken("%w", err)
	}
	out, err := d.run(ctx, 0, "hookctl verify - < deliveries.ndjson", bytes.NewReader(all), "verify", "-")
	if err != nil {
		return err
	}
	if n := strings.Count(out, "valid"); n != d.received.count() {
		return broken("%d of %d deliveries are valid", n, d.received.count())
	}
	return nil
}

// command shows a command as one types it, runs it, shows what it printed, and
// wants its exit code to be want. It returns the standard output.
func (d *Demo) command(ctx context.Context, want int, args ...string) (string, error) {
	typed := "hookctl"
	for _, a := range args {
		if a != "--store-only" { // of interest where CI is set
			typed += " " + term.ShellWord(a)
		}
	}
	for i, a := range args { // the commands name files as if the demo's directory were the working one
		if strings.HasPrefix(a, "deliveries") || strings.HasPrefix(a, "tampered") {
			args[i] = filepath.Join(d.dir, filepath.FromSlash(a))
		}
	}
	return d.run(ctx, want, typed, strings.NewReader(""), args...)
}

// run is command for a command that is typed otherwise than its arguments say.
func (d *Demo) run(ctx context.Context, want int, typed string, stdin io.Reader, args ...string) (string, error) {
	if err := d.say("%s\n", term.WrapCommand("$ "+typed, d.Width())); err != nil {
		return "", err
	}
	stdout, stderr, code := d.Run(ctx, d.environ, stdin, append([]string{"--no-input"}, args...))
	prefix := d.dir + string(filepath.Separator)
	if err := d.say("%s", strings.ReplaceAll(stdout, prefix, "")); err != nil {
		return "", err
	}
	if code != want {
		return "", broken("%q exited %d instead of %d: %s", strings.Join(args, " "), code, want, strings.TrimSpace(stderr))
	}
	return stdout, nil
}

func (d *Demo) cleanUp() error {
	var errs []error
	if d.server != nil {
		errs = append(errs, d.server.Close())
	}
	if d.box != nil {
		errs = append(errs, d.box.Close())
	}
	errs = append(errs, os.RemoveAll(d.dir))
	if err := errors.Join(errs...); err != nil {
		return broken("cleaning up: %w", err)
	}
	return nil
}
