package prompt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hookctl/hookctl/internal/term"
)

// pickByNumber shows a numbered list and reads lines: numbers, ranges, values
// in full, or words that narrow the list down. It needs nothing of a terminal
// but that it prints.
func (p *prompter) pickByNumber(ctx context.Context, label string, choices []Choice, several bool) ([]int, error) {
	shown := make([]int, len(choices))
	for i := range choices {
		shown[i] = i
	}
	question := "A number, or words to search for: "
	if several {
		question = "Numbers (1 4 7-9, all), or words to search for: "
	}
	p.say(term.Clean(label) + "\n")
	p.show(choices, shown)
	var picked []int
	err := p.askUntil(ctx, question, func(line string) error {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ',' })
		var err error
		if picked, err = parsePick(words, choices, shown, several); picked != nil || err != nil {
			return err
		}
		var found []int
		for i, c := range choices {
			if c.matches(words...) {
				found = append(found, i)
			}
		}
		if len(found) == 0 {
			return fmt.Errorf("nothing matches %q", line)
		}
		shown = found
		p.show(choices, shown)
		return fmt.Errorf("%d of %d match", len(shown), len(choices))
	})
	return picked, err
}

func (p *prompter) show(choices []Choice, indexes []int) {
	var b strings.Builder
	for _, i := range indexes {
		fmt.Fprintf(&b, "%4d) %s\n", i+1, choices[i].text())
	}
	p.say(b.String())
}

// parsePick is what words pick, in the order of the list; nil if they are words
// to search for. "all" picks what is shown.
func parsePick(words []string, choices []Choice, shown []int, several bool) ([]int, error) {
	var picked []int
	for _, w := range words {
		first, last, isRange, err := parseRange(w, len(choices))
		value := slices.IndexFunc(choices, func(c Choice) bool { return c.Value == w })
		switch {
		case isRange && err != nil:
			return nil, err
		case isRange:
			for i := first; i <= last; i++ {
				picked = append(picked, i-1)
			}
		case value >= 0:
			picked = append(picked, value)
		case several && strings.EqualFold(w, "all"):
			picked = append(picked, shown...)
		default:
			return nil, nil
		}
	}
	slices.Sort(picked)
	picked = slices.Compact(picked)
	switch {
	case len(picked) == 0 && several:
		return nil, errors.New("pick at least one")
	case len(picked) != 1 && !several:
		return nil, errors.New("pick one")
	}
	return picked, nil
}

// parseRange reads "3" and "3-7".
func parseRange(s string, limit int) (first, last int, ok bool, err error) {
	low, high, ranged := strings.Cut(s, "-")
	if !ranged {
		high = low
	}
	if !digits(low) || !digits(high) {
		return 0, 0, false, nil
	}
	first, ferr := strconv.Atoi(low)
	last, lerr := strconv.Atoi(high)
	if ferr != nil || lerr != nil || first < 1 || last > limit || first > last {
		return 0, 0, true, fmt.Errorf("%s is not in the list of 1 to %d", s, limit)
	}
	return first, last, true, nil
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
