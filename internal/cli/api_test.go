package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What an API says reaches a pipe byte for byte, and a terminal harmlessly.
func TestAPIOnATerminal(t *testing.T) {
	t.Parallel()
	const body = "a\x1b[31mb\xff\r\nend"
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header()["X-Odd"] = []string{"\x9b31m"}
		_, _ = rw.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	w := newWorld(t)
	w.env.Environ = append(w.env.Environ, "HOOKCTL_WUNDERTREOS_BASE_URL="+server.URL)
	if out := w.run(0, "api", "wundertreos", "x"); out != body {
		t.Errorf("a pipe gets %q", out)
	}
	w.env.Streams.OutTTY = true
	out := w.run(0, "api", "wundertreos", "x", "-i")
	if strings.ContainsAny(out, "\x1b\r") || !strings.HasSuffix(out, "\ufffd[31mb\ufffd\nend\n") || !strings.HasPrefix(out, "HTTP 200 OK\n") {
		t.Errorf("a terminal gets %q", out)
	}
}
