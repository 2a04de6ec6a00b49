package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider/all"
)

// whole is the tree of all commands.
func whole() *cobra.Command { return newRoot(&globals{env: &Env{Drivers: all.Drivers()}}) }

// Slips and other tools' words are answered with what was meant.
func TestDidYouMean(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	w := newWorld(t)
	w.run(0, "profile", "create", "work")
	for line, want := range map[string]string{
		"lst": "hookctl list", "verfy": "hookctl verify", "crete": "hookctl create", "listn": "hookctl list, hookctl listen", "LIST": "hookctl list, hookctl list-events, hookctl listen", "vrefiy x.http": "hookctl verify",
		"secrets lst": "hookctl secrets list", "secrets pus x": "hookctl secrets push", "config st output json": "hookctl config set", "sandbox emti": "hookctl sandbox emit", "completion bsh": "hookctl completion bash, hookctl completion zsh",
		"trigger x": "hookctl send, hookctl sandbox emit", "trigger --event x": "hookctl send, hookctl sandbox emit", "forward": "hookctl listen --forward-to URL",
		"rm x": "hookctl delete", "whoami": "hookctl doctor", "status": "hookctl doctor", "auth login": "hookctl login", "auth logout zyntro": "hookctl logout",
		"webhooks create --url x": "hookctl create", "webhooks list": "hookctl list", "events": "hookctl list-events", "event-types": "hookctl list-events", "new": "hookctl create", "add": "hookctl create",
		"logs": "hookctl listen, hookctl sandbox log", "tail": "hookctl listen", "test": "hookctl send", "validate x": "hookctl verify", "secrets get x": "hookctl secrets show", "config view": "hookctl config list",
		"event list": "hookctl list-events", "tunnel": "hookctl listen", "endpoint create x": "hookctl create", "endpoints": "hookctl list, hookctl create, hookctl get", "webhook_endpoints list": "hookctl list", "subscriptions": "hookctl list, hookctl create, hookctl get", "connection create x": "hookctl create",
		"play listen": "hookctl listen", "http 3000": "hookctl listen", "message create x": "hookctl send", "dispatch x": "hookctl send", "fixtures x": "hookctl send, hookctl sandbox emit", "samples": "hookctl send, hookctl sandbox emit", "generate-signature x": "hookctl sign", "project use x": "hookctl profile", "quickstart": "hookctl demo, hookctl help", "complete": "hookctl completion",
		"roll-secret x": "hookctl rotate", "clone": "hookctl export", "copy": "hookctl export", "state list": "hookctl list", "config use-context x": "hookctl profile use", "webhook forward": "hookctl listen --forward-to URL", "message send": "hookctl send",
		"--port 3000": "hookctl listen --addr 127.0.0.1:3000", "listen -f localhost:3000": "--forward-to URL", "send --to http://x": "hookctl send URL", "create --provider zyntro": "hookctl create PROVIDER", "list --provider zyntro": "hookctl list PROVIDER", "create zyntro --enabled-events x": "--event EVENT", "verify --signature-secret x": "--secret-env NAME, --secret-file PATH", "list --project x": "--profile NAME",
		"plan --detailed-exitcode": "--exit-code", "apply --dry-run": "hookctl plan", "login zyntro --with-token": "--credentials @-", "api zyntro x --data {}": "--field KEY=VALUE, --input FILE", "api zyntro x -d {}": "--field KEY=VALUE, --input FILE", "api zyntro x --body {}": "--input FILE", "config --list": "hookctl config list",
		"zyntro list": "hookctl create zyntro, hookctl list zyntro, hookctl help zyntro",

		"list --json": "-o json", "list --format json": "-o json, --jq EXPRESSION", "listen --port 8787": "--addr 127.0.0.1:8787", "listen --port=80": "--addr 127.0.0.1:80", "listen --port x": "--addr 127.0.0.1:PORT",
		"verify --secret abc": "--secret-env NAME, --secret-file PATH", "secrets set zyntro/1 --secret abc": "--from-env NAME", "login zyntro --api-key abc": credentialsHint, "list --token abc": credentialsHint,
		"create zyntro --events x": "--event", "create zyntro --evnet x": "--event", "create zyntro --evnts x": "--event", "create --evetn x": "--event", "create --secret-too x": "--secret-to", "list --prfile x": "--profile", "--verison": "--version", "verify -v": "--debug", "create zyntro -n x": "--name NAME, --dry-run",
		"send --url http://127.0.0.1:1": "hookctl send URL", "replay x --url http://127.0.0.1:1": "--to URL", "verify --file x": "hookctl verify FILE", "recover --force": "--yes", "plan --verbose": "--debug",
		"create --name x": "hookctl create wundertreos --name, hookctl create zyntro --name", "create wundertreos --timeout 30": "hookctl create zyntro --timeout", "secrets list --from-env X": "hookctl secrets set --from-env",

		"create zintro": "zyntro", "create zintro --name x": "zyntro", "--profile work create zintro --name x": "zyntro", "create --profile work zintro --name x": "zyntro", "list wundertr": "wundertreos", "login Zyntro": "zyntro",
		"config set outptu json": "output", "config get zyntro.url": "zyntro.base-url", "config unset wundertreo.base-url": "wundertreos.base-url", "config get base-url": "wundertreos.base-url, zyntro.base-url",
		"config get HOOKCTL_ZYNTRO_BASE_URL": "zyntro.base-url", "config get OUTPUT": "output",
		"help verfy": "hookctl help verify", "help exit-code": "hookctl help exit-codes", "help zintro": "hookctl help zyntro", "help secrets lst": "hookctl help secrets list", "help trigger": "hookctl help send, hookctl help sandbox emit",
		"verify x.http --format ndjsn": "ndjson", "profile use wrok": "work",
	} {
		args := strings.Fields(line)
		w.run(2, args...)
		if !strings.Contains(w.errs.String(), "  did you mean: "+want+"\n") {
			t.Errorf("%s: %q is not suggested:\n%s", line, want, &w.errs)
		}
	}
	for line, want := range map[string]string{
		"list -o jsn": "did you mean json?", "config set output yml": "did you mean yaml?", "secrets push x --to dotnev:.env:NAME": "did you mean dotenv?", "secrets push x --to Exec:cat": "did you mean exec?",
		"send http://127.0.0.1:1 --event deal.creatd": "did you mean deal.created", "create zyntro --name x --url https://example.com/x --event new_contcat": "did you mean new_contact",
		"create zintro --name x": `unknown provider "zintro"`,
	} {
		w.run(2, strings.Fields(line)...)
		w.said(want)
	}
	for _, line := range []string{"sdfjksdfj", "secrets xxxxxxxx", "list --xxxxxxxxx", "list -Z", "config get nothing-like-it", "help xxxxxxxxx", "x", "__compl", "help __complete"} {
		w.run(2, strings.Fields(line)...)
		if strings.Contains(w.errs.String(), "did you mean") {
			t.Errorf("%s:\n%s", line, &w.errs)
		}
	}
}

// Every word of the tables stands for commands and flags that there are, which
// nobody hid, and is no command or flag itself.
func TestOtherToolsWords(t *testing.T) {
	t.Parallel()
	root := whole()
	known := func(only, text string) bool {
		text, _, _ = strings.Cut(text, " (")
		at, words := root, strings.Fields(strings.TrimPrefix(text, "hookctl "))
		for len(words) > 0 && subcommand(at, words[0]) != nil {
			at, words = subcommand(at, words[0]), words[1:]
			if at.Hidden || at.Deprecated != "" {
				return false
			}
		}
		if at == root && (len(words) == 0 || !strings.HasPrefix(words[0], "-")) {
			return false
		}
		for _, word := range words {
			flag, _, _ := strings.Cut(word, "=")
			switch {
			case !strings.HasPrefix(word, "-"):
				if at.Name() != "help" && strings.ToUpper(word) != word && !slices.Contains([]string{"json", "yaml", "10s", "127.0.0.1:PORT", "zyntro"}, word) {
					return false
				}
			case at != root && findFlag(at, flag) == nil, only != "" && findFlag(commandAt(root, only), flag) == nil, only == "" && !anyHas(root, flag):
				return false
			}
		}
		return true
	}
	for typed, meant := range otherCommands {
		for _, m := range meant {
			if !known("", m) {
				t.Errorf("%q stands for %q, which there is not", typed, m)
			}
		}
		if commandAt(root, typed) != nil {
			t.Errorf("%q is a command", typed)
		}
		if len(meant) == 0 || len(meant) > mostSuggestions {
			t.Errorf("%q stands for %q", typed, meant)
		}
	}
	for typed, meant := range otherFlags {
		for _, m := range meant {
			only, text, ok := strings.Cut(m, ": ")
			if !ok || commandAt(root, only) == nil {
				only, text = "", m
			}
			if !known(only, text) {
				t.Errorf("--%s stands for %q, which there is not", typed, m)
			}
		}
	}
	// A word that stands for a flag is never one of the same command.
	runnable(t, func(cmd *cobra.Command, path []string) {
		g := &globals{env: &Env{Drivers: all.Drivers()}}
		for typed := range otherFlags {
			if meant := g.meantFlags(cmd, typed); len(meant) > mostSuggestions {
				t.Errorf("%q: --%s stands for %q", path, typed, meant)
			}
		}
	})
}

// commandAt is the command of that path, or nil.
func commandAt(root *cobra.Command, path string) *cobra.Command {
	at := root
	for word := range strings.FieldsSeq(path) {
		if at = subcommand(at, word); at == nil {
			return nil
		}
	}
	return at
}

// anyHas reports whether any command has the flag.
func anyHas(c *cobra.Command, flag string) bool {
	return findFlag(c, flag) != nil || slices.ContainsFunc(c.Commands(), func(c *cobra.Command) bool { return anyHas(c, flag) })
}

// Each command and each of its flags is found again after one slip of any kind.
func TestEverySlipIsUnderstood(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	root := whole()
	slips := func(name string) []string {
		var out []string
		for i := 1; i < len(name)-1; i++ {
			out = append(out, name[:i]+name[i+1:], name[:i]+"q"+name[i:], name[:i]+name[i+1:i+2]+name[i:i+1]+name[i+2:])
		}
		return out
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, next := range c.Commands() {
			if !next.IsAvailableCommand() || len(next.Name()) < 3 {
				continue
			}
			for _, slip := range slips(next.Name()) {
				if near := nearCommands(c, slip); subcommand(c, slip) == nil && !slices.Contains(near, next.Name()) {
					t.Errorf("%s %s: %q", c.CommandPath(), slip, near)
				}
			}
			walk(next)
		}
		for _, flag := range visibleFlags(c) {
			for _, slip := range slips(flag) {
				if len(flag) > 3 && slip != flag && findFlag(c, "--"+slip) == nil && !strings.Contains(near(slip, visibleFlags(c)), flag) {
					t.Errorf("%s --%s: %q", c.CommandPath(), slip, near(slip, visibleFlags(c)))
				}
			}
		}
	}
	walk(root)
}

// A flag whose value is of the wrong type says which it takes, in our words.
func TestFlagTakes(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	w := newWorld(t)
	n := 0
	var visit func(c *cobra.Command, path []string)
	visit = func(c *cobra.Command, path []string) {
		flags := map[string]*pflag.Flag{}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = f })
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = f })
		for name, f := range flags {
			kind := f.Value.Type()
			if kind == "string" || kind == "stringArray" || kind == "stringSlice" {
				continue
			}
			n++
			takes, ok := flagTakes[kind]
			if !ok {
				t.Errorf("%v --%s is a %s, which nobody can tell how to give", path, name, kind)
			}
			w.run(2, append(path, "--"+name+"=maybe")...)
			w.said("--" + name + " takes " + takes + `, not "maybe"`)
			if kind != "bool" {
				w.run(2, append(path, "--"+name+"=")...)
				w.said("--" + name + " takes " + takes)
			}
			if kind == "int" || kind == "uint64" {
				takes = "a smaller number"
			}
			if kind != "float64" {
				w.run(2, append(path, "--"+name+"=99999999999999999999")...)
				w.said("--" + name + " takes " + takes)
			}
		}
		for _, child := range c.Commands() {
			visit(child, append(slices.Clone(path), child.Name()))
		}
	}
	visit(whole(), nil)
	if n < 200 {
		t.Errorf("only %d flags were tried", n)
	}
}
