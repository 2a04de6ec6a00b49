package sandbox

import (
	"io"
	"os"
	"os/exec"
	"syscall"
)

// detachedProcess is DETACHED_PROCESS of CreateProcess: no console.
const detachedProcess = 0x8

// detach makes the pipes the streams of the process: handles have no numbers
// that it could know. It lets go of them when it serves.
func detach(cmd *exec.Cmd, told, says *os.File) {
	cmd.Stdin, cmd.Stdout = told, says
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess, HideWindow: true}
}

// StartedBy is the starter of this process, which [Place.Begin] began.
func StartedBy(in, out any) *Starter {
	s := &Starter{in: io.NopCloser(io.LimitReader(nil, 0)), out: discard{}}
	if r, ok := in.(io.ReadCloser); ok {
		s.in = r
	}
	if w, ok := out.(io.WriteCloser); ok {
		s.out = w
	}
	return s
}

type discard struct{}

func (discard) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func (discard) Close() error { return nil }

// keepDescriptors: a process inherits only the handles that it is given.
func keepDescriptors() {}
