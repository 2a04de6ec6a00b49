package sandbox

import (
	"fmt"
	"path/filepath"
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

// syntax is how a shell says things: formats of lines, for a name and a value.
//
// Each line is a whole statement. In fish and PowerShell it ends with a semicolon:
// both are often given the lines joined by spaces.
type syntax struct {
	first string // the assignment that comes before all others
	set   string
	hide  string // takes a variable out of the environment of what the reader starts
	leave string
	end   string
	fail  string                    // makes the reader fail
	quote func(value string) string // as one word; of a value without control characters
}

var syntaxes = map[Shell]syntax{
	POSIX: {
		first: "export %s=%s\n", set: "export %s=%s\n", hide: "unset %s\n", leave: "unset %s\n", fail: "false\n", quote: term.ShellWord,
	},
	Fish: {
		first: "export %s=%s;\n", set: "set -gx %s %s;\n",
		// A universal variable belongs to all of the user's shells: an empty global
		// one goes before it, and counts as none. To leave, it stays.
		hide: "set -eg %[1]s; set -q %[1]s; and set -gx %[1]s '';\n", leave: "set -eg %s;\n",
		end:  "true;\n", // set keeps the status of the last question, and set -e fails for what is not set
		fail: "false\n",
		quote: func(value string) string {
			return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(value) + "'"
		},
	},
	PowerShell: {
		first: "$env:%s = %s;\n", set: "$env:%s = %s;\n", hide: "$env:%s = $null;\n", leave: "$env:%s = $null;\n",
		fail:  "throw 'hookctl: the sandbox did not start';\n",
		quote: term.PowerShellWord,
	},
	GitHub: {
		first: "%s=%s\n", set: "%s=%s\n",
		hide: "%s=\n", leave: "%s=\n", // there is no way to unset; empty counts as none
		fail:  "hookctl: the sandbox did not start\n", // no NAME=value: the runner fails the step
		quote: func(value string) string { return value },
	},
}

// Enter are the lines that put e in force.
//
// The variable that says so comes first, in words that POSIX shells and fish
// share: one that reads the lines of the other then has that variable, and
// hookctl refuses every address but the loopback.
func (s Shell) Enter(e Environment) string {
	x := syntaxes[s]
	first, set := "", ""
	for _, kv := range e.Set {
		name, value, _ := strings.Cut(kv, "=")
		if name == EnvInside {
			first += fmt.Sprintf(x.first, name, x.quote(value))
		} else {
			set += fmt.Sprintf(x.set, name, x.quote(value))
		}
	}
	return first + lines(x.hide, e.Unset) + set + x.end
}

// Read is the line that has the shell read what a command of hookctl prints.
func (s Shell) Read(command string) string {
	switch s {
	case Fish:
		return command + " --shell fish | source"
	case PowerShell:
		return command + " --shell powershell | Out-String | Invoke-Expression"
	case GitHub:
		return command + ` --shell github >> "$GITHUB_ENV"`
	}
	return `eval "$(` + command + `)"`
}

// Fail is the line that makes the reader fail.
func (s Shell) Fail() string { return syntaxes[s].fail }

// Leave are the lines that take the names out of the environment.
func (s Shell) Leave(names []string) string { return lines(syntaxes[s].leave, names) + syntaxes[s].end }

func lines(format string, names []string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, format, name)
	}
	return b.String()
}
