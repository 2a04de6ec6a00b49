package listen

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hookctl/hookctl/internal/term"
)

// unanswered holds deliveries while the handler is asked about them, in two files
// beside an archive: a record is appended to that with the handler's answer, and must
// be durable before. What a killed listener has left in them, whoever opens the archive
// next adopts.
//
// Each file is emptied when none of its deliveries is in flight. There are two, so that
// one can get there while others keep coming.
type unanswered struct {
	files [2]*Archive

	mu       sync.Mutex
	inFlight [2]int
	bytes    [2]int64
	current  int
}

// mostUnanswered is at how many bytes the other file's turn comes, once it is empty.
const mostUnanswered = 8 << 20

// unansweredNames are the files' names. What reads a directory of captures passes over
// them, since they begin with a dot.
func unansweredNames(archive string) [2]string {
	base := "." + strings.TrimSuffix(filepath.Base(archive), ".ndjson")
	return [2]string{base + ".unanswered-1.ndjson", base + ".unanswered-2.ndjson"}
}

// holdUnanswered makes hold possible.
func (a *Archive) holdUnanswered() error {
	if a.beside != nil {
		return nil
	}
	a.beside = &unanswered{}
	for i, name := range unansweredNames(a.path) {
		path := filepath.Join(filepath.Dir(a.path), name)
		f, size, torn, err := openFile(a.sys, path, a.notify)
		if err != nil {
			return err
		}
		a.beside.files[i] = newArchive(a.sys, path, f, 0, a.notify, size, torn)
	}
	return nil
}

// hold makes a record durable until answered is called: its delivery is answered, or
// the record is in the archive.
func (a *Archive) hold(record []byte) (answered func(), err error) {
	u := a.beside
	i := u.begin(int64(len(record)))
	if _, err := u.files[i].Append(record); err != nil {
		u.end(i)
		return nil, err
	}
	return func() { u.end(i) }, nil
}

func (u *unanswered) begin(size int64) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if other := 1 - u.current; u.bytes[u.current] > mostUnanswered && u.inFlight[other] == 0 {
		u.current = other
	}
	u.inFlight[u.current]++
	u.bytes[u.current] += size
	return u.current
}

func (u *unanswered) end(i int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.inFlight[i]--; u.inFlight[i] == 0 {
		u.bytes[i] = 0
		u.files[i].empty()
	}
}

// close closes the files and removes those that hold nothing. What cannot be removed
// does no harm.
func (u *unanswered) close() error {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var err error
	for i, f := range u.files {
		err = errors.Join(err, f.Close())
		if f != nil && u.inFlight[i] == 0 {
			_ = f.sys.Remove(f.path)
		}
	}
	return err
}

// orphan is a record that a killed listener has left unanswered.
type orphan struct {
	key  [sha256.Size]byte
	f    *osFile
	at   int64
	size int
}

// orphans are those of an archive.
type orphans struct {
	list  []orphan
	times map[string]bool           // of their heads: most other records are told apart by these
	found map[[sha256.Size]byte]int // how often each is in the archive
	torn  int
}

// adopt appends to the archive what a killed listener has left unanswered, as far as
// it is not there already: with its answer, or appended by an adoption that was killed.
func (a *Archive) adopt() (err error) {
	left := &orphans{times: map[string]bool{}, found: map[[sha256.Size]byte]int{}}
	var files []*osFile
	defer func() {
		for _, f := range files {
			path := f.Name()
			if cerr := f.Close(); err == nil && cerr == nil {
				_ = a.sys.Remove(path) // what stays is found to be in the archive
			}
		}
	}()
	for _, name := range unansweredNames(a.path) {
		path := filepath.Join(filepath.Dir(a.path), name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f, err := openPrivate(a.sys, path)
		if err != nil {
			return archiveFault(path, err)
		}
		files = append(files, f)
		if err := eachLine(f.File, func(at int64, line []byte) { left.add(f, at, line) }); err != nil {
			return archiveFault(path, err)
		}
	}
	if len(left.list) > 0 {
		f, err := os.Open(a.path)
		if err == nil {
			err = errors.Join(eachLine(f, left.find), f.Close())
		}
		if err != nil {
			return archiveFault(a.path, err)
		}
	}
	if left.torn > 0 {
		a.notify(fmt.Sprintf("A listener was killed while it wrote %s to %s, before it had answered: the incomplete data was removed.", term.Plural(left.torn, "delivery", "deliveries"), a.path))
	}
	n, err := a.appendAll(left)
	if n > 0 {
		a.notify(fmt.Sprintf("A listener was killed while the handler worked on %s: appended to %s, without an answer.", term.Plural(n, "delivery", "deliveries"), a.path))
	}
	return err
}

// add notes a line of an unanswered file.
func (o *orphans) add(f *osFile, at int64, line []byte) {
	key, time, ok := identity(line)
	if !ok || !json.Valid(line) {
		o.torn++
		return
	}
	o.times[time] = true
	o.list = append(o.list, orphan{key, f, at, len(line)})
}

// find looks for one of the orphans in a line of the archive.
func (o *orphans) find(_ int64, line []byte) {
	if head := min(len(line), timeHead); !o.times[string(line[:head])] {
		return
	}
	if key, _, ok := identity(line); ok {
		o.found[key]++
	}
}

// timeHead is how many bytes of a record hold its time.
const timeHead = len(recordHead) + len("2006-01-02T15:04:05.000Z")

// identity is what a record and the same one with an answer have in common. No string
// can hold the member's text, since its quotes are escaped there, and no header, whose
// values are lists.
func identity(line []byte) (key [sha256.Size]byte, time string, ok bool) {
	if len(line) < timeHead || string(line[:len(recordHead)]) != recordHead {
		return key, "", false
	}
	rest, found := line, false
	if rest, _, found = bytes.Cut(line, []byte(`,"answer":{`)); !found {
		rest = bytes.TrimSuffix(line, []byte("}"))
	}
	return sha256.Sum256(rest), string(line[:timeHead]), true
}

// appendAll appends the orphans that were not found, and returns how many those are.
func (a *Archive) appendAll(o *orphans) (n int, err error) {
	var lines []byte
	flush := func() error {
		if len(lines) == 0 {
			return nil
		}
		_, err := a.Append(lines[:len(lines)-1])
		lines = lines[:0]
		return err
	}
	for _, p := range o.list {
		if o.found[p.key] > 0 {
			o.found[p.key]--
			continue
		}
		begin := len(lines)
		lines = append(lines, make([]byte, p.size)...)
		if _, err := p.f.ReadAt(lines[begin:], p.at); err != nil {
			return n, archiveFault(p.f.Name(), err)
		}
		n++
		if lines = append(lines, '\n'); len(lines) > spareBatch {
			if err := flush(); err != nil {
				return n, archiveFault(a.path, err)
			}
		}
	}
	return n, archiveFault(a.path, flush())
}

// eachLine calls f for each line of r without its end, the last one too where it has
// none, but not for what is longer than any record.
func eachLine(r io.Reader, f func(at int64, line []byte)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	at, size := int64(0), 0
	for {
		piece, err := in.ReadSlice('\n')
		if size += len(piece); size <= mostRecord {
			line = append(line, piece...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && err != io.EOF:
			return err
		}
		if text := bytes.TrimSuffix(line, []byte("\n")); len(text) > 0 && size <= mostRecord {
			f(at, text)
		}
		if err == io.EOF {
			return nil
		}
		at += int64(size)
		line, size = line[:0], 0
	}
}
