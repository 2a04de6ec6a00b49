package secret

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
)

func (d *FileStore) credentialPath(provider, profile, origin string) string {
	return filepath.Join(d.credentials, fileName("credential", provider, profile, origin))
}

// PutCredential keeps c as Put keeps a record. A zero SavedAt becomes the
// present time; Fingerprints and Keyring are ignored. Like Put, it never
// replaces a file that cannot be read.
func (d *FileStore) PutCredential(ctx context.Context, c Credential) error {
	if c.SavedAt.IsZero() && d.now != nil {
		c.SavedAt = d.now()
	}
	if _, err := openStoreDir(d.credentials); err != nil {
		return storeFault(err)
	}
	old, err := inPlace(d.lookCredential(c.Provider, c.Profile, c.Origin))
	if err != nil {
		return err
	}
	if c.Keyring = d.namespaceFor(old.Keyring); c.Keyring == "" {
		return d.writeCredential(ctx, &c)
	}
	if err := makeStoreDir(d.sys, d.credentials); err != nil {
		return storeFault(err)
	}
	return d.whileLocked(ctx, d.credentials, func() error {
		if err := d.writeCredential(ctx, &c); err != nil {
			return err
		}
		// What authenticated before is of no use any more, unlike an older secret.
		return d.dropItems(ctx, old.items(), c.items())
	})
}

// writeCredential keeps c where c.Keyring says and fills its fingerprints.
func (d *FileStore) writeCredential(ctx context.Context, c *Credential) error {
	c.Fingerprints = fingerprints(c.Fields)
	data, err := encodeCredential(*c)
	if err == nil {
		_, err = decodeCredential(data)
	}
	if err != nil {
		return fault.Errorf(fault.Other, "keep the credentials of %s, profile %q: %w", c.Provider, c.Profile, err)
	}
	if err := makeStoreDir(d.sys, d.credentials); err != nil {
		return storeFault(err)
	}
	if err := d.keepItems(ctx, c.items()); err != nil {
		return err
	}
	path := d.credentialPath(c.Provider, c.Profile, c.Origin)
	return storeFault(d.sys.WritePrivate(path, data))
}

// GetCredential returns ErrNotFound where there is none.
func (d *FileStore) GetCredential(ctx context.Context, provider, profile, origin string) (Credential, error) {
	c, err := d.lookCredential(provider, profile, origin)
	if err == nil {
		err = d.fillCredential(ctx, &c)
	}
	if err != nil {
		return Credential{}, err
	}
	return c, nil
}

// lookCredential reads the file of a credential, without what is in the keyring.
func (d *FileStore) lookCredential(provider, profile, origin string) (Credential, error) {
	return look(d.credentials, d.credentialPath(provider, profile, origin), readCredential)
}

// DeleteCredential removes a credential for good, or returns ErrNotFound. A file that cannot be read is
// not removed, and one of which the keyring does not let go stays too.
func (d *FileStore) DeleteCredential(ctx context.Context, provider, profile, origin string) error {
	c, err := d.lookCredential(provider, profile, origin)
	if err != nil {
		return err
	}
	if err := d.dropItems(ctx, c.items(), nil); err != nil {
		return err
	}
	return d.remove(d.credentialPath(provider, profile, origin))
}

// ListCredentials returns all of them, ordered by provider, profile and origin,
// and the files that could not be read. The fields of those that lie in the
// keyring are there without their values.
func (d *FileStore) ListCredentials(ctx context.Context) ([]Credential, []Problem, error) {
	all, problems, err := readAll(ctx, d.credentials, readCredential)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(all, func(a, b Credential) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Origin, b.Origin))
	})
	return all, problems, nil
}

func readCredential(path string) (Credential, error) {
	return readPrivate(path, durable.MaxFile, func(data []byte) (Credential, error) {
		c, err := decodeCredential(data)
		if err == nil && fileName("credential", c.Provider, c.Profile, c.Origin) != filepath.Base(path) {
			err = errors.New("the account in it does not agree with its name")
		}
		return c, err
	})
}
