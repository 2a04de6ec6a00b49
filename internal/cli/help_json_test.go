//go:build unix

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/view"
)

// manualOf is what `help --json` with more words prints.
func manualOf(t *testing.T, w *world, more ...string) view.Manual {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(w.run(0, append([]string{"help", "--json"}, more...)...)))
	dec.DisallowUnknownFields()
	var m view.Manual
	check(t, dec.Decode(&m))
	return m
}

// wordless are the commands that print no JSON of their own.
var wordless = map[string]string{
	"secrets run": "the command's output", "demo": "a story for people",
	"completion bash": "a script", "completion zsh": "a script", "completion fish": "a script", "completion powershell": "a script",
}

// TestManualIsWhole: every command, flag, variable and exit code stands in the
// document, once and in the order of the program.
func TestManualIsWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := manualOf(t, w)
	if m.Version != 1 || m.Hookctl != "test" {
		t.Errorf("version %d of hookctl %s", m.Version, m.Hookctl)
	}
	var paths, flags []string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		if c.HasParent() {
			paths = append(paths, pathOf(c))
			c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
				if !f.Hidden {
					flags = append(flags, pathOf(c)+" --"+f.Name+" "+f.Shorthand+" "+f.Usage)
				}
			})
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	root := newRoot(&globals{env: w.env})
	walk(root)
	var gotPaths, gotFlags []string
	for _, c := range m.Commands {
		gotPaths = append(gotPaths, c.Path)
		for _, f := range c.Flags {
			shorthand := ""
			if f.Shorthand != nil {
				shorthand = *f.Shorthand
			}
			gotFlags = append(gotFlags, c.Path+" --"+f.Name+" "+shorthand+" "+f.Usage)
		}
		if printed, why := len(m.Output[c.Path]) > 0, wordless[c.Path]; !c.Group && printed == (why != "") || c.Group && printed {
			t.Errorf("%s: there are %d documents of it, and: %q", c.Path, len(m.Output[c.Path]), why)
		}
		if !strings.HasPrefix(c.Usage, "hookctl "+c.Path) || c.Short == "" {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(gotPaths, paths) {
		t.Errorf("commands: %q\nwant %q", gotPaths, paths)
	}
	if !slices.Equal(gotFlags, flags) {
		t.Errorf("flags: %q\nwant %q", gotFlags, flags)
	}
	global := 0
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !slices.ContainsFunc(m.GlobalFlags, func(g view.Flag) bool { return g.Name == f.Name }) {
			t.Errorf("no flag --%s", f.Name)
		}
		global++
	})
	if global != len(m.GlobalFlags) {
		t.Errorf("%d flags of every command, want %d", len(m.GlobalFlags), global)
	}
	var names []string
	for _, v := range m.Environment {
		if slices.Contains(names, v.Name) || v.Meaning == "" || strings.Contains(v.Name, ",") {
			t.Errorf("the variable %+v", v)
		}
		names = append(names, v.Name)
	}
	want := append(credentialNames(w.env.Drivers), config.EnvDir, config.EnvProfile, "CI", "CLAUDECODE", "ZDOTDIR")
	for _, k := range settingKeys(w.env.Drivers) {
		want = append(want, k.Env())
	}
	for _, name := range want {
		if !slices.Contains(names, name) && slices.Contains(names, ourVariables+name) == strings.HasPrefix(name, ourVariables) {
			t.Errorf("no variable %s", name)
		}
	}
	var exits []int
	for _, c := range m.ExitCodes {
		exits = append(exits, c.Code)
	}
	wantExits := []int{0}
	for _, row := range fault.Table {
		wantExits = append(wantExits, row.Exit)
	}
	if !slices.Equal(exits, wantExits) {
		t.Errorf("exit codes %v, want %v", exits, wantExits)
	}
	if again := w.run(0, "help", "--json"); again != w.run(0, "help", "--json", "-o", "json") {
		t.Error("two runs differ")
	}
	part := manualOf(t, w, "secrets")
	for _, c := range part.Commands {
		if c.Path != "secrets" && !strings.HasPrefix(c.Path, "secrets ") {
			t.Errorf("help secrets --json has %s", c.Path)
		}
	}
	for path := range part.Output {
		if !strings.HasPrefix(path, "secrets ") {
			t.Errorf("help secrets --json has the output of %s", path)
		}
	}
	if got := w.run(0, "help", "--json", "--jq", `.commands[] | select(.path == "create zyntro").flags[] | select(.name == "url") | .required, .repeatable, .type`); got != "true\nfalse\nstring\n" {
		t.Errorf("%q", got)
	}
	w.run(2, "help", "--json", "-o", "table")
	w.said("keep one")
	w.run(2, "help", "--json", "nonsense")
	for _, other := range []string{"exit-codes", "wundertreos"} {
		if got := w.run(0, "help", other, "--json"); got != w.run(0, "help", other, "-o", "json") || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s", other, got)
		}
	}
}

// belongs is why doc is none of the documents that members describe, "" if it is.
func belongs(members []view.Member, doc any) string {
	listed := map[string]view.Member{}
	for _, m := range members {
		listed[m.Path] = m
	}
	var look func(path string, value any) string
	look = func(path string, value any) string {
		m, ok := listed[path]
		kind := map[string]bool{}
		switch v := value.(type) {
		case nil:
			kind["any"] = true
			if ok && !m.Null && m.Type != "any" {
				return path + " is null"
			}
			kind[m.Type] = true
		case string:
			kind["string"] = true
		case bool:
			kind["boolean"] = true
		case json.Number:
			kind["number"], kind["integer"] = true, !strings.Contains(v.String(), ".")
		case []any:
			kind["array"] = true
		case map[string]any:
			kind["object"] = true
		}
		switch {
		case !ok:
			return path + " is not listed"
		case m.Type == "any":
			return ""
		case !kind[m.Type]:
			return fmt.Sprintf("%s is listed as %s, and is %v", path, m.Type, value)
		}
		elements := strings.TrimSuffix(path, ".") + "[]"
		if path == "." {
			elements = ".[]"
		}
		switch v := value.(type) {
		case []any:
			for _, e := range v {
				if why := look(elements, e); why != "" {
					return why
				}
			}
		case map[string]any:
			for name, e := range v {
				child := strings.TrimSuffix(path, ".") + "." + name
				if _, ok := listed[elements]; ok {
					child = elements
				}
				if why := look(child, e); why != "" {
					return why
				}
			}
			for _, m := range members {
				parent, name := m.Path, ""
				if i := strings.LastIndexByte(m.Path, '.'); i >= 0 && m.Path != "." && !strings.HasSuffix(m.Path, "[]") {
					parent, name = m.Path[:i], m.Path[i+1:]
				}
				if _, there := v[name]; name != "" && (parent == path || parent == "" && path == ".") && !there && !m.Optional {
					return m.Path + " is absent"
				}
			}
		}
		return ""
	}
	return look(".", doc)
}

// reading are commands that print a list and change nothing.
var reading = []string{"list", "list-events", "verify", "send", "replay", "secrets list", "secrets check", "config list", "profile list", "doctor"}

// TestManualOutput: what commands print is what the document says of them.
func TestManualOutput(t *testing.T) {
	w := newWorld(t)
	url, _ := ledger(t)
	identity, err := age.GenerateX25519Identity()
	check(t, err)
	work := t.TempDir()
	t.Chdir(work)
	signed := signedRecord(`{"id":"1","event_type":"contact.created"}`)
	write(t, filepath.Join(work, "d.ndjson"), signed+unsignedRecord(`{"id":"2"}`))
	write(t, filepath.Join(work, "one.ndjson"), signed)
	write(t, filepath.Join(work, "answered.ndjson"), strings.TrimSuffix(strings.TrimSpace(signed), "}")+`,"answer":{"status":200,"headers":{"A":["b"]},"body_base64":"e30=","ms":1.5}}`+"\n")
	write(t, filepath.Join(work, "body.json"), `{"id":"1"}`)
	write(t, filepath.Join(work, "key.txt"), identity.String()+"\n")
	write(t, filepath.Join(work, "hooks.yaml"), "version: 1\nwebhooks:\n  - {provider: wundertreos, name: N, url: https://example.com/h, events: [contact.created]}\n")
	w.env.Environ = append(w.env.Environ, "S=0123456789abcdef0123456789abcdef", "HOME="+work, "TMPDIR="+work, "PATH="+os.Getenv("PATH"))
	ids := w.seed()
	m := manualOf(t, w)
	covered := map[string]bool{}
	fill := strings.NewReplacer("{z}", ids["zyntro"], "{w}", ids["wundertreos"], "{url}", url, "{age}", identity.Recipient().String())
	try := func(path string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		env := *w.env
		env.Streams.Out, env.Streams.Err = &out, &errs
		line := append(strings.Fields(path), "-o", "json")
		for _, a := range args {
			line = append(line, fill.Replace(a))
		}
		code := Run(t.Context(), &env, line)
		covered[path] = true
		var doc any
		dec := json.NewDecoder(&out)
		dec.UseNumber()
		if err := dec.Decode(&doc); err != nil {
			t.Errorf("%q exited %d: %v: %s", line, code, err, &errs)
			return
		}
		var why []string
		for _, d := range m.Output[path] {
			unlike := belongs(d.Members, doc)
			if list, ok := doc.([]any); unlike == "" && ok && len(list) > 0 && slices.Contains(reading, path) {
				line[slices.Index(line, "-o")], line[slices.Index(line, "json")] = "--jq", "type"
				out.Reset()
				Run(t.Context(), &env, line)
				if whole := strings.HasPrefix(out.String(), "array\n"); whole == d.Streamed {
					t.Errorf("%q: streamed is %v, and --jq gets %s", line, d.Streamed, &out)
				}
			}
			if unlike == "" {
				return
			}
			why = append(why, unlike)
		}
		t.Errorf("%q prints what is not listed: %q", line, why)
	}
	lines := func(path string, args ...string) {
		for _, a := range args {
			try(path, strings.Fields(a)...)
		}
	}
	lines("create zyntro", "--name A --url https://example.com/a --event new_contact --store-only", "--name A --url https://example.com/a --event new_contact --dry-run", "--name A --url https://example.com/a --event new_contact --curl", "--name A --url https://example.com/a --event new_contact --if-absent --store-only --secret-to file:secret")
	lines("create wundertreos", "--url https://example.com/b --event contact.created --store-only --show-secret")
	lines("list", "", "zyntro")
	lines("get", "{z}", "{w}")
	lines("update", "{z} --timeout 60", "{w} --replace --url https://example.com/x --yes --store-only")
	ids["wundertreos"] = w.run(0, "create", "wundertreos", "--url", "https://example.com/w", "--event", "contact.created", "--store-only", "--jq", ".id")
	fill = strings.NewReplacer("{z}", ids["zyntro"], "{w}", strings.TrimSpace(ids["wundertreos"]), "{url}", url, "{age}", identity.Recipient().String())
	lines("pause", "{z}")
	lines("resume", "{z}")
	lines("rotate", "{w} --dry-run", "{z} --yes --store-only")
	lines("list-events", "zyntro", "zyntro --live")
	lines("export", "")
	lines("plan", "-f hooks.yaml")
	lines("apply", "-f hooks.yaml --yes --store-only")
	lines("verify", "d.ndjson --secret-env S", "body.json --secret-env S --provider wundertreos --signature "+strings.Repeat("0", 64))
	lines("show", "answered.ndjson", "one.ndjson --secret-env S", "d.ndjson#2")
	lines("diff", "d.ndjson#1 d.ndjson#2")
	lines("listen", "--timeout 1ms --addr 127.0.0.1:0 --secret-env S --provider wundertreos")
	lines("send", "{url} --event contact.created --secret-env S", "{url} --event contact.created --secret-env S --dry-run", "{url} --event contact.created --secret-env S --repeat 2", "{url} --event contact.created --secret-env S --twice")
	lines("replay", "one.ndjson --to {url}", "one.ndjson --to {url} --dry-run", "answered.ndjson --to {url} --expect")
	lines("sign", "body.json --provider wundertreos --secret-env S")
	lines("snippet", "express --provider zyntro", "go --provider wundertreos")
	lines("secrets list", "")
	lines("secrets show", "{w}")
	lines("secrets set", "wundertreos/1 --from-env S")
	lines("secrets push", "{w} --to file:pushed")
	lines("secrets migrate", "--to file")
	lines("secrets check", "", "--online")
	lines("secrets export", "--age-recipient {age} --out bundle")
	lines("secrets import", "bundle --identity key.txt")
	lines("secrets remove", "wundertreos/1 --yes", "--deleted --yes")
	lines("recover", "")
	lines("login", "wundertreos")
	lines("logout", "wundertreos")
	lines("config get", "output")
	lines("config set", "output table")
	lines("config unset", "output")
	lines("config list", "")
	lines("config path", "")
	lines("profile create", "work")
	lines("profile list", "")
	lines("profile use", "default")
	lines("profile remove", "work --yes")
	lines("doctor", "--offline", "")
	lines("api", "wundertreos oauth-me")
	lines("completion install", "zsh", "bash --dry-run")
	lines("version", "")
	lines("help", "--json", "exit-codes", "wundertreos", "zyntro")
	lines("delete", "{w} --dry-run", "{w} --yes")
	elsewhere := []string{"sandbox", "sandbox start", "sandbox stop", "sandbox emit", "sandbox log"} // they need a process: sandbox_start.txtar, sandbox_emit.txtar
	for path := range m.Output {
		if !covered[path] && !slices.Contains(elsewhere, path) {
			t.Errorf("%s is not tried", path)
		}
	}
	var failed any
	env := *w.env
	var errs bytes.Buffer
	env.Streams.Err = &errs
	Run(t.Context(), &env, []string{"get", "zyntro/none", "-o", "json"})
	check(t, json.Unmarshal(errs.Bytes(), &failed))
	if number, ok := failed.(map[string]any)["error"].(map[string]any); ok {
		number["exit_code"] = json.Number(fmt.Sprint(number["exit_code"]))
	}
	if why := belongs(m.Error, failed); why != "" {
		t.Errorf("an error is not as listed: %s: %s", why, &errs)
	}
}

// TestRequiredFlags: a flag is called required where its command says that it is
// missing, and nowhere else.
func TestRequiredFlags(t *testing.T) {
	w := newWorld(t)
	work := t.TempDir()
	t.Chdir(work)
	write(t, filepath.Join(work, "body.json"), `{"id":"1"}`)
	w.env.Environ = append(w.env.Environ, "S=0123456789abcdef")
	required := map[string]bool{}
	for _, c := range manualOf(t, w).Commands {
		for _, f := range c.Flags {
			if f.Required {
				required[c.Path+" --"+f.Name] = true
			}
		}
	}
	missing := regexp.MustCompile(`(--[a-z-]+) is missing|missing: (--[a-z-]+)`)
	said := map[string]bool{}
	for path, args := range calls {
		if wordless[path] != "" || slices.Contains([]string{"completion", "help", "listen"}, path) || strings.HasPrefix(path, "sandbox") {
			continue // they have no such flag, and do something without any
		}
		if i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") }); i >= 0 {
			args = args[:i]
		}
		var out, errs bytes.Buffer
		env := *w.env
		env.Streams.Out, env.Streams.Err = &out, &errs
		Run(t.Context(), &env, append(append(strings.Fields(path), strings.Fields(strings.ReplaceAll(strings.Join(args, " "), "{url}", "http://127.0.0.1:1"))...), "-o", "table"))
		for _, found := range missing.FindAllStringSubmatch(errs.String(), -1) {
			said[path+" "+strings.Join(found[1:], "")] = true
		}
	}
	if !maps.Equal(said, required) {
		t.Errorf("missing are %v, required %v", slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(required)))
	}
}
