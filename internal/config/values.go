package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/term"
)

// ParseDuration reads "30s", "2m", "1h30m" and bare seconds ("30").
func ParseDuration(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration, such as 30s or 2m", s)
	}
	return d, nil
}

// OneOf makes a Key's check for one of a few words.
func OneOf(words ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		err := fmt.Errorf("%q is not one of %s", s, strings.Join(words, ", "))
		if meant := term.Nearest(s, words, mostSuggestions); len(meant) > 0 {
			err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(meant, " or "))
		}
		return err
	}
}
