package cli

import (
	"os"
	"slices"
	"sync"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

// listenHandler is the command that listen runs: it has the secret in its
// environment, and ends with us.
type listenHandler struct {
	app     *app
	command []string
	path    string
	ended   func(error) // called when it ends by itself

	mu      sync.Mutex
	process *child.Tied // nil: none is wanted
}

// handler finds the command; nil where there is none.
func (a *app) handler(command []string) (*listenHandler, error) {
	if len(command) == 0 {
		return nil, nil
	}
	path, err := child.Look(command[0])
	if err != nil {
		return nil, fault.Usagef("cannot run %s: %w", term.Clean(command[0]), err).
			WithHint("give its path; no shell runs it, so functions and aliases do not work")
	}
	return &listenHandler{app: a, command: command, path: path}, nil
}

// start starts it, again where it runs already.
func (h *listenHandler) start(value secret.Value) error {
	if h == nil {
		return nil
	}
	h.stop()
	environ := h.app.secretEnviron(envSecret, value)
	h.mu.Lock()
	defer h.mu.Unlock()
	errs := h.app.env.Streams.Err
	if f, inherited := term.Raw(errs).(*os.File); inherited {
		errs = f
	} // else it is copied while listen writes too: the guard takes turns
	p, err := child.Tie(child.Command{
		Path: h.path, Args: h.command, Out: errs, Err: errs, // standard output has the deliveries
		Env: environ,
	})
	if err != nil {
		return fault.Usagef("cannot run %s: %w", term.Clean(h.command[0]), err)
	}
	h.process = p
	go func() {
		err := p.Err()
		h.mu.Lock()
		wanted := h.process == p
		h.mu.Unlock()
		if !wanted {
			return
		}
		if err != nil {
			err = fault.Errorf(fault.Other, "the command %s ended: %w", term.Clean(h.command[0]), err).WithCode("command-ended").
				WithHint("check its output above; without it, deliveries cannot be forwarded")
		}
		h.ended(err)
	}()
	return nil
}

// stop ends it.
func (h *listenHandler) stop() {
	if h == nil {
		return
	}
	h.mu.Lock()
	p := h.process
	h.process = nil
	h.mu.Unlock()
	if p != nil {
		p.End()
	}
}

// only is the one secret that a handler can be given without --create: what was
// replaced verifies late deliveries, but is no longer in use.
func (h *listenHandler) only(found []verify.Candidate) (secret.Value, error) {
	if h == nil {
		return secret.Value{}, nil
	}
	current := slices.DeleteFunc(slices.Clone(found), func(c verify.Candidate) bool { return c.Older || c.Retired })
	if len(current) == 0 {
		current = found
	}
	if len(current) > 0 && !slices.ContainsFunc(current, func(c verify.Candidate) bool { return !c.Secret.Equal(current[0].Secret) }) {
		return current[0].Secret, nil
	}
	return secret.Value{}, fault.Usagef("the command needs one secret, and %d are kept", len(current)).
		WithHint("choose a webhook with --webhook, or create one with --create")
}
