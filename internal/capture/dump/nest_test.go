package dump

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hookctl/hookctl/internal/capture/message"
	"github.com/hookctl/hookctl/internal/capture/recorded"
)

// Messages that claim all that follows them would be followed to the end each:
// the work is bounded, and what is not read is a row.
func TestDumpsThatNest(t *testing.T) {
	const messages = 2000
	signature := "sha256=" + strings.Repeat("ab", 32)
	for name, c := range map[string]struct{ head, end string }{
		"answers":  {"HTTP/1.1 200 OK\nContent-Length: %08d\n\n", "x " + signature + "\n"},
		"requests": {"POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n%08x\n", "\nzz\n"},
	} {
		var text strings.Builder
		size := len(fmt.Sprintf(c.head, 0))
		for i := range messages {
			left := (messages - i - 1) * size
			if name == "answers" {
				left += len(c.end)
			}
			fmt.Fprintf(&text, c.head, left)
		}
		text.WriteString(c.end)
		d := dump{Rows: message.Rows{Name: "x", Carried: map[string]bool{}}, size: text.Len()}
		var last error
		d.Yield = func(b recorded.Batch) bool {
			for _, err := range b.Each() {
				last = err
			}
			return true
		}
		d.read([]byte(text.String()))
		var from, to int
		if _, err := fmt.Sscanf(fmt.Sprint(last), "bytes %d to %d were not read:", &from, &to); err != nil {
			t.Errorf("%s: the last row is %v", name, last)
		} else if to != d.size || from < 2 || !strings.HasPrefix(text.String()[from-1:], c.head[:10]) {
			t.Errorf("%s: %v, of %d", name, last, d.size)
		}
		if most := (message.MostLooked + 1) * d.size; d.looked > most {
			t.Errorf("%s: %d bytes were followed over, %d at most", name, d.looked, most)
		}
	}
}
