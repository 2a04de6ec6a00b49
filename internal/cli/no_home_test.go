package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"
)

// TestNoHome: without a home directory, every command works that need not keep
// anything, the others say where to, and nothing is written anywhere.
func TestNoHome(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("HOME names the directory on Unix only")
	}
	delivered := new(atomic.Int32)
	handler := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { delivered.Add(1) }))
	t.Cleanup(handler.Close)
	me, err := age.GenerateX25519Identity()
	check(t, err)
	fill := strings.NewReplacer("{url}", handler.URL, "{age}", me.Recipient().String())
	for home, environ := range map[string][]string{
		"none":       {},
		"empty":      {"HOME=", "XDG_CONFIG_HOME="},
		"a device":   {"HOME=/dev/null"},
		"not there":  {"HOME=/nonexistent/home"},
		"unwritable": {"HOME=/proc"},
	} {
		t.Run(home, func(t *testing.T) {
			w := newWorld(t)
			work := t.TempDir()
			t.Chdir(work)
			write(t, filepath.Join(work, "body.json"), `{"id":"1","event_type":"contact.created"}`)
			write(t, filepath.Join(work, "hooks.yaml"), "version: 1\nwebhooks:\n  - {provider: wundertreos, name: N, url: https://example.com/h, events: [contact.created]}\n")
			ids := w.seed()
			w.env.Environ = append(w.env.Environ[1:], "S=0123456789abcdef0123456789abcdef", "PATH="+os.Getenv("PATH"), "TMPDIR="+work)
			w.env.Environ = append(w.env.Environ, environ...)
			for _, kv := range environ {
				name, value, _ := strings.Cut(kv, "=")
				t.Setenv(name, value)
			}
			if home == "none" {
				for _, name := range []string{"HOME", "XDG_CONFIG_HOME"} {
					t.Setenv(name, "")
					check(t, os.Unsetenv(name))
				}
			}
			w.env.UserConfigDir = os.UserConfigDir
			before := tree(t, work)
			nowhere := home != "not there" && home != "unwritable"
			for name, c := range map[string]struct {
				args string
				code int
			}{
				"version": {"version", 0}, "help": {"help list", 0}, "help topic": {"help exit-codes", 0}, "help provider": {"help wundertreos", 0},
				"list-events": {"list-events zyntro", 0}, "completion": {"completion bash", 0}, "demo": {"demo", 0}, "sandbox": {"sandbox -- true", 0},
				"doctor": {"doctor --offline", map[bool]int{true: 3}[nowhere]}, "config list": {"config list", 0}, "config get": {"config get output", 0},
				"config unset": {"config unset output", 0}, "profile list": {"profile list", 0},
				"list": {"list", 0}, "get": {"get " + ids["zyntro"], 0}, "export": {"export", 0}, "plan": {"plan -f hooks.yaml", 0}, "api": {"api wundertreos oauth-me", 0},
				"pause": {"pause " + ids["zyntro"], 0}, "resume": {"resume " + ids["zyntro"], 0}, "update": {"update " + ids["zyntro"] + " --timeout 60", 0},
				"verify":     {"verify body.json --secret-env S --provider wundertreos --signature " + strings.Repeat("0", 64), 3},
				"sign":       {"sign body.json --secret-env S --provider wundertreos", 0},
				"snippet":    {"snippet go --provider zyntro", 0},
				"send":       {"send {url} --event contact.created --secret-env S", 0},
				"listen":     {"listen --timeout 1ms --addr 127.0.0.1:0 --secret-env S --provider wundertreos", 0},
				"dry run":    {"create wundertreos --url https://example.com/h --event contact.created --dry-run", 0},
				"recover":    {"recover", 0},
				"logout":     {"logout zyntro", 0},
				"list kept":  {"secrets list", 0},
				"check kept": {"secrets check", 0},
				"migrate":    {"secrets migrate --to file", 0},
				"show":       {"secrets show x", 2}, "push": {"secrets push x --to stdout", 2}, "run": {"secrets run x -- true", 2}, "remove": {"secrets remove x --yes", 2},
				"export kept": {"secrets export --age-recipient {age}", 1},
			} {
				w.run(c.code, strings.Fields(fill.Replace(c.args))...)
				if c.code == 1 && !strings.Contains(w.errs.String(), "no secret is kept") {
					t.Errorf("%s: %s", name, &w.errs)
				}
			}
			if out := w.run(3, "doctor"); !strings.Contains(out, "accepts the credentials") { // the clock of this world is slow
				t.Errorf("doctor asked nobody: %s", out)
			}
			w.run(0, "__complete", "get", "")
			w.run(0, "__complete", "list", "--profile", "")
			for name, args := range map[string]string{
				"create":        "create wundertreos --url https://example.com/h --event contact.created",
				"create absent": "create wundertreos --url https://example.com/h --event contact.created --if-absent",
				"rotate":        "rotate " + ids["wundertreos"] + " --yes",
				"replace":       "update " + ids["wundertreos"] + " --replace --url https://example.com/x --yes",
				"apply":         "apply -f hooks.yaml --yes",
				"listen":        "listen --timeout 1ms --addr 127.0.0.1:0 --create wundertreos --public-url https://example.com",
				"login":         "login wundertreos", "config set": "config set output json", "profile create": "profile create work",
				"secrets set": "secrets set zyntro/1 --from-env S",
			} {
				if !nowhere && os.Geteuid() == 0 && home != "unwritable" {
					continue // root makes the home
				}
				w.run(1, strings.Fields(args)...)
				if nowhere {
					w.said("there is no directory for settings and secrets", "--config", "HOOKCTL_CONFIG_DIR")
				}
				_ = name
			}
			if nowhere {
				w.run(1, "config", "path")
				w.said("HOOKCTL_CONFIG_DIR")
				var found struct {
					Error struct{ Code, Hint string }
				}
				w.run(1, "create", "wundertreos", "--url", "https://example.com/h", "--event", "contact.created", "-o", "json")
				if err := json.Unmarshal(w.errs.Bytes(), &found); err != nil || !strings.Contains(found.Error.Hint, "HOOKCTL_CONFIG_DIR") {
					t.Errorf("%v: %s", err, &w.errs)
				}
			}
			for name, n := range map[string]int{"zyntro": 1, "wundertreos": 1} {
				if got := w.boxes[name].Webhooks(); got != n {
					t.Errorf("%s has %d webhooks instead of %d", name, got, n)
				}
			}
			w.run(0, "delete", ids["wundertreos"], "--yes")
			w.run(0, "delete", ids["zyntro"], "--yes")
			if after := tree(t, work); after != before {
				t.Errorf("the working directory was %s, and is %s", before, after)
			}
			// All of it works again where a directory is named.
			w.run(0, "create", "wundertreos", "--url", "https://example.com/h", "--event", "contact.created", "--config", filepath.Join(t.TempDir(), "given"))
		})
	}
	if delivered.Load() == 0 {
		t.Error("nothing was sent to the handler")
	}
}

// seed makes a webhook at each provider, from another machine, and returns
// their ids.
func (w *world) seed() map[string]string {
	w.t.Helper()
	ids := map[string]string{}
	for name, event := range map[string]string{"zyntro": "new_contact", "wundertreos": "contact.created"} {
		ids[name] = name + "/" + strings.TrimSpace(w.run(0, "create", name, "--name", "Seed", "--url", "https://example.com/seed", "--event", event, "--jq", ".id"))
		ids[name] = strings.ReplaceAll(ids[name], `"`, "")
	}
	return ids
}
