package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// dotenvSink sets one variable in a dotenv file.
type dotenvSink Spec

func newDotenv(t Spec) (place, error) {
	switch {
	case t.path == "":
		return nil, errors.New("the path is missing")
	case !IsVariable(t.name):
		return nil, errNotVariable
	}
	return dotenvSink(t), nil
}

func (s dotenvSink) Check(context.Context) error {
	if err := s.env.Disk.Or().CheckFile(s.path); err != nil {
		return err
	}
	if _, err := os.Lstat(s.path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	_, err := durable.ReadFile(s.path)
	return err
}

func (dotenvSink) fits(secret string) error {
	_, err := quoteDotenv(secret)
	return err
}

func (s dotenvSink) Put(ctx context.Context, it Item) error {
	quoted, err := quoteDotenv(it.Secret.Reveal())
	if err != nil {
		return err
	}
	was := otherMode(s.path)
	err = s.env.Disk.Or().UpdateFile(ctx, s.path, func(old []byte) ([]byte, error) {
		return setDotenv(old, s.name, quoted), nil
	})
	if err != nil {
		return err
	}
	if was != "" {
		if _, err := fmt.Fprintf(s.env.Stderr, "%s %s; its mode is 0600 now\n", s.path, was); err != nil {
			return fault.Errorf(fault.Other, "%s: written, but its message could not be printed: %w", s.spec, err)
		}
	}
	return nil
}

// otherMode says what mode 0600 changes for the file at path; "" for nothing.
func otherMode(path string) string {
	fi, err := os.Lstat(path)
	switch {
	case err != nil || runtime.GOOS == "windows":
	case fi.Mode().Perm()&0o077 != 0:
		return "could be read by other users"
	case fi.Mode().Perm()&0o200 == 0:
		return "was read-only"
	}
	return ""
}

// plainDotenv are the characters that need no quotes anywhere. Those of laterDotenv
// need none behind another: zsh looks up a command in the place of =NAME.
const (
	plainDotenv = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:+-"
	laterDotenv = plainDotenv + "=@,%"
)

// isPlain reports whether v needs no quotes: `docker run --env-file` keeps those.
func isPlain(v string) bool {
	return v != "" && strings.IndexByte(plainDotenv, v[0]) >= 0 && strings.Trim(v, laterDotenv) == ""
}

// quoteDotenv writes v so that sh and the usual dotenv libraries read it back
// exactly, and refuses what they read differently: some undo \\ and \' between
// single quotes, some do not, and lines end in several ways; most of them replace
// what is not UTF-8; python-dotenv puts the value of NAME in the place of ${NAME}
// between single quotes too.
func quoteDotenv(v string) (string, error) {
	switch {
	case isPlain(v):
		return v, nil
	case strings.ContainsAny(v, "\n\r\v\f\u0085\u2028\u2029"):
		return "", errors.New("the secret contains a line break, and not every reader of dotenv files accepts that")
	case strings.ContainsRune(v, 0):
		return "", errors.New("the secret contains a NUL byte")
	case !utf8.ValidString(v):
		return "", errors.New("the secret is not UTF-8 text, and most readers of dotenv files change what is not")
	case strings.Contains(v, "${"):
		return "", errors.New("the secret contains ${, which some readers of dotenv files take for a variable, whatever the quotes")
	case !strings.Contains(v, "'") && !strings.Contains(v, `\\`) && !strings.HasSuffix(v, `\`):
		return "'" + v + "'", nil
	case !strings.ContainsAny(v, "\"\\$`"):
		return `"` + v + `"`, nil
	}
	return "", errors.New("the secret has a mix of quotes, backslashes or dollar signs that readers of dotenv files interpret differently")
}

// setDotenv gives NAME a new value in every line that sets it, or in a new last
// line. All other bytes stay as they are, "export", the spaces before the
// equals sign, the comment behind the value and the kind of line end included.
func setDotenv(file []byte, name, quoted string) []byte {
	var out bytes.Buffer
	found := false
	for rest := file; len(rest) > 0; {
		entry := rest[:dotenvEntry(rest)]
		rest = rest[len(entry):]
		prefix, ok := assignment(entry)
		if !ok || variable(prefix) != name {
			out.Write(entry)
			continue
		}
		found = true
		out.Write(prefix)
		out.WriteString(quoted)
		out.Write(comment(entry[len(prefix):]))
		out.Write(lineEnd(entry))
	}
	if found {
		return out.Bytes()
	}
	newline := []byte("\n")
	if i := bytes.IndexByte(file, '\n'); i >= 0 {
		newline = lineEnd(file[:i+1])
	}
	if len(file) > 0 && !bytes.HasSuffix(file, []byte("\n")) {
		out.Write(newline)
	}
	out.WriteString(name + "=" + quoted)
	out.Write(newline)
	return out.Bytes()
}

// dotenvEntry is the length of the first entry: one line, or several where a
// quoted value goes on over the line's end. What looks like an assignment
// inside such a value is none.
func dotenvEntry(b []byte) int {
	line := len(b)
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		line = i + 1
	}
	prefix, ok := assignment(b[:line])
	if !ok {
		return line
	}
	value := bytes.TrimLeft(b[len(prefix):], " \t")
	if len(value) == 0 || !bytes.ContainsRune([]byte("'\"`"), rune(value[0])) {
		return line
	}
	end := closingQuote(value)
	if end < 0 {
		return line // never closed: readers take the line alone
	}
	end += len(b) - len(value)
	if i := bytes.IndexByte(b[end:], '\n'); i >= 0 {
		return end + i + 1
	}
	return len(b)
}

// comment is what stands behind a value from the spaces before its # on: without a
// space before it, a # is part of a value that has no quotes.
func comment(value []byte) []byte {
	value = bytes.TrimRight(value, "\r\n")
	from := 0
	if start := len(value) - len(bytes.TrimLeft(value, " \t")); start < len(value) && bytes.ContainsRune([]byte("'\"`"), rune(value[start])) {
		from = start + 1 + closingQuote(value[start:]) // 0 or more also where it is never closed
	}
	rest := value[from:]
	if from > 0 && bytes.HasPrefix(rest, []byte("#")) {
		return append([]byte(" "), rest...)
	}
	for i := 1; i < len(rest); i++ {
		if rest[i] == '#' && (rest[i-1] == ' ' || rest[i-1] == '\t') {
			return rest[len(bytes.TrimRight(rest[:i], " \t")):]
		}
	}
	return nil
}

// closingQuote is the index of the quote that ends the value which b begins
// with, or -1. A backslash hides a quote between double quotes only.
func closingQuote(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '\\' && b[0] == '"':
			i++
		case b[i] == b[0]:
			return i
		}
	}
	return -1
}

// assignment returns what stands before the value of a line that sets a
// variable, the equals sign included.
func assignment(line []byte) (prefix []byte, ok bool) {
	i := bytes.IndexByte(line, '=')
	if i < 0 || !IsVariable(variable(line[:i+1])) {
		return nil, false
	}
	return line[:i+1], true
}

// variable is the name in "export NAME =".
func variable(prefix []byte) string {
	words := strings.Fields(strings.TrimSuffix(string(prefix), "="))
	if len(words) == 2 && words[0] == "export" {
		words = words[1:]
	}
	if len(words) != 1 {
		return ""
	}
	return words[0]
}

// lineEnd is the line end of an entry: "\n", "\r\n" or nothing.
func lineEnd(entry []byte) []byte {
	switch {
	case bytes.HasSuffix(entry, []byte("\r\n")):
		return []byte("\r\n")
	case bytes.HasSuffix(entry, []byte("\n")):
		return []byte("\n")
	}
	return nil
}
