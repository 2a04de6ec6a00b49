package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
	"github.com/hookctl/hookctl/internal/view"
)

// secretFlags are the flags of the commands that make a webhook: where its secret
// goes.
type secretFlags struct {
	secretTo   []string
	storeOnly  bool
	showSecret bool
}

// add declares them; when is what the help of each begins with.
func (o *secretFlags) add(c *cobra.Command, when string) {
	f := c.Flags()
	f.StringArrayVar(&o.secretTo, "secret-to", nil, when+"also hand the secret to a sink; {{.Name}}, {{.Provider}} and {{.ID}} are filled in (repeatable)")
	f.BoolVar(&o.storeOnly, "store-only", false, when+"in CI: the store on this machine lasts, so no --secret-to is needed")
	_ = c.RegisterFlagCompletionFunc("secret-to", completeSinks)
	freeText(c, "secret-to") // a sink is judged where it is parsed
	addReveal(c)
}

// filterFlags are the flag that says which deliveries are shown, or sent.
type filterFlags struct{ filters []string }

func (o *filterFlags) add(c *cobra.Command, usage string) {
	c.Flags().StringArrayVar(&o.filters, "filter", nil, usage+": "+strings.Join(filter.Words(), ", ")+", or any text (repeatable)")
	_ = c.RegisterFlagCompletionFunc("filter", cobra.FixedCompletions(filter.Words(), cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	freeText(c, "filter")
}

func (o *filterFlags) parse(a *app) (filter.Filter, error) {
	f, err := filter.Parse(strings.Join(o.filters, " "), a.filterWords(filter.Options{}))
	if err != nil {
		return f, fault.Usagef("--filter: %w", err)
	}
	if len(o.filters) > 0 && f.Empty() {
		return f, fault.Usagef("--filter is empty").WithHint("words: %s", strings.Join(filter.Words(), ", "))
	}
	return f, nil
}

// filterWords is words with the providers that there are.
func (a *app) filterWords(words filter.Options) filter.Options {
	words.Provider = a.env.providerName
	return words
}

// addShow declares --show-secret.
func (o *secretFlags) addShow(c *cobra.Command) {
	c.Flags().BoolVar(&o.showSecret, "show-secret", false, "include the secret in the output")
}

// sinks opens what --secret-to names.
func (o *secretFlags) sinks(a *app) ([]sink.Sink, error) {
	if a.showSecret = o.showSecret; a.showSecret {
		if err := a.withheld("--show-secret"); err != nil {
			return nil, err
		}
	}
	return a.sinks(o.secretTo)
}

// checkStore refuses to leave a secret in a store that dies with a CI runner, or
// where there is none.
func (o *secretFlags) checkStore(a *app) error {
	if a.dir == "" {
		return durable.NoPlace()
	}
	if !storeDies(a.env) || len(o.secretTo) > 0 || o.storeOnly {
		return nil
	}
	return fault.Usagef("CI is set, so the store is probably lost when this job ends, and the secret with it: nothing was sent").
		WithHint("send the secret to a sink with --secret-to (github-env:NAME, exec:COMMAND, ...); if the store lasts, use --store-only")
}

// view is the output for a webhook of d whose secret is kept.
func (o *secretFlags) view(a *app, d *provider.Driver, w provider.Webhook, rec secret.Record, results []sink.Result, created bool) view.Webhook {
	v := view.NewWebhook(d.Name, w, &rec)
	v.Origin = view.OrNull(a.elsewhere(d))
	v.Created = &created
	v.Sinks = view.NewSinks(results)
	if o.showSecret {
		v.Secret.Value = new(rec.Secret.Reveal())
	}
	return v
}

// print prints the webhook: on standard error where the sink stdout has the secret.
func (o *secretFlags) print(a *app, v view.Webhook) error {
	if slices.Contains(o.secretTo, "stdout") {
		for _, f := range v.Facts() { // standard output carries the secret, and nothing else
			a.note("%s: %s", f.Label, f.Text())
		}
		return nil
	}
	if v.Secret.Value != nil {
		if err := a.maskInActions(secret.New(*v.Secret.Value)); err != nil {
			return err
		}
	}
	return a.out.Print(render.View{Data: v, Facts: v.Facts(), Names: []string{v.Ref()}})
}

// printReplacement prints the webhook that took old's place; err is what the
// replacement itself came to.
func (o *secretFlags) printReplacement(a *app, made custody.Created, old remoteWebhook, overlap bool, err error) error {
	if !made.Kept {
		return err
	}
	if err == nil {
		a.noteReplaced(old, overlap)
	}
	v := o.view(a, old.client.Driver(), made.Webhook, made.Record, made.Sinks, true)
	v.Replaces = &view.Replaced{ID: old.hook.ID, State: "disabled"}
	switch {
	case !made.OldGone:
		v.Replaces.State = "kept"
	case old.client.Driver().Deletes:
		v.Replaces.State = "deleted"
	}
	return fault.Worst(err, printedToo(o.print(a, v), made.Record))
}

// authFlags say how the provider authenticates at the endpoint.
type authFlags struct {
	authType string
	authData string
}

// addData declares --auth-data; when is what its help begins with.
func (o *authFlags) addData(c *cobra.Command, when string) {
	c.Flags().StringVar(&o.authData, "auth-data", "", when+"JSON for --auth-type: @FILE, or @- for standard input")
	namesOnly(c, "auth-data", fileName, "@auth.json")
}

// authDataCap bounds what --auth-data reads.
const authDataCap = 64 << 10

// read reads --auth-data or its variable. A value that is not @file is
// refused without being shown: it would stand in the shell's history.
func (o *authFlags) read(a *app, d *provider.Driver) (secret.Value, error) {
	switch {
	case o.authData == "":
		if slices.Contains(d.CreateOptions, provider.OptAuth) && o.authType != "" && o.authType != "none" {
			return secret.New(a.env.Getenv(provider.AuthDataVariable)), nil
		}
		return secret.Value{}, nil
	case !strings.HasPrefix(o.authData, "@"):
		return secret.Value{}, fault.Usagef("--auth-data takes @FILE or @-, never the value itself: it would stay in the shell's history").
			WithHint("or set %s", provider.AuthDataVariable)
	}
	text, err := a.readInput("--auth-data", o.authData[1:], authDataCap)
	if err != nil {
		return secret.Value{}, err
	}
	if strings.TrimSpace(string(text)) == "" {
		return secret.Value{}, fault.Usagef("--auth-data: %s is empty", o.authData)
	}
	return secret.New(string(text)), nil
}

// specLike is what makes a webhook like w. What the provider never tells again
// must be given.
func (o *authFlags) specLike(a *app, d *provider.Driver, w provider.Webhook) (provider.Spec, error) {
	s := provider.Spec{Name: provider.Text(w.Name), URL: provider.Text(w.URL), Events: w.Events, Timeout: w.TimeoutSeconds}
	if w.URL == nil || len(w.Events) == 0 || d.NameRequired && s.Name == "" {
		return s, fault.Errorf(fault.Refused, "%s does not return enough of %s to make a copy of it", d.Title, w.ID)
	}
	if t := provider.Text(w.AuthType); t != "" && t != "none" {
		s.AuthType, o.authType = t, t
		var err error
		if s.AuthData, err = o.read(a, d); err != nil {
			return s, err
		}
		if s.AuthData.IsZero() {
			return s, fault.Usagef("%s authenticates to your endpoint (auth type %s), and %s never returns the data for that again: nothing was sent", w.ID, t, d.Title).
				WithCode("auth-data-needed").WithHint("give the data again: --auth-data @FILE, or %s", provider.AuthDataVariable)
		}
	} else if o.authData != "" {
		return s, fault.Usagef("--auth-data is given, but the webhook has no auth type")
	}
	if s.Timeout != nil && !slices.Contains(d.CreateOptions, provider.OptTimeout) {
		s.Timeout = nil
	}
	return s, checkSpec(d, s, nil, nil)
}

// preview is the request that would make a webhook, without what is secret. It shows
// the credential fields that would be sent: those that are set, else the required
// ones, else the first. Each comes with the variable that it is read from, or else
// would be first.
func (a *app) preview(ctx context.Context, d *provider.Driver, s provider.Spec) (provider.RequestPreview, error) {
	s.URL, _ = withoutUserinfo(s.URL)
	creds, _, err := a.credentials(ctx, d)
	variables := map[string]string{}
	for _, f := range d.Credentials {
		if _, ok := creds[f.Name]; ok || err != nil && f.Required {
			variables[f.Name] = cmp.Or(a.variableOf(f), f.Env[0])
		}
	}
	if first := d.Credentials[0]; len(variables) == 0 {
		variables[first.Name] = cmp.Or(a.variableOf(first), first.Env[0])
	}
	return d.Preview(a.access(d), s, variables)
}

// webhookFlags are the flags of the commands that say what a webhook is like.
type webhookFlags struct {
	authFlags
	name, url    string
	events       []string
	timeout      int
	allowUnknown bool
	noValidate   bool
}

// add declares those that are the same everywhere.
func (o *webhookFlags) add(c *cobra.Command, drivers []*provider.Driver) {
	c.Flags().BoolVar(&o.allowUnknown, "allow-unknown-events", false, "allow events that are not in the catalogue")
	c.Flags().BoolVar(&o.noValidate, "no-validate", false, "skip the local checks")
	_ = c.RegisterFlagCompletionFunc("event", completeEvents(drivers))
	freeText(c, "name", "url", "event")
}

// check is checkSpec, unless the provider shall find the faults.
func (o *webhookFlags) check(d *provider.Driver, s provider.Spec, eventErr, authErr error) error {
	if o.noValidate {
		return fault.Worst(eventErr, authErr)
	}
	return checkSpec(d, s, eventErr, authErr)
}

// expand is what --event and its like mean of d's events.
func (o *webhookFlags) expand(a *app, d *provider.Driver, values []string) (slugs, shown []string, err error) {
	return a.expandEvents(d, values, o.allowUnknown || o.noValidate)
}

// checkSpec reports everything that is wrong with s at once: what is missing, what
// the events and the authentication data were refused for, and what the
// provider would refuse.
func checkSpec(d *provider.Driver, s provider.Spec, eventErr, authErr error) error {
	var lines, hints []string
	code := "invalid"
	missing := map[string]bool{"name": s.Name == "" && d.NameRequired, "url": s.URL == "", "events": len(s.Events) == 0 && eventErr == nil}
	for _, f := range []struct{ field, flag string }{{"name", "--name"}, {"url", "--url"}, {"events", "--event"}} {
		if missing[f.field] {
			lines = append(lines, f.flag+" is missing")
		}
	}
	absent := len(lines)
	if absent > 0 {
		hints = append(hints, fmt.Sprintf("for instance: hookctl create %s --name NAME --url https://example.com/hook --event %s", d.Name, d.Catalogue[0].Slug))
	}
	for _, err := range []error{eventErr, authErr} {
		if err != nil {
			lines = append(lines, err.Error())
			hints = append(hints, fault.HintOf(err).String())
		}
	}
	if eventErr != nil {
		code = fault.Code(eventErr)
	}
	for _, f := range d.Validate(s) {
		known := missing[f.Field] || f.Field == "events" && eventErr != nil || f.Field == "auth-data" && authErr != nil
		if !known {
			lines = append(lines, "--"+flagOf(f.Field)+": "+f.Message)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if len(lines) > absent {
		hints = append(hints, "nothing was sent; to let the provider check instead, use --no-validate")
	}
	hints = slices.DeleteFunc(hints, func(h string) bool { return h == "" })
	message := lines[0]
	if len(lines) > 1 {
		message = fmt.Sprintf("%d faults:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	return fault.Usagef("%s", message).WithCode(code).WithHint("%s", strings.Join(hints, "\n"))
}

// flagOf is the flag for a field of a webhook.
func flagOf(field string) string {
	if field == "events" {
		return "event"
	}
	return field
}

// withoutUserinfo masks the user name and the password of a URL, and reports
// whether it has any. The URL may be one that cannot be parsed.
func withoutUserinfo(text string) (masked string, found bool) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text, false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return text, false
	}
	return scheme + "://***" + rest[at:], true
}

// unreachable warns of a URL that a provider can hardly reach; "" for others.
func unreachable(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	switch {
	case host == "localhost", ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsLinkLocalUnicast()):
		return host + " is an address of your own network, which the provider's servers probably cannot reach"
	case u.Scheme == "http":
		return "others can read and change deliveries to an http:// URL on their way"
	}
	return ""
}

// flagValue is the value of a flag that none of pflag's types is for.
type flagValue struct {
	kind string
	set  func(text string) error
	show func() string // nil: nothing
}

// Set implements pflag.Value.
func (v *flagValue) Set(text string) error { return v.set(text) }
func (v *flagValue) Type() string          { return v.kind }
func (v *flagValue) String() string {
	if v.show == nil {
		return ""
	}
	return v.show()
}

// durationVar declares a flag that takes a time: with its unit, or in whole seconds, as
// settings do.
func durationVar(c *cobra.Command, to *time.Duration, name string, preset time.Duration, usage string) {
	*to = preset
	c.Flags().Var(&flagValue{kind: "duration", show: func() string { return to.String() }, set: func(text string) (err error) {
		if *to, err = config.ParseDuration(text); err != nil {
			*to, err = time.ParseDuration(text) // one below zero, too
		}
		return err
	}}, name, usage)
	if preset == 0 {
		c.Flags().Lookup(name).DefValue = "0" // the help shows no other default that means none
	}
}

// openReports opens what --report asks for; of is the command that they tell of. With an
// error those that are open are still to be closed.
func (a *app) openReports(specs []string, of string) (reports []*view.Report, err error) {
	for _, spec := range specs {
		r, err := view.NewReport(spec, of, a.project(), a.hide)
		if err != nil {
			return reports, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// closeReports puts reports in their places; broken is why the run did not come to its end.
func closeReports(reports []*view.Report, broken error) error {
	return errors.Join(each(reports, func(r *view.Report) error { return r.Close(broken) })...)
}

// addReport declares --report.
func addReport(c *cobra.Command, to *[]string) {
	kinds := view.ReportKinds()
	c.Flags().StringArrayVar(to, "report", nil, "also write a report: "+strings.Join(kinds, "FILE, ")+"FILE (repeatable)")
	_ = c.RegisterFlagCompletionFunc("report", completeReports)
}
