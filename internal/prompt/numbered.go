package prompt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// pickByNumber shows a numbered list and reads lines: numbers, ranges, values
// in full, a group, or words that narrow the list down. It needs nothing of a
// terminal but that it prints.
func (p *prompter) pickByNumber(ctx context.Context, label string, choices []Choice, several bool) ([]int, error) {
	l := newList(label, choices, several)
	question := "A number, or words to search for: "
	if several {
		question = "Numbers (1 4 7-9), the name of a group, all, or words to search for: "
	}
	if len(l.picked) > 0 {
		question = fmt.Sprintf("%d picked: Enter keeps them. ", len(l.picked)) + question
	}
	p.say(l.label + "\n")
	p.show(l)
	var picked []int
	err := p.ask(ctx, question, "", func(line string) error {
		if picked = l.answer(); strings.TrimSpace(line) == "" && len(picked) > 0 {
			return nil
		}
		var err error
		if picked, err = l.parsePick(line); picked != nil || err != nil {
			return err
		}
		before := l.typed
		if l.typed = strings.ReplaceAll(line, ",", " "); len(l.rows()) == 0 {
			l.typed = before
			return fmt.Errorf("nothing matches %q", line)
		}
		p.show(l)
		return fmt.Errorf("%d of %d match", len(shown(l.rows())), len(choices))
	})
	if err == nil && several {
		p.say(fmt.Sprintf("%d picked\n", len(picked)))
	}
	return picked, err
}

func (p *prompter) show(l *list) {
	var b strings.Builder
	for _, r := range l.rows() {
		if r.heading {
			b.WriteString(r.text + "\n")
		} else {
			fmt.Fprintf(&b, "%4d) %s\n", r.choices[0]+1, strings.TrimSpace(r.text))
		}
	}
	p.say(b.String())
}

// parsePick is what a line picks, in the order of the list; nil if it has words to
// search for. "all" picks what is shown.
func (l *list) parsePick(line string) ([]int, error) {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ',' })
	var picked []int
	for _, r := range l.rows() {
		if r.heading && strings.EqualFold(r.text, strings.TrimSpace(line)) {
			return r.choices, nil
		}
	}
	for _, w := range words {
		first, last, isRange, err := parseRange(w, len(l.choices))
		value := slices.IndexFunc(l.choices, func(c Choice) bool { return c.Value == w })
		switch {
		case isRange && err != nil:
			return nil, err
		case isRange:
			for i := first; i <= last; i++ {
				picked = append(picked, i-1)
			}
		case value >= 0:
			picked = append(picked, value)
		case l.several && strings.EqualFold(w, "all"):
			picked = append(picked, shown(l.rows())...)
		default:
			return nil, nil
		}
	}
	slices.Sort(picked)
	picked = slices.Compact(picked)
	switch {
	case len(picked) == 0 && l.several:
		return nil, errors.New("pick at least one")
	case len(picked) != 1 && !l.several:
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
