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

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// ErrLive reports an entry that a living process holds.
var ErrLive = errors.New("another process is working on it")

// Intent says what an operation is about to do. It holds no credential and no
// secret.
type Intent struct {
	ID        string    `json:"id"`        // random, names the entry; made by Begin when empty
	Operation string    `json:"operation"` // "create", "rotate" or "replace"
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
	sys       *durable.Calls
	keyring   *guardedKeyring
	namespace string // the keys of new entries are items there; "" leaves answers unsealed
}

// OpenJournal uses dir, which is made when the first entry is begun. Where new values go
// to the keyring, answers are sealed with a key that is there, so that none of
// their bytes is written to the disk.
func (d *FileStore) OpenJournal(dir string) *Journal {
	return &Journal{dir: dir, sys: d.sys, keyring: d.keyring, namespace: d.namespaceFor("")}
}

// keyItem names the key of an entry in the keyring.
func keyItem(namespace, id string) string { return namespace + "/journal/" + id }

const (
	entrySuffix = ".op"
	lockSuffix  = ".lock"
)

// staleLock is the age at which a lock file without an entry is removed.
const staleLock = 24 * time.Hour

// claimWait bounds how long an entry's lock is waited for: a process that only
// looks whether the entry is live holds a shared one for a moment.
const claimWait = 500 * time.Millisecond

// LockPrefix begins the names of the locks of which there are many: their files
// are swept.
const LockPrefix = "turn-"

func (j *Journal) entryPath(id string) string { return filepath.Join(j.dir, id+entrySuffix) }

// lockPath is the file that is locked in the place of an entry, which Windows
// would keep others from reading.
func (j *Journal) lockPath(id string) string { return filepath.Join(j.dir, id+lockSuffix) }

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
	if err := makeStoreDir(j.sys, j.dir); err != nil {
		return nil, journalFault(err)
	}
	j.sweep()
	seal, err := j.newSealer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	e, err := j.begin(ctx, in.ID, head)
	if err != nil {
		j.dropKey(j.namespace, in.ID)
		return nil, journalFault(durable.Fault(j.dir, err))
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
		in.ID = durable.RandomID()
	}
	if !durable.IsID(in.ID) {
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
// a lock may take its process for dead. The entry appears whole, by a rename; on
// an error it is gone.
func (j *Journal) begin(ctx context.Context, id string, head entryHead) (*Entry, error) {
	if _, err := os.Lstat(j.lockPath(id)); err == nil {
		return nil, fs.ErrExist
	}
	lock, err := j.take(ctx, id)
	if err != nil {
		return nil, err
	}
	path := j.entryPath(id)
	var f *os.File
	if err = j.sys.WritePrivate(path, head.text, make([]byte, head.room)); err == nil {
		f, err = j.sys.Open(path)
	}
	if err == nil {
		return &Entry{j: j, id: id, lock: lock, f: f, head: head}, nil
	}
	if rerr := j.sys.Remove(path); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return nil, errors.Join(err, lock.Remove())
}

// List returns the entries that exist, oldest first, and the files that are
// not readable as entries. It does not wait for live ones and disturbs nobody.
// An absent directory is an empty journal.
func (j *Journal) List(ctx context.Context) ([]OpenOperation, []Problem, error) {
	all, problems, err := readAll(ctx, j.dir, entrySuffix, func(path string) (OpenOperation, error) {
		// Liveness before content: an entry is removed before its lock is
		// given up, so that one that is dead and still there is truly left over.
		id := strings.TrimSuffix(filepath.Base(path), entrySuffix)
		live := durable.IsID(id) && durable.Held(j.lockPath(id))
		p, _, err := readEntry(path)
		if err != nil && live {
			p, _, err = readEntry(path) // it may have been in the middle of a write
		}
		if p.Live = live; p.Sealed {
			p.Answer = nil
		}
		return p, err
	})
	if err != nil {
		return nil, nil, err
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
	if !durable.IsID(id) {
		return nil, OpenOperation{}, ErrNotFound
	}
	ok, err := openStoreDir(j.dir)
	if err != nil {
		return nil, OpenOperation{}, err
	}
	if _, err := os.Lstat(j.entryPath(id)); !ok || errors.Is(err, fs.ErrNotExist) {
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
		return nil, OpenOperation{}, errors.Join(ErrNotFound, lock.Remove())
	case err != nil:
		return nil, OpenOperation{}, errors.Join(err, lock.Release())
	}
	return e, p, nil
}

// take locks an entry, or returns ErrLive.
func (j *Journal) take(ctx context.Context, id string) (*durable.Lock, error) {
	wait, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	lock, err := j.sys.Lock(wait, j.lockPath(id), func() {})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fault.Errorf(fault.Other, "%s: %w", j.entryPath(id), ErrLive).WithHint("wait until it ends, then try again")
	}
	return lock, err
}

// Lock waits until no other process holds the lock of this name, which must be no
// entry's id, and takes it: until release is called, or the process dies. waiting
// is called once if it has to wait.
func (j *Journal) Lock(ctx context.Context, name string, waiting func()) (release func() error, err error) {
	if err := makeStoreDir(j.sys, j.dir); err != nil {
		return nil, journalFault(err)
	}
	lock, err := j.sys.Lock(ctx, j.lockPath(name), waiting)
	switch {
	case err == nil:
		return lock.Remove, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, journalFault(err)
}

func (j *Journal) open(ctx context.Context, id string, lock *durable.Lock) (*Entry, OpenOperation, error) {
	path := j.entryPath(id)
	p, head, err := readEntry(path)
	if err != nil {
		return nil, OpenOperation{}, err
	}
	f, err := j.sys.Open(path)
	if err != nil {
		return nil, OpenOperation{}, durable.Fault(path, err)
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
	j.sys.Sweep(j.dir)
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return
	}
	for _, n := range entries {
		id, ok := strings.CutSuffix(n.Name(), lockSuffix)
		if !ok || !durable.OlderThan(n, staleLock) {
			continue
		}
		left := strings.HasPrefix(id, LockPrefix)
		if durable.IsID(id) {
			_, err := os.Lstat(j.entryPath(id))
			left = errors.Is(err, fs.ErrNotExist)
		}
		if !left {
			continue
		}
		if lock, err := j.sys.Lock(context.Background(), j.lockPath(id), nil); err == nil {
			_ = lock.Remove()
		}
	}
}
