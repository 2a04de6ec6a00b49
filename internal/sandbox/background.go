package sandbox

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
)

// EnvStore is the variable of the setting that says where secrets are kept.
var EnvStore = config.Key{Name: "secret-store"}.Env()

// Set are all the variables that a sandbox sets: addresses and credentials of
// its APIs, and what keeps its state apart. inside is its name.
func Set(environ []string, inside, configDir string) []string {
	return slices.Concat(environ, []string{EnvInside + "=" + inside, config.EnvDir + "=" + configDir, EnvStore + "=" + secret.InFile})
}

// Endpoint is where the sandbox is told something.
func (s *State) Endpoint() Endpoint {
	return Endpoint{URL: s.Variable(EnvURL), Token: s.Variable(EnvToken)}
}

// Start returns the sandbox of the name: the one that runs, if it was started
// with the flags that are given now, or else a new one.
func (p *Place) Start(ctx context.Context, c Command) (s *State, begun bool, err error) {
	release, err := p.Lock(ctx)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if s, err = p.Load(); err != nil {
		return nil, false, err
	}
	if s != nil && s.Endpoint().alive(ctx, s.ID) {
		for _, name := range slices.Sorted(maps.Keys(c.Given)) {
			if c.Given[name] != s.Flags[name] {
				return nil, false, fault.Usagef("the sandbox %s is already running, with --%s=%s", p.name, name, s.Flags[name]).
					WithHint("to use it, leave out --%s; or stop it: hookctl sandbox stop --name %s; or start another one with --name", name, p.name)
			}
		}
		return s, false, nil
	}
	if ctx.Err() != nil {
		return nil, false, fault.Interruption()
	}
	if err := c.Check(); err != nil {
		return nil, false, err
	}
	s, err = p.begin(ctx, c)
	return s, err == nil, err
}

// Stop ends the sandbox and removes what is its own. Vacant says that there was
// nothing.
func (p *Place) Stop(ctx context.Context) (vacant bool, err error) {
	if p.vacant() {
		return true, nil
	}
	release, err := p.Lock(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	s, err := p.Load()
	if err != nil {
		return false, err
	}
	if s != nil && s.Endpoint().alive(ctx, s.ID) {
		if err := s.Endpoint().stop(ctx); err != nil {
			return false, err
		}
	}
	if ctx.Err() != nil {
		return false, fault.Interruption()
	}
	return false, p.forget()
}

// Serve is the process of a sandbox in the background: it serves until it is
// told to stop, interrupted, or idle for too long. Who stops it removes its
// files; else it does so itself.
func (p *Place) Serve(ctx context.Context, starter *Starter, o Options, log func(string)) (err error) {
	o.Background = true
	s, err := Start(ctx, o)
	if err != nil {
		return errors.Join(err, starter.Refuse(err))
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	log("serving the sandbox " + p.name)
	if err := starter.report(report{ID: s.ID, Set: Set(s.Environ, p.name, p.ConfigDir())}); err != nil {
		return errors.Join(err, starter.close())
	}
	if err := starter.proceed(); err != nil {
		return fault.Errorf(fault.Other, "the start was cancelled: %w", err)
	}
	why, told, _ := s.Wait(ctx)
	log(why)
	if told {
		return nil
	}
	return p.forgetOwn(context.WithoutCancel(ctx), s.ID)
}
