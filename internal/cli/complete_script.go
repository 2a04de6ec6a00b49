package cli

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
)

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
