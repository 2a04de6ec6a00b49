package capture

import (
	"context"
	"io"
	"iter"

	"github.com/hookctl/hookctl/internal/capture/recorded"
	"github.com/hookctl/hookctl/internal/durable"
)

// rawFormat is the payload and nothing else: every byte of the input.
var rawFormat = Format{
	Name:  Raw,
	About: "the payload itself, every byte; headers come from --header or --signature",
	Sniff: func([]byte, bool, []string) bool { return true },
	Read:  readRaw,
}

// rawInMemory is up to which size a raw payload is held in memory, where its
// failure can be diagnosed; a larger one is streamed.
const rawInMemory = 8 << 20

const noteUnzipped = "the payload was compressed with gzip, and hookctl decompressed it; with --format raw it does not"

func readRaw(ctx context.Context, in Input) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		var notes []string
		if in.Unzipped {
			notes = []string{noteUnzipped}
		}
		head, err := io.ReadAll(io.LimitReader(in.R, rawInMemory+1))
		if err != nil {
			yield(recorded.Unreadable(in.Name, durable.WithoutPath(err)))
			return
		}
		if len(head) <= rawInMemory {
			yield(recorded.Single(&Request{Source: in.Name, Body: head, Notes: notes}, nil))
			return
		}
		// The input is closed when this sequence ends.
		recorded.Alone(ctx, Batch{Size: len(head), Decode: func(yield func(*Request, error) bool) {
			yield(&Request{Source: in.Name, Stream: &prefixed{head: head, r: in.R}, Size: in.Size, Again: in.Again, Notes: notes}, nil)
		}}, yield)
	}
}
