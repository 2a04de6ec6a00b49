package sink

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kballard/go-shellquote"

	"github.com/hookctl/hookctl/internal/secret"
)

// Template is a sink for many webhooks: its words may hold {{.Name}},
// {{.Provider}} and {{.ID}}. A command is split into words before they are
// filled in, and no shell sees them. What is filled in becomes, by its place,
// part of one path element or of one variable's name:
//
//	of a path, or of a word of a command   CRM Sync -> CRM-Sync
//	of a variable's name                   CRM Sync -> CRM_SYNC
//
// A word of a command counts as a variable's name if the rest of it is one in
// capitals (HOOK_{{.Name}}). A name of which nothing safe can be made is refused.
type Template struct {
	spec  string
	kind  string // the word before the colon
	path  string // file, dotenv
	name  string // dotenv, github-*
	words []string
	env   Env
}

// ParseTemplate reads a --secret-to value that may hold fields. Errors are of
// kind Usage.
func ParseTemplate(spec string, env Env) (Template, error) {
	t := Template{spec: spec, env: env}
	var rest string
	t.kind, rest, _ = strings.Cut(spec, ":")
	switch t.kind {
	case "file":
		t.path = rest
	case "dotenv":
		i := strings.LastIndexByte(rest, ':')
		if i < 0 {
			return t, usage(spec, "the path or the name is missing (the form is dotenv:PATH:NAME)")
		}
		t.path, t.name = rest[:i], rest[i+1:]
	case "github-output", "github-env":
		t.name = rest
	case "exec":
		words, err := shellquote.Split(tight.Replace(rest))
		if err != nil {
			return t, usage(spec, "the command cannot be split into words: "+strings.ToLower(err.Error()))
		}
		t.words = words
		if len(words) > 0 && strings.Contains(words[0], "{{") {
			return t, usage(spec, "the command itself cannot come from a webhook")
		}
	}
	for _, text := range append([]string{t.path, t.name}, t.words...) {
		if err := checkFields(text); err != nil {
			return t, usage(spec, err.Error())
		}
	}
	if secret.LooksLike(t.name) || !secret.NamesFile(t.path) {
		return t, usage(spec, errLooksSecret.Error())
	}
	// What is wrong apart from the fields shows with a harmless webhook.
	_, err := t.filled(Item{Provider: "provider", Name: "NAME", ID: "ID"})
	return t, err
}

// The fields, as they may be written.
var fields = []string{"{{.Name}}", "{{.Provider}}", "{{.ID}}"}

// tight takes the blanks out of fields: they must not split a word.
var tight = strings.NewReplacer("{{ .Name }}", "{{.Name}}", "{{ .Provider }}", "{{.Provider}}", "{{ .ID }}", "{{.ID}}")

func checkFields(text string) error {
	for _, f := range fields {
		text = strings.ReplaceAll(tight.Replace(text), f, "")
	}
	if strings.Contains(text, "{{") {
		return fmt.Errorf("the fields are %s", strings.Join(fields, ", "))
	}
	return nil
}

// Uses reports whether field ("Name", "Provider", "ID") stands in the template.
func (t Template) Uses(field string) bool {
	return strings.Contains(tight.Replace(t.spec), "{{."+field+"}}")
}

// Fill makes the sink of one webhook. The id may be empty where it is not known
// yet: it is then filled in when the secret is there.
func (t Template) Fill(it Item) (Sink, error) {
	if it.ID == "" && t.Uses("ID") {
		if _, err := t.filled(Item{Provider: it.Provider, Name: it.Name, ID: "ID"}); err != nil {
			return nil, err
		}
		return lateSink{t, it}, nil
	}
	return t.filled(it)
}

func (t Template) filled(it Item) (Sink, error) {
	if !strings.Contains(t.spec, "{{") {
		return Parse(t.spec, t.env)
	}
	var failed error
	fill := func(text string, safe func(string) (string, error)) string {
		text = tight.Replace(text)
		for i, value := range []string{it.Name, it.Provider, it.ID} {
			if !strings.Contains(text, fields[i]) {
				continue
			}
			clean, err := safe(value)
			if err != nil && failed == nil {
				failed = err
			}
			text = strings.ReplaceAll(text, fields[i], clean)
		}
		return text
	}
	path, name := fill(t.path, pathPart), fill(t.name, variablePart)
	var words []string
	for _, w := range t.words {
		safe := pathPart
		if isCapitals(w) {
			safe = variablePart
		}
		words = append(words, fill(w, safe))
	}
	if failed == nil {
		failed = checkPath(path)
	}
	if failed != nil {
		return nil, usage(t.spec, failed.Error())
	}
	switch t.kind {
	case "file":
		return Parse("file:"+path, t.env)
	case "dotenv":
		return Parse("dotenv:"+path+":"+name, t.env)
	case "exec":
		// Quoted so that the same words come out again.
		return Parse("exec:"+shellquote.Join(words...), t.env)
	default:
		return Parse(t.kind+":"+name, t.env)
	}
}

// Place is where the sink of a webhook keeps the secret, in a form that is the
// same for two that would overwrite each other; "" where nobody can tell.
func (t Template) Place(it Item) string {
	if it.ID == "" && t.Uses("ID") {
		return ""
	}
	s, err := t.filled(it)
	if err != nil {
		return ""
	}
	switch rest := s.String()[len(t.kind):]; t.kind {
	case "file":
		return foldPath(rest[1:])
	case "dotenv":
		i := strings.LastIndexByte(rest, ':')
		return foldPath(rest[1:i]) + rest[i:]
	case "github-output", "github-env":
		return s.String()
	}
	return ""
}

// foldPath is the same for paths that may be one file: some file systems fold
// case.
func foldPath(path string) string { return strings.ToLower(filepath.Clean(path)) }

// isCapitals reports whether a word of a command is a variable's name in
// capitals around its fields.
func isCapitals(word string) bool {
	bare := tight.Replace(word)
	for _, f := range fields {
		bare = strings.ReplaceAll(bare, f, "")
	}
	return bare != "" && bare == strings.ToUpper(bare) && IsVariable("_"+bare)
}

// pathPart makes value part of one path element.
func pathPart(value string) (string, error) {
	s, err := reduce(value, "-", "._-")
	s = strings.Trim(s, "-.")
	if err == nil && s == "" {
		err = fmt.Errorf("nothing safe for a path can be made of %q", value)
	}
	return s, err
}

// variablePart makes value part of a variable's name.
func variablePart(value string) (string, error) {
	s, err := reduce(value, "_", "_")
	s = strings.ToUpper(strings.Trim(s, "_"))
	if err == nil && s == "" {
		err = fmt.Errorf("nothing safe for a variable can be made of %q", value)
	}
	return s, err
}

// reduce keeps letters, digits and the bytes in keep, and puts join for each run
// of other ASCII characters. A letter beyond ASCII has no spelling that every
// system agrees on.
func reduce(value, join, keep string) (string, error) {
	var b strings.Builder
	gap := false
	for i := range len(value) {
		c := value[i]
		switch {
		case c >= 0x80 || c < 0x20 || c == 0x7f:
			return "", fmt.Errorf("%q has characters beyond ASCII, or control characters: write the sink out for this webhook", value)
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(keep, c) >= 0:
			if gap {
				b.WriteString(join)
			}
			gap = false
			b.WriteByte(c)
		default:
			gap = true
		}
	}
	if gap {
		b.WriteString(join)
	}
	return b.String(), nil
}

// devices are file names that Windows takes for devices, whatever follows a dot.
var devices = []string{
	"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
}

func checkPath(path string) error {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if base, _, _ := strings.Cut(part, "."); slices.Contains(devices, strings.ToLower(base)) {
			return fmt.Errorf("%q is the name of a device on Windows", part)
		}
	}
	return nil
}

// lateSink is a template whose id is not known yet.
type lateSink struct {
	t  Template
	it Item
}

func (s lateSink) String() string { return s.t.spec }

// Check finds what can be found with any id.
func (s lateSink) Check(ctx context.Context) error {
	to, err := s.t.filled(Item{Provider: s.it.Provider, Name: s.it.Name, ID: "ID"})
	if err != nil {
		return err
	}
	return to.Check(ctx)
}

func (s lateSink) Put(ctx context.Context, it Item) error {
	to, err := s.For(it)
	if err != nil {
		return err
	}
	return to.Put(ctx, it)
}

// For implements [Late].
func (s lateSink) For(it Item) (Sink, error) { return s.t.filled(it) }

// Late is a sink that is whole only when the webhook has its id.
type Late interface {
	Sink
	For(it Item) (Sink, error)
}

// For is s as it is for one webhook. What cannot be made whole is s itself: its
// Put says why.
func For(s Sink, it Item) Sink {
	if late, ok := s.(Late); ok {
		if whole, err := late.For(it); err == nil {
			return whole
		}
	}
	return s
}

// SpecFor is the spec of a sink, which may be a template, as it is for one webhook.
func SpecFor(spec string, it Item) string {
	t, err := ParseTemplate(spec, Env{})
	if err != nil {
		return spec
	}
	s, err := t.Fill(it)
	if err != nil {
		return spec
	}
	return s.String()
}
