package health

import (
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
)

// CompletionFile is the file in which a shell finds the user's own completion
// script by itself, or as soon as one line of its start-up file says so.
func CompletionFile(shell string, getenv func(string) string) (string, error) {
	variable, fallback, file := "", "", ""
	switch {
	case shell == "bash" && getenv("BASH_COMPLETION_USER_DIR") != "":
		variable, file = "BASH_COMPLETION_USER_DIR", "completions/hookctl"
	case shell == "bash":
		variable, fallback, file = "XDG_DATA_HOME", ".local/share", "bash-completion/completions/hookctl"
	case shell == "zsh":
		variable, fallback, file = "ZDOTDIR", ".", ".zfunc/_hookctl"
	case shell == "fish":
		variable, fallback, file = "XDG_CONFIG_HOME", ".config", "fish/completions/hookctl.fish"
	case runtime.GOOS == "windows": // the profile's own directory may be anywhere, in a cloud for one
		variable, fallback, file = "APPDATA", "AppData/Roaming", "powershell/hookctl.ps1"
	default:
		variable, fallback, file = "XDG_CONFIG_HOME", ".config", "powershell/hookctl.ps1"
	}
	dir, err := userDir(getenv, variable, fallback)
	return filepath.Join(dir, filepath.FromSlash(file)), err
}

// userDir is the directory that variable names, the first if it is a list, or
// else fallback in the home directory.
func userDir(getenv func(string) string, variable, fallback string) (string, error) {
	dir := getenv(variable)
	if variable == "BASH_COMPLETION_USER_DIR" {
		dir = filepath.SplitList(dir)[0]
	}
	if dir == "" {
		if variable = "HOME"; runtime.GOOS == "windows" && getenv(variable) == "" {
			variable = "USERPROFILE"
		}
		if dir = getenv(variable); dir == "" {
			return "", fault.Errorf(fault.Other, "no home directory to write to: %s is not set", variable).WithHint("set %s", variable)
		}
		dir = filepath.Join(dir, filepath.FromSlash(fallback))
	}
	if !filepath.IsAbs(dir) {
		return "", fault.Errorf(fault.Other, "%s is not an absolute path: %s", variable, getenv(variable)).WithHint("correct %s", variable)
	}
	return dir, nil
}

// completionFiles are where else completion scripts usually are, by shell; ~ is
// the home directory.
var completionFiles = map[string][]string{
	"bash": {
		"~/.bash_completion.d/hookctl", "/etc/bash_completion.d/hookctl",
		"/usr/share/bash-completion/completions/hookctl", "/usr/local/share/bash-completion/completions/hookctl",
		"/usr/local/etc/bash_completion.d/hookctl", "/opt/homebrew/etc/bash_completion.d/hookctl",
	},
	"zsh": {
		"~/.zsh/completions/_hookctl", "/usr/share/zsh/site-functions/_hookctl", "/usr/share/zsh/vendor-completions/_hookctl",
		"/usr/local/share/zsh/site-functions/_hookctl", "/opt/homebrew/share/zsh/site-functions/_hookctl",
	},
	"fish": {
		"/usr/share/fish/vendor_completions.d/hookctl.fish",
		"/usr/local/share/fish/vendor_completions.d/hookctl.fish", "/opt/homebrew/share/fish/vendor_completions.d/hookctl.fish",
	},
}

// completion says whether the user's shell completes hookctl's words, as far as
// the usual places tell: a start-up file may do it another way.
func (d *Doctor) completion() {
	shell := path.Base(strings.ReplaceAll(d.Getenv("SHELL"), `\`, "/"))
	files, known := completionFiles[shell]
	if !known {
		return
	}
	own, err := CompletionFile(shell, d.Getenv)
	if err == nil {
		files = append([]string{own}, files...)
	}
	for _, file := range files {
		if rest, ok := strings.CutPrefix(file, "~/"); ok {
			home := d.Getenv("HOME")
			if home == "" {
				continue
			}
			file = filepath.Join(home, filepath.FromSlash(rest))
		}
		if _, err := os.Stat(file); err == nil {
			d.add(OK, "completion", "installed for "+shell, "").Path = &file
			return
		}
	}
	d.add(Info, "completion", "not found in the usual places of "+shell, "hookctl completion install "+shell)
}
