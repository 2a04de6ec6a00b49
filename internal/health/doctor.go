// Package health finds out what is not in order: with the settings, with what is
// kept on this machine, and on the way to the providers. It changes nothing.
package health

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// The statuses of a Check; their texts are public.
const (
	OK      = "ok"
	Info    = "info"    // worth knowing
	Warning = "warning" // worth a look
	Fault   = "fault"   // something does not work, or is not safe
)

// Check is the JSON of one thing that doctor looked at.
type Check struct {
	Check    string  `json:"check"` // "version", "settings", "permissions", "store", "journal", "base-url", "proxy", "credentials", "connection", "clock", "completion"
	Provider *string `json:"provider"`
	Status   string  `json:"status"`
	Message  string  `json:"message"`
	Fix      *string `json:"fix"` // what to do; null where nothing is
	Path     *string `json:"path"`
}

// Doctor gathers checks.
type Doctor struct {
	Kept
	Version string
	Config  *config.Config
	Drivers provider.Registry
	Getenv  func(string) string
	Now     func() time.Time

	// Credentials are those of a provider, and where they come from; Configured
	// reports whether any were given, usable or not. Open is a client that uses them.
	Credentials func(context.Context, *provider.Driver) (map[string]secret.Value, string, error)
	Configured  func(context.Context, *provider.Driver) bool
	Open        func(*provider.Driver, map[string]secret.Value) (*custody.Client, error)

	checks []Check
}

// UnsafeSettings is the code of the error for settings that others could change.
const UnsafeSettings = "unsafe-settings"

// Examine makes all checks. broken is why the settings cannot be used; nil: they
// can.
func (d *Doctor) Examine(ctx context.Context, broken error, offline bool) []Check {
	d.add(Info, "version", "hookctl "+d.Version, "")
	d.settings(broken)
	if d.Dir != "" && fault.Code(broken) != UnsafeSettings {
		d.add(OK, "permissions", "only you can change the settings", "")
		d.kept(ctx)
	}
	if broken == nil {
		anyone := false
		for _, drv := range d.Drivers {
			anyone = d.provider(ctx, drv, offline) || anyone
		}
		if !anyone {
			d.add(Warning, "credentials", "no provider has credentials in profile "+d.Profile, "hookctl login "+d.Drivers[0].Name)
		}
	}
	d.completion()
	return d.checks
}

// Verdict is the error for checks that found a fault.
func Verdict(checks []Check) error {
	n := 0
	for _, c := range checks {
		if c.Status == Fault {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fault.Errorf(fault.Negative, "%s found", term.Plural(n, "fault", "faults")).WithCode("faults").WithHint("each line above shows the fix")
}

// add notes a check; fix may be empty.
func (d *Doctor) add(status, check, message, fix string) *Check {
	c := Check{Check: check, Status: status, Message: message}
	if fix != "" {
		c.Fix = &fix
	}
	d.checks = append(d.checks, c)
	return &d.checks[len(d.checks)-1]
}

// of is add for a check of one provider.
func (d *Doctor) of(drv *provider.Driver, status, check, message, fix string) {
	d.add(status, check, message, fix).Provider = &drv.Name
}

// fixOf is the hint of err; a command alone stands for itself.
func fixOf(err error, otherwise string) string {
	hint := fault.HintOf(err)
	return cmp.Or(hint.Text, hint.Command, otherwise)
}

// settings says where the settings are, or why they cannot be used.
func (d *Doctor) settings(broken error) {
	if d.Dir == "" {
		if broken == nil {
			broken = durable.NoPlace()
		}
		d.add(Fault, "settings", broken.Error(), fault.HintOf(broken).String())
		return
	}
	path := filepath.Join(d.Dir, "config.yaml")
	if fault.Code(broken) == UnsafeSettings {
		d.add(Fault, "permissions", broken.Error(), fixOf(broken, "ls -ld "+term.ShellWord(path))).Path = &path
		return
	}
	if broken != nil {
		d.add(Fault, "settings", broken.Error(), fixOf(broken, "correct "+path)).Path = &path
		return
	}
	d.add(OK, "settings", fmt.Sprintf("%s, profile %s (%s)", path, d.Profile, d.Config.ProfileSetting().Source), "").Path = &path
}

// kept looks at records, credentials and journal.
func (d *Doctor) kept(ctx context.Context) {
	recs := d.Stored(ctx)
	stored := len(d.Findings)
	d.Journalled(ctx)
	for i, f := range d.Findings {
		check := "store"
		if i >= stored {
			check = "journal"
		}
		d.add(Fault, check, f.Message, f.Fix).Path = f.Path
	}
	if stored == 0 {
		d.add(OK, "store", fmt.Sprintf("%s kept in %s", term.Plural(len(recs), "secret is", "secrets are"), d.Dir), "")
	}
	if len(d.Findings) == stored {
		d.add(OK, "journal", "no operation was interrupted", "")
	}
}
