package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestStartedFrom(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	stat := func(name string, ticks any) string {
		return fmt.Sprintf("42 (%s) R %s%v 1 2 3\n", name, strings.Repeat("7 ", 18), ticks)
	}
	for name, c := range map[string]struct {
		stat, uptime string
		ago          time.Duration
	}{
		"a while ago":             {stat("hookctl", 100000), "1000.50 1.00\n", 490 * time.Millisecond},
		"this moment":             {stat("hookctl", 100000), "1000.00 1.00\n", 0},
		"a tick ago":              {stat("hookctl", 100000), "1000.01 1.00\n", 0},
		"two ticks ago":           {stat("hookctl", 100000), "1000.02 1.00\n", 10 * time.Millisecond},
		"brackets in the name":    {stat("a) R 1 (b", 100000), "1000.50 1.00\n", 490 * time.Millisecond},
		"later than the system":   {stat("hookctl", 200000), "1000.50 1.00\n", 0},
		"too long ago to be true": {stat("hookctl", 1), "1000.50 1.00\n", 0},
		"too few fields":          {"42 (hookctl) R 1 2 3", "1000.50 1.00\n", 0},
		"no fields":               {"", "", 0},
		"no number":               {stat("hookctl", "x"), "1000.50 1.00\n", 0},
		"no time":                 {stat("hookctl", 100000), "up\n", 0},
	} {
		if got := startedFrom(now, []byte(c.stat), []byte(c.uptime)); !got.Equal(now.Add(-c.ago)) {
			t.Errorf("%s: %s ago", name, now.Sub(got))
		}
	}
	if at := started(func() time.Time { return now })(); at.After(now) || now.Sub(at) > mostStarting {
		t.Errorf("%s", at)
	}
}

// A process that has to wait while it asks is not older for that.
func TestStartedWhileOthersRun(t *testing.T) {
	t.Parallel()
	boot := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	started := boot.Add(1000 * time.Second)
	for _, waits := range []int{0, 1, 2, 3, 10, mostLooks} { // how many looks take long
		now := started.Add(50 * time.Millisecond)
		looks := 0
		got := startedBy(func() time.Time {
			at := now
			if looks++; looks <= waits { // others run once the clock was looked at
				now = now.Add(30 * time.Millisecond)
			}
			return at
		}, func(name string) ([]byte, error) {
			if name == "/proc/uptime" {
				return fmt.Appendf(nil, "%.2f 1.00\n", now.Sub(boot).Seconds()), nil
			}
			return fmt.Appendf(nil, "42 (hookctl) R %s%d 1 2 3\n", strings.Repeat("7 ", 18), started.Sub(boot)/tick), nil
		})
		if off := got.Sub(started); off < 0 || off > 2*tick {
			t.Errorf("%d waits: %s off", waits, off)
		}
	}
}
