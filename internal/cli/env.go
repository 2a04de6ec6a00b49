package cli

import (
	"context"
	"crypto/tls"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/sandbox"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// inCI reports whether CI says that nobody is there to answer.
func inCI(env *Env) bool {
	v := env.Getenv("CI")
	return v != "" && v != "0" && !strings.EqualFold(v, "false")
}

// storeDies reports whether what is kept here is usually lost with the machine.
// Nobody misses what a sandbox keeps.
func storeDies(env *Env) bool { return inCI(env) && !inSandbox(env) }

// driversFor is the provider of that name, or all of them where there is none.
func (e *Env) driversFor(name ...string) (drivers []*provider.Driver, all bool, err error) {
	if len(name) == 0 {
		return e.Drivers, true, nil
	}
	d, err := e.Drivers.Find(name[0])
	return []*provider.Driver{d}, false, err
}

// needsProvider is the error for a command that wants one provider to be named.
func (e *Env) needsProvider(command string) error {
	return fault.Usagef("%s needs one provider: %s", command, strings.Join(e.Drivers.Names(), " or ")).WithHint("for instance: %s %s", command, e.Drivers[0].Name)
}

// providerName is the name of the provider that a word, such as another name, means.
func (e *Env) providerName(word string) (string, error) {
	d, err := e.Drivers.Find(word)
	if err != nil {
		return "", err
	}
	return d.Name, nil
}

// Env is the outside world.
type Env struct {
	Streams       term.Streams
	Environ       []string
	Now           func() time.Time
	Started       func() time.Time // when the process was; nil: nobody knows
	Sleep         func(ctx context.Context, d time.Duration) error
	UserConfigDir func() (string, error)
	UserCacheDir  func() (string, error)
	Prompt        prompt.Prompter
	Drivers       provider.Registry
	Keyring       secret.Keyring // nil: there is none
	Disk          *durable.Calls // nil: the system's own
	TLS           *tls.Config    // tests only; nil: the system's roots
	Version       string
	Commit        string
	Date          string // of the commit
	Modified      bool   // the source was not just that of the commit
	// Hurry is closed on the second interrupt.
	Hurry <-chan struct{}
}

// Getenv returns a variable of Environ; the last one wins, as in os.
func (e *Env) Getenv(name string) string {
	value, _ := e.lookup(name)
	return value
}

// lookup is Getenv that tells an empty variable from one that is not set.
func (e *Env) lookup(name string) (value string, set bool) {
	for i := len(e.Environ) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(e.Environ[i], "="); ok && child.Fold(k) == child.Fold(name) {
			return v, true
		}
	}
	return "", false
}

// colour reports whether what goes to a stream, which may be a terminal, is
// coloured where no flag or setting says otherwise.
func (e *Env) colour(terminal bool) bool {
	switch force := e.Getenv("CLICOLOR_FORCE"); {
	case e.Getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return terminal && e.Getenv("TERM") != "dumb"
}

// inSandbox reports whether a sandbox is in force.
func inSandbox(env *Env) bool { return env.Getenv(sandbox.EnvInside) != "" }

// credentialNames are the variables of the providers' credentials, those that
// hookctl itself does not read among them: an application may.
func credentialNames(drivers []*provider.Driver) []string {
	var names []string
	for _, d := range drivers {
		for _, f := range d.Credentials {
			for _, name := range f.Env {
				names = append(names, name, strings.TrimPrefix(name, ourVariables))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ourVariables is how the names of all variables begin that are hookctl's own.
const ourVariables = "HOOKCTL_"

// softMemory is from where on the runtime collects garbage at once instead of
// letting it grow to the size of what is in use: large deliveries are judged
// within 256 MiB. GOMEMLIMIT in the environment counts instead.
const softMemory = 128 << 20

// roomForRows raises softMemory for a list so long that the runtime would do little
// but look for garbage where there is none.
func roomForRows(env *Env, rows int) {
	limit := softMemory + int64(rows)<<12
	if rows > 10_000 && env.Getenv("GOMEMLIMIT") == "" && debug.SetMemoryLimit(-1) < limit { // never lowered, nor set where there is none
		debug.SetMemoryLimit(limit)
	}
}
