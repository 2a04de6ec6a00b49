package sandbox

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// Shell is a language in which lines change the environment of their reader.
type Shell string

// The shells.
const (
	POSIX      Shell = "sh"
	Fish       Shell = "fish"
	PowerShell Shell = "powershell"
	GitHub     Shell = "github" // the file that GITHUB_ENV names: lines for the next steps of a job
)

// Shells are all of them.
var Shells = []Shell{POSIX, Fish, PowerShell, GitHub}

// EnvInside is the variable that says that a sandbox is in force.
const EnvInside = "HOOKCTL_SANDBOX"

// Environment is what a sandbox does to the variables of a process.
type Environment struct {
	Set   []string // NAME=value
	Unset []string // names
}

// Caller is what is known of the process that reads the lines.
type Caller struct {
	Getenv  func(string) string
	Windows bool
	Program string // the base name of this program's file
	ToEnv   bool   // standard output is the file that GITHUB_ENV names
}

// Detect is the shell that most likely reads the lines.
//
// SHELL is the login shell and PSModulePath is inherited: neither says who has
// called. Bash, zsh and ksh say so: they set _ to the file of each program that
// they start.
func Detect(c Caller) Shell {
	base := func(name string) string {
		file := filepath.Base(strings.ReplaceAll(c.Getenv(name), `\`, "/"))
		return strings.TrimSuffix(strings.ToLower(file), ".exe")
	}
	program := strings.TrimSuffix(strings.ToLower(c.Program), ".exe")
	shell := base("SHELL")
	switch {
	case c.ToEnv:
		return GitHub
	case program != "" && base("_") == program:
		return POSIX
	case shell == "fish":
		return Fish
	case shell == "pwsh" || shell == "powershell":
		return PowerShell
	case c.Windows && c.Getenv("SHELL") != "": // Git Bash and its like
		return POSIX
	case c.Windows || c.Getenv("PSModulePath") != "":
		return PowerShell
	}
	return POSIX
}

// Enter are the lines that put e in force.
//
// The variable that says so comes first, in words that POSIX shells and fish
// share: one that reads the lines of the other then has that variable, and
// hookctl refuses every address but the loopback.
func (s Shell) Enter(e Environment) string {
	var b strings.Builder
	late := slices.Clone(e.Set)
	for i, kv := range late {
		if name, value, _ := strings.Cut(kv, "="); name == EnvInside {
			s.first(&b, name, value)
			late = slices.Delete(late, i, i+1)
			break
		}
	}
	for _, name := range e.Unset {
		s.hide(&b, name)
	}
	for _, kv := range late {
		name, value, _ := strings.Cut(kv, "=")
		s.set(&b, name, value)
	}
	if s == Fish {
		b.WriteString("true;\n") // the status is that of the last question: set keeps it
	}
	return b.String()
}

// Fail is the line that makes the reader fail.
func (s Shell) Fail() string {
	switch s {
	case PowerShell:
		return "throw 'hookctl: the sandbox is not in force';\n"
	case GitHub:
		return "hookctl: the sandbox is not in force\n" // no NAME=value: the runner fails the step
	}
	return "false\n"
}

// Leave are the lines that take the names out of the environment.
func (s Shell) Leave(names []string) string {
	var b strings.Builder
	for _, name := range names {
		if s == Fish { // a universal variable of the user's stays
			b.WriteString("set -eg " + name + ";\n")
			continue
		}
		s.hide(&b, name)
	}
	if s == Fish {
		b.WriteString("true;\n") // set -e fails for what is not set
	}
	return b.String()
}

func (s Shell) first(b *strings.Builder, name, value string) {
	if s == Fish {
		b.WriteString("export " + name + "=" + s.quote(value) + ";\n")
		return
	}
	s.set(b, name, value)
}

// set writes one whole statement a line. In fish and PowerShell it ends with a
// semicolon: both are often given the lines joined by spaces.
func (s Shell) set(b *strings.Builder, name, value string) {
	switch s {
	case Fish:
		b.WriteString("set -gx " + name + " " + s.quote(value) + ";\n")
	case PowerShell:
		b.WriteString("$env:" + name + " = " + s.quote(value) + ";\n")
	case GitHub:
		b.WriteString(name + "=" + value + "\n")
	default:
		b.WriteString("export " + name + "=" + s.quote(value) + "\n")
	}
}

// hide takes a variable out of the environment of what the reader starts.
func (s Shell) hide(b *strings.Builder, name string) {
	switch s {
	case Fish:
		// A universal variable belongs to all of the user's shells: an empty global
		// one goes before it, and counts as none.
		b.WriteString("set -eg " + name + "; set -q " + name + "; and set -gx " + name + " '';\n")
	case PowerShell:
		b.WriteString("$env:" + name + " = $null;\n")
	case GitHub:
		b.WriteString(name + "=\n") // there is no way to unset; empty counts as none
	default:
		b.WriteString("unset " + name + "\n")
	}
}

// quote writes a value without control characters as one word.
func (s Shell) quote(value string) string {
	switch s {
	case Fish:
		return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(value) + "'"
	case PowerShell:
		var b strings.Builder
		b.WriteByte('\'')
		for _, r := range value {
			if strings.ContainsRune("'‘’‚‛", r) { // each of them ends a word that the first begins
				b.WriteRune(r)
			}
			b.WriteRune(r)
		}
		return b.String() + "'"
	}
	return term.ShellWord(value)
}
