package config_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/config"
	"github.com/hookctl/hookctl/internal/fault"
)

func TestCreateProfile(t *testing.T) {
	t.Parallel()
	for before, after := range map[string]string{
		"":                         "profiles:\n  new:\n",
		"secret-store: file\n":     "secret-store: file\nprofiles:\n  new:\n",
		"profiles:\n":              "profiles:\n  new:\n",
		"profiles: {}\n":           "profiles:\n  new:\n",
		"profiles: {a: {}}\n":      "profiles: {a: {}, new: {}}\n",
		"profiles:\n  new: # x\n":  "profiles:\n  new: # x\n",
		"profiles:\n    a:\n# x\n": "profiles:\n  a:\n  new:\n# x\n",
		sample:                     tidy + "  new:\n",
	} {
		c := load(t, config.Input{Dir: dir(t, before)})
		for range 2 { // the second time nothing happens
			if err := c.CreateProfile("new"); err != nil {
				t.Fatalf("%q: %v", before, err)
			}
		}
		text, err := os.ReadFile(c.Path())
		if err != nil || string(text) != after || !slices.Contains(c.Profiles(), "new") {
			t.Errorf("profiles %v, %v:\n%s", c.Profiles(), err, text)
		}
	}
}

func TestRemoveProfile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ before, name, after string }{
		{"", "a", ""},
		{"profiles:\n  a:\n", "a", "profiles:\n"},
		{"profile: a # x\nsecret-store: file\nprofiles:\n  # of a\n  a:\n    output: json\n    zyntro:\n      path-prefix: /p\n  b:\n    output: yaml\n", "a",
			"secret-store: file\nprofiles:\n  # of a\n  b:\n    output: yaml\n"},
		{"profile: b\nprofiles:\n  a: {output: json}\n  b:\n", "a", "profile: b\nprofiles:\n  b:\n"},
		{"profile: gone\nprofiles:\n  a:\n", "gone", "profiles:\n  a:\n"},
		{"profiles: {a: {output: json}, b: {}}\n", "a", "profiles: {b: {}}\n"},
		{"profiles:\n  a: {\n    output: json\n  }\n  b:\n    output: yaml\n", "a", "profiles:\n  b:\n    output: yaml\n"},
		{"profiles:\n  a:\n    zyntro:\n      path-prefix: >-\n        /x\n  b:\n    output: yaml\n", "a", "profiles:\n  b:\n    output: yaml\n"},
		{sample, "other", sample},
	} {
		c := load(t, config.Input{Dir: dir(t, tc.before)})
		if err := c.RemoveProfile(tc.name); err != nil {
			t.Fatalf("%q: %v", tc.before, err)
		}
		text, err := os.ReadFile(c.Path())
		if err != nil && tc.before != "" || string(text) != tc.after || slices.Contains(c.Profiles(), tc.name) {
			t.Errorf("%q: profiles %v, %v:\n%s", tc.before, c.Profiles(), err, text)
		}
	}
}

func TestProfileNames(t *testing.T) {
	t.Parallel()
	c := load(t, config.Input{Dir: dir(t, sample)})
	for _, do := range []func(string) error{c.UseProfile, c.CreateProfile, c.RemoveProfile} {
		for _, name := range []string{"", "Upper", "a.b", "../x", strings.Repeat("x", 65)} {
			if err := do(name); fault.KindOf(err) != fault.Usage {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	if text, err := os.ReadFile(c.Path()); err != nil || string(text) != sample {
		t.Errorf("%v\n%s", err, text)
	}
}
