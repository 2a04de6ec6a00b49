package httpx

import "golang.org/x/sys/windows"

// The system's words for what happens to connections. The names in package
// syscall are not those that Windows Sockets returns.
const (
	errRefused = windows.WSAECONNREFUSED
	errReset   = windows.WSAECONNRESET
	errAborted = windows.WSAECONNABORTED
	errPipe    = windows.WSAESHUTDOWN
)
