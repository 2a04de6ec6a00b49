//go:build !windows

package httpx

import "syscall"

// The system's words for what happens to connections.
const (
	errRefused = syscall.ECONNREFUSED
	errReset   = syscall.ECONNRESET
	errAborted = syscall.ECONNABORTED
	errPipe    = syscall.EPIPE
)
