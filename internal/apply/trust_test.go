package apply

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/secret"
)

// variablePlaces are where a manifest may have a variable, with what a plan says of it.
var variablePlaces = map[string]string{
	"url: 'https://example.com/%s', events: [new_contact]":                                                                "url",
	"url: 'https://%s.example.com/', events: [new_contact]":                                                               "url",
	"url: 'https://example.com/', events: [new_contact], auth: {type: bearer, value: '%s'}":                               "auth bearer",
	"url: 'https://example.com/', events: [new_contact], auth: {type: basic, username: '%s', password: '${FREE}'}":        "auth basic username",
	"url: 'https://example.com/', events: [new_contact], auth: {type: basic, username: me, password: '%s'}":               "auth basic password",
	"url: 'https://example.com/', events: [new_contact], auth: {type: api_key, header: 'X-%s', value: '${FREE}'}":         "auth api_key header",
	"url: 'https://example.com/', events: [new_contact], auth: {type: custom_header, header: X-Key, value: '%s'}":         "auth custom_header",
	"url: 'https://example.com/${FREE}/%s', events: [new_contact], auth: {type: custom_header, header: a, value: '${F}'}": "url",
}

// TestVariablesLeave goes through names, CI, what is allowed, and where a
// variable stands: what is not allowed is refused where it stands and never read;
// a review names it and reads nothing either.
func TestVariablesLeave(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	names := map[string]bool{ // well known
		"GITHUB_TOKEN": true, "GH_TOKEN": true, "GITLAB_TOKEN": true, "ACTIONS_RUNTIME_TOKEN": true, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": true,
		"AWS_SECRET_ACCESS_KEY": true, "AWS_SESSION_TOKEN": true, "AZURE_CLIENT_SECRET": true, "GOOGLE_APPLICATION_CREDENTIALS": true,
		"DOCKER_AUTH_CONFIG": true, "KUBECONFIG": true, "VAULT_TOKEN": true, "CI_JOB_TOKEN": true, "NPM_TOKEN": true,
		"HOOKCTL_SANDBOX_TOKEN": true, "HOOKCTL_AUTH_DATA": true, "Hookctl_Sandbox_Url": true, "HOOKCTL": false, "MY_HOOKCTL_SANDBOX_TOKEN": false,
		"github_token": true, "Aws_Secret_Access_Key": true,
		"CRM_TOKEN": false, "GITHUB_TOKENS": false, "MY_GITHUB_TOKEN": false, "GITHUB_TOKEN_": false, "AWS": false, "XAWS_KEY": false,
		"KUBECONFIGS": false, "ACTION_TOKEN": false, "CI": false, "_": false,
	}
	for name, known := range names {
		for _, ci := range []bool{false, true} {
			for what, allow := range map[string][]string{
				"nothing": nil, "another": {"OTHER"}, "it": {"OTHER", name}, "a pattern of it": {name[:1] + "*"}, "the beginning of it": {name[:len(name)-1]},
			} {
				for entry, field := range variablePlaces {
					text := "version: 1\nwebhooks:\n- {provider: zyntro, name: A, " + strings.Replace(entry, "%s", "${"+name+"}", 1) + "}\n"
					needs := (known || ci) && what != "it"
					for _, review := range []bool{false, true} {
						read := map[string]int{}
						o := environment(nil)
						o.Getenv = func(v string) string { read[v]++; return "vAlue" }
						o.Allow = Allow{CI: ci, Env: append(slices.Clone(allow), "FREE", "F")}
						o.Review = review
						m, err := Parse([]Source{{"a.yaml", []byte(text)}}, o)
						label := fmt.Sprintf("%s, CI %v, allowed %s, review %v: %s", name, ci, what, review, text)
						if needs != (read[name] == 0) {
							t.Errorf("%s: read %d times", label, read[name])
						}
						if needs && !review {
							want := field + " from ${" + name + "} would be sent: refused without --allow-env " + name
							if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "a.yaml:3:") || !strings.Contains(err.Error(), want) ||
								!strings.Contains(fault.HintOf(err).String(), "add --allow-env "+name) {
								t.Errorf("%s: %v\n%s", label, err, fault.HintOf(err).String())
							}
							continue
						}
						if err != nil {
							t.Errorf("%s: %v", label, err)
							continue
						}
						i := slices.IndexFunc(m.Webhooks[0].Reach, func(r Reach) bool { return r.Variable == name })
						if i < 0 {
							t.Errorf("%s: not named", label)
							continue
						}
						r := m.Webhooks[0].Reach[i]
						want := Reach{At: r.At, Does: Sends, Field: field, Variable: name}
						if needs {
							want.Needs = "--allow-env " + name
						}
						if diff := cmp.Diff(want, r); diff != "" || r.At.Line != 3 || r.At.Column == 0 {
							t.Errorf("%s: (-want +got)\n%s", label, diff)
						}
					}
				}
			}
		}
	}
}

// TestSinksReach: what runs and what writes elsewhere is named, and with CI set
// refused unless it is allowed; the user's own sinks are not the manifest's.
func TestSinksReach(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(filepath.Dir(dir), "elsewhere")
	for _, c := range []struct {
		spec         string
		runs, writes bool
	}{
		{spec: "exec:touch x", runs: true},
		{spec: "exec:sh -c 'cat > {{.Name}}'", runs: true},
		{spec: "file:" + filepath.Join(dir, "x")},
		{spec: "file:" + filepath.Join(dir, "{{.Name}}", "{{.ID}}")},
		{spec: "dotenv:" + filepath.Join(dir, ".env") + ":HOOK_{{.Name}}"},
		{spec: "file:" + away, writes: true},
		{spec: "file:" + dir + "/../{{.Name}}", writes: true},
		{spec: "dotenv:" + away + ":BASH_ENV", writes: true},
		{spec: "dotenv:~/.bashrc:BASH_ENV", writes: true},
		{spec: "file:" + filepath.Join(away, "{{.Provider}}", "{{.ID}}"), writes: true},
		{spec: "github-env:HOOK_{{.Name}}"},
		{spec: "github-output:HOOK"},
		{spec: "stdout"},
	} {
		for _, ci := range []bool{false, true} {
			for _, allow := range []Allow{{}, {Exec: true}, {Outside: true}, {Exec: true, Outside: true}} {
				for _, defaults := range []bool{false, true} {
					for _, review := range []bool{false, true} {
						allow.CI = ci
						to := "secret_to: [" + fmt.Sprintf("%q", c.spec) + "]"
						text := "version: 1\ndefaults: {provider: wundertreos, events: [contact.created], %s}\nwebhooks:\n- {name: A, url: 'https://a.test/', %s}\n"
						if defaults {
							text = fmt.Sprintf(text, to, "")
						} else {
							text = fmt.Sprintf(text, "timeout: 30", to)
						}
						o := environment(nil)
						o.Allow, o.Review, o.Dir = allow, review, func(string) string { return dir }
						o.SecretTo = []string{"exec:echo the user", "file:" + filepath.Join(away, "users")}
						m, err := Parse([]Source{{"a.yaml", []byte(text)}}, o)
						needs := ""
						switch {
						case ci && c.runs && !allow.Exec:
							needs = "--allow-exec"
						case ci && c.writes && !allow.Outside:
							needs = "--allow-outside"
						}
						label := fmt.Sprintf("%s, %+v, review %v, defaults %v", c.spec, allow, review, defaults)
						if needs != "" && !review {
							if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "a.yaml:") || !strings.Contains(err.Error(), c.spec) ||
								!strings.Contains(err.Error(), "refused without "+needs) || !strings.HasSuffix(fault.HintOf(err).String(), "add "+needs) {
								t.Errorf("%s: %v\n%s", label, err, fault.HintOf(err).String())
							}
							continue
						}
						if err != nil {
							t.Errorf("%s: %v", label, err)
							continue
						}
						var want []Reach
						at := Position{"a.yaml", 4, 49}
						if defaults {
							at = Position{"a.yaml", 2, 74}
						}
						if c.runs {
							want = append(want, Reach{At: at, Does: Runs, Sink: c.spec, Needs: needs})
						}
						if c.writes {
							want = append(want, Reach{At: at, Does: Writes, Sink: c.spec, Needs: needs})
						}
						if diff := cmp.Diff(want, m.Webhooks[0].Reach); diff != "" {
							t.Errorf("%s: (-want +got)\n%s", label, diff)
						}
					}
				}
			}
		}
	}
}

// TestAllThatIsRefused: everything at once, and one hint with all flags.
func TestAllThatIsRefused(t *testing.T) {
	t.Parallel()
	const text = `version: 1
defaults: {provider: zyntro, events: [new_contact], secret_to: ["exec:gh secret set X"]}
webhooks:
- {name: A, url: "https://${HOST}/${PATH_A}", auth: {type: bearer, value: "${GITHUB_TOKEN}"}}
- {name: B, url: "https://${HOST}/b", secret_to: ["file:/somewhere/else", "exec:x"]}
- {name: C, url: "https://c.test/", events: [no_such_event]}
`
	o := environment(nil)
	o.Allow = Allow{CI: true, Env: []string{"HOST"}}
	o.Getenv = func(name string) string {
		if name != "HOST" {
			t.Errorf("read: %s", name)
		}
		return "h.test"
	}
	_, err := Parse([]Source{{"a.yaml", []byte(text)}}, o)
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		"a.yaml:4:18: url from ${PATH_A} would be sent: refused without --allow-env PATH_A, because CI is set",
		"a.yaml:4:75: auth bearer from ${GITHUB_TOKEN} would be sent: refused without --allow-env GITHUB_TOKEN, because it usually holds a credential of another program",
		"a.yaml:2:65: exec:gh secret set X would run a command: refused without --allow-exec",
		"a.yaml:5:51: file:/somewhere/else would write outside the manifest's directory: refused without --allow-outside",
		"a.yaml:5:75: exec:x would run a command",
		"no_such_event",
	} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("lacks %q, or has it twice:\n%v", want, err)
		}
	}
	if hint := fault.HintOf(err).String(); !strings.HasSuffix(hint, "add --allow-env PATH_A --allow-env GITHUB_TOKEN --allow-exec --allow-outside") {
		t.Errorf("hint %q", hint)
	}
}

// TestReviewOfTheUnread: what a plan may not read it cannot compare, and says so;
// apply would refuse it, changed or not.
func TestReviewOfTheUnread(t *testing.T) {
	t.Parallel()
	o := environment(nil)
	o.Allow.CI, o.Review = true, true
	o.Getenv = func(name string) string { t.Errorf("read: %s", name); return "" }
	plan := func(entry string, live *State) *Plan {
		t.Helper()
		m, err := Parse([]Source{{"a.yaml", []byte("version: 1\nwebhooks:\n- {provider: zyntro, events: [new_contact], " + entry + "}\n")}}, o)
		if err != nil {
			t.Fatal(err)
		}
		s := State{Accounts: []Account{{Driver: driver("zyntro")}}}
		if live != nil {
			s = *live
		}
		p, err := Compare(m, s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const both = "name: a, url: 'https://${H}/', auth: {type: bearer, value: '${T}'}"
	there := row("1", "a", "https://a.test/")
	there.Events, there.AuthType = []string{"new_contact"}, ptr("bearer")
	rec := kept(there, "")
	rec.Provider = "zyntro"
	rec.Auth = secret.NewAuthMark("bearer", secret.New("{}"))
	world := &State{Accounts: []Account{{Driver: driver("zyntro"), Rows: []provider.Webhook{there}}}, Records: []secret.Record{rec}}
	p := plan(both, world)
	if len(p.Changes) > 0 && p.Differs() || len(p.Reach) != 2 || p.Reach[0].Needs != "--allow-env H" || p.Reach[1].Needs != "--allow-env T" ||
		!slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "not compared without --allow-env: url, auth") }) {
		t.Errorf("%+v, %+v, %q", p.Changes, p.Reach, p.Warnings)
	}
	p = plan(both, nil)
	if p.Count(Create) != 1 || p.Changes[0].URL != "https://${H}/" ||
		!slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "may already exist: its url is unknown") }) {
		t.Errorf("%+v, %q", p.Changes, p.Warnings)
	}
	// Another type of authentication shows without a value.
	there.AuthType = ptr("none")
	world.Accounts[0].Rows = []provider.Webhook{there}
	if p = plan(both, world); p.Count(Update) != 1 || len(p.Changes[0].Fields) != 1 || p.Changes[0].Fields[0].Name != "auth" {
		t.Errorf("%+v", p.Changes)
	}
}

// TestOwnCredentials are refused in any case of letters, allowed or not.
func TestOwnCredentials(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"HOOKCTL_ZYNTRO_API_KEY", "HOOKCTL_ZYNTRO_DEVELOPER_SECRET", "ZYNTRO_DEVELOPER_SECRET", "hookctl_zyntro_api_key", "ZYNTRO_API_KEY", "WUNDERTREOS_TOKEN", "Hookctl_Wundertreos_Token"} {
		for _, review := range []bool{false, true} {
			o := environment(nil)
			o.Allow, o.Review = Allow{Env: []string{name}}, review
			o.Getenv = func(string) string { t.Error("read"); return "x" }
			_, err := Parse([]Source{{"a.yaml", []byte("version: 1\nwebhooks:\n- {provider: zyntro, name: a, events: [new_contact], url: 'https://a.test/${" + name + "}'}\n")}}, o)
			if err == nil || !strings.Contains(err.Error(), "one of hookctl's own credentials") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestVariableNames(t *testing.T) {
	t.Parallel()
	got, ok := VariableNames([]string{"A", "B,C_1", " D , _e"})
	if diff := cmp.Diff([]string{"A", "B", "C_1", "D", "_e"}, got); diff != "" || !ok {
		t.Errorf("%v %s", ok, diff)
	}
	for _, bad := range []string{"", ",", "A,", "AWS_*", "1A", "A B", "$A", "${A}", "A=b", "hunter2!", "Ä"} {
		if names, ok := VariableNames([]string{"OK", bad}); ok {
			t.Errorf("%q: %q", bad, names)
		}
	}
}
