package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// otherCommands is what commands of other tools are called here, by the words
// that are typed. What stands in brackets is a remark.
var otherCommands = map[string][]string{
	"trigger": {"send", "sandbox emit"}, "emit": {"sandbox emit", "send"}, "fire": {"send", "sandbox emit"}, "publish": {"send", "sandbox emit"},
	"message": {"send"}, "messages": {"send"}, "dispatch": {"send"}, "fixtures": {"send", "sandbox emit"}, "samples": {"send", "sandbox emit"}, "sample": {"send", "sandbox emit"},
	"test": {"send"}, "ping": {"send", "doctor"}, "simulate": {"send", "sandbox"},
	"forward": {"listen --forward-to URL"}, "serve": {"listen", "sandbox"}, "server": {"listen", "sandbox"}, "proxy": {"listen --forward-to URL"}, "receive": {"listen"},
	"tunnel": {"listen"}, "http": {"listen"}, "play": {"listen"}, "webhook forward": {"listen --forward-to URL"}, "webhooks forward": {"listen --forward-to URL"},
	"logs": {"listen", "sandbox log"}, "log": {"listen", "sandbox log"}, "tail": {"listen"}, "watch": {"listen", "list --watch 10s"},
	"rm": {"delete"}, "remove": {"delete"}, "destroy": {"delete"}, "unsubscribe": {"delete"},
	"new": {"create"}, "add": {"create"}, "make": {"create"}, "register": {"create"}, "subscribe": {"create"},
	"describe": {"get"}, "inspect": {"get", "show"}, "view": {"get", "show"}, "cat": {"show"}, "compare": {"diff"}, "info": {"get"}, "edit": {"update"}, "modify": {"update"}, "patch": {"update"},
	"disable": {"pause"}, "stop": {"pause"}, "enable": {"resume"}, "start": {"resume", "sandbox"}, "regenerate": {"rotate"}, "roll": {"rotate"}, "renew": {"rotate"},
	"endpoint": {"get", "create", "list"}, "endpoints": {"list", "create", "get"}, "endpoint create": {"create"}, "endpoints create": {"create"}, "endpoint list": {"list"}, "endpoints list": {"list"},
	"webhook_endpoints": {"list", "create", "get"}, "webhook_endpoints create": {"create"}, "webhook_endpoints list": {"list"}, "subscription": {"get", "create", "list"}, "subscriptions": {"list", "create", "get"},
	"connection": {"get", "create", "list"}, "connections": {"list", "create", "get"}, "connect": {"create"}, "connection create": {"create"}, "connection list": {"list"}, "destination": {"create", "listen"}, "destinations": {"list", "create"},
	"webhooks": {"list", "create", "get"}, "webhook": {"get", "create", "list"}, "webhooks create": {"create"}, "webhook create": {"create"}, "webhooks add": {"create"},
	"webhooks list": {"list"}, "webhook list": {"list"}, "webhooks ls": {"list"}, "webhooks get": {"get"}, "webhook get": {"get"},
	"webhooks delete": {"delete"}, "webhook delete": {"delete"}, "webhooks update": {"update"}, "webhook update": {"update"},
	"event": {"list-events"}, "event list": {"list-events"}, "events": {"list-events"}, "event-types": {"list-events"}, "events list": {"list-events"}, "catalog": {"list-events"}, "catalogue": {"list-events"},
	"events resend": {"replay"}, "resend": {"replay"}, "retry": {"replay"}, "redeliver": {"replay"},
	"scaffold": {"snippet"}, "handler": {"snippet"}, "boilerplate": {"snippet"}, "middleware": {"snippet"}, "code": {"snippet"}, "generate-signature": {"sign"}, "signature": {"sign", "verify"}, "roll-secret": {"rotate"}, "recreate": {"rotate"},
	"validate": {"verify"}, "check": {"verify", "doctor"}, "diagnose": {"verify", "doctor"},
	"deploy": {"apply"}, "sync": {"apply"}, "up": {"apply"}, "import": {"apply", "secrets import"}, "dump": {"export"}, "preview": {"plan"}, "state": {"export"}, "state list": {"list"}, "clone": {"export"}, "copy": {"export"},
	"whoami": {"doctor"}, "status": {"doctor"}, "health": {"doctor", "list --failing"}, "auth": {"login", "logout", "doctor"},
	"auth login": {"login"}, "auth logout": {"logout"}, "auth status": {"doctor"}, "signin": {"login"}, "sign-in": {"login"}, "signout": {"logout"}, "configure": {"login", "config set"},
	"init": {"login", "create", "export"}, "setup": {"login", "doctor"}, "settings": {"config list"}, "set": {"config set"}, "env": {"help environment"},
	"project": {"profile"}, "projects": {"profile list"}, "workspace": {"profile"}, "quickstart": {"demo", "help"}, "variable": {"secrets", "config"},
	"account": {"profile"}, "accounts": {"profile list"}, "context": {"profile"}, "switch": {"profile use"}, "use": {"profile use"},
	"keys": {"secrets list"}, "key": {"secrets show"}, "request": {"api"}, "curl": {"api"}, "mock": {"sandbox"}, "fake": {"sandbox"}, "dev": {"sandbox", "listen"},
	"upgrade": {"update (of a webhook)", "version (to update hookctl itself, install it again)"}, "self-update": {"version (to update hookctl itself, install it again)"},
	"docs": {"help"}, "man": {"help"}, "autocomplete": {"completion"}, "completions": {"completion"}, "complete": {"completion"},

	"secrets get": {"secrets show"}, "secrets view": {"secrets show"}, "secrets reveal": {"secrets show"}, "secrets print": {"secrets show"},
	"secrets add": {"secrets set"}, "secrets create": {"secrets set"}, "secrets put": {"secrets set"}, "secrets new": {"secrets set"}, "secrets update": {"secrets set", "rotate"},
	"secrets delete": {"secrets remove"}, "secrets forget": {"secrets remove"}, "secrets copy": {"secrets push"}, "secrets send": {"secrets push"},
	"secrets rotate": {"rotate"}, "secrets move": {"secrets migrate"}, "secrets verify": {"secrets check"}, "secrets backup": {"secrets export"}, "secrets restore": {"secrets import"},
	"config show": {"config list"}, "config view": {"config list"}, "config edit": {"config path", "config set"}, "config add": {"config set"}, "config remove": {"config unset"}, "config rm": {"config unset"}, "config delete": {"config unset"},
	"config use-context": {"profile use"}, "config get-contexts": {"profile list"}, "config current-context": {"profile list"},
	"profile add": {"profile create"}, "profile new": {"profile create"}, "profile switch": {"profile use"}, "profile select": {"profile use"}, "profile delete": {"profile remove"}, "profile show": {"profile list"},
	"sandbox trigger": {"sandbox emit"}, "sandbox send": {"sandbox emit"}, "sandbox logs": {"sandbox log"}, "sandbox tail": {"sandbox log"},
}

// otherFlags is what flags of other tools are called here: the flags and
// arguments that stand for one, each shown where the command has it. What stands
// behind "send: " is for that command alone, behind ": " for hookctl without one.
var otherFlags = map[string][]string{
	"json": {"-o json"}, "yaml": {"-o yaml"}, "format": {"-o json", "--jq EXPRESSION"}, "output-format": {"-o json"}, "query": {"--jq EXPRESSION"}, "template": {"--jq EXPRESSION"}, "pretty": {"-o json"},
	"scale": {"--speed N"}, "duplicate": {"--twice"},
	"port": {"--addr 127.0.0.1:PORT", ": hookctl listen --addr 127.0.0.1:PORT"}, "host": {"--addr HOST:PORT"}, "bind": {"--addr HOST:PORT"}, "listen": {"--addr HOST:PORT"},
	"secret": {"--secret-env NAME", "--secret-file PATH", "--from-env NAME"}, "signing-secret": {"--secret-env NAME", "--secret-file PATH"}, "webhook-secret": {"--secret-env NAME", "--secret-file PATH"},
	"signature-secret": {"--secret-env NAME", "--secret-file PATH"},
	"secret-key":       {"--secret-env NAME", "--secret-file PATH"}, "key": {"--secret-env NAME", "--secret-file PATH"},
	"api-key": {credentialsHint}, "apikey": {credentialsHint}, "token": {credentialsHint}, "access-token": {credentialsHint}, "password": {credentialsHint}, "org-id": {credentialsHint}, "org": {credentialsHint},
	"forward": {"--forward-to URL"}, "target": {"--forward-to URL", "--url URL", "replay: --to URL", "send: hookctl send URL"}, "endpoint": {"--url URL", "--forward-to URL", "replay: --to URL", "send: hookctl send URL"}, "target-url": {"--url URL"}, "callback": {"--url URL"}, "callback-url": {"--url URL"},
	"url":  {"--forward-to URL", "replay: --to URL", "--public-url URL", "send: hookctl send URL", "verify: hookctl verify FILE"},
	"file": {"verify: hookctl verify FILE", "sign: hookctl sign FILE", "replay: hookctl replay FILE"}, "input": {"verify: hookctl verify FILE", "sign: hookctl sign FILE", "replay: hookctl replay FILE"},
	"data": {"--field KEY=VALUE", "--input FILE", "verify: hookctl verify FILE", "sign: hookctl sign FILE"},
	"type": {"--event EVENT"}, "types": {"--event EVENT"}, "topic": {"--event EVENT"}, "topics": {"--event EVENT"}, "event-type": {"--event EVENT"}, "event-types": {"--event EVENT"}, "enabled-events": {"--event EVENT"},
	"provider": {"create: hookctl create PROVIDER", "list: hookctl list PROVIDER", "list-events: hookctl list-events PROVIDER", "login: hookctl login PROVIDER", "logout: hookctl logout PROVIDER", "api: hookctl api PROVIDER PATH"},
	"to":       {"send: hookctl send URL"}, "list": {"config: hookctl config list", "profile: hookctl profile list", "secrets: hookctl secrets list"},
	"title": {"--name NAME"}, "label": {"--name NAME"}, "description": {"--name NAME"}, "id": {"--webhook WEBHOOK"},
	"body": {"--data FILE", "--input FILE", "verify: hookctl verify FILE", "sign: hookctl sign FILE"}, "payload": {"--data FILE", "verify: hookctl verify FILE", "sign: hookctl sign FILE"}, "sig": {"--signature VALUE"}, "tolerance": {"--max-age TIME"}, "ttl": {"--max-age TIME"},
	"project": {"--profile NAME"}, "with-token": {"--credentials @-"}, "detailed-exitcode": {"--exit-code"}, "detailed-exit-code": {"--exit-code"}, "dry-run": {"apply: hookctl plan"}, "preview": {"apply: hookctl plan"},
	"account": {"--profile NAME"}, "context": {"--profile NAME"}, "env": {"--profile NAME"}, "environment": {"--profile NAME"}, "config-dir": {"--config DIR"}, "config-file": {"--config DIR"},
	"force": {"--yes"}, "confirm": {"--yes"}, "assume-yes": {"--yes"}, "auto-approve": {"--yes"}, "non-interactive": {"--no-input"}, "batch": {"--no-input"}, "interactive": {"--no-input=false"},
	"verbose": {"--debug"}, "trace": {"--debug"}, "silent": {"--quiet"}, "timeout": {"--request-timeout TIME"}, "no-colour": {"--no-color"}, "color": {"--no-color"}, "colour": {"--no-color"},
	"follow": {"--watch 10s"}, "refresh": {"--watch 10s"}, "check": {"--dry-run"}, "dryrun": {"--dry-run"}, "noop": {"--dry-run"}, "simulate": {"--dry-run"},

	"-v": {"--debug", "--version"}, "-e": {"--event EVENT"}, "-u": {"--url URL"}, "-n": {"--name NAME", "--dry-run"}, "-p": {"--profile NAME", "--addr HOST:PORT"}, "-d": {"--data FILE", "--field KEY=VALUE", "--input FILE"}, "-f": {"--forward-to URL"}, "-s": {"--secret-env NAME"}, "-w": {"--watch 10s"}, "-j": {"-o json"},
}

// credentialsHint stands for flags that would take a credential: none does.
const credentialsHint = "hookctl login PROVIDER (asks for it, or reads --credentials @FILE), hookctl help environment (its variable)"

// meantCommands are the whole commands that the words typed behind parent may
// stand for: those of the table, else those whose names are near.
func (g *globals) meantCommands(parent *cobra.Command, words []string) []string {
	path := strings.Fields(pathOf(parent))
	for n := min(2, len(words)); n > 0; n-- {
		typed := strings.ToLower(strings.Join(append(slices.Clone(path), words[:n]...), " "))
		if meant, ok := otherCommands[typed]; ok {
			return prefixed("hookctl ", meant)
		}
	}
	if len(path) == 0 && slices.ContainsFunc(g.env.Drivers.Names(), func(name string) bool { return name == words[0] }) {
		return []string{"hookctl create " + words[0], "hookctl list " + words[0], "hookctl help " + words[0]}
	}
	return prefixed(parent.CommandPath()+" ", nearCommands(parent, words[0]))
}

// nearCommands are the names of the commands below parent that word may be a
// slip for, by name or alias; hidden ones never.
func nearCommands(parent *cobra.Command, word string) []string {
	nameOf := map[string]string{}
	var names []string
	for _, c := range parent.Commands() {
		if !c.IsAvailableCommand() && c.Name() != "help" {
			continue
		}
		for _, name := range append([]string{c.Name()}, c.Aliases...) {
			nameOf[name] = c.Name()
			names = append(names, name)
		}
	}
	var near []string
	for _, name := range term.Nearest(word, names, len(names)) {
		if name = nameOf[name]; !slices.Contains(near, name) && len(near) < mostSuggestions {
			near = append(near, name)
		}
	}
	return near
}

// unknownFlag says what else a flag may be that cmd does not have; args are the
// command line. Where a word before it is no command, the word is to blame.
func (g *globals) unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	if words := firstWords(cmd, g.args); len(words) > 0 && cmd.HasSubCommands() {
		if err := cmd.ValidateArgs(words); err != nil {
			return err
		}
	}
	name := unknown.GetSpecifiedName()
	typed := name
	if unknown.GetSpecifiedShortnames() != "" {
		typed = "-" + name
	}
	meant := relatedWith(cmd, name)
	if len(meant) == 0 {
		meant = g.meantFlags(cmd, typed)
	}
	if len(meant) == 0 && typed == name {
		near := term.Nearest(name, visibleFlags(cmd), mostSuggestions)
		if len(near) == 0 { // a slip in a plural
			near = term.Nearest(strings.TrimSuffix(name, "s"), visibleFlags(cmd), mostSuggestions)
		}
		meant = prefixed("--", near)
	}
	return fault.Usagef("%w", unknown).WithHint("%ssee: %s --help", didYouMean(meant), cmd.CommandPath())
}

// relatedWith are the commands below cmd, and those beside it, that have a flag
// of just this name: of create the provider may be missing, or the other one.
func relatedWith(cmd *cobra.Command, name string) []string {
	related := cmd.Commands()
	if cmd.HasParent() && cmd.Parent().HasParent() {
		related = append(related, cmd.Parent().Commands()...)
	}
	var found []string
	for _, c := range related {
		if c.IsAvailableCommand() && findFlag(c, "--"+name) != nil && len(found) < mostSuggestions {
			found = append(found, c.CommandPath()+" --"+name)
		}
	}
	return found
}

// meantFlags are the flags of cmd that another tool's flag stands for.
func (g *globals) meantFlags(cmd *cobra.Command, typed string) []string {
	var meant []string
	for _, m := range otherFlags[strings.ToLower(typed)] {
		if only, rest, ok := strings.Cut(m, ": "); ok {
			if m = rest; pathOf(cmd) != only {
				continue
			}
		}
		flag, _, _ := strings.Cut(m, " ")
		flag, _, _ = strings.Cut(flag, "=")
		if strings.HasPrefix(m, "-") && findFlag(cmd, flag) == nil {
			continue
		}
		if port := flagIn(g.args, "--"+typed); strings.HasSuffix(m, ":PORT") && isNumber(port) {
			m = strings.TrimSuffix(m, "PORT") + port
			m = strings.Replace(m, "HOST", "127.0.0.1", 1)
		}
		meant = append(meant, m)
	}
	return meant[:min(len(meant), mostSuggestions)]
}

func isNumber(s string) bool { return s != "" && len(s) < 6 && strings.Trim(s, "0123456789") == "" }

// findFlag finds a flag of cmd that is not hidden, by "--name" or "-n".
func findFlag(cmd *cobra.Command, flag string) *pflag.Flag {
	name, long := strings.CutPrefix(flag, "--")
	f := cmd.Flag(name)
	if letter := strings.TrimPrefix(flag, "-"); !long {
		f = cmp.Or(cmd.Flags().ShorthandLookup(letter), cmd.InheritedFlags().ShorthandLookup(letter))
	}
	if f == nil || f.Hidden {
		return nil
	}
	return f
}

// visibleFlags are the names of the flags of cmd, its own first.
func visibleFlags(cmd *cobra.Command) []string {
	names := each(shownFlags(cmd), func(f *pflag.Flag) string { return f.Name })
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// annotationShared marks a command whose help shows the flags that all commands
// below it take.
const annotationShared = "hookctl_shared"

// required reports whether the flag must be given. A test holds the texts to it.
func required(f *pflag.Flag) bool { return strings.Contains(f.Usage, "(required") }

// shownFlags are the flags of c that its help shows.
func shownFlags(c *cobra.Command) []*pflag.Flag {
	var list []*pflag.Flag
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			list = append(list, f)
		}
	})
	if _, shared := c.Annotations[annotationShared]; !shared || !c.HasSubCommands() {
		return list
	}
	for _, f := range shownFlags(c.Commands()[0]) {
		some := *f
		everywhere, always := true, true
		for _, child := range c.Commands() {
			other := child.Flags().Lookup(f.Name)
			everywhere = everywhere && other != nil
			if other != nil && !required(other) {
				some.Usage, always = other.Usage, false
			}
		}
		if !always {
			for _, child := range c.Commands() {
				if other := child.Flags().Lookup(f.Name); other != nil && required(other) {
					some.Usage += fmt.Sprintf(" (%s needs it)", child.Name())
				}
			}
		}
		if everywhere {
			list = append(list, &some)
		}
	}
	return list
}

// firstWords are the first word of the command line behind cmd that is neither
// a flag nor a flag's value, as long as every flag before it is known, and the
// word that follows it.
func firstWords(cmd *cobra.Command, args []string) []string {
	_, rest, err := cmd.Root().Find(args)
	if err != nil {
		return nil
	}
	for len(rest) > 0 {
		a := rest[0]
		rest = rest[1:]
		if a == "--" {
			return nil
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				return []string{a, rest[0]}
			}
			return []string{a}
		}
		flag, _, valued := strings.Cut(a, "=")
		if !strings.HasPrefix(a, "--") {
			flag, valued = a[:2], valued || len(a) > 2
		}
		f := findFlag(cmd, flag)
		if f == nil {
			return nil
		}
		if !valued && f.NoOptDefVal == "" && len(rest) > 0 {
			rest = rest[1:]
		}
	}
	return nil
}

// flagError is cobra's error about a flag, with what to do.
func (g *globals) flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return g.unknownFlag(cmd, unknown)
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && secret.LooksLike(invalid.GetValue()) { // the parsers of numbers and times quote parts of it
		return refused("--"+invalid.GetFlag().Name, "", "", cmd)
	}
	if invalid != nil {
		kind := invalid.GetFlag().Value.Type()
		if takes, ok := flagTakes[kind]; ok {
			// pflag does not say whether it is no number or too large a one.
			_, n := strconv.ParseInt(invalid.GetValue(), 0, strconv.IntSize)
			if (kind == "int" || kind == "uint64") && errors.Is(n, strconv.ErrRange) {
				takes = "a smaller number"
			}
			err = fmt.Errorf("--%s takes %s, not %q", invalid.GetFlag().Name, takes, invalid.GetValue())
		}
	}
	return fault.Usagef("%w", err).WithHint("see: %s --help", cmd.CommandPath())
}

// flagTakes are what flags take, by the type that pflag names.
var flagTakes = map[string]string{
	"bool": "true or false", "int": "a whole number", "uint64": "a whole number of at least 0", "float64": "a number", "duration": "a duration such as 500ms, 30s or 2m",
}
