package term

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest are the names, at most most, that word may be a slip for: first those
// that it begins, or that begin it, then by edits, in the order of names where
// they are equal. Case does not count. A name that is word itself is not a slip
// and not among them, unless its case differs.
func Nearest(word string, names []string, most int) []string {
	w := strings.ToLower(word)
	return Rank(names, most, func(name string) (cost int, near bool) {
		n, allowed := strings.ToLower(name), slips(len(w))
		switch {
		case w == "" || n == "" || name == word:
			return 0, false
		case w == n:
			return -1, true
		case strings.HasPrefix(n, w), strings.HasPrefix(w, n) && len(n) >= 3:
			return 0, true
		case len(w)-len(n) > allowed || len(n)-len(w) > allowed: // a word may be of any length
			return 0, false
		}
		cost = Edits(w, n)
		return cost, cost <= allowed
	})
}

// Rank is the names that are near, each once and at most most, by what they cost,
// in their order where that is equal.
func Rank(names []string, most int, rate func(name string) (cost int, near bool)) []string {
	type scored struct {
		name string
		cost int
	}
	var near []scored
	for _, name := range names {
		if cost, ok := rate(name); ok && !slices.ContainsFunc(near, func(s scored) bool { return s.name == name }) {
			near = append(near, scored{name, cost})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return cmp.Compare(a.cost, b.cost) })
	var out []string
	for _, s := range near[:min(most, len(near))] {
		out = append(out, s.name)
	}
	return out
}

// slips is how many edits make a word of that length another word.
func slips(length int) int {
	switch {
	case length < 2:
		return 0
	case length < 6:
		return 1
	case length < 10:
		return 2
	}
	return 3
}

// Edits is the distance of Damerau and Levenshtein between two short texts, in
// bytes: how many times a byte is put in, left out, changed, or two neighbours
// are swapped, no byte being touched twice.
func Edits(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	next := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
