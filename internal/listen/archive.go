package listen

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/hookctl/hookctl/internal/capture"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// Archive is a file of delivery records, one a line, that only ever grows. It
// is written by group commit: records that arrive while a write is under way
// are written together, in one write and one sync, so that many deliveries
// share the price of one.
//
// What [Archive.Append] reports as kept is durable. What it reports as failed
// is not in the file, as far as that can be had: the failed write is taken
// back. A kill may leave one torn line, at the end, of what was never reported:
// whoever opens the file next takes it off. A file that is removed meanwhile is
// begun anew.
type Archive struct {
	sys    *durable.Calls
	path   string
	most   int64 // bytes; 0: as much as there is room for
	notify func(line string)
	wake   chan struct{} // of capacity 1: there is something to write
	quit   chan struct{} // closed by Close
	done   chan struct{} // closed when nothing is written any more

	mu      sync.Mutex
	filling *batch
	closed  bool

	beside *unanswered // nil: no handler is asked before a record is appended

	// Of the committing goroutine alone, until done is closed:
	f     file   // nil: there was nothing to put in it yet
	size  int64  // of the file, up to the end of what was kept
	torn  bool   // the file does not end with a line end
	spare []byte // the memory of the last batch
}

// batch is the records that are written together.
type batch struct {
	empty bool // the file is emptied first
	lines []byte
	at    int64         // of the file: where they begin
	done  chan struct{} // closed once err is known
	err   error
}

// file is what an archive needs of its file. Write appends.
type file interface {
	Write(p []byte) (int, error)
	Sync() error // of the data, and of what is needed to read them back
	Truncate(size int64) error
	Size() (int64, error)
	Removed() bool // nothing leads to the file any more
	Close() error
}

// recordHead is how each record of a listener begins, and mostRecord is more
// than one takes: base64 of the largest body, and headers.
const (
	recordHead = `{"received_at":"`
	mostRecord = 2 * capture.MaxDelivery
)

// spareBatch bounds the memory that is kept for the next batch.
const spareBatch = 4 << 20

var (
	errArchiveClosed = errors.New("the archive is closed")
	errRemoved       = errors.New("the file was removed")
)

// OpenArchive opens, or makes, the file name in dir for appending. Both are
// readable by the user alone where they are made here: mode 0600 in directories
// of mode 0700. Where the system has file locks a file can be open in one
// process at a time. What would make it larger than most bytes is not kept; 0:
// there is no limit. One with a limit is made when there is a record to put in it:
// it may get none, and who verifies the directory would take it for a capture that
// cannot be read. A nil sys is the system's own calls. Notify is told, in one line,
// of what is odd about a file that is there already. Errors are faults that name the
// path.
func OpenArchive(sys *durable.Calls, dir, name string, most int64, notify func(line string)) (*Archive, error) {
	path := filepath.Join(dir, name)
	if notify == nil {
		notify = func(string) {}
	}
	sys = sys.Or()
	if _, err := os.Lstat(path); most > 0 && errors.Is(err, fs.ErrNotExist) {
		return newArchive(sys, path, nil, most, notify, 0, false), nil
	}
	f, size, torn, err := openFile(sys, path, notify)
	if err != nil {
		return nil, err
	}
	a := newArchive(sys, path, f, most, notify, size, torn)
	if err := a.adopt(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// chooseArchive is how another directory is named.
const chooseArchive = "--save DIR"

// CheckArchive finds, without a change, why OpenArchive would refuse the directory
// or the file in it: others own it or could change it.
func CheckArchive(dir, name string) error {
	err := durable.CheckDir(dir, chooseArchive)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return archiveFault(dir, err)
	}
	path := filepath.Join(dir, name)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		err = checkArchive(path, info)
	}
	return archiveFault(path, err)
}

// checkArchive refuses what stands in the place of an archive's file, unless it
// is a file that nobody else owns or could change.
func checkArchive(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	return durable.CheckOpen(path, info, chooseArchive)
}

// openFile opens or makes the file of an archive. Torn says that it does not
// end with a line end.
func openFile(sys *durable.Calls, path string, notify func(line string)) (f *osFile, size int64, torn bool, err error) {
	dir := filepath.Dir(path)
	err = sys.MakeDir(dir)
	if err == nil {
		err = durable.CheckDir(dir, chooseArchive)
	}
	if err != nil {
		return nil, 0, false, archiveFault(dir, err)
	}
	f, err = openPrivate(sys, path)
	if err != nil {
		return nil, 0, false, archiveFault(path, err)
	}
	if size, torn, err = f.inspect(path, notify); err != nil {
		return nil, 0, false, errors.Join(archiveFault(path, err), f.Close())
	}
	return f, size, torn, nil
}

// inspect tells of what is odd about a file that is there already.
func (f *osFile) inspect(path string, notify func(line string)) (size int64, torn bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, false, err
	}
	if durable.HasModes && info.Mode().Perm()&0o077 != 0 {
		notify(fmt.Sprintf("warning: other users may read %s (mode %04o), and deliveries hold personal data: chmod 600 it", path, info.Mode().Perm()))
	}
	if info.Size() == 0 {
		return 0, false, nil
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil {
		return 0, false, err
	}
	if last[0] == '\n' {
		return info.Size(), false, nil
	}
	start, ours, err := f.tornRecord(info.Size())
	switch {
	case err != nil:
		return 0, false, err
	case !ours:
		notify(fmt.Sprintf("The last line of %s has no line end. It stays, and new deliveries begin on the next line.", path))
		return info.Size(), true, nil
	}
	if err := errors.Join(f.Truncate(start), f.Sync()); err != nil {
		return 0, false, err
	}
	notify(fmt.Sprintf("The last line of %s was incomplete, because a listener was killed while it wrote it. It had not answered that delivery. The line was removed.", path))
	return start, false, nil
}

// tornRecord is where the last line of the file begins, and whether it is the
// beginning of a record, as a kill leaves it.
func (f *osFile) tornRecord(size int64) (start int64, ours bool, err error) {
	if start, err = f.lastLine(size); err != nil || size-start > mostRecord {
		return start, false, err
	}
	line := make([]byte, size-start)
	if _, err := f.ReadAt(line, start); err != nil {
		return start, false, err
	}
	head := min(len(line), len(recordHead))
	return start, string(line[:head]) == recordHead[:head] && !json.Valid(line), nil
}

// lastLine is where the last line of a file of that size begins.
func (f *osFile) lastLine(size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		part := buf[:min(int64(len(buf)), end)]
		end -= int64(len(part))
		if _, err := f.ReadAt(part, end); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return end + int64(i) + 1, nil
		}
	}
	return 0, nil
}

func newArchive(sys *durable.Calls, path string, f file, most int64, notify func(line string), size int64, torn bool) *Archive {
	a := &Archive{
		sys: sys, path: path, f: f, most: most, notify: notify, size: size, torn: torn,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}), filling: newBatch(nil),
	}
	go a.commitAll()
	return a
}

func newBatch(room []byte) *batch { return &batch{lines: room[:0], done: make(chan struct{})} }

// Path is the archive's file.
func (a *Archive) Path() string { return a.path }

// Append adds one record, which must not hold a line end, and returns once it
// is durable, or could not be made so. At is where in the file it begins.
func (a *Archive) Append(record []byte) (at int64, err error) {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return 0, errArchiveClosed
	}
	b := a.filling
	before := int64(len(b.lines))
	b.lines = append(append(b.lines, record...), '\n')
	a.mu.Unlock()
	a.begin()
	<-b.done
	return b.at + before, b.err
}

// begin has what has gathered written.
func (a *Archive) begin() {
	select {
	case a.wake <- struct{}{}:
	default: // that was asked for already
	}
}

// empty takes everything out of the file, before anything more is written. No Append
// may be under way.
func (a *Archive) empty() {
	a.mu.Lock()
	a.filling.empty = true
	a.mu.Unlock()
	a.begin()
}

// Record is the record that begins at a place where Append has put one, as long
// as the file is the same.
func (a *Archive) Record(at int64) ([]byte, error) {
	f, err := os.Open(a.path)
	if err != nil {
		return nil, archiveFault(a.path, err)
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(io.NewSectionReader(f, at, mostRecord), spareBatch/64).ReadBytes('\n')
	if err == nil && !bytes.HasPrefix(line, []byte(recordHead)) {
		err = errors.New("another program has rewritten it")
	}
	return line, archiveFault(a.path, err)
}

// Close waits for what is being written, and closes the file. It is safe to
// call twice, and where there is none.
func (a *Archive) Close() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	again := a.closed
	a.closed = true
	a.mu.Unlock()
	if again {
		return nil
	}
	close(a.quit)
	<-a.done
	if a.f == nil {
		return nil
	}
	return errors.Join(archiveFault(a.path, a.f.Close()), a.beside.close())
}

func (a *Archive) commitAll() {
	defer close(a.done)
	for {
		select {
		case <-a.wake:
			a.commitFilling()
		case <-a.quit:
			a.commitFilling() // nothing is added any more
			return
		}
	}
}

// commitFilling writes what has gathered, and tells those who wait for it.
func (a *Archive) commitFilling() {
	a.mu.Lock()
	b := a.filling
	if len(b.lines) == 0 && !b.empty {
		a.mu.Unlock()
		return
	}
	a.filling = newBatch(a.spare)
	a.mu.Unlock()
	if b.empty && a.f.Truncate(0) == nil {
		a.size, a.torn = 0, false
	}
	if len(b.lines) > 0 {
		b.err = a.commit(b.lines)
	}
	b.at = a.size - int64(len(b.lines))
	if a.spare = b.lines; cap(a.spare) > spareBatch {
		a.spare = nil
	}
	close(b.done)
}

// commit makes lines durable, or takes them back.
func (a *Archive) commit(lines []byte) error {
	if a.f != nil {
		if err := a.store(lines); !errors.Is(err, errRemoved) {
			return err
		}
	}
	f, size, torn, err := openFile(a.sys, a.path, a.notify)
	if err != nil {
		return err
	}
	if a.f != nil {
		_ = a.f.Close() // nothing of it is left
		a.notify(fmt.Sprintf("warning: %s was removed, with all deliveries in it; hookctl has created it again", a.path))
	}
	a.f, a.size, a.torn = f, size, torn
	return a.store(lines)
}

// store is commit to the file that is open.
func (a *Archive) store(lines []byte) error {
	if a.most > 0 && a.size+int64(len(lines)) > a.most {
		return fmt.Errorf("%s is full: the limit is %d bytes", a.path, a.most)
	}
	written := 0
	if a.torn {
		n, err := a.f.Write([]byte{'\n'})
		if err != nil {
			return err
		}
		written += n
	}
	n, err := a.f.Write(lines)
	written += n
	if err == nil {
		err = a.f.Sync()
	}
	if a.f.Removed() {
		return errRemoved // and its room on a full disk is free only once it is closed
	}
	if err != nil {
		a.takeBack(int64(written))
		return err
	}
	a.size += int64(written)
	a.torn = false
	return nil
}

// takeBack removes what a failed commit has written. Where it cannot, or the
// file is not as it was left, the next line is begun anew.
func (a *Archive) takeBack(written int64) {
	size, err := a.f.Size()
	if err == nil && size == a.size+written {
		if a.f.Truncate(a.size) == nil {
			return
		}
	}
	if err == nil {
		a.size = size
	}
	a.torn = true
}

// archiveFault names the path in an error of the file system.
func archiveFault(path string, err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		path, err = pe.Path, pe.Err
	}
	return fault.Errorf(fault.Other, "cannot save deliveries in %s: %w", path, err).
		WithHint("with --save, choose a directory that you can write to")
}

// openPrivate opens path for appending, as a file that this process alone
// writes.
func openPrivate(sys *durable.Calls, path string) (*osFile, error) {
	f, err := sys.Append(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = checkArchive(path, info)
	}
	if err == nil && info.Size() == 0 {
		err = sys.SyncNames(filepath.Dir(path)) // it may be new
	}
	var unlock func() error
	if err == nil {
		unlock, err = durable.LockFile(path)
	}
	if err != nil {
		if errors.Is(err, durable.ErrHeld) {
			err = fault.Errorf(fault.Other, "another process saves deliveries in %s", path).
				WithHint("stop it, or choose another directory with --save")
		}
		return nil, errors.Join(err, f.Close())
	}
	return &osFile{f, sys, unlock}, nil
}

// osFile is a file of the system.
type osFile struct {
	*os.File
	sys    *durable.Calls
	unlock func() error
}

func (f *osFile) Write(p []byte) (int, error) { return f.sys.Write(f.File, p) }

func (f *osFile) Sync() error { return f.sys.SyncData(f.File) }

func (f *osFile) Truncate(size int64) error { return f.sys.Truncate(f.File, size) }

func (f *osFile) Close() error { return errors.Join(f.sys.Close(f.File), f.unlock()) }

func (f *osFile) Removed() bool { return durable.Removed(f.File) }

func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
