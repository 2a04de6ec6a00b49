package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

// FileStore is the store: one file per webhook and one per account, so that two
// processes never rewrite each other's secrets and no lock is needed. The
// values are in the files, or in the keyring: each file says where, and new
// ones follow [FileStoreOptions.Keep]. What lies in the keyring stays there, and what
// is written while new values go there goes there too, so that nothing but
// [FileStore.Move] puts a value into a file that was in none. It implements [Store]
// and keeps credentials: one per provider, profile and origin.
//
// A context that is done does not stop a write: nothing here waits for long,
// and a secret that has arrived must be kept.
type FileStore struct {
	webhooks    string
	credentials string
	now         func() time.Time
	sys         *durable.Calls
	disk        *durable.Calls // sys without its warning
	keep        string         // InFile or InKeyring: where new values go
	namespace   string         // names new items in the keyring
	keyring     *guardedKeyring
	patience    time.Duration // how long a Put into a file waits for the lock
	indexFrom   int           // with fewer records no index is written
	margin      time.Duration // stampMargin
}

// Where a value lies.
const (
	InFile    = "file"
	InKeyring = "keyring"
)

// FileStoreOptions are what a FileStore takes from outside. All may be left out.
type FileStoreOptions struct {
	Now     func() time.Time // dates records and credentials that come without a time
	Warn    func(string)     // told once when the file system cannot make names durable
	Keep    string           // InFile or InKeyring: where new values go; "" is InFile
	Keyring Keyring          // without one, what lies in the keyring cannot be read
	Disk    *durable.Calls   // the system's own where it is nil
}

var _ Store = (*FileStore)(nil)

// below is the directory of that name in dir, "" where there is no dir.
func below(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

// OpenFileStore uses the configuration directory dir. Nothing is made before the
// first Check or Put. Where dir is "" the store is empty, and keeps nothing: see
// [durable.NoPlace].
func OpenFileStore(dir string, o FileStoreOptions) *FileStore {
	return &FileStore{
		webhooks:    below(dir, "webhooks"),
		credentials: below(dir, "credentials"),
		now:         o.Now,
		disk:        o.Disk.Or(),
		sys:         warnUnsynced(o.Disk.Or(), o.Warn),
		keep:        cmp.Or(o.Keep, InFile),
		namespace:   keyringNamespace(dir),
		keyring:     newGuardedKeyring(o.Keyring),
		patience:    2 * time.Second,
		indexFrom:   indexFrom,
		margin:      stampMargin,
	}
}

// warnUnsynced is sys, and warns once of a file system that cannot make names
// durable.
func warnUnsynced(sys *durable.Calls, warn func(string)) *durable.Calls {
	if warn == nil {
		return sys
	}
	var once sync.Once
	warning := *sys
	warning.SyncDir = func(dir string) error {
		err := sys.SyncDir(dir)
		if durable.CannotSync(err) {
			once.Do(func() {
				warn(fmt.Sprintf("the file system of %s cannot sync directories: a power failure may lose the latest secret", dir))
			})
		}
		return err
	}
	return &warning
}

// Name implements [Store]: where new values go.
func (d *FileStore) Name() string { return d.keep }

// namespaceFor is where a value goes that lies in the keyring under old, or in a
// file if old is empty.
func (d *FileStore) namespaceFor(old string) string {
	if old == "" && d.keep == InKeyring {
		return d.namespace
	}
	return old
}

// probeSize is what Check writes, in bytes: more than any record.
const probeSize = 64 << 10

// Check implements [Store]. It also removes temporary files that killed
// processes left behind; where there is an index, List does, which reads the names.
func (d *FileStore) Check(ctx context.Context) error { return d.CheckPlace(ctx, d.keep) }

// CheckPlace is Check for values that go to place, [InFile] or [InKeyring].
func (d *FileStore) CheckPlace(ctx context.Context, place string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := makeStoreDir(d.sys, d.webhooks); err != nil {
		return storeFault(err)
	}
	if _, err := os.Lstat(d.indexPath()); err != nil {
		d.sys.Sweep(d.webhooks)
	}
	d.sys.Sweep(d.credentials)
	if err := storeFault(d.sys.Probe(d.webhooks, probeSize)); err != nil || place != InKeyring {
		return err
	}
	return d.keyring.probe(ctx, d.namespace+"/probe/"+durable.RandomID())
}

// Put implements [Store]. The secret must not be empty nor contain a NUL byte.
// A zero CreatedAt becomes the present time; Store, Fingerprint, Path and
// Keyring are ignored.
func (d *FileStore) Put(ctx context.Context, r Record) error {
	if r.CreatedAt.IsZero() && d.now != nil {
		r.CreatedAt = d.now()
	}
	if _, err := openStoreDir(d.webhooks); err != nil {
		return storeFault(err)
	}
	old, err := inPlace(d.look(r.Ref()))
	if err != nil {
		return err
	}
	r.Keyring = d.namespaceFor(old.Keyring)
	if _, err := r.encode(); err != nil {
		return err
	}
	if err := makeStoreDir(d.sys, d.webhooks); err != nil {
		return storeFault(err)
	}
	ctx = context.WithoutCancel(ctx)
	keep := func() error {
		old, err := inPlace(d.look(r.Ref()))
		if err == nil && r.Keyring != "" {
			err = old.fill(ctx, d)
		}
		if err != nil && !errors.Is(err, ErrLost) {
			return err
		}
		r.carry(old)
		return d.write(ctx, &r)
	}
	if r.Keyring != "" {
		return d.whileLocked(ctx, d.webhooks, keep)
	}
	wait, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	unlock, err := durable.LockDir(wait, d.webhooks)
	if err != nil {
		return keep() // a secret that was told once is worth more than what another process may set now
	}
	return errors.Join(keep(), unlock())
}

// inPlace is what a file holds that is about to be replaced, without what is in
// the keyring; nothing where there is none. One that cannot be used stays.
func inPlace[T any](old T, err error) (T, error) {
	if err != nil && !errors.Is(err, ErrNotFound) {
		return old, fault.Errorf(fault.Other, "a file that already exists cannot be used: %w", err).With(fault.HintOf(err))
	}
	return old, nil
}

// carry adds the secrets of old that r has not got to its older ones: another
// process may have kept them since r was read.
func (r *Record) carry(old Record) {
	if missing := old.secretsNotOf(r); len(missing) > 0 {
		r.Older = append(slices.Clone(r.Older), missing...)
		sortOlder(r.Older)
	}
}

// stored is a [Record] or a [Credential], as one file of the store keeps it.
type stored interface {
	dir(d *FileStore) string
	fileName() string
	keyring() *string        // where its values lie: see [Record.Keyring]
	encode() ([]byte, error) // its file, after its fingerprints are completed; the error names it
	items() []item           // none unless its values lie in the keyring
	fill(context.Context, *FileStore) error
}

func (d *FileStore) path(k stored) string { return filepath.Join(k.dir(d), k.fileName()) }

// write keeps k where its Keyring says: the items first, the file that speaks of
// them second.
func (d *FileStore) write(ctx context.Context, k stored) error {
	data, err := k.encode()
	if err != nil {
		return err
	}
	if err := makeStoreDir(d.sys, k.dir(d)); err != nil {
		return storeFault(err)
	}
	if err := d.keepItems(ctx, k.items()); err != nil {
		return err
	}
	return storeFault(d.sys.WritePrivate(d.path(k), data))
}

func (r *Record) dir(d *FileStore) string { return d.webhooks }
func (r *Record) fileName() string        { return fileName("webhook", r.Provider, r.ID) }
func (r *Record) keyring() *string        { return &r.Keyring }

func (r *Record) encode() ([]byte, error) {
	r.Fingerprint = r.Secret.Fingerprint()
	r.Older = slices.Clone(r.Older)
	for i, old := range r.Older {
		if !old.Secret.IsZero() {
			r.Older[i].Fingerprint = old.Secret.Fingerprint()
		}
	}
	err := checkSecret(r.Secret)
	var data []byte
	if err == nil {
		data, err = encodeRecord(*r)
	}
	if err == nil {
		// What could not be read again must not replace what can.
		_, err = decodeRecord(data)
	}
	if err != nil {
		return nil, fault.Errorf(fault.Other, "keep the secret of %s webhook %q: %w", r.Provider, r.ID, err)
	}
	return data, nil
}

// Get implements [Store]. Where the keyring has not got the secret, the error
// is [ErrLost].
func (d *FileStore) Get(ctx context.Context, ref Ref) (r Record, err error) {
	if r, err = d.look(ref); err == nil {
		err = r.fill(ctx, d)
	}
	if err != nil {
		return Record{}, err
	}
	return r, nil
}

// Look is Get without the secrets: it does not ask the keyring.
func (d *FileStore) Look(_ context.Context, ref Ref) (Record, error) {
	r, err := d.look(ref)
	r.forget()
	return r, err
}

// look reads the file of a record, without what is in the keyring.
func (d *FileStore) look(ref Ref) (Record, error) {
	return look(d.webhooks, d.path(&Record{Provider: ref.Provider, ID: ref.ID}), readRecord)
}

// look reads one file of dir, which may be absent.
func look[T any](dir, path string, read func(string) (T, error)) (T, error) {
	var none T
	ok, err := openStoreDir(dir)
	if err != nil {
		return none, err
	}
	if !ok {
		return none, ErrNotFound
	}
	item, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, ErrNotFound
	}
	return item, err
}

// Delete implements [Store]. A file that cannot be read is not removed, and one
// of which the keyring does not let go stays too.
func (d *FileStore) Delete(ctx context.Context, ref Ref) error {
	r, err := d.look(ref)
	return d.remove(ctx, &r, err)
}

// remove removes k, which was looked for with err; another process may have been
// quicker.
func (d *FileStore) remove(ctx context.Context, k stored, err error) error {
	if err == nil {
		err = d.dropItems(ctx, k.items(), nil)
	}
	if err == nil {
		err = d.sys.RemoveFile(d.path(k))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}

// List implements [Store].
func (d *FileStore) List(ctx context.Context) ([]Record, []Problem, error) {
	return d.list(ctx, d.readIndex(), false)
}

// ListFiles is List by the files alone, each of which is read: for who asks
// whether they all can be.
func (d *FileStore) ListFiles(ctx context.Context) ([]Record, []Problem, error) {
	return d.list(ctx, &index{}, false)
}

// forget leaves out the secrets.
func (r *Record) forget() {
	r.Secret = Value{}
	for i := range r.Older {
		r.Older[i].Secret = Value{}
	}
}

// readRecord reads one file of the store. An absent file is [fs.ErrNotExist];
// any other error is a fault that names the file.
func readRecord(path string) (Record, error) {
	return readPrivate(path, durable.MaxFile, func(data []byte) (Record, error) {
		r, err := decodeRecord(data)
		if err == nil && r.fileName() != filepath.Base(path) {
			err = errors.New("its provider and id do not match its file name")
		}
		r.place(path)
		return r, err
	})
}

// place notes where r lies.
func (r *Record) place(path string) {
	r.Store, r.Path = InFile, path
	if r.Keyring != "" {
		r.Store = InKeyring
	}
}

// readAll reads every file in dir whose name ends with suffix. A file that
// another process removes meanwhile is left out.
func readAll[T any](ctx context.Context, dir, suffix string, read func(path string) (T, error)) ([]T, []Problem, error) {
	ok, err := openStoreDir(dir)
	if err != nil || !ok {
		return nil, nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, durable.Fault(dir, err)
	}
	var (
		all      []T
		problems []Problem
	)
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		switch item, err := read(path); {
		case err == nil:
			all = append(all, item)
		case !errors.Is(err, fs.ErrNotExist):
			problems = append(problems, Problem{Path: path, Err: err})
		}
	}
	return all, problems, nil
}
