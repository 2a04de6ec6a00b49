package capture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// uncarried is a net under the readers of whole captures: it counts the signatures of
// an input that no delivery carries, and that no reader has told of in another way. It
// reads along, and sees bytes as they come; lines have a mechanism of their own.
type uncarried struct {
	r     io.Reader
	names []string
	tail  []byte // of what was read, and the line ends before it
	lines int
	full  bool // found is

	decoded sync.WaitGroup
	mu      sync.Mutex
	found   map[uint64]int // the lines of the first [mostCarried] signatures; 0: it is carried
	told    int
}

// aroundSignature is how much of what was read may belong to a signature.
const aroundSignature = 4 * recorded.NearName

func newUncarried(r io.Reader, names []string) *uncarried {
	return &uncarried{r: r, names: names, found: map[uint64]int{}}
}

func (u *uncarried) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if n > 0 {
		u.see(p[:n])
	}
	return n, err
}

func (u *uncarried) see(p []byte) {
	for len(p) > 0 && !u.full {
		text := append(u.tail, p[:min(len(p), recorded.HeadStep)]...)
		p = p[len(text)-len(u.tail):]
		line, at := u.lines+1, 0
		recorded.SignaturesIn(text, u.names, func(s recorded.Seen) bool {
			line += bytes.Count(text[at:s.At], []byte("\n"))
			at = s.At
			u.mu.Lock()
			defer u.mu.Unlock()
			if _, known := u.found[s.Key()]; !known {
				u.found[s.Key()] = line
			}
			u.full = len(u.found) >= mostCarried
			return !u.full
		})
		keep := min(len(text), aroundSignature)
		u.lines += bytes.Count(text[:len(text)-keep], []byte("\n"))
		u.tail = append(text[:0], text[len(text)-keep:]...)
	}
}

// watch notes what the deliveries of a batch carry.
func (u *uncarried) watch(b Batch) Batch {
	if strings.Contains(b.Note, "a signature") {
		u.mu.Lock()
		u.told++
		u.mu.Unlock()
	}
	if b.Decode == nil {
		return b
	}
	u.decoded.Add(1)
	each := b.Decode
	b.Decode = func(yield func(*Request, error) bool) {
		defer u.decoded.Done()
		each(func(r *Request, err error) bool {
			u.note(r, err)
			return yield(r, err)
		})
	}
	return b
}

func (u *uncarried) note(r *Request, err error) {
	carried := func(s recorded.Seen) bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		if _, seen := u.found[s.Key()]; seen { // it was read before it was decoded
			u.found[s.Key()] = 0
		}
		return true
	}
	recorded.SignaturesOf(r.Header, u.names, func(s recorded.Seen) { carried(s) })
	for _, text := range [][]byte{[]byte(r.URL), r.Body, r.Answered} {
		recorded.SignaturesIn(text, u.names, carried)
	}
	if err != nil || r.Elsewhere != "" {
		u.mu.Lock()
		u.told++
		u.mu.Unlock()
	}
}

// rest counts what is left when all batches are decoded.
func (u *uncarried) rest(ctx context.Context) Batch {
	b := Batch{Counted: new(recorded.Tally)}
	b.Decode = func(func(*Request, error) bool) {
		all := make(chan struct{})
		go func() {
			u.decoded.Wait()
			close(all)
		}()
		select {
		case <-all:
		case <-ctx.Done():
			return
		}
		left, line := -u.told, 0
		for _, at := range u.found {
			if at == 0 {
				continue
			}
			if left++; line == 0 || at < line {
				line = at
			}
		}
		if left > 0 {
			b.Counted.Add(Passed{
				N: left, One: fmt.Sprintf("signature that belongs to no delivery, at line %d", line),
				Many: fmt.Sprintf("signatures that belong to no delivery, the first at line %d", line),
			})
		}
	}
	return b
}
