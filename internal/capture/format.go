package capture

import (
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/capture/command"
	"github.com/hookctl/hookctl/internal/capture/dump"
	"github.com/hookctl/hookctl/internal/capture/printed"
	"github.com/hookctl/hookctl/internal/capture/walk"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Formats is THE list of formats, in the order in which they are tried: raw is
// last and takes anything.
var Formats = []Format{
	harFormat, lambdaFormat, ngrokFormat, webhookSiteFormat, // before the records that they resemble
	command.Format,
	dump.Format,                   // before the records that a body may consist of
	printed.Format, printed.Paste, // before the records that a body may be
	ndjsonFormat, logFormat, jsonFormat, rawFormat,
}

// FormatNames lists the names in the order of [Formats].
func FormatNames() []string {
	var names []string
	for _, f := range Formats {
		if !f.Variant {
			names = append(names, f.Name)
		}
	}
	return names
}

// lineFormats are the names of formats that are lines.
func lineFormats() []string {
	var names []string
	for _, f := range Formats {
		if f.Lines {
			names = append(names, f.Name)
		}
	}
	return names
}

// FormatNamed finds a format; an unknown name is an error of kind Usage. What
// request bins write is "json", and "requestbin" means that too.
func FormatNamed(name string) (Format, error) {
	if name == "requestbin" {
		name = jsonFormat.Name
	}
	for _, f := range Formats {
		if f.Name == name && !f.Variant {
			return f, nil
		}
	}
	hint := ""
	if meant := term.Nearest(name, FormatNames(), 3); len(meant) > 0 {
		hint = "did you mean: " + strings.Join(meant, ", ") + "\n"
	}
	return Format{}, fault.Usagef("capture format %q is unknown", name).
		WithHint("%sthe formats are %s; without --format hookctl detects it from the content", hint, strings.Join(FormatNames(), ", "))
}

// variantOf is the layout of a format that is given, by the beginning of an input.
func variantOf(f Format, head []byte, more bool, names []string) Format {
	if f.Sniff(head, more, names) {
		return f
	}
	for _, v := range Formats {
		if v.Variant && v.Name == f.Name && v.Sniff(head, more, names) {
			return v
		}
	}
	return f
}

// detect never fails, since raw takes anything.
func detect(head []byte, more bool, names ...string) Format {
	if walk.NeedsTool(head, "") != nil {
		return rawFormat
	}
	return Formats[slices.IndexFunc(Formats, func(f Format) bool { return f.Sniff(head, more, names) })]
}
