//go:build unix && !linux

package child

import "syscall"

// dieWithUs: the system has no such thing.
func dieWithUs(*syscall.SysProcAttr) {}
