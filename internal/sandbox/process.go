package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// A sandbox begins in this order, under the lock of its name: the process
// listens and reports over a pipe; its state is written; it is told to go on.
// One that is not told so ends at once and touches nothing, so that whoever is
// killed on the way leaves no process behind that nobody can find.

// report is what the process of a sandbox says of its start.
type report struct {
	ID   string     `json:"id"`
	Set  []string   `json:"set"`
	Kind fault.Kind `json:"kind"` // of the error
	Err  string     `json:"error"`
	Hint string     `json:"hint"`
}

// proceed is what the process is told when its state is written.
const proceed = "proceed\n"

// beginTimeout bounds a start: only a machine that hardly runs takes so long.
const beginTimeout = time.Minute

// Command is the program that becomes the process.
type Command struct {
	Path  string
	Args  []string
	Env   []string
	Flags map[string]string // what holds of the flags that make one sandbox another than the next
	Given map[string]string // those of them that were given
	Check func() error      // finds what is wrong with them, before anything is started
}

// begin starts a sandbox in place of what there was, and returns its state. It
// is for the holder of the lock. What fails leaves nothing behind.
func (p *Place) begin(ctx context.Context, c Command) (*State, error) {
	if err := p.renew(); err != nil {
		return nil, err
	}
	s, err := p.launch(ctx, c)
	if err != nil {
		return nil, errors.Join(err, p.forget())
	}
	return s, nil
}

func (p *Place) launch(ctx context.Context, c Command) (s *State, err error) {
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	log, err := durable.System().Create(filepath.Join(p.dir, logFile))
	if err != nil {
		return nil, fault.Errorf(fault.Other, "cannot create the sandbox's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	started, err := child.Detach(child.Command{Path: c.Path, Args: append([]string{"hookctl"}, c.Args...), Env: c.Env, Err: log})
	if err != nil {
		return nil, fault.Errorf(fault.Other, "cannot start the sandbox's process: %w", err)
	}
	proc := &process{started, bufio.NewReader(started.From)}
	begun := false
	defer func() {
		if !begun {
			proc.Kill()
		}
		proc.Close()
	}()
	r, err := proc.report(ctx)
	if err != nil {
		return nil, p.failed(ctx, err)
	}
	if r.Err != "" {
		return nil, fault.Errorf(r.Kind, "%s", r.Err).WithHint("%s", r.Hint)
	}
	s = &State{ID: r.ID, Set: r.Set, Flags: c.Flags}
	if err := p.save(*s); err != nil {
		return nil, err
	}
	if err := proc.proceed(ctx); err != nil {
		return nil, p.failed(ctx, err)
	}
	begun = true
	return s, nil
}

// failed says why a process did not begin, with what it has said itself.
func (p *Place) failed(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Errorf(fault.Other, "the sandbox's process did not start within %s", beginTimeout)
	case ctx.Err() != nil:
		return fault.Interruption()
	}
	const most = 1000
	said, rerr := durable.ReadFile(filepath.Join(p.dir, logFile))
	if rerr == nil && len(said) > 0 {
		return fault.Errorf(fault.Other, "the sandbox's process ended: %s", term.CleanBlock(strings.TrimSpace(string(said[max(0, len(said)-most):]))))
	}
	return fault.Errorf(fault.Other, "the sandbox's process ended: %w", err)
}

// process is the process as the one that starts it sees it.
type process struct {
	*child.Detached
	reader *bufio.Reader
}

// report waits for what the process says.
func (c *process) report(ctx context.Context) (report, error) {
	var r report
	var line []byte
	err := c.await(ctx, func() (err error) {
		line, err = c.reader.ReadBytes('\n')
		return err
	})
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	return r, err
}

// proceed lets the process serve, and waits until it has let go of the pipes.
func (c *process) proceed(ctx context.Context) error {
	if _, err := io.WriteString(c.To, proceed); err != nil {
		return err
	}
	var rest []byte
	err := c.await(ctx, func() (err error) {
		rest, err = io.ReadAll(c.reader)
		return err
	})
	if err == nil && string(rest) != proceed {
		err = errors.New("it does not continue")
	}
	return err
}

// await waits for what reads from the process, or for the end of ctx. A pipe of
// Windows has no deadline: the reader ends when the process is killed.
func (c *process) await(ctx context.Context, read func() error) error {
	done := make(chan error, 1)
	go func() { done <- read() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		c.Kill()
		<-done
		return ctx.Err()
	}
}

// Starter is the one that started a process, as that process sees it.
type Starter struct {
	in  io.ReadCloser
	out io.WriteCloser
}

// StartedBy is the starter of this process, or nil where [Place.Start] did not
// begin it; in and out are its streams.
func StartedBy(in, out any) *Starter {
	told, says := child.Pipes(in, out)
	if told == nil {
		return nil
	}
	return &Starter{told, says}
}

// Refuse tells why there is no start, and lets go of the starter.
func (s *Starter) Refuse(err error) error {
	return errors.Join(s.report(report{Kind: fault.KindOf(err), Err: err.Error(), Hint: fault.HintOf(err).String()}), s.close())
}

// report tells how the start went.
func (s *Starter) report(r report) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(line, '\n'))
	return err
}

// proceed waits until the state is written. An error says that the process must
// end and touch nothing. It lets go of the starter in any case.
func (s *Starter) proceed() error {
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err == nil && line != proceed {
		err = fmt.Errorf("told %q", line)
	}
	if err == nil {
		_, err = io.WriteString(s.out, proceed)
	}
	return errors.Join(err, s.close())
}

// close lets go of the starter.
func (s *Starter) close() error { return errors.Join(s.in.Close(), s.out.Close()) }
