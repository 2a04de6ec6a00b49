package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/httpx"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/term"
)

// apiInputCap bounds what --input reads.
const apiInputCap = 1 << 20

type apiOptions struct {
	method  string
	texts   []string // -f
	values  []string // -F
	input   string
	include bool
}

func newAPICmd(g *globals) *cobra.Command {
	o := &apiOptions{}
	c := &cobra.Command{
		Use:         "api <provider> <path>",
		Annotations: freeArguments,
		Short:       "Send a raw request with your credentials",
		Example: `  hookctl api zyntro fetchWebhooks
  hookctl api zyntro updateWebhook -f wh_id=ID -F wh_timeout=45
  hookctl api zyntro /apis/v2/public/account/deleteWebhook -f wh_id=ID     # not documented: may not exist
  hookctl api wundertreos oauth-me --jq .org_name
  hookctl api wundertreos api-webhook-subscriptions/ID --jq .data.enabled`,
		Long: `Send a request to a provider's API with your credentials added, and print the
answer. Use it for what hookctl has no command for, and for what a provider does
not document.

The path is joined to the base URL and the path prefix, if there is one; with a
path prefix, a path that begins with a slash starts at the origin. No other origin
is ever contacted. The default method is the one that the API takes for such a
request; with GET, fields go into the query.

Requests that would create a webhook are refused: the answer contains the signing
secret only once, and only 'hookctl create' keeps it.

The answer is printed as it was received, except for text that a CI runner would
take for a command (see: hookctl help formats): in JSON it is escaped, so that the
value stays the same; elsewhere U+FFFD replaces a character. On a terminal, control
characters are replaced too. With --jq or --output, the answer must be JSON. A
refusal is also printed, and the exit code is the usual one: 4 for credentials,
5 for a refusal, 6 for a failure.`,
		ValidArgsFunction: g.completeProviders,
		RunE:              g.run(changesIf(o.changes), o.run),
	}
	f := c.Flags()
	f.StringVarP(&o.method, "method", "X", "", "HTTP method (default: the one that the API takes for such a request)")
	f.StringArrayVarP(&o.texts, "field", "f", nil, "text member of the body: key=value (repeatable)")
	f.StringArrayVarP(&o.values, "json-field", "F", nil, "JSON member of the body: key=json (repeatable)")
	f.StringVar(&o.input, "input", "", "read the body from a file, or - for standard input")
	f.BoolVarP(&o.include, "include", "i", false, "also print the status and the headers")
	excludes(c, "input", "field", "json-field")
	_ = c.RegisterFlagCompletionFunc("method", completeFixed("GET", "POST", "PUT", "PATCH", "DELETE"))
	freeText(c, "field", "json-field")
	return c
}

func (o *apiOptions) run(ctx context.Context, a *app, args []string) error {
	d, err := a.env.Drivers.Find(args[0])
	if err != nil {
		return err
	}
	switch {
	case a.out.Format() == render.Name:
		return fault.Usagef("-o name cannot print an answer, because it has no names")
	case o.include && a.out.Structured():
		return fault.Usagef("--include prints more than JSON: leave out --jq and --output")
	}
	r, err := o.request(a, args[1])
	if err != nil {
		return err
	}
	client, err := a.online(ctx, d)
	if err != nil {
		return err
	}
	a.noteElsewhere(d)
	answer, err := client.Call(ctx, r)
	if answer == nil {
		return err
	}
	return fault.Worst(err, o.print(a, answer))
}

// changes reports whether the request may change something: it has a method for
// that, or no method and a body.
func (o *apiOptions) changes(*pflag.FlagSet) bool {
	if o.method != "" {
		return !provider.SafeMethod(strings.ToUpper(o.method))
	}
	return len(o.texts)+len(o.values) > 0 || o.input != ""
}

// request is what the flags and arguments ask for.
func (o *apiOptions) request(a *app, path string) (provider.CallRequest, error) {
	r := provider.CallRequest{Method: o.method, Path: path}
	if o.input != "" {
		var err error
		r.Body, err = a.readInput("--input", o.input, apiInputCap)
		return r, err
	}
	fields, err := o.fields()
	if err != nil || len(fields) == 0 {
		return r, err
	}
	if provider.SafeMethod(strings.ToUpper(o.method)) {
		r.Path = withQuery(r.Path, fields)
		return r, nil
	}
	r.Body, err = json.Marshal(fields)
	return r, err
}

// fields are the members that -f and -F name.
func (o *apiOptions) fields() (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	for i, given := range append(slices.Clone(o.texts), o.values...) {
		flag := "--field"
		if i >= len(o.texts) {
			flag = "--json-field"
		}
		key, value, ok := strings.Cut(given, "=")
		_, twice := fields[key]
		switch {
		case !ok || key == "":
			return nil, fault.Usagef("%s %q is not key=value", flag, key)
		case twice:
			return nil, fault.Usagef("the field %q appears twice", key)
		case !utf8.ValidString(given):
			return nil, fault.Usagef("%s %q is not UTF-8 text, which JSON must be", flag, key)
		}
		fields[key] = json.RawMessage(value)
		if flag == "--field" {
			fields[key], _ = json.Marshal(value) // a text can always be written
		} else if !json.Valid(fields[key]) {
			return nil, fault.Usagef("--json-field %s: the value is not JSON", key).WithHint("for a string use -f %s=...", key)
		}
	}
	return fields, nil
}

// withQuery puts fields into the query of path: texts as they are, anything
// else as its JSON.
func withQuery(path string, fields map[string]json.RawMessage) string {
	values := url.Values{}
	for key, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		values.Set(key, text)
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + values.Encode()
}

// print writes the answer: as it came, unless a person or a format wants it
// otherwise, or a CI runner could take a part of it for a command.
func (o *apiOptions) print(a *app, answer *httpx.Response) error {
	if a.out.Structured() {
		if len(bytes.TrimSpace(answer.Body)) == 0 {
			return nil
		}
		if !json.Valid(answer.Body) {
			return fault.Errorf(fault.Unavailable, "the answer (HTTP %d) is not JSON", answer.Status).WithHint("to see the answer, leave out --jq and --output")
		}
		return a.out.Print(render.View{Data: json.RawMessage(answer.Body)})
	}
	var b bytes.Buffer
	if o.include {
		fmt.Fprintf(&b, "HTTP %d %s\n", answer.Status, http.StatusText(answer.Status))
		for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
			for _, v := range answer.Header[name] {
				fmt.Fprintf(&b, "%s: %s\n", term.Clean(name), term.Clean(v))
			}
		}
		b.WriteByte('\n')
	}
	if json.Valid(answer.Body) {
		b.Write(term.BreakJSON(answer.Body))
	} else {
		b.Write(answer.Body)
	}
	text := b.String()
	if a.env.Streams.OutTTY {
		if text = term.CleanBlock(text); text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
	}
	return render.WriteAll(a.env.Streams.Out, []byte(text))
}
