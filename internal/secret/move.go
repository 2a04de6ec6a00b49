package secret

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/hookctl/hookctl/internal/durable"
)

// Move makes the secrets of a record lie in to, [InFile] or [InKeyring], and
// reports whether they did not before. The new place is written and read back
// before the old one is emptied: wherever it is interrupted, one of the two has
// them all, the file says which, and moving again finishes it. An older secret
// that the keyring has lost is left out of a file.
//
// Moves to and from the keyring, and what is put there, exclude each other on systems
// where a directory can be locked.
func (d *FileStore) Move(ctx context.Context, ref Ref, to string) (moved bool, err error) {
	return d.move(ctx, to, func() (stored, error) {
		r, err := d.look(ref)
		return &r, err
	})
}

// MoveCredential is Move for a credential.
func (d *FileStore) MoveCredential(ctx context.Context, provider, profile, origin, to string) (moved bool, err error) {
	return d.move(ctx, to, func() (stored, error) {
		c, err := d.lookCredential(provider, profile, origin)
		return &c, err
	})
}

func (d *FileStore) move(ctx context.Context, to string, look func() (stored, error)) (moved bool, err error) {
	k, err := look()
	if err != nil {
		return false, err
	}
	err = d.whileLocked(ctx, k.dir(d), func() error {
		path := d.path(k)
		if k, err = look(); err != nil {
			return err
		}
		if (*k.keyring() == "") == (to == InFile) {
			if to == InFile { // an interrupted move into the file may have left them; without a keyring nothing can be done
				*k.keyring() = d.namespace
				_ = d.dropItems(ctx, k.items(), nil)
			}
			return nil
		}
		before, err := durable.ReadPrivate(path, durable.MaxFile)
		if err != nil {
			return unreadable(path, err)
		}
		if err := k.fill(ctx, d); err != nil {
			return err
		}
		emptied := k.items()
		if *k.keyring() = ""; to == InKeyring {
			*k.keyring() = d.namespace
			if err := d.keepItems(ctx, k.items()); err != nil {
				return err
			}
		} else if r, ok := k.(*Record); ok {
			r.Older = slices.DeleteFunc(r.Older, func(old Older) bool { return old.Secret.IsZero() })
		}
		// The keyring may have taken its time, and a file is written without the lock.
		now, err := durable.ReadPrivate(path, durable.MaxFile)
		if err == nil && !bytes.Equal(before, now) {
			err = errors.New("another process has just changed it")
		}
		if err != nil {
			return unreadable(path, err)
		}
		if err := d.write(ctx, k); err != nil {
			return err
		}
		moved = true
		return d.dropItems(context.WithoutCancel(ctx), emptied, nil)
	})
	return moved, err
}

// whileLocked does what only one process at a time may do in dir, which is there.
func (d *FileStore) whileLocked(ctx context.Context, dir string, do func() error) error {
	unlock, err := durable.LockDir(ctx, dir)
	if err != nil {
		return err
	}
	err = do()
	return errors.Join(err, unlock())
}
