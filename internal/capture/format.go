package capture

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// Format is one way in which deliveries are recorded.
type Format struct {
	Name  string
	About string // one line, for help texts
	// Sniff recognises the format by the beginning of an input. More says that
	// the input goes on after head, and names are the headers that are signatures.
	Sniff func(head []byte, more bool, names []string) bool
	// Variant says that it is another layout of the format of that name, which is
	// told by content alone.
	Variant bool
	// Lines says that an input is lines, each with its deliveries: such a format
	// does what Options.KeepLines asks for.
	Lines bool
	// Read yields what the input holds. It may be called once per input and
	// must end when ctx does.
	Read func(ctx context.Context, in Input) iter.Seq[Batch]
}

// Input is one open input.
type Input struct {
	Name string // for Source
	R    io.Reader
	// Size is how many bytes R has; 0 where that is not known.
	Size int64
	// Again opens the input once more; nil where it can be read only once.
	Again func() (io.ReadCloser, error)
	// SignatureHeaders are the names of headers that are signatures.
	SignatureHeaders []string
	// Unzipped says that the input was compressed and R is what was in it.
	Unzipped bool
	// KeepLines and EachLine are those of [Options].
	KeepLines, EachLine bool
	// Detected says that the format was not given, but is what the beginning of the
	// input looks like.
	Detected bool
}

// Formats is THE list of formats, in the order in which they are tried: raw is
// last and takes anything.
var Formats = []Format{
	harFormat, lambdaFormat, ngrokFormat, webhookSiteFormat, // before the records that they resemble
	curlFormat,
	httpFormat,               // before the records that a body may consist of
	printFormat, pasteFormat, // before the records that a body may be
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
		WithHint("%sthe formats are %s; without --format it is detected by content", hint, strings.Join(FormatNames(), ", "))
}

// variant is the layout of a format that is given, by the beginning of an input.
func (f Format) variant(head []byte, more bool, names []string) Format {
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
	return Formats[slices.IndexFunc(Formats, func(f Format) bool { return f.Sniff(head, more, names) })]
}
