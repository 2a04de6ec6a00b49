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

func (c *Credential) dir(d *FileStore) string { return d.credentials }
func (c *Credential) fileName() string {
	return fileName("credential", c.Provider, c.Profile, c.Origin)
}
func (c *Credential) keyring() *string { return &c.Keyring }

func (c *Credential) encode() ([]byte, error) {
	c.Fingerprints = make(map[string]string, len(c.Fields))
	for name, v := range c.Fields {
		c.Fingerprints[name] = v.Fingerprint()
	}
	data, err := encodeCredential(*c)
	if err == nil {
		_, err = decodeCredential(data)
	}
	if err != nil {
		return nil, fault.Errorf(fault.Other, "keep the credentials of %s, profile %q: %w", c.Provider, c.Profile, err)
	}
	return data, nil
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
		return d.write(ctx, &c)
	}
	if err := makeStoreDir(d.sys, d.credentials); err != nil {
		return storeFault(err)
	}
	return d.whileLocked(ctx, d.credentials, func() error {
		if err := d.write(ctx, &c); err != nil {
			return err
		}
		// What authenticated before is of no use any more, unlike an older secret.
		return d.dropItems(ctx, old.items(), c.items())
	})
}

// GetCredential returns ErrNotFound where there is none.
func (d *FileStore) GetCredential(ctx context.Context, provider, profile, origin string) (c Credential, err error) {
	if c, err = d.lookCredential(provider, profile, origin); err == nil {
		err = c.fill(ctx, d)
	}
	if err != nil {
		return Credential{}, err
	}
	return c, nil
}

// lookCredential reads the file of a credential, without what is in the keyring.
func (d *FileStore) lookCredential(provider, profile, origin string) (Credential, error) {
	return look(d.credentials, d.path(&Credential{Provider: provider, Profile: profile, Origin: origin}), readCredential)
}

// DeleteCredential removes a credential for good, as Delete does a record.
func (d *FileStore) DeleteCredential(ctx context.Context, provider, profile, origin string) error {
	c, err := d.lookCredential(provider, profile, origin)
	return d.remove(ctx, &c, err)
}

// ListCredentials returns all of them, ordered by provider, profile and origin,
// and the files that could not be read. The fields of those that lie in the
// keyring are there without their values.
func (d *FileStore) ListCredentials(ctx context.Context) ([]Credential, []Problem, error) {
	all, problems, err := readAll(ctx, d.credentials, fileSuffix, readCredential)
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
		if err == nil && c.fileName() != filepath.Base(path) {
			err = errors.New("its account does not match its file name")
		}
		return c, err
	})
}
