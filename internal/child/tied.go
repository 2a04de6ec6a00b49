package child

import (
	"context"
	"os/exec"
	"runtime"
	"time"
)

// Tied is a process that does not outlive the one that started it, with all that
// it has started itself: a process group, which the kernel of Linux ends with us,
// and a job object on Windows. Elsewhere it stays after a SIGKILL of ours.
type Tied struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of Wait; to be read once ended is closed
	group group
}

// Tie starts c. It gets no signal from the terminal: who ends it is End.
func Tie(c Command) (*Tied, error) {
	cmd := c.command(context.Background())
	cmd.WaitDelay = waitDelay // for what it leaves behind, with its output
	t := &Tied{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux ends the child with the thread that has started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := t.start()
		started <- err
		if err != nil {
			return
		}
		t.err = cmd.Wait()
		t.group.kill(cmd)
		t.group.release()
		close(t.ended)
	}()
	if err := <-started; err != nil {
		return nil, cause(err)
	}
	return t, nil
}

func (t *Tied) start() error {
	t.group.prepare(t.cmd)
	if err := t.cmd.Start(); err != nil {
		return err
	}
	return t.group.join(t.cmd)
}

// Pid is the number of the process.
func (t *Tied) Pid() int { return t.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (t *Tied) Ended() <-chan struct{} { return t.ended }

// Err says how it ended, as [exec.Cmd.Wait].
func (t *Tied) Err() error {
	<-t.ended
	return t.err
}

// End asks the process and all that it has started to end, and makes it end if it
// does not in time.
func (t *Tied) End() {
	select {
	case <-t.ended: // its number may be another's by now
		return
	default:
	}
	t.group.terminate(t.cmd)
	late := time.NewTimer(waitDelay)
	defer late.Stop()
	select {
	case <-t.ended:
		return
	case <-late.C:
	}
	t.group.kill(t.cmd)
	<-t.ended
}
