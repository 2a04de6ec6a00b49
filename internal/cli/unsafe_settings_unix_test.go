//go:build unix

package cli

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/provider/all"
	"github.com/hookctl/hookctl/internal/term"
)

// calls are command lines that reach the body of each command: whoever adds a
// command adds one. {url} is a server on the loopback, {age} a public key.
var calls = map[string][]string{
	"create zyntro":      {"--name", "N", "--url", "https://example.com/h", "--event", "new_contact", "--store-only"},
	"create wundertreos": {"--url", "https://example.com/h", "--event", "contact.created", "--store-only"},
	"list":               {},
	"get":                {"wundertreos/1"},
	"update":             {"zyntro/1", "--name", "N"},
	"pause":              {"zyntro/1"},
	"resume":             {"zyntro/1"},
	"delete":             {"wundertreos/1", "--yes"},
	"rotate":             {"wundertreos/1", "--yes", "--store-only"},
	"list-events":        {"zyntro", "--live"},
	"export":             {},
	"plan":               {"-f", "hooks.yaml"},
	"apply":              {"-f", "hooks.yaml", "--yes", "--store-only"},
	"verify":             {"body.json", "--secret-env", "S", "--provider", "wundertreos", "--header", "X-Wunder-Signature: " + strings.Repeat("0", 64)},
	"show":               {"body.json"},
	"diff":               {"body.json", "body.json"},
	"listen":             {"--timeout", "1ms", "--create", "wundertreos", "--public-url", "https://example.com", "--event", "contact.created"},
	"send":               {"{url}", "--event", "contact.created", "--secret-env", "S"},
	"replay":             {"body.json", "--to", "{url}"},
	"sign":               {"body.json", "--provider", "wundertreos", "--secret-env", "S"},
	"snippet":            {"go", "--provider", "zyntro"},
	"secrets list":       {},
	"secrets show":       {"zyntro/1"},
	"secrets set":        {"zyntro/1", "--from-env", "S"},
	"secrets push":       {"zyntro/1", "--to", "stdout"},
	"secrets run":        {"zyntro/1", "--", "true"},
	"secrets remove":     {"zyntro/1", "--yes"},
	"secrets migrate":    {"--to", "file"},
	"secrets check":      {"--online"},
	"secrets export":     {"--age-recipient", "{age}"},
	"secrets import":     {"--identity", "body.json", "body.json"},
	"recover":            {},
	"login":              {"wundertreos"},
	"logout":             {"wundertreos"},
	"config get":         {"output"},
	"config set":         {"output", "json"},
	"config unset":       {"output"},
	"config list":        {},
	"config path":        {},
	"profile list":       {},
	"profile use":        {"default"},
	"profile create":     {"work"},
	"profile remove":     {"work"},
	"doctor":             {},
	"api":                {"wundertreos", "oauth-me"},
	"sandbox":            {"--", "true"},
	"sandbox start":      {"--addr", "192.0.2.1:0"}, // it starts nothing
	"sandbox stop":       {"--name", "none-of-this-name"},
	"sandbox background": {},
	"sandbox emit":       {"contact.created"},
	"sandbox log":        {},
	"demo":               {},
	"version":            {},
	"help":               {"zyntro"},
	"completion":         {"bash"},
}

// everyCall is a command line for each command of the tree.
func everyCall(t *testing.T, g *globals) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		path := strings.TrimPrefix(c.CommandPath(), "hookctl ")
		if args, ok := calls[path]; ok {
			found[path] = append(strings.Fields(path), args...)
		} else if !c.HasSubCommands() && path != "hookctl" && !strings.HasPrefix(path, "completion ") {
			t.Errorf("%q has no command line here", path)
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(newRoot(g))
	return found
}

// ledger is a server that counts what it is asked.
func ledger(t *testing.T) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// TestUnsafeSettings: settings that others could change are obeyed by no
// command, and nothing is sent to the address that they name.
func TestUnsafeSettings(t *testing.T) {
	url, asked := ledger(t)
	age, err := age.GenerateX25519Identity()
	check(t, err)
	fill := strings.NewReplacer("{url}", url, "{age}", age.Recipient().String())
	work := t.TempDir()
	t.Chdir(work)
	write(t, filepath.Join(work, "body.json"), `{"id":"1"}`)
	write(t, filepath.Join(work, "hooks.yaml"), "version: 1\nwebhooks:\n  - {provider: wundertreos, name: N, url: https://example.com/h, events: [contact.created]}\n")
	exempt := map[string]int{"version": 0, "help": 0, "completion": 0, "config path": 0, "doctor": 3}
	root := os.Geteuid() == 0
	if !root {
		t.Log("only root can give files away: those of other users are not tried")
	}
	for _, c := range []struct {
		name      string
		file, dir fs.FileMode
		owner     string // which of them a stranger owns
		far       bool   // the settings are a link to another directory, which has the modes
	}{
		{name: "file writable by all", file: 0o666, dir: 0o700},
		{name: "file writable by the group", file: 0o620, dir: 0o755},
		{name: "directory writable by all", file: 0o600, dir: 0o777},
		{name: "directory writable by the group", file: 0o600, dir: 0o770},
		{name: "directory like /tmp", file: 0o600, dir: 0o777 | fs.ModeSticky},
		{name: "file of a stranger", file: 0o644, dir: 0o700, owner: "file"},
		{name: "directory of a stranger", file: 0o600, dir: 0o755, owner: "dir"},
		{name: "link to a file writable by all", file: 0o606, dir: 0o755, far: true},
		{name: "link to a file of a stranger", file: 0o644, dir: 0o755, owner: "file", far: true},
	} {
		if c.owner != "" && !root {
			continue
		}
		dir := filepath.Join(t.TempDir(), "config")
		check(t, os.Mkdir(dir, 0o700))
		real := dir
		if c.far {
			real = t.TempDir()
			check(t, os.Symlink(filepath.Join(real, "mine.yaml"), filepath.Join(dir, "config.yaml")))
		}
		file := filepath.Join(real, map[bool]string{true: "mine.yaml", false: "config.yaml"}[c.far])
		write(t, file, "profiles:\n  default:\n    output: ndjson\n    zyntro:\n      base-url: "+url+"\n    wundertreos:\n      base-url: "+url+"/functions/v1\n")
		check(t, os.Chmod(file, c.file))
		check(t, os.Chmod(real, c.dir))
		switch c.owner {
		case "file":
			check(t, os.Chown(file, 12345, 12345))
		case "dir":
			check(t, os.Chown(real, 12345, 12345))
		}
		var out, errs bytes.Buffer
		env := &Env{
			Streams: term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Width: wide},
			Environ: []string{
				"HOOKCTL_CONFIG_DIR=" + dir, "S=0123456789abcdef", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + work,
				"HOOKCTL_ZYNTRO_API_KEY=zk-key", "HOOKCTL_ZYNTRO_ORG_ID=org", "HOOKCTL_WUNDERTREOS_API_KEY=wk-key",
			},
			Now: System().Now, Sleep: System().Sleep, Drivers: all.Drivers(), Version: "test",
		}
		before := tree(t, real)
		for name, args := range everyCall(t, &globals{env: env}) {
			args = slices.Clone(args)
			for i := range args {
				args[i] = fill.Replace(args[i])
			}
			for _, more := range [][]string{nil, {"-o", "json"}} {
				if more != nil && slices.Contains(args, "--") {
					continue
				}
				out.Reset()
				errs.Reset()
				asked.Store(0)
				code := Run(t.Context(), env, append(slices.Clone(args), more...))
				want, free := exempt[name]
				if !free {
					want = 1
				}
				if code != want || !free && (!strings.Contains(errs.String(), "the settings are not used") || strings.HasPrefix(errs.String(), "hookctl:\n")) {
					t.Errorf("%s: %q exited %d, want %d\n%s%s", c.name, args, code, want, &out, &errs)
				}
				if n := asked.Load(); n != 0 {
					t.Errorf("%s: %q sent %d requests\n%s%s", c.name, args, n, &out, &errs)
				}
				if strings.Contains(c.name, "/tmp") && strings.Contains(out.String()+errs.String(), "chmod") {
					t.Errorf("%s: %q says chmod\n%s%s", c.name, args, &out, &errs)
				}
			}
		}
		for _, args := range [][]string{{"get", ""}, {"list", "--profile", ""}, {"verify", "--webhook", ""}} {
			out.Reset()
			if code := Run(t.Context(), env, append([]string{"__complete"}, args...)); code != 0 || asked.Load() != 0 {
				t.Errorf("%s: completion of %q exited %d\n%s%s", c.name, args, code, &out, &errs)
			}
		}
		if after := tree(t, real); after != before {
			t.Errorf("%s: the directory was %s, and is %s", c.name, before, after)
		}
	}
}

// TestBaseURLFromFile: credentials of the environment do not go to an address
// that a file names.
func TestBaseURLFromFile(t *testing.T) {
	url, asked := ledger(t)
	work := t.TempDir()
	t.Chdir(work)
	write(t, filepath.Join(work, "body.json"), `{"id":"1"}`)
	write(t, filepath.Join(work, "hooks.yaml"), "version: 1\nwebhooks:\n  - {provider: wundertreos, name: N, url: https://example.com/h, events: [contact.created]}\n")
	refused := []string{
		"create zyntro", "create wundertreos", "list", "get", "update", "pause", "resume", "delete", "rotate", "export",
		"plan", "apply", "listen", "secrets check", "login", "api",
	}
	credentials := []string{"HOOKCTL_ZYNTRO_API_KEY=zk-key", "HOOKCTL_ZYNTRO_ORG_ID=org", "HOOKCTL_WUNDERTREOS_API_KEY=wk-key"}
	for _, c := range []struct {
		name        string
		more        []string // of the environment
		sent, other bool     // requests are made; the profile is another one
	}{
		{name: "the file's"},
		{name: "the file's, another profile's", other: true},
		{name: "unprefixed credentials", more: []string{"HOOKCTL_ZYNTRO_API_KEY=", "HOOKCTL_ZYNTRO_ORG_ID=", "HOOKCTL_WUNDERTREOS_API_KEY=", "ZYNTRO_API_KEY=zk", "ZYNTRO_ORG_ID=o", "WUNDERTREOS_TOKEN=wt"}},
		{name: "the environment's", more: []string{"HOOKCTL_ZYNTRO_BASE_URL=" + url, "HOOKCTL_WUNDERTREOS_BASE_URL=" + url + "/functions/v1"}, sent: true},
	} {
		dir := filepath.Join(t.TempDir(), "config")
		check(t, os.Mkdir(dir, 0o700))
		profile := map[bool]string{true: "work", false: "default"}[c.other]
		write(t, filepath.Join(dir, "config.yaml"), "profile: "+profile+"\nprofiles:\n  "+profile+":\n    zyntro:\n      base-url: "+url+"\n    wundertreos:\n      base-url: "+url+"/functions/v1\n")
		var out, errs bytes.Buffer
		env := &Env{
			Streams: term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Width: wide},
			Environ: slices.Concat([]string{"HOOKCTL_CONFIG_DIR=" + dir, "S=0123456789abcdef", "TMPDIR=" + work}, credentials, c.more),
			Now:     System().Now, Sleep: func(context.Context, time.Duration) error { return nil }, Drivers: all.Drivers(), Version: "test",
		}
		every := everyCall(t, &globals{env: env})
		for _, name := range append(slices.Clone(refused), "doctor") {
			out.Reset()
			errs.Reset()
			asked.Store(0)
			code := Run(t.Context(), env, every[name])
			if c.sent {
				if asked.Load() == 0 {
					t.Errorf("%s: %q sent nothing, exit %d\n%s%s", c.name, every[name], code, &out, &errs)
				}
				continue
			}
			want, said := 2, "HOOKCTL_WUNDERTREOS_BASE_URL"
			if name == "doctor" {
				want = 3
			}
			if strings.Contains(strings.Join(every[name], " "), "zyntro") {
				said = "HOOKCTL_ZYNTRO_BASE_URL"
			}
			if n := asked.Load(); n != 0 || code != want || !strings.Contains(out.String()+errs.String(), said) {
				t.Errorf("%s: %q sent %d requests and exited %d\n%s%s", c.name, every[name], n, code, &out, &errs)
			}
		}
		// Everything else either needs no credentials or gets none.
		if c.sent {
			continue
		}
		for name, args := range every {
			if slices.Contains(refused, name) || name == "list-events" || name == "help" { // these ask for public documentation
				continue
			}
			asked.Store(0)
			if Run(t.Context(), env, args); asked.Load() != 0 {
				t.Errorf("%s: %q sent %d requests\n%s%s", c.name, args, asked.Load(), &out, &errs)
			}
		}
	}
}

// TestOwnBaseURL: a file may name the provider's own address, however it is
// written.
func TestOwnBaseURL(t *testing.T) {
	for base, own := range map[string]bool{
		"https://app.zyntrohq.com": true, "https://APP.zyntrohq.com/": true, "https://app.zyntrohq.com:443": true,
		"https://app.zyntrohq.com.example.net": false, "https://app.zyntrohq.com:8443": false, "https://app.zyntrohq.com/other": false, "http://127.0.0.1:1": false,
	} {
		dir := filepath.Join(t.TempDir(), "config")
		check(t, os.Mkdir(dir, 0o700))
		write(t, filepath.Join(dir, "config.yaml"), "profiles:\n  default:\n    zyntro:\n      base-url: "+base+"\n")
		g := &globals{env: &Env{
			Streams: term.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Width: wide},
			Environ: []string{"HOOKCTL_CONFIG_DIR=" + dir, "HOOKCTL_ZYNTRO_API_KEY=zk-key", "HOOKCTL_ZYNTRO_ORG_ID=org"},
			Drivers: all.Drivers(),
			Now:     time.Now,
		}}
		newRoot(g)
		a, err := g.offline()
		check(t, err)
		d, err := g.env.Drivers.Find("zyntro")
		check(t, err)
		if _, _, err := a.credentials(t.Context(), d); (err == nil) != own || !own && fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", base, err)
		}
	}
}
