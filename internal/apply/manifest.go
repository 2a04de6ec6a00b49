// Package apply makes the webhooks of an account what a manifest says: it reads
// manifests (manifest.go), finds the differences (plan.go) and removes them
// (run.go). It also writes manifests (export.go).
package apply

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// MaxSize is how large a manifest may be, in bytes.
const MaxSize = 1 << 20

// maxEvent is how long a word for events may be, in bytes, maxSinks how many sinks
// a webhook may have, and maxDocuments how many documents one file may have: far
// more than anybody writes.
const (
	maxEvent     = 4 << 10
	maxSinks     = 50
	maxDocuments = 1000
)

// formatVersion is the version of manifests.
const formatVersion = 1

// Source is the text of one manifest.
type Source struct {
	Name string // for messages
	Data []byte
}

// Options are what a manifest is read with.
type Options struct {
	Drivers provider.Registry
	Getenv  func(string) string // for ${NAME}
	Sinks   sink.Env
	// SecretTo are sinks for every webhook, beside those of the manifest.
	SecretTo []string
	Allow    Allow
	// Dir is the directory that a source of this name lies in, absolute and free of
	// symbolic links.
	Dir func(source string) string
	// Review says that the manifest is only looked at: what is not allowed is no
	// fault, but noted, and planned without.
	Review bool
}

// Manifest is what the webhooks shall be.
type Manifest struct {
	Webhooks []*Webhook
}

// Webhook is one webhook of a manifest. What it does not say is left as it is.
type Webhook struct {
	At      Position
	Driver  *provider.Driver
	ID      string // "": found by name, or else by URL
	Name    string // "": found by URL, and left as it is
	URL     string
	Events  []string
	Timeout *int
	Auth    *Auth
	Sinks   []sink.Sink // for a new secret
	Reach   []Reach

	unread map[string]bool // of "url" and "auth", what has variables in it that were not read
}

// Auth is how a provider shall authenticate at an endpoint.
type Auth struct {
	Type string
	Data secret.Value // a JSON object, its members in the order of their names; zero for the type none
}

// key is what makes the webhook one of its own in the manifest.
func (w *Webhook) key() string {
	switch {
	case w.ID != "":
		return w.Driver.Name + "\x00id\x00" + w.ID
	case w.Name != "":
		return w.Driver.Name + "\x00name\x00" + w.Name
	}
	return w.Driver.Name + "\x00url\x00" + provider.URLKey(w.URL)
}

// title names the webhook for people.
func (w *Webhook) title() string { return title(w.Driver.Name, cmp.Or(w.Name, w.URL)) }

// item is the webhook for its sinks. Its id is not known.
func (w *Webhook) item() sink.Item { return sink.Item{Provider: w.Driver.Name, Name: w.Name} }

func title(provider, name string) string { return fmt.Sprintf("%s %q", provider, name) }

// Parse reads manifests as one. Everything that is wrong is reported at once,
// as an error of kind Usage with file, line and column of each.
func Parse(sources []Source, o Options) (*Manifest, error) {
	p := &parser{o: o, lists: map[list]expanded{}, unread: map[string]bool{}}
	for _, s := range sources {
		p.file(s)
	}
	p.distinct()
	p.places()
	if err := p.faults.err(); err != nil {
		return nil, err
	}
	return &Manifest{p.found}, nil
}

type parser struct {
	o      Options
	faults faults
	name   string // of the present file
	dir    string // that it lies in
	reach  []Reach
	unread map[string]bool
	found  []*Webhook
	to     [][]placed // beside found: where each secret would go
	lists  map[list]expanded
}

// list is a list of events as one provider understands it, and expanded its
// slugs. That of defaults is expanded once, not with every webhook.
type (
	list struct {
		node    *yaml.Node
		driver  *provider.Driver
		unknown bool
	}
	expanded struct {
		slugs  []string
		faults int
	}
)

// placed is a sink and where it stands in the manifest.
type placed struct {
	at   Position
	spec sink.Spec
}

func (p *parser) at(n *yaml.Node) Position { return Position{p.name, n.Line, n.Column} }

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	p.faults.add(p.at(n), format, args...)
}

// file reads the documents of one source.
func (p *parser) file(s Source) {
	p.name, p.dir = s.Name, ""
	if p.o.Dir != nil {
		p.dir = p.o.Dir(s.Name)
	}
	whole := Position{File: s.Name}
	if len(s.Data) > MaxSize {
		p.faults.add(whole, "more than %d bytes (1 MiB): split it into several files", MaxSize)
		return
	}
	if n := notText(s.Data); n >= 0 {
		at := position(s.Data, n)
		at.File = p.name
		p.faults.add(at, "not UTF-8 text")
		return
	}
	r := &byRune{data: asYAML(s.Data)}
	d := yaml.NewDecoder(r)
	documents := 0
	for n := 0; !p.faults.full; n++ {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if n == maxDocuments {
			p.faults.add(whole, "more than %d documents: split it into several files", maxDocuments)
			return
		}
		if err != nil {
			p.syntax(err, r)
			return
		}
		if len(doc.Content) != 1 || doc.Content[0].Tag == "!!null" && doc.Content[0].Value == "" {
			continue // nothing between two marks
		}
		documents++
		p.document(doc.Content[0])
	}
	if documents == 0 {
		p.faults.add(whole, "it contains no manifest: a manifest begins with version: %d", formatVersion)
	}
}

// document reads one document, with its own defaults.
func (p *parser) document(root *yaml.Node) {
	if !p.plain(root) {
		return
	}
	doc, ok := p.mapping(root, "a manifest", documentKeys)
	if !ok {
		return
	}
	switch v, ok := doc["version"]; {
	case !ok:
		p.fail(root, "version is missing: write version: %d as the first line", formatVersion)
	case v.Tag != "!!int" || v.Value != strconv.Itoa(formatVersion):
		p.fail(v, "version must be %d", formatVersion)
	}
	var defaults map[string]*yaml.Node
	if n, ok := doc["defaults"]; ok {
		if defaults, ok = p.mapping(n, "defaults", defaultKeys); ok {
			p.defaults(defaults)
		}
	}
	list, ok := doc["webhooks"]
	switch {
	case !ok:
		p.fail(root, "webhooks is missing (for an empty list write webhooks: [])")
		return
	case list.Kind != yaml.SequenceNode:
		p.fail(list, "webhooks must be a list")
		return
	}
	for _, n := range list.Content {
		if p.faults.full {
			return
		}
		p.webhook(n, defaults)
	}
}

// defaults finds wrong types in what no webhook may come to use.
func (p *parser) defaults(given map[string]*yaml.Node) {
	setting := func(key string) (*yaml.Node, bool) { n, ok := given[key]; return n, ok }
	if n, ok := setting("provider"); ok {
		p.driver(n, setting)
	}
	if n, ok := setting("events"); ok {
		p.texts(n, "events", func(item *yaml.Node) { p.literal(item, "an event") })
	}
	if n, ok := setting("timeout"); ok {
		p.seconds(n)
	}
	if n, ok := setting("secret_to"); ok {
		p.texts(n, "secret_to", func(item *yaml.Node) { p.required(item, "a sink") })
	}
	if n, ok := setting("auth"); ok {
		for _, d := range p.o.Drivers {
			if takes(d, "auth") {
				p.auth(n, d)
				break
			}
		}
	}
	p.yes(setting("allow_unknown_events"))
}

// plain refuses what makes YAML mean more than it seems to say.
func (p *parser) plain(n *yaml.Node) bool {
	ok := true
	switch {
	case p.faults.full:
		return false
	case n.Kind == yaml.AliasNode:
		p.fail(n, "aliases (*%s) are not allowed", n.Value)
		return false
	case n.Anchor != "":
		p.fail(n, "anchors (&%s) are not allowed: use defaults", n.Anchor)
		ok = false
	case n.Style&yaml.TaggedStyle != 0:
		p.fail(n, "tags (%s) are not allowed", n.Tag)
		ok = false
	}
	for _, child := range n.Content {
		ok = p.plain(child) && ok
	}
	return ok
}

// mapping is the values of n by their keys, which must be among known.
func (p *parser) mapping(n *yaml.Node, what string, known []Key) (map[string]*yaml.Node, bool) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s must be a mapping (key: value)", what)
		return nil, false
	}
	out := map[string]*yaml.Node{}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content) && !p.faults.full; i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Tag == "!!merge":
			p.fail(k, "merge keys (<<) are not allowed: use defaults")
		case k.Kind != yaml.ScalarNode:
			p.fail(k, "a key must be a word")
		case known != nil && !slices.ContainsFunc(known, func(have Key) bool { return have.Name == k.Value }):
			p.fail(k, "unknown key %q; the keys of %s are %s", k.Value, what, keyNames(known))
		case first[k.Value] != 0:
			p.fail(k, "the key %q appears twice, first in line %d", k.Value, first[k.Value])
		default:
			out[k.Value] = v
			first[k.Value] = k.Line
		}
	}
	return out, true
}

func keyNames(keys []Key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return strings.Join(names, ", ")
}

// webhook reads one entry of the list.
func (p *parser) webhook(n *yaml.Node, defaults map[string]*yaml.Node) {
	own, ok := p.mapping(n, "a webhook", webhookKeys)
	if !ok {
		return
	}
	setting := func(key string) (*yaml.Node, bool) {
		if v, ok := own[key]; ok {
			return v, true
		}
		v, ok := defaults[key]
		return v, ok
	}
	w := &Webhook{At: p.at(n)}
	if w.Driver = p.driver(n, setting); w.Driver == nil {
		return
	}
	before := p.faults.total
	p.reach, p.unread = nil, map[string]bool{}
	for _, key := range []string{"timeout", "auth"} {
		v, ok := own[key]
		if ok && !takes(w.Driver, key) {
			p.fail(v, "%s has no %s setting: remove this key", w.Driver.Title, key)
		}
	}
	if v, ok := own["id"]; ok {
		w.ID, _ = p.required(v, "id")
	}
	if v, ok := own["name"]; ok {
		w.Name, _ = p.required(v, "name")
	}
	if v, ok := own["url"]; ok {
		if text, ok := p.text(v, "url"); ok {
			w.URL = p.expand(v, "url", text)
		}
	}
	if v, ok := setting("events"); ok {
		w.Events = p.events(v, w.Driver, p.yes(setting("allow_unknown_events")))
	}
	if v, ok := setting("timeout"); ok && takes(w.Driver, "timeout") {
		w.Timeout = p.seconds(v)
	}
	if v, ok := setting("auth"); ok && takes(w.Driver, "auth") {
		w.Auth = p.auth(v, w.Driver)
	}
	to := p.sinks(setting, w)
	w.Reach, w.unread = p.reach, p.unread
	if p.faults.total == before {
		p.validate(n, w, setting)
	}
	p.found, p.to = append(p.found, w), append(p.to, to)
}

// driver is the provider of an entry.
func (p *parser) driver(n *yaml.Node, setting func(string) (*yaml.Node, bool)) *provider.Driver {
	names := strings.Join(p.o.Drivers.Names(), ", ")
	v, ok := setting("provider")
	if !ok {
		p.fail(n, "provider is missing: one of %s, here or in defaults", names)
		return nil
	}
	word, ok := p.text(v, "provider")
	if !ok {
		return nil
	}
	d, err := p.o.Drivers.Find(word)
	if err != nil {
		p.fail(v, "unknown provider %q: one of %s", word, names)
		return nil
	}
	return d
}

// takes reports whether the provider has the setting that a key is for.
func takes(d *provider.Driver, key string) bool {
	return slices.Contains(d.CreateOptions, provider.Option(key))
}

// text is a scalar that is text.
func (p *parser) text(n *yaml.Node, key string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		p.fail(n, "%s must be text", key)
	case n.Tag == "!!null":
		p.fail(n, "%s has no value", key)
	case n.Tag != "!!str":
		p.fail(n, "%s must be text: put %s in quotes", key, n.Value)
	default:
		return n.Value, true
	}
	return "", false
}

// literal is text in which ${NAME} has no meaning: it is refused, so that
// nobody waits for it to be filled in. "$${" stands for "${".
func (p *parser) literal(n *yaml.Node, key string) (string, bool) {
	s, ok := p.text(n, key)
	if !ok {
		return "", false
	}
	if strings.Contains(strings.ReplaceAll(s, "$${", ""), "${") {
		p.fail(n, "${...} works only in url and in the values of auth; for a literal ${ write $${")
		return "", false
	}
	return strings.ReplaceAll(s, "$${", "${"), true
}

// required is literal text that is not empty.
func (p *parser) required(n *yaml.Node, key string) (string, bool) {
	s, ok := p.literal(n, key)
	if ok && s == "" {
		p.fail(n, "%s is empty", key)
		return "", false
	}
	return s, ok
}

func (p *parser) yes(n *yaml.Node, ok bool) bool {
	if !ok {
		return false
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		p.fail(n, "allow_unknown_events must be true or false")
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

func (p *parser) seconds(n *yaml.Node) *int {
	s, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || strconv.Itoa(s) != n.Value {
		p.fail(n, "timeout must be a whole number of seconds")
		return nil
	}
	return &s
}

// texts is a list of text.
func (p *parser) texts(n *yaml.Node, key string, each func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "%s must be a list", key)
		return
	}
	for _, item := range n.Content {
		if p.faults.full {
			return
		}
		each(item)
	}
}

// events are the slugs that a list means.
func (p *parser) events(n *yaml.Node, d *provider.Driver, unknown bool) []string {
	key := list{n, d, unknown}
	known, ok := p.lists[key]
	if ok {
		p.faults.total += known.faults
		return known.slugs
	}
	before := p.faults.total
	known.slugs = p.expandEvents(n, d, unknown)
	known.faults = p.faults.total - before
	p.lists[key] = known
	return known.slugs
}

func (p *parser) expandEvents(n *yaml.Node, d *provider.Driver, unknown bool) []string {
	var slugs []string
	have, done := map[string]bool{}, map[string]bool{}
	p.texts(n, "events", func(item *yaml.Node) {
		word, ok := p.literal(item, "an event")
		if !ok || done[word] {
			return
		}
		if len(word) > maxEvent {
			p.fail(item, "an event of %d bytes: the limit is %d", len(word), maxEvent)
			return
		}
		done[word] = true
		ex := d.ExpandEvents([]string{word}, unknown)
		for _, bad := range ex.Bad {
			p.fail(item, "%s: %s", d.Title, bad)
		}
		for _, slug := range ex.Slugs {
			if !have[slug] {
				have[slug] = true
				slugs = append(slugs, slug)
			}
		}
	})
	return slugs
}

// sinks are where a new secret of w goes.
func (p *parser) sinks(setting func(string) (*yaml.Node, bool), w *Webhook) []placed {
	var to []placed
	add := func(at Position, spec string, own bool) {
		t, err := sink.Parse(spec, p.o.Sinks)
		if err == nil {
			err = t.Fits(w.item())
		}
		if err != nil {
			p.faults.add(at, "%v", err)
			return
		}
		if own {
			t = p.guarded(at, t, w.item())
		}
		w.Sinks = append(w.Sinks, t)
		to = append(to, placed{at, t})
	}
	if n, ok := setting("secret_to"); ok && len(n.Content) > maxSinks {
		p.fail(n, "%d sinks: the limit is %d", len(n.Content), maxSinks)
	} else if ok {
		p.texts(n, "secret_to", func(item *yaml.Node) {
			if spec, ok := p.required(item, "a sink"); ok {
				add(p.at(item), spec, true)
			}
		})
	}
	for _, spec := range p.o.SecretTo {
		add(Position{File: "--secret-to"}, spec, false) // the user's own word
	}
	return to
}

// validate asks the provider's own rules.
func (p *parser) validate(n *yaml.Node, w *Webhook, setting func(string) (*yaml.Node, bool)) {
	for _, f := range w.Driver.Validate(w.spec()) {
		key, _, _ := strings.Cut(f.Field, "-") // auth-type and auth-data are members of auth
		if w.unread[key] {
			continue
		}
		at := n
		if v, ok := setting(key); ok {
			at = v
		}
		p.fail(at, "%s: %s", key, f.Message)
	}
}

// spec is the webhook as a create would make it.
func (w *Webhook) spec() provider.Spec {
	s := provider.Spec{Name: w.Name, URL: w.URL, Events: w.Events, Timeout: w.Timeout}
	if w.Auth != nil {
		s.AuthType, s.AuthData = w.Auth.Type, w.Auth.Data
	}
	return s
}

// distinct refuses two entries that mean the same webhook.
func (p *parser) distinct() {
	first := map[string]*Webhook{}
	for _, w := range p.found {
		if p.faults.full {
			return
		}
		if have := first[w.key()]; have != nil {
			p.faults.add(w.At, "%s appears twice, first at %s (if two webhooks have the same name, give each entry an id)", w.title(), have.At)
			continue
		}
		first[w.key()] = w
	}
}

// places refuses two secrets that would overwrite each other.
func (p *parser) places() {
	first := map[string]*Webhook{}
	for i, w := range p.found {
		for _, s := range p.to[i] {
			place := s.spec.Place(w.item())
			have, taken := first[place]
			switch {
			case p.faults.full:
				return
			case place == "":
			case taken:
				p.faults.add(s.at, "the secrets of %s and %s would go to the same place: put {{.Name}} into the sink", have.title(), w.title())
			default:
				first[place] = w
			}
		}
	}
}
