//go:build unix

package cli

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/provider/providertest"
)

// The files of docs/ci.md are run as their runners run them: each step in the runner's
// shell, with its variables and only the ones that the file passes on, on a disk that is
// new in each run.

// How a recipe installs hookctl: by the action, by the template, or by the installer.
const (
	ciAction   = "      - uses: hookctl/hookctl/.github/actions/setup@COMMIT # v1.2.3\n        with: { version: 1.2.3 }\n"
	ciTemplate = "https://raw.githubusercontent.com/hookctl/hookctl/v1.2.3/docs/gitlab/hookctl.yml"
	ciFetch    = "curl --proto '=https' --tlsv1.2 -fsSL -o hookctl-install.sh https://raw.githubusercontent.com/hookctl/hookctl/v1.2.3/docs/install.sh\n"
	ciInstall  = "sh hookctl-install.sh 1.2.3\n"
)

// ciFile is the file of docs/ci.md that begins with a comment of its name.
func ciFile(t *testing.T, name string) string {
	t.Helper()
	for _, s := range readPage(t, "docs/ci.md").steps {
		if strings.HasPrefix(strings.TrimPrefix(s.text, "#!/bin/sh\n"), "# "+name+"\n") {
			return s.text
		}
	}
	t.Fatalf("docs/ci.md has no file %s", name)
	return ""
}

// recipe is the first block in a language behind a title of docs/ci.md.
func recipe(t *testing.T, title, lang string) string {
	t.Helper()
	return readPage(t, "docs/ci.md").section(t, title, lang)
}

// workflowOf is a workflow whose only job has these steps.
func workflowOf(steps string) string {
	return "jobs:\n  job:\n    steps:\n" + regexp.MustCompile(`(?m)^`).ReplaceAllString(steps, "      ")
}

// ciTools stands in for what the recipes call. Secrets are files of $STUB/secrets, and
// each call is a line of $STUB/calls.
const ciTools = `#!/bin/sh
name=${0##*/}
echo "$name $*" >> "$STUB/calls"
has() { [ -e "$STUB/secrets/$1" ]; }
set_secret() { [ -z "$BROKEN" ] && cat > "$STUB/secrets/$1"; }
refused() { echo "$name: refused" >&2; exit 1; }
case "$name $*" in
gh\ *) [ "$GH_TOKEN $GH_REPO" = "writer some/project" ] || refused ;;
glab\ *) case "$GITLAB_TOKEN $*" in "writer "*" --repo some/project") ;; *) refused ;; esac ;;
az\ *) case "$*" in *" --vault-name hooks "*) ;; *) refused ;; esac ;;
esac
case "$name $*" in
"go install gitlab.com/gitlab-org/cli/cmd/glab@latest") ;;
"curl "*" hookctl-install.sh https://raw."*) echo '[ "$*" = 1.2.3 ]' > hookctl-install.sh ;;
"gh secret list" | "az keyvault secret list --vault-name hooks --query [].name --output tsv") ls "$STUB/secrets" ;;
"gh secret set "*) set_secret "$3" ;;
"glab variable list --per-page 100 "*) echo "KEY	PROTECTED"; for f in $(ls "$STUB/secrets"); do echo "$f	false"; done ;;
"glab variable set "*" --masked --repo some/project") has "$3" && refused; set_secret "$3" ;;
"glab variable update "*" --masked --repo some/project") has "$3" || refused; set_secret "$3" ;;
"az keyvault secret set --vault-name hooks --name "*" --file /dev/stdin --encoding utf-8 --output none") set_secret "$7" ;;
curl\ *)
	token=
	for word; do
		case $last$word in --header@*) token=$(cat "${word#@}") ;; esac
		last=$word
	done
	[ "$token" = "Circle-Token: writer" ] || refused
	case $* in
	*" -X PUT "*" --data @- "*/context/hooks/*) sed 's/^{"value":"\(.*\)"}$/\1/' | tr -d '\n' | set_secret "${last##*/}" ;;
	*) echo '{"items":[]}' ;;
	esac ;;
"jq -Rs {value: .}") printf '{"value":"%s"}' "$(cat)" ;;
*) echo "$name $*: unexpected" >&2; exit 99 ;;
esac
`

// ciAccount is an account at each provider, and a CI system's secret manager.
type ciAccount struct {
	t     *testing.T
	stub  string
	fakes map[string]*fake
	path  string
}

func newCIAccount(t *testing.T) *ciAccount {
	t.Helper()
	program, err := exec.LookPath("hookctl")
	check(t, err)
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash: the recipes are not run")
	}
	a := &ciAccount{t: t, stub: t.TempDir(), fakes: map[string]*fake{}}
	bin := filepath.Join(a.stub, "bin")
	check(t, os.MkdirAll(filepath.Join(a.stub, "secrets"), 0o700))
	check(t, os.Mkdir(bin, 0o700))
	check(t, os.WriteFile(filepath.Join(bin, "gh"), []byte(ciTools), 0o700))
	for _, name := range []string{"glab", "az", "curl", "jq", "go"} {
		check(t, os.Symlink("gh", filepath.Join(bin, name)))
	}
	a.path = strings.Join([]string{bin, filepath.Dir(program), "/usr/bin", "/bin"}, ":")
	if !Full() {
		a.serveHookctl(filepath.Join(bin, "hookctl"))
	}
	for i, d := range all.Drivers() {
		a.fakes[d.Name] = newFake(d, int64(i+1), time.Now)
		t.Cleanup(a.fakes[d.Name].server.Close)
	}
	return a
}

// serveHookctl puts a hookctl in place that a worker runs: the recipes call it so often
// that processes of its own would take longer than all else.
func (a *ciAccount) serveHookctl(program string) {
	a.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(a.t, err)
	a.t.Cleanup(func() { _ = l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(a.t, err)
	check(a.t, os.WriteFile(program, []byte(`#!/bin/bash
exec 3<> /dev/tcp/127.0.0.1/`+port+`
{ printf '%s\0' "$PWD" $# "$@"; env -0; printf '\0'; } >&3
{ IFS= read -r -d '' code; IFS= read -r -d '' out; IFS= read -r -d '' err; } <&3
printf %s "$out"
printf %s "$err" >&2
exit "$code"
`), 0o700))
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				in := bufio.NewReader(conn)
				word := func() string {
					text, err := in.ReadString(0)
					if err != nil {
						a.t.Error("hookctl was called by halves: ", err)
					}
					return strings.TrimSuffix(text, "\x00")
				}
				c := WorkerCall{Dir: word()}
				n, _ := strconv.Atoi(word())
				for range n {
					c.Args = append(c.Args, word())
				}
				for kv := word(); kv != ""; kv = word() {
					c.Environ = append(c.Environ, kv)
				}
				result, err := RunInWorker(c)
				if err != nil {
					a.t.Error(err)
				}
				_, _ = fmt.Fprintf(conn, "%d\x00%s\x00%s\x00", result.Code, result.Stdout, result.Stderr)
			}()
		}
	}()
}

// secret is one that the secret manager has, or nothing.
func (a *ciAccount) secret(name string) string {
	text, err := os.ReadFile(filepath.Join(a.stub, "secrets", name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.t.Fatal(err)
	}
	return string(text)
}

// set changes one; nothing removes it.
func (a *ciAccount) set(name, value string) {
	path := filepath.Join(a.stub, "secrets", name)
	if value == "" {
		check(a.t, os.Remove(path))
		return
	}
	check(a.t, os.WriteFile(path, []byte(value), 0o600))
}

// credential is one of an account's.
func (a *ciAccount) credential(provider, field string) string {
	v, ok := a.fakes[provider].sandbox.Credentials()[field]
	if !ok {
		a.t.Fatalf("%s has no credential %s", provider, field)
	}
	return v.Reveal()
}

// ciJob is what a job is started with, beside its file.
type ciJob struct {
	key      string            // Zyntro's
	token    string            // of the secret manager; "writer" is the right one
	rotate   bool              // as somebody asks by hand
	schedule bool              // in place of somebody
	event    string            // GitHub's; empty: workflow_dispatch
	broken   bool              // the secret manager takes no secret
	files    map[string]string // of the repository
}

func (a *ciAccount) job() ciJob {
	return ciJob{key: a.credential("zyntro", "api_key"), token: "writer"}
}

// ciRun is one run on a runner of its own.
type ciRun struct {
	*ciAccount
	dir     string
	environ []string
	log     strings.Builder
	failed  int // the exit code of the first step that failed
}

func (a *ciAccount) start(j ciJob, environ ...string) *ciRun {
	r := &ciRun{ciAccount: a, dir: a.t.TempDir()}
	home := a.t.TempDir()
	a.t.Cleanup(func() { endSandboxes(home) })
	for name, text := range j.files {
		path := filepath.Join(r.dir, name)
		check(a.t, os.MkdirAll(filepath.Dir(path), 0o700))
		check(a.t, os.WriteFile(path, []byte(text), 0o700))
	}
	r.environ = append([]string{"PATH=" + a.path, "HOME=" + home, "STUB=" + a.stub}, environ...)
	if j.broken {
		r.environ = append(r.environ, "BROKEN=1")
	}
	for _, f := range a.fakes {
		r.environ = append(r.environ, f.prefix()+"BASE_URL="+f.server.URL+f.sandbox.BasePath())
	}
	return r
}

// step runs a script, unless one before it has failed. It returns what it printed.
func (r *ciRun) step(always bool, shell []string, script string, environ map[string]string) string {
	r.t.Helper()
	if r.failed != 0 && !always {
		return ""
	}
	file := filepath.Join(r.t.TempDir(), "script")
	check(r.t, os.WriteFile(file, []byte(script), 0o700))
	cmd := exec.Command(shell[0], append(slices.Clone(shell[1:]), file)...)
	cmd.Dir, cmd.Env = r.dir, slices.Clone(r.environ)
	for name, value := range environ {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		r.t.Fatal(err)
	}
	fmt.Fprintf(&r.log, "$ %s\n%s", script, out)
	if code := cmd.ProcessState.ExitCode(); r.failed == 0 {
		r.failed = code
	}
	return string(out)
}

// end checks that the log and the arguments hold no secret, and returns how the run
// ended. Runners take the lines of masks out of the log.
func (r *ciRun) end() (code int, log string) {
	r.t.Helper()
	calls, err := os.ReadFile(filepath.Join(r.stub, "calls"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	log = regexp.MustCompile(`(?m)^(::add-mask::|##vso\[task\.setvariable ).*\n`).ReplaceAllString(r.log.String(), "")
	for name, f := range r.fakes {
		f.mu.Lock()
		secrets := slices.Clone(f.told)
		f.mu.Unlock()
		for field, v := range f.sandbox.Credentials() {
			if name == "zyntro" && field == "org_id" {
				continue
			}
			secrets = append(secrets, told{secret: v.Reveal()})
		}
		for _, s := range secrets {
			if inAnyForm(log, s.secret) || inAnyForm(string(calls), s.secret) {
				r.t.Errorf("the log or an argument holds a secret of %s", name)
			}
		}
	}
	return r.failed, log
}

// fill puts values in the place of expressions; one without a value fails the test.
func (r *ciRun) fill(text string, expression *regexp.Regexp, values map[string]string) string {
	r.t.Helper()
	return expression.ReplaceAllStringFunc(text, func(found string) string {
		what := expression.FindStringSubmatch(found)[1]
		value, ok := values[what]
		if !ok {
			r.t.Fatalf("%s: the test has no value for it", found)
		}
		return value
	})
}

var ciExpression = regexp.MustCompile(`\$\{\{ (.*?) \}\}`)

// github runs a job of a workflow.
func (a *ciAccount) github(workflow, job string, j ciJob) (code int, log string, summary string) {
	a.t.Helper()
	var flow struct {
		Env  map[string]string
		Jobs map[string]struct {
			If    string
			Env   map[string]string
			Steps []struct {
				Uses, Run, Shell, If string
				Env, With            map[string]string
			}
		}
	}
	fromYAML(a.t, workflow, &flow)
	event := map[bool]string{true: "schedule", false: "workflow_dispatch"}[j.schedule]
	if j.event != "" {
		event = j.event
	}
	elsewhere := ""
	if a.secret("ZYNTRO_HOOK_SECRET") != "" {
		elsewhere = "--secret-elsewhere"
	}
	values := map[string]string{
		"secrets.ZYNTRO_API_KEY": j.key, "vars.ZYNTRO_ORG_ID": a.credential("zyntro", "org_id"), "secrets.SECRETS_WRITER": j.token,
		"secrets.WUNDERTREOS_API_KEY": a.credential("wundertreos", "api_key"), "secrets.CRM_TOKEN": "crm", "secrets.CAPTURES_SECRET": a.secret("CAPTURES_SECRET"),
		"secrets.ZYNTRO_HOOK_SECRET && '--secret-elsewhere'": elsewhere,
		"inputs.rotate || github.event_name == 'schedule'":   fmt.Sprint(j.rotate || event == "schedule"),
		"github.repository": "some/project", "github.run_id": "42", "github.run_attempt": "1",
	}
	r := a.start(j)
	own := map[string]string{}
	for _, name := range []string{"GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		own[name] = filepath.Join(a.t.TempDir(), name)
		check(a.t, os.WriteFile(own[name], nil, 0o600))
	}
	r.environ = append(r.environ, "CI=true", "GITHUB_ACTIONS=true", "GITHUB_WORKSPACE="+r.dir, "GITHUB_EVENT_NAME="+event,
		"GITHUB_ENV="+own["GITHUB_ENV"], "GITHUB_OUTPUT="+own["GITHUB_OUTPUT"], "GITHUB_STEP_SUMMARY="+own["GITHUB_STEP_SUMMARY"])
	todo, ok := flow.Jobs[job]
	if want := "github.event_name " + map[bool]string{true: "==", false: "!="}[event == "push"] + " 'push'"; !ok || todo.If != "" && todo.If != want {
		a.t.Fatalf("the job %s is not run at %s: %s", job, event, todo.If)
	}
	for _, s := range todo.Steps {
		if s.Uses != "" {
			if path := s.With["path"]; path != "" && s.If == "always()" {
				if _, err := os.Stat(filepath.Join(r.dir, path)); err != nil {
					a.t.Errorf("there is nothing to upload: %v", err)
				}
			}
			continue
		}
		environ := map[string]string{}
		for _, more := range []map[string]string{flow.Env, todo.Env, s.Env} {
			for name, value := range more {
				environ[name] = r.fill(value, ciExpression, values)
			}
		}
		if s.Shell != "" || s.If != "" && s.If != "always()" {
			a.t.Fatalf("the test does not know the shell %q or the condition %q", s.Shell, s.If)
		}
		r.step(s.If != "", []string{"bash", "-e"}, r.fill(s.Run, ciExpression, values), environ)
		set, err := os.ReadFile(own["GITHUB_ENV"])
		check(a.t, err)
		for _, block := range regexp.MustCompile(`(?m)^(\w+)(?:<<(\S+)\n(.*)\n\S+|=(.*))$`).FindAllStringSubmatch(string(set), -1) {
			r.environ = append(r.environ, block[1]+"="+block[3]+block[4])
		}
	}
	text, err := os.ReadFile(own["GITHUB_STEP_SUMMARY"])
	check(a.t, err)
	code, log = r.end()
	return code, log, string(text)
}

// gitlabVariable is a value, or one that is chosen by hand.
type gitlabVariable struct {
	Value   string
	Options []string
}

func (v *gitlabVariable) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&v.Value)
	}
	type mapping gitlabVariable
	return n.Decode((*mapping)(v))
}

// gitlab runs a job, and returns the directory that it leaves.
func (a *ciAccount) gitlab(job string, j ciJob) (code int, log, dir string) {
	a.t.Helper()
	type gitlabJob struct {
		Extends   string
		Script    []string
		After     []string `yaml:"after_script"`
		Variables map[string]string
		Artifacts struct {
			When    string
			Reports map[string]string
		}
	}
	var jobs map[string]gitlabJob
	text := ciFile(a.t, ".gitlab-ci.yml")
	var top struct {
		Variables map[string]gitlabVariable
	}
	fromYAML(a.t, text, &top)
	_, rest, _ := strings.Cut(text, "\nwebhook:")
	fromYAML(a.t, "webhook:"+rest, &jobs)
	r := a.start(j, "CI=true", "GITLAB_CI=true", "CI_PROJECT_PATH=some/project",
		"ZYNTRO_API_KEY="+j.key, "ZYNTRO_ORG_ID="+a.credential("zyntro", "org_id"), "GITLAB_TOKEN="+j.token)
	r.environ = append(r.environ, "CI_PROJECT_DIR="+r.dir)
	for _, name := range []string{"ZYNTRO_HOOK_SECRET", "CAPTURES_SECRET"} {
		if value := a.secret(name); value != "" {
			r.environ = append(r.environ, name+"="+value)
		}
	}
	for name, v := range top.Variables {
		r.environ = append(r.environ, name+"="+v.Value)
	}
	if j.rotate || j.schedule { // a schedule has variables of its own
		if !slices.Contains(top.Variables["ROTATE"].Options, "true") {
			a.t.Error("ROTATE cannot be true")
		}
		r.environ = append(r.environ, "ROTATE=true")
	}
	todo := jobs[job]
	if todo.Extends != ".hookctl" { // TestGitLabTemplate runs that
		a.t.Errorf("the job %s does not find hookctl", job)
	}
	r.step(false, []string{"bash"}, "set -eo pipefail\n"+strings.Join(todo.Script, "\n"), todo.Variables)
	for _, report := range todo.Artifacts.Reports {
		if _, err := os.Stat(filepath.Join(r.dir, report)); err != nil || todo.Artifacts.When != "always" {
			a.t.Errorf("there is no report %s: %v", report, err)
		}
	}
	code, log = r.end()
	return code, log, r.dir
}

var azureMacro = regexp.MustCompile(`\$\(([\w.]+)\)`)

// azure runs a pipeline.
func (a *ciAccount) azure(file string, j ciJob) (code int, log, dir string) {
	a.t.Helper()
	type azureStep struct {
		Script, Task, Condition string
		Env, Inputs             map[string]string
	}
	var pipeline struct {
		Parameters []struct {
			Name, Default string
			Values        []string
		}
		Steps []azureStep
	}
	r := a.start(j, "TF_BUILD=True", "BUILD_REASON="+map[bool]string{true: "Schedule", false: "Manual"}[j.schedule])
	text := r.fill(ciFile(a.t, file), ciExpression, map[string]string{"parameters.rotate": fmt.Sprintf("%q", fmt.Sprint(j.rotate))})
	fromYAML(a.t, text, &pipeline)
	variables := map[string]string{
		"zyntroApiKey": j.key, "zyntroOrgId": a.credential("zyntro", "org_id"), "vault": "hooks", "Build.BuildId": "42",
		"wundertreosApiKey": a.credential("wundertreos", "api_key"), "capturesSecret": a.secret("CAPTURES_SECRET"),
	}
	if j.token != "writer" { // it is the service connection's
		variables["vault"] = "others"
	}
	macros := func(text string) string {
		return azureMacro.ReplaceAllStringFunc(text, func(found string) string {
			if value, ok := variables[azureMacro.FindStringSubmatch(found)[1]]; ok {
				return value
			}
			return found // as the agent does
		})
	}
	for _, s := range pipeline.Steps {
		script, shell := s.Script, []string{"bash", "--noprofile", "--norc"}
		switch s.Task {
		case "":
		case "AzureCLI@2":
			script, shell = s.Inputs["inlineScript"], []string{"bash"}
		case "PublishTestResults@2":
			if _, err := os.Stat(filepath.Join(r.dir, s.Inputs["testResultsFiles"])); err != nil || s.Condition != "succeededOrFailed()" {
				a.t.Errorf("there is nothing to publish: %v", err)
			}
		}
		if script == "" {
			continue
		}
		environ := map[string]string{}
		for name, value := range s.Env {
			environ[name] = macros(value)
		}
		out := r.step(s.Condition == "always()", shell, macros(script), environ)
		for _, set := range regexp.MustCompile(`(?m)^##vso\[task\.setvariable variable=(\w+);issecret=true\](.*)$`).FindAllStringSubmatch(out, -1) {
			variables[set[1]] = strings.ReplaceAll(set[2], "%AZP25", "%")
		}
		if strings.Contains(s.Script, ciInstall) && (!strings.HasPrefix(s.Script, "set -e\n"+ciFetch+ciInstall) || !regexp.MustCompile(`(?m)^##vso\[task\.prependpath\]/.+/\.local/bin$`).MatchString(out)) {
			a.t.Error("later steps do not find hookctl, or go on without it")
		}
	}
	code, log = r.end()
	return code, log, r.dir
}

// circleci runs a job.
func (a *ciAccount) circleci(job string, j ciJob) (code int, log, dir string) {
	a.t.Helper()
	var config struct {
		Parameters map[string]struct {
			Enum []string
		}
		Jobs map[string]struct {
			Environment map[string]string
			Steps       []yaml.Node
		}
	}
	rotate := fmt.Sprint(j.rotate || j.schedule)
	r := a.start(j, "CI=true", "CIRCLECI=true", "CIRCLE_TOKEN="+j.token, "CONTEXT_ID=hooks",
		"ZYNTRO_API_KEY="+j.key, "ZYNTRO_ORG_ID="+a.credential("zyntro", "org_id"))
	values := map[string]string{"pipeline.parameters.rotate": rotate, "pipeline.project.slug": "gh/some/project"}
	fromYAML(a.t, r.fill(ciFile(a.t, ".circleci/config.yml"), regexp.MustCompile(`<< (.*?) >>`), values), &config)
	if !slices.Contains(config.Parameters["rotate"].Enum, rotate) {
		a.t.Errorf("the parameter cannot be %s", rotate)
	}
	for _, name := range []string{"ZYNTRO_HOOK_SECRET", "CAPTURES_SECRET"} {
		if value := a.secret(name); value != "" {
			r.environ = append(r.environ, name+"="+value)
		}
	}
	bashEnv := filepath.Join(a.t.TempDir(), "bash_env")
	check(a.t, os.WriteFile(bashEnv, nil, 0o600))
	r.environ = append(r.environ, "BASH_ENV="+bashEnv)
	for _, node := range config.Jobs[job].Steps {
		var s struct {
			Run   yaml.Node
			Store struct{ Path string } `yaml:"store_test_results"`
		}
		if node.Kind == yaml.ScalarNode { // checkout
			continue
		}
		check(a.t, node.Decode(&s))
		var run struct{ Command string }
		switch {
		case s.Run.Kind == yaml.ScalarNode:
			run.Command = s.Run.Value
		case s.Run.Kind != 0:
			check(a.t, s.Run.Decode(&run))
		default: // each report lies in a directory below
			if found, err := filepath.Glob(filepath.Join(r.dir, s.Store.Path, "*", "*.xml")); err != nil || len(found) == 0 {
				a.t.Errorf("there is nothing to store in %q: %v", s.Store.Path, err)
			}
			continue
		}
		r.step(false, []string{"bash", "-eo", "pipefail"}, run.Command, config.Jobs[job].Environment)
	}
	if path, err := os.ReadFile(bashEnv); err != nil || string(path) != "export PATH=$HOME/.local/bin:$PATH\n" {
		a.t.Errorf("later steps do not find hookctl: %q, %v", path, err)
	}
	code, log = r.end()
	return code, log, r.dir
}

// shell runs a script with the plainest shell.
func (a *ciAccount) shell(file string, j ciJob) (code int, log, dir string) {
	a.t.Helper()
	r := a.start(j, "ZYNTRO_API_KEY="+j.key, "ZYNTRO_ORG_ID="+a.credential("zyntro", "org_id"), "CAPTURES_SECRET="+a.secret("CAPTURES_SECRET"),
		"HOOK_SECRET_FILE="+filepath.Join(a.stub, "secrets", "crm-hook"), "ROTATE="+fmt.Sprint(j.rotate || j.schedule))
	r.step(false, []string{"sh"}, ciFile(a.t, file), nil)
	code, log = r.end()
	return code, log, r.dir
}

// ciSystems are those with a recipe of each kind: how its jobs are run, and the name of
// the secret.
var ciSystems = []struct {
	name, secret      string
	webhook, captures func(a *ciAccount, j ciJob) (code int, log, dir string)
}{
	{"GitHub", "ZYNTRO_HOOK_SECRET", func(a *ciAccount, j ciJob) (int, string, string) {
		code, log, _ := a.github(ciFile(a.t, ".github/workflows/webhook.yml"), "webhook", j)
		return code, log, ""
	}, nil},
	{"GitLab", "ZYNTRO_HOOK_SECRET", func(a *ciAccount, j ciJob) (int, string, string) { return a.gitlab("webhook", j) },
		func(a *ciAccount, j ciJob) (int, string, string) { return a.gitlab("captures", j) }},
	{"Azure", "zyntro-hook-secret", func(a *ciAccount, j ciJob) (int, string, string) { return a.azure("azure-webhook.yml", j) },
		func(a *ciAccount, j ciJob) (int, string, string) { return a.azure("azure-captures.yml", j) }},
	{"CircleCI", "ZYNTRO_HOOK_SECRET", func(a *ciAccount, j ciJob) (int, string, string) { return a.circleci("webhook", j) },
		func(a *ciAccount, j ciJob) (int, string, string) { return a.circleci("captures", j) }},
	{"shell", "crm-hook", func(a *ciAccount, j ciJob) (int, string, string) { return a.shell("webhook.sh", j) },
		func(a *ciAccount, j ciJob) (int, string, string) { return a.shell("captures.sh", j) }},
}

// TestRecipesCreateOnce: whatever a run finds, and however the one before it ended, there
// is one webhook in the end, and the secret manager has its secret.
func TestRecipesCreateOnce(t *testing.T) {
	t.Parallel()
	for _, system := range ciSystems {
		t.Run(system.name, func(t *testing.T) {
			t.Parallel()
			a := newCIAccount(t)
			zyntro := a.fakes["zyntro"]
			creates := 0
			// run is a job that ends with a code, after so many new webhooks.
			run := func(what string, code, made int, j ciJob) string {
				t.Helper()
				got, log, _ := system.webhook(a, j)
				if got != code || zyntro.count("create")-creates != made {
					t.Fatalf("%s: exit code %d, want %d; %d webhooks were created, want %d\n%s", what, got, code, zyntro.count("create")-creates, made, log)
				}
				creates += made
				return log
			}
			// settled: one webhook is delivered to, and its secret is the one that is kept.
			settled := func() {
				t.Helper()
				attempts, err := providertest.Emit(t.Context(), zyntro.sandbox, "new_contact")
				check(t, err)
				if len(attempts) != 1 || attempts[0].WebhookID != zyntro.told[len(zyntro.told)-1].id || a.secret(system.secret) != zyntro.told[len(zyntro.told)-1].secret {
					t.Errorf("%d webhooks are delivered to, and the secret kept is not that of the last", len(attempts))
				}
			}
			missing, refused, rotate, schedule := a.job(), a.job(), a.job(), a.job()
			missing.key, refused.token, rotate.rotate, schedule.schedule = "", "reader", true, true

			if log := run("no credentials", 4, 0, missing); !strings.Contains(log, "ZYNTRO_API_KEY") {
				t.Errorf("it does not say which:\n%s", log)
			}
			if system.secret != "crm-hook" {
				run("no right to the secrets", 1, 0, refused)
			}
			run("the first run", 0, 1, a.job())
			settled()
			run("the second run", 0, 0, a.job())
			settled()
			run("a schedule", 0, 1, schedule)
			settled()
			// The runner died before the secret was handed on.
			a.set(system.secret, "")
			if log := run("after a runner that died", 7, 0, a.job()); !strings.Contains(log, "rotate") {
				t.Errorf("it does not say what to do:\n%s", log)
			}
			run("rotated", 0, 1, rotate)
			settled()
		})
	}
}

// TestRecipesAfterSeven: a create whose answer is lost, or whose sink fails, ends 7, as
// does each later run, until somebody rotates.
func TestRecipesAfterSeven(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(a *ciAccount, j *ciJob){
		"the answer is lost": func(a *ciAccount, _ *ciJob) {
			a.fakes["zyntro"].fault = httpFault{when: "create", after: true, truncate: -1, times: 1}
		},
		"the sink fails": func(_ *ciAccount, j *ciJob) { j.broken = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newCIAccount(t)
			j, rotate := a.job(), a.job()
			rotate.rotate = true
			spoil(a, &j)
			for i, run := range []struct {
				j    ciJob
				code int
			}{{j, 7}, {a.job(), 7}, {rotate, 0}, {a.job(), 0}} {
				code, log, _ := a.github(ciFile(a.t, ".github/workflows/webhook.yml"), "webhook", run.j)
				if code != run.code {
					t.Fatalf("run %d: exit code %d, want %d\n%s", i, code, run.code, log)
				}
			}
			told := a.fakes["zyntro"].told
			if attempts, err := providertest.Emit(t.Context(), a.fakes["zyntro"].sandbox, "new_contact"); err != nil || len(attempts) != 1 || a.secret("ZYNTRO_HOOK_SECRET") != told[len(told)-1].secret {
				t.Errorf("%v: %d webhooks", err, len(attempts))
			}
		})
	}
}

// TestRecipeOfREADME: its step creates once, and fails without credentials.
func TestRecipeOfREADME(t *testing.T) {
	t.Parallel()
	workflow := workflowOf(readPage(t, "README.md").section(t, "In CI", "yaml"))
	a := newCIAccount(t)
	missing := a.job()
	missing.key = ""
	for i, run := range []struct {
		j    ciJob
		code int
	}{{missing, 4}, {a.job(), 0}, {a.job(), 0}} {
		if code, log, _ := a.github(workflow, "job", run.j); code != run.code {
			t.Fatalf("run %d: exit code %d, want %d\n%s", i, code, run.code, log)
		}
	}
	if n := a.fakes["zyntro"].count("create"); n != 1 || a.secret("ZYNTRO_HOOK_SECRET") != a.fakes["zyntro"].told[0].secret {
		t.Errorf("%d webhooks were created, or the secret is not there", n)
	}
}

// TestRecipesVerify: each system gets the reports that it shows.
func TestRecipesVerify(t *testing.T) {
	t.Parallel()
	a := newCIAccount(t)
	if code, log, _ := a.shell("webhook.sh", a.job()); code != 0 {
		t.Fatalf("%s", log)
	}
	a.set("CAPTURES_SECRET", a.secret("crm-hook"))
	attempts, err := providertest.Emit(t.Context(), a.fakes["zyntro"].sandbox, "new_contact")
	check(t, err)
	var dump strings.Builder
	check(t, writeDump(&dump, attempts[0]))
	good, bad := a.job(), a.job()
	good.files = map[string]string{"captures/1.http": dump.String()}
	bad.files = map[string]string{"captures/1.http": dump.String(), "captures/sub/2.http": strings.Replace(dump.String(), "new_contact", "new_Contact", 1)}

	// junit is what a report says: of two deliveries one has failed.
	junit := func(t *testing.T, path string) {
		t.Helper()
		text, err := os.ReadFile(path)
		check(t, err)
		var report struct {
			Suite struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
				Errors   int `xml:"errors,attr"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(text, &report); err != nil || report.Suite.Tests != 2 || report.Suite.Failures != 1 || report.Suite.Errors != 0 {
			t.Errorf("%v: %s", err, text)
		}
	}
	t.Run("GitHub", func(t *testing.T) {
		t.Parallel()
		if code, log, summary := a.github(ciFile(a.t, ".github/workflows/captures.yml"), "verify", good); code != 0 || !strings.Contains(summary, "passed: 1 delivery") || strings.Contains(log, "::error") {
			t.Errorf("exit code %d\n%s\n%s", code, log, summary)
		}
		code, log, summary := a.github(ciFile(a.t, ".github/workflows/captures.yml"), "verify", bad)
		if code != 3 || !strings.Contains(summary, `| captures\/sub\/2.http`) || !strings.Contains(summary, "failed: 2 deliveries, 1 failed") || !strings.Contains(log, "\n::error file=captures/sub/2.http,title=") {
			t.Errorf("exit code %d\n%s\n%s", code, log, summary)
		}
	})
	for _, system := range ciSystems[1:] {
		t.Run(system.name, func(t *testing.T) {
			t.Parallel()
			code, log, dir := system.captures(a, bad)
			if code != 3 {
				t.Fatalf("exit code %d\n%s", code, log)
			}
			junit(t, filepath.Join(dir, map[string]string{"CircleCI": "test-results/captures", "shell": "test-results"}[system.name], "captures.xml"))
			if system.name != "GitLab" {
				return
			}
			text, err := os.ReadFile(filepath.Join(dir, "quality.json"))
			check(t, err)
			var issues []struct {
				Description, Fingerprint, Severity string
				Location                           struct{ Path string }
			}
			if err := json.Unmarshal(text, &issues); err != nil || len(issues) != 1 || issues[0].Location.Path != "captures/sub/2.http" || issues[0].Fingerprint == "" || issues[0].Severity != "major" {
				t.Errorf("%v: %s", err, text)
			}
		})
	}
}

// TestRecipeManifest: a plan in a pull request, applied on main, and drift found later.
func TestRecipeManifest(t *testing.T) {
	t.Parallel()
	a := newCIAccount(t)
	flow := ciFile(t, ".github/workflows/hooks.yml")
	j := a.job()
	j.files = map[string]string{"hooks.yaml": ciFile(t, "hooks.yaml")}
	run := func(job, event string, want int) (log, summary string) {
		t.Helper()
		j.event = event
		code, log, summary := a.github(flow, job, j)
		if code != want {
			t.Fatalf("%s at %s: exit code %d, want %d\n%s", job, event, code, want, log)
		}
		return log, summary
	}
	_, summary := run("plan", "pull_request", 0)
	if !strings.Contains(summary, `    +   create zyntro "CRM Sync"`) || strings.Contains(summary, "\n+") {
		t.Errorf("%s", summary)
	}
	run("plan", "schedule", 3)
	run("apply", "push", 0)
	zyntro := a.fakes["zyntro"]
	if n := zyntro.count("create"); n != 1 || a.secret("HOOK_CRM_SYNC") != zyntro.told[0].secret {
		t.Errorf("%d webhooks, and the secret is not there", n)
	}
	run("apply", "push", 0)
	run("plan", "schedule", 0)
	if n := zyntro.count("create"); n != 1 {
		t.Errorf("%d webhooks", n)
	}
	// Somebody has changed the manifest, and not applied it.
	j.files["hooks.yaml"] = strings.Replace(j.files["hooks.yaml"], "new_contact", "new_contact, form_filled", 1)
	if log, _ := run("plan", "schedule", 3); !strings.Contains(log, "+form_filled") {
		t.Errorf("%s", log)
	}
}

// TestRecipeTrial: a webhook for one run is gone after it, also if the test fails.
func TestRecipeTrial(t *testing.T) {
	t.Parallel()
	a := newCIAccount(t)
	wundertreos := a.fakes["wundertreos"]
	for n, run := range []func(j ciJob) (int, string){
		func(j ciJob) (int, string) {
			code, log, _ := a.github(ciFile(a.t, ".github/workflows/trial.yml"), "trial", j)
			return code, log
		},
		func(j ciJob) (int, string) { code, log, _ := a.azure("azure-trial.yml", j); return code, log },
	} {
		for i, code := range []int{0, 9} {
			j := a.job()
			j.files = map[string]string{"trial.sh": fmt.Sprintf("#!/bin/sh\nprintf %%s \"$HOOK_SECRET\" > %s/secrets/seen\nexit %d\n", a.stub, code)}
			got, log := run(j)
			if got != code {
				t.Fatalf("exit code %d, want %d\n%s", got, code, log)
			}
			if told := wundertreos.told; len(told) != 2*n+i+1 || a.secret("seen") != told[len(told)-1].secret {
				t.Errorf("the test did not see the secret of its webhook\n%s", log)
			}
			if attempts, err := providertest.Emit(t.Context(), wundertreos.sandbox, "contact.created"); err != nil || len(attempts) > 0 {
				t.Errorf("%v: the webhook is still there\n%s", err, log)
			}
		}
	}
}

// TestRecipeForAStoreThatDoesNotLast creates once, and fails where hookctl cannot tell,
// in the plainest shell there is: without -e and pipefail.
func TestRecipeForAStoreThatDoesNotLast(t *testing.T) {
	t.Parallel()
	a := newCIAccount(t)
	block := recipe(t, "The store does not last.", "sh") + "echo done\n"
	for i, run := range []struct {
		code    int
		environ string
	}{{4, "ZYNTRO_API_KEY=wrong"}, {6, "HOOKCTL_ZYNTRO_BASE_URL=http://127.0.0.1:9"}, {0, ""}, {0, ""}} {
		r := a.start(a.job(), "CI=true", "GH_TOKEN=writer", "GH_REPO=some/project", "ZYNTRO_API_KEY="+a.credential("zyntro", "api_key"), "ZYNTRO_ORG_ID="+a.credential("zyntro", "org_id"))
		r.environ = append(r.environ, run.environ)
		out := r.step(false, []string{"sh"}, block, nil)
		code, log := r.end()
		if code != run.code || (code == 0) != strings.HasSuffix(out, "done\n") || (code == 0) != (a.secret("ZYNTRO_HOOK_SECRET") != "") {
			t.Fatalf("run %d: exit code %d\n%s", i, code, log)
		}
	}
	if n := a.fakes["zyntro"].count("create"); n != 1 {
		t.Errorf("%d webhooks were created", n)
	}
}

// TestRecipesOfOtherWays: the blocks that are no files. A store that lasts, a secret that
// is put back, an error that is read, a sandbox for the steps of a job.
func TestRecipesOfOtherWays(t *testing.T) {
	t.Parallel()
	a := newCIAccount(t)
	store := filepath.Join(t.TempDir(), "store")
	credentials := []string{"CI=true", "ZYNTRO_API_KEY=" + a.credential("zyntro", "api_key"), "ZYNTRO_ORG_ID=" + a.credential("zyntro", "org_id")}
	shell := func(script string, code int, environ ...string) *ciRun {
		t.Helper()
		r := a.start(a.job(), append(environ, credentials...)...)
		r.step(false, []string{"sh", "-e"}, script, nil)
		if got, log := r.end(); got != code {
			t.Fatalf("exit code %d, want %d\n%s", got, code, log)
		}
		return r
	}
	lasts := strings.Replace(recipe(t, "The store lasts", "sh"), "/var/lib/hookctl", store, 1)
	for _, created := range []string{"true", "false"} {
		if log := shell(lasts, 0).log.String(); !strings.Contains(log, `"created": `+created) {
			t.Errorf("%s", log)
		}
	}
	told := a.fakes["zyntro"].told
	back := recipe(t, "The secret is a CI secret already", "sh")
	if log := shell(back, 0, "HOOK_ID="+told[0].id, "ZYNTRO_HOOK_SECRET="+told[0].secret).log.String(); !strings.Contains(log, "nothing was created") {
		t.Errorf("%s", log)
	}
	if n := a.fakes["zyntro"].count("create"); n != 1 {
		t.Errorf("%d webhooks", n)
	}
	if _, err := exec.LookPath("jq"); err == nil {
		check(t, os.Remove(filepath.Join(a.stub, "bin", "jq"))) // the real one
		failing := "hookctl get nobody -o json 2> error.log || true\n" + recipe(t, "With `-o json`", "sh")
		if log := shell(failing, 0).log.String(); !strings.Contains(log, "\nnot-found\n") {
			t.Errorf("%s", log)
		}
	}
	// The sandbox of a job's later steps: what the steps get of it is not the account's.
	const make = "#!/bin/sh\nexec hookctl create wundertreos --url https://example.com/hook --event contact.created\n"
	check(t, os.WriteFile(filepath.Join(a.stub, "bin", "make"), []byte(make), 0o700))
	if code, log, _ := a.github(workflowOf(recipe(t, "Test without an account", "yaml")), "job", a.job()); code != 0 || !strings.Contains(log, "kept") {
		t.Errorf("exit code %d\n%s", code, log)
	}
	shell(recipe(t, "Test without an account", "sh"), 0)
	if n := a.fakes["wundertreos"].count("any"); n != 0 {
		t.Errorf("the account was asked %d times", n)
	}
}

// TestRecipesInstall: every file installs hookctl, in the way of its system, and nothing
// compiles it but the line for the time before a release.
func TestRecipesInstall(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs/ci.md")
	text := regexp.MustCompile(`(?m)^ +(curl|sh) `).ReplaceAllString(strings.Join(page.lines, "\n"), "$1 ")
	for what, counts := range map[string][2]int{
		"the action":    {strings.Count(text, "hookctl/.github/actions/setup"), strings.Count(text, ciAction)},
		"the installer": {strings.Count(text, "docs/install.sh"), strings.Count(text, ciFetch+ciInstall)},
		"the template":  {strings.Count(text, "extends: .hookctl"), 2 * strings.Count(text, "  - remote: "+ciTemplate+"\nvariables:\n  HOOKCTL_VERSION: 1.2.3 ")},
		"go install":    {strings.Count(text, "hookctl/cmd/hookctl@"), 1},
	} {
		if counts[0] != counts[1] || counts[0] == 0 {
			t.Errorf("%s: %d uses, of which %d are as they should be", what, counts[0], counts[1])
		}
	}
	files := 0
	for _, s := range page.steps {
		name, _, _ := strings.Cut(s.text, "\n")
		if !regexp.MustCompile(`^# \S+\.yml$`).MatchString(name) || !strings.Contains(s.text, "hookctl ") {
			continue
		}
		files++
		if !strings.Contains(s.text, ciAction) && !strings.Contains(s.text, ciTemplate) && !strings.Contains(s.text, "hookctl-install.sh") {
			t.Errorf("%s does not install hookctl", name)
		}
	}
	if files < len(ciSystems) {
		t.Errorf("only %d files", files)
	}
}
