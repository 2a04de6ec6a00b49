package secret

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/hookctl/hookctl/internal/fault"
)

// ErrLive reports an entry that a living process holds.
var ErrLive = errors.New("another process is working on it")

// Intent says what an operation is about to do. It holds no credential and no
// secret.
type Intent struct {
	ID        string    `json:"id"`        // random, names the entry; made by Begin when empty
	Operation string    `json:"operation"` // "create"; later "rotate", "replace", "migrate"
	Provider  string    `json:"provider"`
	Profile   string    `json:"profile"`
	Origin    string    `json:"origin"`
	Account   string    `json:"account,omitempty"` // fingerprint of the account; "": not known
	Name      string    `json:"name"`
	URL       string    `json:"url"`
	Events    []string  `json:"events"`
	StartedAt time.Time `json:"started_at"`
	PID       int       `json:"pid"`  // made by Begin when zero
	Host      string    `json:"host"` // made by Begin when empty
	Replaces  *Ref      `json:"replaces,omitempty"`
	Overlap   bool      `json:"overlap,omitempty"` // the webhook that it replaces is to stay for now
	Sinks     []string  `json:"sinks,omitempty"`   // as typed; a sink's words hold no secret
}

// Phase is one step that an operation has taken, appended to its entry.
type Phase struct {
	Name   string    `json:"phase"` // "kept", "sunk", "unknown", "not-listed", "removed" and the like
	At     time.Time `json:"at"`
	ID     string    `json:"id,omitempty"`     // the webhook's id, once known
	Status int       `json:"status,omitempty"` // the HTTP status, once seen
	Detail string    `json:"detail,omitempty"` // never a secret
}

// OpenOperation is what an entry that still exists says.
type OpenOperation struct {
	Intent Intent
	Phases []Phase
	Answer []byte // every byte of the provider's answer that arrived: HTTP head and body, as read from the connection
	Sealed bool   // the answer lies on disk sealed; List leaves it out
	// AnswerErr is why a sealed answer could not be opened. It is [ErrLost] where
	// the keyring has not got its key: then nobody can.
	AnswerErr error
	Live      bool // a living process holds it: leave it alone
	Path      string
}

// Journal is a directory of operations under way, one file each.
type Journal struct {
	dir       string
	disk      *disk
	keyring   *guardedKeyring
	namespace string // the keys of new entries are items there; "" leaves answers unsealed
	lock      func(context.Context, *flock.Flock) (bool, error)
}

// OpenJournal uses dir, which is made when the first entry is begun. Answers
// are written as they come.
func OpenJournal(dir string) *Journal {
	return &Journal{dir: dir, disk: newDisk(nil, nil), keyring: newGuardedKeyring(noKeyring{}), lock: waitForLock}
}

// OpenJournal uses dir as the function of that name does. Where new values go
// to the keyring, answers are sealed with a key that is there, so that none of
// their bytes is written to the disk.
func (d *FileStore) OpenJournal(dir string) *Journal {
	j := OpenJournal(dir)
	j.disk.sys = d.disk.sys
	j.keyring = d.keyring
	j.namespace = d.namespaceFor("")
	return j
}

// keyItem names the key of an entry in the keyring.
func keyItem(namespace, id string) string { return namespace + "/journal/" + id }

const (
	entrySuffix = ".op"
	lockSuffix  = ".lock"
)

// staleLock is the age at which a lock file without an entry is removed.
const staleLock = 24 * time.Hour

func (j *Journal) entryPath(id string) string { return filepath.Join(j.dir, id+entrySuffix) }

// Raw is the file of the entry id, for messages that send a person there.
func (j *Journal) Raw(id string) string { return j.entryPath(id) }

// Begin makes the entry durable before it returns: exclusive creation, mode
// 0600, the intent written, the room for an answer of answerCap bytes filled
// so that a full disk shows now, file and directory synced. The entry is
// locked until Remove or Release, or until the process dies. On an error there is
// no entry.
func (j *Journal) Begin(ctx context.Context, in Intent, answerCap int64) (*Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := complete(&in); err != nil {
		return nil, journalFault(err)
	}
	if j.namespace != "" {
		answerCap *= sealedRoom
	}
	head, err := encodeHead(in, answerCap, j.namespace)
	if err != nil {
		return nil, journalFault(err)
	}
	if err := j.disk.makeStoreDir(j.dir); err != nil {
		return nil, journalFault(err)
	}
	j.sweep()
	seal, err := j.newSealer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	e, err := j.begin(in.ID, head)
	if err != nil {
		j.dropKey(j.namespace, in.ID)
		return nil, journalFault(diskFault(j.dir, err))
	}
	e.seal = seal
	return e, nil
}

// newSealer puts the key of a new entry into the keyring; nil for one that is
// not sealed.
func (j *Journal) newSealer(ctx context.Context, id string) (*sealer, error) {
	if j.namespace == "" {
		return nil, nil
	}
	key := newSealKey()
	if err := j.keyring.set(ctx, keyItem(j.namespace, id), key); err != nil {
		j.dropKey(j.namespace, id)
		return nil, err
	}
	return newSealer(id, key)
}

// openSealer gets the key of an entry that exists.
func (j *Journal) openSealer(ctx context.Context, namespace, id string) (*sealer, error) {
	key, err := j.keyring.get(ctx, keyItem(namespace, id))
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, fault.Errorf(fault.Other, "the key of %s: %w", j.entryPath(id), ErrLost).WithCode("lost")
	case err != nil:
		return nil, err
	}
	return newSealer(id, key)
}

// dropKey removes the key of an entry that is gone. One that stays opens
// nothing.
func (j *Journal) dropKey(namespace, id string) {
	if namespace != "" {
		_ = j.keyring.remove(context.Background(), keyItem(namespace, id))
	}
}

// complete fills what the caller may leave out.
func complete(in *Intent) error {
	if in.ID == "" {
		in.ID = randomID()
	}
	if !isID(in.ID) {
		return errors.New("the id of an entry must be 32 hex digits")
	}
	if in.PID == 0 {
		in.PID = os.Getpid()
	}
	if in.Host == "" {
		// An unknown host is not worth failing for: the name is for people.
		in.Host, _ = os.Hostname()
	}
	return nil
}

// begin locks first and shows the entry second: whoever sees an entry without
// a lock may take its process for dead. The entry appears whole, by a rename.
func (j *Journal) begin(id string, head entryHead) (*Entry, error) {
	lock, err := j.takeNew(id)
	if err != nil {
		return nil, err
	}
	e, err := j.write(id, head, lock)
	if err != nil {
		return nil, errors.Join(err, j.release(id, lock))
	}
	return e, nil
}

// write makes the entry's file and opens it. On an error it is gone.
func (j *Journal) write(id string, head entryHead, lock *fileLock) (*Entry, error) {
	path := j.entryPath(id)
	tmp, err := j.disk.writeTemp(j.dir, nil, head.text, make([]byte, head.room))
	if err != nil {
		return nil, err
	}
	if err := j.disk.sys.Rename(tmp, path); err != nil {
		return nil, errors.Join(err, j.disk.sys.Remove(tmp))
	}
	err = j.disk.syncDir(j.dir)
	var f *os.File
	if err == nil {
		f, err = j.disk.sys.Open(path)
	}
	if err != nil {
		return nil, errors.Join(err, j.disk.sys.Remove(path))
	}
	return &Entry{j: j, id: id, lock: lock, f: f, head: head}, nil
}

// release gives up the lock and removes its file, unless that fails: the file
// then waits for sweep. The entry must be gone.
func (j *Journal) release(id string, lock *fileLock) error {
	err := lock.release()
	_ = j.disk.sys.Remove(j.lockPath(id))
	return err
}

// List returns the entries that exist, oldest first, and the files that are
// not readable as entries. It does not wait for live ones and disturbs nobody.
// An absent directory is an empty journal.
func (j *Journal) List(ctx context.Context) ([]OpenOperation, []Problem, error) {
	ok, err := openStoreDir(j.dir)
	if err != nil || !ok {
		return nil, nil, err
	}
	names, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, nil, diskFault(j.dir, err)
	}
	var (
		all      []OpenOperation
		problems []Problem
	)
	for _, n := range names {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		id, ok := strings.CutSuffix(n.Name(), entrySuffix)
		if !ok {
			continue
		}
		// Liveness before content: an entry is removed before its lock is
		// given up, so that one that is dead and still there is truly left over.
		live := isID(id) && j.live(id)
		path := filepath.Join(j.dir, n.Name())
		p, _, err := readEntry(path)
		if err != nil && live {
			p, _, err = readEntry(path) // it may have been in the middle of a write
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			problems = append(problems, Problem{Path: path, Err: err})
		default:
			p.Live = live
			if p.Sealed {
				p.Answer = nil
			}
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b OpenOperation) int {
		return cmp.Or(a.Intent.StartedAt.Compare(b.Intent.StartedAt), cmp.Compare(a.Intent.ID, b.Intent.ID))
	})
	return all, problems, nil
}

// Claim locks a dead entry, so that one process settles it. ErrLive is
// returned for one that a living process holds, ErrNotFound for one that is
// gone.
func (j *Journal) Claim(ctx context.Context, id string) (*Entry, OpenOperation, error) {
	if !isID(id) {
		return nil, OpenOperation{}, ErrNotFound
	}
	ok, err := openStoreDir(j.dir)
	if err != nil {
		return nil, OpenOperation{}, err
	}
	path := j.entryPath(id)
	if !ok {
		return nil, OpenOperation{}, ErrNotFound
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, OpenOperation{}, ErrNotFound
	}
	lock, err := j.take(ctx, id)
	if err != nil {
		return nil, OpenOperation{}, err
	}
	e, p, err := j.open(ctx, id, lock)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Settled by somebody else meanwhile; the lock file may be our own.
		return nil, OpenOperation{}, errors.Join(ErrNotFound, j.release(id, lock))
	case err != nil:
		return nil, OpenOperation{}, errors.Join(err, lock.release())
	}
	return e, p, nil
}

func (j *Journal) open(ctx context.Context, id string, lock *fileLock) (*Entry, OpenOperation, error) {
	path := j.entryPath(id)
	p, head, err := readEntry(path)
	if err != nil {
		return nil, OpenOperation{}, err
	}
	f, err := j.disk.sys.Open(path)
	if err != nil {
		return nil, OpenOperation{}, diskFault(path, err)
	}
	e := &Entry{j: j, id: id, lock: lock, f: f, head: head, written: int64(len(p.Answer))}
	if head.sealed != "" {
		frames := p.Answer
		p.Answer = nil
		if e.seal, p.AnswerErr = j.openSealer(ctx, head.sealed, id); p.AnswerErr == nil {
			p.Answer = e.seal.open(frames)
		}
	}
	return e, p, nil
}

// sweep removes what killed processes left behind: temporary files, and lock
// files without an entry.
func (j *Journal) sweep() {
	j.disk.sweep(j.dir)
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return
	}
	for _, n := range entries {
		id, ok := strings.CutSuffix(n.Name(), lockSuffix)
		if !ok || !olderThan(n, staleLock) {
			continue
		}
		if strings.HasPrefix(id, LockPrefix) {
			j.sweepLock(j.lockPath(id))
		}
		if !isID(id) {
			continue
		}
		if _, err := os.Lstat(j.entryPath(id)); errors.Is(err, fs.ErrNotExist) && !j.live(id) {
			_ = j.disk.sys.Remove(j.lockPath(id))
		}
	}
}
