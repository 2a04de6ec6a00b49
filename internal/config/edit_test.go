package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
)

// tidy is sample as the program writes it: without blank lines, and with one blank
// before a comment.
var tidy = strings.NewReplacer("\n\n", "\n", "   #", " #").Replace(sample)

// edits are changes of a file. Everything that the change is not about, comments
// included, must be the same, but for blank lines and indentation.
var edits = []struct {
	name, before string
	profile      string
	key, value   string // value "-": unset
	after        string
}{
	{"first setting", "", "", "output", "json", "profiles:\n  default:\n    output: json\n"},
	{"first top setting", "", "", "secret-store", "keyring", "secret-store: keyring\n"},
	{"only comments", "# hi", "", "secret-store", "keyring", "# hi\n\nsecret-store: keyring\n"},
	{"replace", sample, "", "output", "yaml", strings.Replace(tidy, "output: json ", "output: yaml ", 1)},
	{"replace in braces", sample, "", "zyntro.path-prefix", "/longer/one", strings.Replace(tidy, "/p}", "/longer/one}", 1)},
	{"replace quoted in braces", sample, "", "zyntro.base-url", "https://x", strings.Replace(tidy, `"http://127.0.0.1:1234"`, "'https://x'", 1)},
	{"replace single-quoted", sample, "home", "zyntro.base-url", "it's: \"x\" # y", strings.Replace(tidy, "'http://home.example.com'", `'it''s: "x" # y'`, 1)},
	{"replace top", sample, "", "secret-store", "file", strings.Replace(tidy, "store: keyring", "store: file", 1)},
	{"same value", sample, "", "secret-store", "keyring", sample},
	{"add to a profile", sample, "", "request-timeout", "5", strings.Replace(tidy, "prefix: /p}\n", "prefix: /p}\n    request-timeout: 5\n", 1)},
	{"add to a group", sample, "home", "zyntro.path-prefix", "/x", strings.Replace(tidy, "example.com'\n", "example.com'\n      path-prefix: /x\n", 1)},
	{"add to an empty profile", sample, "empty", "zyntro.path-prefix", "/x", tidy + "    zyntro:\n      path-prefix: /x\n"},
	{"add a profile", sample, "new", "output", "json", tidy + "  new:\n    output: json\n"},
	{"add to the top", sample, "", "no-input", "true", tidy + "no-input: true\n"},
	{"add in braces", "profiles: {a: {output: json}} # x\n", "a", "zyntro.base-url", "http://h:1/", "profiles: {a: {output: json, zyntro: {base-url: 'http://h:1/'}}} # x\n"},
	{"add to empty braces", "profiles: {}\n", "a", "output", "json", "profiles:\n  a:\n    output: json\n"},
	{"whole file in braces", "{secret-store: file}\n", "", "no-input", "1", "{secret-store: file, no-input: 1}\n"},
	{"comments at the end, no newline", "profiles:\n  default:\n    output: json\n  # tail\n# end", "", "output", "yaml", "profiles:\n  default:\n    output: yaml\n    # tail\n# end\n"},
	{"no newline at the end", "secret-store: file", "", "no-input", "1", "secret-store: file\nno-input: 1\n"},
	{"CRLF", "secret-store: file\r\n# x\r\n", "", "output", "json", "secret-store: file\n# x\n\nprofiles:\n  default:\n    output: json\n"},
	{"byte order mark", "\ufeffsecret-store: file # x\n", "", "secret-store", "keyring", "secret-store: keyring # x\n"},
	{"wide indent", "profiles:\n        a:\n                output: json\n", "a", "request-timeout", "9s", "profiles:\n  a:\n    output: json\n    request-timeout: 9s\n"},
	{"non-ASCII before", "profiles: {a: {zyntro: {path-prefix: \"/é日\", base-url: x}}}\n", "a", "zyntro.base-url", "y", "profiles: {a: {zyntro: {path-prefix: \"/é日\", base-url: y}}}\n"},
	{"value that needs quotes", "secret-store: file\n", "", "zyntro.base-url", "null", "secret-store: file\nprofiles:\n  default:\n    zyntro:\n      base-url: \"null\"\n"},
	{"empty value", "", "", "zyntro.base-url", "", "profiles:\n  default:\n    zyntro:\n      base-url: \"\"\n"},
	{"quotes inside", "profiles: {default: {zyntro: {base-url: \"a\\\"b\", path-prefix: 'it''s'}}}\n", "", "zyntro.path-prefix", "x", "profiles: {default: {zyntro: {base-url: \"a\\\"b\", path-prefix: x}}}\n"},
	{"folded value", "profiles:\n  default:\n    # note\n    zyntro:\n      base-url: >-\n        x\n", "", "zyntro.base-url", "y", "profiles:\n  default:\n    # note\n    zyntro:\n      base-url: y\n"},
	{"folded value of deeper lines", "profiles:\n  default:\n    zyntro:\n      base-url: >\n        x\n          y\n        z\n", "", "output", "json", "profiles:\n  default:\n    zyntro:\n      base-url: \"x\\n  y\\nz\\n\"\n    output: json\n"},
	{"value with lines at its end", "profiles:\n  default:\n    output: json\n    zyntro:\n      base-url: |+\n        x\n\n# x\n", "", "output", "yaml", "profiles:\n  default:\n    output: yaml\n    zyntro:\n      base-url: \"x\\n\\n\"\n\n# x\n"},
	{"escapes inside", "secret-store: file\nprofiles: {default: {zyntro: {base-url: \"a\\\"b\", path-prefix: x}}}\n", "", "zyntro.base-url", "y", "secret-store: file\nprofiles: {default: {zyntro: {base-url: y, path-prefix: x}}}\n"},
	{"explicit null", "# a\nprofiles: ~ # b\n", "", "output", "json", "# a\nprofiles:\n  default:\n    output: json\n# b\n"},
	{"braces over lines", "profiles: {\n  default: {\n    # c\n    output: json\n  }\n}\n", "", "zyntro.base-url", "u", "profiles: {default: {\n    # c\n    output: json, zyntro: {base-url: u}}}\n"},
	{"empty braces over lines", "profiles: {default: {\n}}\n", "", "output", "json", "profiles: {default: {output: json}}\n"},
	{"plain value over lines", "profiles:\n  default:\n    zyntro:\n      base-url: a\n        b\n", "", "output", "json", "profiles:\n  default:\n    zyntro:\n      base-url: a b\n    output: json\n"},
	{"key with a mark", "? secret-store\n: file\n", "", "secret-store", "-", ""},
	{"document end", "secret-store: file\n...\n", "", "no-input", "1", "secret-store: file\nno-input: 1\n"},

	{"unset", sample, "", "output", "-", strings.Replace(tidy, "    output: json # for scripts\n", "", 1)},
	{"unset top", sample, "", "secret-store", "-", strings.Replace(tidy, "secret-store: keyring\n", "", 1)},
	{"unset first in braces", sample, "", "zyntro.base-url", "-", strings.Replace(tidy, `base-url: "http://127.0.0.1:1234", `, "", 1)},
	{"unset last in braces", sample, "", "zyntro.path-prefix", "-", strings.Replace(tidy, ", path-prefix: /p", "", 1)},
	{"unset the only one", "secret-store: file\n", "", "secret-store", "-", ""},
	{"unset the only one in braces", "{secret-store: file}\n", "", "secret-store", "-", "{}\n"},
	{"unset what is not there", sample, "", "no-input", "-", sample},
	{"unset in a profile that is not there", sample, "new", "output", "-", sample},
	{"unset a folded value", "secret-store: >-\n  file\n# x\nno-input: 1\n", "", "secret-store", "-", "# x\nno-input: 1\n"},
	{"unset below a comment", "# top\nsecret-store: file\n# of it\nno-input: 1\n", "", "secret-store", "-", "# top\n\n# of it\nno-input: 1\n"},
	{"unset the last below a comment", "# top\nsecret-store: file\n\n# of it\nno-input: 1\n# end\n", "", "no-input", "-", "# of it\n# end\n# top\nsecret-store: file\n"},
	{"unset the only one below a comment", "# top\nsecret-store: file\n# end\n", "", "secret-store", "-", "# top\n# end\n"},
	{"set below a comment alone", "# top\n\n# end\n{}\n", "", "secret-store", "file", "# top\n\n# end\nsecret-store: file\n"},
}

func TestEdits(t *testing.T) {
	t.Parallel()
	for _, tt := range edits {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := dir(t, tt.before)
			c := load(t, config.Input{Dir: d, Profile: tt.profile})
			was := c.All()
			var err error
			if tt.value == "-" {
				err = c.Unset(tt.key)
			} else {
				err = c.Set(tt.key, tt.value)
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(c.Path())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.after, string(text)); diff != "" {
				t.Error(diff)
			}
			fresh := load(t, config.Input{Dir: d, Profile: tt.profile})
			if diff := cmp.Diff(fresh.All(), c.All()); diff != "" {
				t.Errorf("the edited settings are not those of the file:\n%s", diff)
			}
			for i, s := range c.All() {
				if s.Key != tt.key && s != was[i] {
					t.Errorf("%+v was %+v", s, was[i])
				}
			}
			if got := c.String(tt.key); tt.value != "-" && got != tt.value || tt.value == "-" && c.Get(tt.key).Source != "default" {
				t.Errorf("%s = %+v", tt.key, c.Get(tt.key))
			}
		})
	}
}

func TestSetMakesPrivateFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("file modes are not kept")
	}
	d := filepath.Join(t.TempDir(), "a", "hookctl")
	c := load(t, config.Input{Dir: d})
	if err := c.Unset("output"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(d); err == nil {
		t.Error("Unset of nothing made a directory")
	}
	if err := c.Set("output", "json"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{d: 0o700, c.Path(): 0o600} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, fi.Mode(), err)
		}
	}
	if err := os.Chmod(c.Path(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Set("output", "yaml"); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(c.Path()); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode after a second Set: %v, %v", fi.Mode(), err)
	}
	names, err := os.ReadDir(d)
	if err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// TestChangesFollowLinks: what is read through symbolic links is written through
// them, and they stay.
func TestChangesFollowLinks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege")
	}
	for name, missing := range map[string]bool{"a file": false, "nothing yet": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			d, real := filepath.Join(root, "config"), filepath.Join(root, "dot", "mine.yaml")
			for _, dir := range []string{d, filepath.Dir(real)} {
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if !missing {
				if err := os.WriteFile(real, []byte("# mine\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for link, target := range map[string]string{filepath.Join(d, "config.yaml"): "way", filepath.Join(d, "way"): "../dot/mine.yaml"} {
				if err := os.Symlink(target, link); err != nil {
					t.Fatal(err)
				}
			}
			c := load(t, config.Input{Dir: d})
			if err := errors.Join(c.Set("output", "yaml"), c.Set("secret-store", "file"), c.Unset("output"), c.CreateProfile("work"), c.UseProfile("work"), c.RemoveProfile("default")); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(real)
			if err != nil || !strings.Contains(string(text), "secret-store: file") || missing == strings.Contains(string(text), "# mine") || c.Profile() != "work" {
				t.Errorf("%v:\n%s", err, text)
			}
			for dir, want := range map[string]int{d: 2, filepath.Dir(real): 1} {
				if names, err := os.ReadDir(dir); err != nil || len(names) != want {
					t.Errorf("%v, %v", names, err)
				}
			}
			if err := os.Chmod(real, 0o666); err != nil {
				t.Fatal(err)
			}
			if err := c.Set("output", "json"); err == nil || fault.HintOf(err).Command != "chmod go-w "+real {
				t.Errorf("a file that others can write: %v", err)
			}
			if now, err := os.ReadFile(real); err != nil || string(now) != string(text) {
				t.Errorf("%v:\n%s", err, now)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	d := dir(t, sample)
	c := load(t, config.Input{Dir: d})
	for want, err := range map[string]error{
		`there is no setting "nosuch"`: c.Set("nosuch", "1"),
		`there is no setting "other"`:  c.Unset("other"),
		`"xml" is not one of`:          c.Set("output", "xml"),
		"not one line of UTF-8":        c.Set("zyntro.base-url", "a\nb"),
		"path-prefix: the value is":    c.Set("zyntro.path-prefix", "\xff"),
		`"A" cannot be the name`:       c.UseProfile("A"),
	} {
		if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if text, err := os.ReadFile(c.Path()); err != nil || string(text) != sample {
		t.Errorf("a refused change changed the file: %v", err)
	}
}

// What another process did to the file since it was loaded counts.
func TestSetReadsTheFileAgain(t *testing.T) {
	t.Parallel()
	d := dir(t, "")
	c := load(t, config.Input{Dir: d})
	if err := load(t, config.Input{Dir: d}).Set("secret-store", "keyring"); err != nil {
		t.Fatal(err)
	}
	if err := c.Set("no-input", "true"); err != nil {
		t.Fatal(err)
	}
	if c.String("secret-store") != "keyring" {
		t.Error("the other change is lost")
	}
	const broken = "secret-store: [\n"
	if err := os.WriteFile(c.Path(), []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Set("no-input", "false"); fault.KindOf(err) != fault.Usage {
		t.Errorf("Set on a broken file: %v", err)
	}
	if text, err := os.ReadFile(c.Path()); err != nil || string(text) != broken {
		t.Error("a broken file was overwritten")
	}
}

func TestUseProfile(t *testing.T) {
	t.Parallel()
	for before, after := range map[string]string{
		"":     "profile: new\n",
		sample: strings.Replace(tidy, "profile: work #", "profile: new #", 1),
	} {
		c := load(t, config.Input{Dir: dir(t, before)})
		if err := c.UseProfile("new"); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(c.Path())
		if err != nil || string(text) != after || c.Profile() != "new" {
			t.Errorf("profile %s, %v:\n%s", c.Profile(), err, text)
		}
	}
}

func TestSetWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	d := dir(t, sample)
	c := load(t, config.Input{Dir: d})
	if err := os.Rename(c.Path(), filepath.Join(d, "x")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.Path(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.Set("output", "yaml"); err == nil {
		t.Error("Set over a directory succeeds")
	}
	blocked := filepath.Join(d, "x", "sub")
	if c, err := config.Load(config.Input{Dir: blocked, Keys: keys}); err == nil {
		if err := c.Set("output", "yaml"); fault.KindOf(err) != fault.Other {
			t.Errorf("Set below a file: %v", err)
		}
	}
}

// Whatever the value, it comes back.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"", " ", "a b", "#", "a #b", "a: b", "- x", "yes", "~", "null", "0123", "1e3", "{", "[x]", "'", "\"", "\\", "*a", "&a", "!t", "%d", "@x", "`", "é日👩‍👩‍👧", "http://h:1/?a=b&c=<d>", "a:", ":a", "\u2028", "\u00a0", "\ufeff", "=", "<<"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, before := range []string{sample, "profiles: {work: {zyntro: {base-url: \"\"}}} # c\nprofile: work\n"} {
			d := dir(t, before)
			c := load(t, config.Input{Dir: d})
			if err := c.Set("zyntro.base-url", value); err != nil {
				if text, rerr := os.ReadFile(c.Path()); rerr != nil || string(text) != before {
					t.Errorf("%q: failed (%v) and changed the file", value, err)
				}
				continue
			}
			if got := load(t, config.Input{Dir: d}).String("zyntro.base-url"); got != value {
				t.Errorf("%q came back as %q", value, got)
			}
		}
	})
}
