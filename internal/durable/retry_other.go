//go:build !windows

package durable

// Retry calls f once: another program that has a file open is in nobody's way
// here.
func Retry(f func() error) error { return f() }
