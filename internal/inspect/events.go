package inspect

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hookctl/hookctl/internal/filter"
)

const (
	// gather is how long rows are gathered between writes: a flood of deliveries is
	// then few events of the browser.
	gather = 50 * time.Millisecond
	// keepAlive is how often a silent stream shows that it is alive.
	keepAlive = 15 * time.Second
)

// events streams the rows of deliveries: first what is in memory, or what came after
// Last-Event-ID.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	last := -1
	if n, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil && n >= 0 {
		last = n
	}
	c := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "retry: 1000\n\n")
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for changes := -1; ; {
		news := s.ring.since(last, changes)
		last, changes = news.last, news.changes
		if news.state != nil {
			fmt.Fprintf(w, "event: state\ndata: %s\n\n", marshal(news.state))
		}
		if news.missed > 0 {
			fmt.Fprintf(w, "event: missed\ndata: %d\n\n", news.missed)
		}
		for _, row := range news.rows {
			fmt.Fprintf(w, "event: delivery\nid: %d\ndata: %s\n\n", row.N, marshal(row))
		}
		if c.Flush() != nil {
			return nil // the page is gone
		}
		select {
		case <-news.more:
		case <-alive.C:
			fmt.Fprint(w, ": \n\n")
		case <-r.Context().Done():
			return nil
		}
		select {
		case <-time.After(gather):
		case <-r.Context().Done():
			return nil
		}
	}
}

// filter lists the numbers of the deliveries that match.
func (s *Server) filter(w http.ResponseWriter, r *http.Request) error {
	f, err := filter.Parse(r.URL.Query().Get("filter"), s.o.Filter)
	if err != nil {
		return err
	}
	numbers := []int{}
	s.ring.each(func(e *entry) bool {
		if e.delivery.Matches(&f) {
			numbers = append(numbers, e.n)
		}
		return true
	})
	return write(w, "application/json", marshal(numbers))
}

// write answers with b, which is complete.
func write(w http.ResponseWriter, kind string, b []byte) error {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(b) // a page that is gone misses nothing
	return nil
}
