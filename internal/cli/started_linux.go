package cli

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tick is the unit of both times: every Linux says so to programs.
const tick = 10 * time.Millisecond

// mostStarting is how long a process may take until it asks when it was started.
const mostStarting = 10 * time.Second

// mostLooks is how often the system is asked what time it is, in vain.
const mostLooks = 100

// started tells when the system started this process, which may be a good while
// before its first line runs; never earlier than that, and up to two ticks later.
// The system is asked when the answer is, first: where it does not tell, it is then.
//
// Its answer must be of the moment that clock tells: a process that has to wait
// between the two would seem to be older than it is.
func started(clock func() time.Time) func() time.Time {
	return sync.OnceValue(func() time.Time { return startedBy(clock, os.ReadFile) })
}

func startedBy(clock func() time.Time, read func(name string) ([]byte, error)) time.Time {
	stat, err := read("/proc/self/stat")
	if err != nil {
		return clock()
	}
	for look := 1; ; look++ {
		before := clock()
		uptime, err := read("/proc/uptime")
		now := clock()
		if err != nil {
			return now
		}
		if now.Sub(before) < tick/10 || look == mostLooks {
			return startedFrom(now, stat, uptime)
		}
	}
}

func startedFrom(now time.Time, stat, uptime []byte) time.Time {
	// The name of the program is in brackets and may hold anything; the time is the
	// 22nd field, counted from the process id, the 20th behind the name.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	up, _, _ := strings.Cut(string(uptime), " ")
	if len(fields) < 20 {
		return now
	}
	ticks, err1 := strconv.ParseInt(fields[19], 10, 64)
	seconds, err2 := strconv.ParseFloat(up, 64)
	if err1 != nil || err2 != nil {
		return now
	}
	age := time.Duration(seconds*float64(time.Second)).Round(tick) - time.Duration(ticks)*tick - tick
	if age < 0 || age > mostStarting {
		return now
	}
	return now.Add(-age)
}
