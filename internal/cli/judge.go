package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/verify"
)

// judgeFlags are the flags of the commands that judge captures: how they are read,
// what comes beside them, and the secret.
type judgeFlags struct {
	format    string
	headers   []string
	signature string
	keyFlags
}

func (o *judgeFlags) add(g *globals, c *cobra.Command) {
	o.keyFlags.add(g, c, toVerify)
	f := c.Flags()
	f.StringVar(&o.signature, "signature", "", "the signature itself, instead of a header")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "header of the delivery, replacing the captured one: 'Name: value', or @FILE with one per line (repeatable)")
	f.StringVar(&o.format, "format", "", "format of the captures (default: detected)")
	_ = c.RegisterFlagCompletionFunc("format", completeFixed(capture.FormatNames()...))
	freeText(c, "signature", "header")
	namesOnly(c, "header", headerOrFile, "@headers.txt")
}

// beside reports whether something comes beside the captures that they do not hold.
func (o *judgeFlags) beside() bool { return o.signature != "" || len(o.headers) > 0 }

// checkGiven refuses flags without a value: without it something else would be
// judged than was asked for.
func (o *judgeFlags) checkGiven(a *app) error {
	for _, flag := range []struct{ name, value string }{
		{"webhook", o.webhook}, {"secret-file", o.secretFile}, {"secret-env", o.secretEnv}, {"signature", o.signature}, {"provider", o.provider},
	} {
		if flag.value == "" && a.given(flag.name) {
			return errEmpty(flag.name)
		}
	}
	return nil
}

func errEmpty(flag string) error {
	return fault.Usagef("--%s is empty", flag).WithHint("give it a value, or leave it out; a variable in it may not be set")
}

// engine checks the flags and adds to the options what is verified with.
func (o *judgeFlags) engine(ctx context.Context, a *app, captures []string, opts verify.Options) (_ *verify.Engine, err error) {
	if o.secretFile == "-" && slices.Contains(captures, "-") {
		return nil, errSecretAndInput("a capture")
	}
	if n := len(captures); n > 1 && o.signature != "" {
		return nil, fault.Usagef("--signature is for one delivery, but %d captures are named", n)
	}
	if o.format != "" {
		if _, err := capture.FormatNamed(o.format); err != nil {
			return nil, err
		}
	}
	opts.Signature, opts.Now = o.signature, a.env.Now
	if opts.Headers, err = a.headerFlags(o.headers); err != nil {
		return nil, err
	}
	found, err := o.candidates(ctx, a)
	if err != nil {
		return nil, err
	}
	opts.Candidates, opts.Others, opts.Chosen = found.tried, found.others, found.chosen
	for _, d := range a.env.Drivers {
		if p := verifyProvider(d, o.scheme(a, d)); found.only == "" || d.Name == found.only {
			opts.Providers = append(opts.Providers, p)
		} else {
			opts.Excluded = append(opts.Excluded, p)
		}
	}
	e, err := verify.New(opts)
	if err != nil && len(opts.Candidates) == 0 {
		err = fault.WithHint(err, a.whyNone(ctx, fault.HintOf(err)))
	}
	return e, err
}

// missingCaptures names the captures that are not there, and why. Alone they
// are a call that is wrong, with nothing to give a verdict on. Among others
// each is a delivery that cannot be read, so that each name has its line; and
// where unreadable ones do not make the run fail, the call is wrong still.
func missingCaptures(captures []string) []string {
	var missing []string
	for _, path := range captures {
		if path == "-" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, fmt.Sprintf("%s: %v", path, durable.WithoutPath(err)))
		}
	}
	return missing
}

func notThere(what string, missing []string) *fault.Error {
	hint := "name files or directories that exist, or - for standard input"
	return fault.Usagef("%s%s", what, strings.Join(missing, "\n")).WithHint("%s", cmp.Or(notAFile(missing[0]), hint))
}
