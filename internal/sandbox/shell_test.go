package sandbox

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		environ string
		windows bool
		toEnv   bool
		want    Shell
	}{
		{"", false, false, POSIX},
		{"", true, false, PowerShell},
		{"SHELL=/bin/bash", false, false, POSIX},
		{"SHELL=/usr/bin/fish", false, false, Fish},
		{`SHELL=C:\tools\fish.exe`, true, false, Fish},
		{"SHELL=/bin/fishy", false, false, POSIX},
		{"SHELL=/usr/bin/pwsh", false, false, PowerShell},
		{"PSModulePath=/x", false, false, PowerShell},
		{"SHELL=/bin/bash PSModulePath=/x", false, false, PowerShell},
		{"SHELL=/usr/bin/bash PSModulePath=/x", true, false, POSIX}, // Git Bash
		{"SHELL=/usr/bin/fish _=/usr/local/bin/hookctl", false, false, POSIX},
		{"PSModulePath=/x _=./hookctl", false, false, POSIX},
		{"SHELL=/usr/bin/fish _=/usr/bin/fish", false, false, Fish},
		{"GITHUB_ENV=/x", false, false, POSIX}, // eval in a step
		{"GITHUB_ENV=/x SHELL=/bin/fish _=hookctl", false, true, GitHub},
	} {
		got := Detect(Caller{Windows: tt.windows, ToEnv: tt.toEnv, Program: "hookctl", Getenv: func(name string) string {
			for kv := range strings.SplitSeq(tt.environ, " ") {
				if value, ok := strings.CutPrefix(kv, name+"="); ok {
					return value
				}
			}
			return ""
		}})
		if got != tt.want {
			t.Errorf("%q, Windows %t, to the file %t: %s, want %s", tt.environ, tt.windows, tt.toEnv, got, tt.want)
		}
	}
}

// odd are values that a shell could read otherwise.
var odd = []string{
	"plain", "", " two  words ", "$HOME `id` $(id) ${x}", `back\slash\\ and \' and \`, "it's 'quoted'", `"double"`, "a;b|c&d>e<f", "~/x", "*?[a]", "#no comment", "!history",
	"%percent%", "‘curly’ ‚ ‛", "tilde~ {a,b} =x", "-e", "ünïcode", `C:\Users\it's me\x`,
}

// Every shell that is installed reads back what it is given.
func TestShellsReadValues(t *testing.T) {
	t.Parallel()
	var e Environment
	for i, v := range odd {
		e.Set = append(e.Set, "V"+string(rune('A'+i))+"="+v)
	}
	e.Set = append(e.Set, EnvInside+"=default")
	e.Unset = []string{"GONE", "NEVER"}
	for _, program := range []struct {
		shell Shell
		words []string
		print string
	}{
		{POSIX, []string{"sh", "-c"}, `printf '%s\n' "$`},
		{POSIX, []string{"bash", "-c"}, `printf '%s\n' "$`},
		{POSIX, []string{"zsh", "-fc"}, `printf '%s\n' "$`},
		{Fish, []string{"fish", "--no-config", "-c"}, `printf '%s\n' "$`},
		{PowerShell, []string{"pwsh", "-NoProfile", "-Command"}, `Write-Output "$env:`},
	} {
		t.Run(program.words[0], func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(program.words[0])
			if err != nil {
				t.Skipf("%s is not installed", program.words[0])
			}
			script := program.shell.Enter(e)
			for _, kv := range e.Set {
				name, _, _ := strings.Cut(kv, "=")
				script += program.print + name + "\"\n"
			}
			script += program.print + "GONE\"\n"
			cmd := exec.Command(path, append(program.words[1:], script)...)
			cmd.Env = append(cmd.Environ(), "GONE=there")
			out, err := cmd.CombinedOutput()
			want := strings.Join(odd, "\n") + "\ndefault\n\n"
			if got := strings.ReplaceAll(string(out), "\r\n", "\n"); err != nil || got != want {
				t.Errorf("%v\n%s\nread as\n%s", err, script, got)
			}
		})
	}
}

// Lines of other shells are known by their text where the shell is not there.
func TestShellLines(t *testing.T) {
	t.Parallel()
	e := Environment{Set: []string{"A=it's", EnvInside + "=x"}, Unset: []string{"B"}}
	for shell, want := range map[Shell]string{
		POSIX:      "export HOOKCTL_SANDBOX=x\nunset B\nexport A='it'\\''s'\n",
		Fish:       "export HOOKCTL_SANDBOX='x';\nset -eg B; set -q B; and set -gx B '';\nset -gx A 'it\\'s';\ntrue;\n",
		PowerShell: "$env:HOOKCTL_SANDBOX = 'x';\n$env:B = $null;\n$env:A = 'it''s';\n",
		GitHub:     "HOOKCTL_SANDBOX=x\nB=\nA=it's\n",
	} {
		if got := shell.Enter(e); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", shell, got, want)
		}
	}
	for shell, want := range map[Shell]string{
		POSIX:      "unset B\nunset C\n",
		Fish:       "set -eg B;\nset -eg C;\ntrue;\n",
		PowerShell: "$env:B = $null;\n$env:C = $null;\n",
		GitHub:     "B=\nC=\n",
	} {
		if got := shell.Leave([]string{"B", "C"}); got != want {
			t.Errorf("%s: %q, want %q", shell, got, want)
		}
	}
	if slices.ContainsFunc(strings.Split(GitHub.Fail(), "\n"), func(line string) bool { return strings.Contains(line, "=") }) {
		t.Error("the runner would take this for a variable: " + GitHub.Fail())
	}
}
