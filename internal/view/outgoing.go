package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/deliver"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
)

// Outgoing is the JSON of a delivery that would be sent. Signatures and
// credentials in its headers are masked.
type Outgoing struct {
	Source     *string             `json:"source"`
	Provider   *string             `json:"provider"`
	Event      *string             `json:"event"`
	EventID    *string             `json:"event_id"`
	Method     string              `json:"method"`
	URL        string              `json:"url"`
	Headers    map[string][]string `json:"headers"`
	Body       *string             `json:"body,omitempty"` // where it is UTF-8 text
	BodyBase64 []byte              `json:"body_base64,omitempty"`

	lines []capture.Field
	size  int
}

// NewOutgoing describes a delivery. The headers are masked here; others names
// more of those that hold a signature.
func NewOutgoing(d deliver.Delivery, others []string) Outgoing {
	o := Outgoing{
		Source: OrNull(d.Source), Provider: OrNull(d.Provider), Event: OrNull(d.Event.Type), EventID: OrNull(d.Event.ID),
		Method: d.Method, URL: d.URL, Headers: map[string][]string{}, size: len(d.Body),
	}
	for _, f := range d.EndToEnd() {
		private := privateHeader(f.Name)
		for _, name := range others {
			private = private || recorded.SameName(name, f.Name)
		}
		if private {
			f.Value = "***"
		}
		o.lines = append(o.lines, f)
		o.Headers[f.Name] = append(o.Headers[f.Name], f.Value)
	}
	if utf8.Valid(d.Body) {
		o.Body = new(string(d.Body))
	} else {
		o.BodyBase64 = d.Body
	}
	return o
}

// privateHeader reports whether a header's value may be a signature or a
// credential.
func privateHeader(name string) bool {
	return secret.NamesCredential(name) || slices.ContainsFunc([]string{"signature", "hmac", "digest"}, func(word string) bool {
		return strings.Contains(strings.ToLower(name), word)
	})
}

// Render shows the request.
func (o Outgoing) Render() render.View {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", line(o.Method), line(o.URL))
	for _, f := range o.lines {
		fmt.Fprintf(&b, "%s: %s\n", line(f.Name), line(f.Value))
	}
	b.WriteByte('\n')
	switch {
	case o.Body == nil:
		fmt.Fprintf(&b, "(%d bytes that are not text)\n", o.size)
	case *o.Body != "":
		b.WriteString(strings.TrimSuffix(*o.Body, "\n") + "\n")
	}
	return render.View{Data: o, Text: b.String(), Names: []string{o.name()}}
}

func (o Outgoing) name() string { return word(cmp.Or(o.Source, o.EventID)) }

// OutgoingColumns are those of a stream of deliveries that would be sent, and
// their widths.
func OutgoingColumns() ([]render.Column, []int) {
	return []render.Column{{Title: "CAPTURE"}, {Title: "EVENT", Spare: 2}, {Title: "METHOD", Spare: 3}, {Title: "BYTES", Spare: 1}, {Title: "URL", Flexible: true}},
		[]int{24, 24, 6, 7, 40}
}

// OutgoingRow is the row of [OutgoingColumns].
func OutgoingRow(o Outgoing) (row []string, name string) {
	return []string{o.name(), word(o.Event), o.Method, fmt.Sprint(o.size), o.URL}, o.name()
}

// Draft shows a request with everything secret masked.
func Draft(d provider.RequestPreview) render.View {
	mask := func(text string) string { return d.Fill(text, func(string) string { return "***" }) }
	type request struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	}
	r := request{Method: d.Method, URL: mask(d.URL), Headers: map[string]string{}}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.URL)
	for _, h := range d.Header {
		r.Headers[h.Name] = mask(h.Value)
		fmt.Fprintf(&b, "%s: %s\n", h.Name, mask(h.Value))
	}
	body := d.Fill(d.Body, func(v string) string {
		if v == provider.AuthDataVariable {
			return `"***"` // stands for a whole JSON object
		}
		return "***"
	})
	r.Body = json.RawMessage(body)
	if nice, err := json.MarshalIndent(r.Body, "", "  "); err == nil {
		body = string(nice)
	}
	fmt.Fprintf(&b, "\n%s\n", body)
	return render.View{Data: r, Text: b.String(), Names: []string{r.Method + " " + r.URL}}
}

// Curl shows a request as a command line.
func Curl(command string) render.View {
	type document struct {
		Curl string `json:"curl"`
	}
	return render.View{Data: document{command}, Text: command, Names: []string{command}}
}
