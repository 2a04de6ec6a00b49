package cli

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
)

// shells are those that there is a completion script for.
var shells = []struct {
	name, long string
}{
	{"bash", `It needs the bash-completion package: without it, bash says
"_get_comp_words_by_ref: command not found" at the first Tab. To install the
package: apt install bash-completion, dnf install bash-completion, or
brew install bash-completion@2.

For the current shell:

  source <(hookctl completion bash)

For every new one:

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

// Completion writes the completion script of a shell: bash, zsh, fish or
// powershell. It is cobra's, with what is wrong there for our words put right.
func Completion(root *cobra.Command, shell string, w io.Writer) error {
	var script bytes.Buffer
	var err error
	var patches []patch
	switch shell {
	case "bash":
		err, patches = root.GenBashCompletionV2(&script, true), bashPatches
	case "zsh":
		err, patches = root.GenZshCompletion(&script), zshPatches
	case "fish":
		err, patches = root.GenFishCompletion(&script, true), fishPatches
	case "powershell":
		err = root.GenPowerShellCompletionWithDesc(&script)
	default:
		err = fault.Usagef("there is no completion script for %q", shell)
	}
	if err != nil {
		return err
	}
	text := script.String()
	for _, p := range patches {
		if strings.Count(text, p.old) != 1 {
			return fault.Errorf(fault.Other, "the completion script for %s is not as expected: %q", shell, p.old)
		}
		text = strings.Replace(text, p.old, p.new, 1)
	}
	_, err = io.WriteString(w, text)
	return err
}

// patch is one change of a script; old stands in it exactly once.
type patch struct{ old, new string }

var bashPatches = []patch{
	// A word that begins with a quote has no other end yet: without one the
	// request is a syntax error. Bash wants the answers then as they are, since
	// it puts them inside the quotes.
	{`    requestComp="${words[0]} __complete ${args[*]}"
`, `    quote=""
    if [[ ${cur} == [\"\']* ]]; then
        quote=${cur:0:1}
        cur=${cur:1}
        args[${#args[@]}-1]+=$quote
    fi
    requestComp="${words[0]} __complete ${args[*]}"
`},
	{`    if [[ -z ${cur} && ${lastChar} != = ]]; then
`, `    if [[ -z ${cur} && -z ${quote} && ${lastChar} != = ]]; then
`},
	{`    local out directive
    __hookctl_get_completion_results
`, `    local out directive quote
    __hookctl_get_completion_results
`},
	// printf %q puts a backslash before each comma, which nobody types.
	{`        [[ $comp == "$cur"* ]] || continue
`, `        [[ $comp == "$cur"* || ${compline%%$tab*} == "$cur"* ]] || continue
`},
	{`        COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]%%$tab*}")
`, `        COMPREPLY[0]=${COMPREPLY[0]%%$tab*}
        case ${quote} in
        "'")
            local inside="'\\''"
            COMPREPLY[0]=${COMPREPLY[0]//\'/$inside}
            ;;
        '"')
            COMPREPLY[0]=${COMPREPLY[0]//\\/\\\\}
            COMPREPLY[0]=${COMPREPLY[0]//\"/\\\"}
            COMPREPLY[0]=${COMPREPLY[0]//\$/\\\$}
            COMPREPLY[0]=${COMPREPLY[0]//\` + "`" + `/\\\` + "`" + `}
            ;;
        *)
            COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]}")
            COMPREPLY[0]=${COMPREPLY[0]//\\,/,}
            ;;
        esac
`},
	// Between quotes a colon ends no word.
	{`    __hookctl_handle_special_char "$cur" :
    __hookctl_handle_special_char "$cur" =
`, `    if [[ -z ${quote} ]]; then
        __hookctl_handle_special_char "$cur" :
        __hookctl_handle_special_char "$cur" =
    fi
`},
}

var zshPatches = []patch{
	// As in bash: a quote that is still open.
	{`    requestComp="${words[1]} __complete ${words[2,-1]}"
`, `    requestComp="${words[1]} __complete ${words[2,-1]}${compstate[quote]}"
`},
}

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
