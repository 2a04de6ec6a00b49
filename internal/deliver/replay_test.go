package deliver

import (
	"testing"
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
