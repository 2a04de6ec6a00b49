package capture

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// The memory of a block belongs to the next one as soon as it is decoded: nothing
// that is read, or was kept of it, changes then. Where lines are kept, none is used
// again.
func TestBlocksAreUsedAgain(t *testing.T) {
	var text strings.Builder
	for i := 0; text.Len() < 4*blockSize; i++ {
		body := fmt.Sprintf(`{"id":"e%d","x":%q}`, i, strings.Repeat("y", i*97%1500))
		headers := fmt.Sprintf(`{"X-Hook-Signature":["sha256=%064x"],"Host":"h%d"}`, i, i)
		switch i % 4 {
		case 0:
			fmt.Fprintf(&text, `{"received_at":"t%d","method":"POST","url":"/%d","headers":%s,"body_base64":%q,"answer":{"status":200,"n":%d}}`, i, i, headers, base64.StdEncoding.EncodeToString([]byte(body)), i)
		case 1: // for the strict path
			fmt.Fprintf(&text, `{"headers":%s,"\u0062ody":%q,"rawBody":"other%d"}`, headers, body, i)
		case 2:
			fmt.Fprintf(&text, "app[%d]: {\"headers\":%s,\"body\":%q}", i, headers, body)
		case 3:
			fmt.Fprintf(&text, "line %d", i)
		}
		text.WriteByte('\n')
	}
	read := func(in string, keepLines bool) []*Request {
		batches, err := Read(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(in), SignatureHeaders: []string{"X-Hook-Signature"}, KeepLines: keepLines})
		if err != nil {
			t.Fatal(err)
		}
		var all []*Request
		for b := range batches {
			for r, err := range b.Each() {
				if r.Line == nil {
					all = append(all, r.Clone())
				}
				if err != nil && r.Line == nil {
					t.Errorf("%s: %v", r.Source, err)
				}
			}
			// As another block would: the pool gives first what came last.
			next := blocks.Get().(*[blockSize]byte)
			copy(next[:], bytes.Repeat([]byte("\"\xa5"), blockSize/2))
			blocks.Put(next)
		}
		return all
	}
	var records strings.Builder
	for line := range strings.Lines(text.String()) {
		if line[0] == '{' {
			records.WriteString(line)
		}
	}
	for name, in := range map[string]string{"log": text.String(), "ndjson": records.String()} {
		got, want := read(in, false), read(in, true)
		if len(got) != len(want) || len(got) < 1000 {
			t.Fatalf("%s: %d deliveries, want %d", name, len(got), len(want))
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("%s: %+v\nwant %+v", name, got[i], want[i])
			}
		}
	}
}
