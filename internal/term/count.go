package term

import "fmt"

// Plural is the number n with the words for it.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// OutOf counts some of all, as the subject of a sentence.
func OutOf(some, all int, one, many, is, are string) string {
	verb := are
	if some == 1 {
		verb = is
	}
	return fmt.Sprintf("%d of %s %s", some, Plural(all, one, many), verb)
}
