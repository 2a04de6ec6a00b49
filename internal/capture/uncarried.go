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

	// Of the reading goroutine:
	tail  []byte
	lines int // line ends before the tail
	found map[uint64]int

	mu      sync.Mutex
	decoded sync.WaitGroup
	carried map[uint64]bool
	told    int
}

const (
	// aroundSignature is how much of what was read may belong to a signature.
	aroundSignature = 4 * recorded.NearName
	// mostUncarried bounds how many are remembered.
	mostUncarried = 1 << 12
)

func newUncarried(r io.Reader, names []string) *uncarried {
	return &uncarried{r: r, names: names, found: map[uint64]int{}, carried: map[uint64]bool{}}
}

func (u *uncarried) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if n > 0 && len(u.found) < mostUncarried {
		u.see(p[:n])
	}
	return n, err
}

func (u *uncarried) see(p []byte) {
	text := append(u.tail, p...)
	recorded.SignaturesIn(text, u.names, func(s recorded.Seen) bool {
		if _, known := u.found[s.Key()]; !known {
			u.found[s.Key()] = u.lines + bytes.Count(text[:s.At], []byte("\n")) + 1
		}
		return len(u.found) < mostUncarried
	})
	keep := min(len(text), aroundSignature)
	u.lines += bytes.Count(text[:len(text)-keep], []byte("\n"))
	u.tail = append(u.tail[:0], text[len(text)-keep:]...)
}

// watch notes what the deliveries of a batch carry.
func (u *uncarried) watch(b Batch) Batch {
	if strings.Contains(b.Note, "a signature") {
		u.told++
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
	u.mu.Lock()
	defer u.mu.Unlock()
	if err != nil || r.Elsewhere != "" {
		u.told++
	}
	recorded.SignaturesOf(r.Header, u.names, func(s recorded.Seen) { u.carried[s.Key()] = true })
	for _, text := range [][]byte{[]byte(r.URL), r.Body, r.Answered} {
		recorded.SignaturesIn(text, u.names, func(s recorded.Seen) bool { u.carried[s.Key()] = true; return true })
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
		for key, at := range u.found {
			if !u.carried[key] {
				if left++; line == 0 || at < line {
					line = at
				}
			}
		}
		if left > 0 {
			b.Counted.Add(Passed{
				N: left, One: fmt.Sprintf("signature that no delivery carries, at line %d", line),
				Many: fmt.Sprintf("signatures that no delivery carries, the first at line %d", line),
			})
		}
	}
	return b
}
