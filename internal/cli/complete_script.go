package cli

import (
	"bytes"
	"embed"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
)

// shell is one that there is a completion script for.
type shell struct{ name, long string }

var shells = []shell{
	{"bash", `For the current shell:

  eval "$(hookctl completion bash)"

For every new one, put that line into ~/.bashrc. Where the package
bash-completion is installed, bash also finds the script by itself, and reads it
only when it is needed:

  mkdir -p ~/.local/share/bash-completion/completions
  hookctl completion bash > ~/.local/share/bash-completion/completions/hookctl`},
	{"zsh", `If completion is not switched on yet, put this into ~/.zshrc:

  autoload -U compinit && compinit

For the current shell:

  source <(hookctl completion zsh)

For every new one, in a directory of your $fpath:

  hookctl completion zsh > "${fpath[1]}/_hookctl"`},
	{"fish", `For the current shell:

  hookctl completion fish | source

For every new one:

  hookctl completion fish > ~/.config/fish/completions/hookctl.fish`},
	{"powershell", `For the current shell:

  hookctl completion powershell | Out-String | Invoke-Expression

For every new one, put that line into your profile, the file that $PROFILE names.`},
}

// scripts are the completion scripts that are ours: cobra's take a word with a
// blank or a backslash apart, need a package for bash, and evaluate what is typed.
//
//go:embed completions
var scripts embed.FS

// Completion writes the completion script of a shell: bash, zsh, fish or
// powershell. That of fish is cobra's, with what is wrong there for our words put
// right.
func Completion(root *cobra.Command, shell string, w io.Writer) error {
	if shell != "fish" {
		text, err := scripts.ReadFile("completions/" + shell)
		if err != nil {
			return fault.Usagef("there is no completion script for %q", shell)
		}
		_, err = w.Write(text)
		return err
	}
	var script bytes.Buffer
	if err := root.GenFishCompletion(&script, true); err != nil {
		return err
	}
	text := script.String()
	for _, p := range fishPatches {
		if strings.Count(text, p.old) != 1 {
			return fault.Errorf(fault.Other, "the completion script for %s is not as expected: %q", shell, p.old)
		}
		text = strings.Replace(text, p.old, p.new, 1)
	}
	_, err := io.WriteString(w, text)
	return err
}

// patch is one change of a script; old stands in it exactly once.
type patch struct{ old, new string }

var fishPatches = []patch{
	// The words have lost their quotes, and are evaluated once more: what stands
	// in one, such as a webhook's name, must not be run. The last one has not.
	{`    set -l args (commandline -opc)
`, `    set -l args (commandline -opc)
    set -l escaped (string escape -- $args)
`},
	{`(string escape -- (commandline -ct))`, `(string escape -- (string unescape -- (commandline -ct)))`},
	{`__complete $args[2..-1] $lastArg"`, `__complete $escaped[2..-1] $lastArg"`},
	// An answer may begin with --flag=, which string split takes for its own.
	{`string split --max 1 \t `, `string split --max 1 -- \t `},
}
