package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/sink"
)

// No flag and no argument takes a secret itself. Two nets hold what is typed
// all the same, "$HOOK_SECRET" for HOOK_SECRET say: refuseTyped ends the command
// before it does anything, and hideTyped keeps the text out of every error,
// those of the command line's parser included.

// The annotations of flags, and of a command for its arguments, by which a
// command says what their values are. Without one a value names something, and
// what looks like a secret is refused: what is forgotten is refused too often.
const (
	annotationFree  = "hookctl_free"
	annotationNames = "hookctl_names"
)

// freeText marks flags whose values are anybody's text, such as the ids of
// webhooks and URLs: what looks like a secret may be one of them. What begins
// with @ names a file all the same. A shell offers no files for those that
// complete nothing else.
func freeText(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = c.Flags().SetAnnotation(name, annotationFree, []string{""})
		if _, ok := c.GetFlagCompletionFunc(name); !ok {
			_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
		}
	}
}

// freeArguments are the annotations of a command whose arguments are free text.
var freeArguments = map[string]string{annotationFree: ""}

// namesOnly marks a flag that holds a secret by name: what belongs there, and an
// example.
func namesOnly(c *cobra.Command, flag, what, example string) {
	_ = c.Flags().SetAnnotation(flag, annotationNames, []string{what, "--" + flag + " " + example})
}

// What belongs in the place of values that hold a secret by name.
const (
	variableName = "the NAME of an environment variable"
	fileName     = "the name of a file"
	fileOrDotenv = "the name of a file, or dotenv:PATH:NAME"
	headerOrFile = "'Name: value' or the name of a file"
)

// refuseTyped refuses what looks like a secret where a name belongs. The error
// does not repeat it.
func (g *globals) refuseTyped(cmd *cobra.Command, args []string) error {
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "--" + f.Name
		if err != nil || !f.Changed {
			return
		}
		what, example := names(f)
		_, free := f.Annotations[annotationFree]
		for _, v := range flagValues(f) {
			if (!free || strings.HasPrefix(v, "@")) && !g.isNameOf(what, v) {
				err = refused(name, what, example, cmd)
			} else if g.namesNothing(what, example, v) {
				err = fault.Usagef("%s takes %s. Nothing has the given name, which is not shown here, because it may be a secret", name, what).
					WithCode(codeLooksSecret).WithHint("for instance: %s\n%s", example, inHistory)
			}
		}
	})
	if err != nil {
		return err
	}
	if _, free := cmd.Annotations[annotationFree]; !free && slices.ContainsFunc(args, func(v string) bool { return !g.isNameOf("", v) }) {
		return refused("an argument", "", "", cmd)
	}
	for _, name := range g.namingVariables(cmd) {
		if v := g.env.Getenv(name); !g.isNameOf("", v) {
			return fault.Usagef("%s does not take a secret. Its value looks like one, and is not shown here", name).
				WithCode(codeLooksSecret).WithHint("see: hookctl help environment")
		}
	}
	return nil
}

// names is what belongs in the place of f's value, and an example; "" for a value
// that holds no secret.
func names(f *pflag.Flag) (what, example string) {
	if a := f.Annotations[annotationNames]; len(a) == 2 {
		return a[0], a[1]
	}
	return "", ""
}

// pathOf is a command's path without the program's name.
func pathOf(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// flagValues are the values that a flag was given.
func flagValues(f *pflag.Flag) []string {
	if many, ok := f.Value.(pflag.SliceValue); ok {
		return many.GetSlice()
	}
	return []string{f.Value.String()}
}

// namingVariables are the variables that set what flags set too, except those
// that a flag stands in for and those that hold URLs. Some commands work
// whatever is set.
func (g *globals) namingVariables(cmd *cobra.Command) []string {
	if slices.Contains([]string{"version", "help"}, pathOf(cmd)) {
		return nil
	}
	var names []string
	if !g.given("config") {
		names = append(names, config.EnvDir)
	}
	if !g.given("profile") {
		names = append(names, config.EnvProfile)
	}
	for _, k := range settingKeys(g.env.Drivers) {
		if !strings.HasSuffix(k.Name, "base-url") && !g.given(k.Name) {
			names = append(names, k.Env())
		}
	}
	return names
}

// isNameOf reports whether a value may stand where what belongs: whether it
// does not look like a secret, or names something that there is.
func (g *globals) isNameOf(what, value string) bool {
	if what == variableName {
		_, set := g.env.lookup(value)
		return set || value == "" || sink.IsVariable(value) && !secret.LooksLike(value)
	}
	if path, name, ok := cutDotenv(value); ok && what == fileOrDotenv {
		return !secret.LooksLike(name) && g.isNameOf(fileName, path)
	}
	isURL := strings.Contains(value, "://") && !strings.ContainsAny(value, "\r\n")
	return isURL || !secret.LooksLike(value) || slices.ContainsFunc(secret.NamesIn(value), secret.NamesFile)
}

// namesNothing reports whether a value that holds a secret by name names no
// variable and no file that there is, and is not written as people write such
// names either. Short secrets and pass phrases are such values. What has no @
// where the example has one is no name: the commands refuse it, and repeat nothing.
func (g *globals) namesNothing(what, example, value string) bool {
	if what == fileOrDotenv {
		if path, _, ok := cutDotenv(value); ok {
			value = path
		}
		what = fileName
	}
	switch what {
	case variableName:
		_, set := g.env.lookup(value)
		return value != "" && !set && !secret.IsConventionalVariable(value)
	case fileName:
		name, at := strings.CutPrefix(value, "@")
		if name == "" || name == "-" || !at && strings.Contains(example, "@") {
			return false
		}
		_, err := os.Lstat(name)
		return err != nil && !strings.ContainsRune(filepath.ToSlash(name), '/') && !secret.IsConventionalFile(name)
	}
	return false
}

// refused is the error for a value of where, which is not repeated.
func refused(where, what, example string, cmd *cobra.Command) error {
	err := fault.Usagef("%s: the given value looks like a secret, and is not shown here. A command line must not contain one", where)
	hint := "for a file with such a name write ./NAME; see: " + cmd.CommandPath() + " --help"
	switch {
	case what == variableName:
		err = fault.Usagef("%s takes %[2]s, not its value. The given value is not such a name, and is not shown here", where, what)
	case what != "":
		err = fault.Usagef("%s takes %[2]s. The given value looks like a secret, and is not shown here", where, what)
	}
	if example != "" {
		hint = "for instance: " + example
	}
	return err.WithCode(codeLooksSecret).WithHint("%s\n%s", hint, inHistory)
}

// inHistory is what a hint says of a secret that was typed.
const inHistory = "if it was a secret, your shell's history may now contain it"

// codeLooksSecret is the code of errors about what looks like a secret.
const codeLooksSecret = "looks-like-a-secret"

// hidden stands in an error for what looks like a secret.
const hidden = "***"

// hideTyped takes every word of the command line and of hookctl's variables
// that looks like a secret out of text, in the forms in which errors quote it.
// Names of files that there are stay, and webhooks that are named with their
// provider.
func (g *globals) hideTyped(text string) string {
	typed := slices.Clone(g.args)
	for _, kv := range g.env.Environ {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(child.Fold(name), ourVariables) {
			typed = append(typed, value)
		}
	}
	var words, there []string
	for i, t := range typed {
		// A jq expression may have lines.
		program := strings.HasPrefix(t, "--jq=") || i > 0 && i < len(g.args) && typed[i-1] == "--jq"
		words = append(words, secret.Hideable(t, !program)...)
		there = append(there, those(secret.NamesIn(t), func(name string) bool {
			_, err := os.Lstat(name)
			return err == nil
		})...)
	}
	// What a flag's letter was typed against, as in -oVALUE.
	words = append(words, those(secret.LooksLikeWords(text), func(w string) bool {
		return slices.ContainsFunc(typed, func(t string) bool { return strings.Contains(t, w) })
	})...)
	// The longest first: a word may be a part of another.
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	for _, w := range words {
		if !slices.ContainsFunc(there, func(name string) bool { return strings.Contains(name, w) }) {
			text = g.hideWord(text, w)
		}
	}
	return text
}

// hideWord hides w wherever it stands in text but behind a provider's name and
// a slash: that is a webhook, whose id may be any text, and which a person must
// be able to name again.
func (g *globals) hideWord(text, w string) string {
	parts := strings.Split(text, w)
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i == len(parts)-1 {
			break
		}
		if slices.ContainsFunc(g.env.Drivers, func(d *provider.Driver) bool { return strings.HasSuffix(part, d.Name+"/") }) {
			b.WriteString(w)
		} else {
			b.WriteString(hidden)
		}
	}
	return b.String()
}

// cutDotenv splits dotenv:PATH:NAME at the last colon, since a path may contain
// one and a name may not.
func cutDotenv(value string) (path, name string, ok bool) {
	if value, ok = strings.CutPrefix(value, "dotenv:"); !ok {
		return "", "", false
	}
	i := strings.LastIndexByte(value, ':')
	if i < 0 {
		return value, "", true
	}
	return value[:i], value[i+1:], true
}
