package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/prompt"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

type createOptions struct {
	webhookFlags
	secretFlags
	driver       *provider.Driver
	description  string // another word for name
	ifAbsent     bool
	elsewhere    bool
	dryRun, curl bool

	data  secret.Value // the authentication data
	asked bool         // a question was answered
}

// ask fills in what the command line left out.
func (o *createOptions) ask(ctx context.Context, a *app) error {
	if o.name == "" && (o.url == "" || len(o.events) == 0 || o.driver.NameRequired) && !o.asked {
		if err := o.askName(ctx, a); err != nil {
			return err
		}
	}
	if o.url == "" {
		if err := o.askURL(ctx, a); err != nil {
			return err
		}
	}
	if len(o.events) == 0 {
		if err := o.askEvents(ctx, a); err != nil {
			return err
		}
	}
	if fields := o.driver.AuthMembers[o.authType]; o.data.IsZero() && fields != nil { // validation names the right types
		return o.askAuth(ctx, a, fields)
	}
	return nil
}

func (o *createOptions) askName(ctx context.Context, a *app) (err error) {
	label, preset := "Name", o.name
	if !o.driver.NameRequired { // Enter leaves it empty
		label, preset = "Name (may be empty)", ""
	}
	o.name, err = a.env.Prompt.Input(ctx, label, preset, o.acceptable("name"))
	o.asked = true
	return err
}

func (o *createOptions) askURL(ctx context.Context, a *app) (err error) {
	o.url, err = a.env.Prompt.Input(ctx, "URL that receives the deliveries", o.url, o.acceptable("url"))
	o.asked = true
	return err
}

// acceptable checks what is typed for a field as it will be checked with all others.
func (o *createOptions) acceptable(field string) func(string) error {
	return func(v string) error {
		for _, f := range o.driver.Validate(provider.Spec{Name: v, URL: v, Events: []string{"x"}}) {
			if f.Field == field && !o.noValidate {
				return errors.New(f.Message)
			}
		}
		return nil
	}
}

func (o *createOptions) askEvents(ctx context.Context, a *app) error {
	picked := o.driver.ExpandEvents(o.events, true).Slugs
	var choices []prompt.Choice
	for _, e := range o.driver.Catalogue {
		choices = append(choices, prompt.Choice{Value: e.Slug, Group: e.Category, Picked: slices.Contains(picked, e.Slug)})
	}
	for _, slug := range picked {
		if !o.driver.KnowsEvent(slug) {
			choices = append(choices, prompt.Choice{Value: slug, Picked: true})
		}
	}
	o.asked = true
	var err error
	o.events, err = a.env.Prompt.MultiSelect(ctx, "Events", choices)
	return err
}

func (o *createOptions) askAuth(ctx context.Context, a *app, fields []string) error {
	o.asked = true
	answers := map[string]string{}
	for _, f := range fields {
		var err error
		if label := "Authentication " + f; f == "header" || f == "username" {
			answers[f], err = a.env.Prompt.Input(ctx, label, "", nil)
		} else {
			var v secret.Value
			v, err = a.env.Prompt.Secret(ctx, label)
			answers[f] = v.Reveal()
		}
		if err != nil {
			return err
		}
	}
	text, err := json.Marshal(answers)
	o.data = secret.New(string(text))
	return err
}

// confirm shows what is about to be made, and how to make it without a question the
// next time. It reports whether something was changed meanwhile.
func (o *createOptions) confirm(ctx context.Context, a *app, s provider.Spec) (changed bool, err error) {
	p, err := render.New(a.env.Streams.Err, render.Options{Color: a.colour(a.env.Streams.ErrTTY), TTY: a.env.Streams.ErrTTY, Width: a.env.Streams.Width()})
	if err != nil {
		return false, err
	}
	blank := func() { _, _ = fmt.Fprintln(a.env.Streams.Err) }
	blank()
	if err := p.Print(render.View{Facts: o.summary(a, s)}); err != nil {
		return false, err
	}
	recs, _, lerr := a.store.List(ctx) // a warning that cannot be given fails no create
	if !o.ifAbsent && lerr == nil {
		warnTwice(a, recs, secret.Record{Provider: o.driver.Name, Profile: a.cfg.Profile(), Name: s.Name, URL: s.URL})
	}
	if !a.quiet {
		blank()
		a.warn("Next time, without questions:")
		_, _ = fmt.Fprintln(a.env.Streams.Err, term.WrapCommand("  "+o.again(a, s), a.env.Streams.Width()-1))
		blank()
	}
	if a.yes {
		return false, nil
	}
	ok, err := a.env.Prompt.Confirm(ctx, "Create it?", true)
	if ok || err != nil {
		return false, err
	}
	const stop = "stop"
	choices := []prompt.Choice{
		{Value: "name", Label: "Change the name"}, {Value: "url", Label: "Change the URL"}, {Value: "events", Label: "Change the events"},
		{Value: stop, Label: "Stop: create nothing"},
	}
	what, err := a.env.Prompt.Select(ctx, "What now?", choices)
	if err != nil {
		return false, err
	}
	switch what {
	case "name":
		err = o.askName(ctx, a)
	case "url":
		err = o.askURL(ctx, a)
	case "events":
		err = o.askEvents(ctx, a)
	default:
		err = notConfirmed()
	}
	return true, err
}

// warnTwice warns of another kept webhook of the name and URL of the one that is
// made, or was just made. It asks nobody. A name is foreign text: masks come before it.
func warnTwice(a *app, recs []secret.Record, made secret.Record) {
	for _, r := range recs {
		if r.Name == made.Name && r.Ref() != made.Ref() && r.Provider == made.Provider && r.Profile == made.Profile && r.DeletedAt.IsZero() && a.atBaseURL(r) && provider.SameURL(r.URL, made.URL) {
			a.note("warning: %s has this name and URL already, so every event will come twice; --if-absent takes the one that is there", r.Ref().Word())
			return
		}
	}
}

// summary is what is about to be made, for people.
func (o *createOptions) summary(a *app, s provider.Spec) []render.Fact {
	at := a.baseURL(o.driver).Value
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		at = u.Host
	}
	shown, _ := withoutUserinfo(s.URL)
	facts := []render.Fact{{Label: "Provider", Value: o.driver.Title + " (" + at + ")"}}
	if a.cfg.Profile() != config.DefaultProfile {
		facts = append(facts, render.Fact{Label: "Profile", Value: a.cfg.Profile()})
	}
	facts = append(facts, render.Fact{Label: "Name", Value: cmp.Or(s.Name, "(none)")}, render.Fact{Label: "URL", Value: shown}, render.Fact{Label: "Events", List: s.Events})
	if s.Timeout != nil {
		facts = append(facts, render.Fact{Label: "Timeout", Value: fmt.Sprint(*s.Timeout) + " s"})
	}
	if s.AuthType != "" {
		facts = append(facts, render.Fact{Label: "Auth type", Value: s.AuthType})
	}
	kept := "will be kept on this machine"
	if a.cfg.String("secret-store") == secret.InKeyring {
		kept = "will be kept in the keyring"
	}
	return append(facts, render.Fact{Label: "Secret", List: append([]string{kept}, o.secretTo...)})
}

// again is the command that makes this webhook without a question. It holds no
// secret: authentication data that was typed is to be in a file.
func (o *createOptions) again(a *app, s provider.Spec) string {
	parts := []string{"hookctl create " + o.driver.Name}
	flag := func(name, value string) { parts = append(parts, "--"+name+" "+term.ShellWord(value)) }
	if s.Name != "" {
		flag("name", s.Name)
	}
	shown, _ := withoutUserinfo(s.URL)
	flag("url", shown)
	width := a.env.Streams.Width() - len("    --event '' \\")
	list := ""
	for _, word := range o.eventWords(s) {
		if list != "" && len(list)+1+len(word) > width {
			flag("event", list)
			list = ""
		}
		list += strings.Repeat(",", min(len(list), 1)) + word
	}
	flag("event", list)
	if s.Timeout != nil {
		flag("timeout", fmt.Sprint(*s.Timeout))
	}
	if o.authType != "" {
		flag("auth-type", o.authType)
	}
	if file := o.authFile(a); file != "" {
		flag("auth-data", file)
	}
	for _, to := range o.secretTo {
		flag("secret-to", to)
	}
	switches := those([]string{"store-only", "if-absent", "secret-elsewhere", "show-secret", revealFlag, "allow-unknown-events", "no-validate"}, a.given)
	return a.account.in(strings.Join(append(parts, prefixed("--", switches)...), " "))
}

// eventWords are the events as they are best typed.
func (o *createOptions) eventWords(s provider.Spec) []string {
	all := o.driver.ExpandEvents([]string{"all"}, false).Slugs
	if provider.SameEvents(all, s.Events) {
		return []string{"all"}
	}
	return strings.Split(strings.Join(o.events, ","), ",")
}

// authFile is what to give to --auth-data to send the same data again; "" where it
// comes from the environment, or where there is none.
func (o *createOptions) authFile(a *app) string {
	switch {
	case o.authData != "":
		return o.authData
	case o.data.IsZero() || a.env.Getenv(provider.AuthDataVariable) != "":
		return ""
	}
	return "@auth.json"
}
