package httpx

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPost: whatever a receiver does, one request is made, and it ends.
func TestPost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		hold   bool // the connection stays open behind the answer
		status int
		err    string
	}{
		"taken":    {answer: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
		"redirect": {answer: "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", status: 307},
		"other protocol": {
			answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", hold: true, status: 101,
		},
		"endless":  {answer: "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + strings.Repeat("x", postDrain), hold: true, status: 200},
		"silence":  {hold: true, err: "no answer within 300ms"},
		"hangs up": {err: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(c *net.TCPConn, _ int) bool {
				_, _ = io.WriteString(c, tt.answer)
				if tt.hold {
					_, _ = io.Copy(io.Discard, c)
				}
				return false
			})
			timeout := 20 * time.Second
			if strings.HasPrefix(tt.err, "no answer") {
				timeout = 300 * time.Millisecond
			}
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			status, err := Post(t.Context(), client, timeout, s.url()+"/hook", http.Header{"X-A": {"b"}}, []byte("the body"))
			if status != tt.status || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("%d, %v", status, err)
			}
			seen := s.seen()
			if len(seen) != 1 || !strings.HasPrefix(seen[0], "POST /hook ") || !strings.Contains(seen[0], "X-A: b\r\n") || !strings.HasSuffix(seen[0], "\r\n\r\nthe body") {
				t.Errorf("sent %q", seen)
			}
		})
	}
}
