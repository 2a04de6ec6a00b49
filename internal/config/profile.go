package config

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/hookctl/hookctl/internal/fault"
)

// UseProfile makes name the current profile in the file.
func (c *Config) UseProfile(name string) error {
	if err := CheckProfile(name); err != nil {
		return err
	}
	return c.edit([]string{"profile"}, name)
}

// CreateProfile adds a profile without settings to the file. One that is there
// already stays as it is.
func (c *Config) CreateProfile(name string) error {
	if err := CheckProfile(name); err != nil {
		return err
	}
	if !slices.ContainsFunc(c.in.Keys, func(k Key) bool { return k.Profile }) {
		return fault.Errorf(fault.Other, "no setting belongs to a profile")
	}
	return c.change(func(f *file, root *yaml.Node) bool {
		return !slices.Contains(f.profiles, name) && put(root, []string{"profiles", name}, null())
	})
}

// RemoveProfile removes the settings of a profile from the file. If it was the
// current one there, none is: [DefaultProfile] is in effect then. Removing what
// is not there is no error.
func (c *Config) RemoveProfile(name string) error {
	if err := CheckProfile(name); err != nil {
		return err
	}
	if c.file.empty() {
		return nil
	}
	return c.change(func(f *file, root *yaml.Node) bool {
		changed := put(root, []string{"profiles", name}, nil)
		return f.current.value == name && put(root, []string{"profile"}, nil) || changed
	})
}
