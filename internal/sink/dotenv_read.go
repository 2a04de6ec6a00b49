package sink

import (
	"bytes"
	"errors"
	"iter"
	"strings"
)

// Why a variable of a dotenv file cannot be read. None of them repeats a value.
var (
	errNoVariable  = errors.New("no line of the file sets this variable")
	errBehindQuote = errors.New("only a comment may follow the closing quote of its value")
	errOpenQuote   = errors.New("its value begins with a quote that is never closed")
	errExpands     = errors.New("its value refers to another variable, which hookctl does not replace: if the $ is part of the value, put it in single quotes")
)

// ReadDotenv is the value of a variable in a dotenv file, where several lines set
// it that of the last one, as shells and the usual libraries have it. It reads
// back exactly what the dotenv sink writes: nothing is an escape between single
// quotes and backticks, and between double quotes \n, \r, \t and a backslash before
// a quote, a backslash, a dollar sign or a backtick are.
func ReadDotenv(file []byte, name string) (value string, err error) {
	err = errNoVariable
	for set, text := range dotenvEntries(file) {
		if set == name {
			value, err = dotenvValue(text)
		}
	}
	return value, err
}

// DotenvNames are the variables that a dotenv file sets, each once, in its order.
func DotenvNames(file []byte) (names []string) {
	seen := map[string]bool{}
	for name := range dotenvEntries(file) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// IsAssignment reports whether a text that should be a secret sets a variable, as
// the first line of a dotenv file. The = at the end of base64 does not.
func IsAssignment(text string) bool {
	prefix, ok := assignment([]byte(text))
	return ok && strings.Trim(text[len(prefix):], "= \t\r\n") != ""
}

// dotenvEntries are the variables that a dotenv file sets, with what stands behind
// the equals sign.
func dotenvEntries(file []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for rest := bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")); len(rest) > 0; {
			entry := rest[:dotenvEntry(rest)]
			rest = rest[len(entry):]
			if prefix, ok := assignment(entry); ok && !yield(variable(prefix), entry[len(prefix):]) {
				return
			}
		}
	}
}

// dotenvValue is the value in what stands behind the equals sign.
func dotenvValue(b []byte) (string, error) {
	text := bytes.TrimSpace(b)
	if len(text) == 0 || !bytes.ContainsRune([]byte("'\"`"), rune(text[0])) {
		text = bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimRight(b, "\r\n"), comment(b)))
		if bytes.HasPrefix(text, []byte("#")) {
			text = nil
		}
		if expands(text) {
			return "", errExpands
		}
		return string(text), nil
	}
	end := closingQuote(text)
	if end < 0 {
		return "", errOpenQuote
	}
	inner, behind := text[1:end], bytes.TrimSpace(text[end+1:])
	if len(behind) > 0 && behind[0] != '#' {
		return "", errBehindQuote
	}
	if text[0] != '"' {
		return string(inner), nil
	}
	if expands(inner) {
		return "", errExpands
	}
	return unescaped(inner), nil
}

// expands reports whether shells and libraries would put the value of another
// variable into b.
func expands(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		switch next := b[i+1]; {
		case b[i] == '\\':
			i++
		case b[i] == '$' && (next == '{' || next == '(' || IsVariable(string(next))):
			return true
		}
	}
	return false
}

// unescaped undoes the escapes between double quotes.
func unescaped(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			if at := strings.IndexByte("nrt\"\\$`", b[i+1]); at >= 0 {
				out.WriteByte("\n\r\t\"\\$`"[at])
				i++
				continue
			}
		}
		out.WriteByte(b[i])
	}
	return out.String()
}
