// Package sink hands a secret on, beside the store: to a file, a dotenv file,
// a variable of GitHub Actions or Azure Pipelines, a command's standard input, or
// standard output.
package sink

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// Env is what sinks need of the outside world.
type Env struct {
	Getenv  func(string) string
	Environ []string // for exec:, already without credentials
	Stdout  io.Writer
	Stderr  io.Writer
	// Terminal is set when standard output is one.
	Terminal bool
	// Structured is set when standard output carries JSON, YAML or NDJSON: the
	// stdout sink is refused then.
	Structured bool
	// NoStdout is why the stdout sink is refused, if it is.
	NoStdout error
	Disk     *durable.Calls // the system's own where it is nil
}

// Item is what is handed on.
type Item struct {
	Provider string
	ID       string
	Name     string
	Secret   secret.Value
}

// Sink is where the secret of a webhook, or of many, goes.
type Sink interface {
	String() string // the words it was parsed from, which hold no secret
	// For is its words for one webhook. The id of it may be unknown.
	For(it Item) string
	// Check finds, before anything is sent to a provider, what would make Put
	// fail: a missing directory, a command that is not on the PATH, an absent
	// GITHUB_OUTPUT, a target that is a symbolic link, and a secret, where the item
	// has one, that the sink cannot carry unchanged.
	Check(ctx context.Context, it Item) error
	Put(ctx context.Context, it Item) error
}

// place is one file, variable or command.
type place interface {
	Check(ctx context.Context) error
	Put(ctx context.Context, it Item) error
}

// CodeUnfit is the code of the error for a secret that a sink cannot carry unchanged.
const CodeUnfit = "sink-unfit"

// picky is a place that does not carry every secret unchanged.
type picky interface {
	// fits is why it cannot carry a secret, without quoting any of it.
	fits(secret string) error
}

// Result is what became of one sink.
type Result struct {
	Sink string
	Err  error // nil: done
}

// Form documents one way to write a sink.
type Form struct {
	Syntax  string
	Meaning string
	make    func(Spec) (place, error) // of a Spec without fields
}

// word is what stands before the colon.
func (f Form) word() string {
	word, _, _ := strings.Cut(f.Syntax, ":")
	return word
}

// Forms lists the sinks, for help and documentation.
func Forms() []Form {
	return []Form{
		{"file:PATH", "the whole content of a file of mode 0600, without a newline", newFile},
		{"dotenv:PATH:NAME", "the variable NAME in a dotenv file; all other lines stay as they are", newDotenv},
		{"github-output:NAME", "an output of this GitHub Actions step, masked in the log first", newGithubOutput},
		{"github-env:NAME", "an environment variable for the later steps of this GitHub Actions job, masked in the log first", newGithubEnv},
		{"azure-variable:NAME", "a secret variable for the later steps of this job in Azure Pipelines", newAzureVariable},
		{"exec:COMMAND", "the standard input of a command (split into words, without a shell)", newExec},
		{"stdout", "a line on standard output; not with a structured output", newStdout},
	}
}

// Syntaxes are the forms as they are written.
func Syntaxes() []string {
	forms := make([]string, 0, len(Forms()))
	for _, f := range Forms() {
		forms = append(forms, f.Syntax)
	}
	return forms
}

// Masks reports whether a sink tells a CI runner to hide the secret in its log:
// it comes before those that may print something.
func Masks(s Sink) bool {
	word, _, _ := strings.Cut(s.String(), ":")
	return word == "github-output" || word == "github-env" || word == "azure-variable" || word == "stdout"
}

// unknown is the error for a word that is no form's.
func unknown(spec, word string) error {
	names := make([]string, 0, len(Forms()))
	for _, f := range Forms() {
		names = append(names, f.word())
	}
	why := "there is no such sink"
	if meant := term.Nearest(word, names, 1); len(meant) > 0 {
		why += "; did you mean " + meant[0] + "?"
	}
	return usage(spec, why)
}

func usage(spec, why string) error {
	forms := Syntaxes()
	if secret.LooksLike(spec) { // not repeated, whatever else is wrong
		word, _, _ := strings.Cut(spec, ":")
		if spec = word + ":***"; !slices.ContainsFunc(forms, func(f string) bool { return strings.HasPrefix(f, word+":") }) {
			spec = "***"
		}
	}
	return fault.Usagef("sink %q: %s", spec, why).WithHint("use one of: %s", strings.Join(forms, ", "))
}

// IsVariable reports whether s is a shell variable's name.
func IsVariable(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// errLooksSecret refuses a secret where a sink takes a name.
var errLooksSecret = errors.New("give a name there; the given value looks like a secret, so it is not shown")

// namesOnly reports whether none of the names looks like a secret. The words
// behind a command are its own.
func (t Spec) namesOnly() bool {
	return secret.NamesFile(t.path) && !secret.LooksLike(t.name) && (len(t.words) == 0 || secret.NamesFile(t.words[0]))
}

// fitting is an error if p cannot carry the secret unchanged: the secret is there, and
// a person has to bring it where it belongs.
func fitting(p place, it Item) error {
	if picky, ok := p.(picky); ok && !it.Secret.IsZero() {
		if err := picky.fits(it.Secret.Reveal()); err != nil {
			return fault.Errorf(fault.Custody, "%w", err).WithCode(CodeUnfit).
				WithHint("file:PATH carries any secret: hookctl secrets push %s --to file:PATH", term.ShellWord(it.Provider+"/"+it.ID))
		}
	}
	return nil
}
