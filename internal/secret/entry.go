package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// ErrAnswerRoom reports an answer that is longer than the room for it.
var ErrAnswerRoom = errors.New("the answer is longer than the space reserved for it in the journal")

// Entry is an operation that this process holds. Its methods may be called
// from several goroutines: the one that reads the connection writes the answer
// while another appends phases.
type Entry struct {
	j    *Journal
	id   string
	lock *durable.Lock
	f    *os.File // open until released
	seal *sealer  // nil: the answer is not sealed, or its key is not to be had

	headMu sync.Mutex // guards head.used and head.dirty
	head   entryHead

	answerMu sync.Mutex
	written  int64 // bytes of the answer

	endMu    sync.Mutex
	released bool
	removed  bool
}

// Path is the entry's file.
func (e *Entry) Path() string { return e.j.entryPath(e.id) }

// ID is the entry's id.
func (e *Entry) ID() string { return e.id }

// Write puts raw bytes of the answer behind those written before, at once and
// without buffering, before anything parses them. It implements io.Writer for
// the tap inside the connection's Read. Bytes past the room are dropped, and
// an error says so. A frame of a sealed answer that was not written whole is
// written over by the next, so that no frame stands behind a torn one.
func (e *Entry) Write(p []byte) (int, error) {
	e.answerMu.Lock()
	defer e.answerMu.Unlock()
	sealed, left := e.head.sealed != "", e.head.room-e.written
	if sealed {
		left = max(0, left-frameOverhead)
		if e.seal == nil {
			return 0, fault.Errorf(fault.Other, "%s: the key that seals it is not available", e.Path())
		}
	}
	fits := p[:min(int64(len(p)), left)]
	if len(fits) > 0 {
		data := fits
		if sealed {
			data = e.seal.seal(fits, e.written)
		}
		n, err := e.j.sys.WriteAt(e.f, data, e.head.offset+e.written)
		if err != nil && sealed {
			n = 0
		}
		e.written += int64(n)
		if err != nil {
			return n, durable.Fault(e.Path(), err)
		}
	}
	if len(fits) < len(p) {
		return len(fits), ErrAnswerRoom
	}
	return len(p), nil
}

// Sync makes the answer durable.
func (e *Entry) Sync() error { return durable.Fault(e.Path(), e.j.sys.Sync(e.f)) }

// Reset forgets the answer's bytes so far: the request was refused unprocessed
// (429) and is sent again.
func (e *Entry) Reset() error {
	e.answerMu.Lock()
	defer e.answerMu.Unlock()
	if e.written == 0 {
		return nil
	}
	if _, err := e.j.sys.WriteAt(e.f, make([]byte, e.written), e.head.offset); err != nil {
		return durable.Fault(e.Path(), err)
	}
	e.written = 0
	return durable.Fault(e.Path(), e.j.sys.Sync(e.f))
}

// Answer returns the bytes written so far, as far as they can be read.
func (e *Entry) Answer() []byte {
	e.answerMu.Lock()
	defer e.answerMu.Unlock()
	data := make([]byte, e.written)
	// A journal that cannot be read says nothing; the caller has what it read
	// from the connection itself.
	n, _ := e.f.ReadAt(data, e.head.offset)
	switch {
	case e.head.sealed == "":
		return data[:n]
	case e.seal == nil:
		return nil
	}
	return e.seal.open(data[:n])
}

// Phase appends p durably. Entries have room for a hundred phases and more;
// one that does not fit is an error and leaves the entry as it was.
func (e *Entry) Phase(p Phase) error {
	line, err := encodePhase(p)
	if err != nil {
		return fault.Errorf(fault.Other, "journal entry %s: phase %q: %w", e.id, p.Name, err)
	}
	e.headMu.Lock()
	defer e.headMu.Unlock()
	end := e.head.used + int64(len(line))
	if end > e.head.offset-1 {
		return fault.Errorf(fault.Other, "journal entry %s: no space for phase %q", e.id, p.Name)
	}
	// What an earlier failure left behind the end is blanked in the same write.
	text := line
	for int64(len(text)) < e.head.dirty-e.head.used {
		text = append(text, ' ')
	}
	e.head.dirty = max(e.head.dirty, end)
	if _, err := e.j.sys.WriteAt(e.f, text, e.head.used); err != nil {
		return durable.Fault(e.Path(), err)
	}
	if err := e.j.sys.Sync(e.f); err != nil {
		return durable.Fault(e.Path(), err)
	}
	e.head.used = end
	return nil
}

// Remove removes the entry durably and releases it. When that fails the entry is
// released all the same and may be there still, for recover.
func (e *Entry) Remove() error {
	e.endMu.Lock()
	defer e.endMu.Unlock()
	switch {
	case e.removed:
		return nil
	case e.released:
		return fmt.Errorf("journal entry %s was already released", e.id)
	}
	// Windows does not remove open files, so close first; the lock goes last.
	err := e.close()
	if rerr := e.j.sys.RemoveFile(e.Path()); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr, e.lock.Release())
	} else {
		err = errors.Join(err, e.lock.Remove())
		e.j.dropKey(e.head.sealed, e.id)
	}
	e.removed = err == nil
	return durable.Fault(e.Path(), err)
}

// Release unlocks the entry and keeps it, for recover. Safe after Remove.
func (e *Entry) Release() error {
	e.endMu.Lock()
	defer e.endMu.Unlock()
	if e.released {
		return nil
	}
	err := e.j.sys.Sync(e.f)
	return durable.Fault(e.Path(), errors.Join(err, e.close(), e.lock.Release()))
}

func (e *Entry) close() error {
	e.released = true
	err := e.j.sys.Close(e.f)
	if err != nil {
		_ = e.f.Close() // it may be open still; closing it twice does no harm
	}
	return err
}
