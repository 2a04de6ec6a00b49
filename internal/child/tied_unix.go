//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

// group is the process group of a child, which has the number of its leader.
type group struct{}

func (group) prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
}

func (group) join(*exec.Cmd) error { return nil }

func (group) release() {}

func (group) terminate(cmd *exec.Cmd) { signalGroup(cmd, syscall.SIGTERM) }
func (group) kill(cmd *exec.Cmd)      { signalGroup(cmd, syscall.SIGKILL) }

// signalGroup may find nobody there: that is what it is for.
func signalGroup(cmd *exec.Cmd, s syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, s) }
