package secret

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// The items of a keyring. A keyring cannot list what it holds, so that a name
// follows from what is in the files:
//
//	NAMESPACE/FILE/FINGERPRINT         a secret, the present one or an older one
//	NAMESPACE/FILE/FIELD/FINGERPRINT   a credential's field
//	NAMESPACE/journal/ENTRY            the key that seals one entry of the journal
//	NAMESPACE/probe/...                the probe of Check
//
// NAMESPACE keeps configuration directories apart, FILE is the name of the record's
// file without its suffix, FINGERPRINT its 8 digits. With the fingerprint in
// the name no item is ever overwritten with another value: whatever is
// interrupted, and whichever file is then there, its items are there too.

// keyringNamespace is the NAMESPACE of new items of a configuration directory. Files
// carry theirs, so that a directory can be moved.
func keyringNamespace(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	sum := sha256.Sum256([]byte("hookctl\x00" + dir))
	return hex.EncodeToString(sum[:16])
}

// recordItemName names the item of one secret of a record.
func recordItemName(r Record, fingerprint string) string {
	return itemName(r.Keyring, fileName("webhook", r.Provider, r.ID), fingerprint)
}

func credentialItemName(c Credential, field string) string {
	return itemName(c.Keyring, fileName("credential", c.Provider, c.Profile, c.Origin), field+"/"+c.Fingerprints[field])
}

func itemName(namespace, file, rest string) string {
	return namespace + "/" + strings.TrimSuffix(file, ".json") + "/" + strings.Replace(rest, fingerprintPrefix, "", 1)
}

// fill gets the secrets of a record that lies in the keyring. An older one
// that is lost stays without its value; the present one is [ErrLost].
func (d *FileStore) fill(ctx context.Context, r *Record) error {
	if r.Keyring == "" {
		return nil
	}
	value, err := d.item(ctx, recordItemName(*r, r.Fingerprint), r.Fingerprint)
	if err != nil {
		return lost(*r, err)
	}
	r.Secret = value
	for i, old := range r.Older {
		value, err := d.item(ctx, recordItemName(*r, old.Fingerprint), old.Fingerprint)
		if err != nil && !errors.Is(err, ErrLost) {
			return err
		}
		r.Older[i].Secret = value
	}
	return nil
}

// item gets an item that must have the fingerprint.
func (d *FileStore) item(ctx context.Context, name, fingerprint string) (Value, error) {
	value, err := d.keyring.get(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return Value{}, ErrLost
	case err != nil:
		return Value{}, err
	case value.Fingerprint() != fingerprint:
		return Value{}, fault.Reword("the keyring has another value in its place", ErrLost)
	}
	return value, nil
}

// lost says of which record the keyring has not got the secret.
func lost(r Record, err error) error {
	if !errors.Is(err, ErrLost) {
		return err
	}
	ref := term.ShellWord(r.Provider + "/" + r.ID)
	return fault.Errorf(fault.Other, "the secret %s of %s/%s: %w", r.Fingerprint, r.Provider, r.ID, err).WithCode("lost").
		WithHint("if it is in a bundle: hookctl secrets import; if somebody else has it: hookctl secrets set %s\nif nobody has: hookctl rotate %s", ref, ref)
}

// keepItems puts every secret of r into the keyring. An older one without a
// value was lost before and stays so.
func (d *FileStore) keepItems(ctx context.Context, r Record) error {
	ctx = context.WithoutCancel(ctx)
	if err := d.keyring.keep(ctx, recordItemName(r, r.Fingerprint), r.Secret); err != nil {
		return err
	}
	for _, old := range r.Older {
		if old.Secret.IsZero() {
			continue
		}
		if err := d.keyring.keep(ctx, recordItemName(r, old.Fingerprint), old.Secret); err != nil {
			return err
		}
	}
	return nil
}

// dropItems removes every secret of r from the keyring.
func (d *FileStore) dropItems(ctx context.Context, r Record) error {
	if r.Keyring == "" {
		return nil
	}
	err := d.keyring.remove(ctx, recordItemName(r, r.Fingerprint))
	for _, old := range r.Older {
		if err == nil {
			err = d.keyring.remove(ctx, recordItemName(r, old.Fingerprint))
		}
	}
	return err
}

// fillCredential gets the fields of a credential that lies in the keyring.
func (d *FileStore) fillCredential(ctx context.Context, c *Credential) error {
	if c.Keyring == "" {
		return nil
	}
	for field, fingerprint := range c.Fingerprints {
		if fingerprint == "" {
			continue
		}
		value, err := d.item(ctx, credentialItemName(*c, field), fingerprint)
		if errors.Is(err, ErrLost) {
			err = fault.Errorf(fault.Auth, "the %s of %s, profile %s, for %s: %w", field, c.Provider, c.Profile, c.Origin, err).WithCode("lost").
				WithHint("give it again: hookctl login %s --profile %s", c.Provider, term.ShellWord(c.Profile))
		}
		if err != nil {
			return err
		}
		c.Fields[field] = value
	}
	return nil
}

func (d *FileStore) keepCredentialItems(ctx context.Context, c Credential) error {
	ctx = context.WithoutCancel(ctx)
	for field, value := range c.Fields {
		if value.IsZero() {
			continue
		}
		if err := d.keyring.keep(ctx, credentialItemName(c, field), value); err != nil {
			return err
		}
	}
	return nil
}

// dropCredentialItems removes the fields of c from the keyring, but for those
// that now still needs.
func (d *FileStore) dropCredentialItems(ctx context.Context, c, now Credential) error {
	if c.Keyring == "" {
		return nil
	}
	needed := map[string]bool{}
	if now.Keyring != "" {
		for field := range now.Fingerprints {
			needed[credentialItemName(now, field)] = true
		}
	}
	for field, fingerprint := range c.Fingerprints {
		name := credentialItemName(c, field)
		if fingerprint == "" || needed[name] {
			continue
		}
		if err := d.keyring.remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// CheckKeyring looks for every item that the files speak of, and returns a
// problem for each that is missing or differs. Where nothing lies in the
// keyring it is not touched. An error is about the keyring as a whole.
func (d *FileStore) CheckKeyring(ctx context.Context) ([]Problem, error) {
	records, _, err := d.List(ctx)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	note := func(path string, err error) error {
		if errors.Is(err, ErrLost) {
			problems = append(problems, Problem{Path: path, Err: err})
			return nil
		}
		return err
	}
	for _, r := range records {
		if r.Keyring == "" {
			continue
		}
		if err := note(r.Path, d.fill(ctx, &r)); err != nil {
			return problems, err
		}
		for _, old := range r.Older {
			if !r.Secret.IsZero() && old.Secret.IsZero() {
				err := fault.Errorf(fault.Other, "the older secret %s of %s/%s: %w", old.Fingerprint, r.Provider, r.ID, ErrLost).
					WithHint("if it is in a bundle: hookctl secrets import; late deliveries that it signed cannot be verified without it")
				if err := note(r.Path, err); err != nil {
					return problems, err
				}
			}
		}
	}
	creds, _, err := d.ListCredentials(ctx)
	if err != nil {
		return problems, err
	}
	for _, c := range creds {
		if err := note(d.credentialPath(c.Provider, c.Profile, c.Origin), d.fillCredential(ctx, &c)); err != nil {
			return problems, err
		}
	}
	return problems, nil
}
