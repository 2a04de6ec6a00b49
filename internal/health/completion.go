package health

import (
	"os"
	"path"
	"path/filepath"
	"strings"
)

// completionFiles are where completion scripts usually are, by shell; ~ is the
// home directory.
var completionFiles = map[string][]string{
	"bash": {
		"~/.local/share/bash-completion/completions/hookctl", "~/.bash_completion.d/hookctl", "/etc/bash_completion.d/hookctl",
		"/usr/share/bash-completion/completions/hookctl", "/usr/local/share/bash-completion/completions/hookctl",
		"/usr/local/etc/bash_completion.d/hookctl", "/opt/homebrew/etc/bash_completion.d/hookctl",
	},
	"zsh": {
		"~/.zsh/completions/_hookctl", "~/.zfunc/_hookctl", "/usr/share/zsh/site-functions/_hookctl", "/usr/share/zsh/vendor-completions/_hookctl",
		"/usr/local/share/zsh/site-functions/_hookctl", "/opt/homebrew/share/zsh/site-functions/_hookctl",
	},
	"fish": {
		"~/.config/fish/completions/hookctl.fish", "/usr/share/fish/vendor_completions.d/hookctl.fish",
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
	d.add(Info, "completion", "not found in the usual places of "+shell, "hookctl completion "+shell+" --help")
}
