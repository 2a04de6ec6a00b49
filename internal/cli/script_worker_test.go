package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	hookctlInScript = regexp.MustCompile(`^((?:\[[^\]]*\] +)*(?:! +)?)(?:exec|(exits +\S+)) +hookctl\b`)
	inputOfScript   = regexp.MustCompile(`^(?:\[[^\]]*\] +)*(?:stdin|ttyin)\b`)
)

// scriptsForWorkers copies the scripts of dir and lets workers run hookctl in
// them, line for line, but where it runs in the background, reads what only
// testscript gives to a process, or is replaced by another program.
func scriptsForWorkers(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	scripts, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts: ", err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		files, input := false, false
		for line := range strings.Lines(string(text)) {
			files = files || strings.HasPrefix(line, "-- ")
			if command := strings.TrimSpace(line); !files && command != "" && !strings.HasPrefix(command, "#") {
				if !input && !strings.HasSuffix(command, "&") && !strings.Contains(command, "secrets run") {
					line = hookctlInScript.ReplaceAllStringFunc(line, func(found string) string {
						return strings.TrimSuffix(strings.Replace(found, "exec ", "", 1), "hookctl") + "worker"
					})
				}
				input = inputOfScript.MatchString(command)
			}
			out.WriteString(line)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(script)), []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// cmdWorker is exec hookctl, in a worker.
func cmdWorker(ts *testscript.TestScript, neg bool, args []string) {
	if code := runInWorker(ts, args); (code != 0) != neg {
		ts.Fatalf("hookctl: unexpected exit code %d", code)
	}
}

// runInWorker runs hookctl as exec would.
func runInWorker(ts *testscript.TestScript, args []string) int {
	// testscript shows single variables only.
	variables := reflect.ValueOf(ts).Elem().FieldByName("env")
	environ := make([]string, variables.Len())
	for i := range environ {
		environ[i] = variables.Index(i).String()
	}
	dir := ts.MkAbs(".")
	r, err := RunInWorker(WorkerCall{Dir: dir, Args: args, Environ: append(environ, "PWD="+dir)})
	ts.Check(err)
	_, _ = ts.Stdout().Write([]byte(r.Stdout))
	_, _ = ts.Stderr().Write([]byte(r.Stderr))
	return r.Code
}
