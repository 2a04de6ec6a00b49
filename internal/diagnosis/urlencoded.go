package diagnosis

import (
	"iter"
	"net/url"
	"strings"
)

// formEncoded undoes and redoes URL encoding: of the whole body, and of the
// fields of a form.
func formEncoded(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		text := string(b)
		try := func(form string) bool { return form == text || form == "" || yield([]byte(form)) }
		if strings.ContainsAny(text, "%+=") {
			if plain, err := url.QueryUnescape(text); err == nil && !try(plain) {
				return
			}
			if plain, err := url.PathUnescape(text); err == nil && !try(plain) {
				return
			}
			if plain, err := url.QueryUnescape(strings.TrimRight(text, "=\r\n")); err == nil && !try(plain) {
				return // the body as a name without a value
			}
			n := 0
			for field := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "&") {
				_, value, _ := strings.Cut(field, "=")
				for _, unescape := range []func(string) (string, error){url.QueryUnescape, url.PathUnescape} {
					if plain, err := unescape(value); err == nil && !try(plain) {
						return
					}
				}
				if n++; n == maxParts {
					break
				}
			}
			name, value, _ := strings.Cut(text, "=")
			for _, form := range []string{fieldsEscaped(text), name + "=" + url.QueryEscape(value), strings.ReplaceAll(text, " ", "+"), strings.ReplaceAll(text, "+", "%20"), strings.ReplaceAll(text, "%20", "+"),
				percentCase(text, strings.ToUpper), percentCase(text, strings.ToLower)} {
				if !try(form) {
					return
				}
			}
		}
		escaped := url.QueryEscape(text)
		for _, form := range []string{escaped, "payload=" + escaped, "data=" + escaped, "body=" + escaped,
			strings.ReplaceAll(escaped, "+", "%20"), "payload=" + strings.ReplaceAll(escaped, "+", "%20")} {
			if !try(form) {
				return
			}
		}
	}
}

// fieldsEscaped encodes the values of a form that was decoded.
func fieldsEscaped(text string) string {
	fields := strings.Split(text, "&")
	for i, field := range fields {
		if name, value, ok := strings.Cut(field, "="); ok {
			fields[i] = name + "=" + url.QueryEscape(value)
		}
	}
	return strings.Join(fields, "&")
}

// percentCase sets the case of the digits after each per cent sign.
func percentCase(s string, change func(string) string) string {
	out := []byte(s)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:], change(string(out[i+1:i+3])))
			i += 2
		}
	}
	return string(out)
}
