package deliver

import (
	"errors"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/filter"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/signature"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ to, captured, want string }{
		{"http://h/x", "/hook?a=b", "http://h/x"},
		{"http://h/", "/hook?a=b", "http://h/"},
		{"http://h?a", "/hook", "http://h?a"},
		{"http://h", "/hook?a=b%20c", "http://h/hook?a=b%20c"},
		{"http://h:3000", "https://example.com/a%2Fb", "http://h:3000/a%2Fb"},
		{"http://h", "//hook/a?b", "http://h//hook/a?b"},
		{"http://h", "", "http://h"},
		{"http://h", "%zz", "http://h"},
	} {
		if got := target(tt.to, tt.captured); got != tt.want {
			t.Errorf("target(%q, %q) = %q, want %q", tt.to, tt.captured, got, tt.want)
		}
	}
}

// TestReplayFilter: a text is found in a body that is not in memory, which is sent whole.
func TestReplayFilter(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]bool{
		"": true, "text=ZOË": true, "text=x-trace": true, "text=/hook": true, "text=other": false, "status=503": true, "status=2xx": false, "event=*": false, "zoë": true, "valid": true, "invalid": false,
	} {
		f, err := filter.Parse(words, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		const body = `{"name":"zoë"}`
		q := &capture.Request{URL: "/hook", Header: capture.Header{{Name: "X-Trace", Value: "1"}}, Stream: strings.NewReader(body), Answered: []byte(`{"status":503}`)}
		r := &Replay{To: "http://h", Filter: f, Valid: func(q *capture.Request) bool { return string(q.Body) == body }, OwnerOf: func(signature.Header, []byte) *provider.Driver { return nil }}
		d, err := r.Delivery(t.Context(), q, nil)
		if (err == nil) != want || err != nil && !errors.Is(err, ErrFiltered) || err == nil && string(d.Body) != body {
			t.Errorf("%q: %q, %v", words, d.Body, err)
		}
	}
}
