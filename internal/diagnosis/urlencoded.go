package diagnosis

import (
	"encoding/json"
	"iter"
	"net/url"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/pattern"
)

// formEncoded undoes and redoes URL encoding: of the whole body, and of the
// fields of a form.
func formEncoded(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		text := string(b)
		try := func(form string) bool { return form == text || form == "" || yield([]byte(form)) }
		for _, plain := range parsedForm(b) {
			for _, form := range append([]string{plain}, withPlus(plain)...) {
				if !try(form) {
					return
				}
			}
		}
		if jsonShaped(b) {
			fields := fieldsOf(b)
			for _, form := range append(withPlus(text), fields, strings.ReplaceAll(fields, "+", "%20")) {
				if !try(form) {
					return
				}
			}
		}
		if strings.ContainsAny(text, "%+=") {
			if plain, err := url.QueryUnescape(text); err == nil {
				if again, err := url.QueryUnescape(plain); !try(plain) || err == nil && !try(again) {
					return
				}
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
					if plain, err := unescape(value); err == nil {
						if again, err := unescape(plain); !try(plain) || err == nil && !try(again) {
							return
						}
					}
				}
				if n++; n == maxParts {
					break
				}
			}
			name, value, _ := strings.Cut(text, "=")
			for _, form := range []string{fieldsEscaped(text), fieldsEscaped(strings.ReplaceAll(text, "+", " ")), name + "=" + url.QueryEscape(value), strings.ReplaceAll(text, " ", "+"), strings.ReplaceAll(text, "+", "%20"), strings.ReplaceAll(text, "%20", "+"),
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

// parsedForm is the text of a form that a parser has made an object of: a JSON text
// that had & and = in it became several names and values.
func parsedForm(b []byte) []string {
	var names, all strings.Builder
	n := 0
	if len(b) > maxJSON || !json.Valid(b) {
		return nil
	}
	jsontext.Members(b, func(name, value []byte) bool {
		text, ok := jsontext.Text(name)
		if n == 0 && !jsonShaped([]byte(text)) || !ok || n == maxParts {
			return false
		}
		if n++; n > 1 {
			names.WriteByte('&')
			all.WriteByte('&')
		}
		names.WriteString(text)
		all.WriteString(text)
		if text, ok := jsontext.Text(value); ok && text != "" {
			names.WriteString("=" + text)
			all.WriteString("=" + text)
		} else {
			all.WriteByte('=')
		}
		return true
	})
	if n == 0 {
		return nil
	}
	return []string{names.String(), all.String()}
}

// fieldsOf is the form of which a parser has made an object of texts; "" where it is none.
func fieldsOf(b []byte) string {
	var all []string
	if len(b) > maxJSON || !json.Valid(b) {
		return ""
	}
	jsontext.Members(b, func(name, value []byte) bool {
		key, known := jsontext.Text(name)
		text, ok := jsontext.Text(value)
		if ok = ok && known && len(all) < maxParts; ok {
			all = append(all, url.QueryEscape(key)+"="+url.QueryEscape(text))
		} else {
			all = nil
		}
		return ok
	})
	return strings.Join(all, "&")
}

// withPlus puts plus signs where URL decoding has made spaces of them: before a
// telephone number and a time zone, or everywhere.
func withPlus(text string) []string {
	if !strings.Contains(text, " ") {
		return nil
	}
	likely := aLostPlus().ReplaceAllString(text, "$1+$2")
	return []string{likely, strings.ReplaceAll(text, " ", "+")}
}

var aLostPlus = pattern.Of(`(:\d\d(?:\.\d+)?|") (\d)`)

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
