// Package config reads the settings of the program: flags over environment over
// the profile in config.yaml over defaults, each with its source.
//
// It reads preferences only. Credentials and secrets are never settings, and
// nothing here writes but Set, Unset and what makes, chooses and removes profiles,
// which keep the file's comments. The file:
//
//	profile: work              # the current profile
//	secret-store: file         # settings of the whole program
//	profiles:
//	  work:
//	    output: json           # settings that may differ by profile
//	    zyntro:
//	      base-url: http://127.0.0.1:1234
package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// DefaultProfile is the profile's name where nothing names one.
const DefaultProfile = "default"

// EnvProfile is the environment variable that names the profile, EnvDir that of
// the directory.
const (
	EnvProfile = "HOOKCTL_PROFILE"
	EnvDir     = "HOOKCTL_CONFIG_DIR"
)

const fileName = "config.yaml"

// Input is everything that settings come from.
type Input struct {
	Dir     string              // the configuration directory; "" where there is none: no settings, and none can be written
	Getenv  func(string) string // the environment; nil for none. An empty value counts as unset.
	Flags   map[string]string   // flags that the user gave, by setting key
	Keys    []Key               // every setting that exists
	Profile string              // --profile, "" if not given
	Disk    *durable.Calls      // how the file is changed; the system's own where it is nil
}

// Key declares one setting.
type Key struct {
	Name    string // "output", "zyntro.base-url": lower case, a dot for each level of the file
	Default string
	Usage   string
	Check   func(value string) error // nil: anything goes
	Profile bool                     // may differ by profile; else it stands at the top of the file
}

// Env is the name of the key's environment variable: HOOKCTL_ + the key in
// upper case with "_" for "." and "-".
func (k Key) Env() string {
	return "HOOKCTL_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(k.Name))
}

// path is where the key stands in the file.
func (k Key) path(profile string) []string {
	path := strings.Split(k.Name, ".")
	if k.Profile {
		path = append([]string{"profiles", profile}, path...)
	}
	return path
}

func (k Key) check(value string) error {
	if k.Check == nil {
		return nil
	}
	return k.Check(value)
}

// Setting is the JSON of one value and where it came from.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"` // "flag --output", "environment HOOKCTL_OUTPUT", "config.yaml (profile work)", "config.yaml", FromDefault
}

// FromFile reports whether config.yaml says so.
func (s Setting) FromFile() bool { return strings.HasPrefix(s.Source, fileName) }

// mostSuggestions is how many names an error suggests.
const mostSuggestions = 3

// FromDefault is the source of a setting that nobody has set.
const FromDefault = "default"

// Config holds the effective settings. It is not for concurrent use with Set,
// Unset or UseProfile.
type Config struct {
	in       Input
	file     *file
	profile  Setting
	settings map[string]Setting
}

// Load reads config.yaml under in.Dir. An absent file is an empty one. A file
// that does not parse, has unknown or doubled keys or bad values is a Usage
// error with file and line; the file is left as it is.
func Load(in Input) (*Config, error) {
	if err := checkKeys(in.Keys); err != nil {
		return nil, err
	}
	if in.Getenv == nil {
		in.Getenv = func(string) string { return "" }
	}
	c := &Config{in: in}
	return c, c.load()
}

func (c *Config) load() error {
	text, err := readText(c.Path())
	if err != nil {
		return err
	}
	_, f, err := parseFile(c.Path(), text, c.in.Keys)
	if err != nil {
		return err
	}
	c.file = f
	if c.profile, err = effectiveProfile(c.in, f); err != nil {
		return err
	}
	c.settings = merge(c.in.Keys, layers{
		file:  f.settings(c.profile.Value),
		env:   environment(c.in),
		flags: flags(c.in.Flags),
	})
	// What the file says is checked already, line by line.
	for _, k := range c.in.Keys {
		s := c.settings[k.Name]
		if s.FromFile() {
			continue
		}
		if err := k.check(s.Value); err != nil {
			return fault.Errorf(fault.Usage, "%s: %w", s.Source, err)
		}
	}
	return nil
}

func environment(in Input) map[string]Setting {
	set := map[string]Setting{}
	for _, k := range in.Keys {
		if v := in.Getenv(k.Env()); v != "" {
			set[k.Name] = Setting{k.Name, v, "environment " + k.Env()}
		}
	}
	return set
}

func flags(given map[string]string) map[string]Setting {
	set := map[string]Setting{}
	for key, v := range given {
		set[key] = Setting{key, v, "flag --" + key}
	}
	return set
}

func effectiveProfile(in Input, f *file) (Setting, error) {
	s := Setting{"profile", DefaultProfile, FromDefault}
	switch {
	case in.Profile != "":
		s.Value, s.Source = in.Profile, "flag --profile"
	case in.Getenv(EnvProfile) != "":
		s.Value, s.Source = in.Getenv(EnvProfile), "environment "+EnvProfile
	case f.current.value != "":
		s.Value, s.Source = f.current.value, fileName
	}
	if err := CheckProfile(s.Value); err != nil {
		return s, fault.Errorf(fault.Usage, "%s: %w", s.Source, err)
	}
	return s, nil
}

// CheckProfile reports, as a Usage error, a name that no profile can have. A profile
// is a key of the file, which is lower case throughout, and part of what the
// operating system's keyring shows.
func CheckProfile(name string) error {
	if len(name) > 64 || !isName(name, "_-", false) {
		return fault.Usagef("%q cannot be the name of a profile", name).
			WithHint("use up to 64 lower-case letters, digits, - and _, and begin with a letter or digit")
	}
	return nil
}

// isName reports whether a name is of lower-case letters, digits and the marks, begins
// with none of these and, where they are single, has each of them between two others.
func isName(name, marks string, single bool) bool {
	after := true // a mark, or the beginning
	for i := range len(name) {
		c := name[i]
		mark := strings.IndexByte(marks, c) >= 0
		if !mark && (c < 'a' || c > 'z') && (c < '0' || c > '9') || mark && (i == 0 || single && after) {
			return false
		}
		after = mark
	}
	return name != "" && !(single && after)
}

// checkKeys finds declarations that could never be read.
func checkKeys(keys []Key) error {
	seen := map[string]bool{}
	for _, k := range keys {
		switch {
		case !isName(k.Name, "-.", true):
			return fault.Errorf(fault.Other, "setting %q: not a lower-case name", k.Name)
		case k.Name == "profile" || k.Name == "profiles" || seen[k.Name]:
			return fault.Errorf(fault.Other, "setting %q: the name is taken", k.Name)
		}
		seen[k.Name] = true
	}
	for _, k := range keys {
		for i, r := range k.Name {
			if r == '.' && seen[k.Name[:i]] {
				return fault.Errorf(fault.Other, "setting %q: %q is a value, not a group", k.Name, k.Name[:i])
			}
		}
	}
	return nil
}

// Profile is the effective profile's name; "default" if nothing says otherwise.
func (c *Config) Profile() string { return c.profile.Value }

// ProfileSetting is the effective profile with its source.
func (c *Config) ProfileSetting() Setting { return c.profile }

// Lookup returns one setting, and whether there is one of that name.
func (c *Config) Lookup(key string) (Setting, bool) {
	s, ok := c.settings[key]
	return s, ok
}

// Get returns one setting. It panics on a key that was not declared: that is a
// programming error caught by any test of the command. For a key that a user
// typed there is Lookup.
func (c *Config) Get(key string) Setting {
	s, ok := c.settings[key]
	if !ok {
		panic("config: undeclared setting " + key)
	}
	return s
}

// String returns a setting's value.
func (c *Config) String(key string) string { return c.Get(key).Value }

// Duration returns the value of a setting that is a time; 0 for any other.
func (c *Config) Duration(key string) time.Duration {
	d, err := ParseDuration(c.Get(key).Value)
	if err != nil {
		return 0
	}
	return d
}

// All returns every setting in the order declared.
func (c *Config) All() []Setting {
	all := make([]Setting, len(c.in.Keys))
	for i, k := range c.in.Keys {
		all[i] = c.settings[k.Name]
	}
	return all
}

// Path is the config file's path, whether or not it exists; "" where there is
// no configuration directory.
func (c *Config) Path() string {
	if c.in.Dir == "" {
		return ""
	}
	return filepath.Join(c.in.Dir, fileName)
}

// Profiles lists the profiles that the file names, in its order.
func (c *Config) Profiles() []string { return slices.Clone(c.file.profiles) }

// ownerOf is the provider that a name of a setting begins with, or the word for one.
func (c *Config) ownerOf(name string) string {
	owner, _, _ := strings.Cut(name, ".")
	if slices.ContainsFunc(c.in.Keys, func(k Key) bool { return strings.HasPrefix(k.Name, owner+".") }) {
		return owner
	}
	return "<provider>"
}

// key finds a declared key by a name that a user typed.
func (c *Config) key(name string) (Key, error) {
	for _, k := range c.in.Keys {
		if k.Name == name {
			return k, nil
		}
	}
	meant := meant(name, c.in.Keys)
	if looksLikeCredential(name, meant) {
		return Key{}, fault.Usagef("%q is not a setting: hookctl never stores credentials and secrets in %s", name, fileName).
			WithCommand("hookctl login %s", c.ownerOf(name))
	}
	err := fault.Usagef("there is no setting %q", name).WithCode("unknown-setting")
	if len(meant) > 0 {
		return Key{}, err.WithHint("did you mean: %s\nsee all of them: hookctl config list", strings.Join(meant, ", "))
	}
	return Key{}, err.WithHint("see all of them: hookctl config list")
}

// meant are the settings, at most three, that name may be a slip for: that of a
// variable, those of nearly that name, else those whose last part is nearly or
// holds the last part of name, as zyntro.url for zyntro.base-url.
func meant(name string, keys []Key) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		if names[i] = k.Name; strings.EqualFold(k.Env(), name) {
			return []string{k.Name}
		}
	}
	if found := term.Nearest(name, names, mostSuggestions); len(found) > 0 {
		return found
	}
	group, part := splitKey(name)
	var found, inGroup []string
	for _, n := range names {
		g, p := splitKey(n)
		if p != part && (len(part) < 3 || !strings.Contains(p, part)) && len(term.Nearest(part, []string{p}, 1)) == 0 {
			continue
		}
		found = append(found, n)
		if g == group || len(term.Nearest(group, []string{g}, 1)) > 0 {
			inGroup = append(inGroup, n)
		}
	}
	if len(inGroup) > 0 {
		found = inGroup
	}
	slices.Sort(found)
	return found[:min(mostSuggestions, len(found))]
}

// splitKey splits a setting's name before its last part.
func splitKey(name string) (group, part string) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:]
}

// Unknown is the error for the name of a setting that there is not.
func (c *Config) Unknown(name string) error {
	_, err := c.key(name)
	return err
}

// source names the place of a key of the file.
func source(k Key, profile string) string {
	if k.Profile {
		return fmt.Sprintf("%s (profile %s)", fileName, profile)
	}
	return fileName
}
