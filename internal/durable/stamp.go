package durable

import "time"

// Stamp tells one state of a file or directory from another: whoever replaces a
// file, writes into it, changes its mode or puts old times back changes its
// stamp, unless that happens within one tick of the file system's clock.
type Stamp struct {
	Inode, Size       int64
	Modified, Changed int64 // in ns since 1970, by the file system's clock
}

// Before reports whether the state is clearly older than t, a time of the same
// file system. Only then can nothing that was changed since have the same stamp.
func (s Stamp) Before(t time.Time, margin time.Duration) bool {
	return time.Unix(0, max(s.Modified, s.Changed)).Before(t.Add(-margin))
}
