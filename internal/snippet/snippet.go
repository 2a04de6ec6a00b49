// Package snippet writes handlers that verify deliveries, for the frameworks that
// applications are made with. Nothing goes into one but a provider's title and its
// signature scheme, and of that what cannot be code.
package snippet

import (
	"embed"
	"path"
	"strings"
	"text/template"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/signature"
	"github.com/hookctl/hookctl/internal/term"
)

// A framework is a file here, named after it. It defines "title"; "file", where an
// application has it; "install" and "run", what a shell does about it; and "code".
//
//go:embed frameworks languages
var files embed.FS

// Snippet is a handler.
type Snippet struct {
	Framework string
	Title     string // of the framework, for people
	File      string // where an application has it
	Install   string // "" where there is nothing to install, or a sentence where no one command does it
	Run       string
	Code      string
}

// Of is what goes into a snippet.
type Of struct {
	Provider string // its name, for the command that makes the snippet again
	Title    string
	Scheme   signature.Scheme
}

// Frameworks are the names that [Make] knows, sorted.
func Frameworks() []string {
	entries, _ := files.ReadDir("frameworks") // it is in the program
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
	}
	return names
}

// Title is what people call a framework of that name.
func Title(framework string) string {
	t, err := parse(framework)
	if err != nil {
		return ""
	}
	text, _ := render(t, "title", nil)
	return text
}

// CheckFramework refuses, as an error of kind Usage, what [Make] does not know.
func CheckFramework(name string) error {
	for _, known := range Frameworks() {
		if name == known {
			return nil
		}
	}
	hint := "frameworks: " + strings.Join(Frameworks(), ", ")
	if near := term.Nearest(name, Frameworks(), 1); len(near) > 0 {
		hint = "did you mean: " + near[0] + "\n" + hint
	}
	return fault.Usagef("unknown framework %q", name).WithHint("%s", hint)
}

// Make writes the handler. A scheme that it cannot write is an error of kind Usage.
func Make(framework string, of Of) (Snippet, error) {
	if err := CheckFramework(framework); err != nil {
		return Snippet{}, err
	}
	if err := check(of); err != nil {
		return Snippet{}, err
	}
	t, err := parse(framework)
	if err != nil {
		return Snippet{}, err
	}
	s := Snippet{Framework: framework}
	for _, part := range []struct {
		name string
		to   *string
	}{{"title", &s.Title}, {"file", &s.File}, {"install", &s.Install}, {"run", &s.Run}} {
		if *part.to, err = render(t, part.name, nil); err != nil {
			return Snippet{}, err
		}
	}
	if s.Code, err = render(t, "code", data{of, s}); err != nil {
		return Snippet{}, err
	}
	s.Code += "\n"
	return s, nil
}

// plain is what is no code in any of the languages, wherever it stands.
var plain = pattern.Of(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*=?$`)

// check refuses a scheme that no snippet has code for, and header names that are
// not the same to every server: some take the _ of one for a -.
func check(of Of) error {
	for _, h := range of.Scheme.Headers {
		if !plain().MatchString(h) || strings.Contains(h, "=") {
			return fault.Usagef("the setting %s.signature-header is %q, which a snippet cannot use: it accepts only letters, digits and hyphens", of.Provider, h).
				WithHint("set it with: hookctl config set %s.signature-header NAME", of.Provider)
		}
	}
	if err := of.Scheme.Check(); err != nil {
		return err
	}
	if t := of.Scheme.Template; t != "" && t != "{body}" {
		return fault.Usagef("a snippet verifies a signature of the body alone, but the setting %s.signed-template is %q", of.Provider, t).
			WithHint("to sign the body alone again: hookctl config unset %s.signed-template", of.Provider)
	}
	if p := of.Scheme.Prefix; p != "" && !plain().MatchString(p) {
		return fault.Usagef("a snippet cannot use the prefix %q", p)
	}
	return nil
}

func parse(framework string) (*template.Template, error) {
	t := template.New("").Option("missingkey=error").Funcs(template.FuncMap{"lower": strings.ToLower})
	return t.ParseFS(files, "languages/*.tmpl", "frameworks/"+framework+".tmpl")
}

func render(t *template.Template, name string, with any) (string, error) {
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, name, with); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// data is what the templates see.
type data struct {
	Of
	Snippet
}

func (d data) HexKey() bool       { return d.Scheme.KeyEncoding == signature.Hex }
func (d data) Base64Key() bool    { return d.Scheme.KeyEncoding == signature.Base64 }
func (d data) Base64Digest() bool { return d.Scheme.DigestEncoding == signature.Base64 }
func (d data) Prefix() string     { return strings.ToLower(d.Scheme.Prefix) }
func (d data) Missing() string {
	return "HOOK_SECRET is not set: without the secret of the webhook nothing can be verified"
}

// Headers are the headers that carry the signature, written with format in turn
// and joined.
func (d data) Headers(before, after, between string) string {
	var all []string
	for _, h := range d.Scheme.Headers {
		all = append(all, before+h+after)
	}
	return strings.Join(all, between)
}

// About is what stands at the top, each line after mark.
func (d data) About(mark string) string {
	lines := []string{
		"Verifies deliveries of " + d.Of.Title + ". Made by: hookctl snippet " + d.Framework + " --provider " + d.Provider,
		"",
	}
	if d.Install != "" {
		lines = append(lines, "  "+d.Install)
	}
	lines = append(lines,
		"  hookctl secrets run NAME -- "+d.Run+"   # with the secret in HOOK_SECRET",
		"  hookctl send 3000/hook --webhook NAME --event EVENT --tamper   # forgeries must be refused",
		"",
		"NAME is the name of your webhook, EVENT one of its events. No webhook is named in this file.",
	)
	if len(d.Scheme.Assumed) > 0 {
		lines = append(lines, "",
			"ASSUMED: "+d.Of.Title+" documents neither the header nor the encoding of its signature.",
			"Compare with a real delivery (hookctl listen). Where it differs, change the setting",
			"and make this again: hookctl config set "+d.Provider+".signature-header NAME")
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(mark+" "+line, " ")
	}
	return strings.Join(lines, "\n")
}
