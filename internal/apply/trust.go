package apply

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/sink"
)

// A manifest is code: it says which variables of the environment are sent to a
// provider, and on to an endpoint of its own choice, which commands run, and
// which files are written. All of that is named by a plan, and what is not
// allowed is neither read nor done.

// Allow is what the user lets a manifest do.
type Allow struct {
	CI      bool     // whatever reaches beyond the manifest must be allowed, not only well-known credentials
	Env     []string // names of variables that may leave
	Exec    bool     // its sinks may run commands
	Outside bool     // its sinks may write outside its directory
}

// The flags that allow it.
const (
	flagEnv     = "--allow-env"
	flagExec    = "--allow-exec"
	flagOutside = "--allow-outside"
)

// What a manifest does beyond the settings of its webhooks.
const (
	Sends  = "send"  // the value of a variable, to the provider
	Runs   = "run"   // a command
	Writes = "write" // a file outside the manifest's directory
)

// Reach is one such thing.
type Reach struct {
	At       Position
	Does     string
	Field    string // of Sends: where the value goes, "url" or "auth TYPE"
	Variable string // of Sends
	Sink     string // of Runs and Writes, as the manifest says it
	Needs    string // the flag without which apply refuses it; "": none
}

// What says it in words.
func (r Reach) What() string {
	switch r.Does {
	case Sends:
		return r.Field + " from ${" + r.Variable + "}"
	case Writes:
		return r.Sink + ", outside the manifest's directory"
	}
	return r.Sink
}

// ours are hookctl's own variables, the sandbox's token among them; see own.
const ours = "HOOKCTL_*"

// wellKnown are the variables, as patterns, in which other programs keep their
// credentials, and hookctl what concerns no endpoint.
var wellKnown = []string{
	ours,
	"GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "ACTIONS_*", "AWS_*", "AZURE_*", "GOOGLE_*", "DOCKER_*",
	"KUBECONFIG", "VAULT_TOKEN", "CI_JOB_TOKEN", "NPM_TOKEN",
}

// isWellKnown folds case: Windows does, and a manifest is read there too.
func isWellKnown(variable string) bool {
	return slices.ContainsFunc(wellKnown, func(pattern string) bool { return isLike(variable, pattern) })
}

func isLike(variable, pattern string) bool {
	fits, err := path.Match(pattern, strings.ToUpper(variable))
	return err == nil && fits
}

// sameVariable compares names as the system does.
func sameVariable(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

// VariableNames reads the values of --allow-env: names, and lists of them with
// commas. It reports false for what cannot be a name, a pattern for instance.
func VariableNames(values []string) (names []string, ok bool) {
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = strings.TrimSpace(name)
			if !sink.IsVariable(name) {
				return nil, false
			}
			names = append(names, name)
		}
	}
	return names, true
}

// does notes what the manifest would do, and reports whether it may. Where it
// may not that is a fault, unless the manifest is only looked at.
func (p *parser) does(r Reach) bool {
	a := p.o.Allow
	why := "CI is set, and a manifest is code"
	switch known := isWellKnown(r.Variable); {
	case r.Does == Sends && (a.CI || known) && !slices.ContainsFunc(a.Env, func(name string) bool { return sameVariable(name, r.Variable) }):
		r.Needs = flagEnv + " " + r.Variable
		if isLike(r.Variable, ours) {
			why = "it is one of hookctl's own credentials"
		} else if known {
			why = "it usually holds a credential of another program"
		}
	case r.Does == Runs && a.CI && !a.Exec:
		r.Needs = flagExec
	case r.Does == Writes && a.CI && !a.Outside:
		r.Needs = flagOutside
	}
	p.reach = append(p.reach, r)
	if r.Needs == "" {
		return true
	}
	if !p.o.Review {
		p.faults.need(r.Needs)
		p.faults.add(r.At, "%s: refused without %s, because %s", doing(r), r.Needs, why)
	}
	return false
}

// doing is what a fault says of r.
func doing(r Reach) string {
	switch r.Does {
	case Sends:
		return r.What() + " would be sent"
	case Runs:
		return r.Sink + " would run a command"
	}
	return r.Sink + " would write outside the manifest's directory"
}

// guarded notes what the sink of a manifest reaches, and is the sink as it may be
// used.
func (p *parser) guarded(at Position, t sink.Spec, it sink.Item) sink.Spec {
	if t.Runs() {
		p.does(Reach{At: at, Does: Runs, Sink: t.String()})
	}
	if t.Outside(it, p.dir) {
		p.does(Reach{At: at, Does: Writes, Sink: t.String()})
	}
	if p.o.Allow.CI && !p.o.Allow.Outside {
		return t.Within(p.dir)
	}
	return t
}

// leaves reports whether c does what r says.
func (c *Change) leaves(r Reach) bool {
	if c.NewSecret() {
		return true
	}
	field, _, _ := strings.Cut(r.Field, " ")
	return c.Action == Update && r.Does == Sends && slices.ContainsFunc(c.Fields, func(f Field) bool { return f.Name == field })
}

// reaches notes what of an entry's reach its change does, and what apply would
// refuse whether there is a change or not.
func (p *Plan) reaches(w *Webhook, c *Change) {
	for _, r := range w.Reach {
		if (r.Needs != "" || c.leaves(r)) && !slices.Contains(p.Reach, r) {
			p.Reach = append(p.Reach, r)
		}
	}
}

// uncompared warns of what cannot be told without the variables that are not
// read.
func (p *Plan) uncompared(w *Webhook, exists bool) {
	var keys []string
	for _, key := range []string{"url", "auth"} {
		if w.unread[key] {
			keys = append(keys, key)
		}
	}
	switch {
	case exists && len(keys) > 0:
		p.warn(fmt.Sprintf("%s: not compared without %s: %s", w.title(), flagEnv, strings.Join(keys, ", ")))
	case !exists && w.unread["url"]:
		p.warn(fmt.Sprintf("%s may already exist: its url is unknown without %s", w.title(), flagEnv))
	}
}
