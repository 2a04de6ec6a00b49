package deliver

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ to, captured, want string }{
		{"http://h/x", "/hook?a=b", "http://h/x"},
		{"http://h/", "/hook?a=b", "http://h/"},
		{"http://h?a", "/hook", "http://h?a"},
		{"http://h", "/hook?a=b%20c", "http://h/hook?a=b%20c"},
		{"http://h:3000", "https://example.com/a%2Fb", "http://h:3000/a%2Fb"},
		{"http://h", "", "http://h"},
		{"http://h", "%zz", "http://h"},
	} {
		if got := target(tt.to, tt.captured); got != tt.want {
			t.Errorf("target(%q, %q) = %q, want %q", tt.to, tt.captured, got, tt.want)
		}
	}
}

func TestWholeBody(t *testing.T) {
	t.Parallel()
	if body, err := wholeBody(&capture.Request{Body: []byte("x")}); err != nil || string(body) != "x" {
		t.Errorf("%q, %v", body, err)
	}
	if body, err := wholeBody(&capture.Request{Stream: strings.NewReader("streamed")}); err != nil || string(body) != "streamed" {
		t.Errorf("%q, %v", body, err)
	}
	reason := errors.New("torn")
	if _, err := wholeBody(&capture.Request{Stream: io.MultiReader(strings.NewReader("a"), brokenReader{reason})}); !errors.Is(err, reason) {
		t.Errorf("%v", err)
	}
}

type brokenReader struct{ err error }

func (f brokenReader) Read([]byte) (int, error) { return 0, f.err }
