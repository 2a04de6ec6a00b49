package cli

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookctl/hookctl/internal/term"
	"github.com/hookctl/hookctl/internal/verify"
)

const (
	progressAfter = time.Second
	progressEvery = 250 * time.Millisecond
)

// progress is a line on a terminal that says how far a long run is. It is
// erased before anything else is written there, and at the end.
type progress struct {
	w     io.Writer
	bytes atomic.Int64 // read so far

	mu      sync.Mutex
	judged  int
	invalid int
	shown   bool
	started time.Duration // by counting ticks
	stop    context.CancelFunc
	done    chan struct{}
}

// startProgress begins to show one; where w is no terminal nothing is shown.
func startProgress(ctx context.Context, w io.Writer, show bool) *progress {
	p := &progress{w: w, done: make(chan struct{})}
	ctx, p.stop = context.WithCancel(ctx)
	if !show {
		close(p.done)
		return p
	}
	go func() {
		defer close(p.done)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.show()
			case <-ctx.Done():
				return
			}
		}
	}()
	return p
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started += progressEvery; p.started < progressAfter {
		return
	}
	p.shown = true
	// Nothing can be done about a terminal that is gone.
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s read, %s verified, %d invalid, %s", byteSize(p.bytes.Load()),
		term.Plural(p.judged, "delivery", "deliveries"), p.invalid, p.started.Truncate(time.Second))
}

// count notes what was judged.
func (p *progress) count(c *verify.Chunk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.judged += len(c.Results)
	for i := range c.Results {
		if !c.Results[i].Valid {
			p.invalid++
		}
	}
}

// erase makes room for other text. It returns with the line gone until the next
// tick.
func (p *progress) erase() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		p.shown = false
		_, _ = io.WriteString(p.w, "\r\x1b[K")
	}
}

// end takes the line away for good.
func (p *progress) end() {
	p.stop()
	<-p.done
	p.erase()
}

// byteSize is a size for people.
func byteSize(n int64) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/(1<<10), 0
	for f >= 1<<10 && i < len(units)-1 {
		f, i = f/(1<<10), i+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}
