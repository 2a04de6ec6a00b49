package httpx

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/jsontext"
	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

const mask = "***"

// redactor takes out of text what no trace may show.
type redactor struct {
	texts []string          // the secrets of Options, and of a Request
	known *strings.Replacer // of them, in every usual form
	// create: what looks like a secret is one, as the answer brings a new one
	// that nobody knows yet.
	create bool
}

func newRedactor(secrets []secret.Value, create bool) *redactor {
	var texts []string
	for _, s := range secrets {
		if !s.IsZero() {
			texts = append(texts, s.Reveal())
		}
	}
	return &redactor{texts: texts, known: masker(texts), create: create}
}

// with is r that knows more texts. Those that ordinary words hold stay.
func (r *redactor) with(texts []string) *redactor {
	all := slices.Concat(r.texts, tellable(texts))
	return &redactor{texts: all, known: masker(all), create: r.create}
}

// shortest is the length in bytes below which a text is no secret that could
// be told from ordinary words, which would be riddled.
const shortest = 4

// Mask returns a function that takes texts, in every usual form of them, out of
// what a provider says: an error may echo the request. Those shorter than 4
// bytes stay.
func Mask(texts ...string) func(string) string { return masker(tellable(texts)).Replace }

func tellable(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return len(s) < shortest })
}

func masker(texts []string) *strings.Replacer {
	var forms []string
	for _, s := range texts {
		forms = append(forms, formsOf(s)...)
	}
	// The replacer tries its pairs in order: the longest must come first.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	forms = slices.Compact(forms)
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range forms {
		pairs = append(pairs, f, mask)
	}
	return strings.NewReplacer(pairs...)
}

// formsOf lists the ways in which a secret can stand in a text. Encoded forms
// of very short ones would match by chance everywhere.
func formsOf(s string) []string {
	forms := []string{s}
	if len(s) < shortest {
		return forms
	}
	for _, marshal := range []func(any) ([]byte, error){jsontext.Marshal, json.Marshal} { // for HTML pages too
		if quoted, err := marshal(s); err == nil {
			text := string(quoted[1 : len(quoted)-1])
			forms = append(forms, text, strings.ReplaceAll(text, "/", `\/`))
		}
	}
	digits := hex.EncodeToString([]byte(s))
	forms = append(forms, url.QueryEscape(s), url.PathEscape(s), strings.ToLower(url.QueryEscape(s)),
		digits, strings.ToUpper(digits), term.Clean(s))
	// In base64 a text has three forms, by its place among the bytes around
	// it. The characters that the neighbours share are left out.
	for shift := range 3 {
		enc := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), s...))
		from := (8*shift + 5) / 6
		to := (8*shift + 8*len(s)) / 6
		if core := enc[from:to]; len(core) >= 4 {
			forms = append(forms, core, strings.NewReplacer("+", "-", "/", "_").Replace(core))
		}
	}
	return forms
}

// urls finds URLs inside text.
var urls = pattern.Of(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>\\]+`)

// text takes known secrets, and the private parts of URLs, out of s.
func (r *redactor) text(s string) string {
	s = r.known.Replace(s)
	return urls().ReplaceAllStringFunc(s, func(found string) string {
		u, err := url.Parse(found)
		if err != nil {
			scheme, _, _ := strings.Cut(found, "://")
			return scheme + "://" + mask
		}
		if u.User == nil && u.RawQuery == "" && u.Fragment == "" {
			return found
		}
		return hideInURL(u)
	})
}

// hideInURL writes a URL without its userinfo, the values of its query and its
// fragment.
func hideInURL(u *url.URL) string {
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if u.User != nil {
		b.WriteString(mask + "@")
	}
	b.WriteString(u.Host + u.EscapedPath())
	for i, pair := range strings.Split(u.RawQuery, "&") {
		if pair == "" {
			continue
		}
		name, _, ok := strings.Cut(pair, "=")
		if !ok {
			name = mask // a bare word may be the secret itself
		} else {
			name += "=" + mask
		}
		if i == 0 {
			b.WriteString("?" + name)
		} else {
			b.WriteString("&" + name)
		}
	}
	if u.Fragment != "" {
		b.WriteString("#" + mask)
	}
	return b.String()
}

// hideAllButHost is for redirects: where to, and no more.
func hideAllButHost(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return mask
	}
	return u.Scheme + "://" + u.Host + "/" + mask
}

// body describes a body in one line: JSON without its secrets, of anything
// else the size and type only.
func (r *redactor) body(body []byte, contentType string) string {
	if contentType == "" {
		contentType = "no content type"
	}
	kind := fmt.Sprintf("(%s of %s)", size(int64(len(body))), contentType)
	if len(body) > maxTraced {
		return kind
	}
	text, ok := r.json(body)
	if !ok {
		return kind
	}
	return text
}

// json rewrites a JSON document without its secrets; false if it is not one.
func (r *redactor) json(doc []byte) (string, bool) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if !json.Valid(doc) || d.Decode(&v) != nil {
		return "", false
	}
	out, err := jsontext.Marshal(r.value(v))
	return string(out), err == nil
}

func (r *redactor) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if private(name) && member != nil {
				member = mask
			}
			out[r.text(name)] = r.value(member)
		}
		return out
	case []any:
		for i := range v {
			v[i] = r.value(v[i])
		}
		return v
	case string:
		return r.string(v)
	case json.Number:
		if s := r.known.Replace(v.String()); s != v.String() {
			return s
		}
		return v
	default:
		return v
	}
}

func (r *redactor) string(s string) string {
	if r.looksSecret(s) {
		return mask
	}
	// A document inside a string: an error that quotes the request, say.
	if trimmed := strings.TrimSpace(s); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		inner, ok := r.json([]byte(trimmed))
		if !ok {
			return mask
		}
		return inner
	}
	return r.text(s)
}

// privateWords are what the names of private members contain, without
// separators and in lower case.
var privateWords = []string{"secret", "token", "password", "apikey", "authdata", "authorization", "signingkey", "privatekey"}

// private reports whether the value of a JSON member is never shown.
func private(name string) bool {
	plain := strings.ToLower(strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' || c == '.' {
			return -1
		}
		return c
	}, name))
	return slices.ContainsFunc(privateWords, func(w string) bool { return strings.Contains(plain, w) })
}

// tokenLike is a text without any structure that a secret may be; uuid is one
// that it may not.
var (
	tokenLike = pattern.Of(`[A-Za-z0-9+/_-]{24,}`)
	uuid      = pattern.Of(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

// looksSecret reports, in the trace of a create, whether s holds something
// like a secret under a name that says nothing: long, with digits and letters.
func (r *redactor) looksSecret(s string) bool {
	if !r.create || uuid().MatchString(s) {
		return false
	}
	for _, word := range tokenLike().FindAllString(s, -1) {
		if strings.ContainsAny(word, "0123456789") && !uuid().MatchString(word) {
			return true
		}
	}
	return strings.Contains(s, "whsec_")
}
