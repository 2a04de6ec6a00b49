package capture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture"
)

// TestGrowingFile: who sends each delivery of a file to somebody that appends it
// there comes to an end, with what there was.
func TestGrowingFile(t *testing.T) {
	t.Parallel()
	ndjson := `{"headers":{"X-A":"1"},"body":"x"}` + "\n"
	dump := "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n"
	for name, one := range map[string]string{"ndjson": ndjson, "http": dump} {
		for _, n := range []int{1, 3, 5000} {
			path := filepath.Join(t.TempDir(), "capture")
			if err := os.WriteFile(path, []byte(strings.Repeat(one, n)), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			batches, err := capture.Read(t.Context(), []string{filepath.Dir(path)}, capture.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rows := 0
			for b := range batches {
				for r, err := range b.Each() {
					if err != nil || string(r.Body) != "x" {
						t.Fatalf("%s: %+v, %v", name, r, err)
					}
					if rows++; rows > 2*n {
						t.Fatalf("%s of %d: no end", name, n)
					}
					if _, err := file.WriteString(one); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := file.Close(); err != nil || rows != n {
				t.Errorf("%s: %d rows, want %d; %v", name, rows, n, err)
			}
		}
	}
}
