package child

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// Detached is a process that goes on without the one that started it, with a pipe
// to it and one from it.
type Detached struct {
	To, From *os.File

	cmd *exec.Cmd
}

// Detach starts c with nothing of the caller's: no descriptor but that of Err, no
// terminal, no working directory. The process finds its ends of the pipes by
// [Pipes].
func Detach(c Command) (*Detached, error) {
	toldIn, told, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer toldIn.Close()
	says, saysOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, told.Close())
	}
	defer saysOut.Close()
	c.Dir = filepath.VolumeName(c.Path) + string(filepath.Separator)
	cmd := c.command(context.Background())
	detach(cmd, toldIn, saysOut)
	keepDescriptors()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, told.Close(), says.Close())
	}
	return &Detached{told, says, cmd}, nil
}

// Kill ends a process that nobody has waited for: its id is still its own.
func (d *Detached) Kill() {
	_ = d.cmd.Process.Kill() // it may have ended
	_ = d.cmd.Wait()         // says that it was killed
}

// Close lets go of the process and the pipes.
func (d *Detached) Close() {
	_ = d.To.Close()
	_ = d.From.Close()
	_ = d.cmd.Process.Release() // it goes on without us
}
