// Package sandbox serves the fakes of all providers: their APIs, the deliveries
// that they make on their schedules, and an endpoint that makes events. It keeps
// such a service in the background, and has the lines that put it in force in a
// shell.
//
// Nothing is ever sent to another machine: see [OnLoopback].
//
// A sandbox in the background is known by its name. Its directory is private, and holds
//
//	state.json   what it sets in an environment; written when it serves
//	log          what its process said
//	config/      its HOOKCTL_CONFIG_DIR
//
// Who begins, ends or forgets a sandbox holds the lock of the name. Whether the
// process lives is asked of its endpoint and never of a process id: ids are used
// again.
package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
)

// DefaultName is the sandbox that is meant where none is named.
const DefaultName = "default"

const (
	dirName   = "hookctl-sandbox"
	stateFile = "state.json"
	logFile   = "log"
	configDir = "config"
	emptyDir  = "none" // beside those of the sandboxes
	boxPrefix = "at-"  // no name is one that the system reserves
)

// Root is the directory of this user's sandboxes: in the runtime directory,
// which does not outlive the session, or else in that for caches.
func Root(getenv func(string) string, userCacheDir func() (string, error)) (string, error) {
	const choose = "XDG_RUNTIME_DIR"
	base := getenv(choose)
	if filepath.IsAbs(base) {
		err := durable.CheckDir(base, choose)
		if err == nil {
			return root(base)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	err := errors.New("there is no cache directory")
	if userCacheDir != nil {
		base, err = userCacheDir()
	}
	if err != nil {
		return "", fault.Errorf(fault.Other, "there is no directory for a sandbox's state: %w", err).
			WithHint("set HOME or XDG_RUNTIME_DIR; `hookctl sandbox -- COMMAND` needs neither")
	}
	return root(base)
}

// root refuses what shells and GITHUB_ENV would read otherwise.
func root(base string) (string, error) {
	if strings.ContainsFunc(base, unicode.IsControl) {
		return "", fault.Errorf(fault.Other, "the path of the cache directory contains control characters").
			WithHint("choose another one with XDG_CACHE_HOME")
	}
	return filepath.Join(base, dirName), nil
}

var boxName = pattern.Of(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// ValidName reports whether a sandbox can have that name.
func ValidName(name string) bool { return boxName().MatchString(name) }

// Place is where the state of a sandbox lies. Nothing is made before [Place.Lock].
type Place struct {
	root, name string
	dir        string
}

// At is the place of a sandbox below root.
func At(root, name string) (*Place, error) {
	if !ValidName(name) {
		return nil, fault.Usagef("%q cannot be the name of a sandbox", name).
			WithHint("use up to 64 letters, digits, - and _, and begin with a letter or digit")
	}
	return &Place{root: root, name: name, dir: filepath.Join(root, folded(name))}, nil
}

// folded is the directory of a name. Two names are never one directory where the
// file system takes upper case for lower case.
func folded(name string) string {
	var b strings.Builder
	b.WriteString(boxPrefix)
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('+')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Names are the sandboxes that have a state, sorted.
func Names(root string) []string {
	found, err := filepath.Glob(filepath.Join(root, boxPrefix+"*", stateFile))
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range found {
		var s State
		if text, err := durable.ReadFile(f); err == nil && json.Unmarshal(text, &s) == nil && ValidName(s.Name) {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}

// ConfigDir is the sandbox's own directory of settings, secrets and journal.
func (p *Place) ConfigDir() string { return filepath.Join(p.dir, configDir) }

// vacant reports whether nothing of the sandbox is there.
func (p *Place) vacant() bool {
	_, err := os.Lstat(p.dir)
	return errors.Is(err, fs.ErrNotExist)
}

// Root is where the places of all names are.
func (p *Place) Root() string { return p.root }

const choosePlace = "XDG_RUNTIME_DIR or XDG_CACHE_HOME"

// Lock waits until no other process begins or ends this sandbox. The lock ends
// with release, or with the process.
func (p *Place) Lock(ctx context.Context) (release func() error, err error) {
	if err := durable.System().MakePrivateDir(p.root, choosePlace); err != nil {
		return nil, err
	}
	lock, err := durable.System().Lock(ctx, p.dir+".lock", func() {})
	switch {
	case err == nil:
		return lock.Remove, nil
	case ctx.Err() != nil:
		return nil, fault.Interruption()
	}
	return nil, fault.Errorf(fault.Other, "cannot lock the sandbox: %w", err).WithHint("check who owns %s, and that the disk is not full", p.root)
}

// State is what is known of a sandbox that serves.
type State struct {
	Version int               `json:"version"`
	Name    string            `json:"name"`
	ID      string            `json:"id"`    // what the process answers, and nobody else knows
	Set     []string          `json:"set"`   // NAME=value: what points hookctl at it
	Flags   map[string]string `json:"flags"` // it was started with them
}

const stateVersion = 1

// Variable is the value that the sandbox gives a variable.
func (s *State) Variable(name string) string {
	for _, kv := range s.Set {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// Load reads the state, nil where there is none. One that cannot be read is none
// either: whatever it was, it cannot be found again.
func (p *Place) Load() (*State, error) {
	var text []byte
	err := cmp.Or(durable.CheckPrivateDir(p.root, choosePlace), durable.CheckPrivateDir(p.dir, choosePlace))
	if err == nil {
		text, err = durable.ReadFile(filepath.Join(p.dir, stateFile))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s State
	if json.Unmarshal(text, &s) != nil || s.Version != stateVersion || s.ID == "" {
		return nil, nil
	}
	return &s, nil
}

func (p *Place) save(s State) error {
	s.Version, s.Name = stateVersion, p.name
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return durable.System().WriteFile(filepath.Join(p.dir, stateFile), text)
}

// renew forgets what was and makes the empty directories. It is for the holder
// of the lock.
func (p *Place) renew() error {
	if err := p.forget(); err != nil {
		return err
	}
	if err := durable.System().MakePrivateDir(p.dir, choosePlace); err != nil {
		return err
	}
	return durable.System().MakePrivateDir(p.ConfigDir(), choosePlace)
}

// forget removes all that is the sandbox's. It is for the holder of the lock.
func (p *Place) forget() error {
	if err := durable.Retry(func() error { return os.RemoveAll(p.dir) }); err != nil {
		return fault.Errorf(fault.Other, "cannot remove the files of an earlier sandbox: %w", err).WithHint("remove them yourself: %s", p.dir)
	}
	return nil
}

// forgetOwn is forget for a process that ends by itself: another sandbox may
// have taken the place of its own.
func (p *Place) forgetOwn(ctx context.Context, id string) (err error) {
	release, err := p.Lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s, err := p.Load()
	if err != nil || s == nil || s.ID != id {
		return err
	}
	return p.forget()
}

// Nowhere is an empty directory, or a path where there can be none: what is kept
// there can be nobody's.
func Nowhere(root string) string {
	shared := filepath.Join(os.TempDir(), fmt.Sprintf("%s-%s-%d", dirName, emptyDir, os.Getuid()))
	for _, dir := range []string{filepath.Join(root, emptyDir), shared} { // the same each time, so that failures leave one
		usable := filepath.IsAbs(dir) && !strings.ContainsFunc(dir, unicode.IsControl)
		if usable && durable.System().MakePrivateDir(dir, choosePlace) == nil && empty(dir) {
			return dir
		}
	}
	if dir, err := os.MkdirTemp("", dirName+"-"+emptyDir+"-"); err == nil && !strings.ContainsFunc(dir, unicode.IsControl) {
		return dir
	}
	return filepath.Join(os.DevNull, dirName)
}

func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}
