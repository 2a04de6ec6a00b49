package recorded

import (
	"context"
	"io"
	"iter"
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
	// Decoded are the commands that make R of the bytes of the input, where Around does
	// not say that something was taken off that no command takes off.
	Decoded []string
	Around  bool
	// KeepLines and EachLine are those of [Options].
	KeepLines, EachLine bool
	// Detected says that the format was not given, but is what the beginning of the
	// input looks like.
	Detected bool
}

const HTTP = "http"

const JSON = "json"

// Raw names the format in which the whole input is the payload.
const Raw = "raw"

// HeadStep and HeadMax bound what is looked at to detect a format: more is
// read while a first line is not complete.
const (
	HeadStep = 64 << 10
	HeadMax  = 1 << 20
)

// The formats that are lines.
const (
	Log    = "log"
	NDJSON = "ndjson"
)
