package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

type doctorOptions struct {
	app     *app
	broken  error // why the settings cannot be used; nil: they can
	offline bool
}

func newDoctorCmd(g *globals) *cobra.Command {
	o := &doctorOptions{}
	c := &cobra.Command{
		Use:     "doctor",
		Short:   "Check settings, permissions, store, credentials, network and clock",
		GroupID: groupSetup,
		Example: `  hookctl doctor
  hookctl doctor --offline
  hookctl doctor --jq '.[] | select(.status == "fault")'`,
		Long: `Check all that hookctl needs, and say of each thing that is not in order how to
mend it: the settings, who owns and can read the files, whether a secret could
be kept now, operations that were interrupted, and for each provider the base
URL, the proxy, the credentials, the connection and the clock.

Nothing is changed at a provider: each is asked for its list of webhooks, with
the credentials of the current profile and at their own address only. With
--offline nobody is asked.

A fault makes exit code 3; a warning or a piece of information does not.`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.app, err = g.offline(); err != nil {
				if o.app, o.broken = g.withoutSettings(), err; o.app == nil {
					return err
				}
			} else if err := o.app.checkProfile(cmd.Context(), false); err != nil {
				return err
			}
			return runDoctor(cmd.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.offline, "offline", false, "ask nobody on the network")
	return c
}

func runDoctor(ctx context.Context, o *doctorOptions) error {
	d := &doctor{app: o.app}
	d.version()
	d.settings(o.broken)
	if d.app.dir != "" && fault.Code(o.broken) != codeUnsafe {
		d.add(view.CheckOK, "permissions", "nobody else can change the settings", "")
		d.kept(ctx)
	}
	if o.broken == nil {
		anyone := false
		for _, drv := range o.app.env.Drivers {
			anyone = d.provider(ctx, drv, o.offline) || anyone
		}
		if !anyone {
			d.add(view.CheckWarning, "credentials", "there are none for any provider in profile "+o.app.cfg.Profile(), "hookctl login "+o.app.env.Drivers[0].Name)
		}
	}
	d.completion()
	if ctx.Err() != nil {
		return fault.Interruption()
	}
	perr := o.app.out.Print(view.Checks(d.checks))
	return fault.Worst(d.verdict(), perr)
}

// doctor gathers checks.
type doctor struct {
	app    *app
	checks []view.Check
}

// add notes a check; fix may be empty.
func (d *doctor) add(status, check, message, fix string) *view.Check {
	d.checks = append(d.checks, view.Check{Check: check, Status: status, Message: message, Fix: optional(fix)})
	return &d.checks[len(d.checks)-1]
}

// of is add for a check of one provider.
func (d *doctor) of(drv *provider.Driver, status, check, message, fix string) {
	d.add(status, check, message, fix).Provider = &drv.Name
}

// fixOf is the hint of err; a command alone stands for itself.
func fixOf(err error, otherwise string) string {
	hint := fault.HintOf(err)
	return cmp.Or(hint.Text, hint.Command, otherwise)
}

func (d *doctor) verdict() error {
	n := 0
	for _, c := range d.checks {
		if c.Status == view.CheckFault {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fault.Errorf(fault.Negative, "%s found", term.Plural(n, "fault", "faults")).WithCode("faults").WithHint("each of them names its fix")
}

func (d *doctor) version() {
	d.add(view.CheckInfo, "version", "hookctl "+d.app.env.Version, "")
}

// settings says where the settings are, or why they cannot be used.
func (d *doctor) settings(broken error) {
	if d.app.dir == "" {
		if broken == nil {
			broken = durable.NoPlace()
		}
		d.add(view.CheckFault, "settings", broken.Error(), fault.HintOf(broken).String())
		return
	}
	path := filepath.Join(d.app.dir, "config.yaml")
	if fault.Code(broken) == codeUnsafe {
		d.add(view.CheckFault, "permissions", broken.Error(), fixOf(broken, "ls -ld "+term.ShellWord(path))).Path = &path
		return
	}
	if broken != nil {
		d.add(view.CheckFault, "settings", broken.Error(), fixOf(broken, "correct "+path)).Path = &path
		return
	}
	d.add(view.CheckOK, "settings", fmt.Sprintf("%s, profile %s (%s)", path, d.app.cfg.Profile(), d.app.cfg.ProfileSetting().Source), "").Path = &path
}

// kept looks at records, credentials and journal, as `secrets check` does.
func (d *doctor) kept(ctx context.Context) {
	c := &storeCheck{app: d.app}
	recs := c.store(ctx)
	c.credentials(ctx)
	stored := len(c.findings)
	c.journal(ctx)
	for i, f := range c.findings {
		check := "store"
		if i >= stored {
			check = "journal"
		}
		d.add(view.CheckFault, check, f.Message, f.Fix).Path = f.Path
	}
	if stored == 0 {
		d.add(view.CheckOK, "store", fmt.Sprintf("%s kept in %s", term.Plural(len(recs), "secret is", "secrets are"), d.app.dir), "")
	}
	if len(c.findings) == stored {
		d.add(view.CheckOK, "journal", "no operation was interrupted", "")
	}
}
