//go:build unix

package child

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// The pipes of the process: its own streams are /dev/null and the log.
const (
	fdTold = 3
	fdSays = 4
)

func detach(cmd *exec.Cmd, told, says *os.File) {
	cmd.ExtraFiles = []*os.File{told, says}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal, no signals of a group
}

// Pipes are the pipe from the one that started this process and the one to it, nil
// where [Detach] did not begin it.
func Pipes(_, _ any) (told, says *os.File) {
	for _, fd := range []int{fdTold, fdSays} {
		var st syscall.Stat_t
		if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
			return nil, nil // whatever it is, it is not for us to close
		}
		syscall.CloseOnExec(fd)
	}
	return os.NewFile(fdTold, "told"), os.NewFile(fdSays, "says")
}

// mostDescriptors is where the search ends on a system that does not list them.
const mostDescriptors = 4096

// keepDescriptors keeps from a process that is started what the caller has left
// open for this one: who waits for the end of such a pipe would wait for that of
// the process. Go has marked its own already.
func keepDescriptors() {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil || len(entries) < 3 {
		for fd := 3; fd < mostDescriptors; fd++ {
			syscall.CloseOnExec(fd)
		}
		return
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
