// Package pattern holds regular expressions that are compiled when they are first
// used: a program that starts has not waited for those that it may never need.
package pattern

import (
	"regexp"
	"sync"
)

// Of returns text compiled, by the first call. It panics then if text is no regular
// expression.
func Of(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
