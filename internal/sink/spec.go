package sink

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kballard/go-shellquote"
)

// Spec is a sink as it is written. It may hold {{.Name}}, {{.Provider}} and
// {{.ID}}, and is then a place for each webhook. A command is split into words
// before they are filled in, and no shell sees them. What is filled in becomes, by
// its place, part of one path element or of one variable's name:
//
//	of a path, or of a word of a command   CRM Sync -> CRM-Sync
//	of a variable's name                   CRM Sync -> CRM_SYNC
//
// A word of a command counts as a variable's name if the rest of it is one in
// capitals (HOOK_{{.Name}}). A name of which nothing safe can be made is refused.
type Spec struct {
	spec   string
	form   Form
	fields bool // there are some in it
	// What stands behind the colon, as [Form.Syntax] names it.
	path  string
	name  string
	words []string // of a command
	env   Env
	dir   string // outside of which it writes no file, see [Spec.Within]
}

// Parse reads a --secret-to value. Errors are of kind Usage and list the forms.
func Parse(spec string, env Env) (Spec, error) {
	word, rest, colon := strings.Cut(spec, ":")
	t := Spec{spec: spec, fields: strings.Contains(spec, "{{"), env: env}
	for _, f := range Forms() {
		if f.word() == word {
			t.form = f
		}
	}
	_, args, wants := strings.Cut(t.form.Syntax, ":")
	switch {
	case t.form.Syntax == "":
		return Spec{}, unknown(spec, word)
	case wants != colon:
		return Spec{}, usage(spec, "write it as "+t.form.Syntax)
	case args == "PATH":
		t.path = rest
	case args == "PATH:NAME":
		// The last colon, since a path may contain one and a name may not.
		i := strings.LastIndexByte(rest, ':')
		if i < 0 {
			return Spec{}, usage(spec, "the path or the name is missing (the form is "+t.form.Syntax+")")
		}
		t.path, t.name = rest[:i], rest[i+1:]
	case args == "COMMAND":
		if t.fields {
			rest = tight.Replace(rest)
		}
		var err error
		if t.words, err = shellquote.Split(rest); err != nil {
			return Spec{}, usage(spec, "the command cannot be split into words: "+strings.ToLower(err.Error()))
		}
		if t.fields && len(t.words) > 0 && strings.Contains(t.words[0], "{{") {
			return Spec{}, usage(spec, "the name of the command must not come from a webhook")
		}
	default:
		t.name = rest
	}
	for _, text := range append([]string{t.path, t.name}, t.words...) {
		if t.fields && strings.Contains(withoutFields(text), "{{") {
			return Spec{}, usage(spec, "the fields are "+strings.Join(fields, ", "))
		}
	}
	if t.fields && !t.namesOnly() {
		return Spec{}, usage(spec, errLooksSecret.Error())
	}
	// What is wrong apart from the fields shows with a harmless webhook.
	if err := t.Fits(Item{Provider: "provider", Name: "NAME"}); err != nil {
		return Spec{}, err
	}
	return t, nil
}

// The fields, as they may be written.
var fields = []string{"{{.Name}}", "{{.Provider}}", "{{.ID}}"}

// tight takes the blanks out of fields: they must not split a word.
var tight = strings.NewReplacer("{{ .Name }}", "{{.Name}}", "{{ .Provider }}", "{{.Provider}}", "{{ .ID }}", "{{.ID}}")

// withoutFields is text with its fields taken out.
func withoutFields(text string) string {
	text = tight.Replace(text)
	for _, f := range fields {
		text = strings.ReplaceAll(text, f, "")
	}
	return text
}

// String returns the words that the sink was parsed from.
func (t Spec) String() string { return t.spec }

// Runs reports whether the sink runs a command.
func (t Spec) Runs() bool { return len(t.words) > 0 }

// Fits is an error if the sink cannot be that of the webhook, whatever its id.
func (t Spec) Fits(it Item) error {
	_, _, err := t.place(it)
	return err
}

// For implements [Sink].
func (t Spec) For(it Item) string {
	filled, _, err := t.place(it)
	if err != nil || it.ID == "" && t.usesID() { // Put says why
		return t.spec
	}
	return filled.spec
}

// Check implements [Sink].
func (t Spec) Check(ctx context.Context, it Item) error {
	p, err := t.usable(it)
	if err != nil {
		return err
	}
	return p.Check(ctx)
}

// Put implements [Sink].
func (t Spec) Put(ctx context.Context, it Item) error {
	p, err := t.usable(it)
	if err != nil {
		return err
	}
	return p.Put(ctx, it)
}

func (t Spec) usesID() bool { return t.fields && strings.Contains(tight.Replace(t.spec), "{{.ID}}") }

// place is the sink of a webhook, without fields, and where its secret goes. An id
// that is not known yet may be any: it stands for one that begins with a digit,
// with which no variable's name may begin.
func (t Spec) place(it Item) (Spec, place, error) {
	anyID := it.ID == "" && t.usesID()
	if anyID {
		it.ID = "0"
	}
	filled, err := t.fill(it)
	if err != nil {
		return t, nil, err
	}
	p, err := t.form.make(filled)
	if _, printed := p.(stdoutSink); err == nil && printed && t.env.NoStdout != nil {
		return t, nil, t.env.NoStdout
	}
	if err == nil && !filled.namesOnly() {
		err = errLooksSecret
	}
	if err != nil {
		if anyID {
			err = fmt.Errorf("%w, and an id may begin with a digit", err)
		}
		return t, nil, usage(t.spec, err.Error()+" (the form is "+t.form.Syntax+")")
	}
	return filled, p, nil
}

// fill is the sink for one webhook, without fields.
func (t Spec) fill(it Item) (Spec, error) {
	if !t.fields {
		return t, nil
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
	filled := t
	filled.fields, filled.words = false, nil
	filled.path, filled.name = fill(t.path, pathPart), fill(t.name, variablePart)
	for _, w := range t.words {
		safe := pathPart
		if isCapitals(w) {
			safe = variablePart
		}
		filled.words = append(filled.words, fill(w, safe))
	}
	if failed == nil {
		failed = checkPath(filled.path)
	}
	if failed != nil {
		return t, usage(t.spec, failed.Error())
	}
	// A command is quoted so that the same words come out again.
	filled.spec = strings.NewReplacer("PATH", filled.path, "NAME", filled.name, "COMMAND", shellquote.Join(filled.words...)).Replace(t.form.Syntax)
	return filled, nil
}

// Place is where the sink of a webhook keeps the secret, in a form that is the
// same for two that would overwrite each other; "" where nobody can tell.
func (t Spec) Place(it Item) string {
	filled, p, err := t.place(it)
	if err != nil || it.ID == "" && t.usesID() {
		return ""
	}
	switch p.(type) {
	case fileSink:
		return foldPath(filled.path)
	case dotenvSink:
		return foldPath(filled.path) + ":" + filled.name
	case githubSink:
		return filled.spec
	}
	return ""
}

// foldPath is the same for paths that may be one file: some file systems fold
// case.
func foldPath(path string) string { return strings.ToLower(filepath.Clean(path)) }

// isCapitals reports whether a word of a command is a variable's name in
// capitals around its fields.
func isCapitals(word string) bool {
	bare := withoutFields(word)
	return bare != "" && bare == strings.ToUpper(bare) && IsVariable("_"+bare)
}

// pathPart makes value part of one path element.
func pathPart(value string) (string, error) { return reduce(value, "path", "-", "._-", "-.") }

// variablePart makes value part of a variable's name.
func variablePart(value string) (string, error) {
	s, err := reduce(value, "variable", "_", "_", "_")
	return strings.ToUpper(s), err
}

// reduce keeps letters, digits and the bytes in keep, puts join for each run of
// other ASCII characters, and trims the ends. A letter beyond ASCII has no spelling
// that every system agrees on.
func reduce(value, what, join, keep, ends string) (string, error) {
	var b strings.Builder
	gap := false
	for i := range len(value) {
		c := value[i]
		switch {
		case c >= 0x80 || c < 0x20 || c == 0x7f:
			return "", fmt.Errorf("%q has control characters or characters outside ASCII: write the sink's value for this webhook yourself", value)
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
	s := strings.Trim(b.String(), ends)
	if s == "" {
		return "", fmt.Errorf("cannot make a safe %s from %q", what, value)
	}
	return s, nil
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
	if t, err := Parse(spec, Env{}); err == nil {
		return t.For(it)
	}
	return spec
}
