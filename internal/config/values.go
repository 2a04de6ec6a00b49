package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads "30s", "2m", "1h30m" and bare seconds ("30").
func ParseDuration(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration: write it like 30s, 2m or 30 (seconds)", s)
	}
	return d, nil
}

// CheckDuration is a Key's check for a duration longer than none.
func CheckDuration(s string) error {
	d, err := ParseDuration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf("%q is no time at all: write it like 30s, 2m or 30 (seconds)", s)
	}
	return err
}

// ParseBool reads true, false, yes, no, on, off, 1 and 0 in any case.
func ParseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

// CheckBool is a Key's check for a switch.
func CheckBool(s string) error {
	_, err := ParseBool(s)
	return err
}

// OneOf makes a Key's check for one of a few words.
func OneOf(words ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		return fmt.Errorf("%q is not one of %s", s, strings.Join(words, ", "))
	}
}
