package provider

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// RequestPreview is a create request that was built but not sent. Credentials and
// authentication data stand in it as placeholders, see [RequestPreview.Fill].
type RequestPreview struct {
	Method string
	URL    string
	Header []PreviewHeader // in the order of their names
	Body   string
	marks  map[string]string // placeholder -> variable name
}

// PreviewHeader is one header line of a preview.
type PreviewHeader struct{ Name, Value string }

// AuthDataVariable is the environment variable that --auth-data can come from.
const AuthDataVariable = "HOOKCTL_AUTH_DATA"

// Preview builds the request that Create would send for s. variables names, by
// its field, the variable that stands for each credential in it. Nothing is
// sent and no credential is read.
func (d *Driver) Preview(a Access, s Spec, variables map[string]string) (RequestPreview, error) {
	out := RequestPreview{marks: map[string]string{}}
	mark := func(variable string) string {
		m := "hookctl-placeholder-" + base64.RawURLEncoding.EncodeToString([]byte(variable))
		out.marks[m] = variable
		return m
	}
	a.Credentials = map[string]secret.Value{}
	for field, variable := range variables {
		a.Credentials[field] = secret.New(mark(variable))
	}
	if !s.AuthData.IsZero() {
		// An object, since the client may look at its shape.
		data := `{"hookctl-placeholder":"auth-data"}`
		out.marks[data] = AuthDataVariable
		s.AuthData = secret.New(data)
	}
	var drawn *httpx.Request
	a.HTTP = httpx.Recorder(func(r httpx.Request) { drawn = &r })
	if _, _, err := d.open(a).Create(context.Background(), s); drawn == nil {
		return RequestPreview{}, errors.Join(errors.New("the request could not be built"), err)
	}
	out.Method, out.URL, out.Body = drawn.Method, drawn.URL, string(term.BreakJSON(drawn.Body))
	for name, values := range drawn.Header {
		for _, v := range values {
			out.Header = append(out.Header, PreviewHeader{name, v})
		}
	}
	slices.SortFunc(out.Header, func(a, b PreviewHeader) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Fill returns text with every placeholder replaced by what with makes of its
// variable's name.
func (d RequestPreview) Fill(text string, with func(variable string) string) string {
	marks := make([]string, 0, len(d.marks))
	for m := range d.marks {
		marks = append(marks, m)
	}
	// Longest first: one placeholder may be part of another.
	slices.SortFunc(marks, func(a, b string) int { return len(b) - len(a) })
	for _, m := range marks {
		text = strings.ReplaceAll(text, m, with(d.marks[m]))
	}
	return text
}

// Curl writes the request as a curl command for a POSIX shell, in which every
// credential is a variable.
func (d RequestPreview) Curl() string {
	quote := func(text string) string {
		word := d.Fill(term.Quoted(text), func(v string) string { return `'"$` + v + `"'` })
		if len(word) > 2 {
			word = strings.TrimSuffix(word, "''") // empty quotes after a variable
		}
		return word
	}
	var b strings.Builder
	b.WriteString("curl -sS -X " + d.Method + " " + quote(d.URL))
	for _, h := range d.Header {
		b.WriteString(" \\\n  -H " + quote(h.Name+": "+h.Value))
	}
	b.WriteString(" \\\n  --data-binary " + quote(d.Body) + "\n")
	return b.String()
}
