package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/norace"
)

func isDuration(s string) error {
	_, err := config.ParseDuration(s)
	return err
}

var keys = []config.Key{
	{Name: "output", Default: "table", Check: config.OneOf("table", "json", "yaml"), Profile: true},
	{Name: "request-timeout", Default: "30s", Check: isDuration, Profile: true},
	{Name: "zyntro.base-url", Default: "https://api.example.com", Profile: true},
	{Name: "zyntro.path-prefix", Default: "/public/account", Profile: true},
	{Name: "secret-store", Default: "file", Check: config.OneOf("file", "keyring")},
	{Name: "no-input", Default: "false", Check: config.OneOf("true", "false", "yes", "1")},
}

const sample = `# my settings
profile: work # the usual one
secret-store: keyring

profiles:
  # the day job
  work:
    output: json   # for scripts
    zyntro: {base-url: "http://127.0.0.1:1234", path-prefix: /p}
  home:
    request-timeout: 45
    zyntro:
      base-url: 'http://home.example.com'
  empty:
`

// dir makes a configuration directory with the file; "" for none.
func dir(t *testing.T, text string) string {
	t.Helper()
	d := t.TempDir()
	if text != "" {
		if err := os.WriteFile(filepath.Join(d, "config.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func env(vars ...string) func(string) string {
	m := map[string]string{}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		m[name] = value
	}
	return func(name string) string { return m[name] }
}

func load(t *testing.T, in config.Input) *config.Config {
	t.Helper()
	if in.Keys == nil {
		in.Keys = keys
	}
	c, err := config.Load(in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	d := dir(t, sample)
	tests := map[string]struct {
		in   config.Input
		want []config.Setting
	}{
		"file": {config.Input{}, []config.Setting{
			{"output", "json", "config.yaml (profile work)"},
			{"request-timeout", "30s", "default"},
			{"zyntro.base-url", "http://127.0.0.1:1234", "config.yaml (profile work)"},
			{"zyntro.path-prefix", "/p", "config.yaml (profile work)"},
			{"secret-store", "keyring", "config.yaml"},
			{"no-input", "false", "default"},
		}},
		"environment over file": {
			config.Input{Getenv: env("HOOKCTL_OUTPUT=yaml", "HOOKCTL_ZYNTRO_BASE_URL=http://env", "HOOKCTL_SECRET_STORE=file", "HOOKCTL_NO_INPUT=yes", "HOOKCTL_ZYNTRO_PATH_PREFIX=")},
			[]config.Setting{
				{"output", "yaml", "environment HOOKCTL_OUTPUT"},
				{"request-timeout", "30s", "default"},
				{"zyntro.base-url", "http://env", "environment HOOKCTL_ZYNTRO_BASE_URL"},
				{"zyntro.path-prefix", "/p", "config.yaml (profile work)"},
				{"secret-store", "file", "environment HOOKCTL_SECRET_STORE"},
				{"no-input", "yes", "environment HOOKCTL_NO_INPUT"},
			}},
		"flag over environment": {
			config.Input{Getenv: env("HOOKCTL_OUTPUT=bad but unused"), Flags: map[string]string{"output": "table", "zyntro.path-prefix": ""}},
			[]config.Setting{
				{"output", "table", "flag --output"},
				{"request-timeout", "30s", "default"},
				{"zyntro.base-url", "http://127.0.0.1:1234", "config.yaml (profile work)"},
				{"zyntro.path-prefix", "", "flag --zyntro.path-prefix"},
				{"secret-store", "keyring", "config.yaml"},
				{"no-input", "false", "default"},
			}},
		"another profile": {config.Input{Profile: "home"}, []config.Setting{
			{"output", "table", "default"},
			{"request-timeout", "45", "config.yaml (profile home)"},
			{"zyntro.base-url", "http://home.example.com", "config.yaml (profile home)"},
			{"zyntro.path-prefix", "/public/account", "default"},
			{"secret-store", "keyring", "config.yaml"},
			{"no-input", "false", "default"},
		}},
	}
	for name, tt := range tests {
		tt.in.Dir = d
		c := load(t, tt.in)
		if diff := cmp.Diff(tt.want, c.All()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		for _, s := range tt.want {
			if got := c.Get(s.Key); got != s {
				t.Errorf("%s: Get = %+v, want %+v", name, got, s)
			}
		}
	}
	if text, err := os.ReadFile(filepath.Join(d, "config.yaml")); err != nil || string(text) != sample {
		t.Errorf("reading changed the file: %v", err)
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	const none = ""
	for _, tt := range []struct {
		file, flag, env string
		want            config.Setting
	}{
		{none, "", "", config.Setting{"profile", "default", "default"}},
		{sample, "", "", config.Setting{"profile", "work", "config.yaml"}},
		{sample, "", "home", config.Setting{"profile", "home", "environment HOOKCTL_PROFILE"}},
		{sample, "unknown", "home", config.Setting{"profile", "unknown", "flag --profile"}},
	} {
		c := load(t, config.Input{Dir: dir(t, tt.file), Profile: tt.flag, Getenv: env("HOOKCTL_PROFILE=" + tt.env)})
		if got := c.ProfileSetting(); got != tt.want || c.Profile() != tt.want.Value {
			t.Errorf("profile = %+v, want %+v", got, tt.want)
		}
	}
	c := load(t, config.Input{Dir: dir(t, sample)})
	if diff := cmp.Diff([]string{"work", "home", "empty"}, c.Profiles()); diff != "" {
		t.Error(diff)
	}
}

func TestTypedValues(t *testing.T) {
	t.Parallel()
	c := load(t, config.Input{Dir: dir(t, sample), Profile: "home", Flags: map[string]string{"no-input": "yes"}})
	if d := c.Duration("request-timeout"); d != 45*time.Second {
		t.Errorf("Duration = %v", d)
	}
	if c.Duration("output") != 0 || c.String("output") != "table" {
		t.Error("typed values are wrong")
	}
	if _, ok := c.Lookup("nosuch"); ok {
		t.Error("Lookup finds what is not there")
	}
	if s, ok := c.Lookup("output"); !ok || s.Value != "table" {
		t.Errorf("Lookup = %+v, %v", s, ok)
	}
	if got, want := c.Path(), filepath.Join(filepath.Dir(c.Path()), "config.yaml"); got != want {
		t.Errorf("Path = %s", got)
	}
	if got := keys[2].Env(); got != "HOOKCTL_ZYNTRO_BASE_URL" {
		t.Errorf("Env = %s", got)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{"30": 30 * time.Second, "30s": 30 * time.Second, "1h30m": 90 * time.Minute, "250ms": 250 * time.Millisecond, "0": 0} {
		if got, err := config.ParseDuration(s); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "x", "-1", "-5s", "1.5", "99999999999", "0x10", "30 s"} {
		if d, err := config.ParseDuration(s); err == nil {
			t.Errorf("ParseDuration(%q) = %v", s, d)
		}
	}
	if config.OneOf("a", "b")("c") == nil || config.OneOf("a", "b")("b") != nil {
		t.Error("checks do not check")
	}
}

// Every fault of a file is a usage error with its line, all at once, and the
// file is left as it is.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string // parts of the message, after the path
	}{
		"unknown key":              {"secret-store: file\nnosuch: 1\n", []string{`:2: unknown setting "nosuch"`}},
		"unknown in a profile":     {"profiles:\n  a:\n    nosuch: 1\n", []string{`:3: unknown setting "nosuch"`}},
		"unknown in a group":       {"profiles:\n  a:\n    zyntro:\n      nosuch: 1\n", []string{`:4: unknown setting "zyntro.nosuch"`}},
		"nearly known":             {"profiles:\n  a:\n    outpt: json\n", []string{`:3: unknown setting "outpt": did you mean output?`}},
		"several":                  {"a: 1\nb: 2\nsecret-store: x\n", []string{`:1: unknown setting "a"`, `:2: unknown setting "b"`, `:3: secret-store: "x" is not one of file, keyring`}},
		"doubled":                  {"secret-store: file\nsecret-store: keyring\n", []string{`:2: "secret-store" appears twice, first in line 1`}},
		"doubled profile":          {"profiles:\n  a: {}\n  a: {}\n", []string{`:3: "a" appears twice, first in line 2`}},
		"upper case":               {"Secret-Store: file\n", []string{`:1: `}},
		"upper case key":           {"profiles:\n  a:\n    Output: json\n", []string{`:3: "Output": write names in lower case`}},
		"upper case profile":       {"profiles:\n  Work: {}\n", []string{`:2: "Work": write names in lower case`}},
		"bad profile name":         {"profiles:\n  -a: {}\n", []string{`:2: "-a" cannot be the name of a profile`}},
		"dotted profile name":      {"profiles:\n  a.b: {}\n", []string{`:2: "a.b" cannot be the name of a profile`}},
		"bad current profile":      {"profile: A/B\n", []string{`:1: "A/B" cannot be the name of a profile`}},
		"dotted key":               {"profiles:\n  a:\n    zyntro.base-url: x\n", []string{`:3: "zyntro.base-url": write nested groups`}},
		"bad value":                {"profiles:\n  a:\n    output: xml\n", []string{`:3: output: "xml" is not one of table, json, yaml`}},
		"no value":                 {"secret-store:\n", []string{`:1: "secret-store" has no value`}},
		"list for a value":         {"secret-store: [a]\n", []string{`:1: "secret-store" takes one value`}},
		"value for a group":        {"profiles:\n  a:\n    zyntro: x\n", []string{`:3: zyntro is not a group`}},
		"value for profiles":       {"profiles: x\n", []string{`:1: profiles is not a group`}},
		"list for a file":          {"- a\n", []string{`:1: the file is not a group`}},
		"text for a file":          {"hello\n", []string{`:1: the file is not a group`}},
		"profile key at the top":   {"output: json\n", []string{`:1: "output" belongs to a profile`}},
		"top key in a profile":     {"profiles:\n  a:\n    secret-store: file\n", []string{`:3: "secret-store" is the same for all profiles`}},
		"alias":                    {"profiles:\n  a: &x {output: json}\n  b: *x\n", []string{`:2: references`, `:3: references`}},
		"merge":                    {"profiles:\n  a:\n    <<: {output: json}\n", []string{`:3: merging with << is not supported`}},
		"type":                     {"profiles:\n  a:\n    output: !!binary anNvbg==\n", []string{`:3: types with ! are not supported`}},
		"python object":            {"!!python/object:os.system {}\n", []string{`:1: types with ! are not supported`}},
		"complex key":              {"? [a]\n: b\n", []string{`:1: a name is missing here`}},
		"empty key":                {"\"\": b\n", []string{`:1: a name is missing here`}},
		"two documents":            {"secret-store: file\n---\nsecret-store: keyring\n", []string{`a second document begins here`}},
		"syntax":                   {"secret-store: file\n  x: [\n", []string{`not valid YAML`}},
		"tab":                      {"profiles:\n\ta: {}\n", []string{`:2: not valid YAML`}},
		"not UTF-8":                {"secret-store: \xff\n", []string{` is not UTF-8 text`}},
		"UTF-16":                   {"\xff\xfea\x00", []string{` is not UTF-8 text`}},
		"control":                  {"secret-store: \x01\n", []string{`not valid YAML`}},
		"too large":                {"#" + strings.Repeat("x", 1<<20), []string{`is larger than 1048576 bytes`}},
		"many":                     {strings.Repeat("x: 1\n", 30), []string{`:1: `, `:10: `, "\nand 20 more"}},
		"half-written":             {"profiles:\n  work:\n    output: \"js", []string{`not valid YAML`}},
		"yes is not a name":        {"yes: 1\n", []string{`:1: unknown setting "yes"`}},
		"number for a profile":     {"profile: -1\n", []string{`:1: "-1" cannot be`}},
		"undefined alias":          {"profile: *nope\n", []string{`not valid YAML`}},
		"alias for the whole file": {"&a [*a]\n", []string{":1: "}},
	}
	for name, tt := range tests {
		d := dir(t, tt.text)
		path := filepath.Join(d, "config.yaml")
		_, err := config.Load(config.Input{Dir: d, Keys: keys})
		if fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
		if fault.HintOf(err).String() == "" {
			t.Errorf("%s: %q has no hint", name, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != tt.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	const canary = "sk_live_canary"
	for _, key := range []string{"api_key", "api-key", "API_KEY", "apiKey", "token", "secret", "developer-secret", "password", "auth-data", "Authorization", "key"} {
		for _, text := range []string{
			key + ": " + canary + "\n",
			"profiles:\n  a:\n    " + key + ": " + canary + "\n",
			"profiles:\n  a:\n    zyntro: {" + key + ": " + canary + "}\n",
		} {
			_, err := config.Load(config.Input{Dir: dir(t, text), Keys: keys})
			if fault.KindOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err).String(), "hookctl login") {
				t.Errorf("%q: %v, hint %q", text, err, fault.HintOf(err).String())
			}
			if strings.Contains(err.Error()+fault.HintOf(err).String(), canary) {
				t.Errorf("%q: the error shows the value", text)
			}
		}
		if err := load(t, config.Input{Dir: t.TempDir()}).Set(key, canary); fault.KindOf(err) != fault.Usage || strings.Contains(err.Error(), canary) || !strings.Contains(fault.HintOf(err).String(), "hookctl login") {
			t.Errorf("Set %s: %v", key, err)
		}
	}
}

func TestBadValuesNameTheirSource(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]config.Input{
		`environment HOOKCTL_OUTPUT: "xml"`: {Getenv: env("HOOKCTL_OUTPUT=xml")},
		`flag --output: "xml"`:              {Flags: map[string]string{"output": "xml"}},
		`environment HOOKCTL_PROFILE: "A"`:  {Getenv: env("HOOKCTL_PROFILE=A")},
		`flag --profile: "a.b"`:             {Profile: "a.b"},
	} {
		in.Dir, in.Keys = t.TempDir(), keys
		_, err := config.Load(in)
		if fault.KindOf(err) != fault.Usage || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestToleratedFiles(t *testing.T) {
	t.Parallel()
	want := load(t, config.Input{Dir: dir(t, sample)}).All()
	for name, text := range map[string]string{
		"byte order mark": "\ufeff" + sample,
		"CRLF":            strings.ReplaceAll(sample, "\n", "\r\n"),
		"both":            "\ufeff" + strings.ReplaceAll(sample, "\n", "\r\n"),
		"markers":         "---\n" + sample + "...\n",
	} {
		if diff := cmp.Diff(want, load(t, config.Input{Dir: dir(t, text)}).All()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	defaults := load(t, config.Input{Dir: t.TempDir()}).All()
	for _, text := range []string{"\n", "# nothing\n", "---\n", "{}\n", "profiles:\n", "profiles: {a: }\n", "\ufeff"} {
		if diff := cmp.Diff(defaults, load(t, config.Input{Dir: dir(t, text)}).All()); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
	if got := load(t, config.Input{Dir: dir(t, "profiles: {default: {zyntro: {path-prefix: 0123}}}")}).String("zyntro.path-prefix"); got != "0123" {
		t.Errorf("0123 is read as %q", got)
	}
}

func TestBombs(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	laughs := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i <= 'j'; i++ {
		laughs += string(i) + ": &" + string(i) + " [" + strings.Repeat("*"+string(i-1)+", ", 8) + "*" + string(i-1) + "]\n"
	}
	var many strings.Builder
	for i := range 100000 {
		many.WriteString("k")
		many.WriteString(strings.Repeat("a", i%7))
		many.WriteString(": 1\n")
	}
	for name, text := range map[string]string{
		"laughs":      laughs,
		"flow":        strings.Repeat("[", 1<<20-1),
		"flow maps":   strings.Repeat("{a: ", 1<<18-1),
		"deep":        "a: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"sequences":   strings.Repeat("- ", 1<<19-1),
		"keys":        strings.Repeat("? ", 1<<19-1),
		"many keys":   many.String(),
		"long quoted": `profile: "` + strings.Repeat("x", 1<<20-20) + `"`,
	} {
		d := dir(t, text)
		_, err := config.Load(config.Input{Dir: d, Keys: keys}) // what explodes does not end
		if fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %.100v", name, err)
		}
		if err != nil && len(err.Error()) > 1<<21 {
			t.Errorf("%s: the message has %d bytes", name, len(err.Error()))
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	if err := os.Mkdir(filepath.Join(d, "config.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Input{Dir: d, Keys: keys}); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "not a regular file") || fault.HintOf(err).String() == "" {
		t.Errorf("a directory: %v", err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("file modes are not kept")
	}
	d = dir(t, sample)
	if _, err := config.Load(config.Input{Dir: filepath.Join(d, "config.yaml"), Keys: keys}); fault.KindOf(err) != fault.Other || fault.HintOf(err).String() == "" {
		t.Errorf("a file for a directory: %v", err)
	}
	if os.Getuid() == 0 {
		return
	}
	if err := os.Chmod(filepath.Join(d, "config.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Input{Dir: d, Keys: keys}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("an unreadable file: %v", err)
	}
}

func TestBadDeclarations(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"Output"}, {"a", "a"}, {"profile"}, {"profiles"}, {""}, {"a_b"}, {"a..b"}, {"a.b", "a"}, {"a::b"}} {
		var declared []config.Key
		for _, n := range names {
			declared = append(declared, config.Key{Name: n})
		}
		if _, err := config.Load(config.Input{Dir: t.TempDir(), Keys: declared}); err == nil {
			t.Errorf("%q is accepted", names)
		}
	}
}
