package secret

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// Keyring is what the operating system keeps secrets in, by name. It cannot
// list what it has. Get and Delete return [ErrNotFound] for what is not there.
type Keyring interface {
	Set(name, value string) error
	Get(name string) (string, error)
	Delete(name string) error
}

// ErrLost reports a record of which the keyring has not got the secret, or has
// another one in its place.
var ErrLost = errors.New("not in the keyring")

// keyringService is the service under which all items of hookctl stand.
const keyringService = "hookctl"

// keyringLimit bounds each call. A locked keyring asks the person at the
// desktop for its password, or waits for ever where there is none.
const keyringLimit = 5 * time.Second

// keyringPatience is how many calls in a row may fail before no more are made:
// every one may have asked the person at the desktop for the password again.
const keyringPatience = 3

// SystemKeyring is the keyring of the operating system: the macOS Keychain, the
// Windows Credential Manager, elsewhere the Secret Service on the D-Bus session
// bus. Nothing is touched before the first call.
func SystemKeyring(getenv func(string) string) Keyring { return systemKeyring{getenv} }

type systemKeyring struct{ getenv func(string) string }

func (s systemKeyring) Set(name, value string) error {
	return s.call(func() error { return keyring.Set(keyringService, name, value) })
}

func (s systemKeyring) Get(name string) (value string, err error) {
	err = s.call(func() (err error) {
		value, err = keyring.Get(keyringService, name)
		return err
	})
	return value, err
}

func (s systemKeyring) Delete(name string) error {
	return s.call(func() error { return keyring.Delete(keyringService, name) })
}

func (s systemKeyring) call(do func() error) (err error) {
	if err := s.reachable(); err != nil {
		return err
	}
	// The library asserts the types of what the bus answers, and a panic here
	// would end a process that has an answer in its hands.
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the keyring service sent an answer that cannot be read")
		}
	}()
	err = do()
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return errors.New("the secret is too long for the keyring of this system")
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return errors.New("this system has no keyring")
	}
	return err
}

// reachable looks for a session bus first: the D-Bus library would start one
// that never ends.
func (s systemKeyring) reachable() error {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	if addr := s.getenv("DBUS_SESSION_BUS_ADDRESS"); addr != "" && addr != "autolaunch:" {
		return nil
	}
	dir := "/run/user/" + strconv.Itoa(os.Getuid())
	for _, name := range []string{"/bus", "/dbus-session"} {
		if _, err := os.Stat(dir + name); err == nil {
			return nil
		}
	}
	return fmt.Errorf("there is no D-Bus session: DBUS_SESSION_BUS_ADDRESS is not set, and %s/bus does not exist", dir)
}

var errNoKeyring = errors.New("this system has none")

// guardedKeyring calls a keyring with a time limit, one call at a time, and reads back
// what it sets.
type guardedKeyring struct {
	ring  Keyring // nil for none
	limit time.Duration

	mu     sync.Mutex
	failed int   // calls in a row
	gone   error // set by a call that did not end, or that was one too many to fail; no other is made
}

func newGuardedKeyring(ring Keyring) *guardedKeyring {
	return &guardedKeyring{ring: ring, limit: keyringLimit}
}

// do runs one call. One that does not end in time goes on behind its back: items
// are named after their content, so that a late one does no harm.
func (v *guardedKeyring) do(ctx context.Context, call func() error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone != nil {
		return v.gone
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if v.ring == nil {
		return keyringFault(errNoKeyring)
	}
	done := make(chan error, 1)
	go func() { done <- call() }()
	t := time.NewTimer(v.limit)
	defer t.Stop()
	select {
	case err := <-done:
		if err == nil || errors.Is(err, ErrNotFound) {
			v.failed = 0
			return err
		}
		err = keyringFault(err)
		if v.failed++; v.failed == keyringPatience {
			v.gone = err
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		v.gone = keyringFault(fmt.Errorf("it did not answer within %s; it is probably locked", v.limit))
		return v.gone
	}
}

func (v *guardedKeyring) get(ctx context.Context, name string) (Value, error) {
	var text string
	err := v.do(ctx, func() (err error) {
		text, err = v.ring.Get(name)
		return err
	})
	if err != nil {
		return Value{}, err
	}
	return New(text), nil
}

// keep sets an item and reads it back. One that holds the value is left alone;
// one that holds another value of the same fingerprint is not overwritten.
func (v *guardedKeyring) keep(ctx context.Context, name string, value Value) error {
	old, err := v.get(ctx, name)
	switch {
	case err == nil && old.Equal(value):
		return nil
	case err == nil && old.Fingerprint() == value.Fingerprint():
		return keyringFault(fmt.Errorf("it holds another secret with the fingerprint %s", value.Fingerprint()))
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	}
	return v.set(ctx, name, value)
}

func (v *guardedKeyring) set(ctx context.Context, name string, value Value) error {
	if err := v.do(ctx, func() error { return v.ring.Set(name, value.Reveal()) }); err != nil {
		return err
	}
	got, err := v.get(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return keyringFault(errors.New("it reported an item as stored, but does not return it"))
	case err != nil:
		return err
	case !got.Equal(value):
		return keyringFault(errors.New("it returns an item with another value than was stored"))
	}
	return nil
}

// remove removes an item, if it is there.
func (v *guardedKeyring) remove(ctx context.Context, name string) error {
	err := v.do(ctx, func() error { return v.ring.Delete(name) })
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// probe does all that keeping a secret does.
func (v *guardedKeyring) probe(ctx context.Context, name string) error {
	if err := v.set(ctx, name, New(durable.RandomID())); err != nil {
		_ = v.remove(ctx, name) // the keyring's fault is known
		return err
	}
	return v.remove(ctx, name)
}

// CodeKeyring is the code of the errors for a keyring that cannot be used.
const CodeKeyring = "keyring"

func keyringFault(err error) error {
	return fault.Errorf(fault.Other, "cannot use the keyring: %w", err).WithCode(CodeKeyring).
		WithHint("check that it runs and is unlocked (Keychain; Credential Manager; GNOME Keyring, KWallet or KeePassXC on the D-Bus session bus), then try again;\nor keep new secrets in files: hookctl config set secret-store file")
}
