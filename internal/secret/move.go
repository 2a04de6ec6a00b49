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
	r, err := d.look(ref)
	if err != nil {
		return false, err
	}
	err = d.whileLocked(ctx, d.webhooks, func() error {
		if r, err = d.look(ref); err != nil {
			return err
		}
		if r.Store == to {
			d.tidy(ctx, r)
			return nil
		}
		if err := d.move(ctx, r, to); err != nil {
			return err
		}
		moved = true
		return d.dropItems(context.WithoutCancel(ctx), r.items(), nil)
	})
	return moved, err
}

func (d *FileStore) move(ctx context.Context, r Record, to string) error {
	before, err := durable.ReadPrivate(r.Path, durable.MaxFile)
	if err != nil {
		return unreadable(r.Path, err)
	}
	if err := d.fill(ctx, &r); err != nil {
		return err
	}
	if r.Keyring = ""; to == InKeyring {
		r.Keyring = d.namespace
		if err := d.keepItems(ctx, r.items()); err != nil {
			return err
		}
	} else {
		r.Older = slices.DeleteFunc(r.Older, func(old Older) bool { return old.Secret.IsZero() })
	}
	// The keyring may have taken its time, and a file is written without the lock.
	now, err := durable.ReadPrivate(r.Path, durable.MaxFile)
	if err != nil {
		return unreadable(r.Path, err)
	}
	if !bytes.Equal(before, now) {
		return unreadable(r.Path, errors.New("another process has changed it just now"))
	}
	return d.write(ctx, r)
}

// tidy removes what a move into the file that was interrupted has left in the
// keyring. Without a keyring there is nothing that could be done.
func (d *FileStore) tidy(ctx context.Context, r Record) {
	if r.Keyring == "" {
		r.Keyring = d.namespace
		_ = d.dropItems(ctx, r.items(), nil)
	}
}

// MoveCredential is Move for a credential.
func (d *FileStore) MoveCredential(ctx context.Context, provider, profile, origin, to string) (moved bool, err error) {
	c, err := d.lookCredential(provider, profile, origin)
	if err != nil {
		return false, err
	}
	err = d.whileLocked(ctx, d.credentials, func() error {
		if c, err = d.lookCredential(provider, profile, origin); err != nil {
			return err
		}
		there := c
		if to == InKeyring {
			there.Keyring = d.namespace
		} else {
			there.Keyring = ""
		}
		if (c.Keyring == "") == (there.Keyring == "") {
			if c.Keyring == "" {
				c.Keyring = d.namespace
				_ = d.dropItems(ctx, c.items(), nil)
			}
			return nil
		}
		if err := d.fillCredential(ctx, &c); err != nil {
			return err
		}
		if err := d.writeCredential(ctx, &there); err != nil {
			return err
		}
		moved = true
		return d.dropItems(context.WithoutCancel(ctx), c.items(), there.items())
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
