package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/hookctl/hookctl/internal/fault"
)

func (d *Dir) credentialPath(provider, profile, origin string) string {
	return filepath.Join(d.credentials, fileName("credential", provider, profile, origin))
}

// PutCredential implements [CredentialStore]. A zero SavedAt becomes the
// present time. Like Put, it never replaces a file that cannot be read.
func (d *Dir) PutCredential(_ context.Context, c Credential) error {
	if c.SavedAt.IsZero() && d.now != nil {
		c.SavedAt = d.now()
	}
	data, err := encodeCredential(c)
	if err == nil {
		_, err = decodeCredential(data)
	}
	if err != nil {
		return fault.Errorf(fault.Other, "keep the credentials of %s, profile %q: %w", c.Provider, c.Profile, err)
	}
	if err := d.disk.makeStoreDir(d.credentials); err != nil {
		return storeFault(err)
	}
	path := d.credentialPath(c.Provider, c.Profile, c.Origin)
	if _, err := readCredential(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Errorf(fault.Other, "a file that cannot be used is in the way: %w", err).WithHint("%s", fault.Hint(err))
	}
	if err := d.disk.replace(path, data); err != nil {
		return storeFault(diskFault(path, err))
	}
	if _, err := readCredential(path); err != nil {
		return storeFault(fmt.Errorf("read back: %w", err))
	}
	return nil
}

// GetCredential implements [CredentialStore].
func (d *Dir) GetCredential(_ context.Context, provider, profile, origin string) (Credential, error) {
	ok, err := openStoreDir(d.credentials)
	if err != nil {
		return Credential{}, err
	}
	if !ok {
		return Credential{}, ErrNotFound
	}
	c, err := readCredential(d.credentialPath(provider, profile, origin))
	if errors.Is(err, fs.ErrNotExist) {
		return Credential{}, ErrNotFound
	}
	return c, err
}

// DeleteCredential implements [CredentialStore]. A file that cannot be read is
// not removed.
func (d *Dir) DeleteCredential(ctx context.Context, provider, profile, origin string) error {
	if _, err := d.GetCredential(ctx, provider, profile, origin); err != nil {
		return err
	}
	path := d.credentialPath(provider, profile, origin)
	return removed(path, d.disk.removeFile(path))
}

// ListCredentials implements [CredentialStore], ordered by provider, profile
// and origin.
func (d *Dir) ListCredentials(ctx context.Context) ([]Credential, []Problem, error) {
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
	data, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Credential{}, fs.ErrNotExist
	}
	if err != nil {
		return Credential{}, unreadable(path, err)
	}
	c, err := decodeCredential(data)
	if err != nil {
		return Credential{}, unreadable(path, err)
	}
	if fileName("credential", c.Provider, c.Profile, c.Origin) != filepath.Base(path) {
		return Credential{}, unreadable(path, errors.New("the account in it does not agree with its name"))
	}
	return c, nil
}
