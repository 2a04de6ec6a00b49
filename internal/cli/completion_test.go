package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookctl/hookctl/internal/secret"
)

// completionHome is a configuration directory in which secrets are kept, of
// webhooks whose names are more than a word to a shell.
func completionHome(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	store := secret.OpenFileStore(dir, secret.FileStoreOptions{Now: time.Now, Warn: func(line string) { t.Log(line) }})
	for i, r := range []secret.Record{
		{Provider: "zyntro", ID: "42", Name: "CRM Sync", URL: "https://example.com"},
		{Provider: "wundertreos", Name: `back\slash`}, {Provider: "wundertreos", Name: "Team A"}, {Provider: "wundertreos", Name: "Team B"}, {Provider: "wundertreos", Name: "a:b=c"},
		{Provider: "wundertreos", Name: "Same"}, {Provider: "wundertreos", Name: "Same"},
	} {
		if r.ID == "" {
			r.ID = fmt.Sprint("w", i)
		}
		r.Profile, r.Origin, r.Secret, r.CreatedAt = "default", "https://example.com", secret.New("whsec_test"), time.Now()
		if err := store.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shellOutput runs a script in a real shell that has hookctl on its PATH.
func shellOutput(t *testing.T, script string, shell ...string) string {
	t.Helper()
	if _, err := exec.LookPath(shell[0]); err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(shell[0], append(shell[1:], file)...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "HOOKCTL_CONFIG_DIR="+completionHome(t), "GORACE=atexit_sleep_ms=0")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%s: %v\n%s%s", shell[0], err, out, errs.String())
	}
	return string(out)
}

// TestCompletionInBash asks bash itself, by the function that it calls at a Tab.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	var script strings.Builder
	script.WriteString(`source <(hookctl completion bash)
compopt() { :; }
echo HOOK_SECRET=1 > "$HOME/.env"
mkdir "$HOME/a dir"
ran() { touch "$HOME/ran"; }
try() {
  COMP_LINE="$*"; COMP_LINE=${COMP_LINE// = /=}; COMP_LINE=${COMP_LINE// : /:}; COMP_LINE=${COMP_LINE/% :/:}; COMP_LINE=${COMP_LINE/% =/=}; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  __start_hookctl
  (IFS='|'; COMPREPLY=("${COMPREPLY[@]% }"); echo "${COMPREPLY[*]}")
}
COLUMNS=200
`)
	var want strings.Builder
	for _, tt := range []struct{ words, want string }{
		{`create zyntro --event new_contact,invoice_p`, `new_contact,invoice_paid`},
		{`create zyntro --event = new_contact,invoice_p`, `new_contact,invoice_paid`},
		{`create wundertreos --event contact.created,deal.`, `contact.created,deal.created  (Deal)|contact.created,deal.updated  (Deal)`},
		{`create zyntro ''`, ``},
		{`create zyntro --secret-to fi`, `file:`},
		{`config set output ''`, `json|name|ndjson|table|yaml`},
		{`secrets show CRM`, `CRM\ Sync`},
		{`secrets show 'CRM\ S'`, `CRM\ Sync`},
		{`secrets show '"CRM'`, `CRM Sync`},
		{`secrets show "'CRM"`, `CRM Sync`},
		{`secrets show '"z'`, `zyntro/42`},
		{`secrets show Sam`, `Same`},
		{`secrets show 'CRM\ '`, `CRM\ Sync`},
		{`secrets show back`, `back\\slash`},
		{`secrets show '"back'`, `back\\slash`},
		{`secrets show Team`, `Team\ A  (Team A)|Team\ B  (Team B)`},
		{`secrets show a : b`, `b=c`},
		{`secrets show a : b =`, `c`},
		{`secrets show '$(ran)' --pro`, `--profile`},
		{`create zyntro --secret-to dotenv : "$HOME/.e"`, `/HOME/.env:`},
		{`create zyntro --secret-to dotenv : "$HOME/.env" : `, `HOOK_SECRET`},
		{`create zyntro --secret-to = file : "$HOME/a"`, `/HOME/a\ dir/`},
		{`verify --report junit = "$HOME/a"`, `/HOME/a\ dir/`},
		{`verify --fail-on mismatch,too`, `mismatch,too-old`},
		{`verify --webhook C '>' '$HOME/ran' --prof`, `--profile`},
	} {
		script.WriteString("try hookctl " + tt.words + " | sed \"s|$HOME|/HOME|g\"\n")
		want.WriteString(tt.want + "\n")
	}
	script.WriteString("ls \"$HOME/ran\" 2>/dev/null || true\n")
	got := strings.Split(shellOutput(t, script.String(), "bash"), "\n")
	for i, line := range strings.Split(want.String(), "\n") {
		if i >= len(got) || sorted(got[i]) != line {
			t.Errorf("answer %d is %q, want %q", i, got[min(i, len(got)-1)], line)
		}
	}
}

// recorder is a program that keeps its arguments, in the place of hookctl, and words
// that have variables: of a file and of what may be a secret.
const recorder = `mkdir -p ~/bin
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >>"$HOME/args"\necho :4\n' >~/bin/recorder
chmod +x ~/bin/recorder
typed='not to be in an argument' there=$HOME/bin
`

// recorderGets is what the recorder gets: a variable's value only where that is a file.
const recorderGets = "__complete\nsecrets\nset\nHOME/bin\n$typed\n--fr\n"

// TestCompletionKeepsVariables: a Tab puts no variable's value into an argument that
// other users can read, but for the path of a file.
func TestCompletionKeepsVariables(t *testing.T) {
	t.Parallel()
	for shell, script := range map[string][]string{
		"bash": {"source <(hookctl completion bash)\ncompopt() { :; }\n" + recorder + `
COMP_WORDS=("$HOME/bin/recorder" secrets set '$there' '$typed' --fr); COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9; COMP_CWORD=5; COMPREPLY=()
__start_hookctl
sed "s|$HOME|HOME|" ~/args
`, "bash"},
		"zsh": {"compdef() { : }\n_describe() { : }\n_files() { : }\nsource <(hookctl completion zsh)\ntypeset -A compstate\n" + recorder + `
words=($HOME/bin/recorder secrets set '$there' '$typed' --fr); CURRENT=6; _hookctl || true
sed "s|$HOME|HOME|" ~/args
`, "zsh", "-f"},
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			if got := shellOutput(t, script[0], script[1:]...); got != recorderGets {
				t.Errorf("the program got\n%s", got)
			}
		})
	}
}

// keepNasty is a command that keeps the secret of a webhook with a name that a
// shell takes for more than a name.
const keepNasty = "printf x | hookctl secrets set zyntro/7 --name \"Lead: it's \\$(x)\" --from-file - -q >/dev/null\n"

// A name is completed between quotes so that the shell takes it for one.
func TestCompletionInBashQuotes(t *testing.T) {
	t.Parallel()
	got := shellOutput(t, `source <(hookctl completion bash)
compopt() { :; }
`+keepNasty+`
for word in '"Lead: i' "'Lead: i"; do
  COMP_LINE="hookctl secrets show $word"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9; COMP_WORDS=(hookctl secrets show "$word"); COMP_CWORD=3; COMPREPLY=()
  __start_hookctl
  echo "${COMPREPLY[*]}"
done
`, "bash")
	if want := "Lead: it's \\$(x)\nLead: it'\\''s $(x)\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestCompletionInZsh calls the function that zsh calls at a Tab, with what zsh
// puts into its variables.
func TestCompletionInZsh(t *testing.T) {
	t.Parallel()
	got := shellOutput(t, `compdef() { : }
_describe() { print -rl -- ${(M)completions:#$begun*} }
source <(hookctl completion zsh)
typeset -A compstate
try() { words=(hookctl secrets show "$1"); CURRENT=4; compstate[quote]=$2 begun=$3; _hookctl }
try CRM '' CRM
try '"CRM S' '"' CRM
try "'CRM S" "'" CRM
try 'CRM\ ' '' CRM
try back '' back
try a: '' a
try '$(touch ~/ran)' '' '$'
ls ~/ran 2>/dev/null || true
`, "zsh", "-f")
	if want := strings.Repeat("CRM Sync:CRM Sync https://example.com\n", 4) + `back\\slash:back\\slash` + "\n" + `a\:b=c:a:b=c` + "\n\n"; got != want { // of the last word there is none
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What stands in an argument is not run, and quotes do not hide it.
func TestCompletionInFishQuotes(t *testing.T) {
	t.Parallel()
	got := shellOutput(t, keepNasty+`hookctl completion fish | source
complete -C 'hookctl secrets push "Lead: (echo run >&2)" --to=dot'
complete -C 'hookctl secrets push "it\'s" --to=dot'
complete -C 'hookctl secrets show "CRM S'
complete -C 'hookctl secrets show CRM\ S'
complete -C 'hookctl secrets show "Lead: i'
`, "fish", "--no-config")
	var words []string
	for line := range strings.Lines(got) {
		word, _, _ := strings.Cut(line, "\t")
		words = append(words, word)
	}
	if want := []string{"--to=dotenv:", "--to=dotenv:", "CRM Sync", "CRM Sync", "Lead: it's $(x)"}; !slices.Equal(words, want) {
		t.Errorf("got %q, want %q", words, want)
	}
}

// TestCompletionInFish asks fish, which completes what stands after complete -C.
func TestCompletionInFish(t *testing.T) {
	t.Parallel()
	got := shellOutput(t, `hookctl completion fish | source
complete -C 'hookctl create zyntro --secret-to=fi'
complete -C 'hookctl create zyntro --event new_contact,invoice_p'
complete -C 'hookctl create zyntro '
`, "fish", "--no-config")
	want := "--secret-to=file:\tCreate or replace"
	if !strings.HasPrefix(got, "--secret-to=file:") || !strings.Contains(got, "\nnew_contact,invoice_paid\tInvoice Events\n") || strings.Count(got, "\n") != 2 {
		t.Errorf("got %q, want %q and so on", got, want)
	}
}

// TestCompletionInstalled: each shell finds the installed script by itself, or by
// the lines that are printed.
func TestCompletionInstalled(t *testing.T) {
	t.Parallel()
	t.Run("bash", func(t *testing.T) {
		t.Parallel()
		const library = "/usr/share/bash-completion/bash_completion"
		if _, err := os.Stat(library); err != nil {
			t.Skip("bash-completion is not installed")
		}
		got := shellOutput(t, `. `+library+`
hookctl completion install bash >/dev/null
if declare -F _comp_load >/dev/null; then _comp_load hookctl; else _completion_loader hookctl; fi
complete -p hookctl
`, "bash")
		if !strings.Contains(got, "-F __start_hookctl hookctl") {
			t.Errorf("bash does not complete hookctl: %q", got)
		}
	})
	t.Run("zsh", func(t *testing.T) {
		t.Parallel()
		got := shellOutput(t, `hookctl completion install zsh --jq '.lines[]' >~/.zshrc
source ~/.zshrc
print -r -- $_comps[hookctl]
hookctl completion install zsh --jq '.lines | length'
`, "zsh", "-f")
		if want := "_hookctl\n0\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("fish", func(t *testing.T) {
		t.Parallel()
		got := shellOutput(t, `hookctl completion install fish >/dev/null
complete -C 'hookctl secrets show CRM'
`, "fish")
		if !strings.HasPrefix(got, "CRM Sync\t") {
			t.Errorf("fish does not complete hookctl: %q", got)
		}
	})
}

// TestCompletionScripts shows that every script is made, and no other.
func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for _, s := range shells {
		var b strings.Builder
		if err := Completion(Root(), s.name, &b); err != nil || !strings.Contains(b.String(), "hookctl") {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	if err := Completion(Root(), "tcsh", &strings.Builder{}); err == nil {
		t.Error("there is a script for tcsh")
	}
}

// sorted is a list of answers in one order: bash sorts what it shows.
func sorted(answers string) string {
	list := strings.Split(answers, "|")
	slices.Sort(list)
	return strings.Join(list, "|")
}
