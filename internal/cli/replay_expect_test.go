package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/norace"
)

// TestUpdateKeepsOff: a capture that a listener writes to, one that is changed while
// its deliveries are sent, and one that is too large stay as they are.
func TestUpdateKeepsOff(t *testing.T) {
	norace.Only(t)
	t.Parallel()
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "deliveries.ndjson")
	const record = `{"headers":{},"body_base64":"e30="}` + "\n"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%v: %.200q, want %.200q", err, got, want)
		}
	}
	var sent atomic.Int64
	changes := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if sent.Add(1); changes {
			write(strings.Replace(record, "e30=", "W10=", 1))
		}
	}))
	t.Cleanup(server.Close)
	update := []string{"replay", path, "--to", server.URL, "--update"}

	write(record)
	unlock, err := durable.LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w.run(2, update...)
	w.said("nothing was sent", "another process saves deliveries in it")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	holds(record)

	large := strings.Repeat(`{"headers":{},"body":"`+strings.Repeat("x", 1<<20)+"\"}\n", mostUpdated>>20)
	write(large)
	w.run(2, update...)
	w.said("nothing was sent", path)
	holds(large)
	if sent.Load() > 0 {
		t.Error("deliveries were sent all the same")
	}

	write(record)
	changes = true
	w.run(1, update...)
	w.said("cannot record answers in", "the file has changed")
	changes = false
	write(record)
	w.run(0, update...)
	w.said("Recorded 1 answer in")
	if sent.Load() != 2 {
		t.Errorf("%d were sent", sent.Load())
	}
}
