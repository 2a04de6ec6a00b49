package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/health"
	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/view"
)

func newCompletionInstallCmd(g *globals) *cobra.Command {
	dryRun := false
	c := &cobra.Command{
		Use:   "install [shell]",
		Short: "Install the completion script for your shell",
		Example: `  hookctl completion install
  hookctl completion install zsh --dry-run`,
		Long: `Write the completion script of bash, zsh, fish or powershell to your own directory
for such scripts. Without an argument, the shell is the one in $SHELL, or PowerShell
if it has set PSModulePath.

  bash        $BASH_COMPLETION_USER_DIR/completions/hookctl, or else
              bash-completion/completions/hookctl in $XDG_DATA_HOME or
              ~/.local/share
  zsh         .zfunc/_hookctl in $ZDOTDIR or ~
  fish        fish/completions/hookctl.fish in $XDG_CONFIG_HOME or ~/.config
  powershell  powershell/hookctl.ps1 in $XDG_CONFIG_HOME or ~/.config; on Windows
              in %APPDATA%

Zsh and PowerShell need lines in a start-up file, and so does bash if the package
bash-completion is missing. They are printed unless they are already there: hookctl
never edits such a file.

Run it again after an update of hookctl. A file that is a symbolic link, or not a
completion script of hookctl, is refused.`,
		Args:              atMostOne("shell at most"),
		ValidArgsFunction: completeFixed(shellNames()...),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := g.anyPrinter()
			if err != nil {
				return err
			}
			shell, err := g.env.completionShell(args)
			if err != nil {
				return err
			}
			var script bytes.Buffer
			if err := Completion(cmd.Root(), shell, &script); err != nil {
				return err
			}
			done, err := g.env.installCompletion(cmd.Context(), shell, script.Bytes(), dryRun)
			if err != nil {
				return err
			}
			return out.Print(done.Render())
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be written, and write nothing")
	return c
}

func shellNames() []string { return each(shells, func(s shell) string { return s.name }) }

// completionShell is the shell that args names, or else the user's.
func (e *Env) completionShell(args []string) (string, error) {
	hint := "name one of them: hookctl completion install " + strings.Join(shellNames(), " | ")
	file := path.Base(strings.ReplaceAll(e.Getenv("SHELL"), `\`, "/"))
	word := strings.TrimSuffix(strings.ToLower(file), ".exe")
	from := " ($SHELL)"
	switch {
	case len(args) > 0:
		word, from = args[0], ""
	case e.Getenv("SHELL") == "" && (runtime.GOOS == "windows" || e.Getenv("PSModulePath") != ""):
		return "powershell", nil
	case e.Getenv("SHELL") == "":
		return "", fault.Usagef("the shell is unknown: SHELL is not set").WithHint("%s", hint)
	}
	if word == "pwsh" {
		word = "powershell"
	}
	if !slices.Contains(shellNames(), word) {
		return "", fault.Usagef("there is no completion script for %q%s", word, from).WithHint("%s%s", near(word, shellNames()), hint)
	}
	return word, nil
}

// installCompletion makes script the content of the shell's file, unless it is
// or nothing shall be written, and finds what else the shell needs.
func (e *Env) installCompletion(ctx context.Context, shell string, script []byte, dryRun bool) (view.Completion, error) {
	c := view.Completion{Shell: shell, DryRun: dryRun, Lines: []string{}}
	var err error
	if c.File, err = health.CompletionFile(shell, e.Getenv); err != nil {
		return c, orByHand(err, shell)
	}
	if c.State, err = completionState(c.File, script); err != nil {
		return c, orByHand(err, shell)
	}
	if !dryRun && c.State != "up-to-date" {
		if err := e.writeCompletion(ctx, c.File, script); err != nil {
			return c, orByHand(err, shell)
		}
	}
	switch shell {
	case "bash":
		if c.Missing = view.OrNull(missingBashCompletion()); c.Missing != nil {
			c.Startup, c.Lines = bashLines(c.File, filepath.Join(e.Getenv("HOME"), ".bashrc"))
		}
	case "zsh":
		c.Startup, c.Lines = zshLines(c.File)
	case "powershell":
		c.Startup, c.Lines = powershellLines(c.File)
	}
	return c, nil
}

// orByHand adds to err's hint how the script can be put elsewhere.
func orByHand(err error, shell string) error {
	hint := "to write it elsewhere: hookctl completion " + shell + " > FILE"
	if first := fault.HintOf(err).String(); first != "" {
		hint = first + "\n" + hint
	}
	return fault.WithHint(err, fault.Hint{Text: hint})
}

// completionState is what writing script to file would be. A file that hookctl
// has not written is refused.
func completionState(file string, script []byte) (string, error) {
	old, err := durable.ReadFile(file)
	firstLine, _, _ := bytes.Cut(script, []byte("\n"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "installed", nil
	case err != nil:
		return "", durable.Fault(file, err)
	case bytes.Equal(old, script):
		return "up-to-date", nil
	case len(bytes.TrimSpace(old)) > 0 && !bytes.HasPrefix(old, firstLine):
		return "", fault.Errorf(fault.Other, "%s is not a completion script of hookctl, and was not changed", file).WithHint("move it away, then try again")
	}
	return "updated", nil
}

func (e *Env) writeCompletion(ctx context.Context, file string, script []byte) error {
	dir := filepath.Dir(file)
	if err := e.Disk.Or().MakeDir(dir); err != nil {
		return durable.Fault(dir, err)
	}
	return e.Disk.Or().UpdateFile(ctx, file, func([]byte) ([]byte, error) {
		_, err := completionState(file, script) // again, now that nobody else writes
		return script, err
	})
}

// missingBashCompletion is the package without which bash reads no such file,
// "" where it is installed.
func missingBashCompletion() string {
	for _, dir := range []string{"/usr/share", "/usr/local/share", "/opt/homebrew/share", "/opt/local/share", "/run/current-system/sw/share"} { // the last is of NixOS
		if _, err := os.Stat(dir + "/bash-completion/bash_completion"); err == nil {
			return ""
		}
	}
	return "bash-completion"
}

// bashLines is the line that .bashrc lacks for bash to read file without the package.
func bashLines(file, rc string) (startup *string, lines []string) {
	if slices.ContainsFunc(effectiveLines(rc), func(line string) bool {
		return strings.Contains(line, file) || strings.Contains(line, "hookctl completion bash")
	}) {
		return &rc, []string{}
	}
	return &rc, []string{". " + term.ShellWord(file)}
}

// zshLines are the lines that .zshrc lacks for zsh to look where file is.
func zshLines(file string) (startup *string, lines []string) {
	dir := filepath.Dir(file)
	rc := filepath.Join(filepath.Dir(dir), ".zshrc")
	there := effectiveLines(rc)
	has := func(words ...string) bool {
		return slices.ContainsFunc(there, func(line string) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
		})
	}
	lines = []string{}
	if !has("fpath", filepath.Base(dir)) {
		lines = append(lines, "fpath=("+term.ShellWord(dir)+" $fpath)")
	}
	// A frame such as Oh My Zsh calls compinit itself; it must come after fpath.
	if !has("compinit") && !has("oh-my-zsh.sh") {
		lines = append(lines, "autoload -Uz compinit && compinit")
	} else if len(lines) > 0 {
		lines[0] += "   # above the line with compinit or oh-my-zsh.sh"
	}
	return &rc, lines
}

// powershellLines is the line that the profile lacks for PowerShell to read file.
// On Windows nothing outside of PowerShell knows where the profile is.
func powershellLines(file string) (startup *string, lines []string) {
	name := "$PROFILE"
	for _, profile := range []string{"Microsoft.PowerShell_profile.ps1", "profile.ps1"} {
		for _, line := range effectiveLines(filepath.Join(filepath.Dir(file), profile)) {
			if strings.Contains(line, filepath.Base(file)) {
				return &name, []string{}
			}
		}
	}
	return &name, []string{". " + term.PowerShellWord(file)}
}

// effectiveLines are the lines of a shell's start-up file that are no comments,
// none if it cannot be read.
func effectiveLines(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return strings.HasPrefix(strings.TrimSpace(line), "#")
	})
}
