package config

import (
	"slices"

	"github.com/hookctl/hookctl/internal/fault"
)

// UseProfile makes name the current profile in the file.
func (c *Config) UseProfile(name string) error {
	if err := CheckProfile(name); err != nil {
		return err
	}
	return c.edit([]string{"profile"}, &name)
}

// CreateProfile adds a profile without settings to the file. One that is there
// already stays as it is.
func (c *Config) CreateProfile(name string) error {
	if err := CheckProfile(name); err != nil {
		return err
	}
	i := slices.IndexFunc(c.in.Keys, func(k Key) bool { return k.Profile })
	if i < 0 {
		return fault.Errorf(fault.Other, "there is no setting that differs by profile")
	}
	path, value := c.in.Keys[i].path(name), "x"
	return c.change(func(old []byte) ([]byte, error) {
		f, err := parseFile(c.Path(), old, c.in.Keys)
		if err != nil || slices.Contains(f.profiles, name) {
			return old, err
		}
		// A setting goes in and out again: what stays is its empty profile.
		text, err := editText(c.Path(), old, path, &value)
		if err != nil {
			return nil, err
		}
		return editText(c.Path(), text, path, nil)
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
	return c.change(func(old []byte) ([]byte, error) {
		f, err := parseFile(c.Path(), old, c.in.Keys)
		if err != nil {
			return nil, err
		}
		text := old
		if slices.Contains(f.profiles, name) {
			if text, err = editText(c.Path(), text, []string{"profiles", name}, nil); err != nil {
				return nil, err
			}
		}
		if f.current.value == name {
			return editText(c.Path(), text, []string{"profile"}, nil)
		}
		return text, nil
	})
}
