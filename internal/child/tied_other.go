//go:build unix && !linux

package child

import "syscall"

// dieWithUs: the system has no such thing.
func dieWithUs(*syscall.SysProcAttr) {}

// Runs reports whether a tied process goes on of which the one that started it was
// killed: as far as its number tells.
func Runs(pid int) bool { return pid > 0 && syscall.Kill(pid, 0) == nil }
