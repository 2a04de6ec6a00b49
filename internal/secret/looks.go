package secret

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hookctl/hookctl/internal/pattern"
)

// LooksLike reports whether text looks like a secret, or holds a word that
// does: what must not stand where a name belongs, and not be repeated where it
// stands there all the same. Line breaks and control characters count too,
// since no name has any.
//
// It is a guess, made for names of files and variables, and for words of a
// command line. A UUID, a path and a name of several words do not look like
// one, nor does a public key of age's; a hash does.
func LooksLike(text string) bool {
	return strings.ContainsFunc(text, isControl) || len(LooksLikeWords(text)) > 0
}

// NamesFile reports whether name may stand where the name of a file belongs: it
// does not look like a secret, or is a file that there is, or is written so
// that it can only be a path: from ./ or ../ on, or below a directory that there
// is, if the rest does not look like a secret.
func NamesFile(name string) bool {
	if !LooksLike(name) {
		return true
	}
	if _, err := os.Lstat(name); err == nil {
		return true
	}
	dir, base := filepath.Split(name)
	switch filepath.ToSlash(dir) {
	case "":
		return false
	case "./", "../":
		return !strings.ContainsFunc(base, isControl)
	}
	for dir = filepath.Clean(dir); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil {
			rest, err := filepath.Rel(dir, name)
			return info.IsDir() && err == nil && !LooksLike(filepath.ToSlash(rest)) // a slash is of base64 too
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

// NamesIn are the value and the parts of it that may be the name of a file:
// "@FILE", "junit=FILE", "file:FILE", "dotenv:FILE:NAME", "FILE#2", "FILE:17". What stands
// around the name must be of that kind, or a secret would pass for it.
func NamesIn(value string) []string {
	names := []string{value}
	add := func(name string) {
		if name != "" {
			names = append(names, name)
		}
	}
	if name, ok := strings.CutPrefix(value, "@"); ok {
		add(name)
	}
	if i := strings.IndexAny(value, "=:"); i > 0 && strings.Trim(value[:i], lowerCase+"-") == "" && !LooksLike(value[:i]) {
		name := value[i+1:]
		add(strings.TrimPrefix(name, "@"))
		if i := strings.LastIndexByte(name, ':'); i > 0 && !LooksLike(name[i+1:]) {
			add(name[:i])
		}
	}
	if i := strings.LastIndexAny(value, "#:"); i > 0 && strings.Trim(value[i+1:], digits) == "" {
		add(value[:i])
	}
	return names
}

// NamesCredential reports whether what has that name, a header or a parameter of a
// URL, may be a credential: by a word in it.
func NamesCredential(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"auth", "cookie", "token", "secret", "passw", "credential", "key", "private"},
		func(word string) bool { return strings.Contains(name, word) })
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// LooksLikeWords are the parts of text that look like secrets, in their order.
func LooksLikeWords(text string) []string {
	return slices.DeleteFunc(secretWords().FindAllString(text, -1), func(word string) bool { return !likely(word) })
}

// secretWords are runs of the characters that hex, both kinds of base64 and the
// prefixes of well-known tokens are written with. secretPrefix is such a prefix,
// publicKey a recipient of age's, whole or mistyped.
var (
	secretWords  = pattern.Of(`[A-Za-z0-9+/_-]{12,}={0,2}`)
	secretPrefix = pattern.Of(`(?:^|[^A-Za-z0-9])(?:whsec_|zdk_|[rs]k_(?:live|test)_|sk-|gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|npm_|AKIA|ASIA|eyJ|AGE-SECRET-KEY-)([A-Za-z0-9+/_=-]*)`)
	publicKey    = pattern.Of(`^age1[0-9a-z]{20,}$`)
	alphanumeric = pattern.Of(`[A-Za-z0-9]+`)
)

const (
	longRun   = 32 // letters with digits, or in disorder, without a break: no name is written so
	hexRun    = 24 // the same of hex digits
	mixedRun  = 20 // the same, of lower case, upper case and digits in disorder
	mixedWord = 24 // in such disorder, with the signs of base64 between
	paddedLen = 16 // in such disorder, and padded as base64 is
	prefixed  = 8  // behind the prefix of a token
)

// likely reports whether a run of such characters looks like a secret.
func likely(word string) bool {
	if publicKey().MatchString(word) {
		return false
	}
	if m := secretPrefix().FindStringSubmatch(word); m != nil && len(m[1]) >= prefixed && strings.ContainsAny(m[1], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return true
	}
	core := strings.TrimRight(word, "=")
	mixed, padded := isMixed(core), core != word && len(word)%4 == 0 && len(core) >= paddedLen
	if disordered := isDisordered(core); padded && (mixed || disordered) || mixed && disordered && len(core) >= mixedWord {
		return true
	}
	return slices.ContainsFunc(alphanumeric().FindAllString(core, -1), func(run string) bool {
		if isCamelCase(run) {
			return false
		}
		return len(run) >= longRun && (strings.ContainsAny(run, digits) || isDisordered(run)) ||
			len(run) >= hexRun && isHex(run) ||
			len(run) >= mixedRun && isMixed(run) && isDisordered(run)
	})
}

const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
)

func isMixed(s string) bool {
	return strings.ContainsAny(s, lowerCase) && strings.ContainsAny(s, upperCase) && strings.ContainsAny(s, digits)
}

// isCamelCase reports whether s is written as people write names of several
// words: mostly lower case, with no digits but a number at the end.
func isCamelCase(s string) bool {
	letters := strings.TrimRight(s, digits)
	upper := 0
	for _, c := range []byte(letters) {
		if kindOf(c) == upperCase {
			upper++
		}
	}
	return !strings.ContainsAny(letters, digits) && 0 < upper && 10*upper <= 3*len(letters)
}

// kindOf is the set that c belongs to, "" for none.
func kindOf(c byte) string {
	for _, kind := range []string{lowerCase, upperCase, digits} {
		if strings.IndexByte(kind, c) >= 0 {
			return kind
		}
	}
	return ""
}

// isHex reports whether s is hex digits, letters and digits among them.
func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == "" && strings.ContainsAny(s, digits) && strings.Trim(s, digits) != ""
}

// isDisordered reports whether lower case, upper case and digits follow each
// other as in random text, where 6 of 10 neighbours differ in kind. In names
// they come in words; a capital before small letters begins one.
func isDisordered(s string) bool {
	pairs, changes, capitals := 0, 0, 0
	for i := range max(0, len(s)-1) {
		kind, next := kindOf(s[i]), kindOf(s[i+1])
		if kind == "" || next == "" {
			continue
		}
		pairs++
		if kind != next {
			changes++
		}
		if kind == upperCase && next == lowerCase {
			capitals++
		}
	}
	many, fewCapitals := 0.5*float64(pairs), 0.26*float64(pairs)
	return pairs > 0 && (float64(changes) >= many || float64(changes-capitals) >= fewCapitals)
}

var (
	conventionalVariable = pattern.Of(`^(?:_?[A-Z]{1,12}[0-9]{0,3}|_?[A-Z]+[0-9]{0,3}(?:_+[A-Z]+[0-9]{0,3})+|_?[a-z]+[0-9]{0,3}(?:_+[a-z]+[0-9]{0,3})+)$`)
	conventionalFile     = pattern.Of(`[^.]\.[A-Za-z0-9]{1,8}$|^[a-z]{1,8}$`)
)

// IsConventionalVariable reports whether name is written as people name variables:
// HOOK_SECRET, crm2_token, TOKEN.
func IsConventionalVariable(name string) bool { return conventionalVariable().MatchString(name) }

// IsConventionalFile reports whether name is written as people name files:
// secret.txt, or a word such as secret.
func IsConventionalFile(name string) bool { return conventionalFile().MatchString(name) }

// Hideable are the parts of a typed word that must not be repeated; with lines
// they include every line of what has several.
func Hideable(typed string, lines bool) []string {
	const tooShort = 4 // what is so short says little, and is in many words
	var words []string
	add := func(w string) {
		if len(w) > tooShort {
			words = append(words, w, url.QueryEscape(w), url.PathEscape(w), strings.Trim(strconv.Quote(w), `"`))
		}
	}
	for _, w := range LooksLikeWords(typed) {
		add(w)
		for part := range strings.SplitSeq(w, "/") { // a file's directory or its last name alone
			if strings.ToLower(part) != part || strings.ContainsAny(part, digits) {
				add(part)
			}
		}
	}
	if lines && strings.ContainsFunc(typed, unicode.IsControl) {
		for _, line := range strings.FieldsFunc(typed, unicode.IsControl) {
			if flag, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(flag, "-") {
				line = value
			}
			add(strings.TrimSpace(line))
		}
	}
	return words
}
