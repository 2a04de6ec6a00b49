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

// Spec is a sink as it is written. One that [ParseTemplate] has read may hold
// {{.Name}}, {{.Provider}} and {{.ID}}, and is a place for each webhook. A command
// is split into words before they are filled in, and no shell sees them. What is
// filled in becomes, by its place, part of one path element or of one variable's
// name:
//
//	of a path, or of a word of a command   CRM Sync -> CRM-Sync
//	of a variable's name                   CRM Sync -> CRM_SYNC
//
// A word of a command counts as a variable's name if the rest of it is one in
// capitals (HOOK_{{.Name}}). A name of which nothing safe can be made is refused.
type Spec struct {
	spec   string
	kind   string // the word before the colon
	fields bool   // there are some in it
	// What stands behind the colon, by the form of the kind.
	args  string // as [Form.Syntax] names it
	path  string
	name  string
	words []string // of a command
	env   Env
	dir   string // outside of which it writes no file, see [Spec.Within]
}

// Parse reads a --secret-to value for one webhook: what looks like a field is text.
// Errors are of kind Usage and list the forms.
func Parse(spec string, env Env) (Spec, error) {
	if _, err := parse(spec, env); err != nil {
		return Spec{}, err
	}
	kind, _, _ := strings.Cut(spec, ":")
	return Spec{spec: spec, kind: kind, env: env}, nil
}

// ParseTemplate reads a --secret-to value that may hold fields. Errors are of
// kind Usage.
func ParseTemplate(spec string, env Env) (Spec, error) {
	t := Spec{spec: spec, env: env, fields: strings.Contains(spec, "{{")}
	var rest string
	t.kind, rest, _ = strings.Cut(spec, ":")
	for _, f := range Forms() {
		if name, args, _ := strings.Cut(f.Syntax, ":"); name == t.kind {
			t.args = args
		}
	}
	switch t.args {
	case "PATH":
		t.path = rest
	case "PATH:NAME":
		i := strings.LastIndexByte(rest, ':')
		if i < 0 {
			return t, usage(spec, "the path or the name is missing (the form is dotenv:PATH:NAME)")
		}
		t.path, t.name = rest[:i], rest[i+1:]
	case "COMMAND":
		words, err := shellquote.Split(tight.Replace(rest))
		if err != nil {
			return t, usage(spec, "the command cannot be split into words: "+strings.ToLower(err.Error()))
		}
		t.words = words
		if len(words) > 0 && strings.Contains(words[0], "{{") {
			return t, usage(spec, "the command itself cannot come from a webhook")
		}
	default:
		t.name = rest
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
	return t, t.Fits(Item{Provider: "provider", Name: "NAME"})
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

// String returns the words that the sink was parsed from.
func (t Spec) String() string { return t.spec }

// Runs reports whether the sink runs a command.
func (t Spec) Runs() bool { return t.kind == "exec" }

// Fits is an error if the sink cannot be that of the webhook, whatever its id.
func (t Spec) Fits(it Item) error {
	_, _, err := t.place(it)
	return err
}

// For implements [Sink].
func (t Spec) For(it Item) string {
	_, words, err := t.place(it)
	if err != nil || it.ID == "" && t.usesID() { // Put says why
		return t.spec
	}
	return words
}

// Check implements [Sink].
func (t Spec) Check(ctx context.Context, it Item) error {
	p, err := t.within(it)
	if err != nil {
		return err
	}
	return p.Check(ctx)
}

// Put implements [Sink].
func (t Spec) Put(ctx context.Context, it Item) error {
	p, err := t.within(it)
	if err != nil {
		return err
	}
	return p.Put(ctx, it)
}

func (t Spec) usesID() bool { return t.fields && strings.Contains(tight.Replace(t.spec), "{{.ID}}") }

// place is where the secret of a webhook goes, and the words for it. An id that is
// not known yet may be any.
func (t Spec) place(it Item) (place, string, error) {
	words, err := t.fill(it)
	if err != nil {
		return nil, "", err
	}
	p, err := parse(words, t.env)
	return p, words, err
}

// fill is the words of the sink for one webhook.
func (t Spec) fill(it Item) (string, error) {
	if !t.fields {
		return t.spec, nil
	}
	if it.ID == "" {
		it.ID = "ID"
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
		return "", usage(t.spec, failed.Error())
	}
	switch t.args {
	case "PATH":
		return t.kind + ":" + path, nil
	case "PATH:NAME":
		return t.kind + ":" + path + ":" + name, nil
	case "COMMAND":
		// Quoted so that the same words come out again.
		return t.kind + ":" + shellquote.Join(words...), nil
	}
	return t.kind + ":" + name, nil
}

// Place is where the sink of a webhook keeps the secret, in a form that is the
// same for two that would overwrite each other; "" where nobody can tell.
func (t Spec) Place(it Item) string {
	p, words, err := t.place(it)
	if err != nil || it.ID == "" && t.usesID() {
		return ""
	}
	switch p := p.(type) {
	case fileSink:
		return foldPath(p.path)
	case dotenvSink:
		return foldPath(p.path) + ":" + p.name
	case githubSink:
		return words
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

// SpecFor is the words of a sink, which may have fields, for one webhook.
func SpecFor(spec string, it Item) string {
	if t, err := ParseTemplate(spec, Env{}); err == nil {
		return t.For(it)
	}
	return spec
}
