package child

import (
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

// Pipes are the pipe from the one that started this process and the one to it, nil
// where [Detach] did not begin it: in and out are its streams.
func Pipes(in, out any) (told, says *os.File) {
	told, piped := in.(*os.File)
	says, open := out.(*os.File)
	if !piped || !open || !isPipe(told) || !isPipe(says) {
		return nil, nil
	}
	return told, says
}

func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// keepDescriptors: a process inherits only the handles that it is given.
func keepDescriptors() {}
