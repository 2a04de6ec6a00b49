package view

import "github.com/hookctl/hookctl/internal/render"

// Manual is the JSON of `help --json`: what can be typed and what comes back, in
// one document.
type Manual struct {
	Version     int        `json:"version"` // rises when a member changes its meaning or goes
	Hookctl     string     `json:"hookctl"`
	Commands    []Command  `json:"commands"`
	GlobalFlags []Flag     `json:"global_flags"` // of every command
	Environment []Variable `json:"environment"`
	ExitCodes   []ExitCode `json:"exit_codes"`
	// Output has, for each command that prints JSON, the documents that it prints,
	// by its path; those of a command that is not there are of no fixed kind.
	Output map[string][]Document `json:"output"`
	Error  []Member              `json:"error"` // of an error on standard error, with -o json
}

// Document is the JSON of the members of one document that a command prints.
type Document struct {
	// Streamed says that --jq gets the elements one at a time, as they come: there
	// a path begins behind the [].
	Streamed bool     `json:"streamed"`
	Members  []Member `json:"members"`
}

// ManualVersion is the version of [Manual].
const ManualVersion = 1

// Command is the JSON of one command.
type Command struct {
	Path     string   `json:"path"` // as it is typed behind hookctl
	Aliases  []string `json:"aliases"`
	Short    string   `json:"short"`
	Long     string   `json:"long"`
	Usage    string   `json:"usage"`
	Examples []string `json:"examples"`
	Group    bool     `json:"group"` // it only holds others
	Flags    []Flag   `json:"flags"`
}

// Flag is the JSON of one flag.
type Flag struct {
	Name       string  `json:"name"`
	Shorthand  *string `json:"shorthand"`
	Type       string  `json:"type"`
	Default    string  `json:"default"`
	Usage      string  `json:"usage"`
	Env        *string `json:"env"`   // the variable that says it too
	Group      *string `json:"group"` // as help groups the flags; null for those of small commands
	Repeatable bool    `json:"repeatable"`
	Required   bool    `json:"required"`
}

// Variable is the JSON of an environment variable.
type Variable struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
}

// ExitCode is the JSON of an exit code, with the default word for it in errors.
type ExitCode struct {
	Code    int     `json:"code"`
	Word    *string `json:"word"`
	Meaning string  `json:"meaning"`
}

// Render is the manual; it has no form for people, who have `help`.
func (m Manual) Render() render.View {
	v := render.View{Data: m, Names: []string{}}
	for _, c := range m.Commands {
		v.Names = append(v.Names, c.Path)
	}
	return v
}
